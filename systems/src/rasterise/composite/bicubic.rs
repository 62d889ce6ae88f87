//! Bicubic sampling by Catmull-Rom splines: sixteen neighbours to a sample.
//!
//! It keeps edges and text sharp that stand between pixels or are enlarged, where [bilinear](super::over::mix) sampling
//! blurs them. The spline is the cubic of R. Keys, "Cubic convolution interpolation for digital image processing" (1981)
//! with a = -1/2. It overshoots at edges, so results are clamped: to what a byte holds, and colours to their alpha.
//!
//! A raster that is laid down smaller than it is, down to a half, has more than one pixel to a sample, and detail that is too
//! fine for the frame: by the spline alone it comes back as stripes that are not in the picture (moiré), and comes and goes
//! while a layer changes its size. So it is mixed with the mean of the pixels that a sample stands for: at its own size the
//! spline is alone, at a half nothing of it is left, and between them its share falls by the square, since moiré begins right
//! below the own size. How sharp a picture is then changes little from one size to the next, also where a raster of half the
//! size takes over; see `systems/tests/ticks/scaling.rs`. What was enlarged itself has nothing too fine at twice the size that
//! it came from, and is sampled by the spline alone down to there.
//!
//! Columns are summed up first, at 1/128 of a code, then rows. With AVX2 the four neighbours of a row are loaded at once,
//! sixteen bytes in a vector; plain code does the same arithmetic, and so are the bytes.

use super::Pixel;

/// 1 as a weight.
const ONE: i64 = 1 << 14;
/// One half of the last place that is dropped in the first sum.
const HALF: i32 = 1 << 14;
/// Places that are dropped after the second sum: those of a weight, and 7 of the first sum.
const DROPPED: u32 = 21;
/// Puts back the 128 that was taken off each channel, so that sums have room in 16 bits, and rounds.
const BIAS: i32 = (128 << DROPPED) + (1 << (DROPPED - 1));

/// Of the sizes between a half and all, which are told apart.
const STEPS: usize = 32;

/// Weights of four neighbours, by how many 256ths a sample lies behind the second.
type Weights = [[i16; 4]; 256];

/// The weights for each size that a raster is laid down at: from all of its size, the spline alone, to a half without it.
static WEIGHTS: [Weights; STEPS + 1] = {
    let mut all = [[[0; 4]; 256]; STEPS + 1];
    let mut step = 0;
    while step <= STEPS {
        all[step] = weights(step);
        step += 1;
    }
    all
};

/// By which weights a raster is sampled along its rows and along its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    across: &'static Weights,
    down: &'static Weights,
}

impl Kernel {
    /// For so many pixels of the frame to one of the raster, across and down.
    pub(super) fn new((across, down): (f64, f64)) -> Self {
        Self { across: &WEIGHTS[step(across)], down: &WEIGHTS[step(down)] }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and STEPS")]
fn step(size: f64) -> usize {
    ((1.0 - size).clamp(0.0, 0.5) * 2.0 * STEPS as f64).round() as usize
}

/// The share of the pixels that lie within half of `width` of a sample which a neighbour at this distance has.
const fn within(distance: f64, width: f64) -> f64 {
    let end = if distance + 0.5 < width / 2.0 { distance + 0.5 } else { width / 2.0 };
    let covered = end - (distance - 0.5);
    if covered > 0.0 { covered / width } else { 0.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "weights are between -0.08 and 1")]
const fn weights(step: usize) -> Weights {
    let size = 1.0 - step as f64 / (2 * STEPS) as f64;
    let of_spline = (2.0 * size - 1.0) * (2.0 * size - 1.0);
    let mut table = [[0; 4]; 256];
    let mut at = 0;
    while at < 256 {
        let t = at as f64 / 256.0;
        let (t2, t3) = (t * t, t * t * t);
        let spline = [2.0 * t2 - t - t3, 2.0 - 5.0 * t2 + 3.0 * t3, t + 4.0 * t2 - 3.0 * t3, t3 - t2];
        let distances = [1.0 + t, t, 1.0 - t, 2.0 - t];
        let (mut rounded, mut sum, mut index) = ([0; 4], 0, 0);
        while index < 4 {
            let exact = of_spline * spline[index] / 2.0 + (1.0 - of_spline) * within(distances[index], 1.0 / size);
            // Rounded to the nearest; none is below -1.
            rounded[index] = ((exact + 1.0) * ONE as f64 + 0.5) as i64 - ONE;
            sum += rounded[index];
            index += 1;
        }
        // They sum up to 1 exactly, so that an even area stays what it is.
        let nearest = if at < 128 { 1 } else { 2 };
        rounded[nearest] += ONE - sum;
        let mut index = 0;
        while index < 4 {
            table[at][index] = rounded[index] as i16;
            index += 1;
        }
        at += 1;
    }
    table
}

/// Four rows of four neighbours mixed, the sample being `x` / 256 of the way from the second column to the third and
/// `y` / 256 of the way from the second row to the third, each below 256.
#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "clamped to a byte")]
pub(super) fn mix(rows: [[Pixel; 4]; 4], x: u32, y: u32, kernel: Kernel) -> Pixel {
    let (across, down) = (&kernel.across[x as usize & 255], &kernel.down[y as usize & 255]);
    let mut mixed = [0; 4];
    for (channel, mixed) in mixed.iter_mut().enumerate() {
        let mut sum = BIAS;
        for (column, weight) in across.iter().enumerate() {
            let mut down_sum = 0;
            for (row, weight) in rows.iter().zip(down) {
                let centred = (i32::from(row[column][channel]) - 128) << 8;
                down_sum += (centred * i32::from(*weight) + HALF) >> 15;
            }
            sum += down_sum * i32::from(*weight);
        }
        *mixed = (sum >> DROPPED).clamp(0, 255) as u8;
    }
    let [r, g, b, a] = mixed;
    [r.min(a), g.min(a), b.min(a), a]
}

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::{sample_row, shifted_row};

#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the raster has less than 2^31 pixels and the samples lie in it; intrinsics have names of their own"
)]
#[allow(clippy::allow_attributes, clippy::wildcard_imports, reason = "intrinsics have names of their own; tests may")]
mod avx2 {
    use core::arch::x86_64::*;

