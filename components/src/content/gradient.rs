use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    geometry::Size,
    paint::Gradient,
};

/// A box filled with a gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GradientContent {
    /// The gradient.
    pub gradient: Gradient,
    /// Size of the box; the whole canvas if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
}

impl Slots for GradientContent {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.gradient.visit_as("gradient", visitor);
        self.size.visit(visitor);
    }
}
