use proptest::{collection::vec, option, prelude::*};

use super::*;

const FULL: u32 = 4000;
const FLOOR: u32 = 600;

fn load(behind: Duration, takes: Option<u32>) -> Load {
    Load { behind, takes, measured_since: None, leaves_out: false }
}

fn follower(id: &str, load: Option<Load>, floor: u32) -> Follower {
    Follower { id: id.to_owned(), load, is_there: load.is_some(), floor }
}

/// A link with a queue in front of it, and time that goes by in tenths of a second.
struct Link {
    adapter: Adapter,
    now: Instant,
    /// Kilobits.
    queue: f64,
    changes: u32,
    /// Whether it is known what the link takes.
    is_measured: bool,
}

impl Link {
    fn new() -> Self {
        let adapter = Adapter::new(AdaptivePace::default());
        Self { adapter, now: Instant::now(), queue: 0.0, changes: 0, is_measured: false }
    }

    /// Goes on for so many seconds with a link of this capacity in kbit/s.
    fn run(&mut self, seconds: u32, capacity: f64) {
        for _ in 0..seconds * 10 {
            self.now += Duration::from_millis(100);
            let rate = f64::from(self.rate());
            // What is longer than three seconds is left out.
            self.queue = (self.queue + (rate - capacity) / 10.0).clamp(0.0, rate * 3.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousand")]
            let takes = (self.is_measured && self.queue > 0.0).then_some(capacity as u32);
            let waiting = Duration::from_secs_f64(self.queue / takes.map_or(rate, f64::from));
            self.changes += u32::from(self.follow(Some(load(waiting, takes))));
        }
    }

    fn follow(&mut self, load: Option<Load>) -> bool {
        let pressure = Pressure::of([follower("link", load, FLOOR)].into_iter());
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
    fn the_bitrate_settles_below_the_link_and_comes_back(capacity in 650.0_f64..3900.0, is_measured: bool) {
        let mut link = Link { is_measured, ..Link::new() };
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

fn of_load((millis, takes): (u64, Option<u32>)) -> Load {
    load(Duration::from_millis(millis), takes)
}

/// What becomes of two outputs in a moment: how many milliseconds each is behind and what it takes, and the least that it is
/// to get if it is followed.
fn a_moment() -> impl Strategy<Value = (u64, [Option<(u64, Option<u32>)>; 2], [Option<u32>; 2])> {
    let behind = || option::of((prop_oneof![Just(0), 0_u64..3000], option::of(0_u32..9000)));
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
                    .filter_map(|((id, load), least)| Some(follower(id, load.map(of_load), least?)))
                    .collect();
                let before = encoder;
                if adapter.follow(Pressure::of(followed.iter().cloned()).as_ref(), full, now) {
                    encoder = adapter.bitrate(full);
                    prop_assert!(encoder != before);
                }
                prop_assert_eq!(encoder, adapter.bitrate(full), "what is told is what is encoded");
                let is_there = |one: &&Follower| one.is_there;
                let floor = followed.iter().filter(is_there).map(|one| one.floor).max();
                let floor = floor.or_else(|| followed.iter().map(|one| one.floor).max());
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
        let outputs = outputs.into_iter().map(|(id, behind, floor)| follower(id, Some(load(behind, None)), floor));
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
    let steps: Vec<u32> =
        (1203..1320).map(|tenths| follow(tenths, 0, [500, 2500])).filter(|told| told.0).map(|told| told.1).collect();
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
fn what_the_link_is_known_not_to_take_is_not_tried() {
    let mut link = Link { is_measured: true, ..Link::new() };
    link.run(10, FULL.into());
    assert_eq!(link.changes, 0);
    link.run(5, 1500.0);
    // 4000 by 0.75 to the power of four: less than 0.85 of it.
    assert_eq!((link.rate(), link.changes), (1266, 1), "at once, and it stays there");
    // Of what the link takes the sound has its part.
    let pressure =
        Pressure { id: "link".to_owned(), load: Some(load(HIGH, Some(1500))), floor: FLOOR }.beside_sound(160);
    assert_eq!(pressure.load.and_then(|load| load.takes), Some(1340));
    let mut adapter = Adapter::new(AdaptivePace::default());
    assert!(adapter.follow(Some(&pressure), FULL, link.now));
    assert_eq!(adapter.bitrate(FULL), 949);
    // A step that was taken before that was known is not waited for.
    let mut adapter = Adapter::new(AdaptivePace::default());
    let blind = Pressure { load: Some(load(HIGH, None)), ..pressure.clone() };
    let rates = [&blind, &blind, &pressure, &pressure].map(|told| {
        adapter.follow(Some(told), FULL, link.now);
        adapter.bitrate(FULL)
    });
    assert_eq!(rates, [3000, 3000, 949, 949]);
}

/// What is measured as a link falls holds some of the time before.
#[test]
fn a_link_that_was_measured_too_well_is_believed_when_it_is_measured_anew() {
    let mut adapter = Adapter::new(AdaptivePace::default());
    let start = Instant::now();
    let at = |tenths: u32| start + Duration::from_millis(100) * tenths;
    let mut follow = |tenths: u32, takes: u32, since: u32| {
        // Less waits from look to look, since frames are left out.
        let behind = Duration::from_secs(3) - Duration::from_millis(10) * tenths;
        let measured_since = Some(at(since));
        let load = Load { behind, takes: Some(takes), measured_since, leaves_out: true };
        let pressure = Pressure { id: "link".to_owned(), load: Some(load), floor: FLOOR };
        adapter.follow(Some(&pressure), FULL, at(tenths));
        adapter.bitrate(FULL)
    };
    assert_eq!(follow(10, 2500, 0), 1688);
    assert!((11..30).all(|tenths| follow(tenths, 1000, tenths.saturating_sub(20).min(10)) == 1688), "it is half old");
    assert_eq!(follow(31, 1000, 11), 712, "all of it is since the step");
    assert!((32..100).all(|tenths| follow(tenths, 1000, tenths - 20) == 712), "that fits");
}

#[test]
fn a_queue_that_is_shorter_since_frames_are_left_out_is_no_sign_that_a_step_helps() {
    let bitrates = [false, true].map(|leaves_out| {
        let mut adapter = Adapter::new(AdaptivePace::default());
        let start = Instant::now();
        for tenths in 0..60 {
            let behind = Duration::from_secs(3) - Duration::from_millis(30) * tenths;
            let load = Some(Load { leaves_out, ..load(behind, None) });
            let pressure = Pressure { id: "link".to_owned(), load, floor: FLOOR };
            adapter.follow(Some(&pressure), FULL, start + Duration::from_millis(100) * tenths);
        }
        adapter.bitrate(FULL)
    });
    assert_eq!(bitrates, [3000, 1688]);
}

#[test]
fn who_gets_nothing_has_no_say_in_what_the_others_get() {
    let behind = |floor| follower("slow", Some(load(HIGH, None)), floor);
    let failed = follower("failed", None, 3000);
    let floor = |outputs: &[Follower]| Pressure::of(outputs.iter().cloned()).map(|pressure| pressure.floor);
    assert_eq!(floor(&[behind(500), failed.clone()]), Some(500));
    assert_eq!(floor(&[failed.clone(), behind(500)]), Some(500));
    // It was there a moment ago, and is about to be again.
    let lost = Follower { is_there: true, ..failed.clone() };
    assert_eq!(floor(&[lost.clone(), behind(500)]), Some(3000));
    let pressure = Pressure::of([lost, behind(500)].into_iter()).unwrap();
    assert_eq!((pressure.id.as_str(), pressure.load.is_some()), ("slow", true));
    // Where nobody is, nothing is changed for anybody.
    assert_eq!(floor(&[failed, follower("away", None, 500)]), Some(3000));
}

#[test]
fn a_link_that_swings_does_not_have_the_bitrate_swing_with_it() {
    for is_measured in [false, true] {
        for seconds in [10, 30] {
            let mut link = Link { is_measured, ..Link::new() };
            for _ in 0..600 / seconds {
                link.run(seconds, FULL.into());
                link.run(seconds, f64::from(FULL) / 3.0);
            }
            assert!(link.changes <= 40, "{} changes in twenty minutes", link.changes);
            assert!(link.rate() <= FULL / 2, "{} where a third of {FULL} gets through half the time", link.rate());
        }
    }
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
