//! One client, from hello to goodbye.

use std::{fmt, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use warp::ws::{Message, WebSocket};

use super::{
    Clients,
    feed::{Bulletin, error_text, event_text, message},
};
use crate::{control::ended, engine::StreamEvent};

/// Of the messages described in the module above.
const PROTOCOL: u32 = 1;
const SERVER: &str = concat!("stream-manager/", env!("CARGO_PKG_VERSION"));
const PING_EVERY: Duration = Duration::from_secs(20);
/// A client that neither says nor takes anything for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// Why a session ends; the code and words of the close message, if the client is still there to take one.
enum Ending {
    /// The client is gone, or does not take what it is sent.
    Gone,
    /// The client said goodbye.
    Left,
    /// We end it.
    Closed(u16, &'static str),
}

/// Serves one client until it leaves, falls silent, or the service ends.
pub(super) async fn run(socket: WebSocket, clients: &Clients) {
    let mut session = Session { socket, clients, seq: 0 };
    let goodbye = match session.converse().await {
        Ending::Gone => return,
        Ending::Left => Message::close(),
        Ending::Closed(code, reason) => Message::close_with(code, reason),
    };
    let _ = timeout(Duration::from_secs(1), session.socket.send(goodbye)).await;
    let _ = timeout(Duration::from_secs(1), session.socket.close()).await;
}

struct Session<'a> {
    socket: WebSocket,
    clients: &'a Clients,
    /// The last diff that the client knows.
    seq: u64,
}

/// What a client may say. Version 1 of the protocol takes no edits by this way yet.
#[derive(Deserialize)]
struct Said {
    r#type: String,
}

impl Session<'_> {
    async fn converse(&mut self) -> Ending {
        match self.listen().await {
            Ok(never) => match never {},
            Err(ending) => ending,
        }
    }

    async fn listen(&mut self) -> Result<std::convert::Infallible, Ending> {
        // First subscribed, then the snapshot: what happens in between is in both, and left out by its number.
        let mut bulletins = self.clients.feed.subscribe();
        let mut ending = self.clients.ending.clone();
        self.send(&hello()).await?;
        self.send_snapshot().await?;
        let mut heard = Instant::now();
        let mut pings = interval_at(heard + PING_EVERY, PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ended(&mut ending) => return Err(Ending::Closed(1001, "the service is ending")),
                bulletin = bulletins.recv() => match bulletin {
                    Ok(Bulletin::Diff { seq, text }) => self.send_diff(seq, &text).await?,
                    Ok(Bulletin::Event(text)) => self.send(&text).await?,
                    Ok(Bulletin::Lost) | Err(RecvError::Lagged(_)) => self.send_snapshot().await?,
                    Err(RecvError::Closed) => return Err(Ending::Closed(1001, "the engine has ended")),
                },
                said = self.socket.next() => {
                    self.answer(said).await?;
                    heard = Instant::now();
                }
                _ = pings.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Err(Ending::Gone);
                    }
                    self.put(Message::ping(bytes::Bytes::new())).await?;
                }
            }
        }
    }

    /// Sends a diff that follows what the client knows; a snapshot if one in between is missing.
    async fn send_diff(&mut self, seq: u64, text: &str) -> Result<(), Ending> {
        if seq <= self.seq {
            return Ok(());
        }
        if seq != self.seq + 1 {
            return self.send_snapshot().await;
        }
        self.send(text).await?;
        self.seq = seq;
        Ok(())
    }

    /// Tells the whole scene and the state of the stream.
    async fn send_snapshot(&mut self) -> Result<(), Ending> {
        let engine = &self.clients.engine;
        let snapshot = engine.snapshot().await.map_err(|_| Ending::Closed(1001, "the engine has ended"))?;
        let state = *engine.transport().borrow();
        let outputs = engine.outputs();
        self.send(&message("snapshot", &*snapshot)).await?;
        self.seq = snapshot.seq;
        self.send(&event_text(&StreamEvent::Transport { state })).await?;
        for output in outputs {
            self.send(&event_text(&StreamEvent::Output { output })).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, said: Option<Result<Message, warp::Error>>) -> Result<(), Ending> {
        let said = match said {
            None => return Err(Ending::Gone),
            Some(Err(error)) => {
                tracing::debug!(%error, "a WebSocket client was lost");
                return Err(Ending::Closed(1002, "a frame could not be read, or a message was larger than 64 KiB"));
            }
            Some(Ok(said)) => said,
        };
        if said.is_close() {
            return Err(Ending::Left);
        }
        if said.is_ping() || said.is_pong() {
            return Ok(());
        }
        let misunderstood = |problem: &dyn fmt::Display| error_text(&format!("message not understood: {problem}"));
        let answer = match said.to_str().map(serde_json::from_str::<Said>) {
            Err(()) => misunderstood(&"it is binary; send JSON text"),
            Ok(Err(error)) => misunderstood(&error),
            Ok(Ok(said)) if said.r#type == "edit" => {
                error_text("edits are not taken here; send them over HTTP, to `/api/stream/layers`")
            }
            Ok(Ok(said)) => misunderstood(&format_args!("there is no type `{}`", said.r#type)),
        };
        self.send(&answer).await
    }

    async fn send(&mut self, text: &str) -> Result<(), Ending> {
        self.put(Message::text(text)).await
    }

    /// Hands a message to the connection. Waits while the client is slow, in which time its bulletins pile up to the
    /// backlog and then give way to a snapshot; nobody else waits for it.
    async fn put(&mut self, message: Message) -> Result<(), Ending> {
        match timeout(SILENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ending::Gone),
        }
    }
}

fn hello() -> String {
    #[derive(Serialize)]
    struct Hello {
        protocol: u32,
        server: &'static str,
    }
    message("hello", &Hello { protocol: PROTOCOL, server: SERVER })
}
