//! The tick thread: owns the scene, runs ticks when they are due, hands out frames, diffs and answers.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError, TrySendError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use components::{
    Edit, HeldChange, LayerId, SceneDiff, SceneDocument, SceneId,
    edit::{BatchRejected, DocumentName, EditRejected},
    held::HeldScenes,
};
use serde_json::Value;
use systems::{
    Compositor, CompositorSettings, Frame, TickReport,
    clock::{Motion, MotionChange, SceneEvent},
    rasterise::Patience,
};
use tokio::sync::oneshot;

use super::{
    Document, EngineHandle, HELD, Kept, ON_AIR, ProgramFrame, Reconfiguration, ReconfigurationRefused, SceneChange,
    Shedding, Soundtrack, StepRefused, StreamEvent, StreamFormat, Transport, Whole,
    governor::{Governor, QualityGoal},
    handle::{EditReply, Request, Shared},
    pace::Pace,
};

/// How long the first frame waits for pictures and fonts of the scene. What is not there by then appears when it is.
const LOADING: Duration = Duration::from_secs(5);

/// Batches that may wait for ticks to come. More are refused as busy.
const SCHEDULED: usize = 4096;

/// Requests that are served after a tick was due. The rest waits for the next: a flood of them delays ticks no further.
const LATE: usize = 256;

/// Seconds between two notes of the scene time in the journal, while anything moves.
const CHECKPOINT: u64 = 1;

/// Time over which frame rate and render time are told.
const WINDOW: Duration = Duration::from_secs(1);

/// What an engine is made for.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// Size and rate of the frames.
    pub format: StreamFormat,
    /// Layers that a scene may have.
    pub max_layers: usize,
    /// Frames that may be on their way to encoders at once.
    pub pool_size: usize,
    /// Bytes that cached pictures of layers may take.
    pub raster_memory: u64,
    /// How carefully scenes are drawn.
    pub quality: QualityGoal,
    /// Layers whose drawing is made to panic, to test what comes of it.
    pub faults: Option<fn(&str) -> bool>,
    /// Bytes that decoded assets may take together.
    pub asset_budget: u64,
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    thread: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

impl Engine {
    /// Waits until the tick thread ends, be it by a panic.
    pub async fn ended(&mut self) {
        // Nothing is ever sent: the closed channel is the answer.
        let _ = (&mut self.ended).await;
    }

    /// Waits until the tick thread has ended.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the tick thread ended by a panic");
        }
    }
}

/// Why an engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The scene cannot be played.
    #[error("the scene cannot be played: {0}")]
    Scene(#[from] BatchRejected),
    /// The system gave no thread.
    #[error("no thread could be started for the engine: {0}")]
    Thread(#[from] std::io::Error),
}

/// What an engine begins with.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The scene.
    pub scene: SceneDocument,
    /// Where everything in it stood when it was played before; `None` starts it anew.
    pub motion: Option<Motion>,
    /// What it is called, and the scenes that wait.
    pub scenes: HeldScenes,
    /// What the stream is doing from the first frame on.
    pub transport: Transport,
}

impl From<SceneDocument> for Beginning {
    /// A scene that starts anew, off air.
    fn from(scene: SceneDocument) -> Self {
        Self { scene, motion: None, scenes: HeldScenes::default(), transport: Transport::Stopped }
    }
}

