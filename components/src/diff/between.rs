//! From one state of a scene to another in one step.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{LayerChange, SceneDiff, longest_rising, tree::Node};
use crate::{SceneTree, layer::LayerId};

impl SceneDiff {
    /// What takes the scene `before` to `after`, however many changes lie between: the same as all of them applied one
    /// after the other, each layer told of once. It may follow on `before` alone.
    #[must_use]
    pub fn between(before: &SceneTree, after: &SceneTree) -> Self {
        let mut changes = Vec::new();
        if has_same_outline(&before.layers, &after.layers) {
            tell_fields_of_all(&before.layers, &after.layers, &mut changes);
        } else {
            let places = Places { before: places(&before.layers), after: places(&after.layers) };
            places.tell_removed(&before.layers, &mut changes);
            places.tell_placed(None, &before.layers, &after.layers, &mut changes);
        }
        let same_head = Arc::ptr_eq(&before.head, &after.head) || before.head == after.head;
        Self {
            tick: after.tick,
            seq: after.seq,
            since: (before.seq + 1 != after.seq).then_some(before.seq),
            scene: (!same_head).then(|| Box::new((*after.head).clone())),
            changes,
        }
    }

    /// Whether it changes nothing but the scene's numbers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scene.is_none() && self.changes.is_empty()
    }
}

/// Whether both consist of the same layers in the same places.
fn has_same_outline(before: &[Arc<Node>], after: &[Arc<Node>]) -> bool {
    let is_same = |before: &Arc<Node>, after: &Arc<Node>| {
        Arc::ptr_eq(before, after) || (before.id == after.id && has_same_outline(&before.children, &after.children))
    };
    before.len() == after.len() && before.iter().zip(after).all(|(before, after)| is_same(before, after))
}

fn tell_fields_of_all(before: &[Arc<Node>], after: &[Arc<Node>], changes: &mut Vec<LayerChange>) {
    for (before, after) in before.iter().zip(after) {
        if !Arc::ptr_eq(before, after) {
            changes.extend(tell_fields(before, after));
            tell_fields_of_all(&before.children, &after.children, changes);
        }
    }
}

/// The fields that differ, with what they are now.
fn tell_fields(before: &Node, after: &Node) -> Option<LayerChange> {
    if Arc::ptr_eq(&before.fields, &after.fields) {
        return None;
    }
    let differs = |(name, value): &(&String, &Value)| before.fields.get(name.as_str()) != Some(value);
    let mut set: Map<_, _> =
        after.fields.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect();
    let gone = before.fields.keys().filter(|name| !after.fields.contains_key(name.as_str()));
    set.extend(gone.map(|name| (name.clone(), Value::Null)));
    (!set.is_empty()).then(|| LayerChange::Changed { id: after.id.clone(), set })
}

/// The group that each layer is in.
type Parents<'a> = HashMap<&'a LayerId, Option<&'a LayerId>>;

fn places(layers: &[Arc<Node>]) -> Parents<'_> {
    fn note<'a>(parent: Option<&'a LayerId>, layers: &'a [Arc<Node>], places: &mut Parents<'a>) {
        for layer in layers {
            places.insert(&layer.id, parent);
            note(Some(&layer.id), &layer.children, places);
        }
    }
    let mut places = HashMap::new();
    note(None, layers, &mut places);
    places
}

struct Places<'a> {
    before: Parents<'a>,
    after: Parents<'a>,
}

impl Places<'_> {
    /// Whether the layer is in the same group as before, or on the canvas in both.
    fn keeps_parent(&self, id: &LayerId) -> bool {
        matches!((self.before.get(id), self.after.get(id)), (Some(before), Some(after)) if before == after)
    }

    /// Tells the layers that are gone from where they were. What was in them is gone with them.
    fn tell_removed(&self, before: &[Arc<Node>], changes: &mut Vec<LayerChange>) {
        for layer in before {
            if self.keeps_parent(&layer.id) {
                self.tell_removed(&layer.children, changes);
            } else {
                changes.push(LayerChange::Removed { id: layer.id.clone() });
            }
        }
    }

    /// Tells the layers below `parent` that came or were moved, and what changed in the others. Each is placed right
    /// behind the one before it, so that those that come later cannot move it any more.
    fn tell_placed(
        &self,
        parent: Option<&LayerId>,
        before: &[Arc<Node>],
        after: &[Arc<Node>],
        changes: &mut Vec<LayerChange>,
    ) {
        let mut order: Vec<&LayerId> =
            before.iter().map(|layer| &layer.id).filter(|id| self.keeps_parent(id)).collect();
        let was: HashMap<&LayerId, &Arc<Node>> = before.iter().map(|layer| (&layer.id, layer)).collect();
        let stays = staying(&order, after);
        let mut previous: Option<&LayerId> = None;
        for layer in after {
            if !stays.contains(&layer.id) {
                order.retain(|id| *id != &layer.id);
                let behind = previous.and_then(|previous| order.iter().position(|id| *id == previous));
                let index = behind.map_or(0, |position| position + 1);
                order.insert(index, &layer.id);
                changes.push(LayerChange::Placed { parent: parent.cloned(), index, layer: layer.document() });
            }
            previous = Some(&layer.id);
        }
        for layer in after.iter().filter(|layer| stays.contains(&layer.id)) {
            if let Some(before) = was.get(&layer.id).filter(|before| !Arc::ptr_eq(before, layer)) {
                changes.extend(tell_fields(before, layer));
                self.tell_placed(Some(&layer.id), &before.children, &layer.children, changes);
            }
        }
    }
}

/// The layers of `after` that can stay where they are while the others are put between them.
fn staying<'a>(order: &[&LayerId], after: &'a [Arc<Node>]) -> HashSet<&'a LayerId> {
    let positions: HashMap<&LayerId, usize> = order.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let pairs: Vec<(usize, usize)> = after
        .iter()
        .enumerate()
        .filter_map(|(at, layer)| positions.get(&layer.id).map(|before| (*before, at)))
        .collect();
    longest_rising(&pairs).into_iter().map(|index| &after[pairs[index].1].id).collect()
}
