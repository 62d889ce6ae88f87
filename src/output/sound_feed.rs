//! The sound of one stream, mixed and encoded in step with its frames. It goes on whatever becomes of the pictures'
//! encoder, so that what is heard has neither a gap nor too much in it.
//!
//! Nothing is missing when its own encoder fails and the next one works. Where that fails too, silence is given out instead: no
//! muxer lets a frame go before the sound to it has come, and pictures must not stand still for want of sound.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use components::audio::LevelReading;
use gstreamer as gst;

use super::{
    audio::{Haste, MixError, Report, Sound},
    encoder::{EncoderError, OnPacket},
    fault::EncoderFault,
    leaving::leave,
    restarts::Restarts,
    settings::AudioSettings,
    silence::Silence,
    sound_encoder::SoundEncoder,
    sound_line::SoundLine,
    unheard::{Progress, Unheard, begin, end},
};
use crate::engine::ProgramFrame;

/// How long its encoder may give nothing although there is something: one takes less than a thousandth of that.
const PATIENCE: Duration = Duration::from_millis(800);
/// How far it may be behind for long, beyond what encoders keep. One that swallowed some without a word counts on from there: what
/// it gives is heard too soon by as much.
const BEHIND: Duration = Duration::from_millis(100);
/// How long it may be.
const LONG: Duration = Duration::from_secs(3);
/// After so long without any sound from encoders silence is given out: longer than [`PATIENCE`], and what the next one takes for
/// what the one before did not do.
const LATE: Duration = Duration::from_millis(1200);
/// How far silence stays behind the frames, so that what the next encoder makes comes in time: what one keeps, twice.
const LAG: gst::ClockTime = gst::ClockTime::from_mseconds(200);
/// Encoders that were left and are not down yet, each with its threads, with which no other is started: all of them hang.
const MOST_LEFT: usize = 4;

