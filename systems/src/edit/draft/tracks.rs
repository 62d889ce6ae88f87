//! Edits of single tracks of what is heard.

use components::{
    AudioDocument, TrackDocument, TrackId,
    document::{Fault, check_audio, nearest},
    edit::EditRejected,
};
use serde_json::Value;

use super::{Draft, invalid, parts::patched};

impl Draft<'_> {
    /// The place of a track in the scene's list.
    pub(super) fn track(&self, id: &TrackId) -> Result<usize, EditRejected> {
        let tracks = &self.header().audio.tracks;
        tracks.iter().position(|track| track.id == *id).ok_or_else(|| {
            let nearest = nearest(id.as_str(), tracks.iter().map(|track| track.id.as_str())).map(str::to_owned);
            EditRejected::UnknownTrack { id: id.to_string(), nearest }
        })
    }

    pub(super) fn put_track(&mut self, track: TrackDocument) -> Result<(), EditRejected> {
        let mut audio = self.header().audio.clone();
        let place = self.track(&track.id).unwrap_or(audio.tracks.len());
        let is_new = place == audio.tracks.len();
        audio.tracks.splice(place..(place + 1).min(audio.tracks.len()), [track]);
        self.set_track(audio, place)?;
        self.created |= is_new;
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

    /// Faults of the track at `place` are told with pointers from it on.
    fn set_track(&mut self, audio: AudioDocument, place: usize) -> Result<(), EditRejected> {
        let base = format!("/tracks/{place}");
        let of_it = |fault: Fault| {
            let rest = fault.pointer.strip_prefix(&base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
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
