//! Takes over files that are written anew while the service runs.

use std::{path::Path, sync::Arc};

use components::{
    Edit, SceneDocument, SceneId,
    document::{Difference, Fingerprint, Limits, Rebased},
    edit::{BatchRejected, DocumentName, EditRejected},
};

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

/// Edits that may come in between reading the scene and changing it, before the file is refused.
const TRIES: usize = 16;

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
    for _ in 0..TRIES {
        let (snapshot, scenes) = engine.scenes().await.map_err(|error| error.to_string())?;
        let present = match () {
            () if scenes.active == *id => Some(Arc::new(snapshot.scene.clone())),
            () => scenes.others.get(id).map(Arc::clone),
        };
        let expected = present.as_ref().map(|present| Edit::Expect {
            document: DocumentName::Scene { id: id.clone() },
            etags: Some(vec![Fingerprint::of(&**present)]),
        });
        let Rebased { scene, gave_way } = match present.zip(before.clone()) {
            Some((present, before)) => {
                let after = Arc::clone(&after);
                // It takes its time where many edits do not go with the file.
                let rebased = tokio::task::spawn_blocking(move || present.rebased(&before, &after));
                rebased.await.map_err(|error| error.to_string())?
            }
            None => Rebased { scene: SceneDocument::clone(&after), gave_way: Vec::new() },
        };
        let count = scene.walk().count();
        if count > limits.max_layers {
            return Err(format!(
                "with the layers that were added since it would have {count}, but MAX_LAYERS allows {}; remove some, or \
                 raise MAX_LAYERS (up to 1000), and save the file again",
                limits.max_layers
            ));
        }
        let put = Edit::PutScene { id: id.clone(), scene: Box::new(scene) };
        let edits = expected.into_iter().chain([put]).collect();
        // Kept together: what the scene is built on never differs from what the scene has.
        let (kind, name) = BUILT_ON;
        let file = Document { kind, id: name.to_owned(), value: Some(Kept::Scene(Arc::clone(&after))) };
        match engine.edit_with(edits, None, vec![file]).await {
            Ok(applied) => return Ok(Carried { tick: applied.tick, gave_way }),
            Err(BatchRejected { reason: EditRejected::OtherVersion { .. }, .. }) => {}
            Err(refused) => {
                let faults: Vec<String> = refused.faults().iter().map(ToString::to_string).collect();
                return Err(if faults.is_empty() { refused.to_string() } else { faults.join("\n") });
            }
        }
    }
    Err("others are changing the scene; save the file again".to_owned())
}

fn report(engine: &EngineHandle, message: String) {
    tracing::error!("{message}");
    engine.announce(StreamEvent::Error { message });
}
