//! A compositor whose ticks are counted, so that tests speak of scene time alone.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    dead_code,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use components::{Edit, SceneDocument};
use systems::{Compositor, CompositorSettings};

pub(crate) struct Stage {
    pub(crate) compositor: Compositor,
    pub(crate) tick: u64,
}

impl Stage {
    /// One of so many pixels each way, with nothing on air.
    pub(crate) fn empty(size: usize) -> Self {
        let settings = CompositorSettings { width: size, height: size, max_layers: 50, pool_size: 3, threads: Some(1) };
        Self { compositor: Compositor::new(settings), tick: 0 }
    }

    /// One on which this scene begins.
    pub(crate) fn playing(size: usize, scene: SceneDocument) -> Self {
        let mut stage = Self::empty(size);
        stage.edit(0.0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
        stage
    }

    /// Runs a tick at this scene time. What was submitted is carried out.
    pub(crate) fn at(&mut self, seconds: f64) {
        self.tick += 1;
        for (_, outcome) in self.compositor.tick(self.tick, seconds).outcomes {
            outcome.unwrap();
        }
    }

    /// Runs a tick with these edits.
    pub(crate) fn edit(&mut self, seconds: f64, edits: Vec<Edit>) {
        self.compositor.submit(self.tick, edits);
        self.at(seconds);
    }
}
