//! What is done about a peer that is slow or lost.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// How much waits for a slow peer, when it counts as lost, and waits that grow from attempt to attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconnectPolicy {
    /// Before the first attempt.
    pub first: Duration,
    /// Never more than this.
    pub longest: Duration,
    /// How long a peer may take nothing, with the queue full, before it counts as lost.
    pub stall: Duration,
    /// Attempts in a row after which an output gives up until the stream is started anew; never if `None`.
    pub attempts: Option<u32>,
    /// Encoded frames that may wait for an output. When they are more, frames are left out until a key frame comes that
    /// finds the queue nearly empty.
    pub queue_frames: u64,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            stall: Duration::from_secs(10),
            attempts: None,
            queue_frames: 90,
        }
    }
}

impl ReconnectPolicy {
    /// The wait before attempt `attempt`, counted from 0: twice the one before, of which up to a quarter is taken
    /// away at random, so that many streams do not come back to a server in step.
    pub(super) fn wait(&self, attempt: u32) -> Duration {
        // Hashers are seeded at random; that is random enough here.
        let random = RandomState::new().hash_one(attempt) % 1000;
        let jitter = 1.0 - 0.25 * f64::from(u32::try_from(random).unwrap_or(0)) / 1000.0;
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(attempt.min(20)));
        doubled.min(self.longest).mul_f64(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_differ() {
        let policy = ReconnectPolicy::default();
        for (attempt, seconds) in [(0, 1.0), (1, 2.0), (2, 4.0), (4, 16.0), (5, 30.0), (6, 30.0), (u32::MAX, 30.0)] {
            let wait = policy.wait(attempt).as_secs_f64();
            assert!(wait <= seconds && wait >= seconds * 0.75, "attempt {attempt} waits {wait} s");
        }
        let waits: std::collections::HashSet<_> = (0..20).map(|_| policy.wait(3)).collect();
        assert!(waits.len() > 1);
    }
}
