//! Where a timeline stands, and what that means for its cues.

use std::sync::Arc;

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CueList, TimelineId,
    cue_list::{Cue, Link},
};
use crate::animation::timing::{Nanos, Timing, nanos, nearest, seconds};

/// Where a timeline stands at any scene time, unless someone steers it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playhead {
    /// Scene seconds at which it stood at `position`.
    pub since: f64,
    /// Seconds of the timeline.
    pub position: f64,
    /// Seconds of the timeline in a scene second; negative when it plays backwards, never 0.
    pub rate: f64,
    /// Whether it moves, until it comes to an end.
    pub running: bool,
}

/// What a timeline is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlayState {
    /// It has not been played, or was cancelled; it has no effect.
    Idle,
    /// It moves.
    Playing,
    /// It stands still where it is.
    Paused,
    /// It has come to its end, or playing backwards to its beginning, and stays there.
    Finished,
}

impl Playhead {
    /// Where it stands at scene time `now`, in nanoseconds of a timeline that lasts until `end`.
    #[must_use]
    pub fn at(&self, now: f64, end: Option<u64>) -> u64 {
        let moved = if self.running { (now - self.since) * self.rate } else { 0.0 };
        let position = nanos(self.position + moved);
        end.map_or(position, |end| position.min(end))
    }

    /// Scene seconds at which it comes to a time of the timeline.
    #[must_use]
    pub fn when(&self, time: u64) -> f64 {
        self.since + (seconds(time) - self.position) / self.rate
    }

    /// What the timeline is doing at scene time `now`.
    #[must_use]
    pub fn state(&self, now: f64, end: Option<u64>) -> PlayState {
        let position = self.at(now, end);
        let boundary = if self.rate > 0.0 { end } else { Some(0) };
        match (self.running, boundary == Some(position)) {
            (false, _) => PlayState::Paused,
            (true, true) => PlayState::Finished,
            (true, false) => PlayState::Playing,
        }
    }
}

/// What timelines that have been played do to a layer, those played last at the end; computed by the stage `clock`.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct Cues(pub Vec<ActiveCue>);

/// A cue of a timeline that has been played.
#[derive(Clone, Debug)]
pub struct ActiveCue {
    pub(crate) cue: Arc<Cue>,
    playhead: Playhead,
    timing: Timing,
    follows: bool,
}

impl PartialEq for ActiveCue {
    fn eq(&self, other: &Self) -> bool {
        // Nearly always they are the same one, of thousands that would have to be compared word by word.
        (self.playhead, self.timing, self.follows) == (other.playhead, other.timing, other.follows)
            && (Arc::ptr_eq(&self.cue, &other.cue) || self.cue == other.cue)
    }
}

impl ActiveCue {
    /// A cue of that timeline, which stands as `playhead` says.
    #[must_use]
    pub fn new(cue: Arc<Cue>, list: &CueList, playhead: Playhead) -> Self {
        Self { cue, playhead, timing: list.timing, follows: list.follows.is_some() }
    }

    /// The clock of its animation.
    pub(crate) fn clock(&self) -> CueClock {
        let Self { playhead, timing, follows, .. } = *self;
        let holds_from = f64::INFINITY;
        CueClock { cue: Arc::clone(&self.cue), playhead, timing, start: self.cue.start, follows, holds_from }
    }
}

impl Cue {
    /// Seconds since its start when `later`, of the same timeline, begins for the first time; negative before.
    pub(crate) fn elapsed_at_beginning_of(&self, later: &Self) -> f64 {
        // Both are in the same rounds as far as they are in the same timelines.
        let common = self.links.iter().zip(&*later.links).take_while(|(own, other)| own == other).count();
        let out = later.links[common..].iter().rev();
        let begins = out.fold(rounded(later.start + later.animation.delay), |time, link| {
            rounded(link.start + time / link.timing.speed())
        });
        let inside = self.links[common..].iter();
        let time = inside.fold(begins, |time, link| within(&link.timing, rounded(time - link.start)));
        rounded(time - self.start)
    }
}

/// The clock of an animation in a timeline.
#[derive(Clone, Debug)]
pub(crate) struct CueClock {
    /// What it is the clock of: its place in the timeline is told by that.
    cue: Arc<Cue>,
    pub(crate) playhead: Playhead,
    timing: Timing,
    /// Seconds from the beginning of the innermost timeline.
    pub(crate) start: f64,
    /// Whether a level tells it where it stands.
    pub(crate) follows: bool,
    /// Scene seconds from which on its animation has hold of the property also where later rounds wait for it.
    pub(crate) holds_from: f64,
}

impl PartialEq for CueClock {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.holds_from) == (other.start, other.holds_from) && self.is_within_the_same_as(other)
    }
}

impl CueClock {
    /// The timeline that is played.
    pub(crate) fn timeline(&self) -> &TimelineId {
        &self.cue.timeline
    }

    /// The rounds of the timeline.
    pub(super) fn timing(&self) -> &Timing {
        &self.timing
    }

    fn links(&self) -> &[Link] {
        &self.cue.links
    }

    /// What it is the clock of.
    pub(crate) fn cue(&self) -> &Arc<Cue> {
        &self.cue
    }

