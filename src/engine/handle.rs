//! What the rest of the service may ask of the engine: edits in; snapshots, diffs, frames and events out.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, Instant},
};

use components::{
    Edit, EditOutcome, SceneDiff, SceneId, SceneSnapshot,
    animation::trigger::EventName,
    edit::{BatchRejected, EditRejected},
    held::HeldScenes,
    layer::LayerId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use systems::{
    Frame, Picture,
    assets::{AssetAction, AssetRefused, AssetStatus},
    clock::TimelineStatus,
};
use tokio::sync::{broadcast, oneshot, watch};

use super::{Document, JournalReader, Kept, Soundtrack, Whole, governor::Shedding, journal::Journal};

/// Requests that may wait for the tick thread. When it is full, edits are refused as busy and other requests wait
/// for no one: they fail as busy too.
const MAILBOX: usize = 4096;
/// Diffs and events that a slow receiver may be behind before it is told that it lagged.
const BACKLOG: usize = 1024;

/// Size and rate of the frames. The rate is constant for the life of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// Pixels; even.
    pub width: usize,
    /// Pixels; even.
    pub height: usize,
    /// Frames per second, 1..=60.
    pub fps: u32,
}

impl StreamFormat {
    /// When the frame of `tick` is shown, counted from tick 0.
    #[must_use]
    pub fn presentation_time(&self, tick: u64) -> Duration {
        let nanos = u128::from(tick) * 1_000_000_000 / u128::from(self.fps);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A frame on its way out.
#[derive(Clone, Debug)]
pub struct ProgramFrame {
    /// Frame number since the engine started. Rises by one from frame to frame, by more where ticks were skipped.
    pub tick: u64,
    /// The picture. The very same `Arc` as before means that nothing changed.
    pub picture: Arc<Frame>,
    /// How often the stream had been started when the frame was drawn; `None` if it was stopped then. Frames of another
    /// start are another stream, even if no frame was drawn while it was stopped.
    pub start: Option<u64>,
    /// What is heard with it. The very same `Arc` as before means that nothing changed.
    pub sound: Arc<Soundtrack>,
    /// Whether scene time stands still: the sound holds where it is, and is silent.
    pub is_paused: bool,
}

/// Whether the stream is on air. The engine composes in every state, so that previews and edits go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// Outputs are closed.
    Stopped,
    /// Outputs send the moving picture.
    Live,
    /// Outputs stay connected and send the picture at which scene time stands.
    Paused,
}

/// What an operator wants the stream to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens the outputs.
    Start,
    /// Closes the outputs.
    Stop,
    /// Holds scene time.
    Pause,
    /// Lets scene time go on from where it stood.
    Resume,
}

/// The command does not fit the state that the stream is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {} the stream: it is {}", verb(*.command), state.as_str())]
pub struct CommandRefused {
    /// What was asked.
    pub command: Command,
    /// The state that it does not fit.
    pub state: Transport,
}

impl Transport {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Live => "live",
            Self::Paused => "paused",
        }
    }
}

fn verb(command: Command) -> &'static str {
    match command {
        Command::Start => "start",
        Command::Stop => "stop",
        Command::Pause => "pause",
        Command::Resume => "resume",
    }
}

/// Frames by which the picture of a paused stream can be moved on at once.
pub const MAX_STEP: u32 = 3600;

/// The picture was not moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// The stream is not paused.
    #[error("cannot step through the stream: it is {}; pause it first", .0.as_str())]
    NotPaused(Transport),
    /// Too many requests are waiting.
    #[error("too many requests are waiting; try again in a moment")]
    Busy,
    /// The engine has ended.
    #[error(transparent)]
    Closed(#[from] EngineClosed),
}

/// What an output is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OutputState {
    /// It does nothing.
    Stopped,
    /// It opens its file or connects for the first time.
    Starting,
    /// Pictures go out.
    Started,
    /// It finishes what it has.
    Stopping,
    /// It lost its peer and waits to try again.
    Reconnecting,
    /// It gave up.
    Failed,
}

