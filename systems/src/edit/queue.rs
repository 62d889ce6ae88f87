//! Who is served next of those that wait.

use std::collections::{BTreeMap, VecDeque};

use components::Edit;

/// Batches by who sent them. They take turns: one batch of each in a round, in the order of arrival, so that who sends
/// many waits for itself. Those of one sender stay in their order.
#[derive(Debug, Default)]
pub struct Queue {
    senders: BTreeMap<u64, VecDeque<(u64, Vec<Edit>)>>,
    /// The senders whose turn in this round is still to come.
    round: VecDeque<u64>,
}

impl Queue {
    /// Adds a batch of `sender`. Its ticket is higher than those of all that came before.
    pub fn push(&mut self, sender: u64, ticket: u64, edits: Vec<Edit>) {
        self.senders.entry(sender).or_default().push_back((ticket, edits));
    }

    /// Takes the batch whose turn it is.
    pub fn pop(&mut self) -> Option<(u64, Vec<Edit>)> {
        if self.round.is_empty() {
            let first = |(sender, batches): (&u64, &VecDeque<(u64, Vec<Edit>)>)| Some((batches.front()?.0, *sender));
            let mut round: Vec<(u64, u64)> = self.senders.iter().filter_map(first).collect();
            round.sort_unstable();
            self.round = round.into_iter().map(|(_, sender)| sender).collect();
        }
        let sender = self.round.pop_front()?;
        let batches = self.senders.get_mut(&sender)?;
        let batch = batches.pop_front();
        if batches.is_empty() {
            self.senders.remove(&sender);
        }
        batch
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.senders.is_empty()
    }
}
