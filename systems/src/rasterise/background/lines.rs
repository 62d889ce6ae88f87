//! Texts whose lines take longer to be set than a tick has.

use std::collections::{HashMap, HashSet};

use bevy_ecs::{entity::Entity, resource::Resource};
use components::{Content, LayerId};

use super::{Background, Job, Patience, work::Work};
use crate::rasterise::{
    content::text::{Fonts, SetText, faces::Faces, setting_work},
    fault::FaultInjection,
};

/// The texts whose lines are being set in the background. Their layers stay as they were.
#[derive(Resource, Debug, Default)]
pub struct AwaitedLines {
    /// The number by which the lines of each layer were asked for.
    waiting: HashMap<Entity, u64>,
    numbers: u64,
    /// Layers whose lines have come since layers were measured last.
    arrived: Vec<Entity>,
    /// Layers whose text could not be set: the tick meets the panic itself, and shows it.
    failed: HashSet<Entity>,
    /// Layers whose text an animation changes faster than its lines can come: the tick sets them itself.
    moving: HashSet<Entity>,
}

impl AwaitedLines {
    /// Whether any layer waits for its lines.
    pub(crate) fn are_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether a layer is to be measured when its lines are there, not now. Sees to it that they come.
    pub(crate) fn awaits(
        &mut self,
        entity: Entity,
        layer: &LayerId,
        (content, is_animated): (&Content, bool),
        patience: Patience,
        fonts: &Fonts,
        background: &Background,
    ) -> bool {
        let Content::Text(text) = content else { return false };
        let is_long = || patience.is_exceeded_by(setting_work(text)) && fonts.known(text).is_none();
        if self.failed.remove(&entity) || !is_long() {
            self.waiting.remove(&entity);
            self.moving.remove(&entity);
            return false;
        }
        if !is_animated {
            self.moving.remove(&entity);
        } else if self.moving.contains(&entity) || self.waiting.contains_key(&entity) {
            // Lines would always be those of another text by the time they come.
            self.moving.insert(entity);
            self.waiting.remove(&entity);
            return false;
        }
        if self.waiting.contains_key(&entity) {
            // When those come that are being set now, it is seen that they are of another text.
            return true;
        }
        self.numbers += 1;
        self.waiting.insert(entity, self.numbers);
        background.start(Job {
            entity,
            is_needed: true,
            layer: layer.clone(),
            injection: FaultInjection::default(),
            faces: Some(fonts.faces().clone()),
            work: Work::Lines(Box::new(text.clone()), self.numbers),
        });
        true
    }

    /// Takes in lines.
    pub(super) fn take_in(
        &mut self,
        entity: Entity,
        number: u64,
        faces: &Faces,
        set: Result<SetText, String>,
        fonts: &mut Fonts,
    ) {
        let is_awaited = self.waiting.get(&entity) == Some(&number);
        match set {
            Ok(set) if fonts.faces().are(faces) => fonts.keep(set),
            // The fonts have changed meanwhile: they are set again.
            Ok(_) => {}
            Err(_) if is_awaited => {
                self.failed.insert(entity);
            }
            Err(_) => {}
        }
        if is_awaited {
            self.waiting.remove(&entity);
            self.arrived.push(entity);
        }
    }

    /// Whether any layer waits for its lines.
    pub(crate) fn any(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The layers whose lines have come.
    pub(crate) fn arrived(&mut self) -> Vec<Entity> {
        std::mem::take(&mut self.arrived)
    }

    /// How many layers wait for their lines. Forgets those that are gone.
    pub(crate) fn count(&mut self, is_there: impl Fn(Entity) -> bool) -> u64 {
        self.waiting.retain(|entity, _| is_there(*entity));
        self.failed.retain(|entity| is_there(*entity));
        self.moving.retain(|entity| is_there(*entity));
        self.waiting.len() as u64
    }
}
