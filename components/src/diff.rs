//! What changed in a scene, as clients and stores get to know it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{document::SceneDocument, layer::LayerId};

/// What one tick changed in the authored scene. A scene with all diffs after it applied in order is the scene now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneDiff {
    /// The tick that carried the change out.
    pub tick: u64,
    /// Number of this diff: one more than the one before.
    pub seq: u64,
    /// The scene without its layers (name, canvas, assets), where one of these changed.
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
