//! The picture that is sent out, and those of the further variants: what they share with it is copied from there.

use std::sync::Arc;

use bevy_ecs::{
    resource::Resource,
    system::{Query, Res, ResMut},
};
use components::AssetId;

use super::{
    RasterShare,
    composite::Canvas,
    draw::{Laid, display_list},
    picture::Pictures,
    screen::{Changes, Screen},
};
use crate::{
    assets::Assets,
    clock::SceneTime,
    cull::DrawList,
    damage::Damage,
    frame::Frame,
    quality::RenderQuality,
    tiles::TileSet,
    transition::{
        Departure,
        leaving::{Living, Manner},
    },
    variants::{differing, seen_in},
    viewport::Viewport,
    workers::Workers,
};

/// All that is sent out, in the order of [`DrawnVariants`](crate::variants::DrawnVariants).
#[derive(Resource, Debug)]
pub struct Program {
    own: Screen,
    further: Vec<Screen>,
    /// Tiles that nobody has drawn, since the scene is not to be seen yet.
    undrawn: Option<TileSet>,
}

impl Program {
    /// Black pictures of this size, of which so many are of further variants; each has at most `limit` frames.
    #[must_use]
    pub fn new(size: (usize, usize), further: usize, limit: usize) -> Self {
        let screen = || Screen::new(size, limit);
        Self { own: screen(), further: (0..further).map(|_| screen()).collect(), undrawn: None }
    }

    fn screens(&mut self) -> impl Iterator<Item = &mut Screen> {
        std::iter::once(&mut self.own).chain(&mut self.further)
    }

    /// Frames that each picture may have.
    pub(crate) fn frame_limit(&self) -> usize {
        self.own.frame_limit()
    }

    /// The frame that this tick drew, if the picture changed, and whether one was due but none was free.
    pub(crate) fn take_frame(&mut self) -> (Option<Arc<Frame>>, bool) {
        (self.own.frame.take(), self.own.starved)
    }

    /// The frames of the further variants.
    pub(crate) fn take_further_frames(&mut self) -> Vec<Option<Arc<Frame>>> {
        self.further.iter_mut().map(|screen| screen.frame.take()).collect()
    }

    /// What is on the screen: `[r, g, b, 255]` pixels, rows without gaps.
    #[must_use]
    pub fn pixels(&self) -> &[[u8; 4]] {
        self.own.seen().pixels()
    }

    /// What is on the screen of a variant; 0 is the stream's own. `None` if there are fewer.
    pub(crate) fn pixels_of(&self, variant: usize) -> Option<&[[u8; 4]]> {
        let screen = variant.checked_sub(1).map_or(Some(&self.own), |further| self.further.get(further))?;
        Some(screen.seen().pixels())
    }

