//! How much work it is to draw a vector picture, counted without drawing it: the same file is the same work on every
//! machine, however busy.
//!
//! Goes through the picture as resvg draws it, and adds up what each part takes: rows that edges cross, each other too, pixels that are
//! painted, and for groups that need a picture of their own and for each step of their filters the pixels of that picture.
//! The factors are nanoseconds as one core of a server takes them, rounded up; only their proportions matter much.

use kurbo::{Affine, Rect};
use resvg::{
    tiny_skia::{PathSegment, Point, Transform},
    usvg::{
        ClipPath, Fill, Group, Image, ImageKind, Mask, Node, Paint, Path, Stroke, Tree,
        filter::{Filter, Kind},
    },
};

use super::memory::memory_at;

/// Pixels of the picture whose work is counted.
const PIXELS: f64 = 1_048_576.0;
/// Pixels below which nothing is drawn coarser.
const FEWEST: f64 = 4096.0;
/// How often a smaller scale is tried.
const TRIES: usize = 12;
/// For each path that is filled.
const PATH: f64 = 1_000.0;
/// For each row that an edge crosses: four lines of samples.
const EDGE_ROW: f64 = 30.0;
/// For each two edges that lie in the same rows.
const CROSSING: f64 = 4.0;
/// For each side, corner and end of a line, an edge.
const STROKE_EDGES: f64 = 4.0;
/// For each dash.
const DASH: f64 = 1_500.0;
/// Dashes beyond which none are drawn.
const MOST_DASHES: f64 = 1e6;
/// For each pixel that is painted in a colour, in a gradient, from another picture.
const SOLID: f64 = 1.0;
const GRADIENT: f64 = 10.0;
const SAMPLED: f64 = 25.0;
/// For each pixel of a picture of a group's own: it is cleared, and laid down.
const LAYER: f64 = 10.0;
/// For each pixel of a clip or a mask: it is a picture too, and multiplied into another.
const MASKED: f64 = 15.0;
/// For each pixel of a picture that is decoded.
const DECODED: f64 = 30.0;
/// For each pixel of any step of a filter: it is copied, and its colours are brought into another encoding and back.
const STEP: f64 = 30.0;

/// Nanoseconds that drawing it at about a million pixels takes, roughly; counted no further than `enough`.
pub(super) fn work_of(tree: &Tree, enough: f64) -> f64 {
    let (width, height) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    let scale = (PIXELS / (width * height)).sqrt();
    work_at(tree, Affine::scale(scale), (width * scale, height * scale), enough)
}

/// The same for so many pixels across and down, `affine` being from the picture to these.
fn work_at(tree: &Tree, affine: Affine, (width, height): (f64, f64), enough: f64) -> f64 {
    // As large as resvg makes pictures of groups.
    let most = Rect::new(-2.0 * width, -2.0 * height, 3.0 * width, 3.0 * height);
    let mut work = Work { nanoseconds: 0.0, enough, most };
    work.nodes(tree.root(), affine, Rect::new(0.0, 0.0, width, height));
    work.nanoseconds
}

/// The scale at which `area` of the layer can be drawn with no more than `most` work and `most_memory` bytes besides the picture
/// itself: the one that is asked for, or less where filters, masks and groups have too many pixels to go through. `to_layer` is
/// from the picture to the layer.
///
/// What is drawn by edges alone is hardly more work when it is larger; no scale makes such a picture less than it is.
pub(super) fn affordable_scale(
    tree: &Tree,
    to_layer: Affine,
    area: Rect,
    scale: (f64, f64),
    (most, most_memory): (f64, f64),
) -> (f64, f64) {
    let to_area = Affine::translate(-area.origin().to_vec2()) * to_layer;
    let mut share = 1.0;
    for _ in 0..TRIES {
        let (x, y) = (scale.0 * share, scale.1 * share);
        let size = (area.width() * x, area.height() * y);
        let affine = Affine::scale_non_uniform(x, y) * to_area;
        let work = work_at(tree, affine, size, 100.0 * most);
        let memory = memory_at(tree, affine, size);
        // Not so for what is no number either.
        if (work <= most && memory <= most_memory) || size.0 * size.1 <= FEWEST {
            break;
        }
        // Most of it falls by the square, some by more.
        share *= (most / work).min(most_memory / memory).sqrt().clamp(0.25, 0.95);
    }
    (scale.0 * share, scale.1 * share)
}

struct Work {
    nanoseconds: f64,
    enough: f64,
    /// Where pictures of groups may lie.
    most: Rect,
}

