//! Rasters that do not lie pixel on pixel: each pixel of the frame is sampled.

use components::{BlendMode, PixelRect};
use fearless_simd::Level;

#[cfg(target_arch = "x86_64")]
use super::super::bilinear;
use super::{
    super::{
        Filter, Pixel,
        bicubic::{self, Kernel},
        blend,
        over::{mix, over_row, scale},
        placing::{Sampling, Spans, Walk},
        surface::Surface,
    },
    Layer, ROWS_AHEAD, fetch,
};
use crate::tiles::TILE;

/// Samples that are taken at once. Their neighbours are fetched one after the other, all else is done in vectors. So
/// many that the compiler takes each step for a loop, and vectorises it.
const LANES: usize = 32;

/// Rows that memory is fetched ahead where a raster is turned: without, each row waits for pixels that nobody has asked
/// for before.
const AHEAD: i64 = 4;

impl Layer<'_> {
    #[inline(always)]
    pub(super) fn draw_sampled(&self, level: Level, sampling: &Sampling, area: PixelRect, surface: &mut Surface<'_>) {
        let mut row = [[0; 4]; TILE + LANES];
        let ahead = sampling.ahead(AHEAD, self.width);
        for y in area.y0..area.y1 {
            let spans = sampling.spans(area.x0, area.x1, y);
            let (start, end) = spans.outer;
            if start >= end {
                continue;
            }
            self.sample_row(level, sampling, spans, y, ahead, &mut row);
            let below = surface.row_mut(start, end, y);
            let source = &row[..below.len()];
            match self.blend {
                BlendMode::Normal => over_row(level, below, source, self.opacity),
                mode => blend::row(level, mode, below, source, self.opacity),
            }
        }
    }

    /// Fills the beginning of `out` with the outer span.
    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "spans lie within outer.0..")]
    fn sample_row(
        &self,
        level: Level,
        sampling: &Sampling,
        spans: Spans,
        y: i32,
        ahead: isize,
        out: &mut [Pixel; TILE + LANES],
    ) {
        let walk = sampling.walk(spans.outer.0, y);
        let (start, end) = spans.outer;
        let (inner_start, inner_end) = spans.inner;
        if let Some(color) = self.uniform
            && inner_start < inner_end
        {
            out[(inner_start - start) as usize..(inner_end - start) as usize].fill(color);
        } else if inner_start < inner_end {
            let out = &mut out[(inner_start - start) as usize..];
            match self.filter {
                Filter::Bicubic => {
                    self.sample_cubic(level, sampling.kernel(), &walk, inner_start, inner_end, ahead, out);
                }
                Filter::Bilinear if walk.is_shift() => self.sample_shifted(&walk, inner_start, inner_end, out),
                Filter::Bilinear => self.sample_inside(level, &walk, inner_start, inner_end, ahead, out),
            }
        }
        // After the inner span, which may have been written a little too far.
        for x in (start..inner_start).chain(inner_end..end) {
            out[(x - start) as usize] = self.sample_edge(sampling, &walk, x, y);
        }
    }

    /// One pixel that may see the raster's edge.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        reason = "clamped to the raster, which has less than 2^31 pixels; coverage is at most 1"
    )]
    fn sample_edge(&self, sampling: &Sampling, walk: &Walk, x: i32, y: i32) -> Pixel {
        let coverage = (sampling.coverage(x, y) * 255.0 + 0.5) as u32;
        if coverage == 0 {
            return [0; 4];
        }
        let sample = walk.sample(x);
        let pixel = |column: i32, row: i32| {
            let column = column.clamp(0, self.width as i32 - 1) as usize;
            let row = row.clamp(0, self.height as i32 - 1) as usize;
            self.pixels[row * self.width + column]
        };
        let (column, row) = (sample.column, sample.row);
        let mixed = match self.filter {
            Filter::Bilinear => {
                let neighbours =
                    [pixel(column, row), pixel(column + 1, row), pixel(column, row + 1), pixel(column + 1, row + 1)];
                mix(neighbours.map(u32::from_le_bytes), sample.x, sample.y)
            }
            Filter::Bicubic => {
                let neighbours =
                    [-1, 0, 1, 2].map(|below| [-1, 0, 1, 2].map(|right| pixel(column + right, row + below)));
                u32::from_le_bytes(bicubic::mix(neighbours, sample.x, sample.y, sampling.kernel()))
            }
        };
        scale(mixed, coverage).to_le_bytes()
    }

    /// Pixels that see nothing of the edge, bicubically. Writes up to three more, of no meaning.
    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "the samples lie in the raster")]
    fn sample_cubic(
        &self,
        level: Level,
        kernel: Kernel,
        walk: &Walk,
        start: i32,
        end: i32,
        ahead: isize,
        out: &mut [Pixel],
    ) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = level.as_avx2() {
            if walk.is_shift() {
                let sample = walk.sample(start);
                let first = (sample.row as usize + ROWS_AHEAD) * self.width + sample.column as usize;
                fetch(self.pixels, first, (end - start) as usize);
                return bicubic::shifted_row(avx2, self.pixels, self.width, walk, kernel, start, end, out);
            }
            return bicubic::sample_row(avx2, self.pixels, self.width, walk, kernel, start, end, ahead, out);
        }
        let _ = (level, ahead);
        for (x, out) in (start..end).zip(out) {
            let sample = walk.sample(x);
            let first = (sample.row - 1) as usize * self.width + (sample.column - 1) as usize;
            let row =
                |below: usize| *self.pixels[first + below * self.width..].first_chunk::<4>().unwrap_or(&[[0; 4]; 4]);
            *out = bicubic::mix([row(0), row(1), row(2), row(3)], sample.x, sample.y, kernel);
        }
    }

    /// Pixels that see nothing of the edge. Writes up to `LANES - 1` more, of no meaning.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        reason = "the raster has less than 2^31 pixels and the samples lie in it"
    )]
    fn sample_inside(&self, level: Level, walk: &Walk, start: i32, end: i32, ahead: isize, out: &mut [Pixel]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = level.as_avx2() {
            return bilinear::sample_row(avx2, self.pixels, self.width, walk, start, end, ahead, out);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (level, ahead);
        let width = self.width as i32;
        let (top, bottom) = (self.pixels, &self.pixels[self.width..]);
        let none = [0; LANES];
        let mut block = Block { index: none, x: none, y: none, upper: [0; LANES], lower: [0; LANES] };
        for (first, out) in (start..end).step_by(LANES).zip(out.as_chunks_mut::<LANES>().0) {
            for lane in 0..LANES {
                let sample = walk.sample(first + lane as i32);
                block.index[lane] = sample.row.wrapping_mul(width).wrapping_add(sample.column) as u32;
                block.x[lane] = sample.x;
                block.y[lane] = sample.y;
            }
            let count = LANES.min((end - first) as usize);
            for lane in 0..count {
                let index = block.index[lane] as usize;
                block.upper[lane] = two(top, index);
                block.lower[lane] = two(bottom, index);
            }
            for (lane, out) in out.iter_mut().enumerate() {
                let (upper, lower) = (block.upper[lane], block.lower[lane]);
                let neighbours = [upper as u32, (upper >> 32) as u32, lower as u32, (lower >> 32) as u32];
                *out = mix(neighbours, block.x[lane], block.y[lane]).to_le_bytes();
            }
        }
    }

    /// The same where columns of the frame are columns of the raster, so that neighbours lie behind one another.
    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "the samples lie in the raster")]
    fn sample_shifted(&self, walk: &Walk, start: i32, end: i32, out: &mut [Pixel]) {
        let sample = walk.sample(start);
        let count = (end - start) as usize;
        let first = sample.row as usize * self.width + sample.column as usize;
        let upper = &self.pixels[first..=first + count];
        let lower = &self.pixels[first + self.width..=first + self.width + count];
        let left = upper.iter().zip(lower);
        let right = upper[1..].iter().zip(&lower[1..]);
        for ((out, left), right) in out[..count].iter_mut().zip(left).zip(right) {
            let neighbours = [*left.0, *right.0, *left.1, *right.1].map(u32::from_le_bytes);
            *out = mix(neighbours, sample.x, sample.y).to_le_bytes();
        }
    }
}

/// Samples on their way: each array is one step's result for all of them, so that the next step is one loop over
/// vectors.
struct Block {
    index: [u32; LANES],
    x: [u32; LANES],
    y: [u32; LANES],
    /// The two neighbours above, the left one in the lower half.
    upper: [u64; LANES],
    /// The two below.
    lower: [u64; LANES],
}

/// Two pixels that lie side by side, the left one in the lower half.
#[inline(always)]
fn two(pixels: &[Pixel], index: usize) -> u64 {
    let [left, right] = pixels[index..index + 2] else { return 0 };
    u64::from(u32::from_le_bytes(left)) | u64::from(u32::from_le_bytes(right)) << 32
}
