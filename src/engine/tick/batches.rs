//! Batches of edits on their way in: weighed, numbered, set for the tick that they are for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use components::{Edit, edit::EditRejected};
use systems::edit::{Look, Sender};
use tokio::sync::oneshot;

use super::{
    super::{
        Document,
        shared::{EditReply, Make},
    },
    Ticking,
};

/// Layers that a batch may go through, each counted as often as it does: two tenths of a second, about.
const MAX_WEIGHT: usize = 12_000;

/// A batch that somebody waits for.
pub(in crate::engine) struct Waiting {
    /// What is kept together with what it changes.
    pub(super) documents: Vec<Document>,
    pub(super) reply: oneshot::Sender<EditReply>,
    /// What looks at the scene as the batch leaves it.
    look: Option<Look>,
}

impl Waiting {
    pub(in crate::engine) fn new(documents: Vec<Document>, reply: oneshot::Sender<EditReply>) -> Self {
        Self { documents, reply, look: None }
    }

    pub(super) fn looking(self, look: Option<Look>) -> Self {
        Self { look, ..self }
    }

    /// Whether nobody waits any more.
    pub(in crate::engine) fn is_given_up(&self) -> bool {
        self.reply.is_closed()
    }
}

impl Ticking {
    pub(super) fn accept(&mut self, sender: Sender, edits: Vec<Edit>, at: Option<u64>, waiting: Waiting) {
        let Some((weight, waiting)) = self.admit(&edits, waiting) else { return };
        // One for a tick that is past takes its turn like those that are for none.
        let last = self.last_tick();
        let Some(tick) = at.filter(|at| *at > last) else {
            let ticket = self.ticket(waiting);
            self.compositor.submit_from(sender, ticket, edits);
            return;
        };
        if let Err((refused, waiting)) = self.scheduled.add(sender, tick, weight, edits, waiting) {
            // Who asked may have gone.
            let _ = waiting.reply.send((Err(refused.into()), 0));
        }
    }

    /// Decides on a batch by what the last tick has left, and has it carried out before all that wait.
    pub(super) fn make(&mut self, sender: Sender, make: Box<Make>, reply: oneshot::Sender<EditReply>) {
        let (snapshot, scenes) = (self.snapshot(), self.compositor.scenes());
        // Who asked made a mistake, and gets no answer.
        let made = catch_unwind(AssertUnwindSafe(|| make(&snapshot, scenes)));
        let Ok((edits, documents)) = made else { return };
        if let Some((_, waiting)) = self.admit(&edits, Waiting::new(documents, reply)) {
            let ticket = self.ticket(waiting);
            self.compositor.submit_due(sender, ticket, edits);
        }
    }

    /// How much work a batch is. One that is too much at once is refused.
    pub(super) fn admit(&self, edits: &[Edit], waiting: Waiting) -> Option<(usize, Waiting)> {
        let weight = self.compositor.weigh(edits);
        if weight <= MAX_WEIGHT {
            return Some((weight, waiting));
        }
        let refused = EditRejected::TooMuchWork { weight, limit: MAX_WEIGHT };
        // Who asked may have gone.
        let _ = waiting.reply.send((Err(refused.into()), 0));
        None
    }

    /// The number under which a batch is answered.
    pub(super) fn ticket(&mut self, mut waiting: Waiting) -> u64 {
        let ticket = self.tickets;
        if let Some(look) = waiting.look.take() {
            self.compositor.look_after(ticket, look);
        }
        self.replies.insert(ticket, waiting);
        self.tickets += 1;
        ticket
    }

    /// Submits the batches whose tick has come.
    pub(super) fn submit_due(&mut self, tick: u64) {
        for (sender, edits, waiting) in self.scheduled.due(tick) {
            let ticket = self.ticket(waiting);
            self.compositor.submit_due(sender, ticket, edits);
        }
        if tick.is_multiple_of(u64::from(self.fps)) {
            self.scheduled.tidy();
        }
    }
}
