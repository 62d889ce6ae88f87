//! Mixing of two rows of opaque pixels, each pixel by a weight of its own.

use fearless_simd::Level;

use super::Pixel;
#[cfg(target_arch = "x86_64")]
use super::mix_avx2;

/// Two bytes with room for a product each.
const PAIR: u32 = 0x00ff_00ff;
/// One half for each of two products of 1/255 units.
const HALVES: u32 = 0x0080_0080;

/// `from` where the weight is 0, `to` where it is 255, and between them what lies between, rounded to nearest once. All
/// rows are of the same length.
#[inline(always)]
pub(super) fn mix_row(level: Level, out: &mut [Pixel], from: &[Pixel], to: &[Pixel], weights: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = level.as_avx2() {
        return mix_avx2::mix_row(avx2, out, from, to, weights);
    }
    let _ = level;
    mix_few(out, from, to, weights);
}

/// The same in plain arithmetic.
#[inline(always)]
pub(super) fn mix_few(out: &mut [Pixel], from: &[Pixel], to: &[Pixel], weights: &[u8]) {
    for (((out, from), to), weight) in out.iter_mut().zip(from).zip(to).zip(weights) {
        *out = mix(u32::from_le_bytes(*from), u32::from_le_bytes(*to), u32::from(*weight)).to_le_bytes();
    }
}

/// Divides by 255 as `over::scale` does: the sum of both products is within what that is exact for.
#[inline(always)]
fn mix(from: u32, to: u32, weight: u32) -> u32 {
    let rest = 255 - weight;
    let even = (from & PAIR) * rest + (to & PAIR) * weight + HALVES;
    let odd = (from >> 8 & PAIR) * rest + (to >> 8 & PAIR) * weight + HALVES;
    let even = ((even + (even >> 8 & PAIR)) >> 8) & PAIR;
    let odd = (odd + (odd >> 8 & PAIR)) & !PAIR;
    even | odd
}
