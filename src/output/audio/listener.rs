//! A soundtrack that is mixed for nobody: how loud it is is all that is wanted.

use std::sync::Arc;

use components::audio::{LevelReading, Mix};
use gstreamer as gst;

use super::{Haste, MixError, Report, Sound, clock::RATE, mixer::BLOCK};
use crate::engine::Soundtrack;

/// Hears a soundtrack from its beginning on, block by block, whatever the frame rate is and whether it is written into a
/// file.
pub struct Listener {
    sound: Sound,
    soundtrack: Arc<Soundtrack>,
    /// Blocks that were heard.
    blocks: u64,
}

/// The sound cannot be heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scene cannot be heard, and its triggers wait for levels of its sound: {0}")]
pub struct ListenError(String);

impl From<MixError> for ListenError {
    fn from(error: MixError) -> Self {
        Self(error.to_string())
    }
}

impl Listener {
    /// Begins to listen. What of it cannot be played is silent, and told by whoever plays it.
    ///
    /// # Errors
    /// GStreamer or a part of it is missing.
    pub fn start(soundtrack: Soundtrack) -> Result<Self, ListenError> {
        gst::init().map_err(|error| ListenError(error.to_string()))?;
        let report: Report = Arc::new(|_| {});
        // A frame for each block.
        let sound = Sound::start((RATE / BLOCK) as u32, 0, Haste::Offline, report)?;
        Ok(Self { sound, soundtrack: Arc::new(soundtrack), blocks: 0 })
    }

    /// Has it hear another soundtrack after what was heard before.
    pub fn follow(&mut self, soundtrack: Soundtrack) {
        self.soundtrack = Arc::new(soundtrack);
    }

    /// How loud it is after what was heard before, up to `seconds` from the beginning. `mix` tells how it is mixed at any
    /// time.
    ///
    /// # Errors
    /// The mixer failed.
    pub fn hear(&mut self, seconds: f64, mix: impl Fn(f64) -> Mix) -> Result<Vec<LevelReading>, ListenError> {
        let mut readings = Vec::new();
        // Compared in whole samples: a frame begins at the same time as a block, or does not.
        while (seconds * RATE as f64).round() as u64 >= (self.blocks + 1) * BLOCK {
            let end = ((self.blocks + 1) * BLOCK) as f64 / RATE as f64;
            self.sound.follow(&self.soundtrack, &mix(end))?;
            self.sound.up_to(self.blocks, false)?;
            self.blocks += 1;
            readings.extend(self.sound.levels(end));
        }
        Ok(readings)
    }
}
