//! The tick thread: owns the scene, runs ticks when they are due, hands out frames, diffs and answers.

mod active;
mod batches;
mod changes;
mod figures;
mod keeping;
mod load;
mod serving;
mod telling;

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, TrySendError},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use systems::{Compositor, TickReport};
use tokio::sync::oneshot;

pub(super) use self::batches::Waiting;
use self::load::Load;
use super::{
    Reconfiguration, ReconfigurationRefused, StepRefused, StreamFormat, Transport,
    governor::Governor,
    pace::Pace,
    scheduled::Scheduled,
    shared::{Misses, Request, Shared},
    shown::Shown,
    slow::SlowTicks,
};

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
    /// What frame rate and render time are told of.
    recent: figures::Recent,
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
            recent: figures::Recent::default(),
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

    fn format(&self) -> StreamFormat {
        *self.shared.format.lock().unwrap_or_else(PoisonError::into_inner)
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
