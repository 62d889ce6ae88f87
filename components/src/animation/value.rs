use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    color::Color,
    geometry::{Length, LengthPoint},
};

/// A value of an animated property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
