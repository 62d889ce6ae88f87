//! Pictures that are made of other layers: groups with effects, and layers as masks of others. They are kept as long as
//! what they are made of stays the same.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use bevy_ecs::{entity::Entity, resource::Resource, system::Query};
use components::MaskChannel;
use kurbo::Rect;

use super::{RasterCache, content::surface::Grid, draw::Laid, pixmap::Raster};
use crate::{
    caches::CacheCounts,
    cull::{DrawList, DrawStep, Drawn},
    damage::Damage,
    quality::Quality,
};

/// Which picture it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureId {
    /// All of this group.
    Group(Entity),
    /// The mask of this layer.
    Mask(Entity),
}

/// What a picture follows from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe {
    /// What is drawn, in pixels of the picture.
    pub(crate) steps: Vec<DrawStep>,
    /// Where the picture lies among the raster pixels of its layer.
    pub(crate) grid: Grid,
    /// Raster pixels per layer pixel.
    pub(crate) scale: (f64, f64),
    /// How carefully the steps are drawn.
    pub(crate) sampling: Quality,
    /// What is done to it then.
    pub(crate) finish: Finish,
}

/// What is done to a picture after it is composed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Finish {
    /// The group's effects and the shape that is its mask, of this revision; `frame` stands for its box.
    Group { revision: u64, frame: Rect },
    /// Only a channel counts, blurred by a standard deviation in raster pixels.
    Mask { channel: MaskChannel, deviation: f64 },
}

#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) recipe: Recipe,
    pub(super) revision: u64,
    /// The revision that `raster` shows; while another one is being drawn, that is an older one.
    pub(super) drawn: Option<u64>,
    pub(super) raster: Option<Raster>,
    /// Time that drawing took last; zero if it never was.
    pub(super) cost: Duration,
    /// Whether it is being drawn in the background …
    pub(super) is_pending: bool,
    /// … from pictures of all that it is made of.
    pub(super) of_all: bool,
    /// Whether one of them was there that was made of all.
    pub(super) is_whole: bool,
    /// Whether the tick must draw it, since drawing it in the background has failed.
    pub(super) must_wait: bool,
    /// The round of culling in which it was listed last.
    listed: u64,
}

/// All such pictures.
#[derive(Resource, Clone, Debug, Default)]
pub struct Pictures {
    pub(super) all: HashMap<PictureId, Picture>,
    /// Revisions given so far.
    revisions: u64,
    round: u64,
    /// What this round has put others in the place of; nothing for what is new. In order.
    replaced: Vec<(PictureId, Option<Replaced>)>,
}

/// What a picture followed from before the present round.
#[derive(Clone, Debug)]
struct Replaced {
    recipe: Recipe,
    revision: u64,
    listed: u64,
    cost: Duration,
}

/// Rounds of culling for which a picture that is not listed is kept.
const KEPT: u64 = 128;

impl Pictures {
    pub(crate) fn begin_round(&mut self) {
        self.replaced.clear();
        self.round += 1;
        let round = self.round;
        self.all.retain(|_, picture| round - picture.listed < KEPT);
    }

    /// Takes back what was listed in this round.
    pub(crate) fn forget_round(&mut self) {
        while let Some((id, before)) = self.replaced.pop() {
            match (before, self.all.get_mut(&id)) {
                (Some(Replaced { recipe, revision, listed, cost }), Some(picture)) => {
                    (picture.recipe, picture.revision) = (recipe, revision);
                    (picture.listed, picture.cost) = (listed, cost);
                }
                _ => {
                    self.all.remove(&id);
                }
            }
        }
    }

    /// The recipe and the revision of a picture that was listed in this round already.
    pub(crate) fn listed(&self, id: PictureId) -> Option<(&Recipe, u64)> {
        let picture = self.all.get(&id)?;
        (picture.listed == self.round).then_some((&picture.recipe, picture.revision))
    }

    /// Takes down what a picture is to be; returns its revision, another one if it differs from before.
    pub(crate) fn list(&mut self, id: PictureId, recipe: Recipe) -> u64 {
        let round = self.round;
        if let Some(picture) = self.all.get_mut(&id)
            && picture.recipe == recipe
        {
            picture.listed = round;
            return picture.revision;
        }
        self.revisions += 1;
        let revision = self.revisions;
        match self.all.get_mut(&id) {
            Some(picture) => {
                let cost = picture.cost;
                if !picture.recipe.is_as_much_work_as(&recipe) {
                    picture.cost = Duration::ZERO;
                }
                let before = Replaced {
                    recipe: std::mem::replace(&mut picture.recipe, recipe),
                    revision: std::mem::replace(&mut picture.revision, revision),
                    listed: std::mem::replace(&mut picture.listed, round),
                    cost,
                };
                self.replaced.push((id, Some(before)));
            }
            None => {
                let (drawn, raster, cost) = (None, None, Duration::ZERO);
                let (is_pending, of_all, is_whole, must_wait) = (false, false, false, false);
                let new = Picture {
                    recipe,
                    revision,
                    drawn,
                    raster,
                    cost,
                    is_pending,
                    of_all,
                    is_whole,
                    must_wait,
                    listed: round,
                };
                self.all.insert(id, new);
                self.replaced.push((id, None));
            }
        }
        revision
    }

