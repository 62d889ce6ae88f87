//! Takes over files that are written anew while the service runs.

use std::{path::Path, sync::Arc};

use components::{
    Edit, SceneDocument, SceneId, SceneSnapshot,
    document::{Difference, Fingerprint, Limits, Rebased},
    edit::{BatchRejected, DocumentName, EditRejected},
    held::HeldScenes,
};
use tokio::sync::oneshot;

use super::{
    check::{parse_scene, tell_notices, unreadable},
    remember::BUILT_ON,
    scene_file::SceneFile,
};
use crate::{
    config::{LiveSettings, Reload},
    engine::{Document, EngineHandle, Kept, StreamEvent},
    files::WatchedFile,
};

/// Takes over new texts of the TOML file, for as long as it is polled. Faulty ones are told, and change nothing.
pub(super) async fn follow_settings(path: &Path, text: String, config: Arc<LiveSettings>, engine: EngineHandle) {
    let mut file = WatchedFile::new(path, Some(text));
    loop {
        let place = path.display();
        let why = match file.changed().await {
            Ok(text) => match config.reload(text).await {
                Ok(Reload { change, at_start_only }) => {
                    engine.settings_changed(change.tick, change.values);
                    let later = (!at_start_only.is_empty()).then(|| {
                        let keys = at_start_only.join("`, `");
                        format!("`{keys}` changed in `{place}`; start the service anew for it")
                    });
                    engine.publish_file(place.to_string(), later.clone());
                    if let Some(later) = later {
                        tracing::warn!("{later}");
                    }
                    continue;
                }
                Err(refused) => format!("the settings stay as they are, `{place}` is not right: {refused}"),
            },
            Err(error) => format!("the settings stay as they are: `{place}` cannot be read: {error}"),
        };
        if file.stays().await {
            report(&engine, why.clone());
            engine.publish_file(path.display().to_string(), Some(why));
        }
    }
}

/// The scene that began with a file, and takes over what changes in it. What stays the same in the file stays as it is in
/// the scene, edited or not ([`SceneDocument::rebased`]); edits that do not go with the file any more give way, and are
/// told. Faulty files are told, and change nothing.
pub(super) struct FollowedScene {
    file: SceneFile,
    id: SceneId,
    /// What the file said when it was taken over last; `None` if that is not known.
    built_on: Option<Arc<SceneDocument>>,
    /// Whether what the file says was refused, and may go well when it is saved again.
    is_refused: bool,
    engine: EngineHandle,
}

impl FollowedScene {
    /// A scene of `engine` with the file as it was at start, and as it was when it was taken over last.
    pub(super) fn new(file: SceneFile, built_on: Option<SceneDocument>, engine: EngineHandle) -> Self {
        let id = SceneId::of_file(&file.place());
        Self { file, id, built_on: built_on.map(Arc::new), is_refused: false, engine }
    }

    /// Takes over what has changed in the file since it was taken over last, while nobody followed it.
    pub(super) async fn catch_up(&mut self, limits: &Limits) {
        let scene = self.file.scene.clone().map(Arc::new);
        if matches!((&scene, &self.built_on), (Ok(scene), Some(built_on)) if scene == built_on) {
            return;
        }
        if scene.is_ok() {
            let (id, path) = (&self.id, self.file.path.display());
            tracing::info!("`{path}` has changed since the scene `{id}` was on air last; its changes are carried over");
        }
        self.take(scene, limits).await;
    }

    /// Takes over each new version of the file, for as long as it is polled.
    pub(super) async fn follow(mut self, config: Arc<LiveSettings>) {
        let path = self.file.path.clone();
        let mut file = WatchedFile::new(&path, self.file.text.take());
        loop {
            if self.is_refused {
                file.forget();
            }
            let text = file.changed().await;
            let limits = Limits { max_layers: config.settings().await.max_layers };
            let scene = match text {
                Ok(text) => parse_scene(&path, &text, &limits).map(Arc::new),
                Err(error) => Err(vec![format!("{}: {}", path.display(), unreadable(&error))]),
            };
            if scene.is_ok() || file.stays().await {
                self.take(scene, &limits).await;
            }
        }
    }

