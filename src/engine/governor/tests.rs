//! What a load that stays, goes or changes leads to.

use proptest::prelude::*;

use super::*;

const PERIOD: Duration = Duration::from_millis(33);

/// A machine: what a tick costs on each step, as a share of one frame's time.
#[derive(Clone, Debug)]
struct Load(Vec<f64>);

struct Run {
    governor: Governor,
    stakes: QualityStakes,
    now: Duration,
    changes: Vec<(Duration, usize)>,
}

impl Run {
    fn new(goal: QualityGoal) -> Self {
        let (governor, stakes) = (Governor::new(goal), QualityStakes::ALL);
        Self { governor, stakes, now: Duration::ZERO, changes: Vec::new() }
    }

    fn play(&mut self, load: &Load, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            let every = self.governor.step().every;
            let cost = load.0[self.governor.level.min(load.0.len() - 1)];
            #[expect(clippy::cast_precision_loss, reason = "three at most")]
            let share = cost / every as f64;
            self.now += PERIOD * u32::try_from(every).unwrap();
            if self.governor.observe(share, share > 1.0, self.now, || self.stakes) {
                self.changes.push((self.now, self.governor.level));
            }
        }
    }
}

/// Costs that fall from step to step.
fn load() -> impl Strategy<Value = Load> {
    (0.05_f64..3.0, prop::collection::vec(0.3_f64..=1.0, 6)).prop_map(|(first, factors)| {
        let mut costs = vec![first];
        for factor in factors {
            costs.push(costs[costs.len() - 1] * factor);
        }
        Load(costs)
    })
}

fn stakes() -> impl Strategy<Value = QualityStakes> {
    (any::<bool>(), any::<bool>()).prop_map(|(effects, sampling)| QualityStakes { effects, sampling })
}

fn goal() -> impl Strategy<Value = QualityGoal> {
    prop_oneof![
        Just(QualityGoal::Auto),
        Just(QualityGoal::Fixed(Quality::High)),
        Just(QualityGoal::Fixed(Quality::Medium)),
        Just(QualityGoal::Fixed(Quality::Low)),
    ]
}

#[test]
fn the_order_is_effects_sampling_frames() {
    let mut run = Run::new(QualityGoal::Auto);
    run.play(&Load(vec![9.0]), 20);
    let levels: Vec<usize> = run.changes.iter().map(|(_, level)| *level).collect();
    assert_eq!(levels, [1, 2, 3, 4, 5, 6]);
    for pair in STEPS.windows(2) {
        assert!(pair[1].quality.effects <= pair[0].quality.effects);
        assert!(pair[1].quality.sampling <= pair[0].quality.sampling && pair[1].every >= pair[0].every);
    }
    assert_eq!(Governor::new(QualityGoal::Fixed(Quality::Low)).steps.len(), 3, "only frames are left to shed");
}

#[test]
fn steps_that_change_nothing_for_the_picture_are_gone_over() {
    for (effects, sampling, steps) in
        [(false, true, &[3, 4, 5, 6][..]), (true, false, &[1, 2, 5, 6]), (false, false, &[5, 6])]
    {
        let mut run = Run { stakes: QualityStakes { effects, sampling }, ..Run::new(QualityGoal::Auto) };
        run.play(&Load(vec![9.0]), 20);
        let levels: Vec<usize> = run.changes.iter().map(|(_, level)| *level).collect();
        assert_eq!(levels, steps, "effects {effects}, sampling {sampling}");
        run.play(&Load(vec![0.02]), 300);
        let levels: Vec<usize> = run.changes.iter().skip(steps.len()).map(|(_, level)| *level).collect();
        let back: Vec<usize> = steps.iter().rev().skip(1).copied().chain([0]).collect();
        assert_eq!(levels, back, "the same way back");
    }
}

#[test]
fn auto_sheds_before_ticks_are_late_and_fixed_only_then() {
    for (goal, level) in [(QualityGoal::Auto, 1), (QualityGoal::Fixed(Quality::High), 0)] {
        let mut run = Run::new(goal);
        run.play(&Load(vec![0.9, 0.5]), 20);
        assert_eq!(run.governor.level, level);
    }
}

#[test]
fn ticks_that_take_very_long_are_shed_after_two() {
    let mut governor = Governor::new(QualityGoal::Auto);
    assert!(!governor.observe(100.0, true, Duration::from_secs(3), || QualityStakes::ALL));
    assert!(governor.observe(100.0, true, Duration::from_secs(6), || QualityStakes::ALL));
}

#[test]
fn a_slow_tick_now_and_then_sheds_nothing() {
    let mut governor = Governor::new(QualityGoal::Auto);
    for tick in 0..10_000_u32 {
        let load = if tick % 6 == 0 { 3.0 } else { 0.3 };
        assert!(!governor.observe(load, load > 1.0, PERIOD * tick, || QualityStakes::ALL), "tick {tick}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Under a load that stays the same, changes end, but for rare tries.
    #[test]
    fn constant_load_does_not_oscillate(goal in goal(), load in load()) {
        let mut run = Run::new(goal);
        run.play(&load, 3 * 3600);
        let settled = Duration::from_secs(3600);
        let late = run.changes.iter().filter(|(at, _)| *at > settled).count();
        // In each quarter of an hour one try up, and back.
        prop_assert!(late <= 2 * 8, "{:?}", run.changes);
        prop_assert!(run.changes.len() <= 60, "{:?}", run.changes);
    }

    /// Whatever happened before, once there is little to do everything is drawn in full again.
    #[test]
    fn everything_comes_back(
        goal in goal(),
        loads in prop::collection::vec((load(), stakes(), 1_u64..120), 1..6),
    ) {
        let mut run = Run::new(goal);
        for (load, stakes, seconds) in &loads {
            run.stakes = *stakes;
            run.play(load, *seconds);
        }
        run.play(&Load(vec![0.02]), 300);
        prop_assert_eq!(run.governor.level, 0, "{:?}", run.changes);
    }

    /// It never stays late where a step that fits is there.
    #[test]
    fn overload_is_shed_within_seconds(goal in goal(), load in load()) {
        let mut run = Run::new(goal);
        run.play(&load, 30);
        let level = run.governor.level;
        let step = run.governor.step();
        let share = load.0[level.min(load.0.len() - 1)] / step.every as f64;
        prop_assert!(share <= 1.0 || level + 1 == run.governor.steps.len(), "{share} on level {level}");
    }
}
