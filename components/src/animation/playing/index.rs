//! Finding the animations of one property among many without looking at all of them.
//!
//! Timelines may do thousands of things to one layer. Each edit asks of each of their properties what decides about it
//! and what stands beneath, and each tick asks which of its animations is seen. To look at all for each answer takes time
//! by the square of their number: 100 timelines of 500 steps held the tick up for half a second.

use std::collections::HashMap;

use super::Playback;
use crate::animation::{Target, playback::Clock, timeline::TimelineId};

/// Animations of a layer up to which looking at all of them takes no longer than looking them up.
pub(super) const FEW: usize = 16;

/// Where each property's animations stand in a list of many. Places are in the order of the list everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    /// In the order in which the first of each stands.
    properties: Vec<Listed>,
    by_target: HashMap<Target, usize>,
    /// All that go on top of others.
    pub(super) mixing: Vec<u32>,
    /// The timelines, with the place of the first thing that each does.
    timelines: HashMap<TimelineId, (u32, u32)>,
    /// Timeline, property and place of each thing that takes the place of others, sorted.
    steps: Vec<(u32, Target, u32)>,
    /// The first of these of each timeline and property.
    pub(super) firsts: Vec<u32>,
}

/// The animations of a property.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Listed {
    /// The first of all.
    pub(super) first: u32,
    /// Those that take the place of others.
    pub(super) deciding: Vec<u32>,
    /// Those that go on top.
    pub(super) mixing: Vec<u32>,
    /// Where in `deciding` something begins whose parts begin one after the other: all that a timeline does by one clock, or
    /// an animation of the layer itself.
    runs: Vec<Run>,
    /// Whether any has values that are no numbers.
    pub(super) steps: bool,
}

/// See [`Listed`].
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    /// Its place in the list.
    begin: usize,
    /// Scene seconds before which none of it has begun.
    not_before: f64,
}

impl Index {
    /// `None` where there are few: these are looked at one after the other.
    pub(super) fn new(tracks: &[Playback]) -> Option<Box<Self>> {
        (tracks.len() > FEW).then(|| Box::new(Self::of(tracks)))
    }

    pub(super) fn of(tracks: &[Playback]) -> Self {
        let mut index = Self::default();
        let mut last: Option<(&TimelineId, u32)> = None;
        for (place, p) in (0..).zip(tracks) {
            let target = p.target();
            let known = index.by_target.entry(target).or_insert_with(|| {
                index.properties.push(Listed { first: place, ..Listed::default() });
                index.properties.len() - 1
            });
            let listed = &mut index.properties[*known];
            listed.steps |= p.track.steps();
            let is_mixing = p.track.mixing().is_some();
            if is_mixing {
                listed.mixing.push(place);
                index.mixing.push(place);
            } else {
                let before = listed.deciding.last().and_then(|before| tracks.get(*before as usize));
                if !before.is_some_and(|before| p.begins_after(before)) {
                    let not_before = match p.clock() {
                        Clock::Timeline(clock) => clock.not_begun_before(p.track.begin()),
                        Clock::Scene(_) | Clock::Steered(_) => f64::NEG_INFINITY,
                    };
                    listed.runs.push(Run { begin: listed.deciding.len(), not_before });
                }
                listed.deciding.push(place);
            }
            let Some(timeline) = p.timeline() else { continue };
            let number = match last.filter(|(before, _)| *before == timeline) {
                Some((_, number)) => number,
                None => {
                    let next = u32::try_from(index.timelines.len()).unwrap_or(u32::MAX);
                    index.timelines.entry(timeline.clone()).or_insert((next, place)).0
                }
            };
            last = Some((timeline, number));
            if !is_mixing {
                index.steps.push((number, target, place));
            }
        }
        index.steps.sort_unstable();
        let runs = index.steps.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        index.firsts = runs.filter_map(|run| Some(run.first()?.2)).collect();
        index.firsts.sort_unstable();
        index
    }

    /// The animations of a property, if there are any.
    pub(super) fn get(&self, target: Target) -> Option<&Listed> {
        self.by_target.get(&target).map(|place| &self.properties[*place])
    }

    /// All properties, in the order in which the first animation of each stands.
    pub(super) fn properties(&self) -> &[Listed] {
        &self.properties
    }

    /// The first thing that a timeline does.
    pub(super) fn first_of(&self, timeline: &TimelineId) -> Option<usize> {
        self.timelines.get(timeline).map(|(_, place)| *place as usize)
    }

    /// What a timeline does to a property.
    pub(super) fn of_timeline(&self, target: Target, timeline: &TimelineId) -> &[(u32, Target, u32)] {
        let Some((number, _)) = self.timelines.get(timeline) else { return &[] };
        let from = self.steps.partition_point(|(of, property, _)| (*of, *property) < (*number, target));
        let to = self.steps.partition_point(|(of, property, _)| (*of, *property) <= (*number, target));
        &self.steps[from..to]
    }
}

impl Listed {
    /// Whether there is more than one.
    pub(super) fn has_rivals(&self) -> bool {
        self.deciding.len() + self.mixing.len() > 1
    }

    /// Of those at these places the last one that has begun at scene time `now`, but for what the timeline `but` does.
    pub(super) fn last_begun(
        &self,
        tracks: &[Playback],
        places: std::ops::Range<usize>,
        now: f64,
        but: Option<&TimelineId>,
    ) -> Option<usize> {
        let first = self.deciding.partition_point(|place| (*place as usize) < places.start);
        let mut end = self.deciding.partition_point(|place| (*place as usize) < places.end);
        let mut run = self.runs.partition_point(|run| run.begin < end);
        while end > first && run > 0 {
            run -= 1;
            let Run { begin, not_before } = self.runs[run];
            let begin = begin.max(first);
            let of_run = &self.deciding[begin..end];
            // Most that wait are passed over without a look at them.
            let may_have_begun = now >= not_before;
            let is_left_out = || but.is_some() && tracks[of_run[0] as usize].timeline() == but;
            if may_have_begun && !is_left_out() {
                let begun = of_run.partition_point(|place| tracks[*place as usize].has_begun(now));
                if let Some(last) = begun.checked_sub(1) {
                    return Some(of_run[last] as usize);
                }
            }
            end = begin;
        }
        None
    }
}

impl Playback {
    /// Whether it has not begun as long as `before` has not: both go by one clock, and begin at times of it that follow one
    /// another.
    fn begins_after(&self, before: &Self) -> bool {
        match (self.clock(), before.clock()) {
            (Clock::Timeline(clock), Clock::Timeline(other)) => {
                clock.is_within_the_same_as(other)
                    && clock.start + self.track.begin() >= other.start + before.track.begin()
            }
            _ => false,
        }
    }
}

/// How the animations of a property are found.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// As it suits their number.
    BySize,
    /// Always by an index.
    Index,
    /// Always by looking at all.
    All,
}

#[cfg(test)]
impl super::Playing {
    /// The same where they are found otherwise.
    pub(crate) fn looked_up(mut self, way: Lookup) -> Self {
        match way {
            Lookup::BySize => {}
            Lookup::Index => self.index = Some(Box::new(Index::of(&self.tracks))),
            Lookup::All => self.index = None,
        }
        self
    }
}
