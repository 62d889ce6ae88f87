//! Sheds load when ticks run late, in a declared order, and takes it up again.
//!
//! The order is [`STEPS`]: first effects are drawn less precisely, which nobody notices; then layers are sampled less
//! carefully; then fewer frames are drawn, evenly, since every second frame looks better than those that happen to be in
//! time.
//!
//! A step down needs a good part of a second's ticks to be late: one slow tick sheds nothing. A step up is taken when the
//! step above, by what it cost when it was left, would now fit well; or else, since the scene may have become another
//! one, tried after a while, which is short where there is hardly any load. When such a try fails, the next one comes
//! twice as late. So under a load that stays the
//! same there is soon no change any more but for a try every quarter of an hour, and when the load goes, everything comes
//! back.

use std::{collections::VecDeque, time::Duration};

use schemars::JsonSchema;
use serde::Serialize;
use systems::{Quality, RenderQuality};

/// What is drawn on one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// How carefully.
    pub(super) quality: RenderQuality,
    /// Every how many-th frame.
    pub(super) every: u64,
}

const fn step(effects: Quality, sampling: Quality, every: u64) -> Step {
    Step { quality: RenderQuality { effects, sampling }, every }
}

/// The order in which load is shed.
pub(super) const STEPS: [Step; 7] = [
    step(Quality::High, Quality::High, 1),
    step(Quality::Medium, Quality::High, 1),
    step(Quality::Low, Quality::High, 1),
    step(Quality::Low, Quality::Medium, 1),
    step(Quality::Low, Quality::Low, 1),
    step(Quality::Low, Quality::Low, 2),
    step(Quality::Low, Quality::Low, 3),
];

/// How carefully scenes are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QualityGoal {
    /// This well, and less so only while ticks are late.
    Fixed(Quality),
    /// As well as the machine keeps up with: less before ticks are late.
    Auto,
}

impl QualityGoal {
    /// Share of a tick's time above which it counts as too slow.
    fn brim(self) -> f64 {
        match self {
            Self::Fixed(_) => 1.0,
            Self::Auto => 0.85,
        }
    }

    /// The steps that there are, from the best to the fastest.
    fn steps(self) -> Vec<Step> {
        let most = match self {
            Self::Fixed(quality) => quality,
            Self::Auto => Quality::High,
        };
        let mut steps: Vec<Step> = STEPS
            .into_iter()
            .map(|step| Step {
                quality: RenderQuality {
                    effects: step.quality.effects.min(most),
                    sampling: step.quality.sampling.min(most),
                },
                ..step
            })
            .collect();
        steps.dedup();
        steps
    }
}

/// What is shed at present, for people and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shedding {
    /// 0 if nothing is shed; one more with each step.
    pub level: usize,
    /// How precisely effects are drawn.
    pub effects: Quality,
    /// How carefully layers are sampled.
    pub sampling: Quality,
    /// Every how many-th frame is drawn.
    pub every: u64,
}

impl Default for Shedding {
    fn default() -> Self {
        Self { level: 0, effects: Quality::High, sampling: Quality::High, every: 1 }
    }
}

/// Ticks that are looked at before a decision; all of them are of the same step.
const WINDOW: usize = 30;
/// Ticks of a window that must be too slow for a step down.
const TOO_MANY: usize = 8;
/// Load from which a tick stands for [`WEIGHT`] slow ones: it took the time of many.
const STUCK: f64 = 10.0;
/// Two such ticks are too many, a single one is not.
const WEIGHT: usize = TOO_MANY / 2;
/// Load that a step up may be expected to bring.
const ROOM: f64 = 0.65;
/// How long the load must have left room for a step up.
const CALM: Duration = Duration::from_secs(3);
/// Load below which there is hardly any.
const IDLE: f64 = 0.25;
/// Pause before a step up is tried without knowing that there is room, or [`CALM`] where there is hardly any load; twice
/// as long after each try that fails …
const FIRST_TRY: Duration = Duration::from_secs(30);
/// … up to this.
const RAREST_TRY: Duration = Duration::from_secs(15 * 60);
/// A step up has failed if the load is shed again within this time.
const TRIAL: Duration = Duration::from_secs(10);

/// What a step cost when it was left.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// Load there.
    above: f64,
    /// Load on the step below, once it was measured.
    below: Option<f64>,
}

/// Decides how much load is shed. Knows time and load only by what it is told.
#[derive(Clone, Debug)]
pub(super) struct Governor {
    brim: f64,
    steps: Vec<Step>,
    level: usize,
    /// Loads of the last ticks, and whether each was too slow.
    window: VecDeque<(f64, bool)>,
    /// For each step that was left downwards.
    left: Vec<Left>,
    changed: Duration,
    /// Since when there has been room for the step above.
    room_since: Option<Duration>,
    /// The time of the last step up, until it has proved itself.
    trial: Option<Duration>,
    /// Steps up in a row that failed.
    failures: u32,
}

