//! One client, from hello to goodbye.

use std::{collections::BTreeSet, convert::Infallible, future::pending, net::IpAddr, sync::Arc};

use bytes::Bytes;
use components::{EditBatch, document::Source};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{
    Error, Message, Utf8Bytes,
    error::{CapacityError, ProtocolError},
    protocol::{
        CloseFrame,
        frame::{
            Frame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};
use warp::http::StatusCode;

use super::{
    Clients, Wish,
    allowance::{self, Allowance},
    edits::Edits,
    message::{answer, message, missed, refusal},
    previews::{PREVIEWS, Previews, picture},
    said::{Known, NAMED_LAYERS, RequestId, Said, Subscribe, Topic, hear},
    upgrade::{LARGEST_MESSAGE, PIECE, Socket},
    view::{Issue, Next, Place, View},
};
use crate::{
    control::{Problem, Scope, admission::beyond, ended, limits::network},
    engine::EngineHandle,
};

/// Of the messages described in `docs/websocket.md`.
const PROTOCOL: u32 = 2;
const SERVER: &str = concat!("stream-manager/", env!("CARGO_PKG_VERSION"));
/// A text up to this size is read in less time than it takes to hand it to another thread.
const SMALL: usize = 16 << 10;
/// Messages in a row that need not be understood.
const MISUNDERSTOOD: u32 = 100;

/// Why a session ends; the code and words of the close message, if the client is still there to take one.
enum Ending {
    /// The client is gone, or does not take what it is sent.
    Gone,
    /// The client said goodbye, and has been answered.
    Left,
    /// We end it.
    Closed(CloseCode, &'static str),
}

const ENDING: Ending = Ending::Closed(CloseCode::Away, "the service is ending");

/// Serves one client until it leaves, falls silent, or the service ends.
pub(super) async fn run(socket: Socket, clients: &Clients, wish: Wish) {
    let now = Instant::now();
    let mut session = Session {
        socket,
        clients,
        engine: clients.engine.of_client().of_address(network(wish.address)),
        scope: wish.scope,
        address: wish.address,
        topics: BTreeSet::from([Topic::Scene, Topic::Events, Topic::Metrics]),
        view: View::default(),
        scene: None,
        place: None,
        events: None,
        metrics: None,
        levels: None,
        edits: Edits::default(),
        previews: Previews::default(),
        allowance: Allowance::new(now),
        read_at: now,
        misunderstood: 0,
    };
    let Err(ending) = session.converse(wish).await;
    let goodbye = match ending {
        Ending::Gone => return,
        Ending::Left => None,
        Ending::Closed(code, reason) => Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }),
    };
    let goodbye = timeout(clients.limits.goodbye, async {
        session.socket.close(goodbye).await?;
        // Until the client has taken its leave too: to close sooner would be to lose what it has not read yet.
        while session.socket.next().await.transpose()?.is_some() {}
        Ok::<_, Error>(())
    });
    let _ = goodbye.await;
}

struct Session<'a> {
    socket: Socket,
    clients: &'a Clients,
    /// By which its edits take their turn.
    engine: EngineHandle,
    scope: Scope,
    address: IpAddr,
    topics: BTreeSet<Topic>,
    view: View,
    /// What is told of the scene, if the client wants it.
    scene: Option<watch::Receiver<Arc<Issue>>>,
    /// Where the client is; `None` if it has no state of the scene.
    place: Option<Place>,
    events: Option<broadcast::Receiver<Utf8Bytes>>,
    metrics: Option<watch::Receiver<Utf8Bytes>>,
    levels: Option<watch::Receiver<Utf8Bytes>>,
    edits: Edits,
    previews: Previews,
    allowance: Allowance,
    /// When the client is listened to again.
    read_at: Instant,
    /// Messages in a row that were not understood.
    misunderstood: u32,
}

/// A channel that is not there tells nothing.
async fn changed<T>(receiver: &mut Option<watch::Receiver<T>>) -> Result<(), watch::error::RecvError> {
    match receiver {
        Some(receiver) => receiver.changed().await,
        None => pending().await,
    }
}

/// What is told is always the newest: who takes it slowly is told of fewer.
async fn newest(receiver: &mut Option<watch::Receiver<Utf8Bytes>>) -> Result<Utf8Bytes, Ending> {
    changed(receiver).await.map_err(|_| ENDING)?;
    match receiver {
        Some(receiver) => Ok(receiver.borrow_and_update().clone()),
        None => pending().await,
    }
}

