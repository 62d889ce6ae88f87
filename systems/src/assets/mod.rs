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
mod decode;
mod entry;
mod error;
mod png_file;
mod steer;
mod still;
mod svg;
mod svg_fonts;
mod svg_work;
mod visible;
mod watch;

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::AtomicU64,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

use bevy_ecs::resource::Resource;
use bevy_tasks::{IoTaskPool, TaskPoolBuilder};
use components::{AssetDocument, AssetId, AssetKind};

pub use self::{
    animation::AnimatedImage,
    error::AssetError,
    steer::{AssetAction, AssetRefused, AssetStatus, Readiness},
    svg::VectorImage,
    visible::note_visible,
};
use self::{
    budget::Budget,
    decode::{Context, Read},
    entry::{Entry, Found, Job},
    watch::Watch,
};
use crate::workers::{Seats, WorkerTotals};

/// Threads that decode, unless the program has set up its pool before.
const DECODERS: usize = 2;
/// Bytes that decoded assets may take together, unless it is set.
pub const DEFAULT_BUDGET: u64 = 256 << 20;
/// How long a file must have been left alone before it is read again: who writes it is done then.
const QUIET: Duration = Duration::from_millis(100);

/// A file that is written again and again is read after so long all the same.
const RESTLESS: Duration = Duration::from_secs(1);
/// How often all files are looked at besides: some changes, such as of a folder in the place of another or of where a link
/// leads, are told to nobody.
const LOOK: Duration = Duration::from_secs(2);
/// The same failure of the same asset is logged this seldom.
const TELL_AGAIN: Duration = Duration::from_secs(60);

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
    /// It is being read for the first time.
    Loading,
    /// A picture that can be drawn.
    Image(PremultipliedImage),
    /// A picture that moves by itself.
    Animation(AnimatedImage),
    /// A vector picture.
    Svg(VectorImage),
    /// A font file that was checked.
    Font(Arc<Vec<u8>>),
    /// A sound file that looks like one. Whoever mixes the sound plays it from the file.
    Sound,
    /// Its pixels are not in memory now, but can be; this is its size in pixels, 0 if it was never known.
    #[expect(missing_docs, reason = "the size")]
    Unloaded { width: f64, height: f64 },
    /// It cannot be used.
    Failed(AssetError),
}

impl AssetState {
    /// The size of the picture in pixels, if it is one.
    #[must_use]
    pub fn size(&self) -> Option<(f64, f64)> {
        match self {
            Self::Image(image) => Some((f64::from(image.width), f64::from(image.height))),
            Self::Animation(image) => Some((f64::from(image.width), f64::from(image.height))),
            Self::Svg(image) => Some((f64::from(image.tree.size().width()), f64::from(image.tree.size().height()))),
            Self::Unloaded { width, height } => Some((*width, *height)),
            Self::Loading | Self::Font(_) | Self::Sound | Self::Failed(_) => None,
        }
    }

    fn is_decoded(&self) -> bool {
        matches!(self, Self::Image(_) | Self::Animation(_) | Self::Svg(_) | Self::Font(_) | Self::Sound)
    }
}

/// What the assets take and how they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssetStats {
    /// Bytes that decoded assets take.
    pub bytes: u64,
    /// Bytes that they may take.
    pub limit: u64,
    /// Assets that cannot be used now.
    pub failed: u64,
    /// Times that a layer came to be seen whose asset was decoded already.
    pub hits: u64,
    /// Times that it was not.
    pub misses: u64,
    /// Assets that had to go to make room.
    pub evictions: u64,
    /// Times that reading an asset failed.
    pub errors: u64,
}

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
    /// Whether others look after the files: what is decoded is taken as it is.
    is_lent: bool,
}

