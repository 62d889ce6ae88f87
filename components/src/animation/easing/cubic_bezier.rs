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
        let y = Cubic::new(self.y1, self.y2);
        y.at(self.parameter(t))
    }

    /// The curve parameter at which x is `t`: Halley's method, which needs two or three steps where Newton's needs five,
    /// kept inside of a bracket that shrinks, since x may stand nearly still.
    fn parameter(&self, t: f64) -> f64 {
        let x = Cubic::new(self.x1, self.x2);
        let (mut low, mut high) = (0.0, 1.0);
        let mut guess = t;
        // Halving alone needs 40 steps for 1e-12.
        for _ in 0..64 {
            let error = x.at(guess) - t;
            if error.abs() < 1e-12 {
                break;
            }
            if error > 0.0 {
                high = guess;
            } else {
                low = guess;
            }
            let slope = x.slope(guess);
            let next = guess - 2.0 * error * slope / (2.0 * slope * slope - error * x.bend(guess));
            guess = if next > low && next < high { next } else { f64::midpoint(low, high) };
        }
        guess
    }
}

/// One coordinate of a Bézier curve from 0 to 1, as a polynomial.
struct Cubic {
    a: f64,
    b: f64,
    c: f64,
}

impl Cubic {
    fn new(p1: f64, p2: f64) -> Self {
        Self { a: 1.0 - 3.0 * p2 + 3.0 * p1, b: 3.0 * p2 - 6.0 * p1, c: 3.0 * p1 }
    }

    fn at(&self, s: f64) -> f64 {
        ((self.a * s + self.b) * s + self.c) * s
    }

    fn slope(&self, s: f64) -> f64 {
        (3.0 * self.a * s + 2.0 * self.b) * s + self.c
    }

    /// How fast the slope changes.
    fn bend(&self, s: f64) -> f64 {
        6.0 * self.a * s + 2.0 * self.b
    }
}
