//! The pose of a layer: what its animations make of its transform and opacity.

use kurbo::Vec2;

use super::{Playing, Sample, Target, Value, playing::Applied, slots::Stepped};
use crate::{blend::BlendMode, computed::Pose, layer::Opacity, transform::Transform};

/// A pose while animations are applied to it: angles in degrees, as documents have them, lengths as sums of pixels and
/// percentages.
struct Posing {
    position: [Sample; 2],
    anchor: Vec2,
    scale: Vec2,
    skew: Vec2,
    rotation: f64,
    opacity: f64,
    blend: Option<BlendMode>,
    visible: Option<bool>,
    z_index: Option<f64>,
}

impl Posing {
    fn of(transform: &Transform, opacity: &Opacity) -> Self {
        let Transform { position, anchor, scale, skew, rotation } = *transform;
        Self {
            position: [Sample::length(position.x), Sample::length(position.y)],
            anchor: Vec2::new(anchor.x, anchor.y),
            scale: Vec2::new(scale.x, scale.y),
            skew: Vec2::new(skew.x, skew.y),
            rotation,
            opacity: opacity.0,
            blend: None,
            visible: None,
            z_index: None,
        }
    }

    /// Sets what steps. It was checked that it can be that.
    fn step(&mut self, target: Target, value: &Value) {
        match target {
            Target::Blend => _ = self.blend.get_or_insert_default().set(value),
            Target::Visible => _ = self.visible.get_or_insert_default().set(value),
            _ => {}
        }
    }

    fn get(&self, target: Target) -> Sample {
        let pair = |vector: Vec2| Sample::pair(vector.x, vector.y);
        let [x, y] = self.position;
        match target {
            Target::Opacity => Sample::number(self.opacity),
            Target::Position => Sample::of_lanes([x.x(), x.x_percent(), y.x(), y.x_percent()]),
            Target::PositionX => x,
            Target::PositionY => y,
            Target::Anchor => pair(self.anchor),
            Target::AnchorX => Sample::number(self.anchor.x),
            Target::AnchorY => Sample::number(self.anchor.y),
            Target::Scale => pair(self.scale),
            Target::ScaleX => Sample::number(self.scale.x),
            Target::ScaleY => Sample::number(self.scale.y),
            Target::Rotation => Sample::number(self.rotation),
            Target::Skew => pair(self.skew),
            Target::SkewX => Sample::number(self.skew.x),
            Target::SkewY => Sample::number(self.skew.y),
            Target::ZIndex => Sample::number(self.z_index.unwrap_or_default()),
            Target::Blend | Target::Visible | Target::Slot(..) | Target::Pair(..) => Sample::default(),
        }
    }

    fn set(&mut self, target: Target, value: Sample) {
        let pair = Vec2::new(value.x(), value.y());
        match target {
            Target::Opacity => self.opacity = value.x(),
            Target::Position => {
                let [x, x_percent, y, y_percent] = value.lanes();
                self.position =
                    [Sample::of_lanes([x, x_percent, 0.0, 0.0]), Sample::of_lanes([y, y_percent, 0.0, 0.0])];
            }
            Target::PositionX => self.position[0] = value,
            Target::PositionY => self.position[1] = value,
            Target::Anchor => self.anchor = pair,
            Target::AnchorX => self.anchor.x = value.x(),
            Target::AnchorY => self.anchor.y = value.x(),
            Target::Scale => self.scale = pair,
            Target::ScaleX => self.scale.x = value.x(),
            Target::ScaleY => self.scale.y = value.x(),
            Target::Rotation => self.rotation = value.x(),
            Target::Skew => self.skew = pair,
            Target::SkewX => self.skew.x = value.x(),
            Target::SkewY => self.skew.y = value.x(),
            Target::ZIndex => self.z_index = Some(value.x()),
            Target::Blend | Target::Visible | Target::Slot(..) | Target::Pair(..) => {}
        }
    }
}

impl Pose {
    /// The pose of a layer at scene time `now`.
    #[must_use]
    pub fn new(transform: &Transform, opacity: &Opacity, playing: &Playing, now: f64) -> Self {
        let mut posing = Posing::of(transform, opacity);
        playing.for_each_of_pose(now, |Applied { target, mixing, value, stepped }| {
            if let Some(stepped) = stepped {
                posing.step(target, stepped);
                return;
            }
            let value = mixing.map_or(value, |mixing| {
                // This alone does not begin as it is authored, which is written elsewhere.
                let is_first = target == Target::ZIndex && posing.z_index.is_none();
                mixing.over(if is_first { mixing.authored() } else { posing.get(target) }, value)
            });
            posing.set(target, value);
        });
        let Posing { position: [x, y], anchor, scale, skew, rotation, opacity, blend, visible, z_index } = posing;
        Self {
            position: Vec2::new(x.x(), y.x()),
            position_percent: Vec2::new(x.x_percent(), y.x_percent()),
            anchor,
            scale,
            rotation: rotation.to_radians(),
            skew: Vec2::new(skew.x.to_radians(), skew.y.to_radians()),
            opacity: opacity.clamp(0.0, 1.0),
            reshaping: playing.is_reshaping(now),
            moving: playing.is_moving(now),
            blend,
            visible,
            z_index: z_index.map(whole),
        }
    }
}

/// The nearest whole number: what stands between two planes stands on one of them.
#[expect(clippy::cast_possible_truncation, reason = "the property's bounds are within those of the type")]
fn whole(number: f64) -> i32 {
    number.round() as i32
}
