//! How the sound is mixed from tick to tick: animations and timelines of tracks and of the whole mix.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

use std::sync::Arc;

use components::{
    AudioDocument, Edit, SceneDocument, TrackId,
    animation::{
        AnimationControl,
        timeline::{PlayState, SeekTarget, TimelineControl, TimelineId},
    },
    document::{Fault, Limits},
    edit::EditRejected,
};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, TickReport};

fn scene(audio: &Value, timelines: &Value) -> SceneDocument {
    let layer = json!({ "id": "title", "content": { "type": "color", "color": "#fff" } });
    let scene = json!({ "canvas": { "width": 16, "height": 16 }, "layers": [layer], "audio": audio,
        "timelines": timelines });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn load(scene: SceneDocument) -> Edit {
    Edit::LoadScene { scene: Box::new(scene) }
}

fn audio(tracks: &[Value]) -> Value {
    json!({ "tracks": tracks })
}

fn track(id: &str, volume: f64, animations: Value) -> Value {
    json!({ "id": id, "source": { "type": "tone" }, "volume": volume, "animations": animations })
}

fn fade(from: f64, to: f64, duration: f64) -> Value {
    json!({ "property": "volume", "from": from, "to": to, "duration": duration })
}

struct Stage {
    compositor: Compositor,
    tick: u64,
}

impl Stage {
    fn new(scene: SceneDocument) -> Self {
        let settings = CompositorSettings { width: 16, height: 16, max_layers: 50, pool_size: 3, threads: Some(1) };
        let mut stage = Self { compositor: Compositor::new(settings), tick: 0 };
        stage.edit(0.0, load(scene)).unwrap();
        stage
    }

    fn report(&mut self, seconds: f64) -> TickReport {
        self.tick += 1;
        self.compositor.tick(self.tick, seconds)
    }

    fn edit(&mut self, seconds: f64, edit: Edit) -> Result<(), EditRejected> {
        self.compositor.submit(1, vec![edit]);
        self.report(seconds).outcomes.remove(0).1.map(drop).map_err(|rejected| rejected.reason)
    }

    fn set(&mut self, seconds: f64, audio: &Value) -> Result<(), EditRejected> {
        let audio: AudioDocument = serde_json::from_value(audio.clone()).unwrap();
        self.edit(seconds, Edit::SetAudio { audio })
    }

    fn control(&mut self, seconds: f64, control: TimelineControl) {
        self.edit(seconds, Edit::ControlTimeline { id: TimelineId::new("show").unwrap(), control }).unwrap();
    }

    /// Volume of the whole mix and of the tracks.
    fn volumes(&mut self, seconds: f64) -> Vec<f64> {
        let mix = self.report(seconds).mix;
        [mix.master.volume].into_iter().chain(mix.tracks.iter().map(|track| track.volume)).collect()
    }
}

#[test]
fn volumes_follow_scene_time_and_what_is_written_stays() {
    let tracks = [track("music", 0.8, json!([fade(1.0, 0.0, 4.0)])), track("voice", 0.6, json!([]))];
    let mut audio = audio(&tracks);
    audio["animations"] = json!([{ "property": "volume", "to": 3, "duration": 1, "delay": 2 }]);
    let mut stage = Stage::new(scene(&audio, &json!([])));
    let written = stage.compositor.snapshot().scene.audio;
    assert_eq!(stage.volumes(1.0), [1.0, 0.75, 0.6]);
    // Time that stands still changes nothing, and nobody is told that anything has.
    let mix = stage.report(1.0).mix;
    assert!(Arc::ptr_eq(&mix, &stage.report(1.0).mix));
    assert_eq!(stage.volumes(2.5), [2.0, 0.375, 0.6]);
    assert_eq!(stage.volumes(9.0), [3.0, 0.0, 0.6]);
    let mix = stage.report(9.5).mix;
    assert!(Arc::ptr_eq(&mix, &stage.report(10.0).mix), "it has ended");
    // Any time can be asked for, and time that jumps back is no other time.
    stage.compositor.set_sound_lead(0.5);
    assert_eq!(stage.volumes(1.0), [1.0, 0.625, 0.6], "half a second ahead");
    stage.compositor.set_sound_lead(0.0);
    assert_eq!(stage.compositor.mix_at(2.0).tracks[0].volume, 0.5);
    assert_eq!(stage.volumes(1.0), [1.0, 0.75, 0.6]);
    assert_eq!(stage.compositor.snapshot().scene.audio, written);
    assert!(stage.report(1.5).diff.is_none());
}

#[test]
fn animations_that_stay_go_on_and_new_ones_begin() {
    let down = fade(1.0, 0.0, 4.0);
    let music = |volume: f64, animations: Value| track("music", volume, animations);
    let mut stage = Stage::new(scene(&audio(&[music(1.0, json!([down]))]), &json!([])));
    assert!(stage.compositor.is_moving());
    // Another track before it, another volume, one more animation: the first goes on.
    let more = [track("voice", 0.5, json!([fade(0.0, 1.0, 2.0)])), music(0.25, json!([down, fade(0.0, 2.0, 1.0)]))];
    stage.set(1.0, &audio(&more)).unwrap();
    assert_eq!(stage.volumes(1.5), [1.0, 0.25, 1.0], "the last that has begun decides");
    stage.set(2.0, &audio(&[music(0.25, json!([down]))])).unwrap();
    assert_eq!(stage.volumes(3.0), [1.0, 0.25]);
    // Without animations what is written counts, also what is written anew.
    stage.set(3.0, &audio(&[music(0.3, json!([]))])).unwrap();
    assert_eq!(stage.volumes(3.0), [1.0, 0.3]);
    assert!(!stage.compositor.is_moving());
    stage.set(3.0, &audio(&[music(0.4, json!([]))])).unwrap();
    assert_eq!(stage.volumes(3.0), [1.0, 0.4]);
    // A scene that comes on air begins anew, be it the same.
    let again = scene(&audio(&[music(1.0, json!([down]))]), &json!([]));
    stage.edit(4.0, load(again.clone())).unwrap();
    assert_eq!(stage.volumes(6.0), [1.0, 0.5]);
    stage.edit(6.0, load(again)).unwrap();
    assert_eq!(stage.volumes(7.0), [1.0, 0.75]);
}

#[test]
fn the_example_of_the_readme_comes_up_and_breathes() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenes/sound.jsonc");
    let text = std::fs::read_to_string(file).unwrap();
    let mut stage = Stage::new(SceneDocument::parse(&text, &Limits::default()).unwrap());
    assert_eq!(stage.volumes(0.0), [0.0, 0.1, 0.0]);
    let found = stage.volumes(3.0);
    assert!((found[1] - 0.3).abs() < 1e-9 && found[0] == 1.0, "{found:?}");
}

