//! The thread that feeds the encoder while the stream is on air, and keeps both going: an encoder that fails or stalls is
//! started again, and while no new picture comes the last one is sent again, so that nobody who watches is cut off.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::RecvTimeoutError,
    },
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{
    adapt::Adapter,
    audio::Report,
    backoff::ReconnectPolicy,
    elements::{VideoEncoder, software},
    encode_clock::EncodeClock,
    encoder::{Encoder, EncoderError, OnPacket},
    fan_out::{Goal, Program},
    link::lock,
    links::{Links, RenditionName},
    meter::{Meter, Rates},
    packet::Track,
    rendition::Rendition,
    settings::EncoderSettings,
    sound_feed::SoundFeed,
    stand_in::{Drawn, StandIn},
    supervisor::KeyFrames,
};
use crate::engine::{EncoderState, EncoderStatus, Mixed, ProgramFrame, StreamEvent, StreamFormat, Transport};

/// How long the encoder may do nothing before it is restarted: together with the start of another one, a second.
const PATIENCE: Duration = Duration::from_millis(800);
/// The longest: one that stalls is waited for twice as long the next time, since it may be nothing but slow.
const MOST_PATIENCE: Duration = Duration::from_secs(5);
/// Frames that an encoder may keep in order to look ahead.
const KEPT_FRAMES: u64 = 4;
/// How often to look whether the stream stopped, should no frame come; and how often the encoder's status is told.
const LOOK: Duration = Duration::from_millis(100);
/// After this long without a failure, the next counts as the first again.
const STEADY: Duration = Duration::from_secs(30);

/// What there is of an encode from a start of the stream to its stop.
struct Session {
    /// The start that it belongs to; see [`ProgramFrame::start`].
    start: u64,
    /// The tick whose frame is shown at time zero.
    origin: u64,
    /// The tick that was encoded last, or was to be.
    tick: Option<u64>,
    /// The last frame that was drawn.
    drawn: Drawn,
    encoder: Option<Encoder>,
    /// When a frame was given to it last.
    given: Instant,
    /// What is heard; `None` if the stream has no sound.
    sound: Option<SoundFeed>,
    /// Failures in a row, and when the encoder may be started again.
    failures: u32,
    patience: Duration,
    started: Instant,
    retry_at: Instant,
}

/// See the module's documentation.
pub(super) struct Feeder {
    program: Program,
    settings: EncoderSettings,
    policy: ReconnectPolicy,
    chosen: &'static VideoEncoder,
    links: Arc<Links>,
    /// The size that is encoded, if it is not the stream's own, and its name.
    rendition: Option<Rendition>,
    name: RenditionName,
    key_frames: KeyFrames,
    goals: watch::Receiver<Goal>,
    stop: Arc<AtomicBool>,
    adapter: Adapter,
    /// Down to where the bitrate was lowered last.
    floor: u32,
    /// When it was looked whether it should be.
    looked: Instant,
    meter: Arc<Meter>,
    clock: Arc<EncodeClock>,
    rates: Rates,
    status: EncoderStatus,
}

impl Feeder {
    pub(super) fn new(
        program: Program,
        mut settings: EncoderSettings,
        rendition: Option<Rendition>,
        policy: ReconnectPolicy,
        chosen: &'static VideoEncoder,
        links: Arc<Links>,
        key_frames: KeyFrames,
        goals: watch::Receiver<Goal>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let name = rendition.as_ref().map(|rendition| rendition.name.clone());
        if let Some(rendition) = &rendition {
            settings.bitrate_kbps = rendition.bitrate_kbps;
        }
        let status = EncoderStatus { rendition: name.clone(), ..EncoderStatus::new(chosen.element) };
        let (meter, rates) = (Arc::new(Meter::new()), Rates::default());
        let clock = Arc::new(EncodeClock::new(program.format.fps));
        Self {
            adapter: Adapter::new(settings.pace),
            floor: 0,
            looked: Instant::now(),
            program,
            settings,
            policy,
            chosen,
            links,
            rendition,
            name,
            key_frames,
            goals,
            stop,
            meter,
            clock,
            rates,
            status,
        }
    }

