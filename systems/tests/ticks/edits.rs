//! What edits do to the scene, what is refused, and what clients are told.

use components::{
    Animations, AudioDocument, Edit, LayerChange, LayerDocument, LayerId, SceneDiff, SceneDocument, SceneSnapshot,
    TrackId, document::merge_patch, edit::EditRejected,
};
use proptest::{collection::vec, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use systems::CompositorSettings;

use crate::{
    random::{LIMITS, Step, config, edits, scene, step},
    stage::*,
};

#[test]
fn a_batch_is_carried_out_as_a_whole_or_not_at_all() {
    let group = json!({ "id": "group", "content": { "type": "group" }, "children": [] });
    let mut stage = Stage::with(json!([block("first", "#f00", (0, 0), (30, 30)), group]));
    let good = || patch("first", json!({ "opacity": 0.5 }));
    let new = || block("new", "#0f0", (0, 0), (5, 5));

    assert_eq!(
        stage.refused(vec![good(), patch("frist", json!({ "opacity": 1 }))]).to_string(),
        "there is no layer `frist` in the scene; did you mean `first`?"
    );
    assert_eq!(
        stage.refused(vec![create(new(), None), create(new(), Some("group"))]),
        EditRejected::DuplicateLayer { id: id("new"), pointer: "/id".to_owned() }
    );
    assert_eq!(stage.refused(vec![good(), create(new(), Some("first"))]), EditRejected::NotAGroup { id: id("first") });
    let deleted = vec![Edit::DeleteLayer { id: id("group") }, create(new(), Some("group"))];
    assert!(matches!(stage.refused(deleted), EditRejected::UnknownLayer { .. }));
    for (bad, pointer) in [
        (json!({ "opacity": 2 }), "/opacity"),
        (json!({ "id": "other" }), "/id"),
        (json!({ "content": { "type": "image", "asset": "nowhere", "color": null } }), "/content/asset"),
        (json!({ "children": [new()] }), "/children"),
    ] {
        let EditRejected::Invalid { faults } = stage.refused(vec![good(), patch("first", bad.clone())]) else {
            panic!("{bad} was refused otherwise");
        };
        assert_eq!(faults[0].pointer, pointer, "{faults:?}");
    }

    let report = stage.edit(vec![good(), create(new(), Some("group")), patch("new", json!({ "opacity": 0.25 }))]);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert!(report.frame.is_some() && report.diff.is_some());
    let scene = stage.compositor.snapshot().scene;
    assert_eq!((scene.layers[0].opacity.0, scene.layers[1].children[0].opacity.0), (0.5, 0.25));
}

#[test]
fn what_a_scene_may_hold_is_limited() {
    let mut stage = Stage::new(CompositorSettings { max_layers: 3, ..SETTINGS });
    let layers = |count: usize| -> Value {
        (0..count).map(|at| block(&format!("l{at}"), "#f00", (0, 0), (9, 9))).collect::<Vec<_>>().into()
    };
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(layers(3))) }]);
    assert!(report.outcomes[0].1.is_ok());
    assert_eq!(
        stage.refused(vec![create(block("more", "#f00", (0, 0), (9, 9)), None)]).to_string(),
        "the scene would have 4 layers, but MAX_LAYERS allows 3; remove some, or raise MAX_LAYERS (up to 1000)"
    );
    let EditRejected::Invalid { faults } =
        stage.refused(vec![Edit::LoadScene { scene: Box::new(document(layers(4))) }])
    else {
        panic!("refused otherwise");
    };
    assert!(faults[0].to_string().contains("MAX_LAYERS"), "{faults:?}");
    // One goes, one comes.
    let swap = vec![Edit::DeleteLayer { id: id("l1") }, create(block("more", "#f00", (0, 0), (9, 9)), None)];
    assert!(stage.edit(swap).outcomes[0].1.is_ok());

    // Groups within groups, one edit at a time.
    let mut stage = Stage::with(json!([]));
    let group = |name: usize| json!({ "id": format!("g{name}"), "content": { "type": "group" }, "children": [] });
    assert!(stage.edit(vec![create(group(1), None)]).outcomes[0].1.is_ok());
    for depth in 2..=16 {
        let edit = create(group(depth), Some(&format!("g{}", depth - 1)));
        assert!(stage.edit(vec![edit]).outcomes[0].1.is_ok(), "{depth} groups were refused");
    }
    let EditRejected::Invalid { faults } = stage.refused(vec![create(group(17), Some("g16"))]) else {
        panic!("refused otherwise");
    };
    assert_eq!(faults[0].expected, "at most 16 groups in each other");
}

