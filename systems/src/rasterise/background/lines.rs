//! Texts whose lines take longer to be set than a tick has.

use std::collections::{HashMap, HashSet};

use bevy_ecs::{entity::Entity, resource::Resource};
use components::{Content, LayerId};

use super::{Background, Job, Patience, work::Work};
use crate::rasterise::{
    content::text::{Fonts, SetText, faces::Faces, setting_work},
    fault::FaultInjection,
};

/// The texts whose lines are being set in the background. Their layers stay as they were; where an animation changes a text
/// faster than its lines can come, the layer shows one text after the other whose lines have come, each as a whole.
#[derive(Resource, Debug, Default)]
pub struct AwaitedLines {
    /// The number by which the lines of each layer were asked for, and of what.
    waiting: HashMap<Entity, (u64, Content)>,
    numbers: u64,
    /// Layers whose lines have come since layers were measured last.
    arrived: Vec<Entity>,
    /// What those lines are of.
    came: HashMap<Entity, Content>,
    /// What layers show that an animation has changed meanwhile, and whose new lines are not there.
    shown: HashMap<Entity, Content>,
    /// Layers whose text could not be set: the tick meets the panic itself, and shows it.
    failed: HashSet<Entity>,
}

impl AwaitedLines {
    /// Whether any layer waits for its lines and shows none that have come before.
    pub(crate) fn are_missing(&self) -> bool {
        self.waiting.keys().any(|entity| !self.shown.contains_key(entity))
    }

    /// What a layer shows in the place of its text, whose lines are not there yet.
    pub(crate) fn shown(&self, entity: Entity) -> Option<&Content> {
        self.shown.get(&entity)
    }

    /// What a layer is to be measured as, and drawn as until it is measured again; `None` if it stays as it is until its
    /// lines are there. Sees to it that they come.
    pub(crate) fn measurable<'a>(
        &'a mut self,
        entity: Entity,
        layer: &LayerId,
        (content, is_animated): (&'a Content, bool),
        patience: Patience,
        fonts: &Fonts,
        background: &Background,
    ) -> Option<&'a Content> {
        let came = self.came.remove(&entity);
        let is_known = |content: &Content| match content {
            Content::Text(text) => !patience.is_exceeded_by(setting_work(text)) || fonts.known(text).is_some(),
            _ => true,
        };
        let has_failed = self.failed.remove(&entity);
        let Content::Text(text) = content else {
            self.forget(entity);
            return Some(content);
        };
        if has_failed || is_known(content) {
            self.forget(entity);
            return Some(content);
        }
        if self.waiting.contains_key(&entity) {
            // When those come that are being set now, it is seen that they are of another text.
            return None;
        }
        self.numbers += 1;
        self.waiting.insert(entity, (self.numbers, content.clone()));
        background.start(Job {
            entity,
            is_needed: true,
            layer: layer.clone(),
            injection: FaultInjection::default(),
            faces: Some(fonts.faces().clone()),
            work: Work::Lines(Box::new(text.clone()), self.numbers),
        });
        // The present text's lines would be late by the time they come, too.
        let came = came.filter(|came| is_animated && is_known(came))?;
        Some(self.shown.entry(entity).insert_entry(came).into_mut())
    }

    /// A layer is measured as what it is.
    fn forget(&mut self, entity: Entity) {
        self.waiting.remove(&entity);
        self.shown.remove(&entity);
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
        let is_awaited = self.waiting.get(&entity).is_some_and(|(awaited, _)| *awaited == number);
        let content = if is_awaited { self.waiting.remove(&entity) } else { None };
        match set {
            Ok(set) if fonts.faces().are(faces) => {
                fonts.keep(set);
                self.came.extend(content.map(|(_, content)| (entity, content)));
            }
            // The fonts have changed meanwhile: they are set again.
            Ok(_) => {}
            Err(_) if is_awaited => {
                self.failed.insert(entity);
            }
            Err(_) => {}
        }
        if is_awaited {
            self.arrived.push(entity);
        }
    }

    /// The layers whose lines have come.
    pub(crate) fn arrived(&mut self) -> Vec<Entity> {
        std::mem::take(&mut self.arrived)
    }

    /// How many layers wait for their lines. Forgets those that are gone.
    pub(crate) fn count(&mut self, is_there: impl Fn(Entity) -> bool) -> u64 {
        self.waiting.retain(|entity, _| is_there(*entity));
        self.failed.retain(|entity| is_there(*entity));
        self.came.retain(|entity, _| is_there(*entity));
        self.shown.retain(|entity, _| is_there(*entity));
        self.waiting.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bevy_ecs::world::World;
    use serde_json::json;

    use super::*;
    use crate::{
        rasterise::background::work::{Done, Made},
        workers::{Machine, WorkerThreads, start_workers},
    };

    const HASTE: Patience = Patience::Within(Duration::ZERO);

    fn moment(number: u32) -> Content {
        let text = "wide words ".repeat(20);
        let fit = json!({ "minSize": 4, "maxSize": 60 });
        let content = json!({ "type": "text", "text": text, "width": 100 + number, "height": 90, "autoFit": fit });
        serde_json::from_value(content).expect("a text")
    }

    /// The tick sets none of them itself, and one after the other is shown that was set in the background.
    #[test]
    fn of_a_text_that_changes_all_the_time_the_last_one_that_came_is_shown() {
        start_workers(WorkerThreads::of(&Machine::here()));
        let (mut lines, mut fonts, mut background) = (AwaitedLines::default(), Fonts::built_in(), Background::new());
        let entity = World::new().spawn_empty().id();
        let layer = LayerId::new("words").expect("a name");
        for now in 0..4 {
            let present = moment(now);
            let shown = lines.measurable(entity, &layer, (&present, true), HASTE, &fonts, &background).cloned();
            assert_eq!(shown, now.checked_sub(1).map(moment), "what came last");
            assert_eq!(lines.shown(entity).cloned(), shown, "it is drawn as that, too");
            for next in 50..53 {
                let next = moment(next);
                assert_eq!(lines.measurable(entity, &layer, (&next, true), HASTE, &fonts, &background), None);
            }
            assert_eq!(lines.shown(entity).cloned(), shown);
            assert_eq!((lines.are_missing(), lines.count(|_| true)), (now == 0, 1), "it is late, and not missing");
            let done = background.wait(Instant::now() + Duration::from_secs(60)).expect("its lines");
            let Done { made: Made::Lines(number, faces, set), .. } = done else { panic!("only lines were asked for") };
            lines.take_in(entity, number, &faces, set, &mut fonts);
            assert_eq!(lines.arrived(), [entity]);
        }
        assert_eq!(background.totals().tasks, 4, "one at a time");
        let rest = moment(3);
        let shown = lines.measurable(entity, &layer, (&rest, true), HASTE, &fonts, &background).cloned();
        assert_eq!((shown, lines.shown(entity)), (Some(rest), None), "it has come to rest");
    }
}
