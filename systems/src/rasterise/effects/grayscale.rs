//! Source: W3C Filter Effects Module Level 1, <https://www.w3.org/TR/filter-effects-1/>, chapter 10.1, `grayscale()`.

use components::effects::Grayscale;
use kurbo::Rect;

use super::{
    Apply,
    pixels::{LUMA, recolor},
};
use crate::rasterise::content::surface::Surface;

impl Apply for Grayscale {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    fn apply(&self, mut picture: Surface, _: Rect) -> Surface {
        let amount = self.amount as f32;
        recolor(&mut picture.pixmap, |color| {
            let gray = LUMA[0] * color[0] + LUMA[1] * color[1] + LUMA[2] * color[2];
            (color.map(|value| value + (gray - value) * amount), 1.0)
        });
        picture
    }
}