/// An output as people see it. Never contains a stream key.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputStatus {
    /// Its name: `rtmp`, `hls`, `file`.
    pub id: String,
    /// Where it sends to, secrets replaced.
    pub url: String,
    /// What it is doing.
    pub state: OutputState,
    /// Encoded bytes that were handed to it.
    pub bytes: u64,
    /// Frames that it had to leave out.
    pub dropped_frames: u64,
    /// How often it got its peer back.
    pub reconnects: u64,
    /// What went wrong last, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// What can be changed of a running engine. What is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconfiguration {
    /// Width and height of the frames in pixels; even.
    pub size: Option<(usize, usize)>,
    /// Layers that a scene may have.
    pub max_layers: Option<usize>,
}

/// A change of the engine was refused, and nothing of it was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconfigurationRefused {
    /// The scene has more layers than would be allowed.
    #[error("the scene has {count} layers; remove some first")]
    TooManyLayers {
        /// How many there are.
        count: usize,
    },
    /// Too many requests are waiting.
    #[error("too many requests are waiting; try again in a moment")]
    Busy,
    /// The engine has ended.
    #[error(transparent)]
    Closed(#[from] EngineClosed),
}

/// Something that clients want to be told of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum StreamEvent {
    /// The stream went on or off air, or stands still.
    Transport {
        /// The new state.
        state: Transport,
    },
    /// An output changed its state.
    Output {
        /// Its new state and all else about it.
        output: OutputStatus,
    },
    /// Settings were changed.
    Configuration {
        /// The tick whose frame shows it first.
        tick: u64,
        /// What was changed, by the keys of the TOML file; `null` stands for a value that is not set.
        values: serde_json::Map<String, serde_json::Value>,
    },
    /// Scenes were put or removed, or another one came on air.
    Scenes {
        /// The tick that did it.
        tick: u64,
        /// The scene on air now.
        active: SceneId,
        /// Scenes that are new, or other ones than before; the scene that went off air among them.
        put: Vec<SceneId>,
        /// Scenes that are gone.
        removed: Vec<SceneId>,
    },
    /// People work on another layer, or on none.
    ActiveLayer {
        /// The layer.
        id: Option<LayerId>,
    },
    /// An event was fired in the scene, over the API or by a trigger.
    Fired {
        /// Its name.
        name: EventName,
    },
    /// What is drawn less carefully, or not at all, since the machine does not keep up.
    Shedding {
        /// What is shed now; level 0 is nothing.
        shedding: Shedding,
    },
    /// The store went away or came back.
    Store {
        /// How it is now.
        store: StoreStatus,
    },
    /// Something that draws or sends went wrong; the picture goes on.
    Error {
        /// What, in words for people.
        message: String,
    },
}

/// The engine has ended; there is nobody to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has ended")]
pub struct EngineClosed;

/// Counters of the tick thread, as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineStats {
    /// Ticks that ran.
    pub frames: u64,
    /// Frames that were due and did not go out: ticks that were skipped, since the one before took too long, and frames
    /// that the encoder did not take in time.
    pub dropped_frames: u64,
    /// Ticks of the last second that ran, per second.
    pub fps: f64,
    /// Mean time that a tick took, over the last second.
    pub average_render_time: Duration,
    /// Layers of the scene.
    pub layer_count: u64,
    /// The number of the tick that ran last.
    pub tick: u64,
    /// Time since the engine started.
    pub uptime: Duration,
    /// What is drawn less carefully, or not at all, since the machine does not keep up.
    pub shedding: Shedding,
    /// How often that has changed.
    pub shedding_changes: u64,
    /// Frames that were left out to draw the others in time.
    pub shed_frames: u64,
}

