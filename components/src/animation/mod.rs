//! How properties of a layer change over time.

mod check;
pub mod easing;
mod playing;
mod pose;
mod property;
pub mod slots;
pub mod timeline;
mod timing;
mod track;
pub mod trigger;
mod value;

use bevy_ecs::component::Component;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::{
    check::check,
    easing::Easing,
    playing::{AnimationStarts, Playing},
    property::{Property, Resolved, Target, UnknownProperty},
    timeline::Cues,
    track::Track,
    value::{Domain, Kind, ParseValueError, Sample, Value},
};

/// The animations of a layer.
///
/// Where several animate the same property, the last in this list that has begun decides; before any has begun, the
/// first in this list does, with the value it starts from.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[require(AnimationStarts, Playing, Cues)]
pub struct Animations(#[schemars(length(max = 64))] pub Vec<Animation>);

/// One property that changes over time.
///
/// Either `to` with a `duration` (and `from`, the authored value if absent), or `keyframes`. Time counts from the
/// moment when the layer, or this animation, was added to the scene; a scene file's animations count from the start.
/// Before `delay` has passed the first value holds, after the end the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Animation {
    /// What changes: `opacity`, `transform.position.x`, `content.fill`, …
    pub property: Property,
    /// The value at the beginning; the authored value if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The value at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// Values at certain times, instead of `from` and `to`; at least two, with rising times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub keyframes: Vec<Keyframe>,
    /// Seconds from `from` to `to`. With keyframes, the last one's time if absent; a longer one holds the last value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 1e6))]
    pub duration: Option<f64>,
    /// Seconds before it begins; `speed` does not shorten them.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub delay: f64,
    /// How it goes from `from` to `to`; with keyframes, from each to the next where that one names none.
    #[serde(default)]
    pub easing: Easing,
    /// How often it plays.
    #[serde(default)]
    pub repeat: Repeat,
    /// Every second time it plays backwards.
    #[serde(default)]
    pub ping_pong: bool,
    /// Rate: 2 is twice as fast.
    #[serde(default = "one")]
    #[schemars(range(min = 0.001, max = 1000.0))]
    pub speed: f64,
}

/// A value at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Keyframe {
    /// Seconds after the animation began.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub at: f64,
    /// The value then.
    pub value: Value,
    /// How it goes on from here to the next keyframe; the animation's `easing` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub easing: Option<Easing>,
}

/// How often an animation plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// So many times, at least once.
    Times(u32),
    /// Without end.
    Forever,
}

impl Default for Repeat {
    fn default() -> Self {
        Self::Times(1)
    }
}

impl Serialize for Repeat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Times(times) => serializer.serialize_u32(*times),
            Self::Forever => serializer.serialize_str("forever"),
        }
    }
}

impl<'de> Deserialize<'de> for Repeat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Times(u32),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Times(times) if times > 0 => Ok(Self::Times(times)),
            Written::Word(word) if word == "forever" => Ok(Self::Forever),
            _ => Err(de::Error::custom("expected how often it plays, at least 1, or `\"forever\"`")),
        }
    }
}

impl JsonSchema for Repeat {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Repeat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "how often it plays, or \"forever\"",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": u32::MAX },
                { "type": "string", "const": "forever" },
            ],
        })
    }
}

fn one() -> f64 {
    1.0
}

#[cfg(test)]
mod tests;
