//! What moves, in a form that can be stored: a scene that is loaded with it goes on from where it stood.

use std::collections::{BTreeMap, BTreeSet};

use bevy_ecs::{
    change_detection::{DetectChanges, DetectChangesMut},
    query::Changed,
    resource::Resource,
    system::{Local, Query, Res, ResMut},
    world::World,
};
use components::{
    Animations, Content, LayerId, Presets,
    animation::{
        AnimationStarts, Drift, Drifts, Playing, Start,
        timeline::{Playhead, TimelineId},
    },
};
use serde::{Deserialize, Serialize};

use super::{Conductor, SceneTime, Timelines, played};
use crate::{
    place::Scrolling,
    rasterise::Program,
    scene::LayerIndex,
    sound::{SoundMotion, SoundStarts},
};

/// Where everything that moves stands at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Motion {
    /// The moment, in scene seconds.
    pub seconds: f64,
    /// The scene seconds at which the scene began, from which moving pictures and tickers count.
    #[serde(default)]
    pub origin: f64,
    /// When the animations of layers started, or where they stand, in the order of each layer's animations.
    pub starts: BTreeMap<LayerId, Vec<Start>>,
    /// What of layers moves by their transitions.
    #[serde(default)]
    pub drifts: BTreeMap<LayerId, Vec<Drift>>,
    /// When the animations of the sound started, and what they carry on.
    #[serde(default)]
    pub sound: SoundStarts,
    /// Where the timelines stand.
    pub timelines: Vec<TimelineMotion>,
    /// Places of the triggers that do not act any more, since they acted without end.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub stopped: BTreeSet<usize>,
}

/// Where a timeline stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineMotion {
    /// Its name.
    pub id: TimelineId,
    /// Where it stands at any scene time; `None` if it has no effect.
    pub playhead: Option<Playhead>,
    /// The rate at which it plays, whichever way.
    pub rate: f64,
    /// Number of the time that it was played last: the one played last goes over the others.
    pub rank: u64,
    /// Nanoseconds of the timeline up to which labels and ends have been dealt with.
    pub seen: u64,
    /// Whether what is at that very time is still to happen.
    pub is_seen_to_come: bool,
    /// Whether it follows a level.
    #[serde(default)]
    pub follows: bool,
}

/// What one tick changed in how the scene moves, other than by the passing of time.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionChange {
    /// The scene seconds at which the scene began, if it began on this tick.
    pub origin: Option<f64>,
    /// Layers whose animations were edited or steered, and when these started now.
    pub starts: Vec<(LayerId, Vec<Start>)>,
    /// Layers on which something was changed that their transitions smooth, and what moves of each now.
    pub drifts: Vec<(LayerId, Vec<Drift>)>,
    /// When the animations of the sound started, and what they carry on, if any of it was edited.
    pub sound: Option<SoundStarts>,
    /// Where all timelines stand, if somebody or something steered one.
    pub timelines: Option<Vec<TimelineMotion>>,
    /// Which triggers do not act any more, if they are others than before.
    pub stopped: Option<BTreeSet<usize>>,
}

/// How the scene that is loaded next goes on; it starts anew if this is `None`.
#[derive(Resource, Clone, Debug, Default)]
pub struct Resume(pub Option<Motion>);

/// What the last tick changed.
#[derive(Resource, Clone, Debug, Default)]
pub struct LatestMotion(pub Option<MotionChange>);

