//! One output over its whole life: opened, watched, reopened, finished.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    backoff::ReconnectPolicy,
    destination::Destination,
    encoder::KeyFrameRequest,
    file,
    gate::{Gate, Outlet},
    live::{Folder, LiveStore, Segmenter},
    packet::Packet,
    pipeline::{OutputError, OutputPipeline, Pace, PipelineEvent},
    rtmp,
};
use crate::engine::{OutputState, OutputStatus};

/// How often an output is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often its counters are told while nothing else changes.
const TELL: Duration = Duration::from_secs(1);
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an output may take to finish.
const FINISH: Duration = Duration::from_secs(10);
/// A server that closes the connection within this time did not want the stream: many take any, and only then look
/// at its key.
const WELCOME: Duration = Duration::from_secs(3);
/// After this long on air, the next loss counts as the first again.
const STEADY: Duration = Duration::from_secs(30);

/// Tells people how an output is doing.
pub(super) type Publish = Arc<dyn Fn(OutputStatus) + Send + Sync>;

/// What to do next. Few wait at any time: one for each start and each stop by a person.
enum Order {
    Open,
    Finish,
}

/// What all links share.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) publish: Publish,
    /// How to ask the present encoder for a key frame.
    pub(super) key_frame: Arc<Mutex<Option<KeyFrameRequest>>>,
    pub(super) policy: ReconnectPolicy,
    pub(super) has_audio: bool,
    /// Dropped when the supervisor ends.
    #[expect(dead_code, reason = "that it is dropped is all it tells")]
    pub(super) alive: Sender<()>,
}

/// The encoder's side of an output.
pub(super) struct Link {
    gate: Arc<Mutex<Gate>>,
    orders: Sender<Order>,
}

impl Link {
    /// Starts the supervisor of an output. It does nothing yet.
    pub(super) fn start(id: &str, destination: Destination, surroundings: Surroundings) -> std::io::Result<Self> {
        let gate = Arc::new(Mutex::new(Gate::default()));
        let (orders, inbox) = channel();
        let status = OutputStatus {
            id: id.to_owned(),
            url: destination.redacted(),
            state: OutputState::Stopped,
            bytes: 0,
            dropped_frames: 0,
            reconnects: 0,
            last_error: None,
        };
        let mut supervisor = Supervisor {
            destination,
            gate: Arc::clone(&gate),
            orders: inbox,
            status,
            surroundings,
            retired: None,
            told: Instant::now(),
            began: Instant::now(),
        };
        std::thread::Builder::new().name(format!("output-{id}")).spawn(move || supervisor.run())?;
        Ok(Self { gate, orders })
    }

    /// Has it open.
    pub(super) fn open(&self) {
        // A supervisor that is gone has nothing to open.
        let _ = self.orders.send(Order::Open);
    }

    /// Lets it finish what it has. Packets offered from now on are not for it.
    pub(super) fn finish(&self) {
        let _ = self.orders.send(Order::Finish);
        lock(&self.gate).finish();
    }

    /// Offers a packet. Never waits for the output.
    pub(super) fn offer(&self, packet: &Packet) {
        lock(&self.gate).offer(packet);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn described(state: OutputState) -> &'static str {
    match state {
        OutputState::Stopped => "stopped",
        OutputState::Starting => "starting",
        OutputState::Started => "started",
        OutputState::Stopping => "stopping",
        OutputState::Reconnecting => "reconnecting",
        OutputState::Failed => "given up",
    }
}

/// How a connection ended.
enum Ended {
    /// As it was told.
    Finished,
    /// The stream goes on in a format that what was written cannot hold: there is more to come for another one.
    Full,
    /// The peer was lost; it may come back.
    Lost(String),
    /// It makes no sense to try again.
    Failed(String),
}

struct Supervisor {
    destination: Destination,
    gate: Arc<Mutex<Gate>>,
    orders: Receiver<Order>,
    status: OutputStatus,
    surroundings: Surroundings,
    /// The pipeline before, on its way down. There is never more than one.
    retired: Option<JoinHandle<()>>,
    told: Instant,
    /// When it went on air last.
    began: Instant,
}

impl Supervisor {
    fn run(&mut self) {
        self.tell(OutputState::Stopped);
        while let Ok(order) = self.orders.recv() {
            if matches!(order, Order::Open) {
                self.serve();
            }
        }
    }

