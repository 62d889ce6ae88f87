//! Triggers that wait for how loud the sound is, timelines that follow it, and what the picture shows of that.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

use components::{
    AudioDocument, Edit, SceneDocument, TrackId,
    animation::timeline::{PlayState, TimelineControl, TimelineId},
    audio::LevelReading,
    document::Limits,
    edit::EditRejected,
};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, TickReport, clock::SceneEvent};

const VOICE: &str = "voice";

/// A white layer on black, how light it is tells its opacity; and a track to hear.
fn scene(timelines: &Value, triggers: &Value) -> SceneDocument {
    let scene = json!({
        "canvas": { "width": 16, "height": 16 },
        "audio": { "tracks": [{ "id": VOICE, "source": { "type": "tone" } }] },
        "layers": [{ "id": "a", "content": { "type": "color", "color": "#fff" } }],
        "timelines": timelines,
        "triggers": triggers,
    });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

struct Stage {
    compositor: Compositor,
    tick: u64,
    /// Scene time up to which it has heard, in hundredths.
    heard: u32,
}

impl Stage {
    fn new(timelines: &Value, triggers: &Value) -> Self {
        let settings = CompositorSettings { width: 16, height: 16, max_layers: 5, pool_size: 3, threads: Some(1) };
        let mut stage = Self { compositor: Compositor::new(settings), tick: 0, heard: 0 };
        stage.edit(0.0, vec![Edit::LoadScene { scene: Box::new(scene(timelines, triggers)) }]).unwrap();
        stage
    }

    fn edit(&mut self, seconds: f64, edits: Vec<Edit>) -> Result<(), EditRejected> {
        self.compositor.submit(1, edits);
        self.tick += 1;
        let mut report = self.compositor.tick(self.tick, seconds);
        report.outcomes.remove(0).1.map(drop).map_err(|rejected| rejected.reason)
    }

    /// Goes on to `seconds`; the voice is as loud as `level` says of each time, in dBFS.
    fn at(&mut self, seconds: f64, level: impl Fn(f64) -> f64) -> TickReport {
        let mut readings = Vec::new();
        while f64::from(self.heard + 1) / 100.0 <= seconds + 1e-9 {
            self.heard += 1;
            let now = f64::from(self.heard) / 100.0;
            let mut reading = LevelReading::silent(now, [TrackId::new(VOICE).unwrap()].into());
            reading.tracks[0].rms = [10.0_f64.powf(level(now) / 20.0) as f32; 2];
            readings.push(reading);
        }
        self.compositor.hear(readings);
        self.deaf(seconds)
    }

    /// Goes on to `seconds` without having heard anything.
    fn deaf(&mut self, seconds: f64) -> TickReport {
        self.tick += 1;
        self.compositor.tick(self.tick, seconds)
    }

    /// The opacity of the layer, in percent.
    fn light(&self) -> u32 {
        (f64::from(self.compositor.picture().data[0]) / 2.55).round() as u32
    }
}

/// It is loud from 0.505 s to 1.005 s, and from 1.205 s on.
fn speech(now: f64) -> f64 {
    if (0.505..1.005).contains(&now) || now >= 1.205 { -20.0 } else { -60.0 }
}

fn fade() -> Value {
    json!([{ "id": "fade", "autoplay": false, "steps": [{ "type": "animate", "layer": "a",
        "animation": { "property": "opacity", "from": 0, "to": 1, "duration": 2 } }] }])
}

fn on(goes: &str, event: &str) -> Value {
    json!({ "on": { "type": "audioLevel", "track": VOICE, "goes": goes, "threshold": -40 },
        "do": [{ "type": "emit", "event": event }] })
}

#[test]
fn triggers_act_when_it_becomes_loud_whichever_frames_are_drawn() {
    // At 0.51 s it is loud, and has been for 0.1 s at 0.61 s.
    let triggers = json!([
        { "on": { "type": "audioLevel", "track": VOICE, "goes": "above", "threshold": -40, "hold": 0.1 },
          "do": [{ "type": "play", "timeline": "fade" }] },
        on("above", "loud"),
        on("below", "quiet"),
    ]);
    for step in [1.0 / 60.0, 1.0 / 24.0, 0.13, 0.7, 1.61] {
        let mut stage = Stage::new(&fade(), &triggers);
        let (mut told, mut time) = (Vec::new(), step);
        while time < 1.61 {
            told.extend(stage.at(time, speech).events);
            time += step;
        }
        told.extend(stage.at(1.61, speech).events);
        assert_eq!(stage.light(), 50, "in steps of {step}");
        let told: Vec<_> = told
            .into_iter()
            .map(|event| match event {
                SceneEvent::Fired { name } => name.to_string(),
                SceneEvent::Failed { message } => message,
            })
            .collect();
        assert_eq!(told, ["loud", "quiet", "loud"], "in steps of {step}");
    }
}

#[test]
fn what_is_heard_too_late_counts_at_once_and_what_was_before_a_scene_does_not() {
    let triggers = json!([{ "on": { "type": "audioLevel", "track": VOICE, "goes": "above", "threshold": -40 },
        "do": [{ "type": "play", "timeline": "fade" }] }]);
    let mut stage = Stage::new(&fade(), &triggers);
    stage.deaf(1.0);
    // What was loud half a second ago is known only now.
    stage.at(1.0, speech);
    assert_eq!(stage.light(), 0, "it begins");
    stage.deaf(2.0);
    assert_eq!(stage.light(), 50);
    // Another scene takes what was before it for silence.
    stage.edit(2.0, vec![Edit::LoadScene { scene: Box::new(scene(&fade(), &triggers)) }]).unwrap();
    assert_eq!(stage.light(), 100);
    stage.at(2.5, speech);
    stage.deaf(3.5);
    assert!((74..=76).contains(&stage.light()), "{}", stage.light());
}

#[test]
fn a_track_that_a_trigger_waits_for_stays() {
    let mut stage = Stage::new(&json!([]), &json!([on("above", "loud")]));
    let refused = stage.edit(1.0, vec![Edit::SetAudio { audio: AudioDocument::default() }]).unwrap_err();
    let EditRejected::InUse { faults } = refused else { panic!("{refused}") };
    assert_eq!(faults[0].pointer, "/triggers/0/on/track");
    assert!(faults[0].expected.contains("has no tracks yet"), "{}", faults[0]);
}

/// The layer's opacity goes from 0 at -60 dBFS to 1 at -20 dBFS.
fn following() -> Value {
    let mut timelines = fade();
    timelines[0]["autoplay"] = true.into();
    timelines[0]["follows"] = json!({ "track": VOICE, "to": -20 });
    timelines
}

#[test]
fn a_timeline_that_follows_a_level_stands_where_it_is_whichever_frames_are_drawn() {
    // Up by 20 dB a second.
    let rising = |now: f64| -70.0 + 20.0 * now;
    for step in [1.0 / 60.0, 1.0 / 24.0, 0.7, 1.5] {
        let mut stage = Stage::new(&following(), &json!([]));
        assert_eq!(stage.light(), 0, "before anything is heard");
        let mut time = step;
        while time < 1.5 {
            stage.at(time, rising);
            time += step;
        }
        stage.at(1.5, rising);
        assert_eq!(stage.light(), 50, "in steps of {step}");
        let report = stage.at(9.0, rising);
        assert_eq!(stage.light(), 100);
        assert!(report.motion.is_none(), "nobody needs to remember where it stands: {:?}", report.motion);
    }
}

#[test]
fn what_follows_a_level_is_paused_played_and_cancelled() {
    let control =
        |control: TimelineControl| vec![Edit::ControlTimeline { id: TimelineId::new("fade").unwrap(), control }];
    let mut stage = Stage::new(&following(), &json!([]));
    let state = |stage: &Stage| stage.compositor.timelines()[0].state;
    stage.at(1.0, |_| -40.0);
    assert_eq!((stage.light(), state(&stage)), (50, PlayState::Playing));
    stage.edit(1.0, control(TimelineControl::Pause)).unwrap();
    stage.at(2.0, |_| -20.0);
    assert_eq!((stage.light(), state(&stage)), (50, PlayState::Paused));
    stage.edit(2.0, control(TimelineControl::Play)).unwrap();
    stage.at(3.0, |_| -30.0);
    assert_eq!(stage.light(), 75);
    // What is kept of it goes on where it stood, and follows.
    let motion = stage.compositor.motion();
    let mut resumed = Stage::new(&json!([]), &json!([]));
    resumed.compositor.resume(7, scene(&following(), &json!([])), motion);
    resumed.deaf(3.0);
    assert_eq!((resumed.light(), state(&resumed)), (75, PlayState::Playing));
    resumed.heard = 300;
    resumed.at(4.0, |_| -50.0);
    assert_eq!(resumed.light(), 25);

    stage.edit(3.0, control(TimelineControl::Cancel)).unwrap();
    stage.at(4.0, |_| -30.0);
    assert_eq!((stage.light(), state(&stage)), (100, PlayState::Idle), "as it is written");
}

/// However little: another run would show another picture.
#[test]
fn what_follows_a_level_stays_where_it_stands_when_it_is_played_again() {
    for level in [-57.3, -41.1, -33.7] {
        let mut stage = Stage::new(&following(), &json!([]));
        let playhead = |stage: &mut Stage| stage.compositor.motion().timelines[0].playhead.unwrap();
        stage.at(1.0, |_| level);
        let before = playhead(&mut stage);
        assert!(before.position > 0.0);
        let id = TimelineId::new("fade").unwrap();
        stage.edit(1.0, vec![Edit::ControlTimeline { id, control: TimelineControl::Play }]).unwrap();
        assert_eq!(playhead(&mut stage), before);
    }
}

#[test]
fn a_timeline_that_is_played_goes_on_by_what_it_is_edited_to_follow() {
    let mut by_time = fade();
    by_time[0]["autoplay"] = true.into();
    let mut stage = Stage::new(&by_time, &json!([]));
    let put = |timelines: &Value| {
        vec![Edit::PutTimeline { timeline: Box::new(serde_json::from_value(timelines[0].clone()).unwrap()) }]
    };
    stage.deaf(0.5);
    assert_eq!(stage.light(), 25);
    stage.edit(0.5, put(&following())).unwrap();
    stage.at(1.0, |_| -40.0);
    assert_eq!(stage.light(), 50, "by the level");
    stage.edit(1.0, put(&by_time)).unwrap();
    stage.at(1.5, |_| -60.0);
    assert_eq!(stage.light(), 75, "by the time, from where it stands");
}