    /// Takes over what the file says, or tells why not. What is refused is as if it had not been saved.
    async fn take(&mut self, scene: Result<Arc<SceneDocument>, Vec<String>>, limits: &Limits) {
        let Self { file, id, built_on, engine, .. } = self;
        let path = file.path.display();
        let carried = match scene {
            Ok(scene) => {
                tell_notices(&file.path, &scene);
                match carry_over(engine, id, limits, built_on.clone(), Arc::clone(&scene)).await {
                    Ok(carried) => {
                        *built_on = Some(scene);
                        Ok(carried)
                    }
                    Err(why) => Err(vec![format!("{path}: {why}")]),
                }
            }
            Err(faults) => Err(faults),
        };
        self.is_refused = carried.is_err();
        match carried {
            Ok(Carried { tick, gave_way }) => {
                tracing::info!(tick, "the scene `{id}` has what `{path}` says now");
                if !gave_way.is_empty() {
                    report(engine, told(id, &file.path, &gave_way));
                }
                engine.publish_file(path.to_string(), None);
            }
            Err(faults) => {
                let why = format!("the scene `{id}` stays as it is: {}", faults.join("\n"));
                report(engine, why.clone());
                engine.publish_file(path.to_string(), Some(why));
            }
        }
    }
}

/// A file that was carried over into its scene.
struct Carried {
    tick: u64,
    /// Edits that are no more.
    gave_way: Vec<Difference>,
}

/// What people are told of edits that are no more.
fn told(id: &SceneId, path: &Path, gave_way: &[Difference]) -> String {
    /// Names that are told.
    const NAMED: usize = 20;
    let mut names: Vec<String> = gave_way.iter().take(NAMED).map(ToString::to_string).collect();
    if gave_way.len() > NAMED {
        names.push(format!("{} more", gave_way.len() - NAMED));
    }
    format!(
        "what was edited in the scene `{id}` gives way where it does not go with `{}` any more: {}; all else that was \
         edited stays",
        path.display(),
        names.join(", ")
    )
}

/// Edits that may come in between reading the scene and changing it. When there are more, it is changed between two ticks,
/// where there are none.
const TRIES: usize = 8;

/// Puts into the scene `id` what has changed in its file.
///
/// # Errors
/// Why nothing has changed, in words for people.
async fn carry_over(
    engine: &EngineHandle,
    id: &SceneId,
    limits: &Limits,
    before: Option<Arc<SceneDocument>>,
    after: Arc<SceneDocument>,
) -> Result<Carried, String> {
    let Limits { max_layers } = *limits;
    let change = FileChange { id: id.clone(), max_layers, before, after };
    for _ in 0..TRIES {
        let (snapshot, scenes) = engine.scenes().await.map_err(|error| error.to_string())?;
        let change = change.clone();
        // It takes its time where many edits do not go with the file.
        let decided = tokio::task::spawn_blocking(move || change.edits(&snapshot, &scenes));
        let (edits, documents, gave_way) = decided.await.map_err(|error| error.to_string())??;
        match engine.edit_with(edits, None, documents).await {
            Ok(applied) => return Ok(Carried { tick: applied.tick, gave_way }),
            Err(BatchRejected { reason: EditRejected::OtherVersion { .. }, .. }) => {}
            Err(refused) => return Err(told_refused(&refused)),
        }
    }
    // Somebody edits on every tick: then it is worth the frames that it may cost.
    let (tell, told) = oneshot::channel();
    let made = engine.edit_by(move |snapshot, scenes| {
        let (decided, made) = match change.edits(snapshot, scenes) {
            Ok((edits, documents, gave_way)) => (Ok(gave_way), (edits, documents)),
            Err(why) => (Err(why), Default::default()),
        };
        // Who asked may have gone.
        let _ = tell.send(decided);
        made
    });
    let applied = made.await.map_err(|refused| told_refused(&refused))?;
    let gave_way = told.await.map_err(|error| error.to_string())??;
    Ok(Carried { tick: applied.tick, gave_way })
}

/// What has changed in the file of a scene.
#[derive(Clone)]
struct FileChange {
    id: SceneId,
    max_layers: usize,
    before: Option<Arc<SceneDocument>>,
    after: Arc<SceneDocument>,
}

/// What puts it into a scene, what is kept with that, and which edits are no more then.
type Decided = (Vec<Edit>, Vec<Document>, Vec<Difference>);

