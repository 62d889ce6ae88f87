//! Motion paths: where a point is that has gone so far along a curve.
//!
//! A curve's own parameter does not run at one speed, so a table of lengths stands beside it. It is made finer until the
//! line between two entries is nowhere farther than [`NEAR`] from the curve's true length. Lengths are summed up by our
//! own quadrature: that of `kurbo` takes roots from the system's library, which differ from machine to machine.

use kurbo::{BezPath, ParamCurve, ParamCurveDeriv, PathEl, PathSeg, Point, Vec2};

use super::timeline::rounded;
use crate::document::shown_number;

/// Pixels by which the table may be wrong between two entries.
const NEAR: f64 = 0.02;
/// The finest part of a segment that has an entry of its own is so many halvings of it.
const DEEPEST: u32 = 12;

/// Segments that a route may have, and how far from the origin it may lead, in pixels: measuring it takes a fraction of a
/// tick then.
const MAX_SEGMENTS: usize = 200;
const FARTHEST: f64 = 1e5;

/// Reads SVG path data. Arcs come from it by sines of the system's library, whose last digits differ from machine to machine:
/// points are rounded to where all agree, which leaves those alone that are written.
fn read(path: &str) -> Option<BezPath> {
    let near = |point: Point| Point::new(rounded(point.x), rounded(point.y));
    let elements = BezPath::from_svg(path).ok()?.into_iter().map(|element| match element {
        PathEl::MoveTo(to) => PathEl::MoveTo(near(to)),
        PathEl::LineTo(to) => PathEl::LineTo(near(to)),
        PathEl::QuadTo(a, to) => PathEl::QuadTo(near(a), near(to)),
        PathEl::CurveTo(a, b, to) => PathEl::CurveTo(near(a), near(b), near(to)),
        PathEl::ClosePath => PathEl::ClosePath,
    });
    Some(elements.collect())
}

/// What is too much about a path to be measured, in words; `None` if nothing is.
pub(super) fn excess(path: &str) -> Option<String> {
    let path = read(path)?;
    let count = path.segments().count();
    if count > MAX_SEGMENTS {
        return Some(format!("a path of {count} segments"));
    }
    let is_far = |point: Point| point.x.abs().max(point.y.abs()) > FARTHEST;
    let points = path.segments().flat_map(|segment| {
        let curve = segment.to_cubic();
        [curve.p0, curve.p1, curve.p2, curve.p3]
    });
    let far = points.into_iter().find(|point| is_far(*point))?;
    Some(format!("a path with a point at {}, {}", shown_number(far.x), shown_number(far.y)))
}

/// A path by lengths.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    segments: Vec<PathSeg>,
    /// Rising lengths.
    entries: Vec<Entry>,
}

/// A moment of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    /// Pixels from the beginning.
    length: f64,
    segment: usize,
    /// The segment's parameter there.
    t: f64,
}

impl Route {
    /// The route along SVG path data; `None` if it cannot be read, is not finite, or has no length.
    pub(super) fn new(path: &str) -> Option<Self> {
        let path = read(path)?;
        let segments: Vec<PathSeg> = path.segments().collect();
        if !path.is_finite() || segments.is_empty() || segments.len() > MAX_SEGMENTS {
            return None;
        }
        let mut route = Self { segments: Vec::with_capacity(segments.len()), entries: Vec::new() };
        let mut length = 0.0;
        for segment in segments {
            let whole = distance(&segment, 0.0, 1.0);
            if whole <= 0.0 {
                continue;
            }
            let index = route.segments.len();
            route.entries.push(Entry { length, segment: index, t: 0.0 });
            route.part(&segment, index, (0.0, 1.0), (length, whole), 0);
            length += whole;
            route.segments.push(segment);
        }
        (length > 0.0 && length.is_finite()).then_some(route)
    }

