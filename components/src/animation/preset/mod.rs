//! Ready-made motion. A preset is no more than the few ordinary animations that it [stands for](Preset::expand): it is
//! played, steered, stored and resumed as these are.

mod expand;

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AnimationStarts, Animations, Cues, Drifts, Easing, Parts, Playing, Repeat};
use crate::{
    content::Content,
    document::{Fault, shown_length},
    geometry::Length,
    transition::Direction,
};

/// The farthest of a way, in percent of the canvas, as that of any animation.
const FARTHEST: f64 = 1e6;

/// The presets of a layer. They begin with it, as its animations do, and follow on these: where both animate a property,
/// the presets are later in the list.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[require(AnimationStarts, Playing, Cues, Drifts)]
pub struct Presets(#[schemars(length(max = 16))] pub Vec<Preset>);

/// Ready-made motion, measured from the layer as it is authored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Preset {
    /// It appears or vanishes: half a second unless told otherwise.
    Fade {
        /// Which of both.
        #[serde(default, skip_serializing_if = "Way::is_in")]
        #[schemars(extend("default" = "in"))]
        way: Way,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It comes in from beyond the edge of the canvas, or goes out: 0.7 seconds unless told otherwise.
    Slide {
        /// Which of both.
        #[serde(default, skip_serializing_if = "Way::is_in")]
        #[schemars(extend("default" = "in"))]
        way: Way,
        /// Where to it moves.
        #[serde(default)]
        direction: Direction,
        /// How far, in pixels or in percent of the canvas; all of the canvas if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distance: Option<Length>,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It grows to its size, or shrinks from it: 0.6 seconds unless told otherwise.
    Scale {
        /// Which of both.
        #[serde(default, skip_serializing_if = "Way::is_in")]
        #[schemars(extend("default" = "in"))]
        way: Way,
        /// The factor from which it grows, or to which it shrinks.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 100.0))]
        factor: f64,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It turns to its angle, or from it: a second unless told otherwise.
    Rotate {
        /// Which of both.
        #[serde(default, skip_serializing_if = "Way::is_in")]
        #[schemars(extend("default" = "in"))]
        way: Way,
        /// Degrees clockwise by which it turns.
        #[serde(default = "once_round")]
        #[schemars(range(min = -36000.0, max = 36000.0))]
        angle: f64,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It leaps and bounces three times, lower each time: a second unless told otherwise. An `easing` is that of each leap
    /// on its way back.
    Bounce {
        /// Where to it leaps.
        #[serde(default = "upwards")]
        direction: Direction,
        /// How far, in pixels or in percent of the canvas.
        #[serde(default = "leap")]
        distance: Length,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It trembles, less and less: 0.6 seconds unless told otherwise.
    Shake {
        /// Where to it moves first.
        #[serde(default)]
        direction: Direction,
        /// How far, in pixels or in percent of the canvas.
        #[serde(default = "tremble")]
        distance: Length,
        /// How often it moves there and back.
        #[serde(default = "four")]
        #[schemars(range(min = 1, max = 100))]
        count: u32,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It swells and goes back: 0.8 seconds unless told otherwise.
    Pulse {
        /// By how much of its size.
        #[serde(default = "a_tenth")]
        #[schemars(range(min = -1.0, max = 10.0))]
        intensity: f64,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// Its text is typed, or taken back: two seconds unless told otherwise.
    Typewriter {
        /// Which of both.
        #[serde(default, skip_serializing_if = "Way::is_in")]
        #[schemars(extend("default" = "in"))]
        way: Way,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It scrolls, and begins anew where it began, without end: in twenty seconds unless told otherwise. (What runs
    /// through a box of its own is the `ticker` of a text.)
    Ticker {
        /// Where to it moves.
        #[serde(default)]
        direction: Direction,
        /// How far, in pixels or in percent of the canvas.
        #[serde(default = "all")]
        distance: Length,
        /// When and how.
        #[serde(flatten)]
        pace: Pace,
    },
    /// It slowly comes nearer and drifts, there and back without end, as Ken Burns shows photographs: in twenty seconds
    /// unless told otherwise. No edge of it is ever seen where the layer itself, at rest, reaches as far: it covers all that
    /// it covers then, as long as its anchor lies on it.
    KenBurns {
        /// Whether it comes nearer or goes away.
        #[serde(default, skip_serializing_if = "Way::is_in")]
        #[schemars(extend("default" = "in"))]
        way: Way,
        /// How many times larger it is where it is nearest.
        #[serde(default = "nearer")]
        #[schemars(range(min = 1.0, max = 20.0))]
        zoom: f64,
        /// Where to it drifts as it comes nearer, as the layer itself lies: one that is turned or flipped drifts turned or flipped.
        #[serde(default)]
        direction: Direction,
        /// How far, in percent of the way that the zoom leaves before an edge would be seen: from 0% to 100%, where that edge
        /// stays where it is.
        #[serde(default = "a_third")]
        distance: Length,
        /// When and how; with an easing that stays between its ends.
        #[serde(flatten)]
        pace: Pace,
    },
}

/// Whether something comes or goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Way {
    /// It comes, and stays as it is authored.
    #[default]
    In,
    /// It goes from where it is authored, and stays away.
    Out,
}

impl Way {
    fn is_in(&self) -> bool {
        *self == Self::In
    }
}

/// When and how a preset goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pace {
    /// Seconds that it takes once; that of the preset if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 1e6))]
    pub duration: Option<f64>,
    /// Seconds before it begins.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 0.0, max = 1e6), extend("default" = 0.0))]
    pub delay: f64,
    /// How it goes on; that of the preset if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub easing: Option<Easing>,
    /// How often it plays; once if absent, or without end where the preset is such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

fn once_round() -> f64 {
    360.0
}

fn upwards() -> Direction {
    Direction::Up
}

fn leap() -> Length {
    Length::Percent(8.0)
}

fn tremble() -> Length {
    Length::Percent(1.0)
}

fn four() -> u32 {
    4
}

fn a_tenth() -> f64 {
    0.1
}

fn all() -> Length {
    Length::Percent(100.0)
}

fn nearer() -> f64 {
    1.2
}

fn a_third() -> Length {
    Length::Percent(33.0)
}

impl Presets {
    /// `animations`, and after them what the presets stand for.
    #[must_use]
    pub fn after(&self, animations: &Animations) -> Animations {
        let expanded = self.0.iter().flat_map(Preset::expand);
        Animations(animations.0.iter().cloned().chain(expanded).collect())
    }
}

/// What is wrong with a preset on a layer of such parts, with pointers from the preset on. Numbers out of the ranges that
/// the schema states are not told again.
#[must_use]
pub fn check_preset<'a>(preset: &Preset, parts: impl Into<Parts<'a>>) -> Option<Fault> {
    let fault = |pointer: &str, found: String, expected: &str| {
        Some(Fault { place: None, pointer: pointer.to_owned(), found, expected: expected.to_owned(), nearest: None })
    };
    match preset {
        Preset::Typewriter { .. } if !matches!(parts.into().content, Content::Text(_)) => fault(
            "/type",
            "`typewriter` on a layer that shows no text".to_owned(),
            "a layer with content of type `text`, or another preset",
        ),
        Preset::KenBurns { distance, .. } if room(*distance).is_none() => fault(
            "/distance",
            format!("`{}`", shown_length(*distance)),
            "from `0%` to `100%` of the way that the zoom leaves before an edge would be seen",
        ),
        Preset::Slide { distance: Some(distance), .. }
        | Preset::Bounce { distance, .. }
        | Preset::Shake { distance, .. }
        | Preset::Ticker { distance, .. }
            if matches!(distance, Length::Percent(percent) if !(-FARTHEST..=FARTHEST).contains(percent)) =>
        {
            fault("/distance", format!("`{}`", shown_length(*distance)), "from `-1000000%` to `1000000%`")
        }
        Preset::KenBurns { pace: Pace { easing: Some(easing), .. }, .. } if !easing.stays_within() => fault(
            "/easing",
            "one that goes beyond its ends, where edges would be seen".to_owned(),
            "one that stays between them, such as `easeInOutSine`",
        ),
        _ => None,
    }
}

/// The share of the way that is left to it before an edge would be seen, by which something drifts.
fn room(distance: Length) -> Option<f64> {
    match distance {
        Length::Percent(percent) if (0.0..=100.0).contains(&percent) => Some(percent / 100.0),
        Length::Px(0.0) => Some(0.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
