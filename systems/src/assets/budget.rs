//! The memory that decoded assets may take together.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that may be held, and that are. Workers reserve before they allocate, what decoders need for themselves too, so
/// that it is never exceeded.
///
/// What decoders need for themselves (scratch) is given back soon: whoever finds no room but for that of others waits for
/// it. Who waits holds nothing yet, and who holds scratch never waits, so that nobody waits for ever.
#[derive(Debug)]
pub(super) struct Budget {
    held: Mutex<Held>,
    /// Told when something was given back, or there may be more.
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    limit: u64,
    /// All bytes, scratch included.
    used: u64,
    scratch: u64,
    /// Reservations that wait for scratch of others.
    waiting: usize,
}

impl Held {
    fn fits(&self, bytes: u64) -> bool {
        self.used.checked_add(bytes).is_some_and(|sum| sum <= self.limit)
    }

    /// Whether so many bytes would be free if those who decode now had done so.
    fn will_fit(&self, bytes: u64) -> bool {
        (self.used - self.scratch).checked_add(bytes).is_some_and(|sum| sum <= self.limit)
    }
}

impl Budget {
    pub(super) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { held: Mutex::new(Held { limit, ..Held::default() }), freed: Condvar::new() })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limit(&self) -> u64 {
        self.held().limit
    }

    pub(super) fn set_limit(&self, bytes: u64) {
        self.held().limit = bytes;
        self.freed.notify_all();
    }

    pub(super) fn used(&self) -> u64 {
        self.held().used
    }

    /// Room for so many bytes that stay for as long as the reservation lives, and so many more of scratch, which is given
    /// back by [`keep`](Reservation::keep). Waits while only the scratch of others stands in the way; `None` if that is not
    /// all. Only for who holds no scratch yet.
    pub(super) fn reserve(self: &Arc<Self>, kept: u64, scratch: u64) -> Option<Reservation> {
        let bytes = kept.checked_add(scratch)?;
        let mut held = self.held();
        held.waiting += 1;
        let has_to_wait = |held: &mut Held| !held.fits(bytes) && held.will_fit(bytes);
        let mut held = self.freed.wait_while(held, has_to_wait).unwrap_or_else(PoisonError::into_inner);
        held.waiting -= 1;
        held.fits(bytes).then(|| {
            held.used += bytes;
            held.scratch += scratch;
            Reservation { budget: Arc::clone(self), bytes, scratch }
        })
    }
}

/// A part of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: Arc<Budget>,
    /// All bytes, scratch included.
    bytes: u64,
    scratch: u64,
}

impl Reservation {
    /// For what is not held in memory.
    pub(super) fn of_nothing(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0, scratch: 0 }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reserves more that stays, without waiting; returns whether it was free.
    pub(super) fn grow(&mut self, bytes: u64) -> bool {
        let mut held = self.budget.held();
        let fits = held.fits(bytes);
        if fits {
            held.used += bytes;
            self.bytes += bytes;
        }
        fits
    }

    /// Gives back all but the scratch.
    pub(super) fn keep_scratch(&mut self) {
        self.give_back(self.bytes - self.scratch, 0);
    }

    /// Gives back the scratch.
    pub(super) fn keep(&mut self) {
        self.give_back(self.scratch, self.scratch);
    }

    /// So many bytes, and so many of them scratch.
    fn give_back(&mut self, bytes: u64, scratch: u64) {
        let mut held = self.budget.held();
        held.used -= bytes;
        held.scratch -= scratch;
        self.bytes -= bytes;
        self.scratch -= scratch;
        drop(held);
        self.budget.freed.notify_all();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.give_back(self.bytes, self.scratch);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn until_one_waits(budget: &Budget) {
        while budget.held().waiting == 0 {
            thread::yield_now();
        }
    }

    #[test]
    fn who_lacks_only_the_scratch_of_others_waits_for_it() {
        let budget = Budget::new(100);
        let mut first = budget.reserve(30, 60).unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| budget.reserve(30, 40));
            until_one_waits(&budget);
            assert_eq!(budget.used(), 90, "never more than there is");
            first.keep();
            let second = second.join().unwrap().unwrap();
            assert_eq!((budget.used(), second.bytes(), first.bytes()), (100, 70, 30));
        });
        assert_eq!(budget.used(), 30);
        assert!(budget.reserve(71, 0).is_none(), "what stays is not waited for");
    }

    #[test]
    fn who_waits_gets_what_one_that_failed_had() {
        let budget = Budget::new(100);
        let mut first = budget.reserve(0, 60).unwrap();
        assert!(first.grow(40) && !first.grow(1), "who holds scratch does not wait");
        first.keep_scratch();
        thread::scope(|scope| {
            let second = scope.spawn(|| budget.reserve(90, 0).map(|held| held.bytes()));
            until_one_waits(&budget);
            drop(first);
            assert_eq!(second.join().unwrap(), Some(90));
        });
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn who_waits_gives_up_when_there_is_to_be_less() {
        let budget = Budget::new(100);
        let _first = budget.reserve(10, 50).unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| budget.reserve(80, 0).is_none());
            until_one_waits(&budget);
            budget.set_limit(70);
            assert!(second.join().unwrap());
        });
    }
}