#[test]
fn a_timeline_moves_tracks_and_the_mix_and_is_steered_as_ever() {
    let step = |track: Value, animation: Value| {
        let mut step = json!({ "type": "animateTrack", "animation": animation });
        if !track.is_null() {
            step["track"] = track;
        }
        step
    };
    let on = |to: f64| json!({ "property": "volume", "to": to, "duration": 1 });
    let timelines = json!([{ "id": "show", "autoplay": false, "steps": [
        step(json!("music"), on(0.2)),
        { "type": "parallel", "steps": [step(json!("music"), on(1.0)), step(Value::Null, on(0.0))] },
    ] }]);
    let own = json!([fade(0.9, 0.5, 1.0)]);
    let mut stage = Stage::new(scene(&audio(&[track("music", 0.6, own), track("voice", 1.0, json!([]))]), &timelines));
    assert_eq!(stage.volumes(10.0), [1.0, 0.5, 1.0], "it has not been played");
    stage.control(10.0, TimelineControl::Play);
    // From what is heard, which is not what is written, and on from there.
    for (seconds, expected) in [(10.0, [1.0, 0.5]), (10.5, [1.0, 0.35]), (11.0, [1.0, 0.2]), (11.5, [0.5, 0.6])] {
        let found = stage.volumes(seconds);
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9), "{found:?}");
    }
    stage.control(11.5, TimelineControl::Pause);
    assert_eq!(stage.volumes(20.0), stage.volumes(11.5));
    stage.control(20.0, TimelineControl::Seek { to: SeekTarget::Seconds(1.0) });
    assert!((stage.volumes(20.0)[1] - 0.2).abs() < 1e-9);
    stage.control(20.0, TimelineControl::Cancel);
    assert_eq!(stage.volumes(20.0), [1.0, 0.5, 1.0]);
    // A track that it animates cannot go.
    let refused = stage.set(20.0, &audio(&[track("voice", 1.0, json!([]))])).unwrap_err();
    let EditRejected::InUse { faults } = refused else { panic!("{refused}") };
    let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/timelines/0/steps/0/track", "/timelines/0/steps/1/steps/0/track"]);
}

