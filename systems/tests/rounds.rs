//! Timelines and animations that play their rounds over something else that has hold of the property, seen from outside: each
//! round begins, and each way back ends, with what was shown when they came to it.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/playing.rs"]
mod playing;

use std::time::{Duration, Instant};

use components::{
    Edit, LayerId, SceneDocument,
    animation::timeline::{SeekTarget, TimelineControl, TimelineId},
    document::Limits,
};
use playing::Stage;
use serde_json::{Value, json};
use systems::clock::Motion;

/// Where the bar is authored, where what holds it has brought it, and where the timeline brings it from there in a second.
const AUTHORED: f64 = 240.0;
const HELD: f64 = 60.0;
const TO: f64 = 160.0;

/// When the timeline is steered.
const BEGINS: f64 = 2.0;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Beneath {
    Nothing,
    Timeline,
    Animation,
}

fn to(x: f64) -> Value {
    json!({ "property": "transform.position.x", "to": x, "duration": 1, "easing": "linear" })
}

/// A white bar on black, and a timeline `t` of it with these rounds.
fn scene(beneath: Beneath, wait: f64, rounds: &Value) -> SceneDocument {
    let mut bar = json!({ "id": "bar", "content": { "type": "color", "color": "#fff", "size": { "width": 8, "height": 256 } },
        "transform": { "position": { "x": AUTHORED, "y": 0 } } });
    if beneath == Beneath::Animation {
        bar["animations"] = json!([to(HELD)]);
    }
    let animate = |x: f64| json!({ "type": "animate", "layer": "bar", "animation": to(x) });
    let mut timeline = json!({ "id": "t", "autoplay": false, "steps": [animate(TO)] });
    if wait > 0.0 {
        timeline["steps"] = json!([{ "type": "wait", "seconds": wait }, animate(TO)]);
    }
    for (name, value) in rounds.as_object().unwrap() {
        timeline[name] = value.clone();
    }
    let under = json!({ "id": "u", "autoplay": beneath == Beneath::Timeline, "steps": [animate(HELD)] });
    let scene = json!({ "canvas": { "width": 256, "height": 256 }, "layers": [bar], "timelines": [under, timeline] });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

impl Stage {
    /// How far right the bar is.
    fn x(&self) -> f64 {
        let picture = self.compositor.picture();
        let light = |x: u32| f64::from(picture.data[x as usize * 4]);
        let (sum, all) =
            (0..256).fold((0.0, 0.0), |(sum, all), x| (sum + (f64::from(x) + 0.5) * light(x), all + light(x)));
        sum / all - 4.0
    }

    fn x_at(&mut self, seconds: f64) -> f64 {
        self.at(seconds);
        self.x()
    }

    fn steer(&mut self, seconds: f64, control: TimelineControl) {
        self.edit(seconds, vec![Edit::ControlTimeline { id: TimelineId::new("t").unwrap(), control }]);
    }

    /// Whether it is so far right, so many seconds after the timeline was steered first.
    fn shows(&mut self, case: &str, after: f64, expected: f64) {
        let x = self.x_at(BEGINS + after);
        assert!((x - expected).abs() < 0.1, "{case}: {x} after {after} s instead of {expected}");
    }
}

/// So many frames from a time on, ten a second.
fn frames(from: f64, count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(move |frame| from + f64::from(frame) / 10.0)
}

/// Where the bar is when the timeline stands at `position` and its rounds last `cycle`, a wait included.
fn expected(beneath: Beneath, wait: f64, there_and_back: bool, position: f64) -> f64 {
    let from = if beneath == Beneath::Nothing { AUTHORED } else { HELD };
    let cycle = wait + 1.0;
    let round = (position / cycle + 1e-9).floor();
    let mut time = position - round * cycle;
    if there_and_back && round % 2.0 == 1.0 {
        time = cycle - time;
    }
    from + (TO - from) * (time - wait).clamp(0.0, 1.0)
}

const BENEATH: [Beneath; 3] = [Beneath::Nothing, Beneath::Timeline, Beneath::Animation];

#[test]
fn each_round_begins_where_the_first_did() {
    for beneath in BENEATH {
        for wait in [0.0, 0.5] {
            for (there_and_back, repeat) in [(true, json!(3)), (false, json!(3)), (true, json!("forever"))] {
                let rounds = json!({ "pingPong": there_and_back, "repeat": repeat });
                let case = format!("{beneath:?}, wait {wait}, {rounds}");
                let mut stage = Stage::playing(256, scene(beneath, wait, &rounds));
                stage.at(BEGINS - 0.1);
                stage.steer(BEGINS, TimelineControl::Play);
                let position =
                    |after: f64| if repeat == json!(3) { after.min(3.0 * (wait + 1.0) - 1e-6) } else { after };
                for after in frames(0.0, 50) {
                    stage.shows(&case, after, expected(beneath, wait, there_and_back, position(after)));
                }
                // Time alone decides, in whichever order it is looked at.
                for after in [3.3, 0.2, 4.1, 1.7] {
                    stage.shows(&case, after, expected(beneath, wait, there_and_back, position(after)));
                }
            }
        }
    }
}

#[test]
fn the_way_back_is_the_same_whoever_turns_it() {
    for beneath in BENEATH {
        for wait in [0.0, 0.5] {
            let case = format!("{beneath:?}, wait {wait}");
            let mut stage = Stage::playing(256, scene(beneath, wait, &json!({})));
            stage.at(BEGINS - 0.1);
            stage.steer(BEGINS, TimelineControl::Play);
            stage.steer(BEGINS + 3.0, TimelineControl::Reverse);
            for after in frames(0.0, 20) {
                stage.shows(&case, 3.0 + after, expected(beneath, wait, false, (wait + 1.0 - after - 1e-6).max(0.0)));
            }
            // Played again it does as it did at first.
            stage.steer(BEGINS + 6.0, TimelineControl::Play);
            for after in frames(0.0, 20) {
                stage.shows(&case, 6.0 + after, expected(beneath, wait, false, (after).min(wait + 1.0 - 1e-6)));
            }
            stage.steer(BEGINS + 9.0, TimelineControl::Play);
            for after in frames(0.0, 20) {
                stage.shows(&case, 9.0 + after, expected(beneath, wait, false, (after).min(wait + 1.0 - 1e-6)));
            }
        }
    }
}

/// From its end it goes there and back as it would have from its beginning.
#[test]
fn one_that_is_reversed_before_it_was_ever_played_comes_back_to_what_was_there() {
    for beneath in BENEATH {
        for (wait, repeat) in [(0.0, 2), (0.5, 2), (0.5, 4)] {
            let case = format!("{beneath:?}, wait {wait}, {repeat} rounds");
            let rounds = json!({ "pingPong": true, "repeat": repeat });
            let mut stage = Stage::playing(256, scene(beneath, wait, &rounds));
            stage.at(BEGINS - 0.1);
            stage.steer(BEGINS, TimelineControl::Reverse);
            let whole = f64::from(repeat) * (wait + 1.0);
            for after in frames(0.0, 65) {
                stage.shows(&case, after, expected(beneath, wait, true, (whole - after - 1e-6).max(0.0)));
            }
        }
        // From the end of its only round it first has to come there; it ends where it would have begun.
        let mut stage = Stage::playing(256, scene(beneath, 0.5, &json!({})));
        let mut before = stage.x_at(BEGINS - 0.1);
        stage.steer(BEGINS, TimelineControl::Reverse);
        for after in frames(0.0, 30) {
            let x = stage.x_at(BEGINS + after);
            let is_far = (x - before).abs() > 25.0;
            assert!(beneath == Beneath::Nothing || !is_far, "{beneath:?}: {before} then {x} after {after} s");
            before = x;
        }
        assert!((before - expected(beneath, 0.5, false, 0.0)).abs() < 0.1, "{beneath:?}: {before}");
    }
}

#[test]
fn where_it_is_sought_and_another_run_that_goes_on_with_it_show_the_same() {
    for beneath in BENEATH {
        let rounds = json!({ "pingPong": true, "repeat": "forever" });
        let scene = scene(beneath, 0.5, &rounds);
        let mut stage = Stage::playing(256, scene.clone());
        stage.at(BEGINS - 0.1);
        stage.steer(BEGINS, TimelineControl::Seek { to: SeekTarget::Seconds(4.7) });
        stage.shows("sought", 0.0, expected(beneath, 0.5, true, 4.7));
        stage.steer(BEGINS + 1.0, TimelineControl::Play);
        for after in frames(0.0, 40) {
            stage.shows("played from there", 1.0 + after, expected(beneath, 0.5, true, 4.7 + after));
        }
        stage.steer(BEGINS + 5.0, TimelineControl::Seek { to: SeekTarget::Seconds(2.2) });
        let written = serde_json::to_string(&stage.compositor.motion()).unwrap();
        let mut resumed = Stage::empty(256);
        let motion: Motion = serde_json::from_str(&written).unwrap();
        resumed.compositor.resume(0, scene, motion);
        resumed.at(BEGINS + 5.0);
        assert!(resumed.compositor.finish_loading(Instant::now() + Duration::from_secs(60)));
        for after in frames(0.0, 60) {
            let expected = expected(beneath, 0.5, true, 2.2 + after);
            stage.shows("sought while it plays", 5.0 + after, expected);
            resumed.shows("resumed", 5.0 + after, expected);
        }
    }
}

/// What holds it is cancelled, and what is authored is edited, while the timeline has hold of it: it keeps to where it began,
/// also where a later round waits.
#[test]
fn it_keeps_to_where_it_began_whatever_becomes_of_what_was_beneath() {
    let rounds = json!({ "pingPong": true, "repeat": "forever" });
    let mut stage = Stage::playing(256, scene(Beneath::Timeline, 0.5, &rounds));
    stage.at(BEGINS - 0.1);
    stage.steer(BEGINS, TimelineControl::Play);
    let cancel = Edit::ControlTimeline { id: TimelineId::new("u").unwrap(), control: TimelineControl::Cancel };
    let set = |x: f64| {
        let patch = json!({ "transform": { "position": { "x": x } } });
        Edit::PatchLayer { id: LayerId::new("bar").unwrap(), patch }
    };
    let edits = [(8, set(100.0)), (27, set(30.0)), (33, cancel), (47, set(210.0)), (58, set(90.0))];
    for frame in 0..80_u32 {
        let after = f64::from(frame) / 10.0;
        if let Some((_, edit)) = edits.iter().find(|(at, _)| *at == frame) {
            stage.edit(BEGINS + after, vec![edit.clone()]);
        }
        stage.shows("edited", after, expected(Beneath::Timeline, 0.5, true, after));
    }
    // Turned back, with nothing beneath it any more, it comes to what is authored by then.
    stage.steer(BEGINS + 8.0, TimelineControl::Reverse);
    let mut before = stage.x();
    for after in frames(8.0, 90) {
        let x = stage.x_at(BEGINS + after);
        assert!((x - before).abs() < 25.0, "{before} then {x} after {after} s");
        before = x;
    }
    assert!((before - 90.0).abs() < 0.1, "{before}");
}

#[test]
fn rounds_of_an_animation_of_the_layer_begin_where_the_first_did() {
    let mut stage = Stage::playing(256, scene(Beneath::Animation, 0.0, &json!({})));
    stage.at(BEGINS - 0.1);
    let mut there_and_back = to(TO);
    (there_and_back["pingPong"], there_and_back["repeat"]) = (json!(true), json!(4));
    let mut on = to(200.0);
    on["queue"] = json!("append");
    let id = || LayerId::new("bar").unwrap();
    for animation in [there_and_back, on] {
        let animation = Box::new(serde_json::from_value(animation).unwrap());
        stage.edit(BEGINS, vec![Edit::AddAnimation { id: id(), animation }]);
    }
    for after in frames(0.0, 40) {
        stage.shows("there and back", after, expected(Beneath::Animation, 0.0, true, after));
    }
    for after in frames(0.0, 11) {
        stage.shows("and on", 4.0 + after, HELD + (200.0 - HELD) * after);
    }
}
