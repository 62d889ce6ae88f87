//! What holds for every document, valid or not.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::BTreeSet;

use components::{
    LayerChange, LayerDocument, LayerId, SceneDiff, SceneDocument, SceneSnapshot,
    document::{Fault, Limits, Place, arbitrary, check_scene},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

const LIMITS: Limits = Limits { max_layers: arbitrary::MAX_LAYERS };

/// Whether a text gives a scene, or faults that say something about places that exist.
fn told_apart(text: &str) {
    let Err(faults) = SceneDocument::parse(text, &LIMITS) else { return };
    assert!(!faults.is_empty());
    let lines: Vec<&str> = text.split('\n').collect();
    for fault in &faults {
        assert!(!fault.expected.is_empty() && !fault.found.is_empty(), "{fault:?}");
        let Some(Place { line, column }) = fault.place else { panic!("{fault} has no place") };
        let width = lines.get(line - 1).map(|line| line.chars().count());
        assert!(width.is_some_and(|width| (1..=width + 1).contains(&column)), "{fault} lies outside of the text");
    }
    assert!(faults.is_sorted_by_key(|fault| fault.place.map(|place| (place.line, place.column))));
}

/// The value that the walk over a document comes to after so many others.
fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, left)),
        _ => None,
    }
}

/// Characters of a document that a fault may repeat, in all.
const QUOTED: usize = 200;

