//! How much is to be done on ticks to come.

use std::collections::{BTreeMap, HashMap};

use components::edit::EditRejected;

use super::scheduled::Owner;

/// What the batches for one tick may weigh all together. An address gets half of what others have left: two batches of as
/// many simple edits as one may have.
const OF_TICK: usize = 4096;
/// Ticks that follow each other and are taken together.
const SPAN: u64 = 32;
/// What the batches for all ticks of a span may weigh: a fraction of the time that there is.
const OF_SPAN: usize = 20_480;

/// What batches weigh, by the ticks that they are for. What was carried out counts until its span is over.
#[derive(Default)]
pub(super) struct Due {
    ticks: BTreeMap<u64, Load>,
    /// By the number of the span.
    spans: BTreeMap<u64, Load>,
}

#[derive(Default)]
struct Load {
    all: usize,
    owners: HashMap<Owner, usize>,
}

impl Load {
    /// Whether there is room for so much more of one owner, where so much is room for all.
    fn check(&self, owner: Owner, weight: usize, limit: usize) -> Result<(), EditRejected> {
        let free = limit.saturating_sub(self.all);
        let own = self.owners.get(&owner).copied().unwrap_or(0);
        // A large one has room where it is alone.
        if self.all == 0 || own + weight <= (free + own) / 2 {
            return Ok(());
        }
        Err(EditRejected::TooMuchDue { is_of_one: weight <= free / 2 })
    }

    fn add(&mut self, owner: Owner, weight: usize) {
        self.all += weight;
        *self.owners.entry(owner).or_default() += weight;
    }

    /// Returns whether something is left.
    fn take(&mut self, owner: Owner, weight: usize) -> bool {
        self.all = self.all.saturating_sub(weight);
        if let Some(own) = self.owners.get_mut(&owner) {
            *own = own.saturating_sub(weight);
            if *own == 0 {
                self.owners.remove(&owner);
            }
        }
        self.all > 0
    }
}

impl Due {
    /// Notes a batch for a tick.
    ///
    /// # Errors
    /// Too much is to be done there.
    pub(super) fn add(&mut self, owner: Owner, tick: u64, weight: usize) -> Result<(), EditRejected> {
        if weight == 0 {
            return Ok(());
        }
        let span = tick / SPAN;
        for (load, limit) in [(self.ticks.get(&tick), OF_TICK), (self.spans.get(&span), OF_SPAN)] {
            load.unwrap_or(&Load::default()).check(owner, weight, limit)?;
        }
        self.ticks.entry(tick).or_default().add(owner, weight);
        self.spans.entry(span).or_default().add(owner, weight);
        Ok(())
    }

    /// Forgets a batch for a tick that has not come, since nobody waits for it.
    pub(super) fn take(&mut self, owner: Owner, tick: u64, weight: usize) {
        let take = |loads: &mut BTreeMap<u64, Load>, at: u64| {
            if loads.get_mut(&at).is_some_and(|load| !load.take(owner, weight)) {
                loads.remove(&at);
            }
        };
        take(&mut self.ticks, tick);
        take(&mut self.spans, tick / SPAN);
    }

    /// Forgets the ticks before this one, and the spans.
    pub(super) fn forget_before(&mut self, tick: u64) {
        self.ticks = self.ticks.split_off(&tick);
        self.spans = self.spans.split_off(&(tick / SPAN));
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.ticks.is_empty() && self.spans.is_empty()
    }
}
