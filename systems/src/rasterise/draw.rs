//! From the draw list to what is laid down: each step with the pixels that it draws.

use bevy_ecs::system::Query;
use components::{BlendMode, Extent, PixelRect, Pose, ShownMask};
use kurbo::Affine;

use super::{
    cache::{RasterCache, raster_affine, window_bounds},
    composite::{Filter, GroupStep, LayerStep, MaskStep, Step},
    late::as_it_was,
    picture::{PictureId, Pictures},
    pixmap::Raster,
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
    // Of each group that is open, what is said in its place.
    let mut cards = Vec::new();
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
                let blend = if raster.is_card { BlendMode::Normal } else { drawn.blend };
                #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more")]
                let layer = LayerStep {
                    affine,
                    raster,
                    filter: filter_for(sampling),
                    bounds: drawn.bounds,
                    opacity: drawn.opacity as f32,
                    blend,
                };
                match &drawn.scrolled {
                    Some(scrolled) if !is_picture => {
                        push_scrolled(&mut steps, layer, scrolled, drawn, cache, mask, sampling);
                    }
                    _ => steps.push(Step::Layer(layer)),
                }
            }
            DrawStep::BeginGroup(drawn) => {
                let laid = lay_mask(drawn, caches, pictures, sampling);
                #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more")]
                let mut group =
                    GroupStep { bounds: drawn.bounds, opacity: drawn.opacity as f32, blend: drawn.blend, mask: None };
                let mut card = None;
                match laid {
                    Masked::ByNothing => {}
                    Masked::Wholly => group.bounds = PixelRect::EMPTY,
                    Masked::By(mask) => group.mask = Some(mask),
                    Masked::ByCard(affine, raster) => {
                        let (filter, bounds) = (filter_for(sampling), drawn.bounds);
                        card =
                            Some(LayerStep { affine, raster, filter, bounds, opacity: 1.0, blend: BlendMode::Normal });
                        group.bounds = PixelRect::EMPTY;
                    }
                }
                cards.push(card);
                steps.push(Step::BeginGroup(group));
            }
            DrawStep::EndGroup => {
                steps.push(Step::EndGroup);
                steps.extend(cards.pop().flatten().map(Step::Layer));
            }
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

/// What the mask of a group does to it.
enum Masked {
    /// There is none, or it hides nothing.
    ByNothing,
    /// All of it is hidden: a shape that covers nothing has no raster.
    Wholly,
    By(MaskStep),
    /// The mask cannot be made, so nobody knows what it would hide: a card stands for all of it.
    ByCard(Affine, Raster),
}

fn lay_mask(group: &Drawn, caches: &Query<Laid<'static>>, pictures: &Pictures, sampling: Quality) -> Masked {
    let Ok((cache, ShownMask(Some(mask)), ..)) = caches.get(group.entity) else { return Masked::ByNothing };
    let (raster, affine) = if mask.layer().is_some() {
        let Some(LaidMask { affine, reshaping, moving, .. }) = group.mask else { return Masked::ByNothing };
        let laid = Drawn { affine, reshaping, moving, ..*group };
        let raster = pictures.raster(PictureId::Mask(group.entity));
        (raster, raster.map(|raster| raster_affine(&laid, raster, sampling)))
    } else {
        let raster = cache.raster.as_ref();
        (raster, raster.map(|raster| raster_affine(group, raster, sampling)))
    };
    match raster.cloned().zip(affine) {
        Some((raster, affine)) if raster.is_card => Masked::ByCard(affine, raster),
        Some((raster, affine)) => Masked::By(MaskStep { raster, affine, inverted: mask.inverted }),
        None if mask.inverted => Masked::ByNothing,
        None => Masked::Wholly,
    }
}
