//! What makes things happen in a scene by themselves.
//!
//! To add a cause or an action: one variant below, and what it means in `systems/src/clock`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    schedule::{Cron, ZoneName},
    timeline::{LabelName, SeekTarget, TimelineControl, TimelineId},
};
use crate::{
    audio::{LevelMeasure, TrackId},
    held::SceneId,
    id::id,
    layer::LayerId,
    transition::Transition,
};

id! {
    /// The name of an event; the same rule as for [`LayerId`].
    EventName, "a name for something that happens: 1 to 64 letters, digits, _, - or ., beginning with a letter or a digit"
}

id! {
    /// The name of a trigger; the same rule as for [`LayerId`].
    TriggerId, "a name for a trigger: 1 to 64 letters, digits, _, - or ., beginning with a letter or a digit"
}

/// When something happens, something else is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerDocument {
    /// By which it can be fired, as if what it waits for had happened. No other trigger of the scene has the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<TriggerId>,
    /// What it waits for.
    pub on: Cause,
    /// What is then done, in this order.
    #[serde(rename = "do")]
    #[schemars(length(min = 1, max = 100))]
    pub actions: Vec<Action>,
}

/// How a trigger is named from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TriggerRef {
    /// Its place in the scene's list, from 0.
    Place(usize),
    /// Its id; or its place as a text, where no trigger has that for an id.
    Id(TriggerId),
}

impl TriggerRef {
    /// The place of the trigger among those of a scene, if there is such a trigger.
    #[must_use]
    pub fn find(&self, triggers: &[TriggerDocument]) -> Option<usize> {
        let of_id = match self {
            Self::Place(_) => None,
            Self::Id(id) => triggers.iter().position(|trigger| trigger.id.as_ref() == Some(id)),
        };
        of_id.or_else(|| self.place().filter(|place| *place < triggers.len()))
    }

    /// The place that it names, if no trigger has that for an id. One place has one name.
    #[must_use]
    pub fn place(&self) -> Option<usize> {
        match self {
            Self::Place(place) => Some(*place),
            Self::Id(id) => id.as_str().parse().ok().filter(|place: &usize| place.to_string() == id.as_str()),
        }
    }
}

impl fmt::Display for TriggerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => place.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// What a trigger waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Cause {
    /// The scene starts.
    Start {},
    /// A timeline begins to play at its beginning or, backwards, at its end: it is played or reversed there, or sought there
    /// while it plays.
    TimelineStart {
        /// The timeline.
        timeline: TimelineId,
    },
    /// A timeline has come to its end or, backwards, to its beginning: it has played to there, or was sought there while it plays.
    TimelineEnd {
        /// The timeline.
        timeline: TimelineId,
    },
    /// A timeline that plays comes to a label, each time that it does, in either direction.
    Label {
        /// The timeline.
        timeline: TimelineId,
        /// The label in it.
        label: LabelName,
    },
    /// It is a certain time by the clock on the wall. What comes while the service does not run is not made up for.
    /// Where a scene is rendered into a file there is no such clock, unless `--clock` says what it shows.
    ///
    /// It is as with cron where clocks are changed. In summer and winter: what is told one by one, in lists or ranges
    /// (`0 2,3 * * *`), comes once each, at a time that is leapt over as soon as it is; what has a `*` or a step in its
    /// hour, minute or second (`*/30 * * * *`) comes whenever the clocks show such a time. By the machine: of what is leapt over by
    /// up to three hours each comes once, at once, and what is set back by as much does not come again, but what has a
    /// `*` or a step goes on by the new time after more than a minute. By more than three hours only the new time counts.
    Schedule {
        /// When: `0 20 * * FRI` is each Friday at eight in the evening.
        cron: Cron,
        /// Where it is that time.
        #[serde(default, skip_serializing_if = "ZoneName::is_utc")]
        #[schemars(extend("default" = "UTC"))]
        time_zone: ZoneName,
    },
    /// An event was fired, over the API or by another trigger.
    Event {
        /// The event.
        name: EventName,
    },
    /// The sound becomes louder or quieter than a threshold; once each time that it does. Before the scene began there
    /// was silence.
    ///
    /// A level counts at the end of the 10 ms of sound that it is of, so that a frame shows what was heard before it.
    /// While the stream is off air, has no sound, or is sent nowhere, it is silent; while it is paused, what is heard does
    /// not count.
    AudioLevel {
        /// The track, as it is mixed: with its volume and fades, silent where it is muted. The whole mix if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        track: Option<TrackId>,
        /// Which way it passes the threshold.
        goes: Passing,
        /// In dBFS, decibels below full scale; of the louder channel.
        #[schemars(range(min = -90.0, max = 0.0))]
        threshold: f64,
        /// What is measured.
        #[serde(default)]
        measure: LevelMeasure,
        /// Decibels by which it has to go back beyond the threshold before it can pass it again.
        #[serde(default = "hysteresis")]
        #[schemars(range(min = 0.0, max = 40.0))]
        hysteresis: f64,
        /// Seconds for which it has to stay beyond the threshold before that counts, in either direction.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 60.0))]
        hold: f64,
    },
}

