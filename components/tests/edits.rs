//! Edits as documents.

use std::time::Duration;

use components::{
    Edit, EditBatch,
    document::{Fault, Limits, Place, Source, arbitrary},
    edit::{At, BatchRejected, EditRejected},
};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

const LIMITS: Limits = Limits { max_layers: arbitrary::MAX_LAYERS };

fn read(batch: Value) -> Result<EditBatch, Vec<Fault>> {
    EditBatch::read(&Source::from_value(batch), &LIMITS)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back_unchanged(
        edits in vec(arbitrary::edit(), 1..8),
        at in option::of(prop_oneof![any::<u64>().prop_map(At::Tick), (0..10_000_000_u64).prop_map(|millis| At::Time(Duration::from_millis(millis)))]),
        dry_run in any::<bool>(),
    ) {
        let mut batch = EditBatch { edits, at, dry_run };
        for edit in &mut batch.edits {
            if let Edit::LoadScene { scene } = edit {
                scene.folder = std::path::PathBuf::new();
            }
        }
        let written = serde_json::to_value(&batch).unwrap();
        prop_assert_eq!(read(written.clone()), Ok(batch.clone()));
        let text = serde_json::to_string_pretty(&batch).unwrap();
        let again = EditBatch::read(&Source::from_text(&text).unwrap(), &LIMITS).unwrap();
        prop_assert_eq!(serde_json::to_value(&again).unwrap(), written);
    }
}

#[test]
fn edits_are_written_as_agreed() {
    let control = |control: Value| json!({ "op": "controlTimeline", "id": "t", "control": control });
    let color = json!({ "id": "a", "content": { "type": "color", "color": "#000000" } });
    for edit in [
        json!({ "op": "createLayer", "layer": color }),
        json!({ "op": "createLayer", "layer": color, "parent": "group", "index": 0 }),
        json!({ "op": "replaceLayer", "id": "a", "layer": color }),
        json!({ "op": "patchLayer", "id": "a", "patch": { "opacity": null } }),
        json!({ "op": "deleteLayer", "id": "a" }),
        json!({ "op": "moveLayer", "id": "a" }),
        json!({ "op": "moveLayer", "id": "a", "parent": null, "index": 1 }),
        json!({ "op": "moveLayer", "id": "a", "parent": "group" }),
        json!({ "op": "setCanvas", "canvas": {} }),
        json!({ "op": "setAudio", "audio": {} }),
        json!({ "op": "putTimeline", "timeline": { "id": "t", "steps": [{ "type": "wait", "seconds": 1 }] } }),
        json!({ "op": "deleteTimeline", "id": "t" }),
        control(json!({ "type": "play" })),
        control(json!({ "type": "seek", "to": "chorus" })),
        control(json!({ "type": "seek", "to": 1.5 })),
        control(json!({ "type": "rate", "rate": 2 })),
        json!({ "op": "fireEvent", "name": "go" }),
        json!({ "op": "loadScene", "scene": {} }),
    ] {
        assert!(read(json!({ "edits": [edit] })).is_ok(), "{edit}");
    }
    let to = |edit: Value| match read(json!({ "edits": [edit] })).unwrap().edits.pop() {
        Some(Edit::MoveLayer { parent, .. }) => parent,
        other => unreachable!("{other:?}"),
    };
    assert_eq!(to(json!({ "op": "moveLayer", "id": "a" })), None, "it stays in its group");
    assert_eq!(to(json!({ "op": "moveLayer", "id": "a", "parent": null })), Some(None), "it goes to the canvas");
}

#[test]
fn all_faults_of_a_batch_are_told_at_once_with_their_places() {
    let text = r##"{
  "edits": [
    { "op": "patchLayer", "id": "a", "patch": [] },
    { "op": "deletLayer", "id": "a" },
    { "op": "controlTimeline", "id": "t", "control": { "type": "play", "to": 3 } },
    { "op": "createLayer", "layer": { "id": "b", "content": { "type": "color", "color": "red" } }, "paren": "g" }
  ],
  "att": 3
}"##;
    let faults = EditBatch::read(&Source::from_text(text).unwrap(), &LIMITS).unwrap_err();
    let told: Vec<(&str, Option<usize>)> =
        faults.iter().map(|fault| (fault.pointer.as_str(), fault.place.map(|place: Place| place.line))).collect();
    assert_eq!(
        told,
        [
            ("/edits/0/patch", Some(3)),
            ("/edits/1/op", Some(4)),
            ("/edits/2/control/to", Some(5)),
            ("/edits/3/layer/content/color", Some(6)),
            ("/edits/3/paren", Some(6)),
            ("/att", Some(8)),
        ]
    );
    assert_eq!(faults[1].nearest.as_deref(), Some("\"deleteLayer\""));

    // What is well formed but does not fit together in itself.
    let group = json!({ "id": "g", "content": { "type": "color", "color": "#000000" }, "children": [
        { "id": "x", "content": { "type": "group" } }, { "id": "x", "content": { "type": "group" } }] });
    let faults = read(json!({ "edits": [{ "op": "createLayer", "layer": group }] })).unwrap_err();
    let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/edits/0/layer/children", "/edits/0/layer/children/1/id"]);
    assert!(read(json!({ "edits": [] })).is_err(), "a batch has an edit");
}

#[test]
fn what_is_refused_points_into_the_batch() {
    let unknown = EditRejected::UnknownLayer { id: "bx".to_owned(), nearest: Some("box".to_owned()) };
    let faults = BatchRejected::at(2, "id", unknown).faults();
    assert_eq!(
        faults[0].to_string(),
        "/edits/2/id: found `bx`, expected the id of a layer in the scene; did you mean `box`?"
    );
    assert!(BatchRejected::from(EditRejected::Busy).faults().is_empty());
}
