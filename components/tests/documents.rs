//! What holds for every document, valid or not.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use components::{
    LayerChange, LayerDocument, LayerId, SceneDiff, SceneDocument, SceneSnapshot,
    document::{Difference, Fault, Limits, Place, Rebased, arbitrary, check_scene},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, subsequence},
};
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A file that does not change changes nothing of a scene, and a scene that nobody has edited becomes what its file
    /// says.
    #[test]
    fn a_scene_that_is_rebased_is_what_one_side_alone_has_made_of_it(
        before in arbitrary::scene(),
        after in arbitrary::scene(),
    ) {
        let rebased = |scene: SceneDocument| Rebased { scene, gave_way: Vec::new() };
        prop_assert!(before.rebased(&before, &after) == rebased(after.clone()));
        prop_assert!(after.rebased(&before, &before) == rebased(after));
    }

    /// Three scenes that have nothing to do with each other but their ids: what comes out is valid, has every change of
    /// the file, and of the scene's own all that is not told of.
    #[test]
    fn a_scene_that_is_rebased_is_valid_and_keeps_what_does_not_give_way(
        present in arbitrary::scene(),
        before in arbitrary::scene(),
        after in arbitrary::scene(),
    ) {
        let Rebased { scene, gave_way } = present.rebased(&before, &after);
        prop_assert_eq!(check_scene(&scene, &Limits { max_layers: usize::MAX }), Vec::<Fault>::new());
        let own = |scene: &SceneDocument| -> HashMap<LayerId, LayerDocument> {
            scene.walk().map(|layer| (layer.id.clone(), LayerDocument { children: Vec::new(), ..layer.clone() })).collect()
        };
        let [merged, present, before, after] = [&scene, &present, &before, &after].map(own);
        for id in merged.keys().chain(present.keys()).chain(before.keys()).chain(after.keys()) {
            let layer = Difference::Layer(id.clone());
            let (Some(here), Some(old), Some(new)) = (present.get(id), before.get(id), after.get(id)) else {
                let is_own = before.get(id) == after.get(id) && !gave_way.contains(&layer);
                let expected = if is_own { present.get(id) } else { after.get(id) };
                prop_assert_eq!(merged.get(id), expected, "{}, of which {:?} gave way", id, gave_way);
                continue;
            };
            let [merged, here, old, new] = [merged.get(id).unwrap(), here, old, new].map(leaves);
            let gave_way: Vec<String> = gave_way.iter().filter_map(|difference| match difference {
                Difference::Field(of, path) if **of == layer => Some(path.join(".")),
                _ => None,
            }).collect();
            for path in here.keys().chain(old.keys()).chain(new.keys()) {
                // What gives way does so with all that is in it.
                let is_in = |whole: &String| path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
                let is_of_file = old.get(path) != new.get(path) || gave_way.iter().any(is_in);
                let expected = if is_of_file { new.get(path) } else { here.get(path) };
                prop_assert_eq!(merged.get(path), expected, "{} of {}, of which {:?} gave way", path, id, gave_way);
            }
        }
        // Rebased once more on the same file, nothing is left to give way.
        let again = scene.rebased(&scene, &scene);
        let unchanged = Rebased { scene, gave_way: Vec::new() };
        prop_assert!(again == unchanged);
    }

    /// Where the file and the scene have changed different fields of the same layers, both have their way.
    #[test]
    fn fields_of_one_layer_that_two_have_changed_stay_both(
        before in arbitrary::scene(),
        donor in arbitrary::scene(),
        owners in vec(0..3_usize, 64),
    ) {
        // Fields that go with all others.
        let fields = ["name", "type", "zIndex", "visible", "opacity", "blend", "transform/position/x", "transform/position/y",
            "transform/anchor/x", "transform/anchor/y", "transform/scale", "transform/rotation", "transform/skew/x"];
        let mut sides = [before.clone(), before.clone()];
        for (layer, donor) in donor.walk().take(before.layers.len()).enumerate() {
            let donor = serde_json::to_value(donor).unwrap();
            for (index, field) in fields.iter().enumerate() {
                // Each is changed by one of both, or by nobody.
                let Some(side) = sides.get_mut(owners[(layer * fields.len() + index) % owners.len()]) else { continue };
                let mut value = serde_json::to_value(&side.layers[layer]).unwrap();
                let pointer = format!("/{field}");
                if let Some((place, new)) = value.pointer_mut(&pointer).zip(donor.pointer(&pointer)) {
                    *place = new.clone();
                }
                side.layers[layer] = serde_json::from_value(value).unwrap();
            }
        }
        let [present, after] = sides;
        let Rebased { scene, gave_way } = present.rebased(&before, &after);
        prop_assert_eq!(gave_way, Vec::new());
        for (((merged, here), old), new) in scene.layers.iter().zip(&present.layers).zip(&before.layers).zip(&after.layers) {
            let [merged, here, old, new] = [merged, here, old, new].map(leaves);
            for (path, value) in &merged {
                let expected = if old.get(path) == new.get(path) { here.get(path) } else { new.get(path) };
                prop_assert_eq!(Some(value), expected, "{}", path);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Who alone has brought layers into another order has their way, whatever was added and removed meanwhile; where both
    /// have, the file has it and that is told.
    #[test]
    fn the_order_is_that_of_whoever_has_changed_it(
        orders in [Just(('a'..='h').collect::<Vec<_>>()).prop_shuffle(), Just(('a'..='h').collect::<Vec<_>>()).prop_shuffle()],
        moves in [any::<bool>(), any::<bool>()],
        removed in [subsequence(('a'..='h').collect::<Vec<_>>(), 0..3), subsequence(('a'..='h').collect::<Vec<_>>(), 0..3)],
        added in [vec(any::<Index>(), 0..3), vec(any::<Index>(), 0..3)],
        in_group in any::<bool>(),
    ) {
        let scene = |ids: &[char]| {
            let layer = |id: &char, children: Value| json!({ "id": id, "content": { "type": "group" }, "children": children });
            let layers: Value = ids.iter().map(|id| layer(id, json!([]))).collect();
            let layers = if in_group { json!([layer(&'z', layers)]) } else { layers };
            SceneDocument::from_value(json!({ "layers": layers }), &LIMITS).unwrap()
        };
        let ids = |scene: &SceneDocument| -> Vec<char> {
            let layers = if in_group { &scene.layers[0].children } else { &scene.layers };
            layers.iter().map(|layer| layer.id.as_str().chars().next().unwrap()).collect()
        };
        let old: Vec<char> = ('a'..='h').collect();
        let sides: Vec<Vec<char>> = (0..2).map(|side| {
            let mut list = if moves[side] { orders[side].clone() } else { old.clone() };
            list.retain(|id| !removed[side].contains(id));
            for (new, at) in added[side].iter().enumerate() {
                list.insert(at.index(list.len() + 1), ["ij", "kl"][side].chars().nth(new).unwrap());
            }
            list
        }).collect();
        let Rebased { scene: merged, gave_way } = scene(&sides[0]).rebased(&scene(&old), &scene(&sides[1]));
        let merged = ids(&merged);
        let among = |list: &[char], of: &[char]| -> Vec<char> { list.iter().copied().filter(|id| of.contains(id)).collect() };
        // Nothing is lost but what was removed.
        let mut all: Vec<char> = sides.concat();
        all.retain(|id| !removed.iter().any(|removed| removed.contains(id)));
        prop_assert_eq!(merged.iter().collect::<BTreeSet<_>>(), all.iter().collect::<BTreeSet<_>>());
        let file_moved = among(&sides[1], &old) != among(&old, &sides[1]);
        let decides = &sides[usize::from(file_moved)];
        prop_assert_eq!(among(&merged, decides), among(decides, &merged), "{:?} and {:?}", sides[0], sides[1]);
        // What was put at an end stands there.
        for (own, is_new) in [(&sides[0], "ij"), (&sides[1], "kl")] {
            let other = if own == decides { &sides[usize::from(!file_moved)] } else { decides };
            if own.last().is_some_and(|last| is_new.contains(*last)) && other.last().is_some_and(|last| own.contains(last)) {
                prop_assert_eq!(merged.last(), own.last());
            }
        }
        let common = among(&sides[0], &among(&sides[1], &old));
        let in_file = among(&sides[1], &common);
        let is_told = file_moved && common != among(&old, &common) && common != in_file;
        let order = Difference::Order(in_group.then(|| LayerId::new("z").unwrap()));
        prop_assert_eq!(gave_way, if is_told { vec![order] } else { Vec::new() });
    }
}

/// What stands at the end of each path through the fields of a layer: a list is one value, and so is an empty object.
fn leaves(layer: &LayerDocument) -> BTreeMap<String, Value> {
    fn add(leaves: &mut BTreeMap<String, Value>, path: &str, value: Value) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    add(leaves, &if path.is_empty() { name } else { format!("{path}.{name}") }, value);
                }
            }
            value => drop(leaves.insert(path.to_owned(), value)),
        }
    }
    let mut leaves = BTreeMap::new();
    let layer = LayerDocument { children: Vec::new(), ..layer.clone() };
    add(&mut leaves, "", serde_json::to_value(layer).unwrap());
    leaves
}

