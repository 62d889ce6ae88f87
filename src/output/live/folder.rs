//! The live stream in a folder, for a web server to serve.
//!
//! What was not written here is neither written over nor removed: a file in the folder lists what was, and is locked for as
//! long as one writes there. So two never write into one folder, by whatever names they call it.

use std::{
    collections::BTreeSet,
    fs::{self, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{
    marker::{Marker, Stamp},
    store::{Continued, LiveStore, TARGET},
};
use crate::output::{file::not_writable, pipeline::OutputError};

/// The playlist of what is there.
const PLAYLIST: &str = "index.m3u8";
/// The line that ends a playlist to which nothing is added any more (RFC 8216, section 4.3.3.4).
const END: &str = "#EXT-X-ENDLIST\n";
/// The file that tells which of those that are named like segments here are of this service.
const MARKER: &str = ".stream-manager-hls";

/// A folder that holds what a store's playlist names.
pub(in crate::output) struct Folder {
    path: PathBuf,
    /// Segments and initialisation segments that are there.
    names: BTreeSet<String>,
    /// Those that the playlist before named. They stay for viewers who have read it.
    before: BTreeSet<String>,
    /// The playlist, without its end; empty if there is none.
    playlist: String,
    /// Segments up to the last that was mirrored.
    mirrored: u64,
    /// Seconds that the playlist of the stream before said that its longest segment lasts; 0 if there was none.
    target: u64,
    /// Locked until it is closed.
    marker: Marker,
}

impl Folder {
    /// Makes the folder if it is not there. What an earlier stream has left stays until the new one has something to show,
    /// and the new one goes on counting: no name ever stands for two segments.
    ///
    /// # Errors
    /// It cannot be written, another output writes there, or it has files of somebody else that would be written over.
    pub(in crate::output) fn open(path: &Path) -> Result<Self, OutputError> {
        let failed = |error: io::Error| not_writable(path, &error);
        fs::create_dir_all(path).map_err(failed)?;
        let foreign = |name: &str| OutputError::NotWritable {
            path: path.display().to_string(),
            reason: format!("it has a file `{name}` that this service has not written"),
            remedy: "choose another folder, or take that file away",
            is_full: false,
        };
        let present = names(path).map_err(failed)?;
        let at = path.join(MARKER);
        if !at.try_exists().map_err(failed)?
            && let Some(name) = present.first()
        {
            return Err(foreign(name));
        }
        let mut marker = Marker::open(&at).map_err(|error| match error {
            TryLockError::WouldBlock => OutputError::NotWritable {
                path: path.display().to_string(),
                reason: "another output writes there".to_owned(),
                remedy: "choose another folder, or end that output",
                is_full: false,
            },
            TryLockError::Error(error) => failed(error),
        })?;
        // One that finished in the meantime has written more.
        let present = names(path).map_err(failed)?;
        let is_ours = |name: &&String| match whole(name) {
            Some(whole) => marker.expects(whole) && Stamp::of(&path.join(name)).is_some(),
            None => marker.has(name, &path.join(name)),
        };
        if let Some(name) = present.iter().find(|name| !is_ours(name)) {
            return Err(foreign(name));
        }
        let (parts, mut names): (BTreeSet<_>, BTreeSet<_>) =
            present.into_iter().partition(|name| whole(name).is_some());
        for name in parts {
            let file = path.join(name);
            fs::remove_file(&file).map_err(|error| not_writable(&file, &error))?;
        }
        marker.keep(&names);
        let has_playlist = names.remove(PLAYLIST);
        let mirrored = next(&names, SEGMENT);
        let before = names.clone();
        let (path, playlist) = (path.to_owned(), String::new());
        let mut this = Self { path, names, before, playlist, mirrored, target: 0, marker };
        if has_playlist {
            this.reopen()?;
        }
        Ok(this)
    }

    /// Takes the end off the playlist of the stream before: there is more to come.
    fn reopen(&mut self) -> Result<(), OutputError> {
        let file = self.path.join(PLAYLIST);
        let text = fs::read_to_string(&file).map_err(|error| not_writable(&file, &error))?;
        self.playlist = text.replace(END, "");
        let told = text.lines().find_map(|line| line.strip_prefix(TARGET)?.parse().ok());
        self.target = told.unwrap_or(0);
        if self.playlist != text {
            self.write(PLAYLIST, self.playlist.clone().as_bytes())?;
        }
        Ok(())
    }

    /// An empty store for the stream that begins now. It goes on after the one before it in the folder, and after `before` if
    /// that has come further: viewers may have read the playlist of one that is gone.
    pub(in crate::output) fn store(&self, before: Option<Continued>) -> LiveStore {
        let here = Continued { segment: self.mirrored, init: next(&self.names, INIT), target: self.target };
        LiveStore::after(here.max(before.unwrap_or_default()))
    }

    /// Tells in the playlist that there is nothing more to come.
    pub(in crate::output) fn end(&mut self) -> Result<(), OutputError> {
        if self.playlist.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.playlist) + END;
        self.write(PLAYLIST, text.as_bytes())
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
        self.write(PLAYLIST, playlist.as_bytes())?;
        (self.playlist, self.mirrored) = (playlist, published);
        let gone: Vec<_> =
            self.names.difference(&listed).filter(|name| !self.before.contains(*name)).cloned().collect();
        for name in gone {
            let file = self.path.join(&name);
            if self.marker.has(&name, &file) {
                // One that is gone already need not be taken away.
                let _ = fs::remove_file(file);
            }
            self.marker.settle(&name, None);
            self.names.remove(&name);
        }
        self.before = listed;
        Ok(())
    }

    /// Writes a file so that nobody ever sees a part of it.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), OutputError> {
        let (whole, part) = (self.path.join(name), self.path.join(format!(".{name}.part")));
        let mut write = || {
            self.marker.list(name, None)?;
            fs::write(&part, bytes)?;
            let stamp = Stamp::of(&part);
            self.marker.list(name, stamp)?;
            fs::rename(&part, &whole)?;
            self.marker.settle(name, stamp);
            Ok(())
        };
        write().map_err(|error| not_writable(&whole, &error))
    }
}

