//! Which assets stay when there is not room for all.

use components::{AssetId, AssetKind};

use super::{Assets, entry::Entry};

impl Assets {
    /// Whether it has to be in memory now: a layer that is seen uses it, or it is a font.
    pub(super) fn is_needed(&self, id: &AssetId) -> bool {
        self.entries.get(id).is_some_and(|entry| {
            entry.used == self.round
                || entry.asked
                || !matches!(entry.document.kind, AssetKind::Image | AssetKind::AnimatedImage)
        })
    }

    /// Whether something is being read that did not fit before. Only one such thing is at a time, so that none takes the
    /// room that was made for another.
    pub(super) fn is_contested(&self) -> bool {
        self.entries.values().any(|entry| entry.job.is_some() && entry.missing > 0)
    }

    /// Whether an asset goes so that this one can stay, and if it does, how early: what no layer that is seen uses, the
    /// longest unused first; the picture that this one replaces; what comes after it in the order of ids, the last first.
    fn makes_way(&self, other: &AssetId, entry: &Entry, id: &AssetId) -> Option<(u8, u64)> {
        match entry.document.kind {
            _ if other == id => Some((1, 0)),
            AssetKind::Font => None,
            _ if entry.used != self.round => Some((0, entry.used)),
            _ if other > id && self.is_seen(id) => Some((2, 0)),
            _ => None,
        }
    }

    fn is_seen(&self, id: &AssetId) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.used == self.round)
    }

    /// Lets go of what [makes way](Self::makes_way) for an asset until so many bytes are free. Lets go of nothing if that is
    /// not enough.
    pub(super) fn make_room(&mut self, id: &AssetId, bytes: u64) -> bool {
        let free = self.budget.limit().saturating_sub(self.budget.used());
        let mut idle: Vec<((u8, u64), std::cmp::Reverse<AssetId>, u64)> = self
            .entries
            .iter()
            .filter_map(|(other, entry)| {
                let rank = self.makes_way(other, entry, id)?;
                Some((rank, std::cmp::Reverse(other.clone()), entry.bytes_to_free()?))
            })
            .collect();
        if free + idle.iter().map(|(.., held)| held).sum::<u64>() < bytes {
            return false;
        }
        idle.sort();
        let mut free = free;
        for (_, std::cmp::Reverse(other), held) in idle {
            if free >= bytes {
                break;
            }
            if let Some(entry) = self.entries.get_mut(&other) {
                entry.unload();
                // It comes back only after what it made way for.
                entry.missing = held;
                self.counts.evictions += 1;
                free += held;
            }
        }
        true
    }

    /// Whether so many bytes are free for an asset, or could be freed.
    pub(super) fn could_hold(&self, id: &AssetId, bytes: u64) -> bool {
        let stays = |(other, entry): &(&AssetId, &Entry)| self.makes_way(other, entry, id).is_none();
        let held: u64 =
            self.entries.iter().filter(stays).filter_map(|(_, entry)| Some(entry.held.as_ref()?.bytes())).sum();
        self.budget.limit().saturating_sub(held) >= bytes
    }
}
