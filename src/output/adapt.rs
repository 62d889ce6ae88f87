//! How the bitrate follows a link that is too slow: stepwise, and slower up than down, so that it does not swing.
//!
//! What tells is how much waits: in the queue in front of the output, which grows when the link takes less than the encoder
//! makes, whatever the reason; and before that in the system that sends, or on the way there (`strain`). A step up is a trial: when it fails, the next one comes twice as late, and when
//! trials go well, in half the time.

use std::time::{Duration, Instant};

use super::settings::AdaptivePace;

/// A queue as long as this is too long: one step down.
const HIGH: Duration = Duration::from_millis(700);
/// A queue no longer than this is as good as empty.
const LOW: Duration = Duration::from_millis(150);
/// How long the full bitrate must have gone well to count as what the link takes, in times of the calm for a step up.
const STEADY: u32 = 6;
/// The longest that the calm must be, by trials that fail, in times of what it is at first.
const MOST_CALM: u32 = 60;
/// Each step takes a quarter.
const STEP: f64 = 0.75;

/// Decides by how much the bitrate is lowered. Knows time and queue only by what it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adapter {
    pace: AdaptivePace,
    /// Steps below the full bitrate.
    level: i32,
    /// When the queue was looked at last while it was too long, and how long it was.
    long: Option<(Instant, Duration)>,
    /// Since when the queue has been as good as empty.
    calm_since: Option<Instant>,
    /// How long that must last for a step up.
    calm: Duration,
    /// Steps up since the last one down; of the last it is still to be seen whether the link takes it.
    trials: u32,
}

impl Adapter {
    /// The full bitrate.
    pub(super) fn new(pace: AdaptivePace) -> Self {
        Self { pace, level: 0, long: None, calm_since: None, calm: pace.calm, trials: 0 }
    }

    /// The bitrate in kbit/s, of which `full` is the most, and `floor` the least unless `full` is less.
    pub(super) fn bitrate(&self, full: u32, floor: u32) -> u32 {
        let lowered = f64::from(full) * STEP.powi(self.level);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to `full`")]
        let lowered = lowered.round() as u32;
        lowered.max(floor).min(full)
    }

    /// Takes note of the longest queue at `now`, in time. Returns whether the bitrate is another one from now on.
    pub(super) fn observe(&mut self, queue: Duration, full: u32, floor: u32, now: Instant) -> bool {
        let before = self.bitrate(full, floor);
        self.calm_since = if queue <= LOW { self.calm_since.or(Some(now)) } else { None };
        let calm = self.calm_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if queue >= HIGH {
            self.step_down(queue, before > floor, now);
        } else if self.level > 0 && calm >= self.calm {
            // Two in a row have gone well: the link is a better one.
            if self.trials >= 2 {
                self.calm = (self.calm / 2).max(self.pace.calm);
            }
            self.level -= 1;
            self.trials += 1;
            self.calm_since = Some(now);
        } else if self.trials > 0 && calm >= self.calm.max(self.pace.calm * STEADY) {
            (self.trials, self.calm) = (0, (self.calm / 2).max(self.pace.calm));
        }
        if queue <= LOW {
            self.long = None;
        }
        self.bitrate(full, floor) != before
    }

    /// Nothing is known of the link for now. What was learnt of it counts until it is there again.
    pub(super) fn wait(&mut self) {
        (self.long, self.calm_since) = (None, None);
    }

    /// A step down, unless there is none left, or the one before helps already.
    fn step_down(&mut self, queue: Duration, is_possible: bool, now: Instant) {
        let last = self.long;
        if last.is_some_and(|(then, _)| now.saturating_duration_since(then) < self.pace.settle) {
            return;
        }
        self.long = Some((now, queue));
        if is_possible && last.is_none_or(|(_, before)| queue >= before) {
            if self.trials > 0 {
                self.calm = (self.calm * 2).min(self.pace.calm * MOST_CALM);
            }
            self.trials = 0;
            self.level += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: u32 = 4000;
    const FLOOR: u32 = 600;

    /// A link with a queue in front of it, and time that goes by in tenths of a second.
    struct Link {
        adapter: Adapter,
        now: Instant,
        /// Kilobits.
        queue: f64,
        changes: u32,
    }

    impl Link {
        fn new() -> Self {
            Self { adapter: Adapter::new(AdaptivePace::default()), now: Instant::now(), queue: 0.0, changes: 0 }
        }

        /// Goes on for so many seconds with a link of this capacity in kbit/s.
        fn run(&mut self, seconds: u32, capacity: f64) {
            for _ in 0..seconds * 10 {
                self.now += Duration::from_millis(100);
                let rate = f64::from(self.adapter.bitrate(FULL, FLOOR));
                // What is longer than three seconds is left out.
                self.queue = (self.queue + (rate - capacity) / 10.0).clamp(0.0, rate * 3.0);
                let waiting = Duration::from_secs_f64(self.queue / rate);
                self.changes += u32::from(self.adapter.observe(waiting, FULL, FLOOR, self.now));
            }
        }

        fn rate(&self) -> u32 {
            self.adapter.bitrate(FULL, FLOOR)
        }
    }

    proptest! {
        /// Whatever a link can take, what is sent comes below it, stays nearly always there, and is back in full when the
        /// link is.
        #[test]
        fn the_bitrate_settles_below_the_link_and_comes_back(capacity in 650.0_f64..3900.0) {
            let mut link = Link::new();
            link.run(60, 10_000.0);
            prop_assert_eq!((link.rate(), link.changes), (FULL, 0), "a fast link changes nothing");
            link.run(600, capacity);
            prop_assert!(f64::from(link.rate()) <= capacity / STEP, "{} on {capacity}", link.rate());
            let before = link.changes;
            link.run(1200, capacity);
            prop_assert!(link.changes - before <= 30, "{} changes in twenty minutes", link.changes - before);
            link.run(3000, 10_000.0);
            prop_assert_eq!(link.rate(), FULL);
        }
    }

    #[test]
    fn a_link_that_was_lost_is_met_again_with_what_it_took() {
        let mut link = Link::new();
        link.run(300, 1600.0);
        let before = link.rate();
        assert!(before < FULL, "{before}");
        // An empty queue would be taken for a good link by then.
        for _ in 0..6000 {
            link.now += Duration::from_millis(100);
            link.adapter.wait();
        }
        link.queue = 0.0;
        link.run(1, 1600.0);
        assert_eq!(link.rate(), before);
        link.run(3000, 10_000.0);
        assert_eq!(link.rate(), FULL);
    }

    #[test]
    fn a_link_that_takes_nothing_gets_the_least_and_no_less() {
        let mut link = Link::new();
        link.run(60, 0.0);
        assert_eq!(link.rate(), FLOOR);
        assert_eq!(link.adapter.bitrate(400, FLOOR), 400, "the full bitrate is less than the least");
        link.run(60, 10_000.0);
        assert_eq!(link.rate(), FULL, "a minute is enough when nothing was tried in vain");
    }
}
