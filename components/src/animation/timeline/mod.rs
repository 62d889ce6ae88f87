//! Several animations of several layers, one after the other or at once, steered as one.
//!
//! A timeline is laid out once, when it is loaded or edited, into a list of cues (a layer, an animation, a time); where
//! it stands at a scene time follows from its [`Playhead`] alone. So any moment is evaluated directly, and seeking,
//! reversing and changes of rate are exact.

mod check;
mod coming;
mod cue_list;
mod playhead;
mod stagger;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    check::check,
    playhead::{CueClock, rounded},
};
pub use self::{
    cue_list::{Cue, CueList, CueTarget, Link},
    playhead::{ActiveCue, Cues, PlayState, Playhead},
    stagger::{StaggerAxis, StaggerFrom, StaggerGrid},
};
use super::{Animation, Preset, Repeat};
use crate::{
    audio::{LevelMeasure, LevelReading, TrackId},
    id::id,
    layer::LayerId,
};

/// Steps that may lie within each other in one timeline.
pub const MAX_STEP_DEPTH: usize = 12;
/// Timelines that may lie within each other.
pub const MAX_TIMELINE_DEPTH: usize = 8;
/// Steps of a timeline, those of timelines within it counted as often as they are played.
pub const MAX_STEPS: usize = 10_000;
/// Steps of all timelines of a scene, counted so of each: what is done when all are played at once goes by that.
pub const MAX_SCENE_STEPS: usize = 50_000;

id! {
    /// The name by which files, programs and URLs speak of a timeline; the same rule as for [`LayerId`].
    TimelineId, "the id of an entry in the scene's `timelines`"
}

id! {
    /// The name of a label in a timeline; the same rule as for [`LayerId`].
    LabelName, "a name for a moment: 1 to 64 letters, digits, _, - or ., beginning with a letter or a digit"
}

/// Animations of several layers and of the sound that are played, paused and sought as one.
///
/// While it has not been played it has no effect. Where several timelines animate the same property, the
/// one that was played last decides; a timeline goes over the layer's or track's own animations. It holds its last values when it
/// has ended. Triggers and `seek` speak of the times and labels of a timeline itself, not of those within it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimelineDocument {
    /// By what name files, programs and URLs speak of it.
    pub id: TimelineId,
    /// Whether it plays from the moment when it is loaded; else it waits to be played. Within another timeline this
    /// does not matter.
    #[serde(default = "yes")]
    pub autoplay: bool,
    /// How often it plays.
    #[serde(default)]
    pub repeat: Repeat,
    /// Every second time it plays backwards.
    #[serde(default)]
    pub ping_pong: bool,
    /// Rate: 2 is twice as fast. Steering the timeline changes the rate at which it plays, but not this.
    #[serde(default = "super::one")]
    #[schemars(range(min = 0.001, max = 1000.0))]
    pub speed: f64,
    /// What tells it where to stand, instead of the time: how loud the sound is. While it is played it follows that, and
    /// paused it stands still; labels and its end are no moments then, and `rate` means nothing. It needs an end, so it cannot
    /// repeat forever. Within another timeline this does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<LevelScale>,
    /// What happens, one after the other. A timeline has at most 10000 steps and those of all timelines of a scene are at most
    /// 50000, where the steps of a timeline within another count as often as it is named, and each layer of a stagger or preset
    /// as one.
    #[schemars(length(min = 1, max = 1000))]
    pub steps: Vec<Step>,
}

/// How loud it is, from 0 to 1: the share of a timeline at which it stands.
///
/// A frame shows what was heard before it; see the trigger `audioLevel`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelScale {
    /// The track, as it is mixed; the whole mix if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<TrackId>,
    /// The level in dBFS up to which the timeline stands at its beginning.
    #[serde(default = "quiet")]
    #[schemars(range(min = -100.0, max = 0.0))]
    pub from: f64,
    /// The level in dBFS from which on it stands at its end. In between it is even in decibels.
    #[serde(default)]
    #[schemars(range(min = -100.0, max = 0.0))]
    pub to: f64,
    /// What is measured.
    #[serde(default)]
    pub measure: LevelMeasure,
}

impl LevelScale {
    /// The share of the scale that a level takes, from 0 to 1.
    #[must_use]
    pub fn share(&self, reading: &LevelReading) -> f64 {
        let level = reading.of(self.track.as_ref()).decibels(self.measure);
        let share = (level - self.from) / (self.to - self.from);
        // A scale without length would be refused.
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }
}

