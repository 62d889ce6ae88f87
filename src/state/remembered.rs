//! What a store remembers, read back.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use components::{
    LayerDocument, SceneDocument, SceneId,
    animation::{Drift, Start},
    held::HeldScenes,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use systems::{
    clock::{Motion, TimelineMotion},
    sound::SoundStarts,
};

use super::{
    held,
    mirror::{HEADER, LAYER, MOTION, ORDER, PROGRAM, record_of},
    store::{Key, Records, Store, StoreError},
};
use crate::engine::{HELD, ON_AIR};

/// Everything that a store remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered {
    /// The scene that was on air, and where everything in it stood.
    pub program: Option<(SceneDocument, Motion)>,
    pub(super) documents: BTreeMap<Key, Value>,
}

/// A scene with its folder, as it is kept.
#[derive(Deserialize)]
struct Header {
    scene: SceneDocument,
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Moving {
    seconds: f64,
    #[serde(default)]
    origin: f64,
    timelines: Vec<TimelineMotion>,
    #[serde(default)]
    stopped: BTreeSet<usize>,
    #[serde(default)]
    sound: SoundStarts,
}

#[derive(Deserialize)]
struct Layer {
    layer: LayerDocument,
    starts: Vec<Start>,
    #[serde(default)]
    drifts: Vec<Drift>,
}

impl Remembered {
    /// Loads what `store` has.
    ///
    /// # Errors
    /// It cannot be read, was written by a newer version, or is damaged.
    pub async fn load(store: &mut dyn Store) -> Result<Self, StoreError> {
        let records = store.load().await?.migrated(store)?;
        Self::read(records).map_err(|message| StoreError::Damaged { place: store.place(), kind: store.kind(), message })
    }

    /// A document that was kept, read as what it should be; `None` if there is none.
    ///
    /// # Errors
    /// It is something else.
    pub fn document<T: DeserializeOwned>(&self, kind: &str, id: &str) -> Result<Option<T>, String> {
        let Some(value) = self.documents.get(&Key::new(kind, id)) else { return Ok(None) };
        let read = serde_json::from_value(value.clone());
        read.map(Some).map_err(|error| format!("`{kind}/{id}` cannot be read: {error}"))
    }

    /// All documents of a kind, by their ids.
    pub fn documents<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.documents
            .iter()
            .filter(move |(key, _)| key.collection == kind)
            .map(|(key, value)| (key.field.as_str(), value))
    }

    /// The scenes that were held, if it is remembered what the one on air was called.
    ///
    /// # Errors
    /// A scene cannot be read.
    pub fn scenes(&self) -> Result<Option<HeldScenes>, String> {
        let Some(active) = self.document(ON_AIR.0, ON_AIR.1)? else { return Ok(None) };
        let mut scenes = HeldScenes::new(active);
        for (id, _) in self.documents(HELD) {
            let name = SceneId::new(id).map_err(|error| format!("`{HELD}/{id}` cannot be read: {error}"))?;
            scenes.others.extend(self.scene(HELD, id)?.map(|scene| (name, Arc::new(scene))));
        }
        Ok(Some(scenes))
    }

