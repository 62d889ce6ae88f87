//! The values of a content that can be animated, as the content types list them.

use std::fmt::{self, Write as _};

use super::value::{Domain, Kind, Sample};
use crate::{
    color::Color,
    content::Content,
    geometry::{Length, Point},
};

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
}

impl Slot<'_> {
    fn domain(&self) -> Domain {
        match self {
            Self::Number(_, min, max) => Domain::new(Kind::Number, *min, *max),
            Self::Length(_, min, max) => Domain::new(Kind::Length, *min, *max),
            Self::Color(_) => Domain::COLOR,
            Self::Pair(_) => Domain::new(Kind::Pair, -1e6, 1e6),
        }
    }

    fn value(&self) -> Sample {
        match self {
            Self::Number(number, ..) => Sample::number(**number),
            Self::Length(length, ..) => Sample::length(**length),
            Self::Color(color) => Sample::color(**color),
            Self::Pair(point) => Sample::pair(point.x, point.y),
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
        }
    }
}

/// Is shown the values of a content.
pub trait Visitor {
    /// A value.
    fn slot(&mut self, name: Segment, slot: Slot<'_>);
    /// A value that could be animated if only it were there; `missing` says what would have to be.
    fn absent(&mut self, name: &'static str, missing: &'static str);
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

/// A value of a content, or where one could be.
pub(super) struct Listed {
    /// From `content.` on.
    pub(super) path: String,
    pub(super) index: u32,
    /// What the value can be and what it is, or what is missing.
    pub(super) state: Result<(Domain, Sample), &'static str>,
}

/// All values of a content.
pub(super) fn list(content: &Content) -> Vec<Listed> {
    struct List {
        listed: Vec<Listed>,
        count: u32,
        prefix: String,
        lengths: Vec<usize>,
    }
    impl Visitor for List {
        fn slot(&mut self, name: Segment, slot: Slot<'_>) {
            let (path, index) = (format!("{}{name}", self.prefix), self.count);
            self.listed.push(Listed { path, index, state: Ok((slot.domain(), slot.value())) });
            self.count += 1;
        }

        fn absent(&mut self, name: &'static str, missing: &'static str) {
            let path = format!("{}{name}", self.prefix);
            self.listed.push(Listed { path, index: u32::MAX, state: Err(missing) });
        }

        fn enter(&mut self, name: Segment) {
            self.lengths.push(self.prefix.len());
            // Writing to a string cannot fail.
            let _ = write!(self.prefix, "{name}.");
        }

        fn leave(&mut self) {
            self.prefix.truncate(self.lengths.pop().unwrap_or_default());
        }
    }
    let mut list = List { listed: Vec::new(), count: 0, prefix: "content.".to_owned(), lengths: Vec::new() };
    content.clone().visit(&mut list);
    list.listed
}

/// Writes a value into the slot of that number; whether it was another value before.
pub(super) fn write(content: &mut dyn Slots, index: u32, value: Sample) -> bool {
    struct Write {
        /// How many slots are before the one; `None` when it is behind.
        ahead: Option<u32>,
        value: Sample,
        differs: bool,
    }
    impl Visitor for Write {
        fn slot(&mut self, _: Segment, slot: Slot<'_>) {
            match self.ahead {
                Some(0) => {
                    self.differs = slot.set(self.value);
                    self.ahead = None;
                }
                Some(ahead) => self.ahead = Some(ahead - 1),
                None => {}
            }
        }

        fn absent(&mut self, _: &'static str, _: &'static str) {}
        fn enter(&mut self, _: Segment) {}
        fn leave(&mut self) {}
    }
    let mut write = Write { ahead: Some(index), value, differs: false };
    content.visit(&mut write);
    write.differs
}