/// A part of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// Steps one after the other. A step that never ends can only be the last.
    Sequence {
        /// At least one.
        #[schemars(length(min = 1, max = 1000))]
        steps: Vec<Step>,
    },
    /// Steps that begin together; it ends with the one that ends last.
    Parallel {
        /// At least one.
        #[schemars(length(min = 1, max = 1000))]
        steps: Vec<Step>,
    },
    /// The same animation on several layers, each beginning a little later.
    Stagger {
        /// The layers in their order.
        #[schemars(length(min = 1, max = 1000))]
        layers: Vec<LayerId>,
        /// Seconds from one layer to the next.
        #[schemars(range(min = 0.0, max = 1e6))]
        each: f64,
        /// Which of them begins.
        #[serde(default)]
        from: StaggerFrom,
        /// The grid in which they lie, rather than in one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grid: Option<StaggerGrid>,
        /// What each of them does; its `delay` comes on top.
        animation: Box<Animation>,
    },
    /// An animation of a layer. Without `from` it goes on from the value that an earlier step of the timeline has
    /// brought the property to.
    Animate {
        /// The layer.
        layer: LayerId,
        /// What it does; `repeat: "forever"` only where nothing comes after.
        animation: Box<Animation>,
    },
    /// An animation of what is heard. Without `from` it goes on like one of a layer.
    AnimateTrack {
        /// The track; the whole mix if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        track: Option<TrackId>,
        /// What it does; `repeat: "forever"` only where nothing comes after.
        animation: Box<Animation>,
    },
    /// A preset on one layer or several, each beginning a little later.
    Preset {
        /// The layers in their order.
        #[schemars(length(min = 1, max = 1000))]
        layers: Vec<LayerId>,
        /// Seconds from one layer to the next.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1e6))]
        each: f64,
        /// Which of them begins.
        #[serde(default)]
        from: StaggerFrom,
        /// The grid in which they lie, rather than in one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grid: Option<StaggerGrid>,
        /// What each of them does; its `delay` comes on top.
        preset: Box<Preset>,
    },
    /// Nothing happens for a while.
    Wait {
        /// How long.
        #[schemars(range(min = 0.0, max = 1e6))]
        seconds: f64,
    },
    /// A name for this moment, to seek to and for triggers.
    Label {
        /// The name; the timeline has it once.
        name: LabelName,
    },
    /// All of another timeline, with its repeats and at its speed.
    Timeline {
        /// The other timeline; it must not contain this one.
        id: TimelineId,
    },
}

impl TimelineDocument {
    /// Its labels, without those of timelines within it, in no order.
    pub fn labels(&self) -> impl Iterator<Item = &LabelName> {
        let mut stack: Vec<&Step> = self.steps.iter().collect();
        std::iter::from_fn(move || {
            loop {
                match stack.pop()? {
                    Step::Sequence { steps } | Step::Parallel { steps } => stack.extend(steps),
                    Step::Label { name } => return Some(name),
                    Step::Stagger { .. } | Step::Animate { .. } | Step::AnimateTrack { .. } => {}
                    Step::Preset { .. } => {}
                    Step::Wait { .. } | Step::Timeline { .. } => {}
                }
            }
        })
    }
}

/// What can be asked of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum TimelineControl {
    /// Plays forwards: from the beginning if it has not been played or is at its end, else from where it stands.
    Play,
    /// Stands still.
    Pause,
    /// Plays backwards: from the end if it has not been played or is at its beginning, else from where it stands. One
    /// without an end begins at the end of its first round.
    Reverse,
    /// Goes to another time; if it plays, or has played to its end, it plays on from there.
    Seek {
        /// Seconds from its beginning, or a label.
        to: SeekTarget,
    },
    /// Changes how fast it plays, now and whenever it is played: neither its end nor `cancel` changes that back. The direction
    /// stays.
    Rate {
        /// 1 for the times as they are written.
        #[schemars(range(min = 0.001, max = 1000.0))]
        rate: f64,
    },
    /// Takes all of its effect back, as if it had never been played; the rate stays.
    Cancel,
}

/// A moment of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SeekTarget {
    /// Seconds from its beginning at speed 1, over all repeats. What is beyond its end means the end.
    Seconds(#[schemars(range(min = 0.0, max = 1e9))] f64),
    /// The first time that it comes to the label.
    Label(LabelName),
}

fn yes() -> bool {
    true
}

fn quiet() -> f64 {
    -60.0
}
