//! The scene that leaves goes on moving beneath the transition.

use std::time::Instant;

use components::{SceneDocument, animation::trigger::EventName};
use serde_json::{Value, json};
use systems::clock::SceneEvent;

use crate::stage::*;

/// A scene in which everything moves: an animation, a picture, a timeline. Its triggers tell when it ends.
fn lively(folder: &str) -> SceneDocument {
    let bar = |id: &str, y: f64, more: Value| {
        let mut layer = json!({ "id": id, "transform": { "position": { "x": 0, "y": y } },
            "content": { "type": "color", "color": "#ffd23f", "size": { "width": 30, "height": 20 } } });
        layer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        layer
    };
    let layers = json!([
        bar(
            "animated",
            4.0,
            json!({ "animations": [
            { "property": "transform.position.x", "from": 0, "to": 160, "duration": 3 }] })
        ),
        bar("timed", 30.0, json!({})),
        bar(
            "text",
            56.0,
            json!({ "content": { "type": "text", "text": "0", "fill": "#ffffff" }, "animations": [
            { "property": "content.text", "keyframes": [{ "at": 0, "value": "one" }, { "at": 1, "value": "two" },
                { "at": 1.5, "value": "three" }] }] })
        ),
    ]);
    let mut scene = document("#7a2e4d", layers);
    let stinger = with_stinger(folder);
    (scene.assets, scene.folder) = (stinger.assets, stinger.folder);
    let picture = bar(
        "picture",
        80.0,
        json!({ "content": { "type": "animatedImage", "asset": "swoosh",
        "repeat": "forever", "size": { "width": 180, "height": 24 } } }),
    );
    scene.layers.push(serde_json::from_value(picture).unwrap());
    let move_on = json!({ "property": "transform.position.x", "from": 0, "to": 160, "duration": 1.5 });
    scene.timelines = serde_json::from_value(json!([{ "id": "show", "autoplay": true, "steps": [
        { "type": "animate", "layer": "timed", "animation": move_on }] }]))
    .unwrap();
    scene.triggers = serde_json::from_value(json!([
        { "on": { "type": "timelineEnd", "timeline": "show" }, "do": [{ "type": "emit", "event": "over" }] }]))
    .unwrap();
    scene
}

/// The lively scene on air since a second, and one that never leaves.
fn two(folder: &str) -> [Stage; 2] {
    [(); 2].map(|()| {
        let mut stage = Stage::new(1, lively(folder));
        stage.hold("evening", evening());
        assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
        stage.play(18);
        stage
    })
}

#[test]
fn all_of_it_moves_as_if_it_were_on_air() {
    let [mut stage, mut stays] = two("all");
    let before = stage.picture();
    stays.tick();
    // Hard edges: but for those on the edge each pixel is one of the one scene or of the other.
    stage.activate("evening", json!({ "type": "wipe", "angle": 90, "softness": 0, "duration": 1.6 }));
    assert!(stage.picture() == stays.picture(), "on the first tick it moves on too");
    let comes = stage.alone();
    for tick in 1..16 {
        stage.tick();
        stays.tick();
        let (seen, there) = (stage.picture(), stays.picture());
        let (mut moved, mut mixed) = (0, 0);
        let pixels = seen.chunks(4).zip(there.chunks(4)).zip(comes.chunks(4).zip(before.chunks(4)));
        for ((seen, there), (comes, before)) in pixels {
            mixed += usize::from(seen != there && seen != comes);
            moved += usize::from(seen == there && seen != comes && seen != before);
        }
        assert!(mixed <= 2 * WIDTH, "tick {tick}: {mixed} pixels are of neither");
        assert!(tick > 12 || moved > 200, "tick {tick}: {moved} pixels have moved");
    }
    assert!(stays.picture() != before);
}

fn fired() -> SceneEvent {
    SceneEvent::Fired { name: EventName::new("over").unwrap() }
}

/// Its triggers are silent: what they would do is no business of the scene that comes.
#[test]
fn nothing_happens_in_it_any_more() {
    let [mut stage, mut stays] = two("silent");
    stage.activate("evening", json!({ "type": "fade", "duration": 3 }));
    stays.tick();
    let (mut told, mut heard) = (false, false);
    for _ in 0..40 {
        told |= stage.tick().events.contains(&fired());
        heard |= stays.tick().events.contains(&fired());
    }
    assert!(heard && !told, "the timeline ends while the scene fades");
}

#[test]
fn its_pictures_follow_from_time_not_from_frames() {
    let [mut every, mut some] = two("frames");
    for stage in [&mut every, &mut some] {
        stage.activate("evening", json!({ "type": "dissolve", "duration": 1, "seed": 5 }));
    }
    for _ in 0..5 {
        every.play(4);
        some.next += 3;
        some.tick();
        assert!(every.picture() == some.picture());
    }
}

/// A trigger may bring the next scene on air between two ticks: the one that leaves goes on all the same.
#[test]
fn one_that_a_trigger_sends_off_goes_on_too() {
    let mut scene = lively("trigger");
    scene.triggers = serde_json::from_value(json!([{ "on": { "type": "event", "name": "go" }, "do": [
        { "type": "activate", "scene": "evening", "transition": { "type": "wipe", "angle": 90, "duration": 1.6 } }] }]))
    .unwrap();
    let mut stage = Stage::new(1, scene);
    stage.hold("evening", evening());
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage.play(18);
    let before = stage.picture();
    stage.edit(vec![fire("go")]);
    let [_, mut stays] = two("trigger");
    stays.tick();
    stage.play(3);
    stays.play(3);
    let (seen, there) = (stage.picture(), stays.picture());
    let same = |other: &[u8]| seen.chunks(4).zip(other.chunks(4)).filter(|(seen, other)| seen == other).count();
    let (living, still) = (same(&there), same(&before));
    assert!(living > WIDTH * HEIGHT / 2 && living > still + 50, "{living} pixels are of then, {still} of before");
}

/// What is cut short is left as the picture that was on the screen.
#[test]
fn cut_short_it_stands_still() {
    let [mut stage, _] = two("short");
    stage.activate("evening", json!({ "type": "fade", "duration": 1 }));
    stage.play(10);
    let halfway = stage.picture();
    stage.activate("main", json!({ "type": "wipe", "angle": 90, "duration": 1 }));
    assert!(stage.picture() == halfway, "nothing jumps");
    stage.play(2);
    let seen = stage.picture();
    let same = seen.chunks(4).zip(halfway.chunks(4)).filter(|(seen, then)| seen == then).count();
    assert!(same > WIDTH * HEIGHT / 2, "{same} pixels");
    stage.play(30);
    assert!(!stage.compositor.is_moving() || stage.picture() != halfway);
}
