use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TrackId;

/// Makes a track step back while others are heard: music under speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ducking {
    /// The tracks that it makes way for.
    #[schemars(length(min = 1, max = 32))]
    pub by: Vec<TrackId>,
    /// Decibels by which it gets quieter.
    #[serde(default = "amount")]
    #[schemars(range(min = 0.0, max = 60.0))]
    pub amount: f64,
    /// The level in decibels below full scale from which on one of these tracks counts as heard.
    #[serde(default = "threshold")]
    #[schemars(range(min = -80.0, max = 0.0))]
    pub threshold: f64,
    /// Seconds in which it steps back.
    #[serde(default = "attack")]
    #[schemars(range(min = 0.001, max = 10.0))]
    pub attack: f64,
    /// Seconds in which it comes up again.
    #[serde(default = "release")]
    #[schemars(range(min = 0.001, max = 60.0))]
    pub release: f64,
}

fn amount() -> f64 {
    12.0
}

fn threshold() -> f64 {
    -40.0
}

fn attack() -> f64 {
    0.05
}

fn release() -> f64 {
    0.5
}
