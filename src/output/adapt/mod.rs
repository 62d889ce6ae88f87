//! How the bitrate follows a link that is too slow: stepwise, and slower up than down, so that it does not swing.
//!
//! What tells is how much waits: in the queue in front of the output, which grows when the link takes less than the encoder
//! makes, whatever the reason; and before that in the system that sends, or on the way there (`strain`). Where it is known what the
//! link takes, as many steps down are taken at once as that asks for: on a link that takes a sixth, step after step would leave
//! viewers without a picture for a quarter of a minute. A step up is a trial: when it fails, the next one comes twice as late,
//! and when several go well, in half the time.

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
/// So many trials in a row that have gone well show that the link is a better one. The first two may be what it has taken all the
/// time: a link that swings would have the bitrate swing with it.
const ENOUGH: u32 = 3;
/// Each step takes a quarter.
const STEP: f64 = 0.75;
/// The part of what the link takes that pictures may use: what waits has to get off too, and containers and TCP have their share.
const SHARE: f64 = 0.85;

/// How the link of an output is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// How far it is behind.
    pub(super) behind: Duration,
    /// The kilobits per second that it takes, which is known only of one that does not take all.
    pub(super) takes: Option<u32>,
    /// Since when that has been measured; `None` if it is not measured at present.
    pub(super) measured_since: Option<Instant>,
    /// Whether frames are left out at present, so that less waits whatever the bitrate.
    pub(super) leaves_out: bool,
}

/// One output that the bitrate follows.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    /// Its name.
    pub(super) id: String,
    /// How its link is doing; `None` if nothing is known of that at present.
    pub(super) load: Option<Load>,
    /// Whether it is there, or was a moment ago: another one that gets nothing has no say in what the others get.
    pub(super) is_there: bool,
    /// The least kbit/s that it is to get.
    pub(super) floor: u32,
}

/// What the links say of all outputs that the bitrate follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pressure {
    /// The output that is the furthest behind.
    pub(super) id: String,
    /// How its link is doing; `None` if nothing is known of any of the links at present.
    pub(super) load: Option<Load>,
    /// The highest of the least kbit/s that those which are there are to get: each of them gets what is encoded. That of all if
    /// none is there.
    pub(super) floor: u32,
}

impl Pressure {
    /// That of these outputs; `None` if there are none.
    pub(super) fn of(outputs: impl Iterator<Item = Follower>) -> Option<Self> {
        let worst = outputs.reduce(|one, other| {
            let (is_there, floor) = (one.is_there, one.floor).max((other.is_there, other.floor));
            let behind = |of: &Follower| of.load.map(|load| load.behind);
            Follower { is_there, floor, ..if behind(&other) > behind(&one) { other } else { one } }
        });
        worst.map(|Follower { id, load, floor, .. }| Self { id, load, floor })
    }

    /// The same for pictures alone, with so many kbit/s of sound on each link besides.
    pub(super) fn beside_sound(mut self, kbps: u32) -> Self {
        if let Some(takes) = self.load.as_mut().and_then(|load| load.takes.as_mut()) {
            *takes = takes.saturating_sub(kbps);
        }
        self
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
    /// Whether it was not known what the link takes when the last step down was taken.
    is_blind: bool,
    /// When that was.
    stepped: Option<Instant>,
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
        let calm = pace.calm;
        Self { pace, floor: 0, level: 0, long: None, is_blind: false, stepped: None, calm_since: None, calm, trials: 0 }
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
                match pressure.load {
                    Some(load) => self.observe(load, full, now),
                    None => self.wait(),
                }
            }
        }
        self.bitrate(full) != before
    }

    /// Takes note of the longest queue at `now`, in time.
    fn observe(&mut self, load: Load, full: u32, now: Instant) {
        let queue = load.behind;
        self.calm_since = if queue <= LOW { self.calm_since.or(Some(now)) } else { None };
        let calm = self.calm_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if queue >= HIGH {
            self.step_down(load, full, now);
        } else if self.level > 0 && calm >= self.calm {
            if self.trials >= ENOUGH {
                self.calm = (self.calm / 2).max(self.pace.calm);
            }
            self.level -= 1;
            self.trials += 1;
            self.calm_since = Some(now);
        } else if self.trials > 0 && calm >= self.calm.max(self.pace.calm * STEADY) {
            (self.trials, self.calm) = (0, (self.calm / 2).max(self.pace.calm));
        }
        if queue <= LOW {
            (self.long, self.is_blind) = (None, false);
        }
    }

    /// Nothing is known of the link for now. What was learnt of it counts until it is there again.
    fn wait(&mut self) {
        (self.long, self.is_blind, self.calm_since) = (None, false, None);
    }

    /// A step down, unless there is none left, or the one before helps already; that one is not waited for if it is known since then
    /// that it is too small: what was measured when it was taken may have been half of a link that was better a moment before.
    fn step_down(&mut self, load: Load, full: u32, now: Instant) {
        let (last, queue) = (self.long, load.behind);
        let is_possible = self.bitrate(full) > self.floor;
        let rate = f64::from(lowered(full, self.level));
        let is_new = load.measured_since.zip(self.stepped).is_some_and(|(since, stepped)| since > stepped);
        let is_above = |share| load.takes.is_some_and(|takes| rate > f64::from(takes) * share);
        let is_too_small = (self.is_blind && is_above(SHARE)) || (is_new && is_above(1.0));
        let has_settled = |(then, _)| now.saturating_duration_since(then) >= self.pace.settle;
        if !is_too_small && !last.is_none_or(has_settled) {
            return;
        }
        self.long = Some((now, queue));
        let is_no_help = |(_, before)| queue >= before || (load.leaves_out && load.takes.is_none());
        if is_possible && (is_too_small || last.is_none_or(is_no_help)) {
            self.is_blind = load.takes.is_none();
            self.stepped = Some(now);
            // The step below one that was tried went well.
            let share = if self.trials > 0 { 1.0 } else { SHARE };
            if self.trials > 0 {
                self.calm = (self.calm * 2).min(self.pace.calm * MOST_CALM);
            }
            self.trials = 0;
            self.level += 1;
            if let Some(takes) = load.takes {
                // What the link is known not to take is not tried.
                let most = (f64::from(takes) * share).max(f64::from(self.floor));
                while f64::from(lowered(full, self.level)) > most {
                    self.level += 1;
                }
                // More comes before the encoder follows: whether this helps shows after that.
                self.long = Some((now, Duration::MAX));
            }
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
mod tests;
