//! What a layer shows; one file a content type.
//!
//! To add one: a file here with its struct, a variant below, and the file that draws it in
//! `systems/src/rasterise/content/`.

mod animated_image;
mod color;
mod gradient;
mod group;
mod image;
mod shape;
mod slots;
mod svg;
mod text;

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    animated_image::AnimatedImageContent,
    color::ColorContent,
    gradient::GradientContent,
    group::GroupContent,
    image::ImageContent,
    shape::{Cap, CornerRadii, EachCorner, FillRule, Geometry, Join, ShapeContent, Stroke, Trim},
    svg::SvgContent,
    text::{
        AutoFit, Font, FontStyle, Overflow, SpanFont, TextAlign, TextContent, TextSpan, Ticker, VerticalAlign, Wrap,
        is_feature_tag,
    },
};
use crate::{
    animation::slots::{Slots, Visitor},
    asset::{AssetId, AssetKind},
    computed::{AnimatedContent, Extent},
};

/// What a layer shows.
#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
#[require(AnimatedContent, Extent)]
#[expect(clippy::large_enum_variant, reason = "a scene has at most a thousand layers")]
pub enum Content {
    /// One colour.
    Color(ColorContent),
    /// A gradient.
    Gradient(GradientContent),
    /// A still picture.
    Image(ImageContent),
    /// A picture that moves by itself.
    AnimatedImage(AnimatedImageContent),
    /// A vector picture from a file.
    Svg(SvgContent),
    /// A vector shape.
    Shape(ShapeContent),
    /// Text.
    Text(TextContent),
    /// Other layers, drawn as one picture.
    Group(GroupContent),
}

impl Content {
    /// The asset that it draws from, and what kind of asset that has to be; `None` if it draws from none.
    #[must_use]
    pub fn asset(&self) -> Option<(&AssetId, AssetKind)> {
        match self {
            Self::Image(content) => Some((&content.asset, AssetKind::Image)),
            Self::AnimatedImage(content) => Some((&content.asset, AssetKind::AnimatedImage)),
            Self::Svg(content) => Some((&content.asset, AssetKind::Svg)),
            Self::Color(_) | Self::Gradient(_) | Self::Shape(_) | Self::Text(_) | Self::Group(_) => None,
        }
    }
}

impl Slots for Content {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        match self {
            Self::Color(content) => content.visit(visitor),
            Self::Gradient(content) => content.visit(visitor),
            Self::Image(content) => content.visit(visitor),
            Self::AnimatedImage(content) => content.visit(visitor),
            Self::Svg(content) => content.visit(visitor),
            Self::Shape(content) => content.visit(visitor),
            Self::Text(content) => content.visit(visitor),
            Self::Group(content) => content.visit(visitor),
        }
    }
}