/// Starts the tick thread with a scene. `observe` is called after every tick, on the tick thread, with what the tick
/// did and how long it took; it must be quick.
///
/// # Errors
/// The scene is not valid, or the system gives no thread.
pub fn spawn(
    settings: EngineSettings,
    beginning: impl Into<Beginning>,
    observe: impl FnMut(&TickReport, Duration) + Send + 'static,
) -> Result<(EngineHandle, Engine), StartError> {
    let EngineSettings { format, max_layers, pool_size, raster_memory, asset_budget, quality, faults } = settings;
    let Beginning { scene, motion, scenes, transport } = beginning.into();
    let governor = Governor::new(quality);
    let (handle, requests, shared) = EngineHandle::new(format, transport);
    let (width, height) = (format.width, format.height);
    let mut compositor = Compositor::new(CompositorSettings { width, height, max_layers, pool_size, threads: None });
    compositor.set_quality(governor.step().quality);
    if let Some(is_chosen) = faults {
        compositor.inject_faults(is_chosen);
    }
    compositor.set_raster_memory(raster_memory);
    compositor.hold(scenes);
    compositor.set_pace(format.presentation_time(1));
    let sound = Arc::new(Soundtrack::from(&scene));
    compositor.set_asset_budget(asset_budget);
    compositor.watch_assets();
    let scene_ticks = match motion {
        Some(motion) => {
            let ticks = ticks_of(motion.seconds, format.fps);
            compositor.resume(0, scene, motion);
            ticks
        }
        None => {
            compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
            0
        }
    };
    let first = compositor.tick(0, seconds_of(scene_ticks, format.fps));
    for (_, outcome) in first.outcomes {
        outcome?;
    }
    if !compositor.finish_loading(Instant::now() + LOADING) {
        tracing::warn!("some assets are not decoded after {LOADING:?}; they appear when they are");
    }
    // What takes longer than half of a tick does not hold up the others.
    compositor.set_patience(Patience::Within(format.presentation_time(1) / 2));
    let mut ticking = Ticking {
        compositor,
        governor,
        requests,
        shared,
        observe: Box::new(observe),
        picture: first.frame,
        sound,
        scene_ticks,
        noted: 0,
        tickets: 1,
        replies: HashMap::new(),
        scheduled: BTreeMap::new(),
        scheduled_batches: 0,
        changes: Vec::new(),
        steps: Vec::new(),
        fps: format.fps,
        recent: VecDeque::new(),
    };
    let (alive, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("tick".to_owned()).spawn(move || {
        // Dropped however this ends.
        let _alive: oneshot::Sender<()> = alive;
        ticking.run();
    })?;
    Ok((handle, Engine { thread, ended }))
}

/// Ticks of scene time up to a moment of the scene.
fn ticks_of(seconds: f64, fps: u32) -> u64 {
    let ticks = (seconds * f64::from(fps)).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not below 0, and as cast as it can be"
    )]
    if ticks.is_finite() { ticks.max(0.0) as u64 } else { 0 }
}

/// The moment of the scene after so many ticks of its time.
fn seconds_of(ticks: u64, fps: u32) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "2^53 ticks are millions of years")]
    let ticks = ticks as f64;
    ticks / f64::from(fps)
}

