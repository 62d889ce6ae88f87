//! The damped harmonic oscillator in closed form, so that any time can be evaluated on its own.
//!
//! `x'' + 2 d x' + k x = 0` has the solution `x(t) = x(0) a(t) + x'(0) b(t)` with
//! `a = e^(-dt) (c + d g)` and `b = e^(-dt) g`, where with `w = sqrt(|k - d²|)`
//! `c` and `g` are `cos wt` and `sin(wt) / w` below critical damping, `1` and `t` at it, `cosh wt` and `sinh(wt) / w`
//! above it. See any textbook of mechanics; <https://en.wikipedia.org/wiki/Harmonic_oscillator>.

use crate::animation::functions;

/// What is left of a way, as a share of it, when a spring counts as resting.
const REST: f64 = 1e-4;

/// A mass on a spring with a brake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Oscillator {
    /// `k`: stiffness by mass.
    pull: f64,
    /// `d`: half of damping by mass.
    decay: f64,
    /// `w`; negative above critical damping, to keep the cases apart without another field.
    swing: f64,
}

/// How much of a distance, and of a velocity, is left; and how fast that changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Left {
    pub(crate) of_distance: f64,
    pub(crate) of_velocity: f64,
    pub(crate) distance_slope: f64,
    pub(crate) velocity_slope: f64,
}

impl Oscillator {
    /// Both above 0.
    pub(crate) fn new(pull: f64, decay: f64) -> Self {
        let beyond = pull - decay * decay;
        let swing = beyond.abs().sqrt();
        Self { pull, decay, swing: if beyond < 0.0 { -swing } else { swing } }
    }

    /// What is left `t` seconds after it was let go.
    pub(crate) fn left(&self, t: f64) -> Left {
        let Self { pull, decay, swing } = *self;
        // `c` and `g`, both times `e^(-dt)`.
        let (c, g) = if swing > 0.0 {
            let (sin, cos) = functions::sincos(swing * t);
            let fade = functions::exp(-decay * t);
            (fade * cos, fade * sin / swing)
        } else if swing == 0.0 {
            let fade = functions::exp(-decay * t);
            (fade, fade * t)
        } else {
            // As sums of falling exponentials: hyperbolic functions would be infinite after some seconds.
            let slow = libm::exp(-self.slowest() * t);
            let fallen = libm::expm1(2.0 * swing * t);
            (slow * (1.0 + fallen / 2.0), slow * fallen / (2.0 * swing))
        };
        Left { of_distance: c + decay * g, of_velocity: g, distance_slope: -pull * g, velocity_slope: c - decay * g }
    }

    /// The rate at which what falls slowest falls.
    fn slowest(&self) -> f64 {
        // `d - w` above critical damping, without the difference of nearly equal numbers.
        if self.swing < 0.0 { self.pull / (self.decay - self.swing) } else { self.decay }
    }

    /// Seconds after which a value that was let go at a distance and with a velocity stays as near as a ten-thousandth
    /// of these.
    pub(crate) fn settles(&self, distance: f64, velocity: f64) -> f64 {
        let (distance, velocity) = (distance.abs(), velocity.abs());
        let scale = distance + velocity / self.pull.sqrt();
        if scale == 0.0 {
            return 0.0;
        }
        let (slowest, widest) = (self.slowest(), self.swing.abs() * if self.swing < 0.0 { 2.0 } else { 1.0 });
        // What the value is never beyond: `|c|` is at most 1 and `|g|` at most `t`, and `1 / w` or `1 / 2w`.
        let bound = |t: f64| {
            let g = if widest > 0.0 { t.min(1.0 / widest) } else { t };
            libm::exp(-slowest * t) * (distance * (1.0 + self.decay * g) + velocity * g)
        };
        // From here on it only falls.
        let mut low = 1.0 / slowest;
        if bound(low) <= scale * REST {
            return low;
        }
        let mut high = low;
        while bound(high) > scale * REST {
            high *= 2.0;
        }
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if bound(middle) > scale * REST { low = middle } else { high = middle }
        }
        high
    }
}
