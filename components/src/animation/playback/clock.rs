//! What tells an animation its time.

use std::sync::Arc;

use crate::animation::{
    prefetch::fetch,
    starts::{Start, Steered, elapsed},
    timeline::{CueClock, Playhead, rounded},
};

/// What tells an animation its time.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::animation) enum Clock {
    /// Scene seconds at which the animation started.
    Scene(f64),
    /// Somebody who steers the animation by itself.
    Steered(Box<SteeredClock>),
    /// A timeline that it is part of. What goes by the same time shares one, so that its time is found out once.
    Timeline(Arc<CueClock>),
}

/// The clock of an animation that somebody has steered.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::animation) struct SteeredClock {
    /// Scene seconds at which it was started last.
    pub(in crate::animation) began: f64,
    /// Whether it has been played before.
    pub(in crate::animation) again: bool,
    pub(in crate::animation) playhead: Playhead,
}

impl SteeredClock {
    pub(super) fn elapsed(&self, now: f64) -> f64 {
        elapsed(&self.playhead, now)
    }

    /// How many seconds of the animation pass in a scene second.
    pub(super) fn rate(&self) -> f64 {
        if self.playhead.running { self.playhead.rate } else { 0.0 }
    }

    /// The scene seconds between which it stands between two times of its own; none if it does not move.
    pub(super) fn between(&self, first: f64, last: f64) -> (f64, f64) {
        let Playhead { since, position, rate, running } = self.playhead;
        if !running {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        let at = |time: f64| since + (time - position) / rate;
        let (a, b) = (at(first), at(last));
        (a.min(b), a.max(b))
    }
}

impl Clock {
    /// The clock of an animation of the layer itself; `None` if that has no effect.
    pub(in crate::animation) fn of_start(start: &Start) -> Option<Self> {
        match *start {
            Start::At(start) => Some(Self::Scene(start)),
            Start::Steered(Steered { began, again, playhead, .. }) => {
                Some(Self::Steered(Box::new(SteeredClock { began, again, playhead: playhead? })))
            }
        }
    }

    /// Seconds since the start of what it tells the time to at scene time `now`, rounded to nanoseconds.
    pub(super) fn elapsed(&self, now: f64) -> f64 {
        match self {
            Self::Scene(start) => rounded(now - start),
            Self::Steered(clock) => clock.elapsed(now),
            Self::Timeline(clock) => clock.elapsed(now),
        }
    }

    /// Shares that of another animation if the two always tell the same time; whether they do.
    pub(super) fn share(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Timeline(own), Self::Timeline(other)) if Arc::ptr_eq(own, other) => true,
            (Self::Timeline(own), Self::Timeline(other)) if own == other => {
                *own = Arc::clone(other);
                true
            }
            (own, other) => own == other,
        }
    }

    /// Asks for its memory to be in the cache soon.
    #[inline]
    pub(in crate::animation) fn fetch(&self) {
        match self {
            Self::Scene(_) => {}
            Self::Steered(clock) => fetch(&**clock),
            Self::Timeline(clock) => fetch(&**clock),
        }
    }

    /// Scene seconds at which an animation of the layer itself was started.
    pub(in crate::animation) fn began(&self) -> Option<f64> {
        match self {
            Self::Scene(start) => Some(*start),
            Self::Steered(clock) => Some(clock.began),
            Self::Timeline(_) => None,
        }
    }

    /// The scene seconds between which it stands between two times of what it tells it to.
    pub(super) fn between(&self, first: f64, last: f64) -> (f64, f64) {
        match self {
            Self::Scene(start) => (start + first, start + last),
            Self::Steered(clock) => clock.between(first, last),
            Self::Timeline(clock) => clock.between(first, last),
        }
    }
}

/// The time of the timeline that was asked last: what is next in a list often goes by the same.
#[derive(Default)]
pub(in crate::animation) struct LastTime<'a> {
    known: Option<(&'a Arc<CueClock>, f64)>,
}

impl<'a> LastTime<'a> {
    /// What a clock tells at scene time `now`, which is the same in all calls.
    #[inline]
    pub(super) fn of(&mut self, clock: &'a Clock, now: f64) -> f64 {
        let Clock::Timeline(clock) = clock else { return clock.elapsed(now) };
        match self.known {
            Some((known, elapsed)) if Arc::ptr_eq(known, clock) => elapsed,
            _ => {
                let elapsed = clock.elapsed(now);
                self.known = Some((clock, elapsed));
                elapsed
            }
        }
    }
}
