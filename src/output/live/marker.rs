//! Which files of a folder are of this service.
//!
//! The marker is a file in the folder, locked for as long as one writes there. It lists what was written: name, length and
//! time of each file. A file that is not listed, or is another one by now, is somebody else's and is never removed. Each is
//! listed before it gets its name, so that a kill leaves nothing that nobody knows.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::{Duration, Instant, UNIX_EPOCH},
};

/// What the marker begins with, for people.
const ABOUT: &str = "# Stream Manager wrote these files, each with its length and time, and removes no others.";
/// More than any marker has.
const LONGEST: u64 = 1 << 20;

/// How long one may take that finishes in a folder that another is to write to.
const FINISHING: Duration = Duration::from_secs(1);
/// Pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What tells that a file is another one than that of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    /// Nanoseconds since 1970 at which it was written.
    time: u128,
}

impl Stamp {
    /// That of a file; `None` if there is no file of this name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let about = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
        let time = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        Some(Self { length: about.len(), time })
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Marker {
    file: File,
    /// Files by their names; those that are being written have no stamp yet.
    listed: Vec<(String, Option<Stamp>)>,
}

impl Marker {
    /// Opens the marker, or makes it, and locks it. One that is about to finish there gets a moment for it.
    ///
    /// # Errors
    /// Somebody else writes there (`WouldBlock`), or the system's.
    pub(super) fn open(path: &Path) -> Result<Self, TryLockError> {
        let options = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let file = options.map_err(TryLockError::Error)?;
        let until = Instant::now() + FINISHING;
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOOK_AGAIN),
                locked => break locked?,
            }
        }
        let mut bytes = Vec::new();
        io::Read::take(&file, LONGEST).read_to_end(&mut bytes).map_err(TryLockError::Error)?;
        let listed = String::from_utf8_lossy(&bytes).lines().filter_map(entry).collect();
        Ok(Self { file, listed })
    }

    /// Whether the file of this name is of this service.
    pub(super) fn has(&self, name: &str, path: &Path) -> bool {
        let stamp = Stamp::of(path);
        stamp.is_some() && self.listed.iter().any(|(known, written)| known == name && *written == stamp)
    }

    /// Whether the file of this name was about to be written.
    pub(super) fn expects(&self, name: &str) -> bool {
        self.listed.iter().any(|(known, _)| known == name)
    }

    /// Lists a file that is about to be written, or has been.
    pub(super) fn list(&mut self, name: &str, stamp: Option<Stamp>) -> io::Result<()> {
        let entry = (name.to_owned(), stamp);
        if !self.listed.contains(&entry) {
            self.listed.push(entry);
        }
        self.save()
    }

    /// Forgets all of this name but what was written last.
    pub(super) fn settle(&mut self, name: &str, stamp: Option<Stamp>) {
        self.listed.retain(|(known, written)| known != name || (stamp.is_some() && *written == stamp));
    }

    /// Forgets all but these files.
    pub(super) fn keep(&mut self, names: &BTreeSet<String>) {
        self.listed.retain(|(known, _)| names.contains(known));
    }

    fn save(&mut self) -> io::Result<()> {
        let mut text = ABOUT.to_owned();
        for (name, stamp) in &self.listed {
            text.push_str(&match stamp {
                Some(Stamp { length, time }) => format!("\n{name} {length} {time}"),
                None => format!("\n{name}"),
            });
        }
        text.push('\n');
        // In place: the lock is on this file, and not on another of its name.
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }
}

fn entry(line: &str) -> Option<(String, Option<Stamp>)> {
    let mut words = line.split(' ');
    let name = words.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
    let stamp = match (words.next(), words.next()) {
        (Some(length), Some(time)) => Some(Stamp { length: length.parse().ok()?, time: time.parse().ok()? }),
        _ => None,
    };
    Some((name.to_owned(), stamp))
}
