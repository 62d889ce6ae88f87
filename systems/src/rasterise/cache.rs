//! The cached pixels of each layer, drawn anew only when its own picture or the size at which it is needed changes.
//!
//! There are no mip levels: a layer is drawn anew, from its source, at the size at which it is seen, or, while that changes,
//! at the power of two above ([`raster_scale`]). So a raster is never sampled below a half of its size, and one that goes
//! from all of its size to a tenth is drawn four times on the way. Of mip levels, which are halves of halves by plain
//! averages, two would be sampled and mixed for each pixel: more work for each frame, a third more memory, and pixels that
//! are further from what a careful filter makes of the picture, on average and where they are worst, as
//! `systems/tests/ticks/scaling.rs` shows for fine rings. Rasters at two sizes an octave were tried: nearer just above a
//! half, farther elsewhere, since each is resampled twice. What is drawn by lines and letters keeps its sharp edges besides.

use std::time::Duration;

use bevy_ecs::component::Component;
use components::{Extent, PixelRect};
use kurbo::{Affine, Rect};

use super::costs::Cost;
use super::{fault::Fault, pixmap::Raster};
use crate::{cull::Drawn, quality::Quality};

/// The cached pixels of a layer, or of a group's mask. Computed.
#[derive(Component, Clone, Debug, Default)]
pub struct RasterCache {
    pub(super) key: Option<Key>,
    /// The pixels; `None` where there is nothing to draw.
    pub raster: Option<Raster>,
    /// What is seen through, where the pixels move within the layer by themselves: its alpha is multiplied into them.
    /// `None` where a rectangle of the frame does.
    pub window: Option<Raster>,
    /// What drawing them took, if they ever were drawn.
    pub(super) took: Option<Took>,
    /// What was drawn and is not counted yet.
    pub(super) uncounted: Cost,
    /// The tick that needed them last.
    pub(super) used: u64,
    /// Whether the layer was not to be seen when idle caches were looked for last.
    pub(super) idle: bool,
    /// Whether it is being drawn in the background …
    pub(super) is_pending: bool,
    /// … and is seen.
    pub(super) is_awaited: bool,
    /// Whether the tick must draw it, since drawing it in the background has failed.
    pub(super) must_wait: bool,
    /// Why a card stands in the place of the picture, if one does.
    pub(super) fault: Option<Fault>,
}

impl RasterCache {
    /// Bytes of the pixels.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        [&self.raster, &self.window].into_iter().flatten().map(|raster| raster.pixels.len() as u64).sum()
    }

    /// Whether these are the pixels that are laid down.
    pub(crate) fn shows(&self, drawn: &Drawn) -> bool {
        let is_of = |key: Key| key.revision == drawn.revision && key.scale == drawn.scale && key.part == drawn.part;
        self.raster.is_some() && self.key.is_some_and(is_of)
    }

    /// Whether it is being drawn and there is nothing to be shown meanwhile.
    pub(crate) fn is_missing(&self) -> bool {
        self.is_pending && self.key.is_none()
    }

    /// Notes what drawing them took.
    pub(super) fn note_cost(&mut self, key: Key, spent: Duration) {
        self.took = Some(Took { key, spent });
        self.count(spent);
    }

    /// Counts a picture of the layer that was drawn.
    pub(super) fn count(&mut self, spent: Duration) {
        self.uncounted.pictures += 1;
        self.uncounted.spent += spent;
    }

    /// Forgets what drawing took if that was another revision: nobody knows yet what this one takes.
    pub(super) fn forget_cost_of_others(&mut self, revision: u64) {
        self.took = self.took.filter(|took| took.key.revision == revision);
    }

    /// Keeps what drawing took for a revision that looks the same.
    pub(super) fn renumber_cost(&mut self, revision: u64) {
        if let Some(took) = &mut self.took {
            took.key.revision = revision;
        }
    }

    /// Goes on with another compositor, in which the layer has this revision: what was begun or counted in the one before is
    /// none of its business.
    pub(super) fn adopt(&mut self, revision: u64) {
        self.renumber_cost(revision);
        (self.uncounted, self.used) = (Cost::default(), 0);
        (self.idle, self.is_pending, self.is_awaited, self.must_wait) = (false, false, false, false);
    }

    /// Lets go of the pixels. That the layer fails, and what it costs, is not forgotten.
    pub(super) fn drop_pixels(&mut self) {
        (self.key, self.raster, self.window) = (None, None, None);
    }
}

