//! From the draw list to what is laid down: each step with the pixels that it draws.

use bevy_ecs::system::Query;
use components::{BlendMode, Extent, PixelRect, Pose, ShownMask};

use super::{
    cache::{RasterCache, raster_affine, window_bounds},
    composite::{Filter, GroupStep, LayerStep, MaskStep, Step},
    late::as_it_was,
    picture::{PictureId, Pictures},
};
use crate::{
    cull::{DrawStep, Drawn, LaidMask, Scrolled},
    quality::Quality,
};

/// How rasters are sampled.
fn filter_for(sampling: Quality) -> Filter {
    if sampling == Quality::High { Filter::Bicubic } else { Filter::Bilinear }
}

/// A layer's pixels, and what their place follows from.
pub(super) type Laid<'w> = (&'w RasterCache, &'w ShownMask, &'w Extent, &'w Pose);

/// The steps of a draw list with the pixels that they draw.
pub(super) fn display_list(
    list: &[DrawStep],
    caches: &Query<Laid<'static>>,
    pictures: &Pictures,
    sampling: Quality,
) -> Vec<Step> {
    let mut steps = Vec::with_capacity(list.len());
    for step in list {
        match step {
            DrawStep::Layer(drawn) | DrawStep::Picture(drawn) => {
                let is_picture = matches!(step, DrawStep::Picture(_));
                let Ok((cache, mask, extent, pose)) = caches.get(drawn.entity) else { continue };
                let raster = if is_picture {
                    pictures.raster(PictureId::Group(drawn.entity)).cloned()
                } else {
                    cache.raster.clone()
                };
                let Some(raster) = raster.filter(|_| !drawn.covered) else { continue };
                let drawn = &if is_picture {
                    *drawn
                } else {
                    Drawn { affine: as_it_was(drawn, cache, extent, pose), ..*drawn }
                };
                let affine = raster_affine(drawn, &raster, sampling);
                #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more")]
                let layer = LayerStep {
                    affine,
                    raster,
                    filter: filter_for(sampling),
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
    mask: &ShownMask,
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
    caches: &Query<Laid<'static>>,
    pictures: &Pictures,
    sampling: Quality,
) -> (Option<MaskStep>, bool) {
    let Ok((cache, ShownMask(Some(mask)), ..)) = caches.get(group.entity) else { return (None, false) };
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