    /// The picture of the scene itself as a variant shows it, whatever transition there is; 0 is the stream's own. `None`
    /// if there are fewer.
    pub(crate) fn canvas(&self, variant: usize) -> Option<&Canvas> {
        let screen = match variant.checked_sub(1) {
            None => &self.own,
            Some(further) => self.further.get(further)?,
        };
        Some(&screen.canvas)
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.own.canvas.width(), self.own.canvas.height())
    }

    /// Whether a transition is under way.
    pub(crate) fn is_passing(&self) -> bool {
        self.own.is_passing()
    }

    /// The asset that the transition shows.
    pub(crate) fn passing_asset(&self) -> Option<&AssetId> {
        self.own.passing_asset()
    }

    /// Whether the scene on the canvas is not to be seen yet.
    pub(crate) fn is_held(&self) -> bool {
        self.own.is_held()
    }

    /// Begins a transition from what is on the screen to what will be on the canvas; it `may_wait` for that to be whole. The
    /// scene that is left goes on for all variants in the stream's own picture.
    pub(crate) fn begin_passage(
        &mut self,
        mut departure: Departure,
        seconds: f64,
        may_wait: bool,
        manner: Manner,
        workers: &Workers,
    ) {
        if let Some(when) = departure.when.filter(|when| !departure.is_alone && self.own.is_passing_at(*when))
            && let Some(left) = departure.take_left()
        {
            self.stop_at(when, &Living::new(left, manner), manner, workers);
        }
        let (transition, when, is_alone) = (departure.transition.clone(), departure.when, departure.is_alone);
        self.own.begin_passage(departure, seconds, may_wait);
        for screen in &mut self.further {
            let departure = Departure { transition: transition.clone(), left: None, when, is_alone };
            screen.begin_passage(departure, seconds, may_wait);
        }
    }

    /// Draws what is on the screens at `when`, where the transition to the scene `coming` is cut short.
    fn stop_at(&mut self, when: f64, coming: &Living, manner: Manner, workers: &Workers) {
        let Self { own, further, .. } = self;
        if let Some(canvas) = coming.canvas(0) {
            own.stop_at(when, (canvas, coming.assets()), None, manner, workers);
        }
        for (variant, screen) in (1..).zip(further) {
            if let Some(canvas) = coming.canvas(variant) {
                screen.stop_at(when, (canvas, coming.assets()), own.living(variant), manner, workers);
            }
        }
    }

    /// Lets the scene that leaves go on no more, and lets go of all that it takes. What was seen of it last stays.
    pub(crate) fn stop_living(&mut self) {
        let Self { own, further, .. } = self;
        if let Some(living) = own.stop_living() {
            (1..).zip(further).for_each(|(variant, screen)| screen.keep(&living, variant));
        }
    }

    /// The memory that the pictures of layers of the scene that leaves take, if it goes on.
    pub(crate) fn living_rasters(&self) -> Option<RasterShare> {
        self.own.living_rasters()
    }

    /// Lets the scene on the canvas be seen, if it `is_whole` or has waited for too long.
    pub(crate) fn release(&mut self, is_whole: bool, seconds: f64, assets: &Assets, manner: Manner) {
        self.screens().for_each(|screen| screen.release(is_whole, seconds, assets, manner));
    }

    /// Moves the transition on.
    pub(crate) fn advance_passage(&mut self, seconds: f64, assets: &Assets, manner: Manner) {
        self.screens().for_each(|screen| screen.advance_passage(seconds, assets, manner));
    }
}

/// Draws what is damaged; touches nothing if nothing is.
pub fn draw_frame(
    viewport: Res<Viewport>,
    time: Res<SceneTime>,
    list: Res<DrawList>,
    mut damage: ResMut<Damage>,
    quality: Res<RenderQuality>,
    caches: Query<Laid<'static>>,
    pictures: Res<Pictures>,
    workers: Res<Workers>,
    mut program: ResMut<Program>,
) {
    if program.is_held() {
        // All of the canvas is sent when it is seen.
        program.screens().for_each(Screen::rest);
        program.undrawn.get_or_insert_with(|| TileSet::none(viewport.width, viewport.height)).insert_all(&damage.0);
        return;
    }
    if let Some(undrawn) = program.undrawn.take() {
        damage.0.insert_all(&undrawn);
    }
    let Program { own, further, .. } = &mut *program;
    let steps = |variant: usize| display_list(&seen_in(&list.steps, variant), &caches, &pictures, quality.sampling);
    let changes = Changes {
        tick: time.tick,
        viewport: &viewport,
        workers: &workers,
        damage: &damage.0,
        dirty: &damage.0,
        living: None,
    };
    let changed = own.show(|| steps(0), &changes);
    for (variant, screen) in (1..).zip(further) {
        let mut dirty = TileSet::none(viewport.width, viewport.height);
        differing(&list.steps, variant, &mut dirty);
        dirty.keep_common(&damage.0);
        let mut shared = damage.0.clone();
        shared.remove_all(&dirty);
        screen.canvas.copy_tiles(&own.canvas, &shared);
        screen.show(|| steps(variant), &Changes { dirty: &dirty, living: own.living(variant), ..changes });
    }
    damage.0 = changed;
}
