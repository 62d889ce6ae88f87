//! Paints on their way from one to another: gradients of one type stop by stop, and a colour as a gradient all of whose
//! stops have it.
//!
//! Of as many stops the first turns into the first, and so on. Otherwise both get stops wherever the other has one, in
//! the colours that they show there, so that nothing is to be seen of it before the first has moved.

use super::{
    Animation, ColorSpace, Turn,
    track::shortest,
    value::{Domain, Sample},
};
use crate::{
    color::Color,
    geometry::Point,
    paint::{Gradient, GradientStop, Paint},
};

/// The bounds of a gradient's numbers.
pub(crate) const ANGLE: (f64, f64) = (-1e6, 1e6);
pub(crate) const COORDINATE: (f64, f64) = (-1e6, 1e6);
pub(crate) const RADIUS: (f64, f64) = (0.0, 1e4);

/// How paints turn into one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// Whether colours are mixed in OKLab.
    pub(super) is_oklab: bool,
    /// Whether angles turn the shorter way.
    pub(super) is_shortest: bool,
}

impl Manner {
    pub(super) fn of(animation: &Animation) -> Self {
        Self { is_oklab: animation.color_space == ColorSpace::Oklab, is_shortest: animation.rotate == Turn::Shortest }
    }

    /// A colour in the numbers in which it moves.
    fn mixed(self, color: Sample) -> Sample {
        if self.is_oklab { Domain::COLOR.evenly(color) } else { color }
    }

    /// The way back.
    fn color(self, mixed: Sample) -> Color {
        let color = if self.is_oklab { Domain::COLOR.as_written(mixed) } else { mixed };
        Domain::COLOR.clamp(color).to_color()
    }
}

/// What a paint looks like, but for its stops.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Solid,
    Linear { angle: f64 },
    Radial { center: Point, radius: f64 },
    Conic { center: Point, angle: f64 },
}

impl Shape {
    fn of(gradient: &Gradient) -> Self {
        match *gradient {
            Gradient::Linear { angle, .. } => Self::Linear { angle },
            Gradient::Radial { center, radius, .. } => Self::Radial { center, radius },
            Gradient::Conic { center, angle, .. } => Self::Conic { center, angle },
        }
    }

    /// The one so far on the way from this to `other`, if there is one.
    fn between(self, other: Self, t: f64) -> Option<Self> {
        let number = |a: f64, b: f64, (min, max): (f64, f64)| (a + (b - a) * t).clamp(min, max);
        let point = |a: Point, b: Point| Point { x: number(a.x, b.x, COORDINATE), y: number(a.y, b.y, COORDINATE) };
        Some(match (self, other) {
            (Self::Solid, Self::Solid) => Self::Solid,
            (Self::Linear { angle: a }, Self::Linear { angle: b }) => Self::Linear { angle: number(a, b, ANGLE) },
            (Self::Radial { center: a, radius: from }, Self::Radial { center: b, radius: to }) => {
                Self::Radial { center: point(a, b), radius: number(from, to, RADIUS) }
            }
            (Self::Conic { center: a, angle: from }, Self::Conic { center: b, angle: to }) => {
                Self::Conic { center: point(a, b), angle: number(from, to, ANGLE) }
            }
            _ => return None,
        })
    }

    /// The same with the angle that is the same and the nearest to that of `before`.
    fn turned(self, before: Self) -> Self {
        let nearest = |before, angle| shortest(Sample::number(before), Sample::number(angle)).x();
        match (before, self) {
            (Self::Linear { angle: before }, Self::Linear { angle }) => Self::Linear { angle: nearest(before, angle) },
            (Self::Conic { angle: before, .. }, Self::Conic { center, angle }) => {
                Self::Conic { center, angle: nearest(before, angle) }
            }
            _ => self,
        }
    }
}

/// A stop on its way from one place and colour to another, these in the numbers in which they move.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stop {
    offset: (f64, f64),
    color: (Sample, Sample),
}

/// The way from one paint to another.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Passage {
    shape: (Shape, Shape),
    stops: Vec<Stop>,
    manner: Manner,
}

