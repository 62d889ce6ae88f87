//! A batch that changes scenes and is refused leaves nothing behind: it is as if nobody had sent it.

use components::{
    LayerDocument,
    audio::{Level, LevelReading},
};

use super::*;

/// What the batches of these tests set off, so that they are refused when they are half done.
fn triggers() -> Value {
    let loud = json!({ "type": "audioLevel", "goes": "above", "threshold": -20 });
    json!([on("go", &json!([set(0.25)])), { "on": loud, "do": [{ "type": "play", "timeline": "later" }] }])
}

/// Much moves in it.
fn moving() -> SceneDocument {
    let animation = json!({ "property": "opacity", "from": 0.2, "to": 1, "duration": 20 });
    let later = json!({ "property": "transform.position.x", "to": 8, "duration": 4 });
    let timelines = json!([{ "id": "later", "autoplay": false,
        "steps": [{ "type": "animate", "layer": "a", "animation": later }] }]);
    let content = json!({ "type": "color", "color": "#fff", "size": { "width": 8, "height": 8 } });
    scene(&json!({ "content": content, "animations": [animation] }), &timelines, &triggers())
}

/// Fires what changes the scene, goes elsewhere, and then finds the scene to be another than it was.
fn refused(stage: &Stage, transition: &Value) -> Vec<Edit> {
    let id = SceneId::new("main").unwrap();
    let etags = Some(vec![Fingerprint::of(&stage.compositor.snapshot().scene)]);
    let expect = Edit::Expect { document: DocumentName::Scene { id }, etags };
    // What is on air already comes no second time, but what stands before that is carried out.
    vec![fire("go"), activate("dark", transition), activate("dark", &json!(null)), expect]
}

/// Sends `before` to both of two alike, and in the same tick a batch that is refused to one of them. Nothing may tell them
/// apart from then on.
fn assert_untouched(make: impl Fn() -> Stage, seconds: f64, before: &[Vec<Edit>], transition: &Value) {
    let (mut stage, mut twin) = (make(), make());
    let batches = before.iter().cloned().chain([refused(&stage, transition)]).collect();
    let (outcome, report) = stage.try_edit(seconds, batches);
    let refused = outcome.unwrap_err();
    assert!(refused.place.is_some_and(|place| place.ends_with("/document")));
    let same = twin.edit(seconds, before.to_vec());
    assert_eq!(fired(&report), fired(&same));
    for after in 1..=12 {
        assert_eq!(stage.compositor.snapshot().scene, twin.compositor.snapshot().scene);
        assert_eq!(stage.compositor.scenes(), twin.compositor.scenes());
        assert_eq!(stage.compositor.motion(), twin.compositor.motion());
        assert!(stage.compositor.picture().data == twin.compositor.picture().data, "the picture after {after} ticks");
        stage.at(seconds + f64::from(after) * 0.5);
        twin.at(seconds + f64::from(after) * 0.5);
    }
}

#[test]
fn a_refused_batch_puts_a_scene_back_that_has_more_layers_than_are_allowed_by_now() {
    let make = || {
        let mut scene = moving();
        let id = LayerId::new("b").unwrap();
        scene.layers.push(LayerDocument { id, ..scene.layers[0].clone() });
        let mut stage = Stage::new(scene, &json!([]));
        stage.compositor.set_max_layers(1);
        stage
    };
    assert_untouched(make, 1.0, &[], &json!(null));
}

#[test]
fn a_refused_batch_leaves_the_transition_that_is_under_way() {
    let fade = fade(4.0);
    let make = || {
        let mut stage = Stage::new(moving(), &json!([]));
        stage.edit(0.5, vec![vec![activate("dark", &json!(null))]]);
        stage.edit(1.0, vec![vec![activate("main", &fade)]]);
        stage.at(2.0);
        stage
    };
    for transition in [json!(null), json!({ "type": "push", "duration": 3 })] {
        assert_untouched(make, 2.5, &[], &transition);
    }
}

#[test]
fn a_refused_batch_shows_no_transition_and_takes_none_from_a_batch_before_it() {
    let push = json!({ "type": "push", "duration": 3 });
    let make = || {
        let mut stage = Stage::new(moving(), &json!([]));
        stage.at(1.0);
        stage
    };
    assert_untouched(make, 1.5, &[], &push);
    // There and back again in the same tick, by a fade.
    let back = [vec![activate("dark", &push)], vec![activate("main", &fade(4.0))]];
    assert_untouched(make, 1.5, &back, &push);
}

