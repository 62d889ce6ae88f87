//! A scene of which many versions can be kept at little cost.

use std::{collections::BTreeSet, sync::Arc};

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap as _},
};
use serde_json::{Map, Value};

use super::{ApplyDiffError, LayerChange, SceneDiff, SceneSnapshot};
use crate::{document::SceneDocument, layer::LayerId};

/// A whole scene at one tick, as clients know it. What two versions have in common they share: a change costs what
/// changed and the list that it stands in.
///
/// Written as JSON it is the same as a [`SceneSnapshot`].
#[derive(Clone, Debug, PartialEq)]
pub struct SceneTree {
    /// The tick it shows.
    pub tick: u64,
    /// The last diff that is part of it.
    pub seq: u64,
    /// The scene without its layers.
    pub(super) head: Arc<SceneDocument>,
    pub(super) layers: Vec<Arc<Node>>,
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) id: LayerId,
    /// Its document without its children.
    pub(super) fields: Arc<Map<String, Value>>,
    pub(super) children: Vec<Arc<Node>>,
}

impl From<&SceneSnapshot> for SceneTree {
    fn from(snapshot: &SceneSnapshot) -> Self {
        let SceneSnapshot { tick, seq, scene } = snapshot;
        // Documents are trees of strings and numbers: they always have a value, and one that can be read.
        let layers = scene.layers.iter().filter_map(|layer| Node::read(serde_json::to_value(layer).ok()?).ok());
        Self {
            tick: *tick,
            seq: *seq,
            layers: layers.map(Arc::new).collect(),
            head: Arc::new(SceneDocument { layers: Vec::new(), ..scene.clone() }),
        }
    }
}

impl SceneTree {
    /// The scene at the tick of `diff`, the one that comes next.
    ///
    /// # Errors
    /// Why the diff does not fit.
    pub fn apply(&self, diff: &SceneDiff) -> Result<Self, ApplyDiffError> {
        diff.check_follows(self.seq)?;
        let mut layers = self.layers.clone();
        for change in &diff.changes {
            carry_out(change, &mut layers)?;
        }
        let head = match &diff.scene {
            Some(head) => Arc::new(head.as_ref().clone()),
            None => Arc::clone(&self.head),
        };
        Ok(Self { tick: diff.tick, seq: diff.seq, head, layers })
    }

    /// The smaller scene that has only these layers, all that is in them, and the groups that they are in.
    #[must_use]
    pub fn only(&self, chosen: &BTreeSet<LayerId>) -> Self {
        Self { layers: prune(&self.layers, chosen), ..self.clone() }
    }

    /// Layers, groups and their children included.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        fn count(layers: &[Arc<Node>]) -> usize {
            layers.iter().map(|layer| 1 + count(&layer.children)).sum()
        }
        count(&self.layers)
    }
}

fn prune(layers: &[Arc<Node>], chosen: &BTreeSet<LayerId>) -> Vec<Arc<Node>> {
    let keep = |layer: &Arc<Node>| {
        if chosen.contains(&layer.id) {
            return Some(Arc::clone(layer));
        }
        let children = prune(&layer.children, chosen);
        (!children.is_empty()).then(|| {
            let (id, fields) = (layer.id.clone(), Arc::clone(&layer.fields));
            Arc::new(Node { id, fields, children })
        })
    };
    layers.iter().filter_map(keep).collect()
}

impl Node {
    fn read(document: Value) -> Result<Self, ApplyDiffError> {
        let unreadable = |message: &str| ApplyDiffError::Unreadable { message: message.to_owned() };
        let Value::Object(mut fields) = document else { return Err(unreadable("it is no object")) };
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
        let id = LayerId::new(id).map_err(|error| unreadable(&error.to_string()))?;
        let children = match fields.remove("children") {
            None => Vec::new(),
            Some(children) => Self::read_all(children)?,
        };
        Ok(Self { id, fields: Arc::new(fields), children })
    }

