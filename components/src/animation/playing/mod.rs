use std::sync::Arc;

use bevy_ecs::component::Component;
use smallvec::SmallVec;

use self::{
    index::{Index, Listed},
    spans::{Span, Spans},
};
use super::{
    Drift, Drifts, Part, Sample, Target, Value,
    drifting::{Drifting, Shown},
    motion::Motion,
    playback::{LastTime, MARGIN, Playback, Standing},
    queue::Mixing,
    timeline::TimelineId,
};

#[cfg(test)]
pub(crate) use self::index::Lookup;

mod beginning;
mod compile;
mod index;
mod painting;
mod places;
mod spans;
mod written;

/// The animations of a layer, of a track or of the whole mix, made ready to be sampled; computed from what is authored, when that changes.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct Playing {
    /// Up to two lie in the table of layers, which is read from front to back: waiting for others takes longer than to
    /// sample them.
    tracks: SmallVec<[Playback; 2]>,
    /// Where those of each property stand, if there are many.
    index: Option<Box<Index>>,
    /// When they move the layer or change its shape, if there are many.
    spans: Option<Box<Spans>>,
    /// Scene seconds of the first begin and the last end.
    begin: f64,
    end: f64,
    /// Scene seconds after which all have begun.
    all_begun: f64,
    /// Whether each part is animated, now or at another time.
    animates: [bool; Part::COUNT],
    /// Whether any goes on top of others, rather than to take their place.
    mixes: bool,
    /// What moves because somebody changed it.
    drifting: Vec<Drifting>,
}

/// What an animation makes of transform and opacity.
pub(crate) struct Applied<'a> {
    pub(crate) target: Target,
    /// How it goes on top of others, if it does not take their place.
    pub(crate) mixing: Option<&'a Mixing>,
    pub(crate) value: Sample,
    /// The value if it is one that steps.
    pub(crate) stepped: Option<&'a Value>,
}

/// The scene seconds between which anything of these can change.
fn changes(tracks: &[Playback]) -> (f64, f64) {
    let widen = |(begin, end): (f64, f64), (first, last): (f64, f64)| (begin.min(first), end.max(last));
    tracks.iter().map(Playback::changes).fold((f64::INFINITY, f64::NEG_INFINITY), widen)
}

impl Playing {
    /// The same with what moves because somebody changed it.
    #[must_use]
    pub fn with_drifts(mut self, drifts: &Drifts) -> Self {
        for (target, drift) in drifts.begun() {
            self.begin(target, drift);
        }
        // Each of those has a clock of its own by then.
        if drifts.begun().next().is_some() {
            compile::share_alike(&mut self.tracks);
        }
        for (target, drift) in drifts.carried() {
            self.carry(target, drift);
        }
        for (drift, known) in drifts.iter() {
            if drift.over().is_some_and(|timeline| !self.has_about(known.target, timeline)) {
                continue;
            }
            let is_animated = self.first_about(known.target).is_some();
            let (begin, end) = drift.span();
            (self.begin, self.end) = if self.is_empty() {
                (begin - MARGIN, end + MARGIN)
            } else {
                (self.begin.min(begin - MARGIN), self.end.max(end + MARGIN))
            };
            if let Some(part) = known.target.part() {
                self.animates[part as usize] = true;
            }
            self.drifting.push(Drifting {
                target: known.target,
                domain: known.domain,
                authored: known.authored,
                paint: known.paint.clone(),
                way: drift.compile(),
                is_animated,
                over: drift.over().cloned(),
            });
        }
        self.spans = Spans::new(&self.tracks);
        self
    }

    /// Lets what took over a property go on with what was under way before.
    pub(crate) fn carry(&mut self, target: Target, drift: &Drift) {
        let places: SmallVec<[usize; 4]> = match drift.timeline() {
            Some(timeline) => self.places_of_timeline(target, timeline).collect(),
            None => (0..self.of_layer().len()).collect(),
        };
        let way = Arc::new(drift.compile());
        for place in places {
            let p = &mut self.tracks[place];
            if p.target() == target && p.track.mixing().is_none() && p.carries(drift) {
                p.carry(Arc::clone(&way));
                let (begin, end) = p.changes();
                (self.begin, self.end) = (self.begin.min(begin), self.end.max(end));
                // They were of what it is without that.
                self.spans = None;
            }
        }
    }

