//! Vector shapes.

use components::{
    Color, Paint,
    computed::Extent,
    content::{FillRule, Geometry, ShapeContent, Stroke},
};
use kurbo::{BezPath, Rect};
use tiny_skia::Path;

use super::{
    DrawContext, Drawable, Measure, outline, paint,
    stroke::{reach, share, stroked},
    surface::Surface,
};

/// Lines and curves of an outline up to which a tick finds out what exactly its stroke covers.
const FEW: usize = 256;

impl Drawable for ShapeContent {
    fn measure(&self, _: &mut DrawContext<'_>) -> Measure {
        let (path, area) = outline::of_geometry(&self.geometry);
        // The box counts from the coordinates' own origin.
        let extent = Extent { width: area.x1.max(0.0), height: area.y1.max(0.0) };
        Measure { extent, ink: ink(self, (path, area)) }
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
            let (rule, share) = (tiny_skia::FillRule::Winding, share(stroke, surface.scale) as f32);
            paint::fill_partly(&mut surface, path, rule, &stroke.paint, parts.area, share);
        }
        Some(surface)
    }
}

/// What a shape paints into, at the least, of its outline and the bounding box of that. A tick waits for this: what a long
/// line really covers takes many times as long to find out as how far it may reach.
fn ink(shape: &ShapeContent, (path, area): (BezPath, Rect)) -> Rect {
    let is_plain = |stroke: &Stroke| stroke.dash.is_empty();
    if path.elements().len() <= FEW && shape.stroke.as_ref().is_none_or(is_plain) {
        return Parts::of((path, area), shape, (1.0, 1.0)).ink();
    }
    shape.stroke.as_ref().map_or(area, |stroke| area.inflate(reach(stroke), reach(stroke)))
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
        Self::of(outline::of_geometry(&shape.geometry), shape, scale)
    }

    /// The same, of its outline and the bounding box of that.
    fn of((path, area): (BezPath, Rect), shape: &ShapeContent, scale: (f64, f64)) -> Self {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is told quickly is never less than what is drawn.
    #[test]
    fn long_outlines_stay_within_what_was_measured() {
        let star = |corners: u32| {
            (0..corners).fold("M 200 100".to_owned(), |path, corner| {
                let (sin, cos) = libm::sincos(f64::from(corner) * 2.4);
                let radius = 100.0 + f64::from(corner % 7);
                format!("{path} L {} {}", 200.0 + radius * cos, 100.0 + radius * sin)
            })
        };
        for (corners, stroke) in [
            (2000, json!({ "paint": "#fff", "width": 9 })),
            (2000, json!({ "paint": "#fff", "width": 9, "cap": "square", "join": "round" })),
            (2000, json!({ "paint": "#fff", "width": 5, "trim": { "start": 0.2, "end": 0.7 } })),
            (20, json!({ "paint": "#fff", "width": 12, "dash": [11, 3], "cap": "square" })),
        ] {
            let geometry = json!({ "type": "path", "d": star(corners) });
            let shape: ShapeContent =
                serde_json::from_value(json!({ "geometry": geometry, "stroke": stroke })).unwrap();
            let (path, area) = outline::of_geometry(&shape.geometry);
            let drawn = Parts::of((path, area), &shape, (1.0, 1.0)).ink();
            let measured = ink(&shape, outline::of_geometry(&shape.geometry));
            assert!(measured.contains_rect(drawn) && drawn.area() > 0.0, "{drawn:?} in {measured:?} of {stroke}");
        }
    }
}
