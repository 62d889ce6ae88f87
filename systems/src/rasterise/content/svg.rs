//! Vector pictures.

use components::content::SvgContent;
use kurbo::Affine;
use resvg::tiny_skia::Transform;

use super::{
    DrawContext, Drawable, Measure,
    framing::Framing,
    surface::{Surface, bounded_scale},
};
use crate::assets::AssetState;

impl Drawable for SvgContent {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure {
        Framing::from(self).measure(ctx)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a picture needs no more")]
    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let framing = Framing::from(self);
        let Some(AssetState::Svg(image)) = ctx.assets.state(&self.asset) else {
            return framing.draw_missing(scale, ctx);
        };
        let natural = (f64::from(image.tree.size().width()), f64::from(image.tree.size().height()));
        let layout = framing.layout(natural, ctx);
        if !layout.is_seen() {
            return None;
        }
        let [x, y] = [
            layout.target.x0 - layout.source.x0 * layout.scale.0,
            layout.target.y0 - layout.source.y0 * layout.scale.1,
        ];
        let to_layer = Affine::new([layout.scale.0, 0.0, 0.0, layout.scale.1, x, y]);
        let area = ctx.clipped(layout.target);
        let scale = image.affordable_scale(to_layer, area, bounded_scale(area, scale));
        // The surface ends where the picture or the box does, which cuts off what lies outside.
        let mut surface = Surface::covering(area, scale)?;
        let place = Transform::from_row(layout.scale.0 as f32, 0.0, 0.0, layout.scale.1 as f32, x as f32, y as f32);
        resvg::render(&image.tree, place.post_concat(surface.transform()), &mut surface.pixmap.as_mut());
        Some(surface)
    }
}
