//! The tick thread: owns the scene, runs ticks when they are due, hands out frames, diffs and answers.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError, TrySendError},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use components::{
    Edit, HeldChange, LayerId, SceneDiff, SceneId, SceneSnapshot,
    edit::{BatchRejected, DocumentName, EditRejected},
};
use serde_json::Value;
use systems::{
    Compositor, TickReport,
    clock::{MotionChange, SceneEvent},
    edit::Sender,
};
use tokio::sync::oneshot;

use super::{
    Document, HELD, Kept, ON_AIR, Reconfiguration, ReconfigurationRefused, SceneChange, Shedding, StepRefused,
    StreamEvent, StreamFormat, Transport, Whole,
    governor::Governor,
    pace::Pace,
    scheduled::Scheduled,
    shared::{EditReply, Request, Shared},
    shown::Shown,
    slow::SlowTicks,
};

/// Layers that a batch may go through, each counted as often as it does: two tenths of a second, about.
const MAX_WEIGHT: usize = 12_000;

/// Requests that are served after a tick was due, for a quarter of a frame at most. The rest waits for the next: a flood
/// of them delays ticks no further.
const LATE: usize = 256;

/// Seconds between two notes of the scene time in the journal, while anything moves.
const CHECKPOINT: u64 = 1;

/// Time over which frame rate and render time are told.
const WINDOW: Duration = Duration::from_secs(1);

/// Ticks of scene time up to a moment of the scene.
pub(super) fn ticks_of(seconds: f64, fps: u32) -> u64 {
    let ticks = (seconds * f64::from(fps)).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not below 0, and as cast as it can be"
    )]
    if ticks.is_finite() { ticks.max(0.0) as u64 } else { 0 }
}

/// The moment of the scene after so many ticks of its time.
pub(super) fn seconds_of(ticks: u64, fps: u32) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "2^53 ticks are millions of years")]
    let ticks = ticks as f64;
    ticks / f64::from(fps)
}

impl Drop for Ticking {
    /// Whoever waits for an answer or for frames learns from the closed channels that there will be none.
    fn drop(&mut self) {
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.places.close();
        self.forget_snapshot();
    }
}

/// What is to be kept of a change of the scenes that are held.
fn keep_scene(change: &HeldChange, documents: &mut Vec<Document>) {
    let held = |id: &SceneId, value| Document { kind: HELD, id: id.as_str().to_owned(), value };
    match change {
        HeldChange::Put { id, scene } => documents.push(held(id, Some(Kept::Scene(Arc::clone(scene))))),
        HeldChange::Removed { id } => documents.push(held(id, None)),
        HeldChange::Activated { id, .. } => {
            let active = Kept::Value(Value::String(id.as_str().to_owned()));
            documents.push(held(id, None));
            documents.push(Document { kind: ON_AIR.0, id: ON_AIR.1.to_owned(), value: Some(active) });
        }
    }
}

/// Answers who asked for a change of the engine.
type Changed = oneshot::Sender<Result<u64, ReconfigurationRefused>>;
/// A batch that somebody waits for.
pub(super) struct Waiting {
    /// What is kept together with what it changes.
    documents: Vec<Document>,
    reply: oneshot::Sender<EditReply>,
}

impl Waiting {
    pub(super) fn new(documents: Vec<Document>, reply: oneshot::Sender<EditReply>) -> Self {
        Self { documents, reply }
    }

    /// Whether nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.reply.is_closed()
    }
}

/// How hard a tick was.
struct Load {
    spent: Duration,
    /// Whether its frame was not taken.
    is_missed: bool,
}