    /// A scene that is kept whole, with its folder; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn scene(&self, kind: &str, id: &str) -> Result<Option<SceneDocument>, String> {
        let kept = self.document(kind, id)?;
        Ok(kept.map(|Header { scene, folder }| SceneDocument { folder, ..scene }))
    }

    /// Remembers a scene as a whole, with its folder, or forgets it.
    pub fn insert_scene(&mut self, kind: &str, id: &str, scene: Option<&SceneDocument>) {
        self.insert(kind, id, scene.map(record_of));
    }

    /// Remembers the scenes that are held, and what the one on air is called.
    pub fn hold(&mut self, scenes: &HeldScenes) {
        self.documents.retain(|key, _| key.collection != HELD);
        self.insert(ON_AIR.0, ON_AIR.1, Some(Value::String(scenes.active.as_str().to_owned())));
        for (id, scene) in &scenes.others {
            self.insert_scene(HELD, id.as_str(), Some(scene));
        }
    }

    /// Remembers a document, or forgets it.
    pub fn insert(&mut self, kind: &str, id: &str, value: Option<Value>) {
        let key = Key::new(kind, id);
        match value {
            Some(value) => drop(self.documents.insert(key, value)),
            None => drop(self.documents.remove(&key)),
        }
    }

    /// Remembers these documents of a kind, and no others of it.
    pub fn replace(&mut self, kind: &str, documents: BTreeMap<String, Value>) {
        self.documents.retain(|key, _| key.collection != kind);
        self.documents.extend(documents.into_iter().map(|(id, value)| (Key::new(kind, id), value)));
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.program.is_none() && self.documents.is_empty()
    }

    fn read(records: Records) -> Result<Self, String> {
        let mut layers = BTreeMap::new();
        let mut program = BTreeMap::new();
        let mut documents = BTreeMap::new();
        let mut waiting: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for (key, value) in records {
            if let Some(id) = held::id_of(&key.collection) {
                waiting.entry(id.to_owned()).or_default().insert(key.field.clone(), parse(&key, &value)?);
            } else if key.collection != PROGRAM {
                documents.insert(key.clone(), parse(&key, &value)?);
            } else if let Some(id) = key.field.strip_prefix(LAYER) {
                layers.insert(id.to_owned(), parse::<Layer>(&key, &value)?);
            } else {
                program.insert(key.field.clone(), value);
            }
        }
        for (id, records) in waiting {
            let scene = held::together(records).map_err(|fault| format!("of the scene `{id}` that waits, {fault}"))?;
            documents.insert(Key::new(HELD, id), scene);
        }
        if program.is_empty() && layers.is_empty() {
            return Ok(Self { program: None, documents });
        }
        let record = |name: &str| program.get(name).ok_or_else(|| format!("`{PROGRAM}/{name}` is missing"));
        let key = |name: &str| Key::new(PROGRAM, name);
        let Header { mut scene, folder } = parse(&key(HEADER), record(HEADER)?)?;
        let Moving { seconds, origin, timelines, stopped, sound } = parse(&key(MOTION), record(MOTION)?)?;
        let mut order: BTreeMap<String, Vec<String>> = parse(&key(ORDER), record(ORDER)?)?;
        let (starts, drifts) = (BTreeMap::new(), BTreeMap::new());
        let mut motion = Motion { seconds, origin, timelines, stopped, sound, starts, drifts };
        scene.folder = folder;
        scene.layers = grow("", &mut order, &mut layers, &mut motion)?;
        match layers.keys().next() {
            Some(id) => Err(format!("the layer `{id}` stands nowhere")),
            None => Ok(Self { program: Some((scene, motion)), documents }),
        }
    }
}

/// The layers of a group, or of the canvas, with all below them. Each is taken out, so that none comes twice.
fn grow(
    parent: &str,
    order: &mut BTreeMap<String, Vec<String>>,
    layers: &mut BTreeMap<String, Layer>,
    motion: &mut Motion,
) -> Result<Vec<LayerDocument>, String> {
    let children = order.remove(parent).unwrap_or_default();
    let mut grown = Vec::with_capacity(children.len());
    for id in children {
        let Layer { mut layer, starts, mut drifts } =
            layers.remove(&id).ok_or_else(|| format!("the layer `{id}` is missing"))?;
        if !starts.is_empty() {
            motion.starts.insert(layer.id.clone(), starts);
        }
        drifts.retain(|drift| drift.is_left(motion.seconds));
        if !drifts.is_empty() {
            motion.drifts.insert(layer.id.clone(), drifts);
        }
        layer.children = grow(&id, order, layers, motion)?;
        grown.push(layer);
    }
    Ok(grown)
}

fn parse<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("`{}/{}` cannot be read: {error}", key.collection, key.field))
}
