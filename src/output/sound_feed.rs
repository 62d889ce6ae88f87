//! The sound of one session, mixed and encoded in step with its frames. It goes on whatever becomes of the pictures'
//! encoder, so that what is heard has neither a gap nor too much in it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use components::audio::LevelReading;

use super::{
    audio::{CHANNELS, Haste, MixError, RATE, Report, Sound},
    encoder::{EncoderError, OnPacket},
    settings::AudioSettings,
    sound_encoder::SoundEncoder,
};
use crate::engine::ProgramFrame;

/// How much sound may wait for the encoder before it counts as one that hangs: more than comes at once after a pause of
/// the machine.
const FULL: Duration = Duration::from_secs(60);
/// The same in bytes.
const FULL_BYTES: u64 = FULL.as_secs() * RATE * CHANNELS * size_of::<f32>() as u64;
/// When an encoder that failed is started again.
const AGAIN: Duration = Duration::from_secs(1);

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
    /// `None` before the first frame, or when it failed and is started again.
    encoder: Option<SoundEncoder>,
    retry_at: Instant,
    /// Whether the frame before was one of a stream that stands still.
    was_paused: bool,
}

impl SoundFeed {
    pub(super) fn new(fps: u32, settings: AudioSettings, report: Report, on_packet: OnPacket) -> Self {
        let retry_at = Instant::now();
        Self { fps, settings, report, on_packet, sound: None, encoder: None, retry_at, was_paused: false }
    }

    /// Gives out the sound that goes with a frame, `tick` ticks after the beginning of the session. For as long as ticks were
    /// left out before it the last picture was seen, and what went with that is heard.
    pub(super) fn follow(&mut self, tick: u64, frame: &ProgramFrame) -> Result<(), SoundError> {
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
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None if Instant::now() < self.retry_at => return Ok(()),
            None => {
                self.retry_at = Instant::now() + AGAIN;
                SoundEncoder::start(&self.settings, &self.on_packet)?
            }
        };
        let hangs = encoder.held() > FULL_BYTES;
        let pushed = encoder.push(buffers);
        if pushed.is_ok() && !hangs {
            self.encoder = Some(encoder);
            return Ok(());
        }
        // One that hangs may not want to be taken down either.
        std::thread::spawn(move || drop(encoder));
        pushed.and(Err(EncoderError::Stalled(FULL))).map_err(SoundError::from)
    }

    /// How loud what was given out last is; see [`Sound::levels`].
    pub(super) fn levels(&self, end: f64) -> impl Iterator<Item = LevelReading> {
        self.sound.iter().flat_map(move |sound| sound.levels(end))
    }

    /// Gives out what is left.
    pub(super) fn finish(self, patience: Duration) -> Result<(), EncoderError> {
        let Some(encoder) = self.encoder else { return Ok(()) };
        let last = self.sound.and_then(|sound| sound.finish().ok()).unwrap_or_default();
        encoder.push(last)?;
        encoder.finish(patience)
    }
}
