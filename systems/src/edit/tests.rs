//! One mistake in a batch is told as one fault, where it is.

use components::{
    EditBatch,
    document::{Limits, Source},
};
use serde_json::{Value, json};

use crate::compositor::{Compositor, CompositorSettings};

fn scene() -> Value {
    let color = |id: &str| json!({ "id": id, "content": { "type": "color", "color": "#fff" } });
    json!({
        "assets": [{ "id": "logo", "type": "image", "path": "logo.png" }],
        "layers": [
            { "id": "a", "content": { "type": "color", "color": "#fff" },
              "animations": [{ "property": "opacity", "to": 0, "duration": 1 }] },
            { "id": "group", "content": { "type": "group" }, "children": [color("inside"), color("other")] },
            { "id": "picture", "content": { "type": "image", "asset": "logo" } },
        ],
        "audio": { "tracks": [{ "id": "hum", "source": { "type": "tone", "frequency": 440 } }] },
        "timelines": [{ "id": "show", "autoplay": false, "steps": [
            { "type": "animate", "layer": "inside", "animation": { "property": "opacity", "to": 0, "duration": 1 } },
            { "type": "label", "name": "half" } ] }],
        "triggers": [{ "id": "go", "on": { "type": "label", "timeline": "show", "label": "half" },
            "do": [{ "type": "emit", "event": "there" }] }],
    })
}

fn stage() -> Compositor {
    let settings = CompositorSettings { width: 16, height: 16, max_layers: 8, pool_size: 1, threads: Some(1) };
    let mut compositor = Compositor::new(settings);
    let put = json!({ "op": "putScene", "id": "evening", "scene": { "layers": [] } });
    for edits in [json!([{ "op": "loadScene", "scene": scene() }]), json!([put])] {
        assert_eq!(told(&mut compositor, &json!({ "edits": edits })), Vec::<String>::new());
    }
    compositor
}

/// The faults that are told of a batch: of what it is in itself, or else with the scene.
fn told(compositor: &mut Compositor, batch: &Value) -> Vec<String> {
    match EditBatch::read(&Source::from_value(batch.clone()), &Limits::HIGHEST) {
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
        Ok(batch) => {
            compositor.submit(0, batch.edits);
            let outcome = compositor.tick(0, 0.0).outcomes.remove(0).1;
            outcome
                .err()
                .map(|rejected| rejected.faults().iter().map(ToString::to_string).collect())
                .unwrap_or_default()
        }
    }
}

