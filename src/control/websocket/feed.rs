//! What happens in the engine, written once for all clients.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use components::{SceneDiff, SceneTree};
use serde::Serialize;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    history::History,
    message::{event, message, missed},
    view::{self, Issue, View},
};
use crate::{
    control::{ended, http::Status},
    engine::{EngineHandle, FileFault, StreamEvent},
};

/// Events that a client may be behind. One that is further behind is told how many it missed.
const BACKLOG: usize = 256;
const METRICS_EVERY: Duration = Duration::from_secs(1);
/// The least time between two messages of levels.
const LEVELS_EVERY: Duration = Duration::from_millis(50);
/// The engine is asked for a snapshot again after this time if it was too busy to give one.
const AGAIN: Duration = Duration::from_millis(50);
/// Bytes that a tree of values takes for each byte of its text. Measured: each time that the demo came on air, whose layers
/// are 28 kB of JSON, the process grew by 0.36 MB until the history was full.
const TREE: usize = 13;

/// The present state of the scene; `None` until the engine has told the first.
pub(super) type Latest = watch::Receiver<Option<Arc<SceneTree>>>;

/// All that clients are told of.
#[derive(Clone)]
pub(super) struct Feed(Arc<Inner>);

struct Inner {
    engine: EngineHandle,
    /// Differs from start to start.
    epoch: String,
    latest: watch::Sender<Option<Arc<SceneTree>>>,
    history: History,
    channels: Mutex<HashMap<View, Arc<watch::Sender<Arc<Issue>>>>>,
    events: broadcast::Sender<Utf8Bytes>,
    metrics: watch::Sender<Utf8Bytes>,
    levels: watch::Sender<Utf8Bytes>,
}