#[test]
fn a_refused_batch_takes_nothing_of_what_was_heard() {
    let make = || {
        let mut stage = Stage::new(moving(), &json!([]));
        stage.at(1.0);
        let mut loud = LevelReading::silent(1.25, [].into());
        loud.master = Level { peak: [1.0; 2], rms: [1.0; 2] };
        stage.compositor.hear([loud]);
        stage
    };
    assert_untouched(make, 1.5, &[], &json!(null));
}

#[test]
fn what_is_wrong_with_a_scene_when_it_is_left_is_told_before_anything_is_done() {
    let edit = |edit: Value| serde_json::from_value::<Edit>(edit).unwrap();
    let layer = |id: &str| {
        let content = json!({ "type": "color", "color": "#fff" });
        edit(json!({ "op": "createLayer", "layer": { "id": id, "content": content } }))
    };
    let picture = json!({ "id": "a", "content": { "type": "image", "asset": "gone" } });
    let picture = edit(json!({ "op": "replaceLayer", "id": "a", "layer": picture }));
    let masked = edit(json!({ "op": "patchLayer", "id": "a",
        "patch": { "mask": { "type": "layer", "layer": "gone" } } }));
    let steps =
        json!([{ "type": "animate", "layer": "gone", "animation": { "property": "opacity", "to": 0, "duration": 1 } }]);
    let timeline = edit(json!({ "op": "putTimeline", "timeline": { "id": "w", "steps": steps } }));
    let gone = json!({ "type": "set", "layer": "gone", "patch": { "opacity": 0 } });
    let trigger = edit(json!({ "op": "addTrigger", "trigger": on("x", &json!([gone])) }));
    let (dark, main) = (activate("dark", &json!(null)), activate("main", &json!(null)));
    let load = Edit::LoadScene { scene: Box::new(moving()) };
    let batches = [
        (vec![dark.clone(), picture.clone(), main.clone()], "/edits/1/layer"),
        (vec![picture, load], "/edits/0/layer"),
        (vec![masked, dark.clone()], "/edits/0/patch"),
        (vec![timeline, dark.clone()], "/edits/0/timeline"),
        (vec![trigger, dark.clone()], "/edits/0/trigger"),
        (vec![dark.clone(), layer("b"), layer("c"), main.clone()], ""),
        // As large as the scene that was on air before it.
        (vec![dark.clone(), layer("b"), layer("c")], ""),
    ];
    for (batch, place) in batches {
        let mut scene = moving();
        for id in ["b", "c"] {
            let id = LayerId::new(id).unwrap();
            scene.layers.push(LayerDocument { id, ..scene.layers[0].clone() });
        }
        let mut stage = Stage::new(scene, &json!([]));
        stage.compositor.set_max_layers(2);
        let told = stage.compositor.check(batch.clone()).unwrap_err();
        assert_eq!(told.place.as_deref().unwrap_or_default(), place, "{told:?}");
        assert_eq!(stage.try_edit(1.0, vec![batch]).0.unwrap_err(), told);
        assert_eq!(stage.compositor.scenes().active.as_str(), "main");
    }
}

#[test]
fn a_version_that_only_the_batch_itself_has_made_is_not_told() {
    let stage = Stage::new(moving(), &json!([]));
    let id = LayerId::new("a").unwrap();
    let patch = Edit::PatchLayer { id: id.clone(), patch: json!({ "opacity": 0.5 }) };
    let document = DocumentName::Layer { id };
    let expect = Edit::Expect { document: document.clone(), etags: Some(Vec::new()) };
    let told = |batch: Vec<Edit>| stage.compositor.check(batch).unwrap_err().to_string();
    assert!(told(vec![expect.clone()]).contains("ETag"));
    let made = told(vec![patch.clone(), expect]);
    assert!(!made.contains("ETag") && made.contains("in the batch"), "{made}");
    let absent = Edit::ExpectAbsent { document };
    assert!(told(vec![absent.clone()]).contains("ETag"));
    assert!(!told(vec![patch, absent]).contains("ETag"));
}
