//! Colours as documents write them.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An sRGB colour with straight (not premultiplied) alpha, one byte a channel; `#rrggbb` or `#rrggbbaa` in documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red, sRGB-encoded.
    pub r: u8,
    /// Green, sRGB-encoded.
    pub g: u8,
    /// Blue, sRGB-encoded.
    pub b: u8,
    /// Alpha; 255 is opaque.
    pub a: u8,
}

impl Color {
    /// Opaque black.
    pub const BLACK: Self = Self::rgb(0, 0, 0);
    /// Opaque white.
    pub const WHITE: Self = Self::rgb(255, 255, 255);
    /// Nothing at all.
    pub const TRANSPARENT: Self = Self { r: 0, g: 0, b: 0, a: 0 };

    /// An opaque colour.
    #[must_use]
    pub const fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b, a: 255 }
    }

    /// The same colour premultiplied by its alpha, as `[r, g, b, a]`, rounded to nearest.
    #[must_use]
    pub fn premultiplied(self) -> [u8; 4] {
        let scale = |c: u8| {
            let product = u32::from(c) * u32::from(self.a) + 128;
            #[expect(clippy::cast_possible_truncation, reason = "a product of two bytes divided by 255 is a byte")]
            let byte = ((product + (product >> 8)) >> 8) as u8;
            byte
        };
        [scale(self.r), scale(self.g), scale(self.b), self.a]
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)?;
        if self.a == 255 { Ok(()) } else { write!(f, "{:02x}", self.a) }
    }
}

/// The text is not a colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a colour such as `#1e90ff` or, with alpha, `#1e90ff80`")]
pub struct ParseColorError;

impl FromStr for Color {
    type Err = ParseColorError;

    /// Reads `#rgb`, `#rgba`, `#rrggbb` and `#rrggbbaa`, in either case of letters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').ok_or(ParseColorError)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ParseColorError);
        }
        let channel = |at: usize, len: usize| -> Result<u8, ParseColorError> {
            let value = u8::from_str_radix(&digits[at..at + len], 16).map_err(|_| ParseColorError)?;
            Ok(if len == 1 { value * 17 } else { value })
        };
        let (len, alpha) = match digits.len() {
            3 => (1, false),
            4 => (1, true),
            6 => (2, false),
            8 => (2, true),
            _ => return Err(ParseColorError),
        };
        Ok(Self {
            r: channel(0, len)?,
            g: channel(len, len)?,
            b: channel(2 * len, len)?,
            a: if alpha { channel(3 * len, len)? } else { 255 },
        })
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Color {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Color".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "color",
            "description": "sRGB colour: #rgb, #rgba, #rrggbb or #rrggbbaa",
            "pattern": "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$",
        })
    }
}