impl Feed {
    /// Starts to listen to the engine, until `ending` turns true or the engine ends.
    pub(super) fn start(engine: &EngineHandle, ending: &watch::Receiver<bool>) -> Self {
        let feed = Self(Arc::new(Inner {
            engine: engine.clone(),
            epoch: epoch(),
            latest: watch::Sender::new(None),
            history: History::default(),
            channels: Mutex::default(),
            events: broadcast::Sender::new(BACKLOG),
            metrics: watch::Sender::default(),
            levels: watch::Sender::default(),
        }));
        // Subscribed to here, so that nothing that happens from now on is missed.
        let (diffs, events) = (engine.diffs(), engine.events());
        let until_the_end = |mut ending: watch::Receiver<bool>, work: futures_util::future::BoxFuture<'static, ()>| {
            tokio::spawn(async move {
                tokio::select! {
                    () = ended(&mut ending) => {}
                    () = work => {}
                }
            });
        };
        until_the_end(ending.clone(), Box::pin(follow_scene(feed.clone(), diffs)));
        until_the_end(ending.clone(), Box::pin(tell_events(feed.clone(), events)));
        until_the_end(ending.clone(), Box::pin(tell_metrics(feed.clone())));
        until_the_end(ending.clone(), Box::pin(tell_levels(feed.clone())));
        feed
    }

    pub(super) fn epoch(&self) -> &str {
        &self.0.epoch
    }

    pub(super) fn history(&self) -> &History {
        &self.0.history
    }

    /// The number of the present state.
    pub(super) fn seq(&self) -> u64 {
        self.0.latest.borrow().as_ref().map_or(0, |state| state.seq)
    }

    /// Every event from now on.
    pub(super) fn events(&self) -> broadcast::Receiver<Utf8Bytes> {
        self.0.events.subscribe()
    }

    /// The newest metrics, about once a second.
    pub(super) fn metrics(&self) -> watch::Receiver<Utf8Bytes> {
        self.0.metrics.subscribe()
    }

    /// The metrics of this moment.
    pub(super) fn metrics_now(&self) -> Utf8Bytes {
        #[derive(Serialize)]
        struct Told {
            seq: u64,
            #[serde(flatten)]
            status: Status,
        }
        message("metrics", &Told { seq: self.seq(), status: Status::of(&self.0.engine) }).into()
    }

    /// The newest levels, twenty times a second while sound is mixed.
    pub(super) fn levels(&self) -> watch::Receiver<Utf8Bytes> {
        self.0.levels.subscribe()
    }

    /// The levels of this moment.
    pub(super) fn levels_now(&self) -> Utf8Bytes {
        message("levels", &self.0.engine.levels()).into()
    }

    /// The state of the stream and of its outputs, the scene on air, and what is not as it should be, as events.
    pub(super) fn state_of_stream(&self) -> Vec<Utf8Bytes> {
        let engine = &self.0.engine;
        let state = *engine.transport().borrow();
        let outputs = engine.outputs().into_iter().map(|output| StreamEvent::Output { output });
        let active = engine.active_layer().map(|id| StreamEvent::ActiveLayer { id: Some(id) });
        let away = engine.store().filter(|store| !store.connected).map(|store| StreamEvent::Store { store });
        let faults = engine.file_faults().into_iter();
        let faults = faults.map(|FileFault { file, fault }| StreamEvent::File { file, fault: Some(fault) });
        std::iter::once(StreamEvent::Transport { state })
            .chain(outputs)
            .chain(engine.scene_on_air())
            .chain(active)
            .chain(away)
            .chain(faults)
            .map(|told| event(&told))
            .collect()
    }

    /// Follows what is seen by `view`. `None` if the engine ends before it has told a first state.
    pub(super) async fn follow(&self, view: &View) -> Option<watch::Receiver<Arc<Issue>>> {
        let mut latest = self.0.latest.subscribe();
        let first = latest.wait_for(Option::is_some).await.ok()?.clone()?;
        let mut channels = self.0.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let issues = match channels.get(view) {
            Some(issues) => issues.subscribe(),
            None => {
                let opened = view::open(self, view.clone(), latest, &first);
                let issues = opened.subscribe();
                channels.insert(view.clone(), opened);
                issues
            }
        };
        Some(issues)
    }

    /// Takes a channel off the list if nobody follows it. Returns whether that was done.
    pub(super) fn forget(&self, view: &View, issues: &watch::Sender<Arc<Issue>>) -> bool {
        let mut channels = self.0.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unused = issues.receiver_count() == 0;
        if is_unused {
            channels.remove(view);
        }
        is_unused
    }

    fn publish(&self, state: SceneTree, bytes: usize) {
        let state = Arc::new(state);
        self.0.history.keep(Arc::clone(&state), bytes);
        self.0.latest.send_replace(Some(state));
    }

    /// Begins with the engine's present state, or begins anew: what led there is not known.
    async fn begin(&self) {
        loop {
            if let Ok(snapshot) = self.0.engine.snapshot().await {
                // An older one would be a state that clients are beyond.
                if self.0.latest.borrow().as_ref().is_none_or(|known| known.seq < snapshot.seq) {
                    let state = SceneTree::from(&*snapshot);
                    let bytes = serde_json::to_string(&state).map_or(0, |text| TREE * text.len());
                    self.publish(state, bytes);
                }
                return;
            }
            sleep(AGAIN).await;
        }
    }

    /// Goes on to the state that `diff` leads to.
    async fn go_on(&self, diff: &SceneDiff) {
        let known = self.0.latest.borrow().clone();
        match known {
            Some(known) if diff.seq <= known.seq => {}
            Some(known) => match known.apply(diff) {
                Ok(state) => {
                    // What changed, as a tree of values, and the lists that it stands in.
                    let changed = serde_json::to_vec(diff).map_or(0, |text| TREE * text.len());
                    let bytes = changed + size_of::<usize>() * state.layer_count();
                    self.publish(state, bytes);
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    self.begin().await;
                }
            },
            None => self.begin().await,
        }
    }
}

/// A text that no other start of the service has had.
fn epoch() -> String {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    let began = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:08x}", began.as_millis(), RandomState::new().build_hasher().finish() >> 32)
}

async fn follow_scene(feed: Feed, mut diffs: broadcast::Receiver<Arc<SceneDiff>>) {
    feed.begin().await;
    loop {
        match diffs.recv().await {
            Ok(diff) => feed.go_on(&diff).await,
            Err(RecvError::Lagged(_)) => feed.begin().await,
            Err(RecvError::Closed) => return,
        }
    }
}

async fn tell_events(feed: Feed, mut events: broadcast::Receiver<StreamEvent>) {
    loop {
        match events.recv().await {
            Ok(told) if feed.0.events.receiver_count() > 0 => {
                // Nobody listening is fine.
                let _ = feed.0.events.send(event(&told));
            }
            Ok(_) => {}
            Err(RecvError::Lagged(count)) => {
                for told in std::iter::once(missed(count)).chain(feed.state_of_stream()) {
                    // Nobody listening is fine.
                    let _ = feed.0.events.send(told);
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn tell_metrics(feed: Feed) {
    let mut beat = interval(METRICS_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if feed.0.metrics.receiver_count() > 0 {
            feed.0.metrics.send_replace(feed.metrics_now());
        }
    }
}

async fn tell_levels(feed: Feed) {
    let mut changed = feed.0.engine.levels_changed();
    while changed.changed().await.is_ok() {
        if feed.0.levels.receiver_count() > 0 {
            feed.0.levels.send_replace(feed.levels_now());
        }
        sleep(LEVELS_EVERY).await;
    }
}
