//! What the next ticks go by, besides the scene: the clock on the wall, what is heard, how much time, memory and care
//! there is.

use std::time::Duration;

use bevy_ecs::change_detection::DetectChangesMut;
use components::{ShownEffects, VariantId, audio::LevelReading};

use super::Compositor;
use crate::{
    assets::Assets,
    clock::{Heard, WallClock},
    cull::DrawList,
    damage::Damage,
    edit::SceneLimits,
    quality::{QualityStakes, RenderQuality},
    rasterise::{FaultInjection, Patience, Pictures, Program, RasterMemory},
    scene::{LayerIndex, SceneHeader, SceneRoot},
    tiles::TileSet,
    variants::DrawnVariants,
    viewport::Viewport,
    workers::Workers,
};

impl Compositor {
    /// Tells what time it is by the clock on the wall, in milliseconds since 1970 began in UTC: triggers may wait for it.
    /// Without it none of them acts by the clock.
    pub fn set_wall_clock(&mut self, milliseconds: i64) {
        self.world.insert_resource(WallClock(Some(milliseconds)));
    }

    /// Tells how loud the sound of the scene is, one moment after the other, up to the scene time of the next tick: triggers
    /// may wait for it. Without it nothing is heard.
    pub fn hear(&mut self, readings: impl IntoIterator<Item = LevelReading>) {
        self.world.resource_mut::<Heard>().0.extend(readings);
    }

    /// Tells how long ticks may take. Only as many threads share their work as that takes.
    pub fn set_pace(&mut self, period: Duration) {
        self.world.resource_mut::<Workers>().set_pace(period);
    }

    /// Sets how long a system that does something for each layer must have taken for that to be shared out among threads on
    /// the next tick, a fifth of a millisecond by default. What is drawn does not depend on it.
    pub fn share_work_from(&mut self, least: Duration) {
        self.world.resource_mut::<Workers>().share_from(least);
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

    /// What of the quality makes a difference to the picture that the last tick drew. During a transition that is
    /// everything: of the scene that leaves nobody knows.
    #[must_use]
    pub fn quality_stakes(&self) -> QualityStakes {
        if self.world.resource::<Program>().is_passing() {
            return QualityStakes::ALL;
        }
        let seen = self.world.resource::<DrawList>().steps.iter().chain(self.world.resource::<Pictures>().steps());
        let mut stakes = QualityStakes { effects: false, sampling: false };
        for step in seen {
            let Some(drawn) = step.drawn().filter(|drawn| !drawn.covered) else { continue };
            stakes.sampling |= drawn.is_sampled();
            let effects = self.world.get::<ShownEffects>(drawn.entity);
            stakes.effects |= effects.is_some_and(|shown| !shown.0.is_empty());
        }
        stakes
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
        // Everything that is as large as the frame. All else follows from the viewport.
        self.world.insert_resource(Viewport::new(&canvas, width, height));
        self.world.insert_resource(Damage(TileSet::all(width, height)));
        self.begin_program((width, height));
    }

    /// Black pictures of all variants, as large as the frame.
    fn begin_program(&mut self, size: (usize, usize)) {
        let further = self.world.resource::<DrawnVariants>().further();
        let limit = self.world.resource::<Program>().frame_limit();
        self.world.insert_resource(Program::new(size, further, limit));
    }

    /// Draws `own` as the stream's own picture from the next tick on, which draws everything, and these variants besides;
    /// at most [`MOST_VARIANTS`](crate::variants::MOST_VARIANTS) in all.
    pub fn set_variants(&mut self, own: VariantId, further: impl IntoIterator<Item = VariantId>) {
        self.draw_variants(DrawnVariants::new(own, further));
    }

    pub(crate) fn draw_variants(&mut self, variants: DrawnVariants) {
        let Viewport { width, height, .. } = *self.world.resource::<Viewport>();
        self.world.insert_resource(variants);
        self.begin_program((width, height));
        self.redraw();
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
