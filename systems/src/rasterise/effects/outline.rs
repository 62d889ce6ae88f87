use components::effects::Outline;
use fearless_simd::Level;
use kurbo::Rect;

use super::{Apply, dilate::dilate, silhouette};
use crate::rasterise::content::surface::Surface;

impl Apply for Outline {
    fn spread(&self, ink: Rect) -> Rect {
        ink.inflate(self.width, self.width)
    }

    /// Each row of the ellipse is laid over each row of the picture, in the steps of its soft edge.
    fn work(&self, scale: f64) -> f64 {
        15.0 + 2.0 * self.width * scale
    }

    fn apply(&self, level: Level, picture: Surface, _: Rect) -> Surface {
        let radius = (self.width * picture.scale.0, self.width * picture.scale.1);
        if self.width <= 0.0 {
            return picture;
        }
        let (x, y) = (radius.0.ceil() as u32, radius.1.ceil() as u32);
        let Some(mut result) = picture.grown([x, y, x, y]) else { return picture };
        let alpha = silhouette::alpha(&result.pixmap);
        let line = dilate(&alpha, result.pixmap.width() as usize, radius);
        silhouette::lay_behind(level, &mut result.pixmap, &line, self.color);
        result
    }
}
