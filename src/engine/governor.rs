//! Sheds load when ticks run late, in a declared order, and takes it up again.
//!
//! The order is [`STEPS`]: first effects are drawn less precisely, which nobody notices; then layers are sampled less
//! carefully; then fewer frames are drawn, evenly, since every second frame looks better than those that happen to be in
//! time. A step that changes nothing for the picture on air, such as that of effects where no layer has any, is gone over
//! together with the next one that does.
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
use systems::{Quality, QualityStakes, RenderQuality};

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
    /// Which one.
    level: usize,
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
    /// one before, and when it ended; `stakes` is asked what makes a difference to the picture when load is to be shed.
    /// Returns whether what is shed has changed.
    pub(super) fn observe(
        &mut self,
        load: f64,
        lost: bool,
        now: Duration,
        stakes: impl FnOnce() -> QualityStakes,
    ) -> bool {
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
            return self.step_down(now, stakes);
        }
        self.window.len() == WINDOW && self.level > 0 && slow == 0 && self.step_up(now)
    }

    /// The load of the last ticks: that of the slowest but three, since ticks differ.
    fn load(&self) -> f64 {
        let mut loads: Vec<f64> = self.window.iter().map(|(load, _)| *load).collect();
        loads.sort_by(f64::total_cmp);
        loads.len().checked_sub(4).map_or(0.0, |at| loads[at])
    }

    fn step_down(&mut self, now: Duration, stakes: impl FnOnce() -> QualityStakes) -> bool {
        if self.level + 1 == self.steps.len() {
            return false;
        }
        let (stakes, Step { quality, every }) = (stakes(), self.step());
        let differs = |step: &Step| step.every != every || stakes.tell_apart(step.quality, quality);
        let skipped = self.steps[self.level + 1..].iter().position(differs).unwrap_or_default();
        if self.trial.take().is_some() {
            self.failures = (self.failures + 1).min(16);
        }
        // Late by other people's doing, it was at the brim at least.
        self.left.push(Left { level: self.level, above: self.load().max(self.brim), below: None });
        self.go(self.level + 1 + skipped, now);
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
        let level = left.level;
        self.left.pop();
        self.trial = Some(now);
        self.go(level, now);
        true
    }

    fn go(&mut self, level: usize, now: Duration) {
        (self.level, self.changed, self.room_since) = (level, now, None);
        self.window.clear();
    }
}

#[cfg(test)]
mod tests;
