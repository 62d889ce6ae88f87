//! What `render` and `snapshot` share: a scene, drawn without a clock.

use std::time::{Duration, Instant};

use components::{Edit, SceneDocument, VariantId, edit::BatchRejected};
use systems::{Compositor, CompositorSettings, Quality, RenderQuality, TickReport, clock::SceneEvent};

use super::stream;
use crate::{config::Settings, engine::QualityGoal};

/// How long pictures and fonts of a scene may take to be read and decoded.
const LOADING: Duration = Duration::from_secs(60);

/// A compositor that has loaded `scene` and all of its assets, at the beginning of the scene, and shows `variant` of it.
///
/// # Errors
/// The scene cannot be played.
pub(super) fn load(
    scene: SceneDocument,
    settings: &Settings,
    variant: Option<&VariantId>,
) -> Result<Compositor, BatchRejected> {
    let mut compositor = Compositor::new(CompositorSettings {
        width: settings.stream_resolution.width as usize,
        height: settings.stream_resolution.height as usize,
        max_layers: settings.max_layers,
        pool_size: settings.pipeline_pool_size,
        threads: settings.workers_render,
    });
    // Nobody waits for these pictures: nothing is shed.
    let quality = match stream::quality(settings) {
        QualityGoal::Fixed(quality) => quality,
        QualityGoal::Auto => Quality::High,
    };
    if let Some(variant) = variant {
        compositor.set_variants(variant.clone(), []);
    }
    compositor.set_raster_memory(settings.pipeline_raster_memory << 20);
    compositor.set_quality(RenderQuality::all(quality));
    compositor.set_asset_budget(settings.assets_memory << 20);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let report = compositor.tick(0, 0.0);
    tell_of(&report);
    for (_, outcome) in report.outcomes {
        outcome?;
    }
    if !compositor.finish_loading(Instant::now() + LOADING) {
        tracing::warn!("some assets are not decoded after {LOADING:?} and are left out");
    }
    // Loading has drawn the first picture already; whoever ticks next wants it too.
    compositor.redraw();
    Ok(compositor)
}

/// Logs what the scene could not do by itself on a tick.
pub(super) fn tell_of(report: &TickReport) {
    for event in &report.events {
        if let SceneEvent::Failed { message } = event {
            tracing::warn!("{message}");
        }
    }
}

/// Runs a tick with all that it shows: waits for assets that had to make room for others, and for a free frame.
pub(super) fn tick(compositor: &mut Compositor, tick: u64, seconds: f64) -> TickReport {
    let mut report = compositor.tick(tick, seconds);
    let events = std::mem::take(&mut report.events);
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
    TickReport { frame, events, ..report }
}
