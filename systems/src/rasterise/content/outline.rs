//! Outlines of shapes and masks.

use components::{
    MaskShape,
    content::{CornerRadii, Geometry},
};
use kurbo::{BezPath, Ellipse, PathEl, Point, Rect, RoundedRect, RoundedRectRadii, Shape};
use tiny_skia::{Path, PathBuilder};

/// How far a curve may be from the true outline, in layer pixels: far below what is seen even at ten times the size.
const TOLERANCE: f64 = 0.005;

/// The outline of a geometry in layer pixels, and its box. Empty where the geometry is (a path that cannot be read
/// included, which the validation of documents refuses).
///
/// The box goes from the origin as far as coordinates go; of a star it is the square about its outer circle, so that
/// its middle is what it turns about.
pub(crate) fn of_geometry(geometry: &Geometry) -> (BezPath, Rect) {
    let path = match geometry {
        Geometry::Rect { width, height } => {
            let area = Rect::new(0.0, 0.0, *width, *height);
            return (area.to_path(TOLERANCE), area);
        }
        Geometry::RoundedRect { width, height, radius } => {
            let area = Rect::new(0.0, 0.0, *width, *height);
            return (rounded(area, *radius), area);
        }
        Geometry::Ellipse { width, height } => {
            let area = Rect::new(0.0, 0.0, *width, *height);
            return (ellipse(area), area);
        }
        Geometry::Star { points, outer_radius, inner_radius } => {
            let radius = outer_radius.max(*inner_radius);
            let path = star(*points, *outer_radius, *inner_radius, radius);
            return (path, Rect::new(0.0, 0.0, radius * 2.0, radius * 2.0));
        }
        Geometry::Polygon { points } => {
            let mut corners = points.iter().map(|point| Point::new(point.x, point.y));
            let mut path = BezPath::new();
            if let Some(first) = corners.next() {
                path.move_to(first);
                corners.for_each(|corner| path.line_to(corner));
                path.close_path();
            }
            path
        }
        Geometry::Line { from, to } => {
            let mut path = BezPath::new();
            path.move_to((from.x, from.y));
            path.line_to((to.x, to.y));
            path
        }
        Geometry::Path { d } => BezPath::from_svg(d).unwrap_or_default(),
    };
    let bounds = if path.is_empty() { Rect::ZERO } else { path.bounding_box() };
    (path, bounds)
}

/// The outline of a mask in layer pixels; empty where the mask is another layer.
pub(crate) fn of_mask(shape: &MaskShape) -> BezPath {
    match shape {
        MaskShape::Rect { x, y, width, height, radius } => {
            rounded(Rect::new(*x, *y, x + width, y + height), CornerRadii::All(*radius))
        }
        MaskShape::Ellipse { x, y, width, height } => ellipse(Rect::new(*x, *y, x + width, y + height)),
        MaskShape::Path { d } => BezPath::from_svg(d).unwrap_or_default(),
        MaskShape::Layer { .. } => BezPath::new(),
    }
}

/// The ellipse in a rectangle. One without width or height is a line there and back: of arcs that are as flat, those that
/// lie about an end go beyond it or not, by how many there are, so that the two ends of a stroke differ.
fn ellipse(area: Rect) -> BezPath {
    if area.width() > 0.0 && area.height() > 0.0 {
        return Ellipse::from_rect(area).to_path(TOLERANCE);
    }
    let mut path = BezPath::new();
    path.move_to((area.x1, area.y1));
    path.line_to((area.x0, area.y0));
    path.close_path();
    path
}

/// A rectangle with round corners, each of a radius of at most half of the shorter side.
pub(crate) fn rounded(area: Rect, radii: CornerRadii) -> BezPath {
    let most = area.width().min(area.height()) / 2.0;
    let each = radii.each();
    let [top_left, top_right, bottom_right, bottom_left] =
        [each.top_left, each.top_right, each.bottom_right, each.bottom_left].map(|radius| radius.min(most));
    if [top_left, top_right, bottom_right, bottom_left].iter().any(|radius| *radius > 0.0) {
        let radii = RoundedRectRadii::new(top_left, top_right, bottom_right, bottom_left);
        RoundedRect::from_rect(area, radii).to_path(TOLERANCE)
    } else {
        area.to_path(TOLERANCE)
    }
}

/// A star about (`middle`, `middle`), its first point upwards.
fn star(points: u32, outer: f64, inner: f64, middle: f64) -> BezPath {
    let mut path = BezPath::new();
    for corner in 0..points * 2 {
        let radius = if corner % 2 == 0 { outer } else { inner };
        let (sin, cos) = libm::sincos(f64::from(corner) * std::f64::consts::PI / f64::from(points));
        let point = Point::new(middle + radius * sin, middle - radius * cos);
        if corner == 0 { path.move_to(point) } else { path.line_to(point) }
    }
    path.close_path();
    path
}

/// The same path for tiny-skia; `None` if there is nothing in it.
pub(crate) fn to_skia(path: &BezPath) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for element in path.elements() {
        match element {
            PathEl::MoveTo(p) => builder.move_to(p.x as f32, p.y as f32),
            PathEl::LineTo(p) => builder.line_to(p.x as f32, p.y as f32),
            PathEl::QuadTo(a, p) => builder.quad_to(a.x as f32, a.y as f32, p.x as f32, p.y as f32),
            PathEl::CurveTo(a, b, p) => {
                builder.cubic_to(a.x as f32, a.y as f32, b.x as f32, b.y as f32, p.x as f32, p.y as f32);
            }
            PathEl::ClosePath => builder.close(),
        }
    }
    builder.finish()
}
