//! What a scene sounds like: tracks that are mixed into one sound.
//!
//! Silence is the floor: a scene without tracks has a silent sound track.

mod duck;
mod level;
mod mix;
mod source;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    duck::Ducking,
    level::{FLOOR, Level, LevelMeasure, LevelReading, decibels},
    mix::{DuckMix, MasterMix, Mix, TrackMix},
    source::{AudioSource, Playlist, Tone, Waveform},
};
use crate::{animation::Animations, id::id};

/// Tracks that a scene may have.
pub const MAX_TRACKS: usize = 32;

/// The sound of a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AudioDocument {
    /// Volume of the whole mix, a factor on the amplitude: 0 is silence, 1 as it is, 2 is +6 dB.
    #[schemars(range(min = 0.0, max = 4.0))]
    pub volume: f64,
    /// How the whole mix changes over time: animations of its `volume`.
    #[serde(skip_serializing_if = "has_none")]
    #[schemars(extend("default" = []))]
    pub animations: Animations,
    /// What is mixed.
    #[schemars(length(max = MAX_TRACKS))]
    pub tracks: Vec<TrackDocument>,
}

impl Default for AudioDocument {
    fn default() -> Self {
        Self { volume: 1.0, animations: Animations::default(), tracks: Vec::new() }
    }
}

/// One track of the mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackDocument {
    /// By what name files and programs speak of it; no other track of the scene has it.
    pub id: TrackId,
    /// What it plays. A track whose source stays the same plays on undisturbed when anything else changes.
    pub source: AudioSource,
    /// A factor on the amplitude: 0 is silence, 1 as it is, 2 is +6 dB. Changes are ramped, so that nothing clicks.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 4.0))]
    pub volume: f64,
    /// Whether it is silent. It plays on all the same.
    #[serde(default)]
    pub muted: bool,
    /// Seconds in which it comes up when it begins, or when it is no longer muted.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 600.0))]
    pub fade_in: f64,
    /// Seconds in which it goes when it is muted, removed or given another source.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 600.0))]
    pub fade_out: f64,
    /// Seconds by which it is heard later than it would be, to bring it in step with a picture that comes late.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub delay: f64,
    /// Makes it step back while other tracks are heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duck: Option<Ducking>,
    /// How it changes over time: animations of `volume`, `muted`, and of the numbers in `duck`. They are sampled with each
    /// frame and ramped in between, and do not change what is written here.
    #[serde(default, skip_serializing_if = "has_none")]
    #[schemars(extend("default" = []))]
    pub animations: Animations,
}

fn has_none(animations: &Animations) -> bool {
    animations.0.is_empty()
}

fn one() -> f64 {
    1.0
}

impl TrackDocument {
    /// A track with everything but its id and source at default.
    #[must_use]
    pub fn new(id: TrackId, source: AudioSource) -> Self {
        Self {
            id,
            source,
            volume: 1.0,
            muted: false,
            fade_in: 0.0,
            fade_out: 0.0,
            delay: 0.0,
            duck: None,
            animations: Animations::default(),
        }
    }
}

id! {
    /// The name of a track; the same rule as for [`LayerId`](crate::LayerId).
    TrackId, "the id of a track"
}