impl Governor {
    /// Sheds nothing yet.
    #[must_use]
    pub(super) fn new(goal: QualityGoal) -> Self {
        Self {
            brim: goal.brim(),
            steps: goal.steps(),
            level: 0,
            window: VecDeque::with_capacity(WINDOW),
            left: Vec::new(),
            changed: Duration::ZERO,
            room_since: None,
            trial: None,
            failures: 0,
        }
    }

    /// What is drawn now.
    #[must_use]
    pub(super) fn step(&self) -> Step {
        self.steps[self.level]
    }

    /// What is shed now.
    #[must_use]
    pub(super) fn shedding(&self) -> Shedding {
        let Step { quality: RenderQuality { effects, sampling }, every } = self.step();
        Shedding { level: self.level, effects, sampling, every }
    }

    /// Takes in a tick: the share of its time that it took (over 1 if it was late), whether frames were lost since the
    /// one before, and when it ended. Returns whether what is shed has changed.
    pub(super) fn observe(&mut self, load: f64, lost: bool, now: Duration) -> bool {
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back((load, lost || load > self.brim));
        if self.trial.is_some_and(|began| now.saturating_sub(began) > TRIAL) {
            (self.trial, self.failures) = (None, 0);
        }
        let weight = |(load, slow): &(f64, bool)| if *load >= STUCK { WEIGHT } else { usize::from(*slow) };
        let slow: usize = self.window.iter().map(weight).sum();
        if slow >= TOO_MANY {
            self.room_since = None;
            return self.step_down(now);
        }
        self.window.len() == WINDOW && self.level > 0 && slow == 0 && self.step_up(now)
    }

    /// The load of the last ticks: that of the slowest but three, since ticks differ.
    fn load(&self) -> f64 {
        let mut loads: Vec<f64> = self.window.iter().map(|(load, _)| *load).collect();
        loads.sort_by(f64::total_cmp);
        loads.len().checked_sub(4).map_or(0.0, |at| loads[at])
    }

    fn step_down(&mut self, now: Duration) -> bool {
        if self.level + 1 == self.steps.len() {
            return false;
        }
        if self.trial.take().is_some() {
            self.failures = (self.failures + 1).min(16);
        }
        // Late by other people's doing, it was at the brim at least.
        self.left.push(Left { above: self.load().max(self.brim), below: None });
        self.go(self.level + 1, now);
        true
    }

    fn step_up(&mut self, now: Duration) -> bool {
        let load = self.load();
        let Some(left) = self.left.last_mut() else { return false };
        let below = *left.below.get_or_insert(load);
        let expected = left.above * load / below.max(1e-6);
        if load < below / 2.0 {
            // Another load than the one under which tries have failed.
            self.failures = 0;
        }
        if expected >= ROOM {
            self.room_since = None;
        }
        let calm = expected < ROOM && now.saturating_sub(*self.room_since.get_or_insert(now)) >= CALM;
        let pause = if load < IDLE { CALM } else { FIRST_TRY };
        let pause = (pause * 2_u32.pow(self.failures)).min(RAREST_TRY);
        if !calm && now.saturating_sub(self.changed) < pause {
            return false;
        }
        self.left.pop();
        self.trial = Some(now);
        self.go(self.level - 1, now);
        true
    }

    fn go(&mut self, level: usize, now: Duration) {
        (self.level, self.changed, self.room_since) = (level, now, None);
        self.window.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERIOD: Duration = Duration::from_millis(33);

    /// A machine: what a tick costs on each step, as a share of one frame's time.
    #[derive(Clone, Debug)]
    struct Load(Vec<f64>);

    struct Run {
        governor: Governor,
        now: Duration,
        changes: Vec<(Duration, usize)>,
    }

    impl Run {
        fn new(goal: QualityGoal) -> Self {
            Self { governor: Governor::new(goal), now: Duration::ZERO, changes: Vec::new() }
        }

        fn play(&mut self, load: &Load, seconds: u64) {
            let end = self.now + Duration::from_secs(seconds);
            while self.now < end {
                let every = self.governor.step().every;
                let cost = load.0[self.governor.level.min(load.0.len() - 1)];
                #[expect(clippy::cast_precision_loss, reason = "three at most")]
                let share = cost / every as f64;
                self.now += PERIOD * u32::try_from(every).unwrap();
                if self.governor.observe(share, share > 1.0, self.now) {
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
        assert!(!governor.observe(100.0, true, Duration::from_secs(3)));
        assert!(governor.observe(100.0, true, Duration::from_secs(6)));
    }

    #[test]
    fn a_slow_tick_now_and_then_sheds_nothing() {
        let mut governor = Governor::new(QualityGoal::Auto);
        for tick in 0..10_000_u32 {
            let load = if tick % 6 == 0 { 3.0 } else { 0.3 };
            assert!(!governor.observe(load, load > 1.0, PERIOD * tick), "tick {tick}");
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
        fn everything_comes_back(goal in goal(), loads in prop::collection::vec((load(), 1_u64..120), 1..6)) {
            let mut run = Run::new(goal);
            for (load, seconds) in &loads {
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
}
