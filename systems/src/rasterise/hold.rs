//! A scene that comes on air is seen when all of it is drawn: until then the picture of the one before stays.

use bevy_ecs::system::{Query, Res, ResMut};
use components::{Content, Placement};

use super::{
    AwaitedLines, Patience, Program, RasterCache, RasterMemory,
    picture::{PictureId, Pictures},
};
use crate::{
    assets::{AssetState, Assets},
    clock::SceneTime,
    cull::{DrawList, DrawStep},
    quality::RenderQuality,
    transition::leaving::Manner,
};

/// Lets the scene be seen that waits for its first picture to be whole, if it is, or has waited for as long as it may.
pub fn release_scene(
    time: Res<SceneTime>,
    list: Res<DrawList>,
    pictures: Res<Pictures>,
    assets: Res<Assets>,
    lines: Res<AwaitedLines>,
    caches: Query<&RasterCache>,
    contents: Query<(&Content, &Placement)>,
    (quality, patience, rasters): (Res<RenderQuality>, Res<Patience>, Res<RasterMemory>),
    mut program: ResMut<Program>,
) {
    if !program.is_held() {
        return;
    }
    let is_missing = |step: &DrawStep| match step {
        DrawStep::Layer(drawn) | DrawStep::BeginGroup(drawn) if !drawn.covered => {
            caches.get(drawn.entity).is_ok_and(RasterCache::is_missing)
        }
        DrawStep::Picture(drawn) if !drawn.covered => pictures.is_missing(PictureId::Group(drawn.entity)),
        _ => false,
    };
    let is_mask_missing = |step: &DrawStep| {
        let masked = step.drawn().filter(|drawn| drawn.mask.is_some() && !drawn.covered);
        masked.is_some_and(|drawn| pictures.is_missing(PictureId::Mask(drawn.entity)))
    };
    let is_loading = |(content, placement): (&Content, &Placement)| {
        let state = content.asset().and_then(|(id, _)| assets.state(id));
        let is_awaited = content.asset().is_some_and(|(id, _)| assets.is_awaited(id));
        placement.visible && (is_awaited || matches!(state, Some(AssetState::Loading)))
    };
    let mut steps = list.steps.iter().chain(pictures.steps());
    let is_whole = !lines.are_missing()
        && !contents.iter().any(is_loading)
        && !steps.any(|step| is_missing(step) || is_mask_missing(step));
    let size = program.size();
    let manner = Manner::new(*quality, *patience, *rasters, size);
    program.release(is_whole, time.seconds, &assets, manner);
}
