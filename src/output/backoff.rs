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
    /// Before an attempt at a peer that is there and has closed many connections without a word.
    pub seldom: Duration,
    /// How long a peer may take nothing, with the queue full or bytes on the way to it, before it counts as lost.
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
            seldom: Duration::from_secs(5 * 60),
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
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(attempt.min(20)));
        jittered(doubled.min(self.longest))
    }
}

/// A wait of which up to a quarter is taken away at random.
pub(super) fn jittered(wait: Duration) -> Duration {
    // Hashers are seeded at random; that is random enough here.
    let random = RandomState::new().hash_one(wait) % 1000;
    wait.mul_f64(1.0 - 0.25 * f64::from(u32::try_from(random).unwrap_or(0)) / 1000.0)
}

/// What the end of a connection says of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// Nothing: it was lost.
    Lost,
    /// Nothing: it could not be reached.
    Absent,
    /// It is a disk that could be written to, and cannot any more.
    Unwritable,
    /// Nothing: the machine lacks what is needed to send, such as a thread, and may have it soon.
    Short,
    /// It spoke to us, and closed the connection where the stream was to begin. Many servers say no more than this to a
    /// wrong key; but so does one that is about to end, or whose backend is away.
    TurnedAway,
    /// It said in words that it does not want this stream.
    Refused,
    /// It took the stream, and closed the connection soon after. Some look at a key only then; but so ends one that breaks
    /// down over and over, too.
    CutShort,
}

/// Refusals in words in a row after which nobody is asked any more. More than one, since platforms take some seconds to learn
/// of a new key.
const REFUSALS: u32 = 3;
/// Connections in a row that were closed without a word after which it is tried seldom. With the usual waits a minute and a
/// half pass before the last, which is longer than a server takes to start.
const CUTS: u32 = 8;
/// Those after which nobody is asked any more where the stream has never been on air: twenty minutes later. Who is there all
/// the time, and closes every connection, is not about to start, and nothing says that the key has ever been right.
const MOST_CUTS: u32 = CUTS + 4;
/// The same where it has been on air: three hours later. The key is right, or was, and its server has some trouble.
const MOST_CUTS_IF_KNOWN: u32 = CUTS + 36;

/// What to do about a connection that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try again after this wait.
    After(Duration),
    /// Try again after this wait, which is long for this reason.
    Seldom(Duration, String),
    /// Try no more, for this reason.
    GiveUp(String),
}

/// Attempts in a row that did not succeed.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// New attempts that were begun.
    made: u32,
    /// Answers in a row that say that the peer does not want the stream.
    refusals: u32,
    /// Connections in a row that it closed without a word, before or soon after it took the stream.
    cuts: u32,
}

impl Attempts {
    /// One more has ended like this. `is_known` says whether the stream has ever been on air there.
    pub(super) fn after(&mut self, farewell: Farewell, is_known: bool, policy: &ReconnectPolicy) -> Next {
        let most_cuts = if is_known { MOST_CUTS_IF_KNOWN } else { MOST_CUTS };
        let (answers, most) = match farewell {
            Farewell::Lost | Farewell::Absent | Farewell::Unwritable | Farewell::Short => {
                self.reach_anew();
                (0, u32::MAX)
            }
            Farewell::Refused => {
                self.refusals += 1;
                (self.refusals, REFUSALS)
            }
            Farewell::TurnedAway | Farewell::CutShort => {
                // One that takes the stream has nothing against it.
                self.refusals = if farewell == Farewell::CutShort { 0 } else { self.refusals };
                self.cuts += 1;
                (self.cuts, most_cuts)
            }
        };
        if answers >= most {
            let count = match farewell {
                Farewell::Refused => format!("{answers} such answers"),
                _ if is_known => format!("{answers} times"),
                _ => format!("{answers} times, since it has never been on air there"),
            };
            return Next::GiveUp(format!("given up after {count}; start it again when that is mended"));
        }
        if policy.attempts.is_some_and(|attempts| self.made >= attempts) {
            return Next::GiveUp(format!("given up after {} further attempts", self.made));
        }
        let wait = policy.wait(self.made);
        self.made += 1;
        if self.cuts < CUTS {
            return Next::After(wait);
        }
        let seconds = policy.seldom.as_secs();
        let pause = if seconds < 60 { format!("{seconds} seconds") } else { format!("{} minutes", seconds / 60) };
        let times = self.cuts;
        let why = format!(
            "after {times} times it is tried every {pause} only, and given up after {most_cuts}; start it to try at once"
        );
        Next::Seldom(wait.max(policy.seldom), why)
    }

