use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::animation::slots::{Slots, Visitor};

/// Nothing of its own: the layer's `children`, drawn as one picture and moved, faded and blended as one.
///
/// A group's box is empty: its anchor is its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupContent {}

impl Slots for GroupContent {
    fn visit(&mut self, _: &mut dyn Visitor) {}
}