    /// Adds the entries from `t.0` to `t.1`, the first of them not; `length` is that of all before, and of this part.
    fn part(&mut self, segment: &PathSeg, index: usize, t: (f64, f64), length: (f64, f64), depth: u32) {
        let middle = f64::midpoint(t.0, t.1);
        let first = distance(segment, t.0, middle);
        // A curve that is slow at both ends is even at its middle.
        let quarter = distance(segment, t.0, f64::midpoint(t.0, middle));
        let is_even = (first - length.1 / 2.0).abs() < NEAR && (quarter - length.1 / 4.0).abs() < NEAR;
        if depth >= DEEPEST || depth > 1 && is_even {
            self.entries.push(Entry { length: length.0 + length.1, segment: index, t: t.1 });
            return;
        }
        self.part(segment, index, (t.0, middle), (length.0, first), depth + 1);
        self.part(segment, index, (middle, t.1), (length.0 + first, length.1 - first), depth + 1);
    }

    /// Pixels from its beginning to its end.
    pub(super) fn length(&self) -> f64 {
        self.entries.last().map_or(0.0, |last| last.length)
    }

    /// Where it is after so many pixels, and its direction there as a vector of length 1. Before its beginning and after
    /// its end it goes on straight.
    pub(super) fn at(&self, length: f64) -> (Point, Vec2) {
        let inside = length.clamp(0.0, self.length());
        // Where a gap lies the entries of both sides have this length: the later one counts.
        let next = self.entries.partition_point(|entry| entry.length <= inside).clamp(1, self.entries.len() - 1);
        let (a, b) = (self.entries[next - 1], self.entries[next]);
        let span = b.length - a.length;
        let share = if span > 0.0 { (inside - a.length) / span } else { 1.0 };
        let segment = &self.segments[b.segment];
        let t = if a.segment == b.segment { a.t + (b.t - a.t) * share } else { b.t };
        let direction = direction(segment, t);
        (segment.eval(t) + direction * (length - inside), direction)
    }
}

/// Degrees clockwise from right.
pub(super) fn degrees(direction: Vec2) -> f64 {
    libm::atan2(direction.y, direction.x).to_degrees()
}

fn velocity(segment: &PathSeg, t: f64) -> Vec2 {
    match segment {
        PathSeg::Line(line) => line.p1 - line.p0,
        PathSeg::Quad(curve) => curve.deriv().eval(t).to_vec2(),
        PathSeg::Cubic(curve) => curve.deriv().eval(t).to_vec2(),
    }
}

fn magnitude(vector: Vec2) -> f64 {
    (vector.x * vector.x + vector.y * vector.y).sqrt()
}

fn direction(segment: &PathSeg, t: f64) -> Vec2 {
    /// Where a curve stands still its direction is that of the way around this point.
    const AROUND: f64 = 1e-4;
    let mut along = velocity(segment, t);
    if magnitude(along) < 1e-9 {
        along = segment.eval((t + AROUND).min(1.0)) - segment.eval((t - AROUND).max(0.0));
    }
    let length = magnitude(along);
    if length > 0.0 { along / length } else { Vec2::new(1.0, 0.0) }
}

