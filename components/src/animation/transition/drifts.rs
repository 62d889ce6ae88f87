use std::borrow::Cow;

use bevy_ecs::component::Component;

use super::{Drift, Transitions, carried::Carried, drift::Carrier, halves::of_each, handover::Handover, kept::Edit};
use crate::{
    animation::{
        AnimationStarts, Cues, Playing, Property, Subject, Target, Turn,
        drifting::Shown,
        playback::Playback,
        property::Resolved,
        timeline::TimelineId,
        track::shortest,
        value::{Domain, Kind, Sample},
    },
    layer::Opacity,
    paint::Paint,
    transform::Transform,
};

/// What of a layer moves because somebody changed it; computed from [`Transitions`] and what is authored.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct Drifts {
    /// What the properties were when they were looked at last.
    known: Vec<Known>,
    /// What moves by transitions; until the first edit what carries on as well.
    drifts: Vec<Drift>,
    /// What animations carry on that took over.
    carried: Vec<Carried>,
    /// What they begin with in each round, where others have hold of the property.
    begun: Vec<Carried>,
    /// Whether they are those of a scene that goes on from where it stood, until that has been made ready.
    is_resume: bool,
}

/// A property, which is no pair, as it is authored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) property: Property,
    pub(crate) target: Target,
    pub(crate) domain: Domain,
    pub(crate) authored: Sample,
    /// The authored value if it can be a gradient.
    pub(crate) paint: Option<Paint>,
}

impl Known {
    fn still(&self) -> Shown {
        Shown::still(self.domain.evenly(self.authored))
    }

    /// Whether the property is, or is animated to be, something else than numbers.
    fn is_painted(&self, playing: &Playing) -> bool {
        matches!(self.paint, Some(Paint::Gradient(_))) || playing.steps(self.target)
    }
}

impl Drifts {
    /// Those of a scene that goes on from where it stood.
    #[must_use]
    pub fn resumed(drifts: Vec<Drift>) -> Self {
        Self { drifts, is_resume: true, ..Self::default() }
    }

    /// Those that have not ended at scene time `now`.
    pub fn left(&self, now: f64) -> impl Iterator<Item = &Drift> {
        let carried = self.carried.iter().chain(&self.begun).map(|carried| &carried.drift);
        self.drifts.iter().chain(carried).filter(move |drift| drift.is_left(now))
    }

    /// What animations that took over carry on, each with its property.
    pub(crate) fn carried(&self) -> impl Iterator<Item = (Target, &Drift)> {
        self.carried.iter().map(|Carried { target, drift }| (*target, drift))
    }

    /// What animations begin with that took over, each with its property.
    pub(crate) fn begun(&self) -> impl Iterator<Item = (Target, &Drift)> {
        self.begun.iter().map(|Carried { target, drift }| (*target, drift))
    }

