//! Batches of edits on their way in.

use std::time::Duration;

use components::{Edit, edit::BatchRejected};

use super::Compositor;
use crate::edit::{Inbox, Look, Sender, Work, check_batch, weigh};

impl Compositor {
    /// Hands in a batch of edits. The next tick that has [time](Self::set_edit_budget) for it carries it out, all of it or
    /// nothing; its outcome bears `ticket`.
    pub fn submit(&mut self, ticket: u64, edits: Vec<Edit>) {
        self.submit_from(Sender::default(), ticket, edits);
    }

    /// Hands in a batch of `sender`. Where there is not time for all, senders take turns. Tickets rise from batch to batch.
    pub fn submit_from(&mut self, sender: Sender, ticket: u64, edits: Vec<Edit>) {
        let weight = self.weigh(&edits);
        self.world.resource_mut::<Inbox>().waiting.push(sender, weight, ticket, Work::Apply(edits));
    }

    /// Hands in a batch of `sender` that is only to be checked, in its turn: nothing is changed, whatever comes of it.
    pub fn submit_check(&mut self, sender: Sender, ticket: u64, edits: Vec<Edit>) {
        let weight = self.weigh(&edits);
        self.world.resource_mut::<Inbox>().waiting.push(sender, weight, ticket, Work::Check(edits));
    }

    /// Hands in a batch of edits that the next tick carries out whatever else waits, and before that.
    pub fn submit_due(&mut self, sender: Sender, ticket: u64, edits: Vec<Edit>) {
        self.world.resource_mut::<Inbox>().due.push((sender, ticket, edits));
    }

    /// Has `look` called right after the batch with this ticket, which is handed in next, if that is carried out.
    pub fn look_after(&mut self, ticket: u64, look: Look) {
        self.world.resource_mut::<Inbox>().looks.add(ticket, look);
    }

    /// Sets how long a tick goes on carrying out batches that wait, and how much of it each owner may take on average; as
    /// long as it takes if `None`, as in the beginning. If it is zero, a tick carries out one.
    pub fn set_edit_budget(&mut self, budget: Option<Duration>) {
        self.world.resource_mut::<Inbox>().budget = budget;
    }

    /// About how many layers a batch reads, checks or writes in the scene as it is now, each as often as it does: the time
    /// that it takes rises with that.
    #[must_use]
    pub fn weigh(&self, edits: &[Edit]) -> usize {
        weigh(&self.world, edits)
    }

    /// Whether a batch of edits would be carried out on the scene as it is now; nothing is changed.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn check(&self, edits: Vec<Edit>) -> Result<(), BatchRejected> {
        check_batch(&self.world, edits)
    }
}