impl Work {
    /// `affine` is from what the group is in to pixels, `surface` the pixels that are drawn onto.
    fn nodes(&mut self, parent: &Group, affine: Affine, surface: Rect) {
        for node in parent.children() {
            if self.nanoseconds > self.enough {
                return;
            }
            match node {
                Node::Group(group) => self.group(group, affine, surface),
                Node::Path(path) => self.path(path, affine, surface),
                Node::Image(image) => self.image(image, affine, surface),
                Node::Text(text) => self.group(text.flattened(), affine, surface),
            }
        }
    }

    fn group(&mut self, group: &Group, affine: Affine, surface: Rect) {
        let affine = affine * affine_of(group.transform());
        if !group.should_isolate() {
            self.nodes(group, affine, surface);
            return;
        }
        let layer = seen(affine, rect_of(group.layer_bounding_box().to_rect()), self.most);
        self.nanoseconds += layer.area() * LAYER;
        self.nodes(group, affine, layer);
        for filter in group.filters() {
            self.filter(filter, affine, layer);
        }
        if let Some(clip) = group.clip_path() {
            self.clip(clip, affine, layer);
        }
        if let Some(mask) = group.mask() {
            self.mask(mask, affine, layer);
        }
    }

    fn clip(&mut self, clip: &ClipPath, affine: Affine, layer: Rect) {
        self.nanoseconds += layer.area() * MASKED;
        self.nodes(clip.root(), affine * affine_of(clip.transform()), layer);
        if let Some(clip) = clip.clip_path() {
            self.clip(clip, affine, layer);
        }
    }

    fn mask(&mut self, mask: &Mask, affine: Affine, layer: Rect) {
        self.nanoseconds += layer.area() * MASKED;
        self.nodes(mask.root(), affine, layer);
        if let Some(mask) = mask.mask() {
            self.mask(mask, affine, layer);
        }
    }

    fn filter(&mut self, filter: &Filter, affine: Affine, layer: Rect) {
        let region = seen(affine, rect_of(filter.rect().to_rect()), layer);
        let [xx, yx, xy, yy, ..] = affine.as_coeffs();
        for step in filter.primitives() {
            let each = match step.kind() {
                Kind::GaussianBlur(_) => 100.0,
                Kind::DropShadow(_) => 150.0,
                Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 80.0,
                // Each pixel looks at all around it.
                Kind::Morphology(step) => {
                    let sides = |radius: f32, scale: f64, most: f64| (2.0 * f64::from(radius) * scale + 1.0).min(most);
                    let across = sides(step.radius_x().get(), libm::hypot(xx, yx), region.width());
                    3.0 * across * sides(step.radius_y().get(), libm::hypot(xy, yy), region.height())
                }
                Kind::ConvolveMatrix(step) => 8.0 * step.matrix().data().len() as f64,
                Kind::Turbulence(step) => 250.0 * f64::from(step.num_octaves()),
                Kind::Merge(step) => 15.0 * step.inputs().len() as f64,
                Kind::Image(step) => {
                    self.nodes(step.root(), affine, region);
                    SAMPLED
                }
                _ => 20.0,
            };
            self.nanoseconds += region.area() * (STEP + each);
        }
    }

    fn path(&mut self, path: &Path, affine: Affine, surface: Rect) {
        if !path.is_visible() {
            return;
        }
        let outline = Outline::of(path, affine, surface);
        let crossings = outline.crossings(surface);
        let Outline { length, rows, count, .. } = outline;
        if let Some(fill) = path.fill() {
            let area = seen(affine, rect_of(path.bounding_box()), surface).area();
            self.nanoseconds += PATH + rows * EDGE_ROW + crossings * CROSSING;
            self.paint(Fill::paint(fill), area, affine, surface);
        }
        if let Some(stroke) = path.stroke() {
            let area = seen(affine, rect_of(path.stroke_bounding_box()), surface).area();
            let width = f64::from(stroke.width().get()) * affine.determinant().abs().sqrt();
            self.nanoseconds += PATH + (rows + count * width.min(surface.height())) * STROKE_EDGES * EDGE_ROW;
            self.nanoseconds += crossings * STROKE_EDGES * STROKE_EDGES * CROSSING;
            self.nanoseconds += dashes(path, stroke) * DASH;
            self.paint(stroke.paint(), area.min(length * width.max(1.0)), affine, surface);
        }
    }