/// The longest run of the letter `q` or of digits, of which the documents below have runs, in what is told.
fn quoted(text: &str) -> usize {
    let longest = |is_of: fn(char) -> bool| text.split(|letter| !is_of(letter)).map(str::len).max().unwrap_or_default();
    longest(|letter| letter == 'q').max(longest(|letter| letter.is_ascii_digit()))
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let words =
        ["", "image", "linear", "forever", "50%", "#fff", "opacity", "steps(0)", "\u{0}", "..", "M 0 0 L 1e999 0"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec!["type", "id", "x", "y", "stops", "points", "content", "~/", ""]);
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((keys.clone(), inner), 0..4)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

#[test]
fn no_fault_repeats_more_of_a_document_than_a_person_reads() {
    const RUN: usize = 3000;
    let long = |head: &str| Value::String(format!("{head}{}", "q".repeat(RUN)));
    let scene = json!({
        "canvas": { "width": 640, "height": 360, "background": "#000000" },
        "assets": [{ "id": "a", "type": "image", "path": "a.png" }, { "id": "s", "type": "audio", "path": "s.wav" }],
        "audio": { "tracks": [{ "id": "t", "source": { "type": "files", "assets": ["s"] },
            "animations": [{ "property": "volume", "to": 1, "duration": 1 }], "duck": { "by": ["t"] } }] },
        "layers": [
            { "id": "l", "name": "l", "type": "host", "blend": "normal", "content": { "type": "image", "asset": "a" },
              "transform": { "position": { "x": "50%", "y": 0 } },
              "mask": { "shape": { "type": "layer", "layer": "m" } }, "effects": [{ "type": "tint", "color": "#ffffff" }],
              "animations": [
                  { "property": "opacity", "to": 0, "duration": 1, "easing": "linear", "repeat": "forever" },
                  { "property": "transform.position", "path": "M 0 0 H 9", "orient": "auto", "duration": 1 },
                  { "property": "blend", "keyframes": [{ "at": 0, "value": "normal" }, { "at": 1, "value": "screen" }] },
                  { "property": "content.asset", "to": "a", "duration": 1 },
              ],
              "presets": [{ "type": "kenBurns", "distance": "5%" }],
              "transitions": [{ "property": "opacity", "duration": 1 }], "variants": { "only": ["main"] } },
            { "id": "m", "content": { "type": "shape", "geometry": { "type": "path", "d": "M 0 0 H 9" }, "fill": "#fff" } },
            { "id": "x", "content": { "type": "text", "text": "x", "font": { "family": "Inter", "features": { "liga": 1 } } } },
            { "id": "g", "content": { "type": "group" }, "effects": [{ "type": "blur", "radius": 3 }], "children": [
                { "id": "d", "content": { "type": "color", "color": "#fff", "size": { "width": 9, "height": 9 } },
                  "variants": { "only": ["main"] }, "animations": [
                    { "property": "content.size.width", "from": 1, "to": "50%", "spring": { "stiffness": 100, "damping": 10 } },
                    { "property": "transform.position", "by": { "x": 1, "y": "1%" }, "duration": 1, "queue": "blend", "weight": 1 },
                    { "property": "transform.scale", "to": { "x": 1 }, "duration": 1 } ] },
                { "id": "e", "content": { "type": "gradient", "gradient": { "type": "linear", "angle": 0, "stops": [
                    { "offset": 0, "color": "#000" }, { "offset": 1, "color": "#fff" }] } }, "animations": [
                    { "property": "content.gradient", "duration": 1, "to": { "type": "linear", "angle": 9, "stops": [
                        { "offset": 0, "color": "#000" }, { "offset": 1, "color": "#fff" }] } }] },
                { "id": "f", "content": { "type": "text", "text": "x", "width": 9,
                    "autoFit": { "minSize": 9, "maxSize": 10 } } },
            ] },
        ],
        "timelines": [{ "id": "i", "follows": { "track": "t" }, "steps": [
            { "type": "label", "name": "n" }, { "type": "animate", "layer": "l", "animation": { "property": "opacity", "to": 0, "duration": 1 } },
            { "type": "timeline", "id": "i" }, { "type": "preset", "layers": ["l"], "preset": { "type": "fade" } },
        ] }],
        "triggers": [
            { "id": "g", "on": { "type": "label", "timeline": "i", "label": "n" }, "do": [
                { "type": "seek", "timeline": "i", "to": "n" }, { "type": "emit", "event": "e" },
                { "type": "set", "layer": "l", "patch": { "name": "n", "blend": "normal" } },
                { "type": "activate", "scene": "z", "transition": { "type": "stinger", "asset": "a" } } ] },
            { "on": { "type": "schedule", "cron": "0 20 * * FRI", "timeZone": "Europe/Berlin" }, "do": [{ "type": "play", "timeline": "i" }] },
        ],
        "transition": { "type": "fade", "color": "#000000", "easing": "linear" },
    });
    let (mut told, mut long_ones) = (0, BTreeSet::new());
    let mut try_out = |scene: Value, what: &str| {
        let Err(faults) = SceneDocument::from_value(scene, &LIMITS) else { return };
        for Fault { pointer, found, expected, nearest, .. } in &faults {
            let parts = [pointer, found, expected].into_iter().chain(nearest);
            let most = parts.clone().map(|part| quoted(part)).max().unwrap();
            if most > QUOTED {
                // What it says, without the runs.
                let short = |text: &str| text.replace(&"q".repeat(QUOTED), "").replace('q', "");
                long_ones.insert(format!("{}: {}, {}", short(what), short(found), short(expected)));
            }
            told += usize::from(parts.map(|part| quoted(part)).sum::<usize>() > 0);
        }
    };
    for place in 0..count(&scene) {
        for head in ["", "#", "0 0 * * ", "cubic-bezier(", "M 0 0 L ", "a.", "main."] {
            let mut scene = scene.clone();
            let value = nth(&mut scene, &mut { place }).unwrap();
            let what = format!("{value} with {head}");
            *value = long(head);
            try_out(scene, &what);
        }
        for number in [json!(1e300), json!(-1e300), json!("1e300%"), json!({ "x": 1e300, "y": "-1e300%" })] {
            let mut scene = scene.clone();
            let value = nth(&mut scene, &mut { place }).unwrap();
            let what = format!("{value} with {number}");
            *value = number;
            try_out(scene, &what);
        }
        // And a key that nobody knows, with what is not known below it.
        let mut scene = scene.clone();
        if let Some(Value::Object(members)) = nth(&mut scene, &mut { place }) {
            members.insert("q".repeat(RUN), json!({ "q".repeat(RUN): ["q".repeat(RUN)] }));
            try_out(scene, "a long key");
        }
    }
    // What has to be another than all others, twice.
    for (list, kind) in [("/layers", "a layer"), ("/audio/tracks", "a track"), ("/triggers", "a trigger")] {
        let mut scene = scene.clone();
        let list = scene.pointer_mut(list).and_then(Value::as_array_mut).unwrap();
        list[0]["id"] = long("");
        list.push(list[0].clone());
        try_out(scene, kind);
    }
    assert_eq!(long_ones, BTreeSet::new());
    assert!(told > 100, "{told} faults repeat something");
}

#[test]
fn a_path_that_is_too_long_is_told_by_how_long_it_is() {
    let path = format!("M 0 0{}", " L 1 1".repeat(20_000));
    let d = |d: &str| json!({ "id": "a", "content": { "type": "shape", "geometry": { "type": "path", "d": d } } });
    let faults = LayerDocument::from_value(d(&path), &LIMITS).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["/content/geometry/d: found path data of 20000 segments, expected SVG path data of at most 10000 segments: \
          simplify it, or make it an asset of the type `svg`, which is not limited so"]
    );
    assert!(LayerDocument::from_value(d(&format!("M 0 0{}", " L 1 1".repeat(10_000))), &LIMITS).is_ok());
    // A layer follows shorter ones; that is what is told of them.
    let way = json!({ "property": "transform.position", "path": path, "duration": 1 });
    let layer = json!({ "id": "a", "content": { "type": "group" }, "animations": [way] });
    let faults = LayerDocument::from_value(layer, &LIMITS).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/animations/0/path: found a path of 20000 segments, expected a path of at most 200 segments, no point more than \
          100000 pixels from the origin"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back_unchanged(scene in arbitrary::scene()) {
        prop_assert_eq!(check_scene(&scene, &LIMITS), Vec::<Fault>::new());
        let text = serde_json::to_string_pretty(&scene).unwrap();
        let read = SceneDocument::parse(&text, &LIMITS).map_err(|faults| TestCaseError::fail(format!("{faults:?}\n{text}")))?;
        prop_assert_eq!(&read, &scene);
        let value = serde_json::to_value(&scene).unwrap();
        prop_assert_eq!(SceneDocument::from_value(value.clone(), &LIMITS), Ok(scene.clone()));
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), value);
        for layer in &scene.layers {
            let value = serde_json::to_value(layer).unwrap();
            prop_assert_eq!(LayerDocument::from_value(value, &LIMITS), Ok(layer.clone()));
        }
    }

    #[test]
    fn any_text_gives_a_scene_or_faults(text in any::<String>()) {
        told_apart(&text);
    }

    #[test]
    fn any_notation_gives_a_scene_or_faults(text in r#"([\[\]{},:'"/*\\ \n\r+.-]|//|/\*|\*/|0x1F|1e999|-?[0-9]|null|true|NaN|"layers"|id|\\u[0-9a-f]{4}|é|\u{feff}){0,60}"#) {
        told_apart(&text);
    }

    #[test]
    fn a_scene_with_values_exchanged_gives_a_scene_or_faults(
        scene in arbitrary::scene(),
        changes in vec((any::<Index>(), anything()), 1..4),
    ) {
        let mut value = serde_json::to_value(&scene).unwrap();
        for (index, change) in changes {
            let mut left = index.index(count(&value));
            if let Some(place) = nth(&mut value, &mut left) {
                *place = change;
            }
        }
        told_apart(&serde_json::to_string_pretty(&value).unwrap());
        let from_text = SceneDocument::parse(&value.to_string(), &LIMITS).map_err(|faults| faults.len());
        let from_value = SceneDocument::from_value(value, &LIMITS).map_err(|faults| faults.len());
        prop_assert_eq!(from_text, from_value);
    }

    #[test]
    fn a_scene_with_bytes_exchanged_gives_a_scene_or_faults(
        scene in arbitrary::scene(),
        changes in vec((any::<Index>(), 0..8_usize, "[\\]\\[{},:\"/\\\\ 0-9a-z]{0,3}"), 1..4),
    ) {
        let mut text: Vec<char> = serde_json::to_string_pretty(&scene).unwrap().chars().collect();
        for (at, length, change) in changes {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, change.chars());
        }
        told_apart(&text.into_iter().collect::<String>());
    }

    #[test]
    fn a_snapshot_with_its_diffs_is_the_later_scene(
        scene in arbitrary::scene(),
        others in vec(arbitrary::layer(Vec::new()), 1..6),
        choices in vec((0..4_u8, any::<Index>(), any::<Index>()), 1..6),
    ) {
        let mut later = scene.clone();
        let mut follower = SceneSnapshot { tick: 0, seq: 0, scene };
        for (number, ((choice, which, at), mut layer)) in choices.into_iter().zip(others).enumerate() {
            let ids: Vec<LayerId> = later.walk().map(|layer| layer.id.clone()).collect();
            rename(&mut layer, number);
            let change = match (choice, ids.is_empty()) {
                (0, false) => {
                    let id = ids[which.index(ids.len())].clone();
                    remove(&mut later.layers, &id);
                    LayerChange::Removed { id }
                }
                (1, false) => {
                    let id = ids[which.index(ids.len())].clone();
                    let set = json!({ "name": layer.name, "opacity": layer.opacity, "effects": layer.effects,
                        "mask": layer.mask, "animations": layer.animations });
                    let target = find(&mut later.layers, &id);
                    target.name = layer.name;
                    target.opacity = layer.opacity;
                    target.effects = layer.effects;
                    target.mask = layer.mask;
                    target.animations = layer.animations;
                    LayerChange::Changed { id, set: set.as_object().unwrap().clone() }
                }
                (2, false) => {
                    // An old layer moves to the top level.
                    let id = ids[which.index(ids.len())].clone();
                    let moved = find(&mut later.layers, &id).clone();
                    remove(&mut later.layers, &id);
                    let index = at.index(later.layers.len() + 1);
                    later.layers.insert(index, moved.clone());
                    LayerChange::Placed { parent: None, index, layer: serde_json::to_value(moved).unwrap() }
                }
                _ => {
                    let parent = (!ids.is_empty()).then(|| ids[which.index(ids.len())].clone());
                    let siblings = match &parent {
                        Some(parent) => &mut find(&mut later.layers, parent).children,
                        None => &mut later.layers,
                    };
                    let index = at.index(siblings.len() + 1);
                    siblings.insert(index, layer.clone());
                    LayerChange::Placed { parent, index, layer: serde_json::to_value(layer).unwrap() }
                }
            };
            later.canvas.width += 1;
            let header = SceneDocument { layers: Vec::new(), ..later.clone() };
            let seq = follower.seq + 1;
            let diff = SceneDiff { tick: 10 * seq, seq, since: None, scene: Some(Box::new(header)), changes: vec![change] };
            let diff: SceneDiff = serde_json::from_str(&serde_json::to_string(&diff).unwrap()).unwrap();
            follower.apply(&diff).unwrap();
            prop_assert_eq!(&follower.scene, &later);
            prop_assert_eq!((follower.tick, follower.seq), (10 * seq, seq));
            prop_assert!(follower.apply(&diff).is_err(), "a diff does not follow on itself");
            prop_assert_eq!(&follower.scene, &later);
        }
    }
}

