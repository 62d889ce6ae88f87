//! What watches one output over its whole life: it is opened, reopened and finished, on a thread of its own.

mod away;
mod broken;
mod piped;
mod published;
mod told;
mod writing;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use super::{
    asking::Asking,
    backoff::{Attempts, Farewell, Next, ReconnectPolicy},
    destination::Destination,
    gate::{Gate, Outlet},
    key_frames::KeyFrameRequest,
    link::lock,
    links::RenditionName,
    lookout::Lookout,
    threads::Errand,
};
use crate::engine::{OutputErrorKind, OutputState, OutputStatus};

/// How often an output is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often its counters are told while nothing else changes.
const TELL: Duration = Duration::from_secs(1);
/// How long an output may take to finish.
const FINISH: Duration = Duration::from_secs(10);
/// An output that takes nothing for this long, although something waits for it, counts as stalled.
const STALLED: Duration = Duration::from_secs(2);
/// After this long on air, the next loss counts as the first again: the peer takes the stream, and is to have it
/// back as soon as it is there.
const STEADY: Duration = Duration::from_secs(5);
/// The part of the first wait that passes before a server is tried that was lost after that long. One that was started anew
/// at once is there again before anybody can see that it was away.
const AT_ONCE: f64 = 0.3;

/// What is said of a peer that does nothing any more.
const TIMED_OUT: &str = "timed out";

/// What is said of an RTMP server that ends the connection before it takes the stream: many look at a key then, and say nothing.
const HINT: &str = "check the application and the stream key";
/// What is said of one that is there all the time, and does that again and again.
const SUSPECT: &str = "it does so each time, which is what a wrong stream key looks like";

/// Tells people how an output is doing.
pub(super) type Publish = Arc<dyn Fn(OutputStatus) + Send + Sync>;
/// Tells people that an output is no more.
pub(super) type Forget = Arc<dyn Fn(&str) + Send + Sync>;

