//! How an engine begins: the first frame is drawn before the tick thread starts.

use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use components::{
    Edit, LayerId, SceneDocument, VariantId,
    edit::{BatchRejected, EditRejected},
    held::HeldScenes,
};
use systems::{Compositor, CompositorSettings, TickReport, clock::Motion, rasterise::Patience};
use tokio::sync::oneshot;

use super::{
    EngineHandle, Soundtrack, StreamFormat, Transport,
    governor::{Governor, QualityGoal},
    shown::Shown,
    tick::{Ticking, seconds_of, ticks_of},
};

/// How long the first frame waits for pictures and fonts of the scene. What is not there by then appears when it is.
const LOADING: Duration = Duration::from_secs(5);

/// What an engine is made for.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// Size and rate of the frames.
    pub format: StreamFormat,
    /// Layers that a scene may have.
    pub max_layers: usize,
    /// Frames that may be on their way to encoders at once.
    pub pool_size: usize,
    /// Bytes that cached pictures of layers may take.
    pub raster_memory: u64,
    /// How carefully scenes are drawn.
    pub quality: QualityGoal,
    /// Layers whose drawing is made to panic, to test what comes of it.
    pub faults: Option<fn(&str) -> bool>,
    /// Bytes that decoded assets may take together.
    pub asset_budget: u64,
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    thread: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

impl Engine {
    /// Waits until the tick thread ends, be it by a panic.
    pub async fn ended(&mut self) {
        // Nothing is ever sent: the closed channel is the answer.
        let _ = (&mut self.ended).await;
    }

    /// Waits until the tick thread has ended.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the tick thread ended by a panic");
        }
    }
}

/// Why an engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The scene cannot be played.
    #[error("the scene cannot be played: {}", told(.0))]
    Scene(#[from] BatchRejected),
    /// The system gave no thread.
    #[error("no thread could be started for the engine: {0}")]
    Thread(#[from] std::io::Error),
}

/// All that is wrong, a line each.
fn told(rejected: &BatchRejected) -> String {
    let faults = match &rejected.reason {
        EditRejected::Invalid { faults } => faults.as_slice(),
        _ => &[],
    };
    let lines = faults.iter().map(|fault| format!("\n  {fault}"));
    rejected.to_string() + &lines.collect::<String>()
}

/// What an engine begins with.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The scene.
    pub scene: SceneDocument,
    /// Where everything in it stood when it was played before; `None` starts it anew.
    pub motion: Option<Motion>,
    /// What it is called, and the scenes that wait.
    pub scenes: HeldScenes,
    /// What the stream is doing from the first frame on.
    pub transport: Transport,
    /// The layer that people are working on; it is in the scene.
    pub active_layer: Option<LayerId>,
    /// The variants of which pictures are drawn besides the stream's own.
    pub variants: Vec<VariantId>,
}

impl From<SceneDocument> for Beginning {
    /// A scene that starts anew, off air.
    fn from(scene: SceneDocument) -> Self {
        Self {
            scene,
            motion: None,
            scenes: HeldScenes::default(),
            transport: Transport::Stopped,
            active_layer: None,
            variants: Vec::new(),
        }
    }
}

