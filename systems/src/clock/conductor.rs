//! Runs timelines and triggers through the time between two ticks.
//!
//! Timelines come to labels and ends at exact scene times; triggers act at these times, in their order, not at the
//! tick that notices. So what a scene looks like does not depend on the frame rate, nor on which frames are drawn.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use bevy_ecs::{change_detection::DetectChangesMut, resource::Resource, world::World};
use components::{
    animation::trigger::{EventName, TriggerDocument},
    audio::LevelReading,
};

use super::{
    Input, Inputs, Motion, Resume, SceneTime, Timelines,
    acting::{start_scene_at, steer_animation, steer_sound},
    alarms::Alarms,
    allowance::{Allowance, TOGETHER, end_of_second},
    handover::hand_to_sound,
    happenings::{Happening, Moment, happenings, next_of_all},
    levels::{Ears, Heard},
    motion::resume_scene,
    timelines::{Seen, Steered},
};
use crate::{
    scene::{SceneHeader, SceneRoot},
    sound::SoundMotion,
};

/// What time it is by the clock on the wall, in milliseconds since 1970 began in UTC; `None` where there is no such clock.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct WallClock(pub Option<i64>);

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
    pub(super) triggers: Arc<[TriggerDocument]>,
    /// When triggers act by the clock on the wall.
    alarms: Alarms,
    /// What triggers hear.
    ears: Ears,
    /// What was heard last.
    loudness: Option<LevelReading>,
    /// Scene time up to which everything has happened.
    pub(super) until: f64,
    checkpoint: Checkpoint,
    /// What triggers have done of what they may do.
    pub(super) allowance: Allowance,
    /// Places of the triggers that do not act any more, since they acted without end.
    pub(super) stopped: BTreeSet<usize>,
    /// When each trigger was last told of, in scene seconds.
    pub(super) told: HashMap<usize, f64>,
}

/// What was when somebody intervened last. Scene time that jumps back starts from there again.
#[derive(Clone, Debug, Default)]
struct Checkpoint {
    when: f64,
    timelines: Timelines,
    stopped: BTreeSet<usize>,
}

impl Conductor {
    /// Places of the triggers that do not act any more, since they acted without end.
    pub(crate) fn stopped(&self) -> &BTreeSet<usize> {
        &self.stopped
    }
}

/// Brings timelines and triggers to the present scene time.
pub fn run_timelines(world: &mut World) {
    run(world, false);
}

/// The same for a scene that another one is about to replace, with all that it was asked for before: what it is left with
/// is what the transition, and whoever comes back to it, goes on from.
pub(crate) fn finish_scene(world: &mut World) {
    run(world, true);
    let left = std::mem::take(&mut world.resource_mut::<Inputs>().0).len();
    if left > 0 {
        let message = format!(
            "{left} of the things that the scene was asked for at once are left out: there was no time for them before \
             another scene came on air. Let less happen in one tick"
        );
        world.resource_mut::<SceneEvents>().0.push(SceneEvent::Failed { message });
    }
}

/// Lets a scene that was loaded to be resumed go on from where it stood, before anything else is done to it on the same tick.
pub(crate) fn begin_resumed(world: &mut World) {
    let is_loaded = world.resource::<Inputs>().0.first() == Some(&Input::Loaded);
    if is_loaded && world.resource::<Resume>().0.is_some() {
        run(world, true);
        let (timelines, now) = (world.resource::<Timelines>().clone(), world.resource::<SceneTime>().seconds);
        hand_to_sound(world, &timelines, now);
    }
}

/// If it `is_settled`, layers are told of all that was done, and begin with it, before this returns.
fn run(world: &mut World, is_settled: bool) {
    let inputs = std::mem::take(&mut world.resource_mut::<Inputs>().0);
    let heard = std::mem::take(&mut world.resource_mut::<Heard>().0);
    let mut conductor = std::mem::take(&mut *world.resource_mut::<Conductor>());
    if inputs.is_empty() && world.resource::<Timelines>().players.is_empty() && conductor.triggers.is_empty() {
        conductor.until = world.resource::<SceneTime>().seconds;
        if is_settled {
            start_scene_at(world, conductor.until);
        }
    } else {
        let timelines = std::mem::take(world.resource_mut::<Timelines>().bypass_change_detection());
        let now = world.resource::<SceneTime>().seconds;
        let (steered, followed, handed, events) = (false, false, Steered::None, Vec::new());
        let begun = HashSet::new();
        let mut run = Run { world, conductor: &mut conductor, timelines, steered, followed, handed, begun, events };
        run.advance(now, &heard, inputs);
        run.follow(now);
        if is_settled {
            run.settle(now);
        }
        let Run { mut timelines, steered, followed, events, .. } = run;
        timelines.are_steered |= steered;
        world.resource_mut::<SceneEvents>().0.extend(events);
        let mut kept = world.resource_mut::<Timelines>();
        *kept.bypass_change_detection() = timelines;
        if steered || followed {
            kept.set_changed();
        }
    }
    *world.resource_mut::<Conductor>() = conductor;
}

