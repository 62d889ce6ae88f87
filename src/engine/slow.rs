//! Which ticks took too long, told with what they spent.

use std::time::{Duration, Instant};

/// From one such message to the next: what happens thirty times a second is no news thirty times a second.
const PAUSE: Duration = Duration::from_secs(1);
/// Stages that are told of, those that took longest.
const STAGES: usize = 4;

/// Remembers what was told.
#[derive(Debug, Default)]
pub(super) struct SlowTicks {
    told: Option<Instant>,
    untold: u64,
}

impl SlowTicks {
    /// What is to be told of a tick that took `spent` of `period`; `None` if it was quick enough, or too soon after another.
    pub(super) fn observe(
        &mut self,
        spent: Duration,
        period: Duration,
        stages: &[(&'static str, Duration)],
        now: Instant,
    ) -> Option<String> {
        if spent <= period {
            return None;
        }
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < PAUSE) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let mut longest = stages.to_vec();
        longest.sort_by_key(|(_, spent)| std::cmp::Reverse(*spent));
        longest.truncate(STAGES);
        let stages: Vec<String> =
            longest.iter().map(|(name, spent)| format!("{name} {}", milliseconds(*spent))).collect();
        let more = match std::mem::take(&mut self.untold) {
            0 => String::new(),
            more => format!("; {more} others since the last that was told"),
        };
        let (spent, period) = (milliseconds(spent), milliseconds(period));
        Some(format!("a tick took {spent} of {period}: {}{more}", stages.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_ticks_are_told_with_what_they_spent_but_not_each() {
        let mut slow = SlowTicks::default();
        let (ms, now) = (Duration::from_millis, Instant::now());
        let period = Duration::from_micros(33_333);
        let stages = [("edit", ms(1)), ("rasterise", ms(30)), ("diff", ms(4)), ("tween", ms(2)), ("place", ms(3))];
        assert_eq!(slow.observe(ms(33), period, &stages, now), None);
        let told = slow.observe(ms(41), period, &stages, now).unwrap();
        assert_eq!(told, "a tick took 41.0 ms of 33.3 ms: rasterise 30.0 ms, diff 4.0 ms, place 3.0 ms, tween 2.0 ms");
        for tick in 1..30 {
            assert_eq!(slow.observe(ms(50), period, &stages, now + ms(33) * tick), None);
        }
        let told = slow.observe(ms(50), period, &[], now + ms(1001)).unwrap();
        assert_eq!(told, "a tick took 50.0 ms of 33.3 ms: ; 29 others since the last that was told");
    }
}
