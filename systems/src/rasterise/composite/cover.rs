//! Whether a raster that is not opaque everywhere still hides all that is below it in a part of the frame, such as the
//! body of a figure: what is below is not drawn there.

use components::PixelRect;

use super::{Filter, placing::Sampling};
use crate::rasterise::pixmap::Row;

/// Whether all pixels of `area` are opaque in a raster that lies pixel on pixel, with its first one at (`x`, `y`). The
/// area lies in it.
#[expect(clippy::cast_sign_loss, reason = "the area lies in the raster")]
pub(super) fn is_opaque(rows: &[Row], x: i32, y: i32, area: PixelRect) -> bool {
    let (first, end) = ((area.x0 - x) as u32, (area.x1 - x) as u32);
    let rows = rows.get((area.y0 - y) as usize..(area.y1 - y) as usize).unwrap_or_default();
    !rows.is_empty() && rows.iter().all(|Row { opaque, .. }| opaque.0 <= first && end <= opaque.1)
}

/// Whether all samples for `area` see opaque pixels only, and nothing of the raster's edges.
///
/// Positions are affine: the samples lie in the parallelogram between those of the corners. In each row of the raster it
/// is enough to look how far that reaches, with what a sample sees around it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
pub(super) fn samples_are_opaque(rows: &[Row], sampling: &Sampling, filter: Filter, area: PixelRect) -> bool {
    let corners = [(area.x0, area.y0), (area.x1 - 1, area.y0), (area.x1 - 1, area.y1 - 1), (area.x0, area.y1 - 1)];
    let corners = corners.map(|(x, y)| sampling.position(x, y));
    // More than a sample sees around it, and than rounding.
    let around = 1.1 + filter.reach();
    let is_opaque = |row: f64, left: f64, right: f64| {
        left >= around
            && row >= 0.0
            && rows.get(row as usize).is_some_and(|Row { opaque, .. }| {
                f64::from(opaque.0) <= left - around && right + around < f64::from(opaque.1)
            })
    };
    // Most areas fail here.
    if !corners.iter().all(|(u, v)| is_opaque(v.round(), *u, *u)) {
        return false;
    }
    let top = corners.iter().map(|(_, v)| *v).fold(f64::INFINITY, f64::min) - around;
    let bottom = corners.iter().map(|(_, v)| *v).fold(f64::NEG_INFINITY, f64::max) + around;
    let mut row = top.floor();
    while row <= bottom.ceil() {
        // Of the parallelogram, what is so near to this row that a sample there sees it.
        let (low, high) = (row - around, row + around);
        let (mut left, mut right) = (f64::INFINITY, f64::NEG_INFINITY);
        for (index, from) in corners.iter().enumerate() {
            let to = corners[(index + 1) % 4];
            let (upper, lower) = if from.1 <= to.1 { (*from, to) } else { (to, *from) };
            if upper.1 > high || lower.1 < low {
                continue;
            }
            let slope = if lower.1 > upper.1 { (lower.0 - upper.0) / (lower.1 - upper.1) } else { 0.0 };
            let ends = if lower.1 > upper.1 {
                [low.max(upper.1), high.min(lower.1)].map(|v| upper.0 + (v - upper.1) * slope)
            } else {
                [upper.0, lower.0]
            };
            left = left.min(ends[0]).min(ends[1]);
            right = right.max(ends[0]).max(ends[1]);
        }
        if left <= right && !is_opaque(row, left, right) {
            return false;
        }
        row += 1.0;
    }
    true
}
