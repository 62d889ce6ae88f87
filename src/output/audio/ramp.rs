//! Factors that change bit by bit, since sound that changes at once clicks.

use super::clock::RATE;

/// Seconds in which a volume changes at least. Shorter changes are heard as clicks.
pub(super) const SOFT: f64 = 0.02;

/// A factor on its way to another, sample by sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ramp {
    value: f32,
    target: f32,
    step: f32,
}

impl Ramp {
    /// One that stands still.
    pub(super) fn at(value: f64) -> Self {
        Self { value: value as f32, target: value as f32, step: 0.0 }
    }

    /// Sends it to `target`, where it comes after `seconds`, but not sooner than [`SOFT`]. On its way there already,
    /// it goes on as it does.
    pub(super) fn go(&mut self, target: f64, seconds: f64) {
        let target = target as f32;
        if self.target == target {
            return;
        }
        self.target = target;
        self.step = (target - self.value) / (seconds.max(SOFT) * RATE as f64) as f32;
    }

    /// Sends it to 0 as fast as it may go, wherever it is on its way to.
    pub(super) fn cut(&mut self) {
        self.target = 0.0;
        self.step = -self.value / (SOFT * RATE as f64) as f32;
    }

    /// The factor for the next sample.
    pub(super) fn next(&mut self) -> f32 {
        let left = self.target - self.value;
        // A step of 0 would never arrive.
        if left.abs() <= self.step.abs() || self.step == 0.0 {
            self.value = self.target;
        } else {
            self.value += self.step;
        }
        self.value
    }

    /// Whether it is 0 and stays so.
    pub(super) fn is_silent(&self) -> bool {
        self.value == 0.0 && self.target == 0.0
    }
}
