//! Edits of whole scenes: the one on air, and those that wait.

use bevy_ecs::world::World;
use components::{
    SceneDocument, SceneId, Transition,
    document::check_scene,
    edit::EditRejected,
    held::{HeldChange, HeldScenes},
};

use super::{Changes, Draft};
use crate::{clock::Input, scene::LayerIndex};

impl Draft<'_> {
    /// Puts a scene in the place of the one on air: from its beginning, or with what stays the same going on.
    pub(super) fn load_scene(&mut self, mut scene: SceneDocument, fresh: bool) -> Result<(), EditRejected> {
        let faults = check_scene(&scene, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        // One that came over the wire has no folder of its own.
        if scene.folder.as_os_str().is_empty() {
            scene.folder.clone_from(&self.header().folder);
        }
        self.lay_out(scene, fresh);
        Ok(())
    }

    /// The same with a scene that needs no check.
    fn lay_out(&mut self, mut scene: SceneDocument, fresh: bool) {
        self.layers.clear();
        self.unchecked.clear();
        self.put.clear();
        self.put_triggers.clear();
        self.assets = false;
        self.fresh |= fresh;
        if fresh {
            self.transition = Some(Transition::Cut {});
        }
        self.inputs.push(if fresh { Input::Loaded } else { Input::Edited });
        self.removed = self.world.resource::<LayerIndex>().iter().map(|(id, entity)| (id.clone(), entity)).collect();
        let layers = std::mem::take(&mut scene.layers);
        self.header = Some(scene);
        self.roots = Some(layers.iter().map(|layer| layer.id.clone()).collect());
        for layer in layers {
            self.plant(layer, None);
        }
        if fresh {
            self.known = self.layers.len();
        }
    }

    /// What puts a scene back on air that was there a moment ago, with those that were held then, whatever is allowed by
    /// now.
    pub(in crate::edit) fn put_back(world: &World, scene: SceneDocument, held: HeldScenes) -> Changes {
        let mut draft = Draft::new(world);
        draft.lay_out(scene, true);
        draft.held = Some(held);
        draft.transition = None;
        draft.into_changes()
    }

    pub(super) fn put_scene(&mut self, id: SceneId, mut scene: SceneDocument) -> Result<(), EditRejected> {
        if self.held().active == id {
            return self.load_scene(scene, false);
        }
        let faults = check_scene(&scene, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        if scene.folder.as_os_str().is_empty() {
            let before = self.held().others.get(&id).map(|scene| scene.folder.clone());
            scene.folder = before.unwrap_or_else(|| self.header().folder.clone());
        }
        let is_new = !self.held().others.contains_key(&id);
        let change = self.held().put(id, scene)?;
        self.held_changes.push(change);
        self.done.created |= is_new;
        Ok(())
    }

    pub(super) fn delete_scene(&mut self, id: &SceneId) -> Result<(), EditRejected> {
        if self.held().active == *id {
            return Err(EditRejected::OnAir { id: id.clone() });
        }
        self.held().take(id)?;
        self.held_changes.push(HeldChange::Removed { id: id.clone() });
        Ok(())
    }

    /// Checks what a transition shows against the scene that comes, if there is such a scene.
    pub(super) fn check_transition(
        &mut self,
        id: &SceneId,
        transition: Option<&Transition>,
    ) -> Result<(), EditRejected> {
        let scene = self.held().others.get(id);
        let fault = transition.zip(scene).and_then(|(transition, scene)| transition.check(&scene.assets));
        fault.map_or(Ok(()), |fault| Err(EditRejected::Invalid { faults: vec![fault] }))
    }

    /// Does nothing if the scene is on air already, be it that a transition to it is under way.
    pub(super) fn activate_scene(&mut self, id: &SceneId, transition: Option<Transition>) -> Result<(), EditRejected> {
        if self.held().active == *id {
            return Ok(());
        }
        let next = self.held().take(id)?;
        let present = self.scene();
        let held = self.held();
        let before = std::mem::replace(&mut held.active, id.clone());
        let kept = held.put(before, present)?;
        let transition = transition.or_else(|| next.transition.clone()).unwrap_or_default();
        let activated = HeldChange::Activated { id: id.clone(), transition: transition.clone() };
        self.held_changes.extend([kept, activated]);
        self.load_scene(SceneDocument::clone(&next), true)?;
        self.transition = Some(transition);
        self.done.activated = true;
        Ok(())
    }
}
