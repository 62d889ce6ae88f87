//! The sound of one stream, mixed and encoded in step with its frames. It goes on whatever becomes of the pictures'
//! encoder, so that what is heard has neither a gap nor too much in it.

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
    sound_encoder::SoundEncoder,
    unheard::{Progress, Unheard},
};
use crate::engine::ProgramFrame;

/// How long its encoder may give nothing although there is something: one takes less than a thousandth of that.
const PATIENCE: Duration = Duration::from_millis(800);

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
    on_packet: OnPacket,
    /// `None` before the first frame, or when the mixer failed and is made anew with the next frame.
    sound: Option<Sound>,
    /// `None` while nobody sends it, or when it failed and is started again.
    encoder: Option<SoundEncoder>,
    /// How far the last encoder has come, and what it still owes.
    progress: Option<Arc<Progress>>,
    unheard: Unheard,
    restarts: Restarts,
    /// Whether the frame before was one of a stream that stands still.
    was_paused: bool,
}

impl SoundFeed {
    pub(super) fn new(fps: u32, settings: AudioSettings, report: Report, on_packet: OnPacket) -> Self {
        Self {
            fps,
            settings,
            report,
            on_packet,
            sound: None,
            encoder: None,
            progress: None,
            unheard: Unheard::default(),
            restarts: Restarts::new(Instant::now()),
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
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None if !self.restarts.may_start(now) => return Ok(()),
            None => {
                self.restarts.start(now);
                buffers = self.unheard.take_over(self.progress.take().as_deref(), now);
                let progress = Arc::new(Progress::default());
                let started = SoundEncoder::start(&self.settings, &progress.noting(&self.on_packet));
                if started.is_err() {
                    self.restarts.fail(now);
                }
                self.progress = Some(progress);
                started?
            }
        };
        let owed = self.progress.as_ref().map_or(Duration::ZERO, |progress| self.unheard.look(progress, now));
        let outcome = if owed > PATIENCE { Err(EncoderError::Stalled(owed)) } else { encoder.push(buffers) };
        if outcome.is_ok() {
            self.encoder = Some(encoder);
        } else {
            self.restarts.fail(now);
            self.leave(encoder);
        }
        outcome
    }

    /// Nobody sends it.
    fn rest(&mut self) {
        self.unheard.clear();
        if let Some(encoder) = self.encoder.take() {
            self.leave(encoder);
        }
        self.progress = None;
    }

    fn leave(&self, encoder: SoundEncoder) {
        if let Some(progress) = &self.progress {
            progress.give_up();
        }
        leave(encoder);
    }

    /// Breaks the encoder, to test what comes of that.
    pub(super) fn break_down(&self, fault: EncoderFault) {
        if let Some(encoder) = &self.encoder {
            encoder.break_down(fault);
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
