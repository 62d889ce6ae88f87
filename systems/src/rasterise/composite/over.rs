//! Source-over and bilinear sampling on four packed bytes.
//!
//! A pixel is a `u32` with red in its lowest byte. Two of its bytes at a time are spread over 16 bits each and
//! multiplied at once, which compilers turn into vectors of eight or sixteen pixels. Every division is rounded to
//! nearest, so that blending many times does not darken.

use fearless_simd::Level;

use super::Pixel;
#[cfg(target_arch = "x86_64")]
use super::over_avx2;

/// Two bytes with room for a product each.
const PAIR: u32 = 0x00ff_00ff;
/// One half for each of two products of 1/256 units, or of 1/255 units.
const HALVES: u32 = 0x0080_0080;

/// Every channel times `factor / 255`, exactly rounded: `(t + t / 256) / 256` with `t = c * factor + 128` is that
/// for all products of two bytes.
#[inline(always)]
pub(super) fn scale(pixel: u32, factor: u32) -> u32 {
    let even = (pixel & PAIR) * factor + HALVES;
    let odd = ((pixel >> 8) & PAIR) * factor + HALVES;
    let even = ((even + ((even >> 8) & PAIR)) >> 8) & PAIR;
    let odd = (odd + ((odd >> 8) & PAIR)) & !PAIR;
    even | odd
}

/// `source` over `below`, both premultiplied: `s + d * (1 - sa)`. Cannot overflow since no channel exceeds its alpha.
#[inline(always)]
pub(super) fn over(below: u32, source: u32) -> u32 {
    source.wrapping_add(scale(below, 255 - (source >> 24)))
}

/// A row over another of the same length, with `opacity` (255 is opaque).
#[inline(always)]
pub(super) fn over_row(level: Level, below: &mut [Pixel], source: &[Pixel], opacity: u8) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = level.as_avx2() {
        return over_avx2::over_row(avx2, below, source, opacity);
    }
    let _ = level;
    over_few(below, source, opacity);
}

/// The same in plain arithmetic.
#[inline(always)]
pub(super) fn over_few(below: &mut [Pixel], source: &[Pixel], opacity: u8) {
    if opacity == 255 {
        for (below, source) in below.iter_mut().zip(source) {
            *below = over(u32::from_le_bytes(*below), u32::from_le_bytes(*source)).to_le_bytes();
        }
    } else {
        let opacity = u32::from(opacity);
        for (below, source) in below.iter_mut().zip(source) {
            let source = scale(u32::from_le_bytes(*source), opacity);
            *below = over(u32::from_le_bytes(*below), source).to_le_bytes();
        }
    }
}

/// A colour behind a row, as much of it for each pixel as `coverage` says (255 is all): destination-over.
#[inline(always)]
pub(super) fn under_row(row: &mut [Pixel], coverage: &[u8], color: Pixel) {
    let color = u32::from_le_bytes(color);
    for (pixel, coverage) in row.iter_mut().zip(coverage) {
        let (above, shade) = (u32::from_le_bytes(*pixel), scale(color, u32::from(*coverage)));
        *pixel = over(shade, above).to_le_bytes();
    }
}

/// Four neighbours (top left, top right, bottom left, bottom right) mixed: `x` / 256 of the way to the right, `y` / 256
/// of the way down, each below 256. The four weights are rounded so that they always sum up to 256; so opaque pixels
/// give an opaque pixel, and no channel exceeds its alpha.
#[inline(always)]
pub(super) fn mix([tl, tr, bl, br]: [u32; 4], x: u32, y: u32) -> u32 {
    let w_br = (x * y + 128) >> 8;
    let w_tr = x - w_br;
    let w_bl = y - w_br;
    let w_tl = 256 - x - w_bl;
    let even = (tl & PAIR) * w_tl + (tr & PAIR) * w_tr + (bl & PAIR) * w_bl + (br & PAIR) * w_br + HALVES;
    let odd = ((tl >> 8) & PAIR) * w_tl
        + ((tr >> 8) & PAIR) * w_tr
        + ((bl >> 8) & PAIR) * w_bl
        + ((br >> 8) & PAIR) * w_br
        + HALVES;
    ((even >> 8) & PAIR) | (odd & !PAIR)
}

/// Multiplies every channel of a row with the alpha of another one, of which the bits of `flip` are flipped before: with
/// 255 what is opaque in it is not seen.
#[inline(always)]
pub(super) fn mask_row(row: &mut [Pixel], mask: &[Pixel], flip: u8) {
    for (pixel, mask) in row.iter_mut().zip(mask) {
        *pixel = scale(u32::from_le_bytes(*pixel), u32::from(mask[3] ^ flip)).to_le_bytes();
    }
}
