//! Lays the rasters onto the damaged tiles and brings a frame of the pool up to date.

use std::sync::Arc;

use bevy_ecs::{
    resource::Resource,
    system::{Query, Res, ResMut},
};
use components::{BlendMode, LayerMask, PixelRect};

use super::{
    cache::{RasterCache, raster_affine, window_bounds},
    composite::{Canvas, Filter, GroupStep, LayerStep, MaskStep, Step, compose},
    picture::{PictureId, Pictures},
};
use crate::{
    clock::SceneTime,
    cull::{DrawList, DrawStep, Drawn, LaidMask, Scrolled},
    damage::Damage,
    frame::{Frame, FramePool},
    quality::{Quality, RenderQuality},
    tiles::TileSet,
    viewport::Viewport,
    workers::Workers,
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

/// Draws what is damaged; touches nothing if nothing is.
pub fn draw_frame(
    viewport: Res<Viewport>,
    time: Res<SceneTime>,
    list: Res<DrawList>,
    damage: Res<Damage>,
    quality: Res<RenderQuality>,
    caches: Query<(&RasterCache, &LayerMask)>,
    pictures: Res<Pictures>,
    workers: Res<Workers>,
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
    let steps = display_list(&list.steps, &caches, &pictures, quality.sampling);
    pool.mark_stale(&damage.0);
    let canvas = &mut program.canvas;
    let unsent = &program.unsent;
    let mut composed = false;
    program.frame = pool.draw(|frame, stale| {
        frame.tick = time.tick;
        frame.damage.clone_from(unsent);
        compose(&steps, &viewport, &damage.0, canvas, Some((frame, stale)), Some(&workers));
        composed = true;
    });
    if program.frame.is_some() {
        program.unsent.clear();
    } else {
        program.starved = true;
        compose(&steps, &viewport, &damage.0, &mut program.canvas, None, Some(&workers));
    }
}

/// The steps of a draw list with the pixels that they draw.
pub(super) fn display_list(
    list: &[DrawStep],
    caches: &Query<(&RasterCache, &LayerMask)>,
    pictures: &Pictures,
    sampling: Quality,
) -> Vec<Step> {
    let mut steps = Vec::with_capacity(list.len());
    let filter = if sampling == Quality::High { Filter::Bicubic } else { Filter::Bilinear };
    for step in list {
        match step {
            DrawStep::Layer(drawn) | DrawStep::Picture(drawn) => {
                let is_picture = matches!(step, DrawStep::Picture(_));
                let Ok((cache, mask)) = caches.get(drawn.entity) else { continue };
                let raster = if is_picture {
                    pictures.raster(PictureId::Group(drawn.entity)).cloned()
                } else {
                    cache.raster.clone()
                };
                let Some(raster) = raster.filter(|_| !drawn.covered) else { continue };
                #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more")]
                let layer = LayerStep {
                    affine: raster_affine(drawn, &raster, sampling),
                    raster,
                    filter,
                    bounds: drawn.bounds,
                    opacity: drawn.opacity as f32,
                    blend: drawn.blend,
                };
                match &drawn.scrolled {
                    Some(scrolled) if !is_picture => {
                        push_scrolled(&mut steps, layer, scrolled, drawn, cache, mask, sampling);
                    }
                    _ => steps.push(Step::Layer(layer)),
                }
            }
            DrawStep::BeginGroup(drawn) => {
                let (mask, nothing_is_seen) = mask_step(drawn, caches, pictures, sampling);
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

/// A layer that is seen through a window: a rectangle of the frame where that will do, else a mask.
fn push_scrolled(
    steps: &mut Vec<Step>,
    layer: LayerStep,
    scrolled: &Scrolled,
    drawn: &Drawn,
    cache: &RasterCache,
    mask: &LayerMask,
    sampling: Quality,
) {
    if let Some(window) = window_bounds(drawn, scrolled.window, mask.0.is_some()) {
        let bounds = layer.bounds.intersect(window);
        if !bounds.is_empty() {
            steps.push(Step::Layer(LayerStep { bounds, ..layer }));
        }
        return;
    }
    let Some(raster) = cache.window.clone() else { return };
    let still = Drawn { scrolled: None, ..*drawn };
    steps.push(Step::BeginGroup(GroupStep {
        bounds: layer.bounds,
        opacity: layer.opacity,
        blend: layer.blend,
        mask: Some(MaskStep { affine: raster_affine(&still, &raster, sampling), raster, inverted: false }),
    }));
    steps.push(Step::Layer(LayerStep { opacity: 1.0, blend: BlendMode::Normal, ..layer }));
    steps.push(Step::EndGroup);
}

/// The mask of a group, and whether it hides all of it: a shape that covers nothing has no raster.
fn mask_step(
    group: &Drawn,
    caches: &Query<(&RasterCache, &LayerMask)>,
    pictures: &Pictures,
    sampling: Quality,
) -> (Option<MaskStep>, bool) {
    let Ok((cache, LayerMask(Some(mask)))) = caches.get(group.entity) else { return (None, false) };
    if mask.layer().is_some() {
        let Some(LaidMask { affine, reshaping, moving, .. }) = group.mask else { return (None, false) };
        return match pictures.raster(PictureId::Mask(group.entity)) {
            Some(raster) => {
                let affine = raster_affine(&Drawn { affine, reshaping, moving, ..*group }, raster, sampling);
                (Some(MaskStep { raster: raster.clone(), affine, inverted: mask.inverted }), false)
            }
            None => (None, !mask.inverted),
        };
    }
    match cache.raster.clone() {
        Some(raster) => {
            let affine = raster_affine(group, &raster, sampling);
            (Some(MaskStep { raster, affine, inverted: mask.inverted }), false)
        }
        None => (None, !mask.inverted),
    }
}
