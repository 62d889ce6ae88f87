//! What is counted from tick to tick.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use systems::TickReport;

use super::Ticking;

/// Time over which frame rate and render time are told.
const WINDOW: Duration = Duration::from_secs(1);

impl Ticking {
    pub(super) fn count(&mut self, tick: u64, report: &TickReport, spent: Duration, is_missed: bool) {
        let now = Instant::now();
        self.recent.push_back((now, spent));
        while self.recent.front().is_some_and(|(ended, _)| now - *ended > WINDOW) {
            self.recent.pop_front();
        }
        let ticks = self.recent.len();
        let total: Duration = self.recent.iter().map(|(_, spent)| *spent).sum();
        let span = self.recent.front().map_or(Duration::ZERO, |(ended, _)| now - *ended);
        let mut stats = self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.frames += 1;
        stats.dropped_frames += u64::from(is_missed);
        stats.missed_frames += u64::from(is_missed);
        stats.tick = tick;
        stats.layer_count = report.layer_count as u64;
        #[expect(clippy::cast_precision_loss, reason = "at most some sixty")]
        {
            // From the end of one tick to that of the next is one frame. After a stall the first few come at once.
            let frames = (ticks - 1) as f64;
            let shortest = 0.9 * frames / f64::from(self.fps);
            stats.fps = if span.is_zero() { 0.0 } else { frames / span.as_secs_f64().max(shortest) };
        }
        stats.average_render_time = total / u32::try_from(ticks).unwrap_or(u32::MAX).max(1);
    }
}
