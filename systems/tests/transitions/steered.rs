//! What is steered, or takes over, at the very time at which its scene leaves goes on from what was shown then.

use components::{
    Edit, SceneDocument,
    animation::timeline::{TimelineControl, TimelineId},
};
use serde_json::{Value, json};

use crate::stage::*;

/// A bar that a timeline moves from where it is. Events steer that, and `…Go` lets the scene leave at the same time.
fn steered() -> SceneDocument {
    let bar = json!({ "id": "bar", "transform": { "position": { "x": 20, "y": 30 } },
        "content": { "type": "color", "color": "#ffd23f", "size": { "width": 40, "height": 60 } } });
    let mut scene = document("#7a2e4d", json!([bar]));
    let to_the_right = json!({ "property": "transform.position.x", "to": 150, "duration": 3 });
    scene.timelines = serde_json::from_value(json!([{ "id": "show", "steps": [
        { "type": "animate", "layer": "bar", "animation": to_the_right }] }]))
    .unwrap();
    let leave = json!({ "type": "activate", "scene": "evening", "transition": wipe() });
    let do_it = |name: &str, mut more: Value| {
        more["timeline"] = json!("show");
        let play = (name == "playOn").then(|| json!({ "type": "play", "timeline": "show" }));
        let acts: Vec<Value> = std::iter::once(more).chain(play).collect();
        let go: Vec<Value> = acts.iter().cloned().chain([leave.clone()]).collect();
        [
            json!({ "on": { "type": "event", "name": name }, "do": acts }),
            json!({ "on": { "type": "event", "name": format!("{name}Go") }, "do": go }),
        ]
    };
    let triggers: Vec<Value> = [
        do_it("rate", json!({ "type": "rate", "rate": 1.2 })),
        do_it("playOn", json!({ "type": "pause" })),
        do_it("seek", json!({ "type": "seek", "to": 1.5 })),
        do_it("reverse", json!({ "type": "reverse" })),
    ]
    .into_iter()
    .flatten()
    .collect();
    scene.triggers = serde_json::from_value(json!(triggers)).unwrap();
    scene
}

fn wipe() -> Value {
    json!({ "type": "wipe", "angle": 90, "softness": 0, "duration": 3 })
}

/// That the picture of the scene moves on beneath the wipe with which `leave` brings the next one on air as it does after `stay`.
fn is_as_if_it_stayed(scene: &SceneDocument, what: &str, leave: Vec<Edit>, stay: Vec<Edit>) {
    let [mut stage, mut stays] = [(); 2].map(|()| {
        let mut stage = Stage::new(1, scene.clone());
        stage.hold("evening", evening());
        stage.play(24);
        stage
    });
    stage.edit(leave);
    stays.edit(stay);
    let comes = stage.alone();
    for tick in 0..10 {
        let (seen, there) = (stage.picture(), stays.picture());
        let pixels = seen.chunks(4).zip(there.chunks(4)).zip(comes.chunks(4));
        let of_neither = pixels.filter(|((seen, there), comes)| seen != there && seen != comes).count();
        assert!(of_neither <= 2 * HEIGHT, "{what}, tick {tick}: {of_neither} pixels are of neither");
        assert!(tick > 0 || seen == there, "{what}: on the first tick nothing jumps");
        stage.tick();
        stays.tick();
    }
}

#[test]
fn what_is_steered_at_the_time_at_which_it_leaves_goes_on_from_there() {
    let scene = steered();
    for name in ["rate", "playOn", "seek", "reverse"] {
        is_as_if_it_stayed(&scene, name, vec![fire(&format!("{name}Go"))], vec![fire(name)]);
    }
    is_as_if_it_stayed(&scene, "nothing", vec![activate("evening", &wipe())], vec![]);
    for control in [TimelineControl::Rate { rate: 1.2 }, TimelineControl::Reverse, TimelineControl::Pause] {
        let steer = Edit::ControlTimeline { id: TimelineId::new("show").unwrap(), control };
        is_as_if_it_stayed(&scene, "a batch", vec![steer.clone(), activate("evening", &wipe())], vec![steer]);
    }
}

/// A bar on its way to the right. The event `back` plays a timeline that says only where it goes then, and so does `leave`,
/// with which the scene leaves.
fn moved() -> SceneDocument {
    let bar = json!({ "id": "bar", "transform": { "position": { "x": 20, "y": 30 } },
        "content": { "type": "color", "color": "#ffd23f", "size": { "width": 40, "height": 60 } } });
    let mut scene = document("#7a2e4d", json!([bar]));
    let to = |id: &str, autoplay: bool, x: u32| {
        let animation = json!({ "property": "transform.position.x", "to": x, "duration": 3 });
        json!({ "id": id, "autoplay": autoplay, "steps": [{ "type": "animate", "layer": "bar", "animation": animation }] })
    };
    scene.timelines = serde_json::from_value(json!([to("there", true, 150), to("back", false, 20)])).unwrap();
    let play = json!({ "type": "play", "timeline": "back" });
    let leave = json!({ "type": "activate", "scene": "evening", "transition": wipe() });
    let on = |name: &str, actions: Value| json!({ "on": { "type": "event", "name": name }, "do": actions });
    scene.triggers =
        serde_json::from_value(json!([on("back", json!([play])), on("leave", json!([play, leave]))])).unwrap();
    scene
}

#[test]
fn a_timeline_that_is_played_as_its_scene_leaves_takes_over_what_is_shown() {
    let scene = moved();
    let play = || Edit::ControlTimeline { id: TimelineId::new("back").unwrap(), control: TimelineControl::Play };
    is_as_if_it_stayed(&scene, "a trigger", vec![fire("leave")], vec![fire("back")]);
    is_as_if_it_stayed(&scene, "a batch", vec![play(), activate("evening", &wipe())], vec![play()]);
}
