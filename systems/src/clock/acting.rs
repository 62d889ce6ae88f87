//! What triggers do of what happens: steer timelines, change layers, fire events, bring scenes on air.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc};

use bevy_ecs::{change_detection::DetectChangesMut, entity::Entity, world::World};
use components::{
    Animations, Edit, LayerId, Presets, SceneId, TrackId, Transition as SceneTransition,
    animation::{
        Animation, AnimationControl, AnimationStarts,
        timeline::{TimelineControl, TimelineId},
        trigger::{Action, TriggerDocument},
    },
    document::{Fault, no_reserved_layer, reserved_in_patch},
    edit::{BatchRejected, EditRejected},
};

use super::{
    Inputs, SceneTime, Timelines,
    allowance::{Chain, Excess, TOGETHER, cost},
    conductor::{Run, SceneEvent},
    happenings::Happening,
    played,
};
use crate::{
    edit::{apply_batch, check_batch},
    held::Held,
    scene::{self, LayerIndex, SceneHeader, SceneRoot},
    sound::SoundMotion,
    transition::Departures,
    tween::compile_layers,
};

/// Seconds of scene time within which a trigger is told of once, however often it fails.
const TELL_AGAIN: f64 = 10.0;

/// Another scene is to come on air.
struct Leave {
    /// The place of the trigger that asks for it.
    trigger: usize,
    scene: SceneId,
    transition: Option<SceneTransition>,
}

