//! What an animation that took over carries on of what was under way.

use std::sync::Arc;

use super::{Clock, MARGIN, Playback};
use crate::{
    animation::{
        Sample,
        transition::{Carrier, Drift, Way},
    },
    paint::Paint,
};

impl Playback {
    /// The colour or gradient that it shows at scene time `now`, if it is one of those.
    pub(in crate::animation) fn paint(&self, now: f64) -> Option<Paint> {
        let mut paint = self.track.paint(self.sample(now))?;
        self.mix(&mut paint, now);
        Some(paint)
    }

    /// Makes a paint what it shows with what it carries on; whether it was another.
    pub(in crate::animation) fn mix(&self, paint: &mut Paint, now: f64) -> bool {
        self.flight_at(now).is_some_and(|(way, time)| way.mix(paint, time))
    }

    /// Whether it is what carries that on.
    pub(in crate::animation) fn carries(&self, drift: &Drift) -> bool {
        match (&drift.carrier, &self.clock) {
            // Several may have started at once, to begin one after the other.
            (Carrier::Animation(since) | Carrier::AnimationStart(since), clock) => {
                clock.began() == Some(*since) && (drift.goes_from() - self.track.begin()).abs() <= MARGIN
            }
            (Carrier::Timeline(id) | Carrier::Over(id), Clock::Timeline(clock)) => id == clock.timeline(),
            _ => false,
        }
    }

    /// Lets it carry something on.
    pub(in crate::animation) fn carry(&mut self, way: Arc<Way>) {
        let (begin, end) = way.span();
        let (first, last) = if way.is_by_scene() { (begin, end) } else { self.clock.between(begin, end) };
        self.changes = (self.changes.0.min(first - MARGIN), self.changes.1.max(last + MARGIN));
        self.flight = Some(way);
    }

    /// Whether it shows just what is authored, as it does until it begins with that.
    pub(in crate::animation) fn is_still_authored(&self, now: f64) -> bool {
        self.is_from_authored && self.flight.is_none() && !self.has_begun(now)
    }

    /// Whether it carries anything on.
    pub(in crate::animation) fn is_carrying(&self) -> bool {
        self.flight.is_some()
    }

    /// Takes from it what it carries on.
    pub(in crate::animation) fn let_go(&mut self) {
        self.flight = None;
    }

    /// What it carries on by its own clock.
    pub(in crate::animation) fn carries_along(&self) -> Option<&Way> {
        self.flight.as_deref().filter(|way| !way.is_by_scene())
    }

    /// The time of what it carries on, at scene time `now`.
    fn carried_time(&self, now: f64) -> f64 {
        match &self.clock {
            Clock::Scene(_) | Clock::Steered(_) => self.elapsed(now),
            Clock::Timeline(clock) => clock.position(now),
        }
    }

    /// What it carries on at scene time `now`, and the time of that; nothing before it has taken over.
    pub(super) fn flight_at(&self, now: f64) -> Option<(&Way, f64)> {
        let way = self.flight.as_deref()?;
        let time = if way.is_by_scene() { now } else { self.carried_time(now) };
        (time > way.span().0 - 0.5e-9).then_some((way, time))
    }

    /// A value of it at scene time `now`, with what it carries on.
    pub(in crate::animation) fn carried(&self, value: Sample, now: f64) -> Sample {
        match self.flight_at(now) {
            Some((way, time)) => way.over(self.track.domain(), value, time),
            None => value,
        }
    }
}
