//! What `render` and `snapshot` share: a scene, drawn without a clock.

use std::time::{Duration, Instant};

use components::{Edit, SceneDocument, edit::EditRejected};
use systems::{Compositor, CompositorSettings, TickReport};

use crate::config::Settings;

/// How long pictures and fonts of a scene may take to be read and decoded.
const LOADING: Duration = Duration::from_secs(60);

/// A compositor that has loaded `scene` and all of its assets, at the beginning of the scene.
///
/// # Errors
/// The scene cannot be played.
pub(super) fn load(scene: SceneDocument, settings: &Settings) -> Result<Compositor, EditRejected> {
    let mut compositor = Compositor::new(CompositorSettings {
        width: settings.stream_resolution.width as usize,
        height: settings.stream_resolution.height as usize,
        max_layers: settings.max_layers,
        pool_size: settings.pipeline_pool_size,
        threads: settings.workers_render,
    });
    compositor.set_asset_budget(settings.assets_memory << 20);
    compositor.submit(0, vec![Edit::LoadScene(Box::new(scene))]);
    for (_, outcome) in compositor.tick(0, 0.0).outcomes {
        outcome?;
    }
    if !compositor.finish_loading(Instant::now() + LOADING) {
        tracing::warn!("some assets are not decoded after {LOADING:?} and are left out");
    }
    // Loading has drawn the first picture already; whoever ticks next wants it too.
    compositor.redraw();
    Ok(compositor)
}

/// Runs a tick with all that it shows: waits for assets that had to make room for others, and for a free frame.
pub(super) fn tick(compositor: &mut Compositor, tick: u64, seconds: f64) -> TickReport {
    let mut report = compositor.tick(tick, seconds);
    let deadline = Instant::now() + LOADING;
    let mut frame = report.frame.take();
    while compositor.awaits_assets() && Instant::now() < deadline {
        compositor.finish_loading(deadline);
        report = compositor.tick(tick, seconds);
        frame = report.frame.take().or(frame);
    }
    while report.starved {
        // The encoder still holds every frame of the pool; it lets one go when it is done with it.
        std::thread::sleep(Duration::from_millis(1));
        report = compositor.tick(tick, seconds);
        frame = report.frame.take().or(frame);
    }
    TickReport { frame, ..report }
}
