//! When an encoder that failed is started again: at once where it has worked for a while, and the longer after its last start
//! the more often it has failed in a row. It has nothing to do with how long a server is given: whoever watches sees nothing new
//! until then.

use std::time::{Duration, Instant};

/// From one start to the next at least, by the failures in a row.
const APART: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1)];
/// After this long without a failure, the next counts as the first again.
const STEADY: Duration = Duration::from_secs(30);

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restarts {
    started: Instant,
    /// In a row.
    failures: usize,
}

impl Restarts {
    /// It has not been started yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, failures: 0 }
    }

    /// Another kind is to take its place, at once.
    pub(super) fn again(now: Instant) -> Self {
        Self { started: now, failures: 1 }
    }

    /// Whether one may be started.
    pub(super) fn may_start(&self, now: Instant) -> bool {
        let apart = self.failures.checked_sub(1).map_or(Duration::ZERO, |before| APART[before.min(APART.len() - 1)]);
        self.lasted(now) >= apart
    }

    /// One is started. Returns whether that is because another has failed.
    pub(super) fn start(&mut self, now: Instant) -> bool {
        self.started = now;
        self.failures > 0
    }

    /// How long ago one was started.
    pub(super) fn lasted(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// It has failed. Returns whether it had worked for long until then.
    pub(super) fn fail(&mut self, now: Instant) -> bool {
        let was_steady = self.lasted(now) > STEADY;
        self.failures = if was_steady { 1 } else { self.failures.saturating_add(1) };
        was_steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_at_once_is_started_once_a_second_and_what_worked_at_once() {
        let begin = Instant::now();
        let at = |millis| begin + Duration::from_millis(millis);
        let mut restarts = Restarts::new(begin);
        assert!(restarts.may_start(begin) && !restarts.start(begin));
        let mut starts = vec![];
        restarts.fail(begin);
        for millis in 0..5000 {
            if restarts.may_start(at(millis)) {
                assert!(restarts.start(at(millis)));
                restarts.fail(at(millis));
                starts.push(millis);
            }
        }
        assert_eq!(starts, [0, 200, 700, 1700, 2700, 3700, 4700]);
        // One that has worked for two seconds.
        restarts.start(at(5700));
        assert!(!restarts.fail(at(7700)) && restarts.may_start(at(7700)));
        restarts.start(at(7700));
        assert!(restarts.fail(at(40_000)), "it was steady");
        restarts.start(at(40_000));
        restarts.fail(at(40_010));
        assert!(!restarts.may_start(at(40_199)) && restarts.may_start(at(40_200)), "it fails for the second time");
    }
}
