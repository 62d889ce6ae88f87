//! What a client sends, on its way to be understood.
//!
//! A client may send a message in one frame of any size, or in any number of frames. Whoever reads frames keeps room for the
//! largest that ever came, and all of a message until its end comes. So large frames are cut into small ones here, as a
//! client could have sent them; large messages are paid for from what all clients may send at once; and a message that does
//! not end in time ends the conversation.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::upgrade::{LARGEST_MESSAGE, READ_BUFFER};
use crate::control::receiving::{Full, Receiving, Share};

/// The largest frame that goes on, in bytes: a multiple of the four of a mask, so that each piece has the whole's.
const PIECE: usize = 16 << 10;
/// Of the first byte of a head: the last frame of a message, …
const FINAL: u8 = 0x80;
/// … and whether it is a ping, a pong or a goodbye.
const CONTROL: u8 = 0x08;
/// Of the second one: the content is masked, by the last four bytes of the head; …
const MASKED: u8 = 0x80;
/// … the others are its length, …
const LENGTH: u8 = 0x7f;
/// … or say that it follows in two bytes or in eight.
const IN_TWO: u8 = 126;
const IN_EIGHT: u8 = 127;

/// Why no more is taken of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    /// All together send too much.
    #[error(transparent)]
    Full(#[from] Full),
    /// A message did not end in time.
    #[error("a message was not there in time")]
    Late,
}

impl From<NotTaken> for io::Error {
    fn from(reason: NotTaken) -> Self {
        Self::other(reason)
    }
}

/// A client's connection.
pub(super) struct Intake<S> {
    connection: S,
    receiving: Receiving,
    address: IpAddr,
    /// The head of a frame, as far as it is there.
    head: Vec<u8>,
    /// Bytes of the frame that are still to come, …
    left: u64,
    /// … and those until the next piece begins.
    piece_left: usize,
    /// What begins each piece: the kind of the first one, and the mask.
    kind: u8,
    mask: Option<[u8; 4]>,
    /// What can go on but has found no room yet.
    ready: Vec<u8>,
    /// The message that has begun.
    message: Option<Unfinished>,
    /// Messages that are whole but have not been heard.
    unheard: VecDeque<Share>,
}

struct Unfinished {
    share: Share,
    begun: Instant,
    /// Until when it may come; made when it is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Intake<S> {
    pub(super) fn new(connection: S, receiving: Receiving, address: IpAddr) -> Self {
        Self {
            connection,
            receiving,
            address,
            head: Vec::new(),
            left: 0,
            piece_left: 0,
            kind: 0,
            mask: None,
            ready: Vec::new(),
            message: None,
            unheard: VecDeque::new(),
        }
    }

    /// The next message that has come is read, and its bytes are free for others.
    pub(super) fn heard(&mut self) {
        self.unheard.pop_front();
    }

    /// Takes what has come.
    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), NotTaken> {
        while let Some(first) = bytes.first() {
            if self.left == 0 {
                self.head.push(*first);
                bytes = &bytes[1..];
                self.begin()?;
                continue;
            }
            if self.piece_left == 0 {
                self.begin_piece()?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.piece_left));
            self.ready.extend_from_slice(now);
            bytes = later;
            self.piece_left -= now.len();
            self.left -= now.len() as u64;
            if self.left == 0 {
                self.end();
            }
        }
        Ok(())
    }

    /// Begins a frame, if its head is there.
    fn begin(&mut self) -> Result<(), NotTaken> {
        let Some(length) = length(&self.head) else { return Ok(()) };
        let is_control = self.head[0] & CONTROL != 0;
        self.left = length;
        self.kind = self.head[0];
        self.mask = (self.head[1] & MASKED != 0).then(|| self.head.last_chunk().copied()).flatten();
        if !is_control {
            self.message.get_or_insert_with(|| Unfinished {
                share: self.receiving.begin(self.address),
                begun: Instant::now(),
                deadline: None,
            });
        }
        if is_control || length <= PIECE as u64 || length > LARGEST_MESSAGE as u64 {
            // As it is: the one who reads it refuses what is too large by its head.
            self.ready.append(&mut self.head);
            self.piece_left = usize::try_from(length).unwrap_or(usize::MAX);
            if !is_control && length <= PIECE as u64 {
                self.pay(self.piece_left)?;
            }
        }
        self.head = Vec::new();
        if length == 0 {
            self.end();
        }
        Ok(())
    }

    /// Begins a piece of a frame.
    fn begin_piece(&mut self) -> Result<(), NotTaken> {
        let piece = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        self.pay(piece)?;
        let is_last = piece as u64 == self.left;
        self.ready.push(if is_last { self.kind } else { self.kind & !FINAL });
        // Those that follow continue it.
        self.kind &= FINAL;
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        match u8::try_from(piece) {
            Ok(length) if length < IN_TWO => self.ready.push(masked | length),
            _ => {
                self.ready.push(masked | IN_TWO);
                // Pieces are smaller than 64 KiB.
                self.ready.extend(u16::try_from(piece).unwrap_or(u16::MAX).to_be_bytes());
            }
        }
        self.ready.extend(self.mask.iter().flatten());
        self.piece_left = piece;
        Ok(())
    }

    fn pay(&mut self, bytes: usize) -> Result<(), NotTaken> {
        self.message.as_mut().map_or(Ok(()), |message| message.share.add(bytes)).map_err(NotTaken::Full)
    }

    /// Ends a frame, and the message if it was its last one.
    fn end(&mut self) {
        if self.kind & CONTROL == 0
            && self.kind & FINAL != 0
            && let Some(Unfinished { share, .. }) = self.message.take()
        {
            share.complete();
            self.unheard.push_back(share);
        }
    }

    /// Why the message that has begun is not waited for any longer.
    fn poll_not_taken(&mut self, context: &mut Context<'_>) -> Poll<NotTaken> {
        let Some(Unfinished { share, begun, deadline }) = &mut self.message else { return Poll::Pending };
        if share.poll_lost(context).is_ready() {
            return Poll::Ready(Full.into());
        }
        let until = *begun + self.receiving.limits().within;
        let deadline = deadline.get_or_insert_with(|| Box::pin(sleep_until(until)));
        deadline.as_mut().poll(context).map(|()| NotTaken::Late)
    }
}

