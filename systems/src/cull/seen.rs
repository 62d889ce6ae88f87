//! What is drawn of layers that are much larger than what is seen of them: the part that can be seen, and a margin, so that
//! a layer that moves is drawn anew from time to time and not on each tick. Where even that would be too many pixels for all
//! layers together, the largest are drawn smaller. Follows from this tick's placements alone, so that the same scene at
//! the same time looks the same.

use bevy_ecs::entity::Entity;
use components::Placement;
use kurbo::Rect;

use super::{Layers, large};
use crate::{
    rasterise::{content::surface::bounded_scale, effects::needs, mask::softness},
    viewport::Viewport,
};

/// How many times as many pixels as the frame has, a layer is drawn with before it counts as large.
pub(super) const LARGE: f64 = 2.0;
/// As many times as that while it changes its size: it is drawn at up to twice the size then, and kept for many ticks.
const RESHAPING: f64 = 4.0;
/// Of the longer side of the frame, the step by which the part that is drawn grows and moves; half of that is the least
/// margin.
const STEP: f64 = 1.0 / 16.0;
/// Smallest step in pixels: samples are taken of pixels beside the seen ones.
const LEAST_STEP: f64 = 8.0;
/// A part that is nearly all of a layer is not worth being cut out.
const NEARLY_ALL: f64 = 0.75;
/// Masks of masks that are followed. No scene needs more.
const DEEPEST: usize = 16;

/// What there is room for.
#[derive(Clone, Copy)]
pub(super) struct Room<'a> {
    pub(super) viewport: &'a Viewport,
    /// Pixels that a raster may have; endless unless all of them together would take too much memory.
    pub(super) most: f64,
}

impl Room<'_> {
    /// Whether what is drawn at this scale in this area (layer pixels) is so large that only a part of it is drawn.
    pub(super) fn is_exceeded_by(self, area: Rect, scale: (f64, f64)) -> bool {
        is_large(area, scale, self.viewport)
    }

    /// The scale at which so many pixels are left as there is room for.
    pub(super) fn shrunk(self, area: Rect, scale: (f64, f64)) -> (f64, f64) {
        let shrink = (self.most / pixels(area, scale)).sqrt();
        // Also false for what is no number.
        if shrink < 1.0 { (scale.0 * shrink, scale.1 * shrink) } else { scale }
    }
}

/// Whether drawing this area (layer pixels) at this scale takes more than what is thought of as large.
pub(crate) fn is_large(area: Rect, scale: (f64, f64), viewport: &Viewport) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a frame has far less than 2^52 pixels")]
    let most = LARGE * (viewport.width * viewport.height) as f64;
    pixels(area, scale) > most
}

/// Raster pixels of an area of layer pixels.
pub(super) fn pixels(area: Rect, scale: (f64, f64)) -> f64 {
    area.width() * scale.0 * area.height() * scale.1
}

/// How a layer's own picture is drawn.
#[derive(Clone, Copy)]
pub(super) struct Fitted {
    /// Raster pixels per layer pixel.
    pub(super) scale: (f64, f64),
    /// What of it is drawn, in layer pixels, if that is not all.
    pub(super) part: Option<Rect>,
    /// Raster pixels, about.
    pub(super) pixels: f64,
}

impl Layers<'_, '_> {
    /// How a layer that paints `ink` is drawn which would be drawn at `scale`. `None` if nothing of it can be seen.
    pub(super) fn fit(&self, entity: Entity, ink: Rect, scale: (f64, f64), room: Room<'_>) -> Option<Fitted> {
        let all = pixels(ink, scale);
        let reshaping = self.placed.get(entity).is_ok_and(|(placed, ..)| placed.reshaping);
        let slack = if reshaping { RESHAPING } else { 1.0 };
        if !room.is_exceeded_by(ink, (scale.0 / slack, scale.1)) {
            let scale = if all > room.most { room.shrunk(ink, scale) } else { scale };
            return Some(Fitted { scale, part: None, pixels: all });
        }
        if let Ok((animated, effects)) = self.painted.get(entity)
            && let Ok((.., mask, content)) = self.placed.get(entity)
            && let Some(scale) = large::spared(
                animated.0.as_ref().unwrap_or(content),
                effects,
                mask.0.is_some(),
                ink,
                scale,
                room.viewport,
            )
        {
            return Some(Fitted { scale, part: None, pixels: pixels(ink, scale) });
        }
        let moves_by_itself = self.scrolling.get(entity).is_ok_and(|scrolling| scrolling.0.is_some());
        let seen = if moves_by_itself { ink } else { self.seen_part(entity, ink, scale, room)? };
        let part = (seen != ink).then_some(seen);
        let bounded = bounded_scale(seen, scale);
        let demand = pixels(seen, bounded);
        Some(Fitted { scale: room.shrunk(seen, bounded), part, pixels: demand })
    }

