use super::{Animation, Repeat};

mod coming;

/// Nanoseconds. Times are compared and divided as whole numbers, so that seams of repeats fall on exact moments
/// however long they play: in floating point 0.3 seconds are not three times 0.1.
pub(crate) type Nanos = u64;

/// Seconds as nanoseconds, to the nearest; 0 for what is negative, 584 years for what is longer.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
pub(crate) fn nanos(seconds: f64) -> Nanos {
    /// 292 years, up to which the quick way goes.
    const FAR: f64 = 9e18;
    let nanos = seconds * 1e9;
    if nanos < FAR { nearest(nanos).max(0) as Nanos } else { nanos.round() as Nanos }
}

/// The nearest whole number, as `round` has it: that is a call into a library on most machines.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "casts saturate, and differences are exact"
)]
pub(crate) fn nearest(number: f64) -> i64 {
    let whole = number as i64;
    let rest = number - whole as f64;
    if rest >= 0.5 {
        whole.saturating_add(1)
    } else if rest <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    }
}

/// Nanoseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "nobody waits for the last nanosecond of 100 days")]
pub(crate) fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / 1e9
}

/// When an animation plays, without what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    delay: f64,
    speed: f64,
    /// One time from its first to its last value, at speed 1.
    cycle: Nanos,
    /// How often, `None` for without end.
    plays: Option<u32>,
    ping_pong: bool,
}

/// Where an animation stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Time since the first keyframe's beginning, within one cycle.
    pub(crate) time: Nanos,
    /// CSS's before flag: it has not begun yet, or is at its beginning again and over.
    pub(crate) before: bool,
}

impl Timing {
    pub(super) fn new(animation: &Animation, cycle: Nanos) -> Self {
        Self {
            delay: animation.delay,
            speed: animation.speed,
            cycle: cycle.max(1),
            plays: match animation.repeat {
                Repeat::Times(times) => Some(times.max(1)),
                Repeat::Forever => None,
            },
            ping_pong: animation.ping_pong,
        }
    }

    /// Rounds of something that begins at once; each lasts `cycle`, `None` for without end.
    pub(crate) fn of_rounds(cycle: Option<Nanos>, repeat: Repeat, ping_pong: bool, speed: f64) -> Self {
        let plays = match (cycle, repeat) {
            (Some(_), Repeat::Times(times)) => Some(times.max(1)),
            _ => None,
        };
        // What never ends is one round that no time reaches the end of.
        Self { delay: 0.0, speed, cycle: cycle.unwrap_or(Nanos::MAX).max(1), plays, ping_pong }
    }

    /// Time until it has ended, in whole nanoseconds; `None` if it never does.
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for the last nanosecond of 100 days")]
    pub(crate) fn span(&self) -> Option<Nanos> {
        let end = Some(self.end()).filter(|end| end.is_finite())?;
        let span = nanos(end);
        // At a speed above 1 half a nanosecond less is more than a nanosecond before the end.
        let is_over = self.own(span as f64 / 1e9).is_some_and(|own| self.is_over(own));
        Some(if is_over { span } else { span.saturating_add(1) })
    }

    /// How many of its own seconds pass in a second.
    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    /// How often it plays, `None` for without end.
    pub(crate) fn rounds(&self) -> Option<u32> {
        self.plays
    }

    /// Whether round number `round`, from 0, is played backwards.
    pub(crate) fn is_backwards(&self, round: u64) -> bool {
        self.ping_pong && round % 2 == 1
    }

    /// Whether its times are those of what it plays.
    pub(crate) fn is_one_round_forwards(&self) -> bool {
        self.plays == Some(1) || self.cycle == Nanos::MAX
    }

    /// Seconds until it begins.
    pub(super) fn begin(&self) -> f64 {
        self.delay
    }

    /// Seconds until it has ended; infinite if it never does.
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for the last nanosecond of 100 days")]
    pub(super) fn end(&self) -> f64 {
        let lasts = |plays| self.cycle as f64 / 1e9 * f64::from(plays) / self.speed;
        self.plays.map_or(f64::INFINITY, |plays| self.delay + lasts(plays))
    }

    /// Its own time at `elapsed` seconds after its start; `None` before it begins.
    #[inline]
    fn own(&self, elapsed: f64) -> Option<Nanos> {
        let own = (elapsed - self.delay) * self.speed;
        (own >= -0.5e-9).then(|| nanos(own))
    }

    /// Whether it has begun `elapsed` seconds after its start.
    pub(crate) fn has_begun(&self, elapsed: f64) -> bool {
        self.own(elapsed).is_some()
    }

    /// Whether it has begun and not ended `elapsed` seconds after its start.
    pub(super) fn is_playing(&self, elapsed: f64) -> bool {
        self.own(elapsed).is_some_and(|own| !self.is_over(own))
    }

    /// How many of its own seconds pass in a second, `elapsed` seconds after its start: negative where it plays
    /// backwards, 0 before it begins and when it has ended.
    pub(crate) fn rate(&self, elapsed: f64) -> f64 {
        match self.own(elapsed) {
            Some(own) if !self.is_over(own) => {
                if self.is_backwards(own / self.cycle) {
                    -self.speed
                } else {
                    self.speed
                }
            }
            _ => 0.0,
        }
    }

    fn is_over(&self, own: Nanos) -> bool {
        self.plays.is_some_and(|plays| own / self.cycle >= u64::from(plays))
    }

    /// Where it stands `elapsed` seconds after its start.
    pub(crate) fn at(&self, elapsed: f64) -> Position {
        let Some(own) = self.own(elapsed) else { return Position { time: 0, before: true } };
        // Dividing takes longer than all else here: most are within their first round.
        let (turn, time) = if own < self.cycle { (0, own) } else { (own / self.cycle, own % self.cycle) };
        let (turn, time) = match self.plays {
            Some(plays) if turn >= u64::from(plays) => (u64::from(plays) - 1, self.cycle),
            _ => (turn, time),
        };
        if self.is_backwards(turn) {
            let time = self.cycle - time;
            Position { time, before: time == 0 }
        } else {
            Position { time, before: false }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_way_to_round_is_the_way_of_the_library(number in -1e15..1e15_f64, half in -1000_i32..1000) {
            prop_assert_eq!(nearest(number) as f64, number.round());
            prop_assert_eq!(nearest(number / 1e12) as f64, (number / 1e12).round());
            let half = f64::from(half) + 0.5;
            prop_assert_eq!(nearest(half) as f64, half.round());
        }
    }

    #[test]
    fn nanoseconds_end_where_numbers_do() {
        assert_eq!([f64::NAN, -1.0, 0.0, 1e-9, 1.5].map(nanos), [0, 0, 0, 1, 1_500_000_000]);
        assert_eq!([1e10, 1e11, f64::INFINITY].map(nanos), [10_000_000_000_000_000_000, u64::MAX, u64::MAX]);
    }
}
