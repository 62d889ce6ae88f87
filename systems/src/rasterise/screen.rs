//! A picture that is sent out: the scene, the transition to it, and the frames that show both.

use std::sync::Arc;

use components::AssetId;

use super::{
    RasterShare,
    composite::{Canvas, Step, compose, cross},
};
use crate::{
    assets::Assets,
    frame::{Frame, FramePool},
    tiles::TileSet,
    transition::{
        Departure, Passage,
        leaving::{Living, Manner},
    },
    viewport::Viewport,
    workers::Workers,
};

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Screen {
    /// The picture of the scene itself, whatever transition there is.
    pub(super) canvas: Canvas,
    pool: FramePool,
    /// Damage of the screen that no frame shows yet, since none was free.
    unsent: TileSet,
    /// The frame that this tick drew, if the picture changed.
    pub(super) frame: Option<Arc<Frame>>,
    /// Whether a frame was due but none was free.
    pub(super) starved: bool,
    /// The transition to the scene on the canvas.
    passage: Option<Passage>,
    /// Whether one has ended since the last frame: all of the canvas is seen now.
    has_passed: bool,
    /// Whether anything was ever seen.
    has_begun: bool,
}

/// What has changed for a screen, and what is drawn with.
pub(super) struct Changes<'a> {
    pub(super) tick: u64,
    pub(super) viewport: &'a Viewport,
    pub(super) workers: &'a Workers,
    /// Tiles of the canvas that differ from the last tick's …
    pub(super) damage: &'a TileSet,
    /// … and those of them that are still to be drawn.
    pub(super) dirty: &'a TileSet,
    /// The scene that leaves, if another screen lets it go on.
    pub(super) living: Option<&'a Canvas>,
}

impl Screen {
    /// A black one of this size with at most `limit` frames.
    pub(super) fn new((width, height): (usize, usize), limit: usize) -> Self {
        Self {
            canvas: Canvas::new(width, height),
            pool: FramePool::new(width, height, limit),
            unsent: TileSet::none(width, height),
            frame: None,
            starved: false,
            passage: None,
            has_passed: false,
            has_begun: false,
        }
    }

    /// What is seen.
    pub(super) fn seen(&self) -> &Canvas {
        self.passage.as_ref().map_or(&self.canvas, Passage::screen)
    }

    /// The scene that leaves, and goes on, as a variant of the stream shows it.
    pub(super) fn living(&self, variant: usize) -> Option<&Canvas> {
        self.passage.as_ref()?.living(variant)
    }

    /// See [`Passage::stop_living`].
    pub(super) fn stop_living(&mut self) -> Option<Living> {
        self.passage.as_mut()?.stop_living()
    }

    /// Keeps what is seen of a scene that leaves and goes on no more.
    pub(super) fn keep(&mut self, living: &Living, variant: usize) {
        if let Some(passage) = &mut self.passage {
            passage.keep(living, variant);
        }
    }

    /// See [`Passage::living_rasters`].
    pub(super) fn living_rasters(&self) -> Option<RasterShare> {
        self.passage.as_ref()?.living_rasters()
    }

    /// Makes no frame.
    pub(super) fn rest(&mut self) {
        (self.frame, self.starved) = (None, false);
    }

    /// Frames that it may make.
    pub(super) fn frame_limit(&self) -> usize {
        self.pool.limit()
    }

    pub(super) fn is_passing(&self) -> bool {
        self.passage.is_some()
    }

    pub(super) fn passing_asset(&self) -> Option<&AssetId> {
        self.passage.as_ref()?.asset()
    }

    pub(super) fn is_held(&self) -> bool {
        self.passage.as_ref().is_some_and(Passage::is_held)
    }

    /// Whether a transition is under way at `when`.
    pub(super) fn is_passing_at(&self, when: f64) -> bool {
        self.passage.as_ref().is_some_and(|passage| passage.is_under_way_at(when))
    }

    /// See [`Passage::stop_at`].
    pub(super) fn stop_at(
        &mut self,
        when: f64,
        coming: (&Canvas, &Assets),
        living: Option<&Canvas>,
        manner: Manner,
        workers: &Workers,
    ) {
        if let Some(passage) = &mut self.passage {
            passage.stop_at(when, coming, living, manner, workers);
        }
    }

    pub(super) fn begin_passage(&mut self, departure: Departure, seconds: f64, may_wait: bool) {
        let is_cut_short = !departure.is_alone && departure.when.is_none_or(|when| self.is_passing_at(when));
        let before = self.passage.take();
        let was_passing = before.is_some();
        let before = before.filter(|_| is_cut_short);
        let is_held = may_wait && self.has_begun;
        if is_held || departure.transition.duration() > 0.0 {
            self.has_passed |= was_passing && before.is_none();
            self.passage = Some(Passage::new(departure, seconds, &self.canvas, before, is_held));
        } else {
            self.has_passed |= was_passing;
        }
    }

    pub(super) fn release(&mut self, is_whole: bool, seconds: f64, assets: &Assets, manner: Manner) {
        let Some(passage) = &mut self.passage else { return };
        if passage.release(is_whole, seconds) && !passage.advance(seconds, assets, manner) {
            // What comes at once, in the place of what was on the canvas, is seen where it differs.
            self.has_passed |= passage.hides_canvas(seconds);
            self.passage = None;
        }
    }

    pub(super) fn advance_passage(&mut self, seconds: f64, assets: &Assets, manner: Manner) {
        if let Some(passage) = &mut self.passage
            && !passage.advance(seconds, assets, manner)
        {
            self.passage = None;
            self.has_passed = true;
        }
    }

    /// Brings canvas, screen and a frame up to date; touches nothing if nothing has changed. `steps` are those of the whole
    /// canvas. Returns the tiles in which what is seen may differ from the last tick's.
    pub(super) fn show(&mut self, steps: impl FnOnce() -> Vec<Step>, changes: &Changes<'_>) -> TileSet {
        let Self { canvas, pool, unsent, frame, starved, passage, has_passed, has_begun } = self;
        let &Changes { tick, viewport, workers, damage, dirty, living } = changes;
        let steps = || if dirty.is_empty() { Vec::new() } else { steps() };
        let mut changed = damage.clone();
        (*frame, *starved) = (None, false);
        *has_begun = true;
        // While a transition is under way, all of the screen differs.
        let moves = living.is_some() || !damage.is_empty();
        let is_due = passage.as_ref().is_some_and(|passage| passage.is_due() || moves);
        if is_due || std::mem::take(has_passed) {
            changed.fill();
        }
        unsent.insert_all(&changed);
        if unsent.is_empty() {
            return changed;
        }
        pool.mark_stale(&changed);
        let steps = steps();
        let mut draw = |frame: Option<(&mut Frame, &TileSet)>| match passage {
            None => compose(&steps, viewport, dirty, canvas, frame, Some(workers)),
            Some(passage) => {
                compose(&steps, viewport, dirty, canvas, None, Some(workers));
                let (crossing, screen) = passage.draw(canvas, living);
                cross(&crossing, is_due, screen, frame, Some(workers));
            }
        };
        *frame = pool.draw(|frame, stale| {
            frame.tick = tick;
            frame.damage.clone_from(unsent);
            draw(Some((frame, stale)));
        });
        if frame.is_some() {
            unsent.clear();
        } else {
            *starved = true;
            draw(None);
        }
        changed
    }
}