impl FileChange {
    /// What puts it into the scene as it is.
    ///
    /// # Errors
    /// Why nothing does, in words for people.
    fn edits(&self, snapshot: &SceneSnapshot, scenes: &HeldScenes) -> Result<Decided, String> {
        let Self { id, max_layers, before, after } = self;
        let present =
            if scenes.active == *id { Some(&snapshot.scene) } else { scenes.others.get(id).map(AsRef::as_ref) };
        let expected = present.map(|present| Edit::Expect {
            document: DocumentName::Scene { id: id.clone() },
            etags: Some(vec![Fingerprint::of(present)]),
        });
        let Rebased { scene, gave_way } = match present.zip(before.as_ref()) {
            Some((present, before)) => present.rebased(before, after),
            None => Rebased { scene: SceneDocument::clone(after), gave_way: Vec::new() },
        };
        let count = scene.walk().count();
        if count > *max_layers {
            return Err(format!(
                "with the layers that were added since it would have {count}, but MAX_LAYERS allows {max_layers}; remove \
                 some, or raise MAX_LAYERS (up to 1000), and save the file again"
            ));
        }
        let put = Edit::PutScene { id: id.clone(), scene: Box::new(scene) };
        let edits = expected.into_iter().chain([put]).collect();
        // Kept together: what the scene is built on never differs from what the scene has.
        let (kind, name) = BUILT_ON;
        let file = Document { kind, id: name.to_owned(), value: Some(Kept::Scene(Arc::clone(after))) };
        Ok((edits, vec![file], gave_way))
    }
}

fn told_refused(refused: &BatchRejected) -> String {
    let faults: Vec<String> = refused.faults().iter().map(ToString::to_string).collect();
    if faults.is_empty() { refused.to_string() } else { faults.join("\n") }
}

fn report(engine: &EngineHandle, message: String) {
    tracing::error!("{message}");
    engine.announce(StreamEvent::Error { message });
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use components::LayerId;
    use serde_json::json;

    use super::*;
    use crate::engine::{Beginning, EngineSettings, QualityGoal, StreamFormat, Transport, spawn};

    fn scene(color: &str) -> SceneDocument {
        let color = json!({ "id": "box", "content": { "type": "color", "color": color } });
        let clock = json!({ "id": "clock", "content": { "type": "group" } });
        serde_json::from_value(json!({ "layers": [color, clock] })).unwrap()
    }

    /// A program that edits on each frame, as a clock does, keeps no file from being taken over.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_file_is_taken_over_however_many_edits_come_in() {
        let settings = EngineSettings {
            format: StreamFormat { width: 64, height: 36, fps: 60 },
            max_layers: 10,
            pool_size: 4,
            raster_memory: 16 << 20,
            asset_budget: 16 << 20,
            quality: QualityGoal::Auto,
            faults: None,
        };
        let path = PathBuf::from("main.json");
        let first = scene("#ff0000");
        let beginning = Beginning { transport: Transport::Live, ..first.clone().into() };
        let (engine, thread) = spawn(settings, beginning, |_, _| {}).unwrap();
        // An edit on each tick for a good while, before all that comes for no tick of its own.
        let now = engine.stats().tick;
        let edit = |at: u64| {
            let engine = engine.clone();
            let patch = json!({ "name": format!("{at}") });
            let edit = Edit::PatchLayer { id: LayerId::new("clock").unwrap(), patch };
            tokio::spawn(async move { engine.edit(vec![edit], Some(at)).await })
        };
        let edits: Vec<_> = (now + 1..now + 2000).map(edit).collect();
        while engine.snapshot().await.unwrap().scene.layers[1].name.0.is_empty() {
            tokio::task::yield_now().await;
        }
        let file = SceneFile { path, text: None, scene: Ok(first.clone()) };
        let mut followed = FollowedScene::new(file, Some(first), engine.clone());
        let limits = Limits { max_layers: 10 };
        for color in ["#00ff00", "#0000ff", "#ffffff"] {
            followed.take(Ok(Arc::new(scene(color))), &limits).await;
            assert!(!followed.is_refused && engine.file_faults().is_empty(), "{:?}", engine.file_faults());
            let shown = engine.snapshot().await.unwrap().scene.clone();
            assert_eq!(shown.layers[0], scene(color).layers[0]);
            assert!(!shown.layers[1].name.0.is_empty(), "what was edited stays");
        }
        // More layers than there may be are refused just the same.
        let many: Vec<_> = (0..11).map(|n| json!({ "id": format!("n{n}"), "content": { "type": "group" } })).collect();
        let many: SceneDocument = serde_json::from_value(json!({ "layers": many })).unwrap();
        followed.take(Ok(Arc::new(many)), &limits).await;
        assert!(followed.is_refused && engine.file_faults()[0].fault.contains("MAX_LAYERS"));
        assert!(edits.iter().any(|edit| !edit.is_finished()), "there were edits to the end");
        engine.shutdown();
        thread.join();
    }
}
