//! Lays the rasters onto the damaged tiles and brings a frame of the pool up to date.

use std::sync::Arc;

use bevy_ecs::{
    resource::Resource,
    system::{Query, Res, ResMut},
};
use bevy_tasks::{ComputeTaskPool, TaskPool};
use components::{LayerMask, PixelRect};

use super::{
    cache::{RasterCache, raster_affine},
    composite::{Canvas, GroupStep, LayerStep, MaskStep, Step, compose},
    picture::{PictureId, Pictures},
};
use crate::{
    clock::SceneTime,
    cull::{DrawList, DrawStep, Drawn, LaidMask},
    damage::Damage,
    frame::{Frame, FramePool},
    tiles::TileSet,
    viewport::Viewport,
};

/// The picture that is sent out.
#[derive(Resource, Debug)]
pub struct Program {
    canvas: Canvas,
    /// Damage of the canvas that no frame shows yet, since none was free.
    unsent: TileSet,
    /// The frame that this tick drew, if the picture changed.
    pub frame: Option<Arc<Frame>>,
    /// Whether a frame was due but none was free.
    pub starved: bool,
}

impl Program {
    /// A black picture.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { canvas: Canvas::new(width, height), unsent: TileSet::none(width, height), frame: None, starved: false }
    }

    /// The canvas: `[r, g, b, 255]` pixels, rows without gaps.
    #[must_use]
    pub fn pixels(&self) -> &[[u8; 4]] {
        self.canvas.pixels()
    }
}

/// Threads of this compositor's own, if it has any.
#[derive(Resource, Debug)]
pub struct RenderThreads(pub Option<TaskPool>);

/// Draws what is damaged; touches nothing if nothing is.
pub fn draw_frame(
    viewport: Res<Viewport>,
    time: Res<SceneTime>,
    list: Res<DrawList>,
    damage: Res<Damage>,
    caches: Query<(&RasterCache, &LayerMask)>,
    pictures: Res<Pictures>,
    threads: Res<RenderThreads>,
    mut pool: ResMut<FramePool>,
    mut program: ResMut<Program>,
) {
    let program = &mut *program;
    program.frame = None;
    program.starved = false;
    program.unsent.insert_all(&damage.0);
    if program.unsent.is_empty() {
        return;
    }
    let threads = threads.0.as_ref().unwrap_or_else(|| ComputeTaskPool::get());
    let steps = display_list(&list.steps, &caches, &pictures);
    pool.mark_stale(&damage.0);
    let canvas = &mut program.canvas;
    let unsent = &program.unsent;
    let mut composed = false;
    program.frame = pool.draw(|frame, stale| {
        frame.tick = time.tick;
        frame.damage.clone_from(unsent);
        compose(&steps, &viewport, &damage.0, canvas, Some((frame, stale)), Some(threads));
        composed = true;
    });
    if program.frame.is_some() {
        program.unsent.clear();
    } else {
        program.starved = true;
        compose(&steps, &viewport, &damage.0, &mut program.canvas, None, Some(threads));
    }
}

/// The steps of a draw list with the pixels that they draw.
pub(super) fn display_list(
    list: &[DrawStep],
    caches: &Query<(&RasterCache, &LayerMask)>,
    pictures: &Pictures,
) -> Vec<Step> {
    let mut steps = Vec::with_capacity(list.len());
    for step in list {
        match step {
            DrawStep::Layer(drawn) | DrawStep::Picture(drawn) => {
                let raster = if matches!(step, DrawStep::Picture(_)) {
                    pictures.raster(PictureId::Group(drawn.entity)).cloned()
                } else {
                    caches.get(drawn.entity).ok().and_then(|(cache, _)| cache.raster.clone())
                };
                if let Some(raster) = raster.filter(|_| !drawn.covered) {
                    #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more")]
                    steps.push(Step::Layer(LayerStep {
                        affine: raster_affine(drawn, &raster),
                        raster,
                        bounds: drawn.bounds,
                        opacity: drawn.opacity as f32,
                        blend: drawn.blend,
                    }));
                }
            }
            DrawStep::BeginGroup(drawn) => {
                let (mask, nothing_is_seen) = mask_step(drawn, caches, pictures);
                #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more")]
                steps.push(Step::BeginGroup(GroupStep {
                    bounds: if nothing_is_seen { PixelRect::EMPTY } else { drawn.bounds },
                    opacity: drawn.opacity as f32,
                    blend: drawn.blend,
                    mask,
                }));
            }
            DrawStep::EndGroup => steps.push(Step::EndGroup),
        }
    }
    steps
}

/// The mask of a group, and whether it hides all of it: a shape that covers nothing has no raster.
fn mask_step(
    group: &Drawn,
    caches: &Query<(&RasterCache, &LayerMask)>,
    pictures: &Pictures,
) -> (Option<MaskStep>, bool) {
    let Ok((cache, LayerMask(Some(mask)))) = caches.get(group.entity) else { return (None, false) };
    if mask.layer().is_some() {
        let Some(LaidMask { affine, reshaping, moving, .. }) = group.mask else { return (None, false) };
        return match pictures.raster(PictureId::Mask(group.entity)) {
            Some(raster) => {
                let affine = raster_affine(&Drawn { affine, reshaping, moving, ..*group }, raster);
                (Some(MaskStep { raster: raster.clone(), affine, inverted: mask.inverted }), false)
            }
            None => (None, !mask.inverted),
        };
    }
    match cache.raster.clone() {
        Some(raster) => {
            let affine = raster_affine(group, &raster);
            (Some(MaskStep { raster, affine, inverted: mask.inverted }), false)
        }
        None => (None, !mask.inverted),
    }
}
