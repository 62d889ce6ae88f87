//! Draws the rasters of layers that are about to appear before they do.
//!
//! It is known which animations will play: a layer that fades or moves in within the next second has its raster drawn in
//! the background, where nothing that is seen now waits for it. What turns out to be another size than was expected
//! costs nothing but that time.

use bevy_ecs::{
    hierarchy::ChildOf,
    query::{QueryData, With},
    system::{Query, Res, SystemParam},
};
use components::{
    BlendMode, Content, Extent, LayerId, Opacity, Placement, Pose, ShownEffects, ShownMask, Transform, Visibility,
    animation::Playing,
};
use kurbo::Vec2;

use super::{
    RasterCache,
    background::{Background, Job, LayerWork, Patience, Work, assets_of, faces_for, is_suitable, lines_of},
    cache::{Key, raster_scale},
    content::text::Fonts,
    fault::FaultInjection,
};
use crate::{
    assets::Assets,
    clock::SceneTime,
    cull::{Drawn, is_large, touched},
    place::{Ink, Revision, Scrolling, pose_affine},
    quality::{Quality, RenderQuality},
    variants::VariantSet,
    viewport::Viewport,
};

/// Ticks from one look ahead to the next.
const LOOK: u64 = 10;

/// The moments that are looked at, in seconds from now.
const MOMENTS: [f64; 4] = [0.25, 0.5, 0.75, 1.0];

/// All that a layer's raster follows from.
#[derive(QueryData)]
#[query_data(mutable)]
pub struct Coming {
    entity: bevy_ecs::entity::Entity,
    id: &'static LayerId,
    parent: &'static ChildOf,
    transform: &'static Transform,
    opacity: &'static Opacity,
    visibility: &'static Visibility,
    playing: &'static Playing,
    placement: &'static Placement,
    extent: &'static Extent,
    ink: &'static Ink,
    scrolling: &'static Scrolling,
    revision: &'static Revision,
    content: &'static Content,
    effects: &'static ShownEffects,
    mask: &'static ShownMask,
    cache: &'static mut RasterCache,
}

/// What all layers have in common.
#[derive(SystemParam)]
pub struct Around<'w, 's> {
    time: Res<'w, SceneTime>,
    viewport: Res<'w, Viewport>,
    quality: Res<'w, RenderQuality>,
    assets: Res<'w, Assets>,
    injection: Res<'w, FaultInjection>,
    groups: Query<'w, 's, &'static Placement, With<LayerId>>,
}

/// Starts to draw what the next second will need and is not there.
pub fn draw_ahead(
    around: Around<'_, '_>,
    patience: Res<Patience>,
    background: Res<Background>,
    fonts: Res<Fonts>,
    mut layers: Query<Coming, With<LayerId>>,
) {
    if *patience == Patience::Endless || !around.time.tick.is_multiple_of(LOOK) {
        return;
    }
    for mut layer in &mut layers {
        let Some(key) = around.coming(&layer) else { continue };
        if layer.cache.is_pending || layer.cache.must_wait || layer.cache.key.is_some_and(|known| known.serves(&key)) {
            continue;
        }
        layer.cache.is_pending = true;
        background.start(Job {
            entity: layer.entity,
            is_needed: false,
            layer: layer.id.clone(),
            injection: *around.injection,
            faces: faces_for(layer.content, &fonts),
            work: Work::Layer(Box::new(LayerWork {
                key,
                content: layer.content.clone(),
                effects: layer.effects.effects.clone(),
                mask: layer.mask.0.clone(),
                window: layer.scrolling.window(layer.ink.0),
                assets: assets_of(layer.content, &around.assets),
                canvas: around.viewport.canvas,
                lines: lines_of(layer.content, &fonts),
            })),
        });
    }
}

impl Around<'_, '_> {
    /// The raster that a layer which is not seen now will need within the next second, if it can be told.
    fn coming(&self, layer: &ComingItem<'_, '_>) -> Option<Key> {
        let (now, playing) = (self.time.seconds, layer.playing);
        let is_still = playing.is_quiet_between(now, now + MOMENTS[MOMENTS.len() - 1]);
        if is_still || !layer.visibility.0 || playing.animates_parts() || self.is_seen(layer) {
            return None;
        }
        if !is_suitable(layer.content, &self.assets) {
            return None;
        }
        let around = match self.groups.get(layer.parent.parent()) {
            Ok(group) if group.visible => group.affine,
            Ok(_) => return None,
            Err(_) => self.viewport.affine,
        };
        let canvas = Vec2::new(self.viewport.canvas.0, self.viewport.canvas.1);
        MOMENTS.into_iter().find_map(|later| {
            let pose = Pose::new(layer.transform, layer.opacity, playing, now + later);
            let affine = around * pose_affine(&pose, layer.extent, canvas);
            let bounds = touched(&affine, layer.ink.0).intersect(self.viewport.clip);
            if pose.opacity <= 0.0 || bounds.is_empty() || affine.determinant() == 0.0 {
                return None;
            }
            let drawn = Drawn {
                entity: layer.entity,
                affine,
                bounds,
                opacity: pose.opacity,
                blend: BlendMode::Normal,
                revision: layer.revision.0,
                reshaping: pose.reshaping,
                moving: pose.moving,
                covered: false,
                scale: raster_scale(affine, pose.reshaping),
                mask: None,
                scrolled: None,
                variants: VariantSet::ALL,
                part: None,
                pixels: 0.0,
            };
            let effects = if layer.effects.0.is_empty() { Quality::High } else { self.quality.effects };
            // What part of a large one will be seen is known when it is.
            let key = Key { revision: drawn.revision, scale: drawn.scale, part: None, effects, extent: *layer.extent };
            (!is_large(layer.ink.0, drawn.scale, &self.viewport)).then_some(key)
        })
    }

    fn is_seen(&self, layer: &ComingItem<'_, '_>) -> bool {
        let Placement { affine, visible, .. } = layer.placement;
        *visible && !touched(affine, layer.ink.0).intersect(self.viewport.clip).is_empty()
    }
}
