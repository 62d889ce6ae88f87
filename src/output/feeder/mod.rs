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
    encode_clock::EncodeClock,
    encoder::{Encoder, OnPacket},
    fan_out::{Goal, Program},
    leaving::Leaving,
    links::{Links, RenditionName},
    meter::{Meter, Rates},
    program_sound::ProgramSound,
    rendition::Rendition,
    restarts::Restarts,
    settings::EncoderSettings,
    stand_in::{Drawn, StandIn},
    supervisor::KeyFrames,
    video_encoder::VideoEncoder,
};
use crate::engine::{EncoderStatus, ProgramFrame, Transport};

/// How long the encoder may do nothing before it is restarted: less than a second together with what it may keep, and with the
/// start of another one.
const PATIENCE: Duration = Duration::from_millis(600);
/// The longest: one that is slow is waited for twice as long the next time.
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
    /// When the encoder may be started again.
    restarts: Restarts,
    patience: Duration,
}

/// See the module's documentation.
pub(super) struct Feeder {
    program: Program,
    settings: EncoderSettings,
    /// What is heard, with all renditions.
    sound: Arc<ProgramSound>,
    /// The start of the stream that the last frame was of, unless that is over.
    heard: Option<u64>,
    /// How many encoders of the sound were known to have failed.
    sound_failures: u64,
    chosen: &'static VideoEncoder,
    /// The encoders that were left.
    leaving: Leaving,
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
    /// When that was told.
    told: Instant,
}

impl Feeder {
    pub(super) fn new(
        program: Program,
        mut settings: EncoderSettings,
        rendition: Option<Rendition>,
        sound: Arc<ProgramSound>,
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
            sound,
            heard: None,
            sound_failures: 0,
            chosen,
            leaving: Leaving::default(),
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
            told: Instant::now(),
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
            if *self.program.transport.borrow() == Transport::Stopped {
                self.end_stream(session.take());
                self.tell(None);
                continue;
            }
            // With no outputs there is nothing to encode for, but tracks play on. Where another rendition is sent, that one
            // moves them on: it begins with the sound to its first frame.
            if !self.links.any_enabled(&self.name) {
                if let Some(session) = session.take() {
                    self.end(session);
                }
                let is_alone = !self.links.any_enabled_at_all();
                if let Some(frame) = frame.filter(|frame| is_alone && frame.start.is_some()) {
                    self.heard = frame.start;
                    self.sound.follow(&frame);
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
                        self.end_stream(Some(before));
                    }
                    if session.is_none() && self.sound.is_over(start) {
                        continue;
                    }
                    self.heard = Some(start);
                    let session = session.get_or_insert_with(|| self.begin(start, &frame));
                    session.drawn = Drawn::new(frame.clone());
                    self.adapt(session);
                    self.encode(session, &frame);
                }
            }
            self.tell(session.as_ref());
        }
        self.end_stream(session.take());
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
        let origin = self.sound.origin(first);
        self.links.open(&self.name, start);
        self.clock.restart();
        let now = Instant::now();
        Session {
            start,
            origin,
            tick: None,
            drawn: Drawn::new(first.clone()),
            encoder: None,
            given: now,
            restarts: Restarts::new(now),
            patience: PATIENCE,
        }
    }

    /// Nothing of this rendition is sent any more.
    fn end(&self, session: Session) {
        if let Some(encoder) = session.encoder {
            self.end_encoder(encoder, session.patience);
        }
        self.links.finish(&self.name);
    }

    /// The stream is stopped, or started anew. Its sound has been given out before outputs finish what they have.
    fn end_stream(&mut self, session: Option<Session>) {
        let mut session = session;
        if let Some(session) = &mut session
            && let Some(encoder) = session.encoder.take()
        {
            self.end_encoder(encoder, session.patience);
        }
        if let Some(start) = self.heard.take() {
            self.sound.end(start);
        }
        if let Some(session) = session {
            self.end(session);
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

    /// Where packets go.
    fn on_packet(&self) -> OnPacket {
        let (links, meter, name) = (Arc::clone(&self.links), Arc::clone(&self.meter), self.name.clone());
        let clock = Arc::clone(&self.clock);
        Arc::new(move |packet| {
            meter.count(&packet);
            clock.end(packet.pts());
            links.offer(&name, &packet);
        })
    }
}

#[cfg(test)]
mod tests;
