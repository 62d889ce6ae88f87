//! What a client is told without asking: the scene, events, metrics, levels; and its wishes about that.

use std::{collections::BTreeSet, future::pending, sync::Arc};

use serde::Serialize;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::Instant,
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    super::{
        Wish, allowance,
        message::{answer, message},
        previews::PREVIEWS,
        said::{Known, NAMED_LAYERS, RequestId, Subscribe, Topic},
        upgrade::LARGEST_MESSAGE,
        view::{Next, Place},
    },
    Session,
    goodbye::{ENDING, Ending},
};
use crate::control::ended;

/// Of the messages described in `docs/websocket.md`.
const PROTOCOL: u32 = 2;
const SERVER: &str = concat!("stream-manager/", env!("CARGO_PKG_VERSION"));

/// A channel that is not there tells nothing.
pub(super) async fn changed<T>(receiver: &mut Option<watch::Receiver<T>>) -> Result<(), watch::error::RecvError> {
    match receiver {
        Some(receiver) => receiver.changed().await,
        None => pending().await,
    }
}

/// What is told is always the newest: who takes it slowly is told of fewer.
pub(super) async fn newest(receiver: &mut Option<watch::Receiver<Utf8Bytes>>) -> Result<Utf8Bytes, Ending> {
    changed(receiver).await.map_err(|_| ENDING)?;
    match receiver {
        Some(receiver) => Ok(receiver.borrow_and_update().clone()),
        None => pending().await,
    }
}

pub(super) async fn received(receiver: &mut Option<broadcast::Receiver<Utf8Bytes>>) -> Result<Utf8Bytes, RecvError> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => pending().await,
    }
}

impl Session<'_> {
    /// Says hello, and tells what the client wants to know at once.
    pub(super) async fn begin(&mut self, wish: Wish) -> Result<(), Ending> {
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
            self.read_at = self.allowance.spend_more(allowance::VIEW, Instant::now());
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
            scope: &'static str,
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
            scope: self.scope.name(),
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
    pub(super) async fn tell_scene(&mut self) -> Result<(), Ending> {
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

    pub(super) async fn tell_state(&mut self) -> Result<(), Ending> {
        for text in self.clients.feed.state_of_stream() {
            self.send(text).await?;
        }
        Ok(())
    }

    pub(super) async fn subscribe(&mut self, request: Option<RequestId>, wish: Subscribe) -> Result<(), Ending> {
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

    pub(super) async fn resume(&mut self, request: Option<RequestId>, known: Option<Known>) -> Result<(), Ending> {
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
}