/// What to do next. Few wait at any time: some for each start, stop and change by a person.
pub(super) enum Order {
    Open,
    /// Go on with what was done when the thread broke down. Nobody else orders this.
    Resume,
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

/// How a connection ended.
enum Ended {
    /// As it was told.
    Finished,
    /// The stream goes on in a format that what was written cannot hold: there is more to come for another one.
    Full,
    /// Its host did not answer, and does now: it is to be connected to anew.
    Anew,
    /// The peer was lost, for these reasons; it may come back.
    Lost(Farewell, String),
    /// It makes no sense to try again.
    Failed(OutputErrorKind, String),
}

/// Why the wait for the next attempt is over.
#[derive(PartialEq, Eq)]
enum Waited {
    /// It has been long enough.
    Enough,
    /// Somebody wants it tried now.
    Asked,
    /// It could not be reached, and can be now.
    Back,
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
    retired: Option<Errand>,
    told: Instant,
    /// When the bitrate was measured last, and the bytes up to then.
    measured: (Instant, u64),
    /// When it went on air last.
    began: Instant,
    /// Looks out for a server that is away while it is connected to, which may take long after it is back.
    lookout: Option<Lookout>,
    /// Since when no server has been found, unless somebody has asked to try again meanwhile.
    away_since: Option<Instant>,
    /// Whether it has been on air since it was started.
    has_begun: bool,
    /// Whether it has been on air for some time since it was told where to send: the key is right, or was.
    is_known: bool,
    /// How often in a row this thread has broken down, and when it goes on with what it did then.
    breakdowns: u32,
    goes_on_at: Option<Instant>,
    /// Asks where its host is. One that has had no answer when the attempt ends goes on for the next.
    asking: Option<Asking>,
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
            lookout: None,
            away_since: None,
            has_begun: false,
            is_known: false,
            breakdowns: 0,
            goes_on_at: None,
            asking: None,
        }
    }

    /// Tells that there is such an output: whoever adds one finds it at once.
    pub(super) fn introduce(&mut self) {
        self.tell(OutputState::Stopped);
    }

    /// See [`run`](Self::run).
    fn follow_orders(&mut self) -> bool {
        while let Some(order) = self.next_order() {
            match order {
                Order::Open => {
                    (self.status.last_error, self.status.last_error_kind) = (None, None);
                    (self.has_begun, self.breakdowns) = (false, 0);
                    self.serve(OutputState::Starting);
                }
                Order::Resume => self.serve(OutputState::Reconnecting),
                // One that gave up has nothing to finish.
                Order::Finish if self.status.state == OutputState::Failed => self.tell(OutputState::Stopped),
                Order::Finish => {}
                Order::Aim(destination, rendition) => {
                    self.rendition = rendition;
                    self.is_known &= self.destination.is_place_of(&destination);
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
            retired.wait();
        }
    }

    /// From one start of the stream to its end.
    fn serve(&mut self, beginning: OutputState) {
        (self.lookout, self.away_since) = (None, None);
        self.tell(beginning);
        let mut attempts = Attempts::default();
        let mut continued = None;
        loop {
            let ended = match &self.destination {
                Destination::Live { store } => {
                    let store = Arc::clone(store);
                    self.publish_segments(&store)
                }
                Destination::Hls { folder } => {
                    let folder = folder.clone();
                    self.publish_in_folder(&folder, &mut continued)
                }
                Destination::Thumbnails { path, settings } => {
                    let (path, settings) = (path.clone(), *settings);
                    self.publish_thumbnails(&path, settings)
                }
                Destination::Rtmp { .. } | Destination::Srt { .. } | Destination::File { .. } => self.run_pipeline(),
            };
            let is_on_air = matches!(self.status.state, OutputState::Started | OutputState::Stopping);
            let was_steady = is_on_air && self.has_begun && self.began.elapsed() > STEADY;
            self.is_known |= was_steady;
            match ended {
                Ended::Finished => {
                    self.tell(OutputState::Stopped);
                    return;
                }
                Ended::Failed(kind, error) => return self.complain(kind, error, OutputState::Failed),
                Ended::Full => {}
                Ended::Anew => {
                    attempts.reach_anew();
                    self.away_since = None;
                }
                Ended::Lost(farewell, error) => {
                    self.note(farewell, is_on_air);
                    if was_steady {
                        attempts = Attempts::default();
                    }
                    let next = attempts.after(farewell, self.is_known, &self.policy());
                    let is_cut = matches!(farewell, Farewell::CutShort | Farewell::TurnedAway);
                    let is_suspect = is_cut && attempts.are_many_cuts();
                    let kind = match farewell {
                        Farewell::Lost | Farewell::Absent => OutputErrorKind::Network,
                        // It took the stream: as a rule it has broken down.
                        Farewell::CutShort if !is_suspect => OutputErrorKind::Network,
                        Farewell::TurnedAway | Farewell::CutShort => OutputErrorKind::TurnedAway,
                        Farewell::Refused => OutputErrorKind::Refused,
                        Farewell::Unwritable => OutputErrorKind::Storage,
                        Farewell::Short => OutputErrorKind::Internal,
                    };
                    let error = match &self.destination {
                        Destination::Rtmp { .. } if is_suspect => format!("{error}; {SUSPECT}; {HINT}"),
                        Destination::Rtmp { .. } if farewell == Farewell::TurnedAway => format!("{error}; {HINT}"),
                        _ => error,
                    };
                    let (wait, error) = match next {
                        Next::After(wait) if was_steady && farewell == Farewell::Lost => (wait.mul_f64(AT_ONCE), error),
                        Next::After(wait) => (wait, error),
                        Next::Seldom(wait, why) => (wait, format!("{error}; {why}")),
                        // It does nothing more until it is started anew, which is the chance to mend what is wrong.
                        Next::GiveUp(why) => {
                            return self.complain(kind, format!("{error}; {why}"), OutputState::Failed);
                        }
                    };
                    self.complain(kind, error, OutputState::Reconnecting);
                    let lookout = self.lookout(farewell, wait);
                    match self.wait_for(wait, lookout.as_ref()) {
                        Waited::Finished => {
                            self.tell(OutputState::Stopped);
                            return;
                        }
                        Waited::Asked => {
                            attempts = Attempts::default();
                            self.away_since = None;
                        }
                        Waited::Back => {
                            attempts.reach_anew();
                            self.away_since = None;
                        }
                        // One that may be there all the time is left in peace.
                        Waited::Enough if is_cut => {}
                        Waited::Enough => self.lookout = lookout,
                    }
                }
            }
        }
    }

    fn policy(&self) -> ReconnectPolicy {
        *lock(&self.policy)
    }

    /// Waits for the next attempt.
    fn wait_for(&mut self, wait: Duration, lookout: Option<&Lookout>) -> Waited {
        let mut until = Instant::now() + wait;
        let mut waited = Waited::Enough;
        let longest = if lookout.is_some() { LOOK } else { TELL };
        loop {
            if waited == Waited::Enough && lookout.is_some_and(Lookout::is_back) {
                (waited, until) = (Waited::Back, Instant::now());
            }
            let left = until.saturating_duration_since(Instant::now());
            // One for which there is no thread is told of when it is to make way.
            let still_down = self.retired.as_mut().is_some_and(|retired| !retired.is_done() && retired.has_begun());
            if left.is_zero() && !still_down {
                return waited;
            }
            match self.orders.recv_timeout(left.clamp(LOOK, longest)) {
                Ok(Order::Open) => {
                    waited = Waited::Asked;
                    until = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) if self.told.elapsed() >= TELL => self.tell(self.status.state),
                // Both orders come after the one to finish only.
                Err(RecvTimeoutError::Timeout) | Ok(Order::Resume | Order::Aim(..) | Order::Leave) => {}
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => return Waited::Finished,
            }
        }
    }

    fn open_gate(&self, outlet: Box<dyn Outlet>) {
        lock(&self.gate).open(outlet);
    }

    /// Has a key frame come soon, with which the output can begin. All that send this rendition get it, and pay for it.
    fn ask_for_key_frame(&self) {
        if let Some(request) = lock(&self.surroundings.key_frames).get(&self.rendition) {
            request.send();
        }
    }
}
