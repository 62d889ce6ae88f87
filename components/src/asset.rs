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

/// What an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AssetKind {
    /// A still picture: PNG, JPEG or WebP.
    Image,
    /// A font file: TTF, OTF or a collection of them. Its families can then be named by text.
    Font,
    /// A sound file: WAV, FLAC, Ogg, MP3, M4A or AIFF. Tracks play it.
    Audio,
}
