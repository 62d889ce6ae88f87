use components::effects::Vignette;
use kurbo::Rect;

use super::{
    Apply,
    pixels::{byte, straight},
};
use crate::rasterise::content::surface::Surface;

impl Apply for Vignette {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    /// Mixes the colour in by a smooth step over the distance from the middle, in which the corners are at 1.
    fn apply(&self, mut picture: Surface, frame: Rect) -> Surface {
        let half = (frame.width() / 2.0, frame.height() / 2.0);
        if self.amount <= 0.0 || half.0 <= 0.0 || half.1 <= 0.0 {
            return picture;
        }
        let (center, scale) = (frame.center(), picture.scale);
        let (left, top) = (f64::from(picture.left), f64::from(picture.top));
        let color = straight(self.color).map(|value| value * 255.0);
        let width = picture.pixmap.width() as usize;
        for (y, row) in picture.pixmap.data_mut().chunks_exact_mut(width * 4).enumerate() {
            let v = ((top + y as f64 + 0.5) / scale.1 - center.y) / half.1;
            for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                if pixel[3] == 0 {
                    continue;
                }
                let u = ((left + x as f64 + 0.5) / scale.0 - center.x) / half.0;
                let past = (u * u + v * v).sqrt() * std::f64::consts::FRAC_1_SQRT_2 - self.radius;
                let share = if past >= self.softness { 1.0 } else { (past / self.softness).max(0.0) };
                let mixed = (self.amount * share * share * (3.0 - 2.0 * share)) as f32;
                let alpha = f32::from(pixel[3]) / 255.0;
                for (channel, color) in pixel.iter_mut().zip(color) {
                    let value = f32::from(*channel);
                    *channel = byte(value + (color * alpha - value) * mixed);
                }
            }
        }
        picture
    }
}
