//! Stage `tween`: what the animations make of transform, opacity and content at the present scene time.
//!
//! Names, options and authored values are looked up when something is edited, not on each tick ([`Playing`]); a layer
//! on which nothing changes between the last tick and this one is passed over.

use bevy_ecs::{
    change_detection::{DetectChanges, DetectChangesMut, Mut, Ref},
    query::{Changed, Or},
    schedule::SystemSet,
    system::{Local, Query, Res},
};
use components::{
    AnimatedContent, Animations, Content, Opacity, Pose, Transform,
    animation::{AnimationStarts, Cues, Playing},
};

use crate::clock::SceneTime;

/// The systems of this stage: [`compile_animations`], then the other two in either order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TweenSystems;

/// Fewer layers than this are not worth waking other threads for.
const SHARED_FROM: usize = 1000;

type Authored<'w> =
    (Option<&'w Animations>, &'w AnimationStarts, &'w Cues, &'w Content, &'w Transform, &'w Opacity, &'w mut Playing);

type Edited = Or<(
    Changed<Animations>,
    Changed<AnimationStarts>,
    Changed<Cues>,
    Changed<Content>,
    Changed<Transform>,
    Changed<Opacity>,
)>;

/// Makes the animations of layers that were edited ready to be sampled.
pub fn compile_animations(mut edited: Query<Authored, Edited>) {
    let none = Animations::default();
    for (animations, starts, cues, content, transform, opacity, mut playing) in &mut edited {
        let animations = animations.unwrap_or(&none);
        let compiled = if animations.0.is_empty() && cues.0.is_empty() {
            Playing::default()
        } else {
            Playing::new(animations, starts, cues, content, transform, opacity)
        };
        playing.set_if_neq(compiled);
    }
}

type Posed<'w> = (Ref<'w, Transform>, Ref<'w, Opacity>, Option<Ref<'w, Playing>>, &'w mut Pose);

/// Writes the pose of every layer that was edited or moves.
pub fn write_poses(time: Res<SceneTime>, mut last: Local<f64>, mut layers: Query<Posed>) {
    let (before, now) = (*last, time.seconds);
    *last = now;
    let still = Playing::default();
    let write =
        |(transform, opacity, playing, mut pose): (Ref<Transform>, Ref<Opacity>, Option<Ref<Playing>>, Mut<Pose>)| {
            let mut edited = transform.is_changed() || opacity.is_changed();
            let playing = match &playing {
                Some(playing) => {
                    edited |= playing.is_changed();
                    &**playing
                }
                None => &still,
            };
            if edited || !playing.is_quiet_between(before, now) {
                pose.set_if_neq(Pose::new(&transform, &opacity, playing, now));
            }
        };
    if layers.iter().len() < SHARED_FROM {
        layers.iter_mut().for_each(write);
    } else {
        layers.par_iter_mut().for_each(write);
    }
}

type Filled<'w> = (Ref<'w, Content>, Ref<'w, Playing>, &'w mut AnimatedContent);

/// Writes the content of every layer on which it is animated, and was edited or moves.
pub fn write_animated_content(time: Res<SceneTime>, mut last: Local<f64>, mut layers: Query<Filled>) {
    let (before, now) = (*last, time.seconds);
    *last = now;
    let write = |(content, playing, mut animated): (Ref<Content>, Ref<Playing>, Mut<AnimatedContent>)| {
        if !playing.animates_content() {
            animated.set_if_neq(AnimatedContent(None));
            return;
        }
        if content.is_changed() || playing.is_changed() {
            let mut content = Content::clone(&content);
            playing.apply_to_content(&mut content, now);
            animated.set_if_neq(AnimatedContent(Some(content)));
        } else if !playing.is_quiet_between(before, now)
            && let AnimatedContent(Some(content)) = animated.bypass_change_detection()
            && playing.apply_to_content(content, now)
        {
            animated.set_changed();
        }
    };
    if layers.iter().len() < SHARED_FROM {
        layers.iter_mut().for_each(write);
    } else {
        layers.par_iter_mut().for_each(write);
    }
}

#[cfg(test)]
mod tests;
