//! The state as it is kept: what a journal tells, folded into records.
//!
//! The scene on air is the collection `program`: `header` (all but the layers, with the folder of its assets), `order`
//! (which layers stand where), `motion` (scene time, when the scene began, timelines, triggers that are stopped, when the
//! animations of the sound started and what they carry on) and a `layer:ID` for each layer, with the times at which its animations started, and what moves by
//! its transitions. Each scene that waits is a collection of its own (`held`). Documents of other kinds are collections by
//! the name of their kind.
//!
//! However much is folded in, what is held is one scene and the documents: nothing grows while a store is away.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use components::{
    LayerChange, LayerDocument, LayerId, SceneDocument,
    animation::{Drift, Start},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use systems::{clock::TimelineMotion, sound::SoundStarts};

use super::{
    held,
    store::{Batch, Key, Records},
};
use crate::engine::{Document, HELD, Kept, SceneChange, Whole};

/// The collection of the scene on air.
pub(super) const PROGRAM: &str = "program";
pub(super) const HEADER: &str = "header";
pub(super) const ORDER: &str = "order";
pub(super) const MOTION: &str = "motion";
/// What the names of layers' records begin with.
pub(super) const LAYER: &str = "layer:";

/// A change does not follow on what is known: take the whole scene.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfStep;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    scene: Option<Scene>,
    documents: BTreeMap<Key, Value>,
    /// Records that differ from what was taken last.
    dirty: BTreeSet<Key>,
    /// Whether the store must be written anew.
    is_lost: bool,
}

#[derive(Debug, Default)]
struct Scene {
    seq: u64,
    header: Value,
    layers: HashMap<LayerId, Layer>,
    /// Children of each group, and of the canvas (`None`); nothing for those that have none.
    children: HashMap<Option<LayerId>, Vec<LayerId>>,
    seconds: f64,
    origin: f64,
    timelines: Vec<TimelineMotion>,
    stopped: BTreeSet<usize>,
    sound: SoundStarts,
}

#[derive(Debug, Default)]
struct Layer {
    /// Its document without children.
    document: Map<String, Value>,
    motion: LayerMotion,
}

/// What of a layer is not in its document.
#[derive(Debug, Default)]
struct LayerMotion {
    starts: Vec<Start>,
    drifts: Vec<Drift>,
}

impl Mirror {
    /// A mirror of no scene yet. The store must be written anew, these documents too.
    pub(super) fn new(documents: BTreeMap<Key, Value>) -> Self {
        let mut mirror = Self { is_lost: true, ..Self::default() };
        for (Key { collection, field }, value) in documents {
            mirror.put(&collection, field, Some(value));
        }
        mirror
    }

    /// Nobody knows what the store has: the next batch is a whole one.
    pub(super) fn lose(&mut self) {
        self.is_lost = true;
        self.dirty.clear();
    }

    /// Takes over a whole scene.
    pub(super) fn replace(&mut self, whole: &Whole) {
        if let Some(scene) = self.scene.take() {
            self.dirty.extend(scene.layers.keys().map(layer_key));
        }
        let Whole { snapshot, motion } = whole;
        let mut scene = Scene {
            seq: snapshot.seq,
            header: header(&snapshot.scene),
            seconds: motion.seconds,
            origin: motion.origin,
            timelines: motion.timelines.clone(),
            stopped: motion.stopped.clone(),
            sound: motion.sound.clone(),
            ..Scene::default()
        };
        for layer in &snapshot.scene.layers {
            scene.plant(value(layer), None, usize::MAX, &mut HashMap::new(), &mut self.dirty);
        }
        for (id, starts) in &motion.starts {
            if let Some(layer) = scene.layers.get_mut(id) {
                layer.motion.starts.clone_from(starts);
            }
        }
        for (id, drifts) in &motion.drifts {
            if let Some(layer) = scene.layers.get_mut(id) {
                layer.motion.drifts.clone_from(drifts);
            }
        }
        self.scene = Some(scene);
        self.dirty.extend([HEADER, ORDER, MOTION].map(program_key));
    }

