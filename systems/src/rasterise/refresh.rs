//! Draws the rasters that a tick needs, side by side.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bevy_ecs::{
    entity::Entity,
    query::With,
    resource::Resource,
    system::{Local, Query, Res, ResMut, SystemParam},
};
use components::{
    AnimatedContent, AssetId, Content, Effects, LayerId, LayerMask, Mask, Point,
    content::{FillRule, Geometry, ShapeContent},
};
use kurbo::{Affine, Rect};

use super::{
    RasterCache, RasterMemory,
    background::{Background, Job, Patience, assets_of, is_suitable, wait_for},
    cache::Key,
    content::{DrawContext, draw_layer, error_card, text::Fonts},
    fault::{Fault, FaultInjection, Faults, guarded},
    mask::draw_mask,
    picture::{Needed, Pictures},
    pixmap::Raster,
};
use crate::{
    assets::{AssetState, Assets},
    clock::SceneTime,
    cull::{DrawList, DrawStep},
    damage::Damage,
    place::Ink,
    quality::{Quality, RenderQuality},
    viewport::Viewport,
    workers::Workers,
};

/// How many layers' own pictures this tick has drawn anew.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rasterised(pub usize);

type Painted<'w> = (&'w LayerId, &'w Content, &'w AnimatedContent, &'w Effects, &'w LayerMask, &'w Ink);

/// The layers as they are drawn, and the state that drawing goes by.
#[derive(SystemParam)]
pub struct Scene<'w, 's> {
    time: Res<'w, SceneTime>,
    viewport: Res<'w, Viewport>,
    list: Res<'w, DrawList>,
    damage: Res<'w, Damage>,
    pictures: Res<'w, Pictures>,
    assets: Res<'w, Assets>,
    quality: Res<'w, RenderQuality>,
    patience: Res<'w, Patience>,
    injection: Res<'w, FaultInjection>,
    layers: Query<'w, 's, Painted<'static>>,
}

/// Fonts for pictures that need none, unless something has gone wrong; see [`Studio`].
#[derive(Debug, Default)]
pub struct SpareFonts(Mutex<Vec<Fonts>>);

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
    let (mut due, missing) = scene.due(&mut caches, &mut memory, &background);
    rasterised.0 = due.len();
    // What takes longest first: the last threads to finish have little left to do then.
    due.sort_by_key(|due| std::cmp::Reverse(due.cost));
    let entities: Vec<(Entity, Key)> = due.iter().map(|due| (due.entity, due.key)).collect();
    let studio = Studio { scene: &scene, fonts: Mutex::new(&mut fonts), spare: &spare };
    let drawn = workers.run(due, |due| studio.draw(&due));
    for ((entity, key), (outcome, spent)) in entities.into_iter().zip(drawn) {
        let Ok(mut cache) = caches.get_mut(entity) else { continue };
        cache.cost = spent;
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
        wait_for(missing, began + budget, scene.time.tick, &mut background, &mut caches);
    }
}

/// A raster that must be drawn.
struct Due<'a> {
    entity: Entity,
    key: Key,
    /// What it took last time.
    cost: Duration,
    layer: &'a LayerId,
    picture: Picture<'a>,
}

/// Seconds that a pixel is guessed to take …
const PIXEL: f64 = 5e-9;
/// … and each effect on it.
const EFFECT_PIXEL: f64 = 25e-9;
/// Rasters are not larger than about this.
const MOST_PIXELS: f64 = 3e7;

/// What a raster shows.
enum Picture<'a> {
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

/// What was drawn.
struct Pixels {
    raster: Option<Raster>,
    window: Option<Raster>,
}

