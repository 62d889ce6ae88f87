//! How much memory the cached pixels of layers may take.

use std::collections::HashSet;

use bevy_ecs::{
    entity::Entity,
    query::With,
    resource::Resource,
    system::{Query, Res, ResMut},
};
use components::LayerId;

use super::{Pictures, RasterCache, Rasterised};
use crate::{
    caches::CacheCounts,
    clock::SceneTime,
    cull::{DrawList, DrawStep},
    viewport::Viewport,
};

/// Layers as large as the frame whose pixels there is room for in any case.
const FRAMES: u64 = 12;

/// Ticks from one look for idle caches to the next.
const LOOK: u64 = 128;

/// The cached pixels of all layers, counted.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RasterMemory {
    /// Bytes that they may take together. Those of layers that are seen may take [more](Self::seen_limit).
    pub limit: u64,
    /// Bytes that they take.
    pub bytes: u64,
    /// How often a tick needed the pixels of a layer and they were there.
    pub hits: u64,
    /// How often they had to be drawn.
    pub misses: u64,
    /// Of these, and of pictures of groups, those that have effects.
    pub effects: CacheCounts,
    /// How often a tick showed an older picture of a layer, or none, since the present one takes too long to be drawn.
    pub late: u64,
    /// How often they were let go of to stay within the limit.
    pub dropped: u64,
    /// How many this tick draws smaller than they are seen, since all together would take too much.
    pub reduced: u64,
    /// Bytes that the pictures of all that is seen would take if none was drawn smaller.
    pub demand: u64,
    /// What a scene takes with which the limit is shared.
    pub elsewhere: RasterShare,
    /// Whether these make way for those.
    pub gives_way: bool,
}

/// What the pictures of one of two scenes take that share a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RasterShare {
    /// As [`RasterMemory::bytes`].
    pub bytes: u64,
    /// As [`RasterMemory::demand`].
    pub demand: u64,
}

impl RasterMemory {
    /// Bytes that the pixels of layers which are seen may take together, on this frame: the limit, or what a dozen
    /// layers as large as the frame take, if that is more. Beyond it the largest of them are drawn smaller.
    #[must_use]
    pub fn seen_limit(&self, viewport: &Viewport) -> u64 {
        let all = self.limit.max((viewport.width * viewport.height * size_of::<[u8; 4]>()) as u64 * FRAMES);
        if self.gives_way { all.saturating_sub(self.elsewhere.demand) } else { all }
    }

    /// What these take.
    #[must_use]
    pub fn share(&self) -> RasterShare {
        RasterShare { bytes: self.bytes, demand: self.demand }
    }

    /// Bytes that may be taken before pictures go of what is not seen.
    fn kept_limit(&self) -> u64 {
        self.limit.saturating_sub(self.elsewhere.bytes)
    }

    /// Notes how many pictures are drawn smaller, and says so when that begins.
    pub(crate) fn note_reduced(&mut self, reduced: u64, viewport: &Viewport) {
        if reduced > 0 && self.reduced == 0 {
            tracing::warn!(
                "the pictures of the layers that are seen would take more than {} MB: the largest, {reduced} of them, are \
                 drawn smaller, and look softer. Make them smaller or fewer, or raise `pipeline.raster_memory`",
                self.seen_limit(viewport) >> 20
            );
        }
        self.reduced = reduced;
    }
}

impl Default for RasterMemory {
    fn default() -> Self {
        Self {
            limit: 96 << 20,
            bytes: 0,
            hits: 0,
            misses: 0,
            effects: CacheCounts { hits: 0, misses: 0 },
            late: 0,
            dropped: 0,
            reduced: 0,
            demand: 0,
            elsewhere: RasterShare::default(),
            gives_way: false,
        }
    }
}

/// The layers that are seen, by themselves or in pictures that are made of them.
fn seen(list: &DrawList, pictures: &Pictures) -> HashSet<Entity> {
    let drawn = list.steps.iter().chain(pictures.steps()).filter_map(DrawStep::drawn);
    drawn.filter(|drawn| !drawn.covered).map(|drawn| drawn.entity).collect()
}

/// Lets go of the pixels of layers that have not been seen for a while. They are drawn again when they are.
pub fn drop_idle_rasters(
    time: Res<SceneTime>,
    list: Res<DrawList>,
    pictures: Res<Pictures>,
    mut caches: Query<(Entity, &mut RasterCache), With<LayerId>>,
) {
    if !time.tick.is_multiple_of(LOOK) {
        return;
    }
    let seen = seen(&list, &pictures);
    for (entity, mut cache) in &mut caches {
        let is_seen = seen.contains(&entity);
        if cache.idle && !is_seen {
            cache.drop_pixels();
        }
        cache.idle = !is_seen;
    }
}

/// Counts the bytes of all pixels and, where they are too many, lets go of those of layers that are not seen: first of
/// what was needed longest ago.
pub fn keep_within_memory(
    time: Res<SceneTime>,
    list: Res<DrawList>,
    pictures: Res<Pictures>,
    rasterised: Res<Rasterised>,
    mut memory: ResMut<RasterMemory>,
    mut caches: Query<(Entity, &mut RasterCache), With<LayerId>>,
) {
    let is_full = memory.bytes > memory.kept_limit();
    if rasterised.0 == 0 && !is_full && !time.tick.is_multiple_of(LOOK) {
        return;
    }
    memory.bytes = pictures.bytes() + caches.iter().map(|(_, cache)| cache.bytes()).sum::<u64>();
    if memory.bytes <= memory.kept_limit() {
        return;
    }
    let seen = seen(&list, &pictures);
    let unseen = caches.iter().filter(|(entity, cache)| cache.raster.is_some() && !seen.contains(entity));
    let mut unseen: Vec<(u64, Entity)> = unseen.map(|(entity, cache)| (cache.used, entity)).collect();
    unseen.sort_unstable();
    for (_, entity) in unseen {
        if memory.bytes <= memory.kept_limit() {
            break;
        }
        if let Ok((_, mut cache)) = caches.get_mut(entity) {
            memory.bytes -= cache.bytes();
            memory.dropped += 1;
            cache.drop_pixels();
        }
    }
}