    fn read_all(documents: Value) -> Result<Vec<Arc<Self>>, ApplyDiffError> {
        match documents {
            Value::Null => Ok(Vec::new()),
            Value::Array(documents) => documents.into_iter().map(|child| Self::read(child).map(Arc::new)).collect(),
            _ => Err(ApplyDiffError::Unreadable { message: "its children are no list".to_owned() }),
        }
    }

    /// The whole document.
    pub(super) fn document(&self) -> Value {
        let mut document = Map::clone(&self.fields);
        if !self.children.is_empty() {
            let children = self.children.iter().map(|child| child.document()).collect();
            document.insert("children".to_owned(), Value::Array(children));
        }
        Value::Object(document)
    }
}

fn carry_out(change: &LayerChange, layers: &mut Vec<Arc<Node>>) -> Result<(), ApplyDiffError> {
    let unknown = |id: &LayerId| ApplyDiffError::UnknownLayer { id: id.clone() };
    match change {
        LayerChange::Removed { id } => {
            if !take(layers, id) {
                return Err(unknown(id));
            }
        }
        LayerChange::Placed { parent, index, layer } => {
            let layer = Node::read(layer.clone())?;
            take(layers, &layer.id);
            let siblings = match parent {
                Some(parent) => &mut find(layers, parent).ok_or_else(|| unknown(parent))?.children,
                None => layers,
            };
            if *index > siblings.len() {
                return Err(ApplyDiffError::NoSuchPlace { index: *index, count: siblings.len() });
            }
            siblings.insert(*index, Arc::new(layer));
        }
        LayerChange::Changed { id, set } => {
            let layer = find(layers, id).ok_or_else(|| unknown(id))?;
            let fields = Arc::make_mut(&mut layer.fields);
            for (name, value) in set {
                if name == "children" {
                    layer.children = Node::read_all(value.clone())?;
                } else if value.is_null() {
                    fields.remove(name);
                } else {
                    fields.insert(name.clone(), value.clone());
                }
            }
        }
    }
    Ok(())
}

/// The index of the layer among `layers` that is, or somewhere below has, the layer with this id.
fn toward(layers: &[Arc<Node>], id: &LayerId) -> Option<usize> {
    layers.iter().position(|layer| layer.id == *id || toward(&layer.children, id).is_some())
}

/// The layer with this id, wherever it stands, to be changed in this version alone.
fn find<'a>(layers: &'a mut [Arc<Node>], id: &LayerId) -> Option<&'a mut Node> {
    let index = toward(layers, id)?;
    let layer = Arc::make_mut(&mut layers[index]);
    if layer.id == *id { Some(layer) } else { find(&mut layer.children, id) }
}

/// Takes the layer with this id out of this version. Returns whether it was there.
fn take(layers: &mut Vec<Arc<Node>>, id: &LayerId) -> bool {
    let Some(index) = toward(layers, id) else { return false };
    if layers[index].id == *id {
        layers.remove(index);
        return true;
    }
    take(&mut Arc::make_mut(&mut layers[index]).children, id)
}

impl Serialize for SceneTree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("tick", &self.tick)?;
        map.serialize_entry("seq", &self.seq)?;
        map.serialize_entry("scene", &Scene(self))?;
        map.end()
    }
}

/// The scene's document with its layers in it.
struct Scene<'a>(&'a SceneTree);

impl Serialize for Scene<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(head) = serde_json::to_value(&*self.0.head).map_err(S::Error::custom)? else {
            return Err(S::Error::custom("a scene is an object"));
        };
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &head {
            if name == "layers" {
                map.serialize_entry(name, &Layers(&self.0.layers))?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

struct Layers<'a>(&'a [Arc<Node>]);

impl Serialize for Layers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|layer| &**layer))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &*self.fields {
            map.serialize_entry(name, value)?;
        }
        if !self.children.is_empty() {
            map.serialize_entry("children", &Layers(&self.children))?;
        }
        map.end()
    }
}
