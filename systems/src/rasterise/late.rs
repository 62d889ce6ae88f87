//! Keeps layers in their old place whose new picture is still being drawn in the background.
//!
//! An edit may change what a layer shows and how large it is at once. Until the new picture is there, the old one is laid
//! down as its own size has it: what is seen and where it is seen change with the same frame.

use bevy_ecs::system::{Local, Query, Res, ResMut};
use components::{Extent, Pose};
use kurbo::Affine;

use super::{
    cache::RasterCache,
    memory::RasterMemory,
    picture::{PictureId, Pictures},
    pixmap::Raster,
};
use crate::{
    cull::{DrawList, DrawStep, Drawn, touched},
    damage::{Damage, LastDrawn},
    viewport::Viewport,
};

/// Where the picture that there is of a layer lies: the one before is as large as the layer's box was, and its anchor lies
/// in that box.
pub(super) fn as_it_was(drawn: &Drawn, cache: &RasterCache, extent: &Extent, pose: &Pose) -> Affine {
    match cache.key {
        Some(key) if key.extent != *extent => {
            let (width, height) = (extent.width - key.extent.width, extent.height - key.extent.height);
            drawn.affine * Affine::translate((pose.anchor.x * width, pose.anchor.y * height))
        }
        _ => drawn.affine,
    }
}

/// Makes room in the draw list, and damages it, for older pictures that reach out of where the new ones will lie.
pub fn make_room_for_late(
    viewport: Res<Viewport>,
    memory: Res<RasterMemory>,
    mut counted: Local<u64>,
    layers: Query<(&RasterCache, &Extent, &Pose)>,
    pictures: Res<Pictures>,
    mut list: ResMut<DrawList>,
    mut last: ResMut<LastDrawn>,
    mut damage: ResMut<Damage>,
) {
    if std::mem::replace(&mut *counted, memory.late) == memory.late {
        return;
    }
    let mut open: Vec<usize> = Vec::new();
    for index in 0..list.steps.len() {
        let (drawn, affine, raster): (Drawn, Affine, &Raster) = match &list.steps[index] {
            DrawStep::BeginGroup(_) => {
                open.push(index);
                continue;
            }
            DrawStep::EndGroup => {
                open.pop();
                continue;
            }
            DrawStep::Layer(drawn) => {
                let Ok((cache, extent, pose)) = layers.get(drawn.entity) else { continue };
                let is_old = cache.key.is_some_and(|key| key.revision != drawn.revision);
                let Some(raster) = cache.raster.as_ref().filter(|_| is_old && !drawn.covered) else { continue };
                (*drawn, as_it_was(drawn, cache, extent, pose), raster)
            }
            DrawStep::Picture(drawn) => {
                let raster = pictures.stale_raster(PictureId::Group(drawn.entity));
                let Some(raster) = raster.filter(|_| !drawn.covered) else { continue };
                (*drawn, drawn.affine, raster)
            }
        };
        // Where a layer moves by itself it is seen through its window only.
        let area = touched(&affine, raster.bounds()).intersect(viewport.clip);
        if drawn.scrolled.is_some() || drawn.bounds.contains(area) {
            continue;
        }
        damage.0.insert_rect(area);
        for index in open.iter().copied().chain([index]) {
            let step = &mut list.steps[index];
            if let DrawStep::Layer(drawn) | DrawStep::Picture(drawn) | DrawStep::BeginGroup(drawn) = step {
                drawn.bounds = drawn.bounds.union(area);
            }
            last.amend(index, *step);
        }
    }
}