    /// Takes from what a timeline does to a property what that goes on with.
    pub(crate) fn let_go(&mut self, target: Target, timeline: &TimelineId) {
        let places: SmallVec<[usize; 4]> = self.places_of_timeline(target, timeline).collect();
        for place in places {
            self.tracks[place].let_go();
        }
    }

    /// All animations in the order in which they decide.
    pub(super) fn tracks(&self) -> &[Playback] {
        &self.tracks
    }

    /// Those of the layer itself: they come before what timelines do.
    pub(super) fn of_layer(&self) -> &[Playback] {
        let of_timelines = self.tracks.iter().position(|p| !p.is_own());
        &self.tracks[..of_timelines.unwrap_or(self.tracks.len())]
    }

    /// The timeline that decides about a property at scene time `now`, if one does. Of one half of a pair what animates the
    /// pair counts too.
    pub(crate) fn holder(&self, target: Target, now: f64) -> Option<&TimelineId> {
        self.decides_about(target, now).filter(|p| p.holds(now))?.timeline()
    }

    /// Whether a timeline animates a property.
    pub(crate) fn has_of(&self, target: Target, timeline: &TimelineId) -> bool {
        self.places_of_timeline(target, timeline).next().is_some()
            || self.mixing(target).any(|place| self.tracks[place].timeline() == Some(timeline))
    }

    /// The same of a property or of a pair that it is a half of.
    pub(crate) fn has_about(&self, target: Target, timeline: &TimelineId) -> bool {
        target.and_wholes().any(|of| self.has_of(of, timeline))
    }

    /// Whether others than its timeline, before it in the order in which they decide, make something of the property of the
    /// one at `place` at scene time `now`.
    pub(super) fn is_over_others(&self, place: usize, now: f64) -> bool {
        let (target, timeline) = (self.tracks[place].target(), self.tracks[place].timeline());
        let halves = target.halves().into_iter().flatten();
        let related = std::iter::once(target).chain(target.wholes()).chain(halves);
        related.into_iter().any(|of| self.last_begun(of, 0..place, now, timeline).is_some())
    }

    /// What the animation that decides about a property, or about a pair that it is a half of, makes of it at scene time
    /// `now`, in the numbers in which it moves evenly.
    pub(crate) fn decided(&self, target: Target, now: f64) -> Option<Shown> {
        let p = self.decides_about(target, now)?;
        Some(p.shown(now).of(target, p.target()))
    }

    /// What is shown of a property at scene time `now`, but for what is mixed with it, in the numbers in which it moves
    /// evenly; `None` if that is just what is authored. Of one half of a pair what animates the pair counts too.
    pub(crate) fn displayed(&self, target: Target, now: f64) -> Option<Shown> {
        let mut drifting = self.drifting.iter().filter(|drifting| !drifting.way.is_of_paint());
        if let Some(p) = self.decides_about(target, now) {
            let over = drifting.filter(|drifting| drifting.is_over(p, now));
            let shown = over.fold(p.shown(now), |shown, drifting| drifting.shown_within(p.target(), shown, now));
            return Some(shown.of(target, p.target()));
        }
        let drifting = drifting.find(|drifting| drifting.target == target)?;
        Some(Shown::still(drifting.domain.evenly(drifting.authored)).plus(drifting.way.at(now)))
    }

    /// Whether a half of a pair is animated, or moves because somebody changed it, by itself.
    pub(crate) fn has_half_of(&self, pair: Target) -> bool {
        let drifts = |half: Target| self.drifting.iter().any(|drifting| drifting.target == half);
        pair.halves().into_iter().flatten().any(|half| self.deciding(half).next().is_some() || drifts(half))
    }

