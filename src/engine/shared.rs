//! What lies between the tick thread and the handles to it.

use std::{
    sync::{Arc, Mutex, atomic::AtomicU64, mpsc::SyncSender},
    time::Instant,
};

use components::{
    Edit, EditOutcome, SceneDiff, SceneId, SceneSnapshot, TrackId, VariantId, animation::AnimationStatus,
    edit::BatchRejected, held::HeldScenes, layer::LayerId,
};
use systems::{
    Picture,
    assets::{AssetAction, AssetRefused, AssetStatus},
    clock::TimelineStatus,
    edit::{Look, Sender},
};
use tokio::sync::{Semaphore, broadcast, oneshot, watch};

use super::{
    Document, EncoderStatus, EngineStats, FileFault, OutputStatus, ProgramFrame, Reconfiguration,
    ReconfigurationRefused, StepRefused, StoreStatus, StreamEvent, StreamFormat, Transport, Whole, journal::Journal,
    levels::Heard,
};

/// What the tick thread is asked to do.
pub(super) enum Request {
    Edit {
        sender: Sender,
        edits: Vec<Edit>,
        documents: Vec<Document>,
        at: Option<u64>,
        look: Option<Look>,
        reply: oneshot::Sender<EditReply>,
    },
    Make {
        sender: Sender,
        make: Box<Make>,
        reply: oneshot::Sender<EditReply>,
    },
    Check {
        sender: Sender,
        edits: Vec<Edit>,
        reply: oneshot::Sender<EditReply>,
    },
    Whole {
        reply: oneshot::Sender<Box<Whole>>,
    },
    Snapshot {
        reply: oneshot::Sender<Arc<SceneSnapshot>>,
    },
    Scenes {
        reply: oneshot::Sender<(Arc<SceneSnapshot>, HeldScenes)>,
    },
    Picture {
        reply: oneshot::Sender<Arc<Picture>>,
    },
    PictureOf {
        variant: VariantId,
        reply: oneshot::Sender<Option<Arc<Picture>>>,
    },
    Reconfigure {
        change: Reconfiguration,
        reply: oneshot::Sender<Result<u64, ReconfigurationRefused>>,
    },
    StoppedTriggers {
        reply: oneshot::Sender<(Arc<SceneSnapshot>, Vec<usize>)>,
    },
    Timelines {
        reply: oneshot::Sender<(u64, Vec<TimelineStatus>)>,
    },
    Animations {
        layer: LayerId,
        reply: oneshot::Sender<(u64, Option<Vec<AnimationStatus>>)>,
    },
    SoundAnimations {
        track: Option<TrackId>,
        reply: oneshot::Sender<(u64, Option<Vec<AnimationStatus>>)>,
    },
    Assets {
        reply: oneshot::Sender<(u64, Vec<AssetStatus>)>,
    },
    Step {
        frames: u32,
        reply: oneshot::Sender<Result<u64, StepRefused>>,
    },
    Activate {
        id: Option<LayerId>,
        reply: oneshot::Sender<Result<(), BatchRejected>>,
    },
    SteerAsset {
        id: String,
        action: AssetAction,
        reply: oneshot::Sender<Result<(), AssetRefused>>,
    },
    Shutdown,
}

/// Decides on edits by the scene as it is, and on what is kept with them.
pub(super) type Make = dyn FnOnce(&SceneSnapshot, &HeldScenes) -> (Vec<Edit>, Vec<Document>) + Send;

/// How a batch ended, and up to which position of the journal all that led to that stands.
pub(super) type EditReply = (EditOutcome, u64);

/// What the tick thread writes and everybody reads.
pub(super) struct Shared {
    /// Free places in the mailbox. The tick thread gives one back for each request that it takes.
    pub(super) places: Semaphore,
    pub(super) format: Mutex<StreamFormat>,
    /// Those of which pictures are drawn besides the stream's own.
    pub(super) variants: Vec<VariantId>,
    pub(super) started: Instant,
    pub(super) transport: watch::Sender<Transport>,
    pub(super) events: broadcast::Sender<StreamEvent>,
    pub(super) diffs: broadcast::Sender<Arc<SceneDiff>>,
    pub(super) outputs: watch::Sender<Vec<OutputStatus>>,
    pub(super) encoders: Mutex<Vec<EncoderStatus>>,
    pub(super) active_layer: watch::Sender<Option<LayerId>>,
    /// The scene on air, and the tick on which it came there, 0 from the start on.
    pub(super) on_air: Mutex<Option<(u64, SceneId)>>,
    pub(super) stats: Mutex<EngineStats>,
    pub(super) consumers: Mutex<Vec<Consumer>>,
    pub(super) clients: AtomicU64,
    /// Handles that were made for clients.
    pub(super) senders: AtomicU64,
    pub(super) starts: AtomicU64,
    /// The scene after the last tick, once somebody has asked for it. The next tick takes it away before anybody can know
    /// what that has changed.
    pub(super) snapshot: Mutex<Option<Arc<SceneSnapshot>>>,
    pub(super) journal: Journal,
    pub(super) heard: Heard,
    pub(super) store: Mutex<Option<StoreStatus>>,
    /// Files whose last text is not in force.
    pub(super) file_faults: Mutex<Vec<FileFault>>,
    /// What is shown in place of the scene, and why.
    pub(super) stand_in: Mutex<Option<String>>,
}

/// One who takes frames.
pub(super) struct Consumer {
    pub(super) sender: SyncSender<ProgramFrame>,
    pub(super) misses: Misses,
}

/// What a frame means that one who takes frames does not take in time.
pub(super) enum Misses {
    /// It is dropped from the stream, and a sign that the load is too high.
    OfStream,
    /// It is counted here, and nobody else's business.
    Own(Arc<AtomicU64>),
    /// Nothing.
    Nobodys,
}
