//! Robert Penner's easing functions, as <https://easings.net> lists them.
//!
//! `keyframe` has some of them. Those with a sine or a power are our own: it takes these from the system's library, whose
//! last digits differ from machine to machine.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use keyframe::{EasingFunction, functions as polynomials};

use crate::animation::functions;

/// The shape of one of Penner's easings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Penner's names")]
pub enum Shape {
    Sine,
    Quad,
    Cubic,
    Quart,
    Quint,
    Expo,
    Circ,
    Back,
    Elastic,
    Bounce,
}

/// Where an easing shows its shape: at the beginning, at the end, or at both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Penner's names")]
pub enum Side {
    In,
    Out,
    InOut,
}

/// The value of the easing at `t`; exactly 0 at 0 and 1 at 1.
pub(super) fn y(side: Side, shape: Shape, t: f64) -> f64 {
    // Rounding (Back) and the definition (Expo, Elastic) would miss the ends.
    if t <= 0.0 {
        return 0.0;
    }
    if t >= 1.0 {
        return 1.0;
    }
    match (shape, side) {
        (Shape::Sine, Side::In) => 1.0 - libm::cos(t * FRAC_PI_2),
        (Shape::Sine, Side::Out) => libm::sin(t * FRAC_PI_2),
        (Shape::Sine, Side::InOut) => 0.5 * (1.0 - libm::cos(t * PI)),
        (Shape::Quad, Side::In) => polynomials::EaseInQuad.y(t),
        (Shape::Quad, Side::Out) => polynomials::EaseOutQuad.y(t),
        (Shape::Quad, Side::InOut) => polynomials::EaseInOutQuad.y(t),
        (Shape::Cubic, Side::In) => polynomials::EaseInCubic.y(t),
        (Shape::Cubic, Side::Out) => polynomials::EaseOutCubic.y(t),
        (Shape::Cubic, Side::InOut) => polynomials::EaseInOutCubic.y(t),
        (Shape::Quart, Side::In) => polynomials::EaseInQuart.y(t),
        (Shape::Quart, Side::Out) => polynomials::EaseOutQuart.y(t),
        (Shape::Quart, Side::InOut) => polynomials::EaseInOutQuart.y(t),
        (Shape::Quint, Side::In) => polynomials::EaseInQuint.y(t),
        (Shape::Quint, Side::Out) => polynomials::EaseOutQuint.y(t),
        (Shape::Quint, Side::InOut) => polynomials::EaseInOutQuint.y(t),
        // `keyframe` has none of the following.
        (Shape::Expo, _) => mirrored(side, t, expo_in),
        (Shape::Circ, _) => mirrored(side, t, circ_in),
        (Shape::Bounce, _) => mirrored(side, t, |t| 1.0 - bounce_out(1.0 - t)),
        (Shape::Back, Side::InOut) => mirrored(side, t, |t| back_in(OVERSHOOT * 1.525, t)),
        (Shape::Back, _) => mirrored(side, t, |t| back_in(OVERSHOOT, t)),
        (Shape::Elastic, Side::InOut) => mirrored(side, t, |t| elastic_in(TAU / 4.5, 11.125, t)),
        (Shape::Elastic, _) => mirrored(side, t, |t| elastic_in(TAU / 3.0, 10.75, t)),
    }
}

/// Makes an easing of any side out of the one that shows its shape at the beginning.
fn mirrored(side: Side, t: f64, ease_in: impl Fn(f64) -> f64) -> f64 {
    match side {
        Side::In => ease_in(t),
        Side::Out => 1.0 - ease_in(1.0 - t),
        Side::InOut if t < 0.5 => ease_in(2.0 * t) / 2.0,
        Side::InOut => 1.0 - ease_in(2.0 - 2.0 * t) / 2.0,
    }
}

/// How far Back shoots over: about a tenth.
const OVERSHOOT: f64 = 1.70158;

fn expo_in(t: f64) -> f64 {
    functions::exp2(10.0 * t - 10.0)
}

fn circ_in(t: f64) -> f64 {
    1.0 - (1.0 - t * t).sqrt()
}

fn back_in(overshoot: f64, t: f64) -> f64 {
    (overshoot + 1.0) * t * t * t - overshoot * t * t
}

fn elastic_in(rate: f64, phase: f64, t: f64) -> f64 {
    -functions::exp2(10.0 * t - 10.0) * functions::sincos((10.0 * t - phase) * rate).0
}

fn bounce_out(t: f64) -> f64 {
    const STEEPNESS: f64 = 7.5625;
    const SPAN: f64 = 2.75;
    let (middle, floor) = if t < 1.0 / SPAN {
        (0.0, 0.0)
    } else if t < 2.0 / SPAN {
        (1.5, 0.75)
    } else if t < 2.5 / SPAN {
        (2.25, 0.9375)
    } else {
        (2.625, 0.984_375)
    };
    let x = t - middle / SPAN;
    STEEPNESS * x * x + floor
}
