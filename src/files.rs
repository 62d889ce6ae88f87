//! Notices when a file is written anew.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{
    sync::mpsc,
    time::{self, Instant},
};

/// A file that stays as it is for so long has been written to its end.
const SETTLED: Duration = Duration::from_millis(100);
/// The same of a file that makes no sense as it is: some are written in two goes, with a while in between.
const DOUBTED: Duration = Duration::from_secs(1);
/// The file is looked at so often even if nobody tells of a change: network folders and links do not.
const LOOK: Duration = Duration::from_secs(2);
/// A file that is larger is not read.
const LARGEST: u64 = 16 << 20;

/// A text file that is watched.
///
/// Its folder is watched rather than the file, so that an editor that renames a new file over it is noticed too.
pub struct WatchedFile {
    path: PathBuf,
    /// What the file was like when it was read last.
    seen: Option<Look>,
    text: Option<String>,
    has_looked: bool,
    is_forgotten: bool,
    /// [`DOUBTED`].
    doubted: Duration,
    told: mpsc::Receiver<()>,
    /// Held, since dropping it ends the watching. Absent where the system does not allow it.
    _watcher: Option<RecommendedWatcher>,
}

/// What tells that a file is another one, without reading it. Its time and length alone do not: programs set times, and
/// file systems have coarse clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    modified: SystemTime,
    length: u64,
    /// The file itself: its device and number there.
    file: (u64, u64),
    /// When it was changed last by whatever means, which nobody can set: seconds and nanoseconds.
    changed: (i64, i64),
}

impl WatchedFile {
    /// Starts to watch a file that has been read already.
    #[must_use]
    pub fn new(path: &Path, text: Option<String>) -> Self {
        // One that waits is enough: it is a hint to look.
        let (sender, told) = mpsc::channel(1);
        let tell = move |_: notify::Result<notify::Event>| {
            // One that waits already is as good.
            let _ = sender.try_send(());
        };
        let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher)
        });
        let watcher = watcher.inspect_err(|error| {
            tracing::warn!("changes of `{}` are noticed a little late: {error}", path.display());
        });
        Self {
            path: path.to_owned(),
            seen: None,
            text,
            has_looked: false,
            is_forgotten: false,
            doubted: DOUBTED,
            told,
            _watcher: watcher.ok(),
        }
    }

    /// Waits until the file holds another text, and returns it; or why it cannot be read, told once.
    ///
    /// # Errors
    /// Why the file cannot be read.
    pub async fn changed(&mut self) -> io::Result<String> {
        loop {
            let present = self.look().await;
            if present == self.seen {
                // A closed channel means that nobody tells: then the time alone decides.
                if time::timeout(LOOK, self.told.recv()).await == Ok(None) {
                    time::sleep(LOOK).await;
                }
                continue;
            }
            // Many programs empty a file before they write it, and an empty one can make sense.
            let is_empty = present.is_some_and(|look| look.length == 0);
            if !self.is_still(present, if is_empty { self.doubted } else { SETTLED }).await {
                continue;
            }
            self.seen = present;
            let path = self.path.clone();
            let read = tokio::task::spawn_blocking(move || read(&path)).await.map_err(io::Error::other)?;
            let is_known = !std::mem::replace(&mut self.has_looked, true) || !self.is_forgotten;
            match read {
                Ok(text) if self.text.as_ref() == Some(&text) && is_known => {}
                Ok(text) => {
                    self.is_forgotten = false;
                    self.text = Some(text.clone());
                    return Ok(text);
                }
                Err(error) => {
                    self.text = None;
                    return Err(error);
                }
            }
        }
    }

    /// Whether the file stays as it was when it was read, for as long as it has to if it makes no sense. If it does not, what
    /// was read may have been the first half of what is being written, and is not worth a word: [`changed`](Self::changed)
    /// tells of the rest.
    pub async fn stays(&mut self) -> bool {
        let stays = self.is_still(self.seen, self.doubted).await;
        if !stays {
            // What was read may be newer than what was seen: it counts again.
            self.forget();
        }
        stays
    }

    /// Whether the file looks like this for so long.
    async fn is_still(&mut self, look: Option<Look>, time: Duration) -> bool {
        let until = Instant::now() + time;
        while self.look().await == look {
            let now = Instant::now();
            if now >= until {
                return true;
            }
            let next = until.min(now + LOOK);
            if time::timeout_at(next, self.told.recv()).await == Ok(None) {
                time::sleep_until(next).await;
            }
        }
        false
    }

    /// Has the file count as changed when it is saved the next time, even with the same text.
    pub fn forget(&mut self) {
        self.is_forgotten = true;
    }

    async fn look(&self) -> Option<Look> {
        let about = tokio::fs::metadata(&self.path).await.ok()?;
        Some(Look {
            modified: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            length: about.len(),
            file: (about.dev(), about.ino()),
            changed: (about.ctime(), about.ctime_nsec()),
        })
    }
}

