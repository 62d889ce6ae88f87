//! What is heard with a frame.

use std::{collections::BTreeMap, path::PathBuf};

use components::{AssetId, AssetKind, AudioDocument, SceneDocument};

/// The sound of a scene, with all that is needed to play it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Soundtrack {
    /// What was written about it.
    pub audio: AudioDocument,
    /// The sound files of the scene, relative to `folder`.
    pub files: BTreeMap<AssetId, PathBuf>,
    /// The folder that they cannot lie outside of.
    pub folder: PathBuf,
}

impl From<&SceneDocument> for Soundtrack {
    fn from(scene: &SceneDocument) -> Self {
        let sounds = scene.assets.iter().filter(|asset| asset.kind == AssetKind::Audio);
        Self {
            audio: scene.audio.clone(),
            files: sounds.map(|asset| (asset.id.clone(), asset.path.clone())).collect(),
            folder: scene.folder.clone(),
        }
    }
}