/// The tick thread's own.
pub(super) struct Ticking {
    compositor: Compositor,
    governor: Governor,
    slow: SlowTicks,
    requests: Receiver<Request>,
    shared: Arc<Shared>,
    observe: Box<dyn FnMut(&TickReport, Duration) + Send>,
    /// What is seen and heard.
    shown: Shown,
    /// Ticks of scene time: those that ran or were dropped while not paused.
    scene_ticks: u64,
    /// The scene time in ticks at which the journal was last written, or could have been left as it was.
    noted: u64,
    tickets: u64,
    replies: HashMap<u64, Waiting>,
    /// Batches for ticks to come.
    scheduled: Scheduled,
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
    /// What goes on from a compositor that has run tick 0, with what that showed.
    pub(super) fn new(
        compositor: Compositor,
        governor: Governor,
        (requests, shared): (Receiver<Request>, Arc<Shared>),
        observe: Box<dyn FnMut(&TickReport, Duration) + Send>,
        shown: Shown,
        scene_ticks: u64,
    ) -> Self {
        let fps = shared.format.lock().unwrap_or_else(PoisonError::into_inner).fps;
        Self {
            compositor,
            governor,
            slow: SlowTicks::default(),
            requests,
            shared,
            observe,
            shown,
            scene_ticks,
            noted: 0,
            tickets: 1,
            replies: HashMap::new(),
            scheduled: Scheduled::default(),
            changes: Vec::new(),
            steps: Vec::new(),
            fps,
            recent: VecDeque::new(),
        }
    }

    pub(super) fn run(&mut self) {
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
        let now = self.shared.started.elapsed();
        let stakes = || self.compositor.quality_stakes();
        let changed = self.governor.observe(share, is_late || load.is_missed, now, stakes);
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
        let (mut late, mut late_since) = (0, None);
        let patience = self.format().presentation_time(1) / 4;
        loop {
            let now = Instant::now();
            let request = match due.checked_duration_since(now) {
                Some(rest) => self.requests.recv_timeout(rest),
                None if late == LATE || now - *late_since.get_or_insert(now) >= patience => return true,
                None => {
                    late += 1;
                    self.requests.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    })
                }
            };
            if request.is_ok() {
                self.shared.places.add_permits(1);
            }
            match request {
                Ok(Request::Edit { sender, edits, documents, at, reply }) => {
                    self.accept(sender, edits, at, Waiting::new(documents, reply));
                }
                Ok(Request::Check { edits, reply }) => {
                    let checked = self.weigh(&edits).map_err(BatchRejected::from);
                    let checked = checked.and_then(|_| self.compositor.check(edits)).map(|()| self.last_tick());
                    // Who asked may have gone.
                    let _ = reply.send(checked);
                }
                Ok(Request::Whole { reply }) => {
                    let (snapshot, motion) = (self.compositor.snapshot(), self.compositor.motion());
                    // Who asked may have gone.
                    let _ = reply.send(Box::new(Whole { snapshot, motion }));
                }
                Ok(Request::Snapshot { reply }) => drop(reply.send(self.snapshot())),
                Ok(Request::Scenes { reply }) => {
                    drop(reply.send((self.snapshot(), self.compositor.scenes().clone())));
                }
                Ok(Request::Picture { reply }) => drop(reply.send(Arc::new(self.compositor.picture()))),
                Ok(Request::PictureOf { variant, reply }) => {
                    drop(reply.send(self.compositor.picture_of(&variant).map(Arc::new)));
                }
                Ok(Request::Reconfigure { change, reply }) => self.changes.push((change, reply)),
                Ok(Request::StoppedTriggers { reply }) => {
                    drop(reply.send((self.snapshot(), self.compositor.stopped_triggers())));
                }
                Ok(Request::Timelines { reply }) => {
                    drop(reply.send((self.last_tick(), self.compositor.timelines())));
                }
                Ok(Request::Animations { layer, reply }) => {
                    drop(reply.send((self.last_tick(), self.compositor.animations(&layer))));
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

    /// The scene after the last tick: copied once for all who ask until the next.
    fn snapshot(&self) -> Arc<SceneSnapshot> {
        let known = self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.unwrap_or_else(|| {
            // Nobody waits for the lock while it is copied, and nobody else puts one there.
            let snapshot = Arc::new(self.compositor.snapshot());
            *self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&snapshot));
            snapshot
        })
    }