    /// Whether both tell the same time, but for when their animations begin.
    pub(crate) fn is_within_the_same_as(&self, other: &Self) -> bool {
        (self.playhead, self.timing, self.follows) == (other.playhead, other.timing, other.follows)
            && (Arc::ptr_eq(&self.cue.links, &other.cue.links) || self.links() == other.links())
            && self.timeline() == other.timeline()
    }

    /// Seconds since the animation's start at scene time `now`; negative before.
    pub(crate) fn elapsed(&self, now: f64) -> f64 {
        let position = self.playhead.at(now, self.timing.span());
        let mut time = within(&self.timing, seconds(position));
        for link in self.links() {
            time = within(&link.timing, rounded(time - link.start));
        }
        rounded(time - self.start)
    }

    /// Seconds of the timeline itself, over all repeats, at scene time `now`.
    pub(crate) fn position(&self, now: f64) -> f64 {
        seconds(self.playhead.at(now, self.timing.span()))
    }

    /// How many seconds of the timeline itself pass in a scene second, at scene time `now`.
    pub(crate) fn outer_rate(&self, now: f64) -> f64 {
        if self.is_running(now) { self.playhead.rate } else { 0.0 }
    }

    /// How many seconds of the animation pass in a scene second, at scene time `now`.
    pub(crate) fn rate(&self, now: f64) -> f64 {
        let mut time = self.position(now);
        let mut rate = self.outer_rate(now) * self.timing.rate(time);
        time = within(&self.timing, time);
        for link in self.links() {
            let inner = rounded(time - link.start);
            rate *= link.timing.rate(inner);
            time = within(&link.timing, inner);
        }
        rate
    }

    /// Whether its animation has the same place in the same timeline.
    pub(crate) fn is_laid_out_like(&self, other: &Self) -> bool {
        self.start == other.start
            && self.timing == other.timing
            && self.links() == other.links()
            && self.timeline() == other.timeline()
    }

    /// How many seconds of the timeline itself one of the animation takes.
    pub(crate) fn pace(&self) -> f64 {
        self.links().iter().map(|link| 1.0 / link.timing.speed()).product()
    }

    /// The scene seconds between which the timeline stands between two times of its own; none if it does not move.
    pub(crate) fn between(&self, first: f64, last: f64) -> (f64, f64) {
        if !self.playhead.running {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        let at = |position: f64| self.playhead.since + (position - self.playhead.position) / self.playhead.rate;
        let (a, b) = (at(first), at(last));
        (a.min(b), a.max(b))
    }

    /// Scene seconds before which the animation, which begins `begin` seconds after its start, has not begun; as early as can be
    /// where that is not plain.
    pub(crate) fn not_begun_before(&self, begin: f64) -> f64 {
        /// The slowest of animations in the slowest of timelines has begun so many seconds too soon by rounding.
        const SOON: f64 = 1e-3;
        let Playhead { since, position, rate, running } = self.playhead;
        let first = self.start + begin;
        let is_plain = self.links().is_empty() && self.timing.is_one_round_forwards();
        if !running || rate < 0.0 || !is_plain || first <= SOON {
            return f64::NEG_INFINITY;
        }
        since + (first - position) / rate - SOON
    }

    /// Whether the timeline stands at its end at scene time `now`, if it has one.
    pub(crate) fn is_at_end(&self, now: f64) -> bool {
        self.timing.span().is_some_and(|end| self.playhead.at(now, Some(end)) == end)
    }

    /// Whether the timeline is moving at scene time `now`.
    pub(crate) fn is_running(&self, now: f64) -> bool {
        self.playhead.state(now, self.timing.span()) == PlayState::Playing
    }

    /// The scene seconds between which anything can change that happens from `begin` to `end` seconds after the
    /// animation's start.
    pub(crate) fn changes(&self, begin: f64, end: f64) -> (f64, f64) {
        if !self.playhead.running {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        let whole: Option<Nanos> = self.timing.span();
        // Within one round the times of the animation are those of the timeline; else all of it may matter.
        let (first, last) = if self.links().is_empty() && self.timing.is_one_round_forwards() {
            (self.start + begin, self.start + end)
        } else {
            (0.0, f64::INFINITY)
        };
        let last = last.min(whole.map_or(f64::INFINITY, seconds));
        self.between(first.min(last), last)
    }
}

/// The time within a round, `time` seconds after the first began.
fn within(timing: &Timing, time: f64) -> f64 {
    if timing.has_begun(time) { seconds(timing.at(time).time) } else { time.min(-1e-9) }
}

/// To nanoseconds: sums and differences of times carry rounding errors, and a layer must move alike whenever its
/// timeline was played.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "what is rounded is far below 2^53")]
pub(crate) fn rounded(seconds: f64) -> f64 {
    /// 100 days, up to which the quick way goes.
    const FAR: f64 = 9e15;
    let nanos = seconds * 1e9;
    if nanos.abs() < FAR {
        return nearest(nanos) as f64 / 1e9;
    }
    let rounded = nanos.round() / 1e9;
    if rounded.is_finite() { rounded } else { seconds }
}