/// Starts the tick thread with a scene. `observe` is called after every tick, on the tick thread, with what the tick
/// did and how long it took; it must be quick.
///
/// # Errors
/// The scene is not valid, or the system gives no thread.
pub fn spawn(
    settings: EngineSettings,
    beginning: impl Into<Beginning>,
    observe: impl FnMut(&TickReport, Duration) + Send + 'static,
) -> Result<(EngineHandle, Engine), StartError> {
    let EngineSettings { format, max_layers, pool_size, raster_memory, asset_budget, quality, faults } = settings;
    let Beginning { scene, motion, scenes, transport, active_layer, variants } = beginning.into();
    let governor = Governor::new(quality);
    let (handle, requests, shared) = EngineHandle::new(format, transport, variants.clone());
    shared.active_layer.send_replace(active_layer);
    let (width, height) = (format.width, format.height);
    // A scene that was taken once is played, whatever the limit has become since.
    let count = if motion.is_some() { scene.walk().count() } else { 0 };
    let mut compositor = Compositor::new(CompositorSettings {
        width,
        height,
        max_layers: max_layers.max(count),
        pool_size,
        threads: None,
    });
    compositor.set_quality(governor.step().quality);
    if let Some(is_chosen) = faults {
        compositor.inject_faults(is_chosen);
    }
    compositor.set_raster_memory(raster_memory);
    if !variants.is_empty() {
        compositor.set_variants(VariantId::main(), variants);
    }
    compositor.hold(scenes);
    compositor.set_pace(format.presentation_time(1));
    compositor.set_sound_lead(format.presentation_time(1).as_secs_f64());
    let sound = Arc::new(Soundtrack::from(&scene));
    compositor.set_asset_budget(asset_budget);
    compositor.watch_assets();
    let scene_ticks = match motion {
        Some(motion) => {
            let ticks = ticks_of(motion.seconds, format.fps);
            compositor.resume(0, scene, motion);
            ticks
        }
        None => {
            compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
            0
        }
    };
    let first = compositor.tick(0, seconds_of(scene_ticks, format.fps));
    for (_, outcome) in first.outcomes {
        outcome?;
    }
    if !compositor.finish_loading(Instant::now() + LOADING) {
        tracing::warn!("some assets are not decoded after {LOADING:?}; they appear when they are");
    }
    if max_layers < count {
        tracing::warn!(
            "the scene has {count} layers, and MAX_LAYERS allows {max_layers}: it is played, and takes no more of them"
        );
        compositor.set_max_layers(max_layers);
    }
    // Who edits much waits rather than the picture.
    compositor.set_edit_budget(Some(format.presentation_time(1) / 4));
    // What takes longer than half of a tick does not hold up the others.
    compositor.set_patience(Patience::Within(format.presentation_time(1) / 2));
    let observe = Box::new(observe);
    let shown = Shown::new(first.frame, first.variants, (sound, first.mix));
    let mut ticking = Ticking::new(compositor, governor, (requests, shared), observe, shown, scene_ticks);
    let (alive, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("tick".to_owned()).spawn(move || {
        // Dropped however this ends.
        let _alive: oneshot::Sender<()> = alive;
        ticking.run();
    })?;
    Ok((handle, Engine { thread, ended }))
}

#[cfg(test)]
mod tests {
    use std::sync::{atomic::Ordering, mpsc::channel};

    use systems::Quality;

    use super::*;

    fn settings(fps: u32) -> EngineSettings {
        EngineSettings {
            format: StreamFormat { width: 32, height: 32, fps },
            max_layers: 10,
            pool_size: 8,
            raster_memory: 1 << 20,
            quality: QualityGoal::Fixed(Quality::Low),
            faults: None,
            asset_budget: 1 << 20,
        }
    }

    #[test]
    fn frames_that_a_further_size_has_no_time_for_are_its_own() {
        let (engine, thread) = spawn(settings(60), SceneDocument::default(), |_: &TickReport, _: Duration| {}).unwrap();
        let frames = engine.frames(100);
        let (besides, missed) = engine.frames_besides(2);
        let at_leisure = engine.frames_at_leisure();
        while missed.load(Ordering::Relaxed) < 5 {
            assert!(frames.recv().is_ok());
        }
        assert_eq!((engine.stats().missed_frames, engine.stats().dropped_frames), (0, 0));
        let too_slow = engine.frames(1);
        while engine.stats().missed_frames == 0 {
            assert!(frames.recv().is_ok());
        }
        drop((besides, at_leisure, too_slow));
        engine.shutdown();
        thread.join();
    }

    #[test]
    fn no_tick_is_dropped_behind_a_first_one_that_takes_long() {
        let settings = settings(60);
        let format = settings.format;
        let (listen, listening) = channel();
        let observe = move |_: &TickReport, _: Duration| {
            if listening.recv().is_ok() {
                // The first, as if it had much to draw.
                std::thread::sleep(format.presentation_time(10));
            }
        };
        let (engine, thread) = spawn(settings, SceneDocument::default(), observe).unwrap();
        let frames = engine.frames(4);
        listen.send(()).unwrap();
        drop(listen);
        let next = frames.iter().map(|frame| frame.tick).find(|tick| *tick > 1);
        assert_eq!(next, Some(2));
        engine.shutdown();
        thread.join();
    }
}
