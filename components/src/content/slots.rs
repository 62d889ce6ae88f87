//! What several content types can animate alike.

use crate::{
    animation::slots::{Segment, Slots, Visitor},
    geometry::Size,
    paint::{Gradient, Paint},
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
    /// The colour as `name`, or the gradient's values within it.
    pub(super) fn visit_as(&mut self, name: &'static str, visitor: &mut dyn Visitor) {
        match self {
            Self::Solid(color) => visitor.color(name, color),
            Self::Gradient(gradient) => {
                visitor.absent(name, "one colour instead of a gradient");
                visitor.within(Segment::Name(name), |visitor| gradient.visit(visitor));
            }
        }
    }
}

impl Slots for Gradient {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        let stops = match self {
            Self::Linear { angle, stops } => {
                visitor.number("angle", angle, -1e6, 1e6);
                stops
            }
            Self::Radial { center, radius, stops } => {
                visitor.point(Segment::Name("center"), center);
                visitor.number("radius", radius, 0.0, 1e4);
                stops
            }
            Self::Conic { center, angle, stops } => {
                visitor.point(Segment::Name("center"), center);
                visitor.number("angle", angle, -1e6, 1e6);
                stops
            }
        };
        visitor.within(Segment::Name("stops"), |visitor| {
            for (index, stop) in stops.iter_mut().enumerate() {
                visitor.within(Segment::Index(index), |visitor| {
                    visitor.number("offset", &mut stop.offset, 0.0, 1.0);
                    visitor.color("color", &mut stop.color);
                });
            }
        });
    }
}
