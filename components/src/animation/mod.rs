//! How properties of a layer, and of the sound, change over time.

mod check;
mod drifting;
pub mod easing;
mod functions;
mod motion;
mod oklab;
mod outline;
mod parts;
pub(crate) mod passage;
mod plain;
mod playback;
mod playing;
mod pose;
mod prefetch;
mod preset;
mod property;
mod queue;
mod route;
pub mod schedule;
pub mod slots;
mod spring;
mod starts;
mod stepping;
pub mod timeline;
mod timing;
mod track;
mod transition;
pub mod trigger;
mod value;

use bevy_ecs::component::Component;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub(crate) use self::check::written;
pub use self::{
    check::{check, check_queues, warn},
    easing::Easing,
    parts::{Part, Parts, Subject},
    playing::Playing,
    preset::{Pace, Preset, Presets, Way, check_preset},
    property::{Property, Resolved, Target, UnknownProperty},
    queue::{Queue, Values},
    spring::Spring,
    starts::{AnimationControl, AnimationStarts, AnimationStatus, Start, Steered},
    timeline::Cues,
    track::Track,
    transition::{Drift, Drifts, Transition, Transitions, check_transitions},
    value::{Domain, Kind, ParseValueError, Sample, Value},
};

/// The animations of a layer, of a track of the sound, or of the whole mix.
///
/// Where several animate the same property, the last in this list that has begun decides; before any has begun, the
/// first in this list does, with the value it starts from. What each does to the others is its `queue`.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[require(AnimationStarts, Playing, Cues, Drifts)]
pub struct Animations(#[schemars(length(max = MAX_ANIMATIONS))] pub Vec<Animation>);

/// Animations that a layer may have.
pub const MAX_ANIMATIONS: usize = 64;

/// One property that changes over time.
///
/// Either `to` or `by` with a `duration` or a `spring` (and `from`, the authored value if absent), or a `path` with one of
/// these, or `keyframes`. Time counts from the moment when the layer or track, or this animation, was added to the scene; a
/// scene file's animations count from the start. Where it takes over what another animation, a timeline or a transition
/// moves, and has neither `from` nor keyframes nor a path, it goes on from what is shown then, with the velocity that it has.
/// Before `delay` has passed the first value holds, after the end the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Animation {
    /// What changes: `opacity`, `transform.position.x`, `content.fill`, …; of a track `volume`, `muted`, `duck.amount`, …
    pub property: Property,
    /// The value at the beginning; if absent the authored value, or what is shown where it takes over what moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The value at the end. Where it, and `from` if there is one, tells one half of a pair alone (`{ "x": 300 }`), the other
    /// stays what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// How much more it is at the end than `from`, or than the authored value, instead of `to`. Not for colours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Value>,
    /// SVG path data that the layer's position follows, instead of `from` and `to`: in pixels of its group or of the
    /// canvas, at one speed but for the easing, from the path's beginning to its end. For `transform.position` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "motionPath"))]
    pub path: Option<String>,
    /// Whether the layer turns as the path does.
    #[serde(default, skip_serializing_if = "Orient::is_none")]
    #[schemars(extend("default" = "none"))]
    pub orient: Orient,
    /// Values at certain times, instead of `from` and `to`; at least two, with rising times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 2, max = 1000))]
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
    /// Which way an angle, or that of a gradient, turns from each value to the next.
    #[serde(default, skip_serializing_if = "Turn::is_as_written")]
    #[schemars(extend("default" = "asWritten"))]
    pub rotate: Turn,
    /// In what space a colour, or that of each stop of a gradient, goes from each value to the next.
    #[serde(default, skip_serializing_if = "ColorSpace::is_oklab")]
    #[schemars(extend("default" = "oklab"))]
    pub color_space: ColorSpace,
    /// What pulls it from `from` to `to`, instead of `duration` and `easing`; how long that takes follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spring: Option<Spring>,
    /// What its values are.
    #[serde(default, skip_serializing_if = "Values::are_absolute")]
    #[schemars(extend("default" = "absolute"))]
    pub values: Values,
    /// What it does where others animate the same property.
    #[serde(default, skip_serializing_if = "Queue::is_replace")]
    #[schemars(extend("default" = "replace"))]
    pub queue: Queue,
    /// How much of its value there is in what it blends, from 0 to 1; a half if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight: Option<f64>,
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

impl Animation {
    /// One that does nothing yet: all but the property is at default, so that `to`, `by`, `path` or `keyframes` and, but
    /// for the last, a `duration` or a `spring` are still to come.
    #[must_use]
    pub fn of(property: Property) -> Self {
        Self {
            property,
            from: None,
            to: None,
            by: None,
            path: None,
            orient: Orient::None,
            keyframes: Vec::new(),
            duration: None,
            delay: 0.0,
            easing: Easing::Linear,
            rotate: Turn::AsWritten,
            color_space: ColorSpace::Oklab,
            spring: None,
            values: Values::Absolute,
            queue: Queue::Replace,
            weight: None,
            repeat: Repeat::Times(1),
            ping_pong: false,
            speed: 1.0,
        }
    }
}

/// Whether a layer turns as its path does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Orient {
    /// It keeps its rotation.
    #[default]
    None,
    /// Its rotation is the path's direction and its own on top: where the path goes to the right, just its own.
    Auto,
}

impl Orient {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Which way an angle turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Turn {
    /// Through all angles between the numbers: from 350 to 10 backwards through 180.
    #[default]
    AsWritten,
    /// The shorter way round: from 350 to 10 over 360.
    Shortest,
}

impl Turn {
    pub(crate) fn is_as_written(&self) -> bool {
        *self == Self::AsWritten
    }
}

/// In what space colours are mixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ColorSpace {
    /// OKLab: equal steps look equal, and what is between two bright colours is not dark.
    #[default]
    Oklab,
    /// The numbers of sRGB themselves.
    Srgb,
}

impl ColorSpace {
    fn is_oklab(&self) -> bool {
        *self == Self::Oklab
    }
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
