//! One asset, from its document to what has become of it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use bevy_tasks::Task;
use components::AssetDocument;

use super::{
    AssetState,
    budget::Reservation,
    decode::{self, Context, Read, Stamp},
    watch::{Folders, Watched},
};
use crate::assets::{AssetError, budget::Budget};

/// Wait before a failed asset is looked at again; it doubles from try to try.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) document: AssetDocument,
    pub(super) folder: PathBuf,
    pub(super) state: AssetState,
    /// The size of the picture in pixels when it was known last.
    pub(super) size: Option<(f64, f64)>,
    /// How the file looked when it was read last; `None` within if there was none.
    pub(super) stamp: Option<Option<Stamp>>,
    /// Where the file is looked for, links and all.
    pub(super) place: PathBuf,
    /// The room that it takes; shared with a scene that it is [lent](super::Assets::lend) to.
    pub(super) held: Option<Arc<Reservation>>,
    /// Its number, and the task; dropping it ends one that has not begun.
    pub(super) job: Option<(u64, Task<()>)>,
    /// The round in which a layer that is seen used it last.
    pub(super) used: u64,
    /// Whether somebody has asked for it to be read.
    pub(super) asked: bool,
    /// Bytes that were missing when it was to be read, or that it gave to others; 0 if it never lacked room.
    pub(super) missing: u64,
    /// Times in a row that reading it failed.
    pub(super) failures: u32,
    /// When to look at the file again, since reading it failed.
    pub(super) retry: Option<Instant>,
    /// When its file was seen to change last …
    pub(super) touched: Option<Instant>,
    /// … and for the first time since it was read.
    pub(super) touched_first: Option<Instant>,
    /// The failure that was logged last, and when.
    pub(super) told: Option<(AssetError, Instant)>,
    pub(super) watched: Vec<Watched>,
}

impl Entry {
    pub(super) fn new(document: &AssetDocument, folder: &Path) -> Self {
        Self {
            document: document.clone(),
            folder: folder.to_owned(),
            state: AssetState::Loading,
            size: None,
            stamp: None,
            place: PathBuf::new(),
            held: None,
            job: None,
            used: 0,
            asked: false,
            missing: 0,
            failures: 0,
            retry: None,
            touched: None,
            touched_first: None,
            told: None,
            watched: Vec::new(),
        }
    }

    /// Bytes that are free once it is unloaded: none as long as another scene shows it too.
    pub(super) fn bytes_to_free(&self) -> Option<u64> {
        let held = self.held.as_ref()?;
        (Arc::strong_count(held) == 1).then(|| held.bytes())
    }

    /// Lets go of what is decoded; it is decoded again when it is needed.
    pub(super) fn unload(&mut self) {
        if let Some((width, height)) = self.state.size() {
            self.state = AssetState::Unloaded { width, height };
            self.held = None;
        }
    }

    /// Notes a failure, and when to look again.
    pub(super) fn failed(&mut self, now: Instant) {
        let wait = FIRST_RETRY.saturating_mul(1 << self.failures.min(8)).min(LAST_RETRY);
        self.failures += 1;
        self.retry = Some(now + wait);
    }

    /// Whether a change of `path` may concern its file.
    pub(super) fn is_touched_by(&self, path: &Path) -> bool {
        let target = self.stamp.as_ref().and_then(Option::as_ref).map(|stamp| &*stamp.target);
        target == Some(path) || self.place.starts_with(path)
    }
}

/// What a worker does.
pub(super) struct Job {
    pub(super) document: AssetDocument,
    pub(super) folder: PathBuf,
    /// Read the file only if it does not look like this.
    pub(super) unless: Option<Option<Stamp>>,
    pub(super) fonts: Vec<Arc<Vec<u8>>>,
    pub(super) budget: Arc<Budget>,
    /// Whether what does not fit is looked at to its end.
    pub(super) rehearses: bool,
    pub(super) folders: Option<Arc<Folders>>,
    /// Counts the decoders that panicked.
    pub(super) panics: Arc<AtomicU64>,
}

/// What it found out.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) place: PathBuf,
    pub(super) watched: Vec<Watched>,
    pub(super) stamp: Option<Stamp>,
    /// `None` if the file looks as it did.
    pub(super) read: Option<Result<Read, AssetError>>,
}

impl Job {
    /// Runs on a worker and may take its time.
    pub(super) fn run(self) -> Found {
        let Self { document, folder, unless, fonts, budget, rehearses, folders, panics } = self;
        let root = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let place = root.canonicalize().unwrap_or_else(|_| root.to_owned()).join(&document.path);
        // Watched before it is read: no change in between is missed.
        let mut watched: Vec<Watched> = folders.iter().filter_map(|folders| folders.watch_around(&place)).collect();
        let stamp = decode::stamp(&document.path, &folder);
        if let (Some(folders), Some(stamp)) = (&folders, &stamp)
            && stamp.target != place
        {
            watched.extend(folders.watch_around(&stamp.target));
        }
        if unless.is_some_and(|known| known == stamp) {
            return Found { place, watched, stamp, read: None };
        }
        let context = Context { folder: &folder, budget: &budget, rehearses, fonts: &fonts, panics: &panics };
        let read = decode::load(&document, &context);
        Found { place, watched, stamp, read: Some(read) }
    }
}