impl Scene<'_, '_> {
    /// What must be drawn by this tick, which the caches count as drawn from now on; and the layers that have no picture
    /// and whose drawing was begun in the background.
    fn due(
        &self,
        caches: &mut Query<&mut RasterCache, With<LayerId>>,
        memory: &mut RasterMemory,
        background: &Background,
    ) -> (Vec<Due<'_>>, Vec<Entity>) {
        let (mut due, mut missing) = (Vec::<Due<'_>>::new(), Vec::new());
        let needed = Needed::new(&self.list, &self.damage, &self.pictures);
        // Only what is part of a picture may be needed more than once.
        let may_repeat = !needed.pictures.is_empty();
        let mut begun = HashMap::new();
        for step in &needed.rasters {
            let Some(drawn) = step.drawn() else { continue };
            let entity = drawn.entity;
            let Ok((layer, content, animated, effects, mask, ink)) = self.layers.get(entity) else { continue };
            let Ok(mut cache) = caches.get_mut(entity) else { continue };
            let precision = if effects.0.is_empty() { Quality::High } else { self.quality.effects };
            let key = Key { revision: drawn.revision, scale: drawn.scale, effects: precision };
            cache.used = self.time.tick;
            if cache.key.is_some_and(|known| known.serves(&key)) {
                memory.hits += 1;
                continue;
            }
            memory.misses += 1;
            let mask = mask.0.as_ref();
            let picture = match step {
                DrawStep::BeginGroup(_) => Picture::Mask(mask),
                _ => {
                    let window = drawn.scrolled.map(|scrolled| scrolled.window);
                    Picture::Layer { content: animated.0.as_ref().unwrap_or(content), effects, mask, window }
                }
            };
            if let Picture::Layer { content, window: None, .. } = picture
                && self.is_long(content, &cache, key, ink, effects, mask)
                && is_suitable(content, &self.assets)
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
                        key,
                        is_needed: true,
                        layer: layer.clone(),
                        content: content.clone(),
                        effects: effects.clone(),
                        mask: mask.cloned(),
                        assets: assets_of(content, &self.assets),
                        canvas: self.viewport.canvas,
                        injection: *self.injection,
                    });
                    if cache.raster.is_none() {
                        missing.push(entity);
                    }
                }
                continue;
            }
            cache.key = Some(key);
            let new = Due { entity, key, cost: cache.cost, layer, picture };
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

    /// Whether a raster is expected to take longer than a tick has for it: by what it took last time, or, if it never was
    /// drawn, by its size.
    fn is_long(
        &self,
        content: &Content,
        cache: &RasterCache,
        key: Key,
        Ink(ink): &Ink,
        effects: &Effects,
        mask: Option<&Mask>,
    ) -> bool {
        let Patience::Within(budget) = *self.patience else { return false };
        if cache.must_wait {
            return false;
        }
        let known = (!cache.cost.is_zero()).then_some(cache.cost);
        // Nobody can tell how much work a drawing is before it is drawn.
        if known.is_none() && matches!(content, Content::Svg(_)) {
            return true;
        }
        let drawn = (ink.width() * key.scale.0 * ink.height() * key.scale.1).min(MOST_PIXELS);
        let pixels = drawn.max(self.source_pixels(content));
        let passes = effects.0.len() + usize::from(mask.is_some());
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let guess = || Duration::from_secs_f64(pixels.max(0.0) * (PIXEL + EFFECT_PIXEL * passes as f64));
        known.unwrap_or_else(guess) > budget
    }

    /// Pixels of the picture that a content is resampled from.
    fn source_pixels(&self, content: &Content) -> f64 {
        match content {
            Content::Image(image) => match self.assets.state(&image.asset) {
                Some(AssetState::Image(image)) => f64::from(image.width) * f64::from(image.height),
                _ => 0.0,
            },
            _ => 0.0,
        }
    }

    /// What is shown in the place of a layer whose drawing panicked; nothing if not even that can be drawn.
    fn card(&self, entity: Entity, key: Key, words: &str, fonts: &mut Fonts) -> Option<Raster> {
        let (id, _, _, _, _, Ink(ink)) = self.layers.get(entity).ok()?;
        let id = id.as_str();
        tracing::error!(layer = id, "drawing panicked: {words}");
        let says =
            format!("Layer `{id}` cannot be drawn: {words}. It is tried again soon; other layers are not affected.");
        let card = guarded(|| error_card::draw_words(says, (ink.width(), ink.height()), key.scale, fonts)).ok()??;
        let mut raster = card.into_raster();
        raster.to_layer = Affine::translate((ink.x0, ink.y0)) * raster.to_layer;
        Some(raster)
    }
}

