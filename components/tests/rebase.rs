//! What becomes of a scene that was edited when its file changes too.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use components::{
    LayerDocument, LayerId, SceneDocument,
    document::{Difference, Fault, Limits, Rebased, arbitrary, check_scene},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, subsequence},
};
use serde_json::{Value, json};

const LIMITS: Limits = Limits { max_layers: arbitrary::MAX_LAYERS };

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
