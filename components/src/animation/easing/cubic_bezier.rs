/// CSS `cubic-bezier(x1, y1, x2, y2)`: the curve from (0, 0) to (1, 1) with these control points.
///
/// `keyframe` has such a curve too, but fills its table of samples at 0, 20, 40, … instead of 0, 1/19, 2/19, …, so
/// that its first guess is far off, and computes in `f32`; hence our own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CubicBezier {
    x1: f64,
    y1: f64,
    x2: f64,
    y2: f64,
}

impl CubicBezier {
    /// CSS `ease`.
    pub const EASE: Self = Self { x1: 0.25, y1: 0.1, x2: 0.25, y2: 1.0 };
    /// CSS `ease-in`.
    pub const EASE_IN: Self = Self { x1: 0.42, y1: 0.0, x2: 1.0, y2: 1.0 };
    /// CSS `ease-out`.
    pub const EASE_OUT: Self = Self { x1: 0.0, y1: 0.0, x2: 0.58, y2: 1.0 };
    /// CSS `ease-in-out`.
    pub const EASE_IN_OUT: Self = Self { x1: 0.42, y1: 0.0, x2: 0.58, y2: 1.0 };

    /// The curve with the control points (`x1`, `y1`) and (`x2`, `y2`).
    ///
    /// `None` unless `x1` and `x2` are in 0..=1, without which it would run back in time, and `y1` and `y2` within
    /// a million.
    #[must_use]
    pub fn new(x1: f64, y1: f64, x2: f64, y2: f64) -> Option<Self> {
        let in_time = |x: f64| (0.0..=1.0).contains(&x);
        let in_reach = |y: f64| (-super::REACH..=super::REACH).contains(&y);
        (in_time(x1) && in_time(x2) && in_reach(y1) && in_reach(y2)).then_some(Self { x1, y1, x2, y2 })
    }

    /// `[x1, y1, x2, y2]`.
    #[must_use]
    pub fn control_points(&self) -> [f64; 4] {
        [self.x1, self.y1, self.x2, self.y2]
    }

    /// The y of the point whose x is `t`, for `t` in 0..=1.
    #[must_use]
    pub fn y(&self, t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        if t >= 1.0 {
            return 1.0;
        }
        let (x, y) = (Cubic::new(self.x1, self.x2), Cubic::new(self.y1, self.y2));
        y.at(x.parameter(t, t, (0.0, 1.0)))
    }
}

/// A curve with a table of where it is, for those that are asked again and again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TabledBezier {
    x: Cubic,
    y: Cubic,
    /// The curve parameter at each part of the time.
    parameters: [f64; PARTS + 1],
}

/// From the line between two entries of a table a single step of Halley's method leads to the twelfth digit, but where a
/// curve stands nearly still.
const PARTS: usize = 64;

impl TabledBezier {
    pub(super) const EASE: &'static Self = &Self::new(&CubicBezier::EASE);
    pub(super) const EASE_IN: &'static Self = &Self::new(&CubicBezier::EASE_IN);
    pub(super) const EASE_OUT: &'static Self = &Self::new(&CubicBezier::EASE_OUT);
    pub(super) const EASE_IN_OUT: &'static Self = &Self::new(&CubicBezier::EASE_IN_OUT);

    /// The table of a curve.
    pub(crate) const fn new(curve: &CubicBezier) -> Self {
        let (x, y) = (Cubic::new(curve.x1, curve.x2), Cubic::new(curve.y1, curve.y2));
        let mut parameters = [0.0; PARTS + 1];
        parameters[PARTS] = 1.0;
        let mut part = 1;
        while part < PARTS {
            let t = part as f64 / PARTS as f64;
            parameters[part] = x.parameter(t, t, (0.0, 1.0));
            part += 1;
        }
        Self { x, y, parameters }
    }

    /// As [`CubicBezier::y`].
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within the table")]
    pub(crate) fn y(&self, t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        if t >= 1.0 {
            return 1.0;
        }
        let place = t * PARTS as f64;
        let part = (place as usize).min(PARTS - 1);
        let (low, high) = (self.parameters[part], self.parameters[part + 1]);
        let guess = low + (high - low) * (place - part as f64);
        // The entries are right to the twelfth digit: it may lie a little beyond.
        self.y.at(self.x.parameter(t, guess, (low - 1e-6, high + 1e-6)))
    }
}

/// One coordinate of a Bézier curve from 0 to 1, as a polynomial.
#[derive(Clone, Debug, PartialEq)]
struct Cubic {
    a: f64,
    b: f64,
    c: f64,
}

impl Cubic {
    const fn new(p1: f64, p2: f64) -> Self {
        Self { a: 1.0 - 3.0 * p2 + 3.0 * p1, b: 3.0 * p2 - 6.0 * p1, c: 3.0 * p1 }
    }

    const fn at(&self, s: f64) -> f64 {
        ((self.a * s + self.b) * s + self.c) * s
    }

    const fn slope(&self, s: f64) -> f64 {
        (3.0 * self.a * s + 2.0 * self.b) * s + self.c
    }

    /// The parameter at which it is `t`, near `guess` and within the bounds: Halley's method, which needs two or three steps
    /// where Newton's needs five, kept inside of a bracket that shrinks, since the coordinate may stand nearly still.
    #[inline]
    const fn parameter(&self, t: f64, mut guess: f64, (mut low, mut high): (f64, f64)) -> f64 {
        // Halving alone needs 40 steps for 1e-12.
        let mut steps = 64;
        while steps > 0 {
            let error = self.at(guess) - t;
            if error.abs() < 1e-12 {
                break;
            }
            if error > 0.0 {
                high = guess;
            } else {
                low = guess;
            }
            let slope = self.slope(guess);
            let next = guess - 2.0 * error * slope / (2.0 * slope * slope - error * self.bend(guess));
            guess = if next > low && next < high { next } else { f64::midpoint(low, high) };
            steps -= 1;
        }
        guess
    }

    /// How fast the slope changes.
    const fn bend(&self, s: f64) -> f64 {
        6.0 * self.a * s + 2.0 * self.b
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_table_says_what_the_curve_says(
            (x1, x2) in (0.0..=1.0_f64, 0.0..=1.0_f64),
            (y1, y2) in (-2.0..=3.0_f64, -2.0..=3.0_f64),
            t in 0.0..=1.0_f64,
        ) {
            for (x1, x2) in [(x1, x2), (0.0, x2), (1.0, 0.0)] {
                let curve = CubicBezier { x1, y1, x2, y2 };
                let found = TabledBezier::new(&curve).y(t);
                // Both are right to so much time, in which a curve that is upright goes far.
                let near = [t - 1e-11, t, t + 1e-11].map(|t| curve.y(t));
                let (low, high) = near.into_iter().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)));
                prop_assert!((low - 1e-9..=high + 1e-9).contains(&found), "{:?} at {}: {} and {:?}", curve, t, found, near);
            }
        }
    }
}