    /// Encodes until it is told to stop, or nobody draws any more.
    pub(super) fn run(&mut self) {
        let mut session: Option<Session> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let wait = session.as_ref().map_or(LOOK, |session| self.wait(session));
            let frame = match self.program.frames.recv_timeout(wait) {
                Ok(frame) => Some(self.shown(frame)),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            // With no outputs there is nothing to encode for.
            if *self.program.transport.borrow() == Transport::Stopped || !self.links.any_enabled(&self.name) {
                if let Some(session) = session.take() {
                    self.end(session);
                }
                self.tell(None);
                continue;
            }
            match (frame, &mut session) {
                // Drawn before the stream was started, and waiting since: no part of it.
                (Some(ProgramFrame { start: None, .. }) | None, None) => {}
                (Some(ProgramFrame { start: None, .. }), Some(_)) => {}
                (None, Some(session)) => self.repeat(session),
                (Some(frame), _) => {
                    let start = frame.start.unwrap_or_default();
                    if let Some(before) = session.take_if(|session| session.start != start) {
                        self.end(before);
                    }
                    let session = session.get_or_insert_with(|| self.begin(start, &frame));
                    session.drawn = Drawn::new(frame.clone());
                    self.adapt(session);
                    self.encode(session, &frame);
                }
            }
            self.tell(session.as_ref());
        }
        if let Some(session) = session.take() {
            self.end(session);
        }
        self.links.close();
    }

    /// The frame with the picture that is encoded here.
    fn shown(&self, mut frame: ProgramFrame) -> ProgramFrame {
        let variant = self.rendition.as_ref().and_then(|rendition| rendition.variant);
        if let Some(picture) = variant.and_then(|variant| frame.variants.get(variant)) {
            frame.picture = Arc::clone(picture);
        }
        frame
    }

    fn wait(&self, session: &Session) -> Duration {
        if session.drawn.is_late(&self.program.format) {
            self.program.format.presentation_time(1).min(LOOK)
        } else {
            LOOK
        }
    }

    fn begin(&self, start: u64, first: &ProgramFrame) -> Session {
        self.links.open(&self.name);
        self.clock.restart();
        let now = Instant::now();
        Session {
            start,
            origin: first.tick,
            tick: None,
            drawn: Drawn::new(first.clone()),
            encoder: None,
            given: now,
            sound: self.sound_feed(),
            failures: 0,
            patience: PATIENCE,
            started: now,
            retry_at: now,
        }
    }

    fn end(&self, session: Session) {
        if let Some(encoder) = session.encoder {
            self.end_encoder(encoder);
        }
        if let Some(Err(error)) = session.sound.map(|sound| sound.finish(MOST_PATIENCE)) {
            self.complain(&format!("{error}; the last of the sound is lost"));
        }
        let is_first = self.links.is_first(&self.name);
        self.links.finish(&self.name);
        if is_first {
            (self.program.publish_levels)(None);
        }
    }

    /// Ends an encoder: the next frame goes to another one.
    fn end_encoder(&self, encoder: Encoder) {
        if let Err(error) = encoder.finish(MOST_PATIENCE) {
            self.complain(&format!("{error}; the last frames are lost"));
        }
    }

    /// Sends what stands in for the frame whose time it is by now, if no other has come for too long.
    fn repeat(&mut self, session: &mut Session) {
        let Program { format, slate, .. } = &self.program;
        let Some(StandIn { frame, message }) = session.drawn.stand_in(format, session.tick, slate.as_ref()) else {
            return;
        };
        if let Some(message) = message {
            self.complain(&message);
        }
        self.status.repeated_frames += 1;
        self.encode(session, &frame);
    }

    /// The sound of a session, if the stream has any.
    fn sound_feed(&self) -> Option<SoundFeed> {
        let audio = self.settings.audio.clone()?;
        let announce = Arc::clone(&self.program.announce);
        let is_own = self.rendition.is_none();
        let report: Report = Arc::new(move |message| {
            // The others play the same.
            if !is_own {
                return;
            }
            tracing::warn!("{message}");
            announce(StreamEvent::Error { message: message.to_owned() });
        });
        Some(SoundFeed::new(self.program.format.fps, audio, report, self.on_packet()))
    }

