//! What a tick tells of itself.

use std::{sync::Arc, time::Duration};

use components::{EditOutcome, HeldChange, SceneDiff, audio::Mix};

use crate::{
    assets::AssetStats,
    caches::TextCaches,
    clock::{MotionChange, SceneEvent},
    frame::Frame,
    rasterise::{LayerCosts, RasterMemory},
    tiles::TileSet,
    workers::{WorkerLoad, WorkerTotals},
};

/// What one tick did.
#[derive(Debug)]
pub struct TickReport {
    /// How each batch of edits that was submitted since the last tick ended, by its ticket.
    pub outcomes: Vec<(u64, EditOutcome)>,
    /// The same of batches that were only checked.
    pub checks: Vec<(u64, EditOutcome)>,
    /// What changed in the authored scene, if anything did.
    pub diff: Option<SceneDiff>,
    /// What changed in how the scene moves, other than by the passing of time.
    pub motion: Option<MotionChange>,
    /// How the sound is mixed. The very same `Arc` as before means that nothing changed.
    pub mix: Arc<Mix>,
    /// How it was mixed just before this tick, where what triggers did since the one before made that another mix than the
    /// tick before could foresee. `None` too if another scene came on air meanwhile.
    pub mix_until: Option<Arc<Mix>>,
    /// Tiles of the canvas that were drawn anew.
    pub damage: TileSet,
    /// The picture, if it differs from the last one; the same frame is to be sent again otherwise.
    pub frame: Option<Arc<Frame>>,
    /// The same for each of the [further variants](crate::Compositor::set_variants).
    pub variants: Vec<Option<Arc<Frame>>>,
    /// Whether a new picture was due but every frame of the pool was still held by an encoder. It comes with the
    /// next tick.
    pub starved: bool,
    /// What happened to the scenes that are held, in order.
    pub scenes: Vec<HeldChange>,
    /// Layers of the scene, groups included.
    pub layer_count: usize,
    /// Layers whose own picture was drawn anew, rather than taken from the last ticks.
    pub rasterised: usize,
    /// What happened in the scene by itself that others should know of, in order.
    pub events: Vec<SceneEvent>,
    /// Number of triggers that do not act any more, since they acted without end.
    pub stopped_triggers: usize,
    /// What the render workers have done in all ticks so far.
    pub render: WorkerTotals,
    /// What each of them has done, which goes on counting.
    pub render_each: Arc<[WorkerLoad]>,
    /// What the background workers have done in all ticks so far.
    pub background: WorkerTotals,
    /// What each of them has done, which goes on counting.
    pub background_each: Arc<[WorkerLoad]>,
    /// What the threads that decode have done so far.
    pub decode: WorkerTotals,
    /// What each of them has done, which goes on counting.
    pub decode_each: Arc<[WorkerLoad]>,
    /// Pictures of layers that are kept.
    pub rasters: RasterMemory,
    /// What the assets take and how they do.
    pub assets: AssetStats,
    /// How the caches of texts have done, those of the background workers' fonts too.
    pub text: TextCaches,
    /// Time that each stage took, in the order in which they ran.
    pub stages: Vec<(&'static str, Duration)>,
    /// Time that each system took, in the order in which they ran.
    pub systems: Vec<(&'static str, Duration)>,
    /// Time that turning what was drawn to I420 took, of all threads together.
    pub converting: Duration,
    /// What drawing the layers' own pictures has taken in all ticks so far.
    pub costs: LayerCosts,
}
