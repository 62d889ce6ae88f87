//! Bilinear sampling of a row with AVX2's instructions.
//!
//! The compiler makes vectors of plain code only in part here: neighbours must be fetched one by one, and what it stores
//! on the way costs more than the arithmetic. They are fetched two at a time by ordinary loads: a gather is much slower on
//! some processors. What takes longest is waiting for pixels that are not in the cache, so those of rows to come are asked
//! for ahead: fifty turned pictures of 256 KiB each took 21 ms a frame without that and 14 ms with it.
//!
//! The arithmetic is [`mix`](super::over::mix)'s, and so are the bytes.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the raster has less than 2^31 pixels and the samples lie in it; intrinsics have names of their own"
)]
#![allow(clippy::allow_attributes, clippy::wildcard_imports, reason = "intrinsics have names of their own; tests may")]

use core::arch::x86_64::*;

use fearless_simd::{i32x8, prelude::*, u32x8};

use super::{Pixel, placing::Walk};

/// Two bytes with room for a product each.
const PAIR: i32 = 0x00ff_00ff;
/// One half for each of two products of 1/256 units.
const HALVES: i32 = 0x0080_0080;

/// The pixels at `a` and at `b`, each with its right neighbour.
///
/// # Safety
/// Four pixels from there on, two and two, must lie in what `pixels` points into. The processor has SSE2, as all of this
/// kind have.
#[inline(always)]
#[expect(unsafe_code, reason = "checks of all sixteen loads take longer than the arithmetic")]
unsafe fn two(pixels: *const Pixel, a: i32, b: i32) -> __m128i {
    // SAFETY: as the caller promises; neither load asks for an alignment.
    unsafe {
        let a = _mm_loadl_epi64(pixels.add(a as usize).cast());
        _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(a), pixels.add(b as usize).cast()))
    }
}

fearless_simd::kernel!(
    /// The samples for the columns `start..end`, all of whose neighbours lie in the raster. Writes up to seven pixels
    /// more, of no meaning. Asks for the memory of those that lie `ahead` pixels from these.
    pub(super) fn sample_row(
        avx2: Avx2,
        pixels: &[Pixel],
        width: usize,
        walk: &Walk,
        start: i32,
        end: i32,
        ahead: isize,
        out: &mut [Pixel],
    ) {
        // The last place that has a right neighbour and one below: of what is read, nothing lies behind it.
        let Some(last) = pixels.len().checked_sub(width + 2).and_then(|last| i32::try_from(last).ok()) else { return };
        let pixels = pixels.as_ptr();
        let below = pixels.wrapping_add(width);
        let stride = width as i32;
        let (du, dv) = (_mm256_set1_epi32(walk.du), _mm256_set1_epi32(walk.dv));
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        let steps = _mm256_add_epi32(_mm256_set1_epi32(start - walk.left), lanes);
        let mut u = _mm256_add_epi32(_mm256_set1_epi32(walk.u), _mm256_mullo_epi32(steps, du));
        let mut v = _mm256_add_epi32(_mm256_set1_epi32(walk.v), _mm256_mullo_epi32(steps, dv));
        let (du, dv) = (_mm256_slli_epi32::<3>(du), _mm256_slli_epi32::<3>(dv));
        let origin = _mm256_set1_epi32(walk.row.wrapping_mul(stride).wrapping_add(walk.column));
        let stride = _mm256_set1_epi32(stride);
        let (first, last) = (_mm256_setzero_si256(), _mm256_set1_epi32(last));
        let byte = _mm256_set1_epi32(255);
        let pair = _mm256_set1_epi32(PAIR);
        let count = (end - start).max(0) as usize;
        for out in out.as_chunks_mut::<8>().0.iter_mut().take(count.div_ceil(8)) {
            let row = _mm256_mullo_epi32(_mm256_srai_epi32::<16>(v), stride);
            let index = _mm256_add_epi32(_mm256_add_epi32(origin, _mm256_srai_epi32::<16>(u)), row);
            // Samples lie in the raster; what is behind the end of the span need not.
            let index = _mm256_min_epi32(_mm256_max_epi32(index, first), last);
            let index: i32x8<_> = index.simd_into(avx2);
            let index: [i32; 8] = index.into();

            // Addresses need not lie in the raster: nothing is read.
            for lane in [0, 4] {
                let address = pixels.wrapping_offset(index[lane] as isize + ahead);
                _mm_prefetch::<_MM_HINT_T0>(address.cast());
            }

            // Left and right neighbours of four pixels: after the shuffles, of all eight in their order.
            macro_rules! neighbours {
                ($pixels:expr, $first:expr) => {{
                    // SAFETY: indices are from 0 to `last`, so that two pixels from there on lie in the raster, and two in
                    // the row below too.
                    #[expect(unsafe_code, reason = "as `two` says")]
                    let (near, far) = unsafe {
                        let near = two($pixels, index[$first], index[$first + 1]);
                        (near, two($pixels, index[$first + 4], index[$first + 5]))
                    };
                    _mm256_castsi256_ps(_mm256_inserti128_si256::<1>(_mm256_castsi128_si256(near), far))
                }};
            }
            let (upper, more) = (neighbours!(pixels, 0), neighbours!(pixels, 2));
            let tl = _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(upper, more));
            let tr = _mm256_castps_si256(_mm256_shuffle_ps::<0xdd>(upper, more));
            let (lower, more) = (neighbours!(below, 0), neighbours!(below, 2));
            let bl = _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(lower, more));
            let br = _mm256_castps_si256(_mm256_shuffle_ps::<0xdd>(lower, more));

            let x = _mm256_and_si256(_mm256_srli_epi32::<8>(u), byte);
            let y = _mm256_and_si256(_mm256_srli_epi32::<8>(v), byte);
            let w_br = _mm256_mullo_epi16(x, y);
            let w_br = _mm256_srli_epi32::<8>(_mm256_add_epi32(w_br, _mm256_set1_epi32(128)));
            let w_tr = _mm256_sub_epi32(x, w_br);
            let w_bl = _mm256_sub_epi32(y, w_br);
            let w_tl = _mm256_sub_epi32(_mm256_sub_epi32(_mm256_set1_epi32(256), x), w_bl);
            let mut even = _mm256_set1_epi32(HALVES);
            let mut odd = even;
            for (neighbour, weight) in [(tl, w_tl), (tr, w_tr), (bl, w_bl), (br, w_br)] {
                let weight = _mm256_or_si256(weight, _mm256_slli_epi32::<16>(weight));
                even = _mm256_add_epi16(even, _mm256_mullo_epi16(_mm256_and_si256(neighbour, pair), weight));
                odd = _mm256_add_epi16(odd, _mm256_mullo_epi16(_mm256_srli_epi16::<8>(neighbour), weight));
            }
            let mixed = _mm256_or_si256(_mm256_srli_epi16::<8>(even), _mm256_andnot_si256(pair, odd));
            let mixed: u32x8<_> = mixed.simd_into(avx2);
            let mixed: [u32; 8] = mixed.into();
            *out = mixed.map(u32::to_le_bytes);
            (u, v) = (_mm256_add_epi32(u, du), _mm256_add_epi32(v, dv));
        }
    }
);
