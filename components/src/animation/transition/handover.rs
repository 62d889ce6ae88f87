//! What carries on of what was under way when an animation or a timeline takes over a property.
//!
//! An animation that does not say where it begins goes on from what is shown at that moment, with its velocity.

use std::{borrow::Cow, collections::HashSet};

use super::drift::{Carrier, Drift, Times};
use crate::animation::{
    Animation, AnimationStarts, Cues, Playing, Queue, Target,
    drifting::Shown,
    playback::{Clock, Playback},
    timeline::TimelineId,
    timing::{nanos, seconds},
    track::shortest,
    value::{Kind, Sample},
};

/// What an animation that took over carries on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Carried {
    pub(crate) target: Target,
    pub(crate) drift: Drift,
}

/// Seconds by which two times may differ that are the same: they are sums.
const SAME: f64 = 1e-6;

/// A layer's animations and timelines before and after an edit at scene time `now`.
pub(super) struct Handover<'a> {
    pub(super) starts: &'a AnimationStarts,
    pub(super) cues: &'a Cues,
    pub(super) before: &'a Playing,
    pub(super) now: f64,
}

/// An animation that takes over.
struct Taker<'a> {
    p: &'a Playback,
    /// Its place among all.
    place: usize,
    animation: &'a Animation,
    carrier: Carrier,
    /// Scene seconds at which it begins, and the time of its carrier then.
    begins: f64,
    begins_at: f64,
    /// Seconds of its carrier in a scene second, and in one of its own.
    rate: f64,
    pace: f64,
}

