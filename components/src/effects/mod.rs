//! What is done to a layer's picture before it is laid onto the canvas; one file an effect.

mod blur;
mod drop_shadow;

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{blur::Blur, drop_shadow::DropShadow};

/// The effects of a layer, applied one after the other.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Effects(#[schemars(length(max = 16))] pub Vec<Effect>);

/// One effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Effect {
    /// Gaussian blur.
    Blur(Blur),
    /// A shadow behind the layer.
    DropShadow(DropShadow),
}
