//! What several content types can animate alike.

use crate::{
    animation::{
        passage,
        slots::{Segment, Slots, Visitor},
    },
    geometry::Size,
    paint::{Gradient, MAX_STOPS, Paint},
};

impl Slots for Option<Size> {
    /// The size of a content's box, within `size`.
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.within(Segment::Name("size"), |visitor| match self {
            Some(size) => {
                visitor.length("width", &mut size.width, 0.0, 1e6);
                visitor.length("height", &mut size.height, 0.0, 1e6);
            }
            None => {
                visitor.absent("width", "a `size`");
                visitor.absent("height", "a `size`");
            }
        });
    }
}

impl Paint {
    /// All of it as `name`, and the values of a gradient within that.
    pub(super) fn visit_as(&mut self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.paint(name, self, true);
        visitor.within(Segment::Name(name), |visitor| match self {
            Self::Solid(_) => visitor.pass(Gradient::PLACES),
            Self::Gradient(gradient) => gradient.visit(visitor),
        });
    }
}

impl Gradient {
    /// What the values of any gradient take up together: its angle, its radius, its centre and the two halves of that, and
    /// the offset and the colour of each stop.
    #[expect(clippy::cast_possible_truncation, reason = "a few stops")]
    const PLACES: u32 = 5 + 2 * MAX_STOPS as u32;

    /// All of it as `name`, and its values within that.
    pub(super) fn visit_as(&mut self, name: &'static str, visitor: &mut dyn Visitor) {
        let nothing = Self::Linear { angle: 0.0, stops: Vec::new() };
        let mut paint = Paint::Gradient(std::mem::replace(self, nothing));
        visitor.paint(name, &mut paint, false);
        // It was told that this cannot be a colour.
        if let Paint::Gradient(gradient) = paint {
            *self = gradient;
        }
        visitor.within(Segment::Name(name), |visitor| self.visit(visitor));
    }
}

/// Whatever the gradient, each value has the same place: while all of it is animated, it can become one of another type and
/// with other stops.
impl Slots for Gradient {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        let (angle, radius, center, stops) = match self {
            Self::Linear { angle, stops } => (Some(angle), None, None, stops),
            Self::Radial { center, radius, stops } => (None, Some(radius), Some(center), stops),
            Self::Conic { center, angle, stops } => (Some(angle), None, Some(center), stops),
        };
        match angle {
            Some(angle) => visitor.number("angle", angle, passage::ANGLE.0, passage::ANGLE.1),
            None => visitor.pass(1),
        }
        match radius {
            Some(radius) => visitor.number("radius", radius, passage::RADIUS.0, passage::RADIUS.1),
            None => visitor.pass(1),
        }
        match center {
            Some(center) => visitor.point(Segment::Name("center"), center),
            None => visitor.pass(3),
        }
        // On the way from one to another there can be more than a document may have.
        let shown = stops.len().min(MAX_STOPS);
        visitor.within(Segment::Name("stops"), |visitor| {
            for (index, stop) in stops[..shown].iter_mut().enumerate() {
                visitor.within(Segment::Index(index), |visitor| {
                    visitor.number("offset", &mut stop.offset, 0.0, 1.0);
                    visitor.color("color", &mut stop.color);
                });
            }
            (shown..MAX_STOPS).for_each(|_| visitor.pass(2));
        });
    }
}
