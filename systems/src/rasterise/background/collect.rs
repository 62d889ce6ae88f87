//! Takes in what was done in the background.

use std::time::Instant;

use bevy_ecs::{
    entity::Entity,
    query::With,
    system::{Query, Res, ResMut},
};
use components::LayerId;

use super::{
    AwaitedLines, Background,
    work::{Done, Made},
};
use crate::{
    clock::SceneTime,
    place::Revision,
    rasterise::{
        RasterCache,
        cache::Key,
        content::text::Fonts,
        picture::{PictureId, Pictures},
        studio::Pixels,
    },
};

/// Puts a raster that was drawn into its cache. Returns whether the layer looks different now.
fn take_in(
    key: Key,
    drawn: Result<Pixels, String>,
    spent: std::time::Duration,
    cache: &mut RasterCache,
    tick: u64,
) -> bool {
    cache.is_pending = false;
    let is_awaited = std::mem::take(&mut cache.is_awaited);
    let Ok(Pixels { raster, window }) = drawn else {
        // The tick that needs it meets the panic itself, and shows it.
        (cache.must_wait, cache.took) = (true, None);
        return is_awaited;
    };
    let is_old = |known: Key| known.serves(&key) || (!is_awaited && known.revision > key.revision);
    if cache.key.is_some_and(is_old) {
        return false;
    }
    (cache.key, cache.raster, cache.window, cache.fault) = (Some(key), raster, window, None);
    cache.note_cost(key, spent);
    (cache.used, cache.idle) = (tick, false);
    is_awaited
}

/// Takes in what was done since the last tick. Layers that look different by it are damaged.
pub fn collect_background(
    time: Res<SceneTime>,
    mut background: ResMut<Background>,
    mut lines: ResMut<AwaitedLines>,
    mut fonts: ResMut<Fonts>,
    mut pictures: ResMut<Pictures>,
    mut layers: Query<(&mut RasterCache, &mut Revision), With<LayerId>>,
) {
    for Done { entity, made, spent } in background.collect() {
        match made {
            Made::Lines(number, faces, set) => lines.take_in(entity, number, &faces, set, &mut fonts),
            Made::Picture(id, revision, drawn) => {
                if let Ok((mut cache, _)) = layers.get_mut(entity) {
                    pictures.take_in(id, revision, drawn, spent, &mut cache);
                }
            }
            Made::Layer(key, drawn) => {
                let Ok((mut cache, mut revision)) = layers.get_mut(entity) else { continue };
                if take_in(key, drawn, spent, &mut cache, time.tick) {
                    let before = revision.0;
                    revision.0 += 1;
                    // What was drawn is the present picture, unless the layer was edited meanwhile.
                    if let Some(key) = cache.key.as_mut().filter(|key| key.revision == before) {
                        key.revision = revision.0;
                        cache.renumber_cost(revision.0);
                    }
                }
            }
        }
    }
}

/// Waits, until `deadline`, for the rasters of these layers, which the tick that is running shows for the first time.
pub(in crate::rasterise) fn wait_for_layers(
    mut missing: Vec<Entity>,
    deadline: Instant,
    tick: u64,
    background: &mut Background,
    caches: &mut Query<&mut RasterCache, With<LayerId>>,
) {
    while !missing.is_empty() {
        let Some(done) = background.wait(deadline) else { return };
        let index = missing.iter().position(|entity| *entity == done.entity);
        match (index, done) {
            (Some(index), Done { entity, made: Made::Layer(key, drawn), spent }) => {
                missing.swap_remove(index);
                if let Ok(mut cache) = caches.get_mut(entity) {
                    take_in(key, drawn, spent, &mut cache, tick);
                }
            }
            // Its layer is not damaged by this tick, or not all of it.
            (_, done) => background.early.push(done),
        }
    }
}

/// Waits, until `deadline`, for these pictures, which the tick that is running shows for the first time.
pub(in crate::rasterise) fn wait_for_pictures(
    mut missing: Vec<PictureId>,
    deadline: Instant,
    background: &mut Background,
    pictures: &mut Pictures,
    caches: &mut Query<&mut RasterCache>,
) {
    while !missing.is_empty() {
        let Some(done) = background.wait(deadline) else { return };
        match done {
            Done { entity, made: Made::Picture(id, revision, drawn), spent } if missing.contains(&id) => {
                missing.retain(|other| *other != id);
                if let Ok(mut cache) = caches.get_mut(entity) {
                    pictures.put(id, revision, drawn, spent, &mut cache);
                }
            }
            done => background.early.push(done),
        }
    }
}
