//! The files that clients have sent: in the folder `uploads` beside the scene.
//!
//! How many come in at once is bounded, as is how many are looked at. Files are put into the folder and taken out of it by
//! one at a time: who puts one there also makes it an asset before anybody looks which files nothing uses.

use std::{
    collections::BTreeSet,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use components::SceneDocument;
use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore};

use super::{
    Problem,
    claims::{self, Owner},
    incoming,
    limits::{Counted, Counts},
    turns::Turns,
};
use crate::engine::{EngineHandle, Unanswered};

/// The folder for uploads, in the scene's.
pub(super) const FOLDER: &str = "uploads";
/// How the names of files end that may be scenes.
const SCENE_FILES: [&str; 2] = ["json", "jsonc"];
/// Files that may come in at once: each takes up to 64 MiB of the disk until it is found good or refused.
const AT_ONCE: usize = 16;
/// Those that one address may send of them.
const OF_ONE: usize = AT_ONCE / 2;

/// What is done with the files.
pub(super) struct Uploads {
    places: Arc<Semaphore>,
    counts: Counts,
    /// Files that are looked at. It takes as much memory as the assets may, and so it is one at a time.
    pub(super) looks: Turns,
    folder: Mutex<()>,
    /// Whose files they are.
    pub(super) owner: Owner,
}

/// Room for one file that comes in, until it is dropped.
pub(super) struct Room(#[expect(dead_code, reason = "held until it is dropped")] (OwnedSemaphorePermit, Counted));

impl Uploads {
    pub(super) fn new(owner: Owner) -> Self {
        Self {
            owner,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            counts: Counts::default(),
            // All that may come in may wait.
            looks: Turns::new("uploads", 1, 2 * AT_ONCE),
            folder: Mutex::default(),
        }
    }

    /// Room for one more file.
    ///
    /// # Errors
    /// Too many come in, from this address or in all.
    pub(super) fn room(&self, address: IpAddr) -> Result<Room, Problem> {
        let refused = |count: usize, whose: &str| {
            let detail = format!("{count} files{whose} are being uploaded, which is as many as may be at once");
            Problem::unavailable(detail)
        };
        let counted = self.counts.add(address, OF_ONE).ok_or_else(|| refused(OF_ONE, " of this address"))?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| refused(AT_ONCE, ""))?;
        Ok(Room((place, counted)))
    }

    /// The right to put files into the folder.
    pub(super) async fn alone(&self) -> MutexGuard<'_, ()> {
        self.folder.lock().await
    }

    /// Removes those of these files, in the folder of a scene, that were uploaded and that no scene uses any more.
    pub(super) async fn tidy(&self, engine: &EngineHandle, folder: &Path, files: Vec<PathBuf>) {
        let alone = self.alone().await;
        self.tidy_alone(&alone, engine, folder, files).await;
    }

    /// Removes the uploaded files that no scene uses: of assets that went with a scene, or that a kill left behind.
    pub(super) async fn tidy_orphans(&self, engine: &EngineHandle) {
        let Ok(folders) = folders(engine).await else { return };
        for folder in folders {
            let (here, owner) = (folder.clone(), self.owner.clone());
            match tokio::task::spawn_blocking(move || kept_by(&here, &owner)).await {
                Ok(files) => self.tidy(engine, &folder, files).await,
                Err(error) => tracing::warn!("uploaded files that nothing uses any more are left: {error}"),
            }
        }
    }

    /// Like [`tidy`](Self::tidy), for who has the right already.
    pub(super) async fn tidy_alone(
        &self,
        _: &MutexGuard<'_, ()>,
        engine: &EngineHandle,
        folder: &Path,
        files: Vec<PathBuf>,
    ) {
        if files.is_empty() {
            return;
        }
        // A scene that comes back after a kill must find what it names.
        if !engine.is_settled().await {
            tracing::warn!(
                "uploaded files that nothing uses any more are left, since the state cannot be kept at present"
            );
            return;
        }
        let (snapshot, held) = match engine.scenes().await {
            Ok(scenes) => scenes,
            Err(error) => {
                tracing::warn!("uploaded files that nothing may use any more are left: {error}");
                return;
            }
        };
        let (folder, owner) = (folder.to_owned(), self.owner.clone());
        let removing = tokio::task::spawn_blocking(move || {
            for file in &files {
                discard(file, &folder, &owner, held.others.values().map(AsRef::as_ref).chain([&snapshot.scene]));
            }
        });
        if let Err(error) = removing.await {
            tracing::warn!("uploaded files that nothing uses any more are left: {error}");
        }
    }
}

/// Removes what came into the folders of scenes when the service was ended without a word.
pub(super) async fn sweep(engine: &EngineHandle) {
    let Ok(folders) = folders(engine).await else { return };
    let sweeping = tokio::task::spawn_blocking(move || {
        for folder in folders {
            incoming::sweep(&place(&folder, Path::new(FOLDER)));
        }
    });
    if let Err(error) = sweeping.await {
        tracing::warn!("what came in to its half only is left: {error}");
    }
}

/// The folders of all scenes.
async fn folders(engine: &EngineHandle) -> Result<BTreeSet<PathBuf>, Unanswered> {
    let (snapshot, held) = engine.scenes().await?;
    let all = held.others.values().map(|scene| &scene.folder).chain([&snapshot.scene.folder]);
    Ok(all.cloned().collect())
}

/// The uploaded files in a scene's folder that are `owner`'s, as assets name them; without those that a scene file beside
/// them names, which may be played another time. May take its time.
fn kept_by(folder: &Path, owner: &Owner) -> Vec<PathBuf> {
    let mut names = claims::claimed(&place(folder, Path::new(FOLDER)), owner);
    let entries = fs::read_dir(place(folder, Path::new(""))).into_iter().flatten().flatten();
    for entry in entries {
        if names.is_empty() {
            break;
        }
        let path = entry.path();
        let is_scene = path.extension().is_some_and(|ending| SCENE_FILES.iter().any(|known| ending == *known));
        if !is_scene || !path.is_file() {
            continue;
        }
        match fs::read(&path) {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text);
                names.retain(|name| !text.contains(&*name.to_string_lossy()));
            }
            // Who knows what it names.
            Err(_) => return Vec::new(),
        }
    }
    names.into_iter().map(|name| Path::new(FOLDER).join(name)).collect()
}

/// Removes an uploaded file that none of the scenes uses any more. Other files are left alone: somebody else put them
/// there.
fn discard<'a>(file: &Path, folder: &Path, owner: &Owner, scenes: impl IntoIterator<Item = &'a SceneDocument>) {
    let Some(name) = claims::plain_name(file, FOLDER) else { return };
    let same = |one: &Path, other: &Path| match (
        place(one, Path::new("")).canonicalize(),
        place(other, Path::new("")).canonicalize(),
    ) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    };
    let is_used = |scene: &SceneDocument| {
        scene.assets.iter().any(|asset| claims::plain_name(&asset.path, FOLDER) == Some(name))
            && same(&scene.folder, folder)
    };
    if !scenes.into_iter().any(is_used)
        && let Err(error) = claims::disclaim(&place(folder, &Path::new(FOLDER).join(name)), owner)
    {
        tracing::warn!(file = %file.display(), "an uploaded file could not be removed: {error}");
    }
}

/// Where a file of a scene lies.
pub(super) fn place(folder: &Path, file: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() { Path::new(".").join(file) } else { folder.join(file) }
}
