//! Takes over files that are written anew while the service runs.

use std::{path::Path, sync::Arc};

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

fn report(engine: &EngineHandle, message: String) {
    tracing::error!("{message}");
    engine.announce(StreamEvent::Error { message });
}
