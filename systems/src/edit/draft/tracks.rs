//! Edits of single tracks of what is heard.

use components::{
    AudioDocument, TrackDocument, TrackId,
    animation::{Animation, AnimationControl, MAX_ANIMATIONS},
    document::{Fault, check_audio, nearest},
    edit::EditRejected,
};
use serde_json::Value;

use super::{Draft, invalid, layers::no_animation, parts::patched};
use crate::clock::Input;

impl Draft<'_> {
    /// The place of a track in the scene's list.
    pub(super) fn track(&self, id: &TrackId) -> Result<usize, EditRejected> {
        let tracks = &self.header().audio.tracks;
        tracks.iter().position(|track| track.id == *id).ok_or_else(|| {
            let nearest = nearest(id.as_str(), tracks.iter().map(|track| track.id.as_str())).map(str::to_owned);
            EditRejected::UnknownTrack { id: id.to_string(), nearest }
        })
    }

    /// Whether there is such a track, or none is named.
    pub(super) fn find_sound(&self, track: Option<&TrackId>) -> Result<(), EditRejected> {
        track.map_or(Ok(()), |track| self.track(track).map(drop))
    }

    pub(super) fn put_track(&mut self, track: TrackDocument) -> Result<(), EditRejected> {
        let mut audio = self.header().audio.clone();
        let place = self.track(&track.id).unwrap_or(audio.tracks.len());
        let is_new = place == audio.tracks.len();
        audio.tracks.splice(place..(place + 1).min(audio.tracks.len()), [track]);
        self.set_track(audio, place)?;
        self.done.created |= is_new;
        Ok(())
    }

    pub(super) fn patch_track(&mut self, place: usize, patch: &Value) -> Result<(), EditRejected> {
        let mut audio = self.header().audio.clone();
        let track: TrackDocument = patched(&audio.tracks[place], patch)?;
        let id = &audio.tracks[place].id;
        if track.id != *id {
            let expected = format!("`{id}`, by which the track is named: a track's id stays");
            return Err(invalid("/id", &format!("`{}`", track.id), &expected));
        }
        audio.tracks[place] = track;
        self.set_track(audio, place)
    }

    pub(super) fn delete_track(&mut self, id: &TrackId) -> Result<(), EditRejected> {
        let mut audio = self.header().audio.clone();
        audio.tracks.remove(self.track(id)?);
        self.set_audio(audio)
    }

    pub(super) fn add_sound_animation(
        &mut self,
        track: Option<&TrackId>,
        animation: Animation,
    ) -> Result<(), EditRejected> {
        let mut audio = self.header().audio.clone();
        let (base, animations) = match track {
            Some(id) => {
                let place = self.track(id)?;
                (format!("/tracks/{place}"), &mut audio.tracks[place].animations)
            }
            None => (String::new(), &mut audio.animations),
        };
        let count = animations.0.len();
        if count >= MAX_ANIMATIONS {
            let found = format!("an animation beside {count} others");
            return Err(invalid("", &found, &format!("at most {MAX_ANIMATIONS} in a list: remove one first")));
        }
        animations.0.push(animation);
        self.set_sound(audio, &format!("{base}/animations/{count}"))
    }

    pub(super) fn remove_sound_animation(&mut self, track: Option<&TrackId>, index: usize) -> Result<(), EditRejected> {
        self.sound_animation(track, index)?;
        let mut audio = self.header().audio.clone();
        let animations = match track {
            Some(id) => &mut audio.tracks[self.track(id)?].animations,
            None => &mut audio.animations,
        };
        animations.0.remove(index);
        self.header_mut().audio = audio;
        Ok(())
    }

    pub(super) fn control_sound_animation(
        &mut self,
        track: Option<TrackId>,
        index: usize,
        control: AnimationControl,
    ) -> Result<(), EditRejected> {
        let animation = Box::new(self.sound_animation(track.as_ref(), index)?.clone());
        self.inputs.push(Input::Sound { track, index, animation, control });
        Ok(())
    }

    /// The animation at a place in the list of a track, or of the whole mix if there is none.
    fn sound_animation(&self, track: Option<&TrackId>, index: usize) -> Result<&Animation, EditRejected> {
        let audio = &self.header().audio;
        let (animations, whose) = match track {
            Some(id) => (&audio.tracks[self.track(id)?].animations, "the track"),
            None => (&audio.animations, "the whole mix"),
        };
        animations.0.get(index).ok_or_else(|| no_animation(animations.0.len(), index, whose))
    }

    /// Faults of the track at `place` are told with pointers from it on.
    fn set_track(&mut self, audio: AudioDocument, place: usize) -> Result<(), EditRejected> {
        self.set_sound(audio, &format!("/tracks/{place}"))
    }

    /// Faults of what is at `base` are told with pointers from it on.
    fn set_sound(&mut self, audio: AudioDocument, base: &str) -> Result<(), EditRejected> {
        let of_it = |fault: Fault| {
            let rest = fault.pointer.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let pointer = rest.unwrap_or(&fault.pointer).to_owned();
            Fault { pointer, ..fault }
        };
        let faults: Vec<Fault> = check_audio(&audio, &self.header().assets).into_iter().map(of_it).collect();
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        self.header_mut().audio = audio;
        Ok(())
    }
}
