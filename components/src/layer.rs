//! What every layer has, whatever it shows.

use bevy_ecs::component::Component;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::computed::{Placement, Pose};

/// The name by which files, programs and diffs speak of a layer; unique in a scene.
///
/// 1 to 64 characters: letters, digits, `_`, `-`, `.`, the first a letter or digit. It is part of URLs.
#[derive(Component, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct LayerId(String);

/// The text cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of 1 to 64 letters, digits, `_`, `-` or `.`, beginning with a letter or a digit")]
pub struct ParseIdError;

pub(crate) const ID_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";

pub(crate) fn check_id(text: &str) -> Result<(), ParseIdError> {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if first && rest && text.len() <= 64 { Ok(()) } else { Err(ParseIdError) }
}

impl LayerId {
    /// # Errors
    /// The text breaks the rule stated on [`LayerId`].
    pub fn new(text: impl Into<String>) -> Result<Self, ParseIdError> {
        let text = text.into();
        check_id(&text)?;
        Ok(Self(text))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for LayerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for LayerId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for LayerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for LayerId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LayerId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "id", "pattern": ID_PATTERN,
            "description": "1 to 64 letters, digits, _, - or ., beginning with a letter or a digit" })
    }
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
