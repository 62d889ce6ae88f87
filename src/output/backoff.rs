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

/// What the end of a connection says of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// Nothing: it was lost.
    Lost,
    /// Nothing: it could not be reached.
    Absent,
    /// It spoke to us, and closed the connection where the stream was to begin. Most servers say no more than this to a
    /// wrong key; but so might one that is about to end.
    TurnedAway,
    /// It said that it does not want this stream.
    Refused,
}

/// Refusals in a row after which nobody is asked any more. More than one, since platforms take some seconds to learn of a
/// new key.
const REFUSALS: u32 = 3;
/// Times in a row to be turned away. With the usual waits a minute and a half pass before the last, which is longer than a
/// server takes to start.
const TURNED_AWAY: u32 = 8;

/// What to do about a connection that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try again after this wait.
    After(Duration),
    /// Try no more, for this reason.
    GiveUp(String),
}

/// Attempts in a row that did not succeed.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// New attempts that were begun.
    made: u32,
    /// Answers in a row by which the peer did not want the stream.
    unwelcome: u32,
}

impl Attempts {
    /// One more has ended like this.
    pub(super) fn after(&mut self, farewell: Farewell, policy: &ReconnectPolicy) -> Next {
        let most = match farewell {
            Farewell::Lost | Farewell::Absent => None,
            Farewell::TurnedAway => Some(TURNED_AWAY),
            Farewell::Refused => Some(REFUSALS),
        };
        self.unwelcome = if most.is_some() { self.unwelcome + 1 } else { 0 };
        if most.is_some_and(|most| self.unwelcome >= most) {
            return Next::GiveUp(format!(
                "given up after {} such answers; start it again when that is mended",
                self.unwelcome
            ));
        }
        if policy.attempts.is_some_and(|attempts| self.made >= attempts) {
            return Next::GiveUp(format!("given up after {} further attempts", self.made));
        }
        let wait = policy.wait(self.made);
        self.made += 1;
        Next::After(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many connections are made at most with these farewells, over and over.
    fn connections(farewells: &[Farewell], policy: &ReconnectPolicy) -> Option<usize> {
        let mut attempts = Attempts::default();
        let mut farewells = farewells.iter().cycle().take(10_000).enumerate();
        farewells.find_map(|(index, farewell)| match attempts.after(*farewell, policy) {
            Next::After(_) => None,
            Next::GiveUp(_) => Some(index + 1),
        })
    }

    #[test]
    fn who_does_not_want_the_stream_is_not_asked_for_ever_but_who_is_lost_is() {
        use Farewell::{Absent, Lost, Refused, TurnedAway};
        let policy = ReconnectPolicy::default();
        assert_eq!(connections(&[Lost, Absent], &policy), None);
        assert_eq!(connections(&[Refused], &policy), Some(3));
        assert_eq!(connections(&[TurnedAway], &policy), Some(8));
        assert_eq!(connections(&[TurnedAway, TurnedAway, Refused], &policy), Some(3));
        assert_eq!(connections(&[Refused, Refused, Lost], &policy), None);
        let twice = ReconnectPolicy { attempts: Some(2), ..policy };
        assert_eq!(connections(&[Lost], &twice), Some(3), "the first, and two further ones");
        assert_eq!(connections(&[Refused], &ReconnectPolicy { attempts: Some(0), ..policy }), Some(1));
    }

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
