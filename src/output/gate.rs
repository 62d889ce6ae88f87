//! The door between the encoder and one output. Nobody ever waits at it.
//!
//! An output begins at a key frame, and so it does again after it could not keep up: then everything is left out
//! until its queue has shrunk and a key frame comes. What it gets can always be decoded.
//!
//! When the stream goes on in another format, such as another frame size, and the outlet cannot, that outlet is ended
//! and what follows is kept for the next one: a container holds one size, but no frame is lost between two of them.

use std::{collections::VecDeque, time::Duration};

use gstreamer as gst;

use super::{
    packet::{Packet, Track},
    strain::Strain,
};

/// Runs of sound that are kept while a key frame is waited for: about a second. The oldest go first.
const SOUND_AHEAD: usize = 64;
/// Frames that are kept while one outlet ends and the next is made: three seconds at 30 frames per second. When it is
/// more, they are left out.
const KEPT_FRAMES: usize = 90;

/// Part of what may wait beyond the outlet down to which that has to go before frames are let through again.
const ROOM: u32 = 3;

/// What lies behind the door.
pub(super) trait Outlet: Send {
    /// Whether what waits here is more than it should be.
    fn is_full(&self) -> bool;
    /// Whether what waits here has become little again.
    fn has_room(&self) -> bool;
    /// Whether the packet is of a format that can follow what was taken before.
    fn takes(&self, packet: &Packet) -> bool;
    /// Takes a packet, without waiting.
    fn push(&mut self, packet: &Packet);
    /// Frames that wait.
    fn queued(&self) -> u64 {
        0
    }
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
    /// The last runs of sound that were let through: what belongs to a frame may have come ahead of it.
    heard: VecDeque<Packet>,
    /// What waits for the next outlet, since the last one could not go on; see [`Gate::is_renewing`].
    kept: Option<VecDeque<Packet>>,
    /// Whether anything was let through since the stream went on air. What came before is not missed.
    begun: bool,
    /// Whether the output is on air: a peer takes what comes through.
    pub(super) is_on_air: bool,
    /// Whether the outlet takes nothing at all.
    pub(super) is_stalled: bool,
    /// What waits behind the outlet.
    pub(super) strain: Strain,
    /// The kilobits per second that are meant to come through.
    pub(super) kbps: u32,
    /// How long what waits in the system may last before frames are left out: its buffers may take a minute of a stream, and
    /// whoever watches would be as far behind. Anything may if it is zero.
    pub(super) most_waiting: Duration,
    /// Frames left out.
    pub(super) dropped: u64,
    /// Bytes let through.
    pub(super) bytes: u64,
}

impl Gate {
    /// Lets packets through to `outlet` from the next key frame on; what was kept for it first.
    pub(super) fn open(&mut self, outlet: Box<dyn Outlet>) {
        self.outlet = Some(outlet);
        self.awaits_key_frame = true;
        for packet in self.kept.take().unwrap_or_default() {
            self.offer(&packet);
        }
    }

    /// Closes it. What is behind it gets no more.
    pub(super) fn close(&mut self) -> Option<Box<dyn Outlet>> {
        self.leave_out_kept();
        self.kept = None;
        self.sound.clear();
        self.heard.clear();
        self.strain = Strain::default();
        self.outlet.take()
    }

    /// Closes it until the stream goes on air again.
    pub(super) fn finish(&mut self) {
        if let Some(mut outlet) = self.close() {
            outlet.end();
        }
        self.begun = false;
    }

    /// Whether the outlet was ended since the stream goes on in a format that it cannot take, and another outlet should
    /// be opened.
    pub(super) fn is_renewing(&self) -> bool {
        self.kept.is_some()
    }

    /// Whether packets are left out since the output cannot keep up, or a key frame is waited for.
    pub(super) fn is_waiting(&self) -> bool {
        self.awaits_key_frame
    }

    /// Frames that wait behind it, or for the next outlet.
    pub(super) fn queued(&self) -> u64 {
        let kept = self.kept.iter().flatten().filter(|packet| packet.track == Track::Video).count() as u64;
        kept + self.outlet.as_ref().map_or(0, |outlet| outlet.queued())
    }

    /// How long what waits beyond the outlet lasts.
    pub(super) fn link_delay(&self) -> Duration {
        self.strain.lasts(self.kbps)
    }

    /// Whether what waits in the system lasts longer than a part of what may.
    fn is_behind(&self, part: u32) -> bool {
        let waits = Strain { lag: Duration::ZERO, ..self.strain }.lasts(self.kbps);
        !self.most_waiting.is_zero() && waits > self.most_waiting / part
    }

