//! What was read takes the place of what was known.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use components::{AssetId, AssetKind};

use super::{
    AssetError, AssetState, Assets,
    decode::Read,
    entry::{Entry, Found},
};

/// The same failure of the same asset is logged this seldom.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// The result of one load.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) id: AssetId,
    pub(super) load: u64,
    pub(super) found: Found,
    pub(super) spent: Duration,
}

impl Assets {
    /// Takes in results; returns the assets whose state has changed, in order.
    pub(super) fn take_in(&mut self, loaded: Vec<Loaded>) -> Vec<AssetId> {
        let mut changed = Vec::new();
        for Loaded { id, load, found, spent } in loaded {
            self.decoding.tasks += 1;
            self.decoding.busy += spent;
            let is_awaited = |entry: &Entry| entry.job.as_ref().is_some_and(|(awaited, _)| *awaited == load);
            let Some(entry) = self.entries.get_mut(&id).filter(|entry| is_awaited(entry)) else { continue };
            let Found { place, watched, stamp, read } = found;
            entry.job = None;
            entry.place = place;
            entry.watched = watched;
            let Some(read) = read else {
                entry.asked = false;
                if matches!(entry.state, AssetState::Failed(_)) {
                    entry.failed(Instant::now());
                }
                continue;
            };
            entry.stamp = Some(stamp);
            let was_font = entry.document.kind == AssetKind::Font;
            if self.settle(&id, read) {
                changed.push(id);
                if was_font {
                    self.redraw_texts();
                }
            }
        }
        changed.sort();
        changed
    }

    /// Puts what was read in the place of what was known; returns whether that is another state.
    fn settle(&mut self, id: &AssetId, read: Result<Read, AssetError>) -> bool {
        let error = match read {
            Ok(Read::Done { state, held }) => {
                let Some(entry) = self.entries.get_mut(id) else { return false };
                entry.size = state.size();
                entry.state = state;
                entry.held = Some(Arc::new(held));
                entry.failures = 0;
                entry.missing = 0;
                entry.asked = false;
                return true;
            }
            Ok(Read::NoRoom { size: (width, height), bytes }) => {
                let is_contested = self.is_contested();
                let is_needed = self.is_needed(id);
                let is_lending = self.is_lending();
                if let Some(entry) = self.entries.get_mut(id) {
                    // There is room for more than one once what is lent has come back.
                    entry.missing = if is_lending { 0 } else { bytes };
                }
                if is_needed && !is_contested && self.make_room(id, bytes) {
                    self.start(id, false);
                    return false;
                }
                // A scene that leaves takes nothing from the one that comes: what was not there when it left is not shown.
                if self.lent.is_some() {
                    return false;
                }
                if is_needed && is_lending && self.could_hold(id, bytes) {
                    self.lacking.push(id.clone());
                    return false;
                }
                // Others that are being read may have taken what was free, and may have to give it back.
                let may_fit = is_needed && self.loading() > 0 && self.could_hold(id, bytes);
                let Some(entry) = self.entries.get_mut(id) else { return false };
                entry.held = None;
                entry.asked = false;
                if width > 0.0 {
                    entry.size = Some((width, height));
                }
                if (!is_needed || may_fit) && width > 0.0 {
                    entry.state = AssetState::Unloaded { width, height };
                    return true;
                }
                AssetError::NoRoom { path: entry.document.path.clone(), bytes, limit: self.budget.limit() }
            }
            Err(error) => error,
        };
        let is_watched = self.watch.is_some();
        let Some(entry) = self.entries.get_mut(id) else { return false };
        self.counts.errors += 1;
        entry.failed(Instant::now());
        // It may have been read while it was being written: what was there stays until it fails a second time.
        if is_watched && entry.state.is_decoded() && entry.failures < 2 {
            entry.stamp = None;
            return false;
        }
        let now = Instant::now();
        let is_told = |(told, when): &(AssetError, Instant)| *told == error && now.duration_since(*when) < TELL_AGAIN;
        if !entry.told.as_ref().is_some_and(is_told) {
            tracing::warn!(asset = %id, "{error}");
            entry.told = Some((error.clone(), now));
        }
        entry.state = AssetState::Failed(error);
        entry.held = None;
        true
    }
}
