//! For how long nothing has arrived at a server although something is on its way to it, and how long that is with this
//! connection at times.
//!
//! Once the receive buffer of a server that reads slowly is full, its system takes nothing until a good part of that is free,
//! and ours asks it at intervals that double: what is confirmed moves on in leaps, seconds from each other, while the server
//! reads all the time. Measured with one that reads 6000 bytes a second of a stream of 28 kB a second, pauses of 3, 5 and 22
//! seconds follow each other: what was longest so far says too little of the next. How long a full buffer lasts at the pace at
//! which the server reads says more.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::unsent::Sent;

/// How many times as long as it has been before, or as a full buffer lasts, nothing may arrive until that means something.
const PATIENCE: u32 = 3;
/// The longest that a connection's own pauses may make anybody wait.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// What is left of the longest pause each time that something has arrived: at ten looks a second most of it is forgotten
/// after a quarter of a minute in which all goes well.
const REMEMBERED: f64 = 0.985;
/// A pause this long shows that the buffer of the server is full.
const FULL: Duration = Duration::from_secs(1);
/// Pauses that ended longer ago say nothing of how fast the server reads now.
const RECENT: Duration = Duration::from_secs(30);
/// The part of its buffer that a server has to have read until that is a pace. The last bytes that find room are not read.
const A_PART: u64 = 32;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Standstill {
    confirmed: u64,
    /// When something arrived last.
    arrived: Option<Instant>,
    since: Option<Instant>,
    /// The longest pause after which it went on, less what is forgotten of it.
    longest: Duration,
    /// The most for which there ever was room: what the server's buffer holds when it is full.
    room: u64,
    /// The last pauses in which it was full.
    pauses: VecDeque<Pause>,
    /// How long a full buffer lasts, as of the beginning of this pause.
    full_lasts: Duration,
    /// Whether there was room for less than is on its way at some time in this pause. Even when there is again, that is known
    /// some time before it goes on.
    was_full: bool,
}

/// A pause that is over.
#[derive(Clone, Copy, Debug)]
struct Pause {
    began: Instant,
    ended: Instant,
    /// What was confirmed meanwhile.
    confirmed: u64,
}

