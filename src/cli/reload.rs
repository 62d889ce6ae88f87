//! Takes over files that are written anew while the service runs.

use std::{path::Path, sync::Arc};

use components::{Edit, SceneId, document::Limits, edit::BatchRejected};

use super::check::{parse_scene, unreadable};
use crate::{
    config::{LiveSettings, Reload},
    engine::{EngineHandle, StreamEvent},
    files::WatchedFile,
};

/// Takes over new texts of the TOML file, for as long as it is polled. Faulty ones are told, and change nothing.
pub(super) async fn follow_settings(path: &Path, text: String, config: Arc<LiveSettings>, engine: EngineHandle) {
    let mut file = WatchedFile::new(path, Some(text));
    loop {
        let text = match file.changed().await {
            Ok(text) => text,
            Err(error) => {
                let message = format!("the settings stay as they are: `{}` cannot be read: {error}", path.display());
                report(&engine, message);
                continue;
            }
        };
        match config.reload(text).await {
            Ok(Reload { change, at_start_only }) => {
                engine.settings_changed(change.tick, change.values);
                if !at_start_only.is_empty() {
                    let keys = at_start_only.join("`, `");
                    tracing::warn!("`{keys}` changed in `{}`; start the service anew for it", path.display());
                }
            }
            Err(refused) => {
                report(&engine, format!("the settings stay as they are, `{}` is not right: {refused}", path.display()));
            }
        }
    }
}

/// Makes the scene `id` what its file says whenever that is saved, for as long as it is polled: what stays the same goes
/// on, and what was edited otherwise gives way. Faulty files are told, and change nothing.
pub(super) async fn follow_scene(path: &Path, text: Option<String>, config: Arc<LiveSettings>, engine: EngineHandle) {
    let id = SceneId::of_file(path);
    let mut file = WatchedFile::new(path, text);
    loop {
        let limits = Limits { max_layers: config.settings().await.max_layers };
        let scene = match file.changed().await {
            Ok(text) => parse_scene(path, &text, &limits),
            Err(error) => Err(vec![format!("{}: {}", path.display(), unreadable(&error))]),
        };
        let outcome = match scene {
            Ok(scene) => {
                let edit = Edit::PutScene { id: id.clone(), scene: Box::new(scene) };
                let refused = |refused: BatchRejected| vec![format!("{}: {refused}", path.display())];
                engine.edit(vec![edit], None).await.map_err(refused)
            }
            Err(faults) => Err(faults),
        };
        match outcome {
            Ok(applied) => {
                tracing::info!(tick = applied.tick, "the scene `{id}` is what `{}` says now", path.display());
            }
            Err(faults) => report(&engine, format!("the scene `{id}` stays as it is: {}", faults.join("\n"))),
        }
    }
}

fn report(engine: &EngineHandle, message: String) {
    tracing::error!("{message}");
    engine.announce(StreamEvent::Error { message });
}