    use fearless_simd::{prelude::*, u32x4};

    use super::{BIAS, DROPPED, Kernel};
    use crate::{
        rasterise::composite::{Pixel, placing::Walk},
        tiles::TILE,
    };

    /// Two channels' worth of columns behind each other, for each half of a vector.
    const PAIRED: [i8; 16] = [0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15];
    /// The alpha of each pixel four times.
    const ALPHAS: [i8; 16] = [3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15];

    /// Four pixels, eight bits more to each byte, from -32768 on.
    ///
    /// # Safety
    /// Four pixels from there on must lie in what `pixels` points into. The processor has AVX2.
    #[inline]
    #[target_feature(enable = "avx2")]
    #[expect(unsafe_code, reason = "checks of all sixteen loads take longer than the arithmetic")]
    unsafe fn four(pixels: *const Pixel) -> __m256i {
        // SAFETY: as the caller promises; the load asks for no alignment.
        let bytes = unsafe { _mm_loadu_si128(pixels.cast()) };
        let wide = _mm256_slli_epi16::<8>(_mm256_cvtepu8_epi16(bytes));
        _mm256_xor_si256(wide, _mm256_set1_epi16(i16::MIN))
    }

    fn bytes(mask: [i8; 16]) -> u128 {
        u128::from_le_bytes(mask.map(i8::cast_unsigned))
    }

    /// Sixteen channels of sums.
    ///
    /// # Safety
    /// Sixteen must lie in what `sums` points into, from there on. The processor has AVX2.
    #[inline]
    #[target_feature(enable = "avx2")]
    #[expect(unsafe_code, reason = "there is no other way to load a vector of integers")]
    unsafe fn sixteen(sums: *const i16) -> __m256i {
        // SAFETY: as the caller promises; the load asks for no alignment.
        unsafe { _mm256_loadu_si256(sums.cast()) }
    }

