//! Stage `edit`: carries out what was asked from outside. The only stage that writes authored components.
//!
//! A batch is first carried out on a `Draft`, which reads through to the World and copies only what the batch
//! touches. When all of it went well the draft is committed, else dropped: nothing is ever half done, and a layer that
//! ends as it began is not marked as changed.

mod after;
mod commit;
mod draft;
mod leaving;
mod queue;
mod weight;

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

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
    edit::{BatchRejected, Done, EditApplied},
};
use draft::Draft;

pub use after::{Look, Looks, SceneAfter};
pub use queue::{Queue, Sender, Work};
pub(crate) use weight::weigh;

use crate::{
    assets::Assets,
    clock::{SceneTime, begin_resumed},
    place::Arrived,
    scene::SceneHeader,
    viewport::Viewport,
};

/// The systems that carry edits out.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EditSystems;

/// Edits that wait for the next tick, and how those of the last tick ended.
#[derive(Resource, Debug, Default)]
pub struct Inbox {
    /// Batches for the next tick and no other, each with who sent it and the ticket that its outcome will bear.
    pub due: Vec<(Sender, u64, Vec<Edit>)>,
    /// Batches for the next tick that has time for them.
    pub waiting: Queue,
    /// Who looks at the scene right after a batch.
    pub looks: Looks,
    /// How long a tick goes on with those that wait, and what each owner may take of it on average; as long as it takes
    /// if `None`.
    pub budget: Option<Duration>,
    /// The outcome of each batch of this tick.
    pub outcomes: Vec<(u64, EditOutcome)>,
    /// The same of those that were only checked.
    pub checks: Vec<(u64, EditOutcome)>,
}

/// How large a scene may be.
#[derive(Resource, Clone, Copy, Debug)]
pub struct SceneLimits(pub Limits);

/// Carries out batches, each as a whole or not at all: all that are due, and as many of those that wait as the budget has
/// time for. A flood of edits delays those that come after it, and not the picture: whoever took more time than a tick
/// has waits for as many ticks as that is, and others go first.
pub fn apply_edits(world: &mut World) {
    let mut inbox = world.resource_mut::<Inbox>();
    inbox.outcomes.clear();
    inbox.checks.clear();
    let budget = inbox.budget;
    inbox.waiting.pay(budget);
    if inbox.due.is_empty() && inbox.waiting.is_empty() {
        return;
    }
    let due = std::mem::take(&mut inbox.due);
    for (sender, ticket, edits) in due {
        carry_out(world, sender.owner, ticket, Work::Apply(edits));
    }
    let began = Instant::now();
    while let Some((owner, ticket, work)) = world.resource_mut::<Inbox>().waiting.pop() {
        carry_out(world, owner, ticket, work);
        if budget.is_some_and(|budget| began.elapsed() >= budget) {
            break;
        }
    }
}

fn carry_out(world: &mut World, owner: Option<IpAddr>, ticket: u64, work: Work) {
    let tick = world.resource::<SceneTime>().tick;
    let began = Instant::now();
    begin_resumed(world);
    let (is_check, outcome) = match work {
        Work::Apply(edits) => (false, apply_asked(world, edits)),
        Work::Check(edits) => (true, check_batch(world, edits).map(|()| Done::default())),
    };
    let outcome = outcome.map(|done| EditApplied { tick, persisted: false, done });
    if let Some(look) = world.resource_mut::<Inbox>().looks.take(ticket)
        && outcome.is_ok()
    {
        after::show(world, look);
    }
    let mut inbox = world.resource_mut::<Inbox>();
    inbox.waiting.charge(owner, began.elapsed());
    let told = if is_check { &mut inbox.checks } else { &mut inbox.outcomes };
    told.push((ticket, outcome));
}

/// Carries out a batch that somebody sent. Returns what is told of it.
fn apply_asked(world: &mut World, edits: Vec<Edit>) -> Result<Done, BatchRejected> {
    if edits.iter().any(leaving::changes_scenes) {
        leaving::apply_pieces(world, edits)
    } else {
        apply_batch(world, edits)
    }
}

/// Carries out a batch now, as one change. Returns what is told of it.
pub(crate) fn apply_batch(world: &mut World, edits: Vec<Edit>) -> Result<Done, BatchRejected> {
    let changes = draft(world, 0, edits)?;
    let done = changes.done;
    commit::commit(world, changes);
    Ok(done)
}

/// Whether a batch would be carried out now; nothing is changed.
pub(crate) fn check_batch(world: &World, edits: Vec<Edit>) -> Result<(), BatchRejected> {
    draft(world, 0, edits).map(drop)
}

/// What the edits of a batch from number `first` on come to.
fn draft(world: &World, first: usize, edits: Vec<Edit>) -> Result<draft::Changes, BatchRejected> {
    let mut draft = Draft::new(world);
    for (index, edit) in edits.into_iter().enumerate() {
        draft.apply(first + index, edit)?;
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

#[cfg(test)]
mod tests;