    /// Takes in a picture that was drawn in the background as it was to be at `revision`. All that shows it is damaged.
    pub(super) fn take_in(
        &mut self,
        id: PictureId,
        revision: u64,
        drawn: Result<Option<Raster>, String>,
        spent: Duration,
        cache: &mut RasterCache,
    ) {
        self.put(id, revision, drawn, spent, cache);
        if let Some(picture) = self.all.get_mut(&id) {
            self.revisions += 1;
            let before = std::mem::replace(&mut picture.revision, self.revisions);
            // It is the present one, unless what it is made of has changed meanwhile.
            picture.drawn = picture.drawn.filter(|drawn| *drawn == before).map(|_| self.revisions);
        }
    }

    /// As [`take_in`](Self::take_in), for a tick that has not drawn the frame yet.
    pub(super) fn put(
        &mut self,
        id: PictureId,
        revision: u64,
        drawn: Result<Option<Raster>, String>,
        spent: Duration,
        cache: &mut RasterCache,
    ) {
        let Some(picture) = self.all.get_mut(&id) else { return };
        picture.is_pending = false;
        match drawn {
            Ok(raster) => {
                (picture.raster, picture.drawn, picture.cost) = (raster, Some(revision), spent);
                cache.count(spent);
                picture.is_whole |= picture.of_all;
                cache.fault = None;
            }
            // The tick that needs it meets the panic itself, and shows it.
            Err(_) => picture.must_wait = true,
        }
    }

    /// The pixels of a picture.
    pub(crate) fn raster(&self, id: PictureId) -> Option<&Raster> {
        self.all.get(&id)?.raster.as_ref()
    }

    /// The pixels of a picture, if they are older than what is to be seen.
    pub(super) fn stale_raster(&self, id: PictureId) -> Option<&Raster> {
        let picture = self.all.get(&id)?;
        picture.raster.as_ref().filter(|_| picture.drawn != Some(picture.revision))
    }

    /// Whether a picture is being drawn and there was none yet that was made of all that it should be made of.
    pub(super) fn is_missing(&self, id: PictureId) -> bool {
        self.all.get(&id).is_some_and(|picture| picture.is_pending && !picture.is_whole)
    }

    /// Bytes of the pixels of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        let rasters = self.all.values().filter_map(|picture| picture.raster.as_ref());
        rasters.map(|raster| raster.pixels.len() as u64).sum()
    }

    /// Whether one that is listed is not up to date.
    pub(super) fn any_stale(&self) -> bool {
        self.all.values().any(|picture| picture.listed == self.round && picture.drawn != Some(picture.revision))
    }

    /// Whether anything that a picture is made of is not there yet.
    pub(super) fn lacks_any_of(&self, id: &PictureId, caches: &Query<Laid<'static>>) -> bool {
        let Some(picture) = self.all.get(id) else { return true };
        picture.recipe.steps.iter().filter_map(|step| Some((step, step.drawn()?))).any(|(step, drawn)| {
            let mask = PictureId::Mask(drawn.entity);
            match step {
                _ if drawn.covered => false,
                DrawStep::Picture(_) => self.is_missing(PictureId::Group(drawn.entity)),
                _ if drawn.mask.is_some() => self.is_missing(mask),
                _ => caches.get(drawn.entity).is_ok_and(|(cache, ..)| cache.is_missing()),
            }
        })
    }

    /// The steps of all pictures that are listed.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &DrawStep> {
        self.all.values().filter(|picture| picture.listed == self.round).flat_map(|picture| &picture.recipe.steps)
    }
}

/// What must be drawn before the damage is.
#[derive(Debug, Default)]
pub(crate) struct Needed {
    /// Steps of layers and of masks that are shapes, whose own rasters are laid down.
    pub(crate) rasters: Vec<DrawStep>,
    /// Pictures that are not up to date, those that others need first.
    pub(crate) pictures: Vec<PictureId>,
    /// How often a picture was needed and was up to date or not.
    pub(crate) counts: CacheCounts,
    seen: HashSet<PictureId>,
}

impl Needed {
    pub(crate) fn new(list: &DrawList, damage: &Damage, pictures: &Pictures) -> Self {
        let mut needed = Self::default();
        needed.add(&list.steps, pictures, |drawn| damage.0.intersects(drawn.bounds));
        needed
    }

    fn add(&mut self, steps: &[DrawStep], pictures: &Pictures, counts: impl Fn(&Drawn) -> bool) {
        for step in steps {
            let Some(drawn) = step.drawn().filter(|drawn| !drawn.covered && counts(drawn)) else { continue };
            match step {
                DrawStep::Picture(_) => self.visit(PictureId::Group(drawn.entity), pictures),
                _ if drawn.mask.is_some() => self.visit(PictureId::Mask(drawn.entity), pictures),
                _ => self.rasters.push(*step),
            }
        }
    }

    fn visit(&mut self, id: PictureId, pictures: &Pictures) {
        let Some(picture) = pictures.all.get(&id) else { return };
        let is_there = picture.drawn == Some(picture.revision);
        self.counts.count(is_there);
        if !is_there && self.seen.insert(id) {
            self.add(&picture.recipe.steps, pictures, |_| true);
            self.pictures.push(id);
        }
    }
}

impl Recipe {
    /// Whether another one, of the same layer, is likely to take about as long to be drawn.
    fn is_as_much_work_as(&self, other: &Self) -> bool {
        let size = |recipe: &Self| (recipe.grid.width, recipe.grid.height, recipe.steps.len());
        let finish = |recipe: &Self| match recipe.finish {
            Finish::Group { revision, .. } => revision,
            Finish::Mask { .. } => 0,
        };
        size(self) == size(other) && finish(self) == finish(other)
    }
}
