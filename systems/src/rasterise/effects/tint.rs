//! A gradient map of two colours by luminance: a colour matrix, so SVG's `feColorMatrix` can do the same.

use components::effects::Tint;
use fearless_simd::{Level, prelude::*};
use kurbo::Rect;

use super::{
    Apply,
    pixels::{Recolor, luminance, recolor, straight},
};
use crate::rasterise::{
    content::surface::Surface,
    octet::{Channel, Colors, splat},
};

/// The two colours as 0..=1.
struct Map {
    black: [f32; 3],
    white: [f32; 3],
    amount: f32,
}

impl Recolor for Map {
    #[inline(always)]
    fn recolored<S: Simd>(&self, colors: Colors<S>) -> (Colors<S>, Channel<S>) {
        let Self { black, white, amount } = self;
        let luminance = luminance(colors);
        let tinted = |channel: usize| {
            let shade = luminance * (white[channel] - black[channel]) + black[channel];
            colors[channel] + (shade - colors[channel]) * *amount
        };
        ([tinted(0), tinted(1), tinted(2)], splat(luminance, 1.0))
    }
}

impl Apply for Tint {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    /// As all that goes once through the pixels.
    fn work(&self, _: f64) -> f64 {
        6.0
    }

    fn apply(&self, level: Level, mut picture: Surface, _: Rect) -> Surface {
        let map = Map { black: straight(self.black), white: straight(self.white), amount: self.amount as f32 };
        recolor(level, &mut picture.pixmap, &map);
        picture
    }
}
