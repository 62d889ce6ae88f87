//! How often animations are looked at, by which tests see how work grows.

use std::cell::Cell;

thread_local! {
    static VISITS: Cell<u64> = const { Cell::new(0) };
}

pub(super) fn count() {
    VISITS.set(VISITS.get() + 1);
}

/// How often they were since this was asked last.
pub(in crate::animation) fn take() -> u64 {
    VISITS.take()
}
