use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::animation::slots::{Slots, Visitor};

/// Cuts round corners into the layer's box (for a group: into the rectangle that its members fill).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RoundedCorners {
    /// Radius in layer pixels; at most half of the box's shorter side is used.
    #[schemars(range(min = 0.0, max = 1e5))]
    pub radius: f64,
}

impl Default for RoundedCorners {
    fn default() -> Self {
        Self { radius: 16.0 }
    }
}

impl Slots for RoundedCorners {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("radius", &mut self.radius, 0.0, 1e5);
    }
}
