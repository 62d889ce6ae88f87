//! Factors that change bit by bit, since sound that changes at once clicks.

use super::clock::RATE;

/// Seconds in which a volume changes at least. Shorter changes are heard as clicks.
pub(super) const SOFT: f64 = 0.02;

/// A factor on its way to another, sample by sample. The steps of one that takes minutes are far below what adds up in single
/// precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ramp {
    value: f64,
    target: f64,
    step: f64,
}

impl Ramp {
    /// One that stands still.
    pub(super) fn at(value: f64) -> Self {
        Self { value, target: value, step: 0.0 }
    }

    /// Sends it to `target`, where it comes after `seconds`, but not sooner than [`SOFT`]. On its way there already,
    /// it goes on as it does.
    pub(super) fn go(&mut self, target: f64, seconds: f64) {
        if self.target == target {
            return;
        }
        self.target = target;
        self.step = (target - self.value) / (seconds.max(SOFT) * RATE as f64);
    }

    /// Sends it to 0 as fast as it may go, wherever it is on its way to.
    pub(super) fn cut(&mut self) {
        self.target = 0.0;
        self.step = -self.value / (SOFT * RATE as f64);
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
        self.value as f32
    }

    /// Whether it is at this value and stays so.
    pub(super) fn is_at(&self, value: f64) -> bool {
        self.value == value && self.target == value
    }

    /// Whether it is 0 and stays so.
    pub(super) fn is_silent(&self) -> bool {
        self.is_at(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_of_minutes_is_a_line_and_ends_when_it_should() {
        for seconds in [0.5, 60.0, 600.0] {
            let mut ramp = Ramp::at(0.0);
            ramp.go(1.0, seconds);
            let samples = (seconds * RATE as f64) as u64;
            for sample in 1..=samples {
                let (found, expected) = (f64::from(ramp.next()), sample as f64 / samples as f64);
                assert!((found - expected).abs() < 1e-4, "{found} instead of {expected} in a ramp of {seconds} s");
            }
            assert!((ramp.next() - 1.0).abs() < f32::EPSILON);
        }
    }
}