    /// Whether connections were closed without a word so often that this is no accident.
    pub(super) fn are_many_cuts(&self) -> bool {
        self.cuts >= CUTS
    }

    /// The peer was away in between: what it said before says nothing of what it will say.
    pub(super) fn reach_anew(&mut self) {
        (self.refusals, self.cuts) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many connections are made at most with these farewells, over and over.
    fn connections(farewells: &[Farewell], policy: &ReconnectPolicy) -> Option<usize> {
        connections_to(false, farewells, policy)
    }

    /// The same to somebody who has taken the stream before, or has not.
    fn connections_to(is_known: bool, farewells: &[Farewell], policy: &ReconnectPolicy) -> Option<usize> {
        let mut attempts = Attempts::default();
        let mut farewells = farewells.iter().cycle().take(10_000).enumerate();
        farewells.find_map(|(index, farewell)| match attempts.after(*farewell, is_known, policy) {
            Next::After(_) | Next::Seldom(..) => None,
            Next::GiveUp(_) => Some(index + 1),
        })
    }

    #[test]
    fn who_does_not_want_the_stream_is_not_asked_for_ever_but_who_is_lost_is() {
        use Farewell::{Absent, CutShort, Lost, Refused, Short, TurnedAway};
        let policy = ReconnectPolicy::default();
        assert_eq!(connections(&[Lost, Absent], &policy), None);
        assert_eq!(connections(&[Short, Refused], &policy), None);
        assert_eq!(connections(&[Refused], &policy), Some(3));
        assert_eq!(connections(&[TurnedAway], &policy), Some(12), "only words are an answer");
        assert_eq!(connections_to(true, &[TurnedAway], &policy), Some(44), "the key was right");
        assert_eq!(connections_to(true, &[Refused], &policy), Some(3), "it is not any more");
        assert_eq!(connections(&[TurnedAway, TurnedAway, Refused], &policy), Some(9));
        assert_eq!(connections(&[Refused, Refused, Lost], &policy), None);
        assert_eq!(connections(&[CutShort], &policy), Some(12));
        assert_eq!(connections(&[CutShort, TurnedAway], &policy), Some(12));
        assert_eq!(connections_to(true, &[CutShort, TurnedAway], &policy), Some(44));
        assert_eq!(connections(&[CutShort, Refused], &policy), Some(23), "a server that is no good, not a key");
        assert_eq!(connections(&[TurnedAway, Absent], &policy), None, "a server that starts and ends");
        assert_eq!(connections(&[CutShort, CutShort, Absent], &policy), None, "a server that goes and comes");
        let twice = ReconnectPolicy { attempts: Some(2), ..policy };
        assert_eq!(connections(&[Lost], &twice), Some(3), "the first, and two further ones");
        assert_eq!(connections(&[Refused], &ReconnectPolicy { attempts: Some(0), ..policy }), Some(1));
    }

    #[test]
    fn who_breaks_off_again_and_again_is_tried_seldom_and_not_for_ever() {
        let policy = ReconnectPolicy::default();
        for (is_known, least, most) in [(false, 20 * 60, 25 * 60), (true, 3 * 3600, 4 * 3600)] {
            let mut attempts = Attempts::default();
            let mut waited = Duration::ZERO;
            let mut seldom = 0;
            let mut farewells = [Farewell::CutShort, Farewell::TurnedAway].into_iter().cycle();
            let why = loop {
                match attempts.after(farewells.next().unwrap(), is_known, &policy) {
                    Next::After(wait) => {
                        assert_eq!(seldom, 0, "first it is tried as ever");
                        waited += wait;
                    }
                    Next::Seldom(wait, why) => {
                        assert!(why.contains("every 5 minutes only, and given up after"), "{why}");
                        waited += wait;
                        seldom += 1;
                    }
                    Next::GiveUp(why) => break why,
                }
            };
            assert!((least..most).contains(&waited.as_secs()), "{waited:?}");
            assert_eq!(why.contains("since it has never been on air there"), !is_known, "{why}");
            // It was away, and is there again.
            attempts.reach_anew();
            assert!(matches!(attempts.after(Farewell::CutShort, is_known, &policy), Next::After(_)));
        }
        let once = ReconnectPolicy { attempts: Some(1), ..policy };
        assert_eq!(connections(&[Farewell::CutShort], &once), Some(2), "who sets a limit gets it");
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
