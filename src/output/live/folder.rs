//! The live stream in a folder, for a web server to serve.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::store::LiveStore;
use crate::output::{file::not_writable, pipeline::OutputError};

/// A folder that holds what a store's playlist names.
pub(in crate::output) struct Folder {
    path: PathBuf,
    /// Segments and initialisation segments that are there.
    names: BTreeSet<String>,
    /// Those that the playlist before named. They stay for viewers who have read it.
    before: BTreeSet<String>,
    mirrored: u64,
}

impl Folder {
    /// Makes the folder if it is not there, and takes away the segments of an earlier stream.
    pub(in crate::output) fn open(path: &Path) -> Result<Self, OutputError> {
        let failed = |error: io::Error| not_writable(path, &error);
        fs::create_dir_all(path).map_err(failed)?;
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if is_ours(&entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path()).map_err(|error| not_writable(&entry.path(), &error))?;
            }
        }
        Ok(Self { path: path.to_owned(), names: BTreeSet::new(), before: BTreeSet::new(), mirrored: 0 })
    }

    /// Writes what is new in `store`: segments first, then the playlist that names them, in one step.
    pub(in crate::output) fn mirror(&mut self, store: &LiveStore) -> Result<(), OutputError> {
        let published = store.published();
        if published == self.mirrored {
            return Ok(());
        }
        let Some((segments, playlist)) = store.listing() else { return Ok(()) };
        let mut listed = BTreeSet::new();
        for segment in segments {
            for (name, bytes) in [(segment.init.name(), &segment.init.bytes), (segment.name(), &segment.bytes)] {
                if self.names.insert(name.clone()) {
                    self.write(&name, bytes)?;
                }
                listed.insert(name);
            }
        }
        self.write("index.m3u8", playlist.as_bytes())?;
        self.mirrored = published;
        let gone: Vec<_> =
            self.names.difference(&listed).filter(|name| !self.before.contains(*name)).cloned().collect();
        for name in gone {
            // One that is gone already need not be taken away.
            let _ = fs::remove_file(self.path.join(&name));
            self.names.remove(&name);
        }
        self.before = listed;
        Ok(())
    }

    /// Writes a file so that nobody ever sees a part of it.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), OutputError> {
        let (whole, part) = (self.path.join(name), self.path.join(format!(".{name}.part")));
        fs::write(&part, bytes).and_then(|()| fs::rename(&part, &whole)).map_err(|error| not_writable(&whole, &error))
    }
}

/// Whether a file of this name is one that is written here.
fn is_ours(name: &str) -> bool {
    let numbered = |head: &str, tail: &str| {
        let number = name.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    name == "index.m3u8" || numbered("segment-", ".m4s") || numbered("init-", ".mp4")
}
