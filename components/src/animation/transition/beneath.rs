//! Timelines that go on as they did though what they began with was changed beneath them.
//!
//! An animation of a timeline that does not say where it begins has begun with what was there at that time, and is not
//! moved by what is authored later. What it was made of is authored, though, so what it makes of the property would follow
//! each edit: by as much as it does it is taken back, for as long as the beginning is to be seen.

use std::{borrow::Cow, collections::HashSet};

use super::{
    carried::AllCarried,
    drift::{Carrier, Drift, Times},
    kept::Edit,
};
use crate::animation::{
    Playing, Target,
    drifting::Shown,
    playback::{Clock, Playback},
    timeline::TimelineId,
    value::Sample,
};

/// How much a value may be off that is the same but for rounding, of so much or of one.
const ROUNDING: f64 = 1e-9;

/// Timelines that go on with a property as they did.
pub(super) type Settled = HashSet<(TimelineId, Target)>;

impl Edit<'_> {
    /// Lets timelines go on as they did, with what they carry on then; and which these are.
    pub(super) fn settle(&self, after: &mut Cow<'_, Playing>, carried: &mut AllCarried) -> Settled {
        let mut settled = Settled::new();
        for place in after.firsts() {
            let p = &after.tracks()[place];
            let (target, Some(timeline)) = (p.target(), p.timeline().cloned()) else { continue };
            let Some(drift) = self.undisturbed(after, place, carried) else { continue };
            if let Some(drift) = drift {
                after.to_mut().carry(target, &drift);
                carried.put(target, drift);
            }
            settled.insert((timeline, target));
        }
        settled
    }

    /// With what a timeline, whose first animation of the property is at `place`, goes on as it did, if that is something
    /// else than what it carries on already; `None` if nothing disturbs it, or it has to go elsewhere.
    fn undisturbed(&self, after: &Playing, place: usize, carried: &AllCarried) -> Option<Option<Drift>> {
        let (p, now) = (&after.tracks()[place], self.now);
        let (Clock::Timeline(clock), target) = (p.clock(), p.target()) else { return None };
        let (animation, active) = (self.animation(p).filter(|own| own.goes_on())?, self.cues.0.get(p.source)?);
        let is = after.of_timeline(target, clock.timeline());
        let was = self.before.of_timeline(target, clock.timeline());
        let (first, is_alike) = (was.clone().next()?, is.clone().count() == was.clone().count());
        let are_laid_out_alike = is.clone().zip(was.clone()).all(|(is, was)| is.is_laid_out_like(was));
        let more = p.track.first_since(&first.track).filter(|more| *more != Sample::default())?;
        // What is shown where it begins is what is authored, or what others make of the property.
        let is_over_others = after.is_over_others(place, now);
        let goes_back = clock.playhead.running && clock.playhead.rate < 0.0;
        let is_bound = p.has_begun(now) && (is_over_others || !goes_back && p.holds(now) && first.holds(now));
        // One that is to begin with something else does not go on as it did.
        let begins_alike = p.is_from_authored == first.is_from_authored;
        // One that follows a level comes to its beginning again and again.
        if clock.follows || !begins_alike || !is_bound || !is_alike || !are_laid_out_alike {
            return None;
        }
        let (decides, decided) = is.zip(was).filter(|(is, _)| is.has_begun(now)).last()?;
        let known = carried.of_timeline(target, clock.timeline());
        let position = clock.position(now);
        let drift = match known {
            Some(drift) if drift.is_by_scene() => None,
            Some(drift) => Some(drift.clone().rebased(more)),
            None => {
                let times = Times { since: active.cue.first, waits: 0.0, pace: clock.pace(), longest: f64::INFINITY };
                let left = Shown::still(Sample::default().minus(more));
                let carrier = Carrier::Timeline(clock.timeline().clone());
                let drift = Drift::of_animation(animation, carrier, &times, (left, Sample::default()));
                drift.filter(|drift| position < drift.span().1)
            }
        };
        // What both make of the property where it stands now.
        let value = |p: &Playback, elapsed: f64, drift: Option<&Drift>| {
            let value = p.track.sample(elapsed);
            drift.map_or(value, |drift| {
                let time = if drift.is_by_scene() { now } else { position };
                drift.compile().over(p.track.domain(), value, time)
            })
        };
        let elapsed = decides.elapsed(now);
        let (is, was) = (value(decides, elapsed, drift.as_ref().or(known)), value(decided, elapsed, known));
        let is_same = is.lanes().into_iter().zip(was.lanes()).all(|(is, was)| {
            let size = is.abs().max(was.abs()).max(1.0);
            (is - was).abs() <= ROUNDING * size
        });
        is_same.then_some(drift)
    }
}
