use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

mod sample;

pub use self::sample::Sample;
use super::oklab;
use crate::{
    color::Color,
    document::{shown_length, shown_number, shown_text},
    geometry::{Length, LengthPoint},
    paint::{Gradient, Paint},
};

/// A value of an animated property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, from = "Written")]
pub enum Value {
    /// A number, or a percentage where the property is a length.
    Length(Length),
    /// A colour.
    Color(Color),
    /// A pair.
    Vector(LengthPoint),
    /// A pair of which one half is told: the other stays what it is.
    Half(Half),
    /// On or off.
    Switch(bool),
    /// A text, or the name of one of several; also a percentage or a colour that is written in another way than these are
    /// told in: what it is the property says.
    Text(String),
    /// A gradient.
    Gradient(Box<Gradient>),
}

/// A [`Value`] as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Switch(bool),
    Text(String),
    Number(f64),
    Vector(Half),
    Gradient(Box<Gradient>),
}

/// A pair as it is written, of which a half may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Half {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<Length>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<Length>,
}

impl Half {
    /// The name of the half that is told, and its value.
    pub(super) fn told(self) -> Option<(&'static str, Length)> {
        match (self.x, self.y) {
            (Some(x), None) => Some(("x", x)),
            (None, Some(y)) => Some(("y", y)),
            _ => None,
        }
    }
}

impl From<&Paint> for Value {
    fn from(paint: &Paint) -> Self {
        match paint {
            Paint::Solid(color) => Self::Color(*color),
            Paint::Gradient(gradient) => Self::Gradient(Box::new(gradient.clone())),
        }
    }
}

impl From<Written> for Value {
    fn from(written: Written) -> Self {
        match written {
            Written::Switch(on) => Self::Switch(on),
            Written::Number(number) => Self::Length(Length::Px(number)),
            Written::Vector(Half { x: Some(x), y: Some(y) }) => Self::Vector(LengthPoint { x, y }),
            Written::Vector(half) => Self::Half(half),
            Written::Gradient(gradient) => Self::Gradient(gradient),
            Written::Text(text) => {
                if let Some(length) = text.parse().ok().filter(|length: &Length| length.to_string() == text) {
                    Self::Length(length)
                } else if let Some(color) = text.parse().ok().filter(|color: &Color| color.to_string() == text) {
                    Self::Color(color)
                } else {
                    Self::Text(text)
                }
            }
        }
    }
}

impl Value {
    /// The text that was written, if it was one.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Color(color) => Some(Cow::Owned(color.to_string())),
            Self::Length(percentage @ Length::Percent(_)) => Some(Cow::Owned(percentage.to_string())),
            Self::Length(_) | Self::Vector(_) | Self::Half(_) | Self::Switch(_) | Self::Gradient(_) => None,
        }
    }

    /// The colour or the gradient, if it is one.
    pub(crate) fn paint(&self) -> Option<Paint> {
        match self {
            Self::Color(color) => Some(Paint::Solid(*color)),
            Self::Text(text) => text.parse().ok().map(Paint::Solid),
            Self::Gradient(gradient) => Some(Paint::Gradient((**gradient).clone())),
            Self::Length(_) | Self::Vector(_) | Self::Half(_) | Self::Switch(_) => None,
        }
    }
}

/// The value does not suit the property.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found}, expected {expected}")]
pub struct ParseValueError {
    /// What the value is, in words.
    pub found: String,
    /// What the property takes, in words.
    pub expected: String,
}

/// What values a property takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// Pixels or a percentage, which may turn into one another on the way.
    Coordinate,
    /// Pixels or a percentage, the same of both all the time: a content's length cannot hold a sum of them.
    Length,
    /// A colour.
    Color,
    /// Two numbers.
    Pair,
    /// Two [`Coordinate`](Self::Coordinate)s.
    Position,
    /// Two numbers, or one for both.
    Scale,
    /// What has nothing in between, such as a text: it steps from one to the next.
    Step,
}

/// What values a property takes, and how far they may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Domain {
    /// The kind of value.
    pub kind: Kind,
    /// The least number.
    pub min: f64,
    /// The greatest number.
    pub max: f64,
}

impl Domain {
    /// Numbers, or pairs of numbers, of a kind between two bounds, both included.
    #[must_use]
    pub const fn new(kind: Kind, min: f64, max: f64) -> Self {
        Self { kind, min, max }
    }

    /// Any colour.
    pub const COLOR: Self = Self::new(Kind::Color, 0.0, 1.0);

    /// What steps. Its samples are places in the list of its track's values.
    pub const STEP: Self = Self::new(Kind::Step, 0.0, 1e6);

    /// What differences of such values can be; `None` for colours and what steps, to which nothing can be added.
    #[must_use]
    pub fn relative(&self) -> Option<Self> {
        let reach = self.max - self.min;
        (!matches!(self.kind, Kind::Color | Kind::Step)).then_some(Self { min: -reach, max: reach, ..*self })
    }

