//! The World and its schedule, as one thing.

mod edits;
mod report;
mod tuning;

use std::{sync::Arc, time::Instant};

use bevy_ecs::{change_detection::DetectChangesMut, schedule::Schedule, world::World};
use components::{
    Animations, Edit, LayerId, SceneDocument, SceneSnapshot, TrackId, VariantId,
    animation::{AnimationStarts, AnimationStatus},
    audio::Mix,
    document::Limits,
    held::HeldScenes,
};

use crate::{
    assets::{AssetAction, AssetRefused, AssetStatus, Assets},
    caches::TextCaches,
    clock::{
        self, Conductor, Heard, Inputs, LatestMotion, Motion, Resume, SceneEvents, SceneTime, TimelineStatus,
        Timelines, WallClock,
    },
    cull::DrawList,
    damage::{Damage, LastDrawn},
    diff::{Diffs, KnownChildren},
    edit::{Inbox, SceneLimits},
    frame::Picture,
    held::{Held, HeldChanges},
    isolate::MaskLayers,
    place::{Arrived, Near},
    quality::RenderQuality,
    rasterise::{
        AwaitedLines, Background, FaultInjection, Faults, HandedRasters, LayerCosts, Patience, Pictures, Program,
        RasterCache, RasterMemory, RasterShare, Rasterised, composite::Canvas, content::text::Fonts,
    },
    scene::{self, LayerIndex, SceneHeader, SceneRoot},
    schedule::tick_schedule,
    sound::SoundMotion,
    tiles::TileSet,
    timing::StageTimes,
    transition::Departures,
    variants::DrawnVariants,
    viewport::Viewport,
    workers::{Machine, WorkerThreads, Workers, start_workers},
};

pub use report::TickReport;

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

impl Compositor {
    /// A compositor with an empty scene. Starts the worker threads, as many as the machine is made for, if nobody has.
    #[must_use]
    pub fn new(settings: CompositorSettings) -> Self {
        start_workers(WorkerThreads::of(&Machine::here()));
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
        world.insert_resource(WallClock::default());
        world.insert_resource(Heard::default());
        world.insert_resource(SceneEvents::default());
        world.insert_resource(Resume::default());
        world.insert_resource(LatestMotion::default());
        world.insert_resource(SoundMotion::default());
        world.insert_resource(Assets::default());
        world.insert_resource(Fonts::new());
        world.insert_resource(Arrived::default());
        world.insert_resource(Near::default());
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
        world.insert_resource(LayerCosts::default());
        world.insert_resource(HandedRasters::default());
        world.insert_resource(Patience::default());
        world.insert_resource(Background::new());
        world.insert_resource(AwaitedLines::default());
        world.insert_resource(Rasterised::default());
        world.insert_resource(DrawnVariants::default());
        world.insert_resource(Program::new((width, height), 0, pool_size));
        world.insert_resource(Held::default());
        world.insert_resource(HeldChanges::default());
        world.insert_resource(KnownChildren::default());
        world.insert_resource(Diffs::default());
        world.insert_resource(Departures::default());
        world.insert_resource(StageTimes::default());
        Self { world, schedule: tick_schedule() }
    }

    /// Runs tick number `tick` at `seconds` of scene time.
    pub fn tick(&mut self, tick: u64, seconds: f64) -> TickReport {
        let mut time = self.world.resource_mut::<SceneTime>();
        (time.tick, time.seconds) = (tick, seconds);
        self.world.resource_mut::<StageTimes>().restart();
        self.schedule.run(&mut self.world);
        self.world.clear_trackers();
        let mut inbox = self.world.resource_mut::<Inbox>();
        let (outcomes, checks) = (std::mem::take(&mut inbox.outcomes), std::mem::take(&mut inbox.checks));
        let diff = self.world.resource_mut::<Diffs>().latest.take();
        let mut program = self.world.resource_mut::<Program>();
        let ((frame, starved), variants) = (program.take_frame(), program.take_further_frames());
        TickReport {
            outcomes,
            checks,
            diff,
            motion: self.world.resource_mut::<LatestMotion>().0.take(),
            mix: Arc::clone(self.world.resource::<SoundMotion>().mix()),
            mix_until: self.world.resource_mut::<SoundMotion>().bypass_change_detection().take_until(),
            damage: self.world.resource::<Damage>().0.clone(),
            frame,
            variants,
            starved,
            scenes: std::mem::take(&mut self.world.resource_mut::<HeldChanges>().0),
            layer_count: self.world.resource::<LayerIndex>().len(),
            rasterised: self.world.resource::<Rasterised>().0,
            events: std::mem::take(&mut self.world.resource_mut::<SceneEvents>().0),
            stopped_triggers: self.world.resource::<Conductor>().stopped().len(),
            render: self.world.resource::<Workers>().totals(),
            render_each: self.world.resource::<Workers>().each(),
            background: self.world.resource::<Background>().totals(),
            background_each: self.world.resource::<Background>().each(),
            decode: self.world.resource::<Assets>().decoding(),
            decode_each: self.world.resource::<Assets>().decoding_each(),
            rasters: *self.world.resource::<RasterMemory>(),
            assets: self.world.resource::<Assets>().stats(),
            text: self.text_caches(),
            stages: self.world.resource::<StageTimes>().stages().to_vec(),
            systems: self.world.resource::<StageTimes>().systems().to_vec(),
            converting: self.world.resource::<Workers>().take_converting(),
            costs: *self.world.resource::<LayerCosts>(),
        }
    }

