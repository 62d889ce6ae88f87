//! Draws the rasters that a tick needs, side by side.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use bevy_ecs::{
    entity::Entity,
    query::With,
    resource::Resource,
    system::{Local, Query, Res, ResMut, SystemParam},
};
use components::{AnimatedContent, Content, Effects, Extent, LayerId, Mask, ShownEffects, ShownMask};
use kurbo::Rect;

use super::{
    RasterCache, RasterMemory,
    background::{
        AwaitedLines, Background, Job, LayerWork, Patience, Work, assets_of, faces_for, is_suitable, lines_of,
        wait_for_layers,
    },
    cache::Key,
    content::text::Fonts,
    estimate::Planned,
    fault::{self, Fault, FaultInjection, Faults},
    picture::{Needed, Pictures},
    pixmap::Raster,
    studio::{Pixels, SpareFonts, Studio},
};
use crate::{
    assets::Assets,
    clock::SceneTime,
    cull::{DrawList, DrawStep, Drawn},
    damage::Damage,
    place::Ink,
    quality::{Quality, RenderQuality},
    viewport::Viewport,
    workers::Workers,
};

/// How many layers' own pictures this tick has drawn anew.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rasterised(pub usize);

type Painted<'w> =
    (&'w LayerId, &'w Content, &'w AnimatedContent, &'w ShownEffects, &'w ShownMask, &'w Ink, &'w Extent);

/// The layers as they are drawn, and the state that drawing goes by.
#[derive(SystemParam)]
pub struct Scene<'w, 's> {
    pub(super) time: Res<'w, SceneTime>,
    pub(super) viewport: Res<'w, Viewport>,
    list: Res<'w, DrawList>,
    damage: Res<'w, Damage>,
    pictures: Res<'w, Pictures>,
    pub(super) assets: Res<'w, Assets>,
    quality: Res<'w, RenderQuality>,
    patience: Res<'w, Patience>,
    lines: Res<'w, AwaitedLines>,
    pub(super) injection: Res<'w, FaultInjection>,
    layers: Query<'w, 's, Painted<'static>>,
}

/// Draws the rasters of all layers that this tick's damage needs, where the cached ones do not serve.
///
/// A layer whose drawing panics gets a card that says so, and is tried again later.
pub fn refresh_rasters(
    scene: Scene<'_, '_>,
    mut fonts: ResMut<Fonts>,
    spare: Local<SpareFonts>,
    workers: Res<Workers>,
    mut rasterised: ResMut<Rasterised>,
    mut memory: ResMut<RasterMemory>,
    mut faults: ResMut<Faults>,
    mut background: ResMut<Background>,
    mut caches: Query<&mut RasterCache, With<LayerId>>,
) {
    rasterised.0 = 0;
    if scene.damage.0.is_empty() {
        return;
    }
    let began = Instant::now();
    let (mut due, missing) = scene.due(&mut caches, &mut memory, &background, &fonts);
    rasterised.0 = due.len();
    // What takes longest first: the last threads to finish have little left to do then.
    due.sort_by_key(|due| std::cmp::Reverse(due.cost));
    let entities: Vec<(Entity, Key)> = due.iter().map(|due| (due.entity, due.key)).collect();
    let studio = Studio { scene: &scene, fonts: Mutex::new(&mut fonts), spare: &spare };
    let drawn = workers.run(due, |due| studio.draw(&due));
    for ((entity, key), (outcome, spent)) in entities.into_iter().zip(drawn) {
        let Ok(mut cache) = caches.get_mut(entity) else { continue };
        cache.note_cost(key, spent);
        match outcome {
            Ok(Pixels { raster, window }) => {
                (cache.raster, cache.window, cache.fault, cache.must_wait) = (raster, window, None, false);
            }
            Err(words) => {
                workers.count_panic();
                faults.any = true;
                cache.fault = Some(Fault::after(cache.fault, scene.time.tick));
                (cache.raster, cache.window) = (scene.card(entity, key, &words, &mut fonts), None);
            }
        }
    }
    if let Patience::Within(budget) = *scene.patience {
        wait_for_layers(missing, began + budget, scene.time.tick, &mut background, &mut caches);
    }
}

/// A raster that must be drawn.
pub(super) struct Due<'a> {
    entity: Entity,
    pub(super) key: Key,
    /// What it took last time.
    cost: Duration,
    pub(super) layer: &'a LayerId,
    pub(super) picture: Picture<'a>,
}