#[test]
fn a_scene_that_is_resumed_is_mixed_as_if_it_had_never_ended() {
    let scene = scene(&audio(&[track("music", 1.0, json!([fade(1.0, 0.0, 10.0)]))]), &json!([]));
    let mut stage = Stage::new(scene);
    stage.report(2.0);
    let late = [track("music", 1.0, json!([fade(1.0, 0.0, 10.0)])), track("voice", 1.0, json!([fade(0.0, 1.0, 10.0)]))];
    stage.set(4.0, &audio(&late)).unwrap();
    let kept = serde_json::to_string(&stage.compositor.motion()).unwrap();
    let settings = CompositorSettings { width: 16, height: 16, max_layers: 50, pool_size: 3, threads: Some(1) };
    let mut resumed = Compositor::new(settings);
    resumed.resume(1, stage.compositor.snapshot().scene, serde_json::from_str(&kept).unwrap());
    assert!(resumed.tick(0, 4.0).outcomes.remove(0).1.is_ok());
    assert_eq!([0, 1].map(|track| resumed.mix_at(5.0).tracks[track].volume), [0.5, 0.1]);
    for seconds in [4.0, 5.0, 9.0, 20.0] {
        assert_eq!(resumed.mix_at(seconds), stage.compositor.mix_at(seconds), "at {seconds} s");
    }
}

#[test]
fn what_was_taken_over_in_flight_is_carried_on_after_a_restart() {
    let takes_over = |to: f64| json!({ "property": "volume", "to": to, "duration": 10, "easing": "easeOutSine" });
    let timeline = json!({ "id": "show", "autoplay": false, "steps": [{ "type": "animateTrack",
        "animation": takes_over(2.0) }] });
    let tracks = |animation: Value| [track("music", 1.0, json!([animation]))];
    let with_mix = |tracks: &[Value], animations: Value| json!({ "tracks": tracks, "animations": animations });
    let mut stage =
        Stage::new(scene(&with_mix(&tracks(fade(1.0, 0.0, 10.0)), json!([fade(1.0, 0.0, 20.0)])), &json!([timeline])));
    stage.report(2.0);
    stage.set(4.0, &with_mix(&tracks(takes_over(0.9)), json!([fade(1.0, 0.0, 20.0)]))).unwrap();
    stage.control(5.0, TimelineControl::Play);
    let sound = stage.compositor.motion().sound;
    assert!(!sound.drifts.mix.is_empty() && sound.drifts.tracks.len() == 1, "{sound:?}");
    assert_goes_on(&mut stage, 5.0);
}

#[test]
fn what_takes_over_just_before_a_restart_goes_on_from_there() {
    let mut stage = Stage::new(scene(&audio(&[track("music", 1.0, json!([fade(1.0, 0.0, 10.0)]))]), &json!([])));
    stage.report(2.0);
    let takes_over = json!({ "property": "volume", "to": 0.9, "duration": 10 });
    stage.set(4.0, &audio(&[track("music", 1.0, json!([takes_over]))])).unwrap();
    assert_eq!(stage.compositor.motion().sound.drifts.tracks.len(), 1);
    assert_goes_on(&mut stage, 4.0);
}

/// Holds a compositor that goes on from here, at these scene seconds, to this one.
fn assert_goes_on(stage: &mut Stage, now: f64) {
    let kept = serde_json::to_string(&stage.compositor.motion()).unwrap();
    let settings = CompositorSettings { width: 16, height: 16, max_layers: 50, pool_size: 3, threads: Some(1) };
    let mut resumed = Compositor::new(settings);
    resumed.resume(1, stage.compositor.snapshot().scene, serde_json::from_str(&kept).unwrap());
    assert!(resumed.tick(0, now).outcomes.remove(0).1.is_ok());
    for later in [0.0, 0.5, 2.0, 4.0, 9.5, 15.0] {
        let seconds = now + later;
        assert_eq!(resumed.mix_at(seconds), stage.compositor.mix_at(seconds), "at {seconds} s");
    }
    assert_eq!(resumed.motion().sound, stage.compositor.motion().sound);
}

fn faults(edited: Result<(), EditRejected>) -> Vec<Fault> {
    match edited {
        Err(EditRejected::Invalid { faults }) => faults,
        other => panic!("{other:?}"),
    }
}

/// Steers the first animation of a track, or of the whole mix.
fn steer(track: Option<&str>, control: AnimationControl) -> Edit {
    Edit::ControlSoundAnimation { track: track.map(|id| TrackId::new(id).unwrap()), index: 0, control }
}