    /// Tells how loud what goes with this frame is.
    fn publish_levels(&self, session: &Session, frame: &ProgramFrame) {
        // The others hear the same.
        let Some(sound) = session.sound.as_ref().filter(|_| self.links.is_first(&self.name)) else { return };
        let end = frame.seconds + self.program.format.presentation_time(1).as_secs_f64();
        let ProgramFrame { tick, is_paused, .. } = *frame;
        (self.program.publish_levels)(Some(Mixed { tick, is_paused, readings: &mut sound.levels(end) }));
    }

    fn encode(&mut self, session: &mut Session, frame: &ProgramFrame) {
        // One that was repeated meanwhile comes too late.
        if session.tick.is_some_and(|last| frame.tick <= last) {
            return;
        }
        session.tick = Some(frame.tick);
        // Sound first: muxers wait for it before they let the frame out.
        let tick = frame.tick.saturating_sub(session.origin);
        if let Some(Err(error)) = session.sound.as_mut().map(|sound| sound.follow(tick, frame)) {
            self.complain(&error.to_string());
        }
        self.publish_levels(session, frame);
        if self.goals.has_changed().unwrap_or(false) {
            let Goal { bitrates, keyframe_interval } = self.goals.borrow_and_update().clone();
            let before = std::mem::replace(&mut self.settings.keyframe_interval, keyframe_interval);
            self.settings.bitrate_kbps = bitrates.get(&self.name).copied().unwrap_or(self.settings.bitrate_kbps);
            let frames = self.settings.keyframe_interval_frames(self.program.format.fps);
            let present = self.bitrate();
            let follows = |encoder: &mut Encoder| {
                encoder.set_bitrate(present) && (before == keyframe_interval || encoder.set_keyframe_interval(frames))
            };
            if let Some(encoder) = session.encoder.take_if(|encoder| !follows(encoder)) {
                self.end_encoder(encoder);
            }
        }
        let mut encoder = match session.encoder.take() {
            Some(encoder) => encoder,
            None if Instant::now() < session.retry_at => {
                self.status.dropped_frames += 1;
                return;
            }
            None => match self.start_encoder(session.origin, frame) {
                Ok(encoder) => {
                    session.started = Instant::now();
                    self.status.restarts += u64::from(session.failures > 0);
                    encoder
                }
                Err(error) => return self.fail(session, &error),
            },
        };
        if let Some(fault) = self.program.faults.as_ref().and_then(|faults| faults(frame.tick)) {
            encoder.break_down(fault);
        }
        if session.given.elapsed() > session.patience {
            // It had nothing to do.
            self.meter.touch();
        }
        self.clock.begin(tick);
        let pushed = encoder.push(frame.tick, &frame.picture, session.patience);
        session.given = Instant::now();
        let quiet = self.meter.quiet_for();
        let most = session.patience + self.program.format.presentation_time(KEPT_FRAMES);
        match pushed {
            Ok(()) if quiet <= most => session.encoder = Some(encoder),
            outcome => {
                self.status.dropped_frames += encoder.owed() + u64::from(outcome.is_err());
                // An encoder that hangs may not want to be taken down either.
                std::thread::spawn(move || drop(encoder));
                self.fail(session, &outcome.err().unwrap_or(EncoderError::Stalled(quiet)));
            }
        }
    }

    /// What the encoder is to make at present, in kbit/s.
    fn bitrate(&self) -> u32 {
        self.adapter.bitrate(self.settings.bitrate_kbps, self.floor)
    }

