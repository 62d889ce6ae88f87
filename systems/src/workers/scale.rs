//! How many threads share the work of a tick.

use std::{num::NonZeroUsize, time::Duration};

/// Share of a tick's time that each thread should be busy at the most. The rest is for the encoder, and for ticks that
/// take longer than those before.
const FILL: f64 = 0.4;

/// Ticks in a row that must do with fewer threads before there are fewer.
const CALM: u32 = 90;

/// Chooses how many threads share the work of a tick, by how much work the last ones had.
///
/// More at once when there is more to do; fewer, one by one, only after a while of less, so that the number does not
/// swing with every tick. Threads that are not woken leave their cores to the encoder.
#[derive(Clone, Debug)]
pub struct Scaler {
    most: NonZeroUsize,
    width: usize,
    /// Ticks in a row that would have done with fewer threads.
    calm: u32,
    /// The most threads that any of them needed.
    needed: usize,
}

impl Scaler {
    /// Begins with all of `most` threads: nothing is known of the load yet.
    #[must_use]
    pub fn new(most: NonZeroUsize) -> Self {
        Self { most, width: most.get(), calm: 0, needed: 1 }
    }

    /// Threads that share the work now, at least one.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Takes in that a tick had `busy` of work for all threads together and may take `period`. `ahead` tells that the
    /// next ones have more to do than this one, since something begins to move: all threads are ready then.
    pub fn observe(&mut self, busy: Duration, period: Duration, ahead: bool) {
        let most = self.most.get();
        let share = busy.as_secs_f64() / (period.as_secs_f64() * FILL);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
        let wanted = if ahead || !share.is_finite() { most } else { (share.ceil() as usize).clamp(1, most) };
        if wanted >= self.width {
            (self.width, self.calm, self.needed) = (wanted, 0, 1);
            return;
        }
        self.calm += 1;
        self.needed = self.needed.max(wanted);
        if self.calm >= CALM {
            (self.width, self.calm, self.needed) = ((self.width - 1).max(self.needed), 0, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERIOD: Duration = Duration::from_millis(33);

    fn scaler(most: usize) -> Scaler {
        Scaler::new(NonZeroUsize::new(most).unwrap())
    }

    fn load(scaler: &mut Scaler, milliseconds: u64, ticks: u32) {
        for _ in 0..ticks {
            scaler.observe(Duration::from_millis(milliseconds), PERIOD, false);
        }
    }

    #[test]
    fn threads_come_at_once_and_go_one_by_one() {
        let mut scaler = scaler(8);
        assert_eq!(scaler.width(), 8);
        load(&mut scaler, 1, CALM);
        assert_eq!(scaler.width(), 7);
        load(&mut scaler, 1, 100 * CALM);
        assert_eq!(scaler.width(), 1);
        load(&mut scaler, 40, 1);
        assert_eq!(scaler.width(), 4, "40 ms at 13 ms a thread");
        scaler.observe(Duration::ZERO, PERIOD, true);
        assert_eq!(scaler.width(), 8, "something is about to move");
    }

    proptest! {
        #[test]
        fn constant_load_settles(most in 1_usize..64, before in 0_u64..200, now in 0_u64..200) {
            let mut scaler = scaler(most);
            load(&mut scaler, before, 10);
            load(&mut scaler, now, 64 * CALM);
            let settled = scaler.width();
            for _ in 0..5 * CALM {
                load(&mut scaler, now, 1);
                prop_assert_eq!(scaler.width(), settled);
            }
            prop_assert!((1..=most).contains(&settled));
            prop_assert!(settled == most || Duration::from_millis(now).as_secs_f64() <= settled as f64 * FILL * PERIOD.as_secs_f64() + 1e-9);
        }
    }
}
