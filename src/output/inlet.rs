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
/// Frames of which that is so at any time: sound comes in blocks, and encoders keep some.
const UNHEARD: usize = 8;

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
        let waiting = self.video.current_level_buffers();
        self.released = self.released.min(waiting);
        match packet.track {
            Track::Audio => {
                if self.unheard.len() > UNHEARD {
                    self.released = waiting;
                }
                self.heard = self.heard.max(packet.buffer.pts());
                let heard = self.heard;
                while self.unheard.pop_front_if(|frame| Some(*frame) <= heard).is_some() {}
            }
            Track::Video if self.audio.is_some() && packet.buffer.dts_or_pts() > self.heard => {
                if self.unheard.len() == MOST_UNHEARD {
                    self.unheard.pop_front();
                }
                self.unheard.extend(packet.buffer.dts_or_pts());
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