async fn received(receiver: &mut Option<broadcast::Receiver<Utf8Bytes>>) -> Result<Utf8Bytes, RecvError> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => pending().await,
    }
}

impl Session<'_> {
    async fn converse(&mut self, wish: Wish) -> Result<Infallible, Ending> {
        self.begin(wish).await?;
        let limits = self.clients.limits;
        let mut ending = self.clients.ending.clone();
        let mut heard = Instant::now();
        let mut pings = interval_at(heard + limits.ping_every, limits.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let has_room = self.edits.has_room();
            let now = Instant::now();
            tokio::select! {
                () = ended(&mut ending) => return Err(ENDING),
                changed = changed(&mut self.scene) => match changed {
                    Ok(()) => self.tell_scene().await?,
                    Err(_) => return Err(ENDING),
                },
                event = received(&mut self.events) => match event {
                    Ok(text) => self.send(text).await?,
                    Err(RecvError::Lagged(count)) => {
                        self.send(missed(count)).await?;
                        self.tell_state().await?;
                    }
                    Err(RecvError::Closed) => return Err(ENDING),
                },
                newest = newest(&mut self.metrics) => self.send(newest?).await?,
                newest = newest(&mut self.levels) => self.send(newest?).await?,
                text = self.edits.answer() => {
                    let is_large = text.len() > SMALL;
                    self.send_parts(Data::Text, text.parts(PIECE)).await?;
                    if is_large {
                        // Many clients that ask for much hold up nobody who asks for little.
                        tokio::task::yield_now().await;
                    }
                }
                (id, viewer, shot) = self.previews.next() => {
                    self.send_data(Data::Binary, picture(id, &shot)).await?;
                    drop(shot);
                    self.previews.go_on(id, viewer);
                }
                said = self.socket.next(), if has_room && self.read_at <= now => {
                    self.hear(said).await?;
                    heard = Instant::now();
                }
                () = sleep_until(self.read_at), if self.read_at > now => {}
                _ = pings.tick() => {
                    if !has_room || self.read_at > now {
                        // It cannot be heard.
                        heard = now;
                    }
                    if heard.elapsed() > limits.silence {
                        return Err(Ending::Gone);
                    }
                    self.put(Message::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    /// Says hello, and tells what the client wants to know at once.
    async fn begin(&mut self, wish: Wish) -> Result<(), Ending> {
        let Wish { subscribe, known, .. } = wish;
        self.choose(subscribe);
        self.hello().await?;
        if let Some(known) = known {
            self.resume(None, Some(known)).await?;
        } else {
            self.follow().await?;
        }
        self.listen().await
    }

    /// Takes over what is wished.
    fn choose(&mut self, wish: Subscribe) {
        let Subscribe { topics, layers, every } = wish;
        let before = self.view.clone();
        if let Some(layers) = layers {
            self.view.layers = layers;
        }
        if let Some(every) = every {
            self.view.every = every;
        }
        if self.view.layers != before.layers {
            self.place = None;
        }
        if self.view != before {
            self.scene = None;
        }
        if let Some(topics) = topics {
            self.topics = topics;
        }
        if !self.topics.contains(&Topic::Scene) {
            (self.scene, self.place) = (None, None);
        }
    }

    /// Begins to tell of the scene, if the client wants that and is not told yet.
    async fn follow(&mut self) -> Result<(), Ending> {
        if self.topics.contains(&Topic::Scene) && self.scene.is_none() {
            let mut ending = self.clients.ending.clone();
            let followed = tokio::select! {
                followed = self.clients.feed.follow(&self.view) => followed,
                () = ended(&mut ending) => None,
            };
            self.scene = Some(followed.ok_or(ENDING)?);
        }
        self.tell_scene().await
    }

    /// Begins to tell what else the client wants to know, if it is not told yet, and stops to tell the rest.
    async fn listen(&mut self) -> Result<(), Ending> {
        if !self.topics.contains(&Topic::Events) {
            self.events = None;
        } else if self.events.is_none() {
            // First subscribed, then the state: what happens in between is in both.
            self.events = Some(self.clients.feed.events());
            self.tell_state().await?;
        }
        if !self.topics.contains(&Topic::Metrics) {
            self.metrics = None;
        } else if self.metrics.is_none() {
            let mut metrics = self.clients.feed.metrics();
            metrics.mark_unchanged();
            self.metrics = Some(metrics);
            self.send(self.clients.feed.metrics_now()).await?;
        }
        if !self.topics.contains(&Topic::Levels) {
            self.levels = None;
        } else if self.levels.is_none() {
            let mut levels = self.clients.feed.levels();
            levels.mark_unchanged();
            self.levels = Some(levels);
            self.send(self.clients.feed.levels_now()).await?;
        }
        Ok(())
    }

    async fn hello(&mut self) -> Result<(), Ending> {
        #[derive(Serialize)]
        struct Hello<'a> {
            protocol: u32,
            server: &'static str,
            epoch: &'a str,
            tick: u64,
            fps: u32,
            resolution: Size,
            limits: Limits,
        }
        #[derive(Serialize)]
        struct Size {
            width: usize,
            height: usize,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Limits {
            message_bytes: usize,
            messages_per_second: u32,
            bytes_per_second: u32,
            layers: usize,
            previews: usize,
        }
        let (feed, engine) = (&self.clients.feed, &self.clients.engine);
        let format = engine.format();
        let hello = Hello {
            protocol: PROTOCOL,
            server: SERVER,
            epoch: feed.epoch(),
            tick: engine.stats().tick,
            fps: format.fps,
            resolution: Size { width: format.width, height: format.height },
            limits: Limits {
                message_bytes: LARGEST_MESSAGE,
                messages_per_second: allowance::MESSAGES,
                bytes_per_second: allowance::BYTES,
                layers: NAMED_LAYERS,
                previews: PREVIEWS,
            },
        };
        self.send(message("hello", &hello).into()).await
    }

    /// Brings the client to the newest state of the scene that there is for it.
    async fn tell_scene(&mut self) -> Result<(), Ending> {
        let Some(scene) = &mut self.scene else { return Ok(()) };
        let issue = Arc::clone(&scene.borrow_and_update());
        let feed = &self.clients.feed;
        let next = match self.place {
            Some(place) => issue.next(place, feed, &self.view),
            None => Next::Snapshot,
        };
        let (place, text) = match next {
            Next::Nothing => return Ok(()),
            Next::Silent(place) => {
                self.place = Some(place);
                return Ok(());
            }
            Next::Tell(place, text) => (place, text),
            Next::Snapshot => (Place { at: issue.seq(), told: issue.seq() }, issue.snapshot(feed.epoch())),
        };
        drop(issue);
        self.send(text).await?;
        self.place = Some(place);
        Ok(())
    }

    async fn tell_state(&mut self) -> Result<(), Ending> {
        for text in self.clients.feed.state_of_stream() {
            self.send(text).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, said: Option<Result<Message, Error>>) -> Result<(), Ending> {
        let said = match said {
            None => return Err(Ending::Left),
            Some(Err(error)) => return Err(why(&error)),
            Some(Ok(said)) => said,
        };
        self.read_at = self.allowance.spend(said.len(), Instant::now());
        let (request, said) = match said {
            Message::Text(text) if text.len() <= SMALL => hear(&text),
            Message::Text(text) => self.hear_large(text).await,
            Message::Binary(_) => (None, Err(Problem::bad_request("the message is binary; send JSON text"))),
            // Pings and goodbyes are answered by the connection itself.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => return Ok(()),
        };
        match said {
            Ok(said) => {
                self.misunderstood = 0;
                self.respond(request, said).await
            }
            Err(problem) => {
                self.misunderstood += 1;
                self.send(refusal(request.as_ref(), &problem)).await?;
                if self.misunderstood == MISUNDERSTOOD {
                    return Err(Ending::Closed(CloseCode::Policy, "a hundred messages in a row were not understood"));
                }
                Ok(())
            }
        }
    }

    /// Reads a text that takes its time: beside the threads that serve everybody, one at a time, with the large documents
    /// that come over HTTP. Addresses take turns.
    async fn hear_large(&mut self, text: Utf8Bytes) -> (Option<RequestId>, Result<Said, Problem>) {
        let turn = match self.clients.documents.take(self.address).await {
            Ok(turn) => turn,
            Err(problem) => return (None, Err(problem)),
        };
        let hearing = tokio::task::spawn_blocking(move || {
            let heard = hear(&text);
            drop(turn);
            heard
        });
        hearing.await.unwrap_or_else(|error| {
            let detail = format!("the message could not be read: {error}");
            (None, Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)))
        })
    }

    async fn respond(&mut self, request: Option<RequestId>, said: Said) -> Result<(), Ending> {
        match said {
            Said::Subscribe(wish) => self.subscribe(request, wish).await,
            Said::Resume(known) => self.resume(request, known).await,
            Said::Edit { batch, read, is_for_later } => self.edit(request, (batch, read), is_for_later).await,
            Said::Request(asked) => {
                let (routes, who) = (self.clients.routes.clone(), (self.scope, self.address));
                match self.edits.ask(routes, request, *asked, who).await {
                    Ok(()) => Ok(()),
                    Err((request, problem)) => self.send(refusal(request.as_ref(), &problem)).await,
                }
            }
            Said::Preview { id, look, variant, fps } => {
                let Clients { engine, studio, .. } = self.clients;
                let seen = (look, variant.as_deref());
                let text = match self.previews.begin(engine, (studio, self.address), id, seen, fps) {
                    Ok(previewing) => answer("previewing", request.as_ref(), &previewing).into(),
                    Err(problem) => refusal(request.as_ref(), &problem),
                };
                self.send(text).await
            }
            Said::EndPreview { id } => {
                #[derive(Serialize)]
                struct Ended {
                    id: u16,
                }
                self.previews.end(id);
                self.send(answer("previewEnded", request.as_ref(), &Ended { id }).into()).await
            }
            Said::Ping => {
                #[derive(Serialize)]
                struct Pong {
                    tick: u64,
                    seq: u64,
                }
                // What the client has, if it is told of the scene at all: it can wait for a number.
                let seq = self.place.map_or_else(|| self.clients.feed.seq(), |place| place.at);
                let pong = Pong { tick: self.clients.engine.stats().tick, seq };
                self.send(answer("pong", request.as_ref(), &pong).into()).await
            }
        }
    }

    async fn subscribe(&mut self, request: Option<RequestId>, wish: Subscribe) -> Result<(), Ending> {
        #[derive(Serialize)]
        struct Subscribed<'a> {
            topics: &'a BTreeSet<Topic>,
            layers: Option<&'a BTreeSet<components::LayerId>>,
            rate: Option<f64>,
        }
        self.choose(wish);
        let subscribed = Subscribed {
            topics: &self.topics,
            layers: self.view.layers.as_deref(),
            rate: self.view.every.map(|every| 1.0 / every.as_secs_f64()),
        };
        self.send(answer("subscribed", request.as_ref(), &subscribed).into()).await?;
        self.follow().await?;
        self.listen().await
    }

    async fn resume(&mut self, request: Option<RequestId>, known: Option<Known>) -> Result<(), Ending> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Resumed {
            is_complete: bool,
        }
        let feed = &self.clients.feed;
        self.topics.insert(Topic::Scene);
        let known = known.filter(|known| known.epoch == feed.epoch() && feed.history().state(known.seq).is_some());
        self.place = known.map(|known| Place { at: known.seq, told: known.seq });
        let resumed = Resumed { is_complete: self.place.is_some() };
        self.send(answer("resumed", request.as_ref(), &resumed).into()).await?;
        self.follow().await
    }

    async fn edit(
        &mut self,
        request: Option<RequestId>,
        batch: (Source, Result<EditBatch, Problem>),
        is_for_later: bool,
    ) -> Result<(), Ending> {
        if self.scope < Scope::Control {
            return self.send(refusal(request.as_ref(), &beyond(self.scope, Scope::Control))).await;
        }
        let at = (self.engine.clone(), Arc::clone(&self.clients.uploads));
        match self.edits.send(at, request, batch, is_for_later).await {
            Ok(()) => Ok(()),
            Err((request, problem)) => self.send(refusal(request.as_ref(), &problem)).await,
        }
    }

    async fn send(&mut self, text: Utf8Bytes) -> Result<(), Ending> {
        self.send_data(Data::Text, text.into()).await
    }

    /// Sends a message, in pieces if it is large.
    async fn send_data(&mut self, kind: Data, whole: Bytes) -> Result<(), Ending> {
        self.send_parts(kind, [whole]).await
    }

    /// Sends a message that is in parts, not all of them empty, each in pieces if it is large.
    async fn send_parts<const N: usize>(&mut self, kind: Data, parts: [Bytes; N]) -> Result<(), Ending> {
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
    async fn put(&mut self, message: Message) -> Result<(), Ending> {
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

/// How to end a conversation in which something came that cannot be read.
fn why(error: &Error) -> Ending {
    tracing::debug!(%error, "a WebSocket client was lost");
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            Ending::Closed(CloseCode::Size, "a message was larger than 2 MiB")
        }
        Error::Utf8(_) => Ending::Closed(CloseCode::Invalid, "a text was not UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Gone,
        Error::Protocol(_) | Error::Capacity(_) => {
            Ending::Closed(CloseCode::Protocol, "what came is not the WebSocket protocol")
        }
        _ => Ending::Gone,
    }
}
