//! The list of what must be drawn.

use bevy_ecs::{entity::Entity, resource::Resource};
use components::{BlendMode, PixelRect};
use kurbo::{Affine, Rect};

use crate::variants::VariantSet;

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
    /// A group that is drawn as a picture of its own; its members are no steps of this list.
    Picture(Drawn),
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
    /// Pixels of the frame that it may touch; never empty, never outside of the canvas's part of the frame.
    pub bounds: PixelRect,
    /// 0..1, above zero.
    pub opacity: f64,
    /// How it mixes with what is below.
    pub blend: BlendMode,
    /// Raster pixels per layer pixel at which its own picture is drawn. The same wherever it is laid down.
    pub scale: (f64, f64),
    /// For a group, the layer that is its mask.
    pub mask: Option<LaidMask>,
    /// Which version of the layer's own picture is drawn.
    pub revision: u64,
    /// Whether its shape is changing just now; see `Pose::reshaping`.
    pub reshaping: bool,
    /// Whether its place is changing just now; see `Pose::moving`.
    pub moving: bool,
    /// Whether opaque layers in front of it hide all of it: it is not drawn then.
    pub covered: bool,
    /// What of its picture is shown, if that moves within the layer by itself.
    pub scrolled: Option<Scrolled>,
    /// What of its picture is drawn, in layer pixels, if that is not all.
    pub part: Option<Rect>,
    /// Pixels of the picture, about; none for a group that has none of its own.
    pub pixels: f64,
    /// The variants of the stream in which it is seen; for a group, those in which it is drawn as one picture.
    pub variants: VariantSet,
}

/// A part of a layer's picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scrolled {
    /// Where it is seen, in layer pixels.
    pub window: Rect,
    /// How far to the left the picture is moved, in layer pixels.
    pub by: f64,
}

/// A layer's picture as the mask of another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaidMask {
    /// From pixels of the mask layer's box to where the other one is drawn.
    pub affine: Affine,
    /// Which version of the mask is laid down.
    pub revision: u64,
    /// Whether its shape is changing just now.
    pub reshaping: bool,
    /// Whether its place is changing just now.
    pub moving: bool,
    /// Pixels of the picture, about.
    pub pixels: f64,
}

impl Drawn {
    /// Whether its pixels are not, or not for long, pixels of the frame.
    pub(crate) fn is_sampled(&self) -> bool {
        let [xx, yx, xy, yy, ..] = self.affine.as_coeffs();
        let is_upright = yx == 0.0 && xy == 0.0 && (xx, yy) == self.scale;
        let mask_moves = self.mask.is_some_and(|mask| mask.moving || mask.reshaping);
        !is_upright || self.moving || self.reshaping || self.scrolled.is_some() || mask_moves
    }
}

impl DrawStep {
    /// The layer or group of this step.
    #[must_use]
    pub fn drawn(&self) -> Option<&Drawn> {
        match self {
            Self::Layer(drawn) | Self::Picture(drawn) | Self::BeginGroup(drawn) => Some(drawn),
            Self::EndGroup => None,
        }
    }
}