impl Handover<'_> {
    /// What all carry on, `after` the edit: those of `known` that still do, and those that take over now. What a
    /// transition `smooths` is left to that.
    pub(super) fn carried(&self, after: &Playing, known: Vec<Drift>, smooths: impl Fn(Target) -> bool) -> Vec<Carried> {
        let mut after = Cow::Borrowed(after);
        let mut carried: Vec<Carried> = Vec::new();
        for drift in known {
            if let Some(target) = self.still_carries(&after, &drift)
                && !(matches!(drift.carrier, Carrier::Animation(_)) && smooths(target))
            {
                after.to_mut().carry(target, &drift);
                carried.push(Carried { target, drift });
            }
        }
        let mut seen = HashSet::new();
        for place in 0..after.tracks().len() {
            let taken = self.taker(&after, place, &mut seen).and_then(|taker| {
                let target = taker.p.target();
                let is_held = after.decides(target, self.now).is_some_and(|decides| !decides.is_own());
                let is_smoothed = taker.p.is_own() && (smooths(target) || is_held);
                Some(Carried { target, drift: self.taken(&after, &taker).filter(|_| !is_smoothed)? })
            });
            if let Some(taken) = taken {
                let Carried { target, drift } = &taken;
                let is_known = |other: &Carried| other.target == *target && other.drift.is_of_carrier_of(drift);
                // What waits for nothing else comes to rest as it did.
                if drift.waits() && carried.iter().any(is_known) {
                    continue;
                }
                carried.retain(|other| other.target != *target || !other.drift.is_of_carrier_of(drift));
                after.to_mut().carry(*target, drift);
                carried.push(taken);
            }
        }
        carried
    }

    /// The property that a drift which was begun earlier still belongs to.
    fn still_carries(&self, after: &Playing, drift: &Drift) -> Option<Target> {
        let carries =
            |p: &&Playback| p.carries(drift) && self.animation(p).is_some_and(|own| own.property == drift.property);
        let p = after.tracks().iter().find(carries)?;
        // Until it begins what it takes over from may change.
        let is_open = |time: f64| time < drift.goes_from() - SAME && !drift.waits();
        match p.clock() {
            Clock::Timeline(clock) if is_open(clock.position(self.now)) => None,
            // One that is played anew begins where it is written to.
            Clock::Timeline(clock) => {
                let was = self.before.tracks().iter().find(|was| was.timeline() == Some(&clock.timeline));
                let is_anew = |was: &Playback| match was.clock() {
                    Clock::Timeline(was) => was.position(self.now) > 0.0 && clock.position(self.now) == 0.0,
                    Clock::Scene(_) | Clock::Steered(_) => false,
                };
                (!was.is_some_and(is_anew)).then(|| p.target())
            }
            clock => {
                // What began at this very moment takes over anew.
                let is_new = clock.began().is_some_and(|began| began >= self.now - SAME);
                (!is_new && !is_open(p.elapsed(self.now))).then(|| p.target())
            }
        }
    }

    fn animation(&self, p: &Playback) -> Option<&Animation> {
        match p.clock() {
            Clock::Scene(_) | Clock::Steered(_) => self.starts.animations().0.get(p.source),
            Clock::Timeline(_) => self.cues.0.get(p.source).map(|active| &active.cue.animation),
        }
    }

    /// The animation at `place`, if it takes over at this moment, or later by what is known now, from what is shown then.
    fn taker<'a, 's: 'a>(
        &'s self,
        after: &'a Playing,
        place: usize,
        seen: &mut HashSet<(&'s TimelineId, Target)>,
    ) -> Option<Taker<'a>> {
        let p = after.tracks().get(place)?;
        if p.track.mixing().is_some() || p.track.steps() {
            return None;
        }
        let animation = self.animation(p)?;
        match p.clock() {
            Clock::Timeline(clock) => {
                let playhead = &clock.playhead;
                let active = self.cues.0.get(p.source)?;
                let is_running = playhead.running && playhead.rate > 0.0;
                // Its first animation of the property; those after it go on from there.
                if !is_running || !seen.insert((&active.cue.timeline, p.target())) || !animation.goes_on() {
                    return None;
                }
                let waits = clock.position(self.now) < active.cue.first - SAME;
                let is_steered = (playhead.since - self.now).abs() <= SAME;
                let decided = |was: &Playback| was.timeline() == p.timeline();
                let takes_over = is_steered && !self.before.decides(p.target(), self.now).is_some_and(decided);
                if !waits && !takes_over {
                    return None;
                }
                let begins_at = active.cue.first.max(playhead.position);
                let carrier = Carrier::Timeline(active.cue.timeline.clone());
                let begins = playhead.when(nanos(begins_at));
                let (rate, pace) = (playhead.rate, clock.pace());
                Some(Taker { p, place, animation, carrier, begins, begins_at, rate, pace })
            }
            clock => {
                let (began, begins_at) = (clock.began()?, animation.delay);
                let (begins, rate) = p.begins(self.now)?;
                let is_new = began >= self.now - SAME || begins > self.now + SAME;
                let carrier = Carrier::Animation(began);
                let taker = Taker { p, place, animation, carrier, begins, begins_at, rate, pace: 1.0 };
                (is_new && animation.goes_on()).then_some(taker)
            }
        }
    }

    /// What it carries on.
    fn taken(&self, after: &Playing, taker: &Taker<'_>) -> Option<Drift> {
        let Taker { p, place, animation, carrier, begins, begins_at, rate, pace } = taker;
        let (target, now) = (p.target(), self.now);
        let decides = |other: &&Playback| other.target() == target && other.track.mixing().is_none();
        let (earlier, later) = (&after.tracks()[..*place], &after.tracks()[place + 1..]);
        // Among those of one timeline the first carries on for all.
        let is_rival = |other: &&Playback| decides(other) && (other.is_own() || other.timeline() != p.timeline());
        if later.iter().filter(is_rival).any(|other| other.has_begun(*begins)) {
            return None;
        }
        let below = earlier.iter().rev().filter(decides).find(|other| other.has_begun(*begins));
        let (was, since, waits) = match below {
            Some(below) if animation.queue == Queue::Append && below.is_own() => return None,
            // What moves by a transition counts too, as long as no timeline has hold of it.
            Some(below) if !p.is_own() && below.is_own() && *begins <= now + SAME => {
                (self.before.displayed(target, *begins).unwrap_or(below.shown(*begins)), *begins_at, 0.0)
            }
            Some(below) => (below.shown(*begins), *begins_at, 0.0),
            // One that is played again alone begins where it is written to.
            None if matches!(p.clock(), Clock::Steered(clock) if clock.again) => return None,
            None => {
                let waits = ((begins - now) * rate).max(0.0);
                (self.before.displayed(target, now)?, begins_at - waits, waits)
            }
        };
        let is = match waits > 0.0 {
            true => p.shown(now),
            false if p.is_own() => p.shown_at(*begins_at, *rate),
            false => p.shown(*begins),
        };
        // What is of another unit cannot be moved from.
        let domain = p.track.domain();
        if domain.kind == Kind::Length && !was.value.is_of_unit_of(is.value) {
            return None;
        }
        let Shown { mut value, velocity } = was.minus(is);
        // What rests may start as suddenly as its easing does.
        let (velocity, moves) = (velocity.lanes(), was.velocity.lanes().map(|speed| speed != 0.0));
        let velocity = Sample::of_lanes(std::array::from_fn(|lane| if moves[lane] { velocity[lane] } else { 0.0 }));
        if p.track.is_shortest() {
            let (to, from) = (p.track.last(), is.value.plus(value));
            value = value.plus(to.minus(shortest(from, to)));
        }
        let left = Shown { value, velocity: velocity.scaled(1.0 / rate) };
        let times = Times { since, waits: seconds(nanos(waits)), pace: *pace };
        Drift::of_animation(animation, carrier.clone(), &times, left)
    }
}
