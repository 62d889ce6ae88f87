//! Where the pixels of a raster lie on the frame, and from where in a raster a pixel of the frame is sampled.
//!
//! Samples are taken at pixel centres, by a filter, and clamped to the raster's outermost pixels; the edge itself is
//! antialiased by how much of a frame pixel the raster covers, measured in frame pixels. At natural size that is the
//! same as fading to transparent pixels outside. In contrast to it, an enlarged picture keeps sharp and, where it is
//! aligned, opaque edges.

use components::PixelRect;
use kurbo::Affine;

use super::{Filter, bicubic::Kernel};
use crate::{
    rasterise::pixmap::{Hull, Raster},
    tiles::TILE,
};

/// 1 in the fixed-point numbers that positions in a raster are kept in.
const ONE: f64 = 4_294_967_296.0;
/// Samples are rounded to 1/256 pixel, so an offset below half of that is none.
const NEGLIGIBLE: f64 = 1.0 / 512.0;
/// Raster pixels that one step on the frame may cross. With more a picture is smaller than a speck.
const MAX_STEP: f64 = 256.0;
/// Largest distance of the frame's origin from that of the raster, in raster pixels.
const MAX_OFFSET: f64 = 536_870_912.0;
/// More than all rounding in positions together, in raster pixels.
const MARGIN: f64 = 1.0 / 256.0;

/// Over a whole frame a step below this adds up to less than MARGIN.
const NO_STEP: f64 = 1e-7;

/// How a raster of a known size lies on the frame.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are few of them, and they are read for each row")]
pub(super) enum Placing {
    /// Pixel on pixel, its top left one at this place.
    Whole {
        /// Column of the frame.
        x: i32,
        /// Row of the frame.
        y: i32,
    },
    /// In any other way.
    Sampled(Sampling),
}

impl Placing {
    /// `None` if nothing of it can be seen: see [`of_size`](Self::of_size).
    pub(super) fn new(affine: Affine, raster: &Raster, filter: Filter) -> Option<Self> {
        Self::of_size(affine, (raster.width, raster.height), raster.hull, filter, raster.enlarged)
    }

    /// `enlarged` is as [`Raster`] has it. `None` if nothing of it can be seen: the raster is empty, or the affine is not
    /// invertible or far out of range.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "checked against MAX_OFFSET first; rasters are far smaller than 2^52 pixels"
    )]
    pub(super) fn of_size(
        affine: Affine,
        (width, height): (usize, usize),
        hull: Hull,
        filter: Filter,
        enlarged: (f64, f64),
    ) -> Option<Self> {
        if width == 0 || height == 0 || width.saturating_mul(height) > i32::MAX as usize {
            return None;
        }
        let [a, b, c, d, e, f] = affine.as_coeffs();
        let longest = width.max(height) as f64;
        let straight = [a - 1.0, b, c, d - 1.0].iter().all(|v| v.abs() * longest < NEGLIGIBLE);
        let whole = [e, f].iter().all(|v| (v - v.round()).abs() < NEGLIGIBLE && v.abs() < MAX_OFFSET);
        if straight && whole {
            return Some(Self::Whole { x: e.round() as i32, y: f.round() as i32 });
        }
        Sampling::new(affine, (width as f64, height as f64), hull, filter, enlarged).map(Self::Sampled)
    }
}

/// The way from frame pixels to raster pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling {
    /// Change of the column (`u`) and row (`v`) in the raster from one column of the frame to the next, in 2^-32.
    du: i64,
    dv: i64,
    /// Change from one row of the frame to the next.
    du_dy: i64,
    dv_dy: i64,
    /// What the centre of the frame's first pixel falls on; 0 is the centre of the raster's first pixel.
    u: i64,
    v: i64,
    /// Frame pixels to one raster pixel, at right angles to the raster's vertical and horizontal edges.
    inverse_pitch: (f64, f64),
    size: (f64, f64),
    /// By which weights it is sampled bicubically.
    kernel: Kernel,
    /// Those along columns and those along rows of the raster.
    borders: [Borders; 2],
    /// Those outside of which nothing is seen, across: in the sum and in the difference of column and row.
    diagonals: [Lines; 2],
}

