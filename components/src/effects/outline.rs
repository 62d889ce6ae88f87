use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    color::Color,
};

/// A line around what is opaque in the layer, behind it. Its corners are round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Outline {
    /// How far it reaches outwards, in layer pixels.
    #[schemars(range(min = 0.0, max = 50.0))]
    pub width: f64,
    /// Its colour.
    pub color: Color,
}

impl Default for Outline {
    fn default() -> Self {
        Self { width: 2.0, color: Color::BLACK }
    }
}

impl Slots for Outline {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("width", &mut self.width, 0.0, 50.0);
        visitor.color("color", &mut self.color);
    }
}
