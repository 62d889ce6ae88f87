//! A file on its way to its name: until it is whole it has another, which nobody else uses.

use std::{
    fs::{self, OpenOptions},
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
};

use super::signals::EndSignals;
use crate::output::not_writable;

/// Status of a program that a signal has ended is this and the signal's number.
const SIGNALLED: i32 = 128;

/// The file under its first name. It is removed when this is dropped, and when a signal ends the program.
pub(super) struct Part {
    path: PathBuf,
    out: PathBuf,
}

impl Part {
    /// Makes an empty one beside `out`, which it is to become.
    ///
    /// # Errors
    /// It cannot be made, or signals cannot be received.
    pub(super) fn create(out: &Path) -> Result<Self, String> {
        let ending = out.extension().unwrap_or_default().display().to_string();
        let random = RandomState::new().hash_one(out) & 0xffff_ffff;
        let path = out.with_extension(format!("{}-{random:08x}.part.{ending}", std::process::id()));
        let made = OpenOptions::new().write(true).create_new(true).open(&path);
        made.map_err(|error| not_writable(out, &error).to_string())?;
        let part = Self { path, out: out.to_owned() };
        part.remove_at_signals().map_err(|error| format!("signals cannot be received: {error}"))?;
        Ok(part)
    }

    /// Where it is now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name; in place of a file that has that if it is to be written over.
    ///
    /// # Errors
    /// There is a file of this name by now, or it cannot be made. What was written stays in the first case: it may have taken
    /// hours.
    pub(super) fn finish(self, overwrite: bool) -> Result<(), String> {
        let refused = |error: io::Error| not_writable(&self.out, &error).to_string();
        if overwrite {
            return fs::rename(&self.path, &self.out).map_err(refused);
        }
        match fs::hard_link(&self.path, &self.out) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(self.stay()),
            // A file system where a file has one name only.
            Err(_) if self.out.symlink_metadata().is_ok() => Err(self.stay()),
            Err(_) => fs::rename(&self.path, &self.out).map_err(refused),
        }
    }

    /// Leaves it where it is, and says so.
    fn stay(self) -> String {
        let words = format!(
            "`{}` has appeared meanwhile, and is not written over: what was rendered is `{}`; give it another name",
            self.out.display(),
            self.path.display(),
        );
        std::mem::forget(self);
        words
    }

    /// Has it removed when the program is told to end.
    fn remove_at_signals(&self) -> io::Result<()> {
        let path = self.path.clone();
        let mut signals = EndSignals::new()?;
        let wait = move || {
            let kind = signals.first();
            // It may have its name already.
            let _ = fs::remove_file(path);
            std::process::exit(SIGNALLED + kind.as_raw_value());
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It has its name, or is of no use; that it cannot be removed is no news.
        let _ = fs::remove_file(&self.path);
    }
}
