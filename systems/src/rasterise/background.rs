//! Draws rasters that no tick waits for: those that later ticks will need, and those that take longer than a tick has.
//!
//! The rule, for a stream that is live ([`Patience::within`]): a raster that is expected to take longer than its budget is
//! drawn in the background. The layer keeps its last good raster until then. A layer that has none yet is waited for, up
//! to the budget, and is missing for as long as it takes if that is not enough. Each tick that shows an older raster is
//! counted. Where nobody watches a clock ([`Patience::Endless`]: files, pictures, tests) every raster is waited for, so
//! that a picture depends on the scene and its time alone.
//!
//! Text is always drawn by the tick: it takes little, and needs the one copy of the fonts.

use std::{
    cmp::Ordering as Order,
    collections::BinaryHeap,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use bevy_ecs::{
    entity::Entity,
    query::With,
    resource::Resource,
    system::{Query, Res, ResMut},
};
use bevy_tasks::AsyncComputeTaskPool;
use components::{Content, Effects, LayerId, Mask};

use super::{
    RasterCache,
    cache::Key,
    content::{DrawContext, draw_layer, text::Fonts},
    fault::{FaultInjection, guarded},
    pixmap::Raster,
};
use crate::{
    assets::{AssetState, Assets},
    clock::SceneTime,
    place::Revision,
    workers::WorkerTotals,
};

/// How long a tick waits for rasters.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// Until all are drawn.
    #[default]
    Endless,
    /// Up to this time for those that take long; see the module.
    Within(Duration),
}

/// A raster to be drawn, with all that this needs.
pub(super) struct Job {
    pub(super) entity: Entity,
    pub(super) key: Key,
    /// Whether a layer that is seen waits for it.
    pub(super) is_needed: bool,
    pub(super) layer: LayerId,
    pub(super) content: Content,
    pub(super) effects: Effects,
    pub(super) mask: Option<Mask>,
    /// The assets that the content names.
    pub(super) assets: Assets,
    pub(super) canvas: (f64, f64),
    pub(super) injection: FaultInjection,
}

/// Whether a content can be drawn in the background.
pub(super) fn is_suitable(content: &Content, assets: &Assets) -> bool {
    match content {
        Content::Color(_) | Content::Gradient(_) | Content::Shape(_) => true,
        Content::Image(image) => matches!(assets.state(&image.asset), Some(AssetState::Image(_))),
        Content::Svg(image) => matches!(assets.state(&image.asset), Some(AssetState::Svg(_))),
        _ => false,
    }
}

/// The assets that a suitable content needs.
pub(super) fn assets_of(content: &Content, assets: &Assets) -> Assets {
    match content {
        Content::Image(image) => assets.excerpt(&image.asset),
        Content::Svg(image) => assets.excerpt(&image.asset),
        _ => Assets::default(),
    }
}

/// A job in its place in the queue.
struct Queued {
    job: Box<Job>,
    number: u64,
}

impl Queued {
    /// What is needed goes before what will be; what came first before what came later.
    fn rank(&self) -> (bool, std::cmp::Reverse<u64>) {
        (self.job.is_needed, std::cmp::Reverse(self.number))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Order {
        self.rank().cmp(&other.rank())
    }
}

struct Done {
    entity: Entity,
    key: Key,
    drawn: Result<Option<Raster>, String>,
    spent: Duration,
}

/// What waits, and who works on it.
#[derive(Default)]
struct State {
    queue: BinaryHeap<Queued>,
    runners: usize,
    numbers: u64,
    totals: WorkerTotals,
}

/// The background workers of a compositor. At most one job of each layer is under way, so that no more wait than there
/// are layers.
#[derive(Resource)]
pub struct Background {
    state: Arc<Mutex<State>>,
    sender: Sender<Done>,
    results: Mutex<Receiver<Done>>,
    /// What came while a tick waited for something else.
    early: Vec<Done>,
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background").field("totals", &self.totals()).finish_non_exhaustive()
    }
}

impl Default for Background {
    fn default() -> Self {
        let (sender, results) = channel();
        Self { state: Arc::default(), sender, results: Mutex::new(results), early: Vec::new() }
    }
}

