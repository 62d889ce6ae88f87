//! What is keyed out follows from the distance between two colours in the plane of BT.709's Cb and Cr (limited range),
//! as in OBS Studio's filter of this name, whose numbers people know: transparent up to `similarity`, opaque
//! `smoothness` farther on, as saturated as before `spill` farther on, each along a curve of the power 1.5.

use components::effects::ChromaKey;
use fearless_simd::{Level, prelude::*};
use kurbo::Rect;

use super::{
    Apply,
    pixels::{LUMA, Recolor, luminance, recolor, straight},
};
use crate::rasterise::{
    content::surface::Surface,
    octet::{Channel, Colors, splat},
};

/// Chroma that full colours have, of a whole of 1: 224 / 255 / 2 in limited range.
const RANGE: f32 = 112.0 / 255.0;
/// Of the distance of blue to luminance, how much is Cb, and of red's, Cr. Source: ITU-R BT.709-6, item 3.
const SHARES: [f32; 2] = [RANGE / (1.0 - LUMA[2]), RANGE / (1.0 - LUMA[0])];

/// A key with its own Cb and Cr; 0 is none.
struct Key {
    cb: f32,
    cr: f32,
    similarity: f32,
    smoothness: f32,
    spill: f32,
}

impl Key {
    fn new(key: &ChromaKey) -> Self {
        let [r, g, b] = straight(key.color);
        let y = LUMA[0] * r + LUMA[1] * g + LUMA[2] * b;
        Self {
            cb: (b - y) * SHARES[0],
            cr: (r - y) * SHARES[1],
            similarity: key.similarity as f32,
            smoothness: key.smoothness as f32,
            spill: key.spill as f32,
        }
    }
}

/// 0 where `past` is below zero, 1 from `width` on.
#[inline(always)]
fn ramp<S: Simd>(past: Channel<S>, width: f32) -> Channel<S> {
    let share = past / width;
    let risen = past.simd_ge(width).select(splat(past, 1.0), share * share.sqrt());
    past.simd_le(0.0).select(splat(past, 0.0), risen)
}

impl Recolor for Key {
    #[inline(always)]
    fn recolored<S: Simd>(&self, colors: Colors<S>) -> (Colors<S>, Channel<S>) {
        let [r, g, b] = colors;
        let gray = luminance(colors);
        let (cb, cr) = ((b - gray) * SHARES[0] - self.cb, (r - gray) * SHARES[1] - self.cr);
        let past = (cb * cb + cr * cr).sqrt() - self.similarity;
        let saturation = ramp(past, self.spill);
        let left = |value: Channel<S>| gray + (value - gray) * saturation;
        ([left(r), left(g), left(b)], ramp(past, self.smoothness))
    }
}

impl Apply for ChromaKey {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    /// Two square roots.
    fn work(&self, _: f64) -> f64 {
        10.0
    }

    fn apply(&self, level: Level, mut picture: Surface, _: Rect) -> Surface {
        recolor(level, &mut picture.pixmap, &Key::new(self));
        picture
    }
}
