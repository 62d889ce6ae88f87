//! Sound files, one after the other, decoded ahead on a thread of their own.
//!
//! The mixer never waits for a file while a stream is live: what is not decoded in time is silence, and the file goes
//! on where it was.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant, SystemTime},
};

use super::{
    Haste, Report,
    clock::{CHANNELS, RATE},
    decoder::{Decoded, Decoder},
};
use crate::output::threads::{Errand, shortage};

/// Stereo samples of a chunk: 50 ms. The last of a file may be shorter.
const CHUNK: usize = (RATE * CHANNELS / 20) as usize;
/// Chunks that wait decoded: over a second. Full: the decoder waits.
const AHEAD: usize = 24;
/// Stereo samples of a file that is kept decoded while its list goes round: up to a second.
const KEPT: usize = (RATE * CHANNELS) as usize;
/// Stereo samples that a list keeps decoded altogether: under 12 MB.
const KEPT_OF_ALL: usize = 30 * KEPT;
/// How often to look whether a file that is kept has changed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long to wait before files of which none can be played are tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How often to look meanwhile whether anybody still listens.
const LOOK: Duration = Duration::from_millis(100);

/// A playlist that is being played.
pub(super) struct Player {
    chunks: Receiver<Vec<f32>>,
    chunk: Vec<f32>,
    /// How much of `chunk` was given out.
    at: usize,
    haste: Haste,
    stop: Arc<AtomicBool>,
    /// Decodes; as soon as there is a thread for it, for which it was tried last at this time.
    worker: Errand,
    tried: Instant,
}

/// What is to be played.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct List {
    /// The folder that no file can lie outside of.
    pub(super) folder: PathBuf,
    /// Relative to the folder.
    pub(super) files: Vec<PathBuf>,
    pub(super) looped: bool,
}

impl Player {
    /// Starts to decode. What goes wrong is told to `report`.
    pub(super) fn start(list: List, haste: Haste, report: Report) -> Self {
        let (sender, chunks) = sync_channel(AHEAD);
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            list,
            sender,
            stop: Arc::clone(&stop),
            haste,
            report: Arc::clone(&report),
            chunk: Vec::with_capacity(CHUNK),
            kept: HashMap::new(),
            complained: HashSet::new(),
        };
        let mut worker = Errand::begin("decode-sound", move || worker.run());
        if let Err(error) = worker.try_begin() {
            report(&format!("it cannot be decoded for now: {}", shortage(&error)));
        }
        Self { chunks, chunk: Vec::new(), at: 0, haste, stop, worker, tried: Instant::now() }
    }

    /// Fills stereo samples, with silence where there are none.
    pub(super) fn read(&mut self, mut out: &mut [f32]) {
        while !out.is_empty() {
            if self.at == self.chunk.len() && !self.fetch() {
                return out.fill(0.0);
            }
            let count = out.len().min(self.chunk.len() - self.at);
            let (now, rest) = out.split_at_mut(count);
            now.copy_from_slice(&self.chunk[self.at..self.at + count]);
            self.at += count;
            out = rest;
        }
    }

    fn fetch(&mut self) -> bool {
        if !self.worker.has_begun() && self.tried.elapsed() > LOOK_AGAIN {
            self.tried = Instant::now();
            // It was told the first time.
            let _ = self.worker.try_begin();
        }
        let chunk = match self.haste {
            Haste::Live => self.chunks.try_recv().ok(),
            Haste::Offline if !self.worker.has_begun() => None,
            // Ends with the thread.
            Haste::Offline => self.chunks.recv().ok(),
        };
        let Some(chunk) = chunk else { return false };
        self.chunk = chunk;
        self.at = 0;
        true
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.worker.cancel();
    }
}

/// Nobody listens any more.
struct Unheard;

/// What a file gave that is so short that to open it for every round would take longer than to play it.
struct Kept {
    samples: Vec<f32>,
    stamp: Stamp,
    looked: Instant,
}

/// Decodes files, and hands out what they give in whole chunks, over the ends of files too.
struct Worker {
    list: List,
    sender: SyncSender<Vec<f32>>,
    stop: Arc<AtomicBool>,
    haste: Haste,
    report: Report,
    /// What waits for the rest of its chunk.
    chunk: Vec<f32>,
    kept: HashMap<PathBuf, Kept>,
    /// Each file is complained of once, until it plays again.
    complained: HashSet<PathBuf>,
}

impl Worker {
    fn run(mut self) {
        // Nobody listens any more: there is nobody to tell either.
        let _ = self.play_all();
    }

