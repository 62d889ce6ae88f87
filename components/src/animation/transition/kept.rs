//! What goes on being carried after an edit.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    carried::AllCarried,
    drift::{Carrier, Drift},
    handover::SAME,
};
use crate::animation::{
    Animation, AnimationStarts, Cues, Playing, Property, Target,
    playback::{Clock, Playback},
    timeline::{CueClock, Playhead, TimelineId},
};

/// An edit of a layer at scene time `now`: what it had before, and what it has from then on.
pub(super) struct Edit<'a> {
    pub(super) starts: &'a AnimationStarts,
    pub(super) cues: &'a Cues,
    pub(super) before: &'a Playing,
    pub(super) now: f64,
    /// Whether it is none, but a scene that goes on from where it stood: nothing is known then of what was before, and what
    /// is carried on is what was stored.
    pub(super) is_resume: bool,
}

impl Edit<'_> {
    /// Those of `known` that are still carried `after` the edit, and are from then on.
    pub(super) fn kept(&self, after: &mut Cow<'_, Playing>, known: Vec<Drift>) -> AllCarried {
        let mut kept = AllCarried::default();
        let firsts = self.firsts(after, &known);
        for drift in &known {
            let place = match drift.timeline() {
                Some(timeline) => firsts.get(&(timeline, &drift.property)).copied(),
                None => (0..after.of_layer().len()).find(|place| self.is_carrier(&after.tracks()[*place], drift)),
            };
            if let Some(target) = place.and_then(|place| self.still_carries(&after.tracks()[place], drift)) {
                after.to_mut().carry(target, drift);
                kept.put(target, drift.clone());
            }
        }
        kept
    }

    /// The places of the first thing that each timeline which carries any of `known` does to each property.
    fn firsts<'k>(&'k self, after: &Playing, known: &'k [Drift]) -> HashMap<(&'k TimelineId, &'k Property), usize> {
        let mut firsts = HashMap::new();
        let carrying: HashSet<&TimelineId> = known.iter().filter_map(Drift::timeline).collect();
        for (place, p) in after.tracks().iter().enumerate().filter(|_| !carrying.is_empty()) {
            if let Some(timeline) = p.timeline()
                && let Some(timeline) = carrying.get(timeline)
                && let Some(animation) = self.animation(p)
            {
                firsts.entry((*timeline, &animation.property)).or_insert(place);
            }
        }
        firsts
    }

    /// Whether it is what carries a drift on.
    pub(super) fn is_carrier(&self, p: &Playback, drift: &Drift) -> bool {
        p.carries(drift) && self.animation(p).is_some_and(|own| own.property == drift.property)
    }

    /// The property that a drift which was begun earlier still belongs to, if `p` is what carried it on.
    pub(super) fn still_carries(&self, p: &Playback, drift: &Drift) -> Option<Target> {
        if !drift.is_left(self.now) {
            return None;
        }
        if self.is_resume {
            return Some(p.target());
        }
        // Until it begins what it takes over from may change.
        let is_over = matches!(drift.carrier, Carrier::Over(_));
        let is_open = |time: f64| !is_over && time < drift.goes_from() - SAME && !drift.waits();
        match p.clock() {
            Clock::Timeline(clock) if is_open(clock.position(self.now)) => None,
            // One that is played anew begins where it is written to, and one that is sought is there at once.
            Clock::Timeline(clock) => {
                let is_left = self.is_played_anew(clock) || (is_over && self.is_sought_to(clock));
                (!is_left).then(|| p.target())
            }
            _ => {
                // What began at this very moment takes over anew.
                let is_new = self.is_new(p) || self.is_sought(p) && !drift.waits();
                (!is_new && !is_open(p.elapsed(self.now))).then(|| p.target())
            }
        }
    }

    /// Whether it is an animation of the layer itself that was started at this very moment.
    pub(super) fn is_new(&self, p: &Playback) -> bool {
        p.clock().began().is_some_and(|began| began >= self.now - SAME) && !self.is_known(p)
    }

    /// Whether it, or its timeline, stands as it did: what that took over at this very moment it has taken over already.
    pub(super) fn is_known(&self, p: &Playback) -> bool {
        match p.clock() {
            Clock::Timeline(clock) => self.stood(p).is_some_and(|playhead| playhead == clock.playhead),
            clock => self.before.of_layer().iter().any(|was| was.clock() == clock && was.track == p.track),
        }
    }

    /// Whether the timeline of `p` ran until now.
    pub(super) fn has_run(&self, p: &Playback) -> bool {
        self.stood(p).is_some_and(|playhead| playhead.running)
    }

    /// Whether the timeline of `clock` was sought: it stands elsewhere than it would by itself, and not at the end from which
    /// it plays backwards anew.
    pub(super) fn is_sought_to(&self, clock: &CueClock) -> bool {
        let was = self.clock_before(clock.timeline());
        let is_anew = clock.playhead.rate < 0.0 && clock.is_at_end(self.now);
        !is_anew && was.is_some_and(|was| (was.position(self.now) - clock.position(self.now)).abs() > SAME)
    }

    /// Where the timeline of `p` stood until now.
    fn stood(&self, p: &Playback) -> Option<Playhead> {
        self.clock_before(p.timeline()?).map(|clock| clock.playhead)
    }

    fn clock_before(&self, timeline: &TimelineId) -> Option<&CueClock> {
        match self.before.first_of_timeline(timeline)?.clock() {
            Clock::Timeline(clock) => Some(clock),
            Clock::Scene(_) | Clock::Steered(_) => None,
        }
    }

    /// Whether a timeline is played from its beginning again.
    pub(super) fn is_played_anew(&self, clock: &CueClock) -> bool {
        let was = self.clock_before(clock.timeline());
        was.is_some_and(|was| was.position(self.now) > 0.0 && clock.position(self.now) == 0.0)
    }

    /// The same, or from where it stood at its beginning.
    pub(super) fn is_started_anew(&self, clock: &CueClock) -> bool {
        let begins = |clock: &CueClock| clock.playhead.running && clock.playhead.rate > 0.0;
        let was = self.clock_before(clock.timeline()).filter(|was| !begins(was) && was.position(self.now) == 0.0);
        self.is_played_anew(clock) || was.is_some() && begins(clock) && clock.position(self.now) == 0.0
    }

    /// Whether it is an animation of the layer itself that waited, and is sought to where it does no longer.
    pub(super) fn is_sought(&self, p: &Playback) -> bool {
        let was = self.before.of_layer().iter().find(|was| p.is_same_own(was));
        p.has_begun(self.now) && was.is_some_and(|was| !was.has_begun(self.now))
    }

    /// What a playback was made of.
    pub(super) fn animation(&self, p: &Playback) -> Option<&Animation> {
        match p.clock() {
            Clock::Scene(_) | Clock::Steered(_) => self.starts.animations().0.get(p.source),
            Clock::Timeline(_) => self.cues.0.get(p.source).map(|active| &active.cue.animation),
        }
    }
}
