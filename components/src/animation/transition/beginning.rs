//! What animations that do not say where they begin begin with, where others have hold of their property.
//!
//! The first round could go on from what is shown by a drift, which fades as it goes. Later rounds, and the way back, begin
//! and end there as well, though: so the value is found once, when the animation comes to the property, and kept until it is
//! played anew. GSAP and the Web Animations model keep the start for all rounds, too. Where nothing else has hold of the
//! property nothing is kept: what is authored counts in each round.

use std::{borrow::Cow, collections::HashMap};

use super::{
    carried::Carried,
    drift::{Carrier, Drift},
    handover::SAME,
    kept::Edit,
};
use crate::{
    animation::{
        Playing, Property, Queue, Repeat, Sample, Target,
        playback::{Clock, Playback},
        timeline::TimelineId,
        value::Kind,
    },
    paint::Paint,
};

impl Edit<'_> {
    /// Those of `known` that still begin so `after` the edit, as they do from then on.
    pub(super) fn kept_beginnings(&self, after: &mut Cow<'_, Playing>, known: Vec<Drift>) -> Vec<Carried> {
        if known.is_empty() {
            return Vec::new();
        }
        let places = self.places_that_begin(after, &known);
        let mut kept = Vec::new();
        for (drift, place) in known.into_iter().zip(places) {
            let Some(place) = place.filter(|place| self.still_begins(after, *place, &drift)) else { continue };
            let target = after.tracks()[place].target();
            after.to_mut().begin_at(place, &drift);
            kept.push(Carried { target, drift });
        }
        kept
    }

    /// The places of what began with each of `known`.
    fn places_that_begin(&self, after: &Playing, known: &[Drift]) -> Vec<Option<usize>> {
        let named = after.firsts().into_iter().filter_map(|place| {
            let p = &after.tracks()[place];
            Some(((p.timeline()?, &self.animation(p)?.property), place))
        });
        let firsts: HashMap<(&TimelineId, &Property), usize> = named.collect();
        let place = |drift: &Drift| match drift.timeline() {
            Some(timeline) => firsts.get(&(timeline, &drift.property)).copied(),
            None => (0..after.of_layer().len()).rev().find(|place| self.is_carrier(&after.tracks()[*place], drift)),
        };
        known.iter().map(place).collect()
    }

    /// Whether what is at `place` still begins with what `drift` tells.
    fn still_begins(&self, after: &Playing, place: usize, drift: &Drift) -> bool {
        let p = &after.tracks()[place];
        // What goes on from a half has no hold of it before it begins.
        let begins = p.is_from_authored || (p.authored_half.is_some() && drift.beginning().is_some());
        let suits = |(value, paint): (Sample, Option<&Paint>)| {
            p.track.has_paints() || !matches!(paint, Some(Paint::Gradient(_))) && is_of_unit(p, value)
        };
        let suits = begins && drift.beginning().is_none_or(suits);
        if !suits || self.is_resume {
            return suits;
        }
        // Until it has come to the property it may come to something else.
        match p.clock() {
            Clock::Timeline(clock) => {
                let waits = clock.position(self.now) < clock.cue().first - SAME;
                let is_open = waits && self.is_sought_to(clock) || self.now < drift.span().0 - SAME;
                let is_left = drift.beginning().is_some() && self.turns_back_to_authored(after, place);
                !is_open && !self.is_started_anew(clock) && !is_left
            }
            _ => self.still_carries(p, drift).is_some(),
        }
    }

    /// Whether the timeline whose first animation of the property is at `place` begins to go back, and nothing is beneath it any
    /// more: then it comes to what is authored.
    fn turns_back_to_authored(&self, after: &Playing, place: usize) -> bool {
        let p = &after.tracks()[place];
        let was = p.timeline().and_then(|timeline| self.before.of_timeline(p.target(), timeline).next());
        let turns = p.goes_back() && was.is_some_and(|was| !was.goes_back());
        // Where a later round waits it stays with what it began with.
        turns && p.has_begun(self.now) && !after.is_over_others(place, self.now)
    }

    /// Lets the animations of the layer itself that take over from others, and play more than one round, begin with what is
    /// there.
    pub(super) fn begin_own(&self, after: &mut Cow<'_, Playing>, begun: &mut Vec<Carried>) {
        if self.is_resume {
            return;
        }
        for place in 0..after.of_layer().len() {
            let Some(drift) = self.start_of_own(after, place) else { continue };
            let target = after.tracks()[place].target();
            if after.own_that_begins(target, &drift) == Some(place) {
                after.to_mut().begin_at(place, &drift);
                begun.push(Carried { target, drift });
            }
        }
    }

    fn start_of_own(&self, after: &Playing, place: usize) -> Option<Drift> {
        let p = self.going_on(after, place)?;
        let animation = self.animation(p)?;
        if animation.repeat == Repeat::Times(1) || animation.queue == Queue::Append {
            return None;
        }
        let (began, (when, _)) = (p.clock().began()?, p.begins(self.now)?);
        let is_new = began >= self.now - SAME || when > self.now + SAME || self.is_sought(p);
        let carrier = Carrier::AnimationStart(began);
        self.start(after, place, when, carrier, p.track.begin()).filter(|_| is_new)
    }

    /// Lets the timeline whose first animation of a property is at `place` begin with what is there when it comes to that.
    pub(super) fn begin_timeline(&self, after: &mut Cow<'_, Playing>, place: usize, begun: &mut Vec<Carried>) {
        if let Some(drift) = self.start_of_timeline(after, place) {
            let target = after.tracks()[place].target();
            after.to_mut().begin_at(place, &drift);
            begun.push(Carried { target, drift });
        }
    }

    fn start_of_timeline(&self, after: &Playing, place: usize) -> Option<Drift> {
        let p = self.going_on(after, place)?;
        let Clock::Timeline(clock) = p.clock() else { return None };
        // One that follows a level comes to its beginning again and again. What is held already stays so.
        if clock.follows || clock.holds_from.is_finite() {
            return None;
        }
        let (is_new, comes) = if p.has_begun(self.now) {
            // What it has begun with already it keeps.
            let was = self.before.of_timeline(p.target(), clock.timeline()).next();
            let is_new = was.is_none_or(|was| !was.has_begun(self.now)) || self.is_started_anew(clock);
            (is_new, self.now)
        } else {
            (true, clock.comes_to(p.track.begin(), self.now)?)
        };
        let timeline = clock.timeline();
        let start = || self.start(after, place, comes, Carrier::TimelineStart(timeline.clone()), comes);
        // What comes beneath it later is not to be seen where it waits.
        let hold = || {
            let property = self.animation(p)?.property.clone();
            let holds = p.is_from_authored && clock.can_wait_again();
            holds.then(|| Drift::of_hold(property, timeline.clone(), comes))
        };
        is_new.then(start).flatten().or_else(hold)
    }

    /// The one at `place` if it takes the place of others and begins with what is authored.
    fn going_on<'p>(&self, after: &'p Playing, place: usize) -> Option<&'p Playback> {
        let p = after.tracks().get(place)?;
        let can_begin = p.track.mixing().is_none() && (!p.track.steps() || p.track.has_paints());
        ((p.is_from_authored || p.authored_half.is_some()) && can_begin).then_some(p)
    }

    /// What the one at `place` begins with if it comes to its property at scene time `when`; `None` if nothing else has hold of
    /// that by then.
    fn start(&self, after: &Playing, place: usize, when: f64, carrier: Carrier, since: f64) -> Option<Drift> {
        let p = &after.tracks()[place];
        let property = self.animation(p)?.property.clone();
        if p.track.has_paints() {
            let paint = self.paint_beneath(after, place, when)?;
            return Some(Drift::of_start(property, carrier, since, Sample::default()).starting_with(paint));
        }
        let value = match p.authored_half {
            None => beneath(after, place, when),
            Some(half) => {
                let piece = p.target().halves().and_then(|halves| beneath_piece(after, place, halves[half], when));
                let first = p.track.domain().evenly(p.track.first());
                piece.map(|piece| first.with_half(half, piece))
            }
        };
        let value = value.filter(|value| is_of_unit(p, *value))?;
        Some(Drift::of_start(property, carrier, since, value))
    }

    fn paint_beneath(&self, after: &Playing, place: usize, when: f64) -> Option<Paint> {
        let p = &after.tracks()[place];
        let below = after.last_begun(p.target(), 0..place, when, p.timeline())?;
        after.tracks()[below].paint(when)
    }
}