fn rename(layer: &mut LayerDocument, number: usize) {
    layer.id = LayerId::new(format!("new-{number}-{}", layer.id)).unwrap();
    layer.children.iter_mut().for_each(|child| rename(child, number));
}

fn remove(layers: &mut Vec<LayerDocument>, id: &LayerId) {
    layers.retain(|layer| layer.id != *id);
    layers.iter_mut().for_each(|layer| remove(&mut layer.children, id));
}

fn find<'a>(layers: &'a mut [LayerDocument], id: &LayerId) -> &'a mut LayerDocument {
    let holds = |layer: &LayerDocument| layer.walk().any(|layer| layer.id == *id);
    let layer = layers.iter_mut().find(|layer| holds(layer)).expect("a layer of the scene");
    if layer.id == *id { layer } else { find(&mut layer.children, id) }
}

#[test]
fn documents_of_monstrous_depth_or_size_are_refused() {
    for opening in ["[", "{\"layers\":[", "{\"a\":"] {
        let faults = SceneDocument::parse(&opening.repeat(100_000), &LIMITS).expect_err("a fault");
        assert!(faults.iter().any(|fault| fault.found.contains("nesting")), "{faults:?}");
    }
    let nested = format!("{}{}", "[".repeat(65), "]".repeat(65));
    let faults =
        SceneDocument::parse(&format!("{{ \"name\": {nested}, \"canvas\": 1 }}"), &LIMITS).expect_err("faults");
    let told: Vec<&str> = faults.iter().map(|fault| fault.found.as_str()).collect();
    assert_eq!(told, ["a list", "too deep a nesting", "`1`"]);
    let faults = SceneDocument::parse(&" ".repeat((16 << 20) + 1), &LIMITS).expect_err("a fault");
    assert!(faults[0].found.contains("16777217 bytes"), "{faults:?}");
}