#[test]
fn a_scene_that_is_rebased_has_what_both_sides_have_made_of_it() {
    let layer = |id: &str, opacity: f64, children: Value| {
        let content = json!({ "type": "group" });
        json!({ "id": id, "opacity": opacity, "content": content, "children": children })
    };
    let scene = |layers: Value| SceneDocument::from_value(json!({ "layers": layers }), &LIMITS).unwrap();
    let none = || json!([]);
    let before = scene(json!([
        layer("a", 1.0, none()),
        layer("b", 1.0, none()),
        layer("group", 1.0, json!([layer("inner", 1.0, none())])),
        layer("gone", 1.0, none()),
        layer("moved", 1.0, none()),
    ]));
    // The file: another `b`, `gone` is gone, one is new, and `inner` has left the group.
    let after = scene(json!([
        layer("a", 1.0, none()),
        layer("b", 0.5, none()),
        layer("new", 1.0, none()),
        layer("group", 1.0, none()),
        layer("moved", 1.0, none()),
        layer("inner", 1.0, none()),
    ]));
    // Meanwhile: another `a` and `b`, one was added behind `a`, one within the group, and `moved` is in it.
    let present = scene(json!([
        layer("a", 0.25, none()),
        layer("added", 1.0, none()),
        layer("b", 0.25, none()),
        layer(
            "group",
            0.75,
            json!([layer("inner", 1.0, none()), layer("within", 1.0, none()), layer("moved", 1.0, none())])
        ),
        layer("gone", 0.5, none()),
    ]));
    let expected = scene(json!([
        layer("a", 0.25, none()),
        layer("added", 1.0, none()),
        layer("b", 0.5, none()),
        layer("new", 1.0, none()),
        layer("group", 0.75, json!([layer("within", 1.0, none()), layer("moved", 1.0, none())])),
        layer("inner", 1.0, none()),
    ]));
    let rebased = present.rebased(&before, &after);
    assert!(rebased.scene == expected, "{:#?}", rebased.scene.layers);
    // The file has another `b` too, and none of `gone`.
    let gave_way: Vec<String> = rebased.gave_way.iter().map(ToString::to_string).collect();
    assert_eq!(gave_way, ["`opacity` of the layer `b`", "the layer `gone`"]);
    // Removed here, it stays so, unless the file has it otherwise by now.
    let without = |scene: &SceneDocument, id: &str| {
        let layers = scene.layers.iter().filter(|layer| layer.id.as_str() != id).cloned().collect();
        SceneDocument { layers, ..scene.clone() }
    };
    let ids = |scene: SceneDocument| scene.layers.iter().map(|layer| layer.id.to_string()).collect::<Vec<_>>();
    assert!(!ids(without(&before, "a").rebased(&before, &after).scene).contains(&"a".to_owned()));
    assert!(ids(without(&before, "b").rebased(&before, &after).scene).contains(&"b".to_owned()));
}