    fn paint(&mut self, paint: &Paint, area: f64, affine: Affine, surface: Rect) {
        let each = match paint {
            Paint::Color(_) => SOLID,
            Paint::LinearGradient(_) | Paint::RadialGradient(_) => GRADIENT,
            Paint::Pattern(pattern) => {
                let affine = affine * affine_of(pattern.transform());
                let [xx, yx, xy, yy, ..] = affine.as_coeffs();
                let (x, y) = (libm::hypot(xx, yx), libm::hypot(xy, yy));
                let tile =
                    Rect::new(0.0, 0.0, f64::from(pattern.rect().width()) * x, f64::from(pattern.rect().height()) * y);
                self.nanoseconds += tile.area();
                // Where in the tile things lie does not matter much: the surface bounds what is seen of them.
                let surface = if tile.area() > surface.area() { tile } else { surface };
                self.nodes(pattern.root(), Affine::scale_non_uniform(x, y), surface);
                SAMPLED
            }
        };
        self.nanoseconds += area * each;
    }

    fn image(&mut self, image: &Image, affine: Affine, surface: Rect) {
        if !image.is_visible() {
            return;
        }
        if let ImageKind::SVG(tree) = image.kind() {
            self.nodes(tree.root(), affine, surface);
            return;
        }
        // It is decoded anew each time.
        self.nanoseconds += f64::from(image.size().width()) * f64::from(image.size().height()) * DECODED;
        self.nanoseconds += seen(affine, rect_of(image.bounding_box()), surface).area() * SAMPLED;
    }
}

/// What work the outline of a path is.
struct Outline {
    /// Pixels from its beginning to its end.
    length: f64,
    /// Rows that its edges cross, all together.
    rows: f64,
    /// Edges.
    count: f64,
    /// The highest and the lowest row that any crosses.
    extent: (f64, f64),
}

impl Outline {
    fn of(path: &Path, affine: Affine, surface: Rect) -> Self {
        let (length, rows, count) = (0.0, 0.0, 0.0);
        let mut outline = Self { length, rows, count, extent: (f64::INFINITY, f64::NEG_INFINITY) };
        along(path, |from, to| {
            let (from, to) = (affine * point_of(from), affine * point_of(to));
            outline.length += from.distance(to).min(surface.width() + surface.height());
            outline.rows += (to.y - from.y).abs().min(surface.height()) + 1.0;
            outline.count += 1.0;
            let (top, bottom) = outline.extent;
            outline.extent = (top.min(from.y).min(to.y), bottom.max(from.y).max(to.y));
        });
        outline
    }

    /// Pairs of edges that lie in the same rows: each edge is put among those by walking past them.
    fn crossings(&self, surface: Rect) -> f64 {
        let (top, bottom) = self.extent;
        let height = (bottom - top).clamp(0.0, surface.height()) + 1.0;
        self.count * (self.rows / height)
    }
}

/// How many dashes a line has.
fn dashes(path: &Path, stroke: &Stroke) -> f64 {
    let Some(pattern) = stroke.dasharray() else { return 0.0 };
    let period: f64 = pattern.iter().map(|length| f64::from(*length)).sum();
    let mut length = 0.0;
    along(path, |from, to| length += point_of(from).distance(point_of(to)));
    let count = length / period * (pattern.len() as f64 / 2.0);
    // Nor is what is no number a small one.
    if count < MOST_DASHES { count } else { MOST_DASHES }
}

/// Tells of the lines of a path, in its own units; of those between the points that bend a curve instead of the curve.
fn along(path: &Path, mut tell: impl FnMut(Point, Point)) {
    let (mut start, mut pen) = (Point::zero(), Point::zero());
    let mut go = |pen: &mut Point, to: Point| {
        tell(*pen, to);
        *pen = to;
    };
    for segment in path.data().segments() {
        match segment {
            PathSegment::MoveTo(to) => (start, pen) = (to, to),
            PathSegment::LineTo(to) => go(&mut pen, to),
            PathSegment::QuadTo(bend, to) => {
                go(&mut pen, bend);
                go(&mut pen, to);
            }
            PathSegment::CubicTo(first, second, to) => {
                go(&mut pen, first);
                go(&mut pen, second);
                go(&mut pen, to);
            }
            PathSegment::Close => go(&mut pen, start),
        }
    }
}

pub(super) fn affine_of(transform: Transform) -> Affine {
    let Transform { sx, kx, ky, sy, tx, ty } = transform;
    Affine::new([sx, ky, kx, sy, tx, ty].map(f64::from))
}

pub(super) fn rect_of(rect: tiny_skia::Rect) -> Rect {
    Rect::new(rect.left().into(), rect.top().into(), rect.right().into(), rect.bottom().into())
}

