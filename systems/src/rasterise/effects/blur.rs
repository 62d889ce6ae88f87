use components::effects::Blur;
use fearless_simd::Level;
use kurbo::Rect;

use super::{Apply, gaussian};
use crate::rasterise::content::surface::Surface;

/// Standard deviations beyond which three box blurs carry nothing: each box is 1.88 deviations wide.
pub(super) const EXTENT: f64 = 3.0;

impl Apply for Blur {
    fn spread(&self, ink: Rect) -> Rect {
        ink.inflate(self.radius * EXTENT, self.radius * EXTENT)
    }

    fn blurs(&self) -> f64 {
        self.radius
    }

    fn apply(&self, level: Level, picture: Surface, _: Rect) -> Surface {
        let deviation = (self.radius * picture.scale.0, self.radius * picture.scale.1);
        let (x, y) = (gaussian::reach(deviation.0), gaussian::reach(deviation.1));
        let Some(mut blurred) = picture.grown([x, y, x, y]) else { return picture };
        let width = blurred.pixmap.width() as usize;
        gaussian::blur::<4>(level, blurred.pixmap.data_mut(), width, deviation);
        blurred
    }
}