#[test]
fn a_layer_moves_with_all_it_has_and_its_animations_go_on() {
    let moved = |into: Option<Option<&str>>, index| {
        let parent = into.map(|parent| parent.map(id));
        Edit::MoveLayer { id: id("runner"), parent, index }
    };
    let mut runner = block("runner", "#0f0", (0, 0), (4, 4));
    runner["animations"] = json!([{ "property": "transform.position.x", "from": 0, "to": 100, "duration": 10 }]);
    let inner = json!({ "id": "inner", "content": { "type": "group" } });
    let group = json!({ "id": "group", "content": { "type": "group" }, "children": [inner] });
    let mut stage = Stage::with(json!([runner, block("other", "#f00", (60, 60), (4, 4)), group]));
    for _ in 0..19 {
        stage.tick();
    }
    let mut snapshot = stage.compositor.snapshot();
    let report = stage.edit(vec![moved(Some(Some("group")), Some(0))]);
    let diff = report.diff.unwrap();
    assert!(
        diff.changes.iter().any(|change| matches!(change,
            LayerChange::Placed { parent: Some(parent), index: 0, layer }
                if *parent == id("group") && layer["id"] == "runner")),
        "{diff:?}"
    );
    snapshot.apply(&diff).unwrap();
    assert_eq!(snapshot.scene, stage.compositor.snapshot().scene);
    // Two seconds have passed of ten: it is where it would be if nobody had moved it.
    assert_eq!(stage.pixel(21, 2), [0, 255, 0, 255]);

    // Within its group, behind its sibling; then out onto the canvas, in front of all.
    assert!(stage.edit(vec![moved(None, None)]).outcomes[0].1.is_ok());
    let children = |stage: &Stage| -> Vec<String> {
        let scene = stage.compositor.snapshot().scene;
        scene.layers.last().unwrap().children.iter().map(|child| child.id.to_string()).collect()
    };
    assert_eq!(children(&stage), ["inner", "runner"]);
    assert!(stage.edit(vec![moved(Some(None), None)]).outcomes[0].1.is_ok());
    assert_eq!(stage.compositor.snapshot().scene.layers.last().unwrap().id, id("runner"));

    // Nothing moves any more.
    assert!(stage.edit(vec![Edit::DeleteLayer { id: id("runner") }]).outcomes[0].1.is_ok());
    let into =
        |layer: &str, parent: &str| Edit::MoveLayer { id: id(layer), parent: Some(Some(id(parent))), index: None };
    for group in ["group", "inner"] {
        let refused = stage.refused(vec![into("group", group)]);
        assert_eq!(refused, EditRejected::IntoItself { id: id("group"), parent: id(group) });
    }
    assert_eq!(stage.refused(vec![into("group", "other")]), EditRejected::NotAGroup { id: id("other") });
    let deep = |name: usize| json!({ "id": format!("g{name}"), "content": { "type": "group" } });
    let chain: Vec<Edit> = (0..14)
        .map(|depth| {
            create(
                deep(depth),
                Some(if depth == 0 { "inner".to_owned() } else { format!("g{}", depth - 1) }).as_deref(),
            )
        })
        .chain([create(json!({ "id": "pair", "content": { "type": "group" }, "children": [deep(99)] }), None)])
        .collect();
    assert!(stage.edit(chain).outcomes[0].1.is_ok());
    let EditRejected::Invalid { faults } = stage.refused(vec![into("pair", "g13")]) else {
        panic!("refused otherwise");
    };
    assert_eq!(faults[0].expected, "at most 16 groups in each other");
}

