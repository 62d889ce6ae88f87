//! Stage `diff`: what changed in the authored scene, from change detection.

use std::collections::{HashMap, HashSet};

use bevy_ecs::{
    change_detection::{DetectChanges, Ref},
    component::Component,
    entity::Entity,
    hierarchy::Children,
    lifecycle::RemovedComponents,
    query::{Changed, Or, QueryData, With},
    resource::Resource,
    schedule::SystemSet,
    system::{Query, Res, ResMut, SystemParam},
};
use components::{
    Animations, BlendMode, Content, Effects, LayerChange, LayerDocument, LayerId, LayerMask, LayerName, LayerType,
    Opacity, Presets, SceneDiff, Stacking, Transform, Transitions, Variants, Visibility, diff::longest_rising,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    clock::SceneTime,
    scene::{SceneHeader, SceneRoot},
};

/// The systems that tell what changed.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DiffSystems;

/// The diff of this tick, if anything authored changed, and the number of the last one.
#[derive(Resource, Debug, Default)]
pub struct Diffs {
    /// Number of the last diff; 0 before the first.
    pub seq: u64,
    /// The diff of this tick.
    pub latest: Option<SceneDiff>,
}

/// The children that clients know of, for the root and each group, in document order.
#[derive(Resource, Debug, Default)]
pub struct KnownChildren(HashMap<Entity, Vec<(Entity, LayerId)>>);

type Edited = Or<(
    Changed<LayerName>,
    Changed<LayerType>,
    Changed<Stacking>,
    Changed<Visibility>,
    Changed<Opacity>,
    Changed<Transform>,
    Changed<BlendMode>,
    Changed<Variants>,
    Changed<LayerMask>,
    Changed<Effects>,
    Changed<Content>,
    Changed<Animations>,
    Changed<Presets>,
    Changed<Transitions>,
)>;

/// What a layer was given.
#[derive(QueryData)]
pub struct Authored {
    id: &'static LayerId,
    name: Ref<'static, LayerName>,
    layer_type: Ref<'static, LayerType>,
    z_index: Ref<'static, Stacking>,
    visible: Ref<'static, Visibility>,
    opacity: Ref<'static, Opacity>,
    transform: Ref<'static, Transform>,
    blend: Ref<'static, BlendMode>,
    variants: Ref<'static, Variants>,
    mask: Ref<'static, LayerMask>,
    effects: Ref<'static, Effects>,
    content: Ref<'static, Content>,
    animations: Ref<'static, Animations>,
    presets: Ref<'static, Presets>,
    transitions: Ref<'static, Transitions>,
}

/// What telling the changes asks of the World.
#[derive(SystemParam)]
pub struct Scene<'w, 's> {
    root: Res<'w, SceneRoot>,
    headers: Query<'w, 's, Ref<'static, SceneHeader>>,
    children: Query<'w, 's, &'static Children>,
    edited: Query<'w, 's, Entity, (With<LayerId>, Edited)>,
    layers: Query<'w, 's, Authored>,
    gained: Query<'w, 's, Entity, Changed<Children>>,
    emptied: RemovedComponents<'w, 's, Children>,
}

/// Writes this tick's diff.
pub fn tell_changes(
    mut scene: Scene<'_, '_>,
    time: Res<SceneTime>,
    mut known: ResMut<KnownChildren>,
    mut diffs: ResMut<Diffs>,
) {
    let mut changes = Vec::new();
    let mut told = HashSet::new();
    let mut reordered: HashSet<Entity> = scene.gained.iter().collect();
    reordered.extend(scene.emptied.read());
    if !reordered.is_empty() {
        scene.tell_removed(scene.root.0, &reordered, &mut known, &mut changes);
        scene.tell_placed(scene.root.0, &reordered, &mut known, &mut told, &mut changes);
    }
    for entity in &scene.edited {
        if !told.contains(&entity) {
            changes.extend(scene.tell_fields(entity));
        }
    }
    let header = scene.headers.get(scene.root.0).ok().filter(DetectChanges::is_changed);
    diffs.latest = None;
    if header.is_some() || !changes.is_empty() {
        diffs.seq += 1;
        let scene = header.map(|header| Box::new(header.0.clone()));
        diffs.latest = Some(SceneDiff { tick: time.tick, seq: diffs.seq, since: None, scene, changes });
    }
}

impl Scene<'_, '_> {
    /// Tells which layers below `parent`, as clients know it, have left their place, and forgets them there. Those
    /// farther down come first, while all that is above them is still there.
    fn tell_removed(
        &self,
        parent: Entity,
        reordered: &HashSet<Entity>,
        known: &mut KnownChildren,
        changes: &mut Vec<LayerChange>,
    ) {
        let Some(mut before) = known.0.remove(&parent) else { return };
        for (entity, _) in &before {
            self.tell_removed(*entity, reordered, known, changes);
        }
        if parent != self.root.0 && !self.layers.contains(parent) {
            // What was in a group that is gone goes with it.
            return;
        }
        if reordered.contains(&parent) {
            let members: HashSet<Entity> = self.members(parent).iter().copied().collect();
            before.retain(|(entity, id)| {
                let stays = members.contains(entity);
                if !stays {
                    changes.push(LayerChange::Removed { id: id.clone() });
                }
                stays
            });
        }
        known.0.insert(parent, before);
    }

