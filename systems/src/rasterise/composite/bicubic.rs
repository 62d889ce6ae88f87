//! Bicubic sampling by Catmull-Rom splines: sixteen neighbours to a sample.
//!
//! It keeps edges and text sharp that stand between pixels or are enlarged, where [bilinear](super::over::mix) sampling
//! blurs them. The spline is the cubic of R. Keys, "Cubic convolution interpolation for digital image processing" (1981)
//! with a = -1/2. It overshoots at edges, so results are clamped: to what a byte holds, and colours to their alpha.
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

/// The weights of the four neighbours of a sample that lies so many 256ths behind the second.
pub(super) static WEIGHTS: [[i16; 4]; 256] = weights();

#[expect(clippy::cast_possible_truncation, reason = "weights are between -0.08 and 1")]
const fn weights() -> [[i16; 4]; 256] {
    let mut table = [[0; 4]; 256];
    let mut at = 0;
    while at < 256 {
        // In 2^-25: cubes of 256ths, halved.
        let (t, one) = (at as i64, 256);
        let (t1, t2, t3) = (t * one * one, t * t * one, t * t * t);
        let exact = [-t1 + 2 * t2 - t3, 2 * one * one * one - 5 * t2 + 3 * t3, t1 + 4 * t2 - 3 * t3, t3 - t2];
        let mut rounded = [0; 4];
        let mut index = 0;
        while index < 4 {
            rounded[index] = (exact[index] + (1 << 10)) >> 11;
            index += 1;
        }
        // They sum up to 1 exactly, so that an even area stays what it is.
        let nearest = if at < 128 { 1 } else { 2 };
        rounded[nearest] += ONE - (rounded[0] + rounded[1] + rounded[2] + rounded[3]);
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
pub(super) fn mix(rows: [[Pixel; 4]; 4], x: u32, y: u32) -> Pixel {
    let (across, down) = (&WEIGHTS[x as usize & 255], &WEIGHTS[y as usize & 255]);
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
pub(super) use avx2::sample_row;

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

    use super::{BIAS, DROPPED, WEIGHTS};
    use crate::rasterise::composite::{Pixel, placing::Walk};

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

    fearless_simd::kernel!(
        /// The samples for the columns `start..end`, all of whose neighbours lie in the raster. Writes up to three pixels
        /// more, of no meaning. Asks for the memory of those that lie `ahead` pixels from these.
        pub(in super::super) fn sample_row(
            avx2: Avx2,
            pixels: &[Pixel],
            width: usize,
            walk: &Walk,
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
                    let down = &WEIGHTS[sample.y as usize & 255];
                    let mut column = _mm256_setzero_si256();
                    for (row, weight) in down.iter().enumerate() {
                        // SAFETY: indices are from 0 to `last`, so that four pixels from there on lie in the raster, and
                        // four in each of the three rows below too.
                        #[expect(unsafe_code, reason = "as `four` says")]
                        let neighbours = unsafe { four(at.wrapping_add(row * width)) };
                        let weighed = _mm256_mulhrs_epi16(neighbours, _mm256_set1_epi16(*weight));
                        column = _mm256_add_epi16(column, weighed);
                    }
                    let [a, b, c, d] = WEIGHTS[sample.x as usize & 255].map(|weight| i32::from(weight.cast_unsigned()));
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
        for (at, weights) in WEIGHTS.iter().enumerate() {
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

    #[test]
    fn even_areas_stay_what_they_are() {
        for byte in 0..=255u8 {
            for (x, y) in [(0, 0), (1, 255), (77, 128), (128, 128), (200, 3)] {
                assert_eq!(mix([[[byte; 4]; 4]; 4], x, y), [byte; 4]);
            }
        }
    }
}
