//! Batches that bring another scene on air.
//!
//! What a batch asks of timelines, animations and triggers before that is asked of the scene that leaves, and done before
//! it does. So such a batch is carried out piece by piece: what stands before each change of scenes, then that scene's
//! leave, then the rest. All of it was checked before, piece by piece too; only what triggers did meanwhile can have a
//! later piece refused, and then the scene is put back as it was.

use bevy_ecs::{change_detection::DetectChangesMut, world::World};
use components::{
    Edit, SceneDocument,
    edit::{BatchRejected, Done, EditRejected},
    held::HeldScenes,
};

use super::{apply_batch, check_batch, commit, draft, draft::Draft};
use crate::{
    clock::{Conductor, Heard, Inputs, Motion, Resume, SceneEvents, Timelines, finish_scene, resume_scene},
    held::{Held, HeldChanges},
    rasterise::HandedRasters,
    scene::scene_document,
    sound::SoundMotion,
    transition::Departures,
};

/// Whether it puts another scene on air.
pub(super) fn changes_scenes(edit: &Edit) -> bool {
    matches!(edit, Edit::LoadScene { .. } | Edit::ActivateScene { .. })
}

/// Carries out a batch in which edits change scenes. Returns what is told of it.
pub(super) fn apply_pieces(world: &mut World, edits: Vec<Edit>) -> Result<Done, BatchRejected> {
    // What was asked for before the batch happens in any case.
    if edits.first().is_some_and(changes_scenes) {
        finish_scene(world);
    }
    let later = edits.iter().skip(1).any(changes_scenes);
    if !later {
        return apply_batch(world, edits);
    }
    check_batch(world, edits.clone())?;
    let before = Before::of(world);
    let mut rest = edits;
    let (mut index, mut done) = (0, Done::default());
    while !rest.is_empty() {
        let next = rest.iter().skip(1).position(changes_scenes).map_or(rest.len(), |place| place + 1);
        let behind = rest.split_off(next);
        if index > 0 {
            finish_scene(world);
        }
        match draft(world, index, rest) {
            Ok(changes) => {
                done = done.and(changes.done);
                commit::commit(world, changes);
            }
            Err(mut rejected) => {
                before.restore(world);
                // All was as expected before: this version is gone again.
                if let EditRejected::OtherVersion { present } | EditRejected::Exists { present } = &mut rejected.reason
                {
                    *present = None;
                }
                return Err(rejected);
            }
        }
        index += next;
        rest = behind;
    }
    Ok(done)
}

/// A scene, and all that moves in it.
struct Before {
    scene: SceneDocument,
    held: HeldScenes,
    held_changes: usize,
    motion: Motion,
    timelines: Timelines,
    conductor: Conductor,
    sound: SoundMotion,
    inputs: Inputs,
    heard: Heard,
    resume: Resume,
    departures: Departures,
    rasters: HandedRasters,
    events: usize,
}

impl Before {
    fn of(world: &mut World) -> Self {
        Self {
            scene: scene_document(world),
            motion: Motion::of(world),
            held: world.resource::<Held>().0.clone(),
            held_changes: world.resource::<HeldChanges>().0.len(),
            timelines: world.resource::<Timelines>().clone(),
            conductor: world.resource::<Conductor>().clone(),
            sound: world.resource::<SoundMotion>().clone(),
            inputs: world.resource::<Inputs>().clone(),
            heard: world.resource::<Heard>().clone(),
            resume: world.resource::<Resume>().clone(),
            departures: world.resource::<Departures>().clone(),
            rasters: HandedRasters::of(world),
            events: world.resource::<SceneEvents>().0.len(),
        }
    }

    fn restore(self, world: &mut World) {
        let Self { scene, held, held_changes, motion, timelines, conductor, sound, inputs, events, .. } = self;
        let changes = Draft::put_back(world, scene, held);
        commit::commit(world, changes);
        world.resource_mut::<HeldChanges>().0.truncate(held_changes);
        world.resource_mut::<SceneEvents>().0.truncate(events);
        *world.resource_mut::<Inputs>() = inputs;
        *world.resource_mut::<Heard>() = self.heard;
        *world.resource_mut::<Resume>() = self.resume;
        *world.resource_mut::<Departures>() = self.departures;
        // Its layers are others now, and look as they did.
        *world.resource_mut::<HandedRasters>() = self.rasters;
        *world.resource_mut::<Conductor>() = conductor;
        *world.resource_mut::<SoundMotion>() = sound;
        let mut known = world.resource_mut::<Timelines>();
        *known = timelines;
        known.set_changed();
        resume_scene(world, &motion);
    }
}