/// One tick of it.
pub(super) struct Run<'a> {
    pub(super) world: &'a mut World,
    pub(super) conductor: &'a mut Conductor,
    pub(super) timelines: Timelines,
    /// Whether any playhead differs from what layers know.
    pub(super) steered: bool,
    /// The same of those that follow a level, which nobody needs to remember.
    followed: bool,
    /// Those that were steered since layers and sound were told.
    pub(super) handed: Steered,
    /// Those that have come to have an effect since then.
    pub(super) begun: HashSet<usize>,
    pub(super) events: Vec<SceneEvent>,
}

impl Run<'_> {
    fn advance(&mut self, now: f64, heard: &[LevelReading], inputs: Vec<Input>) {
        // What was before has acted on the scene that is gone.
        if inputs.first() == Some(&Input::Loaded) {
            self.timelines = Timelines::default();
            *self.conductor = Conductor { until: now, ..Conductor::default() };
        }
        if now < self.conductor.until {
            let Checkpoint { when, timelines, stopped } = self.conductor.checkpoint.clone();
            (self.timelines, self.conductor.stopped) = (timelines, stopped);
            self.timelines.tell_all();
            self.conductor.until = when.min(now);
            self.conductor.allowance = Allowance::default();
            self.conductor.told.clear();
            self.steered = true;
        }
        self.hear(now, heard);
        self.play_until(now);
        self.conductor.until = now;
        self.ring(now);
        if inputs.is_empty() {
            return;
        }
        let (mut spent, mut inputs) = (0, inputs.into_iter());
        for input in inputs.by_ref() {
            let is_edited = input == Input::Edited;
            spent += self.apart(|run| {
                run.take_in(input, now);
                run.play_until(now);
            });
            if is_edited {
                self.conductor.allowance = Allowance::default();
            }
            if spent >= TOGETHER {
                break;
            }
        }
        self.keep(now);
        // The next tick takes in what this one has no time for, before what comes by then.
        self.world.resource_mut::<Inputs>().0.splice(0..0, inputs);
    }

    /// Does something whose consequences are not held against what triggers do by themselves, nor the other way round.
    /// What these cost is given back.
    fn apart(&mut self, act: impl FnOnce(&mut Self)) -> usize {
        let triggers = Arc::clone(&self.conductor.triggers);
        let kept = std::mem::take(&mut self.conductor.allowance);
        act(self);
        let spent = std::mem::replace(&mut self.conductor.allowance, kept).together();
        if !Arc::ptr_eq(&triggers, &self.conductor.triggers) {
            self.conductor.allowance.forget_triggers();
        }
        spent
    }

    /// Begins from here when scene time jumps back.
    pub(super) fn keep(&mut self, when: f64) {
        let (timelines, stopped) = (self.timelines.clone(), self.conductor.stopped.clone());
        self.conductor.checkpoint = Checkpoint { when, timelines, stopped };
    }

    fn take_in(&mut self, input: Input, now: f64) {
        match input {
            Input::Loaded => match self.world.resource_mut::<Resume>().0.take() {
                Some(motion) => self.resume(&motion, now),
                None => {
                    self.world.resource_mut::<SceneTime>().origin = now;
                    self.world.resource_mut::<SoundMotion>().begin(None);
                    self.follow_header(now, Some(Happening::Start));
                }
            },
            Input::Edited => self.follow_header(now, None),
            Input::Control(id, control) => {
                let mut happened = VecDeque::new();
                self.control(&id, &control, now, &mut happened);
                self.spread(happened, now);
            }
            Input::Animation { layer, index, animation, control } => {
                steer_animation(self.world, &layer, (index, &animation), control, now);
            }
            Input::Sound { track, index, animation, control } => {
                steer_sound(self.world, track.as_ref(), (index, &animation), control, now);
            }
            Input::Event(name) => {
                self.events.push(SceneEvent::Fired { name: name.clone() });
                self.spread([Happening::Event(name)].into(), now);
            }
            Input::Trigger(trigger) => {
                // What came before it may have brought another scene on air, which has others.
                let place = self.conductor.triggers.iter().position(|known| *known == *trigger);
                self.spread(place.map(Happening::Fired).into_iter().collect(), now);
            }
        }
    }

    fn follow_header(&mut self, now: f64, first: Option<Happening>) {
        let happened = self.take_over(now, first);
        self.spread(happened, now);
    }

    /// Takes over the scene's timelines and triggers as they are written at scene time `now`. What happens with that,
    /// after `first`, is given back.
    pub(super) fn take_over(&mut self, now: f64, first: Option<Happening>) -> VecDeque<Happening> {
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let Some(SceneHeader(header)) = self.world.get::<SceneHeader>(root) else { return VecDeque::new() };
        if *self.conductor.triggers != *header.triggers {
            self.conductor.triggers = header.triggers.as_slice().into();
            self.conductor.told.clear();
        }
        self.conductor.stopped.clear();
        self.handed = Steered::All;
        self.begun.clear();
        let begun = self.timelines.update(&header.timelines, &header.triggers, now);
        self.steered = true;
        first.into_iter().chain(begun.into_iter().map(Happening::TimelineStart)).collect()
    }

    /// Lets a scene go on that has been played before: nothing starts, and what has happened does not happen again.
    fn resume(&mut self, motion: &Motion, now: f64) {
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let Some(SceneHeader(header)) = self.world.get::<SceneHeader>(root) else { return };
        self.conductor.triggers = header.triggers.as_slice().into();
        self.timelines.update(&header.timelines, &header.triggers, now);
        self.timelines.resume(&motion.timelines, now);
        self.conductor.stopped.clone_from(&motion.stopped);
        self.timelines.wait_for(&header.triggers, &motion.stopped);
        self.steered = true;
        resume_scene(self.world, motion);
        self.world.resource_mut::<SoundMotion>().begin(Some(motion.sound.clone()));
    }

    /// Lets happen what is due by what was heard, each at its time. What was heard too late to count at its own time
    /// counts as soon as it can.
    fn hear(&mut self, now: f64, heard: &[LevelReading]) {
        let mut has_acted = false;
        for reading in heard {
            let triggers = Arc::clone(&self.conductor.triggers);
            let due = self.conductor.ears.due(&triggers, reading);
            if due.is_empty() {
                continue;
            }
            let when = reading.seconds.min(now).max(self.conductor.until);
            self.play_until(when);
            self.conductor.until = when;
            self.spread(due.into_iter().map(Happening::Due).collect(), when);
            has_acted = true;
        }
        if has_acted {
            self.play_until(now);
            self.keep(now);
        }
        if let Some(last) = heard.last() {
            self.conductor.loudness = Some(last.clone());
        }
    }

    /// Lets timelines that follow levels stand where the last one is that was heard.
    fn follow(&mut self, now: f64) {
        if let Some(loudness) = &self.conductor.loudness {
            self.followed |= self.timelines.follow(loudness, now);
        }
    }

    /// Lets happen, at scene time `now`, what is due by the clock on the wall.
    fn ring(&mut self, now: f64) {
        let Some(wall) = self.world.resource::<WallClock>().0 else { return };
        let triggers = Arc::clone(&self.conductor.triggers);
        let due: VecDeque<Happening> =
            self.conductor.alarms.due(&triggers, wall).into_iter().map(Happening::Due).collect();
        if !due.is_empty() {
            self.apart(|run| {
                run.spread(due, now);
                run.play_until(now);
            });
            self.keep(now);
        }
    }

    /// Lets happen what happens up to scene time `until`, in the order of its times.
    fn play_until(&mut self, until: f64) {
        while let Some(moment) = self.next_moment(until) {
            let Moment { index, time, when } = moment;
            self.conductor.allowance.come_to(when);
            if self.conductor.allowance.is_used_up {
                self.pass_over(index, time, end_of_second(when).min(until));
                continue;
            }
            let Some(player) = self.timelines.players.get_mut(index) else { break };
            player.seen = Seen { at: time, inclusive: false };
            let happened = happenings(player, time);
            self.spread(happened, when);
        }
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
        next_of_all(&self.timelines, until)
    }
}
