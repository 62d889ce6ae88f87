//! What `serve` begins with: what the last run left in the store, or the scene file.

use std::{sync::Arc, time::Duration};

use components::{LayerId, SceneDocument, SceneId, held::HeldScenes};
use serde_json::Value;

use super::{check::tell_faults, scene_file::SceneFile};
use crate::{
    config::{self, ConfigFaults, Loaded, Setting, Settings, Sources},
    engine::{ACTIVE_LAYER, Beginning, Transport},
    state::{Embedded, Redis, RedisSettings, Remembered, Store, StoreError},
};

/// How long a Redis server may take to answer at start.
const STARTING: Duration = Duration::from_secs(10);
/// Pause between two attempts.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Under which name the path of the scene file is kept with which the scene began …
const ORIGIN: (&str, &str) = ("origin", "scene");
/// … and under which all that the file said when it was taken over last.
pub(super) const BUILT_ON: (&str, &str) = ("origin", "file");

/// A store, and what it remembers.
pub(super) struct Memory {
    pub(super) store: Box<dyn Store>,
    pub(super) remembered: Remembered,
}

/// The store of these settings.
///
/// # Errors
/// It cannot be used.
pub(super) fn store(settings: &Settings) -> Result<Box<dyn Store>, StoreError> {
    match &settings.redis_url {
        Some(url) => {
            let redis = Redis::new(RedisSettings {
                url: url.expose().to_owned(),
                password: settings.redis_password.as_ref().map(|password| password.expose().to_owned()),
                prefix: settings.redis_prefix.clone(),
            })?;
            Ok(Box::new(redis))
        }
        None => Ok(Box::new(Embedded::open(&settings.data_dir)?)),
    }
}

impl Memory {
    /// Opens the store and reads it. A `fresh` start forgets what is in it.
    ///
    /// # Errors
    /// It cannot be used; what is in it stays as it is.
    pub(super) async fn open(settings: &Settings, fresh: bool) -> Result<Self, String> {
        let mut store = store(settings).map_err(|error| error.to_string())?;
        let loaded = load(store.as_mut(), fresh).await;
        let remembered = match loaded {
            Ok(_) if fresh => Remembered::default(),
            Ok(remembered) => remembered,
            Err(error) if fresh && (error.may_pass() || matches!(error, StoreError::Damaged { .. })) => {
                tracing::warn!("{error}; it is started afresh");
                Remembered::default()
            }
            Err(error @ StoreError::Away { .. }) => {
                return Err(format!(
                    "{error}; start it, or start with --fresh, which plays the scene file and forgets what the server has"
                ));
            }
            Err(error) => return Err(error.to_string()),
        };
        Ok(Self { store, remembered })
    }

    /// The settings as they were changed while the last run went on. Changes that this start does not allow are left
    /// out, and told.
    pub(super) fn settings(&self, sources: &mut Sources, settings: Settings) -> Settings {
        let changes = match self.remembered.document("config", "changes") {
            Ok(Some(changes)) => changes,
            Ok(None) => return settings,
            Err(error) => {
                tracing::warn!("what was changed in the last run is left out: {error}");
                return settings;
            }
        };
        let mut changed = sources.clone();
        for warning in changed.remember(changes) {
            tracing::warn!("{warning}");
        }
        match load_changed(&mut changed, &settings) {
            Ok(loaded) => {
                *sources = changed;
                loaded.settings
            }
            Err(faults) => {
                tracing::warn!("what was changed in the last run does not go with the other settings: {faults}");
                settings
            }
        }
    }