/// Tells what of the motion was changed from outside or by triggers on this tick.
pub fn tell_motion(
    started: Query<(&LayerId, &AnimationStarts), Changed<AnimationStarts>>,
    drifting: Query<(&LayerId, &Drifts), Changed<Drifts>>,
    (time, conductor): (Res<SceneTime>, Res<Conductor>),
    mut timelines: ResMut<Timelines>,
    mut sound: ResMut<SoundMotion>,
    mut told: Local<(f64, BTreeSet<usize>)>,
    mut latest: ResMut<LatestMotion>,
) {
    let (told_origin, told_stopped) = &mut *told;
    let origin = (std::mem::replace(told_origin, time.origin) != time.origin).then_some(time.origin);
    let stopped = (told_stopped != conductor.stopped()).then(|| conductor.stopped().clone());
    if let Some(stopped) = &stopped {
        told_stopped.clone_from(stopped);
    }
    let starts: Vec<_> = started.iter().map(|(id, starts)| (id.clone(), starts.starts().to_vec())).collect();
    let drifts: Vec<_> = drifting.iter().map(|(id, drifts)| (id.clone(), left(drifts, time.seconds))).collect();
    let is_steered = timelines.is_changed() && timelines.are_steered;
    timelines.bypass_change_detection().are_steered = false;
    let timelines = is_steered.then(|| timelines.motion());
    let sound = sound.take_edited(time.seconds);
    let is_of_layers = !starts.is_empty() || !drifts.is_empty();
    let is_changed = origin.is_some() || is_of_layers || timelines.is_some() || sound.is_some() || stopped.is_some();
    latest.0 = is_changed.then_some(MotionChange { origin, starts, drifts, sound, timelines, stopped });
}

impl Motion {
    /// Where everything stands.
    pub(crate) fn of(world: &mut World) -> Self {
        let mut layers = world.query::<(&LayerId, &AnimationStarts)>();
        let starts = layers
            .iter(world)
            .filter(|(_, starts)| !starts.starts().is_empty())
            .map(|(id, starts)| (id.clone(), starts.starts().to_vec()))
            .collect();
        let SceneTime { seconds, origin, .. } = *world.resource::<SceneTime>();
        let drifts = world
            .query::<(&LayerId, &Drifts)>()
            .iter(world)
            .map(|(id, drifts)| (id.clone(), left(drifts, seconds)))
            .filter(|(_, drifts)| !drifts.is_empty())
            .collect();
        let timelines = world.resource::<Timelines>().motion();
        let sound = world.resource::<SoundMotion>().starts(seconds);
        let stopped = world.resource::<Conductor>().stopped().clone();
        Self { seconds, origin, starts, drifts, sound, timelines, stopped }
    }
}

fn left(drifts: &Drifts, now: f64) -> Vec<Drift> {
    drifts.left(now).cloned().collect()
}

/// Lets a scene go on from where it began, with the animations and transitions of its layers as they did.
pub(crate) fn resume_scene(world: &mut World, motion: &Motion) {
    world.resource_mut::<SceneTime>().origin = motion.origin;
    // Those that carry nothing on go on too: no timeline takes over at this moment.
    for (id, mut drifts) in world.query::<(&LayerId, &mut Drifts)>().iter_mut(world) {
        *drifts = Drifts::resumed(motion.drifts.get(id).cloned().unwrap_or_default());
    }
    for (id, starts) in &motion.starts {
        let Some(entity) = world.resource::<LayerIndex>().get(id) else { continue };
        let Ok(mut entity) = world.get_entity_mut(entity) else { continue };
        // Of another number, they are not of these animations.
        let animations = entity.get::<Animations>();
        let animations = animations.map(|animations| played(animations, entity.get::<Presets>()).into_owned());
        if let Some(animations) = animations.filter(|animations| animations.0.len() == starts.len()) {
            entity.insert(AnimationStarts::resumed(animations, starts.clone()));
        }
    }
}

/// Whether anything will look differently, or happen, just because scene time goes on.
pub(crate) fn is_moving(world: &mut World) -> bool {
    let now = world.resource::<SceneTime>().seconds;
    world.resource::<Timelines>().are_playing(now)
        || world.resource::<SoundMotion>().is_moving(now)
        || world.resource::<Program>().is_passing()
        || world.query::<(&Content, Option<&Scrolling>, Option<&Playing>)>().iter(world).any(
            |(content, scrolling, playing)| {
                matches!(content, Content::AnimatedImage(_))
                    || scrolling.is_some_and(Scrolling::is_moving)
                    || playing.is_some_and(|playing| !playing.is_quiet_between(now, f64::INFINITY))
            },
        )
}
