//! The values of a content that can be animated, as the content types list them.

use std::fmt;

use super::{
    parts::{Part, Subject},
    stepping::Between,
    value::{Domain, Kind, ParseValueError, Sample, Value},
};
use crate::{
    color::Color,
    geometry::{Length, Point},
    paint::Paint,
};

mod list;
mod stepped;

pub(super) use self::list::list;
pub use self::stepped::Stepped;
use self::stepped::{Form, Painted, Text};

/// Something with values that can be animated.
pub trait Slots {
    /// Shows every such value to `visitor`, always in the same order while the structure stays the same.
    fn visit(&mut self, visitor: &mut dyn Visitor);
}

/// A value that can be animated.
#[derive(Debug)]
pub enum Slot<'a> {
    /// A number between two bounds.
    Number(&'a mut f64, f64, f64),
    /// A length between two bounds.
    Length(&'a mut Length, f64, f64),
    /// A colour.
    Color(&'a mut Color),
    /// Two numbers.
    Pair(&'a mut Point),
    /// A whole number between two bounds: it is rounded.
    Whole(&'a mut f64, f64, f64),
    /// What has nothing in between.
    Step(&'a mut dyn Stepped),
    /// SVG path data.
    Path(&'a mut String),
    /// A colour or a gradient; whether it can be a colour.
    Paint(&'a mut Paint, bool),
}

impl Slot<'_> {
    fn domain(&self) -> Domain {
        match self {
            Self::Number(_, min, max) | Self::Whole(_, min, max) => Domain::new(Kind::Number, *min, *max),
            Self::Length(_, min, max) => Domain::new(Kind::Length, *min, *max),
            Self::Color(_) | Self::Paint(Paint::Solid(_), _) => Domain::COLOR,
            Self::Pair(_) => Domain::new(Kind::Pair, -1e6, 1e6),
            Self::Step(_) | Self::Path(_) | Self::Paint(Paint::Gradient(_), _) => Domain::STEP,
        }
    }

    fn value(&self) -> Sample {
        match self {
            Self::Number(number, ..) | Self::Whole(number, ..) => Sample::number(**number),
            Self::Length(length, ..) => Sample::length(**length),
            Self::Color(color) => Sample::color(**color),
            Self::Paint(Paint::Solid(color), _) => Sample::color(*color),
            Self::Pair(point) => Sample::pair(point.x, point.y),
            Self::Step(_) | Self::Path(_) | Self::Paint(Paint::Gradient(_), _) => Sample::default(),
        }
    }

    /// What is there now, if it is no number.
    fn stepped(&self) -> Option<Value> {
        match self {
            Self::Step(slot) => Some(slot.value()),
            Self::Path(path) => Some(Value::Text((*path).clone())),
            Self::Paint(Paint::Gradient(gradient), _) => Some(Value::Gradient(Box::new(gradient.clone()))),
            _ => None,
        }
    }

    /// What there is between two values of it if it is no number.
    fn between(&self) -> Between {
        match self {
            Self::Path(_) => Between::Outlines,
            Self::Paint(..) => Between::Paints,
            _ => Between::Nothing,
        }
    }

    fn set(self, value: Sample) -> bool {
        fn replace<T: PartialEq>(slot: &mut T, value: T) -> bool {
            let differs = *slot != value;
            *slot = value;
            differs
        }
        match self {
            Self::Number(number, ..) => replace(number, value.x()),
            Self::Length(length, ..) => replace(length, value.to_length()),
            Self::Color(color) => replace(color, value.to_color()),
            Self::Pair(point) => replace(point, Point { x: value.x(), y: value.y() }),
            Self::Whole(number, ..) => replace(number, value.x().round()),
            Self::Paint(paint, true) => replace(paint, Paint::Solid(value.to_color())),
            // They take no samples.
            Self::Step(_) | Self::Path(_) | Self::Paint(..) => false,
        }
    }
}

/// Is shown the values of a content.
pub trait Visitor {
    /// A value.
    fn slot(&mut self, name: Segment, slot: Slot<'_>);
    /// A value that could be animated if only it were there; `missing` says what would have to be.
    fn absent(&mut self, name: &'static str, missing: &'static str);
    /// So many places are kept for values that could be here.
    fn pass(&mut self, places: u32);
    /// What comes until [`leave`](Self::leave) is within `name`.
    fn enter(&mut self, name: Segment);
    /// The end of what was entered last.
    fn leave(&mut self);
}

/// A step of a path.
#[derive(Clone, Copy, Debug)]
pub enum Segment {
    /// A field.
    Name(&'static str),
    /// A place in a list, from 0.
    Index(usize),
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

impl dyn Visitor + '_ {
    /// A number from `min` to `max`.
    pub(crate) fn number(&mut self, name: &'static str, number: &mut f64, min: f64, max: f64) {
        self.slot(Segment::Name(name), Slot::Number(number, min, max));
    }

    /// A number of a list, from `min` to `max`.
    pub(crate) fn number_at(&mut self, index: usize, number: &mut f64, min: f64, max: f64) {
        self.slot(Segment::Index(index), Slot::Number(number, min, max));
    }

    /// A whole number from `min` to `max`.
    pub(crate) fn whole<N: Copy + Into<f64>>(
        &mut self,
        name: &'static str,
        number: &mut N,
        (min, max): (f64, f64),
        back: impl FnOnce(f64) -> N,
    ) {
        let mut shown: f64 = (*number).into();
        self.slot(Segment::Name(name), Slot::Whole(&mut shown, min, max));
        *number = back(shown);
    }

    /// What has nothing in between: a name of several, or on and off.
    pub(crate) fn step(&mut self, name: &'static str, slot: &mut dyn Stepped) {
        self.slot(Segment::Name(name), Slot::Step(slot));
    }

    /// A text of so many characters, from the least to the most.
    pub(crate) fn text(&mut self, name: &'static str, text: &mut String, characters: (usize, usize)) {
        self.slot(Segment::Name(name), Slot::Step(&mut Text { text, form: Form::Characters(characters) }));
    }

    /// SVG path data.
    pub(crate) fn path(&mut self, name: &'static str, path: &mut String) {
        self.slot(Segment::Name(name), Slot::Path(path));
    }

    /// A colour or a gradient, or a gradient alone.
    pub(crate) fn paint(&mut self, name: &'static str, paint: &mut Paint, can_be_color: bool) {
        self.slot(Segment::Name(name), Slot::Paint(paint, can_be_color));
    }

    /// A length from `min` to `max`, of pixels as of percent.
    pub(crate) fn length(&mut self, name: &'static str, length: &mut Length, min: f64, max: f64) {
        self.slot(Segment::Name(name), Slot::Length(length, min, max));
    }

    /// A colour.
    pub(crate) fn color(&mut self, name: &'static str, color: &mut Color) {
        self.slot(Segment::Name(name), Slot::Color(color));
    }

    /// Two numbers, together and each.
    pub(crate) fn point(&mut self, name: Segment, point: &mut Point) {
        self.slot(name, Slot::Pair(point));
        self.within(name, |visitor| {
            visitor.number("x", &mut point.x, -1e6, 1e6);
            visitor.number("y", &mut point.y, -1e6, 1e6);
        });
    }

    /// All that `show` shows is within `name`.
    pub(crate) fn within(&mut self, name: Segment, show: impl FnOnce(&mut dyn Visitor)) {
        self.enter(name);
        show(self);
        self.leave();
    }
}

/// Writes a value into the slot of that number; whether it was another value before.
pub(super) fn write(slots: &mut dyn Slots, index: u32, value: Sample) -> bool {
    let mut differs = false;
    at(slots, index, &mut |slot| differs = slot.set(value));
    differs
}

/// The same for a slot whose value is no number.
///
/// # Errors
/// It cannot be that value.
pub(super) fn step(slots: &mut dyn Slots, index: u32, value: &Value) -> Result<bool, ParseValueError> {
    let mut set = Ok(false);
    at(slots, index, &mut |slot| match slot {
        Slot::Step(slot) => set = slot.set(value),
        Slot::Path(text) => set = Text { text, form: Form::Path }.set(value),
        Slot::Paint(paint, can_be_color) => set = Painted { paint, can_be_color }.set(value),
        _ => {}
    });
    set
}

/// Has `write` write path data anew; whether it was another before. Asks for no memory unless the text gets longer than it
/// ever was.
pub(super) fn rewrite(slots: &mut dyn Slots, index: u32, write: &dyn Fn(&mut dyn fmt::Write) -> fmt::Result) -> bool {
    /// Takes only what is there already.
    struct Same<'a> {
        rest: &'a str,
    }
    impl fmt::Write for Same<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.rest = self.rest.strip_prefix(text).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut differs = false;
    at(slots, index, &mut |slot| {
        if let Slot::Path(path) = slot {
            let mut same = Same { rest: path };
            differs = write(&mut same).is_err() || !same.rest.is_empty();
            if differs {
                path.clear();
                // A string takes all that is written to it.
                let _ = write(path);
            }
        }
    });
    differs
}

/// Has `write` make a paint another; whether it was one.
pub(super) fn repaint(slots: &mut dyn Slots, index: u32, write: &dyn Fn(&mut Paint) -> bool) -> bool {
    let mut differs = false;
    at(slots, index, &mut |slot| {
        if let Slot::Paint(paint, _) = slot {
            differs = write(paint);
        }
    });
    differs
}

/// Whether a slot of a part whose value is no number can be that value.
///
/// # Errors
/// It cannot.
pub(super) fn can_be(subject: Subject<'_>, part: Part, index: u32, value: &Value) -> Result<(), ParseValueError> {
    let mut found = Ok(false);
    subject.each(&mut |of, _, slots| {
        if of == part {
            found = step(slots, index, value);
        }
    });
    found.map(|_| ())
}

/// Shows the slot of that number.
fn at(slots: &mut dyn Slots, index: u32, show: &mut dyn FnMut(Slot<'_>)) {
    struct At<'a> {
        /// How many slots are before the one; `None` when it is behind.
        ahead: Option<u32>,
        show: &'a mut dyn FnMut(Slot<'_>),
    }
    impl Visitor for At<'_> {
        fn slot(&mut self, _: Segment, slot: Slot<'_>) {
            match self.ahead {
                Some(0) => {
                    (self.show)(slot);
                    self.ahead = None;
                }
                Some(ahead) => self.ahead = Some(ahead - 1),
                None => {}
            }
        }

        fn absent(&mut self, _: &'static str, _: &'static str) {}
        fn pass(&mut self, places: u32) {
            self.ahead = self.ahead.and_then(|ahead| ahead.checked_sub(places));
        }
        fn enter(&mut self, _: Segment) {}
        fn leave(&mut self) {}
    }
    slots.visit(&mut At { ahead: Some(index), show });
}