/// The sound cannot go on as it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum SoundError {
    #[error("{0}; its tracks begin anew")]
    Mix(#[from] MixError),
    #[error("sound: {0}; it is started again")]
    Encode(#[from] EncoderError),
}

/// See the module's documentation.
pub(super) struct SoundFeed {
    fps: u32,
    settings: AudioSettings,
    report: Report,
    line: Arc<SoundLine>,
    /// `None` if none could be made.
    silence: Option<Silence>,
    /// `None` before the first frame, or when the mixer failed and is made anew with the next frame.
    sound: Option<Sound>,
    /// `None` while nobody sends it, or when it failed and is started again.
    encoder: Option<SoundEncoder>,
    /// How far the last encoder has come, and what it still owes.
    progress: Option<Arc<Progress>>,
    unheard: Unheard,
    /// Up to where the present encoder had come when it was looked at last.
    made: gst::ClockTime,
    /// When any encoder was seen to come on last; `None` while nobody sends it.
    spoke: Option<Instant>,
    /// Whether there is silence for want of an encoder that works.
    is_silent: bool,
    /// Since when the present encoder has been behind.
    behind: Option<Instant>,
    restarts: Restarts,
    /// Held by every encoder that was left until it is down.
    left: Arc<()>,
    /// What is to happen to the next encoder.
    fault: Option<EncoderFault>,
    /// Whether the frame before was one of a stream that stands still.
    was_paused: bool,
}

impl SoundFeed {
    pub(super) fn new(
        fps: u32,
        settings: AudioSettings,
        silence: Option<Silence>,
        report: Report,
        on_packet: OnPacket,
    ) -> Self {
        Self {
            fps,
            settings,
            report,
            line: Arc::new(SoundLine::new(on_packet)),
            silence,
            sound: None,
            encoder: None,
            progress: None,
            unheard: Unheard::default(),
            made: gst::ClockTime::ZERO,
            spoke: None,
            is_silent: false,
            behind: None,
            restarts: Restarts::new(Instant::now()),
            left: Arc::new(()),
            fault: None,
            was_paused: false,
        }
    }

    /// Mixes the sound that goes with a frame, `tick` ticks after the beginning of the stream, and gives it out if it is sent. For
    /// as long as ticks were left out before it the last picture was seen, and what went with that is heard.
    pub(super) fn follow(&mut self, tick: u64, frame: &ProgramFrame, is_sent: bool) -> Result<(), SoundError> {
        let mut sound = match self.sound.take() {
            Some(sound) => sound,
            None => Sound::start(self.fps, tick, Haste::Live, Arc::clone(&self.report))?,
        };
        let mut buffers = match tick.checked_sub(1) {
            Some(before) => sound.up_to(before, self.was_paused)?,
            None => Vec::new(),
        };
        sound.follow(&frame.sound, &frame.mix)?;
        buffers.extend(sound.on_to(tick, frame.is_paused)?);
        self.was_paused = frame.is_paused;
        self.sound = Some(sound);
        if is_sent {
            self.encode(buffers).map_err(SoundError::from)
        } else {
            self.rest();
            Ok(())
        }
    }

    fn encode(&mut self, mut buffers: Vec<gst::Buffer>) -> Result<(), EncoderError> {
        let now = Instant::now();
        self.unheard.give(&buffers, now);
        self.bridge(&buffers, now);
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None if !self.restarts.may_start(now) || Arc::strong_count(&self.left) > MOST_LEFT => return Ok(()),
            None => {
                self.restarts.start(now);
                self.behind = None;
                buffers = self.unheard.take_over(self.progress.take().as_deref(), now);
                let progress = Arc::new(Progress::default());
                let line = Arc::clone(&self.line);
                let on_packet: OnPacket = Arc::new(move |packet| line.give(packet));
                let started = SoundEncoder::start(&self.settings, &progress.noting(&on_packet));
                if started.is_err() {
                    self.restarts.fail(now);
                }
                self.progress = Some(progress);
                let started = started?;
                if let Some(fault) = self.fault.take() {
                    started.break_down(fault);
                }
                started
            }
        };
        let owed = match (&self.progress, self.spoke) {
            // What it owes is made up for with silence.
            (Some(_), Some(spoke)) if self.is_silent => {
                now.saturating_duration_since(spoke).min(self.restarts.lasted(now))
            }
            (Some(progress), _) => self.unheard.look(progress, now),
            (None, _) => Duration::ZERO,
        };
        self.behind = self.behind.or(Some(now)).filter(|_| owed > BEHIND);
        let outcome = if owed > PATIENCE {
            Err(EncoderError::Stalled(owed))
        } else if self.behind.is_some_and(|since| now.saturating_duration_since(since) > LONG) {
            Err(EncoderError::Failed("its sound comes late all the time".to_owned()))
        } else {
            encoder.push(buffers)
        };
        if outcome.is_ok() {
            self.encoder = Some(encoder);
        } else {
            self.restarts.fail(now);
            self.leave(encoder);
        }
        outcome
    }

    /// Gives out silence for as long as no encoder gives anything, of which these buffers are to be the next.
    fn bridge(&mut self, buffers: &[gst::Buffer], now: Instant) {
        let (Some(first), Some(last)) = (buffers.first(), buffers.last()) else { return };
        let made = self.progress.as_ref().map_or(gst::ClockTime::ZERO, |progress| progress.until());
        let spoke = match self.spoke {
            Some(spoke) if made <= self.made => spoke,
            before => {
                if before.is_none() {
                    self.line.begin(begin(first));
                }
                self.is_silent = false;
                now
            }
        };
        (self.made, self.spoke) = (made, Some(spoke));
        self.is_silent |= now.saturating_duration_since(spoke) > LATE;
        if let Some(silence) = self.silence.as_ref().filter(|_| self.is_silent) {
            self.line.fill(silence, end(last).saturating_sub(LAG));
            self.unheard.forget(self.line.until());
        }
    }

    /// Whether there is silence since no encoder works.
    pub(super) fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Nobody sends it.
    fn rest(&mut self) {
        self.unheard.clear();
        (self.spoke, self.is_silent) = (None, false);
        if let Some(encoder) = self.encoder.take() {
            self.leave(encoder);
        }
        self.progress = None;
    }

    fn leave(&self, encoder: SoundEncoder) {
        if let Some(progress) = &self.progress {
            progress.give_up();
        }
        leave((encoder, Arc::clone(&self.left)));
    }

    /// Breaks the encoder, or the next if there is none, to test what comes of that.
    pub(super) fn break_down(&mut self, fault: EncoderFault) {
        match &self.encoder {
            Some(encoder) => encoder.break_down(fault),
            None => self.fault = Some(fault),
        }
    }

    /// How loud what was given out last is; see [`Sound::levels`].
    pub(super) fn levels(&self, end: f64) -> impl Iterator<Item = LevelReading> {
        self.sound.iter().flat_map(move |sound| sound.levels(end))
    }

    /// Gives out what is left. No more comes after this, also from an encoder that takes too long.
    pub(super) fn finish(self, patience: Duration) -> Result<(), EncoderError> {
        let Some(encoder) = self.encoder else { return Ok(()) };
        let last = self.sound.and_then(|sound| sound.finish().ok()).unwrap_or_default();
        let outcome = encoder.push_last(last, patience);
        if let Some(progress) = &self.progress {
            progress.give_up();
        }
        outcome
    }
}
