//! Files that a scene draws from.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::id;

id! {
    /// The name by which layers speak of an asset; the same rule as for [`LayerId`](crate::LayerId).
    AssetId, "the id of an entry in the scene's `assets`"
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
            Self::Audio => "audio",
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
    /// A sound file: WAV, FLAC, Ogg, MP3, M4A, AIFF, AU or Matroska. Tracks play it.
    Audio,
}
