//! Whether what a system does for each layer is worth sharing out among threads.

use std::time::{Duration, Instant};

use bevy_ecs::batching::BatchingStrategy;

use super::Workers;

/// Waking other threads takes some tens of microseconds: what takes less than this on one is not shared.
pub(super) const SHARED_FROM: Duration = Duration::from_micros(200);

/// Into how many pieces the layers are split for each thread, for some threads are held up.
const PIECES: usize = 4;

/// How much work a system had on its last run. What it does must not depend on whether that is shared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort(Duration);

impl Effort {
    /// Does the work of a run, told whether it is worth sharing out.
    pub(crate) fn spend<R>(&mut self, workers: &Workers, work: impl FnOnce(bool) -> R) -> R {
        let width = workers.width();
        let is_shared = width > 1 && self.0 >= workers.shared_from;
        let began = Instant::now();
        let result = work(is_shared);
        let spent = began.elapsed();
        self.0 = if is_shared { spent * u32::try_from(width).unwrap_or(1) } else { spent };
        result
    }

    /// How the rows of a query are shared out.
    pub(crate) fn pieces() -> BatchingStrategy {
        BatchingStrategy::new().batches_per_thread(PIECES)
    }
}
