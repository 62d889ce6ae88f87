/// CSS `linear(…)` with stops: straight lines from stop to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearStops(Box<[Stop]>);

/// A corner of [`LinearStops`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// Progress of time in percent, never falling from stop to stop. (Percent, so that what is written is what is
    /// kept, without a division.)
    pub input: f64,
    /// Progress of the value.
    pub output: f64,
}

/// A stop as it is written: its place is optional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WrittenStop {
    /// Progress of the value.
    pub output: f64,
    /// Progress of time in percent, if written.
    pub input: Option<f64>,
}

impl LinearStops {
    /// The most stops there may be.
    pub const MAX: usize = 1000;

    /// Finds the places that are not written by the rules of CSS Easing Functions Level 2: the first stands at 0 %,
    /// the last at 100 %, one that would run back stands at the farthest before it, and the rest are spread evenly.
    ///
    /// `None` unless there are 2 to [`MAX`](Self::MAX) stops whose numbers are within a million.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "there are at most 1000 stops")]
    pub fn new(written: &[WrittenStop]) -> Option<Self> {
        let in_reach = |number: f64| (-super::REACH..=super::REACH).contains(&number);
        let sound = written.iter().all(|stop| in_reach(stop.output) && stop.input.is_none_or(in_reach));
        if !(2..=Self::MAX).contains(&written.len()) || !sound {
            return None;
        }
        let mut stops = Vec::with_capacity(written.len());
        let last = written.len() - 1;
        let mut farthest = f64::NEG_INFINITY;
        // The stops from here on wait for the next one with a place.
        let mut waiting = 0;
        for (index, stop) in written.iter().enumerate() {
            let input = stop.input.or(match index {
                0 => Some(0.0),
                _ if index == last => Some(100.0),
                _ => None,
            });
            stops.push(Stop { input: f64::NAN, output: stop.output });
            let Some(input) = input else { continue };
            let begin = farthest;
            farthest = farthest.max(input);
            let gaps = (index + 1 - waiting) as f64;
            for (step, stop) in stops[waiting..].iter_mut().enumerate() {
                stop.input = begin + (farthest - begin) * (step + 1) as f64 / gaps;
            }
            stops[index].input = farthest;
            waiting = index + 1;
        }
        Some(Self(stops.into()))
    }

    /// The stops in order, at least two.
    #[must_use]
    pub fn stops(&self) -> &[Stop] {
        &self.0
    }

    /// The value at `t` in 0..=1. Where stops share a place the last of them counts; outside of the first and last
    /// stop their line goes on.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "stops at the very same place make a jump")]
    pub fn y(&self, t: f64) -> f64 {
        let percent = t * 100.0;
        let after = self.0.partition_point(|stop| stop.input <= percent).clamp(1, self.0.len() - 1);
        let (a, b) = (self.0[after - 1], self.0[after]);
        if a.input == b.input || percent == b.input {
            b.output
        } else {
            a.output + (b.output - a.output) * (percent - a.input) / (b.input - a.input)
        }
    }
}
