//! One client, from hello to goodbye.

mod goodbye;
mod sending;
mod telling;

use std::{collections::BTreeSet, convert::Infallible, net::IpAddr, sync::Arc};

use bytes::Bytes;
use components::{EditBatch, document::Source};
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_tungstenite::tungstenite::{
    Error, Message, Utf8Bytes,
    protocol::frame::coding::{CloseCode, Data},
};
use warp::http::StatusCode;

use self::{
    goodbye::{ENDING, Ending, why},
    telling::{changed, newest, received},
};
use super::{
    Clients, Wish,
    allowance::Allowance,
    edits::Edits,
    message::{answer, missed, refusal},
    previews::{Previews, picture},
    said::{RequestId, Said, Topic, hear},
    upgrade::{PIECE, Socket},
    view::{Issue, Place, View},
};
use crate::{
    control::{Problem, Scope, admission::beyond, ended, limits::network},
    engine::EngineHandle,
};

/// A text up to this size is read in less time than it takes to hand it to another thread.
const SMALL: usize = 16 << 10;
/// Messages in a row that need not be understood.
const MISUNDERSTOOD: u32 = 100;

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
    ending.say_goodbye(&mut session.socket, clients.limits.goodbye).await;
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
        self.socket.get_mut().heard();
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
                let engines = [self.engine.clone(), self.clients.engine.of_address(network(self.address))];
                let (to, who) = ((engines, self.clients.routes.clone()), (self.scope, self.address));
                match self.edits.ask(to, request, *asked, who).await {
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
}