/// What the tick thread is asked to do.
pub(super) enum Request {
    Edit { edits: Vec<Edit>, documents: Vec<Document>, at: Option<u64>, reply: oneshot::Sender<EditReply> },
    Check { edits: Vec<Edit>, reply: oneshot::Sender<Result<u64, BatchRejected>> },
    Whole { reply: oneshot::Sender<Box<Whole>> },
    Snapshot { reply: oneshot::Sender<Arc<SceneSnapshot>> },
    Scenes { reply: oneshot::Sender<(Arc<SceneSnapshot>, HeldScenes)> },
    Picture { reply: oneshot::Sender<Arc<Picture>> },
    Reconfigure { change: Reconfiguration, reply: oneshot::Sender<Result<u64, ReconfigurationRefused>> },
    Timelines { reply: oneshot::Sender<(u64, Vec<TimelineStatus>)> },
    Assets { reply: oneshot::Sender<(u64, Vec<AssetStatus>)> },
    Step { frames: u32, reply: oneshot::Sender<Result<u64, StepRefused>> },
    Activate { id: Option<LayerId>, reply: oneshot::Sender<Result<(), BatchRejected>> },
    SteerAsset { id: String, action: AssetAction, reply: oneshot::Sender<Result<(), AssetRefused>> },
    Shutdown,
}

/// How a batch ended, and up to which position of the journal all that led to that stands.
pub(super) type EditReply = (EditOutcome, u64);

/// What keeps the state, as people see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreStatus {
    /// What it is: `embedded` or `redis`.
    pub kind: &'static str,
    /// Whether it takes changes. If it does not, they are kept in memory until it does.
    pub connected: bool,
    /// Changes that are not in it yet.
    pub pending: u64,
    /// Groups of changes that were written.
    pub commits: u64,
    /// Times that writing failed.
    pub errors: u64,
    /// Milliseconds that the last write took.
    pub latency: f64,
    /// What is wrong with it, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// What the tick thread writes and everybody reads.
pub(super) struct Shared {
    pub(super) format: Mutex<StreamFormat>,
    pub(super) started: Instant,
    pub(super) transport: watch::Sender<Transport>,
    pub(super) events: broadcast::Sender<StreamEvent>,
    pub(super) diffs: broadcast::Sender<Arc<SceneDiff>>,
    pub(super) outputs: watch::Sender<Vec<OutputStatus>>,
    pub(super) active_layer: watch::Sender<Option<LayerId>>,
    pub(super) stats: Mutex<EngineStats>,
    pub(super) consumers: Mutex<Vec<Consumer>>,
    pub(super) clients: AtomicU64,
    pub(super) starts: AtomicU64,
    pub(super) journal: Journal,
    pub(super) store: Mutex<Option<StoreStatus>>,
}

/// One who takes frames.
pub(super) struct Consumer {
    pub(super) sender: SyncSender<ProgramFrame>,
    /// Whether a frame that it does not take is missed: counted as dropped, and a sign that the load is too high.
    pub(super) needs_all: bool,
}

/// The way to the engine. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    mailbox: SyncSender<Request>,
    shared: Arc<Shared>,
}

impl EngineHandle {
    /// A handle, and what the tick thread needs to serve it.
    pub(super) fn new(format: StreamFormat, transport: Transport) -> (Self, Receiver<Request>, Arc<Shared>) {
        let (mailbox, requests) = sync_channel(MAILBOX);
        let shared = Arc::new(Shared {
            format: Mutex::new(format),
            started: Instant::now(),
            transport: watch::Sender::new(transport),
            events: broadcast::Sender::new(BACKLOG),
            diffs: broadcast::Sender::new(BACKLOG),
            outputs: watch::Sender::new(Vec::new()),
            active_layer: watch::Sender::new(None),
            stats: Mutex::new(EngineStats::default()),
            consumers: Mutex::new(Vec::new()),
            clients: AtomicU64::new(0),
            starts: AtomicU64::new(u64::from(transport != Transport::Stopped)),
            journal: Journal::new(),
            store: Mutex::new(None),
        });
        (Self { mailbox, shared: Arc::clone(&shared) }, requests, shared)
    }

