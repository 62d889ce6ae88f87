//! Pictures that move by themselves: which of their frames is seen now.

use bevy_ecs::{
    change_detection::DetectChangesMut,
    component::Component,
    system::{Query, Res},
};
use components::{AnimatedContent, Content, content::AnimatedImageContent};

use crate::{
    assets::{AnimatedImage, AssetState, Assets},
    clock::SceneTime,
    place::Revision,
};

/// The frame of a moving picture that was shown last; 0 for what does not move. Computed.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownFrame(pub usize);

/// The frame of a moving picture that is seen `seconds` after its scene began.
#[must_use]
pub fn frame_at(content: &AnimatedImageContent, image: &AnimatedImage, seconds: f64) -> usize {
    image.frame_at((seconds - content.start_at) * content.speed, content.repeat)
}

/// Marks the layers whose moving picture shows another frame than at the last tick; the others cost nothing more.
pub fn pick_frames(
    time: Res<SceneTime>,
    assets: Res<Assets>,
    mut layers: Query<(&Content, &AnimatedContent, &mut ShownFrame, &mut Revision)>,
) {
    if !assets.any_moves() {
        return;
    }
    for (content, animated, mut shown, mut revision) in &mut layers {
        let Content::AnimatedImage(content) = animated.0.as_ref().unwrap_or(content) else { continue };
        let Some(AssetState::Animation(image)) = assets.state(&content.asset) else { continue };
        if shown.set_if_neq(ShownFrame(frame_at(content, image, time.own()))) {
            revision.0 += 1;
        }
    }
}
