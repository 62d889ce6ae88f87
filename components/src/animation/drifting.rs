//! What of a layer moves because somebody changed it, ready to be sampled.

use super::{Sample, Target, transition::Way, value::Domain};

/// A property that moves because somebody changed it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drifting {
    pub(super) target: Target,
    pub(super) domain: Domain,
    pub(super) authored: Sample,
    pub(super) way: Way,
    /// Whether an animation of the layer itself has the same target: it goes on top of that.
    pub(super) is_animated: bool,
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

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { value: self.value.plus(other.value), velocity: self.velocity.plus(other.velocity) }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { value: self.value.minus(other.value), velocity: self.velocity.minus(other.velocity) }
    }
}

impl Drifting {
    /// `value`, with what still has to go at scene time `now`.
    pub(super) fn over(&self, value: Sample, now: f64) -> Sample {
        self.way.over(self.domain, value, now)
    }
}

impl Way {
    /// A value of a property of `domain`, with what still has to go at `time`.
    pub(super) fn over(&self, domain: Domain, value: Sample, time: f64) -> Sample {
        let left = self.at(time).value;
        // What is over is met exactly, whatever the rounding.
        if left == Sample::default() {
            return value;
        }
        domain.clamp(domain.as_written(domain.evenly(value).plus(left)))
    }
}
