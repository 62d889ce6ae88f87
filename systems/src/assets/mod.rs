//! Pictures and fonts of the scene: read and decoded off the tick thread, kept within a budget of memory, and read
//! again when their files change.
//!
//! What is decoded stays until room is needed; then what no layer that is seen uses goes first, the longest unused of
//! it before the rest, and is decoded again when it is needed. Where not even what is seen fits, it is served in the order
//! of ids, whichever was decoded first, so that the same scene shows the same pictures.
//!
//! A picture whose file changes stays until the new one is decoded, if there is room for both. If there is not, and
//! nothing else can go, it makes way as soon as the new file has been found to be whole as far as that can be told without
//! the room to decode it: of PNGs and moving pictures everything was decoded once, of the others the end was looked for.

mod animation;
mod apng;
mod budget;
mod composed;
mod decode;
mod entry;
mod error;
mod follow;
mod jpeg_file;
mod lend;
mod png_file;
mod room;
mod settle;
mod state;
mod steer;
mod still;
mod svg;
mod visible;
mod watch;
mod webp;

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::AtomicU64,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Instant,
};

use bevy_ecs::resource::Resource;
use bevy_tasks::{IoTaskPool, TaskPoolBuilder};
use components::{AssetDocument, AssetId, AssetKind};

pub use self::{
    animation::AnimatedImage,
    error::AssetError,
    state::{AssetState, AssetStats, PremultipliedImage},
    steer::{AssetAction, AssetRefused, AssetStatus, Readiness},
    svg::VectorImage,
    visible::note_visible,
};
use self::{
    budget::Budget,
    decode::{Context, Read},
    entry::{Entry, Job},
    lend::Loan,
    settle::Loaded,
    watch::Watch,
};
use crate::workers::{Seats, WorkerTotals};

/// Threads that decode, unless the program has set up its pool before.
const DECODERS: usize = 2;
/// Bytes that decoded assets may take together, unless it is set.
pub const DEFAULT_BUDGET: u64 = 160 << 20;
/// The assets of the scene. Loading happens on `bevy_tasks`' pool for input and output; nothing here waits for it but
/// [`wait`](Self::wait), and nothing else here touches a file.
#[derive(Resource, Debug)]
pub struct Assets {
    entries: HashMap<AssetId, Entry>,
    /// Counts loads, so that a late result of an asset that was replaced is told apart.
    loads: u64,
    /// Counts the times that it was noted what is seen.
    round: u64,
    budget: Arc<Budget>,
    watch: Option<Watch>,
    /// When all files were looked at last.
    looked: Instant,
    counts: AssetStats,
    decoding: WorkerTotals,
    /// Whoever decodes for these; none before anything is read.
    seats: Option<Arc<Seats>>,
    /// Decoders that panicked.
    panics: Arc<AtomicU64>,
    // As many results as assets can wait here; a scene has at most 1000.
    sender: Sender<Loaded>,
    results: Mutex<Receiver<Loaded>>,
    /// What these were lent by. Others look after the files then: what is decoded is taken as it is.
    lent: Option<Arc<Loan>>,
    /// What is lent of these, as long as somebody has it.
    loan: Weak<Loan>,
    /// What is needed and finds no room but for what is lent.
    lacking: Vec<AssetId>,
}

impl Default for Assets {
    fn default() -> Self {
        let (sender, results) = channel();
        Self {
            entries: HashMap::new(),
            loads: 0,
            round: 1,
            budget: Budget::new(DEFAULT_BUDGET),
            watch: None,
            looked: Instant::now(),
            counts: AssetStats::default(),
            decoding: WorkerTotals::default(),
            seats: None,
            panics: Arc::default(),
            sender,
            results: Mutex::new(results),
            lent: None,
            loan: Weak::new(),
            lacking: Vec::new(),
        }
    }
}

impl Assets {
    /// Makes these the assets of the scene: starts to load what is new, looks whether files have changed, forgets what
    /// is gone, keeps what is equal. Paths are relative to `folder`.
    ///
    /// Returns the assets whose state is another one at once: those that are new and those that are gone.
    pub fn load(&mut self, documents: &[AssetDocument], folder: &Path) -> Vec<AssetId> {
        let mut before = std::mem::take(&mut self.entries);
        let mut changed = Vec::new();
        for document in documents {
            let entry = match before.remove(&document.id) {
                Some(entry) if entry.document == *document && entry.folder == folder => entry,
                _ => {
                    changed.push(document.id.clone());
                    Entry::new(document, folder)
                }
            };
            self.entries.insert(document.id.clone(), entry);
        }
        let fonts_went = before.values().any(|entry| entry.document.kind == AssetKind::Font);
        changed.extend(before.into_keys());
        changed.sort();
        for document in documents {
            let is_idle = |entry: &Entry| entry.job.is_none() && !(self.lent.is_some() && entry.state.is_decoded());
            if self.entries.get(&document.id).is_some_and(is_idle) {
                self.start(&document.id, true);
            }
        }
        if fonts_went {
            self.redraw_texts();
        }
        changed
    }

    /// The names of all.
    pub(crate) fn ids(&self) -> impl Iterator<Item = AssetId> {
        self.entries.keys().cloned()
    }