#[test]
fn layers_are_put_into_another_order_and_the_picture_follows() {
    let order = |parent: Option<&str>, ids: &[&str]| Edit::OrderLayers {
        parent: parent.map(id),
        order: ids.iter().map(|name| id(name)).collect(),
    };
    let mut front = block("front", "#0f0", (0, 0), (9, 9));
    front["zIndex"] = json!(5);
    let group =
        json!({ "id": "group", "content": { "type": "group" }, "children": [block("in", "#fff", (50, 50), (4, 4))] });
    let mut stage = Stage::with(json!([
        front,
        group,
        block("back", "#00f", (0, 0), (9, 9)),
        block("middle", "#f00", (0, 0), (9, 9))
    ]));
    assert_eq!(stage.pixel(1, 1), [0, 255, 0, 255]);

    assert!(stage.edit(vec![order(None, &["front", "middle", "back"])]).outcomes[0].1.is_ok());
    assert_eq!(stage.pixel(1, 1), [0, 0, 255, 255]);
    let scene = stage.compositor.snapshot().scene;
    let told: Vec<(&str, i32)> = scene.layers.iter().map(|layer| (layer.id.as_str(), layer.z_index.0)).collect();
    assert_eq!(told, [("back", 5), ("group", 0), ("front", 0), ("middle", 0)], "who is not named stays");

    // Two change places; the third stays in front of both.
    assert!(stage.edit(vec![order(None, &["middle", "front"])]).outcomes[0].1.is_ok());
    assert_eq!(stage.pixel(1, 1), [0, 0, 255, 255]);
    let again = stage.edit(vec![order(None, &["middle", "front"])]);
    assert!(again.outcomes[0].1.is_ok() && again.diff.is_none(), "they are in this order");

    let EditRejected::Invalid { faults } = stage.refused(vec![order(None, &["back", "in", "back", "bak"])]) else {
        panic!("refused otherwise");
    };
    let told: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!((told, faults[2].nearest.as_deref()), (vec!["/1", "/2", "/3"], Some("back")));
    assert_eq!(stage.refused(vec![order(Some("back"), &["in"])]), EditRejected::NotAGroup { id: id("back") });
}

#[test]
fn a_batch_that_expects_another_document_is_refused_as_a_whole() {
    use components::{document::Fingerprint, edit::DocumentName};
    let mut stage = Stage::with(json!([block("a", "#f00", (0, 0), (9, 9))]));
    let expect = |document: DocumentName, etags: Option<Vec<Fingerprint>>| Edit::Expect { document, etags };
    let layer = || DocumentName::Layer { id: id("a") };
    let present = |stage: &Stage| Fingerprint::of(&stage.compositor.snapshot().scene.layers[0]);
    let old = present(&stage);
    let faint = || patch("a", json!({ "opacity": 0.5 }));
    assert!(stage.edit(vec![expect(layer(), Some(vec![old])), faint()]).outcomes[0].1.is_ok());
    let new = present(&stage);
    let change = || patch("a", json!({ "opacity": 0.75 }));
    assert_eq!(
        stage.refused(vec![change(), expect(layer(), Some(vec![old, new]))]),
        EditRejected::OtherVersion { present: None },
        "what the batch has done so far counts"
    );
    assert_eq!(
        stage.refused(vec![expect(layer(), Some(Vec::new()))]),
        EditRejected::OtherVersion { present: Some(new) }
    );
    for unknown in [
        DocumentName::Layer { id: id("b") },
        DocumentName::Track { id: serde_json::from_value(json!("t")).unwrap() },
        DocumentName::Timeline { id: serde_json::from_value(json!("t")).unwrap() },
        DocumentName::Asset { id: serde_json::from_value(json!("t")).unwrap() },
    ] {
        let refused = stage.refused(vec![expect(unknown.clone(), None), change()]).to_string();
        assert!(refused.starts_with("there is no "), "{refused}");
        assert!(stage.edit(vec![Edit::ExpectAbsent { document: unknown }]).outcomes[0].1.is_ok());
    }
    let exists = stage.refused(vec![Edit::ExpectAbsent { document: layer() }, change()]);
    assert_eq!(exists, EditRejected::Exists { present: Some(new) });
    let scene = stage.compositor.snapshot().scene;
    let all = vec![
        expect(DocumentName::Canvas {}, Some(vec![Fingerprint::of(&scene.canvas)])),
        expect(DocumentName::Audio {}, Some(vec![Fingerprint::of(&scene.audio)])),
        expect(layer(), None),
        change(),
    ];
    assert!(stage.edit(all).outcomes[0].1.is_ok());
}