fn point_of(point: Point) -> kurbo::Point {
    kurbo::Point::new(point.x.into(), point.y.into())
}

/// What of a rectangle lies within the surface.
pub(super) fn seen(affine: Affine, rect: Rect, surface: Rect) -> Rect {
    let rect = affine.transform_rect_bbox(rect).intersect(surface);
    if rect.x1 > rect.x0 && rect.y1 > rect.y0 { rect } else { Rect::ZERO }
}

#[cfg(test)]
mod tests {
    use resvg::usvg::Options;

    use super::*;

    /// Milliseconds.
    fn work(inner: &str) -> f64 {
        let text = format!("<svg xmlns='http://www.w3.org/2000/svg' width='1000' height='1000'>{inner}</svg>");
        let options = Options::default();
        work_of(&Tree::from_str(&text, &options).unwrap(), f64::INFINITY) / 1e6
    }

    #[test]
    fn what_is_more_work_counts_for_more() {
        let square = "<rect width='1000' height='1000'/>";
        let plain = work(square);
        assert!((1.0..2.0).contains(&plain), "{plain}");
        let faint = work(&format!("<g opacity='.5'>{square}<path d='M0 0'/></g>"));
        assert!((plain + 9.0..plain + 15.0).contains(&faint), "a picture of a group's own: {faint}");
        // Ten of them in each other.
        let nested = work(&format!("{}{square}{}", format!("<g opacity='.5'>{square}").repeat(10), "</g>".repeat(10)));
        assert!((100.0..200.0).contains(&nested), "{nested}");
        let blurred = "<filter id='f'><feGaussianBlur stdDeviation='9'/></filter>";
        let blur = work(&format!("{blurred}<g filter='url(#f)'>{square}</g>"));
        assert!((120.0..300.0).contains(&blur), "{blur}");
        let small = work(&format!("{blurred}<rect width='100' height='100' filter='url(#f)'/>"));
        assert!(small < blur / 50.0, "by its area: {small}");
        let line = |dash: &str| work(&format!("<path d='M0 500 H1000' stroke='red' stroke-dasharray='{dash}'/>"));
        assert!(line("1") < 5.0 && line("0.01") > 70.0, "{} and {}", line("1"), line("0.01"));
        let away = work(
            "<g filter='url(#f)'><rect x='90000' width='9' height='9'/></g><rect y='-5000' width='2000' height='2000'/>",
        );
        assert!(away < 0.2, "what is not seen is not painted: {away}");
    }

    /// Megapixels of the square that is asked for at 16, and milliseconds of work.
    fn drawn_within(most: f64, inner: &str, area: Rect) -> (f64, f64) {
        let text = format!("<svg xmlns='http://www.w3.org/2000/svg' width='1000' height='1000'>{inner}</svg>");
        let tree = Tree::from_str(&text, &Options::default()).unwrap();
        let scale = 4096.0 / area.width();
        let (x, y) = affordable_scale(&tree, Affine::IDENTITY, area, (scale, scale), (most * 1e6, f64::INFINITY));
        assert!((x - y).abs() < 1e-9 && x <= scale, "{x}, {y}");
        let place = Affine::scale(x) * Affine::translate(-area.origin().to_vec2());
        let size = (area.width() * x, area.height() * y);
        (size.0 * size.1 / PIXELS, work_at(&tree, place, size, f64::INFINITY) / 1e6)
    }

    #[test]
    fn what_is_much_work_is_drawn_coarser() {
        let all = Rect::new(0.0, 0.0, 1000.0, 1000.0);
        let plain = "<circle cx='500' cy='500' r='400'/>";
        assert_eq!(drawn_within(100.0, plain, all).0.round(), 16.0);
        for (name, filter) in [
            ("blurs", "<feGaussianBlur stdDeviation='9'/>".repeat(3)),
            ("noise", "<feTurbulence baseFrequency='.1' numOctaves='9'/>".to_owned()),
            ("wider", "<feMorphology operator='dilate' radius='2'/>".to_owned()),
        ] {
            let inner = format!("<filter id='f'>{filter}</filter><g filter='url(#f)'>{plain}</g>");
            for area in [all, Rect::new(400.0, 450.0, 410.0, 460.0)] {
                let (pixels, work) = drawn_within(800.0, &inner, area);
                assert!(work <= 800.0, "{name} at {area:?}: {pixels} megapixels are {work} ms");
                assert!(pixels < 15.0 && (pixels > 0.1 || area != all), "{name} at {area:?}: {pixels} megapixels");
            }
        }
    }
}