/// The files in a folder that have names of such as are written here, parts of them included.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        // What is no text is not ours.
        if let Ok(name) = entry?.file_name().into_string()
            && is_written_here(whole(&name).unwrap_or(&name))
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The file of which one of this name is a part, if it is one.
fn whole(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(".part")
}

/// How the names of segments begin and end, with a number between.
const SEGMENT: (&str, &str) = ("segment-", ".m4s");
/// The same for initialisation segments.
const INIT: (&str, &str) = ("init-", ".mp4");

/// The number in a name of this kind.
fn number<'name>(name: &'name str, (head, tail): (&str, &str)) -> Option<&'name str> {
    let number = name.strip_prefix(head)?.strip_suffix(tail)?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// The number after the highest of this kind.
fn next(names: &BTreeSet<String>, kind: (&str, &str)) -> u64 {
    let numbers = names.iter().filter_map(|name| number(name, kind)?.parse::<u64>().ok());
    numbers.max().map_or(0, |highest| highest.saturating_add(1))
}

/// Whether a file of this name is one that is written here.
fn is_written_here(name: &str) -> bool {
    name == PLAYLIST || number(name, SEGMENT).is_some() || number(name, INIT).is_some()
}

#[cfg(test)]
mod tests {
    use gstreamer as gst;

    use super::*;
    use crate::output::live::fmp4::Run;

