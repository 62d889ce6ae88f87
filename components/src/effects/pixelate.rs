use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::animation::slots::{Slots, Visitor};

/// Squares of one colour each, counted from the top left of the layer's box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Pixelate {
    /// Side of a square in layer pixels.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub size: f64,
}

impl Default for Pixelate {
    fn default() -> Self {
        Self { size: 8.0 }
    }
}

impl Slots for Pixelate {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("size", &mut self.size, 1.0, 1000.0);
    }
}
