//! Writes a checked batch into the World, touching only what differs.

use std::collections::{HashMap, HashSet};

use bevy_ecs::{
    bundle::Bundle,
    component::{Component, Mutable},
    entity::Entity,
    world::{EntityWorldMut, World},
};
use components::{
    Animations, BlendMode, Content, Effects, LayerDocument, LayerId, LayerMask, LayerName, LayerType, Opacity, Presets,
    Stacking, Transform, Transitions, Variants, Visibility, animation::AnimationStarts,
};

use super::draft::{Changes, Node};
use crate::{
    clock::Inputs,
    held::{Held, HeldChanges},
    place::{Ink, Revision},
    playback::ShownFrame,
    rasterise::RasterCache,
    scene::{self, LayerIndex, SceneHeader, SceneRoot},
    transition::{Departures, leaving::Left},
};

/// Everything that is written about a layer, as components.
#[derive(Bundle)]
struct Authored {
    id: LayerId,
    name: LayerName,
    layer_type: LayerType,
    z_index: Stacking,
    visible: Visibility,
    opacity: Opacity,
    transform: Transform,
    blend: BlendMode,
    variants: Variants,
    mask: LayerMask,
    effects: Effects,
    content: Content,
    animations: Animations,
    presets: Presets,
    transitions: Transitions,
}

impl From<LayerDocument> for Authored {
    fn from(layer: LayerDocument) -> Self {
        Self {
            id: layer.id,
            name: layer.name,
            layer_type: layer.layer_type,
            z_index: layer.z_index,
            visible: layer.visible,
            opacity: layer.opacity,
            transform: layer.transform,
            blend: layer.blend,
            variants: layer.variants,
            mask: LayerMask(layer.mask),
            effects: layer.effects,
            content: layer.content,
            animations: layer.animations,
            presets: layer.presets,
            transitions: layer.transitions,
        }
    }
}

pub(super) fn commit(world: &mut World, changes: Changes) {
    let Changes { layers, removed, roots, header, inputs, held, held_changes, transition, done: _ } = changes;
    world.resource_mut::<Inputs>().0.extend(inputs);
    if let Some(transition) = transition {
        let mut departures = std::mem::take(&mut *world.resource_mut::<Departures>());
        departures.add(transition, |when| Left::of(world, when));
        *world.resource_mut::<Departures>() = departures;
    }
    if let Some(held) = held {
        world.insert_resource(Held(held));
        world.resource_mut::<HeldChanges>().0.extend(held_changes);
    }
    let SceneRoot(root) = *world.resource::<SceneRoot>();

    // First the new entities, so that every list of children can name its members.
    let mut orders: Vec<(LayerId, Option<Entity>, Vec<LayerId>)> = Vec::with_capacity(layers.len());
    for (id, Node { document, children, entity, dropped, .. }) in layers {
        match entity {
            Some(entity) => {
                if let Ok(mut entity) = world.get_entity_mut(entity) {
                    // First: what is added may be as one that goes, and begins all the same.
                    if !dropped.is_empty()
                        && let Some(mut starts) = entity.get_mut::<AnimationStarts>()
                    {
                        starts.forget(&dropped);
                    }
                    update(entity, document);
                }
            }
            None => {
                let entity = world
                    .spawn((
                        Authored::from(document),
                        Ink::default(),
                        Revision::default(),
                        ShownFrame::default(),
                        RasterCache::default(),
                    ))
                    .id();
                world.resource_mut::<LayerIndex>().insert(id.clone(), entity);
            }
        }
        orders.push((id, entity, children));
    }
    let index: HashMap<LayerId, Entity> =
        world.resource::<LayerIndex>().iter().map(|(id, e)| (id.clone(), e)).collect();
    let entities = |ids: &[LayerId]| -> Vec<Entity> { ids.iter().filter_map(|id| index.get(id).copied()).collect() };
    let mut families: Vec<(Entity, Vec<Entity>)> = orders
        .iter()
        .filter_map(|(id, entity, children)| Some((entity.or_else(|| index.get(id).copied())?, entities(children))))
        .collect();
    families.extend(roots.map(|roots| (root, entities(&roots))));
    // All leave their old places before any takes its new one: a list that still names a child which has gone to
    // another parent would take it away from there, or with itself.
    for (_, entity) in &removed {
        if let Ok(mut entity) = world.get_entity_mut(*entity) {
            entity.detach_all_children();
        }
    }
    for (parent, children) in &families {
        detach_others(world, *parent, children);
    }
    for (parent, children) in &families {
        set_children(world, *parent, children);
    }
    for (id, entity) in removed {
        // A new layer of the same id may have taken the name over already.
        if index.get(&id) == Some(&entity) {
            world.resource_mut::<LayerIndex>().remove(&id);
        }
        world.try_despawn(entity).ok();
    }
    if let Some(header) = header
        && let Ok(mut root) = world.get_entity_mut(root)
    {
        set(&mut root, SceneHeader(header));
    }
}

/// Detaches the children of `parent` that are not among `children`.
fn detach_others(world: &mut World, parent: Entity, children: &[Entity]) {
    let Ok(entity) = world.get_entity(parent) else { return };
    let staying: HashSet<Entity> = children.iter().copied().collect();
    let leaving: Vec<Entity> = scene::children(entity).into_iter().filter(|child| !staying.contains(child)).collect();
    if let Ok(mut entity) = world.get_entity_mut(parent)
        && !leaving.is_empty()
    {
        entity.detach_children(&leaving);
    }
}

fn set_children(world: &mut World, entity: Entity, children: &[Entity]) {
    let Ok(mut entity) = world.get_entity_mut(entity) else { return };
    if scene::children(entity.as_readonly()) != children {
        entity.replace_children(children);
    }
}

fn update(mut entity: EntityWorldMut<'_>, layer: LayerDocument) {
    let layer = Authored::from(layer);
    set(&mut entity, layer.name);
    set(&mut entity, layer.layer_type);
    set(&mut entity, layer.z_index);
    set(&mut entity, layer.visible);
    set(&mut entity, layer.opacity);
    set(&mut entity, layer.transform);
    set(&mut entity, layer.blend);
    set(&mut entity, layer.variants);
    set(&mut entity, layer.mask);
    set(&mut entity, layer.effects);
    set(&mut entity, layer.content);
    set(&mut entity, layer.animations);
    set(&mut entity, layer.presets);
    set(&mut entity, layer.transitions);
}

fn set<C: Component<Mutability = Mutable> + PartialEq>(entity: &mut EntityWorldMut<'_>, value: C) {
    use bevy_ecs::change_detection::DetectChangesMut;
    if let Some(mut present) = entity.get_mut::<C>() {
        present.set_if_neq(value);
    } else {
        entity.insert(value);
    }
}
