//! What is played again, or sought back: it looks as it did at first.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/playing.rs"]
mod playing;

use components::{
    Edit, LayerId, SceneDocument,
    animation::{
        AnimationControl,
        timeline::{PlayState, SeekTarget, TimelineControl, TimelineId},
    },
    document::Limits,
};
use playing::Stage;
use proptest::prelude::*;
use serde_json::{Value, json};

const LAYERS: [&str; 3] = ["a", "b", "c"];

/// Three stripes on black, half as light as they can be.
fn scene(steps: &Value, animations: &Value, triggers: &Value) -> SceneDocument {
    let layer = |(row, id): (usize, &&str)| {
        json!({ "id": id, "content": { "type": "color", "color": "#fff", "size": { "width": 8, "height": 5 } },
            "transform": { "position": { "x": 2, "y": row * 5 } }, "opacity": 0.5, "animations": animations })
    };
    let layers: Vec<Value> = LAYERS.iter().enumerate().map(layer).collect();
    let timelines = if steps.is_null() { json!([]) } else { json!([{ "id": "t", "autoplay": false, "steps": steps }]) };
    let audio = json!({ "tracks": [{ "id": "music", "source": { "type": "tone" }, "volume": 1 }] });
    let scene = json!({ "canvas": { "width": 16, "height": 16 }, "layers": layers, "timelines": timelines,
        "triggers": triggers, "audio": audio });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

impl Stage {
    fn steer(&mut self, seconds: f64, controls: &[TimelineControl]) {
        let edit = |control: &TimelineControl| Edit::ControlTimeline {
            id: TimelineId::new("t").unwrap(),
            control: control.clone(),
        };
        self.edit(seconds, controls.iter().map(edit).collect());
    }

    fn steer_animation(&mut self, seconds: f64, controls: &[AnimationControl]) {
        let id = || LayerId::new("a").unwrap();
        let edit = |control: &AnimationControl| Edit::ControlAnimation { id: id(), index: 0, control: *control };
        self.edit(seconds, controls.iter().map(edit).collect());
    }

    /// The picture, and how loud the sound is.
    fn seen(&mut self, seconds: f64) -> (Vec<u8>, f64) {
        self.tick += 1;
        let volume = self.compositor.tick(self.tick, seconds).mix.tracks[0].volume;
        (self.compositor.picture().data, volume)
    }

    /// What the timeline is doing, and where it stands.
    fn stands(&self) -> (PlayState, f64) {
        let timeline = self.compositor.timelines().remove(0);
        (timeline.state, timeline.position)
    }
}

fn to(seconds: f64) -> TimelineControl {
    TimelineControl::Seek { to: SeekTarget::Seconds(seconds) }
}

/// A timeline that a trigger plays again at its end, as in a loop that somebody builds for themselves.
#[test]
fn a_timeline_that_a_trigger_plays_again_looks_and_sounds_as_in_its_first_round() {
    let fade = json!({ "property": "volume", "to": 0.25, "duration": 0.25 });
    let steps = json!([{ "type": "wait", "seconds": 0.25 }, { "type": "parallel", "steps": [
        { "type": "stagger", "layers": LAYERS, "each": 0.125,
            "animation": { "property": "transform.position.x", "to": 8, "duration": 0.25 } },
        { "type": "preset", "layers": LAYERS, "each": 0.125,
            "preset": { "type": "fade", "way": "out", "duration": 0.25, "easing": "linear" } },
        { "type": "animateTrack", "track": "music", "animation": fade },
    ] }]);
    let actions = [
        json!([{ "type": "play", "timeline": "t" }]),
        json!([{ "type": "cancel", "timeline": "t" }, { "type": "play", "timeline": "t" }]),
        json!([{ "type": "pause", "timeline": "t" }, { "type": "seek", "timeline": "t", "to": 0 },
            { "type": "play", "timeline": "t" }]),
    ];
    for actions in actions {
        let triggers = json!([{ "on": { "type": "timelineEnd", "timeline": "t" }, "do": actions }]);
        let mut stage = Stage::playing(16, scene(&steps, &json!([]), &triggers));
        stage.steer(0.0, &[TimelineControl::Play]);
        let mut round = |number: f64| -> Vec<_> {
            (0..12).map(|step| stage.seen(number * 0.75 + f64::from(step) / 16.0)).collect()
        };
        let first = round(0.0);
        assert!(first[0] != first[6] && first[6] != first[11], "something is to be seen");
        for number in [1.0, 2.0] {
            let again = round(number);
            let differs = first.iter().zip(&again).position(|(first, again)| first != again);
            assert_eq!(differs, None, "in round {number} after {actions}");
        }
    }
}

#[test]
fn a_single_animation_that_is_sought_back_waits_and_moves_again() {
    let slide = json!([{ "property": "transform.position.x", "to": 8, "duration": 1, "delay": 1 }]);
    let mut stage = Stage::playing(16, scene(&Value::Null, &slide, &json!([])));
    let first: Vec<_> = (0..=8).map(|step| stage.seen(f64::from(step) / 4.0)).collect();
    assert!(first[0] == first[4] && first[4] != first[6] && first[6] != first[8]);
    let batches: [&[AnimationControl]; 4] = [
        &[AnimationControl::Seek { to: 0.0 }],
        &[AnimationControl::Play],
        &[AnimationControl::Cancel, AnimationControl::Play],
        &[AnimationControl::Pause, AnimationControl::Seek { to: 0.0 }, AnimationControl::Play],
    ];
    for (batch, now) in batches.into_iter().zip([8.0, 16.0, 24.0, 32.0]) {
        let stage = &mut stage;
        // The others lie where they are.
        let mut still = |seconds: f64| stage.seen(seconds).0[..5 * 16 * 4].to_vec();
        let end = still(now);
        assert_eq!(end, first[8].0[..5 * 16 * 4]);
        stage.steer_animation(now, batch);
        for (step, first) in (0_u32..).zip(&first) {
            let seen = stage.seen(now + f64::from(step) / 4.0).0;
            assert!(seen[..5 * 16 * 4] == first.0[..5 * 16 * 4], "{batch:?}, step {step}");
        }
    }
}

/// Steps without `from`, most of which begin some time after the timeline.
fn any_steps() -> impl Strategy<Value = Value> {
    let sixteenths = |most: u32| (0..most).prop_map(|count| f64::from(count) / 16.0);
    let animation = || {
        let property = prop_oneof![
            Just(json!({ "property": "transform.position.x", "to": 8 })),
            Just(json!({ "property": "transform.position.x", "by": 5 })),
            Just(json!({ "property": "transform.position", "to": { "x": 6, "y": 9 } })),
            Just(json!({ "property": "opacity", "to": 1 })),
            Just(json!({ "property": "opacity", "by": -0.4 })),
            Just(json!({ "property": "content.color", "to": "#2080ff" })),
            Just(json!({ "property": "transform.rotation", "by": 90, "repeat": 2, "pingPong": true })),
        ];
        (property, sixteenths(12), 1..16_u32).prop_map(|(mut animation, delay, duration)| {
            (animation["delay"], animation["duration"]) = (json!(delay), json!(f64::from(duration) / 16.0));
            animation
        })
    };
    let layer = prop::sample::select(LAYERS.to_vec());
    let step = prop_oneof![
        sixteenths(12).prop_map(|seconds| json!({ "type": "wait", "seconds": seconds + 0.0625 })),
        (layer, animation())
            .prop_map(|(layer, animation)| json!({ "type": "animate", "layer": layer, "animation": animation })),
        (sixteenths(6), animation()).prop_map(|(each, animation)| json!({ "type": "stagger", "layers": LAYERS,
            "each": each, "animation": animation })),
        sixteenths(6).prop_map(|each| json!({ "type": "preset", "layers": LAYERS, "each": each,
            "preset": { "type": "fade", "way": "out", "duration": 0.5 } })),
        animation().prop_map(|mut animation| {
            let rest = [animation["delay"].clone(), animation["duration"].clone()];
            animation = json!({ "property": "volume", "to": 0.25, "delay": rest[0], "duration": rest[1] });
            json!({ "type": "animateTrack", "track": "music", "animation": animation })
        }),
    ];
    proptest::collection::vec(step, 1..5).prop_map(|steps| json!(steps))
}

fn any_controls() -> impl Strategy<Value = Vec<TimelineControl>> {
    let place = || (0..64_u32).prop_map(|count| f64::from(count) / 16.0);
    prop_oneof![
        Just(vec![TimelineControl::Play]),
        place().prop_map(|place| vec![to(place)]),
        Just(vec![TimelineControl::Cancel, TimelineControl::Play]),
        place().prop_map(|place| vec![TimelineControl::Pause, to(place), TimelineControl::Play]),
        place().prop_map(|place| vec![TimelineControl::Cancel, to(place)]),
        place().prop_map(|place| vec![TimelineControl::Pause, to(place)]),
        Just(vec![TimelineControl::Cancel]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked of a timeline, the picture and the sound are those of one that has played to where it stands.
    #[test]
    fn a_timeline_that_is_steered_looks_as_one_that_has_played_to_there(
        steps in any_steps(),
        asked in proptest::collection::vec((0..64_u32, any_controls()), 1..6),
        later in 0..48_u32,
    ) {
        let mut straight = Stage::playing(16, scene(&steps, &json!([]), &json!([])));
        straight.steer(0.0, &[TimelineControl::Play]);
        let idle = Stage::playing(16, scene(&steps, &json!([]), &json!([]))).seen(0.0);
        let mut steered = Stage::playing(16, scene(&steps, &json!([]), &json!([])));
        steered.steer(0.0, &[TimelineControl::Play]);
        let mut now = 0.0;
        for (pause, controls) in asked {
            now += f64::from(pause) / 16.0;
            // One that has no effect takes over where it stands, if that is midway, and goes there without a jump.
            let is_idle = steered.stands().0 == PlayState::Idle;
            let controls = if is_idle { vec![TimelineControl::Play] } else { controls };
            steered.steer(now, &controls);
            for at in [now, now + f64::from(later) / 16.0] {
                let seen = steered.seen(at);
                let expected = match steered.stands() {
                    (PlayState::Idle, _) => idle.clone(),
                    // What stands still lies on whole pixels.
                    (PlayState::Paused, _) => continue,
                    (_, position) => straight.seen(position),
                };
                prop_assert!(seen == expected, "{:?} at {}, {} later", controls, now, at - now);
            }
            now += f64::from(later) / 16.0;
        }
    }
}
