//! Making ready what a layer plays, when something of it is edited or steered.

use smallvec::SmallVec;

use super::{Playing, changes};
use crate::{
    animation::{
        Animation, AnimationStarts, Part, Property, Queue, Sample, Subject, Target, Track,
        playback::{Clock, Playback},
        timeline::{Cue, Cues},
    },
    layer::Opacity,
    transform::Transform,
};

/// To what the earlier cues of its timeline have brought a property when `cue` begins, with `start` for what of it none
/// has.
fn value_before<'a>(
    earlier: &'a [(&Cue, Track)],
    cue: &Cue,
    target: Target,
    start: Sample,
) -> Option<(&'a Track, Sample)> {
    let has_begun = |(before, track): &&(&Cue, Track)| {
        track.mixing().is_none()
            && before.timeline == cue.timeline
            && track.has_begun(before.elapsed_at_beginning_of(cue))
    };
    let value = |(before, track): &(&Cue, Track)| track.sample(before.elapsed_at_beginning_of(cue));
    let mut found = None;
    // Those that begin later go over those before them, be it of one half alone.
    for one @ (_, track) in earlier.iter().filter(has_begun) {
        let so_far = found.map_or(start, |(_, value)| value);
        let brought = if track.target() == target {
            value(one)
        } else if let Some(place) = track.target().place_in(target) {
            so_far.with_half(place, value(one))
        } else if let Some(place) = target.place_in(track.target()) {
            value(one).half(place)
        } else {
            continue;
        };
        found = Some((track, brought));
    }
    found
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
        let with_gradients: Vec<&Property> = (starts.animations().0.iter().chain(of_cues))
            .filter(|animation| animation.has_gradients())
            .map(|animation| &animation.property)
            .collect();
        let compile = |animation: &Animation| {
            let among_gradients = with_gradients.contains(&&animation.property);
            animation.compile_among(among_gradients, subject, transform, opacity)
        };
        for (source, (animation, start)) in starts.animations().0.iter().zip(starts.starts()).enumerate() {
            let Some(clock) = Clock::of_start(start) else { continue };
            let Some(mut track) = compile(animation) else { continue };
            let mut is_first = animation.goes_on();
            let takes_over = |p: &&Playback| p.target() == track.target() && p.track.mixing().is_none();
            if animation.queue == Queue::Append
                && animation.from.is_none()
                && animation.keyframes.is_empty()
                && let Some(before) = tracks.iter().rev().find(takes_over)
            {
                track = track.starting_from(&before.track, before.track.last());
                is_first = false;
            }
            let heading = animation.heading(&track, transform);
            let playback = |track| {
                let mut playback = Playback::new(track, clock.clone(), source);
                playback.is_from_authored = is_first;
                playback
            };
            tracks.extend([Some(track), heading].into_iter().flatten().map(playback));
        }
        let mut laid: Vec<(&Cue, Track)> = Vec::with_capacity(cues.0.len());
        for (source, active) in cues.0.iter().enumerate() {
            let cue = &*active.cue;
            let Some(mut track) = compile(&cue.animation) else { continue };
            let mut is_first = cue.animation.goes_on();
            if cue.animation.from.is_none()
                && cue.animation.keyframes.is_empty()
                && track.mixing().is_none()
                && let Some((before, value)) = value_before(&laid, cue, track.target(), track.first())
            {
                track = track.starting_from(before, value);
                is_first = false;
            }
            let heading = cue.animation.heading(&track, transform);
            for track in [Some(track), heading].into_iter().flatten() {
                laid.push((cue, track.clone()));
                let mut playback = Playback::new(track, Clock::Timeline(Box::new(active.clock())), source);
                playback.is_from_authored = is_first;
                tracks.push(playback);
            }
        }
        for index in 0..tracks.len() {
            let (before, rest) = tracks.split_at_mut(index);
            if let [own, ..] = rest {
                // The nearest: what is known of one is known while the next is looked at.
                let _ = before.iter().rev().any(|other| own.share(other));
            }
            let target = tracks[index].target();
            tracks[index].rivalled = tracks.iter().filter(|other| other.target() == target).count() > 1;
        }
        let all_begun = tracks.iter().map(Playback::begun_for_good).fold(f64::NEG_INFINITY, f64::max);
        let (begin, end) = changes(&tracks);
        let mut animates = [false; Part::COUNT];
        for part in tracks.iter().filter_map(|p| p.target().part()) {
            animates[part as usize] = true;
        }
        let mixes = tracks.iter().any(|p| p.track.mixing().is_some());
        Self { tracks, begin, end, all_begun, animates, mixes, drifting: Vec::new() }
    }
}
