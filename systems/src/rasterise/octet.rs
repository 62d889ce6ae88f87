//! Eight pixels at a time, each channel in a vector of floats of its own. What is written with these is compiled for
//! each kind of vectors that processors have, and gives the same bytes with all of them: of floats, only operations are
//! used that IEEE 754 defines exactly.

use fearless_simd::{f32x8, i32x8, prelude::*};

/// Four premultiplied bytes: red, green, blue, alpha.
type Pixel = [u8; 4];

/// How many pixels are taken at a time.
pub(super) const COUNT: usize = 8;

/// Bytes that are 0..=255 in each pixel, as floats.
pub(super) type Channel<S> = f32x8<S>;

/// Red, green and blue of eight pixels.
pub(super) type Colors<S> = [Channel<S>; 3];

/// Two bytes with room for a product each.
const PAIR: i32 = 0x00ff_00ff;
/// One half for each of two products of 1/255 units.
const HALVES: i32 = 0x0080_0080;

#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, pixels: &[Pixel; COUNT]) -> i32x8<S> {
    pixels.map(i32::from_le_bytes).simd_into(simd)
}

#[inline(always)]
pub(super) fn store<S: Simd>(pixels: i32x8<S>) -> [Pixel; COUNT] {
    let pixels: [i32; COUNT] = pixels.into();
    pixels.map(i32::to_le_bytes)
}

/// Red, green and blue, and alpha.
#[inline(always)]
pub(super) fn spread<S: Simd>(pixels: i32x8<S>) -> (Colors<S>, Channel<S>) {
    let red = (pixels & 255).to_float();
    let green = ((pixels >> 8) & 255).to_float();
    let blue = ((pixels >> 16) & 255).to_float();
    ([red, green, blue], ((pixels >> 24) & 255).to_float())
}

/// The nearest whole numbers; nothing may be below -0.5.
#[inline(always)]
pub(super) fn nearest<S: Simd>(values: Channel<S>) -> i32x8<S> {
    (values + 0.5).to_int()
}

/// Pixels of channels that are 0..=255.
#[inline(always)]
pub(super) fn join<S: Simd>([red, green, blue]: [i32x8<S>; 3], alpha: i32x8<S>) -> i32x8<S> {
    (red | (green << 8)) | ((blue << 16) | (alpha << 24))
}

/// Every channel times `factor / 255` (0..=255), exactly rounded.
#[inline(always)]
pub(super) fn scaled<S: Simd>(pixels: i32x8<S>, factor: u8) -> i32x8<S> {
    let factor = i32::from(factor);
    let even = (pixels & PAIR) * factor + HALVES;
    let odd = ((pixels >> 8) & PAIR) * factor + HALVES;
    let even = ((even + ((even >> 8) & PAIR)) >> 8) & PAIR;
    let odd = (odd + ((odd >> 8) & PAIR)) & !PAIR;
    even | odd
}

/// Does something to all pixels of a row, eight at a time. What is too few at its end is filled up with transparent ones.
#[inline(always)]
pub(super) fn each(row: &mut [Pixel], mut change: impl FnMut(&[Pixel; COUNT]) -> [Pixel; COUNT]) {
    // One place that calls it: compilers would not make it part of two, and then it had no vectors.
    for start in (0..row.len()).step_by(COUNT) {
        let row = &mut row[start..];
        let mut block = [[0; 4]; COUNT];
        match row.first_chunk() {
            Some(whole) => block = *whole,
            None => block[..row.len()].copy_from_slice(row),
        }
        let changed = change(&block);
        match row.first_chunk_mut() {
            Some(whole) => *whole = changed,
            None => {
                let count = row.len();
                row.copy_from_slice(&changed[..count]);
            }
        }
    }
}

/// Every kind of vectors that this machine has; first the least, with which all others are compared.
#[cfg(test)]
pub(super) fn levels() -> Vec<fearless_simd::Level> {
    use fearless_simd::Level;

    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let between = [best.as_sse4_2().map(Level::Sse4_2), best.as_avx2().map(Level::Avx2)];
    #[cfg(not(target_arch = "x86_64"))]
    let between = [None];
    [Some(Level::baseline())].into_iter().chain(between).chain([Some(best)]).flatten().collect()
}

/// This value in all of eight, in vectors of the same kind.
#[inline(always)]
pub(super) fn splat<S: Simd>(like: Channel<S>, value: f32) -> Channel<S> {
    Channel::splat(like.simd, value)
}
