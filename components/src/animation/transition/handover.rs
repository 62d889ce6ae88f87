//! What carries on of what was under way when an animation or a timeline takes over a property.
//!
//! An animation that does not say where it begins goes on from what is shown at that moment, with its velocity.

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use super::{
    beneath::Settled,
    carried::{AllCarried, Carried},
    drift::{Carrier, Drift, Times},
    kept::Edit,
    taker::{Taker, is_covered},
};
use crate::animation::{
    Playing, Queue, Target,
    drifting::Shown,
    playback::{Clock, Playback},
    timeline::TimelineId,
    timing::{nanos, seconds},
    track::shortest,
    value::{Kind, Sample},
};

/// Seconds by which two times may differ that are the same: they are sums.
pub(super) const SAME: f64 = 1e-6;

/// What takes over by an edit.
pub(super) struct Handover<'a> {
    pub(super) edit: &'a Edit<'a>,
    /// What still has to go of a property, or of the halves of a pair, at a scene time by its transition; `None` if it has
    /// none.
    pub(super) left: &'a dyn Fn(Target, f64) -> Option<Shown>,
    /// The same of what goes on top of a timeline.
    pub(super) left_over: &'a dyn Fn(Target, &TimelineId, f64) -> Shown,
    /// What was authored of a property until now, if it has a transition.
    pub(super) past: &'a dyn Fn(Target) -> Option<Shown>,
    /// Timelines that go on as they did with what they began with.
    pub(super) settled: &'a Settled,
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