impl Standstill {
    /// Takes note of how it is at `now`. A link that is slow or loses packets, or a server that reads slowly, moves on all the
    /// same; a server that reads nothing has its system confirm what that has room for, and no more.
    pub(super) fn lasts(&mut self, sent: Sent, now: Instant) -> Duration {
        let Some(confirmed) = sent.confirmed else { return Duration::ZERO };
        self.room = self.room.max(sent.window.unwrap_or(0));
        if confirmed != self.confirmed {
            self.arrived = Some(now);
        }
        if sent.unconfirmed == 0 || confirmed != self.confirmed {
            self.go_on(now);
        } else if self.since.is_none() {
            self.since = Some(now);
            self.full_lasts = self.full_buffer(now);
            self.was_full = false;
        }
        self.was_full |= sent.window.is_some_and(|window| window < sent.unconfirmed);
        self.confirmed = confirmed;
        self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    fn go_on(&mut self, now: Instant) {
        let Some(began) = self.since.take() else {
            self.longest = self.longest.mul_f64(REMEMBERED);
            return;
        };
        let lasted = now.saturating_duration_since(began);
        self.longest = self.longest.mul_f64(REMEMBERED).max(lasted);
        if lasted >= FULL {
            self.pauses.push_back(Pause { began, ended: now, confirmed: self.confirmed });
        }
    }

    /// How long a full buffer lasts at the pace at which the server has read of late. It was full when the pauses began, so
    /// that as much was read from one to the next as was confirmed. Nothing if that is not known.
    fn full_buffer(&mut self, now: Instant) -> Duration {
        self.pauses.retain(|pause| now.saturating_duration_since(pause.ended) < RECENT);
        let Some(first) = self.pauses.front() else { return Duration::ZERO };
        let read = self.confirmed.saturating_sub(first.confirmed);
        if read == 0 || read < self.room / A_PART {
            return Duration::ZERO;
        }
        #[expect(clippy::cast_precision_loss, reason = "bytes of half a minute")]
        let share = self.room as f64 / read as f64;
        let took = now.saturating_duration_since(first.began).as_secs_f64();
        Duration::try_from_secs_f64(took * share).unwrap_or(MOST_PATIENCE)
    }

    /// When something arrived last, if anything has.
    pub(super) fn arrived(&self) -> Option<Instant> {
        self.arrived
    }

    /// Pauses up to this long are nothing out of the ordinary with this connection.
    pub(super) fn usual(&self) -> Duration {
        let reads_slowly = if self.was_full { self.full_lasts } else { Duration::ZERO };
        (self.longest.max(reads_slowly) * PATIENCE).min(MOST_PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is waited for at least, as outputs do.
    const STALL: Duration = Duration::from_secs(10);

    /// A server's system with a buffer, and the one that sends to it: they look at each other again only after a pause.
    struct Link {
        begin: Instant,
        tenths: u32,
        standstill: Standstill,
        /// Bytes a tenth of a second that are sent while little waits.
        pace: u64,
        buffer: u64,
        held: u64,
        sent: Sent,
        /// Whether it was taken for lost.
        is_cut: bool,
    }

    impl Link {
        fn new(pace: u64, buffer: u64) -> Self {
            let (begin, standstill) = (Instant::now(), Standstill::default());
            let sent = Sent { confirmed: Some(0), window: Some(buffer), ..Sent::default() };
            Self { begin, tenths: 0, standstill, pace, buffer, held: 0, sent, is_cut: false }
        }

        /// A tenth of a second in which so much is read.
        fn pass(&mut self, read: u64, is_asleep: bool) {
            // More than three seconds' worth are not let wait.
            if self.sent.unconfirmed < self.pace * 30 {
                self.sent.unconfirmed += self.pace;
            }
            self.held -= read.min(self.held);
            if !is_asleep {
                let arrives = self.sent.unconfirmed.min(self.buffer - self.held);
                self.held += arrives;
                self.sent.unconfirmed -= arrives;
                self.sent.confirmed = self.sent.confirmed.map(|confirmed| confirmed + arrives);
                self.sent.window = Some(self.buffer - self.held);
            }
            self.tenths += 1;
            let now = self.begin + Duration::from_millis(100) * self.tenths;
            let still = self.standstill.lasts(self.sent, now);
            self.is_cut |= still > self.standstill.usual().max(STALL);
        }

        /// It is left alone for so many tenths of a second once its buffer is full.
        fn pause(&mut self, read: u64, tenths: u32) {
            while self.held < self.buffer {
                self.pass(read, false);
            }
            for tenth in 0..tenths {
                // That there is room again is known at last, and nothing is sent for it yet.
                if tenth * 10 > tenths * 9 {
                    self.sent.window = Some(self.buffer);
                }
                self.pass(read, true);
            }
        }
    }

    proptest! {
        /// A server that reads, however slowly its system tells of it, is waited for; one that has stopped is not for ever.
        #[test]
        fn who_reads_slowly_is_not_lost_and_who_stops_is(
            (read, pace) in (300_u64..1500).prop_flat_map(|read| (Just(read), read * 2..read * 8)),
            buffer in 60_000_u64..120_000,
            first in 20_u32..95,
            parts in prop::collection::vec(0.02_f64..1.3, 1..12),
        ) {
            let mut link = Link::new(pace, buffer);
            link.pause(read, first);
            for part in parts {
                // From a look at once to one when the buffer has been empty for a while.
                #[expect(clippy::cast_precision_loss, reason = "some hundred")]
                let lasts = buffer as f64 / read as f64;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred")]
                link.pause(read, (lasts * part).min(550.0) as u32);
                prop_assert!(!link.is_cut, "{:?} after {} s", link.standstill, link.tenths / 10);
            }
            link.pause(read, 0);
            link.pause(0, 10 * 61);
            prop_assert!(link.is_cut, "{:?}", link.standstill);
        }

        /// One that never reads has no pace.
        #[test]
        fn who_reads_nothing_is_lost_soon(pace in 500_u64..100_000, buffer in 10_000_u64..6_000_000) {
            let mut link = Link::new(pace, buffer);
            link.pause(0, 102);
            prop_assert!(link.is_cut, "{:?}", link.standstill);
        }

        /// Neither is one waited for that is there no more, whatever it has been reading.
        #[test]
        fn who_vanishes_is_lost_soon(read in 5000_u64..100_000, minutes in 0_u32..3) {
            let mut link = Link::new(5000, 200_000);
            for _ in 0..minutes * 600 + 1 {
                link.pass(read, false);
            }
            for _ in 0..103 {
                link.pass(0, true);
            }
            prop_assert!(link.is_cut, "{:?}", link.standstill);
        }
    }

    #[test]
    fn only_what_does_not_move_at_all_stands_still() {
        let begin = Instant::now();
        let mut standstill = Standstill::default();
        let mut at = |tenths: u32, unconfirmed, confirmed| {
            let sent = Sent { unconfirmed, confirmed, ..Sent::default() };
            standstill.lasts(sent, begin + Duration::from_millis(100) * tenths).as_millis()
        };
        // More waits all the time, and some arrives.
        assert_eq!([at(0, 100, Some(10)), at(10, 5000, Some(11)), at(20, 90_000, Some(12))], [0; 3]);
        assert_eq!([at(30, 90_000, Some(12)), at(31, 91_000, Some(12)), at(60, 99_000, Some(12))], [0, 100, 3000]);
        assert_eq!(at(61, 99_000, Some(13)), 0, "it goes on");
        // There is nothing to send.
        assert_eq!([at(70, 0, Some(20)), at(90, 0, Some(20)), at(110, 5, Some(20))], [0; 3]);
        assert_eq!([at(120, 5, None), at(150, 5, None)], [0; 2], "nothing is known");
    }

    #[test]
    fn pauses_that_a_connection_makes_again_and_again_are_usual_with_it() {
        let begin = Instant::now();
        let mut standstill = Standstill::default();
        let mut arrived = 0;
        let mut look = |tenths: u32, moves: bool| {
            arrived += u64::from(moves);
            let sent = Sent { unconfirmed: 90_000, confirmed: Some(arrived), ..Sent::default() };
            let still = standstill.lasts(sent, begin + Duration::from_millis(100) * tenths);
            (still, standstill.usual())
        };
        // It leaps every six seconds.
        for tenths in 0..600 {
            let (still, usual) = look(tenths, tenths % 60 == 0);
            assert!(tenths <= 60 || still < usual, "{still:?} of {usual:?}");
            assert!(tenths > 60 || usual.is_zero() || tenths == 60, "nothing is usual before it has been");
        }
        // All goes well, for long.
        for tenths in 600..900 {
            look(tenths, true);
        }
        assert!(look(900, true).1 < Duration::from_secs(2), "it is forgotten");
        // Even a pause of minutes gives nobody a right to more than one.
        look(901, false);
        assert_eq!(look(9000, true).1, MOST_PATIENCE);
    }
}
