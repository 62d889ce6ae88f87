//! When ticks run: on a grid that begins when the engine does and never moves.

use std::time::{Duration, Instant};

use super::StreamFormat;

/// The grid of ticks. Tick `n` is due `n / fps` seconds after the beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    began: Instant,
    format: StreamFormat,
}

impl Pace {
    pub(super) fn new(format: StreamFormat, began: Instant) -> Self {
        Self { began, format }
    }

    /// When a tick is due.
    pub(super) fn due(&self, tick: u64) -> Instant {
        self.began + self.format.presentation_time(tick)
    }

    /// The tick to run after `done` has ended at `now`, if every `every`-th one runs: the next one, or, where that one's
    /// whole time has passed already, the one whose time it is. Those between are dropped.
    pub(super) fn next(&self, done: u64, every: u64, now: Instant) -> u64 {
        let next = done + every;
        if now < self.due(next + every) {
            return next;
        }
        let elapsed: Duration = now - self.began;
        let passed = elapsed.as_nanos() * u128::from(self.format.fps) / 1_000_000_000;
        u64::try_from(passed).unwrap_or(u64::MAX).max(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> (Pace, Instant) {
        let began = Instant::now();
        (Pace::new(StreamFormat { width: 16, height: 16, fps: 30 }, began), began)
    }

    #[test]
    fn a_tick_in_time_or_a_little_late_is_followed_by_the_next() {
        let (pace, began) = pace();
        assert_eq!(pace.next(9, 1, began + Duration::from_millis(310)), 10);
        assert_eq!(pace.next(9, 1, began + Duration::from_millis(350)), 10, "late, but its time has not passed");
    }

    #[test]
    fn ticks_whose_time_has_passed_are_left_out_and_the_grid_stays() {
        let (pace, began) = pace();
        let next = pace.next(9, 1, began + Duration::from_millis(501));
        assert_eq!(next, 15);
        assert_eq!(pace.due(next), began + Duration::from_millis(500));
    }

    #[test]
    fn fewer_frames_are_spread_evenly() {
        let (pace, began) = pace();
        assert_eq!(pace.next(9, 2, began + Duration::from_millis(350)), 11);
        assert_eq!(pace.next(9, 2, began + Duration::from_millis(430)), 11, "late, but its time has not passed");
        assert_eq!(pace.next(9, 2, began + Duration::from_millis(501)), 15);
    }

    #[test]
    fn the_grid_does_not_drift_over_a_week() {
        let (pace, began) = pace();
        let week = 7 * 24 * 3600;
        assert_eq!(pace.due(week * 30), began + Duration::from_secs(week));
    }
}
