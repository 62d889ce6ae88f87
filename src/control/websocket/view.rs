//! What a client sees of the scene, and the messages for all who see the same.
//!
//! Clients with the same layers and the same rate share a channel. It goes from state to state; at each it holds an
//! [`Issue`], in which the message for those who had the last one lies ready, and those for others are made when the first
//! asks. A client remembers only at which state it is: what it was not sent in time it is carried over in one step, so a
//! slow client costs no memory, and no queue has to be bounded.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use components::{LayerId, SceneDiff, SceneTree};
use serde::Serialize;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    feed::{Feed, Latest},
    message::message,
};

/// Messages for clients that are behind which are kept for others who are behind as much.
const MERGED: usize = 16;

/// Which layers, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct View {
    /// All if `None`.
    pub(super) layers: Option<Arc<BTreeSet<LayerId>>>,
    /// The least time between two updates.
    pub(super) every: Option<Duration>,
}

impl View {
    /// What of the state is seen.
    fn of(&self, state: &Arc<SceneTree>) -> Arc<SceneTree> {
        match &self.layers {
            None => Arc::clone(state),
            Some(layers) => Arc::new(state.only(layers)),
        }
    }
}

/// What is to be sent to who is at a state of a channel.
#[derive(Debug)]
pub(super) struct Issue {
    /// The scene as it is seen.
    state: Arc<SceneTree>,
    /// The number of the state before this.
    before: u64,
    /// For those who are at the state before: the message, and the first of the states that it follows on. `None` if
    /// nothing is to be told.
    step: Option<(u64, Utf8Bytes)>,
    snapshot: OnceLock<Utf8Bytes>,
    merged: Mutex<Vec<(Place, Option<Utf8Bytes>)>>,
}

/// Where a client is in the history of the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The state that it has.
    pub(super) at: u64,
    /// The state that it was told last; between that and the one that it has nothing changed of what it sees.
    pub(super) told: u64,
}

/// What brings a client up to date.
#[derive(Debug)]
pub(super) enum Next {
    /// It is.
    Nothing,
    /// It has this state now, and need not be told: nothing that it sees has changed.
    Silent(Place),
    /// This message.
    Tell(Place, Utf8Bytes),
    /// What it has is not known any more.
    Snapshot,
}

impl Issue {
    fn first(view: &View, state: &Arc<SceneTree>) -> Self {
        let state = view.of(state);
        let before = state.seq;
        Self { state, before, step: None, snapshot: OnceLock::new(), merged: Mutex::default() }
    }

    /// The next one. `told` is the last state that all who follow were told of.
    fn after(before: &Self, view: &View, state: &Arc<SceneTree>, told: u64) -> Self {
        let state = view.of(state);
        let diff = SceneDiff::between(&before.state, &state);
        let step = view.tells(&diff).then(|| (told, update(diff, told)));
        Self { before: before.state.seq, state, step, snapshot: OnceLock::new(), merged: Mutex::default() }
    }

    /// The number of the state.
    pub(super) fn seq(&self) -> u64 {
        self.state.seq
    }

    /// The whole scene.
    pub(super) fn snapshot(&self, epoch: &str) -> Utf8Bytes {
        #[derive(Serialize)]
        struct Told<'a> {
            epoch: &'a str,
            #[serde(flatten)]
            state: &'a SceneTree,
        }
        self.snapshot.get_or_init(|| message("snapshot", &Told { epoch, state: &self.state }).into()).clone()
    }

    /// What brings a client from `place` to this state.
    pub(super) fn next(&self, place: Place, feed: &Feed, view: &View) -> Next {
        let seq = self.state.seq;
        if place.at >= seq {
            return Next::Nothing;
        }
        let text = match &self.step {
            None if place.at == self.before => None,
            Some((since, text)) if place.at == self.before && *since <= place.told => Some(text.clone()),
            _ => match self.merged(place, feed, view) {
                Some(text) => text,
                None => return Next::Snapshot,
            },
        };
        match text {
            Some(text) => Next::Tell(Place { at: seq, told: seq }, text),
            None => Next::Silent(Place { at: seq, told: place.told }),
        }
    }

    /// All from `place` to here in one message, if anything is to be told; `None` if that state is not kept any more.
    fn merged(&self, place: Place, feed: &Feed, view: &View) -> Option<Option<Utf8Bytes>> {
        // Held while the message is made: others who are behind as much wait for it instead of making it too.
        let mut merged = self.merged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = merged.iter().find(|(known, _)| *known == place) {
            return Some(text.clone());
        }
        let had = view.of(&feed.history().state(place.at)?);
        let diff = SceneDiff::between(&had, &self.state);
        let text = view.tells(&diff).then(|| update(diff, place.told));
        if merged.len() == MERGED {
            merged.remove(0);
        }
        merged.push((place, text.clone()));
        Some(text)
    }
}

impl View {
    /// Whether a change is worth a message. Who sees all is told of each, so that it can wait for a number.
    fn tells(&self, diff: &SceneDiff) -> bool {
        self.layers.is_none() || !diff.is_empty()
    }
}

/// The message of an update that follows on any state from `since` on.
fn update(diff: SceneDiff, since: u64) -> Utf8Bytes {
    let since = (since + 1 != diff.seq).then_some(since);
    message("layerUpdate", &SceneDiff { since, ..diff }).into()
}

/// Begins a channel; it lasts until nobody follows it.
pub(super) fn open(feed: &Feed, view: View, latest: Latest, first: &Arc<SceneTree>) -> Arc<watch::Sender<Arc<Issue>>> {
    let issues = Arc::new(watch::Sender::new(Arc::new(Issue::first(&view, first))));
    tokio::spawn(run(feed.clone(), view, latest, Arc::clone(&issues)));
    issues
}

async fn run(feed: Feed, view: View, mut latest: Latest, issues: Arc<watch::Sender<Arc<Issue>>>) {
    let mut told = issues.borrow().seq();
    let mut last = Instant::now();
    loop {
        let changed = async {
            let changed = latest.changed().await;
            if let Some(every) = view.every {
                sleep_until(last + every).await;
            }
            changed
        };
        let changed = tokio::select! {
            changed = changed => changed,
            () = issues.closed() => {
                if feed.forget(&view, &issues) {
                    return;
                }
                // Somebody came at the last moment; what was waited for may have come too.
                latest.mark_changed();
                continue;
            }
        };
        if changed.is_err() {
            return;
        }
        let Some(state) = latest.borrow_and_update().clone() else { continue };
        let before = Arc::clone(&issues.borrow());
        if state.seq <= before.seq() {
            continue;
        }
        let issue = Issue::after(&before, &view, &state, told);
        if issue.step.is_some() {
            told = issue.seq();
            last = Instant::now();
        }
        issues.send_replace(Arc::new(issue));
    }
}
