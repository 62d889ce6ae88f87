//! The transition by which the picture goes over from one scene to another.
//!
//! Documents, diffs and all that moves change at once when a scene is activated: only the picture takes its time, while
//! the scene that leaves goes on moving beneath the transition ([`leaving`]). A transition that is cut short is left as
//! the picture that was on the screen, from which the next one starts, and nothing jumps. How far a transition is follows
//! from scene time alone. It is not stored: a scene that is resumed is seen by itself.
//!
//! What a trigger brings on air begins at the trigger's own time, between two ticks: what is seen follows from that, not
//! from which frames are drawn. What somebody brings on air by hand begins on the tick that carries it out. In either case
//! the scene that leaves is seen there as it is by then: to repeat the picture of the tick before would hold up what moves.

mod departures;
pub mod leaving;
mod share;

use bevy_ecs::system::{Res, ResMut};
use components::{AssetId, Transition};

use crate::{
    assets::{AssetState, Assets, PremultipliedImage},
    clock::SceneTime,
    quality::RenderQuality,
    rasterise::{
        Patience, Program, RasterMemory, RasterShare,
        composite::{Canvas, Crossing, cross},
    },
    tiles::TileSet,
    workers::Workers,
};

pub use self::{departures::Departures, share::share_memory};

pub(crate) use self::departures::Departure;
use self::leaving::{Left, Living, Manner};

/// Scene seconds that a transition waits for the picture that it shows, and a scene that comes for its own first one.
const PATIENCE: f64 = 1.0;

/// A transition that is under way.
#[derive(Debug)]
pub(crate) struct Passage {
    transition: Transition,
    /// Scene seconds of the tick that got to know of it, …
    asked: f64,
    /// … at which a trigger asked for it, …
    when: Option<f64>,
    /// … and at which it began.
    began: Option<f64>,
    stand: Stand,
    /// The asset that it shows, once it has been read: what becomes of that in the scene does not matter any more.
    cover: Option<AssetState>,
    /// What was on the screen before.
    leaving: Canvas,
    /// The scene that was on the screen before, if that was one by itself, until it goes on …
    left: Option<Box<Left>>,
    /// … and from then on.
    living: Option<Living>,
    /// Whether that has gone on since.
    moves: bool,
    /// What is on the screen.
    screen: Canvas,
    /// The stand that the screen shows.
    shown: Option<Stand>,
    /// Whether the scene that comes is not to be seen yet, since it is not wholly drawn.
    is_held: bool,
    /// Whether it cuts another one short.
    cuts_short: bool,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stand {
    progress: f64,
    /// What it shows over the scenes.
    picture: Option<PremultipliedImage>,
}

impl Passage {
    /// From what is on the screen, at `seconds` of scene time. `before` is a transition that this one cuts short.
    pub(crate) fn new(
        mut departure: Departure,
        seconds: f64,
        canvas: &Canvas,
        before: Option<Self>,
        is_held: bool,
    ) -> Self {
        let left = departure.take_left();
        let Departure { transition, when, .. } = departure;
        let cuts_short = before.is_some();
        let (leaving, screen, left) = match before {
            // What was to come was never seen.
            Some(before) if before.is_held => (before.leaving, before.screen, None),
            Some(before) => (before.screen, before.leaving, None),
            None => (canvas.clone(), Canvas::new(canvas.width(), canvas.height()), left.map(Box::new)),
        };
        Self {
            transition,
            asked: seconds,
            when,
            began: None,
            stand: Stand::default(),
            cover: None,
            leaving,
            left,
            living: None,
            moves: false,
            screen,
            shown: None,
            is_held,
            cuts_short,
        }
    }

    /// Whether the scene that comes waits for being drawn. What was on the screen stays.
    pub(crate) fn is_held(&self) -> bool {
        self.is_held
    }

    /// Ends that, if the scene `is_whole` or has waited for too long. Returns whether it did.
    pub(crate) fn release(&mut self, is_whole: bool, seconds: f64) -> bool {
        let may_wait = (0.0..PATIENCE).contains(&(seconds - self.asked));
        let is_released = self.is_held && (is_whole || !may_wait);
        self.is_held &= !is_released;
        is_released
    }

    /// Whether the screen shows something else than what the canvas did on the tick before.
    pub(crate) fn hides_canvas(&self, seconds: f64) -> bool {
        self.cuts_short || self.asked.total_cmp(&seconds).is_ne()
    }

    /// Whether it is still to be seen at `when`.
    pub(crate) fn is_under_way_at(&self, when: f64) -> bool {
        let progress = self.began.map(|began| self.transition.progress(when - began));
        self.is_held || progress != Some(None)
    }

    /// Draws the screen as it is at `when`, where another transition cuts this one short. `coming` is the scene that
    /// comes as it is seen then, with `assets`; `living` that which leaves, if somebody else lets it go on.
    pub(crate) fn stop_at(
        &mut self,
        when: f64,
        (coming, assets): (&Canvas, &Assets),
        living: Option<&Canvas>,
        manner: Manner,
        workers: &Workers,
    ) {
        if !self.is_held && self.advance(when, assets, manner) {
            let (crossing, screen) = self.draw(coming, living);
            cross(&crossing, true, screen, None, Some(workers));
        }
    }