/// What of a length is of another unit cannot be moved from.
fn is_of_unit(p: &Playback, value: Sample) -> bool {
    p.track.domain().kind != Kind::Length || value.is_of_unit_of(p.track.first())
}

/// What others, before the one at `place`, make of its property by scene time `when`, in the numbers in which that moves
/// evenly. Of a half that none of them moves it is what is authored.
fn beneath(after: &Playing, place: usize, when: f64) -> Option<Sample> {
    let p = &after.tracks()[place];
    let target = p.target();
    let of = |piece: Target| beneath_piece(after, place, piece, when);
    let Some(halves) = target.halves().filter(|_| after.has_half_of(target)) else { return of(target) };
    let authored = p.track.domain().evenly(p.track.first());
    let [x, y] = halves.map(of);
    let with = |value: Sample, half, piece: Option<Sample>| piece.map_or(value, |piece| value.with_half(half, piece));
    (x.is_some() || y.is_some()).then(|| with(with(authored, 0, x), 1, y))
}

/// The same of one piece of it, in the numbers of that piece; `None` if none of them moves it.
fn beneath_piece(after: &Playing, place: usize, piece: Target, when: f64) -> Option<Sample> {
    let timeline = after.tracks()[place].timeline();
    let below = &after.tracks()[after.last_begun_about(piece, 0..place, when, timeline)?];
    let shown = below.shown(when).value;
    Some(piece.place_in(below.target()).map_or(shown, |half| shown.half(half)))
}
