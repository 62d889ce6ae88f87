//! What is seen and heard, as the last ticks left it.

use std::sync::Arc;

use components::audio::Mix;
use systems::{Frame, TickReport};

use super::{ProgramFrame, Soundtrack};

/// See the module's documentation.
pub(super) struct Shown {
    picture: Option<Arc<Frame>>,
    variants: Arc<[Arc<Frame>]>,
    sound: Arc<Soundtrack>,
    mix: Arc<Mix>,
}

impl Shown {
    /// What the first tick drew.
    pub(super) fn new(
        picture: Option<Arc<Frame>>,
        variants: Vec<Option<Arc<Frame>>>,
        (sound, mix): (Arc<Soundtrack>, Arc<Mix>),
    ) -> Self {
        // The first tick draws all of them.
        let variants = variants.into_iter().filter_map(|frame| frame.or_else(|| picture.clone())).collect();
        Self { picture, variants, sound, mix }
    }

    /// Takes in what a tick has changed.
    pub(super) fn follow(&mut self, report: &TickReport) {
        if let Some(frame) = &report.frame {
            self.picture = Some(Arc::clone(frame));
        }
        if report.variants.iter().any(Option::is_some) {
            let present = report.variants.iter().zip(self.variants.iter());
            self.variants = present.map(|(new, before)| Arc::clone(new.as_ref().unwrap_or(before))).collect();
        }
        self.mix = Arc::clone(&report.mix);
        if let Some(header) = report.diff.as_ref().and_then(|diff| diff.scene.as_ref()) {
            let sound = Soundtrack::from(header.as_ref());
            if *self.sound != sound {
                self.sound = Arc::new(sound);
            }
        }
    }

    /// It as the frame of a tick, at `seconds` of scene time.
    pub(super) fn frame(&self, tick: u64, seconds: f64, start: Option<u64>, is_paused: bool) -> Option<ProgramFrame> {
        Some(ProgramFrame {
            tick,
            seconds,
            picture: Arc::clone(self.picture.as_ref()?),
            variants: Arc::clone(&self.variants),
            start,
            sound: Arc::clone(&self.sound),
            mix: Arc::clone(&self.mix),
            is_paused,
        })
    }
}
