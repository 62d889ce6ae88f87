use std::sync::Arc;

use bevy_ecs::component::Component;
use smallvec::SmallVec;

use super::{
    Drift, Drifts, Part, Sample, Target, Value,
    drifting::{Drifting, Shown},
    motion::Motion,
    passage,
    playback::{MARGIN, Playback, Standing},
    queue::Mixing,
    slots::{self, Slots},
    timeline::TimelineId,
};

mod compile;
mod painting;

/// The animations of a layer, of a track or of the whole mix, made ready to be sampled; computed from what is authored, when that changes.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct Playing {
    /// Up to two lie in the table of layers, which is read from front to back: waiting for others takes longer than to
    /// sample them.
    tracks: SmallVec<[Playback; 2]>,
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
        for (target, drift) in drifts.carried() {
            self.carry(target, drift);
        }
        for (drift, known) in drifts.iter() {
            if drift.over().is_some_and(|timeline| !self.has_of(known.target, timeline)) {
                continue;
            }
            let is_animated = self.tracks.iter().any(|p| p.target() == known.target && p.track.mixing().is_none());
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
        self
    }

    /// Lets what took over a property go on with what was under way before.
    pub(crate) fn carry(&mut self, target: Target, drift: &Drift) {
        for p in &mut self.tracks {
            if p.target() == target && p.track.mixing().is_none() && p.carries(drift) {
                p.carry(drift.compile());
            }
        }
        (self.begin, self.end) = changes(&self.tracks);
    }

    /// Takes from what a timeline does to a property what that goes on with.
    pub(crate) fn let_go(&mut self, target: Target, timeline: &TimelineId) {
        for p in self.tracks.iter_mut().filter(|p| p.target() == target && p.timeline() == Some(timeline)) {
            p.let_go();
        }
    }

    /// All animations in the order in which they decide.
    pub(super) fn tracks(&self) -> &[Playback] {
        &self.tracks
    }

    /// The timeline that decides about a property at scene time `now`, if one does.
    pub(crate) fn holder(&self, target: Target, now: f64) -> Option<&TimelineId> {
        self.decides(target, now).filter(|p| p.holds(now))?.timeline()
    }

    /// Whether a timeline animates a property.
    pub(crate) fn has_of(&self, target: Target, timeline: &TimelineId) -> bool {
        self.tracks.iter().any(|p| p.target() == target && p.timeline() == Some(timeline))
    }

    /// What a timeline does to a property, in the order in which it begins.
    pub(super) fn of_timeline<'a>(
        &'a self,
        target: Target,
        timeline: &'a TimelineId,
    ) -> impl DoubleEndedIterator<Item = &'a Playback> + Clone {
        let is_of =
            move |p: &&Playback| p.target() == target && p.track.mixing().is_none() && p.timeline() == Some(timeline);
        self.tracks.iter().filter(is_of)
    }

    /// Whether others than its timeline, before it in the order in which they decide, make something of the property of the
    /// one at `place` at scene time `now`.
    pub(super) fn is_over_others(&self, place: usize, now: f64) -> bool {
        let (target, timeline) = (self.tracks[place].target(), self.tracks[place].timeline());
        let is_of = |of: Target| of == target || target.place_in(of).is_some() || of.place_in(target).is_some();
        let is_other = |p: &&Playback| is_of(p.target()) && p.track.mixing().is_none() && p.timeline() != timeline;
        self.tracks[..place].iter().filter(is_other).any(|p| p.has_begun(now))
    }

    /// What the animation that decides about a property makes of it at scene time `now`, in the numbers in which it moves
    /// evenly.
    pub(crate) fn decided(&self, target: Target, now: f64) -> Option<Shown> {
        Some(self.decides(target, now)?.shown(now))
    }

    /// What is shown of a property at scene time `now`, but for what is mixed with it, in the numbers in which it moves
    /// evenly; `None` if that is just what is authored. Of one half of a pair what animates the pair counts too.
    pub(crate) fn displayed(&self, target: Target, now: f64) -> Option<Shown> {
        let is_of = |of: Target| of == target || target.place_in(of).is_some();
        let (of, shown) = if let Some(p) = self.decides_about(target, now) {
            let over = self.drifting.iter().find(|drifting| !drifting.way.is_of_paint() && drifting.is_over(p, now));
            (p.target(), p.shown(now).plus(over.map(|drifting| drifting.way.at(now)).unwrap_or_default()))
        } else {
            let drifting =
                self.drifting.iter().rev().find(|drifting| !drifting.way.is_of_paint() && is_of(drifting.target))?;
            let authored = Shown::still(drifting.domain.evenly(drifting.authored));
            (drifting.target, authored.plus(drifting.way.at(now)))
        };
        Some(target.place_in(of).map_or(shown, |place| shown.half(place)))
    }

    /// Whether a half of a pair is animated by itself.
    pub(crate) fn has_half_of(&self, pair: Target) -> bool {
        self.tracks.iter().any(|p| p.target().place_in(pair).is_some() && p.track.mixing().is_none())
    }

    /// The animations of the layer itself that decide about a property.
    fn own_of(&self, target: Target) -> impl DoubleEndedIterator<Item = &Playback> {
        self.tracks.iter().filter(move |p| p.is_own() && p.target() == target && p.track.mixing().is_none())
    }

    /// What these make of a property at scene time `now`, in the numbers in which it moves evenly; `None` if there are
    /// none.
    pub(crate) fn own(&self, target: Target, now: f64) -> Option<Shown> {
        let begun = self.own_of(target).rev().find(|p| p.has_begun(now));
        Some(begun.or_else(|| self.own_of(target).next())?.shown(now))
    }

    /// Whether the animations of the layer itself decide about a property as those of `other` do about its `target`.
    pub(crate) fn moves_like(&self, other: &Self, target: Target, own: Target) -> bool {
        self.own_of(own).count() == other.own_of(target).count()
            && self.own_of(own).zip(other.own_of(target)).all(|(a, b)| a.moves_like(b))
    }

    /// Asks for the memory that [`Pose::new`](crate::Pose::new) reads besides this, to be in the cache soon.
    #[inline]
    pub fn fetch(&self) {
        for p in &self.tracks {
            p.track.motion().fetch();
        }
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
        self.is_changing(Target::reshapes, now)
    }

    /// Whether a layer's position or anchor is being animated at scene time `now`.
    #[must_use]
    pub fn is_moving(&self, now: f64) -> bool {
        self.is_changing(Target::moves, now)
    }

    fn is_changing(&self, of: fn(Target) -> bool, now: f64) -> bool {
        self.tracks.iter().any(|p| of(p.target()) && p.is_playing(now))
            || self.drifting.iter().any(|drifting| of(drifting.target) && drifting.way.is_moving(now))
    }

    /// The value of an animation at scene time `now`, with what still has to go of a change.
    fn shown(&self, p: &Playback, now: f64) -> Sample {
        self.shown_as(p, p.sample(now), now)
    }

    /// The same where its value is known.
    fn shown_as(&self, p: &Playback, value: Sample, now: f64) -> Sample {
        let value = p.carried(value, now);
        let drifting = self.drifting.iter().find(|drifting| drifting.is_over(p, now));
        drifting.map_or(value, |drifting| drifting.over(value, now))
    }

    /// A value of a property that only what is mixed with it animates, with what still has to go of a change.
    fn drifted(&self, target: Target, value: Sample, now: f64) -> Sample {
        let drifting = self.drifting.iter().find(|drifting| drifting.target == target);
        drifting.map_or(value, |drifting| drifting.over(value, now))
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
        let mut apply_over = |p: &'a Playback| {
            let motion = p.track.motion();
            let standing = match known {
                Some((same, standing)) if Arc::ptr_eq(same, motion) => standing,
                _ => p.standing(now),
            };
            known = Some((motion, standing));
            let value = self.shown_as(p, p.value(standing), now);
            apply(Applied { target: p.target(), mixing: None, value, stepped: p.track.stepped(value) });
        };
        if now > self.all_begun {
            deciding().for_each(&mut apply_over);
        } else {
            // Before any has begun the first in the list decides: last in this order, and under all that have begun.
            deciding().rev().filter(|p| !p.has_begun(now)).for_each(&mut apply_over);
            deciding().filter(|p| p.has_begun(now)).for_each(&mut apply_over);
        }
        if self.mixes {
            for p in of_pose().filter(|p| p.track.mixing().is_some()) {
                let (mixing, value) = (p.track.mixing(), p.sample(now));
                apply(Applied { target: p.target(), mixing, value, stepped: None });
            }
        }
    }

    /// Writes what the animations of a part make of it at scene time `now`; whether anything differs from what was there.
    pub fn apply_to(&self, part: Part, slots: &mut dyn Slots, now: f64) -> bool {
        let mut differs = false;
        for drifting in self.drifting.iter().filter(|drifting| !drifting.is_animated) {
            if let Some((of, slot)) = drifting.target.slot()
                && of == part
                && !self.tracks.iter().any(|p| p.target() == drifting.target)
            {
                differs |= match &drifting.paint {
                    Some(paint) if drifting.way.is_of_paint() => {
                        slots::repaint(slots, slot, &|slot| passage::copy(paint, slot))
                    }
                    _ => slots::write(slots, slot, drifting.over(drifting.authored, now)),
                };
            }
        }
        // What is written whole comes before what is written within it.
        let of = |is_whole: bool| self.tracks.iter().enumerate().filter(move |(_, p)| p.track.steps() == is_whole);
        for (index, p) in of(true).chain(of(false)) {
            let Some((_, slot)) = p.target().slot().filter(|(of, _)| *of == part) else { continue };
            if let Some(pair @ Target::Pair(_, whole)) = self.pair_around(p.target()) {
                // The first of them all writes for all.
                if self.tracks[..index].iter().all(|earlier| !earlier.target().is_of_pair(pair)) {
                    differs |= slots::write(slots, whole, self.paired(pair, now));
                }
                continue;
            }
            if p.track.steps() {
                let first = self.tracks[..index].iter().all(|earlier| earlier.target() != p.target());
                if first && let Some(decides) = self.decides(p.target(), now) {
                    differs |= decides.track.step(slots, slot, decides.sample(now));
                }
            } else if !p.rivalled && p.track.mixing().is_none() {
                differs |= slots::write(slots, slot, self.shown(p, now));
            } else if self.tracks[..index].iter().all(|earlier| earlier.target() != p.target()) {
                // The first writes for all: a value that is written over would look like a change.
                differs |= slots::write(slots, slot, self.mixed(p, now));
            }
        }
        self.mix_paints(part, slots, now) | differs
    }

    /// Which animation decides about a property at scene time `now`.
    pub(super) fn decides(&self, target: Target, now: f64) -> Option<&Playback> {
        let deciding = || self.tracks.iter().filter(|p| p.target() == target && p.track.mixing().is_none());
        deciding().rev().find(|p| p.has_begun(now)).or_else(|| deciding().next())
    }

    /// The same where of one half of a pair what animates the pair counts too.
    pub(super) fn decides_about(&self, target: Target, now: f64) -> Option<&Playback> {
        let is_of = |of: Target| of == target || target.place_in(of).is_some();
        let deciding = || self.tracks.iter().filter(|p| is_of(p.target()) && p.track.mixing().is_none());
        deciding().rev().find(|p| p.has_begun(now)).or_else(|| deciding().next())
    }

    /// The pair of a part that is animated and a half of which is as well, of which the property is one.
    fn pair_around(&self, target: Target) -> Option<Target> {
        let pair = match target {
            Target::Pair(..) => target,
            Target::Slot(..) => self.tracks.iter().map(Playback::target).find(|of| target.place_in(*of).is_some())?,
            _ => return None,
        };
        self.tracks.iter().any(|p| p.target().place_in(pair).is_some()).then_some(pair)
    }

    /// What all animations of a pair of a part and of its halves make of it at scene time `now`.
    fn paired(&self, pair: Target, now: f64) -> Sample {
        let mut value = Sample::default();
        for (place, half) in pair.halves().iter().flatten().enumerate() {
            let mixing = self.tracks.iter().find_map(|p| match p.target() {
                of if of == *half => Some(p.track.mixing()?.authored()),
                of if of == pair => Some(p.track.mixing()?.authored().half(place)),
                _ => None,
            });
            let below = self.displayed(*half, now).map(|shown| shown.value).or(mixing).unwrap_or_default();
            value = value.with_half(place, below);
        }
        for p in &self.tracks {
            let Some(mixing) = p.track.mixing() else { continue };
            if p.target() == pair {
                value = mixing.over(value, p.sample(now));
            } else if let Some(place) = p.target().place_in(pair) {
                value = value.with_half(place, mixing.over(value.half(place), p.sample(now)));
            }
        }
        value
    }

    /// What all animations of the property of `first` together make of it at scene time `now`; `first` is the first.
    fn mixed(&self, first: &Playback, now: f64) -> Sample {
        let target = first.target();
        let of_target = || self.tracks.iter().filter(|p| p.target() == target);
        let decides = self.decides(target, now);
        let authored = first.track.mixing().map(Mixing::authored).unwrap_or_default();
        let below = decides.map_or_else(|| self.drifted(target, authored, now), |p| self.shown(p, now));
        let mixing = of_target().filter_map(|p| Some((p, p.track.mixing()?)));
        mixing.fold(below, |below, (p, mixing)| mixing.over(below, p.sample(now)))
    }
}