impl Passage {
    /// `None` if there is nothing between the two.
    pub(super) fn new(from: &Paint, to: &Paint, manner: Manner) -> Option<Self> {
        let color = |color: &Color| manner.mixed(Sample::color(*color));
        let plain = |stop: &GradientStop| (stop.offset, stop.offset);
        let (shape, stops) = match (from, to) {
            (Paint::Solid(a), Paint::Solid(b)) => {
                ((Shape::Solid, Shape::Solid), vec![Stop { offset: (0.0, 0.0), color: (color(a), color(b)) }])
            }
            (Paint::Solid(a), Paint::Gradient(b)) => {
                let stop = |stop: &GradientStop| Stop { offset: plain(stop), color: (color(a), color(&stop.color)) };
                ((Shape::of(b), Shape::of(b)), b.stops().iter().map(stop).collect())
            }
            (Paint::Gradient(a), Paint::Solid(b)) => {
                let stop = |stop: &GradientStop| Stop { offset: plain(stop), color: (color(&stop.color), color(b)) };
                ((Shape::of(a), Shape::of(a)), a.stops().iter().map(stop).collect())
            }
            (Paint::Gradient(a), Paint::Gradient(b)) => {
                let (from, to) = (Shape::of(a), Shape::of(b));
                let to = if manner.is_shortest { to.turned(from) } else { to };
                let (a, b) = (a.stops(), b.stops());
                let pair = |(a, b): (&GradientStop, &GradientStop)| Stop {
                    offset: (a.offset, b.offset),
                    color: (color(&a.color), color(&b.color)),
                };
                let stops =
                    if a.len() == b.len() { a.iter().zip(b).map(pair).collect() } else { resampled(a, b, manner) };
                ((from, to), stops)
            }
        };
        shape.0.between(shape.1, 0.0)?;
        Some(Self { shape, stops, manner })
    }

    /// Makes a paint what is so far on the way, beyond the ends too; whether it was another before. Asks for no memory
    /// unless there are more stops than there ever were.
    pub(super) fn write(&self, t: f64, paint: &mut Paint) -> bool {
        let color = |stop: &Stop| self.manner.color(Sample::between(stop.color.0, stop.color.1, t));
        match (self.shape.0.between(self.shape.1, t), &*self.stops) {
            (Some(Shape::Solid), [stop, ..]) => replace(paint, Paint::Solid(color(stop))),
            (Some(shape), stops) => {
                let mut least = 0.0;
                let stops = stops.iter().map(|stop| {
                    let (a, b) = stop.offset;
                    // What shoots over must not pass the one before.
                    least = (a + (b - a) * t).clamp(least, 1.0);
                    GradientStop { offset: least, color: color(stop) }
                });
                assign(paint, shape, stops)
            }
            (None, _) => false,
        }
    }
}

/// How a colour or a gradient goes to another one because somebody changed it.
const CHANGED: Manner = Manner { is_oklab: true, is_shortest: false };

/// Makes `paint` what is so far on the way to it from `from`; whether it was another.
pub(super) fn mix(from: &Paint, paint: &mut Paint, progress: f64) -> bool {
    match Passage::new(from, paint, CHANGED) {
        Some(passage) => passage.write(progress, paint),
        None if progress < 0.5 => copy(from, paint),
        None => false,
    }
}

/// Makes `paint` another; whether it was one. The memory of its stops is used again.
pub(super) fn copy(from: &Paint, paint: &mut Paint) -> bool {
    match from {
        Paint::Solid(_) => replace(paint, from.clone()),
        Paint::Gradient(gradient) => assign(paint, Shape::of(gradient), gradient.stops().iter().copied()),
    }
}

/// Why there is nothing between two paints that follow one another.
pub(super) fn gap(paints: impl Iterator<Item = Option<Paint>>) -> Option<String> {
    let paints: Vec<Option<Paint>> = paints.collect();
    paints.windows(2).find_map(|pair| match pair {
        [Some(Paint::Gradient(a)), Some(Paint::Gradient(b))] if a.name() != b.name() => {
            Some(format!("a {} gradient cannot turn into a {} one", a.name(), b.name()))
        }
        _ => None,
    })
}

