//! Many edits at once.

use std::time::Duration;

use components::{
    AssetDocument, Edit, SceneId,
    document::{MAX_ASSETS, MAX_TIMELINES},
    edit::{DocumentName, EditRejected},
};
use serde_json::json;
use systems::{CompositorSettings, edit::Sender};

use crate::stage::*;

#[test]
fn a_tick_has_time_for_some_of_the_edits_that_wait_and_for_all_that_are_due() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9))]));
    stage.compositor.set_edit_budget(Some(Duration::ZERO));
    let faint = |opacity: f64| vec![patch("box", json!({ "opacity": opacity }))];
    for ticket in 1..=5_u32 {
        stage.compositor.submit(u64::from(ticket), faint(1.0 - f64::from(ticket) / 10.0));
    }
    stage.compositor.submit_due(Sender::default(), 100, faint(0.95));
    stage.compositor.submit_due(Sender::default(), 101, vec![patch("nobody", json!({}))]);
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
    let client = |number| Sender { owner: None, number };
    for ticket in 1..=50 {
        stage.compositor.submit_from(client(7), ticket, batch());
    }
    for (sender, ticket) in [(3, 51), (9, 52), (3, 53)] {
        stage.compositor.submit_from(client(sender), ticket, batch());
    }
    let mut answered = Vec::new();
    for _ in 0..53 {
        answered.extend(stage.tick().outcomes.into_iter().map(|(ticket, _)| ticket));
    }
    assert_eq!(answered[..7], [1, 51, 52, 2, 53, 3, 4]);
    assert_eq!(answered.len(), 53);
}

fn from(last: u8, number: u64) -> Sender {
    Sender { owner: Some([192, 0, 2, last].into()), number }
}

/// However many clients it is that send from one address.
#[test]
fn addresses_take_turns_before_clients_do() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9))]));
    stage.compositor.set_edit_budget(Some(Duration::ZERO));
    for ticket in 1..=50 {
        stage.compositor.submit_from(from(1, ticket % 10), ticket, vec![patch("box", json!({}))]);
    }
    for ticket in 51..=52 {
        stage.compositor.submit_from(from(2, 0), ticket, vec![patch("box", json!({}))]);
    }
    let mut answered = Vec::new();
    for _ in 0..52 {
        answered.extend(stage.tick().outcomes.into_iter().map(|(ticket, _)| ticket));
    }
    assert_eq!(answered[..5], [1, 51, 2, 52, 3]);
    assert_eq!(answered.len(), 52);
}

/// A batch that is only checked costs as much as one that is carried out.
#[test]
fn what_is_only_checked_takes_its_turn_and_is_charged() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9)), block("other", "#0f0", (0, 0), (9, 9))]));
    stage.compositor.set_edit_budget(Some(Duration::from_nanos(1)));
    let heavy = || vec![patch("box", json!({ "opacity": 0.5 })); 100];
    for ticket in 1..=100 {
        stage.compositor.submit_check(from(1, ticket % 7), ticket, heavy());
    }
    stage.compositor.submit_check(from(1, 0), 101, vec![patch("nobody", json!({}))]);
    stage.compositor.submit_from(from(2, 0), 102, vec![patch("other", json!({ "opacity": 0.25 }))]);
    let first = stage.tick();
    assert_eq!((first.checks.len(), first.outcomes.len()), (1, 0));
    assert_eq!((first.checks[0].0, first.checks[0].1.is_ok()), (1, true));
    let second = stage.tick();
    assert_eq!((second.checks.len(), second.outcomes.len()), (0, 1), "the one has to wait, the other not");
    stage.compositor.set_edit_budget(None);
    let rest = stage.tick();
    assert_eq!((rest.checks.len(), rest.outcomes.len()), (100, 0));
    assert_eq!(
        rest.checks.iter().filter(|(_, outcome)| outcome.is_err()).map(|(ticket, _)| *ticket).collect::<Vec<_>>(),
        [101]
    );
    let opacities: Vec<f64> = stage.compositor.snapshot().scene.layers.iter().map(|layer| layer.opacity.0).collect();
    assert_eq!(opacities, [1.0, 0.25]);
}

