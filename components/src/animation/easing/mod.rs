//! Easings: how an animation goes from one value to the next.

mod cubic_bezier;
mod linear;
mod parse;
mod penner;
mod steps;

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub(super) use self::cubic_bezier::TabledBezier;
pub use self::{
    cubic_bezier::CubicBezier,
    linear::{LinearStops, Stop, WrittenStop},
    parse::ParseEasingError,
    penner::{Shape, Side},
    steps::{Jump, Steps},
};

/// No number in an easing may be farther from zero: what it makes stays finite.
const REACH: f64 = 1e6;

/// How an animation goes from one value to the next. Linear unless said otherwise.
///
/// Written as CSS does (`linear`, `ease`, `cubic-bezier(0.2, 0, 0, 1)`, `steps(4, jump-end)`,
/// `linear(0, 0.25 75%, 1)`), or by one of Robert Penner's names (`easeOutBack`); of names both `easeInOut` and
/// `ease-in-out` are read, the first is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Easing {
    /// At one speed.
    #[default]
    Linear,
    /// CSS `ease`.
    Ease,
    /// CSS `ease-in`.
    EaseIn,
    /// CSS `ease-out`.
    EaseOut,
    /// CSS `ease-in-out`.
    EaseInOut,
    /// The end value from the beginning.
    StepStart,
    /// The first value until the end.
    StepEnd,
    /// One of Robert Penner's.
    Penner(Side, Shape),
    /// CSS `cubic-bezier(…)`.
    CubicBezier(CubicBezier),
    /// CSS `steps(…)`.
    Steps(Steps),
    /// CSS `linear(…)`.
    LinearStops(LinearStops),
}

impl Easing {
    /// Progress of the value at progress `t` of time, which is taken into 0..=1. May leave 0..=1 where the easing
    /// overshoots.
    #[must_use]
    pub fn ease(&self, t: f64) -> f64 {
        self.ease_flagged(t, false)
    }

    /// As [`ease`](Self::ease); `before` is CSS's before flag: the animation has not begun (or, played backwards, has
    /// ended), so that a step at this very moment is still to come.
    #[must_use]
    pub fn ease_flagged(&self, t: f64, before: bool) -> f64 {
        let t = t.clamp(0.0, 1.0);
        match self {
            Self::Linear => t,
            Self::Ease => TabledBezier::EASE.y(t),
            Self::EaseIn => TabledBezier::EASE_IN.y(t),
            Self::EaseOut => TabledBezier::EASE_OUT.y(t),
            Self::EaseInOut => TabledBezier::EASE_IN_OUT.y(t),
            Self::StepStart if before && t == 0.0 => 0.0,
            Self::StepStart => 1.0,
            Self::StepEnd if t < 1.0 => 0.0,
            Self::StepEnd => 1.0,
            Self::Penner(side, shape) => penner::y(*side, *shape, t),
            Self::CubicBezier(curve) => curve.y(t),
            Self::Steps(steps) => steps.y(t, before),
            Self::LinearStops(stops) => stops.y(t),
        }
    }

    /// How fast the progress of the value changes at progress `t` of time, in progress of value for progress of time; 0
    /// where it jumps.
    pub(crate) fn slope(&self, t: f64) -> f64 {
        /// Steeper than this are only steps: the curves that begin upright are as steep for less than this.
        const STEEPEST: f64 = 1e3;
        const NEAR: f64 = 1e-6;
        if matches!(self, Self::StepStart | Self::StepEnd | Self::Steps(_)) {
            return 0.0;
        }
        let low = (t - NEAR).clamp(0.0, 1.0 - NEAR);
        let slope = (self.ease(low + NEAR) - self.ease(low)) / NEAR;
        if slope.abs() > STEEPEST { 0.0 } else { slope }
    }

    /// Whether its values stay between 0 and 1 all the way, as far as can be seen.
    pub(super) fn stays_within(&self) -> bool {
        /// Looked at so often: between two of these no curve goes beyond by more than a part in a million.
        const STEPS: u32 = 1000;
        const RANGE: std::ops::RangeInclusive<f64> = -1e-6..=1.0 + 1e-6;
        let is_beyond = |stop: &Stop| !RANGE.contains(&stop.output);
        if let Self::LinearStops(stops) = self
            && stops.stops().iter().any(is_beyond)
        {
            return false;
        }
        (0..=STEPS).all(|step| RANGE.contains(&self.ease(f64::from(step) / f64::from(STEPS))))
    }

    /// Every easing that is written as a name.
    pub fn named() -> impl Iterator<Item = (&'static str, Self)> {
        parse::NAMES.iter().map(|(name, easing)| (*name, easing.clone()))
    }
}

impl fmt::Display for Easing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CubicBezier(curve) => {
                let [x1, y1, x2, y2] = curve.control_points();
                write!(f, "cubic-bezier({x1}, {y1}, {x2}, {y2})")
            }
            Self::Steps(steps) => {
                let jump = match steps.jump() {
                    Jump::Start => "jump-start",
                    Jump::End => "jump-end",
                    Jump::None => "jump-none",
                    Jump::Both => "jump-both",
                };
                write!(f, "steps({}, {jump})", steps.count())
            }
            Self::LinearStops(stops) => {
                f.write_str("linear(")?;
                for (index, Stop { input, output }) in stops.stops().iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{output} {input}%")?;
                }
                f.write_str(")")
            }
            named => {
                let name = parse::NAMES.iter().find(|(_, easing)| easing == named).map_or("linear", |(name, _)| name);
                f.write_str(name)
            }
        }
    }
}

impl Serialize for Easing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Easing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Easing {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Easing".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = parse::NAMES.iter().map(|(name, _)| *name).collect();
        json_schema!({
            "type": "string",
            "format": "easing",
            "description": format!(
                "how it goes from one value to the next: {}, cubic-bezier(x1, y1, x2, y2), \
                 steps(count, jump-start | jump-end | jump-none | jump-both), or linear(…) with stops as in CSS",
                names.join(", "),
            ),
            "examples": [
                "linear", "ease", "easeInOut", "easeOutBack", "easeInOutCubic",
                "cubic-bezier(0.2, 0, 0, 1)", "steps(4, jump-end)", "linear(0, 0.25 75%, 1)",
            ],
        })
    }
}

#[cfg(test)]
mod tests;
