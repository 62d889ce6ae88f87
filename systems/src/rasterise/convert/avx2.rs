//! The conversion of two rows with AVX2's instructions, 32 pixels of each at a time: the same integer arithmetic as
//! [`convert_luma`](super::convert_luma) and [`convert_chroma`](super::convert_chroma), and so the same bytes.

#![allow(clippy::allow_attributes, clippy::wildcard_imports, reason = "intrinsics have names of their own; tests may")]

use core::arch::x86_64::*;

use fearless_simd::{prelude::*, u8x32, u32x8};

use super::{Pixel, coefficient};

/// Pixels of a row that are converted at once.
pub(super) const BLOCK: usize = 32;
const HALF: usize = BLOCK / 2;

/// Two coefficients side by side, for two 16-bit numbers.
const fn pair(low: i32, high: i32) -> i32 {
    (high << 16) | (low & 0xffff)
}

fearless_simd::kernel!(
    /// Blocks of two rows, to two rows of luma and half a row of each chroma. All have as many blocks.
    pub(super) fn convert_blocks(
        avx2: Avx2,
        upper: &[[Pixel; BLOCK]],
        lower: &[[Pixel; BLOCK]],
        luma: [&mut [[u8; BLOCK]]; 2],
        u: &mut [[u8; HALF]],
        v: &mut [[u8; HALF]],
    ) {
        // Green's part of luma is more than 16 bits hold: it is added in two steps.
        let [kr, kg, kb] = coefficient::Y;
        let most = i16::MAX as i32;
        let red_green = _mm256_set1_epi32(pair(kr, most));
        let blue_green = _mm256_set1_epi32(pair(kb, kg - most));
        let luma_rest = _mm256_set1_epi32((16 << 16) + (1 << 15));
        macro_rules! twice {
            ($($byte:expr),*) => { _mm256_setr_epi8($($byte,)* $($byte),*) };
        }
        let to_red_green = twice!(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1);
        let to_blue_green = twice!(2, -1, 1, -1, 6, -1, 5, -1, 10, -1, 9, -1, 14, -1, 13, -1);
        // What packing in halves of a register has mixed up.
        let in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let pairs_in_order = twice!(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
        let bytes = _mm256_set1_epi32(0x00ff_00ff);
        let [[ur, ug, ub], [vr, vg, vb]] = [coefficient::CB, coefficient::CR];
        let u_red_blue = _mm256_set1_epi32(pair(ur, ub));
        let u_green = _mm256_set1_epi32(pair(ug, 0));
        let v_red_blue = _mm256_set1_epi32(pair(vr, vb));
        let v_green = _mm256_set1_epi32(pair(vg, 0));
        let chroma_rest = _mm256_set1_epi32((128 << 18) + (1 << 17));

        macro_rules! load {
            ($pixels:expr, $quarter:expr) => {{
                let pixels: u32x8<_> = $pixels.as_chunks::<8>().0[$quarter].map(u32::from_le_bytes).simd_into(avx2);
                __m256i::from(pixels)
            }};
        }
        macro_rules! sums {
            ($pixels:expr) => {{
                let a = _mm256_madd_epi16(_mm256_shuffle_epi8($pixels, to_red_green), red_green);
                let b = _mm256_madd_epi16(_mm256_shuffle_epi8($pixels, to_blue_green), blue_green);
                _mm256_srli_epi32::<16>(_mm256_add_epi32(_mm256_add_epi32(a, b), luma_rest))
            }};
        }
        macro_rules! luma {
            ($a:expr, $b:expr, $c:expr, $d:expr) => {{
                let packed = _mm256_packus_epi16(
                    _mm256_packus_epi32(sums!($a), sums!($b)),
                    _mm256_packus_epi32(sums!($c), sums!($d)),
                );
                let packed: u8x32<_> = _mm256_permutevar8x32_epi32(packed, in_order).simd_into(avx2);
                let packed: [u8; BLOCK] = packed.into();
                packed
            }};
        }
        // Sums of two pixels, one above the other: red and blue.
        macro_rules! red_blue {
            ($upper:expr, $lower:expr) => {
                _mm256_add_epi16(_mm256_and_si256($upper, bytes), _mm256_and_si256($lower, bytes))
            };
        }
        // Green and alpha.
        macro_rules! green {
            ($upper:expr, $lower:expr) => {
                _mm256_add_epi16(_mm256_srli_epi16::<8>($upper), _mm256_srli_epi16::<8>($lower))
            };
        }
        // Sums of four.
        macro_rules! across {
            ($a:expr, $b:expr) => {{
                let (a, b) = (_mm256_castsi256_ps($a), _mm256_castsi256_ps($b));
                let even = _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(a, b));
                let odd = _mm256_castps_si256(_mm256_shuffle_ps::<0xdd>(a, b));
                _mm256_add_epi16(even, odd)
            }};
        }
        macro_rules! quantise {
            ($red_blue:expr, $green:expr, $red_blue_factors:expr, $green_factors:expr) => {{
                let a = _mm256_madd_epi16($red_blue, $red_blue_factors);
                let b = _mm256_madd_epi16($green, $green_factors);
                _mm256_srli_epi32::<18>(_mm256_add_epi32(_mm256_add_epi32(a, b), chroma_rest))
            }};
        }

        let [upper_luma, lower_luma] = luma;
        let luma = upper_luma.iter_mut().zip(lower_luma);
        for (((upper, lower), (upper_luma, lower_luma)), (u, v)) in
            upper.iter().zip(lower).zip(luma).zip(u.iter_mut().zip(v))
        {
            let (a, b, c, d) = (load!(upper, 0), load!(upper, 1), load!(upper, 2), load!(upper, 3));
            let (e, f, g, h) = (load!(lower, 0), load!(lower, 1), load!(lower, 2), load!(lower, 3));
            *upper_luma = luma!(a, b, c, d);
            *lower_luma = luma!(e, f, g, h);

            let first_red_blue = across!(red_blue!(a, e), red_blue!(b, f));
            let second_red_blue = across!(red_blue!(c, g), red_blue!(d, h));
            let first_green = across!(green!(a, e), green!(b, f));
            let second_green = across!(green!(c, g), green!(d, h));
            let packed = _mm256_packus_epi16(
                _mm256_packus_epi32(
                    quantise!(first_red_blue, first_green, u_red_blue, u_green),
                    quantise!(second_red_blue, second_green, u_red_blue, u_green),
                ),
                _mm256_packus_epi32(
                    quantise!(first_red_blue, first_green, v_red_blue, v_green),
                    quantise!(second_red_blue, second_green, v_red_blue, v_green),
                ),
            );
            // All of one chroma in each half, then pairs of samples into their order.
            let packed = _mm256_shuffle_epi8(_mm256_permute4x64_epi64::<0b11_01_10_00>(packed), pairs_in_order);
            let packed: u8x32<_> = packed.simd_into(avx2);
            let packed: [u8; BLOCK] = packed.into();
            let (first, second) = packed.split_at(HALF);
            u.copy_from_slice(first);
            v.copy_from_slice(second);
        }
    }
);
