use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    color::Color,
    geometry::Size,
};

/// A box of one colour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ColorContent {
    /// The colour.
    pub color: Color,
    /// Size of the box; the whole canvas if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
}

impl Slots for ColorContent {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.color("color", &mut self.color);
        self.size.visit(visitor);
    }
}
