//! Runs timelines and triggers through the time between two ticks.
//!
//! Timelines come to labels and ends at exact scene times; triggers act at these times, in their order, not at the
//! tick that notices. So what a scene looks like does not depend on the frame rate, nor on which frames are drawn.

use std::collections::{HashMap, VecDeque};

use bevy_ecs::{change_detection::DetectChangesMut, entity::Entity, resource::Resource, world::World};
use components::{
    Animations, Edit, LayerId,
    animation::{
        AnimationStarts,
        timeline::{LabelName, TimelineControl, TimelineId},
        trigger::{Action, Cause, EventName, TriggerDocument},
    },
};

use super::{
    Motion, Resume, SceneTime, Timelines,
    motion::resume_animations,
    timelines::{Player, Seen, Wait},
};
use crate::{
    edit::apply_batch,
    scene::{self, LayerIndex, SceneHeader, SceneRoot},
};

/// Triggers that may act within a tenth of a second. More are taken for a loop, and rest until it is over.
const MOST: usize = 256;
/// Seconds of scene time within which a trigger is told of once, however often it fails.
const TELL_AGAIN: f64 = 10.0;

/// Something that timelines and triggers get to know from the stage `edit`.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// There is another scene.
    Loaded,
    /// Timelines were edited.
    Edited,
    /// Somebody steers a timeline.
    Control(TimelineId, TimelineControl),
    /// Somebody fires an event.
    Event(EventName),
}

/// What came from the stage `edit` on this tick, in order.
#[derive(Resource, Clone, Debug, Default)]
pub struct Inputs(pub Vec<Input>);

/// Something that happened in the scene by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SceneEvent {
    /// An event was fired, by somebody or by a trigger.
    Fired {
        /// The event.
        name: EventName,
    },
    /// A trigger could not do what it should; everything else goes on.
    Failed {
        /// Why, in words for people.
        message: String,
    },
}

/// What happened on this tick.
#[derive(Resource, Clone, Debug, Default)]
pub struct SceneEvents(pub Vec<SceneEvent>);

/// What is kept from tick to tick beside the timelines themselves.
#[derive(Resource, Clone, Debug, Default)]
pub struct Conductor {
    triggers: Vec<TriggerDocument>,
    /// Scene time up to which everything has happened.
    until: f64,
    /// The timelines as they were when somebody intervened last, and when that was. Scene time that jumps back starts
    /// from there again.
    checkpoint: (f64, Timelines),
    /// Which tenth of a second of scene time it is, and how many triggers have acted in it.
    window: (f64, usize),
    /// When each trigger was last told of, in scene seconds.
    told: HashMap<usize, f64>,
}

/// Something that a trigger may wait for.
#[derive(Clone, Debug, PartialEq)]
enum Happening {
    Start,
    TimelineStart(TimelineId),
    TimelineEnd(TimelineId),
    Label(TimelineId, LabelName),
    Event(EventName),
}

impl Happening {
    fn is(&self, cause: &Cause) -> bool {
        match (self, cause) {
            (Self::Start, Cause::Start {}) => true,
            (Self::TimelineStart(id), Cause::TimelineStart { timeline })
            | (Self::TimelineEnd(id), Cause::TimelineEnd { timeline }) => id == timeline,
            (Self::Label(id, name), Cause::Label { timeline, label }) => id == timeline && name == label,
            (Self::Event(name), Cause::Event { name: waited }) => name == waited,
            _ => false,
        }
    }
}

/// Brings timelines and triggers to the present scene time.
pub fn run_timelines(world: &mut World) {
    let inputs = std::mem::take(&mut world.resource_mut::<Inputs>().0);
    let mut conductor = std::mem::take(&mut *world.resource_mut::<Conductor>());
    if inputs.is_empty() && world.resource::<Timelines>().players.is_empty() && conductor.triggers.is_empty() {
        conductor.until = world.resource::<SceneTime>().seconds;
    } else {
        let timelines = std::mem::take(world.resource_mut::<Timelines>().bypass_change_detection());
        let now = world.resource::<SceneTime>().seconds;
        let mut run = Run { world, conductor: &mut conductor, timelines, steered: false, events: Vec::new() };
        run.advance(now, inputs);
        let Run { timelines, steered, events, .. } = run;
        world.resource_mut::<SceneEvents>().0.extend(events);
        let mut kept = world.resource_mut::<Timelines>();
        *kept.bypass_change_detection() = timelines;
        if steered {
            kept.set_changed();
        }
    }
    *world.resource_mut::<Conductor>() = conductor;
}

/// One tick of it.
struct Run<'a> {
    world: &'a mut World,
    conductor: &'a mut Conductor,
    timelines: Timelines,
    /// Whether any playhead differs from what layers know.
    steered: bool,
    events: Vec<SceneEvent>,
}

