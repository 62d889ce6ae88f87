//! Who is served next of those that wait.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    time::Duration,
};

use components::Edit;

/// Who sends edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// The network that they come from; `None` for all that come from within.
    pub owner: Option<IpAddr>,
    /// Which of the clients there it is; 0 for all that are not told apart.
    pub number: u64,
}

/// Weight up to which a batch is carried out also while all together have taken more time than they may.
const LIGHT: usize = 20;
/// Ticks after which everybody has paid, however long it took.
const LONGEST: u32 = 100;

/// Batches by who sent them. Owners take turns: one batch of each in a round, in the order of arrival, so that who sends
/// many waits for itself. So do the senders of one owner among themselves. Those of one sender stay in their order.
///
/// The time that a batch took is charged to its owner and to all together, and each tick pays off what it has for edits.
/// Whoever has not paid waits meanwhile; while all together have not, only light batches go on.
#[derive(Debug, Default)]
pub struct Queue {
    owners: BTreeMap<Owner, Line>,
    /// The owners whose turn in this round is still to come.
    round: VecDeque<Owner>,
    /// What owners have not paid yet.
    debts: BTreeMap<Owner, Duration>,
    /// The same of all together.
    debt: Duration,
    /// What each tick pays off. If it is nothing, or `None`, no accounts are kept.
    budget: Option<Duration>,
}

type Owner = Option<IpAddr>;

/// The batches of one owner.
#[derive(Debug, Default)]
struct Line {
    senders: BTreeMap<u64, VecDeque<Batch>>,
    /// The senders whose turn in this round is still to come.
    round: VecDeque<u64>,
}

#[derive(Debug)]
struct Batch {
    ticket: u64,
    weight: usize,
    work: Work,
}

/// What is to be done with edits.
#[derive(Debug)]
pub enum Work {
    /// They are carried out.
    Apply(Vec<Edit>),
    /// It is only told whether they would be.
    Check(Vec<Edit>),
}

/// Who has a turn in a new round, from the ticket of the first batch of each.
fn round<K>(firsts: impl Iterator<Item = (u64, K)>) -> VecDeque<K> {
    let mut firsts: Vec<(u64, K)> = firsts.collect();
    firsts.sort_unstable_by_key(|(ticket, _)| *ticket);
    firsts.into_iter().map(|(_, who)| who).collect()
}

impl Line {
    /// The sender whose turn it is.
    fn next(&mut self) -> Option<u64> {
        if self.round.is_empty() {
            let firsts = self.senders.iter().filter_map(|(sender, batches)| Some((batches.front()?.ticket, *sender)));
            self.round = round(firsts);
        }
        self.round.front().copied()
    }

    fn first(&self) -> Option<u64> {
        self.senders.values().filter_map(|batches| Some(batches.front()?.ticket)).min()
    }

    fn is_light(&mut self) -> bool {
        let batch = self.next().and_then(|sender| self.senders.get(&sender)?.front());
        batch.is_some_and(|batch| batch.weight <= LIGHT)
    }

    fn pop(&mut self) -> Option<Batch> {
        let sender = self.next()?;
        self.round.pop_front();
        let batches = self.senders.get_mut(&sender)?;
        let batch = batches.pop_front();
        if batches.is_empty() {
            self.senders.remove(&sender);
        }
        batch
    }
}

impl Queue {
    /// Adds a batch. Its ticket is higher than those of all that came before.
    pub fn push(&mut self, sender: Sender, weight: usize, ticket: u64, work: Work) {
        let line = self.owners.entry(sender.owner).or_default();
        line.senders.entry(sender.number).or_default().push_back(Batch { ticket, weight, work });
    }

    /// Takes the batch whose turn it is, with its owner and ticket.
    pub fn pop(&mut self) -> Option<(Owner, u64, Work)> {
        let place = match self.place() {
            Some(place) => place,
            None => {
                self.round = round(self.owners.iter().filter_map(|(owner, line)| Some((line.first()?, *owner))));
                self.place()?
            }
        };
        let owner = self.round.remove(place)?;
        let line = self.owners.get_mut(&owner)?;
        let batch = line.pop()?;
        if line.senders.is_empty() {
            self.owners.remove(&owner);
        }
        Some((owner, batch.ticket, batch.work))
    }

    /// The first place in the round of somebody who need not wait.
    fn place(&mut self) -> Option<usize> {
        let Some(budget) = self.budget else { return if self.round.is_empty() { None } else { Some(0) } };
        let (debts, owners, all_paid) = (&self.debts, &mut self.owners, self.debt < budget);
        self.round.iter().position(|owner| {
            debts.get(owner).is_none_or(|debt| *debt < budget)
                && (all_paid || owners.get_mut(owner).is_some_and(Line::is_light))
        })
    }

    /// Notes how long a batch of an owner took.
    pub fn charge(&mut self, owner: Owner, spent: Duration) {
        let Some(budget) = self.budget else { return };
        let most = budget * LONGEST;
        let debt = self.debts.entry(owner).or_default();
        *debt = (*debt + spent).min(most);
        self.debt = (self.debt + spent).min(most);
    }

    /// A tick begins, which has so much time for edits.
    pub fn pay(&mut self, budget: Option<Duration>) {
        self.budget = budget.filter(|budget| !budget.is_zero());
        let pay = |debt: &mut Duration| {
            *debt = self.budget.map_or(Duration::ZERO, |budget| debt.saturating_sub(budget));
            !debt.is_zero()
        };
        self.debts.retain(|_, debt| pay(debt));
        pay(&mut self.debt);
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }
}
