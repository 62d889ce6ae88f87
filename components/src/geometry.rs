//! Lengths, points, sizes and fit modes as they are written in documents.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length on the canvas: a number of pixels, or a share of the reference length (of the canvas, unless the field
/// says otherwise) written `"50%"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Canvas pixels.
    Px(f64),
    /// Percent of the reference length; 100 is all of it.
    Percent(f64),
}

impl Length {
    /// The length in pixels when the reference length is `reference` pixels.
    #[must_use]
    pub fn resolve(self, reference: f64) -> f64 {
        match self {
            Self::Px(pixels) => pixels,
            Self::Percent(percent) => reference * percent / 100.0,
        }
    }
}

impl Default for Length {
    fn default() -> Self {
        Self::Px(0.0)
    }
}

impl From<f64> for Length {
    fn from(pixels: f64) -> Self {
        Self::Px(pixels)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Px(pixels) => write!(f, "{pixels}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// The text is not a percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a percentage such as `50%`")]
pub struct ParseLengthError;

impl FromStr for Length {
    type Err = ParseLengthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('%').ok_or(ParseLengthError)?;
        let percent: f64 = number.trim().parse().map_err(|_| ParseLengthError)?;
        if percent.is_finite() { Ok(Self::Percent(percent)) } else { Err(ParseLengthError) }
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Px(pixels) => serializer.serialize_f64(*pixels),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Length;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of pixels or a percentage such as `\"50%\"`")
            }

            fn visit_f64<E: de::Error>(self, pixels: f64) -> Result<Length, E> {
                Ok(Length::Px(pixels))
            }

            #[expect(clippy::cast_precision_loss, reason = "no canvas is near 2^53 pixels")]
            fn visit_i64<E: de::Error>(self, pixels: i64) -> Result<Length, E> {
                Ok(Length::Px(pixels as f64))
            }

            #[expect(clippy::cast_precision_loss, reason = "no canvas is near 2^53 pixels")]
            fn visit_u64<E: de::Error>(self, pixels: u64) -> Result<Length, E> {
                Ok(Length::Px(pixels as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Length {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "pixels, or a percentage such as \"50%\"",
            "anyOf": [
                { "type": "number", "minimum": -1e6, "maximum": 1e6 },
                { "type": "string", "format": "percentage", "pattern": "^ *[-+]?[0-9.]+(e[-+]?[0-9]+)? *%$" },
            ],
        })
    }
}

/// A pair of numbers: a point, a vector, a share of a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Rightwards.
    #[schemars(range(min = -1e6, max = 1e6))]
    pub x: f64,
    /// Downwards.
    #[schemars(range(min = -1e6, max = 1e6))]
    pub y: f64,
}

/// A point whose coordinates may be percentages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LengthPoint {
    /// Rightwards; percentages refer to the canvas width.
    pub x: Length,
    /// Downwards; percentages refer to the canvas height.
    pub y: Length,
}

/// The size of a box; percentages refer to the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Width in pixels, or in percent of the canvas width.
    pub width: Length,
    /// Height in pixels, or in percent of the canvas height.
    pub height: Length,
}

impl Size {
    /// Width and height in pixels on a canvas of `canvas` pixels; never negative.
    #[must_use]
    pub fn resolve(&self, canvas: (f64, f64)) -> (f64, f64) {
        (self.width.resolve(canvas.0).max(0.0), self.height.resolve(canvas.1).max(0.0))
    }
}

/// How something of one size is laid into a box of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Fit {
    /// As large as possible with all of it visible; the box may show bars.
    #[default]
    Contain,
    /// As small as possible with the box filled; what sticks out is cut off.
    Cover,
    /// Stretched to the box.
    Fill,
    /// At its own size.
    None,
    /// As `contain`, but never enlarged.
    ScaleDown,
}

impl Fit {
    /// Horizontal and vertical scale that lays `inner` (width, height) into `outer` (width, height).
    ///
    /// An empty `inner` gives (1, 1).
    #[must_use]
    pub fn scale(self, inner: (f64, f64), outer: (f64, f64)) -> (f64, f64) {
        if inner.0 <= 0.0 || inner.1 <= 0.0 {
            return (1.0, 1.0);
        }
        let (sx, sy) = (outer.0 / inner.0, outer.1 / inner.1);
        match self {
            Self::Contain => (sx.min(sy), sx.min(sy)),
            Self::Cover => (sx.max(sy), sx.max(sy)),
            Self::Fill => (sx, sy),
            Self::None => (1.0, 1.0),
            Self::ScaleDown => (sx.min(sy).min(1.0), sx.min(sy).min(1.0)),
        }
    }
}
