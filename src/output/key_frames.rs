//! When the next key frame is due. It is counted in ticks, which are time whatever is skipped: an encoder counts the
//! frames that it gets, so that its key frames are further apart while fewer are drawn.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{
    encoder::OnPacket,
    packet::{Packet, Track},
};

/// What stands for no tick.
const NONE: u64 = u64::MAX;

/// See the module's documentation. Ticks count from the beginning of the session.
pub(super) struct KeyFrameClock {
    /// Ticks from one to the next.
    interval: u64,
    fps: u32,
    /// The tick of the last that was asked for, or of the first frame.
    last: Option<u64>,
    /// The tick of the last that came out, asked for or not; [`NONE`] before the first.
    seen: Arc<AtomicU64>,
}

impl KeyFrameClock {
    pub(super) fn new(interval: u32, fps: u32) -> Self {
        Self { interval: interval.into(), fps, last: None, seen: Arc::new(AtomicU64::new(NONE)) }
    }

    /// Notes the key frames among the packets on their way.
    pub(super) fn watching(&self, on_packet: &OnPacket) -> OnPacket {
        let (seen, fps, on_packet) = (Arc::clone(&self.seen), self.fps, Arc::clone(on_packet));
        Arc::new(move |packet| {
            if packet.track == Track::Video && packet.is_key {
                seen.store(tick_of(&packet, fps), Ordering::Relaxed);
            }
            on_packet(packet);
        })
    }

    pub(super) fn set_interval(&mut self, ticks: u32) {
        self.interval = ticks.into();
    }

    /// Whether the frame of this tick is to be a key frame. Counts it as one then.
    pub(super) fn is_due(&mut self, tick: u64) -> bool {
        let seen = Some(self.seen.load(Ordering::Relaxed)).filter(|tick| *tick != NONE);
        // The first is one by itself.
        let is_due = self.last.max(seen).is_some_and(|last| tick.saturating_sub(last) >= self.interval);
        if is_due || self.last.is_none() {
            self.last = Some(tick);
        }
        is_due
    }
}

fn tick_of(packet: &Packet, fps: u32) -> u64 {
    let ticks = u128::from(packet.pts().nseconds()) * u128::from(fps);
    u64::try_from((ticks + 500_000_000) / 1_000_000_000).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_due_by_time_and_not_by_the_number_of_frames() {
        let due = |step: usize| -> Vec<u64> {
            let mut clock = KeyFrameClock::new(60, 30);
            (0..400).step_by(step).filter(|tick| clock.is_due(*tick)).collect()
        };
        assert_eq!(due(1), [60, 120, 180, 240, 300, 360]);
        assert_eq!(due(2), due(1));
        assert_eq!(due(7), [63, 126, 189, 252, 315, 378]);
        assert_eq!(due(100), [100, 200, 300]);
    }

    #[test]
    fn one_that_an_output_asked_for_counts_too() {
        let mut clock = KeyFrameClock::new(60, 30);
        assert!(!clock.is_due(0));
        clock.seen.store(50, Ordering::Relaxed);
        assert!(!clock.is_due(60) && !clock.is_due(109) && clock.is_due(110));
    }
}