/// Parts beside the layers are changed one after the other within a batch, and faults are told where they are.
#[test]
fn parts_are_patched_within_a_batch() {
    let mut stage = Stage::with(json!([]));
    let edits = |edits: Value| -> Vec<Edit> { serde_json::from_value(edits).unwrap() };
    let report = stage.edit(edits(json!([
        { "op": "putTrack", "track": { "id": "m", "source": { "type": "tone" } } },
        { "op": "patchTrack", "id": "m", "patch": { "volume": 0.5 } },
        { "op": "patchAudio", "patch": { "volume": 0.25 } },
        { "op": "patchCanvas", "patch": { "background": "#102030" } },
        { "op": "addTrigger", "trigger": { "id": "t", "on": { "type": "start" }, "do": [{ "type": "emit", "event": "e" }] } },
        { "op": "patchTrigger", "id": "t", "patch": { "on": { "type": "event", "name": "go" } } },
    ])));
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    let scene = stage.compositor.snapshot().scene;
    assert_eq!((scene.audio.volume, scene.audio.tracks[0].volume), (0.25, 0.5));
    assert_eq!(serde_json::to_value(&scene.triggers[0].on).unwrap(), json!({ "type": "event", "name": "go" }));
    for (edit, place, pointer) in [
        (json!({ "op": "patchTrack", "id": "m", "patch": { "volume": -1 } }), "/edits/0/patch", "/volume"),
        (json!({ "op": "patchTrack", "id": "m", "patch": { "id": "n" } }), "/edits/0/patch", "/id"),
        (
            json!({ "op": "patchTrack", "id": "m", "patch": { "duck": { "by": ["none"] } } }),
            "/edits/0/patch",
            "/duck/by/0",
        ),
        (json!({ "op": "patchCanvas", "patch": { "width": "wide" } }), "/edits/0/patch", "/width"),
        (json!({ "op": "patchTrigger", "id": "t", "patch": { "id": null } }), "/edits/0/patch", "/id"),
    ] {
        stage.compositor.submit(9, edits(json!([edit])));
        let rejected = stage.tick().outcomes.remove(0).1.unwrap_err();
        let EditRejected::Invalid { faults } = rejected.reason else { panic!("{edit}: {rejected:?}") };
        assert_eq!(
            (rejected.place.as_deref(), faults[0].pointer.as_str()),
            (Some(place), pointer),
            "{edit}: {faults:?}"
        );
    }
    let gone = stage
        .refused(edits(json!([{ "op": "deleteTrack", "id": "m" }, { "op": "patchTrack", "id": "m", "patch": {} }])));
    assert!(matches!(gone, EditRejected::UnknownTrack { .. }), "{gone:?}");
    assert_eq!(stage.compositor.snapshot().scene, scene, "nothing of what was refused has happened");
}

fn patched<T: Serialize + DeserializeOwned>(document: &T, patch: &Value) -> T {
    let mut value = serde_json::to_value(document).unwrap();
    merge_patch(&mut value, patch);
    serde_json::from_value(value).unwrap()
}

fn sound_animations<'a>(audio: &'a mut AudioDocument, track: Option<&TrackId>) -> &'a mut Animations {
    match track {
        Some(id) => &mut audio.tracks.iter_mut().find(|track| track.id == *id).unwrap().animations,
        None => &mut audio.animations,
    }
}