    fearless_simd::kernel!(
        /// The same where each column of the frame is one column of the raster ([`Walk::is_shift`]), and there are no more
        /// than [`TILE`]: weights are the same all along the row, and the sum of a column is taken once for the four
        /// samples that use it.
        pub(in super::super) fn shifted_row(
            avx2: Avx2,
            pixels: &[Pixel],
            width: usize,
            walk: &Walk,
            kernel: Kernel,
            start: i32,
            end: i32,
            out: &mut [Pixel],
        ) {
            let sample = walk.sample(start);
            let first = (sample.row - 1) as usize * width + (sample.column - 1) as usize;
            let count = (end - start).clamp(1, TILE as i32) as usize;
            // Slices, so that what lies outside of the raster is found here.
            let [a, b, c, d] = [0, 1, 2, 3].map(|row| pixels[first + row * width..][..count + 3].as_ptr());
            let weights = kernel.down[sample.y as usize & 255].map(|weight| _mm256_set1_epi16(weight));
            // Three columns more than samples; what vectors hold beyond them is of no meaning.
            let mut sums = [0_i16; 4 * (TILE + 8)];
            for group in 0..(count + 3).div_ceil(4) {
                // The last four columns again where there are fewer.
                let column = (4 * group).min(count - 1);
                let mut sum = _mm256_setzero_si256();
                for (row, weight) in [a, b, c, d].into_iter().zip(weights) {
                    // SAFETY: `column` + 3 is at most `count` + 2, and there are `count` + 3 pixels in each row.
                    #[expect(unsafe_code, reason = "as `four` says")]
                    let neighbours = unsafe { four(row.wrapping_add(column)) };
                    sum = _mm256_add_epi16(sum, _mm256_mulhrs_epi16(neighbours, weight));
                }
                // SAFETY: 4 * `column` + 16 is at most 4 * (`TILE` + 3).
                #[expect(unsafe_code, reason = "there is no other way to store a vector of integers")]
                unsafe {
                    _mm256_storeu_si256(sums.as_mut_ptr().add(4 * column).cast(), sum);
                }
            }
            let [left, second, third, right] =
                kernel.across[sample.x as usize & 255].map(|w| i32::from(w.cast_unsigned()));
            let (near, far) = (_mm256_set1_epi32(left | second << 16), _mm256_set1_epi32(third | right << 16));
            let bias = _mm256_set1_epi32(BIAS);
            let alphas = bytes(ALPHAS);
            let alphas = _mm_set_epi64x((alphas >> 64) as i64, alphas as i64);
            for (group, out) in out.as_chunks_mut::<4>().0.iter_mut().take(count.div_ceil(4)).enumerate() {
                let at = sums.as_ptr().wrapping_add(16 * group);
                // SAFETY: `group` is below `TILE` / 4, so that this ends at 4 * (`TILE` + 3) at most.
                #[expect(unsafe_code, reason = "as `sixteen` says")]
                let [a, b, c, d] = unsafe {
                    [
                        sixteen(at),
                        sixteen(at.wrapping_add(4)),
                        sixteen(at.wrapping_add(8)),
                        sixteen(at.wrapping_add(12)),
                    ]
                };
                // Two of the four pixels each, the first and the third, the second and the fourth.
                let mix = |ab: __m256i, cd: __m256i| {
                    let sum = _mm256_add_epi32(_mm256_madd_epi16(ab, near), _mm256_madd_epi16(cd, far));
                    _mm256_srai_epi32::<{ DROPPED as i32 }>(_mm256_add_epi32(sum, bias))
                };
                let odd = mix(_mm256_unpacklo_epi16(a, b), _mm256_unpacklo_epi16(c, d));
                let even = mix(_mm256_unpackhi_epi16(a, b), _mm256_unpackhi_epi16(c, d));
                let mixed = _mm256_packs_epi32(odd, even);
                let mixed = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi16(mixed, mixed));
                let mixed = _mm256_castsi256_si128(mixed);
                let mixed = _mm_min_epu8(mixed, _mm_shuffle_epi8(mixed, alphas));
                let mixed: u32x4<_> = mixed.simd_into(avx2);
                let mixed: [u32; 4] = mixed.into();
                *out = mixed.map(u32::to_le_bytes);
            }
        }
    );

    fearless_simd::kernel!(
        /// The samples for the columns `start..end`, all of whose neighbours lie in the raster. Writes up to three pixels
        /// more, of no meaning. Asks for the memory of those that lie `ahead` pixels from these.
        pub(in super::super) fn sample_row(
            avx2: Avx2,
            pixels: &[Pixel],
            width: usize,
            walk: &Walk,
            kernel: Kernel,
            start: i32,
            end: i32,
            ahead: isize,
            out: &mut [Pixel],
        ) {
            // The last place that has three neighbours to the right and three rows below.
            let Some(last) = pixels.len().checked_sub(3 * width + 4).and_then(|last| i32::try_from(last).ok()) else {
                return;
            };
            let pixels = pixels.as_ptr();
            let stride = width as i32;
            let paired = bytes(PAIRED);
            let paired = _mm256_set_epi64x((paired >> 64) as i64, paired as i64, (paired >> 64) as i64, paired as i64);
            let alphas = bytes(ALPHAS);
            let alphas = _mm_set_epi64x((alphas >> 64) as i64, alphas as i64);
            let bias = _mm_set1_epi32(BIAS);
            let count = (end - start).max(0) as usize;
            let mut x = start;
            for out in out.as_chunks_mut::<4>().0.iter_mut().take(count.div_ceil(4)) {
                let mut sums = [bias; 4];
                for (lane, sum) in sums.iter_mut().enumerate() {
                    let sample = walk.sample(x + lane as i32);
                    // Samples lie in the raster; what is behind the end of the span need not.
                    let index = (sample.row - 1).wrapping_mul(stride).wrapping_add(sample.column - 1).clamp(0, last);
                    let at = pixels.wrapping_add(index as usize);
                    if lane & 1 == 0 {
                        // The address need not lie in the raster: nothing is read.
                        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_offset(ahead).cast());
                    }
                    let down = &kernel.down[sample.y as usize & 255];
                    let mut column = _mm256_setzero_si256();
                    for (row, weight) in down.iter().enumerate() {
                        // SAFETY: indices are from 0 to `last`, so that four pixels from there on lie in the raster, and
                        // four in each of the three rows below too.
                        #[expect(unsafe_code, reason = "as `four` says")]
                        let neighbours = unsafe { four(at.wrapping_add(row * width)) };
                        let weighed = _mm256_mulhrs_epi16(neighbours, _mm256_set1_epi16(*weight));
                        column = _mm256_add_epi16(column, weighed);
                    }
                    let [a, b, c, d] =
                        kernel.across[sample.x as usize & 255].map(|weight| i32::from(weight.cast_unsigned()));
                    let across = _mm256_set_m128i(_mm_set1_epi32(c | d << 16), _mm_set1_epi32(a | b << 16));
                    let row = _mm256_madd_epi16(_mm256_shuffle_epi8(column, paired), across);
                    let row = _mm_add_epi32(_mm256_castsi256_si128(row), _mm256_extracti128_si256::<1>(row));
                    *sum = _mm_srai_epi32::<{ DROPPED as i32 }>(_mm_add_epi32(row, *sum));
                }
                let mixed = _mm_packus_epi16(_mm_packs_epi32(sums[0], sums[1]), _mm_packs_epi32(sums[2], sums[3]));
                let mixed = _mm_min_epu8(mixed, _mm_shuffle_epi8(mixed, alphas));
                let mixed: u32x4<_> = mixed.simd_into(avx2);
                let mixed: [u32; 4] = mixed.into();
                *out = mixed.map(u32::to_le_bytes);
                x += 4;
            }
        }
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_spline() {
        for (at, weights) in WEIGHTS[0].iter().enumerate() {
            let t = at as f64 / 256.0;
            let spline = |x: f64| {
                let x = x.abs();
                if x < 1.0 {
                    1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0
                } else {
                    -0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0
                }
            };
            let exact = [spline(1.0 + t), spline(t), spline(1.0 - t), spline(2.0 - t)];
            for (weight, exact) in weights.iter().zip(exact) {
                assert!(
                    (f64::from(*weight) / ONE as f64 - exact).abs() < 2.0 / ONE as f64,
                    "{at}: {weights:?}, {exact}"
                );
            }
            assert_eq!(weights.iter().map(|weight| i64::from(*weight)).sum::<i64>(), ONE);
        }
    }

    /// At half of its size each pixel is to be seen about as much as any other.
    #[test]
    fn weights_of_smaller_pictures_are_spread() {
        for weights in &WEIGHTS {
            assert!(weights.iter().all(|weights| weights.iter().map(|weight| i64::from(*weight)).sum::<i64>() == ONE));
        }
        let exact = |weights: [i16; 4]| weights.map(|weight| f64::from(weight) / ONE as f64);
        let [left, middle, right, far] = exact(WEIGHTS[STEPS][0]);
        assert_eq!((left, middle, right, far), (0.25, 0.5, 0.25, 0.0), "the mean of two pixels");
        assert_eq!(exact(WEIGHTS[STEPS][128]), [0.0, 0.5, 0.5, 0.0]);
        assert_eq!((step(1.5), step(1.0), step(0.75), step(0.5), step(0.1)), (0, 0, STEPS / 2, STEPS, STEPS));
    }

    #[test]
    fn even_areas_stay_what_they_are() {
        for byte in 0..=255u8 {
            for (x, y) in [(0, 0), (1, 255), (77, 128), (128, 128), (200, 3)] {
                for size in [1.0, 0.8, 0.5] {
                    assert_eq!(mix([[[byte; 4]; 4]; 4], x, y, Kernel::new((size, 1.0))), [byte; 4]);
                }
            }
        }
    }
}
