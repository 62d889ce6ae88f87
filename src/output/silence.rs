//! Sound that goes with the pictures, sample for sample: silence, until there is something to hear.

use gstreamer as gst;

/// Samples a second of each channel.
pub(super) const RATE: u64 = 48_000;
/// Left and right.
pub(super) const CHANNELS: u64 = 2;
/// Bytes of one sample of both channels: 16 bits each.
const SAMPLE_BYTES: u64 = CHANNELS * 2;
/// The longest run in one buffer: a second. What follows a longer gap comes in several.
const LONGEST: u64 = RATE;

/// Counts out silence in step with the frames, so that both are of the same length to the sample, whatever ticks were
/// skipped: the number of samples that belong before a tick follows from the tick's number alone.
#[derive(Debug)]
pub(super) struct Silence {
    fps: u64,
    /// Samples that were given out or passed over.
    position: u64,
    zeros: gst::Buffer,
}

impl Silence {
    /// Silence that begins with the frame that is `start` ticks after the beginning of the session.
    pub(super) fn new(fps: u32, start: u64) -> Self {
        let fps = u64::from(fps);
        let bytes = usize::try_from(LONGEST * SAMPLE_BYTES).unwrap_or(0);
        Self { fps, position: start * RATE / fps, zeros: gst::Buffer::from_slice(vec![0_u8; bytes]) }
    }

    /// The sound up to the end of the frame that is `tick` ticks after the beginning of the session.
    pub(super) fn up_to(&mut self, tick: u64) -> impl Iterator<Item = gst::Buffer> {
        let end = (tick + 1) * RATE / self.fps;
        std::iter::from_fn(move || {
            let samples = end.saturating_sub(self.position).min(LONGEST);
            if samples == 0 {
                return None;
            }
            let bytes = usize::try_from(samples * SAMPLE_BYTES).ok()?;
            let mut buffer = self.zeros.copy_region(gst::BufferCopyFlags::MEMORY, ..bytes).ok()?;
            let (from, to) = (time_of(self.position), time_of(self.position + samples));
            let writable = buffer.make_mut();
            writable.set_pts(from);
            writable.set_duration(to - from);
            self.position += samples;
            Some(buffer)
        })
    }
}

/// When the sample of this number is heard.
fn time_of(sample: u64) -> gst::ClockTime {
    let nanos = u128::from(sample) * 1_000_000_000 / u128::from(RATE);
    gst::ClockTime::from_nseconds(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sound_covers_the_frames_without_gap_or_overlap(
            fps in 1_u32..=60, start in 0_u64..1000, skips in prop::collection::vec(1_u64..200, 1..20),
        ) {
            gst::init().unwrap();
            let mut silence = Silence::new(fps, start);
            let mut tick = start;
            let mut end = time_of(start * RATE / u64::from(fps));
            for skip in skips {
                for buffer in silence.up_to(tick) {
                    prop_assert_eq!(buffer.pts(), Some(end));
                    end += buffer.duration().unwrap();
                    prop_assert!((buffer.size() as u64).is_multiple_of(SAMPLE_BYTES) && buffer.size() > 0);
                }
                // Within a sample of the time at which the next frame begins.
                let next = u128::from(tick + 1) * 1_000_000_000 / u128::from(fps);
                prop_assert!(u128::from(end.nseconds()).abs_diff(next) <= 1_000_000_000 / u128::from(RATE) + 1);
                tick += skip;
            }
        }
    }
}