#[derive(Debug)]
struct Loaded {
    id: AssetId,
    load: u64,
    found: Found,
    spent: Duration,
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
            is_lent: false,
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
            let is_idle = |entry: &Entry| entry.job.is_none() && !(self.is_lent && entry.state.is_decoded());
            if self.entries.get(&document.id).is_some_and(is_idle) {
                self.start(&document.id, true);
            }
        }
        if fonts_went {
            self.redraw_texts();
        }
        changed
    }

    /// What is decoded of these, for a scene that is played beside them. Of files that change it takes no notice.
    pub(crate) fn lent(&self) -> Self {
        let lend = |(id, entry): (&AssetId, &Entry)| {
            let mut lent = Entry::new(&entry.document, &entry.folder);
            lent.state = entry.state.clone();
            lent.size = entry.size;
            (id.clone(), lent)
        };
        let entries = self.entries.iter().map(lend).collect();
        Self { entries, budget: Budget::new(self.budget.limit()), is_lent: true, ..Self::default() }
    }

    /// The names of all.
    pub(crate) fn ids(&self) -> impl Iterator<Item = AssetId> {
        self.entries.keys().cloned()
    }

    /// Sets the bytes that decoded assets may take together. What is too much goes when room is needed next.
    pub fn set_budget(&mut self, bytes: u64) {
        self.budget.set_limit(bytes);
    }

    /// From now on files that change are read again, and what failed is tried again from time to time.
    pub fn watch(&mut self) {
        match Watch::new() {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => tracing::warn!("assets that change on disk are not noticed: {error}"),
        }
        let ids: Vec<AssetId> = self.entries.keys().cloned().collect();
        for id in ids {
            self.start(&id, true);
        }
    }

    /// Begins to read an asset; with `if_changed` only if its file does not look as it did.
    fn start(&mut self, id: &AssetId, if_changed: bool) {
        let fonts = self.fonts();
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

    /// Starts to read what has changed on disk, and looks again at what failed.
    fn follow_files(&mut self, now: Instant) {
        let Some(watch) = &mut self.watch else { return };
        let (paths, overflow) = watch.changes();
        if overflow || !paths.is_empty() {
            for entry in self.entries.values_mut() {
                if overflow || paths.iter().any(|path| entry.is_touched_by(path)) {
                    entry.touched = Some(now);
                    entry.touched_first.get_or_insert(now);
                }
            }
        }
        let after = |time: Option<Instant>, wait| time.is_some_and(|time| now.duration_since(time) >= wait);
        let is_quiet = |entry: &Entry| after(entry.touched, QUIET) || after(entry.touched_first, RESTLESS);
        if now.duration_since(self.looked) >= LOOK {
            self.looked = now;
            for entry in self.entries.values_mut() {
                let is_known = entry.job.is_none() && entry.touched.is_none() && entry.retry.is_none();
                if is_known && !matches!(entry.state, AssetState::Failed(_)) {
                    entry.retry = Some(now);
                }
            }
        }
        let is_due =
            |entry: &Entry| entry.job.is_none() && (is_quiet(entry) || entry.retry.is_some_and(|retry| retry <= now));
        let due = self.entries.iter().filter(|(_, entry)| is_due(entry));
        let due: Vec<(AssetId, bool)> = due.map(|(id, entry)| (id.clone(), is_quiet(entry))).collect();
        for (id, is_touched) in due {
            // A file written twice within a few milliseconds may look the same.
            self.start(&id, !is_touched);
        }
    }

    fn take_in(&mut self, loaded: Vec<Loaded>) -> Vec<AssetId> {
        let mut changed = Vec::new();
        for Loaded { id, load, found, spent } in loaded {
            self.decoding.tasks += 1;
            self.decoding.busy += spent;
            let is_awaited = |entry: &Entry| entry.job.as_ref().is_some_and(|(awaited, _)| *awaited == load);
            let Some(entry) = self.entries.get_mut(&id).filter(|entry| is_awaited(entry)) else { continue };
            let Found { place, watched, stamp, read } = found;
            entry.job = None;
            entry.place = place;
            entry.watched = watched;
            let Some(read) = read else {
                entry.asked = false;
                if matches!(entry.state, AssetState::Failed(_)) {
                    entry.failed(Instant::now());
                }
                continue;
            };
            entry.stamp = Some(stamp);
            let was_font = entry.document.kind == AssetKind::Font;
            if self.settle(&id, read) {
                changed.push(id);
                if was_font {
                    self.redraw_texts();
                }
            }
        }
        changed.sort();
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

    /// Puts what was read in the place of what was known; returns whether that is another state.
    fn settle(&mut self, id: &AssetId, read: Result<Read, AssetError>) -> bool {
        let error = match read {
            Ok(Read::Done { state, held }) => {
                let Some(entry) = self.entries.get_mut(id) else { return false };
                entry.size = state.size();
                entry.state = state;
                entry.held = Some(held);
                entry.failures = 0;
                entry.missing = 0;
                entry.asked = false;
                return true;
            }
            Ok(Read::NoRoom { size: (width, height), bytes }) => {
                let is_contested = self.is_contested();
                let is_needed = self.is_needed(id);
                if let Some(entry) = self.entries.get_mut(id) {
                    entry.missing = bytes;
                }
                if is_needed && !is_contested && self.make_room(id, bytes) {
                    self.start(id, false);
                    return false;
                }
                // Others that are being read may have taken what was free, and may have to give it back.
                let may_fit = is_needed && self.loading() > 0 && self.could_hold(id, bytes);
                let Some(entry) = self.entries.get_mut(id) else { return false };
                entry.held = None;
                entry.asked = false;
                if width > 0.0 {
                    entry.size = Some((width, height));
                }
                if (!is_needed || may_fit) && width > 0.0 {
                    entry.state = AssetState::Unloaded { width, height };
                    return true;
                }
                AssetError::NoRoom { path: entry.document.path.clone(), bytes, limit: self.budget.limit() }
            }
            Err(error) => error,
        };
        let is_watched = self.watch.is_some();
        let Some(entry) = self.entries.get_mut(id) else { return false };
        self.counts.errors += 1;
        entry.failed(Instant::now());
        // It may have been read while it was being written: what was there stays until it fails a second time.
        if is_watched && entry.state.is_decoded() && entry.failures < 2 {
            entry.stamp = None;
            return false;
        }
        let now = Instant::now();
        let is_told = |(told, when): &(AssetError, Instant)| *told == error && now.duration_since(*when) < TELL_AGAIN;
        if !entry.told.as_ref().is_some_and(is_told) {
            tracing::warn!(asset = %id, "{error}");
            entry.told = Some((error.clone(), now));
        }
        entry.state = AssetState::Failed(error);
        entry.held = None;
        true
    }

    /// Whether it has to be in memory now: a layer that is seen uses it, or it is a font.
    fn is_needed(&self, id: &AssetId) -> bool {
        self.entries.get(id).is_some_and(|entry| {
            entry.used == self.round
                || entry.asked
                || !matches!(entry.document.kind, AssetKind::Image | AssetKind::AnimatedImage)
        })
    }

    /// Whether something is being read that did not fit before. Only one such thing is at a time, so that none takes the
    /// room that was made for another.
    fn is_contested(&self) -> bool {
        self.entries.values().any(|entry| entry.job.is_some() && entry.missing > 0)
    }

    /// Whether an asset goes so that this one can stay, and if it does, how early: what no layer that is seen uses, the
    /// longest unused first; the picture that this one replaces; what comes after it in the order of ids, the last first.
    fn makes_way(&self, other: &AssetId, entry: &Entry, id: &AssetId) -> Option<(u8, u64)> {
        match entry.document.kind {
            _ if other == id => Some((1, 0)),
            AssetKind::Font => None,
            _ if entry.used != self.round => Some((0, entry.used)),
            _ if other > id && self.is_seen(id) => Some((2, 0)),
            _ => None,
        }
    }

    fn is_seen(&self, id: &AssetId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.used == self.round)
    }

    /// Lets go of what [makes way](Self::makes_way) for an asset until so many bytes are free. Lets go of nothing if that is
    /// not enough.
    fn make_room(&mut self, id: &AssetId, bytes: u64) -> bool {
        let free = self.budget.limit().saturating_sub(self.budget.used());
        let mut idle: Vec<((u8, u64), std::cmp::Reverse<AssetId>, u64)> = self
            .entries
            .iter()
            .filter_map(|(other, entry)| {
                let rank = self.makes_way(other, entry, id)?;
                Some((rank, std::cmp::Reverse(other.clone()), entry.held.as_ref()?.bytes()))
            })
            .collect();
        if free + idle.iter().map(|(.., held)| held).sum::<u64>() < bytes {
            return false;
        }
        idle.sort();
        let mut free = free;
        for (_, std::cmp::Reverse(other), held) in idle {
            if free >= bytes {
                break;
            }
            if let Some(entry) = self.entries.get_mut(&other) {
                entry.unload();
                // It comes back only after what it made way for.
                entry.missing = held;
                self.counts.evictions += 1;
                free += held;
            }
        }
        true
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
    match decode::load(document, &Context { folder, budget: &budget, fonts: &[], panics: &panics })? {
        Read::Done { .. } => Ok(()),
        Read::NoRoom { bytes, .. } => Err(AssetError::NoRoom { path: document.path.clone(), bytes, limit }),
    }
}