impl Drop for Ticking {
    /// Whoever waits for an answer or for frames learns from the closed channels that there will be none.
    fn drop(&mut self) {
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What is to be kept of a change of the scenes that are held.
fn keep_scene(change: &HeldChange, documents: &mut Vec<Document>) {
    let held = |id: &SceneId, value| Document { kind: HELD, id: id.as_str().to_owned(), value };
    match change {
        HeldChange::Put { id, scene } => documents.push(held(id, Some(Kept::Scene(Arc::clone(scene))))),
        HeldChange::Removed { id } => documents.push(held(id, None)),
        HeldChange::Activated { id } => {
            let active = Kept::Value(Value::String(id.as_str().to_owned()));
            documents.push(held(id, None));
            documents.push(Document { kind: ON_AIR.0, id: ON_AIR.1.to_owned(), value: Some(active) });
        }
    }
}

/// Answers who asked for a change of the engine.
type Changed = oneshot::Sender<Result<u64, ReconfigurationRefused>>;
/// A batch that somebody waits for.
struct Waiting {
    /// What is kept together with what it changes.
    documents: Vec<Document>,
    reply: oneshot::Sender<EditReply>,
}
/// How hard a tick was.
struct Load {
    spent: Duration,
    /// Whether its frame was not taken.
    is_missed: bool,
}

struct Ticking {
    compositor: Compositor,
    governor: Governor,
    requests: Receiver<Request>,
    shared: Arc<Shared>,
    observe: Box<dyn FnMut(&TickReport, Duration) + Send>,
    /// What was drawn last.
    picture: Option<Arc<Frame>>,
    /// What is heard with it.
    sound: Arc<Soundtrack>,
    /// Ticks of scene time: those that ran or were dropped while not paused.
    scene_ticks: u64,
    /// The scene time in ticks at which the journal was last written, or could have been left as it was.
    noted: u64,
    tickets: u64,
    replies: HashMap<u64, Waiting>,
    /// Batches for ticks to come.
    scheduled: BTreeMap<u64, Vec<(Vec<Edit>, Waiting)>>,
    /// How many these are.
    scheduled_batches: usize,
    /// What the next tick begins with.
    changes: Vec<(Reconfiguration, Changed)>,
    /// By how many frames the next tick moves the picture on if the stream is paused, and who asked for it.
    steps: Vec<(u32, oneshot::Sender<Result<u64, StepRefused>>)>,
    /// Ticks per second.
    fps: u32,
    /// When ticks of the last second ended, and how long each took.
    recent: VecDeque<(Instant, Duration)>,
}

impl Ticking {
    fn run(&mut self) {
        let pace = Pace::new(self.format(), Instant::now());
        let mut tick = 1;
        while self.serve_until(pace.due(tick)) {
            let load = self.tick(tick);
            let every = self.governor.step().every;
            let next = pace.next(tick, every, Instant::now());
            let skipped = next - tick - every;
            if skipped > 0 {
                tracing::warn!(tick, skipped, "ticks were late and were dropped");
                self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner).dropped_frames += skipped;
            }
            if *self.shared.transport.borrow() != Transport::Paused {
                self.scene_ticks += next - tick - 1;
            }
            self.govern(load, every, skipped > 0);
            tick = next;
        }
        // For whoever goes on from here.
        self.note(None, None, Vec::new());
    }

    /// Sheds load, or takes it up again, where the last tick shows that it is time to.
    fn govern(&mut self, load: Load, every: u64, is_late: bool) {
        #[expect(clippy::cast_precision_loss, reason = "three at most")]
        let share = load.spent.as_secs_f64() * f64::from(self.fps) / every as f64;
        let changed = self.governor.observe(share, is_late || load.is_missed, self.shared.started.elapsed());
        let shedding = self.governor.shedding();
        {
            let mut stats = self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
            stats.shed_frames += every - 1;
            stats.shedding = shedding;
            stats.shedding_changes += u64::from(changed);
        }
        if changed {
            let Shedding { level, effects, sampling, every } = shedding;
            if level == 0 {
                tracing::info!("the load fits again: everything is drawn as it should be");
            } else {
                tracing::warn!(level, ?effects, ?sampling, every, "load is shed or taken up again, one step at a time");
            }
            self.compositor.set_quality(self.governor.step().quality);
            // Nobody listening is fine.
            let _ = self.shared.events.send(StreamEvent::Shedding { shedding });
        }
    }

    /// Serves requests until `due`. Returns whether the engine goes on.
    fn serve_until(&mut self, due: Instant) -> bool {
        let mut late = 0;
        loop {
            let request = match due.checked_duration_since(Instant::now()) {
                Some(rest) => self.requests.recv_timeout(rest),
                None if late == LATE => return true,
                None => {
                    late += 1;
                    self.requests.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    })
                }
            };
            match request {
                Ok(Request::Edit { edits, documents, at, reply }) => {
                    self.accept(edits, at, Waiting { documents, reply });
                }
                Ok(Request::Check { edits, reply }) => {
                    drop(reply.send(self.compositor.check(edits).map(|()| self.last_tick())));
                }
                Ok(Request::Whole { reply }) => {
                    let (snapshot, motion) = (self.compositor.snapshot(), self.compositor.motion());
                    // Who asked may have gone.
                    let _ = reply.send(Box::new(Whole { snapshot, motion }));
                }
                Ok(Request::Snapshot { reply }) => drop(reply.send(Arc::new(self.compositor.snapshot()))),
                Ok(Request::Scenes { reply }) => {
                    let snapshot = Arc::new(self.compositor.snapshot());
                    drop(reply.send((snapshot, self.compositor.scenes().clone())));
                }
                Ok(Request::Picture { reply }) => drop(reply.send(Arc::new(self.compositor.picture()))),
                Ok(Request::Reconfigure { change, reply }) => self.changes.push((change, reply)),
                Ok(Request::Timelines { reply }) => {
                    drop(reply.send((self.last_tick(), self.compositor.timelines())));
                }
                Ok(Request::Assets { reply }) => drop(reply.send((self.last_tick(), self.compositor.assets()))),
                Ok(Request::Step { frames, reply }) => self.steps.push((frames, reply)),
                Ok(Request::Activate { id, reply }) => drop(reply.send(self.activate(id))),
                Ok(Request::SteerAsset { id, action, reply }) => {
                    drop(reply.send(self.compositor.steer_asset(&id, action)));
                }
                Ok(Request::Shutdown) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }

    fn last_tick(&self) -> u64 {
        self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner).tick
    }

