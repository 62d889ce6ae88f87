//! One animation of a layer and what tells it its time.

use std::sync::Arc;

pub(super) use self::clock::{Clock, LastTime};
use super::{
    Sample, Target, Track, drifting::Shown, motion::Stand, prefetch::fetch, timeline::TimelineId, transition::Way,
};
use crate::paint::Paint;

mod clock;
mod flight;
mod same;
#[cfg(test)]
pub(super) mod visits;

/// Seconds by which the time in which something may change is taken too long on both sides: sums of scene times carry
/// rounding errors, and one sample too many costs nothing.
pub(super) const MARGIN: f64 = 1e-6;

/// A track and when it started.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Playback {
    pub(super) track: Track,
    clock: Clock,
    /// Place of its animation in the layer's list, or of its cue among those of the layer.
    pub(super) source: usize,
    /// What it carries on of what was under way when it took over, by the clock of its carrier.
    flight: Option<Arc<Way>>,
    /// Whether another one has the same target.
    pub(super) rivalled: bool,
    /// Whether it begins with what is authored.
    pub(super) is_from_authored: bool,
    /// The half of its pair that begins with what is authored, where the other goes on from one before it.
    pub(super) authored_half: Option<usize>,
    /// Whether it begins with what one before it, of the same timeline or of the layer itself, makes of its property.
    pub(super) goes_on_from_another: bool,
    /// The scene seconds between which its value can change, a [`MARGIN`] more on both sides.
    changes: (f64, f64),
    /// Its values before and after these, so that what has ended or stands still need not be sampled.
    held: Box<[Sample; 2]>,
}

/// Where the motion of a playback stands at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Standing {
    /// Before anything can change.
    Before,
    /// After anything can change.
    Over,
    /// In between.
    At(Stand),
}

impl Playback {
    pub(super) fn new(track: Track, clock: Clock, source: usize) -> Self {
        let (first, last) = changes(&track, &clock);
        let changes = (first - MARGIN, last + MARGIN);
        let held = Box::new(held(&track, &clock));
        Self {
            track,
            clock,
            source,
            flight: None,
            rivalled: false,
            is_from_authored: false,
            authored_half: None,
            goes_on_from_another: false,
            changes,
            held,
        }
    }

    /// Has it keep hold of its property from scene time `since` on also where it waits, if it is one of a timeline.
    pub(super) fn hold_from(&mut self, since: f64) {
        if let Clock::Timeline(clock) = &mut self.clock {
            Arc::make_mut(clock).holds_from = since;
        }
    }

    /// Has it begin with a value or a paint in all its rounds, as [`Track::beginning_with`] has it.
    pub(super) fn begin_with(&mut self, value: Sample, paint: Option<&Paint>) {
        self.is_from_authored = false;
        self.be(self.track.clone().beginning_with(value, paint));
    }

    /// Has it do the same with other values.
    pub(super) fn be(&mut self, track: Track) {
        self.track = track;
        *self.held = held(&self.track, &self.clock);
    }

    /// Whether it is an animation of the layer itself, not of a timeline.
    pub(super) fn is_own(&self) -> bool {
        !matches!(self.clock, Clock::Timeline(_))
    }

    /// Whether it is one of a timeline that makes something else of its property than what is authored, or is about to. One
    /// that waits, or stands where it begins, does not.
    pub(super) fn holds(&self, now: f64) -> bool {
        let Clock::Timeline(clock) = &self.clock else { return false };
        let elapsed = clock.elapsed(now);
        let is_away = self.track.has_begun(elapsed) && (clock.is_running(now) || elapsed > self.track.begin());
        !self.is_from_authored || is_away
    }

    /// Whether its timeline is playing backwards.
    pub(super) fn goes_back(&self) -> bool {
        matches!(&self.clock, Clock::Timeline(clock) if clock.playhead.running && clock.playhead.rate < 0.0)
    }

