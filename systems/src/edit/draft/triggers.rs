//! Edits of triggers.

use components::{
    animation::trigger::{TriggerDocument, TriggerId, TriggerRef},
    document::{Fault, MAX_TRIGGERS, check_scene, nearest},
    edit::{BatchRejected, EditRejected},
};

use serde_json::Value;

use super::{
    Blamed, Draft, invalid,
    parts::{patched, too_many},
};
use crate::clock::Input;

/// Whether a trigger that is named by its id, not by its place, has that; `present` is the one that is there, if one is.
fn check_name(
    id: &TriggerRef,
    present: Option<&TriggerDocument>,
    trigger: &TriggerDocument,
) -> Result<(), EditRejected> {
    let TriggerRef::Id(name) = id else { return Ok(()) };
    let is_place = present.is_some_and(|present| present.id.as_ref() != Some(name));
    if is_place || trigger.id.as_ref() == Some(name) {
        return Ok(());
    }
    let found = trigger.id.as_ref().map_or_else(|| "no `id`".to_owned(), |other| format!("`{other}`"));
    Err(invalid("/id", &found, &format!("`{name}`, by which the trigger is named: a trigger's id stays")))
}

impl Draft<'_> {
    /// The place of a trigger in the scene's list.
    pub(super) fn trigger(&self, id: &TriggerRef) -> Result<usize, EditRejected> {
        let triggers = &self.header().triggers;
        id.find(triggers).ok_or_else(|| {
            let id = id.to_string();
            let known = triggers.iter().filter_map(|trigger| trigger.id.as_ref()).map(TriggerId::as_str);
            let nearest = nearest(&id, known).map(str::to_owned);
            EditRejected::UnknownTrigger { id, nearest }
        })
    }

    pub(super) fn add_trigger(&mut self, trigger: TriggerDocument) -> Result<(), EditRejected> {
        let triggers = &self.header().triggers;
        if triggers.len() >= MAX_TRIGGERS {
            return Err(too_many("trigger", MAX_TRIGGERS));
        }
        if let Some(id) = &trigger.id
            && triggers.iter().any(|known| known.id.as_ref() == Some(id))
        {
            return Err(invalid("/id", &format!("`{id}`"), "an id that no other trigger of the scene has"));
        }
        self.note(&trigger, "trigger");
        self.header_mut().triggers.push(trigger);
        Ok(())
    }

    pub(super) fn put_trigger(&mut self, id: &TriggerRef, trigger: TriggerDocument) -> Result<(), EditRejected> {
        let known = &self.header().triggers;
        let place = id.find(known);
        let is_new_name = trigger.id.as_ref().is_some_and(|name| TriggerRef::Id(name.clone()) == *id);
        if place.is_none() && id.place().is_some() && !is_new_name {
            // Nothing can be put behind the last one by its place.
            return self.trigger(id).map(drop);
        }
        check_name(id, place.map(|place| &known[place]), &trigger)?;
        match place {
            Some(place) => {
                self.note(&trigger, "trigger");
                self.header_mut().triggers[place] = trigger;
                Ok(())
            }
            None => {
                self.done.created = true;
                self.add_trigger(trigger)
            }
        }
    }

    pub(super) fn patch_trigger(&mut self, id: &TriggerRef, place: usize, patch: &Value) -> Result<(), EditRejected> {
        let present = &self.header().triggers[place];
        let trigger: TriggerDocument = patched(present, patch)?;
        check_name(id, Some(present), &trigger)?;
        self.note(&trigger, "patch");
        self.header_mut().triggers[place] = trigger;
        Ok(())
    }

    pub(super) fn delete_trigger(&mut self, id: &TriggerRef) -> Result<(), EditRejected> {
        let place = self.trigger(id)?;
        self.header_mut().triggers.remove(place);
        self.inputs.push(Input::Edited);
        Ok(())
    }

    pub(super) fn fire(&mut self, id: &TriggerRef) -> Result<(), EditRejected> {
        let trigger = Box::new(self.header().triggers[self.trigger(id)?].clone());
        self.inputs.push(Input::Trigger(trigger));
        Ok(())
    }

    /// Notes that the edit, whose `part` it comes of, is to blame for a trigger.
    fn note(&mut self, trigger: &TriggerDocument, part: &'static str) {
        self.put_triggers.push((trigger.clone(), Blamed(self.index, part)));
        self.inputs.push(Input::Edited);
    }

    /// Checks that triggers which the batch has put fit the scene. Faults are told as faults of their documents.
    pub(super) fn check_triggers(&mut self) -> Result<(), BatchRejected> {
        if self.put_triggers.is_empty() {
            return Ok(());
        }
        let scene = self.scene();
        let faults = check_scene(&scene, &self.limits);
        for (index, trigger) in scene.triggers.iter().enumerate() {
            let Some((_, blamed)) = self.put_triggers.iter().rfind(|(put, _)| put == trigger) else { continue };
            let pointer = format!("/triggers/{index}");
            let of_it = faults.iter().filter_map(|fault| {
                let rest = fault.pointer.strip_prefix(&pointer)?;
                let is_of_it = rest.is_empty() || rest.starts_with('/');
                is_of_it.then(|| Fault { pointer: rest.to_owned(), ..fault.clone() })
            });
            let of_it: Vec<Fault> = of_it.collect();
            if !of_it.is_empty() {
                return Err(blamed.for_(EditRejected::Invalid { faults: of_it }));
            }
        }
        Ok(())
    }
}