/// What all who draw share.
///
/// Setting text changes what is kept of fonts, so that only one at a time can do it. All others draw meanwhile; each
/// gets fonts that nobody else has, though it should not need any.
struct Studio<'a> {
    scene: &'a Scene<'a, 'a>,
    fonts: Mutex<&'a mut Fonts>,
    spare: &'a SpareFonts,
}

impl Studio<'_> {
    /// Draws one raster. The words of the panic if it panics.
    fn draw(&self, due: &Due<'_>) -> Result<Pixels, String> {
        let Picture::Layer { content, .. } = due.picture else { return self.draw_with(due, None) };
        if sets_text(content, &self.scene.assets) {
            let mut fonts = self.fonts.lock().unwrap_or_else(PoisonError::into_inner);
            let drawn = self.draw_with(due, Some(&mut fonts));
            if drawn.is_err() {
                fonts.renew();
            }
            return drawn;
        }
        let kept = self.spare.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut fonts = kept.unwrap_or_else(Fonts::built_in);
        let drawn = self.draw_with(due, Some(&mut fonts));
        if drawn.is_ok() {
            self.spare.0.lock().unwrap_or_else(PoisonError::into_inner).push(fonts);
        }
        drawn
    }

    fn draw_with(&self, due: &Due<'_>, fonts: Option<&mut Fonts>) -> Result<Pixels, String> {
        guarded(|| {
            self.scene.injection.strike(due.layer);
            match (&due.picture, fonts) {
                (Picture::Layer { content, effects, mask, window }, Some(fonts)) => {
                    let assets = &*self.scene.assets;
                    let canvas = self.scene.viewport.canvas;
                    let seconds = self.scene.time.seconds;
                    let mut context = DrawContext { assets, fonts, canvas, quality: due.key.effects, seconds };
                    let Some(window) = *window else {
                        let raster = draw_layer(content, effects, *mask, due.key.scale, &mut context);
                        return Pixels { raster, window: None };
                    };
                    let window = draw_window(window, *mask, due.key.scale, &mut context);
                    let raster = draw_layer(content, effects, None, due.key.scale, &mut context);
                    Pixels { raster, window }
                }
                (Picture::Mask(Some(mask)), _) => Pixels { raster: draw_mask(mask, due.key.scale), window: None },
                _ => Pixels { raster: None, window: None },
            }
        })
    }
}

/// The picture of a window, white, its alpha what is seen through: a rectangle of layer pixels, and of that what the
/// layer's mask shows.
fn draw_window(window: Rect, mask: Option<&Mask>, scale: (f64, f64), context: &mut DrawContext<'_>) -> Option<Raster> {
    let geometry = Geometry::Polygon {
        points: [(window.x0, window.y0), (window.x1, window.y0), (window.x1, window.y1), (window.x0, window.y1)]
            .map(|(x, y)| Point { x, y })
            .to_vec(),
    };
    let pane = ShapeContent { geometry, fill: None, stroke: None, fill_rule: FillRule::default() };
    draw_layer(&Content::Shape(pane), &Effects::default(), mask, scale, context)
}

/// Whether drawing a content may set text. When in doubt it does.
fn sets_text(content: &Content, assets: &Assets) -> bool {
    let is_picture = |id: &AssetId| {
        let state = assets.state(id);
        matches!(state, Some(AssetState::Image(_) | AssetState::Animation(_) | AssetState::Svg(_)))
    };
    match content {
        Content::Color(_) | Content::Gradient(_) | Content::Shape(_) | Content::Group(_) => false,
        Content::Image(image) => !is_picture(&image.asset),
        Content::AnimatedImage(image) => !is_picture(&image.asset),
        Content::Svg(image) => !is_picture(&image.asset),
        Content::Text(_) => true,
    }
}
