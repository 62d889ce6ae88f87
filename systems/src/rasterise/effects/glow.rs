use components::effects::Glow;
use fearless_simd::Level;
use kurbo::Rect;

use super::{Apply, blur::EXTENT, gaussian, silhouette};
use crate::rasterise::content::surface::Surface;

impl Apply for Glow {
    fn spread(&self, ink: Rect) -> Rect {
        ink.inflate(self.radius * EXTENT, self.radius * EXTENT)
    }

    fn apply(&self, level: Level, picture: Surface, _: Rect) -> Surface {
        let deviation = (self.radius * picture.scale.0, self.radius * picture.scale.1);
        let (x, y) = (gaussian::reach(deviation.0), gaussian::reach(deviation.1));
        let Some(mut result) = picture.grown([x, y, x, y]) else { return picture };
        let mut light = silhouette::alpha(&result.pixmap);
        gaussian::blur::<1>(level, &mut light, result.pixmap.width() as usize, deviation);
        let stronger: [u8; 256] =
            std::array::from_fn(|coverage| (coverage as f64 * self.strength).round().min(255.0) as u8);
        for coverage in &mut light {
            *coverage = stronger[usize::from(*coverage)];
        }
        silhouette::lay_behind(level, &mut result.pixmap, &light, self.color);
        result
    }
}
