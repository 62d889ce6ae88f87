//! What is decoded is lent to a scene that leaves while another one comes.
//!
//! Both share one budget: what both show counts once, and what only the one that leaves shows counts as long as it has it.
//! Where that is in the way of what the scene that comes needs, it is asked for: whoever has borrowed it lets go of
//! all of it.

use std::sync::{Arc, Weak};

use components::AssetId;

use super::{Assets, entry::Entry};

/// Alive as long as anything is lent.
#[derive(Debug)]
pub(super) struct Loan;

impl Assets {
    /// What is decoded of these, for a scene that is played beside them. Of files that change it takes no notice.
    pub(crate) fn lend(&mut self) -> Self {
        let lend = |(id, entry): (&AssetId, &Entry)| {
            let mut lent = Entry::new(&entry.document, &entry.folder);
            lent.state = entry.state.clone();
            lent.size = entry.size;
            lent.held.clone_from(&entry.held);
            (id.clone(), lent)
        };
        let entries = self.entries.iter().map(lend).collect();
        // There may be several at once.
        let loan = self.loan.upgrade().unwrap_or_else(|| Arc::new(Loan));
        self.loan = Arc::downgrade(&loan);
        Self { entries, budget: Arc::clone(&self.budget), lent: Some(loan), ..Self::default() }
    }

    /// Whether anything is lent.
    pub(super) fn is_lending(&self) -> bool {
        self.loan.strong_count() > 0
    }

    /// Whether what is lent must be given back, since layers that are seen need the room.
    pub(crate) fn needs_back(&self) -> bool {
        !self.lacking.is_empty()
    }

    /// Reads what found no room but for what was lent. It must have been given back.
    pub(crate) fn take_back(&mut self) {
        self.loan = Weak::new();
        let mut lacking = std::mem::take(&mut self.lacking);
        lacking.sort();
        lacking.dedup();
        for id in lacking {
            self.start(&id, false);
        }
    }
}