/// Each edit that does not go with the file any more gives way alone.
#[test]
fn what_does_not_go_with_the_file_gives_way_and_nothing_else() {
    let group = |id: &str, children: Value| json!({ "id": id, "content": { "type": "group" }, "children": children });
    let image = |id: &str, asset: &str| json!({ "id": id, "content": { "type": "image", "asset": asset } });
    let plain = |id: &str| json!({ "id": id, "content": { "type": "color", "color": "#ffffff" } });
    let asset = |id: &str| json!({ "id": id, "type": "image", "path": format!("{id}.png") });
    let fades = |layer: &str| {
        let animation = json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1 });
        json!([{ "id": "fade", "steps": [{ "type": "animate", "layer": layer, "animation": animation }] }])
    };
    let scene = |assets: Value, layers: Value, timelines: Value| {
        let text = json!({ "assets": assets, "layers": layers, "timelines": timelines });
        SceneDocument::from_value(text, &LIMITS).unwrap()
    };
    let before = scene(
        json!([asset("one"), asset("two")]),
        json!([
            image("picture", "one"),
            plain("lamp"),
            plain("box"),
            group("goes", json!([])),
            group("stays", json!([]))
        ]),
        json!([]),
    );
    // The file: without the asset `two` and the group `goes`, and with a timeline for `lamp`.
    let after = scene(
        json!([asset("one")]),
        json!([image("picture", "one"), plain("lamp"), plain("box"), group("stays", json!([]))]),
        fades("lamp"),
    );
    // Meanwhile: `picture` shows `two`, `lamp` is gone, `box` is in `goes` with a new layer, and much else is new.
    let present = scene(
        json!([asset("one"), asset("two"), asset("three")]),
        json!([
            image("picture", "two"),
            group("goes", json!([plain("box"), plain("in-goes")])),
            group("stays", json!([plain("in-stays"), image("third", "three")])),
            plain("new"),
        ]),
        json!([]),
    );
    let Rebased { scene: rebased, gave_way } = present.rebased(&before, &after);
    let mut gave_way: Vec<String> = gave_way.iter().map(ToString::to_string).collect();
    gave_way.sort();
    let expected = [
        "`content.asset` of the layer `picture`",
        "the group of the layer `box`",
        "the layer `in-goes`",
        "the layer `lamp`",
    ];
    assert_eq!(gave_way, expected);
    let expected = scene(
        json!([asset("one"), asset("three")]),
        json!([
            image("picture", "one"),
            plain("lamp"),
            plain("box"),
            group("stays", json!([plain("in-stays"), image("third", "three")])),
            plain("new"),
        ]),
        fades("lamp"),
    );
    let ids = |scene: &SceneDocument| scene.walk().map(|layer| layer.id.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&rebased), ids(&expected));
    assert_eq!((&rebased.assets, &rebased.timelines), (&expected.assets, &expected.timelines));
    assert_eq!(rebased.walk().find(|layer| layer.id.as_str() == "picture"), expected.layers.first());
}

