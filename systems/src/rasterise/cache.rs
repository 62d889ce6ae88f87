//! The cached pixels of each layer, drawn anew only when its own picture or the size at which it is needed changes.

use bevy_ecs::{
    component::Component,
    query::With,
    system::{Query, Res, ResMut},
};
use components::{AnimatedContent, Content, Effects, LayerId, LayerMask, PixelRect};
use kurbo::Affine;

use super::{
    content::{DrawContext, draw_layer, text::Fonts},
    mask::draw_mask,
    pixmap::Raster,
};
use crate::{
    assets::Assets,
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
}

/// What the pixels follow from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    revision: u64,
    scale: (f64, f64),
    /// The part that an inverted mask must fill.
    seen: Option<PixelRect>,
}

/// Rasters are drawn at most this many times larger or smaller than the layer.
const SCALES: std::ops::RangeInclusive<f64> = 1.0 / 1024.0..=64.0;

/// Draws the rasters of all layers that this tick's damage needs, where the cached ones do not serve.
pub fn refresh_rasters(
    viewport: Res<Viewport>,
    list: Res<DrawList>,
    damage: Res<Damage>,
    assets: Res<Assets>,
    mut fonts: ResMut<Fonts>,
    mut layers: Query<(&Content, &AnimatedContent, &Effects, &LayerMask, &mut RasterCache), With<LayerId>>,
) {
    if damage.0.is_empty() {
        return;
    }
    let mut context = DrawContext { assets: &assets, fonts: &mut fonts, canvas: viewport.canvas };
    for step in &list.steps {
        let Some(drawn) = step.drawn().filter(|drawn| !drawn.covered && damage.0.intersects(drawn.bounds)) else {
            continue;
        };
        let Ok((content, animated, effects, mask, mut cache)) = layers.get_mut(drawn.entity) else { continue };
        let group_mask = mask.0.as_ref().filter(|_| matches!(step, DrawStep::BeginGroup(_)));
        let seen = group_mask.filter(|mask| mask.inverted).map(|_| drawn.bounds);
        let key = Key { revision: drawn.revision, scale: raster_scale(drawn), seen };
        if cache.key == Some(key) {
            continue;
        }
        cache.key = Some(key);
        cache.raster = match step {
            DrawStep::BeginGroup(_) => group_mask.and_then(|mask| {
                let bounds = match seen {
                    Some(bounds) => drawn.affine.inverse().transform_rect_bbox(bounds.to_rect()),
                    None => mask.reach(),
                };
                draw_mask(mask, bounds, key.scale)
            }),
            _ => draw_layer(animated.0.as_ref().unwrap_or(content), effects, mask.0.as_ref(), key.scale, &mut context),
        };
    }
}

/// How many raster pixels there are to a layer pixel. Follows from this tick's placement alone, so that the same scene
/// at the same time has the same pixels whatever was drawn before.
///
/// A layer that is not changing its shape is drawn at exactly the size at which it is seen. While it does, its raster is
/// drawn at the next power of two above, and so sampled at half its size at the least, and kept for many ticks.
fn raster_scale(drawn: &Drawn) -> (f64, f64) {
    let [xx, yx, xy, yy, ..] = drawn.affine.as_coeffs();
    let upright = yx == 0.0 && xy == 0.0;
    let choose = |scale: f64| {
        let chosen = if drawn.reshaping {
            scale.log2().ceil().exp2()
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
