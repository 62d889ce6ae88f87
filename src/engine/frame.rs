//! What goes out: frames with what is heard with them, and their size and rate.

use std::{sync::Arc, time::Duration};

use components::audio::Mix;
use systems::Frame;

use super::Soundtrack;

/// Size and rate of the frames. The rate is constant for the life of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// Pixels; even.
    pub width: usize,
    /// Pixels; even.
    pub height: usize,
    /// Frames per second, 1..=60.
    pub fps: u32,
}

impl StreamFormat {
    /// When the frame of `tick` is shown, counted from tick 0.
    #[must_use]
    pub fn presentation_time(&self, tick: u64) -> Duration {
        let nanos = u128::from(tick) * 1_000_000_000 / u128::from(self.fps);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A frame on its way out.
#[derive(Clone, Debug)]
pub struct ProgramFrame {
    /// Frame number since the engine started. Rises by one from frame to frame, by more where ticks were skipped.
    pub tick: u64,
    /// Scene time that it shows. It stands still while the scene is paused.
    pub seconds: f64,
    /// The picture. The very same `Arc` as before means that nothing changed.
    pub picture: Arc<Frame>,
    /// The same for each of the further variants, in the order in which the engine was [given](super::Beginning) them.
    pub variants: Arc<[Arc<Frame>]>,
    /// How often the stream had been started when the frame was drawn; `None` if it was stopped then. Frames of another
    /// start are another stream, even if no frame was drawn while it was stopped.
    pub start: Option<u64>,
    /// What is heard with it. The very same `Arc` as before means that nothing changed.
    pub sound: Arc<Soundtrack>,
    /// How that is mixed when the frame has been shown: from how the one before was, it goes there.
    pub mix: Arc<Mix>,
    /// Whether scene time stands still: the sound holds where it is, and is silent.
    pub is_paused: bool,
}
