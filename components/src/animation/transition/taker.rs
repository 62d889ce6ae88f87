//! Which animations take over a property, and when.

use super::{
    drift::{Carrier, FLIGHT},
    handover::{Handover, SAME},
};
use crate::animation::{
    Animation, Playing, Target,
    playback::{Clock, Playback},
    timeline::CueClock,
    timing::nanos,
};

/// An animation that takes over.
pub(super) struct Taker<'a> {
    pub(super) p: &'a Playback,
    /// Its place among all.
    pub(super) place: usize,
    pub(super) animation: &'a Animation,
    pub(super) carrier: Carrier,
    /// Scene seconds at which it begins, and the time of its carrier then.
    pub(super) begins: f64,
    pub(super) begins_at: f64,
    /// Seconds of its carrier in a scene second, and in one of its own.
    pub(super) rate: f64,
    pub(super) pace: f64,
    /// The longest time in seconds that what it carries on may take.
    pub(super) longest: f64,
}

impl Handover<'_> {
    /// The animation at `place`, which is one of the layer itself or the first of its timeline and property, if it takes over at this moment, or later by what is known now, from what is shown then.
    pub(super) fn taker<'a, 's: 'a>(&'s self, after: &'a Playing, place: usize) -> Option<Taker<'a>> {
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
                let is_of_now = (playhead.since - self.edit.now).abs() <= SAME;
                let is_steered = is_of_now && !self.edit.is_known(p);
                if !is_steered && self.is_moved_beneath(after, place) {
                    return self.taker_midway(after, place, clock);
                }
                let is_edited = is_of_now && self.is_other(after, p);
                if !playhead.running {
                    // What is edited as it runs goes on from there, be it paused with that.
                    let goes_on = is_edited && self.edit.has_run(p) && animation.goes_on();
                    return if goes_on { self.taker_midway(after, place, clock) } else { None };
                }
                // What it has hold of where it waits again it takes over from nobody.
                let is_before = playhead.rate > 0.0 && clock.position(self.edit.now) < active.cue.first - SAME;
                let waits = is_before && !p.has_begun(self.edit.now);
                let takes_over =
                    is_edited || is_steered && (self.is_new(after, place) || self.turns_back(after, place));
                if !waits && !takes_over {
                    return None;
                }
                let begins_at = active.cue.first.max(playhead.position);
                let is_midway = playhead.rate < 0.0 || begins_at > active.cue.first + SAME;
                // What says where it begins does so wherever it is played from, and when it is edited.
                let comes_up = || self.is_new(after, place) && self.edit.before.has_of(p.target(), clock.timeline());
                if is_midway && (animation.goes_on() || comes_up()) {
                    // What is sought is there at once.
                    let is_sought = !is_edited && self.edit.is_sought_to(clock);
                    return if is_sought { None } else { self.taker_midway(after, place, clock) };
                }
                if !animation.goes_on() {
                    return None;
                }
                let carrier = Carrier::Timeline(active.cue.timeline.clone());
                let begins = playhead.when(nanos(begins_at));
                let (rate, pace, longest) = (playhead.rate, clock.pace(), f64::INFINITY);
                Some(Taker { p, place, animation, carrier, begins, begins_at, rate, pace, longest })
            }
            clock => {
                let (began, begins_at) = (clock.began()?, animation.delay);
                let (begins, rate) = p.begins(self.edit.now)?;
                let is_new = self.edit.is_new(p) || begins > self.edit.now + SAME || self.edit.is_sought(p);
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
        let p = after.of_timeline(first.target(), clock.timeline()).rev().find(|p| p.has_begun(now))?;
        let property = &self.edit.animation(first)?.property;
        let animation = self.edit.animation(p).filter(|animation| animation.property == *property)?;
        let rate = clock.playhead.rate;
        let Clock::Timeline(inner) = p.clock() else { return None };
        let pace = inner.pace() / rate.abs();
        let (left, gone) = p.left_and_gone(now);
        let longest = (if rate > 0.0 { left } else { gone } * pace).max(FLIGHT);
        let carrier = Carrier::Over(clock.timeline().clone());
        Some(Taker { p, place, animation, carrier, begins: now, begins_at: now, rate: 1.0, pace, longest })
    }

    /// Whether the timeline whose first animation of the property is at `place` did not decide about all of it until now,
    /// unless another one goes over it.
    fn is_new(&self, after: &Playing, place: usize) -> bool {
        let (p, now, before) = (&after.tracks()[place], self.edit.now, self.edit.before);
        // One that stood where it begins has left the property to its transition.
        let is_left = |piece: Target| (self.left)(piece, now).is_some();
        let pieces = self.pieces(after, p.target());
        let is_new = |piece: &Target| {
            let decided = |was: &Playback| was.timeline() == p.timeline() && (was.holds(now) || !is_left(*piece));
            !before.decides_about(*piece, now).is_some_and(decided)
        };
        pieces.iter().any(|piece| is_new(piece) && !is_covered(after, place, *piece, now))
    }

    /// Whether what the timeline whose first animation of the property is at `place` makes of it would be something else by
    /// what was authored beneath it.
    fn is_moved_beneath(&self, after: &Playing, place: usize) -> bool {
        let (p, now) = (&after.tracks()[place], self.edit.now);
        let is_smooth = || {
            let goes_on = self.edit.animation(p).is_some_and(Animation::goes_on);
            goes_on || (self.left)(p.target(), now).is_some()
        };
        let holds = |playing: &Playing| p.timeline().is_some() && playing.holder(p.target(), now) == p.timeline();
        self.is_other(after, p) && is_smooth() && holds(self.edit.before) && holds(after)
    }

    /// Whether the timeline whose first animation of the property is at `place` begins to go back to where it began, which
    /// then is what is authored: nothing else is beneath it.
    fn turns_back(&self, after: &Playing, place: usize) -> bool {
        let (p, now) = (&after.tracks()[place], self.edit.now);
        let went_back = p.timeline().and_then(|timeline| self.edit.before.of_timeline(p.target(), timeline).next());
        p.goes_back()
            && went_back.is_some_and(|was| !was.goes_back())
            && p.carries_along().is_some()
            && !after.is_over_others(place, now)
    }

    /// Whether what the timeline of `p` does to its property is something else than before.
    pub(super) fn is_other(&self, after: &Playing, p: &Playback) -> bool {
        let Some(timeline) = p.timeline() else { return false };
        if self.settled.contains(&(timeline.clone(), p.target())) {
            return false;
        }
        let is = after.of_timeline(p.target(), timeline);
        let was = self.edit.before.of_timeline(p.target(), timeline);
        is.clone().count() != was.clone().count() || is.zip(was).any(|(is, was)| !is.is_still(was))
    }
}

/// Whether another one goes over that at `place` at a scene time, as far as this piece of its property goes.
pub(super) fn is_covered(after: &Playing, place: usize, piece: Target, when: f64) -> bool {
    // Among those of one timeline the first carries on for all.
    let timeline = after.tracks()[place].timeline();
    after.last_begun_about(piece, place + 1..after.tracks().len(), when, timeline).is_some()
}