    /// What the engine begins with: the scene of the last run where it stood, unless there is none or another scene
    /// file is given than the one with which it began. The scenes that waited wait again; so does the one that was on
    /// air, if another takes its place, under another name if both have the same. With it comes the version of the file
    /// that the scene is built on, if that is known.
    /// A faulty scene file has `slate` in its place, if there is one, until it is mended.
    ///
    /// # Errors
    /// The scene file is needed and faulty, and there is no slate; or a scene that waited cannot be read.
    pub(super) fn beginning(
        &mut self,
        given: Option<&SceneFile>,
        slate: Option<SceneDocument>,
    ) -> Result<(Beginning, Option<SceneDocument>), String> {
        let file = given.map(SceneFile::place);
        let in_store = |error: String| {
            format!("{error}, in `{}`; mend it, or start with --fresh, which forgets all of it", self.store.place())
        };
        let known: Option<String> = self.remembered.document(ORIGIN.0, ORIGIN.1).map_err(in_store)?;
        let path = file.as_ref().map(|file| file.to_string_lossy().into_owned());
        let transport = self.remembered.document("transport", "state").map_err(in_store)?.unwrap_or(Transport::Live);
        let place = self.store.place();
        let name = file.as_deref().map_or_else(SceneId::main, SceneId::of_file);
        let mut scenes = self.remembered.scenes().map_err(in_store)?.unwrap_or_else(|| HeldScenes::new(name.clone()));
        let is_same = path.is_none() || path == known;
        let (stored, before) = match self.remembered.program.take() {
            stored if is_same => (stored, None),
            before => (None, before),
        };
        if let Some((scene, motion)) = stored {
            let (layers, seconds) = (scene.walk().count(), motion.seconds);
            tracing::info!(
                layers,
                "the scene goes on from where it stood at {seconds:.1} s, as kept in `{place}`; --fresh begins with the \
                 scene file instead"
            );
            let active_layer = active_layer(&mut self.remembered, &scene).map_err(in_store)?;
            let built_on = match self.remembered.scene(BUILT_ON.0, BUILT_ON.1).map_err(in_store)? {
                // Kept by a version that did not note it: changes count from now on.
                None => self.build_on(given),
                known => known,
            };
            let motion = Some(motion);
            return Ok((Beginning { scene, motion, scenes, transport, active_layer, variants: Vec::new() }, built_on));
        }
        let (scene, origin) = match (given, slate) {
            (None, _) => (SceneDocument::default(), None),
            (Some(SceneFile { scene: Ok(scene), .. }), _) => (scene.clone(), path.clone()),
            (Some(SceneFile { scene: Err(faults), .. }), Some(slate)) => {
                tracing::error!("the slate is shown until the scene file is mended: {}", tell_faults(faults));
                // It did not begin with the file.
                (slate, None)
            }
            (Some(SceneFile { scene: Err(faults), .. }), None) => return Err(tell_faults(faults)),
        };
        if let (Some(known), Some(path)) = (&known, &path)
            && known != path
        {
            tracing::info!("the scene kept in `{place}` began with `{known}`; `{path}` takes its place");
        }
        let is_edited = match self.remembered.scene(BUILT_ON.0, BUILT_ON.1).map_err(in_store)? {
            Some(built_on) => before.as_ref().is_none_or(|(before, _)| *before != built_on),
            None => true,
        };
        let mut displaced: Vec<_> = scenes.others.remove(&name).into_iter().collect();
        if let Some((before, _)) = before {
            if scenes.active != name {
                scenes.others.insert(scenes.active.clone(), Arc::new(before));
            } else if is_edited {
                displaced.push(Arc::new(before));
            }
        }
        scenes.active = name;
        for before in displaced {
            keep_aside(&mut scenes, before, &scene);
        }
        self.remembered.hold(&scenes);
        self.remembered.insert(ORIGIN.0, ORIGIN.1, origin.map(Value::String));
        self.remembered.insert(ACTIVE_LAYER.0, ACTIVE_LAYER.1, None);
        let built_on = self.build_on(given);
        let beginning = Beginning { scene, motion: None, scenes, transport, active_layer: None, variants: Vec::new() };
        Ok((beginning, built_on))
    }

    /// Remembers what the file says now as what the scene is built on.
    fn build_on(&mut self, file: Option<&SceneFile>) -> Option<SceneDocument> {
        let scene = file.and_then(|file| file.scene.as_ref().ok());
        self.remembered.insert_scene(BUILT_ON.0, BUILT_ON.1, scene);
        scene.cloned()
    }
}

/// Reads the settings with what was changed in the last run. Bitrates of renditions were changed for those that there were:
/// where others are `given` now, these are in force.
fn load_changed(changed: &mut Sources, given: &Settings) -> Result<Loaded, ConfigFaults> {
    let loaded = config::load(changed)?;
    let setting = Setting::by_field("stream_renditions").filter(|_| !loaded.settings.has_renditions_of(given));
    let Some(setting) = setting else { return Ok(loaded) };
    tracing::warn!("the bitrates of renditions that were changed in the last run are left out: others are set now");
    changed.forget(setting);
    config::load(changed)
}

/// The layer that people worked on, unless it is gone from the scene.
fn active_layer(remembered: &mut Remembered, scene: &SceneDocument) -> Result<Option<LayerId>, String> {
    let kept: Option<LayerId> = remembered.document(ACTIVE_LAYER.0, ACTIVE_LAYER.1)?;
    let active = kept.filter(|id| scene.walk().any(|layer| layer.id == *id));
    if active.is_none() {
        remembered.insert(ACTIVE_LAYER.0, ACTIVE_LAYER.1, None);
    }
    Ok(active)
}

