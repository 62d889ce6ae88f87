//! Easings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an animation goes from one value to the next. (Replaced by the animation engine's own.)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Easing(pub String);
