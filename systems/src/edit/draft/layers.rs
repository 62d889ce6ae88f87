//! Edits of layers.

use std::collections::{HashMap, HashSet};

use components::{
    Content, LayerDocument, LayerId,
    animation::{self, Animation, AnimationControl, AnimationStarts, MAX_ANIMATIONS},
    document::{Fault, check_layer, nearest, read_patched},
    edit::EditRejected,
};

use super::{Blamed, Draft, MOVED, Node, invalid};
use crate::clock::{Input, SceneTime};

impl Draft<'_> {
    pub(super) fn create(
        &mut self,
        layer: LayerDocument,
        parent: Option<LayerId>,
        index: Option<usize>,
    ) -> Result<(), EditRejected> {
        self.refuse_taken(&layer)?;
        let id = layer.id.clone();
        let siblings = self.siblings(parent.as_ref())?;
        let index = index.unwrap_or(siblings.len()).min(siblings.len());
        siblings.insert(index, id.clone());
        self.plant(layer, parent);
        self.blame(id, "layer");
        Ok(())
    }

    /// Whether layers can go into `parent`; the canvas takes any.
    pub(super) fn check_group(&mut self, parent: Option<&LayerId>) -> Result<(), EditRejected> {
        let Some(parent) = parent else { return Ok(()) };
        if matches!(self.node(parent)?.document.content, Content::Group(_)) {
            return Ok(());
        }
        Err(EditRejected::NotAGroup { id: parent.clone() })
    }

    /// Takes a layer from where it is to another place. It stays the entity that it is.
    pub(super) fn move_layer(
        &mut self,
        id: &LayerId,
        from: Option<&LayerId>,
        to: Option<LayerId>,
        index: Option<usize>,
    ) -> Result<(), EditRejected> {
        let mut around = to.clone();
        while let Some(group) = around {
            if group == *id {
                let parent = to.unwrap_or(group);
                return Err(EditRejected::IntoItself { id: id.clone(), parent });
            }
            around = self.node(&group)?.parent.clone();
        }
        self.siblings(from)?.retain(|sibling| sibling != id);
        let siblings = self.siblings(to.as_ref())?;
        let index = index.unwrap_or(siblings.len()).min(siblings.len());
        siblings.insert(index, id.clone());
        self.node(id)?.parent = to;
        self.blame(id.clone(), MOVED);
        Ok(())
    }

    /// Puts children of a group, or of the canvas, into another order. A place is what decides who is in front of whom:
    /// first the `zIndex`, then the place in the list.
    pub(super) fn order(&mut self, parent: Option<&LayerId>, order: &[LayerId]) -> Result<(), EditRejected> {
        let mut children = self.siblings(parent)?.clone();
        let at: HashMap<LayerId, usize> = children.iter().cloned().enumerate().map(|(at, id)| (id, at)).collect();
        let mut faults = Vec::new();
        let mut places = Vec::with_capacity(order.len());
        let mut named = HashSet::with_capacity(order.len());
        for (number, id) in order.iter().enumerate() {
            let is_repeated = !named.insert(id);
            match at.get(id) {
                Some(at) if !is_repeated => places.push((self.node(id)?.document.z_index, *at)),
                found => faults.push(Fault {
                    place: None,
                    pointer: format!("/{number}"),
                    found: if is_repeated { format!("`{id}` a second time") } else { format!("`{id}`") },
                    expected: match parent {
                        Some(parent) => format!("children of the group `{parent}`, each once"),
                        None => "outermost layers of the scene, each once".to_owned(),
                    },
                    nearest: if found.is_some() {
                        None
                    } else {
                        nearest(id.as_str(), children.iter().map(LayerId::as_str)).map(str::to_owned)
                    },
                }),
            }
        }
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        places.sort_by_key(|(z_index, at)| (z_index.0, *at));
        for (id, (z_index, at)) in order.iter().zip(places) {
            self.node(id)?.document.z_index = z_index;
            children[at] = id.clone();
        }
        *self.siblings(parent)? = children;
        Ok(())
    }

    pub(super) fn replace(
        &mut self,
        id: &LayerId,
        layer: LayerDocument,
        part: &'static str,
    ) -> Result<(), EditRejected> {
        let parent = self.node(id)?.parent.clone();
        if layer.id != *id {
            return Err(invalid("/id", &format!("`{}`", layer.id), &format!("`{id}`: a layer keeps its id")));
        }
        // Where this is refused the draft is dropped with the batch: nothing has to be put back.
        self.take(id);
        self.refuse_taken(&layer)?;
        self.plant(layer, parent);
        self.blame(id.clone(), part);
        Ok(())
    }

    pub(super) fn patch(&mut self, id: &LayerId, patch: &serde_json::Value) -> Result<(), EditRejected> {
        let limits = self.limits;
        let read = |layer: &LayerDocument| {
            read_patched(layer, patch, |source| LayerDocument::from_source(&source, &limits))
                .map_err(|faults| EditRejected::Invalid { faults })
        };
        let node = self.node(id)?;
        if concerns_itself(patch, node) {
            // Whatever lies below it is neither copied nor read again. Whether it fits that is checked in the end.
            node.document = read(&node.document)?;
            self.blame(id.clone(), "patch");
            return Ok(());
        }
        let Some(layer) = self.document(id) else { return Err(self.unknown(id)) };
        self.replace(id, read(&layer)?, "patch")
    }

    /// Adds an animation to those of a layer. What is wrong with it is told with pointers from it on.
    pub(super) fn add_animation(&mut self, id: &LayerId, animation: Animation) -> Result<(), EditRejected> {
        self.drop_replaced(id)?;
        let document = &mut self.node(id)?.document;
        let place = document.animations.0.len();
        if place >= MAX_ANIMATIONS {
            let found = format!("an animation beside {place} others");
            return Err(invalid("", &found, &format!("at most {MAX_ANIMATIONS} of a layer: remove one first")));
        }
        let mut faults = animation::check(&animation, document.parts());
        document.animations.0.push(animation);
        if faults.is_empty() {
            let layer = document.clone();
            // Its place among the others, and the assets that it names.
            let base = format!("/animations/{place}");
            let own = |fault: Fault| {
                let pointer = fault.pointer.strip_prefix(&base).map(ToOwned::to_owned)?;
                Some(Fault { pointer, ..fault })
            };
            faults =
                check_layer(&layer, Some(&self.header().assets), &self.limits).into_iter().filter_map(own).collect();
        }
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        self.blame(id.clone(), "animation");
        Ok(())
    }

    /// Makes room for another animation if a layer has as many as it may: those go that are over, and of which nothing is
    /// seen since later ones have replaced them.
    fn drop_replaced(&mut self, id: &LayerId) -> Result<(), EditRejected> {
        let (world, time) = (self.world, self.world.resource::<SceneTime>());
        let Node { document, entity, dropped, .. } = self.node(id)?;
        // Of what the batch itself has added, none is over.
        if document.animations.0.len() < MAX_ANIMATIONS || !dropped.is_empty() {
            return Ok(());
        }
        if let Some(starts) = entity.and_then(|entity| world.get::<AnimationStarts>(entity)) {
            for place in starts.replaced(&document.animations, time.origin, time.seconds) {
                document.animations.0.remove(place);
                dropped.push(place);
            }
        }
        Ok(())
    }

    pub(super) fn remove_animation(&mut self, id: &LayerId, index: usize) -> Result<(), EditRejected> {
        self.animation(id, index)?;
        self.node(id)?.document.animations.0.remove(index);
        self.blame(id.clone(), "index");
        Ok(())
    }

    pub(super) fn control_animation(
        &mut self,
        id: LayerId,
        index: usize,
        control: AnimationControl,
    ) -> Result<(), EditRejected> {
        let animation = Box::new(self.animation(&id, index)?.clone());
        self.inputs.push(Input::Animation { layer: id, index, animation, control });
        Ok(())
    }

    /// The animation at a place in the list of a layer.
    fn animation(&mut self, id: &LayerId, index: usize) -> Result<&Animation, EditRejected> {
        let animations = &self.node(id)?.document.animations.0;
        animations.get(index).ok_or_else(|| no_animation(animations.len(), index, "the layer"))
    }

    pub(super) fn delete(&mut self, id: &LayerId) -> Result<(), EditRejected> {
        let parent = self.node(id)?.parent.clone();
        self.siblings(parent.as_ref())?.retain(|sibling| sibling != id);
        self.take(id);
        Ok(())
    }

    /// Takes a layer and all below it out of the draft. Those that are entities go with the batch, unless they are
    /// planted again.
    pub(super) fn take(&mut self, id: &LayerId) {
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
    pub(super) fn plant(&mut self, mut layer: LayerDocument, parent: Option<LayerId>) {
        let children = std::mem::take(&mut layer.children);
        let id = layer.id.clone();
        let entity = if self.fresh { None } else { self.removed.remove(&id) };
        let ids = children.iter().map(|child| child.id.clone()).collect();
        self.layers.insert(id.clone(), Node { document: layer, parent, children: ids, entity, dropped: Vec::new() });
        for child in children {
            self.plant(child, Some(id.clone()));
        }
    }

    fn refuse_taken(&self, layer: &LayerDocument) -> Result<(), EditRejected> {
        self.refuse_taken_at(layer, "")
    }

    /// The same of a layer that stands at `pointer` in the document of the edit.
    fn refuse_taken_at(&self, layer: &LayerDocument, pointer: &str) -> Result<(), EditRejected> {
        if self.exists(&layer.id) {
            return Err(EditRejected::DuplicateLayer { id: layer.id.clone(), pointer: format!("{pointer}/id") });
        }
        let mut children = layer.children.iter().enumerate();
        children.try_for_each(|(index, child)| self.refuse_taken_at(child, &format!("{pointer}/children/{index}")))
    }

    /// Notes that a layer has to be checked, and which part of the present edit is to blame if it does not fit.
    pub(super) fn blame(&mut self, id: LayerId, part: &'static str) {
        self.unchecked.push((id, Blamed(self.index, part)));
    }
}

/// Whether a patch changes nothing but what is written about the layer itself, of which its children are no part.
fn concerns_itself(patch: &serde_json::Value, node: &Node) -> bool {
    let Some(keys) = patch.as_object() else { return false };
    // A layer keeps its id, and whether there may be children depends on the content.
    !keys.contains_key("id")
        && !keys.contains_key("children")
        && (node.children.is_empty() || !keys.contains_key("content"))
}

/// Tells that there is no animation at a place in a list of so many.
pub(super) fn no_animation(count: usize, index: usize, whose: &str) -> EditRejected {
    let expected = match count {
        0 => format!("an animation: {whose} has none"),
        count => format!("a place from 0 to {}", count - 1),
    };
    invalid("", &index.to_string(), &expected)
}