/// Has a scene wait under a free name in the place of which there is one of the same name now.
fn keep_aside(scenes: &mut HeldScenes, before: Arc<SceneDocument>, now: &SceneDocument) {
    if *before == *now || scenes.others.values().any(|held| *held == before) {
        return;
    }
    let free = scenes.free_name(&scenes.active);
    tracing::warn!(
        "another scene is called `{}` now; the one before is kept as `{free}`, with all that was edited: bring it on air \
         by `POST /api/stream/scenes/{free}/activate`, or remove it by `DELETE /api/stream/scenes/{free}`",
        scenes.active
    );
    scenes.others.insert(free, before);
}

/// Reads the store, and waits a while for one that does not answer, unless nobody minds.
async fn load(store: &mut dyn Store, fresh: bool) -> Result<Remembered, StoreError> {
    let deadline = tokio::time::Instant::now() + STARTING;
    let mut is_told = false;
    loop {
        let claimed = store.claim().await;
        let loaded = match claimed {
            Ok(()) => Remembered::load(store).await,
            Err(error) => Err(error),
        };
        match loaded {
            Err(error) if error.may_pass() && !fresh && tokio::time::Instant::now() < deadline => {
                if !std::mem::replace(&mut is_told, true) {
                    tracing::warn!("{error}; it is tried for {STARTING:?}");
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;
    use systems::clock::Motion;

    use super::*;
    use crate::engine::HELD;

    fn scene(folder: &str, layers: &[&str]) -> SceneDocument {
        let layers: Vec<_> = layers.iter().map(|id| json!({ "id": id, "content": { "type": "group" } })).collect();
        let scene: SceneDocument = serde_json::from_value(json!({ "layers": layers })).unwrap();
        SceneDocument { folder: PathBuf::from(folder), ..scene }
    }

    /// What the next start with this file finds after a run that ended with `scene` on air.
    fn restart(memory: &mut Memory, scene: SceneDocument, file: &str, says: &SceneDocument) -> Beginning {
        memory.remembered.program = Some((scene, Motion::default()));
        let given = SceneFile { path: PathBuf::from(file), text: None, scene: Ok(says.clone()) };
        memory.beginning(Some(&given), None).unwrap().0
    }

    fn ids(scene: &SceneDocument) -> Vec<&str> {
        scene.layers.iter().map(|layer| &layer.id).map(LayerId::as_str).collect()
    }

    fn names(beginning: &Beginning) -> Vec<&str> {
        beginning.scenes.others.keys().map(SceneId::as_str).collect()
    }

    #[test]
    fn edits_of_a_scene_outlive_a_start_with_another_file_of_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Box::new(Embedded::open(folder.path()).unwrap());
        let mut memory = Memory { store, remembered: Remembered::default() };
        let (one, other) = (scene("/r1", &["one"]), scene("/r2", &["other"]));
        let began = restart(&mut memory, one.clone(), "/r1/show.json", &one);
        assert_eq!(began.scene, one);

        let edited = scene("/r1", &["one", "mine"]);
        let began = restart(&mut memory, edited.clone(), "/r2/show.json", &other);
        assert_eq!((&began.scene, began.scenes.active.as_str()), (&other, "show"));
        assert_eq!(ids(&began.scenes.others[&SceneId::new("show-2").unwrap()]), ["one", "mine"]);

        // Nothing was edited here: the file has it all.
        let began = restart(&mut memory, other.clone(), "/r1/show.json", &one);
        assert_eq!(began.scene, one);
        assert_eq!(began.scenes.others[&SceneId::new("show-2").unwrap()].as_ref(), &edited);
        assert!(!names(&began).contains(&"show-3"), "{:?}", names(&began));

        // A scene that waits under the name of the file is not lost either.
        let began = restart(&mut memory, edited.clone(), "/r1/next.json", &one);
        assert!(names(&began).contains(&"show"), "{:?}", names(&began));
        let again = scene("/r1", &["one", "again"]);
        memory.remembered.insert_scene(HELD, "show", Some(&again));
        let began = restart(&mut memory, one.clone(), "/r1/show.json", &one);
        assert!(began.scenes.others.values().any(|held| **held == again), "{:?}", names(&began));
        assert!(!names(&began).contains(&"show"));
    }
}