/// Of a layer that the file has changed too, only those fields give way that both have changed, or that what the file has
/// made of it does not have.
#[test]
fn fields_that_do_not_go_with_the_file_give_way_and_the_rest_of_their_layer_does_not() {
    let scene = |canvas: Value, layers: Value| {
        SceneDocument::from_value(json!({ "canvas": canvas, "layers": layers }), &LIMITS).unwrap()
    };
    let size = |width: u32, height: u32| json!({ "width": width, "height": height });
    let animation = |to: f64| json!([{ "property": "opacity", "from": 0, "to": to, "duration": 1 }]);
    let before = scene(
        json!({ "background": "#000000" }),
        json!([
            { "id": "box", "content": { "type": "color", "color": "#ff0000", "size": size(10, 10) } },
            { "id": "word", "content": { "type": "text", "text": "before" } },
            { "id": "list", "content": { "type": "group" }, "animations": animation(1.0) },
        ]),
    );
    // The file: another colour and opacity, a picture of another type, a fit, and another list.
    let after = scene(
        json!({ "background": "#000000", "fit": "cover" }),
        json!([
            { "id": "box", "opacity": 0.5, "content": { "type": "color", "color": "#00ff00", "size": size(10, 20) } },
            { "id": "word", "content": { "type": "color", "color": "#ffffff", "size": size(10, 10) } },
            { "id": "list", "content": { "type": "group" }, "animations": animation(0.5) },
        ]),
    );
    // Meanwhile: a place, a width and another opacity, another text that is larger, a background, and another list.
    let present = scene(
        json!({ "background": "#123456" }),
        json!([
            { "id": "box", "opacity": 0.25, "transform": { "position": { "x": 7, "y": 0 } },
                "content": { "type": "color", "color": "#ff0000", "size": size(30, 10) } },
            { "id": "word", "visible": false, "content": { "type": "text", "text": "after", "wrap": "none" } },
            { "id": "list", "name": "named", "content": { "type": "group" }, "animations": animation(0.25) },
        ]),
    );
    let expected = scene(
        json!({ "background": "#123456", "fit": "cover" }),
        json!([
            { "id": "box", "opacity": 0.5, "transform": { "position": { "x": 7, "y": 0 } },
                "content": { "type": "color", "color": "#00ff00", "size": size(30, 20) } },
            { "id": "word", "visible": false, "content": { "type": "color", "color": "#ffffff", "size": size(10, 10) } },
            { "id": "list", "name": "named", "content": { "type": "group" }, "animations": animation(0.5) },
        ]),
    );
    let rebased = present.rebased(&before, &after);
    let mut gave_way: Vec<String> = rebased.gave_way.iter().map(ToString::to_string).collect();
    gave_way.sort();
    assert_eq!(
        gave_way,
        [
            "`animations` of the layer `list`",
            "`content.text` of the layer `word`",
            "`content.wrap` of the layer `word`",
            "`opacity` of the layer `box`",
        ]
    );
    assert!(rebased.scene == expected, "{:#?}", rebased.scene);
}