fn assign(paint: &mut Paint, shape: Shape, new: impl ExactSizeIterator<Item = GradientStop>) -> bool {
    let same = match (&mut *paint, shape) {
        (Paint::Gradient(Gradient::Linear { angle, stops }), Shape::Linear { angle: new }) => {
            Some((replace(angle, new), stops))
        }
        (Paint::Gradient(Gradient::Radial { center, radius, stops }), Shape::Radial { center: at, radius: new }) => {
            Some((replace(center, at) | replace(radius, new), stops))
        }
        (Paint::Gradient(Gradient::Conic { center, angle, stops }), Shape::Conic { center: at, angle: new }) => {
            Some((replace(center, at) | replace(angle, new), stops))
        }
        _ => None,
    };
    if let Some((mut differs, stops)) = same {
        differs |= stops.len() != new.len();
        stops.truncate(new.len());
        for (index, stop) in new.enumerate() {
            match stops.get_mut(index) {
                Some(known) => differs |= replace(known, stop),
                None => stops.push(stop),
            }
        }
        return differs;
    }
    let stops: Vec<GradientStop> = new.collect();
    *paint = match (shape, stops.first()) {
        (Shape::Linear { angle }, _) => Paint::Gradient(Gradient::Linear { angle, stops }),
        (Shape::Radial { center, radius }, _) => Paint::Gradient(Gradient::Radial { center, radius, stops }),
        (Shape::Conic { center, angle }, _) => Paint::Gradient(Gradient::Conic { center, angle, stops }),
        (Shape::Solid, Some(stop)) => Paint::Solid(stop.color),
        (Shape::Solid, None) => return false,
    };
    true
}

fn replace<T: PartialEq>(slot: &mut T, value: T) -> bool {
    let differs = *slot != value;
    *slot = value;
    differs
}

/// The stops of two gradients at the offsets of both; two of them where one changes its colour at once.
fn resampled(a: &[GradientStop], b: &[GradientStop], manner: Manner) -> Vec<Stop> {
    let mut offsets: Vec<f64> = a.iter().chain(b).map(|stop| stop.offset).collect();
    offsets.sort_by(f64::total_cmp);
    offsets.dedup();
    let mut stops = Vec::with_capacity(offsets.len() + 1);
    for offset in offsets {
        let ([a_before, a_from], [b_before, b_from]) = (colors_at(a, offset), colors_at(b, offset));
        let mut push = |a: Sample, b: Sample| {
            stops.push(Stop { offset: (offset, offset), color: (manner.mixed(a), manner.mixed(b)) });
        };
        push(a_before, b_before);
        if (a_before, b_before) != (a_from, b_from) {
            push(a_from, b_from);
        }
    }
    stops
}

/// The colours that a gradient has just before an offset and from there on, mixed as it is drawn: in premultiplied sRGB.
fn colors_at(stops: &[GradientStop], at: f64) -> [Sample; 2] {
    let between = |before: Option<&GradientStop>, after: Option<&GradientStop>| match (before, after) {
        (Some(before), Some(after)) if after.offset > before.offset => {
            let share = ((at - before.offset) / (after.offset - before.offset)).clamp(0.0, 1.0);
            Sample::between(Sample::color(before.color), Sample::color(after.color), share)
        }
        (Some(only), _) | (None, Some(only)) => Sample::color(only.color),
        (None, None) => Sample::default(),
    };
    let first_from = stops.iter().position(|stop| stop.offset >= at).unwrap_or(stops.len());
    let first_after = stops.iter().position(|stop| stop.offset > at).unwrap_or(stops.len());
    let stop = |place: Option<usize>| place.and_then(|place| stops.get(place));
    [
        between(stop(first_from.checked_sub(1)), stop(Some(first_from))),
        between(stop(first_after.checked_sub(1)), stop(Some(first_after))),
    ]
}
