//! Vector shapes.

use components::{
    Color, Paint,
    computed::Extent,
    content::{FillRule, Geometry, ShapeContent},
};
use kurbo::Rect;
use tiny_skia::Path;

use super::{
    DrawContext, Drawable, Measure, outline, paint,
    stroke::{stroked, without_gaps},
    surface::Surface,
};

impl Drawable for ShapeContent {
    fn measure(&self, _: &mut DrawContext<'_>) -> Measure {
        let parts = Parts::new(self, (1.0, 1.0));
        // At another scale the dashes may be drawn as a line.
        let (path, _) = outline::of_geometry(&self.geometry);
        let line = self.stroke.as_ref().and_then(|stroke| without_gaps(&path, stroke));
        let ink = line.as_ref().map_or(parts.ink(), |line| parts.ink().union(bounds(line)));
        // The box counts from the coordinates' own origin.
        let extent = Extent { width: parts.area.x1.max(0.0), height: parts.area.y1.max(0.0) };
        Measure { extent, ink }
    }

    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let parts = Parts::new(self, scale);
        let mut surface = Surface::covering(ctx.clipped(parts.ink()), scale)?;
        if let (Some(path), Some(fill)) = (&parts.filled, fill(self)) {
            let rule = match self.fill_rule {
                FillRule::NonZero => tiny_skia::FillRule::Winding,
                FillRule::EvenOdd => tiny_skia::FillRule::EvenOdd,
            };
            paint::fill_path(&mut surface, path, rule, &fill, parts.area);
        }
        if let (Some(path), Some(stroke)) = (&parts.stroked, &self.stroke) {
            paint::fill_path(&mut surface, path, tiny_skia::FillRule::Winding, &stroke.paint, parts.area);
        }
        Some(surface)
    }
}

/// A shape with neither fill nor stroke is white.
fn fill(shape: &ShapeContent) -> Option<Paint> {
    match (&shape.geometry, &shape.fill, &shape.stroke) {
        // It has no inside.
        (Geometry::Line { .. }, ..) => None,
        (_, None, None) => Some(Paint::Solid(Color::WHITE)),
        (_, fill, _) => fill.clone(),
    }
}

/// The outlines that get filled, in layer pixels.
struct Parts {
    filled: Option<Path>,
    /// The outline of the stroke.
    stroked: Option<Path>,
    /// The geometry's bounding box, which gradients span.
    area: Rect,
}

impl Parts {
    fn new(shape: &ShapeContent, scale: (f64, f64)) -> Self {
        let (path, area) = outline::of_geometry(&shape.geometry);
        let stroked = shape.stroke.as_ref().and_then(|stroke| stroked(&path, stroke, scale));
        let filled = fill(shape).and_then(|_| outline::to_skia(&path));
        Self { filled, stroked, area }
    }

    fn ink(&self) -> Rect {
        [&self.filled, &self.stroked]
            .into_iter()
            .flatten()
            .map(bounds)
            .reduce(|all, part| all.union(part))
            .unwrap_or(Rect::ZERO)
    }
}

fn bounds(path: &Path) -> Rect {
    let bounds = path.bounds();
    Rect::new(bounds.left().into(), bounds.top().into(), bounds.right().into(), bounds.bottom().into())
}