/// Pixels along a segment, by Gauss-Legendre quadrature with five nodes, halved until that changes nothing.
fn distance(segment: &PathSeg, from: f64, to: f64) -> f64 {
    fn sum(segment: &PathSeg, from: f64, to: f64) -> f64 {
        const NODES: [(f64, f64); 5] = [
            (0.0, 0.568_888_888_888_888_9),
            (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
            (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
            (0.906_179_845_938_664, 0.236_926_885_056_189_08),
            (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
        ];
        let (middle, half) = (f64::midpoint(from, to), (to - from) / 2.0);
        half * NODES.iter().map(|(at, weight)| weight * magnitude(velocity(segment, middle + half * at))).sum::<f64>()
    }
    fn refined(segment: &PathSeg, from: f64, to: f64, whole: f64, depth: u32) -> f64 {
        let middle = f64::midpoint(from, to);
        let (first, second) = (sum(segment, from, middle), sum(segment, middle, to));
        if depth == 0 || (first + second - whole).abs() < 1e-4 {
            return first + second;
        }
        refined(segment, from, middle, first, depth - 1) + refined(segment, middle, to, second, depth - 1)
    }
    match segment {
        PathSeg::Line(_) => (to - from) * magnitude(velocity(segment, 0.0)),
        _ => refined(segment, from, to, sum(segment, from, to), 10),
    }
}

#[cfg(test)]
mod tests {
    use kurbo::Shape;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_circle_is_gone_round_at_one_speed() {
        let circle = kurbo::Circle::new((0.0, 0.0), 600.0).to_path(1e-6).to_svg();
        let route = Route::new(&circle).expect("a path");
        let round = 600.0 * std::f64::consts::TAU;
        assert!((route.length() - round).abs() < 0.5, "{}", route.length());
        for degree in 0..360 {
            let (point, direction) = route.at(route.length() * f64::from(degree) / 360.0);
            let angle = f64::from(degree).to_radians();
            assert!(
                (point - Point::new(600.0 * angle.cos(), 600.0 * angle.sin())).hypot() < 0.5,
                "at {degree}: {point}"
            );
            let turned = (degrees(direction) - f64::from(degree) - 90.0).rem_euclid(360.0);
            assert!(turned.min(360.0 - turned) < 0.2, "at {degree}: {turned}");
        }
    }

    #[test]
    fn it_goes_on_straight_beyond_its_ends_and_leaps_over_gaps() {
        let route = Route::new("M 0 0 H 100 M 200 50 V 150").expect("a path");
        assert_eq!(route.length(), 200.0);
        let points = [-10.0, 50.0, 100.0, 150.0, 230.0].map(|at| route.at(at).0);
        let expected = [(-10.0, 0.0), (50.0, 0.0), (200.0, 50.0), (200.0, 100.0), (200.0, 180.0)];
        assert_eq!(points, expected.map(Point::from));
        for nothing in ["", "M 5 5", "M 5 5 L 5 5", "nonsense"] {
            assert_eq!(Route::new(nothing), None, "{nothing}");
        }
        // A corner point on which the curve stands still has the direction of what is around it.
        let cusp = Route::new("M 0 0 C 0 0 100 100 100 100").expect("a path");
        assert!((degrees(cusp.at(0.0).1) - 45.0).abs() < 1e-6);
    }

    #[test]
    fn arcs_are_the_same_on_every_machine_and_points_as_they_are_written() {
        let half = read("M 0.1 0.3 A 77.7 77.7 0 0 1 155.5 0.3").expect("a path");
        for element in half.elements() {
            let PathEl::CurveTo(a, b, to) = element else { continue };
            for number in [a.x, a.y, b.x, b.y, to.x, to.y] {
                assert_eq!(number, rounded(number));
            }
        }
        let written = "M 0.1 0.7 L 12345.678901 -0.000001 C 1.1 2.2 3.3 4.4 99999.9 6.6 Q 0.123456789 1 2 3 Z";
        assert_eq!(read(written), BezPath::from_svg(written).ok());
    }

    #[test]
    fn what_would_take_long_to_measure_is_told() {
        let long = |count: usize| format!("M 0 0 {}", "C 9 0 0 9 5 5 ".repeat(count));
        assert_eq!(excess(&long(200)), None);
        assert_eq!(excess(&long(201)).as_deref(), Some("a path of 201 segments"));
        assert_eq!(Route::new(&long(201)), None);
        let far = excess("M 0 0 C 0 0 9 -100001 5 5");
        assert_eq!(far.as_deref(), Some("a path with a point at 9, -100001"));
    }

    proptest! {
        /// Half a pixel at most, on curves of up to some 4000 pixels, also such as turn sharply and stand nearly still.
        #[test]
        fn lengths_are_right_to_half_a_pixel(points in proptest::collection::vec(-1000.0..1000.0, 8), share in 0.0..=1.0) {
            let p = |at: usize| (points[2 * at], points[2 * at + 1]);
            let mut path = BezPath::new();
            path.move_to(p(0));
            path.curve_to(p(1), p(2), p(3));
            let route = Route::new(&path.to_svg()).expect("a path");
            // The same by a hundred thousand straight lines.
            const LINES: u32 = 100_000;
            let curve = path.segments().next().expect("one");
            let (mut length, mut before, mut wanted) = (0.0, curve.eval(0.0), None);
            let goal = share * route.length();
            for line in 1..=LINES {
                let here = curve.eval(f64::from(line) / f64::from(LINES));
                length += (here - before).hypot();
                if wanted.is_none() && length >= goal {
                    wanted = Some(here);
                }
                before = here;
            }
            prop_assert!((route.length() - length).abs() < 0.05);
            let (point, _) = route.at(goal);
            prop_assert!((point - wanted.unwrap_or(before)).hypot() < 0.5);
        }
    }
}
