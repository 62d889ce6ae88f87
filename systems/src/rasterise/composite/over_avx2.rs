//! Source-over of a row with AVX2's instructions: [`over_row`](super::over::over_row), eight pixels at a time and with
//! the same bytes.
//!
//! Compilers multiply in 32 bits where 16 would do, and cannot know that most blocks of a picture are all opaque or all
//! transparent: those are copied or left out.

#![allow(clippy::allow_attributes, clippy::wildcard_imports, reason = "intrinsics have names of their own; tests may")]

use core::arch::x86_64::*;

use fearless_simd::{prelude::*, u32x8};

use super::Pixel;

/// Two bytes with room for a product each.
const PAIR: i32 = 0x00ff_00ff;
/// One half for each of two products of 1/255 units.
const HALVES: i32 = 0x0080_0080;
const ALPHA: i32 = 0xff00_0000_u32.cast_signed();
const BLOCK: usize = 8;

fearless_simd::kernel!(
    /// A row over another of the same length, with `opacity` (255 is opaque).
    pub(super) fn over_row(avx2: Avx2, below: &mut [Pixel], source: &[Pixel], opacity: u8) {
        let pair = _mm256_set1_epi32(PAIR);
        let halves = _mm256_set1_epi32(HALVES);
        let alpha = _mm256_set1_epi32(ALPHA);
        let ones = _mm256_set1_epi8(-1);
        // The alpha of each pixel in both of its halves.
        let spread = _mm256_setr_epi8(
            3, -1, 3, -1, 7, -1, 7, -1, 11, -1, 11, -1, 15, -1, 15, -1, 3, -1, 3, -1, 7, -1, 7, -1, 11, -1, 11, -1, 15,
            -1, 15, -1,
        );
        let fading = _mm256_set1_epi16(i16::from(opacity));

        macro_rules! load {
            ($pixels:expr) => {{
                let pixels: &[Pixel; BLOCK] = $pixels;
                let pixels: u32x8<_> = pixels.map(u32::from_le_bytes).simd_into(avx2);
                __m256i::from(pixels)
            }};
        }
        macro_rules! store {
            ($vector:expr) => {{
                let vector: u32x8<_> = $vector.simd_into(avx2);
                let pixels: [u32; BLOCK] = vector.into();
                pixels.map(u32::to_le_bytes)
            }};
        }
        // Every channel times a factor of its pixel, in 1/255, rounded.
        macro_rules! scale {
            ($pixels:expr, $factor:expr) => {{
                let even = _mm256_mullo_epi16(_mm256_and_si256($pixels, pair), $factor);
                let odd = _mm256_mullo_epi16(_mm256_srli_epi16::<8>($pixels), $factor);
                let (even, odd) = (_mm256_add_epi16(even, halves), _mm256_add_epi16(odd, halves));
                let even = _mm256_srli_epi16::<8>(_mm256_add_epi16(even, _mm256_srli_epi16::<8>(even)));
                let odd = _mm256_andnot_si256(pair, _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(odd)));
                _mm256_or_si256(even, odd)
            }};
        }
        macro_rules! over {
            ($below:expr, $source:expr) => {{
                let source = if opacity == 255 { $source } else { scale!($source, fading) };
                let factor = _mm256_shuffle_epi8(_mm256_xor_si256(source, ones), spread);
                _mm256_add_epi8(source, scale!($below, factor))
            }};
        }

        // The last block may overlap the one before: it is mixed from what was there at first.
        let last = match (below.last_chunk::<BLOCK>(), source.last_chunk::<BLOCK>()) {
            (Some(below), Some(source)) => store!(over!(load!(below), load!(source))),
            _ => return super::over::over_few(below, source, opacity),
        };
        for (below, source) in below.as_chunks_mut::<BLOCK>().0.iter_mut().zip(source.as_chunks::<BLOCK>().0) {
            let pixels = load!(source);
            if _mm256_testz_si256(pixels, pixels) == 1 {
                continue;
            }
            if opacity == 255 && _mm256_testc_si256(pixels, alpha) == 1 {
                *below = *source;
                continue;
            }
            *below = store!(over!(load!(below), pixels));
        }
        if let Some(below) = below.last_chunk_mut::<BLOCK>() {
            *below = last;
        }
    }
);