/// Which way a level passes a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Passing {
    /// It becomes louder.
    Above,
    /// It becomes quieter.
    Below,
}

fn hysteresis() -> f64 {
    3.0
}

/// What a trigger does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// Plays a timeline forwards: from its beginning if it has not been played or is at its end, else from where it
    /// stands.
    Play {
        /// The timeline.
        timeline: TimelineId,
    },
    /// Lets a timeline stand still.
    Pause {
        /// The timeline.
        timeline: TimelineId,
    },
    /// Plays a timeline backwards: from its end if it has not been played or is at its beginning, else from where it
    /// stands.
    Reverse {
        /// The timeline.
        timeline: TimelineId,
    },
    /// Sets a timeline to another time; if it plays, it plays on from there.
    Seek {
        /// The timeline.
        timeline: TimelineId,
        /// Seconds from its beginning, or a label.
        to: SeekTarget,
    },
    /// Changes how fast a timeline plays; the direction stays.
    Rate {
        /// The timeline.
        timeline: TimelineId,
        /// 1 for the times as they are written.
        #[schemars(range(min = 0.001, max = 1000.0))]
        rate: f64,
    },
    /// Takes all of a timeline's effect back, as if it had never been played.
    Cancel {
        /// The timeline.
        timeline: TimelineId,
    },
    /// Changes a layer, as an edit would: its document is patched for good.
    Set {
        /// The layer.
        layer: LayerId,
        /// A JSON Merge Patch (RFC 7396) for the layer's document; it cannot change `id`.
        #[schemars(extend("type" = "object"))]
        patch: Value,
    },
    /// Brings a scene that is held on air, from its beginning. What the trigger would do after that is left out: it is of
    /// the scene that leaves. Nothing happens if the scene is on air already.
    Activate {
        /// The scene.
        scene: SceneId,
        /// How it comes on air; as it says itself if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transition: Option<Transition>,
    },
    /// Fires an event: triggers that wait for it do what they do, and clients are told of it.
    Emit {
        /// The event.
        event: EventName,
    },
}

impl Cause {
    /// The timeline that it is about, if it is about one.
    #[must_use]
    pub fn timeline(&self) -> Option<&TimelineId> {
        match self {
            Self::TimelineStart { timeline } | Self::TimelineEnd { timeline } | Self::Label { timeline, .. } => {
                Some(timeline)
            }
            Self::Start {} | Self::Schedule { .. } | Self::Event { .. } | Self::AudioLevel { .. } => None,
        }
    }
}

impl Action {
    /// What it asks of a timeline, if it is about one.
    #[must_use]
    pub fn control(&self) -> Option<(&TimelineId, TimelineControl)> {
        Some(match self {
            Self::Play { timeline } => (timeline, TimelineControl::Play),
            Self::Pause { timeline } => (timeline, TimelineControl::Pause),
            Self::Reverse { timeline } => (timeline, TimelineControl::Reverse),
            Self::Seek { timeline, to } => (timeline, TimelineControl::Seek { to: to.clone() }),
            Self::Rate { timeline, rate } => (timeline, TimelineControl::Rate { rate: *rate }),
            Self::Cancel { timeline } => (timeline, TimelineControl::Cancel),
            Self::Set { .. } | Self::Activate { .. } | Self::Emit { .. } => return None,
        })
    }
}
