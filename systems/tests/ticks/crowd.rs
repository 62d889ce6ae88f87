//! Many edits at once.

use std::time::Duration;

use components::{
    AssetDocument, Edit,
    document::{MAX_ASSETS, MAX_TIMELINES},
    edit::EditRejected,
};
use serde_json::json;
use systems::CompositorSettings;

use crate::stage::*;

#[test]
fn a_tick_has_time_for_some_of_the_edits_that_wait_and_for_all_that_are_due() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9))]));
    stage.compositor.set_edit_budget(Some(Duration::ZERO));
    let faint = |opacity: f64| vec![patch("box", json!({ "opacity": opacity }))];
    for ticket in 1..=5_u32 {
        stage.compositor.submit(u64::from(ticket), faint(1.0 - f64::from(ticket) / 10.0));
    }
    stage.compositor.submit_due(100, faint(0.95));
    stage.compositor.submit_due(101, vec![patch("nobody", json!({}))]);
    let mut answered: Vec<Vec<u64>> = Vec::new();
    for _ in 0..5 {
        let report = stage.tick();
        assert_eq!(report.outcomes.iter().filter(|(ticket, outcome)| outcome.is_err() != (*ticket == 101)).count(), 0);
        answered.push(report.outcomes.into_iter().map(|(ticket, _)| ticket).collect());
    }
    assert_eq!(answered, [vec![100, 101, 1], vec![2], vec![3], vec![4], vec![5]]);
    assert!(stage.tick().outcomes.is_empty());
    assert_eq!(stage.compositor.snapshot().scene.layers[0].opacity.0, 0.5);
}

#[test]
fn who_sends_many_edits_waits_for_itself() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9))]));
    stage.compositor.set_edit_budget(Some(Duration::ZERO));
    let batch = || vec![patch("box", json!({}))];
    for ticket in 1..=50 {
        stage.compositor.submit_from(7, ticket, batch());
    }
    for (sender, ticket) in [(3, 51), (9, 52), (3, 53)] {
        stage.compositor.submit_from(sender, ticket, batch());
    }
    let mut answered = Vec::new();
    for _ in 0..53 {
        answered.extend(stage.tick().outcomes.into_iter().map(|(ticket, _)| ticket));
    }
    assert_eq!(answered[..7], [1, 51, 52, 2, 53, 3, 4]);
    assert_eq!(answered.len(), 53);
}

/// The children are not read again with each patch of their group, but what does not fit them is refused.
#[test]
fn a_patch_of_a_group_leaves_its_children_as_they_are() {
    let group = json!({
        "id": "group", "content": { "type": "group" }, "children": [block("in", "#f00", (0, 0), (9, 9))],
    });
    let mut stage = Stage::with(json!([group]));
    let inner = || patch("in", json!({ "opacity": 0.25 }));
    let report = stage.edit(vec![inner(), patch("group", json!({ "opacity": 0.5 }))]);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    let layer = stage.compositor.snapshot().scene.layers.remove(0);
    assert_eq!((layer.opacity.0, layer.children.len(), layer.children[0].opacity.0), (0.5, 1, 0.25));
    let other = json!({ "content": block("box", "#f00", (0, 0), (9, 9))["content"] });
    let EditRejected::Invalid { faults } = stage.refused(vec![patch("group", other)]) else {
        panic!("refused otherwise")
    };
    assert_eq!(faults[0].pointer, "/children");
    let renamed = stage.refused(vec![patch("in", json!({ "id": "out" }))]);
    assert!(matches!(renamed, EditRejected::Invalid { .. }), "{renamed:?}");
}

#[test]
fn lists_of_a_scene_do_not_grow_without_end() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9))]));
    let asset = |number: usize| -> AssetDocument {
        serde_json::from_value(json!({ "id": format!("a{number}"), "type": "image", "path": "none.png" })).unwrap()
    };
    let assets: Vec<Edit> = (0..MAX_ASSETS).map(|number| Edit::PutAsset { asset: asset(number) }).collect();
    assert!(stage.edit(assets).outcomes[0].1.is_ok());
    assert!(stage.edit(vec![Edit::PutAsset { asset: asset(0) }]).outcomes[0].1.is_ok(), "one that is there already");
    let refused = |stage: &mut Stage, edit: Edit| {
        let EditRejected::Invalid { faults } = stage.edit(vec![edit]).outcomes.remove(0).1.unwrap_err().reason else {
            panic!("refused otherwise");
        };
        faults[0].expected.clone()
    };
    let expected = refused(&mut stage, Edit::PutAsset { asset: asset(MAX_ASSETS) });
    assert_eq!(expected, "at most 1000 assets in a scene; remove some");
    let timeline = |number: usize| Edit::PutTimeline {
        timeline: Box::new(
            serde_json::from_value(json!({ "id": format!("t{number}"), "steps": [{ "type": "wait", "seconds": 1 }] }))
                .unwrap(),
        ),
    };
    assert!(stage.edit((0..MAX_TIMELINES).map(timeline).collect()).outcomes[0].1.is_ok());
    assert_eq!(refused(&mut stage, timeline(MAX_TIMELINES)), "at most 1000 timelines in a scene; remove some");
}

#[test]
fn a_scene_with_more_layers_than_are_allowed_by_now_may_shrink_and_change() {
    let mut stage = Stage::new(CompositorSettings { max_layers: 4, ..SETTINGS });
    let layers: Vec<_> = (0..4).map(|number| block(&format!("l{number}"), "#f00", (0, 0), (9, 9))).collect();
    assert!(stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!(layers))) }]).outcomes[0].1.is_ok());
    stage.compositor.set_max_layers(2);
    assert!(stage.edit(vec![patch("l0", json!({ "opacity": 0.5 }))]).outcomes[0].1.is_ok());
    let more = create(block("more", "#f00", (0, 0), (9, 9)), None);
    assert_eq!(stage.refused(vec![more.clone()]), EditRejected::TooManyLayers { count: 5, limit: 2 });
    for layer in ["l1", "l2"] {
        assert!(stage.edit(vec![Edit::DeleteLayer { id: id(layer) }]).outcomes[0].1.is_ok());
    }
    assert_eq!(stage.refused(vec![more]), EditRejected::TooManyLayers { count: 3, limit: 2 });
}
