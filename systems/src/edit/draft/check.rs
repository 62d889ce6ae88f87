//! What must hold once a batch is through, of whatever it has touched.

use std::collections::HashSet;

use bevy_ecs::entity::Entity;
use components::{
    BlendMode, Content, Effects, LayerDocument, LayerId, LayerMask, Mask, Stacking, Variants, Visibility,
    animation::Parts,
    document::{Fault, MAX_GROUP_DEPTH, check_layer, check_motion, check_motion_of, check_scene, check_together},
    edit::{BatchRejected, EditRejected},
};

use super::{Blamed, Draft, MOVED, child_ids, invalid};
use crate::scene::{LayerIndex, SceneRoot};

impl Draft<'_> {
    /// Whether the scene is a valid one as the edits up to now leave it. Each scene is to be one when the batch leaves it
    /// for another.
    pub(super) fn check_all(&mut self) -> Result<(), BatchRejected> {
        if !self.is_touched() {
            return Ok(());
        }
        let added = self.layers.values().filter(|node| node.entity.is_none()).count();
        let count = self.world.resource::<LayerIndex>().len() + added - self.removed.len();
        // A scene that has more than are allowed by now may be changed as long as it does not grow.
        if count > self.limits.max_layers && count > self.known {
            return Err(EditRejected::TooManyLayers { count, limit: self.limits.max_layers }.into());
        }
        // However often a layer was changed, it is checked once, as it is now.
        let mut checked = HashSet::new();
        for (id, blamed) in self.unchecked.clone() {
            if checked.contains(&id) {
                continue;
            }
            self.check(&id).map_err(|reason| blamed.for_(reason))?;
            checked.insert(id);
        }
        self.check_assets()?;
        self.check_together()?;
        self.check_triggers()?;
        self.check_motion()
    }

    /// Whether the batch has looked at anything of the scene, be it to change it.
    fn is_touched(&self) -> bool {
        !self.layers.is_empty() || !self.removed.is_empty() || self.roots.is_some() || self.header.is_some()
    }

    /// Checks a layer, with all below it, against the scene's assets and the groups around it.
    fn check(&mut self, id: &LayerId) -> Result<(), EditRejected> {
        if !self.exists(id) {
            return Ok(());
        }
        let Some(layer) = self.document(id) else { return Ok(()) };
        let faults = check_layer(&layer, Some(&self.header().assets), &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        let depth = self.groups_around(id) + group_depth(&layer);
        if depth > MAX_GROUP_DEPTH {
            let found = format!("a group within {} groups", depth - 1);
            return Err(invalid("", &found, &format!("at most {MAX_GROUP_DEPTH} groups in each other")));
        }
        Ok(())
    }

    /// Checks that timelines and triggers fit the layers and each other, where the batch has touched any of them.
    fn check_motion(&self) -> Result<(), BatchRejected> {
        let header = self.header();
        if header.timelines.is_empty() && header.triggers.is_empty() {
            return Ok(());
        }
        // Animations of layers that the batch has not touched fit as they did.
        let put = !self.put.is_empty();
        let known = self.world.resource::<LayerIndex>().iter();
        let untouched = known.filter(|(id, _)| !self.layers.contains_key(*id) && !self.removed.contains_key(*id));
        let parts = |entity: Entity| {
            let entity = self.world.get_entity(entity).ok()?;
            let (content, effects) = (entity.get::<Content>()?, entity.get::<Effects>()?);
            let (mask, blend) = (entity.get::<LayerMask>()?.0.as_ref(), *entity.get::<BlendMode>()?);
            let (visible, z_index) = (entity.get::<Visibility>()?.0, entity.get::<Stacking>()?.0);
            Some(Parts { content, effects, mask, blend, visible, z_index })
        };
        let untouched = untouched.map(|(id, entity)| (id.as_str(), parts(entity).filter(|_| put)));
        let touched = self.layers.iter().map(|(id, node)| (id.as_str(), Some(node.document.parts())));
        let layers = untouched.chain(touched).collect();
        let faults = match self.header {
            Some(_) => check_motion(header, &layers),
            None => {
                check_motion_of(header, &layers, &|id| self.layers.contains_key(id) || self.removed.contains_key(id))
            }
        };
        if faults.is_empty() {
            return Ok(());
        }
        // Faults of a timeline that was put are told as faults of its document.
        for (index, timeline) in header.timelines.iter().enumerate() {
            let pointer = format!("/timelines/{index}");
            let of_it = faults.iter().filter_map(|fault| {
                let pointer =
                    fault.pointer.strip_prefix(&pointer).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                Some(Fault { pointer: pointer.to_owned(), ..fault.clone() })
            });
            let of_it: Vec<Fault> = of_it.collect();
            if let Some(blamed) = self.put.get(&timeline.id).filter(|_| !of_it.is_empty()) {
                return Err(blamed.for_(EditRejected::Invalid { faults: of_it }));
            }
        }
        Err(EditRejected::InUse { faults }.into())
    }

    /// Checks that the layers which are masks of others are all there and do not need those others themselves, and that
    /// variants leave out nothing of what is one picture. An edit of one layer can break what is said of another.
    fn check_together(&mut self) -> Result<(), BatchRejected> {
        let depends = |document: &LayerDocument| {
            document.mask.as_ref().and_then(Mask::layer).is_some() || !document.variants.is_all()
        };
        let in_world = |id: &LayerId, entity: Entity| {
            let mask = || self.world.get::<LayerMask>(entity)?.0.as_ref()?.layer();
            let is_limited = || self.world.get::<Variants>(entity).is_some_and(|variants| !variants.is_all());
            !self.removed.contains_key(id) && (mask().is_some() || is_limited())
        };
        let any = self.layers.values().any(|node| depends(&node.document))
            || self.world.resource::<LayerIndex>().iter().any(|(id, entity)| in_world(id, entity));
        if !any {
            return Ok(());
        }
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let roots = self.roots.clone().unwrap_or_else(|| child_ids(self.world, root));
        let layers: Vec<LayerDocument> = roots.iter().filter_map(|id| self.document(id)).collect();
        let faults = check_together(&layers);
        if faults.is_empty() {
            return Ok(());
        }
        // Faults in a layer that was edited are told as faults of its document.
        let mut places = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            pointers(layer, format!("/layers/{index}"), &mut places);
        }
        for (id, place) in &places {
            let of_it = |(edited, blamed): &&(LayerId, Blamed)| edited == id && blamed.1 != MOVED;
            let Some((_, blamed)) = self.unchecked.iter().rfind(of_it) else { continue };
            let of_it = faults.iter().filter_map(|fault| {
                let pointer = fault.pointer.strip_prefix(place.as_str()).filter(|rest| rest.starts_with('/'))?;
                Some(Fault { pointer: pointer.to_owned(), ..fault.clone() })
            });
            let of_it: Vec<Fault> = of_it.collect();
            if !of_it.is_empty() {
                return Err(blamed.for_(EditRejected::Invalid { faults: of_it }));
            }
        }
        Err(EditRejected::Invalid { faults }.into())
    }

    pub(super) fn groups_around(&mut self, id: &LayerId) -> usize {
        let mut count = 0;
        let mut next = self.node(id).ok().and_then(|node| node.parent.clone());
        while let Some(parent) = next {
            count += 1;
            next = self.node(&parent).ok().and_then(|node| node.parent.clone());
        }
        count
    }

    /// Checks that everything in the scene has the assets that it uses, and that there are not too many, where the batch
    /// has changed some.
    fn check_assets(&mut self) -> Result<(), EditRejected> {
        if !self.assets {
            return Ok(());
        }
        let scene = self.scene();
        let faults = check_scene(&scene, &self.limits);
        if faults.is_empty() { Ok(()) } else { Err(EditRejected::AssetInUse { faults }) }
    }
}

/// How many groups lie within each other in a layer, itself included.
fn group_depth(layer: &LayerDocument) -> usize {
    let within = layer.children.iter().map(group_depth).max().unwrap_or(0);
    within + usize::from(matches!(layer.content, Content::Group(_)))
}

/// Every layer with the JSON pointer to it.
fn pointers(layer: &LayerDocument, pointer: String, places: &mut Vec<(LayerId, String)>) {
    for (index, child) in layer.children.iter().enumerate() {
        pointers(child, format!("{pointer}/children/{index}"), places);
    }
    places.push((layer.id.clone(), pointer));
}