    /// Goes on to `seconds` of scene time. Returns whether it is still under way.
    pub(crate) fn advance(&mut self, seconds: f64, assets: &Assets, manner: Manner) -> bool {
        if self.is_held {
            return true;
        }
        let state = self.transition.asset().and_then(|id| assets.state(id));
        let is_coming = matches!(state, Some(AssetState::Loading | AssetState::Unloaded { .. }));
        let may_wait = is_coming && (0.0..PATIENCE).contains(&(seconds - self.asked));
        if self.began.is_none() && !may_wait {
            // If it has not waited, it began when it was asked for, whenever the next frame is drawn.
            self.began = Some(if seconds > self.asked { seconds } else { self.when.unwrap_or(seconds) });
        }
        let elapsed = self.began.map_or(0.0, |began| seconds - began);
        let Some(progress) = self.transition.progress(elapsed) else { return false };
        if let Some(AssetState::Image(_) | AssetState::Animation(_)) = state {
            self.cover = state.cloned();
        }
        let picture = match &self.cover {
            Some(AssetState::Image(image)) => Some(image.clone()),
            Some(AssetState::Animation(image)) => image.frame(image.frame_at(elapsed, None)).cloned(),
            _ => None,
        };
        self.stand = Stand { progress, picture: picture.filter(|_| self.began.is_some()) };
        if let Some(left) = self.left.take() {
            self.living = Some(Living::new(*left, manner));
        }
        if let Some(living) = &mut self.living
            && (living.advance(seconds, manner) || !self.moves)
        {
            self.moves = true;
            self.shown = None;
        }
        true
    }

    /// The asset that it shows.
    pub(crate) fn asset(&self) -> Option<&AssetId> {
        self.transition.asset()
    }

    /// What is on the screen.
    pub(crate) fn screen(&self) -> &Canvas {
        if self.is_held { &self.leaving } else { &self.screen }
    }

    /// Whether the screen shows another moment than the present one.
    pub(crate) fn is_due(&self) -> bool {
        self.shown.as_ref() != Some(&self.stand)
    }

    /// The scene that leaves as a variant of the stream shows it, once it has gone on: 0 is the stream's own picture.
    pub(crate) fn living(&self, variant: usize) -> Option<&Canvas> {
        self.living.as_ref().filter(|_| self.moves)?.canvas(variant)
    }

    /// Lets the scene that leaves go on no more; what was seen of it last stays. Returns it if it has gone on.
    pub(crate) fn stop_living(&mut self) -> Option<Living> {
        self.left = None;
        let living = self.living.take().filter(|_| self.moves)?;
        self.keep(&living, 0);
        Some(living)
    }

    /// Keeps what is seen of the scene that leaves, as a variant of the stream shows it: 0 is the stream's own picture.
    pub(crate) fn keep(&mut self, living: &Living, variant: usize) {
        if let Some(canvas) = living.canvas(variant) {
            self.leaving.copy_tiles(canvas, &TileSet::all(canvas.width(), canvas.height()));
        }
    }

    /// The memory that the pictures of the scene that leaves take, if it goes on or will.
    pub(crate) fn living_rasters(&self) -> Option<RasterShare> {
        self.living.as_ref().map(Living::rasters).or_else(|| self.left.as_ref().map(|left| left.share()))
    }

    /// Notes that the screen is being drawn, and gives what that takes. `coming` is the canvas of the scene that comes,
    /// `living` that of the one that leaves if somebody else lets it go on.
    pub(crate) fn draw<'a>(
        &'a mut self,
        coming: &'a Canvas,
        living: Option<&'a Canvas>,
    ) -> (Crossing<'a>, &'a mut Canvas) {
        self.shown = Some(self.stand.clone());
        let Stand { progress, picture } = &self.stand;
        let own = self.living.as_ref().filter(|_| self.moves).and_then(|living| living.canvas(0));
        let crossing = Crossing {
            transition: &self.transition,
            progress: *progress,
            picture: picture.as_ref(),
            leaving: living.or(own).unwrap_or(&self.leaving),
            coming,
        };
        (crossing, &mut self.screen)
    }
}

/// Begins the transitions that were asked for, and moves the one that is under way on to the present scene time.
pub fn advance_transition(
    time: Res<SceneTime>,
    assets: Res<Assets>,
    (quality, patience, rasters): (Res<RenderQuality>, Res<Patience>, Res<RasterMemory>),
    workers: Res<Workers>,
    mut departures: ResMut<Departures>,
    mut program: ResMut<Program>,
) {
    if departures.is_empty() && !program.is_passing() {
        return;
    }
    let size = program.size();
    let manner = Manner::new(*quality, *patience, *rasters, size);
    let may_wait = *patience != Patience::Endless;
    for departure in departures.take() {
        program.begin_passage(departure, time.seconds, may_wait, manner, &workers);
    }
    program.advance_passage(time.seconds, &assets, manner);
}
