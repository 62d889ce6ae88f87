//! How the sound is mixed: what the animations and timelines of tracks and of the whole mix make of them at the present
//! scene time.
//!
//! Tracks are no entities: they stand in the scene's header, and whoever mixes gets them from there. What moves them is
//! kept here, and sampled as what moves layers is; authored values are never written.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bevy_ecs::{
    change_detection::{DetectChanges, DetectChangesMut, Ref},
    resource::Resource,
    system::{Local, Query, Res, ResMut},
};
use components::{
    Animations, AudioDocument, Opacity, TrackId, Transform,
    animation::{
        Animation, AnimationControl, AnimationStarts, AnimationStatus, Cues, Drift, Drifts, Part, Playing, Start,
        Subject, Transitions,
        slots::Slots,
        timeline::{ActiveCue, CueTarget},
    },
    audio::{MasterMix, Mix, TrackMix},
};
use serde::{Deserialize, Serialize};

use crate::{
    clock::{SceneTime, Timelines},
    scene::SceneHeader,
};

/// What moves the sound, and how it is mixed.
#[derive(Resource, Clone, Debug, Default)]
pub struct SoundMotion {
    master: Moving<MasterMix>,
    /// In the order of the document.
    tracks: Vec<(TrackId, Moving<TrackMix>)>,
    /// As the last tick left it.
    mix: Arc<Mix>,
    /// Seconds by which it is sampled ahead of scene time.
    lead: f64,
    /// Whether animations began or were edited on this tick.
    is_edited: bool,
    /// When the animations of tracks that are still to come started: those of a scene that goes on.
    resumed: Option<SoundStarts>,
    /// What animations and timelines of such a scene carry on, until all of these are known.
    carried: Option<SoundDrifts>,
    /// Whether triggers changed since the last tick how it is mixed.
    is_changed_between: bool,
    /// Whether another scene has come on air since the last tick.
    is_other: bool,
    /// How it was mixed just before this tick, if nobody could foresee that on the last one.
    until: Option<Arc<Mix>>,
}

/// Scene seconds at which the animations of the sound started, in the order of each list, and what they carry on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SoundStarts {
    /// Those of the whole mix.
    pub mix: Vec<Start>,
    /// Those of tracks.
    pub tracks: BTreeMap<TrackId, Vec<Start>>,
    /// What those that took over carry on of what was under way.
    #[serde(skip_serializing_if = "SoundDrifts::is_empty")]
    pub drifts: SoundDrifts,
}

/// What animations and timelines that took over the sound carry on of what was under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SoundDrifts {
    /// Those of the whole mix.
    pub mix: Vec<Drift>,
    /// Those of tracks that have any.
    pub tracks: BTreeMap<TrackId, Vec<Drift>>,
}

impl SoundDrifts {
    fn is_empty(&self) -> bool {
        self.mix.is_empty() && self.tracks.is_empty()
    }
}

/// A track or the whole mix with what moves it.
#[derive(Clone, Debug, Default)]
struct Moving<M> {
    authored: M,
    starts: AnimationStarts,
    cues: Cues,
    playing: Playing,
    /// What animations carry on that took over.
    drifts: Drifts,
    /// What is heard.
    shown: M,
}

impl<M: Copy + Slots + PartialEq> Moving<M> {
    fn compile(&mut self, subject: Subject<'_>, now: f64) {
        let Self { starts, cues, drifts, .. } = self;
        if starts.starts().is_empty() && cues.0.is_empty() {
            (self.playing, self.drifts) = (Playing::default(), Drifts::default());
            return;
        }
        // It has neither of the last two.
        let of_sound = (subject, &Transform::default(), &Opacity::default());
        let compiled = Playing::new(starts, cues, subject, of_sound.1, of_sound.2);
        drifts.update(&Transitions::default(), (starts, cues), (&self.playing, &compiled), of_sound, now);
        self.playing = compiled.with_drifts(drifts);
    }

    /// Returns whether the cues are other ones.
    fn cue(&mut self, cues: Cues, subject: Subject<'_>, now: f64) -> bool {
        let are_others = self.cues != cues;
        if are_others {
            self.cues = cues;
            self.compile(subject, now);
        }
        are_others
    }

    /// Carries these on and nothing else, as in a scene that has always been there.
    fn carry_on(&mut self, drifts: Vec<Drift>, subject: Subject<'_>, now: f64) {
        (self.drifts, self.playing) = (Drifts::resumed(drifts), Playing::default());
        self.compile(subject, now);
    }

    fn left(&self, now: f64) -> Vec<Drift> {
        self.drifts.left(now).cloned().collect()
    }

    /// Steers a single animation. Returns whether it is there.
    fn steer(
        &mut self,
        (index, animation): (usize, &Animation),
        control: AnimationControl,
        subject: Subject<'_>,
        now: f64,
    ) -> bool {
        let Some(index) = self.starts.find(index, animation) else { return false };
        self.starts.control(index, control, now);
        self.compile(subject, now);
        true
    }

