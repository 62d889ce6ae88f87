//! Notices when files of the scene change.
//!
//! Folders are watched rather than files: a file that is not there yet, or that another is renamed over, is noticed too.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, sync_channel},
    },
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};

/// Changes that may wait. With more, every file counts as changed.
const WAITING: usize = 1024;

/// A folder that is watched for as long as somebody holds it.
pub(super) type Watched = Arc<PathBuf>;

/// Tells which paths have changed.
pub(super) struct Watch {
    folders: Arc<Folders>,
    changes: Mutex<Receiver<PathBuf>>,
    overflow: Arc<AtomicBool>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// The folders that are watched; workers add to them.
pub(super) struct Folders(Mutex<(RecommendedWatcher, HashMap<PathBuf, Weak<PathBuf>>)>);

impl Watch {
    /// # Errors
    /// The system does not let this process watch files.
    pub(super) fn new() -> notify::Result<Self> {
        let (sender, changes) = sync_channel(WAITING);
        let overflow = Arc::new(AtomicBool::new(false));
        let missed = Arc::clone(&overflow);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) if tells_of_change(event.kind) => {
                for path in event.paths {
                    if sender.try_send(path).is_err() {
                        missed.store(true, Ordering::Relaxed);
                    }
                }
            }
            Ok(_) => {}
            Err(_) => missed.store(true, Ordering::Relaxed),
        })?;
        let folders = Arc::new(Folders(Mutex::new((watcher, HashMap::new()))));
        Ok(Self { folders, changes: Mutex::new(changes), overflow })
    }

    pub(super) fn folders(&self) -> Arc<Folders> {
        Arc::clone(&self.folders)
    }

    /// The paths that have changed since the last call, and whether others may have too.
    pub(super) fn changes(&mut self) -> (Vec<PathBuf>, bool) {
        let changes = self.changes.get_mut().unwrap_or_else(PoisonError::into_inner);
        (changes.try_iter().collect(), self.overflow.swap(false, Ordering::Relaxed))
    }
}

impl Folders {
    /// Watches the folder of `path`, or the nearest around it that there is. May wait for the file system. `None` if
    /// the system does not allow it: the file is then looked at from time to time only.
    pub(super) fn watch_around(&self, path: &Path) -> Option<Watched> {
        let folder = path.ancestors().skip(1).find(|folder| folder.is_dir())?.to_owned();
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (watcher, folders) = &mut *inner;
        folders.retain(|folder, held| {
            let is_held = held.strong_count() > 0;
            if !is_held {
                // A folder that has gone is not watched any more anyway.
                let _ = watcher.unwatch(folder);
            }
            is_held
        });
        if let Some(watched) = folders.get(&folder).and_then(Weak::upgrade) {
            return Some(watched);
        }
        if let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive) {
            tracing::warn!("changes in `{}` are noticed late: {error}", folder.display());
            return None;
        }
        let watched = Arc::new(folder.clone());
        folders.insert(folder, Arc::downgrade(&watched));
        Some(watched)
    }
}

/// Reading a file is an event, too, but no change.
fn tells_of_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}
