//! The blend modes other than normal.
//!
//! Formulas are those of the W3C's "Compositing and Blending Level 1", <https://www.w3.org/TR/compositing-1/>: chapters
//! 10.1 (separable modes) and 10.2 (non-separable ones), put into chapter 5's equation for source-over, here with
//! premultiplied colours: `S * (1 - ab) + D * (1 - as) + as * ab * B(Cb, Cs)`. `plus-lighter` is from chapter 9.1.14 of
//! Level 2, <https://drafts.fxtf.org/compositing-2/>. Most separable modes need no division: `as * ab * B` follows from
//! the premultiplied colours and the alphas, and is a whole number of 1/255² that `f32` holds exactly.

use components::BlendMode;
use fearless_simd::{Level, dispatch, i32x8, prelude::*};

use super::Pixel;
use crate::rasterise::octet::{self, COUNT, Channel, Colors, join, load, nearest, scaled, splat, spread, store};

/// Blends a row onto another of the same length, with `opacity` (255 is opaque).
pub(super) fn row(level: Level, mode: BlendMode, below: &mut [Pixel], source: &[Pixel], opacity: u8) {
    dispatch!(level, simd => row_with(simd, mode, below, source, opacity));
}

#[inline(always)]
fn row_with<S: Simd>(simd: S, mode: BlendMode, below: &mut [Pixel], source: &[Pixel], opacity: u8) {
    use BlendMode as Mode;
    let rows = Rows { simd, below, source, opacity };
    match mode {
        Mode::Normal => rows.whole(|_, s, ab, _| s * ab),
        Mode::Multiply => rows.whole(|b, s, _, _| b * s),
        Mode::Screen => rows.whole(|b, s, ab, a_s| s * ab + b * a_s - b * s),
        Mode::Overlay => rows.whole(|b, s, ab, a_s| hard_light(s, b, a_s, ab)),
        Mode::Darken => rows.whole(|b, s, ab, a_s| (s * ab).min(b * a_s)),
        Mode::Lighten => rows.whole(|b, s, ab, a_s| (s * ab).max(b * a_s)),
        Mode::ColorDodge => {
            rows.straight(|b, s| [color_dodge(b[0], s[0]), color_dodge(b[1], s[1]), color_dodge(b[2], s[2])]);
        }
        Mode::ColorBurn => {
            rows.straight(|b, s| [color_burn(b[0], s[0]), color_burn(b[1], s[1]), color_burn(b[2], s[2])]);
        }
        Mode::HardLight => rows.whole(hard_light),
        Mode::SoftLight => {
            rows.straight(|b, s| [soft_light(b[0], s[0]), soft_light(b[1], s[1]), soft_light(b[2], s[2])]);
        }
        Mode::Difference => rows.whole(|b, s, ab, a_s| (b * a_s - s * ab).abs()),
        Mode::Exclusion => rows.whole(|b, s, ab, a_s| s * ab + b * a_s - b * s * 2.0),
        Mode::Hue => rows.straight(|b, s| set_lum(set_sat(s, sat(b)), lum(b))),
        Mode::Saturation => rows.straight(|b, s| set_lum(set_sat(b, sat(s)), lum(b))),
        Mode::Color => rows.straight(|b, s| set_lum(s, lum(b))),
        Mode::Luminosity => rows.straight(|b, s| set_lum(b, lum(s))),
        Mode::PlusLighter => {
            for (below, source) in rows.below.iter_mut().zip(source) {
                let source = super::over::scale(u32::from_le_bytes(*source), u32::from(opacity)).to_le_bytes();
                for (below, source) in below.iter_mut().zip(source) {
                    *below = below.saturating_add(source);
                }
            }
        }
    }
}

/// Two rows of which one is blended onto the other.
struct Rows<'a, S> {
    simd: S,
    below: &'a mut [Pixel],
    source: &'a [Pixel],
    opacity: u8,
}

/// Eight pixels of each row, in 0..=255.
#[derive(Clone, Copy)]
struct Block<S: Simd> {
    below: Colors<S>,
    source: Colors<S>,
    below_alpha: Channel<S>,
    source_alpha: Channel<S>,
}

impl<S: Simd> Rows<'_, S> {
    /// Blends where `blend` gets a channel of the backdrop and of the source, premultiplied, and their alphas in the same
    /// order, all 0..=255, and returns `as * ab * B` in 1/255².
    #[inline(always)]
    fn whole(self, blend: impl Fn(Channel<S>, Channel<S>, Channel<S>, Channel<S>) -> Channel<S>) {
        self.blocks(|_, _, block| {
            let Block { below: [r, g, b], source, below_alpha, source_alpha } = block;
            block.composed([
                blend(r, source[0], below_alpha, source_alpha),
                blend(g, source[1], below_alpha, source_alpha),
                blend(b, source[2], below_alpha, source_alpha),
            ])
        });
    }

    /// Blends where `blend` gets the backdrop's and the source's straight colours, 0..=1, as the specification has them.
    #[inline(always)]
    fn straight(self, blend: impl Fn(Colors<S>, Colors<S>) -> Colors<S>) {
        self.blocks(|below, source, block| {
            let Block { below: [br, bg, bb], source: [sr, sg, sb], below_alpha, source_alpha } = block;
            // Not a number where an alpha is 0: replaced below.
            let [r, g, b] = blend(
                [br / below_alpha, bg / below_alpha, bb / below_alpha],
                [sr / source_alpha, sg / source_alpha, sb / source_alpha],
            );
            let both = below_alpha * source_alpha;
            let mixed = block.composed([r * both, g * both, b * both]);
            let on_nothing = below_alpha.simd_eq(0.0).select(source, mixed);
            source_alpha.simd_eq(0.0).select(below, on_nothing)
        });
    }

    #[inline(always)]
    fn blocks(self, blend: impl Fn(i32x8<S>, i32x8<S>, Block<S>) -> i32x8<S>) {
        let Self { simd, below, source, opacity } = self;
        let mut left = source;
        octet::each(below, |pixels| {
            let mut source = [[0; 4]; COUNT];
            match left.split_first_chunk() {
                Some((whole, rest)) => (source, left) = (*whole, rest),
                None => source[..left.len()].copy_from_slice(left),
            }
            if source == [[0; 4]; COUNT] {
                return *pixels;
            }
            let (below, source) = (load(simd, pixels), load(simd, &source));
            let source = if opacity == 255 { source } else { scaled(source, opacity) };
            let ((below_colors, below_alpha), (source_colors, source_alpha)) = (spread(below), spread(source));
            let block = Block { below: below_colors, source: source_colors, below_alpha, source_alpha };
            store(blend(below, source, block))
        });
    }
}

