use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    color::Color,
    geometry::{Length, LengthPoint},
};

/// A value of an animated property.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number, or a percentage where the property is a length.
    Length(Length),
    /// A colour.
    Color(Color),
    /// A pair.
    Vector(LengthPoint),
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

    /// The value as it is calculated with.
    ///
    /// # Errors
    /// It is of another kind, or out of bounds.
    pub fn sample(&self, value: &Value) -> Result<Sample, ParseValueError> {
        let sample = match (self.kind, value) {
            (Kind::Number, Value::Length(Length::Px(number))) => Sample::number(*number),
            (Kind::Coordinate | Kind::Length, Value::Length(length)) => Sample::length(*length),
            (Kind::Color, Value::Color(color)) => Sample::color(*color),
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
        let used: &[usize] = match self.kind {
            Kind::Number => &[0],
            Kind::Coordinate | Kind::Length => &[0, 1],
            Kind::Pair | Kind::Scale => &[0, 2],
            Kind::Position | Kind::Color => &[0, 1, 2, 3],
        };
        for lane in used {
            lanes[*lane] = lanes[*lane].clamp(self.min, self.max);
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
        };
        write!(f, "{words} from {} to {}", self.min, self.max)
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Length(Length::Px(number)) => format!("the number {number}"),
        Value::Length(percentage) => format!("the percentage `{percentage}`"),
        Value::Color(color) => format!("the colour `{color}`"),
        Value::Vector(LengthPoint { x, y }) => format!("the pair {{ x: {x}, y: {y} }}"),
    }
}

/// A value as it is calculated with: four numbers, whatever the kind, so that all kinds are blended alike.
///
/// A length is the sum of its pixels and its percentages, as in CSS `calc()`. A colour is premultiplied by its alpha,
/// so that on the way to nothing it does not turn dark or take on the hue of what cannot be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample([f64; 4]);

impl Sample {
    /// A number.
    #[must_use]
    pub const fn number(number: f64) -> Self {
        Self([number, 0.0, 0.0, 0.0])
    }

    /// A length.
    #[must_use]
    pub const fn length(length: Length) -> Self {
        match length {
            Length::Px(pixels) => Self([pixels, 0.0, 0.0, 0.0]),
            Length::Percent(percent) => Self([0.0, percent, 0.0, 0.0]),
        }
    }

    /// Two numbers.
    #[must_use]
    pub const fn pair(x: f64, y: f64) -> Self {
        Self([x, 0.0, y, 0.0])
    }

    /// Two lengths.
    #[must_use]
    pub const fn position(point: LengthPoint) -> Self {
        let (Self([x_px, x_percent, ..]), Self([y_px, y_percent, ..])) = (Self::length(point.x), Self::length(point.y));
        Self([x_px, x_percent, y_px, y_percent])
    }

    /// A colour.
    #[must_use]
    pub fn color(color: Color) -> Self {
        let alpha = f64::from(color.a) / 255.0;
        let channel = |byte: u8| f64::from(byte) / 255.0 * alpha;
        Self([channel(color.r), channel(color.g), channel(color.b), alpha])
    }

    /// The number, or the pixels of the length, or the first number of the pair.
    #[must_use]
    pub const fn x(self) -> f64 {
        self.0[0]
    }

    /// The percentage of the length, or of the first of two.
    #[must_use]
    pub const fn x_percent(self) -> f64 {
        self.0[1]
    }

    /// The second number of the pair, or the pixels of the second length.
    #[must_use]
    pub const fn y(self) -> f64 {
        self.0[2]
    }

    /// The percentage of the second of two lengths.
    #[must_use]
    pub const fn y_percent(self) -> f64 {
        self.0[3]
    }

    /// The length, if its pixels or its percentages are zero; the percentages alone otherwise.
    #[must_use]
    pub fn to_length(self) -> Length {
        if self.0[1] == 0.0 { Length::Px(self.0[0]) } else { Length::Percent(self.0[1]) }
    }

    /// The colour, rounded to nearest; numbers out of range are taken into it.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
    pub fn to_color(self) -> Color {
        let Self([r, g, b, a]) = self;
        let alpha = a.clamp(0.0, 1.0);
        if alpha == 0.0 {
            return Color::TRANSPARENT;
        }
        let byte = |premultiplied: f64| (premultiplied / alpha * 255.0).round() as u8;
        Color { r: byte(r), g: byte(g), b: byte(b), a: (alpha * 255.0).round() as u8 }
    }

    /// The point on the line from `a` (at 0) to `b` (at 1), or beyond.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the end is met exactly, whatever the rounding")]
    pub fn between(Self(a): Self, Self(b): Self, t: f64) -> Self {
        if t == 1.0 {
            return Self(b);
        }
        Self(std::array::from_fn(|lane| a[lane] + (b[lane] - a[lane]) * t))
    }
}

impl JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<Length>();
        let color = generator.subschema_for::<Color>();
        let vector = generator.subschema_for::<LengthPoint>();
        json_schema!({
            "description": "a number, a percentage, a colour, or { x, y }, as the property asks",
            "anyOf": [length, color, vector],
        })
    }
}
