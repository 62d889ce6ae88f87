//! The scene that leaves goes on moving while its transition lasts.
//!
//! It is played by a compositor of its own, which is made of its document, of where all that moves in it stood, and of
//! what was decoded of its assets. That of the scene on air knows nothing of it. Nobody edits it, and its triggers are
//! silent: what they would do is no business of the scene that comes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bevy_ecs::world::World;
use components::SceneDocument;

use crate::{
    assets::Assets,
    clock::Motion,
    compositor::{Compositor, CompositorSettings},
    frame::Frame,
    quality::RenderQuality,
    rasterise::{HandedRasters, Patience, RasterMemory, RasterShare, composite::Canvas},
    scene,
    variants::DrawnVariants,
};

/// How long a picture that must be that of its time is waited for.
const LOADING: Duration = Duration::from_secs(60);

/// A scene as it was left.
#[derive(Debug)]
pub(crate) struct Left {
    scene: SceneDocument,
    motion: Motion,
    assets: Assets,
    rasters: HandedRasters,
    share: RasterShare,
    variants: DrawnVariants,
}

impl Left {
    /// The scene on air. Whoever calls this is about to put another in its place, at scene time `when` if that is not
    /// the present one.
    pub(crate) fn of(world: &mut World, when: Option<f64>) -> Self {
        let scene = SceneDocument { triggers: Vec::new(), ..scene::scene_document(world) };
        let variants = world.resource::<DrawnVariants>().clone();
        let (mut motion, rasters) = (Motion::of(world), HandedRasters::of(world));
        motion.seconds = when.unwrap_or(motion.seconds);
        let share = world.resource::<RasterMemory>().share();
        Self { scene, motion, assets: world.resource_mut::<Assets>().lend(), rasters, share, variants }
    }

    /// What its pictures of layers take.
    pub(super) fn share(&self) -> RasterShare {
        self.share
    }
}

/// How a scene that leaves is drawn: as the one that comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) quality: RenderQuality,
    pub(crate) patience: Patience,
    /// Bytes that pictures of layers may take, those of both scenes together …
    pub(crate) raster_memory: u64,
    /// … and what those of the one that comes do.
    pub(crate) elsewhere: RasterShare,
    pub(crate) size: (usize, usize),
}

impl Manner {
    pub(crate) fn new(quality: RenderQuality, patience: Patience, rasters: RasterMemory, size: (usize, usize)) -> Self {
        Self { quality, patience, raster_memory: rasters.limit, elsewhere: rasters.share(), size }
    }
}

/// A scene that leaves, and moves.
pub(crate) struct Living {
    compositor: Compositor,
    /// The only frame that it may make of each variant: as long as it is held nothing is converted for frames that nobody
    /// wants.
    frames: Vec<Option<Arc<Frame>>>,
    tick: u64,
    /// Whether all of it has been drawn once.
    is_whole: bool,
}

impl std::fmt::Debug for Living {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Living").field("tick", &self.tick).field("is_whole", &self.is_whole).finish_non_exhaustive()
    }
}

impl Living {
    /// As it was left.
    pub(crate) fn new(left: Left, manner: Manner) -> Self {
        let Left { scene, motion, assets, rasters, variants, .. } = left;
        let (width, height) = manner.size;
        let max_layers = scene.walk().count();
        let mut compositor =
            Compositor::new(CompositorSettings { width, height, max_layers, pool_size: 1, threads: None });
        compositor.borrow_assets(assets);
        compositor.take_rasters(rasters);
        compositor.draw_variants(variants);
        let now = motion.seconds;
        compositor.resume(0, scene, motion);
        let mut living = Self { compositor, frames: Vec::new(), tick: 0, is_whole: false };
        living.advance(now, manner);
        living
    }

    /// Goes on to `seconds` of scene time. Returns whether its picture is another one then.
    pub(super) fn advance(&mut self, seconds: f64, manner: Manner) -> bool {
        let was_whole = self.is_whole;
        self.compositor.set_quality(manner.quality);
        self.compositor.set_patience(manner.patience);
        self.compositor.set_raster_memory(manner.raster_memory);
        self.compositor.give_way(manner.elsewhere);
        let mut is_new = self.draw(seconds);
        if manner.patience == Patience::Endless {
            let deadline = Instant::now() + LOADING;
            while self.compositor.awaits_assets() && Instant::now() < deadline {
                self.compositor.finish_loading(deadline);
                is_new |= self.draw(seconds);
            }
        }
        self.is_whole |= !self.compositor.awaits_pictures();
        is_new || self.is_whole != was_whole
    }

    /// The assets of the scene.
    pub(crate) fn assets(&self) -> &Assets {
        self.compositor.loaded_assets()
    }

    /// What its pictures of layers take.
    pub(super) fn rasters(&self) -> RasterShare {
        self.compositor.raster_share()
    }

    fn draw(&mut self, seconds: f64) -> bool {
        self.tick += 1;
        let report = self.compositor.tick(self.tick, seconds);
        let frames = std::iter::once(report.frame).chain(report.variants);
        for (place, frame) in frames.enumerate() {
            if place == self.frames.len() {
                self.frames.push(None);
            }
            if self.frames[place].is_none() {
                self.frames[place] = frame;
            }
        }
        !report.damage.is_empty()
    }

    /// Its picture as a variant shows it, once all of it has been drawn; 0 is the stream's own.
    pub(crate) fn canvas(&self, variant: usize) -> Option<&Canvas> {
        self.compositor.canvas(variant).filter(|_| self.is_whole)
    }
}