impl Run<'_> {
    fn advance(&mut self, now: f64, mut inputs: Vec<Input>) {
        if let Some(loaded) = inputs.iter().rposition(|input| *input == Input::Loaded) {
            // What was before is of a scene that is gone.
            inputs.drain(..loaded);
            self.timelines = Timelines::default();
            *self.conductor = Conductor { until: now, ..Conductor::default() };
        }
        if now < self.conductor.until {
            self.timelines = self.conductor.checkpoint.1.clone();
            self.conductor.until = self.conductor.checkpoint.0.min(now);
            self.conductor.window = (f64::NEG_INFINITY, 0);
            self.conductor.told.clear();
            self.steered = true;
        }
        self.play_until(now);
        self.conductor.until = now;
        if inputs.is_empty() {
            return;
        }
        // What somebody does is not held against the triggers.
        self.conductor.window = (f64::NEG_INFINITY, 0);
        for input in inputs {
            match input {
                Input::Loaded => match self.world.resource_mut::<Resume>().0.take() {
                    Some(motion) => self.resume(&motion, now),
                    None => self.follow_header(now, Some(Happening::Start)),
                },
                Input::Edited => self.follow_header(now, None),
                Input::Control(id, control) => {
                    let mut happened = VecDeque::new();
                    self.control(&id, &control, now, &mut happened);
                    self.spread(happened, now);
                }
                Input::Event(name) => {
                    self.events.push(SceneEvent::Fired { name: name.clone() });
                    self.spread([Happening::Event(name)].into(), now);
                }
            }
            self.play_until(now);
        }
        self.conductor.checkpoint = (now, self.timelines.clone());
    }

    fn follow_header(&mut self, now: f64, first: Option<Happening>) {
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let Some(SceneHeader(header)) = self.world.get::<SceneHeader>(root) else { return };
        if self.conductor.triggers != header.triggers {
            self.conductor.triggers.clone_from(&header.triggers);
            self.conductor.told.clear();
        }
        let begun = self.timelines.update(&header.timelines, &header.triggers, now);
        self.steered = true;
        self.spread(first.into_iter().chain(begun.into_iter().map(Happening::TimelineStart)).collect(), now);
    }

    /// Lets a scene go on that has been played before: nothing starts, and what has happened does not happen again.
    fn resume(&mut self, motion: &Motion, now: f64) {
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let Some(SceneHeader(header)) = self.world.get::<SceneHeader>(root) else { return };
        self.conductor.triggers.clone_from(&header.triggers);
        self.timelines.update(&header.timelines, &header.triggers, now);
        self.timelines.resume(&motion.timelines, now);
        self.steered = true;
        resume_animations(self.world, &motion.starts);
    }

    /// Lets happen what happens up to scene time `until`, in the order of its times.
    fn play_until(&mut self, until: f64) {
        while let Some(moment) = self.next_moment(until) {
            let Moment { index, time, when } = moment;
            if self.is_at_rest(when) {
                self.pass_over(index, time, ((when * 10.0).floor() / 10.0 + 0.1).min(until));
                continue;
            }
            let Some(player) = self.timelines.players.get_mut(index) else { break };
            player.seen = Seen { at: time, inclusive: false };
            let happened = happenings(player, time);
            self.spread(happened, when);
        }
    }

    /// Whether triggers have acted too often in this tenth of a second.
    fn is_at_rest(&self, when: f64) -> bool {
        let (window, count) = self.conductor.window;
        window == (when * 10.0).floor() && count > MOST
    }

    /// Lets nothing happen up to scene time `until`, and at `time` of timeline `index` in any case: a round may be so
    /// short that to look at each would take longer than to play it.
    fn pass_over(&mut self, index: usize, time: u64, until: f64) {
        for (at, player) in self.timelines.players.iter_mut().enumerate() {
            let Some(playhead) = player.playhead.filter(|playhead| playhead.running) else { continue };
            let further = |a: u64, b: u64| if playhead.rate > 0.0 { a.max(b) } else { a.min(b) };
            let here = further(player.seen.at, playhead.at(until, player.list.end()));
            let here = if at == index { further(here, time) } else { here };
            if at == index || here != player.seen.at {
                player.seen = Seen { at: here, inclusive: false };
            }
        }
    }

    /// What comes next up to scene time `until`.
    fn next_moment(&self, until: f64) -> Option<Moment> {
        let mut next: Option<Moment> = None;
        for (index, player) in self.timelines.players.iter().enumerate() {
            let Some(moment) = next_of(index, player, self.conductor.until, until) else {
                continue;
            };
            if next.as_ref().is_none_or(|next| moment.when < next.when) {
                next = Some(moment);
            }
        }
        next
    }

    /// Lets triggers act on what happened at scene time `when`, and on what comes of that.
    fn spread(&mut self, mut happened: VecDeque<Happening>, when: f64) {
        while let Some(happening) = happened.pop_front() {
            for index in 0..self.conductor.triggers.len() {
                if !happening.is(&self.conductor.triggers[index].on) {
                    continue;
                }
                let tenth = (when * 10.0).floor();
                let (window, count) = &mut self.conductor.window;
                if *window != tenth {
                    (*window, *count) = (tenth, 0);
                }
                *count += 1;
                if *count > MOST {
                    if *count == MOST + 1 {
                        let message = format!(
                            "triggers set one another off without end: more than {MOST} acted at {when:.3} s of the \
                             scene, the last of them /triggers/{index}; what more they would do in this tenth of a \
                             second is left out. Let one of them wait for something else"
                        );
                        self.fail(index, when, message);
                    }
                    return;
                }
                for action in self.conductor.triggers[index].actions.clone() {
                    self.act(index, action, when, &mut happened);
                }
            }
        }
    }

    /// Tells of a trigger that failed, unless that was told just now.
    fn fail(&mut self, trigger: usize, when: f64, message: String) {
        let is_told = self.conductor.told.get(&trigger).is_some_and(|told| when < told + TELL_AGAIN);
        if !is_told {
            self.conductor.told.insert(trigger, when);
            self.events.push(SceneEvent::Failed { message });
        }
    }

    fn act(&mut self, trigger: usize, action: Action, when: f64, happened: &mut VecDeque<Happening>) {
        match action {
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
    }

    fn control(&mut self, id: &TimelineId, control: &TimelineControl, when: f64, happened: &mut VecDeque<Happening>) {
        // One that was deleted in the same batch has nothing to steer.
        let Some(index) = self.timelines.find(id) else { return };
        self.steered = true;
        if self.timelines.control(index, control, when) {
            happened.push_back(Happening::TimelineStart(id.clone()));
        }
    }

    fn set(&mut self, trigger: usize, layer: LayerId, patch: serde_json::Value, when: f64) {
        let edit = Edit::PatchLayer { id: layer.clone(), patch };
        if let Err(rejected) = apply_batch(self.world, vec![edit]) {
            let message = format!("/triggers/{trigger} could not set the layer `{layer}`: {rejected}");
            self.fail(trigger, when, message);
        } else if let Some(entity) = self.world.resource::<LayerIndex>().get(&layer) {
            start_at(self.world, entity, when);
        }
    }
}

