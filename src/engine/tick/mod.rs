//! The tick thread: owns the scene, runs ticks when they are due, hands out frames, diffs and answers.

mod active;
mod batches;
mod figures;
mod keeping;
mod telling;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError, TrySendError},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use components::SceneSnapshot;
use systems::{Compositor, TickReport};
use tokio::sync::oneshot;

pub(super) use self::batches::Waiting;

use super::{
    Reconfiguration, ReconfigurationRefused, Shedding, StepRefused, StreamEvent, StreamFormat, Transport, Whole,
    governor::Governor,
    pace::Pace,
    scheduled::Scheduled,
    shared::{Misses, Request, Shared},
    shown::Shown,
    slow::SlowTicks,
};

/// Requests that are served after a tick was due, for a quarter of a frame at most. The rest waits for the next: a flood
/// of them delays ticks no further.
const LATE: usize = 256;

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

/// Answers who asked for a change of the engine.
type Changed = oneshot::Sender<Result<u64, ReconfigurationRefused>>;
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
        let ticking = Self {
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
        };
        ticking.note_scene_on_air(0);
        ticking
    }

    pub(super) fn run(&mut self) {
        // Tick 1 draws all that was decoded since tick 0 for the first time, which may take longer than a frame lasts. Nobody
        // has seen anything before, so that nothing is late: the grid begins when it has ended.
        if self.serve_until(Instant::now()) {
            self.tick(1);
            self.run_from(2);
        }
        // For whoever goes on from here.
        self.note(None, None, Vec::new());
    }

    /// Runs this tick a frame's time from now, and those after it on the grid that begins so.
    fn run_from(&mut self, mut tick: u64) {
        let format = self.format();
        let before = format.presentation_time(tick - 1);
        let now = Instant::now();
        let pace = Pace::new(format, now.checked_sub(before).unwrap_or(now));
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
                Ok(Request::Edit { sender, edits, documents, at, look, reply }) => {
                    self.accept(sender, edits, at, Waiting::new(documents, reply).looking(look));
                }
                Ok(Request::Make { sender, make, reply }) => self.make(sender, make, reply),
                Ok(Request::Check { sender, edits, reply }) => {
                    if let Some((_, waiting)) = self.admit(&edits, Waiting::new(Vec::new(), reply)) {
                        let ticket = self.ticket(waiting);
                        self.compositor.submit_check(sender, ticket, edits);
                    }
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
                Ok(Request::SoundAnimations { track, reply }) => {
                    drop(reply.send((self.last_tick(), self.compositor.sound_animations(track.as_ref()))));
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
        self.write_journal(&mut report, paused);
        // Who waits for what has been changed so far to be durable waits for this too.
        for reply in stepped {
            // Who asked may have gone.
            let _ = reply.send(Ok(tick));
        }
        self.tell_events(tick, &report);
        let position = self.shared.journal.position();
        for (ticket, outcome) in report.outcomes.iter().chain(&report.checks) {
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

    /// Hands the picture out. Returns whether the stream misses it.
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
                    match &consumer.misses {
                        Misses::OfStream => is_missed = true,
                        Misses::Own(count) => drop(count.fetch_add(1, Ordering::Relaxed)),
                        Misses::Nobodys => {}
                    }
                    true
                }
                Err(TrySendError::Disconnected(_)) => false,
            }
        });
        is_missed
    }
}