    fn accept(&mut self, edits: Vec<Edit>, at: Option<u64>, waiting: Waiting) {
        match at {
            Some(_) if self.scheduled_batches >= SCHEDULED => {
                // Who asked may have gone.
                let _ = waiting.reply.send((Err(EditRejected::Busy.into()), 0));
            }
            Some(tick) => {
                self.scheduled_batches += 1;
                self.scheduled.entry(tick).or_default().push((edits, waiting));
            }
            None => self.submit(edits, waiting),
        }
    }

    fn submit(&mut self, edits: Vec<Edit>, waiting: Waiting) {
        self.compositor.submit(self.tickets, edits);
        self.replies.insert(self.tickets, waiting);
        self.tickets += 1;
    }

    /// Submits the batches whose tick has come. A batch goes with the client that waits for its answer, so that what
    /// waits is never more than the clients that do.
    fn submit_due(&mut self, tick: u64) {
        let later = self.scheduled.split_off(&(tick + 1));
        for (edits, waiting) in std::mem::replace(&mut self.scheduled, later).into_values().flatten() {
            self.scheduled_batches -= 1;
            if !waiting.reply.is_closed() {
                self.submit(edits, waiting);
            }
        }
        if tick.is_multiple_of(u64::from(self.fps)) {
            self.scheduled.retain(|_, batches| {
                batches.retain(|(_, waiting)| !waiting.reply.is_closed());
                !batches.is_empty()
            });
            self.scheduled_batches = self.scheduled.values().map(Vec::len).sum();
        }
    }

