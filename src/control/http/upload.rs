//! Files that clients send: taken in on disk, looked at, and put into the folder `uploads` beside the scene.
//!
//! A file comes in under a name of its own and gets its final one when all of it is on the disk and was found good: whoever
//! reads it reads it whole, however many send the same at once. That name bears a part of the content's hash, so an asset
//! that gets another file is another one for all who keep its pictures.

use std::{
    collections::hash_map::DefaultHasher,
    fs::{self, File},
    hash::Hasher as _,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use components::{AssetDocument, AssetId, AssetKind, document::Fingerprint};
use tokio::io::AsyncWriteExt as _;
use warp::http::{HeaderMap, StatusCode, header};

use super::{
    Request,
    body::{Parts, in_time},
};
use crate::control::{
    Problem,
    claims::{self, Owner},
    incoming::IncomingFile,
    uploads::{FOLDER, place},
};

/// The largest file that can be uploaded.
const LARGEST: usize = 64 << 20;
/// A file must be there within this time.
const WITHIN: Duration = Duration::from_secs(300);
/// Bytes that are compared at a time.
const BLOCK: usize = 64 << 10;

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
}

/// A file that has come in and bears no name yet. It is gone when this is dropped.
pub(super) struct Incoming {
    upload: Upload,
    file: IncomingFile,
    hash: u64,
    /// The scene's folder, in which it is.
    folder: PathBuf,
}

impl Incoming {
    /// Takes in the body of a request.
    pub(super) async fn receive(request: &mut Request, upload: Upload, folder: PathBuf) -> Result<Self, Problem> {
        let mut parts = Parts::of(request, LARGEST)?;
        in_time(WITHIN, async move {
            let failed = |error| full(&folder, &error);
            let Some(mut part) = parts.next().await? else {
                return Err(Problem::bad_request("the body is empty; send the file"));
            };
            let here = place(&folder, Path::new(FOLDER));
            let made = tokio::task::spawn_blocking(move || {
                fs::create_dir_all(&here)?;
                let file = IncomingFile::create(&here)?;
                let written = file.reopen()?;
                Ok((file, written))
            });
            let made = made.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            let (file, written) = made.map_err(failed)?;
            let mut written = tokio::fs::File::from_std(written);
            let mut hash = DefaultHasher::new();
            loop {
                hash.write(&part);
                written.write_all(&part).await.map_err(failed)?;
                match parts.next().await? {
                    Some(next) => part = next,
                    None => break,
                }
            }
            written.flush().await.map_err(failed)?;
            Ok(Self { upload, file, hash: hash.finish(), folder })
        })
        .await
    }

    /// What stands for all that it says.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.hash)
    }

    /// The scene's folder, in which it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The asset that it is to be.
    pub(super) fn document(&self) -> AssetDocument {
        let Upload { id, kind, ending } = &self.upload;
        let name = format!("{id}-{:016x}.{ending}", self.hash);
        AssetDocument { id: id.clone(), kind: *kind, path: Path::new(FOLDER).join(name) }
    }

    /// Looks whether it can be used in `limit` bytes of memory. May take its time.
    pub(super) fn check(&self, limit: u64) -> Result<(), Problem> {
        let document = self.document();
        let name = self.file.path().file_name().unwrap_or_default();
        let unnamed = AssetDocument { path: Path::new(FOLDER).join(name), ..document.clone() };
        systems::assets::check(&unnamed, &self.folder, limit).map_err(|error| {
            // Nobody knows it by the name that it came in under.
            let (from, to) = (unnamed.path.display().to_string(), document.path.display().to_string());
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string().replace(&from, &to))
        })
    }

    /// Gives the file its name, unless it is there already. It is on the disk then. May take its time.
    pub(super) fn keep(self, owner: &Owner) -> Result<AssetDocument, Problem> {
        let document = self.document();
        let path = place(&self.folder, &document.path);
        let keep = || {
            if is_same(self.file.path(), &path) {
                return Ok(());
            }
            self.file.persist(&path)?;
            // The name too.
            File::open(place(&self.folder, Path::new(FOLDER)))?.sync_all()
        };
        claims::claim(&path, owner, keep).map(|()| document).map_err(|error| full(&self.folder, &error))
    }
}

/// Whether there are two files that say the same.
fn is_same(one: &Path, other: &Path) -> bool {
    let compare = || -> io::Result<bool> {
        let (mut one, mut other) = (File::open(one)?, File::open(other)?);
        let mut left = one.metadata()?.len();
        if left != other.metadata()?.len() {
            return Ok(false);
        }
        let mut blocks = (vec![0; BLOCK], vec![0; BLOCK]);
        while left > 0 {
            let size = BLOCK.min(usize::try_from(left).unwrap_or(BLOCK));
            one.read_exact(&mut blocks.0[..size])?;
            other.read_exact(&mut blocks.1[..size])?;
            if blocks.0[..size] != blocks.1[..size] {
                return Ok(false);
            }
            left -= size as u64;
        }
        Ok(true)
    };
    compare().unwrap_or(false)
}

/// A file cannot be written.
fn full(folder: &Path, error: &io::Error) -> Problem {
    let place = place(folder, Path::new(FOLDER));
    let detail = format!(
        "the file cannot be kept in `{}`: {error}; give the service the right and the room to write there",
        place.display()
    );
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail)
}
