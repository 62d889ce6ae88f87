use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Segment, Slots, Visitor},
    color::Color,
    geometry::Point,
};

/// A blurred shadow of the layer's alpha, drawn behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DropShadow {
    /// Where the shadow lies, in layer pixels from the layer.
    pub offset: Point,
    /// Standard deviation of its blur in layer pixels.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub radius: f64,
    /// Its colour.
    pub color: Color,
}

impl Default for DropShadow {
    fn default() -> Self {
        Self { offset: Point { x: 0.0, y: 4.0 }, radius: 8.0, color: Color { r: 0, g: 0, b: 0, a: 128 } }
    }
}

impl Slots for DropShadow {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.point(Segment::Name("offset"), &mut self.offset);
        visitor.number("radius", &mut self.radius, 0.0, 200.0);
        visitor.color("color", &mut self.color);
    }
}
