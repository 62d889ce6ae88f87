//! Bilinear sampling of a row with AVX2's instructions.
//!
//! The compiler makes vectors of plain code only in part here: neighbours must be fetched one by one, and what it stores
//! on the way costs more than the arithmetic. Eight pixels at a time in registers took 1.9 ns a pixel where the compiler's
//! took 5.5. Neighbours are fetched two at a time by ordinary loads: a gather is no faster on the processors that it was
//! measured on, and much slower on some.
//!
//! The arithmetic is [`mix`](super::over::mix)'s, and so are the bytes.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::wildcard_imports,
    reason = "the raster has less than 2^31 pixels and the samples lie in it; intrinsics have names of their own"
)]

use core::arch::x86_64::*;

use fearless_simd::{i32x8, prelude::*, u32x8};

use super::{Pixel, layer::two, placing::Walk};

/// Two bytes with room for a product each.
const PAIR: i32 = 0x00ff_00ff;
/// One half for each of two products of 1/256 units.
const HALVES: i32 = 0x0080_0080;

fearless_simd::kernel!(
    /// The samples for the columns `start..end`, all of whose neighbours lie in the raster. Writes up to seven pixels
    /// more, of no meaning.
    pub(super) fn sample_row(
        avx2: Avx2,
        pixels: &[Pixel],
        width: usize,
        walk: &Walk,
        start: i32,
        end: i32,
        out: &mut [Pixel],
    ) {
        let below = &pixels[width..];
        let stride = width as i32;
        let (du, dv) = (_mm256_set1_epi32(walk.du), _mm256_set1_epi32(walk.dv));
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        let steps = _mm256_add_epi32(_mm256_set1_epi32(start - walk.left), lanes);
        let mut u = _mm256_add_epi32(_mm256_set1_epi32(walk.u), _mm256_mullo_epi32(steps, du));
        let mut v = _mm256_add_epi32(_mm256_set1_epi32(walk.v), _mm256_mullo_epi32(steps, dv));
        let (du, dv) = (_mm256_slli_epi32::<3>(du), _mm256_slli_epi32::<3>(dv));
        let origin = _mm256_set1_epi32(walk.row.wrapping_mul(stride).wrapping_add(walk.column));
        let stride = _mm256_set1_epi32(stride);
        let byte = _mm256_set1_epi32(255);
        let pair = _mm256_set1_epi32(PAIR);
        let mut left = (end - start) as usize;
        for out in out.as_chunks_mut::<8>().0 {
            if left == 0 {
                break;
            }
            let row = _mm256_mullo_epi32(_mm256_srai_epi32::<16>(v), stride);
            let index = _mm256_add_epi32(_mm256_add_epi32(origin, _mm256_srai_epi32::<16>(u)), row);
            let index: i32x8<_> = index.simd_into(avx2);
            let mut index: [i32; 8] = index.into();
            if left < 8 {
                // What lies behind the end need not be in the raster.
                let last = index[left - 1];
                index[left..].fill(last);
            }
            left = left.saturating_sub(8);

            // Left and right neighbours of four pixels: after the shuffles, of all eight in their order.
            macro_rules! neighbours {
                ($pixels:expr, $first:expr) => {{
                    let near = _mm_set_epi64x(
                        two($pixels, index[$first + 1] as usize) as i64,
                        two($pixels, index[$first] as usize) as i64,
                    );
                    let far = _mm_set_epi64x(
                        two($pixels, index[$first + 5] as usize) as i64,
                        two($pixels, index[$first + 4] as usize) as i64,
                    );
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
