use components::effects::Vignette;
use fearless_simd::{Level, dispatch, prelude::*};
use kurbo::Rect;

use super::{
    Apply,
    pixels::{clamped, straight},
};
use crate::rasterise::{
    content::surface::Surface,
    octet::{self, COUNT, Channel, join, load, nearest, splat, spread, store},
};

impl Apply for Vignette {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    /// As all that goes once through the pixels.
    fn work(&self, _: f64) -> f64 {
        6.0
    }

    /// Mixes the colour in by a smooth step over the distance from the middle, in which the corners are at 1.
    fn apply(&self, level: Level, mut picture: Surface, frame: Rect) -> Surface {
        let half = (frame.width() / 2.0, frame.height() / 2.0);
        if self.amount <= 0.0 || half.0 <= 0.0 || half.1 <= 0.0 {
            return picture;
        }
        let (center, scale) = (frame.center(), picture.scale);
        let shade = Shade {
            color: straight(self.color),
            radius: self.radius as f32,
            softness: self.softness as f32,
            amount: self.amount as f32,
            first: (((f64::from(picture.left) + 0.5) / scale.0 - center.x) / half.0) as f32,
            step: (1.0 / (scale.0 * half.0)) as f32,
        };
        let (top, width) = (f64::from(picture.top), picture.pixmap.width() as usize);
        let rows = picture.pixmap.data_mut().as_chunks_mut::<4>().0.chunks_exact_mut(width);
        for (y, row) in rows.enumerate() {
            let v = ((top + y as f64 + 0.5) / scale.1 - center.y) / half.1;
            dispatch!(level, simd => shade.row(simd, row, v as f32));
        }
        picture
    }
}

/// A vignette over the pixels of a picture.
struct Shade {
    color: [f32; 3],
    radius: f32,
    softness: f32,
    amount: f32,
    /// Where the first pixel of a row lies: -1 and 1 are the frame's edges.
    first: f32,
    /// From there to the next.
    step: f32,
}

impl Shade {
    /// `v` is where the row lies: -1 and 1 are the frame's edges.
    #[inline(always)]
    fn row<S: Simd>(&self, simd: S, row: &mut [[u8; 4]], v: f32) {
        let lanes: Channel<S> = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].simd_into(simd);
        let mut left = 0.0_f32;
        octet::each(row, |pixels| {
            let u = (lanes + left) * self.step + self.first;
            left += COUNT as f32;
            let past = (u * u + v * v).sqrt() * std::f32::consts::FRAC_1_SQRT_2 - self.radius;
            let share = past.simd_ge(self.softness).select(splat(past, 1.0), clamped(past / self.softness));
            let mixed = share * share * (3.0 - share * 2.0) * self.amount;
            let ([r, g, b], alpha) = spread(load(simd, pixels));
            let toward = |value: Channel<S>, color: f32| nearest(value + (alpha * color - value) * mixed);
            let [red, green, blue] = self.color;
            store(join([toward(r, red), toward(g, green), toward(b, blue)], nearest(alpha)))
        });
    }
}