    /// The scene is another one now, or may be. It must not be told as it was once anybody may know that.
    fn forget_snapshot(&self) {
        // Dropped when the lock is open again: nobody has to wait for that.
        let _before = self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn last_tick(&self) -> u64 {
        self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner).tick
    }

    fn accept(&mut self, sender: Sender, edits: Vec<Edit>, at: Option<u64>, waiting: Waiting) {
        let weight = match self.weigh(&edits) {
            Ok(weight) => weight,
            Err(refused) => {
                // Who asked may have gone.
                let _ = waiting.reply.send((Err(refused.into()), 0));
                return;
            }
        };
        // One for a tick that is past takes its turn like those that are for none.
        let last = self.last_tick();
        let Some(tick) = at.filter(|at| *at > last) else {
            let ticket = self.ticket(waiting);
            self.compositor.submit_from(sender, ticket, edits);
            return;
        };
        if let Err((refused, waiting)) = self.scheduled.add(sender, tick, weight, edits, waiting) {
            // Who asked may have gone.
            let _ = waiting.reply.send((Err(refused.into()), 0));
        }
    }

    /// How much work a batch is, unless it is too much at once.
    fn weigh(&self, edits: &[Edit]) -> Result<usize, EditRejected> {
        let weight = self.compositor.weigh(edits);
        if weight > MAX_WEIGHT { Err(EditRejected::TooMuchWork { weight, limit: MAX_WEIGHT }) } else { Ok(weight) }
    }

    /// The number under which a batch is answered.
    fn ticket(&mut self, waiting: Waiting) -> u64 {
        let ticket = self.tickets;
        self.replies.insert(ticket, waiting);
        self.tickets += 1;
        ticket
    }

    /// Submits the batches whose tick has come.
    fn submit_due(&mut self, tick: u64) {
        for (sender, edits, waiting) in self.scheduled.due(tick) {
            let ticket = self.ticket(waiting);
            self.compositor.submit_due(sender, ticket, edits);
        }
        if tick.is_multiple_of(u64::from(self.fps)) {
            self.scheduled.tidy();
        }
    }

    /// Runs a tick.
    fn tick(&mut self, tick: u64) -> Load {
        let _span = tracing::debug_span!("tick", tick).entered();
        let began = Instant::now();
        self.submit_due(tick);
        let changed = self.reconfigure();
        let paused = *self.shared.transport.borrow() == Transport::Paused;
        self.scene_ticks += u64::from(!paused);
        let stepped = self.step();
        // A clock that is before 1970 is none.
        if let Ok(since) = SystemTime::now().duration_since(UNIX_EPOCH) {
            self.compositor.set_wall_clock(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        }
        let seconds = seconds_of(self.scene_ticks, self.fps);
        if !paused {
            self.shared.heard.take(seconds, |readings| self.compositor.hear(readings));
        }
        let mut report = self.compositor.tick(tick, seconds);
        self.forget_snapshot();
        self.shown.follow(&report);
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
        let period = self.format().presentation_time(1);
        if let Some(message) = self.slow.observe(spent, period, &report.stages, Instant::now()) {
            tracing::warn!(tick, "{message}");
        }
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
        let (mut put, mut removed, mut transition) = (Vec::new(), Vec::new(), None);
        for change in changes {
            match change {
                HeldChange::Put { id, .. } => put.push(id.clone()),
                HeldChange::Removed { id } => removed.push(id.clone()),
                HeldChange::Activated { transition: by, .. } => transition = Some(by.clone()),
            }
        }
        StreamEvent::Scenes { tick, active: self.compositor.scenes().active.clone(), put, removed, transition }
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
        let mut is_missed = false;
        let start = {
            // Held, so that both are of one moment.
            let state = self.shared.transport.borrow();
            (*state != Transport::Stopped).then(|| self.shared.starts.load(Ordering::Relaxed))
        };
        let seconds = seconds_of(self.scene_ticks, self.fps);
        let Some(frame) = self.shown.frame(tick, seconds, start, is_paused) else { return false };
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).retain(|consumer| {
            match consumer.sender.try_send(frame.clone()) {
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
        stats.missed_frames += u64::from(is_missed);
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