    /// From one start of the stream to its end.
    fn serve(&mut self) {
        self.status.last_error = None;
        self.tell(OutputState::Starting);
        let mut attempt = 0;
        loop {
            let begun = Instant::now();
            let ended = match &self.destination {
                Destination::Live { store } => {
                    let store = Arc::clone(store);
                    self.publish_segments(&store, None)
                }
                Destination::Hls { folder } => match Folder::open(folder) {
                    Ok(folder) => self.publish_segments(&Arc::default(), Some(folder)),
                    Err(error) => Ended::Failed(error.to_string()),
                },
                Destination::Rtmp { .. } | Destination::File { .. } => self.run_pipeline(),
            };
            match ended {
                Ended::Finished => {
                    self.tell(OutputState::Stopped);
                    return;
                }
                Ended::Failed(error) => return self.give_up(error),
                Ended::Full => {}
                Ended::Lost(error) => {
                    if begun.elapsed() > STEADY {
                        attempt = 0;
                    }
                    if self.surroundings.policy.attempts.is_some_and(|attempts| attempt >= attempts) {
                        let error = format!("{error}; given up after {attempt} further attempts");
                        return self.give_up(error);
                    }
                    self.complain(error, OutputState::Reconnecting);
                    if self.wait_before(attempt) {
                        self.tell(OutputState::Stopped);
                        return;
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// Does nothing more until the stream stops, which is the chance to mend what is wrong.
    fn give_up(&mut self, error: String) {
        self.complain(error, OutputState::Failed);
        while let Ok(Order::Open) = self.orders.recv() {}
    }

    /// Waits for the next attempt. Returns whether the stream stopped meanwhile.
    fn wait_before(&mut self, attempt: u32) -> bool {
        let until = Instant::now() + self.surroundings.policy.wait(attempt);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let still_down = self.retired.as_ref().is_some_and(|thread| !thread.is_finished());
            if left.is_zero() && !still_down {
                return false;
            }
            match self.orders.recv_timeout(left.clamp(LOOK, TELL)) {
                Err(RecvTimeoutError::Timeout) | Ok(Order::Open) => self.tell(self.status.state),
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
    }

    fn open_pipeline(&mut self) -> Result<OutputPipeline, OutputError> {
        let pace = Pace::Live { frames: self.surroundings.policy.queue_frames };
        let parts = match &self.destination {
            Destination::File { path, format } => {
                let path = file::create_new(path)?;
                self.status.url = path.display().to_string();
                file::parts(&path, *format, pace)?
            }
            Destination::Rtmp { url } => rtmp::parts(url)?,
            Destination::Live { .. } | Destination::Hls { .. } => return Err(OutputError::Unlinkable),
        };
        OutputPipeline::start(&parts, self.surroundings.has_audio, pace)
    }

    /// One connection, or one file.
    fn run_pipeline(&mut self) -> Ended {
        let pipeline = match self.open_pipeline() {
            Ok(pipeline) => pipeline,
            Err(OutputError::Failed(text)) => return self.explain(&text),
            Err(error) => return Ended::Failed(error.to_string()),
        };
        if self.status.state == OutputState::Started {
            // The next file, whose name is known now.
            self.tell(OutputState::Starting);
        }
        self.open_gate(Box::new(pipeline.inlet()));
        let ended = self.watch(&pipeline);
        if !matches!(ended, Ended::Full) {
            drop(lock(&self.gate).close());
        }
        let retired = pipeline.take_down();
        if matches!(ended, Ended::Finished | Ended::Full) {
            // A file is whole when its pipeline is down.
            let until = Instant::now() + FINISH;
            while !retired.is_finished() && Instant::now() < until {
                std::thread::sleep(LOOK / 10);
            }
        }
        self.retired = Some(retired);
        ended
    }

    fn open_gate(&self, outlet: Box<dyn Outlet>) {
        lock(&self.gate).open(outlet);
        if let Some(request) = &*lock(&self.surroundings.key_frame) {
            request.send();
        }
    }

    fn watch(&mut self, pipeline: &OutputPipeline) -> Ended {
        let (is_rtmp, enough) = match &self.destination {
            Destination::Rtmp { .. } => (true, rtmp::PACKETS_WHEN_CONNECTED),
            _ => (false, 1),
        };
        let opened = Instant::now();
        let mut finish_by = None;
        let mut moved = (0, opened);
        loop {
            match pipeline.event(LOOK) {
                Some(PipelineEvent::Error(text)) if finish_by.is_some() || self.is_told_to_finish() => {
                    // The stream has stopped: there is nothing to come back for.
                    if let Ended::Lost(error) | Ended::Failed(error) = self.explain(&text) {
                        tracing::warn!(output = self.status.id, url = self.status.url, "{error}");
                        self.status.last_error = Some(error);
                    }
                    return Ended::Finished;
                }
                Some(PipelineEvent::Error(text)) => return self.explain(&text),
                Some(PipelineEvent::End) if finish_by.is_some() || self.is_told_to_finish() => return Ended::Finished,
                Some(PipelineEvent::End) if lock(&self.gate).is_renewing() => return Ended::Full,
                Some(PipelineEvent::End) => return Ended::Lost("the output ended by itself".to_owned()),
                None => {}
            }
            let now = Instant::now();
            match finish_by {
                None if self.is_told_to_finish() => {
                    finish_by = Some(now + FINISH);
                    self.tell(OutputState::Stopping);
                    lock(&self.gate).finish();
                }
                Some(limit) if now > limit => {
                    self.status.last_error = Some("it did not take the end of the stream in time".to_owned());
                    return Ended::Finished;
                }
                _ => {}
            }
            if finish_by.is_some() {
                continue;
            }
            let passed = pipeline.passed();
            if passed > moved.0 {
                moved = (passed, now);
            }
            let is_open = self.status.state == OutputState::Started;
            if passed >= enough && !is_open {
                self.started();
            } else if now.duration_since(self.told) > TELL {
                self.tell(self.status.state);
            }
            if is_rtmp && !is_open && now.duration_since(opened) > CONNECT {
                return self.explain("timed out");
            }
            if is_rtmp && lock(&self.gate).is_waiting() && now.duration_since(moved.1) > self.surroundings.policy.stall
            {
                return self.explain("timed out");
            }
        }
    }

    fn is_told_to_finish(&self) -> bool {
        matches!(self.orders.try_recv(), Ok(Order::Finish) | Err(TryRecvError::Disconnected))
    }

    /// Cuts the stream into segments, for `store` and, if there is one, `folder`.
    fn publish_segments(&mut self, store: &Arc<LiveStore>, mut folder: Option<Folder>) -> Ended {
        self.open_gate(Box::new(Segmenter::new(Arc::clone(store), self.surroundings.has_audio)));
        let published_before = store.published();
        let mut ended = None;
        while ended.is_none() {
            match self.orders.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                    // Its last segment first, so that a folder gets it too.
                    lock(&self.gate).finish();
                    ended = Some(Ended::Finished);
                }
            }
            if let Some(Err(error)) = folder.as_mut().map(|folder| folder.mirror(store)) {
                drop(lock(&self.gate).close());
                return Ended::Failed(error.to_string());
            }
            if self.status.state != OutputState::Started && store.published() > published_before {
                self.started();
            } else if self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
        ended.unwrap_or(Ended::Finished)
    }

    fn started(&mut self) {
        if self.status.state == OutputState::Reconnecting {
            self.status.reconnects += 1;
        }
        self.began = Instant::now();
        self.tell(OutputState::Started);
    }

    fn explain(&self, text: &str) -> Ended {
        match &self.destination {
            Destination::Rtmp { url } => {
                tracing::debug!(output = self.status.id, "{}", url.redact(text));
                let phase = match self.status.state {
                    OutputState::Started if self.began.elapsed() > WELCOME => rtmp::Phase::Sending,
                    OutputState::Started => rtmp::Phase::Beginning,
                    _ => rtmp::Phase::Connecting,
                };
                Ended::Lost(rtmp::explain(url, text, phase))
            }
            Destination::File { .. } => Ended::Failed(file::explain(self.status.url.as_ref(), text)),
            Destination::Live { .. } | Destination::Hls { .. } => Ended::Failed(text.to_owned()),
        }
    }

    fn complain(&mut self, error: String, state: OutputState) {
        tracing::warn!(output = self.status.id, url = self.status.url, "{error}");
        self.status.last_error = Some(error);
        self.tell(state);
    }

    fn tell(&mut self, state: OutputState) {
        if self.status.state != state {
            tracing::info!(output = self.status.id, url = self.status.url, "the output is {}", described(state));
        }
        self.status.state = state;
        {
            let gate = lock(&self.gate);
            self.status.bytes = gate.bytes;
            self.status.dropped_frames = gate.dropped;
        }
        self.told = Instant::now();
        (self.surroundings.publish)(self.status.clone());
    }
}