/// The budget is so small that every batch takes more than a hundred of it, which is as long as anybody waits.
#[test]
fn who_took_too_much_time_waits_while_others_go_on() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9)), block("other", "#0f0", (0, 0), (9, 9))]));
    stage.compositor.set_edit_budget(Some(Duration::from_nanos(1)));
    let heavy = || vec![patch("box", json!({ "opacity": 0.5 })); 100];
    for ticket in 1..=100 {
        stage.compositor.submit_from(from(1, ticket % 7), ticket, heavy());
    }
    let tickets = |stage: &mut Stage| -> Vec<u64> {
        stage.tick().outcomes.into_iter().map(|(ticket, outcome)| outcome.map(|_| ticket).unwrap()).collect()
    };
    assert_eq!(tickets(&mut stage), [1]);
    // All others are on the next tick with what is light, also while all together have taken more than there is.
    for (last, ticket) in (2..=60).zip(1001..) {
        stage.compositor.submit_from(from(last, 0), ticket, vec![patch("other", json!({ "opacity": 0.5 }))]);
        assert_eq!(tickets(&mut stage), [ticket]);
    }
    // What is not light waits until that is paid off, whoever sends it; so nobody gets around it with many addresses.
    stage.compositor.submit_from(from(100, 0), 2000, heavy());
    let mut waited = 0;
    let next = loop {
        let answered = tickets(&mut stage);
        if !answered.is_empty() {
            break answered;
        }
        waited += 1;
    };
    assert_eq!((next, waited), (vec![2], 99));
    // What is due has its tick in any case, and is charged too.
    stage.compositor.submit_due(from(101, 0), 3000, heavy());
    stage.compositor.submit_from(from(101, 1), 3001, vec![patch("other", json!({}))]);
    stage.compositor.submit_from(from(102, 0), 3002, vec![patch("other", json!({}))]);
    assert_eq!(tickets(&mut stage), [3000, 3002]);
    assert_eq!(tickets(&mut stage), [0; 0]);
    // Without a bound nobody owes anything.
    stage.compositor.set_edit_budget(None);
    assert_eq!(tickets(&mut stage).len(), 100 - 2 + 2);
}

#[test]
fn a_batch_weighs_as_much_as_it_touches() {
    let children: Vec<_> = (0..30).map(|number| block(&format!("c{number}"), "#f00", (0, 0), (9, 9))).collect();
    let group = json!({ "id": "group", "content": { "type": "group" }, "children": children });
    let stage = Stage::with(json!([block("box", "#f00", (0, 0), (9, 9)), group]));
    let weight = |edits: Vec<Edit>| stage.compositor.weigh(&edits);
    let layer = |name| Edit::Expect { document: DocumentName::Layer { id: id(name) }, etags: None };
    assert_eq!(weight(vec![patch("box", json!({ "opacity": 1 }))]), 1);
    assert_eq!(weight(vec![patch("box", json!({ "content": { "color": "#00f" } })); 50]), 50);
    assert_eq!(weight(vec![patch("group", json!({ "opacity": 1 }))]), 1, "its children are left alone");
    assert_eq!(weight(vec![patch("group", json!({ "children": [] }))]), 32);
    assert_eq!((weight(vec![layer("box")]), weight(vec![layer("group"); 2])), (1, 64));
    let scene = document(json!([block("box", "#f00", (0, 0), (9, 9))]));
    assert_eq!(weight(vec![Edit::LoadScene { scene: Box::new(scene) }]), 2);
    assert_eq!(weight(vec![Edit::ActivateScene { id: SceneId::new("other").unwrap(), transition: None }]), 64);
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
