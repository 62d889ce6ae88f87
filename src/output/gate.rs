//! The door between the encoder and one output. Nobody ever waits at it.
//!
//! An output begins at a key frame, and so it does again after it could not keep up: then everything is left out
//! until its queue has shrunk and a key frame comes. What it gets can always be decoded.

use std::collections::VecDeque;

use gstreamer as gst;

use super::packet::{Packet, Track};

/// Runs of sound that are kept while a key frame is waited for: about a second. The oldest go first.
const SOUND_AHEAD: usize = 64;

/// What lies behind the door.
pub(super) trait Outlet: Send {
    /// Whether what waits here is more than it should be.
    fn is_full(&self) -> bool;
    /// Whether what waits here has become little again.
    fn has_room(&self) -> bool;
    /// Takes a packet, without waiting.
    fn push(&mut self, packet: &Packet);
    /// There is nothing more to come.
    fn end(&mut self);
}

/// The door. Closed while there is no outlet.
#[derive(Default)]
pub(super) struct Gate {
    outlet: Option<Box<dyn Outlet>>,
    awaits_key_frame: bool,
    /// Sound that came before the key frame that it belongs to. Video and sound come on different threads.
    sound: VecDeque<Packet>,
    /// Whether anything was let through since the stream went on air. What came before is not missed.
    begun: bool,
    /// Frames left out.
    pub(super) dropped: u64,
    /// Bytes let through.
    pub(super) bytes: u64,
}

impl Gate {
    /// Lets packets through to `outlet` from the next key frame on.
    pub(super) fn open(&mut self, outlet: Box<dyn Outlet>) {
        self.outlet = Some(outlet);
        self.awaits_key_frame = true;
    }

    /// Closes it. What is behind it gets no more.
    pub(super) fn close(&mut self) -> Option<Box<dyn Outlet>> {
        self.sound.clear();
        self.outlet.take()
    }

    /// Closes it until the stream goes on air again.
    pub(super) fn finish(&mut self) {
        if let Some(mut outlet) = self.close() {
            outlet.end();
        }
        self.begun = false;
    }

    /// Whether packets are left out since the output cannot keep up, or a key frame is waited for.
    pub(super) fn is_waiting(&self) -> bool {
        self.awaits_key_frame
    }

    /// Lets a packet through or leaves it out.
    pub(super) fn offer(&mut self, packet: &Packet) {
        let Some(outlet) = &mut self.outlet else {
            self.leave_out(packet);
            return;
        };
        if !self.awaits_key_frame && outlet.is_full() {
            self.awaits_key_frame = true;
        }
        if self.awaits_key_frame {
            if packet.track == Track::Video && packet.is_key && outlet.has_room() {
                self.awaits_key_frame = false;
                self.begun = true;
                for sound in self.sound.drain(..).filter(|sound| sound.end() > packet.pts()) {
                    self.bytes += size(&sound);
                    outlet.push(&sound);
                }
            } else {
                self.leave_out(packet);
                return;
            }
        }
        self.bytes += size(packet);
        outlet.push(packet);
    }

    fn leave_out(&mut self, packet: &Packet) {
        match packet.track {
            Track::Video => self.dropped += u64::from(self.begun),
            Track::Audio => {
                if self.sound.len() == SOUND_AHEAD {
                    self.sound.pop_front();
                }
                self.sound.push_back(packet.clone());
            }
        }
    }
}

fn size(packet: &Packet) -> u64 {
    let buffer: &gst::BufferRef = &packet.buffer;
    buffer.size() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;

    /// An outlet that is as full as a test says.
    #[derive(Clone, Default)]
    struct Bucket(Arc<Mutex<(Vec<Packet>, u32)>>);

    impl Outlet for Bucket {
        fn is_full(&self) -> bool {
            self.0.lock().unwrap().1 > 10
        }
        fn has_room(&self) -> bool {
            self.0.lock().unwrap().1 < 3
        }
        fn push(&mut self, packet: &Packet) {
            self.0.lock().unwrap().0.push(packet.clone());
        }
        fn end(&mut self) {}
    }

    fn packet(track: Track, millis: u64, is_key: bool) -> Packet {
        let mut buffer = gst::Buffer::with_size(10).unwrap();
        let writable = buffer.make_mut();
        writable.set_pts(gst::ClockTime::from_mseconds(millis));
        writable.set_duration(gst::ClockTime::from_mseconds(20));
        Packet { track, buffer, caps: gst::Caps::new_empty_simple("video/x-h264"), is_key }
    }

    proptest! {
        /// Whatever the output's state, what it gets can be decoded, and every frame after the
        /// first is let through or counted.
        #[test]
        fn only_whole_runs_from_key_frames_get_through(levels in prop::collection::vec(0_u32..14, 1..200)) {
            gst::init().unwrap();
            let bucket = Bucket::default();
            let mut gate = Gate::default();
            gate.open(Box::new(bucket.clone()));
            for (frame, level) in levels.iter().enumerate() {
                bucket.0.lock().unwrap().1 = *level;
                let frame = frame as u64;
                gate.offer(&packet(Track::Audio, frame * 20, true));
                gate.offer(&packet(Track::Video, frame * 20, frame.is_multiple_of(7)));
            }
            let taken = bucket.0.lock().unwrap().0.clone();
            let video: Vec<_> = taken.iter().filter(|packet| packet.track == Track::Video).collect();
            let first = video.first().map_or(levels.len() as u64, |packet| packet.pts().mseconds() / 20);
            prop_assert_eq!(first + video.len() as u64 + gate.dropped, levels.len() as u64);
            let mut before = None;
            for packet in video {
                let frame = packet.pts().mseconds() / 20;
                prop_assert!(packet.is_key || before == Some(frame - 1), "frame {} follows {:?}", frame, before);
                before = Some(frame);
            }
            prop_assert_eq!(gate.bytes, taken.len() as u64 * 10);
        }
    }

    #[test]
    fn sound_that_comes_ahead_of_its_key_frame_is_kept() {
        gst::init().unwrap();
        let bucket = Bucket::default();
        let mut gate = Gate::default();
        gate.open(Box::new(bucket.clone()));
        for millis in [0, 20, 40, 60] {
            gate.offer(&packet(Track::Audio, millis, true));
        }
        gate.offer(&packet(Track::Video, 40, true));
        let times: Vec<_> = bucket.0.lock().unwrap().0.iter().map(|packet| packet.pts().mseconds()).collect();
        assert_eq!(times, [40, 60, 40]);
    }
}
