//! Takes the time of each frame from being given to the encoder to coming out of it.

use std::{collections::VecDeque, sync::Mutex, time::Instant};

use gstreamer as gst;

use super::link::lock;
use crate::engine::EncodeTimes;

/// Frames that are waited for: more than encoders hold. What is older was lost in one that failed.
const WAITING: usize = 64;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct EncodeClock {
    fps: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Frames by their number in the session, and when each was given.
    given: VecDeque<(u64, Instant)>,
    times: EncodeTimes,
}

impl EncodeClock {
    pub(super) fn new(fps: u32) -> Self {
        Self { fps: fps.into(), state: Mutex::default() }
    }

    /// Another session begins: frames are counted from 0 again.
    pub(super) fn restart(&self) {
        lock(&self.state).given.clear();
    }

    /// The frame of this number is being given to the encoder.
    pub(super) fn begin(&self, frame: u64) {
        let given = &mut lock(&self.state).given;
        if given.len() == WAITING {
            given.pop_front();
        }
        given.push_back((frame, Instant::now()));
    }

    /// The frame that is shown at this time of the session has come out.
    pub(super) fn end(&self, pts: gst::ClockTime) {
        let frame = (pts.nseconds().saturating_mul(self.fps) + 500_000_000) / 1_000_000_000;
        let mut state = lock(&self.state);
        let State { given, times } = &mut *state;
        if let Some(at) = given.iter().position(|(given, _)| *given == frame)
            && let Some((_, since)) = given.remove(at)
        {
            times.add(since.elapsed());
        }
    }

    /// How long frames have taken so far.
    pub(super) fn times(&self) -> EncodeTimes {
        lock(&self.state).times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_frame_that_comes_out_is_counted_once_by_its_own_time() {
        let clock = EncodeClock::new(30);
        for frame in 0..100 {
            clock.begin(frame);
        }
        // Out of order, as B-frames come, and rounded to nanoseconds; the first were given too long ago.
        for frame in [0_u64, 99, 98, 50, 50, 200] {
            clock.end(gst::ClockTime::from_nseconds(frame * 1_000_000_000 / 30));
        }
        assert_eq!(clock.times().counts.iter().sum::<u64>(), 3);
        clock.restart();
        clock.end(gst::ClockTime::from_nseconds(97 * 1_000_000_000 / 30));
        assert_eq!(clock.times().counts.iter().sum::<u64>(), 3);
    }
}