    /// Lets the bitrate follow the slowest link of those that it has to follow.
    fn adapt(&mut self, session: &mut Session) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let full = self.settings.bitrate_kbps;
        let pressure = self.links.pressure(&self.name, self.program.format.presentation_time(1), self.bitrate());
        let is_other = match &pressure {
            Some(pressure) => {
                self.floor = pressure.min_bitrate;
                if let Some(behind) = pressure.behind {
                    self.adapter.observe(behind, full, self.floor, self.looked)
                } else {
                    self.adapter.wait();
                    false
                }
            }
            None => {
                let before = self.bitrate();
                self.adapter = Adapter::new(self.settings.pace);
                self.bitrate() != before
            }
        };
        if !is_other {
            return;
        }
        let kbps = self.bitrate();
        let output = pressure.map(|pressure| pressure.id);
        tracing::warn!(output, kbps, full, "the bitrate follows the link");
        (self.program.announce)(StreamEvent::Bitrate { kbps, full, output });
        if let Some(encoder) = session.encoder.take_if(|encoder| !encoder.set_bitrate(kbps)) {
            self.end_encoder(encoder);
        }
    }

    /// Where packets go.
    fn on_packet(&self) -> OnPacket {
        let (links, meter, name) = (Arc::clone(&self.links), Arc::clone(&self.meter), self.name.clone());
        let clock = Arc::clone(&self.clock);
        Arc::new(move |packet| {
            meter.count(&packet);
            if packet.track == Track::Video {
                clock.end(packet.pts());
            }
            links.offer(&name, &packet);
        })
    }

    fn start_encoder(&self, origin: u64, first: &ProgramFrame) -> Result<Encoder, EncoderError> {
        let size = self.rendition.as_ref().map(|rendition| (rendition.width, rendition.height));
        let (width, height) = (first.picture.width(), first.picture.height());
        let format = StreamFormat { width, height, ..self.program.format };
        let settings = EncoderSettings { bitrate_kbps: self.bitrate(), ..self.settings.clone() };
        let encoder = Encoder::start(self.chosen, format, size, &settings, origin, &self.on_packet())?;
        self.meter.touch();
        lock(&self.key_frames).insert(self.name.clone(), encoder.key_frame_request());
        Ok(encoder)
    }

    /// The picture goes on without the encoder until it is started again: with the next frame the first time, and later
    /// each time it fails in a row.
    fn fail(&mut self, session: &mut Session, error: &EncoderError) {
        let wait = if self.chosen.is_software() {
            self.complain(&format!("{error}; it is started again"));
            if session.started.elapsed() > STEADY {
                (session.failures, session.patience) = (0, PATIENCE);
            }
            if matches!(error, EncoderError::Stalled(_)) {
                session.patience = (session.patience * 2).min(MOST_PATIENCE);
            }
            session.failures.checked_sub(1).map_or(Duration::ZERO, |again| self.policy.wait(again))
        } else {
            self.complain(&format!("{error}; x264 encodes in software instead"));
            self.chosen = software(self.settings.codec);
            self.status.element = self.chosen.element;
            Duration::ZERO
        };
        self.status.last_error = Some(error.to_string());
        session.failures += 1;
        session.retry_at = Instant::now() + wait;
    }

    /// Tells how the encoder is doing, if that has changed or was told a while ago.
    fn tell(&mut self, session: Option<&Session>) {
        let encoder = session.map(|session| session.encoder.as_ref());
        let state = match encoder {
            None => EncoderState::Idle,
            Some(Some(_)) => EncoderState::Running,
            Some(None) => EncoderState::Restarting,
        };
        if state == self.status.state && self.status.beat.elapsed() < LOOK {
            return;
        }
        let (fps, bitrate) = self.rates.of(&self.meter);
        self.status = EncoderStatus {
            state,
            fps,
            bitrate,
            target_bitrate: self.bitrate(),
            full_bitrate: self.settings.bitrate_kbps,
            queued_frames: encoder.flatten().map_or(0, Encoder::held),
            frames: self.meter.frames(),
            has_slate: session.is_some_and(|session| session.drawn.has_slate()),
            times: self.clock.times(),
            beat: Instant::now(),
            ..self.status.clone()
        };
        (self.program.publish_encoder)(self.status.clone());
    }

    fn complain(&self, message: &str) {
        tracing::warn!("{message}");
        (self.program.announce)(StreamEvent::Error { message: message.to_owned() });
    }
}
