//! Pictures of layers that go with a scene from one compositor to another, so that none is drawn or kept twice.

use std::collections::HashMap;

use bevy_ecs::{
    change_detection::{DetectChanges, Ref},
    query::With,
    resource::Resource,
    system::{Query, ResMut},
    world::World,
};
use components::{AnimatedContent, Content, Extent, LayerId, ShownEffects, ShownMask};

use super::RasterCache;
use crate::{place::Revision, playback::ShownFrame};

/// Pictures for the layers of a scene that is loaded with this tick.
#[derive(Resource, Debug, Default)]
pub struct HandedRasters(HashMap<LayerId, Handed>);

/// A picture, and all that it follows from besides where it is laid down.
#[derive(Debug)]
struct Handed {
    cache: RasterCache,
    /// What it shows; `None` if it is an older picture of its layer.
    shows: Option<(Content, AnimatedContent, ShownEffects, ShownMask, Extent, ShownFrame)>,
}

type Shown<'w> = (&'w Content, &'w AnimatedContent, &'w ShownEffects, &'w ShownMask, &'w Extent, &'w ShownFrame);

impl HandedRasters {
    /// Those of the scene on air, as the last tick drew them.
    pub(crate) fn of(world: &mut World) -> Self {
        let mut layers = world.query::<(&LayerId, &RasterCache, &Revision, Ref<'static, Content>, Shown<'static>)>();
        let all = layers.iter(world).filter(|(_, cache, ..)| cache.raster.is_some() && cache.fault.is_none());
        let handed = all.map(|(id, cache, revision, edited, shown)| {
            let is_present = cache.key.is_some_and(|key| key.revision == revision.0) && !edited.is_changed();
            let (content, animated, effects, mask, extent, frame) = shown;
            let shows = || (content.clone(), animated.clone(), effects.clone(), mask.clone(), *extent, *frame);
            (id.clone(), Handed { cache: cache.clone(), shows: is_present.then(shows) })
        });
        Self(handed.collect())
    }
}

/// Puts pictures that were handed over into the caches of their layers. Those that are not of this tick are seen until the
/// present ones are drawn.
pub fn adopt_rasters(
    mut handed: ResMut<HandedRasters>,
    mut layers: Query<(&LayerId, &Revision, &mut RasterCache, Shown<'static>), With<LayerId>>,
) {
    if handed.0.is_empty() {
        return;
    }
    let mut handed = std::mem::take(&mut handed.0);
    for (id, revision, mut cache, (content, animated, effects, mask, extent, frame)) in &mut layers {
        let Some(Handed { cache: mut old, shows }) = handed.remove(id) else { continue };
        let is_present =
            shows.is_some_and(|(old_content, old_animated, old_effects, old_mask, old_extent, old_frame)| {
                (&old_content, &old_animated, &old_effects, &old_mask, &old_extent, &old_frame)
                    == (content, animated, effects, mask, extent, frame)
            });
        if let Some(key) = &mut old.key {
            key.revision = if is_present { revision.0 } else { revision.0.wrapping_sub(1) };
        }
        old.adopt(revision.0);
        *cache = old;
    }
}
