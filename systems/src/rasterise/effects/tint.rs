//! A gradient map of two colours by luminance: a colour matrix, so SVG's `feColorMatrix` can do the same.

use components::effects::Tint;
use kurbo::Rect;

use super::{
    Apply,
    pixels::{LUMA, recolor, straight},
};
use crate::rasterise::content::surface::Surface;

impl Apply for Tint {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    fn apply(&self, mut picture: Surface, _: Rect) -> Surface {
        let (black, white, amount) = (straight(self.black), straight(self.white), self.amount as f32);
        recolor(&mut picture.pixmap, |color| {
            let luminance = LUMA[0] * color[0] + LUMA[1] * color[1] + LUMA[2] * color[2];
            let tinted = |channel: usize| {
                let shade = black[channel] + (white[channel] - black[channel]) * luminance;
                color[channel] + (shade - color[channel]) * amount
            };
            ([tinted(0), tinted(1), tinted(2)], 1.0)
        });
        picture
    }
}