    /// Lets a packet through or leaves it out.
    pub(super) fn offer(&mut self, packet: &Packet) {
        if self.kept.is_some() {
            self.keep(packet);
            return;
        }
        if packet.track == Track::Video && packet.is_key && self.outlet.as_ref().is_some_and(|o| !o.takes(packet)) {
            self.renew(packet);
            return;
        }
        let (is_behind, has_caught_up) = (self.is_behind(1), !self.is_behind(ROOM));
        let Some(outlet) = &mut self.outlet else {
            self.leave_out(packet);
            return;
        };
        if !self.awaits_key_frame && (outlet.is_full() || is_behind) {
            self.awaits_key_frame = true;
        }
        if self.awaits_key_frame {
            if packet.track == Track::Video && packet.is_key && outlet.has_room() && has_caught_up {
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
        if packet.track == Track::Audio {
            remember(&mut self.heard, packet);
        }
    }

    /// Ends the outlet, and keeps `first` with the sound that belongs to it, and what follows.
    fn renew(&mut self, first: &Packet) {
        if let Some(mut outlet) = self.outlet.take() {
            outlet.end();
        }
        let sound = self.heard.drain(..).chain(self.sound.drain(..));
        self.kept = Some(sound.filter(|sound| sound.end() > first.pts()).collect());
        self.keep(first);
    }

    fn keep(&mut self, packet: &Packet) {
        let Some(kept) = &mut self.kept else { return };
        if kept.iter().filter(|packet| packet.track == Track::Video).count() == KEPT_FRAMES {
            self.leave_out_kept();
        }
        if let Some(kept) = &mut self.kept {
            kept.push_back(packet.clone());
        }
    }

    fn leave_out_kept(&mut self) {
        let frames = self.kept.iter_mut().flat_map(|kept| kept.drain(..)).filter(|kept| kept.track == Track::Video);
        self.dropped += frames.count() as u64;
    }

    fn leave_out(&mut self, packet: &Packet) {
        match packet.track {
            Track::Video => self.dropped += u64::from(self.begun),
            Track::Audio => remember(&mut self.sound, packet),
        }
    }
}

fn remember(sound: &mut VecDeque<Packet>, packet: &Packet) {
    if sound.len() == SOUND_AHEAD {
        sound.pop_front();
    }
    sound.push_back(packet.clone());
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

    /// An outlet that is as full as a test says, and takes one format.
    #[derive(Clone, Default)]
    struct Bucket(Arc<Mutex<(Vec<Packet>, u32)>>);

    impl Outlet for Bucket {
        fn is_full(&self) -> bool {
            self.0.lock().unwrap().1 > 10
        }
        fn has_room(&self) -> bool {
            self.0.lock().unwrap().1 < 3
        }
        fn takes(&self, packet: &Packet) -> bool {
            let taken = &self.0.lock().unwrap().0;
            let mut video = taken.iter().filter(|taken| taken.track == Track::Video);
            video.next().is_none_or(|first| first.is_of_one_format_with(packet))
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

    fn packet_of(format: u8, track: Track, millis: u64, is_key: bool) -> Packet {
        let headers = gst::Buffer::from_slice([format]);
        let caps = gst::Caps::builder("video/x-h264").field("codec_data", headers).build();
        Packet { caps, ..packet(track, millis, is_key) }
    }

    proptest! {
        /// However often the format changes and however long the next outlet takes to come, every outlet gets whole
        /// runs of one format, with the sound to them, and no frame is missing that is not counted.
        #[test]
        fn a_change_of_format_ends_the_outlet_and_loses_nothing(
            runs in prop::collection::vec((1_usize..200, 0_usize..120), 1..6),
        ) {
            gst::init().unwrap();
            let mut buckets = vec![Bucket::default()];
            let mut gate = Gate::default();
            gate.open(Box::new(buckets[0].clone()));
            let (mut time, mut closed_for) = (0, 0);
            for (format, (frames, delay)) in (0..).zip(&runs) {
                for frame in 0..*frames {
                    gate.offer(&packet(Track::Audio, time + 10, true));
                    gate.offer(&packet_of(format, Track::Video, time, frame % 30 == 0));
                    time += 20;
                    if gate.is_renewing() {
                        closed_for += 1;
                        if closed_for > *delay {
                            let bucket = Bucket::default();
                            gate.open(Box::new(bucket.clone()));
                            buckets.push(bucket);
                            closed_for = 0;
                        }
                    }
                }
            }
            while gate.is_renewing() {
                let bucket = Bucket::default();
                gate.open(Box::new(bucket.clone()));
                buckets.push(bucket);
            }
            let mut seen = 0;
            for bucket in &buckets {
                let taken = &bucket.0.lock().unwrap().0;
                let video: Vec<_> = taken.iter().filter(|packet| packet.track == Track::Video).collect();
                seen += video.len() as u64;
                let Some(first) = video.first() else { continue };
                prop_assert!(first.is_key);
                for pair in video.windows(2) {
                    prop_assert!(pair[0].is_of_one_format_with(pair[1]));
                    prop_assert!(pair[1].is_key || pair[1].pts() - pair[0].pts() == gst::ClockTime::from_mseconds(20));
                }
                for frame in &video[1..] {
                    let has_sound = |packet: &&Packet| packet.track == Track::Audio && packet.pts() < frame.end() && packet.end() > frame.pts();
                    prop_assert!(taken.iter().any(|packet| has_sound(&packet)), "no sound with {:?}", frame.pts());
                }
            }
            prop_assert_eq!(seen + gate.dropped, time / 20);
        }
    }

    #[test]
    fn what_piles_up_in_the_system_costs_frames_until_little_of_it_is_left() {
        gst::init().unwrap();
        let bucket = Bucket::default();
        let mut gate = Gate { most_waiting: Duration::from_secs(3), kbps: 800, ..Gate::default() };
        gate.open(Box::new(bucket.clone()));
        // At 800 kbit/s a second is 100 kB.
        let mut let_through = |kilobytes: u64, lag: u64| {
            gate.strain = Strain { bytes: kilobytes * 1000, lag: Duration::from_secs(lag), ..Strain::default() };
            let before = gate.bytes;
            gate.offer(&packet(Track::Video, 0, true));
            gate.bytes > before
        };
        assert!(let_through(0, 0) && let_through(299, 0));
        assert!(let_through(10, 9), "packets that are lost on the way do not wait anywhere");
        assert!(!let_through(301, 0));
        assert!(!let_through(299, 0) && !let_through(101, 0), "it is not let through again at once");
        assert!(let_through(99, 0) && let_through(299, 0));
        assert_eq!(gate.dropped, 3);
        // A link that is opened anew has nothing waiting.
        gate.strain = Strain { bytes: 400_000, ..Strain::default() };
        drop(gate.close());
        gate.open(Box::new(bucket));
        gate.offer(&packet(Track::Video, 0, true));
        assert!(!gate.is_waiting());
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