#[test]
fn one_mistake_is_one_fault_where_it_is() {
    let color = |id: &str| json!({ "id": id, "content": { "type": "color", "color": "#fff" } });
    let create = |layer: Value| json!({ "op": "createLayer", "layer": layer });
    let patch = |id: &str, patch: Value| json!({ "op": "patchLayer", "id": id, "patch": patch });
    let add = |animation: Value| json!({ "op": "addAnimation", "id": "a", "animation": animation });
    let fade = json!({ "property": "opacity", "to": 0, "duration": 1 });
    let animate = |layer: &str, animation: &Value| json!({ "type": "animate", "layer": layer, "animation": animation });
    let timeline = |steps: Value| json!({ "op": "putTimeline", "timeline": { "id": "new", "steps": steps } });
    let steer = |id: &str, control: Value| json!({ "op": "controlTimeline", "id": id, "control": control });
    let trigger = |on: Value, act: Value| json!({ "op": "addTrigger", "trigger": { "on": on, "do": [act] } });
    let event = || json!({ "type": "event", "name": "e" });
    let emit = json!({ "type": "emit", "event": "e" });
    let set = |layer: &str, patch: Value| json!({ "type": "set", "layer": layer, "patch": patch });
    let keyframes = json!({ "property": "opacity", "keyframes": [{ "at": 1, "value": 0 }, { "at": 0.5, "value": 1 }] });
    let cases: Vec<(Value, &str)> = vec![
        (json!({ "op": "createLayr", "layer": color("new") }), "/op"),
        (json!({ "layer": color("new") }), ""),
        (json!({ "op": "createLayer" }), ""),
        (json!({ "op": "createLayer", "layer": color("new"), "paren": "group" }), "/paren"),
        (json!({ "op": "createLayer", "layer": color("new"), "index": -1 }), "/index"),
        (json!({ "op": "createLayer", "layer": color("new"), "parent": "grup" }), "/parent"),
        (json!({ "op": "createLayer", "layer": color("new"), "parent": "a" }), "/parent"),
        (create(color("a")), "/layer/id"),
        (
            create(json!({ "id": "new", "content": { "type": "group" }, "children": [color("x"), color("a")] })),
            "/layer/children/1/id",
        ),
        (
            create(json!({ "id": "new", "content": { "type": "group" }, "children": [color("x"), color("x")] })),
            "/layer/children/1/id",
        ),
        (create(color("no/id")), "/layer/id"),
        (create(json!({ "id": "new", "content": { "type": "color", "color": "#ffff f" } })), "/layer/content/color"),
        (create(json!({ "id": "new", "content": { "type": "image", "asset": "lgo" } })), "/layer/content/asset"),
        (
            create(json!({ "id": "new", "content": { "type": "color", "color": "#fff" },
            "variants": { "only": ["a b"] } })),
            "/layer/variants/only/0",
        ),
        (
            json!({ "op": "createLayer", "layer": { "id": "new", "content": { "type": "color", "color": "#fff" },
            "children": [color("x")] } }),
            "/layer/children",
        ),
        (patch("b", json!({ "opacity": 1 })), "/id"),
        (patch("a", json!({ "opacity": 2 })), "/patch/opacity"),
        (patch("a", json!({ "opcity": 1 })), "/patch/opcity"),
        (patch("a", json!({ "id": "b" })), "/patch/id"),
        (patch("a", json!([])), "/patch"),
        (patch("a", json!({ "children": [color("x")] })), "/patch/children"),
        (patch("group", json!({ "children": [color("a")] })), "/patch/children/0/id"),
        (patch("a", json!({ "mask": { "shape": { "type": "layer", "layer": "b" } } })), "/patch/mask/shape/layer"),
        (patch("a", json!({ "mask": { "shape": { "type": "layer", "layer": "a" } } })), "/patch/mask/shape/layer"),
        (patch("a", json!({ "transitions": [{ "property": "opacity" }] })), "/patch/transitions/0"),
        (patch("picture", json!({ "content": { "asset": "lgo" } })), "/patch/content/asset"),
        (json!({ "op": "replaceLayer", "id": "a", "layer": color("b") }), "/layer/id"),
        (json!({ "op": "replaceLayer", "id": "b", "layer": color("b") }), "/id"),
        (json!({ "op": "deleteLayer", "id": "b" }), "/id"),
        (json!({ "op": "deleteLayer", "id": "inside" }), "!/timelines/0/steps/0/layer"),
        (json!({ "op": "moveLayer", "id": "group", "parent": "group" }), "/parent"),
        (json!({ "op": "moveLayer", "id": "a", "parent": 3 }), "/parent"),
        (json!({ "op": "orderLayers", "order": ["a", "inside"] }), "/order/1"),
        (json!({ "op": "orderLayers", "order": ["a", "a"] }), "/order/1"),
        (json!({ "op": "orderLayers", "order": [] }), "/order"),
        (add(json!({ "property": "opcity", "to": 0, "duration": 1 })), "/animation/property"),
        (add(json!({ "property": "opacity", "to": "red", "duration": 1 })), "/animation/to"),
        (add(json!({ "property": "opacity", "to": 0, "duration": -1 })), "/animation/duration"),
        (add(json!({ "property": "opacity", "to": 0 })), "/animation"),
        (add(json!({ "property": "opacity", "keyframes": [] , "duration": 1 })), "/animation/keyframes"),
        (add(keyframes.clone()), "/animation/keyframes/1/at"),
        (add(json!({ "property": "opacity", "to": 0, "duration": 1, "easing": "steps(0)" })), "/animation/easing"),
        (json!({ "op": "removeAnimation", "id": "a", "index": 1 }), "/index"),
        (json!({ "op": "controlAnimation", "id": "a", "index": 1, "control": { "type": "play" } }), "/index"),
        (
            json!({ "op": "controlAnimation", "id": "a", "index": 0, "control": { "type": "rate", "rate": 0 } }),
            "/control/rate",
        ),
        (json!({ "op": "controlSoundAnimation", "index": 0, "control": { "type": "play" } }), "/index"),
        (json!({ "op": "controlSoundAnimation", "track": "hm", "index": 0, "control": { "type": "play" } }), "/track"),
        (steer("shw", json!({ "type": "play" })), "/id"),
        (steer("show", json!({ "type": "ply" })), "/control/type"),
        (steer("show", json!({ "type": "seek", "to": "whole" })), "/control/to"),
        (steer("show", json!({ "type": "seek", "to": -1 })), "/control/to"),
        (steer("show", json!({ "type": "rate" })), "/control"),
        (timeline(json!([])), "/timeline/steps"),
        (timeline(json!([animate("b", &fade)])), "/timeline/steps/0/layer"),
        (timeline(json!([animate("a", &keyframes)])), "/timeline/steps/0/animation/keyframes/1/at"),
        (timeline(json!([{ "type": "timeline", "id": "new" }])), "/timeline/steps/0/id"),
        (timeline(json!([{ "type": "timeline", "id": "shw" }])), "/timeline/steps/0/id"),
        (timeline(json!([{ "type": "wait", "seconds": 0 }])), "/timeline/steps"),
        (
            timeline(
                json!([{ "type": "parallel", "steps": [animate("a", &json!({ "property": "x", "to": 0, "duration": 1 }))] }]),
            ),
            "/timeline/steps/0/steps/0/animation/property",
        ),
        (json!({ "op": "deleteTimeline", "id": "shw" }), "/id"),
        (json!({ "op": "deleteTimeline", "id": "show" }), "!/triggers/0/on/timeline"),
        (trigger(json!({ "type": "timelineEnd", "timeline": "shw" }), emit.clone()), "/trigger/on/timeline"),
        (trigger(json!({ "type": "label", "timeline": "show", "label": "whole" }), emit.clone()), "/trigger/on/label"),
        (trigger(json!({ "type": "schedule", "cron": "0 0" }), emit.clone()), "/trigger/on/cron"),
        (trigger(event(), json!({ "type": "emit" })), "/trigger/do/0"),
        (trigger(event(), set("b", json!({ "opacity": 1 }))), "/trigger/do/0/layer"),
        (trigger(event(), set("a", json!({ "opacity": 2 }))), "/trigger/do/0/patch/opacity"),
        (json!({ "op": "addTrigger", "trigger": { "id": "go", "on": event(), "do": [emit] } }), "/trigger/id"),
        (json!({ "op": "putTrigger", "id": 4, "trigger": { "on": event(), "do": [emit] } }), "/id"),
        (
            json!({ "op": "putTrigger", "id": "new", "trigger": { "id": "newer", "on": event(), "do": [emit] } }),
            "/trigger/id",
        ),
        (json!({ "op": "patchTrigger", "id": "go", "patch": { "id": "gone" } }), "/patch/id"),
        (json!({ "op": "fireTrigger", "trigger": "gone" }), "/trigger"),
        (json!({ "op": "fireEvent", "name": "" }), "/name"),
        (json!({ "op": "putAsset", "asset": { "id": "x", "type": "image", "path": "../x.png" } }), "/asset/path"),
        (
            json!({ "op": "putAsset", "asset": { "id": "logo", "type": "audio", "path": "x.wav" } }),
            "!/layers/2/content/asset",
        ),
        (json!({ "op": "deleteAsset", "id": "logo" }), "!/layers/2/content/asset"),
        (json!({ "op": "setCanvas", "canvas": { "width": 0 } }), "/canvas/width"),
        (json!({ "op": "patchCanvas", "patch": { "width": 0 } }), "/patch/width"),
        (
            json!({ "op": "putTrack", "track": { "id": "x", "source": { "type": "files", "assets": ["s"] } } }),
            "/track/source/assets/0",
        ),
        (json!({ "op": "patchTrack", "id": "hum", "patch": { "volume": -1 } }), "/patch/volume"),
        (json!({ "op": "patchAudio", "patch": { "volume": "loud" } }), "/patch/volume"),
        (json!({ "op": "activateScene", "id": "evning" }), "/id"),
        (
            json!({ "op": "activateScene", "id": "evening", "transition": { "type": "stinger", "asset": "s" } }),
            "/transition/asset",
        ),
        (
            json!({ "op": "activateScene", "id": "evening", "transition": { "type": "fade", "duration": -1 } }),
            "/transition/duration",
        ),
        (json!({ "op": "deleteScene", "id": "main" }), "/id"),
        (
            json!({ "op": "putScene", "id": "x", "scene": { "layers": [{ "id": "a", "opacity": 3,
            "content": { "type": "group" } }] } }),
            "/scene/layers/0/opacity",
        ),
        (json!({ "op": "loadScene", "scene": { "layers": [color("a"), color("a")] } }), "/scene/layers/1/id"),
        (json!({ "op": "expect", "document": { "type": "layer", "id": "b" } }), "/document"),
        (json!({ "op": "expect", "document": { "type": "layr", "id": "a" } }), "/document/type"),
    ];
    let mut compositor = stage();
    let mut wrong = Vec::new();
    for (edit, pointer) in &cases {
        // Behind one that is right.
        let batch = json!({ "edits": [{ "op": "fireEvent", "name": "e" }, edit] });
        let faults = told(&mut compositor, &batch);
        // What is used elsewhere is told where that is.
        let expected = pointer.strip_prefix('!').map_or_else(|| format!("/edits/1{pointer}"), ToOwned::to_owned);
        if faults.len() != 1 || !faults[0].starts_with(&format!("{expected}: found ")) {
            wrong.push(format!("{edit}\n  expected one at {expected}, but: {faults:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
