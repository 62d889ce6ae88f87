//! Which layers are masks of others, and which groups are drawn as pictures of their own because of that or for their
//! effects.

use std::collections::HashMap;

use bevy_ecs::{
    change_detection::DetectChanges,
    entity::Entity,
    query::{Changed, With},
    resource::Resource,
    system::{Query, Res, ResMut, SystemParam},
};
use components::{Content, Effects, LayerId, LayerMask};

use crate::scene::LayerIndex;

/// The layers that are masks of others.
#[derive(Resource, Clone, Debug, Default)]
pub struct MaskLayers {
    /// The mask of each layer that has another layer as its mask.
    masks: HashMap<Entity, Entity>,
    /// The layers that each layer which is a mask is the mask of.
    sources: HashMap<Entity, Vec<Entity>>,
}

/// Finds the layers that masks name, where masks or the set of layers changed.
pub fn find_mask_layers(
    index: Res<LayerIndex>,
    changed: Query<(), Changed<LayerMask>>,
    masks: Query<(Entity, &LayerMask), With<LayerId>>,
    mut found: ResMut<MaskLayers>,
) {
    if changed.is_empty() && !index.is_changed() {
        return;
    }
    found.masks.clear();
    for (entity, LayerMask(mask)) in &masks {
        if let Some(source) = mask.as_ref().and_then(|mask| index.get(mask.layer()?)) {
            found.masks.insert(entity, source);
        }
    }
    let MaskLayers { masks, sources } = &mut *found;
    sources.clear();
    for (masked, source) in masks {
        sources.entry(*source).or_default().push(*masked);
    }
}

/// Tells which groups are drawn as pictures of their own.
#[derive(SystemParam)]
pub struct Isolation<'w, 's> {
    layers: Res<'w, MaskLayers>,
    painted: Query<'w, 's, (&'static Content, &'static Effects), With<LayerId>>,
}

impl Isolation<'_, '_> {
    /// Whether this is a group that is drawn into a picture of its own, in its own pixels.
    pub(crate) fn isolates(&self, entity: Entity) -> bool {
        self.painted.get(entity).is_ok_and(|(content, effects)| {
            matches!(content, Content::Group(_)) && (!effects.0.is_empty() || self.layers.sources.contains_key(&entity))
        })
    }

    /// The layers that this one is the mask of.
    pub(crate) fn masked_by(&self, entity: Entity) -> impl Iterator<Item = Entity> + '_ {
        self.layers.sources.get(&entity).into_iter().flatten().copied()
    }

    /// The layer whose picture is the mask of this one.
    pub(crate) fn mask_of(&self, entity: Entity) -> Option<Entity> {
        self.layers.masks.get(&entity).copied()
    }
}