    /// The animations of the layer itself that decide about a property or about a pair that it is a half of.
    fn own_of(&self, target: Target) -> impl DoubleEndedIterator<Item = &Playback> {
        self.of_layer().iter().filter(move |p| target.is_of(p.target()) && p.track.mixing().is_none())
    }

    /// What these make of a property at scene time `now`, in the numbers in which it moves evenly; `None` if there are
    /// none.
    pub(crate) fn own(&self, target: Target, now: f64) -> Option<Shown> {
        let begun = self.own_of(target).rev().find(|p| p.has_begun(now));
        let p = begun.or_else(|| self.own_of(target).next())?;
        Some(p.shown(now).of(target, p.target()))
    }

    /// Whether the animations of the layer itself decide about a property as those of `other` do about its `target`.
    pub(crate) fn moves_like(&self, other: &Self, target: Target, own: Target) -> bool {
        self.own_of(own).count() == other.own_of(target).count()
            && self.own_of(own).zip(other.own_of(target)).all(|(a, b)| a.moves_like(b))
    }

    /// Asks for the memory that [`Pose::new`](crate::Pose::new) reads besides this, to be in the cache soon.
    #[inline]
    pub fn fetch(&self) {
        self.tracks.iter().take(index::FEW).for_each(Playback::fetch);
    }

