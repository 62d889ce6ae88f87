//! The scene as a batch of edits would leave it, before anything is written.

use std::collections::HashMap;

use bevy_ecs::{entity::Entity, world::World};
use components::{
    CanvasDocument, Content, Edit, LayerDocument, LayerId, LayerMask, Mask, SceneDocument,
    document::{Fault, Limits, MAX_GROUP_DEPTH, check_layer, check_masks, check_scene, merge_patch},
    edit::EditRejected,
};

use super::SceneLimits;
use crate::scene::{self, LayerIndex, SceneHeader, SceneRoot};

/// A layer as the batch leaves it.
pub(super) struct Node {
    /// What is written about it; children stand in `children`.
    pub(super) document: LayerDocument,
    /// Its group; the root if `None`.
    pub(super) parent: Option<LayerId>,
    /// The ids of its children in document order.
    pub(super) children: Vec<LayerId>,
    /// The entity that it is already, if it is one.
    pub(super) entity: Option<Entity>,
}

/// What a batch changes.
pub(super) struct Changes {
    /// Layers as they are to be.
    pub(super) layers: HashMap<LayerId, Node>,
    /// Layers that go, children before parents or after: each is named.
    pub(super) removed: Vec<(LayerId, Entity)>,
    /// The outermost layers in document order, if the batch touched that list.
    pub(super) roots: Option<Vec<LayerId>>,
    /// The header, if the batch touched it.
    pub(super) header: Option<SceneDocument>,
}

/// See [`Changes`]; reads what it does not hold from the World.
pub(super) struct Draft<'w> {
    world: &'w World,
    limits: Limits,
    layers: HashMap<LayerId, Node>,
    /// Layers of the World that are gone in the draft.
    removed: HashMap<LayerId, Entity>,
    roots: Option<Vec<LayerId>>,
    header: Option<SceneDocument>,
    /// Layers whose documents must be checked against the scene once the batch is through.
    unchecked: Vec<LayerId>,
    /// Whether the batch has loaded a scene: no layer goes on as the entity that it was.
    fresh: bool,
}

