//! RGBA to I420, BT.709, limited range.
//!
//! From ITU-R BT.709-6, items 3.2 to 3.5: `Y' = 0.2126 R' + 0.7152 G' + 0.0722 B'`, `Cb = (B' - Y') / 1.8556`,
//! `Cr = (R' - Y') / 1.5748`; quantised to 16..=235 for Y and 16..=240 for Cb and Cr.
//!
//! A chroma sample is the mean of its 2x2 pixels, and so sited in their centre, as JPEG and MPEG-1 have it. MPEG-2's
//! siting on the left column needs a filter that reaches beyond the 2x2 pixels: a tile's chroma would depend on its
//! neighbour's pixels, and damage would spread.

use std::time::Instant;

use components::PixelRect;
use fearless_simd::{Level, dispatch};

use super::composite::{Pixel, Surface};
use crate::{frame::Frame, workers::Workers};

/// The coefficients in 2^-16, with the quantisation's range: 219/255 for luma, 224/255 for chroma. Those of luma sum
/// up to 219/255, those of each chroma to 0, so that greys are exact.
mod coefficient {
    pub(super) const Y: [i32; 3] = [11966, 40254, 4064];
    pub(super) const CB: [i32; 3] = [-6596, -22188, 28784];
    pub(super) const CR: [i32; 3] = [28784, -26145, -2639];
}

/// Rows of a frame's planes, to be written.
pub(crate) struct Strip<'a> {
    y: &'a mut [u8],
    u: &'a mut [u8],
    v: &'a mut [u8],
    y_stride: usize,
    uv_stride: usize,
    /// The row of the frame that it begins with.
    top: usize,
}

impl<'a> Strip<'a> {
    /// The planes cut into strips of `rows` rows, an even number.
    pub(crate) fn split(frame: &'a mut Frame, rows: usize) -> Vec<Self> {
        let (y_stride, uv_stride) = (frame.y_stride(), frame.uv_stride());
        let (y, u, v) = frame.planes_mut();
        let chroma = rows / 2 * uv_stride;
        y.chunks_mut(rows * y_stride)
            .zip(u.chunks_mut(chroma).zip(v.chunks_mut(chroma)))
            .enumerate()
            .map(|(index, (y, (u, v)))| Self { y, u, v, y_stride, uv_stride, top: index * rows })
            .collect()
    }
}

/// Brings the pixels of `area` in `strip` up to date with `surface`. All edges of `area` are even, and it lies in both.
pub(crate) fn convert(level: Level, surface: &Surface<'_>, area: PixelRect, strip: &mut Strip<'_>) {
    dispatch!(level, _ => convert_area(surface, area, strip));
}

/// [`convert`], with what it takes told to `workers`, if there are any.
pub(crate) fn convert_counted(
    level: Level,
    surface: &Surface<'_>,
    area: PixelRect,
    strip: &mut Strip<'_>,
    workers: Option<&Workers>,
) {
    let Some(workers) = workers else { return convert(level, surface, area, strip) };
    let began = Instant::now();
    convert(level, surface, area, strip);
    workers.count_converting(began.elapsed());
}

