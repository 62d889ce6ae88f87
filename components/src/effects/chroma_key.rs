use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Slots, Visitor},
    color::Color,
};

/// Makes a colour transparent, such as the green of a screen behind a person. Only hue and saturation count, not how
/// bright it is lit. The numbers are those of OBS Studio's filter divided by 1000.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChromaKey {
    /// The colour to be keyed out. Its alpha is ignored.
    pub color: Color,
    /// Distance from the key colour up to which colours are fully transparent.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub similarity: f64,
    /// Distance beyond it over which colours become opaque.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub smoothness: f64,
    /// Distance beyond it over which colours regain their saturation: takes the screen's light off hair and edges.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub spill: f64,
}

impl Default for ChromaKey {
    fn default() -> Self {
        Self { color: Color::rgb(0, 255, 0), similarity: 0.4, smoothness: 0.08, spill: 0.1 }
    }
}

impl Slots for ChromaKey {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.color("color", &mut self.color);
        visitor.number("similarity", &mut self.similarity, 0.0, 1.0);
        visitor.number("smoothness", &mut self.smoothness, 0.0, 1.0);
        visitor.number("spill", &mut self.spill, 0.0, 1.0);
    }
}
