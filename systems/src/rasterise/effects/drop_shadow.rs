use components::effects::DropShadow;
use kurbo::Rect;

use super::{Apply, blur::EXTENT, gaussian};
use crate::rasterise::content::surface::Surface;

impl Apply for DropShadow {
    fn spread(&self, ink: Rect) -> Rect {
        let shadow = ink.inflate(self.radius * EXTENT, self.radius * EXTENT);
        ink.union(shadow + kurbo::Vec2::new(self.offset.x, self.offset.y))
    }

    fn apply(&self, picture: Surface) -> Surface {
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
        for (y, pixels) in picture.pixmap.data().chunks_exact(row * 4).enumerate() {
            let start = (top as usize + y) * width + left as usize;
            for (target, pixel) in shadow[start..start + row].iter_mut().zip(pixels.chunks_exact(4)) {
                *target = pixel[3];
            }
        }
        gaussian::blur::<1>(&mut shadow, width, deviation);

        let color = self.color.premultiplied().map(u32::from);
        for (pixel, coverage) in result.pixmap.data_mut().chunks_exact_mut(4).zip(shadow) {
            let behind = 255 - u32::from(pixel[3]);
            for (byte, color) in pixel.iter_mut().zip(color) {
                let shade = divide_by_255(color * u32::from(coverage));
                *byte = (u32::from(*byte) + divide_by_255(shade * behind)).min(255) as u8;
            }
        }
        result
    }
}

fn divide_by_255(product: u32) -> u32 {
    (product + 128 + ((product + 128) >> 8)) >> 8
}