    /// Size and rate of the frames, as the last tick had them.
    #[must_use]
    pub fn format(&self) -> StreamFormat {
        *self.shared.format.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the running engine, all of it within one tick. Returns that tick; its frame is the first that shows it.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn reconfigure(&self, change: Reconfiguration) -> Result<u64, ReconfigurationRefused> {
        let (reply, answer) = oneshot::channel();
        match self.mailbox.try_send(Request::Reconfigure { change, reply }) {
            Ok(()) => answer.await.unwrap_or(Err(ReconfigurationRefused::Closed(EngineClosed))),
            Err(TrySendError::Full(_)) => Err(ReconfigurationRefused::Busy),
            Err(TrySendError::Disconnected(_)) => Err(ReconfigurationRefused::Closed(EngineClosed)),
        }
    }

    /// Carries out all of `edits` within one tick, or none: on the next tick that starts, or on tick `at` if that is
    /// still to come.
    ///
    /// # Errors
    /// Why the batch was refused; nothing of it has happened then.
    pub async fn edit(&self, edits: Vec<Edit>, at: Option<u64>) -> EditOutcome {
        self.edit_with(edits, at, Vec::new()).await
    }

    /// Like [`edit`](Self::edit), and keeps `documents` together with what the edits change: both or neither. Returns
    /// when both are durable, or cannot be for now.
    ///
    /// # Errors
    /// Why the batch was refused; nothing of it has happened then.
    pub async fn edit_with(&self, edits: Vec<Edit>, at: Option<u64>, documents: Vec<Document>) -> EditOutcome {
        let (reply, answer) = oneshot::channel();
        match self.mailbox.try_send(Request::Edit { edits, documents, at, reply }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(EditRejected::Busy.into()),
            Err(TrySendError::Disconnected(_)) => return Err(EditRejected::Closed.into()),
        }
        let (outcome, position) = answer.await.map_err(|_| EditRejected::Closed)?;
        let mut applied = outcome?;
        applied.persisted = self.shared.journal.durable(position).await;
        Ok(applied)
    }

    /// Whether `edits` would be carried out on the scene as it is now, and the tick that it is of; nothing is changed.
    ///
    /// # Errors
    /// Why the batch would be refused.
    pub async fn check(&self, edits: Vec<Edit>) -> Result<u64, BatchRejected> {
        let (reply, answer) = oneshot::channel();
        match self.mailbox.try_send(Request::Check { edits, reply }) {
            Ok(()) => answer.await.unwrap_or(Err(EditRejected::Closed.into())),
            Err(TrySendError::Full(_)) => Err(EditRejected::Busy.into()),
            Err(TrySendError::Disconnected(_)) => Err(EditRejected::Closed.into()),
        }
    }

    /// Keeps documents beside the scene. Returns whether they are durable, as soon as that is known.
    pub async fn keep(&self, documents: Vec<Document>) -> bool {
        self.shared.journal.append(None, documents);
        self.persisted().await
    }

    /// Whether everything that has been changed so far is durable, as soon as that is known.
    pub async fn persisted(&self) -> bool {
        let position = self.shared.journal.position();
        self.shared.journal.durable(position).await
    }

    /// Takes over the journal, for whoever keeps the state. `None` if somebody has it already.
    #[must_use]
    pub fn journal(&self) -> Option<JournalReader> {
        JournalReader::new(Arc::clone(&self.shared))
    }

    /// The whole scene after the last tick, and how it moves.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn whole(&self) -> Result<Box<Whole>, EngineClosed> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request::Whole { reply }).map_err(|_| EngineClosed)?;
        answer.await.map_err(|_| EngineClosed)
    }

    /// How the store is doing; `None` if there is none.
    #[must_use]
    pub fn store(&self) -> Option<StoreStatus> {
        let mut status = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        status.pending = self.shared.journal.behind();
        Some(status)
    }

    /// Tells how the store is doing.
    pub fn publish_store(&self, status: StoreStatus) {
        *self.shared.store.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }

