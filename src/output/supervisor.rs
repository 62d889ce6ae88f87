//! What watches one output over its whole life: it is opened, reopened and finished, on a thread of its own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    backoff::{Attempts, Farewell, Next, ReconnectPolicy},
    destination::Destination,
    encoder::KeyFrameRequest,
    file,
    gate::{Gate, Outlet},
    link::lock,
    links::RenditionName,
    live::{Folder, LiveStore, Segmenter},
    pipeline::{OutputError, OutputPipeline, Pace, PipelineEvent},
    rtmp, srt,
    thumbnails::Album,
};
use crate::engine::{OutputErrorKind, OutputState, OutputStatus};

/// Packets that reach a sink when its peer has taken the stream: the first waits in the sink until then.
const PACKETS_WHEN_CONNECTED: u64 = 2;
/// How often an output is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often its counters are told while nothing else changes.
const TELL: Duration = Duration::from_secs(1);
/// An output that takes nothing for this long, although something waits for it, counts as stalled.
const STALLED: Duration = Duration::from_secs(2);
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an output may take to finish.
const FINISH: Duration = Duration::from_secs(10);
/// A server that closes the connection within this time did not want the stream: many take any, and only then look
/// at its key.
const WELCOME: Duration = Duration::from_secs(3);
/// After this long on air, the next loss counts as the first again: the peer takes the stream, and is to have it
/// back as soon as it is there.
const STEADY: Duration = Duration::from_secs(5);

/// What is said of a peer that does nothing any more.
const TIMED_OUT: &str = "timed out";

/// Tells people how an output is doing.
pub(super) type Publish = Arc<dyn Fn(OutputStatus) + Send + Sync>;
/// Tells people that an output is no more.
pub(super) type Forget = Arc<dyn Fn(&str) + Send + Sync>;

/// What to do next. Few wait at any time: some for each start, stop and change by a person.
pub(super) enum Order {
    Open,
    Finish,
    /// Send elsewhere, and this rendition, from the next start on.
    Aim(Destination, RenditionName),
    /// The output is removed.
    Leave,
}

/// How to ask the present encoder of each rendition for a key frame.
pub(super) type KeyFrames = Arc<Mutex<BTreeMap<RenditionName, KeyFrameRequest>>>;

/// What all links share.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) publish: Publish,
    pub(super) forget: Forget,
    /// How to ask the present encoder of each rendition for a key frame.
    pub(super) key_frames: KeyFrames,
    pub(super) has_audio: bool,
    /// Dropped when the supervisor ends.
    #[expect(dead_code, reason = "that it is dropped is all it tells")]
    pub(super) alive: Sender<()>,
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
    /// The peer was lost, for these reasons; it may come back.
    Lost(Farewell, String),
    /// It makes no sense to try again.
    Failed(OutputErrorKind, String),
}

/// Why the wait for the next attempt is over.
enum Waited {
    /// It has been long enough.
    Enough,
    /// Somebody wants it tried now.
    Asked,
    /// The output is to stop.
    Finished,
}

/// See the module's documentation.
pub(super) struct Supervisor {
    destination: Destination,
    rendition: RenditionName,
    gate: Arc<Mutex<Gate>>,
    orders: Receiver<Order>,
    policy: Arc<Mutex<ReconnectPolicy>>,
    status: OutputStatus,
    surroundings: Surroundings,
    /// The pipeline before, on its way down. There is never more than one.
    retired: Option<JoinHandle<()>>,
    told: Instant,
    /// When the bitrate was measured last, and the bytes up to then.
    measured: (Instant, u64),
    /// When it went on air last.
    began: Instant,
}

impl Supervisor {
    /// One for an output of this name. It does nothing yet.
    pub(super) fn new(
        id: &str,
        destination: Destination,
        rendition: RenditionName,
        gate: Arc<Mutex<Gate>>,
        policy: Arc<Mutex<ReconnectPolicy>>,
        orders: Receiver<Order>,
        surroundings: Surroundings,
    ) -> Self {
        let status = OutputStatus::new(id, destination.redacted());
        let now = Instant::now();
        let measured = (now, 0);
        Self {
            destination,
            rendition,
            gate,
            orders,
            policy,
            status,
            surroundings,
            retired: None,
            told: now,
            measured,
            began: now,
        }
    }

