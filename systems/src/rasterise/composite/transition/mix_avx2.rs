//! [`mix_row`](super::mix::mix_row) with AVX2's instructions, eight pixels at a time and with the same bytes: compilers
//! multiply in 32 bits where 16 do.

#![allow(clippy::allow_attributes, clippy::wildcard_imports, reason = "intrinsics have names of their own; tests may")]

use core::arch::x86_64::*;

use fearless_simd::{prelude::*, u32x8};

use super::Pixel;

const PAIR: i32 = 0x00ff_00ff;
const HALVES: i32 = 0x0080_0080;
const BLOCK: usize = 8;

fearless_simd::kernel!(
    /// All rows are of the same length.
    pub(super) fn mix_row(avx2: Avx2, out: &mut [Pixel], from: &[Pixel], to: &[Pixel], weights: &[u8]) {
        let pair = _mm256_set1_epi32(PAIR);
        let halves = _mm256_set1_epi32(HALVES);

        macro_rules! load {
            ($pixels:expr) => {{
                let pixels: &[Pixel; BLOCK] = $pixels;
                let pixels: u32x8<_> = pixels.map(u32::from_le_bytes).simd_into(avx2);
                __m256i::from(pixels)
            }};
        }

        let blocks = out.as_chunks_mut::<BLOCK>().0.iter_mut().zip(from.as_chunks::<BLOCK>().0);
        let blocks = blocks.zip(to.as_chunks::<BLOCK>().0).zip(weights.as_chunks::<BLOCK>().0);
        for (((out, from), to), weights) in blocks {
            let (from, to) = (load!(from), load!(to));
            // The weight of each pixel in both of its halves.
            let weights: u32x8<_> = weights.map(|weight| u32::from(weight) * 0x0001_0001).simd_into(avx2);
            let weights = __m256i::from(weights);
            let rest = _mm256_sub_epi16(pair, weights);
            let even = _mm256_add_epi16(
                _mm256_mullo_epi16(_mm256_and_si256(from, pair), rest),
                _mm256_mullo_epi16(_mm256_and_si256(to, pair), weights),
            );
            let odd = _mm256_add_epi16(
                _mm256_mullo_epi16(_mm256_srli_epi16::<8>(from), rest),
                _mm256_mullo_epi16(_mm256_srli_epi16::<8>(to), weights),
            );
            let (even, odd) = (_mm256_add_epi16(even, halves), _mm256_add_epi16(odd, halves));
            let even = _mm256_srli_epi16::<8>(_mm256_add_epi16(even, _mm256_srli_epi16::<8>(even)));
            let odd = _mm256_andnot_si256(pair, _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(odd)));
            let mixed: u32x8<_> = _mm256_or_si256(even, odd).simd_into(avx2);
            let mixed: [u32; BLOCK] = mixed.into();
            *out = mixed.map(u32::to_le_bytes);
        }
        let done = out.len() - out.len() % BLOCK;
        super::mix::mix_few(&mut out[done..], &from[done..], &to[done..], &weights[done..]);
    }
);
