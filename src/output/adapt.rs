//! How the bitrate follows a link that is too slow: stepwise, and slower up than down, so that it does not swing.
//!
//! What tells is how much waits: in the queue in front of the output, which grows when the link takes less than the encoder
//! makes, whatever the reason; and before that in the system that sends, or on the way there (`strain`). A step up is a trial: when it fails, the next one comes twice as late, and when
//! trials go well, in half the time.

use std::time::{Duration, Instant};

use super::settings::AdaptivePace;

/// A queue as long as this is too long: one step down.
const HIGH: Duration = Duration::from_millis(700);
/// A queue no longer than this is as good as empty.
const LOW: Duration = Duration::from_millis(150);
/// How long the full bitrate must have gone well to count as what the link takes, in times of the calm for a step up.
const STEADY: u32 = 6;
/// The longest that the calm must be, by trials that fail, in times of what it is at first.
const MOST_CALM: u32 = 60;
/// Each step takes a quarter.
const STEP: f64 = 0.75;

/// What the links say of all outputs that the bitrate follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pressure {
    /// The output that is the furthest behind.
    pub(super) id: String,
    /// By how much; `None` if nothing is known of any of the links at present.
    pub(super) behind: Option<Duration>,
    /// The highest of the least kbit/s that they are to get: each of them gets what is encoded.
    pub(super) floor: u32,
}

impl Pressure {
    /// That of outputs of which each is told by its name, how far it is behind, and the least that it is to get; `None` if
    /// there are none.
    pub(super) fn of(outputs: impl Iterator<Item = (String, Option<Duration>, u32)>) -> Option<Self> {
        let each = outputs.map(|(id, behind, floor)| Self { id, behind, floor });
        each.reduce(|one, other| {
            let floor = one.floor.max(other.floor);
            Self { floor, ..if other.behind > one.behind { other } else { one } }
        })
    }
}

/// Decides by how much the bitrate is lowered. Knows time and queue only by what it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adapter {
    pace: AdaptivePace,
    /// The least bitrate in kbit/s, unless the full one is less.
    floor: u32,
    /// Steps below the full bitrate.
    level: i32,
    /// When the queue was looked at last while it was too long, and how long it was.
    long: Option<(Instant, Duration)>,
    /// Since when the queue has been as good as empty.
    calm_since: Option<Instant>,
    /// How long that must last for a step up.
    calm: Duration,
    /// Steps up since the last one down; of the last it is still to be seen whether the link takes it.
    trials: u32,
}

impl Adapter {
    /// The full bitrate.
    pub(super) fn new(pace: AdaptivePace) -> Self {
        Self { pace, floor: 0, level: 0, long: None, calm_since: None, calm: pace.calm, trials: 0 }
    }

    /// The bitrate in kbit/s, of which `full` is the most.
    pub(super) fn bitrate(&self, full: u32) -> u32 {
        lowered(full, self.level).max(self.floor).min(full)
    }

    /// Takes note of what the links say at `now`; `None` if none is to be followed. Returns whether the bitrate is another one
    /// from now on.
    pub(super) fn follow(&mut self, pressure: Option<&Pressure>, full: u32, now: Instant) -> bool {
        let before = self.bitrate(full);
        match pressure {
            None => *self = Self::new(self.pace),
            Some(pressure) => {
                self.floor = pressure.floor;
                // Steps that the floor hides would be taken up again first, with nothing to be seen, and then all at once when
                // it is lowered.
                while self.level > 0 && lowered(full, self.level - 1) <= self.floor {
                    self.level -= 1;
                }
                if self.bitrate(full) > before {
                    // A step further is for when this has gone well.
                    self.calm_since = None;
                }
                match pressure.behind {
                    Some(behind) => self.observe(behind, full, now),
                    None => self.wait(),
                }
            }
        }
        self.bitrate(full) != before
    }

    /// Takes note of the longest queue at `now`, in time.
    fn observe(&mut self, queue: Duration, full: u32, now: Instant) {
        let before = self.bitrate(full);
        self.calm_since = if queue <= LOW { self.calm_since.or(Some(now)) } else { None };
        let calm = self.calm_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if queue >= HIGH {
            self.step_down(queue, before > self.floor, now);
        } else if self.level > 0 && calm >= self.calm {
            // Two in a row have gone well: the link is a better one.
            if self.trials >= 2 {
                self.calm = (self.calm / 2).max(self.pace.calm);
            }
            self.level -= 1;
            self.trials += 1;
            self.calm_since = Some(now);
        } else if self.trials > 0 && calm >= self.calm.max(self.pace.calm * STEADY) {
            (self.trials, self.calm) = (0, (self.calm / 2).max(self.pace.calm));
        }
        if queue <= LOW {
            self.long = None;
        }
    }

