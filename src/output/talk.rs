//! A server has little to say to one that publishes: that it takes the stream, how far it has come, and whether anybody is there.
//! `rtmp2sink` keeps what it has not looked at yet, and what it has to answer; from one that says far more than that it would take
//! memory without end.

use std::time::{Duration, Instant};

/// Bytes that a server says at most within a [`TURN`]: a hundred times what it has to. A certificate takes some thousand.
const MOST: u64 = 256 << 10;
const TURN: Duration = Duration::from_secs(4);

/// What was heard of the server on one connection.
pub(super) struct Talk {
    /// When this turn began, and all that was heard by then.
    since: Instant,
    before: u64,
}

impl Talk {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, before: 0 }
    }

    /// Whether it is too much that so many bytes have been heard in all by `now`.
    pub(super) fn is_flood(&mut self, heard: u64, now: Instant) -> bool {
        let is_flood = heard.saturating_sub(self.before) > MOST;
        if now.saturating_duration_since(self.since) >= TURN {
            (self.since, self.before) = (now, heard);
        }
        is_flood
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_says_what_it_has_to_is_heard_for_ever_and_one_that_says_far_more_is_not() {
        let begin = Instant::now();
        let looks = |rate: u64| {
            let mut talk = Talk::new(begin);
            (1..10_000_u32)
                .find(|look| talk.is_flood(rate * u64::from(*look) / 10, begin + Duration::from_millis(100) * *look))
        };
        assert_eq!(looks(20_000), None);
        assert_eq!(looks(200_000), Some(14));
        assert_eq!(looks(9_000_000), Some(1));
    }
}