    fn text_caches(&self) -> TextCaches {
        let mut counts = self.world.resource::<Fonts>().counts();
        counts += self.world.resource::<Background>().fonts();
        counts
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

    /// Takes assets that another one has decoded for the scene that is loaded next.
    pub(crate) fn borrow_assets(&mut self, assets: Assets) {
        self.world.resource_mut::<Arrived>().0.extend(assets.ids());
        self.world.insert_resource(assets);
    }

    /// The assets of the scene that is loaded.
    pub(crate) fn loaded_assets(&self) -> &Assets {
        self.world.resource::<Assets>()
    }

    /// Takes pictures that another one has drawn of the layers of the scene that is loaded next.
    pub(crate) fn take_rasters(&mut self, rasters: HandedRasters) {
        self.world.insert_resource(rasters);
    }

    /// What the pictures of layers take.
    pub(crate) fn raster_share(&self) -> RasterShare {
        self.world.resource::<RasterMemory>().share()
    }

    /// Makes pictures of layers give way to those of another scene, which take so much.
    pub(crate) fn give_way(&mut self, elsewhere: RasterShare) {
        let mut memory = self.world.resource_mut::<RasterMemory>();
        (memory.elsewhere, memory.gives_way) = (elsewhere, true);
    }

    /// Whether layers wait for pictures that are drawn in the background.
    pub(crate) fn awaits_pictures(&mut self) -> bool {
        let mut caches = self.world.query::<&RasterCache>();
        caches.iter(&self.world).any(RasterCache::is_missing) || self.world.resource::<AwaitedLines>().are_missing()
    }

    /// The picture of the scene itself as a variant shows it; 0 is the stream's own. `None` if there are fewer.
    pub(crate) fn canvas(&self, variant: usize) -> Option<&Canvas> {
        self.world.resource::<Program>().canvas(variant)
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

    /// Has [`TickReport::mix`] tell how the sound is mixed so many seconds later than the tick. For who mixes the sound of a
    /// frame from where the one before has ended to where this one ends.
    pub fn set_sound_lead(&mut self, seconds: f64) {
        self.world.resource_mut::<SoundMotion>().set_lead(seconds);
    }

    /// How the sound is mixed at another scene time, if nothing happens from the last tick on until then.
    #[must_use]
    pub fn mix_at(&self, seconds: f64) -> Mix {
        self.world.resource::<SoundMotion>().mix_at(seconds)
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

    /// Places in the scene's list of the triggers that do not act any more, since they acted without end.
    #[must_use]
    pub fn stopped_triggers(&self) -> Vec<usize> {
        self.world.resource::<Conductor>().stopped().iter().copied().collect()
    }

    /// Where the animations of a layer stood on the last tick, those that its presets stand for left out; `None` if there
    /// is no such layer.
    #[must_use]
    pub fn animations(&self, layer: &LayerId) -> Option<Vec<AnimationStatus>> {
        let layer = self.world.resource::<LayerIndex>().get(layer)?;
        let own = self.world.get::<Animations>(layer).map_or(0, |animations| animations.0.len());
        let seconds = self.world.resource::<SceneTime>().seconds;
        let mut status = self.world.get::<AnimationStarts>(layer)?.status(seconds);
        status.truncate(own);
        Some(status)
    }

    /// The same of a track, or of the whole mix if there is none; `None` if there is no such track.
    #[must_use]
    pub fn sound_animations(&self, track: Option<&TrackId>) -> Option<Vec<AnimationStatus>> {
        let seconds = self.world.resource::<SceneTime>().seconds;
        self.world.resource::<SoundMotion>().status(track, seconds)
    }

    /// The picture that the last tick drew.
    #[must_use]
    pub fn picture(&self) -> Picture {
        self.picture_with(self.world.resource::<Program>().pixels())
    }

    /// The same of one of the [variants](Self::set_variants); `None` if it is not drawn.
    #[must_use]
    pub fn picture_of(&self, variant: &VariantId) -> Option<Picture> {
        let place = self.world.resource::<DrawnVariants>().place(variant)?;
        self.world.resource::<Program>().pixels_of(place).map(|pixels| self.picture_with(pixels))
    }

    fn picture_with(&self, pixels: &[[u8; 4]]) -> Picture {
        let viewport = self.world.resource::<Viewport>();
        #[expect(clippy::cast_possible_truncation, reason = "frames have at most 3840 pixels a side")]
        Picture {
            width: viewport.width as u32,
            height: viewport.height as u32,
            data: pixels.as_flattened().to_vec(),
            tick: self.world.resource::<SceneTime>().tick,
        }
    }
}