    /// Whether it is heard otherwise than before.
    fn sample(&mut self, now: f64) -> bool {
        let mut shown = self.authored;
        self.playing.apply_to(Part::Sound, &mut shown, now);
        let differs = shown != self.shown;
        self.shown = shown;
        differs
    }
}

impl SoundMotion {
    /// Forgets what moved the scene before. What comes begins anew, or goes on as these say.
    pub(crate) fn begin(&mut self, resumed: Option<SoundStarts>) {
        let (mix, lead) = (Arc::clone(&self.mix), self.lead);
        *self = Self { mix, lead, is_edited: true, resumed, is_other: true, ..Self::default() };
    }

    /// How the sound is mixed, as the last tick left it.
    pub(crate) fn mix(&self) -> &Arc<Mix> {
        &self.mix
    }

    /// How it was mixed just before the last tick, if triggers changed that between it and the one before.
    pub(crate) fn take_until(&mut self) -> Option<Arc<Mix>> {
        self.until.take()
    }

    /// Has it sampled so many seconds ahead.
    pub(crate) fn set_lead(&mut self, seconds: f64) {
        self.lead = seconds;
    }

    /// How it is mixed at another scene time, if nothing happens until then.
    pub(crate) fn mix_at(&self, seconds: f64) -> Mix {
        let mut master = self.master.authored;
        self.master.playing.apply_to(Part::Sound, &mut master, seconds);
        let tracks = self.tracks.iter().map(|(_, track)| {
            let mut mix = track.authored;
            track.playing.apply_to(Part::Sound, &mut mix, seconds);
            mix
        });
        Mix { master, tracks: tracks.collect() }
    }

    /// Whether it will be mixed differently just because scene time goes on.
    pub(crate) fn is_moving(&self, now: f64) -> bool {
        let playing = self.tracks.iter().map(|(_, track)| &track.playing).chain([&self.master.playing]);
        playing.into_iter().any(|playing| !playing.is_quiet_between(now, f64::INFINITY))
    }

    /// When the animations started, and what of what they carry on is left at scene time `now`, to go on from there another
    /// time.
    pub(crate) fn starts(&self, now: f64) -> SoundStarts {
        let starts = |starts: &AnimationStarts| starts.starts().to_vec();
        let tracks = self.tracks.iter().filter(|(_, track)| !track.starts.starts().is_empty());
        let drifts = self.tracks.iter().map(|(id, track)| (id.clone(), track.left(now)));
        SoundStarts {
            mix: starts(&self.master.starts),
            tracks: tracks.map(|(id, track)| (id.clone(), starts(&track.starts))).collect(),
            drifts: SoundDrifts {
                mix: self.master.left(now),
                tracks: drifts.filter(|(_, drifts)| !drifts.is_empty()).collect(),
            },
        }
    }

    /// The same if any of it changed on this tick, which has been told then.
    pub(crate) fn take_edited(&mut self, now: f64) -> Option<SoundStarts> {
        std::mem::take(&mut self.is_edited).then(|| self.starts(now))
    }

    /// Takes over the sound as it is written at scene time `now`: animations that were there before go on.
    fn follow(&mut self, audio: &AudioDocument, now: f64) {
        let before = self.starts(now);
        let resumed = self.resumed.take().map(|SoundStarts { mix, tracks, drifts }| {
            self.carried = Some(drifts);
            (mix, tracks)
        });
        let (mix, mut starts) = resumed.unwrap_or_default();
        self.master.authored = audio.into();
        begin(&mut self.master.starts, &audio.animations, Some(mix), now);
        self.master.compile(audio.into(), now);
        let mut known: BTreeMap<TrackId, Moving<TrackMix>> = std::mem::take(&mut self.tracks).into_iter().collect();
        let mut tracks = Vec::with_capacity(audio.tracks.len());
        for track in &audio.tracks {
            let mut moving = known.remove(&track.id).unwrap_or_else(|| Moving {
                authored: track.into(),
                starts: AnimationStarts::default(),
                cues: Cues::default(),
                playing: Playing::default(),
                drifts: Drifts::default(),
                shown: track.into(),
            });
            moving.authored = track.into();
            begin(&mut moving.starts, &track.animations, starts.remove(&track.id), now);
            moving.compile(track.into(), now);
            tracks.push((track.id.clone(), moving));
        }
        self.tracks = tracks;
        self.is_edited |= self.starts(now) != before;
    }