impl Drop for Background {
    /// What has not begun never does.
    fn drop(&mut self) {
        lock(&self.state).queue.clear();
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Background {
    /// What they have done so far.
    #[must_use]
    pub fn totals(&self) -> WorkerTotals {
        let state = lock(&self.state);
        WorkerTotals { queued: state.queue.len() as u64, threads: state.runners as u64, ..state.totals }
    }

    /// What was only thought to be needed is: it goes before all that is not.
    pub(super) fn promote(&self, entity: Entity) {
        let mut state = lock(&self.state);
        let mut queue = std::mem::take(&mut state.queue).into_vec();
        queue.iter_mut().filter(|queued| queued.job.entity == entity).for_each(|queued| queued.job.is_needed = true);
        state.queue = queue.into();
    }

    pub(super) fn start(&self, job: Job) {
        let pool = AsyncComputeTaskPool::get();
        let mut state = lock(&self.state);
        state.numbers += 1;
        let number = state.numbers;
        state.queue.push(Queued { job: Box::new(job), number });
        if state.runners < pool.thread_num() {
            state.runners += 1;
            let (shared, sender) = (Arc::clone(&self.state), self.sender.clone());
            pool.spawn(async move { work(&shared, &sender) }).detach();
        }
    }

    fn collect(&mut self) -> Vec<Done> {
        let mut done = std::mem::take(&mut self.early);
        done.extend(self.results.get_mut().unwrap_or_else(PoisonError::into_inner).try_iter());
        done
    }

    fn wait(&mut self, deadline: Instant) -> Option<Done> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.results.get_mut().unwrap_or_else(PoisonError::into_inner).recv_timeout(left).ok()
    }
}

/// Draws one job after the other until none is left.
fn work(shared: &Mutex<State>, sender: &Sender<Done>) {
    loop {
        let job = {
            let mut state = lock(shared);
            match state.queue.pop() {
                Some(Queued { job, .. }) => job,
                None => {
                    state.runners -= 1;
                    return;
                }
            }
        };
        let Job { entity, key, is_needed: _, layer, content, effects, mask, assets, canvas, injection } = *job;
        let began = Instant::now();
        let drawn = guarded(|| {
            injection.strike(&layer);
            let mut fonts = Fonts::built_in();
            let mut context = DrawContext {
                assets: &assets,
                fonts: &mut fonts,
                canvas,
                quality: key.effects,
                // What moves by itself is drawn by the tick.
                seconds: 0.0,
            };
            draw_layer(&content, &effects, mask.as_ref(), key.scale, &mut context)
        });
        let spent = began.elapsed();
        {
            let mut state = lock(shared);
            state.totals.tasks += 1;
            state.totals.busy += spent;
            state.totals.panics += u64::from(drawn.is_err());
        }
        // Nobody listens any more when the compositor is gone.
        let _ = sender.send(Done { entity, key, drawn, spent });
    }
}

/// Puts a raster that was drawn into its cache. Returns whether the layer looks different now.
fn take_in(done: Done, cache: &mut RasterCache, tick: u64) -> bool {
    cache.is_pending = false;
    let is_awaited = std::mem::take(&mut cache.is_awaited);
    let Ok(raster) = done.drawn else {
        // The tick that needs it meets the panic itself, and shows it.
        (cache.must_wait, cache.cost) = (true, Duration::ZERO);
        return is_awaited;
    };
    let is_old = |known: Key| known.serves(&done.key) || (!is_awaited && known.revision > done.key.revision);
    if cache.key.is_some_and(is_old) {
        return false;
    }
    (cache.key, cache.raster, cache.cost, cache.fault) = (Some(done.key), raster, done.spent, None);
    (cache.used, cache.idle) = (tick, false);
    is_awaited
}

/// Takes in what was drawn since the last tick. Layers that look different by it are damaged.
pub fn collect_rasters(
    time: Res<SceneTime>,
    mut background: ResMut<Background>,
    mut layers: Query<(&mut RasterCache, &mut Revision), With<LayerId>>,
) {
    for done in background.collect() {
        let Ok((mut cache, mut revision)) = layers.get_mut(done.entity) else { continue };
        if take_in(done, &mut cache, time.tick) {
            let before = revision.0;
            revision.0 += 1;
            // What was drawn is the present picture, unless the layer was edited meanwhile.
            if let Some(key) = cache.key.as_mut().filter(|key| key.revision == before) {
                key.revision = revision.0;
            }
        }
    }
}

/// Waits, until `deadline`, for the rasters of these layers, which the tick that is running shows for the first time.
pub(super) fn wait_for(
    mut missing: Vec<Entity>,
    deadline: Instant,
    tick: u64,
    background: &mut Background,
    caches: &mut Query<&mut RasterCache, With<LayerId>>,
) {
    while !missing.is_empty() {
        let Some(done) = background.wait(deadline) else { return };
        match missing.iter().position(|entity| *entity == done.entity) {
            Some(index) => {
                missing.swap_remove(index);
                if let Ok(mut cache) = caches.get_mut(done.entity) {
                    take_in(done, &mut cache, tick);
                }
            }
            // Its layer is not damaged by this tick, or not all of it.
            None => background.early.push(done),
        }
    }
}
