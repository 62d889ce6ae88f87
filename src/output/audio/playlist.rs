//! Sound files, one after the other, decoded ahead on a thread of their own.
//!
//! The mixer never waits for a file while a stream is live: what is not decoded in time is silence, and the file goes
//! on where it was.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use super::{
    Haste, Report,
    clock::{CHANNELS, RATE},
    decoder::{Decoded, Decoder},
};

/// Stereo samples of a chunk: 50 ms. The last of a file may be shorter.
const CHUNK: usize = (RATE * CHANNELS / 20) as usize;
/// Chunks that wait decoded: over a second. Full: the decoder waits.
const AHEAD: usize = 24;
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
        let worker = Worker { list, sender, stop: Arc::clone(&stop), haste, report: Arc::clone(&report) };
        let spawned = std::thread::Builder::new().name("decode-sound".to_owned()).spawn(move || worker.run());
        if let Err(error) = spawned {
            report(&format!("no thread could be started to decode it: {error}"));
        }
        Self { chunks, chunk: Vec::new(), at: 0, haste, stop }
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
        let chunk = match self.haste {
            Haste::Live => self.chunks.try_recv().ok(),
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
    }
}

/// Nobody listens any more.
struct Unheard;

/// Why a file was left.
enum Left {
    Unheard,
    Broken(String),
}

struct Worker {
    list: List,
    sender: SyncSender<Vec<f32>>,
    stop: Arc<AtomicBool>,
    haste: Haste,
    report: Report,
}

impl Worker {
    fn run(&self) {
        // Each file is complained of once, until it plays again.
        let mut broken = HashSet::new();
        loop {
            let mut has_played = false;
            for file in &self.list.files {
                match self.play(file) {
                    Ok(samples) => {
                        has_played |= samples > 0;
                        broken.remove(file);
                    }
                    Err(Left::Unheard) => return,
                    Err(Left::Broken(reason)) if broken.insert(file) => (self.report)(&format!(
                        "`{}` cannot be played: {reason}; replace it, or convert it to WAV or FLAC",
                        file.display()
                    )),
                    Err(Left::Broken(_)) => {}
                }
            }
            if !self.list.looped || (!has_played && self.haste == Haste::Offline) {
                return;
            }
            if !has_played && self.wait().is_err() {
                return;
            }
        }
    }

    /// Plays a file to its end; returns how much it was.
    fn play(&self, file: &Path) -> Result<usize, Left> {
        let path = inside(&self.list.folder, file).map_err(Left::Broken)?;
        let mut decoder = Decoder::open(&path).map_err(Left::Broken)?;
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut count = 0;
        loop {
            match decoder.next() {
                Ok(Decoded::Samples(samples)) => {
                    count += samples.len();
                    let mut rest = samples.as_slice();
                    while !rest.is_empty() {
                        let (now, later) = rest.split_at(rest.len().min(CHUNK - chunk.len()));
                        chunk.extend_from_slice(now);
                        rest = later;
                        if chunk.len() == CHUNK {
                            let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                            self.sender.send(full).map_err(|_| Left::Unheard)?;
                        }
                    }
                }
                Ok(Decoded::Nothing) => {}
                Ok(Decoded::End) => {
                    self.flush(chunk)?;
                    return Ok(count);
                }
                Err(reason) => {
                    // What was good of it is played.
                    self.flush(chunk)?;
                    return Err(Left::Broken(reason));
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(Left::Unheard);
            }
        }
    }

    fn flush(&self, chunk: Vec<f32>) -> Result<(), Left> {
        if chunk.is_empty() { Ok(()) } else { self.sender.send(chunk).map_err(|_| Left::Unheard) }
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
