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
    /// Whether an animation has the same target, or a pair that that is a half of: it goes on top of that.
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

    /// Of what is shown of `whole` that of a property that is the same or a half of it.
    pub(crate) fn of(self, target: Target, whole: Target) -> Self {
        target.place_in(whole).map_or(self, |place| self.half(place))
    }

    /// A pair of these two.
    pub(crate) fn of_halves([first, second]: [Self; 2]) -> Self {
        Self::default().with_half(0, first).with_half(1, second)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { value: self.value.plus(other.value), velocity: self.velocity.plus(other.velocity) }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { value: self.value.minus(other.value), velocity: self.velocity.minus(other.velocity) }
    }
}

impl Drifting {
    /// Whether it goes on top of an animation, be it one of a pair that it moves one half of, at scene time `now`. A timeline
    /// that has hold of a property decides alone.
    pub(super) fn is_over(&self, p: &Playback, now: f64) -> bool {
        self.target.is_of(p.target())
            && match &self.over {
                Some(timeline) => p.timeline() == Some(timeline),
                None => !p.holds(now),
            }
    }

    /// `value`, with what still has to go at scene time `now`.
    pub(super) fn over(&self, value: Sample, now: f64) -> Sample {
        self.way.over(self.domain, value, now)
    }

    /// The same of a value of `whole`, which is its property or a pair that that is a half of.
    pub(super) fn over_within(&self, whole: Target, value: Sample, now: f64) -> Sample {
        match self.target.place_in(whole) {
            Some(place) => value.with_half(place, self.over(value.half(place), now)),
            None => self.over(value, now),
        }
    }

    /// What is shown of `whole`, which is its property or a pair that that is a half of, with what still has to go at scene
    /// time `now`.
    pub(super) fn shown_within(&self, whole: Target, shown: Shown, now: f64) -> Shown {
        let left = self.way.at(now);
        shown.plus(self.target.place_in(whole).map_or(left, |place| Shown::default().with_half(place, left)))
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