#[test]
fn a_single_animation_is_steered_and_nothing_of_it_is_written() {
    let tracks = [track("voice", 1.0, json!([])), track("music", 1.0, json!([fade(1.0, 0.0, 4.0)]))];
    let mut sound = audio(&tracks);
    sound["animations"] = json!([fade(1.0, 0.0, 10.0)]);
    let mut stage = Stage::new(scene(&sound, &json!([])));
    let written = stage.compositor.snapshot();
    let music = |control| steer(Some("music"), control);
    stage.edit(1.0, music(AnimationControl::Pause)).unwrap();
    assert_eq!(stage.volumes(2.0), [0.8, 1.0, 0.75]);
    stage.edit(2.0, music(AnimationControl::Play)).unwrap();
    stage.edit(2.5, music(AnimationControl::Rate { rate: 2.0 })).unwrap();
    assert_eq!(stage.volumes(3.0), [0.7, 1.0, 0.375]);
    stage.edit(3.0, music(AnimationControl::Reverse)).unwrap();
    assert_eq!(stage.volumes(3.5), [0.65, 1.0, 0.625]);
    stage.edit(3.5, music(AnimationControl::Seek { to: 3.0 })).unwrap();
    stage.edit(3.5, steer(None, AnimationControl::Cancel)).unwrap();
    assert_eq!(stage.volumes(3.75), [1.0, 1.0, 0.375]);
    // It is kept, and told.
    let id = TrackId::new("music").unwrap();
    let status = stage.compositor.sound_animations(Some(&id)).unwrap();
    assert_eq!(
        (status.len(), status[0].state, status[0].position, status[0].rate),
        (1, PlayState::Playing, Some(2.5), -2.0)
    );
    assert_eq!(stage.compositor.sound_animations(None).unwrap()[0].state, PlayState::Idle);
    let kept = serde_json::to_string(&stage.compositor.motion()).unwrap();
    let settings = CompositorSettings { width: 16, height: 16, max_layers: 50, pool_size: 3, threads: Some(1) };
    let mut resumed = Compositor::new(settings);
    resumed.resume(1, stage.compositor.snapshot().scene, serde_json::from_str(&kept).unwrap());
    assert!(resumed.tick(0, 3.75).outcomes.remove(0).1.is_ok());
    for seconds in [3.75, 4.5, 9.0] {
        assert_eq!(resumed.mix_at(seconds), stage.compositor.mix_at(seconds), "at {seconds} s");
    }
    stage.edit(5.0, music(AnimationControl::Restart)).unwrap();
    assert_eq!(stage.volumes(6.0), [1.0, 1.0, 0.5]);
    // Another track before it, and another animation before that: it is still known.
    assert_eq!(stage.compositor.snapshot().scene, written.scene);
    let more = [track("music", 1.0, json!([fade(0.0, 1.0, 1.0), fade(1.0, 0.0, 4.0)]))];
    stage.set(6.0, &audio(&more)).unwrap();
    assert_eq!(stage.volumes(6.5), [1.0, 0.25]);
    // What is not there is refused.
    let refused = stage.edit(7.0, steer(Some("voice"), AnimationControl::Play)).unwrap_err();
    assert!(matches!(&refused, EditRejected::UnknownTrack { .. }), "{refused:?}");
    let refused = faults(stage.edit(7.0, steer(None, AnimationControl::Play)));
    assert_eq!(refused[0].expected, "an animation: the whole mix has none");
}

#[test]
fn animations_are_added_to_the_sound_and_removed_from_it() {
    let mut stage = Stage::new(scene(&audio(&[track("music", 1.0, json!([fade(1.0, 0.0, 4.0)]))]), &json!([])));
    let id = || Some(TrackId::new("music").unwrap());
    let add = |track: Option<TrackId>, animation: Value| Edit::AddSoundAnimation {
        track,
        animation: Box::new(serde_json::from_value(animation).unwrap()),
    };
    stage.edit(1.0, add(id(), fade(0.0, 1.0, 2.0))).unwrap();
    stage.edit(1.0, add(None, fade(0.0, 1.0, 4.0))).unwrap();
    assert_eq!(stage.volumes(2.0), [0.25, 0.5]);
    // The first one has gone on.
    stage.edit(2.0, Edit::RemoveSoundAnimation { track: id(), index: 1 }).unwrap();
    stage.edit(2.0, Edit::RemoveSoundAnimation { track: None, index: 0 }).unwrap();
    assert_eq!(stage.volumes(3.0), [1.0, 0.25]);
    let loud = json!({ "property": "volume", "to": 99, "duration": 1 });
    assert_eq!(faults(stage.edit(3.0, add(id(), loud)))[0].pointer, "/to");
    let refused = faults(stage.edit(3.0, Edit::RemoveSoundAnimation { track: id(), index: 1 }));
    assert_eq!(refused[0].expected, "a place from 0 to 0");
}