/// What drawing a picture took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// Which picture it was.
    pub(super) key: Key,
    pub(super) spent: Duration,
}

/// What the pixels follow from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) revision: u64,
    pub(crate) scale: (f64, f64),
    /// What of the layer is drawn, in layer pixels, if that is not all.
    pub(crate) part: Option<Rect>,
    /// How precisely effects are drawn; the best there is if there are none.
    pub(crate) effects: Quality,
    /// The layer's box.
    pub(crate) extent: Extent,
}

impl Key {
    /// Whether what was drawn for this one does for `wanted` too.
    pub(crate) fn serves(&self, wanted: &Self) -> bool {
        self.revision == wanted.revision
            && self.scale == wanted.scale
            && self.part == wanted.part
            && self.effects >= wanted.effects
    }
}

/// Rasters are drawn at most this many times larger or smaller than the layer.
const SCALES: std::ops::RangeInclusive<f64> = 1.0 / 1024.0..=64.0;

/// How many raster pixels there are to a layer pixel. Follows from this tick's placement alone, so that the same scene
/// at the same time has the same pixels whatever was drawn before.
///
/// A layer that is not changing its shape is drawn at exactly the size at which it is seen. While it does, its raster is
/// drawn at the next power of two above, and so sampled at half its size at the least, and kept for many ticks.
pub(crate) fn raster_scale(affine: Affine, reshaping: bool) -> (f64, f64) {
    let [xx, yx, xy, yy, ..] = affine.as_coeffs();
    let upright = yx == 0.0 && xy == 0.0;
    let choose = |scale: f64| {
        let chosen = if reshaping {
            // What only turns keeps its size but for the last bits.
            libm::exp2((libm::log2(scale) - 1e-6).ceil())
        } else if upright {
            scale
        } else {
            // The length of a turned column differs in its last bits from angle to angle.
            (scale * 4096.0).round() / 4096.0
        };
        chosen.clamp(*SCALES.start(), *SCALES.end())
    };
    (choose(libm::hypot(xx, yx)), choose(libm::hypot(xy, yy)))
}

/// The rectangle of the frame through which what scrolls in a layer is seen; `None` if it is no rectangle, but what the
/// cache's `window` says.
pub(super) fn window_bounds(drawn: &Drawn, window: Rect, is_masked: bool) -> Option<PixelRect> {
    let [_, yx, xy, ..] = drawn.affine.as_coeffs();
    if is_masked || yx != 0.0 || xy != 0.0 {
        return None;
    }
    let seen = drawn.affine.transform_rect_bbox(window);
    Some(PixelRect::around(Rect::new(seen.x0.round(), seen.y0.round(), seen.x1.round(), seen.y1.round())))
}

/// Whether a layer is neither turned nor mirrored.
fn is_upright(affine: Affine) -> bool {
    let [xx, yx, xy, yy, ..] = affine.as_coeffs();
    yx == 0.0 && xy == 0.0 && xx > 0.0 && yy > 0.0
}

/// From pixels of the raster to pixels of the frame.
///
/// Layers that stand still stand on whole pixels: what was drawn sharp stays sharp. So do factors that differ from one
/// only by rounding.
pub(super) fn raster_affine(drawn: &Drawn, raster: &Raster, sampling: Quality) -> Affine {
    let to_layer = match drawn.scrolled {
        Some(scrolled) => Affine::translate((-scrolled.by, 0.0)) * raster.to_layer,
        None => raster.to_layer,
    };
    let mut c = (drawn.affine * to_layer).as_coeffs();
    for (index, identity) in [1.0, 0.0, 0.0, 1.0].into_iter().enumerate() {
        if (c[index] - identity).abs() < 1e-7 {
            c[index] = identity;
        }
    }
    let is_between = drawn.moving && sampling.moves_between_pixels();
    if !drawn.reshaping && !is_between {
        if c[..4] == [1.0, 0.0, 0.0, 1.0] {
            // Text that runs through its box moves between pixels.
            if drawn.scrolled.is_none() || !sampling.moves_between_pixels() {
                c[4] = c[4].round();
            }
            c[5] = c[5].round();
        } else if is_upright(drawn.affine) && drawn.scrolled.is_none() {
            // What is drawn smaller than it is seen stands where it would if it were not.
            let [.., x, y] = drawn.affine.as_coeffs();
            c[4] += x.round() - x;
            c[5] += y.round() - y;
        }
    }
    Affine::new(c)
}
