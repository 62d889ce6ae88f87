//! The journal: every authored change in its order, for whoever keeps it.
//!
//! The tick thread and others append; each append has a position, one more than the one before. At most one
//! [`JournalReader`] takes what has been appended and says up to which position it is durable; whoever answers a change
//! waits for that ([`Journal::durable`]). Appending never waits and is bounded: documents are kept by their name, the
//! newest alone, and of a scene whose changes are not taken in time they are all forgotten, which the reader is told, so
//! that it asks for the whole scene instead. Without a reader nothing is kept at all.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use components::{SceneDiff, SceneDocument, SceneSnapshot};
use serde_json::Value;
use systems::clock::{Motion, MotionChange};
use tokio::sync::{Notify, watch};

/// Changes of the scene that may wait for the reader. When there are more, all are forgotten, and the reader takes the
/// whole scene.
const QUEUE: usize = 4096;

/// The kind of the documents that are scenes which wait.
pub const HELD: &str = "scene";
/// Kind and id of the document that says what the scene on air is called.
pub const ON_AIR: (&str, &str) = ("air", "scene");
/// Kind and id of the document that says which of its layers people work on; absent if it is none.
pub const ACTIVE_LAYER: (&str, &str) = ("air", "layer");

/// A document that is kept beside the scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it is: `config`, `transport`, `scene`, …; small letters.
    pub kind: &'static str,
    /// Which one of its kind.
    pub id: String,
    /// All of it; `None` removes it.
    pub value: Option<Kept>,
}

/// What a document says.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// A value.
    Value(Value),
    /// A scene with its folder. Whoever keeps it writes it out: the tick thread has no time for it.
    Scene(Arc<SceneDocument>),
}

/// What one tick did to the scene.
#[derive(Clone, Debug)]
pub struct SceneChange {
    /// Scene time of the tick in seconds.
    pub seconds: f64,
    /// What changed in what was authored.
    pub diff: Option<Arc<SceneDiff>>,
    /// What changed in how it moves.
    pub motion: Option<MotionChange>,
}

/// A whole scene, and where everything in it that moves stands.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The scene.
    pub snapshot: SceneSnapshot,
    /// What moves.
    pub motion: Motion,
}

/// Everything that was appended since it was taken last. All of it belongs together: it is kept as one, or not at all.
#[derive(Debug, Default)]
pub struct Taken {
    /// The position of the last of it.
    pub position: u64,
    /// What happened to the scene, in order.
    pub scene: VecDeque<SceneChange>,
    /// Whether changes of the scene were forgotten: only the whole scene tells now.
    pub is_cut: bool,
    /// Documents that changed, each as it is now.
    pub documents: Vec<Document>,
}

/// How far what was appended is durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// Everything up to this position is.
    pub position: u64,
    /// Whether nothing more will be for now: nobody waits then.
    pub is_away: bool,
}

/// See the module's documentation.
pub(super) struct Journal {
    pending: Mutex<Pending>,
    appended: Notify,
    durable: watch::Sender<Durable>,
}

#[derive(Default)]
struct Pending {
    is_read: bool,
    position: u64,
    scene: VecDeque<SceneChange>,
    is_cut: bool,
    documents: BTreeMap<(&'static str, String), Option<Kept>>,
}

impl Journal {
    pub(super) fn new() -> Self {
        let durable = watch::Sender::new(Durable { position: 0, is_away: true });
        Self { pending: Mutex::default(), appended: Notify::new(), durable }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Held by nobody for longer than it takes to move what is in it.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a change of the scene and documents, as one.
    pub(super) fn append(&self, change: Option<SceneChange>, documents: Vec<Document>) {
        let mut pending = self.pending();
        if !pending.is_read {
            return;
        }
        pending.position += 1;
        if let Some(change) = change
            && !pending.is_cut
        {
            if pending.scene.len() < QUEUE {
                pending.scene.push_back(change);
            } else {
                pending.scene.clear();
                pending.is_cut = true;
            }
        }
        pending.documents.extend(documents.into_iter().map(|Document { kind, id, value }| ((kind, id), value)));
        drop(pending);
        self.appended.notify_one();
    }

    /// The position of what was appended last.
    pub(super) fn position(&self) -> u64 {
        self.pending().position
    }

    /// Whether anybody keeps it.
    pub(super) fn is_kept(&self) -> bool {
        self.pending().is_read
    }

    /// How many positions are not durable yet.
    pub(super) fn behind(&self) -> u64 {
        let durable = self.durable.borrow().position;
        self.position().saturating_sub(durable)
    }

    /// Waits until everything up to `position` is durable, and tells whether it is: where nobody keeps the journal, or
    /// what keeps it is away, it is not.
    pub(super) async fn durable(&self, position: u64) -> bool {
        let mut durable = self.durable.subscribe();
        let told = durable.wait_for(|durable| durable.is_away || durable.position >= position).await;
        // An empty journal that nobody keeps is not durable either.
        told.is_ok_and(|durable| !durable.is_away && durable.position >= position)
    }
}

/// The one who takes what is appended. When it is dropped nothing is kept any more.
pub struct JournalReader {
    journal: Arc<super::shared::Shared>,
}

impl JournalReader {
    /// Takes over the journal: from now on it is kept, beginning with the whole scene. `None` if somebody else has.
    pub(super) fn new(shared: Arc<super::shared::Shared>) -> Option<Self> {
        {
            let mut pending = shared.journal.pending();
            if mem::replace(&mut pending.is_read, true) {
                return None;
            }
            pending.is_cut = true;
            pending.position += 1;
        }
        shared.journal.durable.send_replace(Durable::default());
        shared.journal.appended.notify_one();
        Some(Self { journal: shared })
    }

    /// Waits until something was appended since [`take`](Self::take). May be dropped at any time.
    pub async fn appended(&self) {
        self.journal.journal.appended.notified().await;
    }

    /// Takes everything that was appended.
    #[must_use]
    pub fn take(&self) -> Taken {
        let mut pending = self.journal.journal.pending();
        let documents = mem::take(&mut pending.documents);
        Taken {
            position: pending.position,
            scene: mem::take(&mut pending.scene),
            is_cut: mem::take(&mut pending.is_cut),
            documents: documents.into_iter().map(|((kind, id), value)| Document { kind, id, value }).collect(),
        }
    }

    /// Tells how far everything is durable.
    pub fn settle(&self, durable: Durable) {
        self.journal.journal.durable.send_if_modified(|known| mem::replace(known, durable) != durable);
    }
}

impl Drop for JournalReader {
    fn drop(&mut self) {
        *self.journal.journal.pending() = Pending::default();
        self.journal.journal.durable.send_modify(|durable| durable.is_away = true);
    }
}
