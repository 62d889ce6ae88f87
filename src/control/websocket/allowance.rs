//! How much a client may say.

use std::time::Duration;

use tokio::time::Instant;

/// Messages a second that are read from one client.
pub(super) const MESSAGES: u32 = 2000;
/// Bytes a second that are read from one client.
pub(super) const BYTES: u32 = 4 << 20;

/// Messages that it counts for when a client begins to follow the scene as it sees it: what it sees is looked out of the
/// whole scene for it, and told at once.
pub(super) const VIEW: u32 = MESSAGES / 20;

/// What a client has said lately. It may say as much at once as in a second.
#[derive(Debug)]
pub(super) struct Allowance {
    messages: f64,
    bytes: f64,
    since: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { messages: f64::from(MESSAGES), bytes: f64::from(BYTES), since: now }
    }

    /// Takes note of a message. Returns when the next one may be read.
    pub(super) fn spend(&mut self, bytes: usize, now: Instant) -> Instant {
        self.spend_all(1, bytes, now)
    }

    /// Takes note of what counts for so many messages. Returns when the next one may be read.
    pub(super) fn spend_more(&mut self, messages: u32, now: Instant) -> Instant {
        self.spend_all(messages, 0, now)
    }

    fn spend_all(&mut self, messages: u32, bytes: usize, now: Instant) -> Instant {
        let past = now.duration_since(self.since).as_secs_f64();
        self.since = now;
        let refill = |left: f64, rate: u32| (left + past * f64::from(rate)).min(f64::from(rate));
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        let bytes = bytes as f64;
        self.messages = refill(self.messages, MESSAGES) - f64::from(messages);
        self.bytes = refill(self.bytes, BYTES) - bytes;
        let debt = |left: f64, rate: u32| (-left / f64::from(rate)).max(0.0);
        now + Duration::from_secs_f64(debt(self.messages, MESSAGES).max(debt(self.bytes, BYTES)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_goes_at_once_and_the_rest_at_the_rate() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        for _ in 0..MESSAGES {
            assert_eq!(allowance.spend(10, start), start);
        }
        let next = allowance.spend(10, start);
        assert!(next > start && next <= start + Duration::from_millis(1));
        let later = start + Duration::from_secs(5);
        assert_eq!(allowance.spend(BYTES as usize, later), later);
        assert_eq!(allowance.spend(BYTES as usize / 2, later), later + Duration::from_millis(500));
        // What costs more than a message counts as more.
        let later = later + Duration::from_secs(5);
        for _ in 0..MESSAGES / VIEW {
            assert_eq!(allowance.spend_more(VIEW, later), later);
        }
        assert_eq!(allowance.spend_more(VIEW, later), later + Duration::from_millis(50));
    }
}
