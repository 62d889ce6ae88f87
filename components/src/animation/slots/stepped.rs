//! Values that are no numbers: texts, names of several, on and off.

use std::fmt::Debug;

use kurbo::BezPath;
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error},
};

use crate::{
    animation::{
        passage,
        value::{ParseValueError, Value, describe},
    },
    asset::AssetId,
    blend::BlendMode,
    content::{Cap, FillRule, FontStyle, Join, Overflow, TextAlign, VerticalAlign, Wrap},
    document::shown_number,
    geometry::Fit,
    mask::MaskChannel,
    paint::{Gradient, MAX_STOPS, Paint},
};

/// A value that can only be one or another.
pub trait Stepped: Debug {
    /// What it is, as it would be written.
    fn value(&self) -> Value;

    /// Makes it another; whether it was another before.
    ///
    /// # Errors
    /// It cannot be that. It stays what it was then.
    fn set(&mut self, value: &Value) -> Result<bool, ParseValueError>;
}

fn refused(value: &Value, expected: impl Into<String>) -> ParseValueError {
    ParseValueError { found: describe(value), expected: expected.into() }
}

fn replace<T: PartialEq>(slot: &mut T, value: T) -> bool {
    let differs = *slot != value;
    *slot = value;
    differs
}

impl Stepped for bool {
    fn value(&self) -> Value {
        Value::Switch(*self)
    }

    fn set(&mut self, value: &Value) -> Result<bool, ParseValueError> {
        match value {
            Value::Switch(on) => Ok(replace(self, *on)),
            other => Err(refused(other, "`true` or `false`")),
        }
    }
}

impl Stepped for AssetId {
    fn value(&self) -> Value {
        Value::Text(self.as_str().to_owned())
    }

    fn set(&mut self, value: &Value) -> Result<bool, ParseValueError> {
        let text = value.text().ok_or_else(|| refused(value, "the id of an asset"))?;
        // Most of the time it is the same already: no memory is asked for then.
        if self.as_str() == text {
            return Ok(false);
        }
        *self = Self::new(text).map_err(|_| refused(value, "the id of an asset"))?;
        Ok(true)
    }
}

/// Enums whose variants are written as their names.
macro_rules! named {
    ($($name:ty),* $(,)?) => {$(
        impl Stepped for $name {
            fn value(&self) -> Value {
                let name = serde_json::to_value(self).ok();
                Value::Text(name.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned())
            }

            fn set(&mut self, value: &Value) -> Result<bool, ParseValueError> {
                let text = value.text().unwrap_or_default();
                let read: Result<Self, Error> = Self::deserialize((&*text).into_deserializer());
                let told = |error: Error| {
                    let all = error.to_string();
                    refused(value, all.split_once("expected ").map_or("another name", |(_, names)| names))
                };
                read.map(|new| replace(self, new)).map_err(told)
            }
        }
    )*};
}

named!(BlendMode, Cap, Fit, FillRule, FontStyle, Join, MaskChannel, Overflow, TextAlign, VerticalAlign, Wrap);

/// What a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// So many characters, from the least to the most.
    Characters((usize, usize)),
    /// SVG path data.
    Path,
}

/// A text of a certain form.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) text: &'a mut String,
    pub(super) form: Form,
}

impl Stepped for Text<'_> {
    fn value(&self) -> Value {
        Value::Text(self.text.clone())
    }

    fn set(&mut self, value: &Value) -> Result<bool, ParseValueError> {
        let text = value.text().ok_or_else(|| refused(value, "a text"))?;
        if *self.text == text {
            return Ok(false);
        }
        match self.form {
            Form::Characters((least, most)) if !(least..=most).contains(&text.chars().count()) => {
                return Err(refused(value, format!("a text of {least} to {most} characters")));
            }
            Form::Path if BezPath::from_svg(&text).is_err() => {
                return Err(refused(value, "SVG path data such as `M 0 0 L 10 10`"));
            }
            Form::Characters(..) | Form::Path => {}
        }
        self.text.clear();
        self.text.push_str(&text);
        Ok(true)
    }
}

/// A colour or a gradient.
#[derive(Debug)]
pub(super) struct Painted<'a> {
    pub(super) paint: &'a mut Paint,
    /// Whether it can be a colour.
    pub(super) can_be_color: bool,
}

impl Stepped for Painted<'_> {
    fn value(&self) -> Value {
        Value::from(&*self.paint)
    }

    fn set(&mut self, value: &Value) -> Result<bool, ParseValueError> {
        let expected = if self.can_be_color { "a colour such as `#1e90ff`, or a gradient" } else { "a gradient" };
        let paint = value.paint().filter(|paint| self.can_be_color || matches!(paint, Paint::Gradient(_)));
        let paint = paint.ok_or_else(|| refused(value, expected))?;
        if let Paint::Gradient(gradient) = &paint {
            fit(gradient)?;
        }
        Ok(replace(self.paint, paint))
    }
}

/// Whether a document may have such a gradient.
fn fit(gradient: &Gradient) -> Result<(), ParseValueError> {
    let refuse = |found: String, expected: String| Err(ParseValueError { found, expected });
    let numbers = match gradient {
        Gradient::Linear { angle, .. } => [Some(("angle", *angle, passage::ANGLE)), None, None],
        Gradient::Radial { center, radius, .. } => [
            Some(("radius", *radius, passage::RADIUS)),
            Some(("center.x", center.x, passage::COORDINATE)),
            Some(("center.y", center.y, passage::COORDINATE)),
        ],
        Gradient::Conic { center, angle, .. } => [
            Some(("angle", *angle, passage::ANGLE)),
            Some(("center.x", center.x, passage::COORDINATE)),
            Some(("center.y", center.y, passage::COORDINATE)),
        ],
    };
    for (name, number, (min, max)) in numbers.into_iter().flatten() {
        if !(min..=max).contains(&number) {
            return refuse(
                format!("a gradient with the `{name}` {}", shown_number(number)),
                format!("a number from {min} to {max}"),
            );
        }
    }
    let stops = gradient.stops();
    if !(2..=MAX_STOPS).contains(&stops.len()) {
        return refuse(format!("a gradient of {} stops", stops.len()), format!("2 to {MAX_STOPS} of them"));
    }
    let mut least = 0.0;
    for (index, stop) in stops.iter().enumerate() {
        if !(least..=1.0).contains(&stop.offset) {
            let expected = format!("one from {} to 1: offsets rise from 0 to 1", shown_number(least));
            return refuse(
                format!("a gradient whose stop {index} has the offset {}", shown_number(stop.offset)),
                expected,
            );
        }
        least = stop.offset;
    }
    Ok(())
}