    /// A sample in the numbers in which it moves evenly: those of OKLab for colours.
    pub(crate) fn evenly(self, sample: Sample) -> Sample {
        if self.kind == Kind::Color { oklab::from_srgb(sample) } else { sample }
    }

    /// The way back.
    pub(crate) fn as_written(self, sample: Sample) -> Sample {
        if self.kind == Kind::Color { oklab::to_srgb(sample) } else { sample }
    }

    /// The value as it is calculated with.
    ///
    /// # Errors
    /// It is of another kind, or out of bounds.
    pub fn sample(&self, value: &Value) -> Result<Sample, ParseValueError> {
        let sample = match (self.kind, value) {
            (Kind::Number, Value::Length(Length::Px(number))) => Sample::number(*number),
            (Kind::Coordinate | Kind::Length, Value::Length(length)) => Sample::length(*length),
            (Kind::Color, Value::Color(color)) => Sample::color(*color),
            (Kind::Color, Value::Text(text)) => Sample::color(text.parse().map_err(|_| self.refuse(value))?),
            (Kind::Coordinate | Kind::Length, Value::Text(text)) => {
                Sample::length(text.parse().map_err(|_| self.refuse(value))?)
            }
            (Kind::Pair | Kind::Scale, Value::Vector(LengthPoint { x: Length::Px(x), y: Length::Px(y) })) => {
                Sample::pair(*x, *y)
            }
            (Kind::Position, Value::Vector(point)) => Sample::position(*point),
            (Kind::Scale, Value::Length(Length::Px(factor))) => Sample::pair(*factor, *factor),
            _ => return Err(self.refuse(value)),
        };
        if sample == self.clamp(sample) { Ok(sample) } else { Err(self.refuse(value)) }
    }

    /// The nearest sample within the bounds.
    #[must_use]
    pub fn clamp(&self, sample: Sample) -> Sample {
        let Sample(mut lanes) = sample;
        if self.kind == Kind::Color {
            let [r, g, b, alpha] = lanes;
            let alpha = alpha.clamp(0.0, 1.0);
            return Sample([r.clamp(0.0, alpha), g.clamp(0.0, alpha), b.clamp(0.0, alpha), alpha]);
        }
        // Lanes that the kind does not use are zero, whatever the bounds.
        let (has_percent, has_second) = match self.kind {
            Kind::Number | Kind::Step => (false, false),
            Kind::Coordinate | Kind::Length => (true, false),
            Kind::Pair | Kind::Scale => (false, true),
            Kind::Position | Kind::Color => (true, true),
        };
        let within = |number: f64| number.clamp(self.min, self.max);
        lanes[0] = within(lanes[0]);
        if has_percent {
            lanes[1] = within(lanes[1]);
        }
        if has_second {
            lanes[2] = within(lanes[2]);
        }
        if has_percent && has_second {
            lanes[3] = within(lanes[3]);
        }
        Sample(lanes)
    }

    fn refuse(&self, value: &Value) -> ParseValueError {
        ParseValueError { found: describe(value), expected: self.to_string() }
    }
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = match self.kind {
            Kind::Color => return f.write_str("a colour such as `#1e90ff`"),
            Kind::Number => "a number",
            Kind::Coordinate | Kind::Length => "pixels or a percentage",
            Kind::Pair => "{ x, y } with numbers",
            Kind::Position => "{ x, y } with pixels or percentages",
            Kind::Scale => "a number or { x, y } with numbers",
            Kind::Step => return f.write_str("a text, `true` or `false`"),
        };
        write!(f, "{words} from {} to {}", self.min, self.max)
    }
}

pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Length(Length::Px(number)) => format!("the number {}", shown_number(*number)),
        Value::Length(percentage) => format!("the percentage `{}`", shown_length(*percentage)),
        Value::Color(color) => format!("the colour `{color}`"),
        Value::Vector(LengthPoint { x, y }) => {
            format!("the pair {{ x: {}, y: {} }}", shown_length(*x), shown_length(*y))
        }
        Value::Half(half) => match half.told() {
            Some(("x", x)) => format!("the pair {{ x: {} }} without `y`", shown_length(x)),
            Some((_, y)) => format!("the pair {{ y: {} }} without `x`", shown_length(y)),
            None => "a pair without `x` and `y`".to_owned(),
        },
        Value::Switch(on) => format!("`{on}`"),
        Value::Text(text) => format!("the text {}", shown_text(text)),
        Value::Gradient(gradient) => format!("a {} gradient", gradient.name()),
    }
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<Length>();
        let color = generator.subschema_for::<Color>();
        let vector = generator.subschema_for::<LengthPoint>();
        let gradient = generator.subschema_for::<Gradient>();
        json_schema!({
            "description": "a number, a percentage, a colour, a gradient, { x, y } (of which one alone moves just that), a text, or true or false, as the property asks",
            "anyOf": [length, color, vector, gradient, { "type": "boolean" }, { "type": "string", "maxLength": 5000 }],
        })
    }
}
