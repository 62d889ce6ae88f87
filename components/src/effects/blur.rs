use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::animation::slots::{Slots, Visitor};

/// Gaussian blur.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Blur {
    /// Standard deviation in layer pixels.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub radius: f64,
}

impl Slots for Blur {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("radius", &mut self.radius, 0.0, 200.0);
    }
}
