//! When the next key frame is due. It is counted in ticks, which are time whatever is skipped: an encoder counts the
//! frames that it gets, so that its key frames are further apart while fewer are drawn. Those in software make none but the
//! first by themselves: what is asked for here is all there is, so that the distance changes while they run, exact to the
//! frame, and the recordings in progress go on. Those in hardware count as well, since not all of them do what they are asked.
//!
//! Outputs ask for further ones, with which they can begin. Each takes the bits of many frames from all that send the same, so
//! that there is one for all who ask within half a second, however many they are. Nobody is forgotten: who asks too soon gets
//! the next.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    encoder::OnPacket,
    packet::{Packet, Track},
};

/// What stands for no tick.
const NONE: u64 = u64::MAX;
/// Parts of a second from one key frame that was asked for to the next.
const ASKED_A_SECOND: u32 = 2;

/// See the module's documentation. Ticks count from the beginning of the session.
pub(super) struct KeyFrameClock {
    /// Ticks from one to the next.
    interval: u64,
    fps: u32,
    /// The tick of the last that was asked for, or of the first frame.
    last: Option<u64>,
    /// The tick of the last that came out, asked for or not; [`NONE`] before the first.
    seen: Arc<AtomicU64>,
    /// Whether an output waits for one.
    is_asked: Arc<AtomicBool>,
    /// The tick of the last for an output that waited.
    answered: Option<u64>,
}

/// Asks an encoder for a key frame. May outlive it.
#[derive(Clone, Debug)]
pub(super) struct KeyFrameRequest(Weak<AtomicBool>);

impl KeyFrameRequest {
    /// Has one of the next frames encoded as a key frame, if the encoder is still there.
    pub(super) fn send(&self) {
        if let Some(is_asked) = self.0.upgrade() {
            is_asked.store(true, Ordering::Relaxed);
        }
    }
}

impl KeyFrameClock {
    pub(super) fn new(interval: u32, fps: u32) -> Self {
        let (seen, is_asked) = (Arc::new(AtomicU64::new(NONE)), Arc::default());
        Self { interval: interval.into(), fps, last: None, seen, is_asked, answered: None }
    }

    /// A way for outputs to ask for one.
    pub(super) fn request(&self) -> KeyFrameRequest {
        KeyFrameRequest(Arc::downgrade(&self.is_asked))
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
        let apart = u64::from(self.fps.div_ceil(ASKED_A_SECOND));
        let is_free = self.answered.is_none_or(|before| tick.saturating_sub(before) >= apart);
        let is_wanted = is_free && self.is_asked.load(Ordering::Relaxed);
        // The first is one by itself.
        let is_first = self.last.is_none();
        let is_over = self.last.max(seen).is_some_and(|last| tick.saturating_sub(last) >= self.interval);
        let is_due = !is_first && (is_over || is_wanted);
        if is_due || is_first {
            self.last = Some(tick);
            // Who asks from here on may have missed it.
            if self.is_asked.swap(false, Ordering::Relaxed) {
                self.answered = Some(tick);
            }
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
    fn all_who_ask_at_once_get_one_and_who_asks_too_soon_gets_the_next() {
        let mut clock = KeyFrameClock::new(300, 30);
        let request = clock.request();
        let mut due = Vec::new();
        for tick in 0..100 {
            // Five outputs at once, one a moment later, and one with every frame for a while.
            let asking = match tick {
                10 => 5,
                13 | 60..70 => 1,
                _ => 0,
            };
            (0..asking).for_each(|_| request.send());
            if clock.is_due(tick) {
                due.push(tick);
            }
        }
        assert_eq!(due, [10, 25, 60, 75]);
        drop(clock);
        request.send();
    }

    #[test]
    fn one_that_an_output_asked_for_counts_too() {
        let mut clock = KeyFrameClock::new(60, 30);
        assert!(!clock.is_due(0));
        clock.seen.store(50, Ordering::Relaxed);
        assert!(!clock.is_due(60) && !clock.is_due(109) && clock.is_due(110));
    }
}