    /// What it animates.
    pub(super) fn target(&self) -> Target {
        #[cfg(test)]
        visits::count();
        self.track.target()
    }

    /// Seconds since the start, rounded to nanoseconds.
    pub(super) fn elapsed(&self, now: f64) -> f64 {
        #[cfg(test)]
        visits::count();
        self.clock.elapsed(now)
    }

    /// Asks for what is read to sample it to be in the cache soon.
    #[inline]
    pub(super) fn fetch(&self) {
        fetch(self.track.motion().as_ref());
        self.clock.fetch();
    }

    /// Where its motion stands at scene time `now`.
    pub(super) fn standing(&self, now: f64) -> Standing {
        self.standing_by(now, &mut LastTime::default())
    }

    /// The same with what is known of the times of clocks.
    pub(super) fn standing_by<'a>(&'a self, now: f64, last_time: &mut LastTime<'a>) -> Standing {
        let (first, last) = self.changes;
        if now < first {
            Standing::Before
        } else if now > last {
            Standing::Over
        } else {
            Standing::At(self.track.motion().at(last_time.of(&self.clock, now)))
        }
    }

    /// Its value where its motion stands there.
    pub(super) fn value(&self, standing: Standing) -> Sample {
        match standing {
            Standing::Before => self.held[0],
            Standing::Over => self.held[1],
            Standing::At(stand) => self.track.value(stand),
        }
    }

    /// Its value at scene time `now`.
    pub(super) fn sample(&self, now: f64) -> Sample {
        self.value(self.standing(now))
    }

    /// What tells it its time.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The timeline that it is part of.
    pub(super) fn timeline(&self) -> Option<&TimelineId> {
        match &self.clock {
            Clock::Scene(_) | Clock::Steered(_) => None,
            Clock::Timeline(clock) => Some(clock.timeline()),
        }
    }

    /// Shares the clock of `other` if that always tells the same time, and its motion if the two move alike at all times;
    /// whether they do.
    pub(super) fn share(&mut self, other: &Self) -> bool {
        let is_alike = self.clock.share(&other.clock) && self.track.motion() == other.track.motion();
        if is_alike {
            self.track.share(other.track.motion());
        }
        is_alike
    }

    /// Its value at scene time `now` and how fast that changes for a scene second, in the numbers in which it moves
    /// evenly.
    pub(super) fn shown(&self, now: f64) -> Shown {
        let Some((way, time)) = self.flight_at(now) else { return self.shown_alone(now) };
        let mut carried = way.at(time);
        let rate = match &self.clock {
            Clock::Steered(clock) if !way.is_by_scene() => clock.rate(),
            Clock::Timeline(clock) if !way.is_by_scene() => clock.outer_rate(now),
            _ => 1.0,
        };
        carried.velocity = carried.velocity.scaled(rate);
        self.shown_alone(now).plus(carried)
    }

    /// The same without what it carries on.
    pub(super) fn shown_alone(&self, now: f64) -> Shown {
        let Shown { value, velocity } = self.track.shown(self.elapsed(now));
        let rate = match &self.clock {
            Clock::Scene(_) => 1.0,
            Clock::Steered(clock) => clock.rate(),
            Clock::Timeline(clock) => clock.rate(now),
        };
        Shown { value, velocity: velocity.scaled(rate) }
    }

    /// Seconds of its own until it is over, and since it began, at scene time `now`.
    pub(super) fn left_and_gone(&self, now: f64) -> (f64, f64) {
        let elapsed = self.elapsed(now);
        (self.track.end() - elapsed, elapsed - self.track.begin())
    }

    /// The same of an animation of the layer itself at a time of its own, if a scene second is `rate` of its seconds;
    /// without what it carries on.
    pub(super) fn shown_at(&self, elapsed: f64, rate: f64) -> Shown {
        let Shown { value, velocity } = self.track.shown(elapsed);
        Shown { value, velocity: velocity.scaled(rate) }
    }

    /// Whether it has begun at scene time `now`, or keeps hold of its property where it waits.
    pub(super) fn has_begun(&self, now: f64) -> bool {
        self.has_begun_by(now, &mut LastTime::default())
    }

    /// The same with what is known of the times of clocks.
    pub(super) fn has_begun_by<'a>(&'a self, now: f64, last_time: &mut LastTime<'a>) -> bool {
        #[cfg(test)]
        visits::count();
        let keeps_hold = || matches!(&self.clock, Clock::Timeline(clock) if clock.keeps_hold(now));
        self.track.has_begun(last_time.of(&self.clock, now)) || keeps_hold()
    }

    pub(super) fn is_playing(&self, now: f64) -> bool {
        let (first, last) = self.changes;
        if now < first || now > last {
            return false;
        }
        // Well within its time it plays; at its edges it is a matter of nanoseconds.
        if self.is_own() && now > first + 3.0 * MARGIN && now < last - 3.0 * MARGIN {
            return true;
        }
        let is_running = match &self.clock {
            Clock::Scene(_) => true,
            Clock::Steered(clock) => clock.playhead.running,
            Clock::Timeline(clock) => clock.is_running(now),
        };
        is_running && self.track.is_playing(self.elapsed(now))
    }

    /// Scene seconds at which one of the layer itself begins, and how many of its seconds pass in a scene second then; `now`
    /// if it has begun, `None` if it does not as it is steered.
    pub(super) fn begins(&self, now: f64) -> Option<(f64, f64)> {
        let begin = self.track.begin();
        match &self.clock {
            Clock::Scene(start) => Some((start + begin, 1.0)),
            Clock::Steered(clock) if clock.playhead.rate < 0.0 => None,
            Clock::Steered(clock) if self.has_begun(now) => Some((now, clock.playhead.rate)),
            Clock::Steered(clock) => {
                let (begins, _) = clock.between(begin, f64::INFINITY);
                begins.is_finite().then_some((begins, clock.playhead.rate))
            }
            Clock::Timeline(_) => None,
        }
    }

    /// The scene seconds between which its value can change, with some margin.
    pub(super) fn changes(&self) -> (f64, f64) {
        self.changes
    }

    /// Scene seconds from when on it has begun for good.
    pub(super) fn begun_for_good(&self) -> f64 {
        match &self.clock {
            Clock::Scene(start) => start + self.track.begin() + MARGIN,
            Clock::Steered(clock) if clock.playhead.running && clock.playhead.rate > 0.0 => {
                clock.between(self.track.begin(), f64::INFINITY).0 + MARGIN
            }
            Clock::Steered(clock) if !clock.playhead.running && self.track.has_begun(clock.elapsed(0.0)) => {
                f64::NEG_INFINITY
            }
            // It may be played again, or backwards.
            Clock::Steered(_) | Clock::Timeline(_) => f64::INFINITY,
        }
    }

    /// Whether it moves as another one does at all times, but for how the two are steered.
    pub(super) fn moves_like(&self, other: &Self) -> bool {
        let is_same = self.clock.began().is_some() && self.clock.began() == other.clock.began();
        self.track == other.track && (is_same || self.clock == other.clock)
    }
}

/// The scene seconds between which the value of a track can change.
fn changes(track: &Track, clock: &Clock) -> (f64, f64) {
    let (begin, end) = (track.begin(), track.end());
    match clock {
        Clock::Timeline(clock) => clock.changes(begin, end),
        clock => clock.between(begin, end),
    }
}

/// Its values before and after these.
fn held(track: &Track, clock: &Clock) -> [Sample; 2] {
    let (first, last) = changes(track, clock);
    // What never changes has the same value at any time.
    let stands_still = first == f64::INFINITY;
    let before = if stands_still { 0.0 } else { first - 2.0 * MARGIN };
    let after = if stands_still { before } else { last + 2.0 * MARGIN };
    [before, after].map(|when| if when.is_finite() { track.sample(clock.elapsed(when)) } else { Sample::default() })
}