    /// What moves by transitions, each with what the property is otherwise.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Drift, &Known)> {
        self.drifts
            .iter()
            .filter_map(|drift| Some((drift, self.known.iter().find(|known| known.property == drift.property)?)))
    }

    /// Follows edits that were made at scene time `now`: `before` are the animations that the layer had until then,
    /// `after` those that it has from then on, which were made of `starts` and `cues`.
    pub fn update<'a>(
        &mut self,
        transitions: &Transitions,
        (starts, cues): (&AnimationStarts, &Cues),
        (before, after): (&Playing, &Playing),
        (subject, transform, opacity): (impl Into<Subject<'a>>, &Transform, &Opacity),
        now: f64,
    ) {
        let subject = subject.into();
        let know = |property: &Property, resolved: &Resolved| {
            let (target, domain) = (resolved.target, resolved.domain);
            let authored = resolved.authored(transform, opacity);
            Known { property: property.clone(), target, domain, authored, paint: resolved.paint() }
        };
        let carried = self.drifts.iter().filter(|drift| drift.carrier != Carrier::Scene).cloned();
        let known = self.carried.drain(..).chain(self.begun.drain(..)).map(|carried| carried.drift);
        let (begun, carried) = carried.chain(known).partition(Drift::is_start);
        let edit = Edit { starts, cues, before, now, is_resume: self.is_resume };
        let mut after = Cow::Borrowed(after);
        let mut begun = edit.kept_beginnings(&mut after, begun);
        let mut kept = edit.kept(&mut after, carried);
        edit.begin_own(&mut after, &mut begun);
        let settled = edit.settle(&mut after, &mut kept);
        let mut known = Vec::with_capacity(transitions.0.len());
        let mut drifts = Vec::new();
        for (transition, resolved) in &of_each(transitions, subject) {
            let present = know(&transition.property, resolved);
            let drift = self.drifts.iter().find(|d| d.property == present.property && d.carrier == Carrier::Scene);
            let past = self.known.iter().find(|past| past.property == present.property);
            let holder = after.holder(present.target, now);
            // A timeline that had hold of it has let go, be it to another one.
            // One that begins now goes on from there by itself.
            let goes_on = holder.is_some_and(|holder| {
                let begins = after.first_of_timeline_about(present.target, holder);
                !before.has_about(present.target, holder) && begins.is_some_and(|begins| begins.is_from_authored)
            });
            let is_free = |past: &Known| {
                // One that stands where it began can still show what it carries on, and hides what is beneath it.
                let is_bared = || after.decides_about(past.target, now).is_some_and(|p| p.has_begun(now));
                let held = before.decides_about(past.target, now);
                let held = held.filter(|p| p.holds(now) || p.is_carrying() || is_bared());
                // It may still do something to the pair, and no longer to the half.
                let lets_go = |held: &Playback| {
                    let is_of_pair = held.target() != past.target;
                    let mut alike = present.target.and_wholes().filter(|of| (*of != present.target) == is_of_pair);
                    held.timeline().is_some_and(|timeline| !alike.any(|of| after.has_of(of, timeline)))
                };
                !goes_on && held.is_some_and(lets_go)
            };
            let is_changed = past.is_some_and(|past| {
                let is_edited = past.authored != present.authored
                    || past.paint != present.paint
                    || !after.moves_like(before, past.target, present.target);
                is_free(past) || (is_edited && holder.is_none())
            });
            match past.filter(|_| is_changed) {
                Some(past)
                    if past.is_painted(before)
                        || present.is_painted(&after)
                        || drift.is_some_and(Drift::is_of_paint) =>
                {
                    let was = before.paint(past.target, now).or_else(|| past.paint.clone());
                    let is = after.paint(present.target, now).or_else(|| present.paint.clone());
                    let drift = was
                        .filter(|was| Some(was) != is.as_ref())
                        .and_then(|was| Some(Drift::new(transition, now, Drift::WHOLE)?.starting_with(was)));
                    drifts.extend(drift.map(|drift| drift.on_top_of(holder)));
                }
                Some(past) => {
                    let own_drift = drift.filter(|drift| drift.over().is_none());
                    let left = own_drift.map(|drift| drift.compile().at(now)).unwrap_or_default();
                    // Where a timeline decides that is what is seen, be it that it stands where it begins.
                    let is_of_timeline = |playing: &Playing, target: Target| {
                        playing.decides_about(target, now).is_some_and(|decides| !decides.is_own())
                    };
                    let is_shown = || is_free(past) || is_of_timeline(before, past.target);
                    let held = before.displayed(past.target, now).filter(|_| is_shown());
                    let own = || before.own(past.target, now).unwrap_or_else(|| past.still()).plus(left);
                    let was = held.unwrap_or_else(own);
                    let other = after.decided(present.target, now).filter(|_| is_of_timeline(&after, present.target));
                    let is = other.or_else(|| after.own(present.target, now)).unwrap_or_else(|| present.still());
                    // What is of another kind, or length, cannot be moved from.
                    let suits = past.domain.kind == present.domain.kind
                        && (present.domain.kind != Kind::Length || was.value.is_of_unit_of(is.value));
                    let mut left = was.minus(is);
                    if transition.rotate == Turn::Shortest {
                        left.value = shortest(Sample::default(), left.value);
                    }
                    let drift = Some(left).filter(|_| suits).and_then(|left| Drift::new(transition, now, left));
                    drifts.extend(drift.map(|drift| drift.on_top_of(holder)));
                }
                None => drifts.extend(drift.filter(|drift| drift.is_left(now)).cloned()),
            }
            known.push(present);
        }
        let smooths = |target: Target| known.iter().any(|known| known.target == target);
        let left_alone = |target: Target, over: Option<&TimelineId>, at: f64| {
            let known = known.iter().find(|known| known.target == target)?;
            let drift = drifts.iter().find(|drift| drift.property == known.property && drift.over() == over);
            Some(drift.filter(|drift| !drift.is_of_paint()).map(|drift| drift.compile().at(at)).unwrap_or_default())
        };
        let left_of = |target: Target, over: Option<&TimelineId>, at: f64| match target.halves() {
            None => left_alone(target, over, at),
            Some(halves) => {
                let halves = halves.map(|half| left_alone(half, over, at));
                let is_known = halves.iter().any(Option::is_some);
                is_known.then(|| Shown::of_halves(halves.map(Option::unwrap_or_default)))
            }
        };
        let left = |target: Target, at: f64| left_of(target, None, at);
        let left_over =
            |target: Target, timeline: &TimelineId, at: f64| left_of(target, Some(timeline), at).unwrap_or_default();
        let past = |target: Target| {
            let past = self.known.iter().find(|known| known.target == target);
            past.filter(|_| smooths(target)).map(Known::still)
        };
        let handover = Handover { edit: &edit, left: &left, left_over: &left_over, past: &past, settled: &settled };
        let carried = handover.carried(after, kept, &mut begun, &smooths).into_list();
        *self = Self { known, drifts, carried, begun, is_resume: false };
    }
}
