//! Which assets are needed: those of the layers that are seen, and of the transition that is under way.

use std::collections::HashSet;

use bevy_ecs::system::{Query, Res, ResMut};
use components::{AnimatedContent, AssetId, Content};

use super::{AssetError, AssetState, Assets, entry::Entry};
use crate::{
    cull::{DrawList, DrawStep},
    rasterise::{Pictures, Program},
};

/// Tells the assets which of them are drawn from in this tick. What is not in memory is read.
pub fn note_visible(
    list: Res<DrawList>,
    pictures: Res<Pictures>,
    contents: Query<(&Content, &AnimatedContent)>,
    program: Res<Program>,
    mut assets: ResMut<Assets>,
) {
    let seen = list.steps.iter().chain(pictures.steps()).filter_map(|step| match step {
        DrawStep::Layer(drawn) if !drawn.covered => {
            let (content, animated) = contents.get(drawn.entity).ok()?;
            animated.0.as_ref().unwrap_or(content).asset()
        }
        _ => None,
    });
    let seen: HashSet<&AssetId> = seen.map(|(id, _)| id).chain(program.passing_asset()).collect();
    assets.note_seen(&seen);
}

impl Assets {
    /// Notes that layers which draw from these assets, and from no others, are seen now.
    pub fn note_seen(&mut self, seen: &HashSet<&AssetId>) {
        let before = self.round;
        self.round += 1;
        let mut wanted: Vec<AssetId> = Vec::new();
        for id in seen {
            let Some(entry) = self.entries.get_mut(*id) else { continue };
            let was_seen = entry.used == before;
            entry.used = self.round;
            let is_there = entry.state.is_decoded();
            if !was_seen && !matches!(entry.state, AssetState::Failed(_)) {
                self.counts.hits += u64::from(is_there);
                self.counts.misses += u64::from(!is_there);
            }
            let lacks_room =
                matches!(&entry.state, AssetState::Unloaded { .. } | AssetState::Failed(AssetError::NoRoom { .. }));
            let has_given_up = self.lent.is_some() && entry.missing > 0;
            if lacks_room && entry.job.is_none() && !has_given_up {
                wanted.push((*id).clone());
            }
        }
        wanted.sort();
        for id in wanted {
            let missing = self.entries.get(&id).map_or(0, |entry| entry.missing);
            let failed = matches!(self.state(&id), Some(AssetState::Failed(_)));
            // What did not fit is tried again only once it would. What may not fit is tried one after the other.
            let has_hope = !failed || self.could_hold(&id, missing);
            if has_hope && (missing == 0 || !self.is_contested()) {
                self.start(&id, false);
            }
        }
    }

    /// How many of the assets that layers which are seen draw from are being read.
    #[must_use]
    pub fn awaited(&self) -> usize {
        self.entries.iter().filter(|(id, entry)| self.is_being_read(id, entry)).count()
    }

    /// Whether this is one of them.
    pub(crate) fn is_awaited(&self, id: &AssetId) -> bool {
        self.entries.get(id).is_some_and(|entry| self.is_being_read(id, entry))
    }

    fn is_being_read(&self, id: &AssetId, entry: &Entry) -> bool {
        entry.used == self.round && (entry.job.is_some() || self.lacking.contains(id))
    }
}