    /// Whether there is nothing to sample at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty() && self.drifting.is_empty()
    }

    /// Whether a part of the layer is animated, now or at another time.
    #[must_use]
    pub fn animates(&self, part: Part) -> bool {
        self.animates[part as usize]
    }

    /// Whether any of its parts is.
    #[must_use]
    pub fn animates_parts(&self) -> bool {
        self.animates.contains(&true)
    }

    /// Whether nothing changes between two scene times, in either order.
    #[must_use]
    pub fn is_quiet_between(&self, a: f64, b: f64) -> bool {
        let (first, last) = (a.min(b), a.max(b));
        self.is_empty() || last < self.begin || first > self.end || first == last
    }

    /// Whether a layer's scale, rotation or skew is being animated at scene time `now`.
    #[must_use]
    pub fn is_reshaping(&self, now: f64) -> bool {
        self.is_changing(Target::reshapes, Spans::reshaping, now)
    }

    /// Whether a layer's position or anchor is being animated at scene time `now`.
    #[must_use]
    pub fn is_moving(&self, now: f64) -> bool {
        self.is_changing(Target::moves, Spans::moving, now)
    }

    fn is_changing(&self, of: fn(Target) -> bool, when: fn(&Spans) -> &[Span], now: f64) -> bool {
        let is_playing = match &self.spans {
            None => self.tracks.iter().any(|p| of(p.target()) && p.is_playing(now)),
            Some(spans) => spans::around(when(spans), now).any(|place| self.tracks[place].is_playing(now)),
        };
        is_playing || self.drifting.iter().any(|drifting| of(drifting.target) && drifting.way.is_moving(now))
    }

    /// The value of an animation at scene time `now`, with what still has to go of a change.
    fn shown(&self, p: &Playback, now: f64) -> Sample {
        self.shown_as(p, p.sample(now), now)
    }

    /// The same where its value is known.
    fn shown_as(&self, p: &Playback, value: Sample, now: f64) -> Sample {
        let value = p.carried(value, now);
        let drifting = self.drifting.iter().filter(|drifting| drifting.is_over(p, now));
        drifting.fold(value, |value, drifting| drifting.over_within(p.target(), value, now))
    }

    /// A value of a property that only what is mixed with it animates, with what still has to go of a change.
    fn drifted(&self, target: Target, value: Sample, now: f64) -> Sample {
        let drifting = self.drifting.iter().filter(|drifting| drifting.target.is_of(target));
        drifting.fold(value, |value, drifting| drifting.over_within(target, value, now))
    }

    /// Shows what the animations of transform and opacity make of these at scene time `now`, in the order in which
    /// they must be applied: what comes later goes over what came before, or is mixed with it.
    pub(crate) fn for_each_of_pose<'a>(&'a self, now: f64, mut apply: impl FnMut(Applied<'a>)) {
        for drifting in &self.drifting {
            if !drifting.is_animated && drifting.target.part().is_none() {
                let value = drifting.over(drifting.authored, now);
                apply(Applied { target: drifting.target, mixing: None, value, stepped: None });
            }
        }
        let of_pose = || self.tracks.iter().filter(|p| p.target().part().is_none());
        let deciding = || of_pose().filter(|p| p.track.mixing().is_none());
        // Where the motion of the last one stands: often it is that of the next.
        let mut known: Option<(&'a Arc<Motion>, Standing)> = None;
        let mut last_time = LastTime::default();
        let mut apply_over = |p: &'a Playback| {
            let motion = p.track.motion();
            let standing = match known {
                Some((same, standing)) if Arc::ptr_eq(same, motion) => standing,
                _ => p.standing_by(now, &mut last_time),
            };
            known = Some((motion, standing));
            let value = self.shown_as(p, p.value(standing), now);
            apply(Applied { target: p.target(), mixing: None, value, stepped: p.track.stepped(value) });
        };
        if let Some(index) = &self.index {
            let of_pose =
                index.properties().iter().filter(|listed| self.tracks[listed.first as usize].target().part().is_none());
            let mut deciders: SmallVec<[(bool, usize); Target::OF_POSE]> =
                of_pose.filter_map(|listed| self.decider(listed, now)).collect();
            // The same order as below.
            deciders.sort_unstable_by_key(|(is_begun, place)| {
                (*is_begun, if *is_begun { *place } else { usize::MAX - place })
            });
            deciders.iter().for_each(|(_, place)| apply_over(&self.tracks[*place]));
        } else if now > self.all_begun {
            deciding().for_each(&mut apply_over);
        } else {
            // Before any has begun the first in the list decides: last in this order, and under all that have begun.
            let mut last_time = LastTime::default();
            let have_begun: SmallVec<[(&Playback, bool); index::FEW]> =
                deciding().map(|p| (p, p.has_begun_by(now, &mut last_time))).collect();
            have_begun.iter().rev().filter(|(_, has_begun)| !has_begun).for_each(|(p, _)| apply_over(p));
            have_begun.iter().filter(|(_, has_begun)| *has_begun).for_each(|(p, _)| apply_over(p));
        }
        if self.mixes {
            let listed = self.index.iter().flat_map(|index| &index.mixing).map(|place| &self.tracks[*place as usize]);
            let few: &[Playback] = if self.index.is_some() { &[] } else { &self.tracks };
            let mixing = few.iter().filter(|p| p.track.mixing().is_some()).chain(listed);
            for p in mixing.filter(|p| p.target().part().is_none()) {
                let (mixing, value) = (p.track.mixing(), p.sample(now));
                apply(Applied { target: p.target(), mixing, value, stepped: None });
            }
        }
    }

    /// Which animation decides about a property at scene time `now`.
    pub(super) fn decides(&self, target: Target, now: f64) -> Option<&Playback> {
        let begun = self.last_begun(target, 0..self.tracks.len(), now, None);
        begun.or_else(|| self.deciding(target).next()).map(|place| &self.tracks[place])
    }

    /// The same of a property that is listed, and whether it has begun.
    fn decider(&self, listed: &Listed, now: f64) -> Option<(bool, usize)> {
        match listed.last_begun(&self.tracks, 0..self.tracks.len(), now, None) {
            Some(begun) => Some((true, begun)),
            None => Some((false, *listed.deciding.first()? as usize)),
        }
    }

    /// The same where of one half of a pair what animates the pair counts too.
    pub(super) fn decides_about(&self, target: Target, now: f64) -> Option<&Playback> {
        let begun = self.last_begun_about(target, 0..self.tracks.len(), now, None);
        begun.or_else(|| self.first_about(target)).map(|place| &self.tracks[place])
    }
}
