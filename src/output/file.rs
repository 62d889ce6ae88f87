//! Output into a file.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use gstreamer::prelude::*;

use super::{
    boxes,
    destination::FileFormat,
    elements::{MissingElement, make},
    pipeline::{MuxAndSink, OutputError, Pace},
    split::Split,
};

/// What is said of a file that is not there any more while it is written.
pub(super) const GONE: &str = "it was removed";
/// Milliseconds of an MP4 that are lost at most if the service is killed.
const MP4_FRAGMENT_MS: u32 = 500;

/// A muxer for `format` and a sink that writes to `path`.
///
/// An MP4 of a live stream is made of fragments from beginning to end, so that a crash leaves a file that plays. The
/// mode of `mp4mux` that turns it into a plain MP4 when it ends is no way out: until then it writes each `moof` behind
/// its `mdat`, and ffmpeg does not read such a file.
pub(super) fn parts(path: &Path, format: FileFormat, split: Split, pace: Pace) -> Result<MuxAndSink, MissingElement> {
    let (mux, pads) = match format {
        FileFormat::Mp4 => {
            let mux = make("mp4mux")?;
            if matches!(pace, Pace::Live { .. }) {
                mux.set_property("fragment-duration", MP4_FRAGMENT_MS);
            }
            (mux, ("video_%u", "audio_%u"))
        }
        FileFormat::Mkv => (make("matroskamux")?, ("video_%u", "audio_%u")),
        FileFormat::Webm => (make("webmmux")?, ("video_%u", "audio_%u")),
        FileFormat::Flv => {
            let mux = make("flvmux")?;
            // Else the header of a file that was never finished says that it lasts a day.
            mux.set_property("streamable", matches!(pace, Pace::Live { .. }));
            (mux, ("video", "audio"))
        }
    };
    let sink = make("filesink")?;
    sink.set_property("location", path);
    sink.set_property("sync", false);
    // What was written is in the file, whatever happens next. Each packet is written at once: tens of calls a second.
    sink.set_property_from_str("buffer-mode", "unbuffered");
    Ok(MuxAndSink {
        mux,
        pads,
        video_parser: None,
        sink,
        takes_headers: true,
        tells_when_taken: false,
        answers: None,
        holds_one_format: true,
        split,
    })
}

/// Makes sure that `path` can be written, by making the file.
pub(super) fn create(path: &Path) -> Result<(), OutputError> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path).map(drop).map_err(|e| not_writable(path, &e))
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// Makes a file that was not there before: `path`, or `path` with a number behind its name. A recording is never
/// written over. Its folder is made if there is none.
pub(super) fn create_new(path: &Path) -> Result<PathBuf, OutputError> {
    fs::create_dir_all(folder_of(path)).map_err(|error| not_writable(path, &error))?;
    let mut candidate = path.to_owned();
    for number in 2.. {
        match OpenOptions::new().write(true).create_new(true).open(&candidate) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => candidate = numbered(path, number),
            Err(error) => return Err(not_writable(&candidate, &error)),
        }
    }
    Ok(candidate)
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{ending}"))
}

/// Tells one file from all others of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    /// That of the file that is there now; `None` if there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let about = path.metadata().ok()?;
        Some(Self { path: path.to_owned(), device: about.dev(), inode: about.ino() })
    }

    /// Whether its name leads to nothing any more, or to another file: what is written into it is lost.
    pub(super) fn is_gone(&self) -> bool {
        match self.path.metadata() {
            Ok(about) => (about.dev(), about.ino()) != (self.device, self.inode),
            // A disk that does not answer may have it still.
            Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    }

    /// Once nothing writes into it any more: removes it if no frame went into it, or too little for anybody to play it, which
    /// would be litter, and else takes away what keeps it from being played.
    pub(super) fn tidy(&self, has_frames: bool) {
        let Ok(about) = self.path.metadata() else { return };
        if self.is_gone() || !about.is_file() {
            return;
        }
        let is_mp4 = matches!(FileFormat::from_path(&self.path), Ok(FileFormat::Mp4));
        let plays = || !is_mp4 || !boxes::lacks_description(&self.path).unwrap_or(false);
        if !has_frames || about.len() == 0 || !plays() {
            // One that stays is in nobody's way.
            let _ = fs::remove_file(&self.path);
        } else if is_mp4 && let Err(error) = boxes::trim(&self.path) {
            tracing::warn!("whether all of `{}` can be played is not known: {error}", self.path.display());
        }
    }
}

/// Why `path` cannot be written, and what to do about it.
pub(crate) fn not_writable(path: &Path, error: &io::Error) -> OutputError {
    let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let remedy = match error.kind() {
        _ if is_full => "free some space, or choose another disk",
        io::ErrorKind::NotFound => "make the folder first",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "give this user the right to write there, or choose another place"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a part of the path is a file, and no folder: choose another place"
        }
        io::ErrorKind::IsADirectory => "this is a folder: add a file name",
        _ => "choose another place",
    };
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default().to_lowercase();
    OutputError::NotWritable { path: path.display().to_string(), reason, remedy, is_full }
}

/// What a pipeline that writes to `path` reported, for people, and whether the disk is full.
pub(super) fn explain(path: &Path, text: &str) -> (String, bool) {
    let is_full = text.contains("No space left") || text.contains("Disk quota exceeded");
    let path = path.display();
    let words = if is_full {
        format!("the disk is full while writing `{path}`; free some space")
    } else {
        format!("cannot go on writing `{path}`: {}", text.lines().next().unwrap_or_default())
    };
    (words, is_full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recording_with_frames_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.mkv");
        for (bytes, has_frames, stays) in [(0, true, false), (90, false, false), (90, true, true)] {
            fs::write(&path, vec![1; bytes]).unwrap();
            Identity::of(&path).unwrap().tidy(has_frames);
            assert_eq!(path.exists(), stays, "{bytes} bytes");
        }
        // The moment that it was to record was too short for both pictures and sound.
        let short = folder.path().join("short.mp4");
        let description = b"\0\0\0\x30moov\0\0\0\x28trak\0\0\0\x20mdia\0\0\0\x18minf\0\0\0\x10stbl\0\0\0\x08stsd";
        fs::write(&short, description).unwrap();
        Identity::of(&short).unwrap().tidy(true);
        assert!(short.exists(), "it is cut, and may play");
        let description =
            b"\0\0\0\x38moov\0\0\0\x30trak\0\0\0\x28mdia\0\0\0\x20minf\0\0\0\x18stbl\0\0\0\x10stsd\0\0\0\0\0\0\0\0";
        fs::write(&short, description).unwrap();
        Identity::of(&short).unwrap().tidy(true);
        assert!(!short.exists());
        // Another file of that name is not ours.
        let ours = Identity::of(&path).unwrap();
        fs::rename(&path, folder.path().join("moved.mkv")).unwrap();
        fs::write(&path, "").unwrap();
        ours.tidy(false);
        assert!(path.exists());
    }
}
