use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::AssetId;

/// What a track plays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum AudioSource {
    /// A steady tone, for tests and line-ups.
    Tone(Tone),
    /// Sound files, one after the other.
    Files(Playlist),
}

/// A steady tone. At volume 1 its peaks are full scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tone {
    /// Hertz.
    #[schemars(range(min = 1.0, max = 20_000.0))]
    pub frequency: f64,
    /// The shape of its waves.
    pub waveform: Waveform,
}

impl Default for Tone {
    fn default() -> Self {
        Self { frequency: 1000.0, waveform: Waveform::Sine }
    }
}

/// The shape of a tone's waves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Waveform {
    /// One frequency alone.
    #[default]
    Sine,
    /// With odd harmonics, hollow.
    Square,
    /// With weak odd harmonics, soft.
    Triangle,
    /// With all harmonics, sharp.
    Sawtooth,
}

/// Sound files, one after the other without a gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Playlist {
    /// The ids of assets of type `audio`, in the order in which they play. One that cannot be played is told of and
    /// left out.
    #[schemars(length(min = 1, max = 1000))]
    pub assets: Vec<AssetId>,
    /// Whether the first follows on the last; silence does otherwise.
    #[serde(rename = "loop", default)]
    pub looped: bool,
}