/// Lets new animations of a layer, and of all below it, start at scene time `when`.
fn start_at(world: &mut World, entity: Entity, when: f64) {
    if let Ok(mut entity) = world.get_entity_mut(entity)
        && let Some(animations) = entity.get::<Animations>().cloned()
        && let Some(mut starts) = entity.get_mut::<AnimationStarts>()
    {
        starts.update(&animations, when);
    }
    let children = world.get_entity(entity).map(scene::children).unwrap_or_default();
    for child in children {
        start_at(world, child, when);
    }
}

/// Something that a timeline comes to.
struct Moment {
    /// The timeline's place among the players.
    index: usize,
    /// Nanoseconds of the timeline.
    time: u64,
    /// Scene seconds.
    when: f64,
}

/// The next moment of a timeline between two scene times that a trigger waits for.
fn next_of(index: usize, player: &Player, from: f64, until: f64) -> Option<Moment> {
    let playhead = player.playhead.filter(|playhead| playhead.running)?;
    let (forwards, seen) = (playhead.rate > 0.0, player.seen);
    let times = player.waits.iter().filter_map(|wait| match wait {
        Wait::Label(_, at) => player.list.next_at(*at, seen.at, forwards, seen.inclusive),
        // It does not start at the end that it plays to.
        Wait::End => player.last_time(forwards).filter(|end| *end != seen.at),
    });
    let time = if forwards { times.min() } else { times.max() }?;
    let here = playhead.at(until, player.list.end());
    let is_reached = if forwards { time <= here } else { time >= here };
    // Rounding must not put it before what has happened already, nor after what is known.
    is_reached.then(|| Moment { index, time, when: playhead.when(time).max(playhead.since).max(from).min(until) })
}

/// What happens when a timeline comes to a time of its own.
fn happenings(player: &Player, time: u64) -> VecDeque<Happening> {
    let list = &player.list;
    let forwards = player.playhead.is_none_or(|playhead| playhead.rate > 0.0);
    let mut happened = VecDeque::new();
    for wait in &player.waits {
        let happening = match wait {
            Wait::Label(name, at) if list.next_at(*at, time, forwards, true) == Some(time) => {
                Happening::Label(list.id.clone(), name.clone())
            }
            Wait::End if player.last_time(forwards) == Some(time) => Happening::TimelineEnd(list.id.clone()),
            _ => continue,
        };
        // Several triggers may wait for the same.
        if !happened.contains(&happening) {
            happened.push_back(happening);
        }
    }
    happened
}