    /// Runs a tick.
    fn tick(&mut self, tick: u64) -> Load {
        let began = Instant::now();
        self.submit_due(tick);
        let changed = self.reconfigure();
        let paused = *self.shared.transport.borrow() == Transport::Paused;
        self.scene_ticks += u64::from(!paused);
        let stepped = self.step();
        let mut report = self.compositor.tick(tick, seconds_of(self.scene_ticks, self.fps));
        if let Some(frame) = &report.frame {
            self.picture = Some(Arc::clone(frame));
        }
        if let Some(header) = report.diff.as_ref().and_then(|diff| diff.scene.as_ref()) {
            let sound = Soundtrack::from(header.as_ref());
            if *self.sound != sound {
                self.sound = Arc::new(sound);
            }
        }
        let is_missed = self.send_frame(tick, paused);
        for reply in changed {
            // Who asked may have gone.
            let _ = reply.send(Ok(tick));
        }
        for reply in stepped {
            // Who asked may have gone.
            let _ = reply.send(Ok(tick));
        }
        self.write_journal(&mut report, paused);
        if !report.scenes.is_empty() {
            // Nobody listening is fine.
            let _ = self.shared.events.send(self.scenes_changed(tick, &report.scenes));
        }
        for event in &report.events {
            let event = match event {
                SceneEvent::Fired { name } => StreamEvent::Fired { name: name.clone() },
                SceneEvent::Failed { message } => {
                    tracing::warn!(tick, "{message}");
                    StreamEvent::Error { message: message.clone() }
                }
            };
            // Nobody listening is fine.
            let _ = self.shared.events.send(event);
        }
        let position = self.shared.journal.position();
        for (ticket, outcome) in &report.outcomes {
            if let Some(waiting) = self.replies.remove(ticket) {
                // Who asked may have gone.
                let _ = waiting.reply.send((outcome.clone(), position));
            }
        }
        let spent = began.elapsed();
        self.count(tick, &report, spent, is_missed);
        (self.observe)(&report, spent);
        Load { spent, is_missed }
    }

    /// Writes what the tick has done into the journal, and tells the diff. Both come before the answers: who has an
    /// answer and then asks for diffs has not missed this one's.
    fn write_journal(&mut self, report: &mut TickReport, is_paused: bool) {
        let mut documents = Vec::new();
        for (ticket, _) in report.outcomes.iter().filter(|(_, outcome)| outcome.is_ok()) {
            if let Some(waiting) = self.replies.get_mut(ticket) {
                documents.append(&mut waiting.documents);
            }
        }
        for change in &report.scenes {
            keep_scene(change, &mut documents);
        }
        let (diff, motion) = (report.diff.take().map(Arc::new), report.motion.take());
        if diff.is_some() || motion.is_some() || !documents.is_empty() {
            self.note(diff.clone(), motion, documents);
        } else {
            let since = self.scene_ticks.saturating_sub(self.noted);
            let is_due = since >= CHECKPOINT * u64::from(self.fps) || (is_paused && since > 0);
            if is_due && self.compositor.is_moving() {
                self.note(None, None, documents);
            } else if is_due {
                self.noted = self.scene_ticks;
            }
        }
        if let Some(diff) = diff {
            self.follow_active_layer();
            // Nobody listening is fine.
            let _ = self.shared.diffs.send(diff);
        }
    }

    /// Appends to the journal, with the present scene time.
    fn note(&mut self, diff: Option<Arc<SceneDiff>>, motion: Option<MotionChange>, documents: Vec<Document>) {
        let change = SceneChange { seconds: seconds_of(self.scene_ticks, self.fps), diff, motion };
        self.shared.journal.append(Some(change), documents);
        self.noted = self.scene_ticks;
    }