    /// Tells that there is such an output: whoever adds one finds it at once.
    pub(super) fn introduce(&mut self) {
        self.tell(OutputState::Stopped);
    }

    /// Does what it is ordered to, until the output is removed or nobody can order anything any more. Returns whether it
    /// was removed.
    pub(super) fn run(&mut self) -> bool {
        while let Ok(order) = self.orders.recv() {
            match order {
                Order::Open => self.serve(),
                // One that gave up has nothing to finish.
                Order::Finish if self.status.state == OutputState::Failed => self.tell(OutputState::Stopped),
                Order::Finish => {}
                Order::Aim(destination, rendition) => {
                    self.rendition = rendition;
                    self.status.url = destination.redacted();
                    (self.status.last_error, self.status.last_error_kind) = (None, None);
                    self.destination = destination;
                    self.tell(self.status.state);
                }
                Order::Leave => {
                    (self.surroundings.forget)(&self.status.id);
                    return true;
                }
            }
        }
        false
    }

    /// Waits until the last pipeline is down, whose sink may still be connecting. Nobody waits for this.
    pub(super) fn wait_until_down(mut self) {
        let retired = self.retired.take();
        // The end of all outputs does not wait for this one any more.
        drop(self);
        if let Some(retired) = retired {
            // Were it to panic, it would be down too.
            let _ = retired.join();
        }
    }

    /// From one start of the stream to its end.
    fn serve(&mut self) {
        (self.status.last_error, self.status.last_error_kind) = (None, None);
        self.tell(OutputState::Starting);
        let mut attempts = Attempts::default();
        loop {
            let ended = match &self.destination {
                Destination::Live { store } => {
                    let store = Arc::clone(store);
                    self.publish_segments(&store, None)
                }
                Destination::Hls { folder } => match Folder::open(folder) {
                    Ok(folder) => self.publish_segments(&Arc::default(), Some(folder)),
                    Err(error) => Ended::Failed(OutputErrorKind::Storage, error.to_string()),
                },
                Destination::Thumbnails { path, settings } => match Album::open(path, *settings) {
                    Ok(album) => self.publish_thumbnails(album),
                    Err(error) => Ended::Failed(OutputErrorKind::Storage, error.to_string()),
                },
                Destination::Rtmp { .. } | Destination::Srt { .. } | Destination::File { .. } => self.run_pipeline(),
            };
            match ended {
                Ended::Finished => {
                    self.tell(OutputState::Stopped);
                    return;
                }
                Ended::Failed(kind, error) => return self.complain(kind, error, OutputState::Failed),
                Ended::Full => {}
                Ended::Lost(farewell, error) => {
                    if self.status.state == OutputState::Started && self.began.elapsed() > STEADY {
                        attempts = Attempts::default();
                    }
                    let kind = match farewell {
                        Farewell::Lost => OutputErrorKind::Network,
                        Farewell::TurnedAway | Farewell::Refused => OutputErrorKind::Refused,
                    };
                    let wait = match attempts.after(farewell, &self.policy()) {
                        Next::After(wait) => wait,
                        // It does nothing more until it is started anew, which is the chance to mend what is wrong.
                        Next::GiveUp(why) => {
                            return self.complain(kind, format!("{error}; {why}"), OutputState::Failed);
                        }
                    };
                    self.complain(kind, error, OutputState::Reconnecting);
                    match self.wait_for(wait) {
                        Waited::Finished => {
                            self.tell(OutputState::Stopped);
                            return;
                        }
                        Waited::Asked => attempts = Attempts::default(),
                        Waited::Enough => {}
                    }
                }
            }
        }
    }

    fn policy(&self) -> ReconnectPolicy {
        *lock(&self.policy)
    }

