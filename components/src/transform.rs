//! Where a layer stands.

use bevy_ecs::component::Component;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    computed::{Placement, Pose},
    geometry::{LengthPoint, Point},
};

/// Where a layer stands in its parent: in the canvas, or in its group.
///
/// The layer's box is moved so that its anchor comes to the origin, scaled, skewed, rotated about the anchor, and
/// then moved so that the anchor lies at `position`.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[require(Pose, Placement)]
pub struct Transform {
    /// Where the anchor lies, in the parent's coordinates; percentages refer to the canvas.
    pub position: LengthPoint,
    /// The point of the layer's own box that `position` places and that it turns and grows about: (0, 0) is the top
    /// left corner, (1, 1) the bottom right.
    pub anchor: Point,
    /// Scale factors; one number scales both ways.
    pub scale: Scale,
    /// Degrees clockwise.
    #[schemars(range(min = -1e6, max = 1e6))]
    pub rotation: f64,
    /// Skew along x and y in degrees.
    pub skew: Point,
}

/// Scale factors, 1 being natural size; written as one number where both are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Horizontal factor.
    pub x: f64,
    /// Vertical factor.
    pub y: f64,
}

impl Default for Scale {
    fn default() -> Self {
        Self { x: 1.0, y: 1.0 }
    }
}

impl Serialize for Scale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::float_cmp, reason = "only an exactly uniform scale may be written as one number")]
        if self.x == self.y {
            serializer.serialize_f64(self.x)
        } else {
            Point { x: self.x, y: self.y }.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Scale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Uniform(f64),
            Each(Point),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Uniform(factor) => Self { x: factor, y: factor },
            Written::Each(Point { x, y }) => Self { x, y },
        })
    }
}

impl JsonSchema for Scale {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scale".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a factor for both directions, or { x, y }",
            "anyOf": [
                { "type": "number", "minimum": -1e4, "maximum": 1e4 },
                generator.subschema_for::<Point>(),
            ],
        })
    }
}
