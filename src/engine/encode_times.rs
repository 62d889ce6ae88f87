//! How long frames take to be encoded.

use std::time::Duration;

/// How long frames took, counted in buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EncodeTimes {
    /// Frames that took up to each of [`BOUNDS`](Self::BOUNDS), but longer than the one before; the last are those that
    /// took longer than any.
    pub counts: [u64; Self::BOUNDS.len() + 1],
    /// Time that all took together.
    pub total: Duration,
}

impl EncodeTimes {
    /// In seconds, rising. An encoder that looks ahead holds each frame for some others.
    pub const BOUNDS: [f64; 12] = [0.002, 0.004, 0.008, 0.012, 0.016, 0.025, 0.033, 0.05, 0.1, 0.2, 0.5, 1.0];

    /// Counts a frame.
    pub fn add(&mut self, spent: Duration) {
        let bucket = Self::BOUNDS.partition_point(|bound| *bound < spent.as_secs_f64());
        self.counts[bucket] += 1;
        self.total += spent;
    }
}