impl Run<'_> {
    /// Lets triggers act on what happened at scene time `when`, and on what comes of that.
    pub(super) fn spread(&mut self, happened: VecDeque<Happening>, when: f64) {
        self.let_act(happened, when);
        self.hand_over(when);
    }

    fn let_act(&mut self, happened: VecDeque<Happening>, when: f64) {
        self.conductor.allowance.come_to(when);
        let mut chain = Chain::new(happened);
        let mut leave = None;
        'happened: loop {
            let Some((happening, cause)) = chain.next() else {
                // What happened before the scene leaves has been reacted to.
                let Some(Leave { trigger, scene, transition }) = leave.take() else { return };
                chain = Chain::new(self.activate(trigger, scene, transition, when));
                continue;
            };
            let triggers = Arc::clone(&self.conductor.triggers);
            let waiting = |(index, trigger): &(usize, &TriggerDocument)| happening.is(*index, &trigger.on);
            for (index, trigger) in triggers.iter().enumerate().filter(waiting) {
                // Somebody may fire one that is stopped.
                if self.conductor.stopped.contains(&index) && !matches!(happening, Happening::Fired(_)) {
                    continue;
                }
                let place = chain.join(index, cause);
                let cost = cost(&trigger.actions, |timeline| self.timelines.reach(timeline));
                match self.conductor.allowance.take(index, &trigger.actions, cost, place) {
                    Ok(()) => {}
                    Err(excess @ (Excess::TooMuch(_) | Excess::Rest)) => {
                        self.exceed(index, excess, when);
                        chain = Chain::default();
                        continue 'happened;
                    }
                    Err(excess) => {
                        self.exceed(index, excess, when);
                        continue;
                    }
                }
                let mut next = VecDeque::new();
                for action in &trigger.actions {
                    if let ControlFlow::Break(asked) = self.act(index, action.clone(), when, &mut next) {
                        // A scene that is about to leave does not leave for another one.
                        leave.get_or_insert(asked);
                        break;
                    }
                }
                chain.add(place, next);
            }
        }
    }

    /// Stops triggers that do too much, and tells so.
    fn exceed(&mut self, trigger: usize, excess: Excess, when: f64) {
        const FOR_GOOD: &str = "is stopped until triggers or timelines are edited or the scene is loaded anew";
        let message = match excess {
            Excess::Rest => return,
            Excess::Loop(times) => format!(
                "triggers set one another off without end: /triggers/{trigger} was to act for the {times}th time at \
                 {when:.3} s of the scene by what it did itself. It {FOR_GOOD}. Let one of them wait for something else"
            ),
            Excess::Scenes => format!(
                "triggers set one another off without end: they bring one scene after the other on air within a tenth of \
                 a second, the last of them /triggers/{trigger} at {when:.3} s. It {FOR_GOOD}. Let one of them wait for \
                 something else"
            ),
            Excess::TooOften(times) => format!(
                "/triggers/{trigger} acts too often: {times} times within a tenth of a second, the last time at \
                 {when:.3} s of the scene. It {FOR_GOOD}. Let it wait for something that comes less often, or do less"
            ),
            Excess::TooMuch(most) => {
                let most =
                    most.map(|most| format!(". /triggers/{most}, which did the most, {FOR_GOOD}")).unwrap_or_default();
                format!(
                    "triggers do too much at {when:.3} s of the scene: more than {} actions `set`, or as much, at once or \
                     within a second. What else they would have done in that is left out{most}. Let fewer of them act, \
                     or do less",
                    TOGETHER / 8
                )
            }
        };
        let stopped = match excess {
            Excess::TooMuch(most) => most,
            _ => Some(trigger),
        };
        if let Some(stopped) = stopped {
            self.conductor.stopped.insert(stopped);
            // What only these wait for need not be looked for.
            self.timelines.wait_for(&self.conductor.triggers, &self.conductor.stopped);
        }
        self.events.push(SceneEvent::Failed { message });
    }

    /// Tells of a trigger that failed, unless that was told just now.
    fn fail(&mut self, trigger: usize, when: f64, message: String) {
        let is_told = self.conductor.told.get(&trigger).is_some_and(|told| when < told + TELL_AGAIN);
        if !is_told {
            self.conductor.told.insert(trigger, when);
            self.events.push(SceneEvent::Failed { message });
        }
    }

    /// Breaks where another scene is to come on air.
    fn act(
        &mut self,
        trigger: usize,
        action: Action,
        when: f64,
        happened: &mut VecDeque<Happening>,
    ) -> ControlFlow<Leave> {
        match action {
            Action::Activate { scene, transition } => {
                let edit = Edit::ActivateScene { id: scene.clone(), transition: transition.clone() };
                match check_batch(self.world, vec![edit]) {
                    Ok(()) if self.world.resource::<Held>().0.active == scene => {}
                    Ok(()) => return ControlFlow::Break(Leave { trigger, scene, transition }),
                    Err(rejected) => self.fail(trigger, when, not_on_air(trigger, &scene, &rejected)),
                }
            }
            Action::Set { layer, patch } => self.set(trigger, layer, patch, when),
            Action::Emit { event } => {
                self.events.push(SceneEvent::Fired { name: event.clone() });
                happened.push_back(Happening::Event(event));
            }
            Action::Play { .. }
            | Action::Pause { .. }
            | Action::Reverse { .. }
            | Action::Seek { .. }
            | Action::Rate { .. }
            | Action::Cancel { .. } => {
                if let Some((id, control)) = action.control() {
                    self.control(id, &control, when, happened);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Brings another scene on air at scene time `when`, from its beginning. What happens with that is given back.
    fn activate(
        &mut self,
        trigger: usize,
        id: SceneId,
        transition: Option<SceneTransition>,
        when: f64,
    ) -> VecDeque<Happening> {
        // The scene that leaves goes on for a while, from what was done to it up to now.
        self.settle(when);
        self.world.resource_mut::<Timelines>().bypass_change_detection().clone_from(&self.timelines);
        let edit = Edit::ActivateScene { id: id.clone(), transition };
        self.world.resource_mut::<Departures>().acting_at = Some(when);
        let outcome = apply_batch(self.world, vec![edit]);
        self.world.resource_mut::<Departures>().acting_at = None;
        if let Err(rejected) = outcome {
            self.fail(trigger, when, not_on_air(trigger, &id, &rejected));
            return VecDeque::new();
        }
        // What the stage `edit` would tell of the scene on the next tick is done here.
        self.world.resource_mut::<Inputs>().0.clear();
        self.world.resource_mut::<SceneTime>().origin = when;
        start_scene_at(self.world, when);
        self.world.resource_mut::<SoundMotion>().bypass_change_detection().begin(None);
        self.timelines = Timelines::default();
        self.conductor.triggers = Arc::default();
        self.conductor.told.clear();
        self.conductor.allowance.forget_triggers();
        let happened = self.take_over(when, Some(Happening::Start));
        self.conductor.until = when;
        self.keep(when);
        happened
    }

    pub(super) fn control(
        &mut self,
        id: &TimelineId,
        control: &TimelineControl,
        when: f64,
        happened: &mut VecDeque<Happening>,
    ) {
        // One that was deleted in the same batch has nothing to steer.
        let Some(index) = self.timelines.find(id) else { return };
        let is_sought = matches!(control, TimelineControl::Seek { .. });
        if is_sought && self.begun.remove(&index) {
            self.tell_of(index, when);
        }
        let was_idle = self.timelines.is_idle(index);
        self.steered = true;
        self.handed.add(index);
        if self.timelines.control(index, control, when) {
            happened.push_back(Happening::TimelineStart(id.clone()));
        }
        if was_idle && !self.timelines.is_idle(index) {
            // What is sought is there at once, also if it is played with that.
            if is_sought {
                self.tell_of(index, when);
            } else {
                self.begun.insert(index);
            }
        }
    }

    fn set(&mut self, trigger: usize, layer: LayerId, patch: serde_json::Value, when: f64) {
        let outcome = check_reserved(self.world, &patch).and_then(|()| {
            let edit = Edit::PatchLayer { id: layer.clone(), patch };
            apply_batch(self.world, vec![edit])
        });
        if let Err(rejected) = outcome {
            let message = format!("/triggers/{trigger} could not set the layer `{layer}`: {}", why(&rejected));
            self.fail(trigger, when, message);
        } else if let Some(entity) = self.world.resource::<LayerIndex>().get(&layer) {
            start_at(self.world, entity, when);
        }
    }
}

/// Whether a patch brings in no layer of an id that cannot be given. When the trigger was written, one of such an id may have
/// been there, which is gone since.
fn check_reserved(world: &World, patch: &serde_json::Value) -> Result<(), BatchRejected> {
    let index = world.resource::<LayerIndex>();
    let mut faults = Vec::new();
    reserved_in_patch(patch, "", &mut |id, pointer| {
        if !index.ids().any(|known| known.as_str() == id) {
            let (found, expected) = (format!("`{id}`"), no_reserved_layer(id));
            faults.push(Fault { place: None, pointer, found, expected, nearest: None });
        }
    });
    if faults.is_empty() { Ok(()) } else { Err(EditRejected::Invalid { faults }.into()) }
}

fn not_on_air(trigger: usize, scene: &SceneId, rejected: &BatchRejected) -> String {
    format!("/triggers/{trigger} could not bring the scene `{scene}` on air: {}", why(rejected))
}

/// Why something was refused, with the first of all that is wrong with it.
fn why(rejected: &BatchRejected) -> String {
    let (EditRejected::Invalid { faults } | EditRejected::InUse { faults } | EditRejected::AssetInUse { faults }) =
        &rejected.reason
    else {
        return rejected.to_string();
    };
    match &**faults {
        [] => rejected.to_string(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

/// Steers a single animation of a layer at scene time `when`: the one that was at a place in the list, wherever it is now.
pub(super) fn steer_animation(
    world: &mut World,
    layer: &LayerId,
    (index, animation): (usize, &Animation),
    control: AnimationControl,
    when: f64,
) {
    let Some(entity) = world.resource::<LayerIndex>().get(layer) else { return };
    // It may have been added just now.
    start_animations_of(world, entity, when);
    let Some(mut starts) = world.get_mut::<AnimationStarts>(entity) else { return };
    if let Some(index) = starts.find(index, animation) {
        starts.control(index, control, when);
    }
}

/// The same of a track, or of the whole mix if there is none.
pub(super) fn steer_sound(
    world: &mut World,
    track: Option<&TrackId>,
    animation: (usize, &Animation),
    control: AnimationControl,
    when: f64,
) {
    let SceneRoot(root) = *world.resource::<SceneRoot>();
    world.resource_scope::<SoundMotion, _>(|world, mut sound| {
        if let Some(SceneHeader(header)) = world.get::<SceneHeader>(root) {
            sound.bypass_change_detection().steer(&header.audio, track, animation, control, when);
        }
    });
}

/// Lets new animations of a layer start at scene time `when`.
fn start_animations_of(world: &mut World, entity: Entity, when: f64) {
    if let Ok(mut entity) = world.get_entity_mut(entity)
        && let Some(animations) = entity.get::<Animations>()
        && let animations = played(animations, entity.get::<Presets>()).into_owned()
        && let Some(mut starts) = entity.get_mut::<AnimationStarts>()
    {
        starts.update(&animations, when);
    }
}

/// Lets new animations and transitions of all layers start at scene time `when`.
pub(super) fn start_scene_at(world: &mut World, when: f64) {
    let SceneRoot(root) = *world.resource::<SceneRoot>();
    let roots = world.get_entity(root).map(scene::children).unwrap_or_default();
    roots.into_iter().for_each(|layer| start_at(world, layer, when));
}

/// Lets new animations and transitions of a layer, and of all below it, start at scene time `when`.
fn start_at(world: &mut World, entity: Entity, when: f64) {
    start_animations_of(world, entity, when);
    compile_layers(world, &[entity], when);
    let children = world.get_entity(entity).map(scene::children).unwrap_or_default();
    for child in children {
        start_at(world, child, when);
    }
}
