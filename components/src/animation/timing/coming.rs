//! When something comes to a moment within its rounds.

use super::{Nanos, Timing, nanos, seconds};

impl Timing {
    /// The first time from `time` on, be it backwards, at which what it plays is where `inner` looks for. That is asked the
    /// same of a time within a round, whether it goes forwards from there; times beyond the round's end are none.
    pub(crate) fn comes(
        &self,
        time: Nanos,
        forwards: bool,
        inner: &mut dyn FnMut(Nanos, bool) -> Option<Nanos>,
    ) -> Option<Nanos> {
        let Self { speed, cycle, .. } = *self;
        let own = nanos(seconds(time) * speed);
        let (mut round, mut gone) = (own / cycle, own % cycle);
        if let Some(plays) = self.plays.filter(|plays| round >= u64::from(*plays)) {
            // It stays at its end, and moves from there only backwards.
            (round, gone) = (u64::from(plays).saturating_sub(1), cycle);
            if forwards {
                let stands = if self.is_backwards(round) { 0 } else { cycle };
                return inner(stands, true).filter(|found| *found == stands).map(|_| time);
            }
        }
        // One round forwards and one backwards are all that there is.
        for _ in 0..3 {
            let is_backwards = self.is_backwards(round);
            let within = |time: Nanos| if is_backwards { cycle - time } else { time };
            if let Some(found) = inner(within(gone), forwards != is_backwards).filter(|found| *found <= cycle) {
                let own = round.saturating_mul(cycle).saturating_add(within(found));
                return Some(nanos(seconds(own) / speed));
            }
            (round, gone) = if forwards { (round + 1, 0) } else { (round.checked_sub(1)?, cycle) };
            if self.plays.is_some_and(|plays| round >= u64::from(plays)) {
                return None;
            }
        }
        None
    }
}