/// Two parallel lines in a raster between which all that can be seen of it lies.
#[derive(Clone, Copy, Debug)]
struct Lines {
    /// Columns of the frame for one unit across; 0 if a row of the frame runs along the lines.
    inverse: f64,
    /// Positions at which the row comes between them, and leaves again.
    seen: (f64, f64),
}

impl Lines {
    fn new(step: f64, seen: (f64, f64)) -> Self {
        let inverse = if step.abs() < NO_STEP { 0.0 } else { 1.0 / step };
        Self { inverse, seen: in_order(step, seen) }
    }
}

/// Two positions in the order in which a row comes to them.
fn in_order(step: f64, (low, high): (f64, f64)) -> (f64, f64) {
    if step <= -NO_STEP { (high, low) } else { (low, high) }
}

/// The columns (real numbers) between two positions, of a row that is at `start` in the frame's first column.
#[inline(always)]
fn between(inverse: f64, start: f64, (enter, leave): (f64, f64)) -> (f64, f64) {
    if inverse != 0.0 {
        ((enter - start) * inverse, (leave - start) * inverse)
    } else if start >= enter && start <= leave {
        (f64::NEG_INFINITY, f64::INFINITY)
    } else {
        (f64::INFINITY, f64::NEG_INFINITY)
    }
}

/// Two parallel edges of a raster, and what it takes to find out where a row of the frame meets them.
#[derive(Clone, Copy, Debug)]
struct Borders {
    /// Where there is anything to be seen.
    lines: Lines,
    /// The same for where its edges are not seen.
    full: (f64, f64),
}

impl Borders {
    /// `reach` is how far from a sample its neighbours may lie, on either side of the two that it lies between; `hull` the
    /// first and the last column or row that is not empty.
    fn new(step: f64, pitch: f64, size: f64, hull: (i32, i32), reach: f64) -> Self {
        let half = pitch / 2.0;
        let rim = half.max(0.5 + reach) + MARGIN;
        // Outside of the raster its outermost pixels are seen, so far as it covers pixels of the frame.
        let (first, last) = (f64::from(hull.0), f64::from(hull.1));
        let low = if first > 0.0 { first - 0.5 - reach - 2.0 * MARGIN } else { -half - MARGIN };
        let high = if last < size - 1.0 { last + 1.5 + reach + 2.0 * MARGIN } else { size + half + MARGIN };
        let full = if rim <= size - rim { (rim, size - rim) } else { (f64::INFINITY, f64::NEG_INFINITY) };
        Self { lines: Lines::new(step, (low, high)), full: in_order(step, full) }
    }
}

/// Columns of one row that share pixels with the raster, and among them those that see nothing of its edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spans {
    pub(super) outer: (i32, i32),
    pub(super) inner: (i32, i32),
}

