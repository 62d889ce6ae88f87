use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    color::Color,
};

/// Shades between two colours instead of the layer's own: its dark becomes the one, its light the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tint {
    /// What black becomes. Its alpha is ignored.
    pub black: Color,
    /// What white becomes. Its alpha is ignored.
    pub white: Color,
    /// How much of it is seen: 0 (the layer's own colours) to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub amount: f64,
}

impl Default for Tint {
    fn default() -> Self {
        Self { black: Color::BLACK, white: Color::WHITE, amount: 1.0 }
    }
}

impl Slots for Tint {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.color("black", &mut self.black);
        visitor.color("white", &mut self.white);
        visitor.number("amount", &mut self.amount, 0.0, 1.0);
    }
}
