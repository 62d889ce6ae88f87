//! What of the sound changes from moment to moment: what its animations move.

use super::{AudioDocument, Ducking, TrackDocument};
use crate::animation::slots::{Segment, Slots, Visitor};

/// How the sound of a scene is mixed at one moment: its authored values with animation applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// Of the whole mix.
    pub master: MasterMix,
    /// Of the tracks, in the order of the document.
    pub tracks: Vec<TrackMix>,
}

/// What of the whole mix can be animated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MasterMix {
    /// A factor on the amplitude.
    pub volume: f64,
}

/// What of a track can be animated. The fields mean what those of [`TrackDocument`] do.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields of TrackDocument")]
pub struct TrackMix {
    pub volume: f64,
    pub muted: bool,
    pub duck: Option<DuckMix>,
}

/// What of a track's ducking can be animated. The fields mean what those of [`Ducking`] do.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields of Ducking")]
pub struct DuckMix {
    pub amount: f64,
    pub threshold: f64,
    pub attack: f64,
    pub release: f64,
}

impl From<&AudioDocument> for Mix {
    fn from(audio: &AudioDocument) -> Self {
        Self { master: audio.into(), tracks: audio.tracks.iter().map(TrackMix::from).collect() }
    }
}

impl Default for Mix {
    /// That of a scene without tracks.
    fn default() -> Self {
        Self::from(&AudioDocument::default())
    }
}

impl From<&AudioDocument> for MasterMix {
    fn from(audio: &AudioDocument) -> Self {
        Self { volume: audio.volume }
    }
}

impl Default for MasterMix {
    fn default() -> Self {
        Self::from(&AudioDocument::default())
    }
}

impl From<&TrackDocument> for TrackMix {
    fn from(track: &TrackDocument) -> Self {
        Self { volume: track.volume, muted: track.muted, duck: track.duck.as_ref().map(DuckMix::from) }
    }
}

impl From<&Ducking> for DuckMix {
    fn from(duck: &Ducking) -> Self {
        let Ducking { by: _, amount, threshold, attack, release } = *duck;
        Self { amount, threshold, attack, release }
    }
}

impl Slots for MasterMix {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("volume", &mut self.volume, 0.0, 4.0);
    }
}

impl Slots for TrackMix {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.number("volume", &mut self.volume, 0.0, 4.0);
        visitor.step("muted", &mut self.muted);
        if let Some(duck) = &mut self.duck {
            visitor.within(Segment::Name("duck"), |visitor| {
                visitor.number("amount", &mut duck.amount, 0.0, 60.0);
                visitor.number("threshold", &mut duck.threshold, -80.0, 0.0);
                visitor.number("attack", &mut duck.attack, 0.001, 10.0);
                visitor.number("release", &mut duck.release, 0.001, 60.0);
            });
        }
    }
}
