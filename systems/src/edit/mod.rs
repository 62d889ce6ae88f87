//! Stage `edit`: carries out what was asked from outside. The only stage that writes authored components.
//!
//! A batch is first carried out on a `Draft`, which reads through to the World and copies only what the batch
//! touches. When all of it went well the draft is committed, else dropped: nothing is ever half done, and a layer that
//! ends as it began is not marked as changed.

mod commit;
mod draft;

use bevy_ecs::{
    change_detection::DetectChangesMut,
    query::Changed,
    resource::Resource,
    schedule::SystemSet,
    system::{Query, ResMut},
    world::World,
};
use components::{
    Edit, EditOutcome,
    document::Limits,
    edit::{BatchRejected, EditApplied},
};
use draft::Draft;

use crate::{assets::Assets, clock::SceneTime, place::Arrived, scene::SceneHeader, viewport::Viewport};

/// The systems that carry edits out.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EditSystems;

/// Edits that wait for the next tick, and how those of the last tick ended.
#[derive(Resource, Debug, Default)]
pub struct Inbox {
    /// Batches in the order of their arrival, each with the ticket that its outcome will bear.
    pub waiting: Vec<(u64, Vec<Edit>)>,
    /// The outcome of each batch of this tick.
    pub outcomes: Vec<(u64, EditOutcome)>,
}

/// How large a scene may be.
#[derive(Resource, Clone, Copy, Debug)]
pub struct SceneLimits(pub Limits);

/// Carries out every waiting batch, each as a whole or not at all.
pub fn apply_edits(world: &mut World) {
    let waiting = std::mem::take(&mut world.resource_mut::<Inbox>().waiting);
    if waiting.is_empty() {
        world.resource_mut::<Inbox>().outcomes.clear();
        return;
    }
    let tick = world.resource::<SceneTime>().tick;
    let mut outcomes = Vec::with_capacity(waiting.len());
    for (ticket, edits) in waiting {
        outcomes.push((ticket, apply_batch(world, edits).map(|()| EditApplied { tick, persisted: false })));
    }
    world.resource_mut::<Inbox>().outcomes = outcomes;
}

/// Carries out a batch now.
pub(crate) fn apply_batch(world: &mut World, edits: Vec<Edit>) -> Result<(), BatchRejected> {
    let changes = draft(world, edits)?;
    commit::commit(world, changes);
    Ok(())
}

/// Whether a batch would be carried out now; nothing is changed.
pub(crate) fn check_batch(world: &World, edits: Vec<Edit>) -> Result<(), BatchRejected> {
    draft(world, edits).map(drop)
}

fn draft(world: &World, edits: Vec<Edit>) -> Result<draft::Changes, BatchRejected> {
    let mut draft = Draft::new(world);
    for (index, edit) in edits.into_iter().enumerate() {
        draft.apply(index, edit)?;
    }
    draft.finish()
}

/// Follows the scene's header: starts loading the assets that it names, and lays its canvas onto the frame.
pub fn follow_header(
    headers: Query<&SceneHeader, Changed<SceneHeader>>,
    mut assets: ResMut<Assets>,
    mut arrived: ResMut<Arrived>,
    mut viewport: ResMut<Viewport>,
) {
    for SceneHeader(header) in &headers {
        arrived.0.extend(assets.load(&header.assets, &header.folder));
        let laid = Viewport::new(&header.canvas, viewport.width, viewport.height);
        viewport.set_if_neq(laid);
    }
}
