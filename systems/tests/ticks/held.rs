//! Scenes that wait, and the one on air.

use std::time::{Duration, Instant};

use components::{Edit, HeldChange, LayerChange, SceneId};
use serde_json::{Value, json};
use systems::rasterise::Patience;

use crate::stage::*;

fn scene_id(text: &str) -> SceneId {
    SceneId::new(text).unwrap()
}

fn put(id: &str, layers: Value) -> Edit {
    Edit::PutScene { id: scene_id(id), scene: Box::new(document(layers)) }
}

fn activate(id: &str) -> Edit {
    Edit::ActivateScene { id: scene_id(id), transition: None }
}

/// A box that moves to the right by 10 pixels a second.
fn runner(id: &str, color: &str) -> Value {
    let mut runner = block(id, color, (0, 0), (8, 8));
    runner["animations"] = json!([{ "property": "transform.position.x", "from": 0, "to": 100, "duration": 10 }]);
    runner
}

#[test]
fn a_scene_that_is_put_again_changes_only_where_it_differs() {
    let mut stage = Stage::with(json!([runner("runner", "#f00"), block("box", "#f00", (60, 60), (20, 20))]));
    for _ in 0..30 {
        stage.tick();
    }
    let red = |stage: &Stage| (0..WIDTH).position(|x| stage.pixel(x, 2) == RED);
    let before = red(&stage).unwrap();
    assert!(before >= 28, "it has run for three seconds: {before}");
    let report = stage.edit(vec![put(
        "main",
        json!([
            runner("runner", "#f00"),
            block("box", "#0f0", (60, 60), (20, 20)),
            block("more", "#0f0", (100, 60), (8, 8)),
        ]),
    )]);
    let changes = report.diff.unwrap().changes;
    assert!(matches!(changes.as_slice(), [LayerChange::Placed { .. }, LayerChange::Changed { .. }]), "{changes:?}");
    assert!(red(&stage).unwrap() > before, "the runner runs on");
    assert_eq!((stage.pixel(70, 70), stage.pixel(104, 64)), (GREEN, GREEN));

    // Loaded, it begins anew.
    let scene = Box::new(stage.compositor.snapshot().scene);
    stage.edit(vec![Edit::LoadScene { scene }]);
    assert_eq!(red(&stage), Some(0));
}

#[test]
fn scenes_are_held_and_brought_on_air() {
    let mut stage = Stage::with(json!([block("box", "#f00", (10, 10), (20, 20))]));
    let report = stage.edit(vec![put("second", json!([runner("runner", "#0f0")]))]);
    assert!(report.diff.is_none() && report.frame.is_none(), "a scene that waits changes nothing");
    assert!(matches!(report.scenes.as_slice(), [HeldChange::Put { id, .. }] if id.as_str() == "second"));

    // The scene that goes off air is held with what the same batch did to it before.
    let edits = vec![patch("box", json!({ "opacity": 0.5 })), activate("second")];
    let report = stage.edit(edits);
    let [HeldChange::Put { id, scene }, HeldChange::Activated { id: active, .. }] = report.scenes.as_slice() else {
        panic!("{:?}", report.scenes);
    };
    assert_eq!((id.as_str(), active.as_str()), ("main", "second"));
    assert_eq!(serde_json::to_value(&scene.layers[0]).unwrap()["opacity"], 0.5);
    assert_eq!((stage.pixel(2, 2), stage.pixel(15, 15)), (GREEN, [0, 0, 0, 255]));
    for _ in 0..30 {
        stage.tick();
    }
    assert_eq!(stage.pixel(2, 2), [0, 0, 0, 255], "it runs");
    let none = stage.edit(vec![activate("second")]);
    assert!(none.outcomes[0].1.is_ok() && none.scenes.is_empty() && none.diff.is_none(), "it is on air already");

    // The picture goes on moving meanwhile.
    let refused =
        |stage: &mut Stage, edit: Edit| stage.edit(vec![edit]).outcomes.remove(0).1.unwrap_err().reason.to_string();
    assert!(refused(&mut stage, Edit::DeleteScene { id: scene_id("second") }).contains("on air"));
    assert!(refused(&mut stage, activate("mian")).contains("did you mean `main`?"));
    assert!(refused(&mut stage, Edit::DeleteScene { id: scene_id("x") }).contains("no scene `x`"));
    let faulty = put("third", json!([block("a", "#fff", (0, 0), (1, 1)), block("a", "#fff", (0, 0), (1, 1))]));
    refused(&mut stage, faulty);
    assert_eq!(stage.compositor.scenes().others.len(), 1);

    // Back again: the first as it was left, the second from its beginning when it comes the next time.
    stage.edit(vec![activate("main")]);
    assert_eq!(stage.pixel(15, 15), [128, 0, 0, 255]);
    stage.edit(vec![activate("second")]);
    assert_eq!(stage.pixel(2, 2), GREEN);
    stage.edit(vec![Edit::DeleteScene { id: scene_id("main") }]);
    assert!(stage.compositor.scenes().others.is_empty());
    for number in 0..100 {
        assert!(stage.edit(vec![put(&format!("s{number}"), json!([]))]).outcomes[0].1.is_ok());
    }
    assert!(refused(&mut stage, put("one-more", json!([]))).contains("100 scenes"));
}

