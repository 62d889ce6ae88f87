//! What is keyed out follows from the distance between two colours in the plane of BT.709's Cb and Cr (limited range),
//! as in OBS Studio's filter of this name, whose numbers people know: transparent up to `similarity`, opaque
//! `smoothness` farther on, as saturated as before `spill` farther on, each along a curve of the power 1.5.

use components::effects::ChromaKey;
use kurbo::Rect;

use super::{
    Apply,
    pixels::{LUMA, recolor, straight},
};
use crate::rasterise::content::surface::Surface;

/// Chroma that full colours have, of a whole of 1: 224 / 255 / 2 in limited range.
const RANGE: f32 = 112.0 / 255.0;

fn luminance(color: [f32; 3]) -> f32 {
    LUMA[0] * color[0] + LUMA[1] * color[1] + LUMA[2] * color[2]
}

/// Cb and Cr; 0 is none. Source: ITU-R BT.709-6, item 3.
fn chroma(color: [f32; 3]) -> [f32; 2] {
    let y = luminance(color);
    [(color[2] - y) / (1.0 - LUMA[2]) * RANGE, (color[0] - y) / (1.0 - LUMA[0]) * RANGE]
}

/// 0 where `past` is below zero, 1 from `width` on.
fn ramp(past: f32, width: f32) -> f32 {
    if past <= 0.0 {
        0.0
    } else if past >= width {
        1.0
    } else {
        let share = past / width;
        share * share.sqrt()
    }
}

impl Apply for ChromaKey {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    fn apply(&self, mut picture: Surface, _: Rect) -> Surface {
        let key = chroma(straight(self.color));
        let (similarity, smoothness, spill) = (self.similarity as f32, self.smoothness as f32, self.spill as f32);
        recolor(&mut picture.pixmap, |color| {
            let [cb, cr] = chroma(color);
            let (cb, cr) = (cb - key[0], cr - key[1]);
            let past = (cb * cb + cr * cr).sqrt() - similarity;
            let (gray, saturation) = (luminance(color), ramp(past, spill));
            (color.map(|value| gray + (value - gray) * saturation), ramp(past, smoothness))
        });
        picture
    }
}
