//! Whether the tracks of a scene fit together, and what moves them or waits for their levels fits them.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    fault::{MAX_FAULTS, Place},
    meaning::{Checks, of_other_type},
    outline::{AssetEntry, Outline, TimelineEntry, TrackEntry, TriggerEntry},
    rules::quoted,
    words::{nearest, shown_key, shown_number, shown_text},
};
use crate::{
    animation::{
        self, Animation, Subject,
        trigger::{Cause, Passing},
    },
    asset::AssetKind,
    audio::{AudioDocument, FLOOR, TrackId},
};

impl<P: Fn(&str) -> Option<Place>> Checks<P> {
    pub(super) fn tracks(&mut self, outline: &Outline<'_>) {
        let mut first: HashMap<&str, &str> = HashMap::new();
        for TrackEntry { pointer, id, .. } in &outline.tracks {
            let Some(id) = id.as_deref() else { continue };
            if let Some(earlier) = first.get(id) {
                let earlier = self.whereabouts(earlier);
                let expected = format!("an id that no other track has: {earlier} has this one");
                self.fault(format!("{pointer}/id"), format!("the track id {} a second time", shown_key(id)), expected);
            } else {
                first.insert(id, pointer);
            }
        }
        if outline.assets_known {
            self.sounds(outline);
        }
        if outline.tracks_known {
            self.ducking(outline);
        }
        let (pointer, animations) = &outline.of_mix;
        self.animations_of(pointer, animations, (&AudioDocument::default()).into());
        for TrackEntry { pointer, mix, animations, .. } in &outline.tracks {
            if let Some(mix) = mix {
                self.animations_of(&format!("{pointer}/animations"), animations, Subject::Track(*mix));
            }
        }
    }

    /// The animations of a track or of the whole mix.
    fn animations_of(&mut self, pointer: &str, animations: &[(usize, Cow<'_, Animation>)], subject: Subject<'_>) {
        for (index, animation) in animations {
            self.all(&format!("{pointer}/{index}"), animation::check(animation, subject));
        }
        let queues = animations.iter().map(|(index, animation)| (*index, &**animation));
        self.all(pointer, animation::check_queues(queues));
    }

    /// Every asset that a track names is a sound.
    fn sounds(&mut self, outline: &Outline<'_>) {
        let is_sound = |asset: &&AssetEntry<'_>| asset.kind.is_none_or(|kind| kind == AssetKind::Audio);
        let sounds = || outline.assets.iter().filter(is_sound).map(|asset| &*asset.id).take(1000);
        let known: HashMap<&str, &AssetEntry<'_>> = outline.assets.iter().map(|asset| (&*asset.id, asset)).collect();
        for TrackEntry { pointer, assets, .. } in &outline.tracks {
            for (index, wanted) in assets {
                let (found, expected) = match known.get(&**wanted) {
                    Some(asset) if is_sound(asset) => continue,
                    Some(asset) => (of_other_type(wanted, asset), "an asset of type `\"audio\"`"),
                    None if sounds().next().is_none() => {
                        (shown_text(wanted), "the id of a sound in the scene's `assets`, which has none yet")
                    }
                    None => (shown_text(wanted), "the id of a sound in the scene's `assets`"),
                };
                let near = nearest(wanted, sounds()).map(quoted);
                self.near_fault(format!("{pointer}/source/assets/{index}"), found, expected, near);
            }
        }
    }

    /// Every track that another makes way for is there, and is another.
    fn ducking(&mut self, outline: &Outline<'_>) {
        let known: HashSet<&str> = outline.tracks.iter().filter_map(|track| track.id.as_deref()).collect();
        for TrackEntry { pointer, id, ducked_by, .. } in &outline.tracks {
            let others = || known.iter().copied().filter(|known| Some(*known) != id.as_deref());
            for (index, wanted) in ducked_by {
                let (found, expected) = if Some(&**wanted) == id.as_deref() {
                    ("the track itself".to_owned(), "another track of the scene")
                } else if known.contains(&**wanted) {
                    continue;
                } else {
                    (shown_text(wanted), "the id of another track of the scene")
                };
                // In order, so that of two that are as near the same one is told each time.
                let mut others: Vec<&str> = others().collect();
                others.sort_unstable();
                let near = nearest(wanted, others).filter(|near| *near != &**wanted).map(quoted);
                self.near_fault(format!("{pointer}/duck/by/{index}"), found, expected, near);
            }
        }
    }

    /// Every track that timelines follow and triggers wait for is there, and its level can change what it should.
    pub(super) fn heard(
        &mut self,
        timelines: &[TimelineEntry<'_>],
        triggers: &[TriggerEntry<'_>],
        outline: &Outline<'_>,
    ) {
        for TimelineEntry { pointer, document, .. } in timelines {
            let Some(scale) = document.as_deref().and_then(|timeline| timeline.follows.as_ref()) else { continue };
            let pointer = format!("{pointer}/follows");
            self.track_name(&pointer, scale.track.as_ref(), outline);
            if scale.from >= scale.to {
                let expected = format!("more than `from`, which is {}", shown_number(scale.from));
                self.fault(format!("{pointer}/to"), format!("`{}`", shown_number(scale.to)), expected);
            }
        }
        for (pointer, cause) in triggers.iter().filter_map(|trigger| trigger.cause.as_ref()) {
            let Cause::AudioLevel { track, goes, threshold, hysteresis, .. } = &**cause else { continue };
            self.track_name(pointer, track.as_ref(), outline);
            let (room, end) = match goes {
                Passing::Above => (threshold - FLOOR, format!("that is silence, {} dBFS", shown_number(FLOOR))),
                Passing::Below => (-threshold, "that is full scale, 0 dBFS".to_owned()),
            };
            let room = (room * 1e3).floor() / 1e3;
            if *hysteresis > room {
                self.fault(
                    format!("{pointer}/hysteresis"),
                    format!("`{}`", shown_number(*hysteresis)),
                    format!("at most {}: {end}, and beyond it the trigger would act only once", shown_number(room)),
                );
            }
        }
    }

    pub(super) fn track_name(&mut self, pointer: &str, track: Option<&TrackId>, outline: &Outline<'_>) {
        let tracks = || outline.tracks.iter().filter_map(|track| track.id.as_deref());
        let Some(track) = track.filter(|_| outline.tracks_known) else { return };
        if tracks().any(|known| known == track.as_str()) {
            return;
        }
        let expected = match tracks().next() {
            Some(_) => "the id of a track of the scene's `audio`, or no `track` for the whole mix",
            None => "no `track`, for the whole mix: the scene's `audio` has no tracks yet",
        };
        let near = nearest(track.as_str(), tracks()).map(quoted);
        self.near_fault(format!("{pointer}/track"), shown_text(track.as_str()), expected, near);
    }

    fn near_fault(&mut self, pointer: String, found: String, expected: &str, nearest: Option<String>) {
        if self.faults.len() >= MAX_FAULTS {
            return;
        }
        self.fault(pointer, found, expected);
        if let Some(fault) = self.faults.last_mut() {
            fault.nearest = nearest;
        }
    }
}
