//! A group paints nothing of its own.

use components::content::GroupContent;

use super::{DrawContext, Drawable, Measure, surface::Surface};

impl Drawable for GroupContent {
    fn measure(&self, _: &mut DrawContext<'_>) -> Measure {
        Measure::default()
    }

    fn draw(&self, _: (f64, f64), _: &mut DrawContext<'_>) -> Option<Surface> {
        None
    }
}
