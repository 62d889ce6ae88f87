//! The cached pixels of each layer, drawn anew only when its own picture or the size at which it is needed changes.

use std::collections::HashSet;

use bevy_ecs::{
    component::Component,
    entity::Entity,
    query::With,
    resource::Resource,
    system::{Query, Res, ResMut},
};
use components::{AnimatedContent, Content, Effects, LayerId, LayerMask};
use kurbo::Affine;

use super::{
    content::{DrawContext, draw_layer, text::Fonts},
    mask::draw_mask,
    picture::{Needed, Pictures},
    pixmap::Raster,
};
use crate::{
    assets::Assets,
    clock::SceneTime,
    cull::{DrawList, DrawStep, Drawn},
    damage::Damage,
    viewport::Viewport,
};

/// The cached pixels of a layer, or of a group's mask. Computed.
#[derive(Component, Clone, Debug, Default)]
pub struct RasterCache {
    key: Option<Key>,
    /// The pixels; `None` where there is nothing to draw.
    pub raster: Option<Raster>,
    /// Whether the layer was not to be seen when idle caches were looked for last.
    idle: bool,
}

/// What the pixels follow from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    revision: u64,
    scale: (f64, f64),
}

/// How many layers' own pictures this tick has drawn anew.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rasterised(pub usize);

/// Rasters are drawn at most this many times larger or smaller than the layer.
const SCALES: std::ops::RangeInclusive<f64> = 1.0 / 1024.0..=64.0;

/// Draws the rasters of all layers that this tick's damage needs, where the cached ones do not serve.
pub fn refresh_rasters(
    viewport: Res<Viewport>,
    time: Res<SceneTime>,
    list: Res<DrawList>,
    damage: Res<Damage>,
    pictures: Res<Pictures>,
    assets: Res<Assets>,
    mut fonts: ResMut<Fonts>,
    mut rasterised: ResMut<Rasterised>,
    mut layers: Query<(&Content, &AnimatedContent, &Effects, &LayerMask, &mut RasterCache), With<LayerId>>,
) {
    rasterised.0 = 0;
    if damage.0.is_empty() {
        return;
    }
    let mut context =
        DrawContext { assets: &assets, fonts: &mut fonts, canvas: viewport.canvas, seconds: time.seconds };
    for step in &Needed::new(&list, &damage, &pictures).rasters {
        let Some(drawn) = step.drawn() else { continue };
        let Ok((content, animated, effects, mask, mut cache)) = layers.get_mut(drawn.entity) else { continue };
        let key = Key { revision: drawn.revision, scale: drawn.scale };
        if cache.key == Some(key) {
            continue;
        }
        cache.key = Some(key);
        rasterised.0 += 1;
        cache.raster = match step {
            DrawStep::BeginGroup(_) => mask.0.as_ref().and_then(|mask| draw_mask(mask, key.scale)),
            _ => draw_layer(animated.0.as_ref().unwrap_or(content), effects, mask.0.as_ref(), key.scale, &mut context),
        };
    }
}

/// Ticks from one look for idle caches to the next.
const LOOK: u64 = 128;

/// Lets go of the pixels of layers that have not been seen for a while. They are drawn again when they are.
pub fn drop_idle_rasters(
    time: Res<SceneTime>,
    list: Res<DrawList>,
    pictures: Res<Pictures>,
    mut caches: Query<(Entity, &mut RasterCache), With<LayerId>>,
) {
    if !time.tick.is_multiple_of(LOOK) {
        return;
    }
    let seen: HashSet<Entity> = list
        .steps
        .iter()
        .chain(pictures.steps())
        .filter_map(DrawStep::drawn)
        .filter(|drawn| !drawn.covered)
        .map(|drawn| drawn.entity)
        .collect();
    for (entity, mut cache) in &mut caches {
        let is_seen = seen.contains(&entity);
        if cache.idle && !is_seen {
            *cache = RasterCache::default();
        }
        cache.idle = !is_seen;
    }
}

/// How many raster pixels there are to a layer pixel. Follows from this tick's placement alone, so that the same scene
/// at the same time has the same pixels whatever was drawn before.
///
/// A layer that is not changing its shape is drawn at exactly the size at which it is seen. While it does, its raster is
/// drawn at the next power of two above, and so sampled at half its size at the least, and kept for many ticks.
pub(crate) fn raster_scale(affine: Affine, reshaping: bool) -> (f64, f64) {
    let [xx, yx, xy, yy, ..] = affine.as_coeffs();
    let upright = yx == 0.0 && xy == 0.0;
    let choose = |scale: f64| {
        let chosen = if reshaping {
            // What only turns keeps its size but for the last bits.
            (scale.log2() - 1e-6).ceil().exp2()
        } else if upright {
            scale
        } else {
            // The length of a turned column differs in its last bits from angle to angle.
            (scale * 4096.0).round() / 4096.0
        };
        chosen.clamp(*SCALES.start(), *SCALES.end())
    };
    (choose(xx.hypot(yx)), choose(xy.hypot(yy)))
}

/// From pixels of the raster to pixels of the frame.
///
/// Layers that stand still stand on whole pixels: what was drawn sharp stays sharp. So do factors that differ from one
/// only by rounding.
pub(super) fn raster_affine(drawn: &Drawn, raster: &Raster) -> Affine {
    let mut c = (drawn.affine * raster.to_layer).as_coeffs();
    for (index, identity) in [1.0, 0.0, 0.0, 1.0].into_iter().enumerate() {
        if (c[index] - identity).abs() < 1e-7 {
            c[index] = identity;
        }
    }
    if c[..4] == [1.0, 0.0, 0.0, 1.0] && !drawn.moving && !drawn.reshaping {
        c[4] = c[4].round();
        c[5] = c[5].round();
    }
    Affine::new(c)
}
