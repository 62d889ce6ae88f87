use components::{content::CornerRadii, effects::RoundedCorners};
use fearless_simd::Level;
use kurbo::Rect;
use tiny_skia::Mask;

use super::Apply;
use crate::rasterise::content::{outline, paint, surface::Surface};

impl Apply for RoundedCorners {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    fn apply(&self, _: Level, mut picture: Surface, frame: Rect) -> Surface {
        let path = outline::to_skia(&outline::rounded(frame, CornerRadii::All(self.radius)));
        let mask = Mask::new(picture.pixmap.width(), picture.pixmap.height());
        if let (Some(path), Some(mut mask)) = (path, mask) {
            paint::cover(&mut mask, path, picture.transform());
            picture.pixmap.apply_mask(&mask);
        }
        picture
    }
}
