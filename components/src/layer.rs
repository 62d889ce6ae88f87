//! What every layer has, whatever it shows.

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::id::ParseIdError;
use crate::{
    computed::{Placement, Pose},
    id::id,
};

id! {
    /// The name by which files, programs and diffs speak of a layer; unique in a scene.
    ///
    /// 1 to 64 characters: letters, digits, `_`, `-`, `.`, the first a letter or digit. It is part of URLs.
    #[derive(Component)]
    LayerId, "1 to 64 letters, digits, _, - or ., beginning with a letter or a digit"
}

/// A name for people; empty when none was given.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LayerName(#[schemars(length(max = 200))] pub String);

/// What a layer is for.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LayerType {
    /// The one who leads the show.
    Host,
    /// Who helps the host.
    Assistant,
    /// Pictures that the show talks about.
    VisualFeed,
    /// Graphics over or under the rest.
    #[default]
    Overlay,
    /// What the audience says.
    Chat,
}

/// Order among siblings: higher is nearer to the viewer; equal ones stand in document order.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Stacking(#[schemars(range(min = -1_000_000, max = 1_000_000))] pub i32);

/// Whether a layer is drawn at all; a hidden group hides its children.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Visibility(pub bool);

impl Default for Visibility {
    fn default() -> Self {
        Self(true)
    }
}

/// How much of a layer is seen: 0 (nothing) to 1. A group fades as one picture.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[require(Pose, Placement)]
pub struct Opacity(#[schemars(range(min = 0.0, max = 1.0))] pub f64);

impl Default for Opacity {
    fn default() -> Self {
        Self(1.0)
    }
}
