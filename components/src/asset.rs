//! Files that a scene draws from.

use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::layer::{ID_PATTERN, ParseIdError, check_id};

/// The name by which layers speak of an asset; the same rule as for [`LayerId`](crate::LayerId).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AssetId(String);

impl AssetId {
    /// # Errors
    /// The text breaks the rule for ids.
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

impl std::fmt::Display for AssetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AssetId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for AssetId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AssetId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "id", "pattern": ID_PATTERN,
            "description": "the id of an entry in the scene's `assets`" })
    }
}

/// One asset of a scene.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssetDocument {
    /// Its name in this scene.
    pub id: AssetId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: AssetKind,
    /// The file, relative to the folder of the scene file. It cannot lie outside of that folder.
    pub path: PathBuf,
}

impl AssetKind {
    /// What kind of asset a content of this type draws from; `None` if it draws from none.
    #[must_use]
    pub fn of_content(content_type: &str) -> Option<Self> {
        match content_type {
            "image" => Some(Self::Image),
            "animatedImage" => Some(Self::AnimatedImage),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }

    /// Its name in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::AnimatedImage => "animatedImage",
            Self::Svg => "svg",
            Self::Font => "font",
        }
    }
}

/// What an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AssetKind {
    /// A still picture: PNG, JPEG or WebP.
    Image,
    /// A picture that moves by itself: GIF, APNG or animated WebP.
    AnimatedImage,
    /// A vector picture: SVG, packed by gzip or not. It cannot refer to other files.
    Svg,
    /// A font file: TTF, OTF or a collection of them. Its families can then be named by text.
    Font,
}