    /// Tells which layers came or moved, from `parent` downwards. Each is placed right behind the one before it, so
    /// that those that come later cannot move it any more.
    fn tell_placed(
        &self,
        parent: Entity,
        reordered: &HashSet<Entity>,
        known: &mut KnownChildren,
        told: &mut HashSet<Entity>,
        changes: &mut Vec<LayerChange>,
    ) {
        let members = self.members(parent);
        if reordered.contains(&parent) {
            let mut order = known.0.remove(&parent).unwrap_or_default();
            let before: HashMap<Entity, usize> =
                order.iter().enumerate().map(|(at, (entity, _))| (*entity, at)).collect();
            let positions: Vec<(usize, usize)> =
                members.iter().enumerate().filter_map(|(at, entity)| Some((*before.get(entity)?, at))).collect();
            let stays: HashSet<usize> =
                longest_rising(&positions).into_iter().map(|index| positions[index].1).collect();
            // Where the next one goes: behind the last one that was looked at. What stays lies further on.
            let mut next = 0;
            for (at, &entity) in members.iter().enumerate() {
                if stays.contains(&at) {
                    let further = order[next..].iter().position(|(known, _)| *known == entity);
                    next += further.map_or(0, |further| further + 1);
                    continue;
                }
                let Some(layer) = self.document(entity) else { continue };
                if before.contains_key(&entity)
                    && let Some(position) = order.iter().position(|(known, _)| *known == entity)
                {
                    order.remove(position);
                    next -= usize::from(position < next);
                }
                order.insert(next, (entity, layer.id.clone()));
                let parent = self.layers.get(parent).ok().map(|layer| layer.id.clone());
                // A document is a tree of strings and numbers: it always has a value.
                let layer = serde_json::to_value(&layer).unwrap_or_default();
                changes.push(LayerChange::Placed { parent, index: next, layer });
                self.note_known(entity, known, told);
                next += 1;
            }
            known.0.insert(parent, order);
        }
        for &entity in members {
            if !told.contains(&entity) && self.children.contains(entity) {
                self.tell_placed(entity, reordered, known, told, changes);
            }
        }
    }

    /// Notes a layer and all below it as told in full.
    fn note_known(&self, entity: Entity, known: &mut KnownChildren, told: &mut HashSet<Entity>) {
        told.insert(entity);
        let members = self.members(entity);
        let with_ids = members.iter().filter_map(|member| Some((*member, self.layers.get(*member).ok()?.id.clone())));
        known.0.insert(entity, with_ids.collect());
        for member in members {
            self.note_known(*member, known, told);
        }
    }

    fn members(&self, parent: Entity) -> &[Entity] {
        self.children.get(parent).map_or(&[], |children| children)
    }

    fn document(&self, entity: Entity) -> Option<LayerDocument> {
        let layer = self.layers.get(entity).ok()?;
        Some(LayerDocument {
            id: layer.id.clone(),
            name: LayerName::clone(&layer.name),
            layer_type: *layer.layer_type,
            z_index: *layer.z_index,
            visible: *layer.visible,
            opacity: *layer.opacity,
            transform: *layer.transform,
            blend: *layer.blend,
            variants: Variants::clone(&layer.variants),
            mask: layer.mask.0.clone(),
            effects: Effects::clone(&layer.effects),
            content: Content::clone(&layer.content),
            animations: Animations::clone(&layer.animations),
            presets: Presets::clone(&layer.presets),
            transitions: Transitions::clone(&layer.transitions),
            children: self.members(entity).iter().filter_map(|member| self.document(*member)).collect(),
        })
    }

    /// The fields of a layer that changed, under their names in the document.
    fn tell_fields(&self, entity: Entity) -> Option<LayerChange> {
        let layer = self.layers.get(entity).ok()?;
        let mut set = Map::new();
        put(&mut set, "name", &layer.name, |name| name);
        put(&mut set, "type", &layer.layer_type, |layer_type| layer_type);
        put(&mut set, "zIndex", &layer.z_index, |z_index| z_index);
        put(&mut set, "visible", &layer.visible, |visible| visible);
        put(&mut set, "opacity", &layer.opacity, |opacity| opacity);
        put(&mut set, "transform", &layer.transform, |transform| transform);
        put(&mut set, "blend", &layer.blend, |blend| blend);
        put(&mut set, "variants", &layer.variants, |variants| variants);
        put(&mut set, "mask", &layer.mask, |mask| &mask.0);
        put(&mut set, "effects", &layer.effects, |effects| effects);
        put(&mut set, "content", &layer.content, |content| content);
        put(&mut set, "animations", &layer.animations, |animations| animations);
        put(&mut set, "presets", &layer.presets, |presets| presets);
        put(&mut set, "transitions", &layer.transitions, |transitions| transitions);
        if set.is_empty() { None } else { Some(LayerChange::Changed { id: layer.id.clone(), set }) }
    }
}

/// Adds the field if the component changed.
fn put<C: Component, V: Serialize>(
    set: &mut Map<String, Value>,
    name: &str,
    component: &Ref<'_, C>,
    written: impl Fn(&C) -> &V,
) {
    if component.is_changed() {
        // Authored components are trees of strings and numbers: they always have a value.
        let value = serde_json::to_value(written(component)).unwrap_or_default();
        // Documents leave out what is empty: for their readers it is gone.
        let is_gone =
            value == "" || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        set.insert(name.to_owned(), if is_gone { Value::Null } else { value });
    }
}
