use bevy_ecs::component::Component;
use smallvec::SmallVec;

use super::{
    Animations, Track,
    timeline::{Cue, CueClock, Cues, rounded},
};
use crate::{content::Content, layer::Opacity, transform::Transform};

/// When each animation of a layer started; computed from [`Animations`].
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct AnimationStarts {
    animations: Animations,
    /// Scene seconds; as many as there are animations.
    starts: Vec<f64>,
}

impl AnimationStarts {
    /// Takes over the animations of a layer at scene time `now`: those that it had before go on, new ones start.
    pub fn update(&mut self, animations: &Animations, now: f64) {
        let mut before: Vec<Option<f64>> = self.starts.iter().copied().map(Some).collect();
        let mut take = |index: usize, animation| {
            let known = self.animations.0.get(index).is_some_and(|known| known == animation);
            if known { before.get_mut(index).and_then(Option::take) } else { None }
        };
        // Those in the same place first: of equal ones each then keeps its own start.
        let mut starts: Vec<Option<f64>> =
            animations.0.iter().enumerate().map(|(index, animation)| take(index, animation)).collect();
        for (start, animation) in starts.iter_mut().zip(&animations.0) {
            if start.is_none() {
                *start = (0..self.animations.0.len()).find_map(|index| take(index, animation));
            }
        }
        self.starts = starts.into_iter().map(|start| start.unwrap_or(now)).collect();
        self.animations.clone_from(animations);
    }

    /// The animations of a layer that started at these scene seconds, in their order.
    #[must_use]
    pub fn resumed(animations: Animations, starts: Vec<f64>) -> Self {
        Self { animations, starts }
    }

    /// Scene seconds at which each of the animations started, in their order.
    #[must_use]
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }
}

/// The animations of a layer, made ready to be sampled; computed from what is authored, when that changes.
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
    animates_content: bool,
}

/// Seconds by which the time in which something may change is taken too long on both sides: sums of scene times carry
/// rounding errors, and one sample too many costs nothing.
const MARGIN: f64 = 1e-6;

/// A track and when it started.
#[derive(Clone, Debug, PartialEq)]
struct Playback {
    track: Track,
    clock: Clock,
    /// Whether another one has the same target.
    rivalled: bool,
}

/// What tells an animation its time.
#[derive(Clone, Debug, PartialEq)]
enum Clock {
    /// Scene seconds at which the animation started.
    Scene(f64),
    /// A timeline that it is part of.
    Timeline(Box<CueClock>),
}

impl Playback {
    /// Seconds since the start, rounded to nanoseconds.
    fn elapsed(&self, now: f64) -> f64 {
        match &self.clock {
            Clock::Scene(start) => rounded(now - start),
            Clock::Timeline(clock) => clock.elapsed(now),
        }
    }

    fn has_begun(&self, now: f64) -> bool {
        self.track.has_begun(self.elapsed(now))
    }

    fn is_playing(&self, now: f64) -> bool {
        let is_running = match &self.clock {
            Clock::Scene(_) => true,
            Clock::Timeline(clock) => clock.is_running(now),
        };
        is_running && self.track.is_playing(self.elapsed(now))
    }

    /// The scene seconds between which its value can change.
    fn changes(&self) -> (f64, f64) {
        let (begin, end) = (self.track.begin(), self.track.end());
        match &self.clock {
            Clock::Scene(start) => (start + begin, start + end),
            Clock::Timeline(clock) => clock.changes(begin, end),
        }
    }

    /// Scene seconds from when on it has begun for good.
    fn begun_for_good(&self) -> f64 {
        match &self.clock {
            Clock::Scene(start) => start + self.track.begin(),
            // It may be played again, or backwards.
            Clock::Timeline(_) => f64::INFINITY,
        }
    }
}

/// To what the earlier cues of its timeline have brought a property when `cue` begins.
fn value_before(earlier: &[(&Cue, Track)], cue: &Cue, target: super::Target) -> Option<super::Sample> {
    earlier.iter().rev().find_map(|(before, track)| {
        let elapsed = rounded(cue.start + cue.animation.delay - before.start);
        let is_before = track.target() == target
            && before.timeline == cue.timeline
            && before.links == cue.links
            && track.has_begun(elapsed);
        is_before.then(|| track.sample(elapsed))
    })
}

