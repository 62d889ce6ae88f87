//! From the engine's frames to all outputs: one thread that feeds the encoder while the stream is on air.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use gstreamer as gst;
use tokio::sync::watch;

use super::{
    audio::{Haste, Report, Sound},
    backoff::ReconnectPolicy,
    destination::Destination,
    elements::{MissingElement, SOFTWARE, VideoEncoder, choose_encoder, exists, first_missing},
    encoder::{Encoder, EncoderError, KeyFrameRequest, OnPacket},
    link::{Link, Publish, Surroundings},
    settings::EncoderSettings,
};
use crate::engine::{EngineHandle, ProgramFrame, StreamEvent, StreamFormat, Transport};

/// How long the encoder may take no frame before it is restarted.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look whether the stream stopped, should no frame come.
const LOOK: Duration = Duration::from_millis(100);

/// After this long without a failure, the next counts as the first again.
const STEADY: Duration = Duration::from_secs(30);

/// Sending cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// GStreamer is not there.
    #[error("GStreamer could not be started: {0}")]
    GStreamer(String),
    /// A part of it is not there.
    #[error(transparent)]
    Missing(#[from] MissingElement),
    /// Two outputs have one name.
    #[error("two outputs are named `{0}`; give each a name of its own")]
    SameName(String),
    /// The system gives no more threads.
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// What there is to send, and whom to tell.
pub struct Program {
    /// The frames.
    pub frames: Receiver<ProgramFrame>,
    /// Their rate, and the size that they begin with.
    pub format: StreamFormat,
    /// Whether the stream is on air.
    pub transport: watch::Receiver<Transport>,
    /// Gets the status of an output whenever it changes, and every second.
    pub publish: Publish,
    /// Gets what went wrong with the encoder.
    pub announce: Arc<dyn Fn(StreamEvent) + Send + Sync>,
}

/// Sends the engine's frames to all `destinations` whenever the stream is on air. At most `frames_waiting` frames wait for
/// the encoder; when it is behind by more, the engine leaves new ones out.
///
/// # Errors
/// GStreamer or a part of it is missing, or two outputs have one name. A destination that cannot be reached is no
/// error: its status says so.
pub fn run(
    engine: &EngineHandle,
    settings: EncoderSettings,
    destinations: Vec<(String, Destination)>,
    policy: ReconnectPolicy,
    frames_waiting: usize,
) -> Result<OutputsHandle, StartError> {
    let publish = {
        let engine = engine.clone();
        Arc::new(move |status| engine.publish_output(status))
    };
    let announce = {
        let engine = engine.clone();
        Arc::new(move |event| engine.announce(event))
    };
    let program = Program {
        frames: engine.frames(frames_waiting),
        format: engine.format(),
        transport: engine.transport(),
        publish,
        announce,
    };
    run_program(program, settings, destinations, policy)
}

/// Sends frames, wherever they come from, to all `destinations`.
///
/// # Errors
/// As [`run`].
pub fn run_program(
    program: Program,
    settings: EncoderSettings,
    destinations: Vec<(String, Destination)>,
    policy: ReconnectPolicy,
) -> Result<OutputsHandle, StartError> {
    gst::init().map_err(|error| StartError::GStreamer(error.to_string()))?;
    if let Some(missing) = first_missing() {
        return Err(missing.into());
    }
    let mut names = HashSet::new();
    for (id, _) in &destinations {
        if !names.insert(id.as_str()) {
            return Err(StartError::SameName(id.clone()));
        }
    }
    let (alive, ended) = channel();
    let key_frame = Arc::new(Mutex::new(None));
    let surroundings = Surroundings {
        publish: Arc::clone(&program.publish),
        key_frame: Arc::clone(&key_frame),
        policy,
        has_audio: settings.audio.is_some(),
        alive: alive.clone(),
    };
    let links = destinations
        .into_iter()
        .map(|(id, destination)| Link::start(&id, destination, surroundings.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let (chosen, warning) = choose_encoder(&settings.hwaccel, &exists);
    if let Some(message) = warning {
        tracing::warn!("{message}");
        (program.announce)(StreamEvent::Error { message });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let (bitrate, bitrates) = watch::channel(settings.bitrate_kbps);
    let links = Arc::new(links);
    let mut feeder = Feeder { program, settings, policy, chosen, links, key_frame, bitrates, stop: Arc::clone(&stop) };
    std::thread::Builder::new().name("feed-encoder".to_owned()).spawn(move || {
        feeder.run();
        drop(feeder);
        drop(alive);
    })?;
    Ok(OutputsHandle { stop, ended, bitrate: EncoderBitrate(bitrate) })
}

/// All outputs, while they run.
pub struct OutputsHandle {
    stop: Arc<AtomicBool>,
    /// Closed when the feeder and every supervisor have ended.
    ended: Receiver<()>,
    bitrate: EncoderBitrate,
}

/// A way to change the bitrate of the running encoder.
#[derive(Clone, Debug)]
pub struct EncoderBitrate(watch::Sender<u32>);

impl EncoderBitrate {
    /// Has pictures encoded with so many kilobits (1000) per second, from the next frame on.
    pub fn set(&self, kbps: u32) {
        self.0.send_replace(kbps);
    }
}

impl OutputsHandle {
    /// The bitrate of the encoder.
    #[must_use]
    pub fn bitrate(&self) -> EncoderBitrate {
        self.bitrate.clone()
    }

    /// Ends all outputs: files are finished and connections closed. Waits for that, but no longer than `deadline`.
    /// Returns whether all were done.
    pub fn shutdown(self, deadline: Duration) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        // Nothing is ever sent: the answer is that the channel is closed.
        let all_done = matches!(self.ended.recv_timeout(deadline), Err(RecvTimeoutError::Disconnected));
        if !all_done {
            tracing::warn!("outputs did not finish within {} s; files may lack their end", deadline.as_secs());
        }
        all_done
    }
}

impl Drop for OutputsHandle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What there is of an encode from a start of the stream to its stop.
struct Session {
    /// The start that it belongs to; see [`ProgramFrame::start`].
    start: u64,
    /// The tick whose frame is shown at time zero.
    origin: u64,
    encoder: Option<Encoder>,
    /// What is heard; `None` if the stream has no sound, or the mixer failed and is made anew with the next frame.
    sound: Option<Sound>,
    /// Failures in a row, and when the encoder may be started again.
    failures: u32,
    started: Instant,
    retry_at: Instant,
}

struct Feeder {
    program: Program,
    settings: EncoderSettings,
    policy: ReconnectPolicy,
    chosen: &'static VideoEncoder,
    links: Arc<Vec<Link>>,
    key_frame: Arc<Mutex<Option<KeyFrameRequest>>>,
    bitrates: watch::Receiver<u32>,
    stop: Arc<AtomicBool>,
}

impl Feeder {
    fn run(&mut self) {
        let mut session: Option<Session> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let frame = match self.program.frames.recv_timeout(LOOK) {
                Ok(frame) => Some(frame),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if *self.program.transport.borrow() == Transport::Stopped {
                if let Some(session) = session.take() {
                    self.end(session);
                }
                continue;
            }
            // With no outputs there is nothing to encode for.
            let Some(frame) = frame.filter(|_| !self.links.is_empty()) else { continue };
            // Drawn before the stream was started, and waiting since: no part of it.
            let Some(start) = frame.start else { continue };
            if let Some(before) = session.take_if(|session| session.start != start) {
                self.end(before);
            }
            let session = session.get_or_insert_with(|| self.begin(start, frame.tick));
            self.encode(session, &frame);
        }
        if let Some(session) = session.take() {
            self.end(session);
        }
    }

    fn begin(&self, start: u64, origin: u64) -> Session {
        for link in self.links.iter() {
            link.open();
        }
        let now = Instant::now();
        Session { start, origin, encoder: None, sound: None, failures: 0, started: now, retry_at: now }
    }

    fn end(&self, session: Session) {
        if let Some(encoder) = session.encoder {
            let last = session.sound.and_then(|sound| sound.finish().ok()).unwrap_or_default();
            self.end_encoder(encoder, last);
        }
        for link in self.links.iter() {
            link.finish();
        }
    }

    /// Ends an encoder with the last sound that it gets.
    fn end_encoder(&self, encoder: Encoder, last: Vec<gst::Buffer>) {
        if let Err(error) = encoder.push_sound(last).and_then(|()| encoder.finish(PATIENCE)) {
            self.complain(&format!("{error}; the last frames are lost"));
        }
    }

    /// The sound that goes with a frame. It goes on whether or not there is an encoder to take it.
    fn sound(&self, session: &mut Session, frame: &ProgramFrame) -> Vec<gst::Buffer> {
        if self.settings.audio.is_none() {
            return Vec::new();
        }
        let tick = frame.tick.saturating_sub(session.origin);
        let sound = match session.sound.take() {
            Some(sound) => Ok(sound),
            None => {
                let announce = Arc::clone(&self.program.announce);
                let report: Report = Arc::new(move |message| {
                    tracing::warn!("{message}");
                    announce(StreamEvent::Error { message: message.to_owned() });
                });
                Sound::start(self.program.format.fps, tick, Haste::Live, report)
            }
        };
        let mixed = sound.and_then(|mut sound| {
            sound.follow(&frame.sound)?;
            let buffers = sound.up_to(tick, frame.is_paused)?;
            session.sound = Some(sound);
            Ok(buffers)
        });
        mixed.unwrap_or_else(|error| {
            self.complain(&format!("{error}; its tracks begin anew"));
            Vec::new()
        })
    }

    fn encode(&mut self, session: &mut Session, frame: &ProgramFrame) {
        let sound = self.sound(session, frame);
        if self.bitrates.has_changed().unwrap_or(false) {
            self.settings.bitrate_kbps = *self.bitrates.borrow_and_update();
            if let Some(encoder) = session.encoder.take_if(|encoder| !encoder.set_bitrate(self.settings.bitrate_kbps)) {
                // The sound goes on in the next one.
                self.end_encoder(encoder, Vec::new());
            }
        }
        let mut encoder = match session.encoder.take() {
            Some(encoder) => encoder,
            None if Instant::now() < session.retry_at => return,
            None => match self.start_encoder(session.origin, frame) {
                Ok(encoder) => {
                    session.started = Instant::now();
                    encoder
                }
                Err(error) => return self.fail(session, &error),
            },
        };
        match encoder.push(frame.tick, &frame.picture, sound, PATIENCE) {
            Ok(()) => session.encoder = Some(encoder),
            Err(error) => {
                // An encoder that hangs may not want to be taken down either.
                std::thread::spawn(move || drop(encoder));
                self.fail(session, &error);
            }
        }
    }

    fn start_encoder(&self, origin: u64, first: &ProgramFrame) -> Result<Encoder, EncoderError> {
        let links = Arc::clone(&self.links);
        let on_packet: OnPacket = Arc::new(move |packet| {
            for link in links.iter() {
                link.offer(&packet);
            }
        });
        let (width, height) = (first.picture.width(), first.picture.height());
        let format = StreamFormat { width, height, ..self.program.format };
        let encoder = Encoder::start(self.chosen, format, &self.settings, origin, &on_packet)?;
        *self.key_frame.lock().unwrap_or_else(PoisonError::into_inner) = Some(encoder.key_frame_request());
        Ok(encoder)
    }

    /// The picture goes on without the encoder until it is started again.
    fn fail(&mut self, session: &mut Session, error: &EncoderError) {
        let wait = if self.chosen.is_software() {
            self.complain(&format!("{error}; it is started again"));
            if session.started.elapsed() > STEADY {
                session.failures = 0;
            }
            self.policy.wait(session.failures)
        } else {
            self.complain(&format!("{error}; x264 encodes in software instead"));
            self.chosen = &SOFTWARE;
            Duration::ZERO
        };
        session.failures += 1;
        session.retry_at = Instant::now() + wait;
    }

    fn complain(&self, message: &str) {
        tracing::warn!("{message}");
        (self.program.announce)(StreamEvent::Error { message: message.to_owned() });
    }
}
