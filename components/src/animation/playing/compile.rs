//! Making ready what a layer plays, when something of it is edited or steered.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use smallvec::SmallVec;

use super::{
    Playing, changes,
    index::{Index, Listed},
};
use crate::{
    animation::{
        Animation, AnimationStarts, Part, Property, Queue, Sample, Subject, Target, Track,
        playback::{Clock, Playback},
        timeline::{Cue, Cues, TimelineId},
    },
    layer::Opacity,
    transform::Transform,
};

/// What the cues that have been made ready do to properties of the layer instead of others, in their order.
#[derive(Default)]
pub(super) struct Laid<'a> {
    all: Vec<(&'a Cue, Track)>,
    /// Places in this list.
    of_timelines: HashMap<(&'a TimelineId, Target), Vec<usize>>,
}

impl<'a> Laid<'a> {
    pub(super) fn push(&mut self, cue: &'a Cue, track: Track) {
        if track.mixing().is_none() {
            let known = self.of_timelines.entry((&cue.timeline, track.target())).or_default();
            known.push(self.all.len());
            self.all.push((cue, track));
        }
    }

    /// The last one of the timeline of `cue` that animates `target` and has begun when `cue` does, if it stands from `first`
    /// on.
    fn last_begun(&self, cue: &Cue, target: Target, first: usize) -> Option<usize> {
        let has_begun = |place: &usize| {
            let (before, track) = &self.all[*place];
            track.has_begun(before.elapsed_at_beginning_of(cue))
        };
        let places = self.of_timelines.get(&(&cue.timeline, target))?.iter().rev().copied();
        places.take_while(|place| *place >= first).find(has_begun)
    }

    /// To what they have brought a property when `cue` begins, which comes after them all, with `start` for what of it none
    /// has; the last of them that has a share in that, and the half of a pair that none has brought anywhere.
    pub(super) fn value_before(
        &self,
        cue: &Cue,
        target: Target,
        start: Sample,
    ) -> Option<(&Track, Sample, Option<usize>)> {
        let value = |place: usize| {
            let (before, track) = &self.all[place];
            (track, track.sample(before.elapsed_at_beginning_of(cue)))
        };
        let wholes = target.wholes().filter_map(|pair| self.last_begun(cue, pair, 0));
        let whole = self.last_begun(cue, target, 0).into_iter().chain(wholes).max();
        let mut found = whole.map(|place| {
            let (track, value) = value(place);
            (place, track, target.place_in(track.target()).map_or(value, |half| value.half(half)))
        });
        // Those that begin later go over those before them, be it of one half alone.
        let first = whole.map_or(0, |place| place + 1);
        let mut is_brought = [whole.is_some(); 2];
        for (half, of) in target.halves().into_iter().flatten().enumerate() {
            let Some(place) = self.last_begun(cue, of, first) else { continue };
            let (track, brought) = value(place);
            is_brought[half] = true;
            let so_far = found.map_or(start, |(_, _, value)| value).with_half(half, brought);
            found = Some(match found {
                Some((last, known, _)) if last > place => (last, known, so_far),
                _ => (place, track, so_far),
            });
        }
        let left = is_brought.iter().position(|is_brought| !is_brought);
        found.map(|(_, track, value)| (track, value, left))
    }
}

/// How far back an animation is looked for that moves alike: what is next to it counts, since what is known of one is
/// known while the next is looked at.
const NEAR: usize = 32;

/// Lets those that move alike share what tells them their time, and how they move.
pub(super) fn share_alike(tracks: &mut [Playback]) {
    for index in 1..tracks.len() {
        let (before, rest) = tracks.split_at_mut(index);
        if let [own, ..] = rest {
            // The nearest: what is known of one is known while the next is looked at.
            let _ = before.iter().rev().take(NEAR).any(|other| own.share(other));
        }
    }
}

impl Playing {
    /// The animations that a layer with these authored values plays, and what timelines do to it. Those that are not
    /// valid are left out.
    #[must_use]
    pub fn new<'a>(
        starts: &AnimationStarts,
        cues: &Cues,
        subject: impl Into<Subject<'a>>,
        transform: &Transform,
        opacity: &Opacity,
    ) -> Self {
        let subject = subject.into();
        let mut tracks: SmallVec<[Playback; 2]> = SmallVec::new();
        let of_cues = cues.0.iter().map(|active| &active.cue.animation);
        let with_gradients: HashSet<&Property> = (starts.animations().0.iter().chain(of_cues))
            .filter(|animation| animation.has_gradients())
            .map(|animation| &animation.property)
            .collect();
        let compile = |animation: &Animation| {
            let among_gradients = with_gradients.contains(&animation.property);
            animation.compile_among(among_gradients, subject, transform, opacity)
        };
        for (source, (animation, start)) in starts.animations().0.iter().zip(starts.starts()).enumerate() {
            let Some(clock) = Clock::of_start(start) else { continue };
            let Some(mut track) = compile(animation) else { continue };
            let (mut is_first, mut goes_on_from_another) = (animation.goes_on(), false);
            let takes_over = |p: &&Playback| p.target() == track.target() && p.track.mixing().is_none();
            if animation.queue == Queue::Append
                && animation.from.is_none()
                && animation.keyframes.is_empty()
                && let Some(before) = tracks.iter().rev().find(takes_over)
            {
                track = track.starting_from(&before.track, before.track.last());
                (is_first, goes_on_from_another) = (false, true);
            }
            let heading = animation.heading(&track, transform);
            let playback = |track| {
                let mut playback = Playback::new(track, clock.clone(), source);
                (playback.is_from_authored, playback.goes_on_from_another) = (is_first, goes_on_from_another);
                playback
            };
            tracks.extend([Some(track), heading].into_iter().flatten().map(playback));
        }
        let mut laid = Laid::default();
        for (source, active) in cues.0.iter().enumerate() {
            let cue = &*active.cue;
            let Some(mut track) = compile(&cue.animation) else { continue };
            let (mut is_first, mut goes_on_from_another) = (cue.animation.goes_on(), false);
            let mut authored_half = None;
            if cue.animation.from.is_none()
                && cue.animation.keyframes.is_empty()
                && track.mixing().is_none()
                && let Some((before, value, left)) = laid.value_before(cue, track.target(), track.first())
            {
                track = track.starting_from(before, value);
                (is_first, goes_on_from_another, authored_half) = (false, true, left);
            }
            let heading = cue.animation.heading(&track, transform);
            for track in [Some(track), heading].into_iter().flatten() {
                laid.push(cue, track.clone());
                let mut playback = Playback::new(track, Clock::Timeline(Arc::new(active.clock())), source);
                (playback.is_from_authored, playback.goes_on_from_another) = (is_first, goes_on_from_another);
                playback.authored_half = authored_half.filter(|_| playback.target().halves().is_some());
                tracks.push(playback);
            }
        }
        share_alike(&mut tracks);
        let index = Index::new(&tracks);
        for place in 0..tracks.len() {
            let target = tracks[place].target();
            tracks[place].rivalled = match &index {
                None => tracks.iter().filter(|other| other.target() == target).count() > 1,
                Some(index) => index.get(target).is_some_and(Listed::has_rivals),
            };
        }
        let all_begun = tracks.iter().map(Playback::begun_for_good).fold(f64::NEG_INFINITY, f64::max);
        let (begin, end) = changes(&tracks);
        let mut animates = [false; Part::COUNT];
        for part in tracks.iter().filter_map(|p| p.target().part()) {
            animates[part as usize] = true;
        }
        let mixes = tracks.iter().any(|p| p.track.mixing().is_some());
        Self { tracks, index, spans: None, begin, end, all_begun, animates, mixes, drifting: Vec::new() }
    }
}
