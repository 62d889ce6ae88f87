//! The scene file as it was at start.

use std::{
    fs,
    path::{Path, PathBuf},
};

use components::{SceneDocument, document::Limits};

use super::check::{parse_scene, tell_notices, unreadable};

/// See the module's documentation.
pub(super) struct SceneFile {
    /// As it was given.
    pub(super) path: PathBuf,
    /// `None` if it could not be read.
    pub(super) text: Option<String>,
    /// The scene, or all that is wrong with it, a line each.
    pub(super) scene: Result<SceneDocument, Vec<String>>,
}

impl SceneFile {
    /// Reads the file, whatever is in it.
    pub(super) fn read(path: &Path, max_layers: usize) -> Self {
        let (text, scene) = match fs::read_to_string(path) {
            Ok(text) => {
                let scene = parse_scene(path, &text, &Limits { max_layers });
                let scene = scene.inspect(|scene| tell_notices(path, scene));
                (Some(text), scene)
            }
            Err(error) => (None, Err(vec![format!("{}: {}", path.display(), unreadable(&error))])),
        };
        Self { path: path.to_owned(), text, scene }
    }

    /// The path in full: the same file has the same from whatever folder the service is started.
    pub(super) fn place(&self) -> PathBuf {
        std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone())
    }
}