    fn play_all(&mut self) -> Result<(), Unheard> {
        let files = std::mem::take(&mut self.list.files);
        loop {
            let mut has_played = false;
            for file in &files {
                has_played |= self.play(file)?;
            }
            let is_dead = self.list.looped && !has_played && self.haste == Haste::Offline;
            if is_dead {
                (self.report)("nothing of its files can be played; it is silent from here to the end");
            }
            let is_over = is_dead || !self.list.looped;
            if is_over || !has_played {
                let rest = std::mem::take(&mut self.chunk);
                self.send(rest)?;
            }
            if is_over {
                return Ok(());
            }
            if !has_played {
                self.wait()?;
            }
        }
    }

    /// Plays a file to its end, or as much of it as is good; returns whether there was anything.
    fn play(&mut self, file: &Path) -> Result<bool, Unheard> {
        if let Some(kept) = self.take_kept(file) {
            self.push(&kept.samples)?;
            let has_played = !kept.samples.is_empty();
            self.kept.insert(file.to_owned(), kept);
            return Ok(has_played);
        }
        let stamp = self.stamp(file);
        let path = match inside(&self.list.folder, file) {
            Ok(path) => path,
            Err(reason) => return self.end(file, stamp, Short::default(), Err(reason)),
        };
        let mut decoder = match Decoder::open(&path) {
            Ok(decoder) => decoder,
            Err(reason) => return self.end(file, stamp, Short::default(), Err(reason)),
        };
        let mut short = Short::default();
        loop {
            match decoder.next() {
                Ok(Decoded::Samples(samples)) => {
                    short.add(&samples);
                    self.push(&samples)?;
                }
                Ok(Decoded::Nothing) => {}
                Ok(Decoded::End) => return self.end(file, stamp, short, Ok(())),
                Err(reason) => return self.end(file, stamp, short, Err(reason)),
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(Unheard);
            }
        }
    }

    /// Notes how a file ended; returns whether it gave anything.
    fn end(&mut self, file: &Path, stamp: Stamp, short: Short, end: Result<(), String>) -> Result<bool, Unheard> {
        match end {
            Ok(()) => {
                self.complained.remove(file);
            }
            Err(reason) if self.complained.insert(file.to_owned()) => {
                (self.report)(&format!("`{}` cannot be played: {reason}", file.display()));
            }
            Err(_) => {}
        }
        let has_played = short.length > 0;
        let room = KEPT_OF_ALL - self.kept.values().map(|kept| kept.samples.len()).sum::<usize>().min(KEPT_OF_ALL);
        if short.length <= KEPT.min(room) {
            self.kept.insert(file.to_owned(), Kept { samples: short.samples, stamp, looked: Instant::now() });
        }
        Ok(has_played)
    }

    /// What is kept of a file, unless it is time to open it again.
    fn take_kept(&mut self, file: &Path) -> Option<Kept> {
        let mut kept = self.kept.remove(file)?;
        if kept.looked.elapsed() < LOOK_AGAIN {
            return Some(kept);
        }
        if self.complained.contains(file) || kept.stamp != self.stamp(file) {
            return None;
        }
        kept.looked = Instant::now();
        Some(kept)
    }

    fn stamp(&self, file: &Path) -> Stamp {
        let metadata = self.list.folder.join(file).metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()))
    }

    fn push(&mut self, mut samples: &[f32]) -> Result<(), Unheard> {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            samples = later;
            if self.chunk.len() == CHUNK {
                let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
                self.send(full)?;
            }
        }
        Ok(())
    }

    fn send(&self, chunk: Vec<f32>) -> Result<(), Unheard> {
        if chunk.is_empty() { Ok(()) } else { self.sender.send(chunk).map_err(|_| Unheard) }
    }

    fn wait(&self) -> Result<(), Unheard> {
        for _ in 0..RETRY.as_millis() / LOOK.as_millis() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Unheard);
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

/// Length and time of change of a file; `None` if there is none.
type Stamp = Option<(u64, Option<SystemTime>)>;

/// What a file has given, as long as that is little.
#[derive(Default)]
struct Short {
    samples: Vec<f32>,
    /// Of all that it gave.
    length: usize,
}

impl Short {
    fn add(&mut self, samples: &[f32]) {
        self.length += samples.len();
        if self.length <= KEPT {
            self.samples.extend_from_slice(samples);
        } else {
            self.samples = Vec::new();
        }
    }
}

/// The whole path of a file, which may not lead out of the folder, not by a link either.
fn inside(folder: &Path, file: &Path) -> Result<PathBuf, String> {
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file in the scene's folder".to_owned(),
        _ => error.to_string(),
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder = folder.canonicalize().map_err(told)?;
    let path = folder.join(file).canonicalize().map_err(told)?;
    if !path.starts_with(&folder) {
        return Err("it lies outside of the scene's folder".to_owned());
    }
    // Asked before opening: opening a pipe would wait for its writer.
    if path.metadata().map_err(told)?.is_file() { Ok(path) } else { Err("it is not a file".to_owned()) }
}
