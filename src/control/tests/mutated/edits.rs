//! Edits of every kind, made from the scenes that come with the program.

use std::path::Path;

use components::{SceneDocument, document::Limits};
use proptest::{
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

/// The scenes that come with the program: there is something of every kind in them.
fn scenes() -> Vec<Value> {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/gallery");
    let files = std::fs::read_dir(gallery).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|name| name == "jsonc")).collect();
    files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/demo/scene.jsonc"));
    files.sort();
    let limits = Limits { max_layers: 1000 };
    let read =
        |path: &std::path::PathBuf| SceneDocument::parse(&std::fs::read_to_string(path).unwrap(), &limits).unwrap();
    files.iter().map(|path| serde_json::to_value(read(path)).unwrap()).collect()
}

/// All values under this key, wherever they are, one by one if they are in a list.
fn all(value: &Value, key: &str, found: &mut Vec<Value>) {
    if let Value::Object(entries) = value {
        for (name, entry) in entries {
            if name == key {
                let values = entry.as_array().map_or(std::slice::from_ref(entry), Vec::as_slice);
                // Ids of them are called like that too.
                found.extend(values.iter().filter(|value| value.is_object()).cloned());
            }
        }
    }
    let inner: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(entries) => Box::new(entries.values()),
        _ => return,
    };
    inner.for_each(|value| all(value, key, found));
}

/// Edits that would be taken, most of them.
pub(super) fn edit() -> impl Strategy<Value = Value> {
    let scenes = scenes();
    let kind = |key: &str| {
        let mut found = Vec::new();
        scenes.iter().for_each(|scene| all(scene, key, &mut found));
        assert!(!found.is_empty(), "no {key}");
        select(found)
    };
    let id = || select(vec!["background", "box", "group", "child"]);
    let named = |mut layer: Value, id: &str| {
        layer["id"] = json!(id);
        layer.as_object_mut().unwrap().remove("children");
        layer
    };
    let canvases: Vec<Value> = scenes.iter().map(|scene| scene["canvas"].clone()).collect();
    // Those that any layer can have.
    let mut animations = Vec::new();
    scenes.iter().for_each(|scene| all(scene, "animations", &mut animations));
    animations
        .retain(|one| one["property"].as_str().is_some_and(|name| name.starts_with("transform") || name == "opacity"));
    prop_oneof![
        6 => (id(), kind("layers"), any::<Index>()).prop_map(move |(id, layer, part)| {
            // One part of it, or all.
            let parts = layer.as_object().unwrap();
            let (name, value) = parts.iter().nth(part.index(parts.len())).unwrap();
            let is_whole = ["id", "children"].contains(&name.as_str());
            let patch = if is_whole { named(layer, id) } else { json!({ name: value }) };
            json!({ "op": "patchLayer", "id": id, "patch": patch })
        }),
        4 => (id(), kind("layers")).prop_map(move |(id, layer)| {
            json!({ "op": "replaceLayer", "id": id, "layer": named(layer, id) })
        }),
        4 => (kind("layers"), kind("children"), any::<bool>()).prop_map(move |(layer, child, is_child)| {
            let layer = named(if is_child { child } else { layer }, "new");
            json!({ "op": "createLayer", "layer": layer, "parent": is_child.then_some("group"), "index": 1 })
        }),
        2 => (id(), select(animations)).prop_map(|(id, one)| json!({ "op": "addAnimation", "id": id, "animation": one })),
        1 => (id(), any::<Index>()).prop_map(|(id, n)| json!({ "op": "moveLayer", "id": id, "index": n.index(4), "parent": null })),
        1 => id().prop_map(|id| json!({ "op": "orderLayers", "order": if id == "box" { ["group", id] } else { [id, "box"] } })),
        1 => id().prop_map(|id| json!({ "op": "deleteLayer", "id": id })),
        2 => kind("timelines").prop_map(|one| json!({ "op": "putTimeline", "timeline": one })),
        2 => kind("triggers").prop_map(|one| json!({ "op": "addTrigger", "trigger": one })),
        1 => kind("assets").prop_map(|one| json!({ "op": "putAsset", "asset": one })),
        1 => select(canvases).prop_map(|canvas| json!({ "op": "setCanvas", "canvas": canvas })),
        1 => kind("tracks").prop_map(|one| json!({ "op": "setAudio", "audio": { "tracks": [one] } })),
        1 => (kind("layers"), kind("transition")).prop_map(move |(layer, transition)| json!({
            "op": "putScene", "id": "main",
            "scene": { "layers": [named(layer, "box")], "transition": transition, "canvas": { "width": 64, "height": 36 } },
        })),
        1 => kind("transition").prop_map(|one| json!({ "op": "activateScene", "id": "main", "transition": one })),
        1 => Just(json!({ "op": "expect", "document": { "type": "layer", "id": "box" }, "etags": ["\"0\""] })),
    ]
}
