//! Which layers may be seen on the frame.

use std::sync::atomic::{AtomicU64, Ordering};

use bevy_ecs::{entity::Entity, resource::Resource};

/// Layers that are placed so that they may touch the frame, and all groups that have members, which may be anywhere. Most
/// layers of a large scene are elsewhere: nothing more is asked of them.
#[derive(Resource, Debug, Default)]
pub struct Near {
    /// A bit for each index of an entity.
    words: Vec<AtomicU64>,
}

impl Near {
    /// Forgets all; from now on there are entities with indices below `count`.
    pub(super) fn begin(&mut self, count: u32) {
        self.words.clear();
        self.words.resize_with(count.div_ceil(u64::BITS) as usize, AtomicU64::default);
    }

    /// Adds a layer.
    pub(super) fn add(&self, layer: Entity) {
        let (word, bit) = place(layer);
        if let Some(word) = self.words.get(word) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether a layer is one of them.
    pub(crate) fn contains(&self, layer: Entity) -> bool {
        let (word, bit) = place(layer);
        self.words.get(word).is_some_and(|word| word.load(Ordering::Relaxed) & bit != 0)
    }
}

fn place(layer: Entity) -> (usize, u64) {
    let index = layer.index_u32();
    ((index / u64::BITS) as usize, 1 << (index % u64::BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_told_apart() {
        let mut near = Near::default();
        let entity = |index| Entity::from_raw_u32(index).expect("an index");
        near.begin(130);
        for index in [0, 63, 64, 129] {
            near.add(entity(index));
        }
        near.add(entity(200));
        let found: Vec<u32> = (0..300).filter(|index| near.contains(entity(*index))).collect();
        assert_eq!(found, [0, 63, 64, 129]);
        near.begin(65);
        assert!(!(0..300).any(|index| near.contains(entity(index))));
    }
}