    /// Nothing is known of the link for now. What was learnt of it counts until it is there again.
    fn wait(&mut self) {
        (self.long, self.calm_since) = (None, None);
    }

    /// A step down, unless there is none left, or the one before helps already.
    fn step_down(&mut self, queue: Duration, is_possible: bool, now: Instant) {
        let last = self.long;
        if last.is_some_and(|(then, _)| now.saturating_duration_since(then) < self.pace.settle) {
            return;
        }
        self.long = Some((now, queue));
        if is_possible && last.is_none_or(|(_, before)| queue >= before) {
            if self.trials > 0 {
                self.calm = (self.calm * 2).min(self.pace.calm * MOST_CALM);
            }
            self.trials = 0;
            self.level += 1;
        }
    }
}

/// So many steps below `full`.
fn lowered(full: u32, steps: i32) -> u32 {
    let lowered = f64::from(full) * STEP.powi(steps);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to `full`")]
    let lowered = lowered.round() as u32;
    lowered
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    const FULL: u32 = 4000;
    const FLOOR: u32 = 600;

    /// A link with a queue in front of it, and time that goes by in tenths of a second.
    struct Link {
        adapter: Adapter,
        now: Instant,
        /// Kilobits.
        queue: f64,
        changes: u32,
    }

    impl Link {
        fn new() -> Self {
            Self { adapter: Adapter::new(AdaptivePace::default()), now: Instant::now(), queue: 0.0, changes: 0 }
        }

        /// Goes on for so many seconds with a link of this capacity in kbit/s.
        fn run(&mut self, seconds: u32, capacity: f64) {
            for _ in 0..seconds * 10 {
                self.now += Duration::from_millis(100);
                let rate = f64::from(self.rate());
                // What is longer than three seconds is left out.
                self.queue = (self.queue + (rate - capacity) / 10.0).clamp(0.0, rate * 3.0);
                let waiting = Duration::from_secs_f64(self.queue / rate);
                self.changes += u32::from(self.follow(Some(waiting)));
            }
        }

        fn follow(&mut self, behind: Option<Duration>) -> bool {
            let pressure = Pressure::of([("link".to_owned(), behind, FLOOR)].into_iter());
            self.adapter.follow(pressure.as_ref(), FULL, self.now)
        }

        fn rate(&self) -> u32 {
            self.adapter.bitrate(FULL)
        }
    }

    proptest! {
        /// Whatever a link can take, what is sent comes below it, stays nearly always there, and is back in full when the
        /// link is.
        #[test]
        fn the_bitrate_settles_below_the_link_and_comes_back(capacity in 650.0_f64..3900.0) {
            let mut link = Link::new();
            link.run(60, 10_000.0);
            prop_assert_eq!((link.rate(), link.changes), (FULL, 0), "a fast link changes nothing");
            link.run(600, capacity);
            prop_assert!(f64::from(link.rate()) <= capacity / STEP, "{} on {capacity}", link.rate());
            let before = link.changes;
            link.run(1200, capacity);
            prop_assert!(link.changes - before <= 30, "{} changes in twenty minutes", link.changes - before);
            link.run(3000, 10_000.0);
            prop_assert_eq!(link.rate(), FULL);
        }
    }

    /// What becomes of two outputs in a moment: how many milliseconds each is behind, and the least that it is to get if it
    /// is followed.
    fn a_moment() -> impl Strategy<Value = (u64, [Option<u64>; 2], [Option<u32>; 2])> {
        let behind = || option::of(prop_oneof![Just(0), 0_u64..3000]);
        let least = || option::weighted(0.9, prop_oneof![Just(500), Just(3000), 100_u32..6000]);
        (100_u64..20_000, [behind(), behind()], [least(), least()])
    }

    proptest! {
        /// Whatever the links of two outputs do, and whatever people change: the encoder is told of each change, nobody gets
        /// less than the most demanding is to get, and there is no jump up but to that.
        #[test]
        fn two_links_get_what_both_may_have(
            moments in vec((a_moment(), 1_usize..30, option::weighted(0.1, 400_u32..8000)), 1..40),
        ) {
            let mut adapter = Adapter::new(AdaptivePace::default());
            let (mut full, mut now) = (FULL, Instant::now());
            let mut encoder = adapter.bitrate(full);
            let mut was_followed = false;
            for ((millis, behind, least), times, other_full) in moments {
                if let Some(other_full) = other_full {
                    // Whoever changes it tells the encoder.
                    full = other_full;
                    encoder = adapter.bitrate(full);
                }
                for _ in 0..times {
                    now += Duration::from_millis(millis / 10);
                    let outputs = ["a", "b"].into_iter().zip(behind).zip(least);
                    let followed: Vec<_> = outputs
                        .filter_map(|((id, behind), least)| Some((id.to_owned(), behind.map(Duration::from_millis), least?)))
                        .collect();
                    let before = encoder;
                    if adapter.follow(Pressure::of(followed.iter().cloned()).as_ref(), full, now) {
                        encoder = adapter.bitrate(full);
                        prop_assert!(encoder != before);
                    }
                    prop_assert_eq!(encoder, adapter.bitrate(full), "what is told is what is encoded");
                    let floor = followed.iter().map(|(_, _, least)| *least).max();
                    prop_assert!(encoder >= floor.unwrap_or(full).min(full), "{encoder} below {floor:?}");
                    if let Some(floor) = floor.filter(|_| was_followed) {
                        let step = f64::from(before) / STEP + 1.0;
                        prop_assert!(f64::from(encoder) <= step.max(f64::from(floor)), "{before} to {encoder}");
                    }
                    was_followed = floor.is_some();
                }
            }
        }
    }

    #[test]
    fn the_floor_is_that_of_the_most_demanding_and_a_change_of_it_alone_is_told() {
        let mut adapter = Adapter::new(AdaptivePace::default());
        let start = Instant::now();
        let mut follow = |tenths: u32, slow: u64, floors: [u32; 2]| {
            let outputs = [("slow", Duration::from_millis(slow), floors[0]), ("fast", Duration::ZERO, floors[1])];
            let outputs = outputs.into_iter().map(|(id, behind, floor)| (id.to_owned(), Some(behind), floor));
            let is_other =
                adapter.follow(Pressure::of(outputs).as_ref(), FULL, start + Duration::from_millis(100) * tenths);
            (is_other, adapter.bitrate(FULL))
        };
        let lowest = (0..600).map(|tenths| follow(tenths, 2000, [500, 3000]).1).min();
        assert_eq!(lowest, Some(3000), "the slow one may have less, the fast one not");
        let lowest = (600..1200).map(|tenths| follow(tenths, 2000, [500, 500]).1).min();
        assert_eq!(lowest, Some(500));
        assert_eq!(follow(1201, 400, [500, 2500]), (true, 2500), "at once, with no step taken");
        assert_eq!(follow(1202, 400, [500, 2500]), (false, 2500));
        let steps: Vec<u32> = (1203..1320)
            .map(|tenths| follow(tenths, 0, [500, 2500]))
            .filter(|told| told.0)
            .map(|told| told.1)
            .collect();
        assert_eq!(
            steps,
            [3000, 4000],
            "five seconds each, from what is sent and not from what would be without the floor"
        );
    }

    #[test]
    fn a_link_that_was_lost_is_met_again_with_what_it_took() {
        let mut link = Link::new();
        link.run(300, 1600.0);
        let before = link.rate();
        assert!(before < FULL, "{before}");
        // An empty queue would be taken for a good link by then.
        for _ in 0..6000 {
            link.now += Duration::from_millis(100);
            link.follow(None);
        }
        link.queue = 0.0;
        link.run(1, 1600.0);
        assert_eq!(link.rate(), before);
        link.run(3000, 10_000.0);
        assert_eq!(link.rate(), FULL);
    }

    #[test]
    fn a_link_that_takes_nothing_gets_the_least_and_no_less() {
        let mut link = Link::new();
        link.run(60, 0.0);
        assert_eq!(link.rate(), FLOOR);
        assert_eq!(link.adapter.bitrate(400), 400, "the full bitrate is less than the least");
        link.run(60, 10_000.0);
        assert_eq!(link.rate(), FULL, "a minute is enough when nothing was tried in vain");
    }
}
