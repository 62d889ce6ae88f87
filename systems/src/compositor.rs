//! The World and its schedule, as one thing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bevy_ecs::{change_detection::DetectChangesMut, schedule::Schedule, world::World};
use components::{
    Edit, EditOutcome, HeldChange, SceneDiff, SceneDocument, SceneSnapshot, document::Limits, edit::BatchRejected,
    held::HeldScenes,
};

use crate::{
    assets::{AssetAction, AssetRefused, AssetStats, AssetStatus, Assets},
    clock::{
        self, Conductor, Inputs, LatestMotion, Motion, MotionChange, Resume, SceneEvent, SceneEvents, SceneTime,
        TimelineStatus, Timelines,
    },
    cull::DrawList,
    damage::{Damage, LastDrawn},
    diff::{Diffs, KnownChildren},
    edit::{Inbox, SceneLimits, check_batch},
    frame::{Frame, FramePool, Picture},
    held::{Held, HeldChanges},
    isolate::MaskLayers,
    place::Arrived,
    quality::RenderQuality,
    rasterise::{
        Background, FaultInjection, Faults, Patience, Pictures, Program, RasterMemory, Rasterised, content::text::Fonts,
    },
    scene::{self, LayerIndex, SceneHeader, SceneRoot},
    schedule::tick_schedule,
    tiles::TileSet,
    timing::StageTimes,
    viewport::Viewport,
    workers::{WorkerLoad, WorkerThreads, WorkerTotals, Workers, start_workers},
};

/// What a compositor is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompositorSettings {
    /// Frame width in pixels; even.
    pub width: usize,
    /// Frame height in pixels; even.
    pub height: usize,
    /// Layers that a scene may have, groups and their children included.
    pub max_layers: usize,
    /// Frames that may be on their way to encoders at once.
    pub pool_size: usize,
    /// Threads that composite and convert, the one that ticks among them; it and the process's render workers if `None`.
    pub threads: Option<usize>,
}

/// Owns the scene and draws it, tick by tick.
pub struct Compositor {
    world: World,
    schedule: Schedule,
}

/// What one tick did.
#[derive(Debug)]
pub struct TickReport {
    /// How each batch of edits that was submitted since the last tick ended, by its ticket.
    pub outcomes: Vec<(u64, EditOutcome)>,
    /// What changed in the authored scene, if anything did.
    pub diff: Option<SceneDiff>,
    /// What changed in how the scene moves, other than by the passing of time.
    pub motion: Option<MotionChange>,
    /// Tiles of the canvas that were drawn anew.
    pub damage: TileSet,
    /// The picture, if it differs from the last one; the same frame is to be sent again otherwise.
    pub frame: Option<Arc<Frame>>,
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
    /// What the render workers have done in all ticks so far.
    pub render: WorkerTotals,
    /// What each of them has done, which goes on counting.
    pub render_each: Arc<[WorkerLoad]>,
    /// What the background workers have done in all ticks so far.
    pub background: WorkerTotals,
    /// What the threads that decode have done so far.
    pub decode: WorkerTotals,
    /// Pictures of layers that are kept.
    pub rasters: RasterMemory,
    /// What the assets take and how they do.
    pub assets: AssetStats,
    /// Time that each stage took, in the order in which they ran.
    pub stages: Vec<(&'static str, Duration)>,
}

impl Compositor {
    /// A compositor with an empty scene. Starts the worker threads, one for each core, if nobody has.
    #[must_use]
    pub fn new(settings: CompositorSettings) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        start_workers(WorkerThreads { render: cores, decode: 1 });
        let CompositorSettings { width, height, max_layers, pool_size, threads } = settings;
        let mut world = World::new();
        let header = SceneHeader::default();
        world.insert_resource(Viewport::new(&header.0.canvas, width, height));
        let root = world.spawn(header).id();
        world.insert_resource(SceneRoot(root));
        world.insert_resource(SceneLimits(Limits { max_layers }));
        world.insert_resource(LayerIndex::default());
        world.insert_resource(Inbox::default());
        world.insert_resource(SceneTime::default());
        world.insert_resource(Inputs::default());
        world.insert_resource(Timelines::default());
        world.insert_resource(Conductor::default());
        world.insert_resource(SceneEvents::default());
        world.insert_resource(Resume::default());
        world.insert_resource(LatestMotion::default());
        world.insert_resource(Assets::default());
        world.insert_resource(Fonts::new());
        world.insert_resource(Arrived::default());
        world.insert_resource(MaskLayers::default());
        world.insert_resource(Pictures::default());
        world.insert_resource(DrawList::default());
        world.insert_resource(LastDrawn::default());
        world.insert_resource(Damage(TileSet::all(width, height)));
        world.insert_resource(Workers::new(threads));
        world.insert_resource(RenderQuality::default());
        world.insert_resource(FaultInjection::default());
        world.insert_resource(Faults::default());
        world.insert_resource(RasterMemory::default());
        world.insert_resource(Patience::default());
        world.insert_resource(Background::default());
        world.insert_resource(Rasterised::default());
        world.insert_resource(Program::new(width, height));
        world.insert_resource(FramePool::new(width, height, pool_size));
        world.insert_resource(Held::default());
        world.insert_resource(HeldChanges::default());
        world.insert_resource(KnownChildren::default());
        world.insert_resource(Diffs::default());
        world.insert_resource(StageTimes::default());
        Self { world, schedule: tick_schedule() }
    }

