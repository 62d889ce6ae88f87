//! The scene as entities: which entity is which layer, and back from entities to documents.

use std::{collections::HashMap, sync::LazyLock};

use bevy_ecs::{
    component::Component,
    entity::Entity,
    hierarchy::{ChildOf, Children},
    resource::Resource,
    world::{EntityRef, World},
};
use components::{
    Animations, BlendMode, Content, Effects, LayerDocument, LayerId, LayerMask, LayerName, LayerType, Opacity, Presets,
    SceneDocument, Stacking, Transform, Transitions, Variants, Visibility,
};

/// What a scene has besides layers: a [`SceneDocument`] whose `layers` are empty. Stands on the scene's root entity,
/// whose children are the outermost layers in document order.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct SceneHeader(pub SceneDocument);

/// The root entity of the scene that is drawn.
#[derive(Resource, Clone, Copy, Debug)]
pub struct SceneRoot(pub Entity);

/// The entity of each layer. The stage `edit` keeps it.
#[derive(Resource, Clone, Debug, Default)]
pub struct LayerIndex(HashMap<LayerId, Entity>);

impl LayerIndex {
    /// The entity of the layer, if the scene has it.
    #[must_use]
    pub fn get(&self, id: &LayerId) -> Option<Entity> {
        self.0.get(id).copied()
    }

    /// How many layers the scene has, groups included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the scene has no layer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All layers with their entities, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&LayerId, Entity)> {
        self.0.iter().map(|(id, entity)| (id, *entity))
    }

    /// All ids, in no order.
    pub fn ids(&self) -> impl Iterator<Item = &LayerId> {
        self.0.keys()
    }

    pub(crate) fn insert(&mut self, id: LayerId, entity: Entity) {
        self.0.insert(id, entity);
    }

    pub(crate) fn remove(&mut self, id: &LayerId) {
        self.0.remove(id);
    }
}

/// The entities of a layer's or the root's children, in document order.
#[must_use]
pub fn children(entity: EntityRef<'_>) -> Vec<Entity> {
    entity.get::<Children>().map(|children| children.to_vec()).unwrap_or_default()
}

/// The id of a layer's group; `None` for outermost layers.
#[must_use]
pub fn parent_id(world: &World, entity: Entity) -> Option<LayerId> {
    let parent = world.get::<ChildOf>(entity)?.parent();
    world.get::<LayerId>(parent).cloned()
}

/// The document of a layer, without its children. `None` if the entity is no layer.
#[must_use]
pub fn document_without_children(entity: EntityRef<'_>) -> Option<LayerDocument> {
    Some(LayerDocument {
        id: entity.get::<LayerId>()?.clone(),
        name: entity.get::<LayerName>()?.clone(),
        layer_type: *entity.get::<LayerType>()?,
        z_index: *entity.get::<Stacking>()?,
        visible: *entity.get::<Visibility>()?,
        opacity: *entity.get::<Opacity>()?,
        transform: *entity.get::<Transform>()?,
        blend: *entity.get::<BlendMode>()?,
        variants: entity.get::<Variants>()?.clone(),
        mask: entity.get::<LayerMask>()?.0.clone(),
        effects: entity.get::<Effects>()?.clone(),
        content: entity.get::<Content>()?.clone(),
        animations: entity.get::<Animations>()?.clone(),
        presets: entity.get::<Presets>()?.clone(),
        transitions: entity.get::<Transitions>()?.clone(),
        children: Vec::new(),
    })
}

/// The document of a layer with all below it. `None` if the entity is no layer.
#[must_use]
pub fn document(world: &World, entity: Entity) -> Option<LayerDocument> {
    let entity = world.get_entity(entity).ok()?;
    let mut layer = document_without_children(entity)?;
    layer.children = children(entity).into_iter().filter_map(|child| document(world, child)).collect();
    Some(layer)
}

/// All of the scene but its layers.
#[must_use]
pub fn header(world: &World) -> &SceneDocument {
    static EMPTY: LazyLock<SceneDocument> = LazyLock::new(SceneDocument::default);
    let SceneRoot(root) = *world.resource::<SceneRoot>();
    world.get::<SceneHeader>(root).map_or(&*EMPTY, |header| &header.0)
}

/// The whole scene.
#[must_use]
pub fn scene_document(world: &World) -> SceneDocument {
    let SceneRoot(root) = *world.resource::<SceneRoot>();
    let Ok(entity) = world.get_entity(root) else { return SceneDocument::default() };
    let mut scene = entity.get::<SceneHeader>().cloned().unwrap_or_default().0;
    scene.layers = children(entity).into_iter().filter_map(|child| document(world, child)).collect();
    scene
}
