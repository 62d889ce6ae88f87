use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    color::Color,
};

/// Light around the layer: its blurred alpha in a colour, behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Glow {
    /// Standard deviation of the blur in layer pixels.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub radius: f64,
    /// Its colour.
    pub color: Color,
    /// How many times as bright as the blur alone makes it; a blurred edge of strength 2 is opaque at the layer's edge.
    #[schemars(range(min = 0.0, max = 20.0))]
    pub strength: f64,
}

impl Default for Glow {
    fn default() -> Self {
        Self { radius: 8.0, color: Color::WHITE, strength: 2.0 }
    }
}

impl Slots for Glow {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("radius", &mut self.radius, 0.0, 200.0);
        visitor.color("color", &mut self.color);
        visitor.number("strength", &mut self.strength, 0.0, 20.0);
    }
}
