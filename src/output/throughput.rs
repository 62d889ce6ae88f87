//! How much a link takes.
//!
//! As long as whatever is given to it gets off at once, what arrives says how much was given, and not how much it would take: a
//! picture in which little moves is no slow link. So this is measured only while something has been waiting at every look: a
//! queue that stands, and not one by which a link takes a large frame (RFC 8289, section 3.1, tells them apart in the same way).
//!
//! What arrives is counted from one arrival to another. A server that has been full takes some at a time: the time since the
//! last of these leaps says nothing yet.
//!
//! What is known is kept while nothing waits for a moment, since frames were left out: else as much as a fast link takes would
//! be let through each time. With 160 kbit/s, of which the buffer of a server held the last second, that was half a minute's worth.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::unsent::Sent;

/// The shortest time of which something is made.
const SPAN: Duration = Duration::from_millis(500);
/// What arrived longer ago is forgotten, since links change,
const RECENT: Duration = Duration::from_secs(2);
/// but of so many arrivals, since a server that reads slowly lets seconds pass between two.
const ARRIVALS: usize = 4;
/// How long a link is remembered for which nothing waits,
const REMEMBERED: Duration = Duration::from_secs(30);
/// unless it takes so many times as much
const BETTER: u32 = 2;
/// over this time at least.
const BETTER_FOR: Duration = Duration::from_secs(1);

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    /// The bytes that had arrived at the last look.
    before: Option<u64>,
    /// When more had arrived, and how much in all.
    arrivals: VecDeque<(Instant, u64)>,
    /// The kilobits per second that were measured last.
    known: Option<u32>,
    /// When the first arrived that counts in that.
    since: Option<Instant>,
    /// When something waited last, and how much had arrived by then.
    waited: Option<(Instant, u64)>,
}

impl Throughput {
    /// The kilobits (1000) a second that the link takes at `now`, one at least; `None` if that is not known.
    pub(super) fn measure(&mut self, sent: Sent, now: Instant) -> Option<u32> {
        let (confirmed, unsent) = (sent.confirmed?, sent.unsent?);
        if unsent == 0 {
            self.before = None;
            self.arrivals.clear();
            self.since = None;
            if self.is_another(confirmed, now) {
                self.known = None;
            }
            return None;
        }
        self.waited = Some((now, confirmed));
        if self.before.replace(confirmed).is_some_and(|before| before != confirmed) {
            self.arrivals.push_back((now, confirmed));
        }
        while self.arrivals.len() > ARRIVALS && now.saturating_duration_since(self.arrivals[1].0) >= RECENT {
            self.arrivals.pop_front();
        }
        if let (Some((first, from)), Some((last, to))) = (self.arrivals.front(), self.arrivals.back()) {
            let took = last.saturating_duration_since(*first);
            if took >= SPAN {
                self.known = Some(kbps(to.saturating_sub(*from), took).max(1));
                self.since = Some(*first);
            }
        }
        self.known
    }

    /// Since when that has been measured; `None` if nothing waits, or has not for long enough.
    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Whether what is known of the link counts no more, while nothing waits for it.
    fn is_another(&self, confirmed: u64, now: Instant) -> bool {
        let (Some(known), Some((since, from))) = (self.known, self.waited) else { return false };
        let took = now.saturating_duration_since(since);
        let takes = kbps(confirmed.saturating_sub(from), took);
        took > REMEMBERED || (took >= BETTER_FOR && takes > known.saturating_mul(BETTER))
    }
}

/// The kilobits a second, when so many bytes take this long.
fn kbps(bytes: u64, took: Duration) -> u32 {
    let kbps = u128::from(bytes) * 8 / took.as_millis().max(1);
    u32::try_from(kbps).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is measured of a link at ten looks a second, of which each finds that so many bytes wait and have arrived.
    fn measured(looks: impl IntoIterator<Item = (u64, u64)>) -> Vec<Option<u32>> {
        let begin = Instant::now();
        let mut throughput = Throughput::default();
        let look = |(tenths, (unsent, confirmed))| {
            let sent = Sent { unsent: Some(unsent), confirmed: Some(confirmed), ..Sent::default() };
            throughput.measure(sent, begin + Duration::from_millis(100) * tenths)
        };
        (0..).zip(looks).map(look).collect()
    }

    proptest! {
        /// Whatever a link takes, and in however large leaps, that is found out, and soon.
        #[test]
        fn what_a_link_takes_is_known_while_something_waits(a_look in 2000_u64..100_000, leap in 1_u64..30) {
            let told = measured((0..300).map(|look| (1, 70 + look / leap * leap * a_look)));
            let known = told.iter().position(Option::is_some);
            let soon = usize::try_from(leap * 2).unwrap() + 6;
            prop_assert!(known.is_some_and(|known| known <= soon), "{:?}", told);
            // A hundred milliseconds are 12.5 bytes for each kbit/s.
            let is = f64::from(u32::try_from(a_look).unwrap()) / 12.5;
            for kbps in told.into_iter().skip_while(Option::is_none) {
                prop_assert!((f64::from(kbps.unwrap()) / is - 1.0).abs() < 0.02, "{kbps:?} of {is}");
            }
        }
    }

    #[test]
    fn a_link_that_takes_all_it_is_given_is_not_measured() {
        let moves = |look: u64| look * 100;
        assert_eq!(measured((0..100).map(|look| (0, moves(look)))), vec![None; 100]);
        // Each second it has much to do for a moment.
        assert_eq!(measured((0..100).map(|look| (look % 10 / 6 * 5000, moves(look)))), vec![None; 100]);
        let nothing = Sent::default();
        assert_eq!(Throughput::default().measure(nothing, Instant::now()), None, "the system does not tell");
    }

    #[test]
    fn a_link_is_remembered_while_nothing_waits_for_a_moment_and_a_better_one_is_not() {
        // 160 kbit/s for five seconds, nothing for one, or for forty; or one second at 1600 kbit/s.
        for (pause, arrive, remembered) in [(10, 0, true), (400, 0, false), (15, 20_000, false)] {
            let mut arrived = 0;
            let told = measured((0..50 + pause + 3).map(|look| {
                let is_pause = (50..50 + pause).contains(&look);
                arrived += if is_pause { arrive } else { 2000 };
                (u64::from(!is_pause), arrived)
            }));
            assert_eq!((told[49], told[51]), (Some(160), None));
            assert_eq!(told[told.len() - 3], remembered.then_some(160), "{pause} tenths");
        }
    }

    #[test]
    fn a_link_that_becomes_another_is_measured_anew() {
        // From 8000 kbit/s to 800, and back.
        let mut arrived = 0;
        let told = measured((0..150).map(|look| {
            arrived += if (50..100).contains(&look) { 10_000 } else { 100_000 };
            (1, arrived)
        }));
        assert_eq!((told[45], told[75], told[149]), (Some(8000), Some(800), Some(8000)));
    }
}
