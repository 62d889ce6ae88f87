//! Stage `clock`: what time it is in the scene, when each animation started, where timelines stand, and what triggers
//! do of it.

mod acting;
mod alarms;
mod allowance;
mod conductor;
mod handover;
mod happenings;
mod input;
mod levels;
mod motion;
mod rehearsal;
mod timelines;

use std::borrow::Cow;

use bevy_ecs::{
    lifecycle::RemovedComponents,
    query::{Changed, Or, Without},
    resource::Resource,
    schedule::SystemSet,
    system::{Query, Res},
};
use components::{Animations, Presets, animation::AnimationStarts};

pub use self::{
    conductor::{Conductor, SceneEvent, SceneEvents, WallClock, run_timelines},
    input::{Input, Inputs},
    levels::Heard,
    motion::{LatestMotion, Motion, MotionChange, Resume, TimelineMotion, tell_motion},
    rehearsal::rehearse,
    timelines::{TimelineStatus, Timelines, cue_layers},
};
pub(crate) use self::{
    conductor::{begin_resumed, finish_scene},
    motion::{is_moving, resume_scene},
};

/// Scene time. Whoever runs the schedule sets tick and seconds before each tick; everything that moves is a function of
/// it.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct SceneTime {
    /// Number of the tick that is being made.
    pub tick: u64,
    /// Seconds that the scene has played, which stand still while it is paused. Calculated from a count of ticks, not
    /// added up, so that it never drifts.
    pub seconds: f64,
    /// The seconds at which the scene on air began; this stage sets them.
    pub origin: f64,
}

impl SceneTime {
    /// Seconds since the scene on air began, by which contents move that have no start of their own; negative if scene time
    /// has jumped back to before that.
    ///
    /// Whole nanoseconds: rounding, which differs from origin to origin, is not to be seen.
    #[must_use]
    pub fn own(&self) -> f64 {
        ((self.seconds - self.origin) * 1e9).round() / 1e9
    }
}

/// The systems of this stage.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClockSystems;

type Edited = Or<(Changed<Animations>, Changed<Presets>)>;

/// All animations of a layer: those of its presets too.
pub(crate) fn played<'a>(animations: &'a Animations, presets: Option<&Presets>) -> Cow<'a, Animations> {
    match presets {
        Some(presets) if !presets.0.is_empty() => Cow::Owned(presets.after(animations)),
        _ => Cow::Borrowed(animations),
    }
}

/// Lets animations that are new start at the present scene time; those that a layer had before go on.
pub fn start_animations(
    time: Res<SceneTime>,
    mut edited: Query<(&Animations, Option<&Presets>, &mut AnimationStarts), Edited>,
    mut removed: RemovedComponents<Animations>,
    mut others: Query<&mut AnimationStarts, Without<Animations>>,
) {
    for (animations, presets, mut starts) in &mut edited {
        starts.update(&played(animations, presets), time.seconds);
    }
    for layer in removed.read() {
        // A layer that is gone altogether needs nothing.
        if let Ok(mut starts) = others.get_mut(layer) {
            *starts = AnimationStarts::default();
        }
    }
}