    /// Waits for the next attempt.
    fn wait_for(&mut self, wait: Duration) -> Waited {
        let mut until = Instant::now() + wait;
        let mut waited = Waited::Enough;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let still_down = self.retired.as_ref().is_some_and(|thread| !thread.is_finished());
            if left.is_zero() && !still_down {
                return waited;
            }
            match self.orders.recv_timeout(left.clamp(LOOK, TELL)) {
                Ok(Order::Open) => {
                    waited = Waited::Asked;
                    until = Instant::now();
                }
                // Both come after the order to finish only.
                Err(RecvTimeoutError::Timeout) | Ok(Order::Aim(..) | Order::Leave) => self.tell(self.status.state),
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => return Waited::Finished,
            }
        }
    }

    fn open_pipeline(&mut self) -> Result<OutputPipeline, OutputError> {
        let pace = Pace::Live { frames: self.policy().queue_frames };
        let parts = match &self.destination {
            Destination::File { path, format, split } => {
                let path = file::create_new(path)?;
                self.status.url = path.display().to_string();
                file::parts(&path, *format, *split, pace)?
            }
            Destination::Rtmp { url } => rtmp::parts(url)?,
            Destination::Srt { url } => srt::parts(url)?,
            Destination::Live { .. } | Destination::Hls { .. } | Destination::Thumbnails { .. } => {
                return Err(OutputError::Unlinkable);
            }
        };
        OutputPipeline::start(&parts, self.surroundings.has_audio, pace)
    }

    /// One connection, or one file.
    fn run_pipeline(&mut self) -> Ended {
        let pipeline = match self.open_pipeline() {
            Ok(pipeline) => pipeline,
            Err(OutputError::Failed(text)) => return self.explain(&text),
            Err(error @ OutputError::NotWritable { .. }) => {
                return Ended::Failed(OutputErrorKind::Storage, error.to_string());
            }
            Err(error) => return Ended::Failed(OutputErrorKind::Internal, error.to_string()),
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
        if let Some(request) = lock(&self.surroundings.key_frames).get(&self.rendition) {
            request.send();
        }
    }

    fn watch(&mut self, pipeline: &OutputPipeline) -> Ended {
        let (has_peer, enough) = match &self.destination {
            Destination::Rtmp { .. } | Destination::Srt { .. } => (true, PACKETS_WHEN_CONNECTED),
            _ => (false, 1),
        };
        let opened = Instant::now();
        let mut finish_by = None;
        let mut moved = (0, opened);
        loop {
            match pipeline.event(LOOK) {
                Some(PipelineEvent::Error(text)) if finish_by.is_some() || self.is_told_to_finish() => {
                    // The stream has stopped: there is nothing to come back for.
                    if let Ended::Lost(_, error) | Ended::Failed(_, error) = self.explain(&text) {
                        tracing::warn!(output = self.status.id, url = self.status.url, "{error}");
                        self.status.last_error = Some(error);
                    }
                    return Ended::Finished;
                }
                Some(PipelineEvent::Error(text)) => return self.explain(&text),
                Some(PipelineEvent::End) if finish_by.is_some() || self.is_told_to_finish() => return Ended::Finished,
                Some(PipelineEvent::End) if lock(&self.gate).is_renewing() => return Ended::Full,
                Some(PipelineEvent::End) => {
                    return Ended::Lost(Farewell::Lost, "the output ended by itself".to_owned());
                }
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
            let is_stalled = is_open && now.duration_since(moved.1) > STALLED && lock(&self.gate).queued() > 0;
            let is_other = std::mem::replace(&mut self.status.is_stalled, is_stalled) != is_stalled;
            if passed >= enough && !is_open {
                self.started();
            } else if is_other || now.duration_since(self.told) > TELL {
                self.tell(self.status.state);
            }
            if has_peer && !is_open && now.duration_since(opened) > CONNECT {
                return self.explain(TIMED_OUT);
            }
            if (has_peer || is_open)
                && lock(&self.gate).is_waiting()
                && now.duration_since(moved.1) > self.policy().stall
            {
                return self.explain(TIMED_OUT);
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
                // It is open already.
                Err(RecvTimeoutError::Timeout) | Ok(Order::Open | Order::Aim(..) | Order::Leave) => {}
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => {
                    // Its last segment first, so that a folder gets it too.
                    lock(&self.gate).finish();
                    ended = Some(Ended::Finished);
                }
            }
            if let Some(Err(error)) = folder.as_mut().map(|folder| folder.mirror(store)) {
                drop(lock(&self.gate).close());
                return Ended::Failed(OutputErrorKind::Storage, error.to_string());
            }
            if self.status.state != OutputState::Started && store.published() > published_before {
                self.started();
            } else if self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
        ended.unwrap_or(Ended::Finished)
    }

    /// Writes the pictures that are due.
    fn publish_thumbnails(&mut self, mut album: Album) -> Ended {
        self.open_gate(Box::new(album.collector()));
        loop {
            let is_over = match self.orders.recv_timeout(LOOK) {
                // It is open already.
                Err(RecvTimeoutError::Timeout) | Ok(Order::Open | Order::Aim(..) | Order::Leave) => false,
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => true,
            };
            match album.develop() {
                Ok(Some(file)) => {
                    self.status.url = file.display().to_string();
                    if self.status.state == OutputState::Started {
                        self.tell(OutputState::Started);
                    } else {
                        self.started();
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    drop(lock(&self.gate).close());
                    let kind = match error {
                        OutputError::NotWritable { .. } => OutputErrorKind::Storage,
                        _ => OutputErrorKind::Internal,
                    };
                    return Ended::Failed(kind, error.to_string());
                }
            }
            if is_over {
                lock(&self.gate).finish();
                return Ended::Finished;
            }
            if self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
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
                let (farewell, words) = rtmp::explain(url, text, phase);
                Ended::Lost(farewell, words)
            }
            Destination::Srt { url } => {
                let (farewell, words) = srt::explain(url, text, self.status.state == OutputState::Started);
                Ended::Lost(farewell, words)
            }
            Destination::File { .. } if text == TIMED_OUT => {
                let words = format!("the disk takes nothing of `{}`; it goes on in another file", self.status.url);
                Ended::Lost(Farewell::Lost, words)
            }
            Destination::File { .. } => {
                Ended::Failed(OutputErrorKind::Storage, file::explain(self.status.url.as_ref(), text))
            }
            Destination::Live { .. } | Destination::Hls { .. } | Destination::Thumbnails { .. } => {
                Ended::Failed(OutputErrorKind::Internal, text.to_owned())
            }
        }
    }

    fn complain(&mut self, kind: OutputErrorKind, error: String, state: OutputState) {
        tracing::warn!(output = self.status.id, url = self.status.url, "{error}");
        self.status.last_error = Some(error);
        self.status.last_error_kind = Some(kind);
        self.status.errors += 1;
        self.tell(state);
    }

    fn tell(&mut self, state: OutputState) {
        if self.status.state != state {
            tracing::info!(output = self.status.id, url = self.status.url, "the output is {}", described(state));
        }
        self.status.state = state;
        if state != OutputState::Started {
            self.status.is_stalled = false;
        }
        {
            let mut gate = lock(&self.gate);
            gate.is_stalled = self.status.is_stalled;
            self.status.bytes = gate.bytes;
            self.status.dropped_frames = gate.dropped;
            self.status.queued_frames = gate.queued();
        }
        self.told = Instant::now();
        let (since, before) = self.measured;
        let elapsed = self.told.duration_since(since);
        if elapsed >= TELL / 2 {
            #[expect(clippy::cast_precision_loss, reason = "a second's worth of bytes")]
            let bits = (self.status.bytes - before) as f64 * 8.0;
            self.status.bitrate = bits / 1000.0 / elapsed.as_secs_f64();
            self.measured = (self.told, self.status.bytes);
        }
        (self.surroundings.publish)(self.status.clone());
    }
}
