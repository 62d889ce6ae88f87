//! What is known of the ticks to come.

use bevy_ecs::system::{Local, Query, Res, ResMut};
use components::animation::Playing;

use super::Workers;
use crate::clock::SceneTime;

/// Ticks from one look at the animations to the next: a scene may have many, and none is missed.
const LOOK: u64 = 10;

/// How far is looked ahead, in seconds.
const FAR: f64 = 1.0;

/// Ends a tick for the workers. All threads are made ready before something begins to move that is still now.
pub fn scale_workers(
    time: Res<SceneTime>,
    mut is_moving_soon: Local<bool>,
    mut workers: ResMut<Workers>,
    animated: Query<&Playing>,
) {
    if time.tick.is_multiple_of(LOOK) {
        let now = time.seconds;
        *is_moving_soon = animated.iter().any(|playing| {
            !playing.is_quiet_between(now, now + FAR) && playing.is_quiet_between(now - FAR / 10.0, now)
        });
    }
    workers.end_tick(*is_moving_soon);
}
