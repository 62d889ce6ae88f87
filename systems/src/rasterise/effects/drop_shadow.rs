use components::effects::DropShadow;
use fearless_simd::Level;
use kurbo::Rect;

use super::{Apply, blur::EXTENT, gaussian, silhouette};
use crate::rasterise::content::surface::Surface;

impl Apply for DropShadow {
    fn spread(&self, ink: Rect) -> Rect {
        let shadow = ink.inflate(self.radius * EXTENT, self.radius * EXTENT);
        ink.union(shadow + kurbo::Vec2::new(self.offset.x, self.offset.y))
    }

    fn apply(&self, level: Level, picture: Surface, _: Rect) -> Surface {
        let scale = picture.scale;
        let deviation = (self.radius * scale.0, self.radius * scale.1);
        let (x, y) = (i64::from(gaussian::reach(deviation.0)), i64::from(gaussian::reach(deviation.1)));
        // Whole pixels: the shadow stays as sharp as its radius says.
        let (dx, dy) = ((self.offset.x * scale.0).round() as i64, (self.offset.y * scale.1).round() as i64);
        let margins = [x - dx, y - dy, x + dx, y + dy].map(|margin| margin.max(0) as u32);
        let Some(mut result) = picture.grown(margins) else { return picture };

        let (width, height) = (result.pixmap.width() as usize, result.pixmap.height() as usize);
        let mut shadow = vec![0_u8; width * height];
        let (left, top) = (i64::from(margins[0]) + dx, i64::from(margins[1]) + dy);
        let row = picture.pixmap.width() as usize;
        for (y, alpha) in silhouette::alpha(&picture.pixmap).chunks_exact(row).enumerate() {
            let start = (top as usize + y) * width + left as usize;
            shadow[start..start + row].copy_from_slice(alpha);
        }
        gaussian::blur::<1>(level, &mut shadow, width, deviation);
        silhouette::lay_behind(level, &mut result.pixmap, &shadow, self.color);
        result
    }
}