    /// Follows a change of the scene.
    ///
    /// # Errors
    /// It does not follow on what is known.
    pub(super) fn follow(&mut self, change: &SceneChange) -> Result<(), OutOfStep> {
        if self.is_lost {
            // All is written in any case: what differs needs not be known, and would be more and more.
            self.dirty.clear();
        }
        let scene = self.scene.as_mut().ok_or(OutOfStep)?;
        let dirty = &mut self.dirty;
        if let Some(diff) = change.diff.as_ref().filter(|diff| diff.seq > scene.seq) {
            if diff.seq != scene.seq + 1 {
                return Err(OutOfStep);
            }
            scene.seq = diff.seq;
            if let Some(changed) = &diff.scene {
                scene.header = header(changed);
                dirty.insert(program_key(HEADER));
            }
            // What is taken out and put elsewhere goes on moving.
            let mut moving = HashMap::new();
            for change in &diff.changes {
                scene.follow(change, &mut moving, dirty)?;
            }
        }
        scene.seconds = change.seconds;
        dirty.insert(program_key(MOTION));
        if let Some(motion) = &change.motion {
            scene.origin = motion.origin.unwrap_or(scene.origin);
            for (id, starts) in &motion.starts {
                if let Some(layer) = scene.layers.get_mut(id)
                    && layer.motion.starts != *starts
                {
                    layer.motion.starts.clone_from(starts);
                    dirty.insert(layer_key(id));
                }
            }
            for (id, drifts) in &motion.drifts {
                if let Some(layer) = scene.layers.get_mut(id)
                    && layer.motion.drifts != *drifts
                {
                    layer.motion.drifts.clone_from(drifts);
                    dirty.insert(layer_key(id));
                }
            }
            if let Some(sound) = &motion.sound {
                scene.sound.clone_from(sound);
            }
            if let Some(timelines) = &motion.timelines {
                scene.timelines.clone_from(timelines);
            }
            if let Some(stopped) = &motion.stopped {
                scene.stopped.clone_from(stopped);
            }
        }
        Ok(())
    }

    /// Takes over a document.
    pub(super) fn set(&mut self, document: Document) {
        let value = document.value.map(|kept| match kept {
            Kept::Value(value) => value,
            Kept::Scene(scene) => record_of(&scene),
        });
        self.put(document.kind, document.id, value);
    }

    fn put(&mut self, kind: &str, id: String, value: Option<Value>) {
        if kind != HELD {
            self.put_record(Key::new(kind, id), value);
            return;
        }
        let collection = held::collection(&id);
        let mut records = value.map(held::apart).unwrap_or_default();
        let present = self.documents.range(Key::new(collection.as_str(), "")..);
        let present = present.take_while(|(key, _)| key.collection == collection);
        let gone: Vec<Key> =
            present.filter(|(key, _)| !records.contains_key(&key.field)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.put_record(key, None);
        }
        while let Some((field, value)) = records.pop_first() {
            self.put_record(Key::new(collection.as_str(), field), Some(value));
        }
    }

    fn put_record(&mut self, key: Key, value: Option<Value>) {
        if self.documents.get(&key) == value.as_ref() {
            return;
        }
        match value {
            Some(value) => drop(self.documents.insert(key.clone(), value)),
            None => drop(self.documents.remove(&key)),
        }
        self.dirty.insert(key);
    }

    /// What is to be written, if anything is; it counts as written then.
    pub(super) fn batch(&mut self) -> Option<Batch> {
        if self.is_lost {
            self.is_lost = false;
            self.dirty.clear();
            let changes = self.records().into_iter().map(|(key, value)| (key, Some(value))).collect();
            return Some(Batch { is_whole: true, changes });
        }
        let dirty = std::mem::take(&mut self.dirty);
        let changes: BTreeMap<_, _> = dirty.into_iter().map(|key| (key.clone(), self.record(&key))).collect();
        (!changes.is_empty()).then_some(Batch { is_whole: false, changes })
    }

    /// All records.
    pub(super) fn records(&self) -> Records {
        let mut keys: Vec<Key> = self.documents.keys().cloned().collect();
        if let Some(scene) = &self.scene {
            keys.extend([HEADER, ORDER, MOTION].map(program_key));
            keys.extend(scene.layers.keys().map(layer_key));
        }
        keys.into_iter().filter_map(|key| Some((key.clone(), self.record(&key)?))).collect()
    }

    /// A record as it is now; `None` if there is none of this name.
    fn record(&self, key: &Key) -> Option<Vec<u8>> {
        if key.collection != PROGRAM {
            return self.documents.get(key).map(bytes);
        }
        let scene = self.scene.as_ref()?;
        match key.field.as_str() {
            HEADER => Some(bytes(&scene.header)),
            ORDER => {
                let name = |parent: &Option<LayerId>| parent.as_ref().map_or("", LayerId::as_str).to_owned();
                let order: BTreeMap<String, &Vec<LayerId>> =
                    scene.children.iter().map(|(parent, children)| (name(parent), children)).collect();
                Some(bytes(&order))
            }
            MOTION => {
                let mut record = json!({ "seconds": scene.seconds, "timelines": scene.timelines });
                if scene.origin != 0.0 {
                    record["origin"] = json!(scene.origin);
                }
                if !scene.stopped.is_empty() {
                    record["stopped"] = json!(scene.stopped);
                }
                if scene.sound != SoundStarts::default() {
                    record["sound"] = json!(scene.sound);
                }
                Some(bytes(&record))
            }
            field => {
                let id = LayerId::new(field.strip_prefix(LAYER)?).ok()?;
                let Layer { document, motion: LayerMotion { starts, drifts } } = scene.layers.get(&id)?;
                let mut record = json!({ "layer": document, "starts": starts });
                let left: Vec<&Drift> = drifts.iter().filter(|drift| drift.is_left(scene.seconds)).collect();
                if !left.is_empty() {
                    record["drifts"] = json!(left);
                }
                Some(bytes(&record))
            }
        }
    }
}