/// A text, a group with effects and a layer with another as its mask: all of which take longer than any tick has.
fn elaborate() -> Value {
    let words = json!({ "id": "words", "transform": { "position": { "x": 0, "y": 30 } },
        "content": { "type": "text", "text": "Long words ".repeat(30), "font": { "size": 9 }, "width": 128 } });
    let group = json!({ "id": "group", "content": { "type": "group" }, "effects": [{ "type": "dropShadow", "radius": 4 }],
        "children": [block("inside", "#ffff00", (70, 4), (20, 20))] });
    let mut masked = block("masked", "#00ffff", (100, 0), (28, 24));
    masked["mask"] = json!({ "shape": { "type": "layer", "layer": "hole" } });
    let mut hole = block("hole", "#ffffff", (104, 4), (10, 10));
    hole["visible"] = json!(false);
    json!([block("plate", "#00ff00", (0, 0), (40, 20)), words, group, masked, hole])
}

/// What takes long is drawn while the scene before stays on the screen: the first picture of a scene is all of it.
#[test]
fn a_scene_is_seen_when_all_of_it_is_drawn() {
    let whole = Stage::with(elaborate()).compositor.picture().data;
    for transition in [json!({ "type": "cut" }), json!({ "type": "fade", "duration": 0.1 })] {
        let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (128, 96))]));
        let before = stage.compositor.picture().data;
        stage.edit(vec![put("second", elaborate())]);
        stage.compositor.set_patience(Patience::Within(Duration::ZERO));
        let is_cut = transition["type"] == "cut";
        let transition = serde_json::from_value(transition).unwrap();
        let activate = Edit::ActivateScene { id: scene_id("second"), transition: Some(transition) };
        let report = stage.edit(vec![activate]);
        assert!(report.frame.is_none() && stage.compositor.picture().data == before, "the one before stays");
        assert_eq!(stage.compositor.snapshot().scene.layers.len(), 5, "but for its documents");
        let until = Instant::now() + DEADLINE;
        let seconds = stage.next as f64 / 10.0;
        let mut idle = 0;
        while idle < 2 {
            assert!(Instant::now() < until, "it is never drawn");
            stage.next += 1;
            let report = stage.compositor.tick(stage.next, seconds);
            let picture = stage.compositor.picture().data;
            assert!(picture == before || (is_cut && picture == whole), "part of it is seen");
            let background = report.background;
            let is_idle = background.queued == 0 && background.threads == 0 && report.damage.is_empty();
            idle = if is_idle { idle + 1 } else { 0 };
        }
        assert_eq!(stage.compositor.picture().data == whole, is_cut);
        // A fade begins when it is whole, and has ended a while later.
        stage.compositor.tick(stage.next + 1, seconds + 1.0);
        assert!(stage.compositor.picture().data == whole);
    }
}

/// With nothing to wait for it is there at once, and with too much after a second.
#[test]
fn a_scene_does_not_wait_for_long() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (128, 96))]));
    stage.edit(vec![put("simple", json!([block("plate", "#00ff00", (0, 0), (40, 20))]))]);
    let points = (0..60_000).map(|n| format!("L {} {}", (n * 37) % 128, (n * 53) % 96)).collect::<Vec<_>>().join(" ");
    let scribble = json!({ "id": "scribble", "content": { "type": "shape", "fill": "#ff0000",
        "geometry": { "type": "path", "d": format!("M 0 0 {points}") } } });
    stage.edit(vec![put("heavy", json!([block("plate", "#0000ff", (0, 0), (128, 96)), scribble]))]);
    stage.compositor.set_patience(Patience::Within(Duration::from_millis(5)));
    let report = stage.edit(vec![activate("simple")]);
    assert!(report.frame.is_some());
    assert_eq!((stage.pixel(2, 2), stage.pixel(50, 50)), (GREEN, [0, 0, 0, 255]));
    stage.edit(vec![activate("heavy")]);
    assert_eq!(stage.pixel(2, 2), GREEN, "it is held");
    let seconds = stage.next as f64 / 10.0;
    stage.compositor.tick(stage.next, seconds + 0.8);
    stage.compositor.tick(stage.next + 1, seconds + 1.1);
    assert_ne!(stage.pixel(127, 95), [0, 0, 0, 255], "it is seen, be it not whole");
    assert_ne!(stage.pixel(127, 95), GREEN);
}