impl<'w> Draft<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self {
            world,
            limits: world.resource::<SceneLimits>().0,
            layers: HashMap::new(),
            removed: HashMap::new(),
            roots: None,
            header: None,
            unchecked: Vec::new(),
            fresh: false,
        }
    }

    pub(super) fn apply(&mut self, edit: Edit) -> Result<(), EditRejected> {
        match edit {
            Edit::LoadScene(scene) => self.load_scene(*scene),
            Edit::SetCanvas(canvas) => self.set_canvas(canvas),
            Edit::CreateLayer { layer, parent, index } => self.create(*layer, parent, index),
            Edit::ReplaceLayer { id, layer } => self.replace(&id, *layer),
            Edit::PatchLayer { id, patch } => self.patch(&id, &patch),
            Edit::DeleteLayer { id } => self.delete(&id),
        }
    }

    /// What the batch changes, if the scene is a valid one after it.
    pub(super) fn finish(mut self) -> Result<Changes, EditRejected> {
        let known = self.world.resource::<LayerIndex>();
        let added = self.layers.values().filter(|node| node.entity.is_none()).count();
        let count = known.len() + added - self.removed.len();
        if count > self.limits.max_layers {
            return Err(EditRejected::TooManyLayers { count, limit: self.limits.max_layers });
        }
        for id in self.unchecked.clone() {
            self.check(&id)?;
        }
        self.check_masks()?;
        let removed = self.removed.into_iter().collect();
        Ok(Changes { layers: self.layers, removed, roots: self.roots, header: self.header })
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

    /// Checks that the layers which are masks of others are all there, and do not need those others themselves. An edit
    /// of one layer can break the mask of another.
    fn check_masks(&mut self) -> Result<(), EditRejected> {
        let masked = |document: &LayerDocument| document.mask.as_ref().and_then(Mask::layer).is_some();
        let in_world = |id: &LayerId, entity: Entity| {
            let mask = || self.world.get::<LayerMask>(entity)?.0.as_ref()?.layer();
            !self.removed.contains_key(id) && mask().is_some()
        };
        let any = self.layers.values().any(|node| masked(&node.document))
            || self.world.resource::<LayerIndex>().iter().any(|(id, entity)| in_world(id, entity));
        if !any {
            return Ok(());
        }
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let roots = self.roots.clone().unwrap_or_else(|| child_ids(self.world, root));
        let layers: Vec<LayerDocument> = roots.iter().filter_map(|id| self.document(id)).collect();
        let mut faults = check_masks(&layers);
        if faults.is_empty() {
            return Ok(());
        }
        // Pointers count from the layer that was edited, where the fault is in it.
        let mut places = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            pointers(layer, format!("/layers/{index}"), &mut places);
        }
        places.retain(|(id, _)| self.unchecked.contains(id));
        for fault in &mut faults {
            let within = |(_, place): &(LayerId, String)| fault.pointer.strip_prefix(place.as_str()).map(str::to_owned);
            if let Some(pointer) = places.iter().find_map(within).filter(|pointer| pointer.starts_with('/')) {
                fault.pointer = pointer;
            }
        }
        Err(EditRejected::Invalid { faults })
    }

    fn groups_around(&mut self, id: &LayerId) -> usize {
        let mut count = 0;
        let mut next = self.node(id).ok().and_then(|node| node.parent.clone());
        while let Some(parent) = next {
            count += 1;
            next = self.node(&parent).ok().and_then(|node| node.parent.clone());
        }
        count
    }

    fn load_scene(&mut self, mut scene: SceneDocument) -> Result<(), EditRejected> {
        let faults = check_scene(&scene, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        self.layers.clear();
        self.unchecked.clear();
        self.fresh = true;
        self.removed = self.world.resource::<LayerIndex>().iter().map(|(id, entity)| (id.clone(), entity)).collect();
        let layers = std::mem::take(&mut scene.layers);
        self.header = Some(scene);
        self.roots = Some(layers.iter().map(|layer| layer.id.clone()).collect());
        for layer in layers {
            self.plant(layer, None);
        }
        Ok(())
    }

    fn set_canvas(&mut self, canvas: CanvasDocument) -> Result<(), EditRejected> {
        let mut header = self.header().clone();
        header.canvas = canvas;
        let faults = check_scene(&header, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        self.header = Some(header);
        Ok(())
    }

    fn create(
        &mut self,
        layer: LayerDocument,
        parent: Option<LayerId>,
        index: Option<usize>,
    ) -> Result<(), EditRejected> {
        if let Some(parent) = &parent {
            let node = self.node(parent)?;
            if !matches!(node.document.content, Content::Group(_)) {
                return Err(EditRejected::NotAGroup { id: parent.clone() });
            }
        }
        self.refuse_taken(&layer)?;
        let id = layer.id.clone();
        let siblings = self.siblings(parent.as_ref())?;
        let index = index.unwrap_or(siblings.len()).min(siblings.len());
        siblings.insert(index, id.clone());
        self.plant(layer, parent);
        self.unchecked.push(id);
        Ok(())
    }

    fn replace(&mut self, id: &LayerId, layer: LayerDocument) -> Result<(), EditRejected> {
        let parent = self.node(id)?.parent.clone();
        if layer.id != *id {
            return Err(invalid("/id", &format!("`{}`", layer.id), &format!("`{id}`: a layer keeps its id")));
        }
        // Where this is refused the draft is dropped with the batch: nothing has to be put back.
        self.take(id);
        self.refuse_taken(&layer)?;
        self.plant(layer, parent);
        self.unchecked.push(id.clone());
        Ok(())
    }

    fn patch(&mut self, id: &LayerId, patch: &serde_json::Value) -> Result<(), EditRejected> {
        self.node(id)?;
        let Some(layer) = self.document(id) else { return Err(self.unknown(id)) };
        let mut value =
            serde_json::to_value(&layer).map_err(|error| invalid("", &error.to_string(), "a layer document"))?;
        merge_patch(&mut value, patch);
        let layer =
            LayerDocument::from_value(value, &self.limits).map_err(|faults| EditRejected::Invalid { faults })?;
        self.replace(id, layer)
    }

    fn delete(&mut self, id: &LayerId) -> Result<(), EditRejected> {
        let parent = self.node(id)?.parent.clone();
        self.siblings(parent.as_ref())?.retain(|sibling| sibling != id);
        self.take(id);
        Ok(())
    }

    /// Takes a layer and all below it out of the draft. Those that are entities go with the batch, unless they are
    /// planted again.
    fn take(&mut self, id: &LayerId) {
        let Ok(node) = self.node(id) else { return };
        let children = node.children.clone();
        if let Some(node) = self.layers.remove(id)
            && let Some(entity) = node.entity
        {
            self.removed.insert(id.clone(), entity);
        }
        for child in children {
            self.take(&child);
        }
    }

    /// Puts a layer and all below it into the draft. Those that the batch had taken out keep their entities, and so
    /// whatever of them stays the same goes on undisturbed; but with another scene everything begins anew.
    fn plant(&mut self, mut layer: LayerDocument, parent: Option<LayerId>) {
        let children = std::mem::take(&mut layer.children);
        let id = layer.id.clone();
        let entity = if self.fresh { None } else { self.removed.remove(&id) };
        let ids = children.iter().map(|child| child.id.clone()).collect();
        self.layers.insert(id.clone(), Node { document: layer, parent, children: ids, entity });
        for child in children {
            self.plant(child, Some(id.clone()));
        }
    }

    fn refuse_taken(&self, layer: &LayerDocument) -> Result<(), EditRejected> {
        match layer.walk().find(|layer| self.exists(&layer.id)) {
            Some(layer) => Err(EditRejected::DuplicateLayer { id: layer.id.clone() }),
            None => Ok(()),
        }
    }

    fn exists(&self, id: &LayerId) -> bool {
        self.layers.contains_key(id)
            || (!self.removed.contains_key(id) && self.world.resource::<LayerIndex>().get(id).is_some())
    }

    fn header(&self) -> &SceneDocument {
        static EMPTY: std::sync::LazyLock<SceneDocument> = std::sync::LazyLock::new(SceneDocument::default);
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        match &self.header {
            Some(header) => header,
            None => self.world.get::<SceneHeader>(root).map_or(&EMPTY, |header| &header.0),
        }
    }

    /// The list of children of a group, or of the outermost layers.
    fn siblings(&mut self, parent: Option<&LayerId>) -> Result<&mut Vec<LayerId>, EditRejected> {
        if let Some(parent) = parent {
            return Ok(&mut self.node(parent)?.children);
        }
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let world = self.world;
        Ok(self.roots.get_or_insert_with(|| child_ids(world, root)))
    }

    /// A layer of the draft, copied from the World if the draft does not have it yet.
    fn node(&mut self, id: &LayerId) -> Result<&mut Node, EditRejected> {
        if !self.layers.contains_key(id) {
            let node = self.read(id).ok_or_else(|| self.unknown(id))?;
            self.layers.insert(id.clone(), node);
        }
        self.layers.get_mut(id).ok_or_else(|| EditRejected::UnknownLayer { id: id.to_string(), nearest: None })
    }

    fn read(&self, id: &LayerId) -> Option<Node> {
        if self.removed.contains_key(id) {
            return None;
        }
        let entity = self.world.resource::<LayerIndex>().get(id)?;
        let document = scene::document_without_children(self.world.get_entity(entity).ok()?)?;
        let parent = scene::parent_id(self.world, entity);
        Some(Node { document, parent, children: child_ids(self.world, entity), entity: Some(entity) })
    }

    /// A layer of the draft or of the World, with all below it.
    fn document(&mut self, id: &LayerId) -> Option<LayerDocument> {
        let node = self.node(id).ok()?;
        let mut layer = node.document.clone();
        let children = node.children.clone();
        layer.children = children.iter().filter_map(|child| self.document(child)).collect();
        Some(layer)
    }

    fn unknown(&self, id: &LayerId) -> EditRejected {
        let ids: Vec<&LayerId> = self.world.resource::<LayerIndex>().ids().filter(|id| self.exists(id)).collect();
        let nearest = components::document::nearest(id.as_str(), ids.iter().map(|id| id.as_str()));
        EditRejected::UnknownLayer { id: id.to_string(), nearest: nearest.map(ToOwned::to_owned) }
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

fn child_ids(world: &World, entity: Entity) -> Vec<LayerId> {
    let Ok(entity) = world.get_entity(entity) else { return Vec::new() };
    scene::children(entity).into_iter().filter_map(|child| world.get::<LayerId>(child).cloned()).collect()
}

fn invalid(pointer: &str, found: &str, expected: &str) -> EditRejected {
    EditRejected::Invalid {
        faults: vec![Fault {
            place: None,
            pointer: pointer.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
            nearest: None,
        }],
    }
}
