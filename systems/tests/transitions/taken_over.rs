//! What takes over at the very time at which its scene leaves goes on from what was shown then.

use components::{
    Edit, SceneDocument,
    animation::{
        timeline::{TimelineControl, TimelineId},
        trigger::EventName,
    },
};
use serde_json::{Value, json};

use crate::stage::*;

fn wipe() -> Value {
    json!({ "type": "wipe", "angle": 90, "softness": 0, "duration": 3 })
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
    let fire = |name: &str| Edit::FireEvent { name: EventName::new(name).unwrap() };
    let play = || Edit::ControlTimeline { id: TimelineId::new("back").unwrap(), control: TimelineControl::Play };
    let ways = [
        ("a trigger", vec![fire("leave")], vec![fire("back")]),
        ("somebody", vec![play(), activate("evening", &wipe())], vec![play()]),
    ];
    for (who, leave, stay) in ways {
        let [mut stage, mut stays] = [(); 2].map(|()| {
            let mut stage = Stage::new(1, moved());
            stage.hold("evening", evening());
            stage.play(24);
            stage
        });
        stage.edit(leave);
        stays.edit(stay);
        let comes = stage.alone();
        for tick in 1..10 {
            stage.tick();
            stays.tick();
            let (seen, there) = (stage.picture(), stays.picture());
            let pixels = seen.chunks(4).zip(there.chunks(4)).zip(comes.chunks(4));
            let of_neither = pixels.filter(|((seen, there), comes)| seen != there && seen != comes).count();
            assert!(of_neither <= 2 * HEIGHT, "{who}, tick {tick}: {of_neither} pixels are of neither");
        }
    }
}