    /// The whole scene after the last tick. Diffs with a higher `seq` come after it.
    ///
    /// # Errors
    /// The engine has ended.
    pub async fn snapshot(&self) -> Result<Arc<SceneSnapshot>, EngineClosed> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request::Snapshot { reply }).map_err(|_| EngineClosed)?;
        answer.await.map_err(|_| EngineClosed)
    }

    /// The whole scene on air after the last tick, and the scenes that are held.
    ///
    /// # Errors
    /// The engine has ended.
    pub async fn scenes(&self) -> Result<(Arc<SceneSnapshot>, HeldScenes), EngineClosed> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request::Scenes { reply }).map_err(|_| EngineClosed)?;
        answer.await.map_err(|_| EngineClosed)
    }

    /// The picture that the last tick drew.
    ///
    /// # Errors
    /// The engine has ended.
    pub async fn picture(&self) -> Result<Arc<Picture>, EngineClosed> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request::Picture { reply }).map_err(|_| EngineClosed)?;
        answer.await.map_err(|_| EngineClosed)
    }

    /// All timelines after the last tick, and the number of that.
    ///
    /// # Errors
    /// The engine has ended.
    pub async fn timelines(&self) -> Result<(u64, Vec<TimelineStatus>), EngineClosed> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request::Timelines { reply }).map_err(|_| EngineClosed)?;
        answer.await.map_err(|_| EngineClosed)
    }

    /// All assets after the last tick, and the number of that.
    ///
    /// # Errors
    /// The engine has ended.
    pub async fn assets(&self) -> Result<(u64, Vec<AssetStatus>), EngineClosed> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request::Assets { reply }).map_err(|_| EngineClosed)?;
        answer.await.map_err(|_| EngineClosed)
    }

    /// Moves the picture of a paused stream on by so many frames, at most [`MAX_STEP`], all within the next tick. What
    /// happens in between happens. Returns that tick.
    ///
    /// # Errors
    /// Why the picture stands where it stood.
    pub async fn step(&self, frames: u32) -> Result<u64, StepRefused> {
        let (reply, answer) = oneshot::channel();
        match self.mailbox.try_send(Request::Step { frames: frames.min(MAX_STEP), reply }) {
            Ok(()) => answer.await.unwrap_or(Err(StepRefused::Closed(EngineClosed))),
            Err(TrySendError::Full(_)) => Err(StepRefused::Busy),
            Err(TrySendError::Disconnected(_)) => Err(StepRefused::Closed(EngineClosed)),
        }
    }

    /// The layer that people are working on; `None` if it is none, and once it is gone from the scene.
    #[must_use]
    pub fn active_layer(&self) -> Option<LayerId> {
        self.shared.active_layer.borrow().clone()
    }

    /// Notes the layer that people are working on, and tells all who listen.
    ///
    /// # Errors
    /// There is no such layer in the scene, or the engine cannot be asked.
    pub async fn set_active_layer(&self, id: Option<LayerId>) -> Result<(), BatchRejected> {
        let (reply, answer) = oneshot::channel();
        match self.mailbox.try_send(Request::Activate { id, reply }) {
            Ok(()) => answer.await.unwrap_or(Err(EditRejected::Closed.into())),
            Err(TrySendError::Full(_)) => Err(EditRejected::Busy.into()),
            Err(TrySendError::Disconnected(_)) => Err(EditRejected::Closed.into()),
        }
    }

    /// Begins to load an asset, or lets go of its memory; whether that was possible.
    ///
    /// # Errors
    /// The engine has ended.
    pub async fn steer_asset(&self, id: String, action: AssetAction) -> Result<Result<(), AssetRefused>, EngineClosed> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request::SteerAsset { id, action, reply }).map_err(|_| EngineClosed)?;
        answer.await.map_err(|_| EngineClosed)
    }

    /// Every diff from now on. Who lags by more than 1024 is told so and takes a new snapshot.
    #[must_use]
    pub fn diffs(&self) -> broadcast::Receiver<Arc<SceneDiff>> {
        self.shared.diffs.subscribe()
    }

    /// Every event from now on. Who lags by more than 1024 is told so.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<StreamEvent> {
        self.shared.events.subscribe()
    }

    /// Tells all who listen.
    pub fn announce(&self, event: StreamEvent) {
        // Nobody listening is fine.
        let _ = self.shared.events.send(event);
    }

    /// Tells all who listen, and the log, that settings were changed; `values` by the keys of the TOML file. Nothing is
    /// told of none.
    pub fn settings_changed(&self, tick: u64, values: serde_json::Map<String, serde_json::Value>) {
        if values.is_empty() {
            return;
        }
        let told = serde_json::Value::Object(values.clone());
        tracing::info!(tick, "settings were changed: {told}");
        self.announce(StreamEvent::Configuration { tick, values });
    }

    /// Every frame from now on, in every state of the transport. At most `capacity` wait; when they are not taken in
    /// time, new ones are left out and counted as dropped. Dropping the receiver ends it; the engine's end closes it.
    #[must_use]
    pub fn frames(&self, capacity: usize) -> Receiver<ProgramFrame> {
        self.consume(capacity, true)
    }

    /// Frames for someone who need not have all, such as a preview: one waits, and those that come meanwhile are left
    /// out, which counts for nothing. Otherwise like [`frames`](Self::frames).
    #[must_use]
    pub fn frames_at_leisure(&self) -> Receiver<ProgramFrame> {
        self.consume(1, false)
    }

    fn consume(&self, capacity: usize, needs_all: bool) -> Receiver<ProgramFrame> {
        let (sender, receiver) = sync_channel(capacity);
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).push(Consumer { sender, needs_all });
        receiver
    }

    /// What the stream should be doing, and every change of it.
    #[must_use]
    pub fn transport(&self) -> watch::Receiver<Transport> {
        self.shared.transport.subscribe()
    }

    /// Changes what the stream should be doing, and tells all who listen. `Stop` is allowed while paused.
    ///
    /// # Errors
    /// The command does not fit the present state.
    pub fn command(&self, command: Command) -> Result<Transport, CommandRefused> {
        let mut result = Err(CommandRefused { command, state: Transport::Stopped });
        self.shared.transport.send_if_modified(|state| {
            let next = match (command, *state) {
                (Command::Start, Transport::Stopped) | (Command::Resume, Transport::Paused) => Transport::Live,
                (Command::Stop, Transport::Live | Transport::Paused) => Transport::Stopped,
                (Command::Pause, Transport::Live) => Transport::Paused,
                (command, state) => {
                    result = Err(CommandRefused { command, state });
                    return false;
                }
            };
            if command == Command::Start {
                self.shared.starts.fetch_add(1, Ordering::Relaxed);
            }
            *state = next;
            result = Ok(next);
            true
        });
        if let Ok(state) = result {
            self.shared.journal.append(None, vec![transport_document(state)]);
            self.announce(StreamEvent::Transport { state });
        }
        result
    }

    /// The tick thread's counters.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let mut stats = *self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.uptime = self.shared.started.elapsed();
        stats
    }

    /// All outputs as they are now.
    #[must_use]
    pub fn outputs(&self) -> Vec<OutputStatus> {
        self.shared.outputs.borrow().clone()
    }

    /// Puts an output's status in the place of what was known of it, and tells all who listen if its state changed.
    pub fn publish_output(&self, status: OutputStatus) {
        let mut changed = true;
        self.shared.outputs.send_modify(|all| match all.iter_mut().find(|known| known.id == status.id) {
            Some(known) => {
                changed = known.state != status.state;
                *known = status.clone();
            }
            None => all.push(status.clone()),
        });
        if changed {
            self.announce(StreamEvent::Output { output: status });
        }
    }

    /// Counts WebSocket clients; the count falls when the guard is dropped.
    #[must_use]
    pub fn client_connected(&self) -> ClientGuard {
        self.shared.clients.fetch_add(1, Ordering::Relaxed);
        ClientGuard { shared: Arc::clone(&self.shared) }
    }

    /// WebSocket clients that are connected.
    #[must_use]
    pub fn clients(&self) -> u64 {
        self.shared.clients.load(Ordering::Relaxed)
    }

    /// Asks the tick thread to end.
    pub fn shutdown(&self) {
        // A full mailbox is emptied within a tick; a closed one needs no shutdown.
        let _ = self.mailbox.send(Request::Shutdown);
    }
}

/// The state of the transport, as it is kept.
fn transport_document(state: Transport) -> Document {
    Document { kind: "transport", id: "state".to_owned(), value: serde_json::to_value(state).ok().map(Kept::Value) }
}

/// A connected client, for as long as this lives.
pub struct ClientGuard {
    shared: Arc<Shared>,
}

impl Drop for ClientGuard {
    fn drop(&mut self) {
        self.shared.clients.fetch_sub(1, Ordering::Relaxed);
    }
}
