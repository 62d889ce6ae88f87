//! What must be drawn, back to front. (Types; the systems follow.)

use bevy_ecs::{entity::Entity, resource::Resource};
use components::{BlendMode, PixelRect};
use kurbo::Affine;

/// What must be drawn this tick, back to front.
#[derive(Resource, Clone, Debug, Default)]
pub struct DrawList {
    /// The steps. Every [`DrawStep::BeginGroup`] has its [`DrawStep::EndGroup`].
    pub steps: Vec<DrawStep>,
}

/// One step of a [`DrawList`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DrawStep {
    /// A layer with pixels of its own.
    Layer(Drawn),
    /// What follows is drawn into a transparent picture of its own …
    BeginGroup(Drawn),
    /// … which is then laid down as one.
    EndGroup,
}

/// A layer or group as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// The layer.
    pub entity: Entity,
    /// From pixels of the layer's box to pixels of the frame.
    pub affine: Affine,
    /// Pixels of the frame that it may touch; never empty, never outside of the frame.
    pub bounds: PixelRect,
    /// 0..1, above zero.
    pub opacity: f64,
    /// How it mixes with what is below.
    pub blend: BlendMode,
    /// Whether its shape is changing just now; see `Pose::reshaping`.
    pub reshaping: bool,
}