#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "areas lie on the frame")]
fn convert_area(surface: &Surface<'_>, area: PixelRect, strip: &mut Strip<'_>) {
    let (x0, x1) = (area.x0 as usize, area.x1 as usize);
    for y in (area.y0..area.y1).step_by(2) {
        let row = y as usize - strip.top;
        let upper = surface.row(area.x0, area.x1, y);
        let lower = surface.row(area.x0, area.x1, y + 1);
        for (row, pixels) in [(row, upper), (row + 1, lower)] {
            let start = row * strip.y_stride;
            convert_luma(pixels, &mut strip.y[start + x0..start + x1]);
        }
        let chroma = row / 2 * strip.uv_stride;
        let chroma = chroma + x0 / 2..chroma + x1 / 2;
        convert_chroma(upper, lower, &mut strip.u[chroma.clone()], &mut strip.v[chroma]);
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the sum is 16..=235")]
fn convert_luma(pixels: &[Pixel], luma: &mut [u8]) {
    for (luma, pixel) in luma.iter_mut().zip(pixels) {
        let pixel = u32::from_le_bytes(*pixel);
        let [r, g, b] = [pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255].map(|c| c as i32);
        let [kr, kg, kb] = coefficient::Y;
        *luma = ((kr * r + kg * g + kb * b + (16 << 16) + (1 << 15)) >> 16) as u8;
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sums of four bytes; the results are 16..=240"
)]
fn convert_chroma(upper: &[Pixel], lower: &[Pixel], u: &mut [u8], v: &mut [u8]) {
    const PAIR: u32 = 0x00ff_00ff;
    let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
    for (((upper, lower), u), v) in upper.iter().zip(lower).zip(u).zip(v) {
        let four = [upper[0], upper[1], lower[0], lower[1]].map(u32::from_le_bytes);
        // Red and blue are summed up in one number, 16 bits each.
        let red_blue: u32 = four.iter().map(|pixel| pixel & PAIR).sum();
        let green: u32 = four.iter().map(|pixel| pixel >> 8 & 255).sum();
        let [r, g, b] = [red_blue & 0xffff, green, red_blue >> 16].map(|c| c as i32);
        // The coefficients are in 2^-16, and a sum is four times the mean.
        let quantise = |[kr, kg, kb]: [i32; 3]| ((kr * r + kg * g + kb * b + (128 << 18) + (1 << 17)) >> 18) as u8;
        *u = quantise(coefficient::CB);
        *v = quantise(coefficient::CR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Greatest difference to the exact value, in codes: rounding alone would be 0.5.
    const TOLERANCE: f64 = 0.51;

    /// Y, Cb and Cr of a frame of one colour.
    fn converted(color: [u8; 3]) -> [u8; 3] {
        let mut pixels = vec![[color[0], color[1], color[2], 255]; 36 * 2];
        let surface = Surface::new(&mut pixels, 36, 0, 0);
        let mut frame = Frame::new(36, 2);
        for strip in &mut Strip::split(&mut frame, 2) {
            convert(Level::new(), &surface, PixelRect::new(0, 0, 36, 2), strip);
        }
        let (y, u, v) = frame.planes();
        assert!(y.iter().all(|luma| *luma == y[0]));
        assert!(u[..18].iter().all(|chroma| *chroma == u[0]) && v[..18].iter().all(|chroma| *chroma == v[0]));
        [y[0], u[0], v[0]]
    }

    #[test]
    fn colours_are_within_rounding_of_bt709() {
        let levels = (0..=255).step_by(5);
        for (r, g, b) in levels.clone().flat_map(|r| {
            let levels = levels.clone();
            levels.clone().flat_map(move |g| levels.clone().map(move |b| (r, g, b)))
        }) {
            let [red, green, blue] = [r, g, b].map(|c: u8| f64::from(c) / 255.0);
            let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
            let exact =
                [16.0 + 219.0 * luma, 128.0 + 224.0 * (blue - luma) / 1.8556, 128.0 + 224.0 * (red - luma) / 1.5748];
            for (got, exact) in converted([r, g, b]).into_iter().zip(exact) {
                assert!((f64::from(got) - exact).abs() <= TOLERANCE, "{r} {g} {b}: {got}, exactly {exact}");
            }
        }
    }

    /// The codes of 100 % colour bars, as tables of BT.709 have them.
    #[test]
    fn colour_bars_have_the_known_codes() {
        let bars = [
            ([255, 255, 255], [235, 128, 128]),
            ([255, 255, 0], [219, 16, 138]),
            ([0, 255, 255], [188, 154, 16]),
            ([0, 255, 0], [173, 42, 26]),
            ([255, 0, 255], [78, 214, 230]),
            ([255, 0, 0], [63, 102, 240]),
            ([0, 0, 255], [32, 240, 118]),
            ([0, 0, 0], [16, 128, 128]),
        ];
        for (color, codes) in bars {
            assert_eq!(converted(color), codes, "{color:?}");
        }
    }

    /// Each chroma sample is the mean of its own four pixels.
    #[test]
    fn chroma_is_the_mean_of_four_pixels() {
        let mut pixels = vec![[0, 0, 0, 255]; 16];
        for index in [2, 3, 6, 7] {
            pixels[index] = [255, 0, 0, 255];
        }
        pixels[8] = [0, 0, 255, 255];
        let surface = Surface::new(&mut pixels, 4, 0, 0);
        let mut frame = Frame::new(4, 4);
        for strip in &mut Strip::split(&mut frame, 4) {
            convert(Level::new(), &surface, PixelRect::new(0, 0, 4, 4), strip);
        }
        let (_, u, v) = frame.planes();
        assert_eq!(v[..2], [128, 240]);
        // A quarter of blue's 112 above the middle.
        assert_eq!(u[frame.uv_stride()..][..2], [156, 128]);
    }
}
