//! One animation of a layer and what tells it its time.

use super::{
    Sample, Target, Track,
    drifting::Shown,
    motion::Stand,
    timeline::{CueClock, TimelineId, rounded},
    transition::{Carrier, Drift, Way},
};

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
    flight: Option<Box<Way>>,
    /// Whether another one has the same target.
    pub(super) rivalled: bool,
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

/// What tells an animation its time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Clock {
    /// Scene seconds at which the animation started.
    Scene(f64),
    /// A timeline that it is part of.
    Timeline(Box<CueClock>),
}

impl Playback {
    pub(super) fn new(track: Track, clock: Clock, source: usize) -> Self {
        let (begin, end) = (track.begin(), track.end());
        let (first, last) = match &clock {
            Clock::Scene(start) => (start + begin, start + end),
            Clock::Timeline(clock) => clock.changes(begin, end),
        };
        let changes = (first - MARGIN, last + MARGIN);
        let mut playback =
            Self { track, clock, source, flight: None, rivalled: false, changes, held: Default::default() };
        // What never changes has the same value at any time.
        let before = if first == f64::INFINITY { 0.0 } else { first - 2.0 * MARGIN };
        let held = [before, last + 2.0 * MARGIN].map(|when| {
            if when.is_finite() { playback.track.sample(playback.elapsed(when)) } else { Sample::default() }
        });
        *playback.held = held;
        playback
    }

    /// Whether it is an animation of the layer itself, not of a timeline.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.clock, Clock::Scene(_))
    }

    /// What it animates.
    pub(super) fn target(&self) -> Target {
        self.track.target()
    }

    /// Seconds since the start, rounded to nanoseconds.
    fn elapsed(&self, now: f64) -> f64 {
        match &self.clock {
            Clock::Scene(start) => rounded(now - start),
            Clock::Timeline(clock) => clock.elapsed(now),
        }
    }

    /// Where its motion stands at scene time `now`.
    pub(super) fn standing(&self, now: f64) -> Standing {
        let (first, last) = self.changes;
        if now < first {
            Standing::Before
        } else if now > last {
            Standing::Over
        } else {
            Standing::At(self.track.motion().at(self.elapsed(now)))
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

    /// Whether it is what carries that on.
    pub(super) fn carries(&self, drift: &Drift) -> bool {
        match (&drift.carrier, &self.clock) {
            // Several may have started at once, to begin one after the other.
            (Carrier::Animation(since), Clock::Scene(start)) => {
                since == start && (drift.goes_from() - self.track.begin()).abs() <= MARGIN
            }
            (Carrier::Timeline(id), Clock::Timeline(clock)) => *id == clock.timeline,
            _ => false,
        }
    }

    /// What tells it its time.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The timeline that it is part of.
    pub(super) fn timeline(&self) -> Option<&TimelineId> {
        match &self.clock {
            Clock::Scene(_) => None,
            Clock::Timeline(clock) => Some(&clock.timeline),
        }
    }

    /// Lets it carry something on.
    pub(super) fn carry(&mut self, way: Way) {
        let (begin, end) = way.span();
        let (first, last) = match &self.clock {
            Clock::Scene(start) => (start + begin, start + end),
            Clock::Timeline(clock) => clock.between(begin, end),
        };
        self.changes = (self.changes.0.min(first - MARGIN), self.changes.1.max(last + MARGIN));
        self.flight = Some(Box::new(way));
    }

    /// The time of what it carries on, at scene time `now`.
    fn carried_time(&self, now: f64) -> f64 {
        match &self.clock {
            Clock::Scene(_) => self.elapsed(now),
            Clock::Timeline(clock) => clock.position(now),
        }
    }

    /// A value of it at scene time `now`, with what it carries on.
    pub(super) fn carried(&self, value: Sample, now: f64) -> Sample {
        match &self.flight {
            Some(way) => way.over(self.track.domain(), value, self.carried_time(now)),
            None => value,
        }
    }

    /// Shares the motion of `other` if the two move alike at all times.
    pub(super) fn share(&mut self, other: &Self) -> bool {
        let is_alike = self.clock == other.clock && self.track.motion() == other.track.motion();
        if is_alike {
            self.track.share(other.track.motion());
        }
        is_alike
    }

    /// Its value at scene time `now` and how fast that changes for a scene second, in the numbers in which it moves
    /// evenly.
    pub(super) fn shown(&self, now: f64) -> Shown {
        let mut shown = self.track.shown(self.elapsed(now));
        let mut carried = self.flight.as_ref().map(|way| way.at(self.carried_time(now))).unwrap_or_default();
        if let Clock::Timeline(clock) = &self.clock {
            shown.velocity = shown.velocity.scaled(clock.rate(now));
            carried.velocity = carried.velocity.scaled(clock.outer_rate(now));
        }
        shown.plus(carried)
    }

    pub(super) fn has_begun(&self, now: f64) -> bool {
        self.track.has_begun(self.elapsed(now))
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
            Clock::Timeline(clock) => clock.is_running(now),
        };
        is_running && self.track.is_playing(self.elapsed(now))
    }

    /// The scene seconds between which its value can change, with some margin.
    pub(super) fn changes(&self) -> (f64, f64) {
        self.changes
    }

    /// Scene seconds from when on it has begun for good.
    pub(super) fn begun_for_good(&self) -> f64 {
        match &self.clock {
            Clock::Scene(start) => start + self.track.begin() + MARGIN,
            // It may be played again, or backwards.
            Clock::Timeline(_) => f64::INFINITY,
        }
    }

    /// Whether it moves as another one does at all times.
    pub(super) fn moves_like(&self, other: &Self) -> bool {
        self.track == other.track && self.clock == other.clock
    }
}
