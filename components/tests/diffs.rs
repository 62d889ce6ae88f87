//! Diffs from one state of a scene to another, whatever lies between.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

use std::collections::BTreeSet;

use components::{
    LayerChange, LayerDocument, LayerId, SceneDiff, SceneDocument, SceneSnapshot, SceneTree, document::arbitrary,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::json;

/// A step of a random show.
type Step = (u8, Index, Index, Index);

fn step() -> impl Strategy<Value = Step> {
    (0..8_u8, any::<Index>(), any::<Index>(), any::<Index>())
}

fn rename(layer: &mut LayerDocument, number: usize) {
    layer.id = LayerId::new(format!("n{number}-{}", layer.id)).unwrap();
    layer.children.iter_mut().for_each(|child| rename(child, number));
}

fn groups(scene: &SceneDocument) -> Vec<LayerId> {
    let is_group = |layer: &&LayerDocument| matches!(layer.content, components::Content::Group(_));
    scene.walk().filter(is_group).map(|layer| layer.id.clone()).collect()
}

/// How many siblings there would be at `parent` without the layer `moved`.
fn siblings(scene: &SceneDocument, parent: Option<&LayerId>, moved: &LayerId) -> usize {
    let children = match parent {
        Some(parent) => &scene.walk().find(|layer| layer.id == *parent).unwrap().children,
        None => &scene.layers,
    };
    children.iter().filter(|layer| layer.id != *moved).count()
}

/// What the step does to the scene, as the engine would tell it; nothing if it does not fit.
fn changes(scene: &SceneDocument, (choice, which, to, at): &Step, new: &LayerDocument) -> Vec<LayerChange> {
    let ids: Vec<LayerId> = scene.walk().map(|layer| layer.id.clone()).collect();
    let groups = groups(scene);
    let place = |layer: &LayerDocument| {
        // A layer cannot go into itself.
        let below: BTreeSet<_> = layer.walk().map(|layer| &layer.id).collect();
        let mut parents: Vec<_> = groups.iter().filter(|group| !below.contains(group)).map(Some).collect();
        parents.push(None);
        let parent = parents[to.index(parents.len())];
        let index = at.index(siblings(scene, parent, &layer.id) + 1);
        LayerChange::Placed { parent: parent.cloned(), index, layer: serde_json::to_value(layer).unwrap() }
    };
    let chosen = (!ids.is_empty()).then(|| ids[which.index(ids.len())].clone());
    match (choice, chosen) {
        (0, Some(id)) => vec![LayerChange::Removed { id }],
        (1..=2, _) | (_, None) => vec![place(new)],
        (3..=5, Some(id)) => {
            let moved = scene.walk().find(|layer| layer.id == id).unwrap();
            let placed = place(moved);
            if at.index(2) == 0 { vec![LayerChange::Removed { id }, placed] } else { vec![placed] }
        }
        (_, Some(id)) => {
            let mask = new.mask.as_ref().map(|mask| serde_json::to_value(mask).unwrap());
            let set = json!({ "opacity": new.opacity, "content": { "type": "group" }, "mask": mask });
            let is_leaf = scene.walk().find(|layer| layer.id == id).unwrap().children.is_empty();
            let mut set = set.as_object().unwrap().clone();
            if !is_leaf {
                set.remove("content");
            }
            vec![LayerChange::Changed { id, set }]
        }
    }
}

/// A show: its states one after the other, as people and as the service hold them.
fn play(
    scene: SceneDocument,
    steps: &[Step],
    others: Vec<LayerDocument>,
) -> (Vec<SceneSnapshot>, Vec<SceneTree>, Vec<SceneDiff>) {
    let first = SceneSnapshot { tick: 0, seq: 0, scene };
    let mut trees = vec![SceneTree::from(&first)];
    let mut snapshots = vec![first];
    let mut diffs = Vec::new();
    for (number, (step, mut other)) in steps.iter().zip(others).enumerate() {
        rename(&mut other, number);
        let mut next = snapshots.last().unwrap().clone();
        let changes = changes(&next.scene, step, &other);
        let head = SceneDocument { name: format!("after {number}"), layers: Vec::new(), ..next.scene.clone() };
        let scene = (number % 3 == 0).then(|| Box::new(head));
        let seq = next.seq + 1;
        let diff = SceneDiff { tick: seq * 10, seq, since: None, scene, changes };
        next.apply(&diff).unwrap();
        trees.push(trees.last().unwrap().apply(&diff).unwrap());
        snapshots.push(next);
        diffs.push(diff);
    }
    (snapshots, trees, diffs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn one_diff_does_what_all_between_did_one_after_the_other(
        scene in arbitrary::scene(),
        steps in vec(step(), 12),
        others in vec(arbitrary::layer(Vec::new()), 12),
        cuts in vec((any::<Index>(), any::<Index>()), 6),
    ) {
        let (snapshots, trees, diffs) = play(scene, &steps, others);
        for (snapshot, tree) in snapshots.iter().zip(&trees) {
            // A tree that came about by diffs is the one that is read from the scene, and is written as that is.
            prop_assert_eq!(tree, &SceneTree::from(snapshot));
            prop_assert_eq!(serde_json::to_value(tree).unwrap(), serde_json::to_value(snapshot).unwrap());
        }
        for (a, b) in cuts {
            let (a, b) = (a.index(trees.len()), b.index(trees.len()));
            let (first, last) = (a.min(b), a.max(b));
            if first == last {
                prop_assert!(SceneDiff::between(&trees[first], &trees[last]).is_empty());
                continue;
            }
            let merged = SceneDiff::between(&trees[first], &trees[last]);
            let merged: SceneDiff = serde_json::from_str(&serde_json::to_string(&merged).unwrap()).unwrap();
            prop_assert_eq!(&trees[first].apply(&merged).unwrap(), &trees[last]);
            let mut follower = snapshots[first].clone();
            follower.apply(&merged).unwrap();
            prop_assert_eq!(&follower, &snapshots[last]);
            prop_assert!(follower.apply(&merged).is_err(), "a diff does not follow on itself");
            // One that says that it follows on older states as well does.
            let wide = SceneDiff { since: Some(0), ..merged };
            prop_assert_eq!(&trees[first].apply(&wide).unwrap(), &trees[last]);
            // A layer is told of once, however often it changed.
            let told = diffs[first..last].iter().map(|diff| diff.changes.len()).sum::<usize>();
            let layers = trees[first].layer_count() + trees[last].layer_count();
            prop_assert!(wide.changes.len() <= layers, "{} changes of {layers} layers, told {told}", wide.changes.len());
        }
    }

    #[test]
    fn who_sees_some_of_the_layers_sees_a_scene_of_them(
        scene in arbitrary::scene(),
        steps in vec(step(), 10),
        others in vec(arbitrary::layer(Vec::new()), 10),
        chosen in vec((any::<Index>(), any::<Index>()), 1..5),
        every in 1..4_usize,
    ) {
        let (snapshots, trees, _) = play(scene, &steps, others);
        // Layers of any time: some are there from the beginning, some come, some go.
        let named: BTreeSet<LayerId> = chosen
            .iter()
            .filter_map(|(when, which)| {
                let ids: Vec<_> = snapshots[when.index(snapshots.len())].scene.walk().map(|layer| &layer.id).collect();
                (!ids.is_empty()).then(|| ids[which.index(ids.len())].clone())
            })
            .collect();
        let mut follower = trees[0].only(&named);
        for (tree, snapshot) in trees.iter().zip(&snapshots).step_by(every) {
            let seen = tree.only(&named);
            let update = SceneDiff::between(&follower, &seen);
            if seen.seq > follower.seq {
                follower = follower.apply(&update).unwrap();
            }
            prop_assert_eq!(&follower, &seen);
            // What is seen: the named layers, what is in them, and the groups around them; the rest is not.
            let text = serde_json::to_value(&seen).unwrap();
            let seen: SceneSnapshot = serde_json::from_value(text).unwrap();
            let seen: BTreeSet<LayerId> = seen.scene.walk().map(|layer| layer.id.clone()).collect();
            for layer in snapshot.scene.walk() {
                let holds = |layer: &LayerDocument| layer.walk().any(|below| named.contains(&below.id));
                let within = snapshot.scene.walk()
                    .any(|above| named.contains(&above.id) && above.walk().any(|below| below.id == layer.id));
                prop_assert_eq!(seen.contains(&layer.id), within || holds(layer), "`{}`", layer.id);
            }
        }
    }
}