/// What an edit makes of a scene, by the plainest way there is; it panics where the edit is not valid.
fn model(scene: &mut SceneDocument, edit: &Edit) {
    fn siblings<'a>(layers: &'a mut Vec<LayerDocument>, id: &LayerId) -> Option<(&'a mut Vec<LayerDocument>, usize)> {
        if let Some(at) = layers.iter().position(|layer| layer.id == *id) {
            return Some((layers, at));
        }
        layers.iter_mut().find_map(|layer| siblings(&mut layer.children, id))
    }
    let layers = &mut scene.layers;
    match edit {
        // The scene that is edited here is called `main`, and is the only one.
        Edit::LoadScene { scene: new } | Edit::PutScene { scene: new, .. } => *scene = new.as_ref().clone(),
        Edit::DeleteScene { .. } | Edit::ActivateScene { .. } => unreachable!("there is but one scene"),
        Edit::PutAsset { .. } | Edit::DeleteAsset { .. } => unreachable!("no asset is edited here"),
        Edit::SetCanvas { canvas } => scene.canvas = *canvas,
        Edit::PatchCanvas { patch } => scene.canvas = patched(&scene.canvas, patch),
        Edit::SetAudio { audio } => scene.audio = audio.clone(),
        Edit::PatchAudio { patch } => scene.audio = patched(&scene.audio, patch),
        Edit::PutTrack { track } => match scene.audio.tracks.iter_mut().find(|known| known.id == track.id) {
            Some(known) => *known = track.clone(),
            None => scene.audio.tracks.push(track.clone()),
        },
        Edit::PatchTrack { id, patch } => {
            let track = scene.audio.tracks.iter_mut().find(|track| track.id == *id).unwrap();
            *track = patched(track, patch);
        }
        Edit::AddSoundAnimation { track, animation } => {
            sound_animations(&mut scene.audio, track.as_ref()).0.push(animation.as_ref().clone());
        }
        Edit::RemoveSoundAnimation { track, index } => {
            sound_animations(&mut scene.audio, track.as_ref()).0.remove(*index);
        }
        Edit::DeleteTrack { id } => scene.audio.tracks.retain(|track| track.id != *id),
        Edit::CreateLayer { layer, parent, index } => {
            let list = match parent {
                Some(parent) => {
                    let (list, at) = siblings(layers, parent).unwrap();
                    &mut list[at].children
                }
                None => layers,
            };
            list.insert(index.map_or(list.len(), |index| index.min(list.len())), layer.as_ref().clone());
        }
        Edit::ReplaceLayer { id, layer } => {
            let (list, at) = siblings(layers, id).unwrap();
            list[at] = layer.as_ref().clone();
        }
        Edit::PatchLayer { id, patch } => {
            let (list, at) = siblings(layers, id).unwrap();
            list[at] = patched(&list[at], patch);
        }
        Edit::AddAnimation { id, animation } => {
            let (list, at) = siblings(layers, id).unwrap();
            list[at].animations.0.push(animation.as_ref().clone());
        }
        Edit::RemoveAnimation { id, index } => {
            let (list, at) = siblings(layers, id).unwrap();
            list[at].animations.0.remove(*index);
        }
        Edit::DeleteLayer { id } => {
            let (list, at) = siblings(layers, id).unwrap();
            list.remove(at);
        }
        Edit::PutTimeline { timeline } => match scene.timelines.iter_mut().find(|known| known.id == timeline.id) {
            Some(known) => *known = timeline.as_ref().clone(),
            None => scene.timelines.push(timeline.as_ref().clone()),
        },
        Edit::DeleteTimeline { id } => scene.timelines.retain(|timeline| timeline.id != *id),
        Edit::AddTrigger { trigger } => scene.triggers.push(trigger.as_ref().clone()),
        Edit::PutTrigger { id, trigger } => match id.find(&scene.triggers) {
            Some(place) => scene.triggers[place] = trigger.as_ref().clone(),
            None => scene.triggers.push(trigger.as_ref().clone()),
        },
        Edit::PatchTrigger { id, patch } => {
            let place = id.find(&scene.triggers).unwrap();
            scene.triggers[place] = patched(&scene.triggers[place], patch);
        }
        Edit::DeleteTrigger { id } => drop(scene.triggers.remove(id.find(&scene.triggers).unwrap())),
        Edit::MoveLayer { id, parent, index } => {
            let (list, at) = siblings(layers, id).unwrap();
            let layer = list[at].clone();
            let group = scene.walk().find(|group| group.children.iter().any(|child| child.id == *id));
            let parent = parent.clone().unwrap_or_else(|| group.map(|group| group.id.clone()));
            let (list, at) = siblings(&mut scene.layers, id).unwrap();
            list.remove(at);
            let list = match parent {
                Some(parent) => {
                    let (list, at) = siblings(&mut scene.layers, &parent).unwrap();
                    &mut list[at].children
                }
                None => &mut scene.layers,
            };
            list.insert(index.map_or(list.len(), |index| index.min(list.len())), layer);
        }
        Edit::OrderLayers { parent, order } => {
            let list = match parent {
                Some(parent) => {
                    let (list, at) = siblings(layers, parent).unwrap();
                    &mut list[at].children
                }
                None => layers,
            };
            // In the order of the picture, those that are named are handed out the places of the named.
            let mut places: Vec<(i32, usize)> =
                (0..list.len()).filter(|at| order.contains(&list[*at].id)).map(|at| (list[at].z_index.0, at)).collect();
            places.sort_unstable();
            let before = list.clone();
            for (id, (z_index, at)) in order.iter().zip(places) {
                list[at] = before.iter().find(|layer| layer.id == *id).unwrap().clone();
                list[at].z_index.0 = z_index;
            }
        }
        Edit::Expect { .. } | Edit::ExpectAbsent { .. } => {}
        // Where a timeline or an animation stands is no part of the document.
        Edit::ControlTimeline { .. }
        | Edit::ControlAnimation { .. }
        | Edit::ControlSoundAnimation { .. }
        | Edit::FireEvent { .. }
        | Edit::FireTrigger { .. } => {}
    }
}