    /// Steers a single animation of a track, or of the whole mix if there is none, at scene time `now`.
    pub(crate) fn steer(
        &mut self,
        audio: &AudioDocument,
        track: Option<&TrackId>,
        animation: (usize, &Animation),
        control: AnimationControl,
        now: f64,
    ) {
        // It may have been added just now.
        self.follow(audio, now);
        let Some(track) = track else {
            self.is_edited |= self.master.steer(animation, control, audio.into(), now);
            return;
        };
        let mut tracks = self.tracks.iter_mut().zip(&audio.tracks);
        if let Some(((_, moving), document)) = tracks.find(|((id, _), _)| id == track) {
            self.is_edited |= moving.steer(animation, control, document.into(), now);
        }
    }

    /// Where the animations of a track stand at scene time `now`, or those of the whole mix if there is none; `None` if
    /// there is no such track.
    pub(crate) fn status(&self, track: Option<&TrackId>, now: f64) -> Option<Vec<AnimationStatus>> {
        let Some(track) = track else { return Some(self.master.starts.status(now)) };
        let (_, moving) = self.tracks.iter().find(|(id, _)| id == track)?;
        Some(moving.starts.status(now))
    }

    /// Takes over what the timelines do to the sound from scene time `when` on, between two ticks.
    pub(crate) fn cue_at(&mut self, cues: HashMap<&CueTarget, Vec<ActiveCue>>, audio: &AudioDocument, when: f64) {
        self.is_changed_between = true;
        // The document may have been edited before that, which is seen to first.
        self.follow(audio, when);
        self.cue(cues, audio, when);
    }

    /// Takes over what the timelines do to the sound.
    fn cue(&mut self, mut cues: HashMap<&CueTarget, Vec<ActiveCue>>, audio: &AudioDocument, now: f64) {
        let mut of = |target: CueTarget| Cues(cues.remove(&target).unwrap_or_default());
        let mut carried = self.carried.take();
        let mut is_edited = self.master.cue(of(CueTarget::Mix), audio.into(), now);
        if let Some(carried) = &mut carried {
            self.master.carry_on(std::mem::take(&mut carried.mix), audio.into(), now);
        }
        for ((id, moving), track) in self.tracks.iter_mut().zip(&audio.tracks) {
            is_edited |= moving.cue(of(CueTarget::Track(id.clone())), track.into(), now);
            if let Some(carried) = &mut carried {
                moving.carry_on(carried.tracks.remove(id).unwrap_or_default(), track.into(), now);
            }
        }
        self.is_edited |= is_edited;
    }
}

/// Lets animations go on that did so before, or as `resumed` says, if these are as many; others start at `now`.
fn begin(starts: &mut AnimationStarts, animations: &Animations, resumed: Option<Vec<Start>>, now: f64) {
    if let Some(resumed) = resumed.filter(|resumed| !resumed.is_empty() && resumed.len() == animations.0.len()) {
        *starts = AnimationStarts::resumed(animations.clone(), resumed);
    } else if starts.animations() != animations {
        starts.update(animations, now);
    }
}

/// Follows the scene's header and the timelines: what animations the sound has, and when they started.
pub fn follow_sound(
    time: Res<SceneTime>,
    timelines: Res<Timelines>,
    headers: Query<Ref<SceneHeader>>,
    mut sound: ResMut<SoundMotion>,
) {
    // Whoever asks whether it has changed asks for the mix.
    let sound = sound.bypass_change_detection();
    if std::mem::take(&mut sound.is_changed_between) && !sound.is_other {
        sound.until = Some(Arc::new(sound.mix_at(time.seconds)));
    }
    sound.is_other = false;
    for header in &headers {
        let audio = &header.0.audio;
        // A scene that is loaded anew begins anew, also if it is the same.
        if header.is_changed() || sound.is_edited {
            sound.follow(audio, time.seconds);
        }
        if timelines.is_changed() || header.is_changed() {
            sound.cue(timelines.sound_cues(), audio, time.seconds);
        }
    }
}

/// Mixes the sound as it is at the present scene time, or so much later as it is to be sampled ahead.
pub fn mix_sound(
    time: Res<SceneTime>,
    timelines: Res<Timelines>,
    headers: Query<Ref<SceneHeader>>,
    mut last: Local<f64>,
    mut sound: ResMut<SoundMotion>,
) {
    let (before, now) = (*last, time.seconds + sound.lead);
    *last = now;
    let is_new = sound.is_edited || timelines.is_changed() || headers.iter().any(|header| header.is_changed());
    let sound = sound.bypass_change_detection();
    let mut differs = is_new;
    if is_new || !sound.master.playing.is_quiet_between(before, now) {
        differs |= sound.master.sample(now);
    }
    for (_, track) in &mut sound.tracks {
        if is_new || !track.playing.is_quiet_between(before, now) {
            differs |= track.sample(now);
        }
    }
    if differs {
        let mix =
            Mix { master: sound.master.shown, tracks: sound.tracks.iter().map(|(_, track)| track.shown).collect() };
        if *sound.mix != mix {
            sound.mix = Arc::new(mix);
        }
    }
}