impl Scene {
    fn follow(
        &mut self,
        change: &LayerChange,
        moving: &mut HashMap<LayerId, LayerMotion>,
        dirty: &mut BTreeSet<Key>,
    ) -> Result<(), OutOfStep> {
        match change {
            LayerChange::Removed { id } => {
                self.uproot(id, moving, dirty)?;
            }
            LayerChange::Placed { parent, index, layer } => {
                let id = id_of(layer).ok_or(OutOfStep)?;
                if self.layers.contains_key(&id) {
                    self.uproot(&id, moving, dirty)?;
                }
                if parent.as_ref().is_some_and(|parent| !self.layers.contains_key(parent)) {
                    return Err(OutOfStep);
                }
                self.plant(layer.clone(), parent.clone(), *index, moving, dirty);
            }
            LayerChange::Changed { id, set } => {
                let layer = self.layers.get_mut(id).ok_or(OutOfStep)?;
                for (name, value) in set {
                    match value {
                        Value::Null => drop(layer.document.shift_remove(name)),
                        value => drop(layer.document.insert(name.clone(), value.clone())),
                    }
                }
                dirty.insert(layer_key(id));
            }
        }
        Ok(())
    }

    /// Puts a layer with all below it where it goes.
    fn plant(
        &mut self,
        layer: Value,
        parent: Option<LayerId>,
        index: usize,
        moving: &mut HashMap<LayerId, LayerMotion>,
        dirty: &mut BTreeSet<Key>,
    ) {
        let (Some(id), Value::Object(mut document)) = (id_of(&layer), layer) else { return };
        let children = document.shift_remove("children");
        let siblings = self.children.entry(parent).or_default();
        siblings.insert(index.min(siblings.len()), id.clone());
        dirty.extend([program_key(ORDER), layer_key(&id)]);
        let mut motion = moving.remove(&id).unwrap_or_default();
        // What presets play starts like animations of one's own.
        if !["animations", "presets"].iter().any(|name| document.contains_key(*name)) {
            motion.starts.clear();
        }
        if !document.contains_key("transitions") {
            motion.drifts.clear();
        }
        self.layers.insert(id.clone(), Layer { document, motion });
        if let Some(Value::Array(children)) = children {
            for child in children {
                self.plant(child, Some(id.clone()), usize::MAX, moving, dirty);
            }
        }
    }

    /// Takes a layer with all below it out; how it moves goes into `moving`.
    fn uproot(
        &mut self,
        id: &LayerId,
        moving: &mut HashMap<LayerId, LayerMotion>,
        dirty: &mut BTreeSet<Key>,
    ) -> Result<(), OutOfStep> {
        let layer = self.layers.remove(id).ok_or(OutOfStep)?;
        moving.insert(id.clone(), layer.motion);
        dirty.extend([program_key(ORDER), layer_key(id)]);
        self.children.retain(|_, siblings| {
            siblings.retain(|sibling| sibling != id);
            !siblings.is_empty()
        });
        for child in self.children.remove(&Some(id.clone())).unwrap_or_default() {
            self.uproot(&child, moving, dirty)?;
        }
        Ok(())
    }
}

fn program_key(field: &str) -> Key {
    Key::new(PROGRAM, field)
}

fn layer_key(id: &LayerId) -> Key {
    Key::new(PROGRAM, format!("{LAYER}{id}"))
}

fn id_of(layer: &Value) -> Option<LayerId> {
    LayerId::new(layer.get("id")?.as_str()?).ok()
}

/// The scene without its layers.
fn header(scene: &SceneDocument) -> Value {
    record_of(&SceneDocument { layers: Vec::<LayerDocument>::new(), ..scene.clone() })
}

/// A scene with its folder, which is written in full: the service may be started from another one next time.
pub(super) fn record_of(scene: &SceneDocument) -> Value {
    let folder = std::path::absolute(&scene.folder).unwrap_or_else(|_| scene.folder.clone());
    json!({ "scene": scene, "folder": folder_name(&folder) })
}

fn folder_name(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

fn value(document: &impl Serialize) -> Value {
    // Documents are trees of strings and numbers: they always have a value.
    serde_json::to_value(document).unwrap_or_default()
}

fn bytes(document: &impl Serialize) -> Vec<u8> {
    // As above.
    serde_json::to_vec(document).unwrap_or_default()
}
