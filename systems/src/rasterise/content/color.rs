//! A box of one colour.

use components::{Paint, computed::Extent, content::ColorContent};
use kurbo::Rect;

use super::{DrawContext, Drawable, Measure, box_size, paint, surface::Surface};

impl Drawable for ColorContent {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure {
        let (width, height) = box_size(self.size, ctx.canvas);
        Measure { extent: Extent { width, height }, ink: Rect::new(0.0, 0.0, width, height) }
    }

    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let area = self.measure(ctx).ink;
        let mut surface = Surface::covering(ctx.clipped(area), scale)?;
        paint::fill_box(&mut surface, area, &Paint::Solid(self.color));
        Some(surface)
    }
}
