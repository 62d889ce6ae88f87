//! What stands where among the animations of a layer.

use std::ops::Range;

use super::{Playback, Playing};
use crate::animation::{Target, timeline::TimelineId};

/// Places of animations, in their order.
#[derive(Clone)]
pub(in crate::animation) struct Places<'a> {
    tracks: &'a [Playback],
    left: Left<'a>,
}

#[derive(Clone)]
enum Left<'a> {
    /// All in this range that are wanted.
    Wanted(Range<usize>, Wanted<'a>),
    Listed(std::slice::Iter<'a, u32>),
    OfTimeline(std::slice::Iter<'a, (u32, Target, u32)>),
}

#[derive(Clone, Copy)]
struct Wanted<'a> {
    target: Target,
    is_mixing: bool,
    timeline: Option<&'a TimelineId>,
}

impl Wanted<'_> {
    fn is(&self, p: &Playback) -> bool {
        p.target() == self.target
            && p.track.mixing().is_some() == self.is_mixing
            && (self.timeline.is_none() || p.timeline() == self.timeline)
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match &mut self.left {
            Left::Wanted(range, wanted) => range.find(|place| wanted.is(&self.tracks[*place])),
            Left::Listed(places) => places.next().map(|place| *place as usize),
            Left::OfTimeline(steps) => steps.next().map(|(_, _, place)| *place as usize),
        }
    }
}

impl DoubleEndedIterator for Places<'_> {
    fn next_back(&mut self) -> Option<usize> {
        match &mut self.left {
            Left::Wanted(range, wanted) => range.rfind(|place| wanted.is(&self.tracks[*place])),
            Left::Listed(places) => places.next_back().map(|place| *place as usize),
            Left::OfTimeline(steps) => steps.next_back().map(|(_, _, place)| *place as usize),
        }
    }
}

impl Playing {
    /// Those of a property that take the place of others.
    pub(super) fn deciding(&self, target: Target) -> Places<'_> {
        self.places(target, false)
    }

    /// Those of a property that go on top of others.
    pub(super) fn mixing(&self, target: Target) -> Places<'_> {
        self.places(target, true)
    }

    fn places(&self, target: Target, is_mixing: bool) -> Places<'_> {
        let left = match &self.index {
            None => Left::Wanted(0..self.tracks.len(), Wanted { target, is_mixing, timeline: None }),
            Some(index) => Left::Listed(match index.get(target) {
                None => [].iter(),
                Some(listed) if is_mixing => listed.mixing.iter(),
                Some(listed) => listed.deciding.iter(),
            }),
        };
        Places { tracks: &self.tracks, left }
    }

    /// What a timeline does to a property, in the order in which it begins.
    pub(in crate::animation) fn of_timeline<'a>(
        &'a self,
        target: Target,
        timeline: &'a TimelineId,
    ) -> impl DoubleEndedIterator<Item = &'a Playback> + Clone {
        self.places_of_timeline(target, timeline).map(|place| &self.tracks[place])
    }

    /// The first that a timeline does to a property or to a pair that it is a half of.
    pub(in crate::animation) fn first_of_timeline_about(
        &self,
        target: Target,
        timeline: &TimelineId,
    ) -> Option<&Playback> {
        let firsts = target.and_wholes().filter_map(|of| self.places_of_timeline(of, timeline).next());
        firsts.min().map(|place| &self.tracks[place])
    }

    pub(super) fn places_of_timeline<'a>(&'a self, target: Target, timeline: &'a TimelineId) -> Places<'a> {
        let left = match &self.index {
            None => {
                let wanted = Wanted { target, is_mixing: false, timeline: Some(timeline) };
                Left::Wanted(0..self.tracks.len(), wanted)
            }
            Some(index) => Left::OfTimeline(index.of_timeline(target, timeline).iter()),
        };
        Places { tracks: &self.tracks, left }
    }

    /// The first thing that a timeline does to the layer.
    pub(in crate::animation) fn first_of_timeline(&self, timeline: &TimelineId) -> Option<&Playback> {
        match &self.index {
            None => self.tracks.iter().find(|p| p.timeline() == Some(timeline)),
            Some(index) => index.first_of(timeline).map(|place| &self.tracks[place]),
        }
    }

    /// The places of the first thing that takes the place of others of each timeline and property.
    pub(in crate::animation) fn firsts(&self) -> Vec<usize> {
        let Some(index) = &self.index else {
            let decides = |place: &usize| self.tracks[*place].track.mixing().is_none();
            let is_first = |place: &usize| {
                let p = &self.tracks[*place];
                p.timeline()
                    .is_some_and(|timeline| self.places_of_timeline(p.target(), timeline).next() == Some(*place))
            };
            return (0..self.tracks.len()).filter(decides).filter(is_first).collect();
        };
        index.firsts.iter().map(|place| *place as usize).collect()
    }

    /// The place of the first animation of each property, in their order.
    pub(super) fn properties(&self) -> impl Iterator<Item = usize> {
        let few = match self.index {
            Some(_) => 0..0,
            None => 0..self.tracks.len(),
        };
        let is_first = |place: &usize| {
            let p = &self.tracks[*place];
            !p.rivalled || self.tracks[..*place].iter().all(|earlier| earlier.target() != p.target())
        };
        let many = self.index.iter().flat_map(|index| index.properties()).map(|listed| listed.first as usize);
        few.filter(is_first).chain(many)
    }

    /// The first animation of a property, be it one that goes on top.
    pub(super) fn first(&self, target: Target) -> Option<usize> {
        match &self.index {
            None => self.tracks.iter().position(|p| p.target() == target),
            Some(index) => index.get(target).map(|listed| listed.first as usize),
        }
    }

    /// Of those at these places the last one of a property that has begun at scene time `now`, but for what the timeline `but`
    /// does.
    pub(in crate::animation) fn last_begun(
        &self,
        target: Target,
        places: Range<usize>,
        now: f64,
        but: Option<&TimelineId>,
    ) -> Option<usize> {
        if let Some(index) = &self.index {
            return index.get(target)?.last_begun(&self.tracks, places, now, but);
        }
        let wanted = Wanted { target, is_mixing: false, timeline: None };
        let is_begun = |place: &usize| {
            let p = &self.tracks[*place];
            wanted.is(p) && (but.is_none() || p.timeline() != but) && p.has_begun(now)
        };
        places.rev().find(is_begun)
    }

    /// The same of a property or of a pair that it is a half of.
    pub(in crate::animation) fn last_begun_about(
        &self,
        target: Target,
        places: Range<usize>,
        now: f64,
        but: Option<&TimelineId>,
    ) -> Option<usize> {
        target.and_wholes().filter_map(|of| self.last_begun(of, places.clone(), now, but)).max()
    }

    /// The first that takes the place of others of a property or of a pair that it is a half of.
    pub(in crate::animation) fn first_about(&self, target: Target) -> Option<usize> {
        target.and_wholes().filter_map(|of| self.deciding(of).next()).min()
    }
}
