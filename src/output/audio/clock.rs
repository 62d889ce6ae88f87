//! How much sound goes with the pictures, to the sample.

use gstreamer as gst;

/// Samples a second of each channel.
pub(in crate::output) const RATE: u64 = 48_000;
/// Left and right.
pub(in crate::output) const CHANNELS: u64 = 2;
/// The longest run that is mixed at once: a second. What follows a longer gap comes in several.
const LONGEST: u64 = RATE;

/// Counts out sound in step with the frames, so that both are of the same length to the sample, whatever ticks were
/// skipped: the number of samples that belong before a tick follows from the tick's number alone.
#[derive(Debug)]
pub(super) struct SampleClock {
    fps: u64,
    /// Samples that were counted out or passed over.
    position: u64,
}

impl SampleClock {
    /// Begins with the frame that is `start` ticks after the beginning of the session.
    pub(super) fn new(fps: u32, start: u64) -> Self {
        let fps = u64::from(fps);
        Self { fps, position: start * RATE / fps }
    }

    /// Samples from the beginning of the session up to here.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next run of samples up to the end of the frame that is `tick` ticks after the beginning of the session;
    /// `None` if there is none left.
    pub(super) fn next_run(&mut self, tick: u64) -> Option<usize> {
        let end = (tick + 1) * RATE / self.fps;
        let samples = end.saturating_sub(self.position).min(LONGEST);
        self.position += samples;
        usize::try_from(samples).ok().filter(|samples| *samples > 0)
    }
}

/// When the sample of this number is heard, in whole nanoseconds. Rounded up: the mixer counts samples by rounding down,
/// and so finds the same number again.
pub(super) fn time_of(sample: u64) -> gst::ClockTime {
    let nanos = (u128::from(sample) * 1_000_000_000).div_ceil(u128::from(RATE));
    gst::ClockTime::from_nseconds(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Also where the stream has been running for years.
        #[test]
        fn sound_covers_the_frames_whatever_is_skipped(
            fps in 1_u32..=60, start in 0_u64..3_000_000_000, skips in prop::collection::vec(1_u64..200, 1..20),
        ) {
            let mut clock = SampleClock::new(fps, start);
            let mut tick = start;
            let mut samples = start * RATE / u64::from(fps);
            for skip in skips {
                while let Some(run) = clock.next_run(tick) {
                    prop_assert!(run as u64 <= LONGEST);
                    samples += run as u64;
                }
                prop_assert_eq!(clock.position(), samples);
                // Within a sample of the time at which the next frame begins.
                let next = u128::from(tick + 1) * 1_000_000_000 / u128::from(fps);
                let end = u128::from(time_of(samples).nseconds());
                prop_assert!(end.abs_diff(next) <= 1_000_000_000 / u128::from(RATE) + 1);
                // Whoever counts samples by rounding down finds the same number.
                prop_assert_eq!(end * u128::from(RATE) / 1_000_000_000, u128::from(samples));
                tick += skip;
            }
        }
    }
}
