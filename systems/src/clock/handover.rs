//! Tells layers and the sound of timelines that triggers steered between two ticks, at the scene times at which they did.
//!
//! What takes a property over goes on from what is shown at that time, and what lets it go leaves it to a transition from
//! there. So this must be known at the time itself: the next tick would see another value, and each frame rate another.

use std::collections::HashSet;

use bevy_ecs::{change_detection::DetectChangesMut, world::World};
use components::{
    Animation, LayerId, Transitions,
    animation::{
        AnimationStarts,
        timeline::{CueTarget, Cues},
    },
};

use super::{SceneTime, Timelines, acting::start_scene_at, conductor::Run, timelines::Steered};
use crate::{
    scene::{LayerIndex, SceneHeader, SceneRoot},
    sound::SoundMotion,
    tween::compile_layers,
};

/// Seconds before the tick's own time from which on it sees to it itself.
const SAME: f64 = 1e-9;

impl Run<'_> {
    /// Tells what they are to know of what was steered at scene time `when`, if the tick is later than that.
    pub(super) fn hand_over(&mut self, when: f64) {
        let steered = std::mem::take(&mut self.handed);
        if matches!(steered, Steered::None) || when + SAME >= self.world.resource::<SceneTime>().seconds {
            return;
        }
        self.begun.clear();
        let targets: HashSet<&CueTarget> = (self.timelines.players.iter().enumerate())
            .filter(|(index, _)| steered.has(*index))
            .flat_map(|(_, player)| player.moved.iter().map(|moved| &moved.target))
            .collect();
        let layers = targets.iter().filter_map(|target| match target {
            CueTarget::Layer(layer) => Some(layer),
            CueTarget::Track(_) | CueTarget::Mix => None,
        });
        let carrying = self.timelines.carrying();
        let layers: Vec<&LayerId> = layers.filter(|layer| carries(self.world, layer, &carrying)).collect();
        hand_to_layers(self.world, &self.timelines, &layers, when);
        // A scene that comes on air brings its sound.
        let is_new = matches!(steered, Steered::All);
        if is_new || targets.iter().any(|target| !matches!(target, CueTarget::Layer(_))) {
            hand_to_sound(self.world, &self.timelines, when);
        }
    }

    /// Tells the layers of a timeline where that stands at scene time `when`, before it is steered any further.
    pub(super) fn tell_of(&mut self, index: usize, when: f64) {
        let Some(player) = self.timelines.players.get(index) else { return };
        let carrying = self.timelines.carrying();
        let layers = player.moved.iter().filter_map(|moved| match &moved.target {
            CueTarget::Layer(layer) => Some(layer),
            CueTarget::Track(_) | CueTarget::Mix => None,
        });
        let layers: Vec<&LayerId> = layers.filter(|layer| carries(self.world, layer, &carrying)).collect();
        hand_to_layers(self.world, &self.timelines, &layers, when);
    }

    /// Tells all layers what is still to be told at scene time `when`, before they are edited further, or left.
    pub(super) fn settle(&mut self, when: f64) {
        self.handed = Steered::None;
        let carrying = self.timelines.carrying();
        let ids: Vec<LayerId> = self.world.resource::<LayerIndex>().ids().cloned().collect();
        let layers: Vec<&LayerId> = ids.iter().filter(|layer| carries(self.world, layer, &carrying)).collect();
        hand_to_layers(self.world, &self.timelines, &layers, when);
        start_scene_at(self.world, when);
    }
}

/// Whether anything of a layer may go on from what was shown when its timelines were steered.
fn carries(world: &World, layer: &LayerId, carrying: &HashSet<&LayerId>) -> bool {
    let Some(entity) = world.resource::<LayerIndex>().get(layer) else { return false };
    let is_smoothed = || world.get::<Transitions>(entity).is_some_and(|transitions| !transitions.0.is_empty());
    let goes_on = || {
        let starts = world.get::<AnimationStarts>(entity);
        starts.is_some_and(|starts| starts.animations().0.iter().any(Animation::goes_on))
    };
    carrying.contains(layer) || is_smoothed() || goes_on()
}

fn hand_to_layers(world: &mut World, timelines: &Timelines, layers: &[&LayerId], when: f64) {
    let wanted: HashSet<&LayerId> = layers.iter().copied().collect();
    let mut cues = timelines.layer_cues(|layer| wanted.contains(layer));
    let mut told = Vec::with_capacity(layers.len());
    for layer in wanted {
        let cues = cues.remove(layer).unwrap_or_default();
        let Some(entity) = world.resource::<LayerIndex>().get(layer) else { continue };
        if let Some(mut known) = world.get_mut::<Cues>(entity)
            && known.set_if_neq(Cues(cues))
        {
            told.push(entity);
        }
    }
    compile_layers(world, &told, when);
}

/// Tells the sound what timelines do to it at scene time `when`.
pub(super) fn hand_to_sound(world: &mut World, timelines: &Timelines, when: f64) {
    let SceneRoot(root) = *world.resource::<SceneRoot>();
    world.resource_scope::<SoundMotion, _>(|world, mut sound| {
        if let Some(SceneHeader(header)) = world.get::<SceneHeader>(root) {
            sound.bypass_change_detection().cue_at(timelines.sound_cues(), &header.audio, when);
        }
    });
}