/// The length of a frame's content, if all of its head is there.
fn length(head: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = head else { return None };
    let mask = if second & MASKED != 0 { 4 } else { 0 };
    let (bytes, length) = match second & LENGTH {
        IN_TWO => (2, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
        IN_EIGHT => (8, u64::from_be_bytes(*rest.first_chunk()?)),
        length => (0, length.into()),
    };
    (rest.len() == bytes + mask).then_some(length)
}

impl<S: AsyncRead + Unpin> Intake<S> {
    /// Waits until the client sends nothing more, and takes none of it.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        let mut unread = [0; 1 << 10];
        while self.connection.read(&mut unread).await? > 0 {}
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Intake<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.ready.is_empty() {
            let mut bytes = [0; READ_BUFFER];
            let mut read = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.connection).poll_read(context, &mut read)? {
                Poll::Ready(()) if read.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(()) => self.pass(read.filled())?,
                Poll::Pending => return Poll::Ready(Err(ready!(self.poll_not_taken(context)).into())),
            }
        }
        let room = self.ready.len().min(buffer.remaining());
        buffer.put_slice(&self.ready[..room]);
        self.ready.drain(..room);
        if self.ready.is_empty() {
            // Who says nothing needs no room.
            self.ready = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Intake<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use futures_util::StreamExt as _;
    use prometheus_client::metrics::gauge::Gauge;
    use proptest::{collection::vec, prelude::any, proptest};
    use tokio::io::AsyncWriteExt as _;
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{
            Message,
            protocol::{
                Role,
                frame::{
                    Frame, FrameHeader,
                    coding::{Control, Data, OpCode},
                },
            },
        },
    };

    use super::*;
    use crate::control::receiving::ReceivingLimits;

    fn receiving(all: usize) -> Receiving {
        let limits = ReceivingLimits { all, within: Duration::from_secs(3600), still: Duration::MAX };
        Receiving::new(limits, Gauge::default())
    }

    /// A frame as a client sends it.
    fn frame(kind: OpCode, content: &[u8], is_final: bool, mask: [u8; 4]) -> Vec<u8> {
        let header = FrameHeader { is_final, opcode: kind, mask: Some(mask), ..FrameHeader::default() };
        let mut bytes = Vec::new();
        Frame::from_payload(header, content.to_vec().into()).format(&mut bytes).unwrap();
        bytes
    }

    /// What comes of bytes that come in parts of these sizes.
    async fn understood(bytes: Vec<u8>, sizes: Vec<usize>, receiving: &Receiving) -> Vec<Message> {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let sent = tokio::spawn(async move {
            let (mut rest, mut sizes) = (&*bytes, sizes.into_iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(sizes.next().unwrap_or(1 << 16).clamp(1, rest.len()));
                client.write_all(now).await.unwrap();
                rest = later;
            }
            // What is answered to pings has to be taken.
            client.shutdown().await.unwrap();
            tokio::io::copy(&mut client, &mut tokio::io::sink()).await.unwrap();
        });
        let intake = Intake::new(server, receiving.clone(), Ipv4Addr::LOCALHOST.into());
        let mut socket = WebSocketStream::from_raw_socket(intake, Role::Server, None).await;
        let mut heard = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            if !message.is_ping() {
                socket.get_mut().heard();
            }
            heard.push(message);
        }
        drop(socket);
        sent.await.unwrap();
        heard
    }

    proptest! {
        #[test]
        fn what_is_understood_is_what_was_sent(
            lengths in vec((0_usize..70_000, any::<bool>()), 1..5),
            sizes in vec(1_usize..20_000, 1..6),
            mask in any::<[u8; 4]>(),
        ) {
            let (mut bytes, mut sent) = (Vec::new(), Vec::new());
            for (n, (length, is_split)) in lengths.into_iter().enumerate() {
                let content: Vec<u8> = (0..length).map(|at| (at * 31 + n) as u8).collect();
                let (first, second) = content.split_at(if is_split { length / 3 } else { length });
                let ping = vec![n as u8; 100];
                bytes.extend(frame(OpCode::Data(Data::Binary), first, !is_split, mask));
                if is_split {
                    bytes.extend(frame(OpCode::Control(Control::Ping), &ping, true, mask));
                    bytes.extend(frame(OpCode::Data(Data::Continue), second, true, mask));
                    sent.push(Message::Ping(ping.into()));
                }
                sent.push(Message::Binary(content.into()));
            }
            let receiving = receiving(1 << 20);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let heard = runtime.block_on(understood(bytes, sizes, &receiving));
            assert!(heard == sent);
        }
    }

    #[test]
    fn heads_are_read_to_their_end() {
        let long = [&[0x82, 0xff][..], &(1_u64 << 40).to_be_bytes(), &[1, 2, 3, 4]].concat();
        for (head, expected) in [(&long[..], 1 << 40), (&[0x81, 0x05], 5), (&[0x81, 0xfe, 1, 0, 9, 9, 9, 9], 256)] {
            assert!((0..head.len()).all(|end| length(&head[..end]).is_none()));
            assert_eq!(length(head), Some(expected));
        }
    }
}
