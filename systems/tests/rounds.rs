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
        self.edit(seconds, vec![steering("t", control)]);
    }

    /// Whether it is so far right, so many seconds after the timeline was steered first.
    fn shows(&mut self, case: &str, after: f64, expected: f64) {
        let x = self.x_at(BEGINS + after);
        assert!((x - expected).abs() < 0.1, "{case}: {x} after {after} s instead of {expected}");
    }
}

fn steering(timeline: &str, control: TimelineControl) -> Edit {
    Edit::ControlTimeline { id: TimelineId::new(timeline).unwrap(), control }
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
    let cancel = steering("u", TimelineControl::Cancel);
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

/// It has come to the property over nothing: what begins beneath it after that is not seen where a later round waits.
#[test]
fn what_comes_beneath_it_later_is_not_seen_where_it_waits() {
    let rounds = json!({ "pingPong": true, "repeat": "forever" });
    let add = || {
        let animation = Box::new(serde_json::from_value(to(HELD)).unwrap());
        Edit::AddAnimation { id: LayerId::new("bar").unwrap(), animation }
    };
    let under = || steering("u", TimelineControl::Play);
    let ways: [(&str, Vec<(u32, Edit)>, std::ops::Range<u32>); 3] = [
        ("an animation is added", vec![(7, add())], 0..0),
        (
            "another timeline is played over it, and it over that",
            vec![(7, under()), (12, steering("t", TimelineControl::Pause)), (12, steering("t", TimelineControl::Play))],
            7..25,
        ),
        ("nothing", vec![], 0..0),
    ];
    for (case, edits, glides) in ways {
        let mut stage = Stage::playing(256, scene(Beneath::Nothing, 0.5, &rounds));
        stage.at(BEGINS - 0.1);
        stage.steer(BEGINS, TimelineControl::Play);
        for frame in 0..80_u32 {
            let after = f64::from(frame) / 10.0;
            for (_, edit) in edits.iter().filter(|(at, _)| *at == frame) {
                stage.edit(BEGINS + after, vec![edit.clone()]);
            }
            if !glides.contains(&frame) {
                stage.shows(case, after, expected(Beneath::Nothing, 0.5, true, after));
            }
        }
    }
    // Nobody has to do anything for that.
    let mut scene = scene(Beneath::Nothing, 0.5, &rounds);
    let mut late = to(HELD);
    late["delay"] = json!(1.2);
    scene.layers[0].animations = serde_json::from_value(json!([late])).unwrap();
    scene.timelines[1].autoplay = true;
    let mut stage = Stage::playing(256, scene);
    for at in frames(0.1, 80) {
        let x = stage.x_at(at);
        let there = expected(Beneath::Nothing, 0.5, true, at);
        assert!((x - there).abs() < 0.1, "{x} after {at} s instead of {there}");
    }
}

/// Over what moves it is turned back to before its first animation, and on again.
#[test]
fn turned_back_to_where_it_waits_it_stays_where_it_began() {
    for transitions in [json!([]), json!([{ "property": "transform.position.x", "duration": 0.6 }])] {
        let mut document = serde_json::to_value(scene(Beneath::Animation, 0.5, &json!({}))).unwrap();
        document["layers"][0]["animations"][0]["repeat"] = json!("forever");
        document["layers"][0]["animations"][0]["pingPong"] = json!(true);
        document["layers"][0]["transitions"] = transitions.clone();
        let scene = SceneDocument::from_value(document, &Limits::default()).unwrap();
        let mut stage = Stage::playing(256, scene);
        stage.at(BEGINS - 0.1);
        stage.steer(BEGINS, TimelineControl::Play);
        let mut before = stage.x_at(BEGINS);
        for frame in 1..45_u32 {
            let at = BEGINS + f64::from(frame) / 10.0;
            match frame {
                12 | 32 => stage.steer(at, TimelineControl::Reverse),
                // In the wait.
                21 => stage.steer(at, TimelineControl::Play),
                _ => {}
            }
            let x = stage.x_at(at);
            assert!((x - before).abs() < 30.0, "{before} then {x} at {at} with {transitions}");
            before = x;
        }
    }
}

#[test]
fn played_on_from_its_very_beginning_it_begins_with_what_is_there_by_then() {
    let pause = || steering("t", TimelineControl::Pause);
    let play = || steering("t", TimelineControl::Play);
    let ways = [
        ("turned back", vec![(0, play()), (5, steering("t", TimelineControl::Reverse))]),
        ("paused", vec![(0, play()), (0, pause())]),
    ];
    for (case, edits) in ways {
        let mut document = serde_json::to_value(scene(Beneath::Nothing, 0.0, &json!({ "repeat": 3 }))).unwrap();
        document["timelines"][0]["steps"][0]["animation"]["to"] = json!(100);
        let first = json!({ "id": "first", "steps": [{ "type": "animate", "layer": "bar", "animation": to(20.0) }] });
        document["timelines"].as_array_mut().unwrap().push(first);
        let scene = SceneDocument::from_value(document, &Limits::default()).unwrap();
        let mut stage = Stage::playing(256, scene);
        stage.at(BEGINS - 0.1);
        for frame in 0..30_u32 {
            let at = BEGINS + f64::from(frame) / 10.0;
            let now: Vec<Edit> =
                edits.iter().filter(|(when, _)| *when == frame).map(|(_, edit)| edit.clone()).collect();
            if !now.is_empty() {
                stage.edit(at, now);
            }
        }
        stage.edit(BEGINS + 3.0, vec![steering("u", TimelineControl::Play)]);
        stage.shows(case, 5.0, 100.0);
        stage.edit(BEGINS + 5.0, vec![play()]);
        for after in frames(0.0, 29) {
            let there = 100.0 + (TO - 100.0) * after.rem_euclid(1.0);
            let is_seam = after > 0.5 && (after.round() - after).abs() < 0.05;
            if !is_seam {
                stage.shows(case, 5.0 + after, there);
            }
        }
    }
}

/// A half, and then its pair: the other half begins with what holds that when the pair begins.
#[test]
fn a_pair_after_one_of_its_halves_begins_with_what_is_there_of_the_other() {
    let pair = |x: f64| json!({ "property": "transform.position", "to": { "x": x, "y": 0 }, "duration": 1, "easing": "linear" });
    for beneath in [Beneath::Timeline, Beneath::Animation] {
        for half in [
            json!({ "property": "transform.position.y", "to": -20 }),
            json!({ "property": "transform.position", "to": { "y": -20 } }),
        ] {
            let mut document =
                serde_json::to_value(scene(beneath, 0.0, &json!({ "pingPong": true, "repeat": 4 }))).unwrap();
            let mut half = half;
            (half["duration"], half["easing"]) = (json!(1), json!("linear"));
            let step = |animation: &Value| json!({ "type": "animate", "layer": "bar", "animation": animation });
            document["timelines"][0]["steps"] = json!([step(&pair(HELD))]);
            if beneath == Beneath::Animation {
                document["layers"][0]["animations"] = json!([pair(HELD)]);
            }
            document["timelines"][1]["steps"] = json!([step(&half), step(&pair(TO))]);
            let case = format!("{beneath:?}, {half}");
            for control in [TimelineControl::Play, TimelineControl::Reverse] {
                let scene = SceneDocument::from_value(document.clone(), &Limits::default()).unwrap();
                let mut stage = Stage::playing(256, scene);
                stage.at(BEGINS - 0.1);
                let goes_back = matches!(control, TimelineControl::Reverse);
                stage.steer(BEGINS, control);
                for after in frames(0.0, 79) {
                    let position = if goes_back { 8.0 - after - 1e-6 } else { after };
                    stage.shows(&case, after, expected(beneath, 1.0, true, position));
                }
            }
        }
    }
}

/// Whatever is a gradient beside it: a colour among gradients is the colour that it was.
#[test]
fn a_colour_that_it_began_with_is_kept_when_gradients_come_and_go() {
    let flat = |color: &str| {
        let stop = |offset: u32| json!({ "offset": offset, "color": color });
        json!({ "type": "linear", "angle": 0, "stops": [stop(0), stop(1)] })
    };
    let fill = |to: Value| json!({ "property": "content.fill", "to": to, "duration": 1, "easing": "linear" });
    let animate = |to: Value| json!({ "type": "animate", "layer": "a", "animation": fill(to) });
    let geometry = json!({ "type": "rect", "width": 16, "height": 16 });
    let document = json!({ "canvas": { "width": 16, "height": 16 },
        "layers": [{ "id": "a", "content": { "type": "shape", "geometry": geometry, "fill": "#40a040" } }],
        "timelines": [{ "id": "u", "steps": [animate(json!("#a04040"))] },
            { "id": "t", "autoplay": false, "steps": [{ "type": "wait", "seconds": 0.5 }, animate(json!("#404090"))],
                "repeat": "forever", "pingPong": true }] });
    let color = |stage: &mut Stage, seconds: f64| {
        stage.at(seconds);
        let data = &stage.compositor.picture().data;
        [data[0], data[1], data[2]].map(i32::from)
    };
    let id = || LayerId::new("a").unwrap();
    let add =
        Edit::AddAnimation { id: id(), animation: Box::new(serde_json::from_value(fill(flat("#c0c040"))).unwrap()) };
    let remove = Edit::PatchLayer { id: id(), patch: json!({ "animations": [] }) };
    let patch = Edit::PatchLayer { id: id(), patch: json!({ "content": { "fill": flat("#c0c040") } }) };
    for edits in [vec![(8, add.clone()), (31, remove)], vec![(8, patch)], vec![(21, add)]] {
        let scene = SceneDocument::from_value(document.clone(), &Limits::default()).unwrap();
        let mut stage = Stage::playing(16, scene);
        stage.at(BEGINS - 0.1);
        stage.steer(BEGINS, TimelineControl::Play);
        let mut before = color(&mut stage, BEGINS);
        for frame in 1..95_u32 {
            let at = BEGINS + f64::from(frame) / 10.0;
            for (_, edit) in edits.iter().filter(|(when, _)| *when == frame) {
                stage.edit(at, vec![edit.clone()]);
            }
            let is = color(&mut stage, at);
            let far = is.iter().zip(before).map(|(is, before)| (is - before).abs()).max().unwrap();
            assert!(far < 20, "{before:?} then {is:?} at {at} with {edits:?}");
            if frame % 30 < 4 {
                assert!(is[0].abs_diff(160) <= 1 && is[1].abs_diff(64) <= 1, "{is:?} at {at} with {edits:?}");
            }
            before = is;
        }
    }
}

/// A half is put before the pair that the timeline has hold of: the half is seen, and nothing jumps.
#[test]
fn what_is_put_before_what_it_holds_is_seen() {
    let animation =
        |property: &str, to: Value| json!({ "property": property, "to": to, "duration": 1, "easing": "linear" });
    let step = |animation: &Value| json!({ "type": "animate", "layer": "bar", "animation": animation });
    let pair = animation("transform.position", json!({ "x": TO, "y": 0 }));
    let wait = json!({ "type": "wait", "seconds": 0.5 });
    let halves = [animation("transform.position.x", json!(40)), animation("transform.position", json!({ "x": 40 }))];
    for half in &halves {
        for turned in [false, true] {
            let rounds = if turned { json!({}) } else { json!({ "pingPong": true, "repeat": "forever" }) };
            let case = format!("{half}, turned back: {turned}");
            let mut document = serde_json::to_value(scene(Beneath::Nothing, 0.5, &rounds)).unwrap();
            document["timelines"][1]["steps"] = json!([wait, step(&pair)]);
            let mut timeline = document["timelines"][1].clone();
            timeline["steps"] = json!([step(half), step(&pair)]);
            let put = Edit::PutTimeline { timeline: Box::new(serde_json::from_value(timeline).unwrap()) };
            let mut stage = Stage::playing(256, SceneDocument::from_value(document, &Limits::default()).unwrap());
            stage.at(BEGINS - 0.1);
            stage.steer(BEGINS, TimelineControl::Play);
            let mut before = stage.x_at(BEGINS);
            for frame in 1..100_u32 {
                let after = f64::from(frame) / 10.0;
                if turned && frame == 7 {
                    stage.steer(BEGINS + after, TimelineControl::Reverse);
                }
                if frame == 9 {
                    stage.edit(BEGINS + after, vec![put.clone()]);
                }
                let x = stage.x_at(BEGINS + after);
                assert!((x - before).abs() < 60.0, "{case}: {before} then {x} after {after} s");
                before = x;
                // At 0.9 s it stood at 0.9 s: a round of two seconds comes to its ends from there.
                let round_ends = frame >= 40 && frame.is_multiple_of(40);
                if !turned && round_ends {
                    stage.shows(&case, after, AUTHORED);
                } else if !turned && frame > 40 && frame % 40 == 20 {
                    stage.shows(&case, after, TO);
                } else if !turned && frame > 40 && frame % 20 == 10 {
                    stage.shows(&case, after, 40.0);
                }
            }
            if turned {
                stage.shows(&case, 10.0, AUTHORED);
            }
        }
    }
}

/// Where it waits before it has come to anything it has no hold of it, whichever way it goes.
#[test]
fn sought_to_before_its_first_animation_it_lets_go() {
    for goes_back in [false, true] {
        let rounds = json!({ "pingPong": true, "repeat": "forever" });
        let mut stage = Stage::playing(256, scene(Beneath::Timeline, 1.0, &rounds));
        stage.at(BEGINS - 0.1);
        stage.steer(BEGINS, TimelineControl::Play);
        if goes_back {
            stage.steer(BEGINS + 1.8, TimelineControl::Reverse);
        }
        stage.edit(BEGINS + 2.0, vec![steering("u", TimelineControl::Cancel)]);
        stage.steer(BEGINS + 3.0, TimelineControl::Seek { to: SeekTarget::Seconds(0.5) });
        stage.shows("sought", 3.0, AUTHORED);
    }
}
