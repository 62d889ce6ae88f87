//! How long each stage of a tick took.

use std::time::{Duration, Instant};

use bevy_ecs::{resource::Resource, system::ResMut};

/// The stages of this tick that have ended, with the time that each took.
#[derive(Resource, Debug)]
pub struct StageTimes {
    last: Instant,
    ended: Vec<(&'static str, Duration)>,
}

impl Default for StageTimes {
    fn default() -> Self {
        Self { last: Instant::now(), ended: Vec::new() }
    }
}

impl StageTimes {
    /// Begins a tick.
    pub fn restart(&mut self) {
        self.last = Instant::now();
        self.ended.clear();
    }

    /// The stages that have ended, in their order.
    #[must_use]
    pub fn stages(&self) -> &[(&'static str, Duration)] {
        &self.ended
    }
}

/// A system that ends the stage `name`.
pub fn finish_stage(name: &'static str) -> impl FnMut(ResMut<'_, StageTimes>) {
    move |mut times| {
        let now = Instant::now();
        let spent = now - times.last;
        times.ended.push((name, spent));
        times.last = now;
    }
}
