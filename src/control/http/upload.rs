//! Files that clients send: put into the folder `uploads` beside the scene, and into the scene as assets.
//!
//! Files bear a part of their content's hash in their names. So a file that is there is never written again, whoever
//! reads it reads it whole, and an asset that gets another file is another one for all who keep its pictures.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

use components::{AssetDocument, AssetId, AssetKind, SceneDocument};
use warp::http::{HeaderMap, StatusCode, header};

use crate::control::Problem;

/// The folder for uploads, in the scene's.
const FOLDER: &str = "uploads";

/// What may be uploaded: its media type, the ending of its file, and what it is unless told otherwise.
const TYPES: &[(&str, &str, AssetKind)] = &[
    ("image/png", "png", AssetKind::Image),
    ("image/jpeg", "jpg", AssetKind::Image),
    ("image/webp", "webp", AssetKind::Image),
    ("image/apng", "png", AssetKind::AnimatedImage),
    ("image/gif", "gif", AssetKind::AnimatedImage),
    ("image/svg+xml", "svg", AssetKind::Svg),
    ("font/ttf", "ttf", AssetKind::Font),
    ("font/otf", "otf", AssetKind::Font),
    ("font/collection", "ttc", AssetKind::Font),
    ("audio/wav", "wav", AssetKind::Audio),
    ("audio/flac", "flac", AssetKind::Audio),
    ("audio/ogg", "ogg", AssetKind::Audio),
    ("audio/mpeg", "mp3", AssetKind::Audio),
    ("audio/mp4", "m4a", AssetKind::Audio),
    ("audio/aiff", "aiff", AssetKind::Audio),
];

/// The media types of what may be uploaded.
pub(super) fn media_types() -> Vec<&'static str> {
    TYPES.iter().map(|(name, ..)| *name).collect()
}

/// A file that was sent.
pub(super) struct Upload {
    pub(super) id: AssetId,
    pub(super) kind: AssetKind,
    ending: &'static str,
}

impl Upload {
    /// What is sent, by its media type and by the kind that the client may name.
    pub(super) fn new(id: AssetId, headers: &HeaderMap, kind: Option<AssetKind>) -> Result<Self, Problem> {
        let sent = headers.get(header::CONTENT_TYPE).and_then(|sent| sent.to_str().ok()).unwrap_or_default();
        let essence = sent.split(';').next().unwrap_or_default().trim();
        let Some((_, ending, usual)) = TYPES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(essence)) else {
            let detail = format!("found a file of type `{sent}`, expected `{}`", media_types().join("`, `"));
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        };
        Ok(Self { id, kind: kind.unwrap_or(*usual), ending })
    }

    /// Writes the file, unless it is there already, and looks whether it can be used in `limit` bytes of memory. May take
    /// its time.
    pub(super) fn keep(&self, folder: &Path, bytes: &[u8], limit: u64) -> Result<AssetDocument, Problem> {
        let mut hash = DefaultHasher::new();
        bytes.hash(&mut hash);
        let name = format!("{}-{:016x}.{}", self.id, hash.finish(), self.ending);
        let document = AssetDocument { id: self.id.clone(), kind: self.kind, path: Path::new(FOLDER).join(name) };
        let path = place(folder, &document.path);
        let is_new = write(&path, bytes).map_err(|error| {
            let parent = path.parent().unwrap_or(folder).display().to_string();
            let detail =
                format!("the file cannot be kept in `{parent}`: {error}; give the service the right to write there");
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail)
        })?;
        systems::assets::check(&document, folder, limit).map_err(|error| {
            if is_new {
                remove(folder, &document.path);
            }
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        })?;
        Ok(document)
    }
}

/// Removes an uploaded file that none of the scenes uses any more. Other files are left alone: somebody else put them
/// there.
pub(super) fn discard<'a>(file: &Path, folder: &Path, scenes: impl IntoIterator<Item = &'a SceneDocument>) {
    let is_used = |scene: &SceneDocument| scene.folder == folder && scene.assets.iter().any(|asset| asset.path == file);
    if file.starts_with(FOLDER) && !scenes.into_iter().any(is_used) {
        remove(folder, file);
    }
}

fn remove(folder: &Path, file: &Path) {
    if let Err(error) = fs::remove_file(place(folder, file)) {
        tracing::warn!(file = %file.display(), "an uploaded file could not be removed: {error}");
    }
}

fn place(folder: &Path, file: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() { Path::new(".").join(file) } else { folder.join(file) }
}

/// Writes a whole file or none; returns whether it was not there.
fn write(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("part");
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // The first error tells more than that of tidying up.
        let _ = fs::remove_file(&unfinished);
    }
    written.map(|()| true)
}
