//! What carries on of what was under way when an animation or a timeline takes over a property.
//!
//! An animation that does not say where it begins goes on from what is shown at that moment, with its velocity.

use std::{borrow::Cow, collections::HashSet};

use smallvec::SmallVec;

use super::{
    drift::{Carrier, Drift, FLIGHT, Times},
    kept::Edit,
};
use crate::animation::{
    Animation, Playing, Queue, Target,
    drifting::Shown,
    playback::{Clock, Playback},
    timeline::{CueClock, TimelineId},
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
pub(super) const SAME: f64 = 1e-6;

/// What takes over by an edit.
pub(super) struct Handover<'a> {
    pub(super) edit: &'a Edit<'a>,
    /// What still has to go of a property at a scene time by its transition; `None` if it has none.
    pub(super) left: &'a dyn Fn(Target, f64) -> Option<Shown>,
}

/// What an animation takes over from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rival {
    /// What another one shows when it begins.
    Below(Shown),
    /// Nothing: what was there is gone, or there is just what is authored.
    Gone,
    /// Nothing that it would have to carry on: another one goes over it, or it does so by itself.
    Over,
    /// One that it waits for.
    Ahead,
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
    /// The longest time in seconds that what it carries on may take.
    longest: f64,
}

impl Handover<'_> {
    /// What all carry on, `after` the edit, with which these are `kept`: they, and what takes over now. The moment of the edit
    /// a transition `smooths`: what begins just then, or waits for nothing, is left to that.
    pub(super) fn carried(
        &self,
        mut after: Cow<'_, Playing>,
        kept: Vec<Carried>,
        smooths: impl Fn(Target) -> bool,
    ) -> Vec<Carried> {
        let Edit { before, now, .. } = *self.edit;
        let mut carried = kept;
        let mut seen = HashSet::new();
        for place in 0..after.tracks().len() {
            let taken = self.taker(&after, place, &mut seen).and_then(|taker| {
                let target = taker.p.target();
                let is_held = after.decides(target, now).is_some_and(|decides| !decides.is_own());
                let drift = self.taken(&after, &taker)?;
                let is_smoothed =
                    smooths(target) && (drift.waits() || taker.begins <= now + SAME && !self.edit.is_sought(taker.p));
                let is_left_out = taker.p.is_own() && (is_smoothed || is_held);
                (!is_left_out).then_some(Carried { target, drift })
            });
            if let Some(taken) = taken {
                let Carried { target, drift } = &taken;
                let is_known = |other: &Carried| other.target == *target && other.drift.is_of_carrier_of(drift);
                // What waits for nothing else comes to rest as it did; and after a restart, before which nothing is known,
                // all goes on as it did.
                let goes_on = drift.waits() || before.tracks().is_empty();
                if goes_on && carried.iter().any(is_known) {
                    continue;
                }
                carried.retain(|other| other.target != *target || !other.drift.is_of_carrier_of(drift));
                after.to_mut().carry(*target, drift);
                carried.push(taken);
            }
        }
        carried
    }

    /// The animation at `place`, if it takes over at this moment, or later by what is known now, from what is shown then.
    fn taker<'a, 's: 'a>(
        &'s self,
        after: &'a Playing,
        place: usize,
        seen: &mut HashSet<(&'s TimelineId, Target)>,
    ) -> Option<Taker<'a>> {
        let p = after.tracks().get(place)?;
        let is_painted = p.track.has_paints();
        if p.track.mixing().is_some() || is_painted != (p.track.steps() || self.edit.before.steps(p.target())) {
            return None;
        }
        let animation = self.edit.animation(p)?;
        match p.clock() {
            Clock::Timeline(clock) => {
                let playhead = &clock.playhead;
                let active = self.edit.cues.0.get(p.source)?;
                // Its first animation of the property; those after it go on from there.
                if !playhead.running || !seen.insert((&active.cue.timeline, p.target())) || !animation.goes_on() {
                    return None;
                }
                let waits = playhead.rate > 0.0 && clock.position(self.edit.now) < active.cue.first - SAME;
                let is_steered = (playhead.since - self.edit.now).abs() <= SAME;
                // One that stood where it begins has left the property to its transition.
                let is_left = (self.left)(p.target(), self.edit.now).is_some();
                let decided = |was: &Playback| was.timeline() == p.timeline() && (was.holds(self.edit.now) || !is_left);
                let decided = |was: &Playback| decided(was) && !self.is_other(after, p);
                let takes_over =
                    is_steered && !self.edit.before.decides(p.target(), self.edit.now).is_some_and(decided);
                if !waits && !takes_over {
                    return None;
                }
                let begins_at = active.cue.first.max(playhead.position);
                if playhead.rate < 0.0 || begins_at > active.cue.first + SAME {
                    return self.taker_midway(after, place, clock);
                }
                let carrier = Carrier::Timeline(active.cue.timeline.clone());
                let begins = playhead.when(nanos(begins_at));
                let (rate, pace, longest) = (playhead.rate, clock.pace(), f64::INFINITY);
                Some(Taker { p, place, animation, carrier, begins, begins_at, rate, pace, longest })
            }
            clock => {
                let (began, begins_at) = (clock.began()?, animation.delay);
                let (begins, rate) = p.begins(self.edit.now)?;
                let is_new = began >= self.edit.now - SAME || begins > self.edit.now + SAME || self.edit.is_sought(p);
                let carrier = Carrier::Animation(began);
                let (pace, longest) = (1.0, f64::INFINITY);
                let taker = Taker { p, place, animation, carrier, begins, begins_at, rate, pace, longest };
                (is_new && animation.goes_on()).then_some(taker)
            }
        }
    }

    /// The same for a timeline whose first animation of the property is at `place`, and which takes over where it stands:
    /// since it can be about to end, or go backwards, what it carries on fades by scene time, and as soon as it is over itself
    /// as long as that is not too sudden.
    fn taker_midway<'a, 's: 'a>(&'s self, after: &'a Playing, place: usize, clock: &'a CueClock) -> Option<Taker<'a>> {
        let (first, now) = (after.tracks().get(place)?, self.edit.now);
        let p = after.of_timeline(first.target(), &clock.timeline).rev().find(|p| p.has_begun(now))?;
        let property = &self.edit.animation(first)?.property;
        let animation = self.edit.animation(p).filter(|animation| animation.property == *property)?;
        let rate = clock.playhead.rate;
        let Clock::Timeline(inner) = p.clock() else { return None };
        let pace = inner.pace() / rate.abs();
        let (left, gone) = p.left_and_gone(now);
        let longest = (if rate > 0.0 { left } else { gone } * pace).max(FLIGHT);
        let carrier = Carrier::Over(clock.timeline.clone());
        Some(Taker { p, place, animation, carrier, begins: now, begins_at: now, rate: 1.0, pace, longest })
    }

    /// Whether what the timeline of `p` does to its property is something else than before.
    fn is_other(&self, after: &Playing, p: &Playback) -> bool {
        let Some(timeline) = p.timeline() else { return false };
        let is = after.of_timeline(p.target(), timeline);
        let was = self.edit.before.of_timeline(p.target(), timeline);
        is.clone().count() != was.clone().count() || is.zip(was).any(|(is, was)| !is.is_still(was))
    }

    /// What it carries on.
    fn taken(&self, after: &Playing, taker: &Taker<'_>) -> Option<Drift> {
        let Taker { p, animation, carrier, begins, begins_at, rate, pace, longest, .. } = taker;
        let (target, now) = (p.target(), self.edit.now);
        if p.track.has_paints() {
            return self.taken_paint(after, taker);
        }
        // Where one of two is animated by itself as well, each of them is taken over from what decides about it.
        let halves = target.halves().filter(|_| after.has_half_of(target) || self.edit.before.has_half_of(target));
        let whole = [target];
        let pieces = halves.as_ref().map_or(&whole[..], |halves| &halves[..]);
        let rivals: SmallVec<[Rival; 2]> = pieces.iter().map(|piece| self.rival(after, taker, *piece)).collect();
        if rivals.contains(&Rival::Ahead) {
            return None;
        }
        let is_waited = |rival: &Rival| matches!(rival, Rival::Gone | Rival::Over);
        let waits = if rivals.iter().all(is_waited) { ((begins - now) * rate).max(0.0) } else { 0.0 };
        let is = match waits > 0.0 {
            true => p.shown_alone(now),
            false if p.is_own() => p.shown_at(*begins_at, *rate),
            false => p.shown_alone(*begins),
        };
        let mut was = None;
        for (place, (piece, rival)) in pieces.iter().zip(&rivals).enumerate() {
            let shown = match rival {
                Rival::Below(shown) => Some(*shown),
                // One that is played again alone begins where it is written to.
                Rival::Gone if matches!(p.clock(), Clock::Steered(clock) if clock.again) => None,
                Rival::Gone if waits > 0.0 || *begins <= now + SAME => self.edit.before.displayed(*piece, now),
                Rival::Gone | Rival::Over | Rival::Ahead => None,
            };
            let Some(shown) = shown else { continue };
            was = Some(match &halves {
                Some(_) => was.unwrap_or(Shown::still(is.value)).with_half(place, shown),
                None => shown,
            });
        }
        let (was, since) = (was?, begins_at - waits);
        // What is of another unit cannot be moved from.
        let domain = p.track.domain();
        if domain.kind == Kind::Length && !was.value.is_of_unit_of(is.value) {
            return None;
        }
        let Shown { mut value, velocity } = was.minus(is);
        // From its beginning on it is known how it moves by itself: that is taken back until it moves as it does.
        let is_midway = matches!(carrier, Carrier::Over(_));
        let is_at_beginning =
            waits == 0.0 && !is_midway && (p.is_own() || p.elapsed(*begins) <= animation.delay + SAME);
        let travel = p.track.travel().filter(|_| is_at_beginning);
        let velocity = if travel.is_some() { was.velocity } else { velocity };
        // What rests may start as suddenly as its easing does.
        let moves = was.velocity.lanes().map(|speed| speed != 0.0);
        let of_moving = |sample: Sample| {
            let lanes = sample.lanes();
            Sample::of_lanes(std::array::from_fn(|lane| if moves[lane] { lanes[lane] } else { 0.0 }))
        };
        let (velocity, travel) = (of_moving(velocity), of_moving(travel.unwrap_or_default()));
        if p.track.is_shortest() {
            let (to, from) = (p.track.last(), is.value.plus(value));
            value = value.plus(to.minus(shortest(from, to)));
        }
        let left = Shown { value, velocity: velocity.scaled(1.0 / rate) };
        let times = Times { since, waits: seconds(nanos(waits)), pace: *pace, longest: *longest };
        Drift::of_animation(animation, carrier.clone(), &times, (left, travel))
    }

    /// The same where it is a paint, which has no velocity: it goes on from what is shown.
    fn taken_paint(&self, after: &Playing, taker: &Taker<'_>) -> Option<Drift> {
        let Taker { p, place, animation, carrier, begins, begins_at, pace, longest, .. } = taker;
        let decides = |other: &&Playback| other.target() == p.target() && other.track.mixing().is_none();
        let (earlier, later) = (&after.tracks()[..*place], &after.tracks()[place + 1..]);
        let is_rival = |other: &&Playback| decides(other) && (other.is_own() || other.timeline() != p.timeline());
        if later.iter().filter(is_rival).any(|other| other.has_begun(*begins)) {
            return None;
        }
        let below = earlier.iter().rev().filter(decides).find(|other| other.has_begun(*begins));
        // These go on from there by themselves.
        let follows = |below: &Playback| match p.is_own() {
            true => below.is_own() && animation.queue == Queue::Append,
            false => below.timeline() == p.timeline(),
        };
        if below.is_some_and(follows) || matches!(p.clock(), Clock::Steered(clock) if clock.again) {
            return None;
        }
        let was = match below {
            Some(below) if *begins > self.edit.now + SAME => below.paint(*begins),
            _ if *begins <= self.edit.now + SAME => self.edit.before.paint(p.target(), self.edit.now),
            _ => None,
        }?;
        let times = Times { since: *begins_at, waits: 0.0, pace: *pace, longest: *longest };
        let is_there = p.paint(*begins).as_ref() == Some(&was);
        let drift = Drift::of_animation(animation, carrier.clone(), &times, (Drift::WHOLE, Sample::default()));
        Some(drift.filter(|_| !is_there)?.starting_with(was))
    }

    /// What `taker` takes a property over from, which is its own one or one half of that.
    fn rival(&self, after: &Playing, taker: &Taker<'_>, piece: Target) -> Rival {
        let Taker { p, place, animation, begins, .. } = taker;
        let (begins, now) = (*begins, self.edit.now);
        let decides = |other: &&Playback| {
            (other.target() == piece || piece.place_in(other.target()).is_some()) && other.track.mixing().is_none()
        };
        let of_piece = |of: Target, shown: Shown| piece.place_in(of).map_or(shown, |half| shown.half(half));
        let (earlier, later) = (&after.tracks()[..*place], &after.tracks()[place + 1..]);
        // Among those of one timeline the first carries on for all.
        let is_rival = |other: &&Playback| decides(other) && (other.is_own() || other.timeline() != p.timeline());
        if later.iter().filter(is_rival).any(|other| other.has_begun(begins)) {
            return Rival::Over;
        }
        // Where it stands just now, it goes on from what was shown until then, be it by itself.
        if matches!(taker.carrier, Carrier::Over(_)) {
            return self.edit.before.displayed(piece, now).map_or(Rival::Gone, Rival::Below);
        }
        let begun = earlier.iter().rev().filter(decides).find(|other| other.has_begun(begins));
        // Where none has begun by then, the first of all is seen as it is before that.
        let first =
            || earlier.iter().find(decides).filter(|other| is_rival(other) && !p.is_own() && begins > now + SAME);
        let below = begun.or_else(first);
        let left = |of: Target| if p.is_own() { None } else { (self.left)(of, begins) };
        match below {
            Some(below) if animation.queue == Queue::Append && below.is_own() => Rival::Ahead,
            // It goes on from there by itself.
            Some(below) if !p.is_own() && below.timeline() == p.timeline() => Rival::Over,
            // What moves by a transition counts too, as long as no timeline has hold of it.
            Some(below) if !p.is_own() && below.is_own() && begins <= now + SAME => {
                let shown = || of_piece(below.target(), below.shown(begins));
                Rival::Below(self.edit.before.displayed(piece, begins).unwrap_or_else(shown))
            }
            Some(below) => {
                let left = left(below.target()).filter(|_| below.is_own()).unwrap_or_default();
                Rival::Below(of_piece(below.target(), below.shown(begins).plus(left)))
            }
            None => match left(p.target()).filter(|_| begins > now + SAME) {
                Some(left) => Rival::Below(of_piece(p.target(), Shown::still(p.shown(begins).value).plus(left))),
                None => Rival::Gone,
            },
        }
    }
}
