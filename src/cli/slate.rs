//! The picture that stands in where nothing can be drawn: of a scene that cannot be played, or while the engine stands
//! still.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use components::{AssetDocument, AssetKind, Edit, LayerDocument, SceneDocument, document::Limits};
use serde_json::json;
use systems::{Compositor, CompositorSettings, Frame, assets};
use tokio::sync::broadcast::error::RecvError;

use super::stream;
use crate::{
    config::Settings,
    engine::{EngineHandle, Unanswered},
    output,
};

/// How long its file may take to be read and decoded.
const LOADING: Duration = Duration::from_secs(10);
/// From one look whether it is on air to the next.
const PAUSE: Duration = Duration::from_millis(500);
/// Its asset and its layer.
const NAME: &str = "slate";

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Slate {
    path: PathBuf,
    scene: SceneDocument,
    /// The size of the stream at start, in which it is there at once.
    drawn: Arc<Frame>,
}

impl Slate {
    /// The one of the settings, if they name one.
    ///
    /// # Errors
    /// Its file cannot be shown.
    pub(super) fn open(settings: &Settings) -> Result<Option<Self>, String> {
        let Some(path) = &settings.slate else { return Ok(None) };
        let in_words = |error: String| format!("SLATE: `{}`: {error}", path.display());
        let format = stream::format(settings);
        let scene = scene(path, (format.width, format.height), settings.assets_memory << 20).map_err(in_words)?;
        let drawn = draw(scene.clone(), format.width, format.height).map_err(in_words)?;
        Ok(Some(Self { path: path.clone(), scene, drawn }))
    }

    /// It as a scene.
    pub(super) fn scene(&self) -> SceneDocument {
        self.scene.clone()
    }

    /// It in any size. Each is drawn when it is first asked for; only the last is kept.
    pub(super) fn frames(&self) -> output::Slate {
        let (path, scene) = (self.path.clone(), self.scene.clone());
        let last = Mutex::new(Arc::clone(&self.drawn));
        Arc::new(move |width, height| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if (last.width(), last.height()) != (width, height) {
                let drawn = draw(scene.clone(), width, height);
                let drawn = drawn.inspect_err(|error| tracing::warn!("the slate `{}`: {error}", path.display()));
                *last = drawn.ok()?;
            }
            Some(Arc::clone(&last))
        })
    }
}

/// Tells, for as long as it is polled, whether this slate is on air in place of the scene of a file, as it is when the service
/// begins.
pub(super) async fn tell_while_shown(slate: SceneDocument, file: String, engine: EngineHandle) {
    let is_in = |scene: &SceneDocument| {
        let has = |layer: &LayerDocument| {
            scene.layers.iter().any(|present| present.id == layer.id && present.content == layer.content)
        };
        slate.assets.iter().all(|asset| scene.assets.contains(asset)) && slate.layers.iter().all(has)
    };
    let why =
        format!("the slate is shown, since the scene file `{file}` is faulty; mend it, or bring another scene on air");
    loop {
        let mut diffs = engine.diffs();
        match engine.snapshot().await {
            Ok(snapshot) => engine.publish_stand_in(is_in(&snapshot.scene).then(|| why.clone())),
            Err(Unanswered::Closed(_)) => return,
            Err(Unanswered::Busy) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        }
        if matches!(diffs.recv().await, Err(RecvError::Closed)) {
            return;
        }
        // However many come, it is looked at now and then only.
        tokio::time::sleep(PAUSE).await;
    }
}

/// A canvas of this size with the whole picture as large as possible on it.
fn scene(path: &Path, (width, height): (usize, usize), memory: u64) -> Result<SceneDocument, String> {
    let name = path.file_name().ok_or("this is no file; name a picture")?;
    let is_vector = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
    let kind = if is_vector { AssetKind::Svg } else { AssetKind::Image };
    let text = json!({
        "canvas": { "width": width, "height": height, "background": "#000000" },
        "assets": [{ "id": NAME, "type": kind.name(), "path": name.to_string_lossy() }],
        "layers": [{
            "id": NAME,
            "content": {
                "type": kind.name(), "asset": NAME, "fit": "contain", "size": { "width": width, "height": height },
            },
        }],
    });
    let scene = SceneDocument::parse(&text.to_string(), &Limits { max_layers: 1 });
    let mut scene = scene.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    scene.folder =
        std::path::absolute(folder).map_err(|error| format!("the working directory cannot be told: {error}"))?;
    let asset = AssetDocument { path: name.into(), ..scene.assets[0].clone() };
    assets::check(&asset, &scene.folder, memory).map_err(|error| error.to_string())?;
    scene.assets[0] = asset;
    Ok(scene)
}

/// Draws it. The worker threads are left alone: it may be needed because they stand still.
fn draw(scene: SceneDocument, width: usize, height: usize) -> Result<Arc<Frame>, String> {
    let settings = CompositorSettings { width, height, max_layers: 1, pool_size: 1, threads: Some(1) };
    let mut compositor = Compositor::new(settings);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    for (_, outcome) in compositor.tick(0, 0.0).outcomes {
        outcome.map_err(|error| error.to_string())?;
    }
    if !compositor.finish_loading(Instant::now() + LOADING) {
        return Err(format!("it is not decoded after {LOADING:?}; take a smaller picture"));
    }
    if let Some(error) = compositor.assets().into_iter().find_map(|asset| asset.error) {
        return Err(error);
    }
    compositor.redraw();
    compositor.tick(0, 0.0).frame.ok_or_else(|| "it was not drawn".to_owned())
}
