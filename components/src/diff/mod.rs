//! What changed in a scene, as clients and stores get to know it.
//!
//! A tick tells what it changed by a [`SceneDiff`]. Several in a row become one by way of the states that they lead from
//! and to ([`SceneTree`], [`SceneDiff::between`]), not by putting the diffs together: places in a diff are indexes, which
//! mean something only in the state that they were written for, and the way by the states needs no more than the two ends,
//! whatever happened in between.

mod between;
mod rising;
mod tree;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    document::{LayerDocument, SceneDocument},
    layer::LayerId,
};

pub use self::{rising::longest_rising, tree::SceneTree};

/// What one tick changed in the authored scene. A scene with all diffs after it applied in order is the scene now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneDiff {
    /// The tick that carried the change out.
    pub tick: u64,
    /// Number of this diff: one more than the one before.
    pub seq: u64,
    /// The first of the diffs that this one may follow on, if that is not only the one before: it then takes a scene at
    /// any number from here on, below its own, to its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// The scene without its layers (name, canvas, assets, audio, timelines, triggers), where one of these changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<Box<SceneDocument>>,
    /// What happened to layers, in order.
    pub changes: Vec<LayerChange>,
}

/// What happened to one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub enum LayerChange {
    /// It was removed, with its children.
    Removed {
        /// The layer.
        id: LayerId,
    },
    /// It is new, or was moved here with all it has: first remove it from where it was.
    Placed {
        /// The group it is in; the canvas if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<LayerId>,
        /// Where it goes among its siblings, once all changes before this one were applied and the layer was taken
        /// from where it stood.
        index: usize,
        /// All of it, children included.
        layer: Value,
    },
    /// Some of its fields changed.
    Changed {
        /// The layer.
        id: LayerId,
        /// The fields that changed with their new values; `null` for one that is gone.
        set: Map<String, Value>,
    },
}

/// A whole scene at one tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneSnapshot {
    /// The tick it shows.
    pub tick: u64,
    /// The last diff that is part of it.
    pub seq: u64,
    /// The scene.
    pub scene: SceneDocument,
}

/// A diff cannot be applied to a snapshot. The snapshot is as it was: take a new one from the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyDiffError {
    /// It does not come right after the snapshot.
    #[error("diff {found} does not follow on diff {known}; take a new snapshot")]
    OutOfOrder {
        /// Its number.
        found: u64,
        /// The number of the last one.
        known: u64,
    },
    /// It speaks of a layer that is not in the scene.
    #[error("the diff speaks of a layer `{id}` that the snapshot does not have; take a new snapshot")]
    UnknownLayer {
        /// The layer.
        id: LayerId,
    },
    /// It places a layer behind more siblings than there are.
    #[error("the diff places a layer at index {index} among {count}; take a new snapshot")]
    NoSuchPlace {
        /// The index.
        index: usize,
        /// How many siblings there are.
        count: usize,
    },
    /// What it makes of a layer is no layer document.
    #[error("the diff holds a layer that cannot be read ({message}); take a new snapshot")]
    Unreadable {
        /// Why.
        message: String,
    },
}

impl SceneSnapshot {
    /// Brings the snapshot to the tick of `diff`, the one that comes next.
    ///
    /// # Errors
    /// Why the diff does not fit; nothing has changed then.
    pub fn apply(&mut self, diff: &SceneDiff) -> Result<(), ApplyDiffError> {
        diff.check_follows(self.seq)?;
        let mut layers = self.scene.layers.clone();
        for change in &diff.changes {
            change.apply(&mut layers)?;
        }
        if let Some(scene) = &diff.scene {
            self.scene = scene.as_ref().clone();
        }
        self.scene.layers = layers;
        self.tick = diff.tick;
        self.seq = diff.seq;
        Ok(())
    }
}

impl SceneDiff {
    /// Whether the diff can be applied to a scene at `known`.
    fn check_follows(&self, known: u64) -> Result<(), ApplyDiffError> {
        let first = self.since.unwrap_or_else(|| self.seq.saturating_sub(1));
        if (first..self.seq).contains(&known) {
            Ok(())
        } else {
            Err(ApplyDiffError::OutOfOrder { found: self.seq, known })
        }
    }
}

impl LayerChange {
    fn apply(&self, layers: &mut Vec<LayerDocument>) -> Result<(), ApplyDiffError> {
        let unknown = |id: &LayerId| ApplyDiffError::UnknownLayer { id: id.clone() };
        match self {
            Self::Removed { id } => {
                take(layers, id).ok_or_else(|| unknown(id))?;
            }
            Self::Placed { parent, index, layer } => {
                let layer = read(layer.clone())?;
                take(layers, &layer.id);
                let siblings = match parent {
                    Some(parent) => &mut find(layers, parent).ok_or_else(|| unknown(parent))?.children,
                    None => layers,
                };
                if *index > siblings.len() {
                    return Err(ApplyDiffError::NoSuchPlace { index: *index, count: siblings.len() });
                }
                siblings.insert(*index, layer);
            }
            Self::Changed { id, set } => {
                let layer = find(layers, id).ok_or_else(|| unknown(id))?;
                let children = std::mem::take(&mut layer.children);
                let mut fields = match serde_json::to_value(&*layer) {
                    Ok(Value::Object(fields)) => fields,
                    other => return Err(ApplyDiffError::Unreadable { message: format!("{other:?}") }),
                };
                for (name, value) in set {
                    if value.is_null() {
                        fields.remove(name);
                    } else {
                        fields.insert(name.clone(), value.clone());
                    }
                }
                *layer = read(Value::Object(fields))?;
                if !set.contains_key("children") {
                    layer.children = children;
                }
            }
        }
        Ok(())
    }
}

fn read(layer: Value) -> Result<LayerDocument, ApplyDiffError> {
    serde_json::from_value(layer).map_err(|error| ApplyDiffError::Unreadable { message: error.to_string() })
}

/// The layer with this id, wherever it stands.
fn find<'a>(layers: &'a mut [LayerDocument], id: &LayerId) -> Option<&'a mut LayerDocument> {
    for layer in layers {
        if layer.id == *id {
            return Some(layer);
        }
        if let Some(found) = find(&mut layer.children, id) {
            return Some(found);
        }
    }
    None
}

/// Takes the layer with this id out of the tree.
fn take(layers: &mut Vec<LayerDocument>, id: &LayerId) -> Option<LayerDocument> {
    if let Some(index) = layers.iter().position(|layer| layer.id == *id) {
        return Some(layers.remove(index));
    }
    layers.iter_mut().find_map(|layer| take(&mut layer.children, id))
}
