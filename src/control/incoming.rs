//! Files that come in: each beside a marker, by which it can be told after a kill that nobody writes it any more.
//!
//! Names alone tell too little. A file of such a name can be somebody else's, or come in just now to another instance
//! that has the same folder. So a file is only removed for its marker's sake: one that names the file in words of ours,
//! and that no process has locked. The system gives up the lock of a process that is killed.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use tempfile::{NamedTempFile, TempPath};

/// What the names of both begin with.
const PREFIX: &str = ".incoming-";
/// What the name of a file ends with until it has all of its content, …
const PART: &str = "part";
/// … and that of its marker.
const MARKER: &str = "lock";
/// Letters in between.
const LETTERS: usize = 12;

/// A file that comes in, without a name of its own yet. It is gone when this is dropped.
#[derive(Debug)]
pub(super) struct IncomingFile {
    /// Before the marker, and so removed before it.
    file: NamedTempFile,
    _marker: NamedTempFile,
}

impl IncomingFile {
    /// An empty file in a folder.
    ///
    /// # Errors
    /// It cannot be made there.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let ending = format!(".{MARKER}");
        // As any file that the service makes: others may read it if the mask of the process lets them.
        let permissions = || Permissions::from_mode(0o666);
        let mut marker = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(&ending)
            .rand_bytes(LETTERS)
            .permissions(permissions())
            .tempfile_in(folder)?;
        let path = marker.path().with_extension(PART);
        // First locked, then written: until then it marks nothing. Where there are no locks it never does, and the file of
        // a service that is killed stays.
        if marker.as_file().lock().is_ok() {
            marker.write_all(words(path.file_name().unwrap_or_default()).as_bytes())?;
        }
        let options =
            OpenOptions::new().read(true).write(true).create_new(true).mode(permissions().mode()).open(&path)?;
        let file = NamedTempFile::from_parts(options, TempPath::try_from_path(path)?);
        Ok(Self { file, _marker: marker })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Another handle, to write it by.
    ///
    /// # Errors
    /// It is not there any more.
    pub(super) fn reopen(&self) -> io::Result<File> {
        self.file.reopen()
    }

    /// Gives it its name when all of it is on the disk.
    ///
    /// # Errors
    /// The disk does not take it.
    pub(super) fn persist(self, path: &Path) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(path)?;
        Ok(())
    }
}

/// What a marker says.
fn words(part: &OsStr) -> String {
    format!("Stream Manager takes in `{}`; while this file is locked it is written.\n", part.display())
}

/// Removes what came into a folder to its half and is written by nobody any more.
pub(super) fn sweep(folder: &Path) {
    // Where nothing was ever uploaded there is no such folder.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let marker = entry.path();
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX))
            && marker.extension().is_some_and(|ending| ending == MARKER);
        // A folder of this name is somebody else's.
        if !is_named || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let part = marker.with_extension(PART);
        // Held until both are gone.
        let Some(_lock) = left_behind(&marker, &part) else { continue };
        let removed = match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            // There may be none yet, or none any more.
            _ => fs::remove_file(&marker),
        };
        match removed {
            Ok(()) => tracing::info!("`{}` came in to its half only; it is removed", part.display()),
            Err(error) => tracing::warn!("`{}` came in to its half only and stays: {error}", part.display()),
        }
    }
}

/// The lock of a marker, if it is one of `part` and nobody has it.
fn left_behind(marker: &Path, part: &Path) -> Option<File> {
    // To be written, although nothing is: network folders lock no others.
    let mut file = OpenOptions::new().read(true).write(true).open(marker).ok()?;
    file.try_lock().ok()?;
    let expected = words(part.file_name()?);
    let mut found = String::new();
    (&mut file).take(expected.len() as u64 + 1).read_to_string(&mut found).ok()?;
    (found == expected).then_some(file)
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The names of all files in a folder, in their order.
    pub(in crate::control) fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().display().to_string()).collect();
        names.sort();
        names
    }

    /// A file in a folder and its marker, as a kill leaves them.
    fn left(folder: &Path, name: &str) -> [String; 2] {
        let part = format!("{PREFIX}{name}.{PART}");
        let marker = format!("{PREFIX}{name}.{MARKER}");
        fs::write(folder.join(&part), "half of a file").unwrap();
        fs::write(folder.join(&marker), words(OsStr::new(&part))).unwrap();
        [part, marker]
    }

    #[test]
    fn what_was_left_behind_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        left(folder.path(), "left");
        // Killed before the file was made, or when it had its name already.
        let [part, _] = left(folder.path(), "alone");
        fs::remove_file(folder.path().join(part)).unwrap();
        sweep(folder.path());
        assert_eq!(names(folder.path()), Vec::<String>::new());
        sweep(&folder.path().join("missing"));
    }

    #[test]
    fn what_comes_in_is_left_alone_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let coming = IncomingFile::create(folder.path()).unwrap();
        let mut other = IncomingFile::create(folder.path()).unwrap();
        let before = names(folder.path());
        assert_eq!(before.len(), 4);
        sweep(folder.path());
        assert_eq!(names(folder.path()), before);
        other.file.write_all(b"all of it").unwrap();
        other.persist(&folder.path().join("kept")).unwrap();
        drop(coming);
        assert_eq!(names(folder.path()), ["kept"]);
    }

    #[test]
    fn files_of_others_stay_however_they_are_called() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // Without a marker; with one that says something else; with one of another file.
        fs::write(at(".incoming-mine.part"), "mine").unwrap();
        fs::write(at(".incoming-other.part"), "mine").unwrap();
        fs::write(at(".incoming-other.lock"), "mine").unwrap();
        let [_, marker] = left(folder.path(), "copied");
        fs::rename(at(&marker), at(".incoming-mine.lock")).unwrap();
        fs::write(at("other.part"), "mine").unwrap();
        fs::write(at("other.lock"), words(OsStr::new("other.part"))).unwrap();
        // Links and folders are none of ours.
        symlink("other.lock", at(".incoming-link.lock")).unwrap();
        fs::create_dir(at(".incoming-folder.lock")).unwrap();
        let before = names(folder.path());
        sweep(folder.path());
        assert_eq!(names(folder.path()), before);
    }
}
