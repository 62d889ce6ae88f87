use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    color::Color,
};

/// Shades the layer towards the corners of its box (for a group: of the rectangle that its members fill).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Vignette {
    /// How much of the colour there is where it is full: 0 (none) to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub amount: f64,
    /// Where the shade begins, as a share of the way from the middle to the corners.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub radius: f64,
    /// Over which share of that way it becomes full.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub softness: f64,
    /// The colour of the shade. Its alpha is ignored.
    pub color: Color,
}

impl Default for Vignette {
    fn default() -> Self {
        Self { amount: 0.6, radius: 0.4, softness: 0.6, color: Color::BLACK }
    }
}

impl Slots for Vignette {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("amount", &mut self.amount, 0.0, 1.0);
        visitor.number("radius", &mut self.radius, 0.0, 1.0);
        visitor.number("softness", &mut self.softness, 0.0, 1.0);
        visitor.color("color", &mut self.color);
    }
}
