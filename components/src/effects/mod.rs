//! What is done to a layer's picture before it is laid onto the canvas; one file an effect.

mod blur;
mod chroma_key;
mod color_adjust;
mod drop_shadow;
mod glow;
mod grayscale;
mod outline;
mod pixelate;
mod rounded_corners;
mod tint;
mod vignette;

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    computed::ShownEffects,
};

pub use self::{
    blur::Blur, chroma_key::ChromaKey, color_adjust::ColorAdjust, drop_shadow::DropShadow, glow::Glow,
    grayscale::Grayscale, outline::Outline, pixelate::Pixelate, rounded_corners::RoundedCorners, tint::Tint,
    vignette::Vignette,
};

/// The effects of a layer, applied one after the other.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[require(ShownEffects)]
pub struct Effects(#[schemars(length(max = 16))] pub Vec<Effect>);

/// One effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Effect {
    /// Gaussian blur.
    Blur(Blur),
    /// A shadow behind the layer.
    DropShadow(DropShadow),
    /// Light around the layer.
    Glow(Glow),
    /// A line around the layer.
    Outline(Outline),
    /// Brightness, contrast, saturation and hue.
    ColorAdjust(ColorAdjust),
    /// Shades between two colours.
    Tint(Tint),
    /// Greys instead of colours.
    Grayscale(Grayscale),
    /// One colour made transparent.
    ChromaKey(ChromaKey),
    /// Squares of one colour.
    Pixelate(Pixelate),
    /// Shade towards the corners.
    Vignette(Vignette),
    /// Corners cut off round.
    RoundedCorners(RoundedCorners),
}

impl Slots for Effect {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        match self {
            Self::Blur(effect) => effect.visit(visitor),
            Self::DropShadow(effect) => effect.visit(visitor),
            Self::Glow(effect) => effect.visit(visitor),
            Self::Outline(effect) => effect.visit(visitor),
            Self::ColorAdjust(effect) => effect.visit(visitor),
            Self::Tint(effect) => effect.visit(visitor),
            Self::Grayscale(effect) => effect.visit(visitor),
            Self::ChromaKey(effect) => effect.visit(visitor),
            Self::Pixelate(effect) => effect.visit(visitor),
            Self::Vignette(effect) => effect.visit(visitor),
            Self::RoundedCorners(effect) => effect.visit(visitor),
        }
    }
}
