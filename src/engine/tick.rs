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

use components::{Edit, EditOutcome, SceneDocument, edit::EditRejected};
use systems::{Compositor, CompositorSettings, Frame, TickReport};
use tokio::sync::oneshot;

use super::{
    EngineHandle, ProgramFrame, StreamFormat, Transport,
    handle::{Request, Shared},
    pace::Pace,
};

/// How long the first frame waits for pictures and fonts of the scene. What is not there by then appears when it is.
const LOADING: Duration = Duration::from_secs(5);

/// Batches that may wait for ticks to come. More are refused as busy.
const SCHEDULED: usize = 4096;

/// Requests that are served after a tick was due. The rest waits for the next: a flood of them delays ticks no further.
const LATE: usize = 256;

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
    Scene(#[from] EditRejected),
    /// The system gave no thread.
    #[error("no thread could be started for the engine: {0}")]
    Thread(#[from] std::io::Error),
}

/// Starts the tick thread with `scene`. `observe` is called after every tick, on the tick thread, with what the tick
/// did and how long it took; it must be quick.
///
/// # Errors
/// The scene is not valid, or the system gives no thread.
pub fn spawn(
    settings: EngineSettings,
    scene: SceneDocument,
    observe: impl FnMut(&TickReport, Duration) + Send + 'static,
) -> Result<(EngineHandle, Engine), StartError> {
    let EngineSettings { format, max_layers, pool_size, asset_budget } = settings;
    let (handle, requests, shared) = EngineHandle::new(format);
    let (width, height) = (format.width, format.height);
    let mut compositor = Compositor::new(CompositorSettings { width, height, max_layers, pool_size, threads: None });
    compositor.set_asset_budget(asset_budget);
    compositor.watch_assets();
    compositor.submit(0, vec![Edit::LoadScene(Box::new(scene))]);
    let first = compositor.tick(0, 0.0);
    for (_, outcome) in first.outcomes {
        outcome?;
    }
    if !compositor.finish_loading(Instant::now() + LOADING) {
        tracing::warn!("some assets are not decoded after {LOADING:?}; they appear when they are");
    }
    let mut ticking = Ticking {
        compositor,
        requests,
        shared,
        observe: Box::new(observe),
        picture: first.frame,
        scene_ticks: 0,
        tickets: 1,
        replies: HashMap::new(),
        scheduled: BTreeMap::new(),
        scheduled_batches: 0,
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

impl Drop for Ticking {
    /// Whoever waits for an answer or for frames learns from the closed channels that there will be none.
    fn drop(&mut self) {
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

struct Ticking {
    compositor: Compositor,
    requests: Receiver<Request>,
    shared: Arc<Shared>,
    observe: Box<dyn FnMut(&TickReport, Duration) + Send>,
    /// What was drawn last.
    picture: Option<Arc<Frame>>,
    /// Ticks of scene time: those that ran or were dropped while not paused.
    scene_ticks: u64,
    tickets: u64,
    replies: HashMap<u64, oneshot::Sender<EditOutcome>>,
    /// Batches for ticks to come.
    scheduled: BTreeMap<u64, Vec<(Vec<Edit>, oneshot::Sender<EditOutcome>)>>,
    /// How many these are.
    scheduled_batches: usize,
    /// When ticks of the last second ended, and how long each took.
    recent: VecDeque<(Instant, Duration)>,
}

impl Ticking {
    fn run(&mut self) {
        let pace = Pace::new(self.shared.format, Instant::now());
        let mut tick = 1;
        while self.serve_until(pace.due(tick)) {
            self.tick(tick);
            let next = pace.next(tick, Instant::now());
            let skipped = next - tick - 1;
            if skipped > 0 {
                tracing::warn!(tick, skipped, "ticks were late and were dropped");
                self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner).dropped_frames += skipped;
            }
            if *self.shared.transport.borrow() != Transport::Paused {
                self.scene_ticks += skipped;
            }
            tick = next;
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
                Ok(Request::Edit { edits, at, reply }) => self.accept(edits, at, reply),
                Ok(Request::Snapshot { reply }) => drop(reply.send(Arc::new(self.compositor.snapshot()))),
                Ok(Request::Picture { reply }) => drop(reply.send(Arc::new(self.compositor.picture()))),
                Ok(Request::Shutdown) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }

    fn accept(&mut self, edits: Vec<Edit>, at: Option<u64>, reply: oneshot::Sender<EditOutcome>) {
        match at {
            Some(_) if self.scheduled_batches >= SCHEDULED => {
                // Who asked may have gone.
                let _ = reply.send(Err(EditRejected::Busy));
            }
            Some(tick) => {
                self.scheduled_batches += 1;
                self.scheduled.entry(tick).or_default().push((edits, reply));
            }
            None => self.submit(edits, reply),
        }
    }

    fn submit(&mut self, edits: Vec<Edit>, reply: oneshot::Sender<EditOutcome>) {
        self.compositor.submit(self.tickets, edits);
        self.replies.insert(self.tickets, reply);
        self.tickets += 1;
    }

    /// Submits the batches whose tick has come. A batch goes with the client that waits for its answer, so that what
    /// waits is never more than the clients that do.
    fn submit_due(&mut self, tick: u64) {
        let later = self.scheduled.split_off(&(tick + 1));
        for (edits, reply) in std::mem::replace(&mut self.scheduled, later).into_values().flatten() {
            self.scheduled_batches -= 1;
            if !reply.is_closed() {
                self.submit(edits, reply);
            }
        }
        if tick.is_multiple_of(u64::from(self.shared.format.fps)) {
            self.scheduled.retain(|_, batches| {
                batches.retain(|(_, reply)| !reply.is_closed());
                !batches.is_empty()
            });
            self.scheduled_batches = self.scheduled.values().map(Vec::len).sum();
        }
    }

    fn tick(&mut self, tick: u64) {
        let began = Instant::now();
        self.submit_due(tick);
        let paused = *self.shared.transport.borrow() == Transport::Paused;
        self.scene_ticks += u64::from(!paused);
        #[expect(clippy::cast_precision_loss, reason = "2^53 ticks are millions of years")]
        let seconds = self.scene_ticks as f64 / f64::from(self.shared.format.fps);
        let mut report = self.compositor.tick(tick, seconds);
        if let Some(frame) = &report.frame {
            self.picture = Some(Arc::clone(frame));
        }
        let is_missed = self.send_frame(tick);
        // The diff goes out before the answers: who has an answer and then asks for diffs has not missed this one's.
        if let Some(diff) = report.diff.take() {
            // Nobody listening is fine.
            let _ = self.shared.diffs.send(Arc::new(diff));
        }
        for (ticket, outcome) in std::mem::take(&mut report.outcomes) {
            if let Some(reply) = self.replies.remove(&ticket) {
                // Who asked may have gone.
                let _ = reply.send(outcome);
            }
        }
        let spent = began.elapsed();
        self.count(tick, &report, spent, is_missed);
        (self.observe)(&report, spent);
    }

    /// Hands the picture out. Returns whether someone did not take it.
    fn send_frame(&mut self, tick: u64) -> bool {
        let Some(picture) = &self.picture else { return false };
        let mut is_missed = false;
        let start = self.shared.starts.load(Ordering::Relaxed);
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).retain(|consumer| {
            match consumer.sender.try_send(ProgramFrame { tick, picture: Arc::clone(picture), start }) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    is_missed = true;
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
            // From the end of one tick to that of the next is one frame.
            stats.fps = if span.is_zero() { 0.0 } else { (ticks - 1) as f64 / span.as_secs_f64() };
        }
        stats.average_render_time = total / u32::try_from(ticks).unwrap_or(u32::MAX).max(1);
    }
}
