//! What is counted from tick to tick.

use std::{
    collections::VecDeque,
    sync::PoisonError,
    time::{Duration, Instant},
};

use systems::TickReport;

use super::Ticking;

/// Time over which frame rate and render time are told,
const WINDOW: Duration = Duration::from_secs(1);
/// but of so many ticks at least: between two lies one frame.
const TICKS: usize = 2;

/// The last ticks.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// When each ended, and how long it took.
    ticks: VecDeque<(Instant, Duration)>,
}

impl Recent {
    /// A tick has ended.
    fn add(&mut self, ended: Instant, spent: Duration) {
        self.ticks.push_back((ended, spent));
        while self.ticks.len() > TICKS && self.ticks.front().is_some_and(|(first, _)| ended - *first > WINDOW) {
            self.ticks.pop_front();
        }
    }

    /// Ticks a second, of a stream of so many frames a second.
    fn rate(&self, fps: u32) -> f64 {
        let (Some((first, _)), Some((last, _))) = (self.ticks.front(), self.ticks.back()) else { return 0.0 };
        let span = *last - *first;
        #[expect(clippy::cast_precision_loss, reason = "at most some sixty")]
        // From the end of one tick to that of the next is one frame. After a stall the first few come at once.
        let frames = (self.ticks.len() - 1) as f64;
        let shortest = 0.9 * frames / f64::from(fps);
        if span.is_zero() { 0.0 } else { frames / span.as_secs_f64().max(shortest) }
    }

    /// How long a tick takes on average.
    fn average(&self) -> Duration {
        let total: Duration = self.ticks.iter().map(|(_, spent)| *spent).sum();
        total / u32::try_from(self.ticks.len()).unwrap_or(u32::MAX).max(1)
    }
}

impl Ticking {
    pub(super) fn count(&mut self, tick: u64, report: &TickReport, spent: Duration, is_missed: bool) {
        self.recent.add(Instant::now(), spent);
        let mut stats = self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.frames += 1;
        stats.dropped_frames += u64::from(is_missed);
        stats.missed_frames += u64::from(is_missed);
        stats.tick = tick;
        stats.layer_count = report.layer_count as u64;
        stats.fps = self.recent.rate(self.fps);
        stats.average_render_time = self.recent.average();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates that are told after each of ticks that end so many milliseconds after the one before.
    fn rates(fps: u32, apart: impl IntoIterator<Item = u64>) -> Vec<f64> {
        let mut recent = Recent::default();
        let mut now = Instant::now();
        let mut rate = |millis| {
            now += Duration::from_millis(millis);
            recent.add(now, Duration::from_millis(2));
            assert_eq!(recent.average(), Duration::from_millis(2));
            recent.rate(fps)
        };
        apart.into_iter().map(&mut rate).collect()
    }

    #[test]
    fn the_rate_is_told_however_few_frames_a_second_there_are() {
        for (fps, apart) in [(1, [995, 1010]), (2, [497, 506]), (30, [30, 37])] {
            let told = rates(fps, apart.into_iter().cycle().take(100));
            assert_eq!(told[0], 0.0, "between two lies one frame");
            let is_right = |rate: &f64| (rate / f64::from(fps) - 1.0).abs() < 0.2;
            assert!(told[1..].iter().all(is_right), "{told:?}");
        }
        let stalls = rates(30, [33, 33, 5000, 33, 33]);
        assert!((stalls[2] - 0.2).abs() < 0.01, "{stalls:?}");
    }
}