impl<S: Simd> Block<S> {
    /// Source-over with these `as * ab * B` in 1/255².
    #[inline(always)]
    fn composed(self, [r, g, b]: Colors<S>) -> i32x8<S> {
        let Self { below, source, below_alpha, source_alpha } = self;
        let part = |below: Channel<S>, source: Channel<S>, mixed: Channel<S>| {
            below + source + (mixed - source * below_alpha - below * source_alpha) * (1.0 / 255.0)
        };
        let alpha = nearest(part(below_alpha, source_alpha, below_alpha * source_alpha));
        // Rounding may not make a premultiplied channel exceed its alpha.
        let color = [
            nearest(part(below[0], source[0], r)).min(alpha),
            nearest(part(below[1], source[1], g)).min(alpha),
            nearest(part(below[2], source[2], b)).min(alpha),
        ];
        join(color, alpha)
    }
}

/// Multiplies or screens by whether the source is darker than half, premultiplied.
#[inline(always)]
fn hard_light<S: Simd>(b: Channel<S>, s: Channel<S>, ab: Channel<S>, a_s: Channel<S>) -> Channel<S> {
    let twice = s + s;
    let beyond = twice - a_s;
    twice.simd_le(a_s).select(twice * b, b * a_s + beyond * ab - b * beyond)
}

#[inline(always)]
fn color_dodge<S: Simd>(b: Channel<S>, s: Channel<S>) -> Channel<S> {
    let dodged = s.simd_ge(1.0).select(splat(s, 1.0), (b / (1.0 - s)).min(1.0));
    b.simd_le(0.0).select(splat(s, 0.0), dodged)
}

#[inline(always)]
fn color_burn<S: Simd>(b: Channel<S>, s: Channel<S>) -> Channel<S> {
    let burnt = s.simd_le(0.0).select(splat(s, 0.0), 1.0 - ((1.0 - b) / s).min(1.0));
    b.simd_ge(1.0).select(splat(s, 1.0), burnt)
}

#[inline(always)]
fn soft_light<S: Simd>(b: Channel<S>, s: Channel<S>) -> Channel<S> {
    let darker = b - (1.0 - s * 2.0) * b * (1.0 - b);
    let curve = b.simd_le(0.25).select(((b * 16.0 - 12.0) * b + 4.0) * b, b.sqrt());
    s.simd_le(0.5).select(darker, b + (s * 2.0 - 1.0) * (curve - b))
}

#[inline(always)]
fn lum<S: Simd>(c: Colors<S>) -> Channel<S> {
    c[0] * 0.3 + c[1] * 0.59 + c[2] * 0.11
}

#[inline(always)]
fn least<S: Simd>(c: Colors<S>) -> Channel<S> {
    c[0].min(c[1]).min(c[2])
}

#[inline(always)]
fn greatest<S: Simd>(c: Colors<S>) -> Channel<S> {
    c[0].max(c[1]).max(c[2])
}

#[inline(always)]
fn sat<S: Simd>(c: Colors<S>) -> Channel<S> {
    greatest(c) - least(c)
}

#[inline(always)]
fn clip_color<S: Simd>(c: Colors<S>) -> Colors<S> {
    let l = lum(c);
    let (n, x) = (least(c), greatest(c));
    let one = splat(l, 1.0);
    // How far each may be from the luminance, of what it is; where nothing is clipped, a division is for nothing.
    let below = n.simd_lt(0.0).select(l / (l - n), one);
    let above = x.simd_gt(1.0).select((1.0 - l) / (x - l), one);
    // What is clipped at both ends is clipped at one after the other, as the specification has it: by the product.
    let share = below * above;
    [l + (c[0] - l) * share, l + (c[1] - l) * share, l + (c[2] - l) * share]
}

#[inline(always)]
fn set_lum<S: Simd>(c: Colors<S>, l: Channel<S>) -> Colors<S> {
    let d = l - lum(c);
    clip_color([c[0] + d, c[1] + d, c[2] + d])
}

/// The specification's case-by-case rule in one line: the least becomes 0, the greatest `s`, and the middle one keeps
/// its relative place.
#[inline(always)]
fn set_sat<S: Simd>(c: Colors<S>, s: Channel<S>) -> Colors<S> {
    let (least, range) = (least(c), sat(c));
    let none = splat(s, 0.0);
    let share = range.simd_gt(0.0).select(s / range, none);
    [(c[0] - least) * share, (c[1] - least) * share, (c[2] - least) * share]
}
