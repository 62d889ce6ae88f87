//! The sound that was given to an encoder and has not come out of it: what the next one begins with if that one fails, and how
//! it is known that it does nothing.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gstreamer as gst;

use super::{
    audio::{CHANNELS, RATE},
    encoder::OnPacket,
};

/// The most that is kept. Full: the oldest goes first, and there is silence in its place.
const MOST: gst::ClockTime = gst::ClockTime::from_seconds(5);
/// Sound that an encoder may keep until it is given more: three blocks of 1024 samples, and something besides.
const HELD: gst::ClockTime = gst::ClockTime::from_mseconds(100);
/// Bytes of a sample of all channels.
const SAMPLE: u64 = CHANNELS * size_of::<f32>() as u64;

/// How far an encoder has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// In nanoseconds, where the last packet ended.
    until: AtomicU64,
    /// Whether it was given up: what comes of it now comes too late.
    is_over: AtomicBool,
}

impl Progress {
    /// Takes note of all packets on their way.
    pub(super) fn noting(self: &Arc<Self>, on_packet: &OnPacket) -> OnPacket {
        let (this, on_packet) = (Arc::clone(self), Arc::clone(on_packet));
        Arc::new(move |packet| {
            if !this.is_over.load(Ordering::Acquire) {
                this.until.fetch_max(packet.end().nseconds(), Ordering::Release);
                on_packet(packet);
            }
        })
    }

    /// Where the last packet ended.
    pub(super) fn until(&self) -> gst::ClockTime {
        gst::ClockTime::from_nseconds(self.until.load(Ordering::Acquire))
    }

    pub(super) fn give_up(&self) {
        self.is_over.store(true, Ordering::Release);
    }
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Unheard {
    /// With the times at which they were given.
    buffers: VecDeque<(Instant, gst::Buffer)>,
}

impl Unheard {
    /// This is about to be given to an encoder.
    pub(super) fn give(&mut self, buffers: &[gst::Buffer], now: Instant) {
        self.buffers.extend(buffers.iter().map(|buffer| (now, buffer.clone())));
        while self.lasts() > MOST {
            self.buffers.pop_front();
        }
    }

    fn lasts(&self) -> gst::ClockTime {
        let (Some((_, first)), Some((_, last))) = (self.buffers.front(), self.buffers.back()) else {
            return gst::ClockTime::ZERO;
        };
        end(last).saturating_sub(begin(first))
    }

    /// Forgets what has come out, which is all up to `until`. Returns for how long at `now` the oldest of what should have has
    /// not, whichever encoder was given it.
    pub(super) fn look(&mut self, until: gst::ClockTime, now: Instant) -> Duration {
        while self.buffers.pop_front_if(|(_, buffer)| end(buffer) <= until).is_some() {}
        let due = self.buffers.iter().find(|(_, buffer)| end(buffer) > until + HELD);
        due.map_or(Duration::ZERO, |(given, _)| now.saturating_duration_since(*given))
    }

    /// What the next encoder is given first: all that has not come out of the one before, which ends with that.
    pub(super) fn take_over(&mut self, before: Option<&Progress>) -> Vec<gst::Buffer> {
        if let Some(before) = before {
            before.give_up();
            self.forget(before.until());
        }
        self.buffers.iter().map(|(_, buffer)| buffer.clone()).collect()
    }

    /// Forgets what is before this time: it has come out, or silence was given out in its place.
    pub(super) fn forget(&mut self, until: gst::ClockTime) {
        while self.buffers.pop_front_if(|(_, buffer)| end(buffer) <= until).is_some() {}
        if let Some((_, first)) = self.buffers.front_mut() {
            cut(first, until);
        }
    }

    /// Nothing is encoded any more.
    pub(super) fn clear(&mut self) {
        self.buffers.clear();
    }
}

/// When a buffer is heard.
fn begin(buffer: &gst::BufferRef) -> gst::ClockTime {
    buffer.pts().unwrap_or(gst::ClockTime::ZERO)
}

/// When it has been heard.
fn end(buffer: &gst::BufferRef) -> gst::ClockTime {
    begin(buffer) + buffer.duration().unwrap_or(gst::ClockTime::ZERO)
}

/// Takes away what is before `until`, to the sample.
fn cut(buffer: &mut gst::Buffer, until: gst::ClockTime) {
    let Some(early) = until.checked_sub(begin(buffer)) else { return };
    let samples = early.nseconds().saturating_mul(RATE) / 1_000_000_000;
    let ends = end(buffer);
    let Ok(offset) = usize::try_from(samples * SAMPLE) else { return };
    if offset == 0 || offset >= buffer.size() {
        return;
    }
    let Ok(mut rest) = buffer.copy_region(gst::BufferCopyFlags::MEMORY, offset..) else { return };
    let writable = rest.make_mut();
    writable.set_pts(until);
    writable.set_duration(ends.saturating_sub(until));
    *buffer = rest;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::packet::{Packet, Track};

    fn buffer(millis: u64, lasts: u64) -> gst::Buffer {
        let mut buffer = gst::Buffer::with_size(usize::try_from(lasts * RATE / 1000 * SAMPLE).unwrap()).unwrap();
        let writable = buffer.make_mut();
        writable.set_pts(gst::ClockTime::from_mseconds(millis));
        writable.set_duration(gst::ClockTime::from_mseconds(lasts));
        buffer
    }

    #[test]
    fn the_next_encoder_begins_where_the_last_one_ended_and_that_says_no_more() {
        gst::init().unwrap();
        let begun = Instant::now();
        let at = |millis| begun + Duration::from_millis(millis);
        let heard = Arc::new(AtomicU64::new(0));
        let on_packet: OnPacket = {
            let heard = Arc::clone(&heard);
            Arc::new(move |_| {
                heard.fetch_add(1, Ordering::Relaxed);
            })
        };
        let progress = Arc::new(Progress::default());
        let noting = progress.noting(&on_packet);
        let packet = |millis, lasts| {
            let (buffer, caps) = (buffer(millis, lasts), gst::Caps::new_any());
            noting(Packet { track: Track::Audio, buffer, caps, is_key: true });
        };
        let mut unheard = Unheard::default();
        for number in 0..10 {
            unheard.give(&[buffer(number * 40, 40)], at(number * 40));
        }
        packet(0, 250);
        // Up to 250 ms it has come out, and up to 350 it may be held back.
        assert_eq!(unheard.look(progress.until(), at(1000)), Duration::from_millis(1000 - 320));
        let rest = unheard.take_over(Some(&progress));
        let times: Vec<_> = rest.iter().map(|buffer| (begin(buffer).mseconds(), end(buffer).mseconds())).collect();
        assert_eq!(times, [(250, 280), (280, 320), (320, 360), (360, 400)]);
        assert_eq!(rest[0].size() as u64, 30 * RATE / 1000 * SAMPLE);
        assert_eq!(
            unheard.look(progress.until(), at(1100)),
            Duration::from_millis(1100 - 320),
            "it is as late as before"
        );
        packet(250, 20);
        assert_eq!(heard.load(Ordering::Relaxed), 1, "it was given up");
        for number in 10..1000 {
            unheard.give(&[buffer(number * 40, 40)], at(number * 40));
        }
        assert_eq!(unheard.lasts(), MOST);
    }
}
