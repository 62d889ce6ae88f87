//! Handing to the connection what a client is sent.

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message, Utf8Bytes,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{
    super::upgrade::PIECE,
    Session,
    goodbye::{ENDING, Ending},
};
use crate::control::ended;

impl Session<'_> {
    pub(super) async fn send(&mut self, text: Utf8Bytes) -> Result<(), Ending> {
        self.send_data(Data::Text, text.into()).await
    }

    /// Sends a message, in pieces if it is large.
    pub(super) async fn send_data(&mut self, kind: Data, whole: Bytes) -> Result<(), Ending> {
        self.send_parts(kind, [whole]).await
    }

    /// Sends a message that is in parts, not all of them empty, each in pieces if it is large.
    pub(super) async fn send_parts<const N: usize>(&mut self, kind: Data, parts: [Bytes; N]) -> Result<(), Ending> {
        let mut kind = OpCode::Data(kind);
        let mut left: usize = parts.iter().map(Bytes::len).sum();
        for mut part in parts {
            while !part.is_empty() {
                let piece = part.split_to(part.len().min(PIECE));
                left -= piece.len();
                self.put(Message::Frame(Frame::message(piece, kind, left == 0))).await?;
                kind = OpCode::Data(Data::Continue);
            }
        }
        Ok(())
    }

    /// Hands a message to the connection, and waits while the client is slow. Nobody else waits for it.
    pub(super) async fn put(&mut self, message: Message) -> Result<(), Ending> {
        let mut ending = self.clients.ending.clone();
        tokio::select! {
            biased;
            sent = timeout(self.clients.limits.silence, self.socket.send(message)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Ending::Gone),
            },
            () = ended(&mut ending) => Err(ENDING),
        }
    }
}
