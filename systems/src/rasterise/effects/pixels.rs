//! Runs over all pixels of a picture with straight colours, and colour matrices.

use components::Color;
use fearless_simd::{Level, dispatch, prelude::*};
use tiny_skia::Pixmap;

use crate::rasterise::octet::{self, COUNT, Channel, Colors, join, load, nearest, spread, store};

/// The luminance of red, green and blue, as Filter Effects' matrices for saturation, hue and grey have it.
pub(super) const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Three rows for red, green and blue, each their shares and an offset; on straight colours of 0..=1.
pub(super) type Matrix = [[f32; 4]; 3];

/// Something that makes another colour of each.
pub(super) trait Recolor {
    /// What becomes of straight colours of 0..=1, and the share of the alpha that is left; what is beyond 0..=1 is clamped.
    /// Where a pixel is transparent its colour is not a number, and whatever becomes of it is not seen.
    fn recolored<S: Simd>(&self, colors: Colors<S>) -> (Colors<S>, Channel<S>);
}

/// Changes the colour and the alpha of every pixel that is seen at all.
pub(super) fn recolor(level: Level, picture: &mut Pixmap, change: &impl Recolor) {
    let pixels = picture.data_mut().as_chunks_mut::<4>().0;
    dispatch!(level, simd => recolor_with(simd, pixels, change));
}

#[inline(always)]
fn recolor_with<S: Simd>(simd: S, pixels: &mut [[u8; 4]], change: &impl Recolor) {
    // Neighbours are often equal.
    let (mut before, mut after) = ([[0; 4]; COUNT], [[0; 4]; COUNT]);
    octet::each(pixels, |pixels| {
        if *pixels != before {
            before = *pixels;
            let pixels = load(simd, pixels);
            let ([r, g, b], alpha) = spread(pixels);
            let ([r, g, b], kept) = change.recolored([r / alpha, g / alpha, b / alpha]);
            let left = nearest(alpha * clamped(kept));
            let factor: Channel<S> = left.to_float();
            let byte = |value: Channel<S>| nearest(clamped(value) * factor);
            let changed = join([byte(r), byte(g), byte(b)], left);
            // Colours of what is transparent are none.
            after = store(alpha.simd_eq(0.0).select(pixels, changed));
        }
        after
    });
}

/// Within 0..=1.
#[inline(always)]
pub(super) fn clamped<S: Simd>(value: Channel<S>) -> Channel<S> {
    value.max(0.0).min(1.0)
}

#[inline(always)]
pub(super) fn luminance<S: Simd>([r, g, b]: Colors<S>) -> Channel<S> {
    r * LUMA[0] + g * LUMA[1] + b * LUMA[2]
}

/// The colour times the matrix, clamped to 0..=1.
#[inline(always)]
pub(super) fn multiplied<S: Simd>(matrix: &Matrix, [r, g, b]: Colors<S>) -> Colors<S> {
    let row = |row: &[f32; 4]| clamped(r * row[0] + g * row[1] + b * row[2] + row[3]);
    [row(&matrix[0]), row(&matrix[1]), row(&matrix[2])]
}

/// Red, green and blue as 0..=1.
pub(super) fn straight(color: Color) -> [f32; 3] {
    [color.r, color.g, color.b].map(|value| f32::from(value) / 255.0)
}