fn read(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        // To open a pipe would wait for somebody to write, for ever.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    let length = about.len();
    if length > LARGEST {
        let found = format!("it has {} MiB, and {} are the most that are read", length >> 20, LARGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, found));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn new_texts_are_noticed_however_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.json");
        fs::write(&path, "one").unwrap();
        let mut file = WatchedFile::new(&path, Some("one".to_owned()));
        fs::write(&path, "two").unwrap();
        assert_eq!(file.changed().await.unwrap(), "two");
        // Written again as it was, then replaced by another as editors do.
        fs::write(&path, "two").unwrap();
        fs::write(folder.path().join("new"), "three!").unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(file.changed().await.unwrap(), "three!");
        fs::remove_file(&path).unwrap();
        assert_eq!(file.changed().await.unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "three!").unwrap();
        assert_eq!(file.changed().await.unwrap(), "three!");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(file.changed().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        // A pipe in its place holds nothing up.
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(file.changed().await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "four").unwrap();
        assert_eq!(file.changed().await.unwrap(), "four");
    }

    /// Tools that set times give a file those of another; clocks of file systems are coarse.
    #[tokio::test]
    async fn a_text_of_the_same_length_and_time_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.json");
        fs::write(&path, "one").unwrap();
        let mut file = WatchedFile::new(&path, None);
        assert_eq!(file.changed().await.unwrap(), "one");
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let save = |path: &Path, text: &str| {
            fs::write(path, text).unwrap();
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        };
        let soon = Duration::from_secs(20);
        save(&path, "two");
        assert_eq!(time::timeout(soon, file.changed()).await.expect("it is noticed").unwrap(), "two");
        // Another file in its place.
        save(&folder.path().join("new"), "six");
        fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(time::timeout(soon, file.changed()).await.expect("it is noticed").unwrap(), "six");
    }

    #[tokio::test]
    async fn half_of_a_text_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.json");
        fs::write(&path, "[1]").unwrap();
        let mut file = WatchedFile::new(&path, Some("[1]".to_owned()));
        // It takes as long as it takes until the rest is written.
        file.doubted = Duration::from_secs(3600);
        fs::write(&path, "[1,").unwrap();
        assert_eq!(file.changed().await.unwrap(), "[1,");
        let (stays, ()) = tokio::join!(file.stays(), async { fs::write(&path, "[1,2]").unwrap() });
        assert!(!stays);
        assert_eq!(file.changed().await.unwrap(), "[1,2]");
        // The same again, after half of it.
        fs::write(&path, "[1").unwrap();
        assert_eq!(file.changed().await.unwrap(), "[1");
        fs::write(&path, "[1,2]").unwrap();
        assert!(!file.stays().await);
        assert_eq!(file.changed().await.unwrap(), "[1,2]");
        // Emptied first, or gone first.
        fs::write(&path, "").unwrap();
        let rest = async {
            time::sleep(2 * SETTLED).await;
            fs::write(&path, "[3]").unwrap();
        };
        let (text, ()) = tokio::join!(file.changed(), rest);
        assert_eq!(text.unwrap(), "[3]");
        fs::remove_file(&path).unwrap();
        assert_eq!(file.changed().await.unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "[4").unwrap();
        assert!(!file.stays().await);
        assert_eq!(file.changed().await.unwrap(), "[4");
        // What nobody goes on with does.
        file.doubted = SETTLED;
        assert!(file.stays().await);
    }
}
