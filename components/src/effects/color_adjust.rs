use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::animation::slots::{Slots, Visitor};

/// Brightness, contrast, saturation and hue, changed in this order, each as the CSS filter function of its name does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ColorAdjust {
    /// What colours are multiplied by: 0 is black, 1 changes nothing.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub brightness: f64,
    /// What distances from middle grey are multiplied by: 0 is grey, 1 changes nothing.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub contrast: f64,
    /// What distances from the grey of the same luminance are multiplied by: 0 is grey, 1 changes nothing.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub saturation: f64,
    /// Degrees by which hues are turned.
    #[schemars(range(min = -36000.0, max = 36000.0))]
    pub hue: f64,
}

impl Default for ColorAdjust {
    fn default() -> Self {
        Self { brightness: 1.0, contrast: 1.0, saturation: 1.0, hue: 0.0 }
    }
}

impl Slots for ColorAdjust {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("brightness", &mut self.brightness, 0.0, 10.0);
        visitor.number("contrast", &mut self.contrast, 0.0, 10.0);
        visitor.number("saturation", &mut self.saturation, 0.0, 10.0);
        visitor.number("hue", &mut self.hue, -36000.0, 36000.0);
    }
}