    /// Sets the bytes that decoded assets may take together. What is too much goes when room is needed next.
    pub fn set_budget(&mut self, bytes: u64) {
        self.budget.set_limit(bytes);
    }

    /// Begins to read an asset; with `if_changed` only if its file does not look as it did.
    fn start(&mut self, id: &AssetId, if_changed: bool) {
        let (fonts, rehearses) = (self.fonts(), !self.is_lending());
        let Some(entry) = self.entries.get_mut(id) else { return };
        self.loads += 1;
        let load = self.loads;
        let pool = IoTaskPool::get_or_init(|| {
            TaskPoolBuilder::new().num_threads(DECODERS).thread_name("assets".to_owned()).build()
        });
        let seats = Arc::clone(self.seats.get_or_insert_with(|| Arc::new(Seats::new(pool.thread_num()))));
        self.decoding.threads = pool.thread_num() as u64;
        let job = Job {
            document: entry.document.clone(),
            folder: entry.folder.clone(),
            unless: entry.stamp.clone().filter(|_| if_changed),
            fonts,
            budget: Arc::clone(&self.budget),
            rehearses,
            folders: self.watch.as_ref().map(Watch::folders),
            panics: Arc::clone(&self.panics),
        };
        let (sender, id) = (self.sender.clone(), id.clone());
        let task = pool.spawn(async move {
            let (found, spent) = seats.work(|| job.run());
            // Nobody listens any more when the program ends.
            let _ = sender.send(Loaded { id, load, found, spent });
        });
        entry.job = Some((load, task));
        entry.touched = None;
        entry.touched_first = None;
        entry.retry = None;
    }

    /// Reads vector pictures with text again, since there are other fonts.
    fn redraw_texts(&mut self) {
        let has_text = |entry: &Entry| match &entry.state {
            AssetState::Svg(image) => image.has_text,
            _ => entry.job.is_some(),
        };
        let texts = |(id, entry): (&AssetId, &Entry)| {
            (entry.document.kind == AssetKind::Svg && has_text(entry)).then(|| id.clone())
        };
        let ids: Vec<AssetId> = self.entries.iter().filter_map(texts).collect();
        for id in ids {
            self.start(&id, false);
        }
    }

    /// Takes in what was loaded since the last call, and starts to read what has changed; returns the assets whose
    /// state has changed, in order.
    pub fn collect(&mut self) -> Vec<AssetId> {
        let results = self.results.get_mut().unwrap_or_else(PoisonError::into_inner);
        let loaded: Vec<_> = results.try_iter().collect();
        let changed = self.take_in(loaded);
        self.follow_files(Instant::now());
        changed
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
        changed.dedup();
        changed
    }

    /// This asset alone, as it is now, to be drawn elsewhere.
    pub(crate) fn excerpt(&self, id: &AssetId) -> Self {
        let mut excerpt = Self::default();
        if let Some(Entry { document, folder, state, .. }) = self.entries.get(id) {
            excerpt.entries.insert(id.clone(), Entry { state: state.clone(), ..Entry::new(document, folder) });
        }
        excerpt
    }

    /// How many assets are still loading.
    #[must_use]
    pub fn loading(&self) -> usize {
        self.entries.values().filter(|entry| entry.job.is_some()).count()
    }

    /// What has become of an asset; `None` if the scene has none of this name.
    #[must_use]
    pub fn state(&self, id: &AssetId) -> Option<&AssetState> {
        self.entries.get(id).map(|entry| &entry.state)
    }

    /// Whether any picture that can be drawn moves by itself.
    pub(crate) fn any_moves(&self) -> bool {
        self.entries.values().any(|entry| matches!(entry.state, AssetState::Animation(_)))
    }

    /// The size of a picture in pixels; of one that broke, the size that it had before. `None` if it was never known.
    #[must_use]
    pub fn size(&self, id: &AssetId) -> Option<(f64, f64)> {
        self.entries.get(id).and_then(|entry| entry.state.size().or(entry.size))
    }

    /// What the assets take and how they do.
    #[must_use]
    pub fn stats(&self) -> AssetStats {
        let failed = self.entries.values().filter(|entry| matches!(entry.state, AssetState::Failed(_))).count() as u64;
        AssetStats { bytes: self.budget.used(), limit: self.budget.limit(), failed, ..self.counts }
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

    /// What kind of file an asset is.
    pub(crate) fn kind(&self, id: &AssetId) -> Option<AssetKind> {
        self.entries.get(id).map(|entry| entry.document.kind)
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

/// Reads and decodes an asset here and now, as loading it would if it were the only one, within so many bytes.
///
/// # Errors
/// Why it cannot be used.
pub fn check(document: &AssetDocument, folder: &Path, limit: u64) -> Result<(), AssetError> {
    let budget = Budget::new(limit);
    let panics = AtomicU64::new(0);
    match decode::load(document, &Context { folder, budget: &budget, rehearses: true, fonts: &[], panics: &panics })? {
        Read::Done { .. } => Ok(()),
        Read::NoRoom { bytes, .. } => Err(AssetError::NoRoom { path: document.path.clone(), bytes, limit }),
    }
}
