//! What comes out of the encoder, counted where it does.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::packet::{Packet, Track};

/// Time over which rates are told.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts packets on the encoder's threads. All its numbers rise only.
#[derive(Debug)]
pub(super) struct Meter {
    born: Instant,
    frames: AtomicU64,
    /// Of the pictures.
    bytes: AtomicU64,
    /// Nanoseconds from `born` to the last frame that came out, or the last start.
    last: AtomicU64,
}

impl Meter {
    pub(super) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self { born: Instant::now(), frames: zero(), bytes: zero(), last: zero() }
    }

    /// Counts a packet.
    pub(super) fn count(&self, packet: &Packet) {
        if packet.track == Track::Video {
            self.frames.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(packet.buffer.size() as u64, Ordering::Relaxed);
            self.touch();
        }
    }

    /// Something is expected from now on.
    pub(super) fn touch(&self) {
        let now = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// How long no frame has come out.
    pub(super) fn quiet_for(&self) -> Duration {
        self.born.elapsed().saturating_sub(Duration::from_nanos(self.last.load(Ordering::Relaxed)))
    }

    /// Frames that have come out.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }
}

/// Rates over the last second, of a [`Meter`] that is looked at often.
#[derive(Debug, Default)]
pub(super) struct Rates {
    /// When it was looked at, and the frames and bytes up to then.
    seen: VecDeque<(Instant, u64, u64)>,
}

impl Rates {
    /// Frames a second, and kilobits (1000) a second.
    pub(super) fn of(&mut self, meter: &Meter) -> (f64, f64) {
        let now = Instant::now();
        let (frames, bytes) = (meter.frames(), meter.bytes.load(Ordering::Relaxed));
        self.seen.push_back((now, frames, bytes));
        // The oldest that stays is a window old: rates are those of a whole window as soon as there is one.
        while self.seen.get(1).is_some_and(|(then, ..)| now.duration_since(*then) >= WINDOW) {
            self.seen.pop_front();
        }
        let Some((then, frames_then, bytes_then)) = self.seen.front() else { return (0.0, 0.0) };
        let seconds = now.duration_since(*then).max(WINDOW).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a second's worth")]
        let (frames, bytes) = ((frames - frames_then) as f64, (bytes - bytes_then) as f64);
        (frames / seconds, bytes * 8.0 / 1000.0 / seconds)
    }
}
