//! How a conversation ends.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::{io::AsyncWriteExt as _, time::timeout};
use tokio_tungstenite::tungstenite::{
    Error, Utf8Bytes,
    error::{CapacityError, ProtocolError},
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::super::{intake::NotTaken, upgrade::Socket};

/// Why a session ends; the code and words of the close message, if the client is still there to take one.
pub(super) enum Ending {
    /// The client is gone, or does not take what it is sent.
    Gone,
    /// The client said goodbye, and has been answered.
    Left,
    /// We end it.
    Closed(CloseCode, &'static str),
    /// We end it, and nothing of what the client may still say can be understood.
    Cut(CloseCode, &'static str),
}

pub(super) const ENDING: Ending = Ending::Closed(CloseCode::Away, "the service is ending");

impl Ending {
    /// Takes leave of a client, within this time.
    pub(super) async fn say_goodbye(self, socket: &mut Socket, within: Duration) {
        let (goodbye, is_cut) = match self {
            Self::Gone => return,
            Self::Left => (None, false),
            Self::Closed(code, reason) => (Some((code, reason)), false),
            Self::Cut(code, reason) => (Some((code, reason)), true),
        };
        let goodbye = goodbye.map(|(code, reason)| CloseFrame { code, reason: Utf8Bytes::from_static(reason) });
        let goodbye = timeout(within, async {
            socket.close(goodbye).await?;
            // Until the client has taken its leave too: to close sooner would be to lose what it has not read yet.
            if is_cut {
                socket.get_mut().shutdown().await?;
                socket.get_mut().drain().await?;
            } else {
                while socket.next().await.transpose()?.is_some() {}
            }
            Ok::<_, Error>(())
        });
        let _ = goodbye.await;
    }
}

/// How to end a conversation in which something came that cannot be read.
pub(super) fn why(error: &Error) -> Ending {
    tracing::debug!(%error, "a WebSocket client was lost");
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            Ending::Cut(CloseCode::Size, "a message was larger than 2 MiB")
        }
        Error::Io(error) => match error.get_ref().and_then(|error| error.downcast_ref()) {
            Some(NotTaken::Full(_)) => Ending::Cut(CloseCode::Again, "too much is being received at present"),
            Some(NotTaken::Late) => Ending::Cut(CloseCode::Policy, "a message was not there in time"),
            None => Ending::Gone,
        },
        Error::Utf8(_) => Ending::Cut(CloseCode::Invalid, "a text was not UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Gone,
        Error::Protocol(_) | Error::Capacity(_) => {
            Ending::Cut(CloseCode::Protocol, "what came is not the WebSocket protocol")
        }
        _ => Ending::Gone,
    }
}
