//! Where packets go into the pipeline of an output, and how many of them wait there.

use std::collections::VecDeque;

use gstreamer as gst;
use gstreamer_app::AppSrc;

use super::{
    gate::Outlet,
    packet::{Packet, Track},
    split::Split,
};

/// Bytes that may wait in front of an output before it counts as one that cannot keep up: 64 MiB.
const FULL_BYTES: u64 = 64 << 20;
/// The part of a full queue that may be left when it is filled again.
const ROOM: u64 = 6;
/// Frames at most that do not count as waiting since the sound to them has not come: three seconds at 60 frames a second, and
/// sound that is missing for half as long is replaced.
const MOST_UNHEARD: usize = 180;
/// From the first to the last of the frames without sound, more than this means that the sound is late. Encoders keep some, and
/// silence that stands in for them stays 0.2 s behind: less is so all the time.
const LATE: gst::ClockTime = gst::ClockTime::from_mseconds(300);
/// How long frames whose late sound has come do not count as waiting, in time of the stream: the muxer lets go of them within
/// milliseconds, unless the sink is behind.
const MOMENT: gst::ClockTime = gst::ClockTime::SECOND;

/// Where packets go into a pipeline.
#[derive(Clone)]
pub(super) struct Inlet {
    video: AppSrc,
    audio: Option<AppSrc>,
    /// Frames that may wait.
    full: u64,
    holds_one_format: bool,
    split: Split,
    /// Bytes that went in.
    bytes: u64,
    /// The first frame.
    first: Option<Packet>,
    /// When the first packet is shown or heard.
    beginning: Option<gst::ClockTime>,
    /// When the last sound begins.
    heard: Option<gst::ClockTime>,
    /// The decoding times of frames that the muxer holds since no later sound has come. It is not the sink that is behind with
    /// these.
    unheard: VecDeque<gst::ClockTime>,
    /// Frames that have waited for late sound and have it since a moment ago: the muxer is about to let them go.
    released: u64,
    /// The last frame that had come when that was so.
    released_at: gst::ClockTime,
    /// Whether late sound comes at present.
    is_catching_up: bool,
}

impl Inlet {
    /// Into these sources. So many frames may wait in that of the pictures. Whether all must be of one format, and when it is
    /// enough, is as in [`MuxAndSink`](super::pipeline::MuxAndSink).
    pub(super) fn new(video: AppSrc, audio: Option<AppSrc>, full: u64, holds_one_format: bool, split: Split) -> Self {
        Self {
            video,
            audio,
            full,
            holds_one_format,
            split,
            bytes: 0,
            first: None,
            beginning: None,
            heard: None,
            unheard: VecDeque::new(),
            released: 0,
            released_at: gst::ClockTime::ZERO,
            is_catching_up: false,
        }
    }

    /// Hands a packet over. Waits only in a pipeline at [`Pace::Offline`]. A pipeline that failed takes no more and
    /// says so on its bus.
    pub(super) fn hand_over(&self, packet: &Packet) {
        let source = match packet.track {
            Track::Video => Some(&self.video),
            Track::Audio => self.audio.as_ref(),
        };
        if let Some(source) = source {
            if source.caps().as_ref() != Some(&packet.caps) {
                source.set_caps(Some(&packet.caps));
            }
            let _ = source.push_buffer(packet.buffer.clone());
        }
    }

    /// Takes note of what the muxer can let go by now.
    fn note(&mut self, packet: &Packet) {
        self.released = self.released.min(self.video.current_level_buffers());
        let (first, last) = (self.unheard.front().copied(), self.unheard.back().copied());
        let is_late = last.zip(first).is_some_and(|(last, first)| last.saturating_sub(first) > LATE);
        match packet.track {
            Track::Audio => {
                self.heard = self.heard.max(packet.buffer.pts());
                let (heard, before) = (self.heard, self.unheard.len());
                while self.unheard.pop_front_if(|frame| Some(*frame) <= heard).is_some() {}
                self.is_catching_up |= is_late;
                if self.is_catching_up {
                    self.released += (before - self.unheard.len()) as u64;
                    self.released_at = last.unwrap_or(self.released_at);
                }
            }
            Track::Video if self.audio.is_some() => {
                self.is_catching_up &= is_late;
                let shown = packet.buffer.dts_or_pts();
                if shown > Some(self.released_at + MOMENT) {
                    self.released = 0;
                }
                if shown > self.heard {
                    if self.unheard.len() == MOST_UNHEARD {
                        self.unheard.pop_front();
                    }
                    self.unheard.extend(shown);
                }
            }
            Track::Video => {}
        }
    }
}

impl Outlet for Inlet {
    fn is_full(&self) -> bool {
        let sound = self.audio.as_ref().map_or(0, AppSrc::current_level_bytes);
        self.queued() > self.full || self.video.current_level_bytes() + sound > FULL_BYTES
    }

    fn has_room(&self) -> bool {
        self.queued() <= self.full / ROOM
    }