    /// Hands in a batch of edits. The next tick carries it out, all of it or nothing; its outcome bears `ticket`.
    pub fn submit(&mut self, ticket: u64, edits: Vec<Edit>) {
        self.world.resource_mut::<Inbox>().waiting.push((ticket, edits));
    }

    /// Whether a batch of edits would be carried out on the scene as it is now; nothing is changed.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn check(&self, edits: Vec<Edit>) -> Result<(), BatchRejected> {
        check_batch(&self.world, edits)
    }

    /// Runs tick number `tick` at `seconds` of scene time.
    pub fn tick(&mut self, tick: u64, seconds: f64) -> TickReport {
        *self.world.resource_mut::<SceneTime>() = SceneTime { tick, seconds };
        self.world.resource_mut::<StageTimes>().restart();
        self.schedule.run(&mut self.world);
        self.world.clear_trackers();
        let outcomes = std::mem::take(&mut self.world.resource_mut::<Inbox>().outcomes);
        let diff = self.world.resource_mut::<Diffs>().latest.take();
        let mut program = self.world.resource_mut::<Program>();
        let (frame, starved) = (program.frame.take(), program.starved);
        TickReport {
            outcomes,
            diff,
            motion: self.world.resource_mut::<LatestMotion>().0.take(),
            damage: self.world.resource::<Damage>().0.clone(),
            frame,
            starved,
            scenes: std::mem::take(&mut self.world.resource_mut::<HeldChanges>().0),
            layer_count: self.world.resource::<LayerIndex>().len(),
            rasterised: self.world.resource::<Rasterised>().0,
            events: std::mem::take(&mut self.world.resource_mut::<SceneEvents>().0),
            render: self.world.resource::<Workers>().totals(),
            render_each: self.world.resource::<Workers>().each(),
            background: self.world.resource::<Background>().totals(),
            decode: self.world.resource::<Assets>().decoding(),
            rasters: *self.world.resource::<RasterMemory>(),
            assets: self.world.resource::<Assets>().stats(),
            stages: self.world.resource::<StageTimes>().stages().to_vec(),
        }
    }

    /// Tells how long ticks may take. Only as many threads share their work as that takes.
    pub fn set_pace(&mut self, period: Duration) {
        self.world.resource_mut::<Workers>().set_pace(period);
    }

    /// Sets how long a tick waits for pictures of layers that take long. Whoever needs each picture to be that of its
    /// time, such as a file, leaves it endless.
    pub fn set_patience(&mut self, patience: Patience) {
        self.world.insert_resource(patience);
    }

    /// Sets how many bytes the cached pictures of layers may take. Those of layers that are seen are kept even above it.
    pub fn set_raster_memory(&mut self, bytes: u64) {
        self.world.resource_mut::<RasterMemory>().limit = bytes;
    }

    /// Sets how carefully pictures are made from the next tick on, which draws everything if that is another way.
    pub fn set_quality(&mut self, quality: RenderQuality) {
        self.world.resource_mut::<RenderQuality>().set_if_neq(quality);
    }

    /// Makes the drawing of the layers that `is_chosen` names panic from now on, to test what comes of it.
    pub fn inject_faults(&mut self, is_chosen: fn(&str) -> bool) {
        self.world.insert_resource(FaultInjection(Some(is_chosen)));
    }

    /// Sets the bytes that decoded assets may take together.
    pub fn set_asset_budget(&mut self, bytes: u64) {
        self.world.resource_mut::<Assets>().set_budget(bytes);
    }

    /// From now on assets whose files change are read again, and what failed is tried again from time to time.
    pub fn watch_assets(&mut self) {
        self.world.resource_mut::<Assets>().watch();
    }

    /// Whether layers that the last tick would have drawn wait for assets. Once [`finish_loading`](Self::finish_loading)
    /// has ended, the same tick can be run again and shows them.
    #[must_use]
    pub fn awaits_assets(&self) -> bool {
        self.world.resource::<Assets>().awaited() > 0
    }

    /// Waits until every asset that the last ticks asked for has been decoded or has failed, at most until
    /// `deadline`. The next tick shows them. Returns whether none is missing any more.
    pub fn finish_loading(&mut self, deadline: Instant) -> bool {
        let mut assets = self.world.resource_mut::<Assets>();
        let arrived = assets.wait(deadline);
        let finished = assets.loading() == 0;
        self.world.resource_mut::<Arrived>().0.extend(arrived);
        finished
    }

    /// The whole scene after the last tick.
    #[must_use]
    pub fn snapshot(&self) -> SceneSnapshot {
        SceneSnapshot {
            tick: self.world.resource::<SceneTime>().tick,
            seq: self.world.resource::<Diffs>().seq,
            scene: scene::scene_document(&self.world),
        }
    }

    /// Hands in a scene that goes on from where it stood. The tick that loads it must be run at the scene time of
    /// `motion`: nothing starts on it, and what has happened before does not happen again.
    pub fn resume(&mut self, ticket: u64, scene: SceneDocument, motion: Motion) {
        self.world.insert_resource(Resume(Some(motion)));
        self.submit(ticket, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    }

    /// Where everything that moves stands after the last tick.
    #[must_use]
    pub fn motion(&mut self) -> Motion {
        Motion::of(&mut self.world)
    }

    /// Whether anything will look or sound differently, or happen, just because scene time goes on. May say so of some
    /// things that do not.
    #[must_use]
    pub fn is_moving(&mut self) -> bool {
        clock::is_moving(&mut self.world)
    }

    /// The scenes that are held, as the last tick left them.
    #[must_use]
    pub fn scenes(&self) -> &HeldScenes {
        &self.world.resource::<Held>().0
    }

    /// Sets which scenes are held, and what the one on air is called.
    pub fn hold(&mut self, scenes: HeldScenes) {
        self.world.insert_resource(Held(scenes));
    }

    /// The assets of the scene, in order of ids.
    #[must_use]
    pub fn assets(&self) -> Vec<AssetStatus> {
        self.world.resource::<Assets>().status()
    }

    /// Begins to load an asset, or lets go of its memory.
    ///
    /// # Errors
    /// There is no such asset, or it is in use and cannot go.
    pub fn steer_asset(&mut self, id: &str, action: AssetAction) -> Result<(), AssetRefused> {
        self.world.resource_mut::<Assets>().steer(id, action)
    }

    /// All timelines as they stood on the last tick, in the order of the scene.
    #[must_use]
    pub fn timelines(&self) -> Vec<TimelineStatus> {
        self.world.resource::<Timelines>().status(self.world.resource::<SceneTime>().seconds)
    }

    /// The picture that the last tick drew.
    #[must_use]
    pub fn picture(&self) -> Picture {
        let viewport = self.world.resource::<Viewport>();
        #[expect(clippy::cast_possible_truncation, reason = "frames have at most 3840 pixels a side")]
        Picture {
            width: viewport.width as u32,
            height: viewport.height as u32,
            data: self.world.resource::<Program>().pixels().as_flattened().to_vec(),
            tick: self.world.resource::<SceneTime>().tick,
        }
    }

    /// Makes frames of another size from the next tick on, which draws everything. Width and height must be even.
    ///
    /// Frames of the size before stay whole for as long as somebody holds them, and are then given back to the system.
    pub fn resize(&mut self, width: usize, height: usize) {
        let viewport = *self.world.resource::<Viewport>();
        if (viewport.width, viewport.height) == (width, height) {
            return;
        }
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let canvas = self.world.get::<SceneHeader>(root).map(|header| header.0.canvas).unwrap_or_default();
        let limit = self.world.resource::<FramePool>().limit();
        // Everything that is as large as the frame. All else follows from the viewport.
        self.world.insert_resource(Viewport::new(&canvas, width, height));
        self.world.insert_resource(Damage(TileSet::all(width, height)));
        self.world.insert_resource(Program::new(width, height));
        self.world.insert_resource(FramePool::new(width, height, limit));
    }

    /// Layers of the scene, groups included.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.world.resource::<LayerIndex>().len()
    }

    /// Changes how many layers the scene may have. Layers that are there already stay, but a scene that has more takes
    /// no edit.
    pub fn set_max_layers(&mut self, max_layers: usize) {
        self.world.resource_mut::<SceneLimits>().0.max_layers = max_layers;
    }

    /// Makes the next tick draw everything.
    pub fn redraw(&mut self) {
        self.world.resource_mut::<Viewport>().set_changed();
    }
}
