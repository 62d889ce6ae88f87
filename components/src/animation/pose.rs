//! The pose of a layer: what its animations make of its transform and opacity.

use kurbo::Vec2;

use super::{Playing, Sample, Target};
use crate::{computed::Pose, layer::Opacity, transform::Transform};

/// Two lengths, each a sum of pixels and percentages.
#[derive(Clone, Copy)]
struct Place {
    px: Vec2,
    percent: Vec2,
}

impl Pose {
    /// The pose of a layer at scene time `now`.
    #[must_use]
    pub fn new(transform: &Transform, opacity: &Opacity, playing: &Playing, now: f64) -> Self {
        let start = Sample::position(transform.position);
        let mut place =
            Place { px: Vec2::new(start.x(), start.y()), percent: Vec2::new(start.x_percent(), start.y_percent()) };
        // Angles in degrees, as documents have them, until all animations are applied.
        let Transform { anchor, scale, skew, mut rotation, .. } = *transform;
        let mut anchor = Vec2::new(anchor.x, anchor.y);
        let mut scale = Vec2::new(scale.x, scale.y);
        let mut skew = Vec2::new(skew.x, skew.y);
        let mut opacity = opacity.0;
        playing.for_each_of_pose(now, |target, value| match target {
            Target::Opacity => opacity = value.x(),
            Target::Position => {
                place.px = pair(value);
                place.percent = Vec2::new(value.x_percent(), value.y_percent());
            }
            Target::PositionX => (place.px.x, place.percent.x) = (value.x(), value.x_percent()),
            Target::PositionY => (place.px.y, place.percent.y) = (value.x(), value.x_percent()),
            Target::Anchor => anchor = pair(value),
            Target::AnchorX => anchor.x = value.x(),
            Target::AnchorY => anchor.y = value.x(),
            Target::Scale => scale = pair(value),
            Target::ScaleX => scale.x = value.x(),
            Target::ScaleY => scale.y = value.x(),
            Target::Rotation => rotation = value.x(),
            Target::Skew => skew = pair(value),
            Target::SkewX => skew.x = value.x(),
            Target::SkewY => skew.y = value.x(),
            Target::Content(_) => {}
        });
        Self {
            position: place.px,
            position_percent: place.percent,
            anchor,
            scale,
            rotation: rotation.to_radians(),
            skew: Vec2::new(skew.x.to_radians(), skew.y.to_radians()),
            opacity: opacity.clamp(0.0, 1.0),
            reshaping: playing.is_reshaping(now),
            moving: playing.is_moving(now),
        }
    }
}

fn pair(value: Sample) -> Vec2 {
    Vec2::new(value.x(), value.y())
}
