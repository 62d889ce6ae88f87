//! When an animation goes from one of its values to the next, and how: all but what these are.

use smallvec::SmallVec;

use super::{
    Easing,
    easing::TabledBezier,
    spring::Oscillator,
    timing::{Nanos, Timing},
};

/// When an animation plays, when it reaches its values, and how it goes from each to the next. Properties of a layer that
/// move alike share one, and where it stands is found out once for all of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Motion {
    timing: Timing,
    /// When each value is reached; rising, at least two.
    times: SmallVec<[Nanos; 2]>,
    /// How it goes from each to the next: one less.
    paces: SmallVec<[Pace; 1]>,
}

/// How it goes from one value to the next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pace {
    Easing(Easing),
    /// An easing that is a curve, with a table of it.
    Curve(Easing, Box<TabledBezier>),
    Spring(Oscillator),
}

/// Where a motion stands at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand {
    /// The place of the value that it comes from; it goes to the one behind that.
    pub(super) from: usize,
    /// Progress of time between them, 0..=1.
    pub(super) t: f64,
    /// Progress from the one value to the other. Easings that shoot over leave 0..=1.
    pub(super) progress: f64,
}

/// Where a motion stands in time.
struct Between<'a> {
    from: usize,
    t: f64,
    pace: &'a Pace,
    /// Seconds from the one value to the other.
    span: f64,
    /// Until the first value that holds.
    before: bool,
}

impl Pace {
    /// The pace of an easing.
    pub(super) fn eased(easing: &Easing) -> Self {
        match easing {
            Easing::CubicBezier(curve) => Self::Curve(easing.clone(), Box::new(TabledBezier::new(curve))),
            _ => Self::Easing(easing.clone()),
        }
    }

    /// Progress of the value at progress `t` of a `span` in seconds; `before` is CSS's before flag.
    fn progress(&self, t: f64, span: f64, before: bool) -> f64 {
        match self {
            Self::Easing(easing) => easing.ease_flagged(t, before),
            Self::Curve(_, curve) => curve.y(t),
            // It rests.
            Self::Spring(_) if t >= 1.0 => 1.0,
            Self::Spring(spring) => 1.0 - spring.left(t * span).of_distance,
        }
    }

    /// How fast the progress of the value changes, for a second.
    fn slope(&self, t: f64, span: f64) -> f64 {
        match self {
            Self::Easing(easing) | Self::Curve(easing, _) => easing.slope(t) / span,
            Self::Spring(spring) => -spring.left(t * span).distance_slope,
        }
    }
}

impl Motion {
    /// `None` unless `times` has at least two, and `paces` one less.
    pub(super) fn new(timing: Timing, times: SmallVec<[Nanos; 2]>, paces: SmallVec<[Pace; 1]>) -> Option<Self> {
        (times.len() >= 2 && paces.len() == times.len() - 1).then_some(Self { timing, times, paces })
    }

    /// Whether it goes to all its values by easings.
    pub(super) fn is_eased(&self) -> bool {
        self.paces.iter().all(|pace| !matches!(pace, Pace::Spring(_)))
    }

    /// When it plays.
    pub(super) fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Where it stands `elapsed` seconds after its start.
    pub(super) fn at(&self, elapsed: f64) -> Stand {
        let Between { from, t, pace, span, before } = self.between(elapsed);
        Stand { from, t, progress: pace.progress(t, span, before) }
    }

    /// Where it stands `elapsed` seconds after its start, and how fast its progress changes there, for a second; `None`
    /// where it stands still.
    pub(super) fn moving(&self, elapsed: f64) -> Option<(Stand, f64)> {
        let rate = self.timing.rate(elapsed);
        let Between { from, t, pace, span, before } = self.between(elapsed);
        let slope = (rate != 0.0 && !before && t < 1.0).then(|| pace.slope(t, span) * rate)?;
        Some((Stand { from, t, progress: pace.progress(t, span, before) }, slope))
    }

    #[expect(clippy::cast_precision_loss, reason = "spans of more than 100 days lose nanoseconds")]
    fn between(&self, elapsed: f64) -> Between<'_> {
        let position = self.timing.at(elapsed);
        let from = match &*self.times {
            // Most have just two.
            [_, _] => 0,
            times => times.partition_point(|at| *at <= position.time).clamp(1, times.len() - 1) - 1,
        };
        let (a, b) = (self.times[from], self.times[from + 1]);
        let span = b.saturating_sub(a).max(1);
        let t = (position.time.saturating_sub(a) as f64 / span as f64).min(1.0);
        let before = position.before || position.time < a;
        Between { from, t, pace: &self.paces[from], span: span as f64 / 1e9, before }
    }
}
