//! The blend modes other than normal.
//!
//! Formulas are those of the W3C's "Compositing and Blending Level 1", <https://www.w3.org/TR/compositing-1/>: chapters
//! 10.1 (separable modes) and 10.2 (non-separable ones), put into chapter 5's equation for source-over, here with
//! premultiplied colours: `S * (1 - ab) + D * (1 - as) + as * ab * B(Cb, Cs)`. `plus-lighter` is from chapter 9.1.14 of
//! Level 2, <https://drafts.fxtf.org/compositing-2/>. They are rare and may cost more than source-over, so they are
//! worked out in `f32`; only operations that IEEE 754 defines exactly are used, so bytes are the same everywhere.

use components::BlendMode;

use super::{Pixel, over::scale};

/// Blends a row onto another of the same length, with `opacity` (255 is opaque).
pub(super) fn row(mode: BlendMode, below: &mut [Pixel], source: &[Pixel], opacity: u8) {
    use BlendMode as Mode;
    match mode {
        Mode::Normal => separable(below, source, opacity, |_, s| s),
        Mode::Multiply => separable(below, source, opacity, multiply),
        Mode::Screen => separable(below, source, opacity, screen),
        Mode::Overlay => separable(below, source, opacity, |b, s| hard_light(s, b)),
        Mode::Darken => separable(below, source, opacity, f32::min),
        Mode::Lighten => separable(below, source, opacity, f32::max),
        Mode::ColorDodge => separable(below, source, opacity, color_dodge),
        Mode::ColorBurn => separable(below, source, opacity, color_burn),
        Mode::HardLight => separable(below, source, opacity, hard_light),
        Mode::SoftLight => separable(below, source, opacity, soft_light),
        Mode::Difference => separable(below, source, opacity, |b, s| (b - s).abs()),
        Mode::Exclusion => separable(below, source, opacity, |b, s| b + s - 2.0 * b * s),
        Mode::Hue => each(below, source, opacity, |b, s| set_lum(set_sat(s, sat(b)), lum(b))),
        Mode::Saturation => each(below, source, opacity, |b, s| set_lum(set_sat(b, sat(s)), lum(b))),
        Mode::Color => each(below, source, opacity, |b, s| set_lum(s, lum(b))),
        Mode::Luminosity => each(below, source, opacity, |b, s| set_lum(b, lum(s))),
        Mode::PlusLighter => {
            for (below, source) in below.iter_mut().zip(source) {
                let source = faded(*source, opacity);
                for (below, source) in below.iter_mut().zip(source) {
                    *below = below.saturating_add(source);
                }
            }
        }
    }
}

fn faded(pixel: Pixel, opacity: u8) -> Pixel {
    scale(u32::from_le_bytes(pixel), u32::from(opacity)).to_le_bytes()
}

#[inline(always)]
fn separable(below: &mut [Pixel], source: &[Pixel], opacity: u8, blend: impl Fn(f32, f32) -> f32) {
    each(below, source, opacity, |b, s| [blend(b[0], s[0]), blend(b[1], s[1]), blend(b[2], s[2])]);
}

/// Blends pixel by pixel; `blend` gets the backdrop's and the source's straight colours, 0..=1, as the specification
/// has them.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "colours and alphas are within 0..=1")]
fn each(below: &mut [Pixel], source: &[Pixel], opacity: u8, blend: impl Fn([f32; 3], [f32; 3]) -> [f32; 3]) {
    for (below, source) in below.iter_mut().zip(source) {
        let source = faded(*source, opacity);
        if source[3] == 0 {
            continue;
        }
        if below[3] == 0 {
            *below = source;
            continue;
        }
        let (backdrop_alpha, source_alpha) = (f32::from(below[3]) / 255.0, f32::from(source[3]) / 255.0);
        let straight = |pixel: Pixel| [0, 1, 2].map(|c| f32::from(pixel[c]) / f32::from(pixel[3]));
        let mixed = blend(straight(*below), straight(source));
        let alpha = source_alpha + backdrop_alpha - source_alpha * backdrop_alpha;
        let byte = |v: f32| (v * 255.0 + 0.5) as u8;
        let limit = byte(alpha);
        let mut result = [0, 0, 0, limit];
        for channel in 0..3 {
            let value = f32::from(source[channel]) / 255.0 * (1.0 - backdrop_alpha)
                + f32::from(below[channel]) / 255.0 * (1.0 - source_alpha)
                + source_alpha * backdrop_alpha * mixed[channel];
            // Rounding may not make a premultiplied channel exceed its alpha.
            result[channel] = byte(value).min(limit);
        }
        *below = result;
    }
}

fn multiply(b: f32, s: f32) -> f32 {
    b * s
}

fn screen(b: f32, s: f32) -> f32 {
    b + s - b * s
}

fn hard_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 { multiply(b, 2.0 * s) } else { screen(b, 2.0 * s - 1.0) }
}

fn color_dodge(b: f32, s: f32) -> f32 {
    if b <= 0.0 {
        0.0
    } else if s >= 1.0 {
        1.0
    } else {
        (b / (1.0 - s)).min(1.0)
    }
}

fn color_burn(b: f32, s: f32) -> f32 {
    if b >= 1.0 {
        1.0
    } else if s <= 0.0 {
        0.0
    } else {
        1.0 - ((1.0 - b) / s).min(1.0)
    }
}

fn soft_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 {
        b - (1.0 - 2.0 * s) * b * (1.0 - b)
    } else {
        let d = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
        b + (2.0 * s - 1.0) * (d - b)
    }
}

fn lum(c: [f32; 3]) -> f32 {
    0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]
}

fn sat(c: [f32; 3]) -> f32 {
    c[0].max(c[1]).max(c[2]) - c[0].min(c[1]).min(c[2])
}

fn clip_color(c: [f32; 3]) -> [f32; 3] {
    let l = lum(c);
    let n = c[0].min(c[1]).min(c[2]);
    let x = c[0].max(c[1]).max(c[2]);
    let mut c = c;
    if n < 0.0 {
        c = c.map(|v| l + (v - l) * l / (l - n));
    }
    if x > 1.0 {
        c = c.map(|v| l + (v - l) * (1.0 - l) / (x - l));
    }
    c
}

fn set_lum(c: [f32; 3], l: f32) -> [f32; 3] {
    let d = l - lum(c);
    clip_color(c.map(|v| v + d))
}

/// The specification's case-by-case rule in one line: the least becomes 0, the greatest `s`, and the middle one keeps
/// its relative place.
fn set_sat(c: [f32; 3], s: f32) -> [f32; 3] {
    let least = c[0].min(c[1]).min(c[2]);
    let range = sat(c);
    if range > 0.0 { c.map(|v| (v - least) * s / range) } else { [0.0; 3] }
}