    fn queued(&self) -> u64 {
        self.video.current_level_buffers().saturating_sub(self.unheard.len() as u64 + self.released)
    }

    fn queued_bytes(&self) -> u64 {
        let (frames, bytes) = (self.video.current_level_buffers(), self.video.current_level_bytes());
        // Of those that only wait for their sound the sizes are not known.
        (bytes * self.queued()).checked_div(frames).unwrap_or(0).min(bytes)
    }

    fn begin(&mut self, at: gst::ClockTime) {
        self.beginning.get_or_insert(at);
    }

    fn takes(&self, packet: &Packet) -> bool {
        let lasted = self.beginning.map(|beginning| packet.pts().saturating_sub(beginning));
        let is_enough = lasted.is_some_and(|lasted| self.split.is_due(lasted.into(), self.bytes));
        let fits = |first: &Packet| first.is_of_one_format_with(packet);
        !is_enough && (!self.holds_one_format || self.first.as_ref().is_none_or(fits))
    }

    fn push(&mut self, packet: &Packet) {
        self.note(packet);
        self.bytes += packet.buffer.size() as u64;
        if !self.holds_one_format {
            self.hand_over(packet);
            return;
        }
        // What comes after another file begins at its own beginning all the same.
        let beginning = *self.beginning.get_or_insert(packet.pts());
        if packet.track == Track::Audio && packet.end() <= beginning {
            return;
        }
        self.hand_over(&packet.counted_from(beginning));
        if self.first.is_none() && packet.track == Track::Video {
            self.first = Some(packet.clone());
        }
    }

    fn end(&mut self) {
        // A pipeline that failed takes no end either, and needs none.
        let _ = self.video.end_of_stream();
        if let Some(audio) = &self.audio {
            let _ = audio.end_of_stream();
        }
    }
}

#[cfg(test)]
mod tests {
    use gstreamer::prelude::*;

    use super::*;

    /// Frames that may wait.
    const FULL: u64 = 15;
    /// How long a run of sound lasts.
    const RUN: u64 = 20;

    /// A way into a pipeline of which the sink takes nothing at all.
    struct Stuck {
        inlet: Inlet,
        sources: [AppSrc; 2],
        /// In milliseconds, where the sound ends that went in.
        heard: u64,
    }

    impl Stuck {
        fn new() -> Self {
            gst::init().unwrap();
            let sources = [(), ()].map(|()| {
                let source = AppSrc::builder().format(gst::Format::Time).max_bytes(0).build();
                let out = source.static_pad("src").unwrap();
                out.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BLOCK, |_, _| gst::PadProbeReturn::Ok);
                source.set_state(gst::State::Paused).unwrap();
                source
            });
            let [video, audio] = sources.clone();
            Self { inlet: Inlet::new(video, Some(audio), FULL, false, Split::default()), sources, heard: 0 }
        }

        fn push(&mut self, track: Track, millis: u64) {
            let mut buffer = gst::Buffer::with_size(10).unwrap();
            let writable = buffer.make_mut();
            writable.set_pts(gst::ClockTime::from_mseconds(millis));
            writable.set_dts(gst::ClockTime::from_mseconds(millis));
            writable.set_duration(gst::ClockTime::from_mseconds(RUN));
            let caps = gst::Caps::new_empty_simple("video/x-h264");
            self.inlet.push(&Packet { track, buffer, caps, is_key: true });
        }

        /// Sound up to this time.
        fn hear(&mut self, until: u64) {
            while self.heard < until {
                self.push(Track::Audio, self.heard);
                self.heard += RUN;
            }
        }
    }

    impl Drop for Stuck {
        fn drop(&mut self) {
            self.sources.iter().for_each(|source| source.set_state(gst::State::Null).map(drop).unwrap());
        }
    }

    #[test]
    fn frames_whose_late_sound_has_just_come_do_not_fill_a_queue_until_a_moment_later() {
        let mut stuck = Stuck::new();
        (0..40).for_each(|frame| stuck.push(Track::Video, frame * 33));
        assert!(!stuck.inlet.is_full(), "it is the sound that is late");
        stuck.hear(40 * 33);
        assert_eq!(stuck.inlet.queued(), 0, "the muxer had no time to let go of them");
        (40..80).for_each(|frame| {
            stuck.hear(frame * 33 + 33);
            stuck.push(Track::Video, frame * 33);
        });
        // The first may be in the hands of the source.
        assert!(stuck.inlet.queued() >= 79, "it did not let go of them: {}", stuck.inlet.queued());
        assert!(stuck.inlet.is_full());
    }

    /// As silence does, at the highest frame rate.
    #[test]
    fn sound_that_is_always_a_little_behind_does_not_keep_a_queue_from_being_full() {
        let mut stuck = Stuck::new();
        for frame in 0..60_u64 {
            let shown = frame * 50 / 3;
            stuck.hear((shown + 17).saturating_sub(200 + RUN));
            stuck.push(Track::Video, shown);
        }
        assert!(stuck.inlet.is_full(), "{} of 60 frames wait", stuck.inlet.queued());
    }
}
