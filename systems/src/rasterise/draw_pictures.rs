//! Draws the pictures that are made of other layers.

use std::time::Instant;

use bevy_ecs::system::{ParamSet, Query, Res, ResMut, SystemParam};
use components::{Effects, LayerId, Mask, PixelRect, ShownEffects, ShownMask};
use kurbo::Affine;

use super::{
    RasterCache, RasterMemory, Rasterised,
    background::{Background, Job, Patience, PictureWork, Work, wait_for_pictures},
    composite::{Canvas, Step, compose},
    content::{
        surface::{Grid, Surface},
        text::Fonts,
    },
    draw::{Laid, display_list},
    effects,
    estimate::is_long_picture,
    fault::{self, Fault, FaultInjection, Faults, guarded},
    mask,
    picture::{Finish, Needed, PictureId, Pictures, Recipe},
    pixmap::Raster,
};
use crate::{clock::SceneTime, cull::DrawList, damage::Damage, tiles::TileSet, viewport::Viewport, workers::Workers};

/// Draws the pictures that this tick's damage needs, where the ones that are there do not serve. Those that take long are
/// drawn in the background; see there.
///
/// In the place of a group or a mask whose drawing panics stands a card, and it is tried again later.
pub fn draw_pictures(
    made_of: MadeOf<'_>,
    layers: Query<(&LayerId, &ShownEffects, &ShownMask)>,
    workers: Res<Workers>,
    mut background: ResMut<Background>,
    mut fonts: ResMut<Fonts>,
    mut caches: ParamSet<(Query<Laid<'static>>, Query<&mut RasterCache>)>,
    mut faults: ResMut<Faults>,
    mut rasterised: ResMut<Rasterised>,
    mut memory: ResMut<RasterMemory>,
    mut pictures: ResMut<Pictures>,
) {
    let MadeOf { time, list, damage, injection, patience } = made_of;
    // Most scenes have no such pictures, or none that changes.
    if damage.0.is_empty() || !pictures.any_stale() {
        return;
    }
    let began = Instant::now();
    let mut missing = Vec::new();
    for id in Needed::new(&list, &damage, &pictures).pictures {
        let (PictureId::Group(entity) | PictureId::Mask(entity)) = id;
        let (Some(picture), Ok((layer, effects, ShownMask(mask)))) = (pictures.all.get(&id), layers.get(entity)) else {
            continue;
        };
        let steps = display_list(&picture.recipe.steps, &caches.p0(), &pictures, picture.recipe.sampling);
        let card = matches!(id, PictureId::Mask(_)).then(|| card_among(&steps, &picture.recipe)).flatten();
        if card.is_some() {
            if let Some(picture) = pictures.all.get_mut(&id) {
                (picture.raster, picture.drawn, picture.must_wait) = (card, Some(picture.revision), false);
                rasterised.0 += 1;
            }
            continue;
        }
        let mask = mask.as_ref();
        let is_long = is_long_picture(&picture.recipe, &steps, effects, mask, picture.cost, *patience);
        if !picture.must_wait && is_long {
            memory.late += 1;
            let of_all = !pictures.lacks_any_of(&id, &caches.p0());
            if !of_all && picture.raster.is_none() {
                // What it lacks is being drawn, and comes soon: half a picture is not shown before.
                continue;
            }
            if !picture.is_pending {
                let revision = picture.revision;
                let work = Work::Picture(Box::new(PictureWork {
                    id,
                    revision,
                    recipe: picture.recipe.clone(),
                    steps,
                    effects: effects.effects.clone(),
                    mask: mask.cloned(),
                }));
                let (layer, injection) = (layer.clone(), *injection);
                background.start(Job { entity, is_needed: true, layer, injection, faces: None, work });
                if picture.raster.is_none() {
                    missing.push(id);
                }
            }
            if let Some(picture) = pictures.all.get_mut(&id)
                && !std::mem::replace(&mut picture.is_pending, true)
            {
                picture.of_all = of_all;
            }
            continue;
        }
        let started = Instant::now();
        let drawn = guarded(|| {
            injection.strike(layer);
            draw_picture(&picture.recipe, &steps, effects, mask, Some(&workers))
        });
        let spent = started.elapsed();
        if let Ok(mut cache) = caches.p1().get_mut(entity) {
            cache.count(spent);
            match &drawn {
                Ok(_) => cache.fault = None,
                Err(words) => {
                    tracing::error!(layer = layer.as_str(), "drawing panicked: {words}");
                    workers.count_panic();
                    faults.any = true;
                    cache.fault = Some(Fault::after(cache.fault, time.tick));
                }
            }
        }
        if let Some(picture) = pictures.all.get_mut(&id) {
            let Recipe { grid, scale, .. } = picture.recipe;
            picture.must_wait &= drawn.is_err();
            picture.raster = match drawn {
                Ok(raster) => raster,
                Err(words) => fault::card(layer, grid.area(scale), scale, &words, &mut fonts),
            };
            (picture.drawn, picture.cost) = (Some(picture.revision), spent);
            rasterised.0 += 1;
        }
    }
    if let Patience::Within(budget) = *patience {
        wait_for_pictures(missing, began + budget, &mut background, &mut pictures, &mut caches.p1());
    }
}

/// The card of a layer that a mask is to be made of and that cannot be shown, if there is one: its picture would be taken
/// for the mask. It stands where the mask does.
fn card_among(steps: &[Step], recipe: &Recipe) -> Option<Raster> {
    let card = steps.iter().find_map(|step| match step {
        Step::Layer(layer) if layer.raster.is_card => Some(layer),
        _ => None,
    })?;
    let Recipe { grid, scale, .. } = recipe;
    let to_layer = Affine::scale_non_uniform(1.0 / scale.0, 1.0 / scale.1)
        * Affine::translate((f64::from(grid.left), f64::from(grid.top)))
        * card.affine;
    Some(Raster { to_layer, ..card.raster.clone() })
}

/// What pictures are drawn by.
#[derive(SystemParam)]
pub struct MadeOf<'w> {
    time: Res<'w, SceneTime>,
    list: Res<'w, DrawList>,
    damage: Res<'w, Damage>,
    injection: Res<'w, FaultInjection>,
    patience: Res<'w, Patience>,
}

/// Lays the steps onto a transparent picture and does to it what its recipe says. `None` where there is nothing, or where
/// it would get too large.
pub(super) fn draw_picture(
    recipe: &Recipe,
    steps: &[Step],
    effects: &Effects,
    mask: Option<&Mask>,
    workers: Option<&Workers>,
) -> Option<Raster> {
    let surface = composed(recipe, steps, workers)?;
    let surface = match recipe.finish {
        Finish::Mask { channel, deviation } => mask::from_channel(surface, channel, deviation)?,
        Finish::Group { frame, .. } => {
            let surface = effects::apply(effects, surface, frame);
            match mask {
                Some(mask) => mask::apply(mask, surface),
                None => surface,
            }
        }
    };
    Some(surface.into_raster())
}

/// Lays the steps onto a transparent picture.
fn composed(recipe: &Recipe, steps: &[Step], workers: Option<&Workers>) -> Option<Surface> {
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
    compose(steps, &viewport, &TileSet::all(columns, rows), &mut canvas, None, workers);
    Surface::from_pixels(canvas.into_pixels().into_flattened(), recipe.grid, recipe.scale)
}
