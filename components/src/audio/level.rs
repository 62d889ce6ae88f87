//! How loud something is: amplitudes, and what people read of them in decibels.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MAX_TRACKS, TrackId};

/// What is told of silence, in dBFS: below the noise of 16 bits, and a number that JSON has, other than minus infinity.
pub const FLOOR: f64 = -100.0;

/// An amplitude in dBFS: decibels below 1, which is full scale. Never below [`FLOOR`].
#[must_use]
pub fn decibels(amplitude: f32) -> f64 {
    // Of 0 it is minus infinity, which is below the floor as well.
    (20.0 * libm::log10(f64::from(amplitude))).max(FLOOR)
}

/// How loud something is at one moment, as amplitudes of left and right: 1 is full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// The highest samples of late.
    pub peak: [f32; 2],
    /// The root mean squares of late.
    pub rms: [f32; 2],
}

/// What is looked at of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LevelMeasure {
    /// The root mean square of the last 300 ms: how loud it is heard to be. A sine has 3 dB less than its peaks.
    #[default]
    Rms,
    /// The highest sample. It falls again by 20 dB in 1.7 s.
    Peak,
}

impl Level {
    /// Nothing is heard.
    pub const SILENCE: Self = Self { peak: [0.0; 2], rms: [0.0; 2] };

    /// The louder of left and right, in dBFS.
    #[must_use]
    pub fn decibels(&self, measure: LevelMeasure) -> f64 {
        let [left, right] = match measure {
            LevelMeasure::Rms => self.rms,
            LevelMeasure::Peak => self.peak,
        };
        decibels(left.max(right))
    }
}

/// How loud a mix and all of its tracks are at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelReading {
    /// When, in scene seconds.
    pub seconds: f64,
    /// What leaves the mixer.
    pub master: Level,
    /// The tracks, in the order of the document.
    pub ids: Arc<[TrackId]>,
    /// What each of `ids` adds to the mix. Beyond these there is silence.
    pub tracks: [Level; MAX_TRACKS],
}

impl LevelReading {
    /// A moment at which nothing is heard.
    #[must_use]
    pub fn silent(seconds: f64, ids: Arc<[TrackId]>) -> Self {
        Self { seconds, master: Level::SILENCE, ids, tracks: [Level::SILENCE; MAX_TRACKS] }
    }

    /// Every track with its level.
    pub fn each(&self) -> impl Iterator<Item = (&TrackId, Level)> {
        self.ids.iter().zip(self.tracks)
    }

    /// The level of a track, or of the mix if `None`. A track that is not mixed is silent.
    #[must_use]
    pub fn of(&self, track: Option<&TrackId>) -> Level {
        match track {
            None => self.master,
            Some(track) => self.each().find(|(id, _)| *id == track).map_or(Level::SILENCE, |(_, level)| level),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_are_below_full_scale_and_end_at_the_floor() {
        for (amplitude, expected) in [(1.0, 0.0), (0.5, -6.0206), (0.1, -20.0), (2.0, 6.0206), (1e-4, -80.0)] {
            assert!((decibels(amplitude) - expected).abs() < 1e-3, "{amplitude}");
        }
        for amplitude in [0.0, 1e-6, f32::MIN_POSITIVE] {
            assert_eq!(decibels(amplitude), FLOOR);
        }
    }

    #[test]
    fn a_track_that_is_not_mixed_is_silent() {
        let ids = ["a", "b"].map(|id| TrackId::new(id).unwrap());
        let mut reading = LevelReading::silent(0.0, ids.clone().into());
        reading.tracks[1].rms = [0.1, 0.5];
        assert_eq!(reading.of(Some(&ids[1])).decibels(LevelMeasure::Rms), decibels(0.5), "the louder channel");
        assert_eq!(reading.of(Some(&ids[0])), Level::SILENCE);
        assert_eq!(reading.of(Some(&TrackId::new("c").unwrap())), Level::SILENCE);
    }
}