    #[test]
    fn what_others_have_written_stays_and_two_do_not_write_into_one_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (hls, link) = (folder.path().join("hls"), folder.path().join("link"));
        fs::create_dir(&hls).unwrap();
        std::os::unix::fs::symlink("hls", &link).unwrap();
        let refused = |path: &Path| Folder::open(path).err().map(|error| error.to_string()).unwrap_or_default();
        for name in ["index.m3u8", "segment-1.m4s", "init-7.mp4"] {
            fs::write(hls.join(name), "of somebody else").unwrap();
            assert!(refused(&hls).contains(name), "{}", refused(&hls));
            assert_eq!(fs::read_to_string(hls.join(name)).unwrap(), "of somebody else");
            fs::remove_file(hls.join(name)).unwrap();
        }
        // What has other names is in nobody's way.
        fs::write(hls.join("player.html"), "of somebody else").unwrap();
        let mut open = Folder::open(&hls).unwrap();
        for same in [hls.clone(), hls.join("."), link.clone(), link.join("../hls")] {
            assert!(refused(&same).contains("another output writes there"), "{}", refused(&same));
        }
        // As a crash leaves it.
        for name in ["index.m3u8", "segment-1.m4s", "index.m3u8"] {
            open.write(name, b"ours").unwrap();
        }
        open.marker.list("segment-2.m4s", None).unwrap();
        fs::write(hls.join(".segment-2.m4s.part"), b"a part of ours").unwrap();
        drop(open);
        drop(Folder::open(&link).unwrap());
        assert_eq!(names(&hls).unwrap(), ["index.m3u8", "segment-1.m4s"]);
        assert_eq!(fs::read_to_string(hls.join("player.html")).unwrap(), "of somebody else");
    }

    /// The marker of an output that is gone says nothing of files that somebody has put there since.
    #[test]
    fn what_others_write_into_a_folder_that_was_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let hls = folder.path();
        let mut open = Folder::open(hls).unwrap();
        for name in ["init-0.mp4", "segment-0.m4s", "index.m3u8"] {
            open.write(name, b"ours").unwrap();
        }
        drop(open);
        let refused = || Folder::open(hls).err().map(|error| error.to_string()).unwrap_or_default();
        let foreign: [(&str, &[u8]); 4] = [
            ("segment-7.m4s", b"new"),
            ("segment-0.m4s", b"over"),
            ("index.m3u8", b"longer"),
            (".init-3.mp4.part", b""),
        ];
        for (name, bytes) in foreign {
            let before = fs::metadata(hls.join(name)).and_then(|about| about.modified()).ok();
            while fs::write(hls.join(name), bytes).is_ok()
                && fs::metadata(hls.join(name)).and_then(|about| about.modified()).ok() == before
            {}
            assert!(refused().contains(&format!("a file `{name}` that this service has not written")), "{}", refused());
            assert_eq!(fs::read(hls.join(name)).unwrap(), bytes);
            assert!(hls.join("init-0.mp4").exists(), "nothing is removed of a folder that is refused");
            fs::remove_file(hls.join(name)).unwrap();
        }
        fs::create_dir(hls.join("segment-9.m4s")).unwrap();
        assert!(refused().contains("segment-9.m4s"), "{}", refused());
        fs::remove_dir(hls.join("segment-9.m4s")).unwrap();
        drop(Folder::open(hls).unwrap());
        assert_eq!(names(hls).unwrap(), ["init-0.mp4"]);
    }

    #[test]
    fn a_stream_that_begins_again_counts_on_and_leaves_no_gap() {
        let folder = tempfile::tempdir().unwrap();
        let hls = folder.path();
        let playlist = || fs::read_to_string(hls.join(PLAYLIST)).unwrap();
        let publish_long = |open: &mut Folder, store: &LiveStore, seconds| {
            let (length, none) = (gst::ClockTime::from_seconds(seconds), Run::default());
            store.publish(b"init".to_vec(), &none, &none, length, store.end() + length);
            open.mirror(store).unwrap();
        };
        let publish = |open: &mut Folder, store: &LiveStore| publish_long(open, store, 2);
        let mut open = Folder::open(hls).unwrap();
        let store = open.store(None);
        publish(&mut open, &store);
        publish(&mut open, &store);
        assert!(!playlist().contains(END));
        open.end().unwrap();
        drop(open);
        assert!(playlist().ends_with(&format!("segment-1.m4s\n{END}")), "{}", playlist());

        let mut open = Folder::open(hls).unwrap();
        assert!(playlist().ends_with("segment-1.m4s\n"), "{}", playlist());
        let old = ["index.m3u8", "init-0.mp4", "segment-0.m4s", "segment-1.m4s"];
        assert_eq!(names(hls).unwrap(), old, "until there is something new");
        let store = open.store(None);
        publish(&mut open, &store);
        let text = playlist();
        assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:2\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{text}");
        assert!(text.contains("init-1.mp4") && text.ends_with("segment-2.m4s\n"), "{text}");
        assert!(hls.join("segment-1.m4s").exists(), "for those who have read the playlist before");
        publish(&mut open, &store);
        let new = ["index.m3u8", "init-1.mp4", "segment-2.m4s", "segment-3.m4s"];
        assert_eq!(names(hls).unwrap(), new);

        // What the playlist says of its longest segment is never lowered, by a new stream or a new process either.
        publish_long(&mut open, &store, 10);
        open.end().unwrap();
        drop(open);
        let mut open = Folder::open(hls).unwrap();
        let store = open.store(None);
        publish(&mut open, &store);
        assert!(playlist().contains("#EXT-X-TARGETDURATION:10\n"), "{}", playlist());
        drop(open);
        fs::remove_dir_all(hls).unwrap();
        let mut open = Folder::open(hls).unwrap();
        let store = open.store(Some(store.continued()));
        publish(&mut open, &store);
        let text = playlist();
        assert!(text.contains("#EXT-X-TARGETDURATION:10\n") && text.ends_with("segment-6.m4s\n"), "{text}");
    }
}