/// What a raster shows.
pub(super) enum Picture<'a> {
    Layer {
        content: &'a Content,
        effects: &'a Effects,
        mask: Option<&'a Mask>,
        /// What is seen through, in layer pixels, where the pixels move within the layer by themselves.
        window: Option<Rect>,
    },
    /// A group's mask alone.
    Mask(Option<&'a Mask>),
}

impl Scene<'_, '_> {
    /// What must be drawn by this tick, which the caches count as drawn from now on; and the layers that have no picture
    /// and whose drawing was begun in the background.
    fn due(
        &self,
        caches: &mut Query<&mut RasterCache, With<LayerId>>,
        memory: &mut RasterMemory,
        background: &Background,
        fonts: &Fonts,
    ) -> (Vec<Due<'_>>, Vec<Entity>) {
        let (mut due, mut missing) = (Vec::<Due<'_>>::new(), Vec::new());
        let needed = Needed::new(&self.list, &self.damage, &self.pictures);
        // Only what is part of a picture may be needed more than once.
        let may_repeat = !needed.pictures.is_empty();
        let mut begun = HashMap::new();
        memory.effects += needed.counts;
        for step in &needed.rasters {
            let Some(drawn) = step.drawn() else { continue };
            let entity = drawn.entity;
            let Ok((layer, content, animated, effects, mask, ink, extent)) = self.layers.get(entity) else { continue };
            let Ok(mut cache) = caches.get_mut(entity) else { continue };
            let precision = if effects.0.is_empty() { Quality::High } else { self.quality.effects };
            let Drawn { revision, scale, part, .. } = *drawn;
            let key = Key { revision, scale, part, effects: precision, extent: *extent };
            cache.used = self.time.tick;
            let is_there = cache.key.is_some_and(|known| known.serves(&key));
            if !effects.0.is_empty() {
                memory.effects.count(is_there);
            }
            if is_there {
                memory.hits += 1;
                continue;
            }
            memory.misses += 1;
            // While a content is animated, one moment of it takes about as long as the next.
            if animated.0.is_none() {
                cache.forget_cost_of_others(drawn.revision);
            }
            let mask = mask.0.as_ref();
            let picture = match step {
                DrawStep::BeginGroup(_) => Picture::Mask(mask),
                _ => {
                    let window = drawn.scrolled.map(|scrolled| scrolled.window);
                    let content = self.lines.shown(entity).or(animated.0.as_ref()).unwrap_or(content);
                    Picture::Layer { content, effects, mask, window }
                }
            };
            if let Picture::Layer { content, window, .. } = picture
                && is_suitable(content, &self.assets)
                && (Planned { content, effects, mask, ink: ink.0, key }).is_long(
                    &cache,
                    *self.patience,
                    &self.assets,
                    fonts,
                )
            {
                memory.late += 1;
                let was_awaited = std::mem::replace(&mut cache.is_awaited, true);
                if cache.is_pending && !was_awaited {
                    background.promote(entity);
                    if cache.raster.is_none() {
                        missing.push(entity);
                    }
                }
                if !cache.is_pending {
                    cache.is_pending = true;
                    background.start(Job {
                        entity,
                        is_needed: true,
                        layer: layer.clone(),
                        injection: *self.injection,
                        faces: faces_for(content, fonts),
                        work: Work::Layer(Box::new(LayerWork {
                            key,
                            content: content.clone(),
                            effects: effects.effects.clone(),
                            mask: mask.cloned(),
                            window,
                            assets: assets_of(content, &self.assets),
                            canvas: self.viewport.canvas,
                            lines: lines_of(content, fonts),
                        })),
                    });
                    if cache.raster.is_none() {
                        missing.push(entity);
                    }
                }
                continue;
            }
            // What was there goes before all that takes its place is drawn: both at once would be twice as much.
            (cache.key, cache.raster, cache.window) = (Some(key), None, None);
            let cost = cache.took.map_or(Duration::ZERO, |took| took.spent);
            let new = Due { entity, key, cost, layer, picture };
            match begun.get(&entity) {
                // The last one decides; each has a place of its own, whatever its scale.
                Some(index) => due[*index] = new,
                None => {
                    if may_repeat {
                        begun.insert(entity, due.len());
                    }
                    due.push(new);
                }
            }
        }
        (due, missing)
    }

    /// What is shown in the place of a layer whose drawing panicked; nothing if not even that can be drawn.
    fn card(&self, entity: Entity, key: Key, words: &str, fonts: &mut Fonts) -> Option<Raster> {
        let (id, _, _, _, _, Ink(ink), _) = self.layers.get(entity).ok()?;
        tracing::error!(layer = id.as_str(), "drawing panicked: {words}");
        fault::card(id, *ink, key.scale, words, fonts)
    }
}