proptest! {
    #![proptest_config(config(200))]

    /// Edits do to the scene what they do to its document, and a snapshot with the diffs after it, as JSON too, is the
    /// next snapshot; what is refused changes nothing.
    #[test]
    fn edits_change_the_document_and_diffs_lead_from_snapshot_to_snapshot(
        (scene, mut next) in scene(),
        batches in vec(vec(step(), 1..4), 1..8),
    ) {
        // What triggers set is a change too, but none that the model knows of.
        let scene = SceneDocument { triggers: Vec::new(), ..scene };
        let mut stage = Stage::new(SETTINGS);
        assert_eq!(SETTINGS.max_layers, LIMITS.max_layers);
        let mut known: SceneSnapshot = stage.compositor.snapshot();
        let mut expected = known.scene.clone();
        let first = std::iter::once(vec![Edit::LoadScene { scene: Box::new(scene) }]);
        let mut waiting: Vec<Vec<Step>> = batches;
        waiting.reverse();
        let mut batch = first.into_iter().next();
        while let Some(edits_now) = batch {
            let report = stage.edit(edits_now.clone());
            let now = stage.compositor.snapshot();
            if report.outcomes[0].1.is_ok() {
                edits_now.iter().for_each(|edit| model(&mut expected, edit));
            } else {
                prop_assert!(report.diff.is_none(), "a refused batch made a diff");
            }
            prop_assert!(
                now.scene == expected,
                "{:#?}\nis not\n{:#?}\nafter {:#?}", now.scene, expected, edits_now
            );
            if let Some(diff) = report.diff {
                let mut read: SceneDiff = serde_json::from_str(&serde_json::to_string(&diff).unwrap()).unwrap();
                // Where the files lie is nobody's business outside.
                if let (Some(read), Some(diff)) = (&mut read.scene, &diff.scene) {
                    read.folder.clone_from(&diff.folder);
                }
                prop_assert_eq!(&read, &diff);
                if let Err(error) = known.apply(&diff) {
                    prop_assert!(false, "{} in {:#?}\nafter {:#?}", error, diff, edits_now);
                }
            }
            prop_assert_eq!(known.seq, now.seq);
            prop_assert!(known.scene == now.scene, "{:#?}\nis not\n{:#?}\nafter {:#?}", known.scene, now.scene, edits_now);
            let steps = waiting.pop();
            // What moves by itself is no change of the scene, nor is another size of the frames.
            for step in steps.iter().flatten() {
                let ticks = match step {
                    Step::Wait(ticks) => *ticks,
                    Step::Resize { width, height } => {
                        stage.compositor.resize(*width, *height);
                        1
                    }
                    _ => 0,
                };
                for _ in 0..ticks {
                    prop_assert!(stage.tick().diff.is_none());
                }
            }
            batch = steps.map(|steps| {
                steps.iter().flat_map(|step| edits(step, &now.scene, &mut next)).collect()
            });
        }
    }
}
