use super::{Animation, Repeat};

/// Nanoseconds. Times are compared and divided as whole numbers, so that seams of repeats fall on exact moments
/// however long they play: in floating point 0.3 seconds are not three times 0.1.
pub(super) type Nanos = u64;

/// Seconds as nanoseconds, to the nearest; 0 for what is negative, 584 years for what is longer.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
pub(super) fn nanos(seconds: f64) -> Nanos {
    (seconds * 1e9).round() as Nanos
}

/// When an animation plays, without what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timing {
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
pub(super) struct Position {
    /// Time since the first keyframe's beginning, within one cycle.
    pub(super) time: Nanos,
    /// CSS's before flag: it has not begun yet, or is at its beginning again and over.
    pub(super) before: bool,
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

    /// Seconds until it begins.
    pub(super) fn begin(&self) -> f64 {
        self.delay
    }

    /// Seconds until it has ended; infinite if it never does.
    #[expect(clippy::cast_precision_loss, reason = "a rounding error is what the margin is for")]
    pub(super) fn end(&self) -> f64 {
        // A nanosecond later than calculated, so that at the end it has ended whatever the rounding.
        self.plays
            .map_or(f64::INFINITY, |plays| self.delay + (self.cycle as f64 * f64::from(plays) / self.speed + 1.0) / 1e9)
    }

    /// Its own time at `elapsed` seconds after its start; `None` before it begins.
    fn own(&self, elapsed: f64) -> Option<Nanos> {
        let own = (elapsed - self.delay) * self.speed;
        (own >= -0.5e-9).then(|| nanos(own))
    }

    /// Whether it has begun `elapsed` seconds after its start.
    pub(super) fn has_begun(&self, elapsed: f64) -> bool {
        self.own(elapsed).is_some()
    }

    /// Whether it has begun and not ended `elapsed` seconds after its start.
    pub(super) fn is_playing(&self, elapsed: f64) -> bool {
        self.own(elapsed).is_some_and(|own| !self.is_over(own))
    }

    fn is_over(&self, own: Nanos) -> bool {
        self.plays.is_some_and(|plays| own / self.cycle >= u64::from(plays))
    }

    /// Where it stands `elapsed` seconds after its start.
    pub(super) fn at(&self, elapsed: f64) -> Position {
        let Some(own) = self.own(elapsed) else { return Position { time: 0, before: true } };
        let (turn, time) = match self.plays {
            Some(plays) if self.is_over(own) => (u64::from(plays) - 1, self.cycle),
            _ => (own / self.cycle, own % self.cycle),
        };
        if self.ping_pong && turn % 2 == 1 {
            let time = self.cycle - time;
            Position { time, before: time == 0 }
        } else {
            Position { time, before: false }
        }
    }
}