#[test]
fn a_scene_has_no_more_layers_and_no_deeper_groups_than_allowed() {
    let group = |id: usize, children: Vec<Value>| json!({ "id": format!("layer-{id}"), "content": { "type": "group" }, "children": children });
    let scene = |count: usize| json!({ "layers": [group(0, (1..count).map(|id| group(id, Vec::new())).collect())] });
    let limits = Limits { max_layers: 3 };
    assert!(SceneDocument::from_value(scene(3), &limits).is_ok());
    let faults = SceneDocument::from_value(scene(5), &limits).expect_err("a fault");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = "/layers/0/children/2: found 5 layers, expected at most 3 (MAX_LAYERS): remove some, or raise \
                    MAX_LAYERS (up to 1000)";
    assert_eq!(told, [expected]);
    let faults = SceneDocument::from_value(scene(1100), &Limits::HIGHEST).expect_err("a fault");
    assert_eq!(faults[0].expected, "at most 1000, which no setting raises: remove some");

    let nested = |depth: usize| (1..depth).fold(group(0, Vec::new()), |inner, id| group(id, vec![inner]));
    assert!(LayerDocument::from_value(nested(16), &LIMITS).is_ok());
    let faults = LayerDocument::from_value(nested(17), &LIMITS).expect_err("a fault");
    assert_eq!((faults.len(), faults[0].pointer.as_str()), (1, "/children/0".repeat(16).as_str()));
}

#[test]
fn the_spans_of_a_text_are_bounded_together() {
    let text = |spans: usize, length: usize| {
        let span = json!({ "text": "é".repeat(length) });
        json!({ "id": "words", "content": { "type": "text", "text": "a", "spans": vec![span; spans] } })
    };
    assert!(LayerDocument::from_value(text(49, 102), &LIMITS).is_ok());
    let faults = LayerDocument::from_value(text(50, 100), &LIMITS).expect_err("a fault");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = "/content/spans: found 5001 characters, expected at most 5000 in `text` and all `spans` together";
    assert_eq!(told, [expected]);
}

#[test]
fn a_thousand_layers_are_read() {
    let layer = |id: usize| {
        json!({ "id": format!("layer-{id}"), "content": { "type": "color", "color": "#fff" },
            "animations": [{ "property": "opacity", "from": 0, "to": 1, "duration": 2 }] })
    };
    let text = json!({ "layers": (0..1000).map(layer).collect::<Vec<_>>() }).to_string();
    let start = std::time::Instant::now();
    let scene = SceneDocument::parse(&text, &Limits { max_layers: 1000 }).unwrap();
    println!("{} bytes in {:?}", text.len(), start.elapsed());
    assert_eq!(scene.layers.len(), 1000);
}