impl Handover<'_> {
    /// What all carry on, `after` the edit, with which these are `kept`: they, and what takes over now. What timelines begin
    /// with that come to a property over others is added to `begun`. The moment of the edit
    /// a transition `smooths`: what begins just then, or waits for nothing, is left to that.
    pub(super) fn carried(
        &self,
        mut after: Cow<'_, Playing>,
        mut carried: AllCarried,
        begun: &mut Vec<Carried>,
        smooths: &dyn Fn(Target) -> bool,
    ) -> AllCarried {
        if self.edit.is_resume {
            return carried;
        }
        let now = self.edit.now;
        // Of each timeline the first that it does to a property; what comes after goes on from that.
        let takers: Vec<usize> = (0..after.of_layer().len()).chain(after.firsts()).collect();
        for place in takers {
            if !after.tracks()[place].is_own() {
                self.edit.begin_timeline(&mut after, place, begun);
            }
            let Some(taker) = self.taker(&after, place) else { continue };
            let target = taker.p.target();
            let drift = self.taken(&after, &taker).and_then(|drift| {
                let is_at_once = drift.waits() || taker.begins <= now + SAME && !self.edit.is_sought(taker.p);
                let is_held = || after.decides_about(target, now).is_some_and(|decides| !decides.is_own());
                if !taker.p.is_own() {
                    return Some(drift);
                }
                match target.halves() {
                    _ if is_held() || is_at_once && smooths(target) => None,
                    Some(halves) if is_at_once => drift.without_halves(|place| smooths(halves[place])),
                    _ => Some(drift),
                }
            });
            let timeline = taker.p.timeline().filter(|timeline| after.holder(target, now) == Some(timeline));
            if let (Carrier::Over(_), None, Some(timeline)) = (&taker.carrier, &drift, timeline.cloned()) {
                // It stands just where it is to be.
                carried.remove(target, &timeline);
                after.to_mut().let_go(target, &timeline);
            }
            if let Some(drift) = drift {
                // What waits for nothing else comes to rest as it did.
                if drift.waits() && carried.has_of_carrier_of(target, &drift) {
                    continue;
                }
                after.to_mut().carry(target, &drift);
                carried.put(target, drift);
            }
        }
        carried
    }

    /// The property, or where one of two is animated, or has a transition, by itself as well each of them.
    pub(super) fn pieces(&self, after: &Playing, target: Target) -> SmallVec<[Target; 2]> {
        let is_smoothed = |half: &Target| (self.left)(*half, self.edit.now).is_some();
        let halves = target.halves().filter(|halves| {
            after.has_half_of(target) || self.edit.before.has_half_of(target) || halves.iter().any(is_smoothed)
        });
        halves.map_or_else(|| smallvec![target], SmallVec::from)
    }

    /// What it carries on.
    fn taken(&self, after: &Playing, taker: &Taker<'_>) -> Option<Drift> {
        let Taker { p, animation, carrier, begins, begins_at, rate, pace, longest, .. } = taker;
        let (target, now) = (p.target(), self.edit.now);
        if p.track.has_paints() {
            return self.taken_paint(after, taker);
        }
        // Where one of two is animated by itself as well, each of them is taken over from what decides about it.
        let pieces = self.pieces(after, target);
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
                Rival::Gone if waits > 0.0 || *begins <= now + SAME => {
                    let before = self.edit.before;
                    let is_authored = before.decides_about(*piece, now).is_some_and(|was| was.is_still_authored(now));
                    let shown = before.displayed(*piece, now).filter(|_| !is_authored);
                    shown.or_else(|| (self.past)(*piece).filter(|_| waits == 0.0 && !p.is_own()))
                }
                Rival::Gone | Rival::Over | Rival::Ahead => None,
            };
            let Some(shown) = shown else { continue };
            was = Some(match *piece == target {
                true => shown,
                false => was.unwrap_or(Shown::still(is.value)).with_half(place, shown),
            });
        }
        let (was, since) = (was?, begins_at - waits);
        // What is of another unit cannot be moved from.
        let domain = p.track.domain();
        if domain.kind == Kind::Length && !was.value.is_of_unit_of(is.value) {
            return None;
        }
        // What goes on top of it by a transition does so from then on too.
        let over = p.timeline().map(|timeline| (self.left_over)(target, timeline, *begins)).unwrap_or_default();
        let was = was.minus(over);
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
        let all = after.tracks();
        if after.last_begun(p.target(), place + 1..all.len(), *begins, p.timeline()).is_some() {
            return None;
        }
        let below = after.last_begun(p.target(), 0..*place, *begins, None).map(|place| &all[place]);
        // These go on from there by themselves.
        let follows = |below: &Playback| match p.is_own() {
            true => below.is_own() && animation.queue == Queue::Append,
            false => below.timeline() == p.timeline(),
        };
        let is_midway = matches!(carrier, Carrier::Over(_));
        if !is_midway && below.is_some_and(follows) {
            return None;
        }
        // One that is played again alone begins where it is written to.
        let again = matches!(p.clock(), Clock::Steered(clock) if clock.again);
        let was = match below {
            Some(below) if again || *begins > self.edit.now + SAME => below.paint(*begins),
            _ if again || !is_midway && self.begins_anew(after, p, p.target(), *begins) => None,
            _ if *begins <= self.edit.now + SAME => self.edit.before.paint(p.target(), self.edit.now),
            _ => None,
        }?;
        let times = Times { since: *begins_at, waits: 0.0, pace: *pace, longest: *longest };
        let is_there = p.paint(*begins).as_ref() == Some(&was);
        let drift = Drift::of_animation(animation, carrier.clone(), &times, (Drift::WHOLE, Sample::default()));
        Some(drift.filter(|_| !is_there)?.starting_with(was))
    }

    /// What is authored of a piece of the property of `p`, if the timeline of that begins with it.
    fn authored(&self, after: &Playing, p: &Playback, piece: Target) -> Option<Shown> {
        let first = after.of_timeline(p.target(), p.timeline()?).next()?;
        let authored = first.track.domain().evenly(first.track.first());
        let shown = Shown::still(piece.place_in(p.target()).map_or(authored, |place| authored.half(place)));
        self.edit.animation(first).filter(|animation| animation.goes_on()).map(|_| shown)
    }

    /// What `taker` takes a property over from, which is its own one or one half of that.
    fn rival(&self, after: &Playing, taker: &Taker<'_>, piece: Target) -> Rival {
        let Taker { p, place, animation, begins, .. } = taker;
        let (begins, now) = (*begins, self.edit.now);
        let of_piece = |of: Target, shown: Shown| shown.of(piece, of);
        let all = after.tracks();
        // Among those of one timeline the first carries on for all.
        let is_rival = |other: &Playback| other.is_own() || other.timeline() != p.timeline();
        if is_covered(after, *place, piece, begins) {
            return Rival::Over;
        }
        // Where it stands just now, it goes on from what was shown until then, be it by itself.
        if matches!(taker.carrier, Carrier::Over(_)) {
            let shown = self.edit.before.displayed(piece, now);
            let shown = shown.or_else(|| (self.past)(piece));
            return shown.or_else(|| self.authored(after, p, piece)).map_or(Rival::Gone, Rival::Below);
        }
        let begun = after.last_begun_about(piece, 0..*place, begins, None);
        // Where none has begun by then, the first of all is seen as it is before that.
        let first = || {
            let first = after.first_about(piece).filter(|first| first < place)?;
            (is_rival(&all[first]) && !p.is_own() && begins > now + SAME).then_some(first)
        };
        let below = begun.or_else(first).map(|place| &all[place]);
        let left = |of: Target| if p.is_own() { None } else { (self.left)(of, begins) };
        match below {
            Some(below) if animation.queue == Queue::Append && below.is_own() => Rival::Ahead,
            // It goes on from there by itself, but for what the other kind carries on.
            Some(below) if !p.is_own() && below.timeline() == p.timeline() => match below.is_carrying() {
                true if below.target() != p.target() => Rival::Below(of_piece(below.target(), below.shown(begins))),
                _ => Rival::Over,
            },
            Some(_) if !p.is_own() && begins <= now + SAME && self.begins_anew(after, p, piece, begins) => Rival::Over,
            // What was shown until now, with what moves by a transition: by this edit the other one may be elsewhere.
            Some(below) if !p.is_own() && begins <= now + SAME => {
                // One that is played together with this one has shown nothing yet.
                let is_new = below
                    .timeline()
                    .is_some_and(|timeline| !self.edit.before.has_of(below.target(), timeline))
                    && matches!(below.clock(), Clock::Timeline(clock) if (clock.playhead.since - now).abs() <= SAME);
                let authored = || self.authored(after, p, piece).filter(|_| is_new);
                let displayed = self.edit.before.displayed(piece, begins);
                let shown = displayed.or_else(|| (self.past)(piece)).or_else(authored);
                Rival::Below(shown.unwrap_or_else(|| of_piece(below.target(), below.shown(begins))))
            }
            // What moves by a transition counts too, as long as no other timeline has hold of it.
            Some(below) => {
                let left = match below.timeline() {
                    Some(timeline) => (self.left_over)(below.target(), timeline, begins),
                    None => left(below.target()).unwrap_or_default(),
                };
                Rival::Below(of_piece(below.target(), below.shown(begins).plus(left)))
            }
            None => match left(p.target()).filter(|_| begins > now + SAME) {
                Some(left) => Rival::Below(of_piece(p.target(), Shown::still(p.shown(begins).value).plus(left))),
                None if self.begins_anew(after, p, piece, begins) => Rival::Over,
                None => Rival::Gone,
            },
        }
    }

    /// Whether nothing of what was shown of a piece of the property of `p` goes on in that: it was shown by the same timeline or
    /// animation, which goes back to before it or is played anew, or by a timeline that is gone before `p` begins. What these
    /// do depends on where they stand alone.
    fn begins_anew(&self, after: &Playing, p: &Playback, piece: Target, begins: f64) -> bool {
        let now = self.edit.now;
        let Some(was) = self.edit.before.decides_about(piece, now) else { return false };
        let waits = begins > now + SAME;
        match (p.timeline(), was.timeline()) {
            // One that is edited goes elsewhere from where it stands.
            (Some(timeline), Some(other)) if timeline == other => {
                let goes_on = self.is_other(after, p) && p.stands_like(was, now);
                !goes_on && (waits || was.holds(now))
            }
            (_, Some(_)) => waits,
            (None, None) => waits && p.is_same_own(was),
            (Some(_), None) => false,
        }
    }
}
