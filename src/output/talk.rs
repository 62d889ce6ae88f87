//! A server has little to say to one that publishes: that it takes the stream, how far it has come, and whether anybody is there.
//! `rtmp2sink` keeps what it has not looked at yet, and what it has to answer; from one that says far more than that it would take
//! memory without end, however slowly: a message may be of 16 MB, and is kept until it is whole.

use std::time::{Duration, Instant};

/// Bytes that a server says at most within a [`TURN`]: a hundred times what it has to. A certificate takes some thousand.
const MOST: u64 = 256 << 10;
const TURN: Duration = Duration::from_secs(4);
/// Bytes that it says at most in all,
const MOST_IN_ALL: u64 = 1 << 20;
/// and for each second that the connection has lasted: acknowledgements, of 16 bytes each, of every 16 kB of 8 Mbit/s. Servers
/// give one for every 2.5 MB, as they are asked to.
const A_SECOND: u64 = 1 << 10;

/// What was heard of the server on one connection.
pub(super) struct Talk {
    begun: Instant,
    /// When this turn began, and all that was heard by then.
    since: Instant,
    before: u64,
}

impl Talk {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: now, since: now, before: 0 }
    }

    /// Whether it is too much that so many bytes have been heard in all by `now`.
    pub(super) fn is_flood(&mut self, heard: u64, now: Instant) -> bool {
        let lasted = now.saturating_duration_since(self.begun).as_secs();
        let is_flood = heard.saturating_sub(self.before) > MOST || heard > MOST_IN_ALL + lasted * A_SECOND;
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
            // Three days.
            (1..2_600_000_u32)
                .find(|look| talk.is_flood(rate * u64::from(*look) / 10, begin + Duration::from_millis(100) * *look))
        };
        assert_eq!(looks(1000), None);
        assert_eq!(looks(55_000), Some(195), "it never ends");
        assert_eq!(looks(200_000), Some(14));
        assert_eq!(looks(9_000_000), Some(1));
    }
}