impl Sampling {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "checked against MAX_STEP and MAX_OFFSET; what is lost is below 2^-20 of a pixel"
    )]
    fn new(
        affine: Affine,
        (width, height): (f64, f64),
        hull: Hull,
        filter: Filter,
        enlarged: (f64, f64),
    ) -> Option<Self> {
        if !affine.is_finite() || affine.determinant() == 0.0 {
            return None;
        }
        let [a, b, c, d, e, f] = affine.inverse().as_coeffs();
        // Comparisons are false for what is not a number.
        let fits = [a, b, c, d].iter().all(|v| v.abs() <= MAX_STEP) && [e, f].iter().all(|v| v.abs() <= MAX_OFFSET);
        if !fits {
            return None;
        }
        let fixed = |v: f64| (v * ONE).round() as i64;
        let (du, dv) = (fixed(a), fixed(b));
        let pitch = (libm::hypot(a, c), libm::hypot(b, d));
        let reach = filter.reach();
        let (step_u, step_v) = (du as f64 / ONE, dv as f64 / ONE);
        // So far from a sample may the pixel lie that it takes its colour from, in columns and rows together; more where
        // pixels of the frame are partly outside of the raster.
        let slack = 2.0 * (1.0 + reach) + (pitch.0 + pitch.1) / 2.0 + 1.0 + 4.0 * MARGIN;
        let across = |(least, greatest): (i32, i32)| (f64::from(least) - slack, f64::from(greatest) + slack);
        Some(Self {
            du,
            dv,
            du_dy: fixed(c),
            dv_dy: fixed(d),
            u: fixed(e + (a + c - 1.0) / 2.0),
            v: fixed(f + (b + d - 1.0) / 2.0),
            inverse_pitch: (pitch.0.recip(), pitch.1.recip()),
            size: (width, height),
            // What was enlarged has no detail that is too fine for a picture as large as it was before.
            kernel: Kernel::new((enlarged.0 / pitch.0, enlarged.1 / pitch.1)),
            borders: [
                Borders::new(step_u, pitch.0, width, hull.columns, reach),
                Borders::new(step_v, pitch.1, height, hull.rows, reach),
            ],
            diagonals: [
                Lines::new(step_u + step_v, across(hull.sums)),
                Lines::new(step_u - step_v, across(hull.differences)),
            ],
        })
    }

    /// By which weights it is sampled bicubically.
    pub(super) fn kernel(&self) -> Kernel {
        self.kernel
    }

    fn at(&self, x: i32, y: i32) -> (i64, i64) {
        let (x, y) = (i64::from(x), i64::from(y));
        (self.u + x * self.du + y * self.du_dy, self.v + x * self.dv + y * self.dv_dy)
    }

    /// How much of a pixel of the frame the raster covers, 0..=1.
    #[expect(clippy::cast_precision_loss, reason = "what is lost is below 2^-20 of a pixel")]
    pub(super) fn coverage(&self, x: i32, y: i32) -> f64 {
        let (u, v) = self.at(x, y);
        let along = |position: i64, size: f64, inverse_pitch: f64| {
            let position = position as f64 / ONE + 0.5;
            let from_start = (position * inverse_pitch + 0.5).clamp(0.0, 1.0);
            let from_end = ((size - position) * inverse_pitch + 0.5).clamp(0.0, 1.0);
            (from_start + from_end - 1.0).max(0.0)
        };
        along(u, self.size.0, self.inverse_pitch.0) * along(v, self.size.1, self.inverse_pitch.1)
    }

    /// Whether the raster covers each pixel of `area` fully.
    pub(super) fn covers(&self, area: PixelRect) -> bool {
        // Full coverage ends at straight lines, so what holds in the corners holds between them. The tolerance is
        // larger than all rounding in positions, and far smaller than what would make a pixel less than opaque.
        [(area.x0, area.y0), (area.x1 - 1, area.y0), (area.x0, area.y1 - 1), (area.x1 - 1, area.y1 - 1)]
            .iter()
            .all(|(x, y)| self.coverage(*x, *y) > 1.0 - 1e-4)
    }

    /// Where in row `y`, of the columns `x0..x1`, the raster is seen. The inner span may be a little too small and the
    /// outer one a little too large: neither shows, since a pixel between them is worked out by its coverage.
    #[inline(always)]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "what is lost is less than MARGIN; results are clamped to x0..x1"
    )]
    pub(super) fn spans(&self, x0: i32, x1: i32, y: i32) -> Spans {
        let (u, v) = self.at(0, y);
        let (first, last) = (f64::from(x0), f64::from(x1));
        let (mut outer, mut inner) = ((first, last), (first, last));
        let (u, v) = (u as f64 / ONE, v as f64 / ONE);
        for (start, Borders { lines, full }) in [u + 0.5, v + 0.5].into_iter().zip(&self.borders) {
            let (seen, full) = (between(lines.inverse, start, lines.seen), between(lines.inverse, start, *full));
            outer = (outer.0.max(seen.0), outer.1.min(seen.1 + 1.0));
            inner = (inner.0.max(full.0), inner.1.min(full.1 + 1.0));
        }
        for (start, lines) in [u + v, u - v].into_iter().zip(&self.diagonals) {
            let seen = between(lines.inverse, start, lines.seen);
            outer = (outer.0.max(seen.0), outer.1.min(seen.1 + 1.0));
        }
        let whole = |(from, to): (f64, f64), min: i32, max: i32| {
            let from = (from.max(f64::from(min)).min(f64::from(max)).ceil()) as i32;
            (from, (to.min(f64::from(max)).ceil() as i32).max(from))
        };
        let outer = whole(outer, x0, x1);
        // `ceil` of an exclusive end is one column too far, unless the end is a whole number.
        let inner = whole((inner.0, inner.1.floor()), outer.0, outer.1);
        Spans { outer, inner }
    }

    /// Where in the raster the centre of a pixel of the frame falls: column and row, 0 being the centre of the first.
    #[expect(clippy::cast_precision_loss, reason = "what is lost is below 2^-20 of a pixel")]
    pub(super) fn position(&self, x: i32, y: i32) -> (f64, f64) {
        let (u, v) = self.at(x, y);
        (u as f64 / ONE, v as f64 / ONE)
    }

    /// How far in memory the samples of the row that is `rows` further down lie from those of a row, about, in pixels of
    /// a raster of this width.
    pub(super) fn ahead(&self, rows: i64, width: usize) -> isize {
        let columns = ((self.du_dy * rows) >> 32) as isize;
        ((self.dv_dy * rows) >> 32) as isize * width as isize + columns
    }

    /// The walk along row `y` in the tile that column `x` is in.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "positions are below 2^30 pixels, steps below 2^9"
    )]
    pub(super) fn walk(&self, x: i32, y: i32) -> Walk {
        let left = x & !(TILE as i32 - 1);
        let (u, v) = self.at(left, y);
        // Positions are cut off to 1/256 later on; this makes it rounding.
        let (u, v) = (u + (1 << 23), v + (1 << 23));
        let step = |v: i64| ((v + (1 << 15)) >> 16) as i32;
        let part = |v: i64| ((v >> 16) & 0xffff) as i32;
        Walk {
            left,
            column: (u >> 32) as i32,
            row: (v >> 32) as i32,
            u: part(u),
            v: part(v),
            du: step(self.du),
            dv: step(self.dv),
        }
    }
}

/// Positions in the raster along one row of one tile, in 2^-16 of a pixel from `column` and `row`: small enough for
/// vectors of 32 bits, and the same whichever part of the row is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) left: i32,
    pub(super) column: i32,
    pub(super) row: i32,
    pub(super) u: i32,
    pub(super) v: i32,
    pub(super) du: i32,
    pub(super) dv: i32,
}

/// Where one sample is taken: this raster pixel is its top left neighbour, and it lies so many 256ths of the way
/// to the right and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) column: i32,
    pub(super) row: i32,
    pub(super) x: u32,
    pub(super) y: u32,
}

impl Walk {
    /// The sample for column `x` of the frame.
    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "masked to eight bits")]
    pub(super) fn sample(&self, x: i32) -> Sample {
        let steps = x - self.left;
        let (u, v) = (self.u + steps * self.du, self.v + steps * self.dv);
        Sample {
            column: self.column + (u >> 16),
            row: self.row + (v >> 16),
            x: (u >> 8) as u32 & 255,
            y: (v >> 8) as u32 & 255,
        }
    }

    /// Whether each column of the frame is one column of the raster.
    #[inline(always)]
    pub(super) fn is_shift(&self) -> bool {
        self.du == 1 << 16 && self.dv == 0
    }
}
