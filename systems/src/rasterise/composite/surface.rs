//! A part of the frame that is being drawn.

use components::PixelRect;

use super::Pixel;

/// A rectangle of the frame, with its pixels: a strip of the canvas, or the picture of a group in one tile.
pub(crate) struct Surface<'a> {
    pixels: &'a mut [Pixel],
    /// Pixels in a row.
    stride: usize,
    area: PixelRect,
}

impl<'a> Surface<'a> {
    /// Rows of `stride` pixels, of which the first one lies at (`x0`, `y0`) of the frame.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "frames have at most 3840 pixels a side"
    )]
    pub(crate) fn new(pixels: &'a mut [Pixel], stride: usize, x0: usize, y0: usize) -> Self {
        let (x1, y1) = (x0 + stride, y0 + pixels.len() / stride);
        Self { pixels, stride, area: PixelRect::new(x0 as i32, y0 as i32, x1 as i32, y1 as i32) }
    }

    /// The pixels of the frame that it holds.
    pub(crate) fn area(&self) -> PixelRect {
        self.area
    }

    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "callers ask for pixels inside only; others fail the slice's check")]
    fn range(&self, x0: i32, x1: i32, y: i32) -> std::ops::Range<usize> {
        let row = (y - self.area.y0) as usize * self.stride;
        row + (x0 - self.area.x0) as usize..row + (x1 - self.area.x0) as usize
    }

    /// The pixels `x0..x1` of row `y` of the frame, which must be inside.
    #[inline(always)]
    pub(crate) fn row(&self, x0: i32, x1: i32, y: i32) -> &[Pixel] {
        &self.pixels[self.range(x0, x1, y)]
    }

    /// The pixels `x0..x1` of row `y` of the frame, which must be inside.
    #[inline(always)]
    pub(crate) fn row_mut(&mut self, x0: i32, x1: i32, y: i32) -> &mut [Pixel] {
        let range = self.range(x0, x1, y);
        &mut self.pixels[range]
    }

    /// Sets every pixel of `area`, which must be inside.
    pub(crate) fn fill(&mut self, area: PixelRect, pixel: Pixel) {
        for y in area.y0..area.y1 {
            self.row_mut(area.x0, area.x1, y).fill(pixel);
        }
    }
}