    fn scenes_changed(&self, tick: u64, changes: &[HeldChange]) -> StreamEvent {
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                HeldChange::Put { id, .. } => put.push(id.clone()),
                HeldChange::Removed { id } => removed.push(id.clone()),
                HeldChange::Activated { .. } => {}
            }
        }
        StreamEvent::Scenes { tick, active: self.compositor.scenes().active.clone(), put, removed }
    }

    /// Moves scene time on by the frames that were asked for. Returns who waits for this tick.
    fn step(&mut self) -> Vec<oneshot::Sender<Result<u64, StepRefused>>> {
        let state = *self.shared.transport.borrow();
        let mut stepped = Vec::new();
        for (frames, reply) in std::mem::take(&mut self.steps) {
            if state == Transport::Paused {
                self.scene_ticks += u64::from(frames);
                stepped.push(reply);
            } else {
                // Who asked may have gone.
                let _ = reply.send(Err(StepRefused::NotPaused(state)));
            }
        }
        stepped
    }

    fn activate(&self, id: Option<LayerId>) -> Result<(), BatchRejected> {
        if let Some(id) = &id {
            self.check_layer(id)?;
        }
        let is_other = self.shared.active_layer.send_if_modified(|active| {
            let is_other = *active != id;
            active.clone_from(&id);
            is_other
        });
        if is_other {
            // Nobody listening is fine.
            let _ = self.shared.events.send(StreamEvent::ActiveLayer { id });
        }
        Ok(())
    }

    /// Nobody works on a layer that is gone.
    fn follow_active_layer(&self) {
        let active = self.shared.active_layer.borrow().clone();
        if active.is_some_and(|id| self.check_layer(&id).is_err()) {
            // No layer at all can always be chosen.
            let _ = self.activate(None);
        }
    }

    fn check_layer(&self, id: &LayerId) -> Result<(), BatchRejected> {
        let document = DocumentName::Layer { id: id.clone() };
        self.compositor.check(vec![Edit::Expect { document, etags: None }])
    }

    fn format(&self) -> StreamFormat {
        *self.shared.format.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out the changes of the engine that have come since the last tick. Returns who waits for this one.
    fn reconfigure(&mut self) -> Vec<Changed> {
        let mut carried_out = Vec::new();
        for (change, reply) in std::mem::take(&mut self.changes) {
            let count = self.compositor.layer_count();
            if change.max_layers.is_some_and(|limit| count > limit) {
                // Who asked may have gone.
                let _ = reply.send(Err(ReconfigurationRefused::TooManyLayers { count }));
                continue;
            }
            if let Some(max_layers) = change.max_layers {
                self.compositor.set_max_layers(max_layers);
            }
            if let Some((width, height)) = change.size {
                self.compositor.resize(width, height);
                let format = StreamFormat { width, height, fps: self.fps };
                *self.shared.format.lock().unwrap_or_else(PoisonError::into_inner) = format;
            }
            carried_out.push(reply);
        }
        carried_out
    }

    /// Hands the picture out. Returns whether someone did not take it.
    fn send_frame(&mut self, tick: u64, is_paused: bool) -> bool {
        let Some(picture) = &self.picture else { return false };
        let mut is_missed = false;
        let start = {
            // Held, so that both are of one moment.
            let state = self.shared.transport.borrow();
            (*state != Transport::Stopped).then(|| self.shared.starts.load(Ordering::Relaxed))
        };
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).retain(|consumer| {
            let sound = Arc::clone(&self.sound);
            match consumer.sender.try_send(ProgramFrame { tick, picture: Arc::clone(picture), start, sound, is_paused })
            {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    is_missed |= consumer.needs_all;
                    true
                }
                Err(TrySendError::Disconnected(_)) => false,
            }
        });
        is_missed
    }

    fn count(&mut self, tick: u64, report: &TickReport, spent: Duration, is_missed: bool) {
        let now = Instant::now();
        self.recent.push_back((now, spent));
        while self.recent.front().is_some_and(|(ended, _)| now - *ended > WINDOW) {
            self.recent.pop_front();
        }
        let ticks = self.recent.len();
        let total: Duration = self.recent.iter().map(|(_, spent)| *spent).sum();
        let span = self.recent.front().map_or(Duration::ZERO, |(ended, _)| now - *ended);
        let mut stats = self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.frames += 1;
        stats.dropped_frames += u64::from(is_missed);
        stats.tick = tick;
        stats.layer_count = report.layer_count as u64;
        #[expect(clippy::cast_precision_loss, reason = "at most some sixty")]
        {
            // From the end of one tick to that of the next is one frame. After a stall the first few come at once.
            let frames = (ticks - 1) as f64;
            let shortest = 0.9 * frames / f64::from(self.fps);
            stats.fps = if span.is_zero() { 0.0 } else { frames / span.as_secs_f64().max(shortest) };
        }
        stats.average_render_time = total / u32::try_from(ticks).unwrap_or(u32::MAX).max(1);
    }
}
