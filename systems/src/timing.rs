//! How long each stage and each system of a tick took.

use std::time::{Duration, Instant};

use bevy_ecs::{
    resource::Resource,
    schedule::{IntoScheduleConfigs, ScheduleConfigs},
    system::{ResMut, ScheduleSystem},
};

/// The stages of this tick that have ended, with the time that each took.
#[derive(Resource, Debug)]
pub struct StageTimes {
    last: Instant,
    ended: Vec<(&'static str, Duration)>,
    /// When a system began, and those that have run, in their order.
    lap: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Default for StageTimes {
    fn default() -> Self {
        let now = Instant::now();
        Self { last: now, ended: Vec::new(), lap: now, laps: Vec::new() }
    }
}

impl StageTimes {
    /// Begins a tick.
    pub fn restart(&mut self) {
        self.last = Instant::now();
        self.ended.clear();
        self.lap = self.last;
        self.laps.clear();
    }

    /// The systems that have run, in their order.
    #[must_use]
    pub fn systems(&self) -> &[(&'static str, Duration)] {
        &self.laps
    }

    /// The stages that have ended, in their order.
    #[must_use]
    pub fn stages(&self) -> &[(&'static str, Duration)] {
        &self.ended
    }
}

/// A system whose time is noted under its own name. The others of its stage come before or after it, so that it has run
/// since the one before it was noted.
pub fn timed<M, S: IntoScheduleConfigs<ScheduleSystem, M>>(system: S) -> ScheduleConfigs<ScheduleSystem> {
    let name = std::any::type_name::<S>();
    let name = name.rsplit("::").next().unwrap_or(name);
    let note = move |mut times: ResMut<'_, StageTimes>| {
        let now = Instant::now();
        let spent = now - times.lap;
        times.laps.push((name, spent));
        times.lap = now;
    };
    (system, note).chain()
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
