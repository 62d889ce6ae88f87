//! Having animations begin with something else than what is authored, and those that go on from them with what they come to.

use std::{collections::BTreeSet, sync::Arc};

use super::{Playing, compile::Laid};
use crate::animation::{Drift, Target, playback::Clock, timeline::TimelineId};

impl Playing {
    /// Has what `drift` tells of a property begin with what it tells.
    pub(crate) fn begin(&mut self, target: Target, drift: &Drift) {
        let place = match drift.timeline() {
            Some(timeline) => self.places_of_timeline(target, timeline).next(),
            None => self.own_that_begins(target, drift),
        };
        if let Some(place) = place {
            self.begin_at(place, drift);
        }
    }

    /// Has the animation at `place` begin with what `drift` tells.
    pub(crate) fn begin_at(&mut self, place: usize, drift: &Drift) {
        let p = &mut self.tracks[place];
        let (target, since) = (p.target(), drift.span().0);
        let Some((value, paint)) = drift.beginning() else {
            p.hold_from(since);
            return;
        };
        match p.authored_half.take() {
            None => {
                p.hold_from(since);
                p.begin_with(value, paint);
            }
            // The other half is what comes before it: it has no hold of that until it begins.
            Some(half) => {
                let first = p.track.domain().evenly(p.track.first());
                p.begin_with(first.with_half(half, value.half(half)), paint);
            }
        }
        match p.timeline().cloned() {
            Some(timeline) => self.lay_again(place, target, &timeline),
            None => self.append_again(place, target),
        }
    }

    /// The animation of the layer itself that begins with what `drift` tells: of several that begin at once only the last is
    /// ever seen.
    pub(crate) fn own_that_begins(&self, target: Target, drift: &Drift) -> Option<usize> {
        let is_it = |place: &usize| {
            let p = &self.tracks[*place];
            p.target() == target && p.track.mixing().is_none() && p.carries(drift)
        };
        (0..self.of_layer().len()).rev().find(is_it)
    }

    /// Lets what a timeline does to a property, or to another that has a share in it, after what is at `place` go on from what
    /// is before it.
    fn lay_again(&mut self, place: usize, target: Target, timeline: &TimelineId) {
        let wholes = target.wholes();
        let pairs = std::iter::once(target).chain(wholes);
        let related = pairs.flat_map(|of| std::iter::once(of).chain(of.halves().into_iter().flatten()));
        let places: BTreeSet<usize> = related.flat_map(|of| self.places_of_timeline(of, timeline)).collect();
        let is_single = places.iter().all(|at| self.tracks[*at].target() == target);
        if !places.range(place..).any(|later| self.tracks[*later].goes_on_from_another) {
            return;
        }
        let cue = |place: &usize| match self.tracks[*place].clock() {
            Clock::Timeline(clock) => Some((*place, Arc::clone(clock.cue()))),
            Clock::Scene(_) | Clock::Steered(_) => None,
        };
        let cues: Vec<_> = places.iter().filter_map(cue).collect();
        let mut laid = Laid::default();
        for (at, cue) in &cues {
            let p = &mut self.tracks[*at];
            if *at > place
                && p.goes_on_from_another
                && let Some((before, value, _)) = laid.value_before(cue, p.target(), p.track.first())
            {
                let track = p.track.clone().starting_from(before, value);
                // What comes after one that is the same is, too, if each goes on from the one before it.
                if is_single && cue.links.is_empty() && track == p.track {
                    break;
                }
                p.be(track);
            }
            laid.push(cue, p.track.clone());
        }
    }

    /// The same of the animations of the layer itself, of which some wait for the one before them.
    fn append_again(&mut self, place: usize, target: Target) {
        let is_of_it = |at: &usize| self.tracks[*at].target() == target && self.tracks[*at].track.mixing().is_none();
        let places: Vec<usize> = (place..self.of_layer().len()).filter(is_of_it).collect();
        for pair in places.windows(2) {
            let [before, p] = [pair[0], pair[1]].map(|at| &self.tracks[at]);
            if !p.goes_on_from_another {
                continue;
            }
            let track = p.track.clone().starting_from(&before.track, before.track.last());
            self.tracks[pair[1]].be(track);
        }
    }
}
