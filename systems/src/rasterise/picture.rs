//! Pictures that are made of other layers: groups with effects, and layers as masks of others. They are kept as long as
//! what they are made of stays the same.

use std::collections::{HashMap, HashSet};

use bevy_ecs::{
    entity::Entity,
    resource::Resource,
    system::{ParamSet, Query, Res, ResMut},
};
use components::{Effects, LayerId, LayerMask, MaskChannel, PixelRect};
use kurbo::{Affine, Rect};

use super::{
    RasterCache, Rasterised,
    composite::{Canvas, Step, compose},
    content::surface::{Grid, Surface},
    draw::display_list,
    effects,
    fault::{Fault, FaultInjection, Faults, guarded},
    mask,
    pixmap::Raster,
};
use crate::{
    clock::SceneTime,
    cull::{DrawList, DrawStep, Drawn},
    damage::Damage,
    quality::Quality,
    tiles::TileSet,
    viewport::Viewport,
    workers::Workers,
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
struct Picture {
    recipe: Recipe,
    revision: u64,
    /// The revision that `raster` shows.
    drawn: Option<u64>,
    raster: Option<Raster>,
    /// The round of culling in which it was listed last.
    listed: u64,
}

/// All such pictures.
#[derive(Resource, Clone, Debug, Default)]
pub struct Pictures {
    all: HashMap<PictureId, Picture>,
    /// Revisions given so far.
    revisions: u64,
    round: u64,
}

/// Rounds of culling for which a picture that is not listed is kept.
const KEPT: u64 = 128;

impl Pictures {
    pub(crate) fn begin_round(&mut self) {
        self.round += 1;
        let round = self.round;
        self.all.retain(|_, picture| round - picture.listed < KEPT);
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
        self.all.insert(id, Picture { recipe, revision, drawn: None, raster: None, listed: round });
        revision
    }

    /// The pixels of a picture.
    pub(crate) fn raster(&self, id: PictureId) -> Option<&Raster> {
        self.all.get(&id)?.raster.as_ref()
    }

    /// Bytes of the pixels of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        let rasters = self.all.values().filter_map(|picture| picture.raster.as_ref());
        rasters.map(|raster| raster.pixels.len() as u64).sum()
    }

    /// Whether one that is listed is not up to date.
    fn any_stale(&self) -> bool {
        self.all.values().any(|picture| picture.listed == self.round && picture.drawn != Some(picture.revision))
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
        if picture.drawn != Some(picture.revision) && self.seen.insert(id) {
            self.add(&picture.recipe.steps, pictures, |_| true);
            self.pictures.push(id);
        }
    }
}

/// Draws the pictures that this tick's damage needs, where the ones that are there do not serve.
///
/// One whose drawing panics is left out, and is tried again later.
pub fn draw_pictures(
    time: Res<SceneTime>,
    list: Res<DrawList>,
    damage: Res<Damage>,
    injection: Res<FaultInjection>,
    layers: Query<(&LayerId, &Effects, &LayerMask)>,
    workers: Res<Workers>,
    mut caches: ParamSet<(Query<(&RasterCache, &LayerMask)>, Query<&mut RasterCache>)>,
    mut faults: ResMut<Faults>,
    mut rasterised: ResMut<Rasterised>,
    mut pictures: ResMut<Pictures>,
) {
    // Most scenes have no such pictures, or none that changes.
    if damage.0.is_empty() || !pictures.any_stale() {
        return;
    }
    for id in Needed::new(&list, &damage, &pictures).pictures {
        let (PictureId::Group(entity) | PictureId::Mask(entity)) = id;
        let (Some(picture), Ok((layer, effects, LayerMask(mask)))) = (pictures.all.get(&id), layers.get(entity)) else {
            continue;
        };
        let steps = display_list(&picture.recipe.steps, &caches.p0(), &pictures, picture.recipe.sampling);
        let drawn = guarded(|| {
            injection.strike(layer);
            let surface = composed(&picture.recipe, &steps, &workers)?;
            match picture.recipe.finish {
                Finish::Mask { channel, deviation } => mask::from_channel(surface, channel, deviation),
                Finish::Group { frame, .. } => {
                    let surface = effects::apply(effects, surface, frame);
                    Some(match mask {
                        Some(mask) => mask::apply(mask, surface),
                        None => surface,
                    })
                }
            }
        });
        if let Ok(mut cache) = caches.p1().get_mut(entity) {
            match &drawn {
                Ok(_) => cache.fault = None,
                Err(words) => {
                    tracing::error!(layer = layer.as_str(), "drawing panicked, and is left out: {words}");
                    workers.count_panic();
                    faults.any = true;
                    cache.fault = Some(Fault::after(cache.fault, time.tick));
                }
            }
        }
        if let Some(picture) = pictures.all.get_mut(&id) {
            picture.raster = drawn.ok().flatten().map(Surface::into_raster);
            picture.drawn = Some(picture.revision);
            rasterised.0 += 1;
        }
    }
}

/// Lays the steps onto a transparent picture.
fn composed(recipe: &Recipe, steps: &[Step], workers: &Workers) -> Option<Surface> {
    let Grid { width, height, .. } = recipe.grid;
    let (columns, rows) = (width as usize, height as usize);
    let viewport = Viewport {
        width: columns,
        height: rows,
        canvas: (f64::from(width), f64::from(height)),
        affine: Affine::IDENTITY,
        clip: PixelRect::new(0, 0, width as i32, height as i32),
        background: [0; 4],
    };
    let mut canvas = Canvas::new(columns, rows);
    compose(steps, &viewport, &TileSet::all(columns, rows), &mut canvas, None, Some(workers));
    Surface::from_pixels(canvas.pixels().as_flattened().to_vec(), recipe.grid, recipe.scale)
}
