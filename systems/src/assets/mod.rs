//! Pictures and fonts of the scene, read and decoded off the tick thread.

mod decode;
mod error;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Instant, SystemTime},
};

use bevy_ecs::resource::Resource;
use bevy_tasks::{IoTaskPool, Task, TaskPoolBuilder};
use components::{AssetDocument, AssetId};

pub use self::error::AssetError;

/// Threads that decode, unless the program has set up its pool before.
const DECODERS: usize = 2;

/// A decoded picture: premultiplied RGBA8, rows without gaps, turned upright.
#[derive(Clone, Debug, PartialEq)]
pub struct PremultipliedImage {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub pixels: Arc<Vec<u8>>,
    /// Whether every pixel is opaque.
    pub opaque: bool,
}

/// What has become of an asset.
#[derive(Clone, Debug)]
pub enum AssetState {
    /// It is being read.
    Loading,
    /// A picture that can be drawn.
    Image(PremultipliedImage),
    /// A font file that was checked.
    Font(Arc<Vec<u8>>),
    /// A sound file that looks like one. Whoever mixes the sound plays it from the file.
    Sound,
    /// It cannot be used.
    Failed(AssetError),
}

/// The assets of the scene. Loading happens on `bevy_tasks`' pool for input and output; nothing here waits for it but
/// [`wait`](Self::wait).
#[derive(Resource, Debug)]
pub struct Assets {
    entries: HashMap<AssetId, Entry>,
    /// Counts loads, so that a late result of an asset that was replaced is told apart.
    loads: u64,
    // As many results as assets can wait here; a scene has at most 1000.
    sender: Sender<Loaded>,
    results: Mutex<Receiver<Loaded>>,
}

#[derive(Debug)]
struct Entry {
    document: AssetDocument,
    file: File,
    load: u64,
    state: AssetState,
    /// Dropping it ends a load that has not begun.
    _task: Option<Task<()>>,
}

/// Which file an asset comes from, and how it looked when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    folder: PathBuf,
    stamp: Option<(u64, Option<SystemTime>)>,
}

#[derive(Debug)]
struct Loaded {
    id: AssetId,
    load: u64,
    state: AssetState,
}

impl Default for Assets {
    fn default() -> Self {
        let (sender, results) = channel();
        Self { entries: HashMap::new(), loads: 0, sender, results: Mutex::new(results) }
    }
}

impl Assets {
    /// Makes these the assets of the scene: starts to load what is new or whose file has changed, forgets what is
    /// gone, keeps what is equal. Paths are relative to `folder`.
    ///
    /// Returns the assets whose state is another one at once: those that are loading now and those that are gone.
    pub fn load(&mut self, documents: &[AssetDocument], folder: &Path) -> Vec<AssetId> {
        let mut before = std::mem::take(&mut self.entries);
        let mut changed = Vec::new();
        for document in documents {
            let file = File { folder: folder.to_owned(), stamp: stamp(&folder.join(&document.path)) };
            let entry = match before.remove(&document.id) {
                Some(entry) if entry.document == *document && entry.file == file => entry,
                _ => {
                    changed.push(document.id.clone());
                    self.start(document, file)
                }
            };
            self.entries.insert(document.id.clone(), entry);
        }
        changed.extend(before.into_keys());
        changed.sort();
        changed
    }

    fn start(&mut self, document: &AssetDocument, file: File) -> Entry {
        self.loads += 1;
        let load = self.loads;
        let pool = IoTaskPool::get_or_init(|| {
            TaskPoolBuilder::new().num_threads(DECODERS).thread_name("assets".to_owned()).build()
        });
        let (sender, job, folder) = (self.sender.clone(), document.clone(), file.folder.clone());
        let task = pool.spawn(async move {
            let state = decode::load(&job, &folder);
            // Nobody listens any more when the program ends.
            let _ = sender.send(Loaded { id: job.id, load, state });
        });
        Entry { document: document.clone(), file, load, state: AssetState::Loading, _task: Some(task) }
    }

    /// Takes in what was loaded since the last call; returns the assets whose state has changed, in order.
    pub fn collect(&mut self) -> Vec<AssetId> {
        let results = self.results.get_mut().unwrap_or_else(PoisonError::into_inner);
        let loaded: Vec<_> = results.try_iter().collect();
        self.take_in(loaded)
    }

    /// Waits until nothing is loading or `deadline` has come, and returns the assets whose state has changed, in order.
    pub fn wait(&mut self, deadline: Instant) -> Vec<AssetId> {
        let mut changed = self.collect();
        while self.loading() > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            let results = self.results.get_mut().unwrap_or_else(PoisonError::into_inner);
            match results.recv_timeout(left) {
                Ok(loaded) => changed.extend(self.take_in(vec![loaded])),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        changed.sort();
        changed
    }

    fn take_in(&mut self, loaded: Vec<Loaded>) -> Vec<AssetId> {
        let mut changed = Vec::new();
        for Loaded { id, load, state } in loaded {
            let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.load == load) else { continue };
            if let AssetState::Failed(error) = &state {
                tracing::warn!(asset = %id, "{error}");
            }
            entry.state = state;
            changed.push(id);
        }
        changed.sort();
        changed
    }

    /// This asset alone, as it is now, to be drawn elsewhere.
    pub(crate) fn excerpt(&self, id: &AssetId) -> Self {
        let mut excerpt = Self::default();
        if let Some(Entry { document, file, load, state, .. }) = self.entries.get(id) {
            let (document, file, state) = (document.clone(), file.clone(), state.clone());
            excerpt.entries.insert(id.clone(), Entry { document, file, load: *load, state, _task: None });
        }
        excerpt
    }

    /// How many assets are still loading.
    #[must_use]
    pub fn loading(&self) -> usize {
        self.entries.values().filter(|entry| matches!(entry.state, AssetState::Loading)).count()
    }

    /// What has become of an asset; `None` if the scene has none of this name.
    #[must_use]
    pub fn state(&self, id: &AssetId) -> Option<&AssetState> {
        self.entries.get(id).map(|entry| &entry.state)
    }

    /// Every asset that cannot be used, with the reason, in order of ids.
    #[must_use]
    pub fn failures(&self) -> Vec<(&AssetId, &AssetError)> {
        let mut failures: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(id, entry)| match &entry.state {
                AssetState::Failed(error) => Some((id, error)),
                _ => None,
            })
            .collect();
        failures.sort_by_key(|(id, _)| *id);
        failures
    }

    /// The font files that are loaded, in order of ids.
    #[must_use]
    pub fn fonts(&self) -> Vec<Arc<Vec<u8>>> {
        let mut fonts: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(id, entry)| match &entry.state {
                AssetState::Font(bytes) => Some((id, bytes)),
                _ => None,
            })
            .collect();
        fonts.sort_by_key(|(id, _)| *id);
        fonts.into_iter().map(|(_, bytes)| Arc::clone(bytes)).collect()
    }
}

/// Reads and decodes an asset here and now, as loading it would.
///
/// # Errors
/// Why it cannot be used.
pub fn check(document: &AssetDocument, folder: &Path) -> Result<(), AssetError> {
    match decode::load(document, folder) {
        AssetState::Failed(error) => Err(error),
        AssetState::Loading | AssetState::Image(_) | AssetState::Font(_) | AssetState::Sound => Ok(()),
    }
}

/// Length and time of change of a file; `None` if there is none.
fn stamp(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}
