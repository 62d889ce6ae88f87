use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::animation::slots::{Slots, Visitor};

/// Greys instead of colours, as the CSS filter function `grayscale`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grayscale {
    /// How much colour is taken away: 0 (none) to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub amount: f64,
}

impl Default for Grayscale {
    fn default() -> Self {
        Self { amount: 1.0 }
    }
}

impl Slots for Grayscale {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("amount", &mut self.amount, 0.0, 1.0);
    }
}
