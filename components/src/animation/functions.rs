//! Sine and exponential, by which springs swing: to fourteen digits, in half the time that `libm` takes for the last one too.
//!
//! Both look up the nearest of a few exact values and go on from there by a short series. There is nothing in them but
//! additions and multiplications, which are the same to the last bit on every machine.

use std::f64::consts::{LN_2, LOG2_E, PI};

use super::timing::nearest;

/// Values of the sine and the cosine for a turn.
const STEPS: usize = 64;
/// Values of the power of two for a doubling.
const PARTS: usize = 32;

/// Sine and cosine of each step of a turn.
static TURN: [(f64, f64); STEPS] = turn();
/// Two to the power of each part.
static DOUBLING: [f64; PARTS] = doubling();

/// What lies between two steps, in three numbers of which the first two have so few digits that products with numbers of
/// steps are exact.
const STEP: [f64; 3] = {
    let whole = PI / 32.0;
    let high = f64::from_bits(whole.to_bits() & !((1 << 27) - 1));
    // What PI lacks to the ratio of circumference and diameter.
    [high, whole - high, 1.224_646_799_147_353_2e-16 / 32.0]
};

/// The sum of the powers of `x` from number `first` on, each divided by its factorial, and every other or all of them.
const fn series(x: f64, first: u32, every: u32, sign: f64) -> f64 {
    let (mut sum, mut term, mut index) = (0.0, 1.0, 0);
    while index < 40 {
        if index > 0 {
            term *= x / index as f64;
        }
        if index % every == first {
            sum += if (index / every) % 2 == 1 { sign * term } else { term };
        }
        index += 1;
    }
    sum
}

const fn turn() -> [(f64, f64); STEPS] {
    let mut all = [(0.0, 1.0); STEPS];
    let mut step = 0;
    while step < STEPS {
        // The series are good in the first eighth of a turn; all else mirrors that.
        let rest = step % 16;
        let nearer = if rest <= 8 { rest } else { 16 - rest };
        let angle = nearer as f64 * (PI / 32.0);
        let (a, b) = (series(angle, 1, 2, -1.0), series(angle, 0, 2, -1.0));
        let (sin, cos) = if rest <= 8 { (a, b) } else { (b, a) };
        all[step] = match step / 16 {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
        step += 1;
    }
    all
}

const fn doubling() -> [f64; PARTS] {
    let mut all = [1.0; PARTS];
    let mut part = 0;
    while part < PARTS {
        all[part] = series(part as f64 / PARTS as f64 * LN_2, 0, 1, 1.0);
        part += 1;
    }
    all
}

/// Sine and cosine.
#[inline]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within a turn"
)]
pub(super) fn sincos(x: f64) -> (f64, f64) {
    /// Up to here the remainder of the steps is exact.
    const FAR: f64 = 1e6;
    if x.abs() > FAR || x.is_nan() {
        return libm::sincos(x);
    }
    let steps = nearest(x * (STEPS as f64 / (2.0 * PI)));
    let count = steps as f64;
    let r = ((x - count * STEP[0]) - count * STEP[1]) - count * STEP[2];
    let (sin, cos) = TURN[steps as usize % STEPS];
    let square = r * r;
    let s = r + r * square * (square * (1.0 / 120.0 - square * (1.0 / 5040.0)) - 1.0 / 6.0);
    let c = 1.0 + square * (square * (1.0 / 24.0 - square * (1.0 / 720.0)) - 0.5);
    (sin * c + cos * s, cos * c - sin * s)
}

/// Two to the power of `x`.
#[inline]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within bounds"
)]
pub(super) fn exp2(x: f64) -> f64 {
    /// Beyond these it is not a normal number, or none.
    const BOUNDS: std::ops::Range<f64> = -1000.0..1000.0;
    if !BOUNDS.contains(&x) {
        return libm::exp2(x);
    }
    let parts = nearest(x * PARTS as f64);
    let r = (x - parts as f64 / PARTS as f64) * LN_2;
    let rest = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0)))));
    let whole = f64::from_bits(((parts.div_euclid(PARTS as i64) + 1023) as u64) << 52);
    whole * DOUBLING[parts.rem_euclid(PARTS as i64) as usize] * rest
}

/// e to the power of `x`.
#[inline]
pub(super) fn exp(x: f64) -> f64 {
    exp2(x * LOG2_E)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_those_of_the_library_to_fourteen_digits(x in -1e6..1e6_f64, power in -700.0..700.0_f64) {
            for x in [x, x / 1e3, x / 1e6] {
                let (sin, cos) = sincos(x);
                let (exact_sin, exact_cos) = libm::sincos(x);
                prop_assert!((sin - exact_sin).abs() < 1e-14 && (cos - exact_cos).abs() < 1e-14, "{}: {} {}", x, sin, cos);
            }
            for x in [power, power / 100.0] {
                prop_assert!((exp2(x) / libm::exp2(x) - 1.0).abs() < 1e-14, "{}: {}", x, exp2(x));
                prop_assert!((exp(x) / libm::exp(x) - 1.0).abs() < 2e-13, "{}: {}", x, exp(x));
            }
        }
    }

    #[test]
    fn they_go_on_where_numbers_end() {
        assert_eq!((exp2(0.0), exp2(10.0), exp2(-2000.0), exp2(f64::INFINITY)), (1.0, 1024.0, 0.0, f64::INFINITY));
        assert_eq!(sincos(0.0), (0.0, 1.0));
        assert!(sincos(f64::NAN).0.is_nan() && exp(f64::NAN).is_nan());
        assert_eq!(sincos(1e9), libm::sincos(1e9));
    }
}
