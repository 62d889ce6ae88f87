use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gaussian blur.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Blur {
    /// Standard deviation in layer pixels.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub radius: f64,
}