impl Playing {
    /// The animations of a layer with these authored values, and what timelines do to it. Those that are not valid are
    /// left out.
    #[must_use]
    pub fn new(
        animations: &Animations,
        starts: &AnimationStarts,
        cues: &Cues,
        content: &Content,
        transform: &Transform,
        opacity: &Opacity,
    ) -> Self {
        let own = animations.0.iter().zip(starts.starts()).filter_map(|(animation, start)| {
            let track = animation.compile(content, transform, opacity)?;
            Some(Playback { track, clock: Clock::Scene(*start), rivalled: false })
        });
        let mut tracks: SmallVec<[Playback; 2]> = own.collect();
        let mut laid: Vec<(&Cue, Track)> = Vec::with_capacity(cues.0.len());
        for active in &cues.0 {
            let cue = &*active.cue;
            let Some(mut track) = cue.animation.compile(content, transform, opacity) else { continue };
            if cue.animation.from.is_none()
                && cue.animation.to.is_some()
                && let Some(value) = value_before(&laid, cue, track.target())
            {
                track = track.starting_from(value);
            }
            laid.push((cue, track.clone()));
            tracks.push(Playback { track, clock: Clock::Timeline(Box::new(active.clock())), rivalled: false });
        }
        for index in 0..tracks.len() {
            let target = tracks[index].track.target();
            let rivals = tracks.iter().filter(|other| other.track.target() == target).count();
            tracks[index].rivalled = rivals > 1;
        }
        let (mut begin, mut end, mut all_begun) = (f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        for p in &tracks {
            let (first, last) = p.changes();
            begin = begin.min(first - MARGIN);
            end = end.max(last + MARGIN);
            all_begun = all_begun.max(p.begun_for_good() + MARGIN);
        }
        let animates_content = tracks.iter().any(|p| p.track.target().is_content());
        Self { tracks, begin, end, all_begun, animates_content }
    }

    /// Whether there is nothing to sample at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Whether the content is animated, now or at another time.
    #[must_use]
    pub fn animates_content(&self) -> bool {
        self.animates_content
    }

    /// Whether nothing changes between two scene times, in either order.
    #[must_use]
    pub fn is_quiet_between(&self, a: f64, b: f64) -> bool {
        let (first, last) = (a.min(b), a.max(b));
        self.tracks.is_empty() || last < self.begin || first > self.end || first == last
    }

    /// Whether a layer's scale, rotation or skew is being animated at scene time `now`.
    #[must_use]
    pub fn is_reshaping(&self, now: f64) -> bool {
        self.tracks.iter().any(|p| p.track.target().reshapes() && p.is_playing(now))
    }

    /// Whether a layer's position or anchor is being animated at scene time `now`.
    #[must_use]
    pub fn is_moving(&self, now: f64) -> bool {
        self.tracks.iter().any(|p| p.track.target().moves() && p.is_playing(now))
    }

    /// Shows what the animations of transform and opacity make of these at scene time `now`, in the order in which
    /// they must be applied: what comes later goes over what came before.
    pub(crate) fn for_each_of_pose(&self, now: f64, mut apply: impl FnMut(super::Target, super::Sample)) {
        let of_pose = || self.tracks.iter().filter(|p| !p.track.target().is_content());
        if now > self.all_begun {
            for p in of_pose() {
                apply(p.track.target(), p.track.sample(p.elapsed(now)));
            }
            return;
        }
        // Before any has begun the first in the list decides: last in this order, and under all that have begun.
        for p in of_pose().rev() {
            let elapsed = p.elapsed(now);
            if !p.track.has_begun(elapsed) {
                apply(p.track.target(), p.track.sample(elapsed));
            }
        }
        for p in of_pose() {
            let elapsed = p.elapsed(now);
            if p.track.has_begun(elapsed) {
                apply(p.track.target(), p.track.sample(elapsed));
            }
        }
    }

    /// Writes what the animations of the content make of it at scene time `now`; whether anything differs from what
    /// was there.
    pub fn apply_to_content(&self, content: &mut Content, now: f64) -> bool {
        let mut differs = false;
        for (index, p) in self.tracks.iter().enumerate() {
            let super::Target::Content(slot) = p.track.target() else { continue };
            // Only the one that decides writes: a value that is written over would look like a change.
            if !p.rivalled || self.decides(index, now) {
                differs |= content.set_slot(slot, p.track.sample(p.elapsed(now)));
            }
        }
        differs
    }

    /// Whether among the animations of one property this one decides.
    fn decides(&self, index: usize, now: f64) -> bool {
        let target = self.tracks[index].track.target();
        let rival = |p: &&Playback| p.track.target() == target;
        let begun = |p: &Playback| p.has_begun(now);
        if begun(&self.tracks[index]) {
            !self.tracks[index + 1..].iter().filter(rival).any(begun)
        } else {
            !self.tracks[..index].iter().any(|p| rival(&p)) && !self.tracks[index + 1..].iter().filter(rival).any(begun)
        }
    }
}
