//! Source: W3C Filter Effects Module Level 1, <https://www.w3.org/TR/filter-effects-1/>, chapter 10.1, `grayscale()`.

use components::effects::Grayscale;
use fearless_simd::{Level, prelude::*};
use kurbo::Rect;

use super::{
    Apply,
    pixels::{Recolor, luminance, recolor},
};
use crate::rasterise::{
    content::surface::Surface,
    octet::{Channel, Colors, splat},
};

impl Recolor for Grayscale {
    #[inline(always)]
    fn recolored<S: Simd>(&self, colors: Colors<S>) -> (Colors<S>, Channel<S>) {
        let (gray, amount) = (luminance(colors), self.amount as f32);
        let toward = |value: Channel<S>| value + (gray - value) * amount;
        let [r, g, b] = colors;
        ([toward(r), toward(g), toward(b)], splat(gray, 1.0))
    }
}

impl Apply for Grayscale {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    /// As all that goes once through the pixels.
    fn work(&self, _: f64) -> f64 {
        6.0
    }

    fn apply(&self, level: Level, mut picture: Surface, _: Rect) -> Surface {
        recolor(level, &mut picture.pixmap, self);
        picture
    }
}
