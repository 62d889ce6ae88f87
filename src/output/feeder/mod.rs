//! The thread that feeds the encoder while the stream is on air, and keeps both going: an encoder that fails or stalls is
//! started again, and while no new picture comes the last one is sent again, so that nobody who watches is cut off.

mod bitrate;
mod encoding;
mod told;

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
    encode_clock::EncodeClock,
    encoder::{Encoder, OnPacket},
    fan_out::{Goal, Program},
    links::{Links, RenditionName},
    meter::{Meter, Rates},
    packet::Track,
    rendition::Rendition,
    settings::EncoderSettings,
    sound_feed::SoundFeed,
    stand_in::{Drawn, StandIn},
    supervisor::KeyFrames,
    video_encoder::VideoEncoder,
};
use crate::engine::{EncoderStatus, ProgramFrame, StreamEvent, Transport};

/// How long the encoder may do nothing before it is restarted: together with the start of another one, a second.
const PATIENCE: Duration = Duration::from_millis(800);
/// The longest: one that stalls is waited for twice as long the next time, since it may be nothing but slow.
const MOST_PATIENCE: Duration = Duration::from_secs(5);
/// How often to look whether the stream stopped, should no frame come; and how often the encoder's status is told.
const LOOK: Duration = Duration::from_millis(100);

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
}