    /// What of `area` (pixels of this layer) can be seen on the frame, wherever and by whatever way it is laid down, with a
    /// margin; all of it if that is little more. `None` if nothing can.
    pub(super) fn seen_part(&self, entity: Entity, area: Rect, scale: (f64, f64), room: Room<'_>) -> Option<Rect> {
        let (Placement { affine, .. }, ..) = self.placed.get(entity).ok()?;
        if affine.determinant() == 0.0 || !affine.is_finite() {
            return Some(area);
        }
        let margin = self.margin(entity, 0) + 2.0;
        let seen = affine.inverse().transform_rect_bbox(room.viewport.clip.to_rect().inflate(margin, margin));
        #[expect(clippy::cast_precision_loss, reason = "frames have at most 3840 pixels a side")]
        let step = (room.viewport.width.max(room.viewport.height) as f64 * STEP).round().max(LEAST_STEP);
        let before = |edge: f64, scale: f64| (edge * scale / step - 0.5).floor() * step / scale;
        let behind = |edge: f64, scale: f64| (edge * scale / step + 0.5).ceil() * step / scale;
        let part = Rect::new(
            before(seen.x0, scale.0),
            before(seen.y0, scale.1),
            behind(seen.x1, scale.0),
            behind(seen.y1, scale.1),
        );
        let part = part.intersect(area);
        if part.is_zero_area() {
            return None;
        }
        Some(if part.area() > NEARLY_ALL * area.area() { area } else { part })
    }

    /// How far outside of the frame a layer may lie and still be seen, in pixels of the frame: by the effects of the groups
    /// around it, and by the soft edges of what it is the mask of.
    fn margin(&self, entity: Entity, depth: usize) -> f64 {
        if depth > DEEPEST {
            return 0.0;
        }
        let size = |entity: Entity| {
            let [xx, yx, xy, yy, ..] =
                self.placed.get(entity).map_or([0.0; 6], |(placed, ..)| placed.affine.as_coeffs());
            libm::hypot(xx, yx).max(libm::hypot(xy, yy))
        };
        let around = self.ancestors.iter_ancestors(entity);
        std::iter::once(entity)
            .chain(around)
            .map(|member| {
                let spread = match self.painted.get(member) {
                    Ok((_, effects)) if member != entity && !effects.0.is_empty() => {
                        let needs = needs(effects);
                        needs.x0.max(needs.x1).max(needs.y0).max(needs.y1) * size(member)
                    }
                    _ => 0.0,
                };
                let soft = self.isolation.masked_by(member).map(|masked| {
                    let feather = match self.placed.get(masked) {
                        Ok((.., mask, _)) => mask.0.as_ref().map_or(0.0, |mask| mask.feather),
                        Err(_) => 0.0,
                    };
                    3.0 * softness(feather) * size(masked) + self.margin(masked, depth + 1)
                });
                spread + soft.fold(0.0, f64::max)
            })
            .sum()
    }
}

/// The most pixels that each of these rasters may have so that all of them have no more than `room` together: those that
/// have less keep what they have. A power of the square root of two, so that it is the same for a while where some of them
/// change.
pub(super) fn fair_share(mut pixels: Vec<f64>, room: f64) -> f64 {
    pixels.sort_unstable_by(f64::total_cmp);
    let mut left = room;
    let mut count = pixels.len();
    for pixels in pixels {
        let share = left / count as f64;
        if pixels > share {
            return libm::exp2((2.0 * libm::log2(share.max(1.0))).floor() / 2.0);
        }
        left -= pixels;
        count -= 1;
    }
    f64::INFINITY
}
