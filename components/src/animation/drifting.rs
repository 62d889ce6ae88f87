//! What of a layer moves because somebody changed it, ready to be sampled.

use super::{Sample, Target, playback::Playback, timeline::TimelineId, transition::Way, value::Domain};
use crate::paint::Paint;

/// A property that moves because somebody changed it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drifting {
    pub(super) target: Target,
    pub(super) domain: Domain,
    pub(super) authored: Sample,
    /// The authored value if it is a paint that moves.
    pub(super) paint: Option<Paint>,
    pub(super) way: Way,
    /// Whether an animation has the same target: it goes on top of that.
    pub(super) is_animated: bool,
    /// The timeline that it goes on top of, instead of what the layer has by itself.
    pub(super) over: Option<TimelineId>,
}

/// A value, and how fast it changes for a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shown {
    pub(crate) value: Sample,
    pub(crate) velocity: Sample,
}

impl Shown {
    /// A value that does not change.
    pub(crate) fn still(value: Sample) -> Self {
        Self { value, velocity: Sample::default() }
    }

    /// One of two, from 0.
    pub(crate) fn half(self, place: usize) -> Self {
        Self { value: self.value.half(place), velocity: self.velocity.half(place) }
    }

    /// The same with another one of two.
    pub(crate) fn with_half(self, place: usize, half: Self) -> Self {
        Self { value: self.value.with_half(place, half.value), velocity: self.velocity.with_half(place, half.velocity) }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { value: self.value.plus(other.value), velocity: self.velocity.plus(other.velocity) }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { value: self.value.minus(other.value), velocity: self.velocity.minus(other.velocity) }
    }
}

impl Drifting {
    /// Whether it goes on top of an animation at scene time `now`. A timeline that has hold of a property decides alone.
    pub(super) fn is_over(&self, p: &Playback, now: f64) -> bool {
        self.target == p.target()
            && match &self.over {
                Some(timeline) => p.timeline() == Some(timeline),
                None => !p.holds(now),
            }
    }

    /// `value`, with what still has to go at scene time `now`.
    pub(super) fn over(&self, value: Sample, now: f64) -> Sample {
        self.way.over(self.domain, value, now)
    }
}

impl Way {
    /// A value of a property of `domain`, with what still has to go at `time`.
    pub(super) fn over(&self, domain: Domain, value: Sample, time: f64) -> Sample {
        // What is of a paint is mixed with that instead.
        if self.is_of_paint() {
            return value;
        }
        let left = self.at(time).value;
        // What is over is met exactly, whatever the rounding.
        if left == Sample::default() {
            return value;
        }
        domain.clamp(domain.as_written(domain.evenly(value).plus(left)))
    }
}
