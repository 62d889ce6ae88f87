//! What part of a layer is seen.

use bevy_ecs::component::Component;
use kurbo::{BezPath, Rect, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Segment, Slots, Visitor},
    computed::ShownMask,
    layer::LayerId,
};

/// The mask of a layer, if it has one.
#[derive(Component, Clone, Debug, Default, PartialEq)]
#[require(ShownMask)]
pub struct LayerMask(pub Option<Mask>);

/// A shape in the layer's own box outside of which nothing of the layer (for a group: of its children) is seen; or
/// another layer that says by its picture what is seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mask {
    /// The shape, in the layer's pixels from the top left of its box (for a group: its origin). Another layer stands
    /// where it stands on the canvas.
    pub shape: MaskShape,
    /// Show what is outside of the shape instead.
    #[serde(default)]
    pub inverted: bool,
    /// Width in pixels over which the edge goes from seen to unseen.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 500.0))]
    pub feather: f64,
}

impl Mask {
    /// The rectangle outside of which the shape, its soft edge included, is not; in the layer's pixels. Empty where the
    /// mask is another layer.
    #[must_use]
    pub fn reach(&self) -> Rect {
        let shape = match &self.shape {
            MaskShape::Rect { x, y, width, height, .. } | MaskShape::Ellipse { x, y, width, height } => {
                Rect::new(*x, *y, x + width, y + height)
            }
            MaskShape::Path { d } => BezPath::from_svg(d).map(|path| path.bounding_box()).unwrap_or_default(),
            MaskShape::Layer { .. } => return Rect::ZERO,
        };
        shape.inflate(self.feather, self.feather)
    }

    /// The layer whose picture is the mask, if it is one.
    #[must_use]
    pub fn layer(&self) -> Option<&LayerId> {
        match &self.shape {
            MaskShape::Layer { layer, .. } => Some(layer),
            _ => None,
        }
    }
}

/// The shape of a [`Mask`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "x, y, width and height in pixels say themselves")]
pub enum MaskShape {
    /// A rectangle, its corners rounded if `radius` (pixels) is above zero.
    Rect {
        #[serde(default)]
        #[schemars(range(min = -1e5, max = 1e5))]
        x: f64,
        #[serde(default)]
        #[schemars(range(min = -1e5, max = 1e5))]
        y: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        width: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        height: f64,
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1e5))]
        radius: f64,
    },
    /// The ellipse that touches the sides of this rectangle.
    Ellipse {
        #[serde(default)]
        #[schemars(range(min = -1e5, max = 1e5))]
        x: f64,
        #[serde(default)]
        #[schemars(range(min = -1e5, max = 1e5))]
        y: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        width: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        height: f64,
    },
    /// An SVG path (`d`), filled by the non-zero rule.
    Path {
        /// SVG path data.
        #[schemars(extend("format" = "path"))]
        d: String,
    },
    /// The picture of another layer, with its effects, its own mask and its opacity. Whether it is visible itself does
    /// not matter.
    Layer {
        /// The layer.
        layer: LayerId,
        /// What of its picture counts.
        #[serde(default)]
        channel: MaskChannel,
    },
}

/// What of a picture says how much is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MaskChannel {
    /// Its opacity.
    #[default]
    Alpha,
    /// How bright it is; where it is transparent it is dark.
    Luminance,
}

impl Slots for Mask {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        const FAR: f64 = 1e5;
        visitor.within(Segment::Name("shape"), |visitor| {
            let (x, y, width, height, radius) = match &mut self.shape {
                MaskShape::Rect { x, y, width, height, radius } => (x, y, width, height, Some(radius)),
                MaskShape::Ellipse { x, y, width, height } => (x, y, width, height, None),
                MaskShape::Path { d } => return visitor.path("d", d),
                MaskShape::Layer { channel, .. } => return visitor.step("channel", channel),
            };
            visitor.number("x", x, -FAR, FAR);
            visitor.number("y", y, -FAR, FAR);
            visitor.number("width", width, 0.0, FAR);
            visitor.number("height", height, 0.0, FAR);
            if let Some(radius) = radius {
                visitor.number("radius", radius, 0.0, FAR);
            }
        });
        visitor.step("inverted", &mut self.inverted);
        visitor.number("feather", &mut self.feather, 0.0, 500.0);
    }
}
