//! Stage `clock`: what time it is in the scene, when each animation started, where timelines stand, and what triggers
//! do of it.

mod conductor;
mod motion;
mod timelines;

use bevy_ecs::{
    lifecycle::RemovedComponents,
    query::{Changed, Without},
    resource::Resource,
    schedule::SystemSet,
    system::{Query, Res},
};
use components::{Animations, animation::AnimationStarts};

pub(crate) use self::motion::is_moving;
pub use self::{
    conductor::{Conductor, Input, Inputs, SceneEvent, SceneEvents, run_timelines},
    motion::{LatestMotion, Motion, MotionChange, Resume, TimelineMotion, tell_motion},
    timelines::{TimelineStatus, Timelines, cue_layers},
};

/// Scene time. Whoever runs the schedule sets it before each tick; everything that moves is a function of it.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct SceneTime {
    /// Number of the tick that is being made.
    pub tick: u64,
    /// Seconds that the scene has played, which stand still while it is paused. Calculated from a count of ticks, not
    /// added up, so that it never drifts.
    pub seconds: f64,
}

/// The systems of this stage.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClockSystems;

/// Lets animations that are new start at the present scene time; those that a layer had before go on.
pub fn start_animations(
    time: Res<SceneTime>,
    mut edited: Query<(&Animations, &mut AnimationStarts), Changed<Animations>>,
    mut removed: RemovedComponents<Animations>,
    mut others: Query<&mut AnimationStarts, Without<Animations>>,
) {
    for (animations, mut starts) in &mut edited {
        starts.update(animations, time.seconds);
    }
    for layer in removed.read() {
        // A layer that is gone altogether needs nothing.
        if let Ok(mut starts) = others.get_mut(layer) {
            *starts = AnimationStarts::default();
        }
    }
}
