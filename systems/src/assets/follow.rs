//! Files that change are read again.

use std::time::{Duration, Instant};

use components::AssetId;

use super::{AssetState, Assets, entry::Entry, watch::Watch};

/// How long a file must have been left alone before it is read again: who writes it is done then.
const QUIET: Duration = Duration::from_millis(100);

/// A file that is written again and again is read after so long all the same.
const RESTLESS: Duration = Duration::from_secs(1);
/// How often all files are looked at besides: some changes, such as of a folder in the place of another or of where a link
/// leads, are told to nobody.
const LOOK: Duration = Duration::from_secs(2);

impl Assets {
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

    /// Starts to read what has changed on disk, and looks again at what failed.
    pub(super) fn follow_files(&mut self, now: Instant) {
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
}
