//! The one way on which encoded sound goes out: that of an encoder and of those that follow on it, and silence in between. What
//! comes when silence was given out in its place comes too late.

use std::sync::Mutex;

use gstreamer as gst;

use super::{encoder::OnPacket, link::lock, packet::Packet, silence::Silence};

/// By how much sound may overlap the silence before it: half a block, so that no more than that is missing between them.
const OVERLAP: gst::ClockTime = gst::ClockTime::from_mseconds(10);

/// See the module's documentation.
pub(super) struct SoundLine {
    on_packet: OnPacket,
    /// Held while anything is given out: all of it comes in its order, whoever gives it.
    ends: Mutex<Ends>,
}

struct Ends {
    /// Where what was given out ends.
    all: gst::ClockTime,
    /// Where the last silence does.
    silence: gst::ClockTime,
    /// The format of the first that was given out, which is that of all: what encoders say of themselves in it may differ, and
    /// containers hold one.
    caps: Option<gst::Caps>,
}

impl Ends {
    /// The same in the format of all.
    fn uniform(&mut self, packet: Packet) -> Packet {
        let caps = self.caps.get_or_insert_with(|| packet.caps.clone()).clone();
        Packet { caps, ..packet }
    }
}

impl SoundLine {
    pub(super) fn new(on_packet: OnPacket) -> Self {
        let ends = Ends { all: gst::ClockTime::ZERO, silence: gst::ClockTime::ZERO, caps: None };
        Self { on_packet, ends: Mutex::new(ends) }
    }

    /// What is given out from now on begins here.
    pub(super) fn begin(&self, at: gst::ClockTime) {
        lock(&self.ends).all = at;
    }

    /// Where what was given out ends.
    pub(super) fn until(&self) -> gst::ClockTime {
        lock(&self.ends).all
    }

    /// Where the last silence ends.
    pub(super) fn silent_until(&self) -> gst::ClockTime {
        lock(&self.ends).silence
    }

    /// Gives out what an encoder has made, unless there was silence in its place.
    pub(super) fn give(&self, packet: Packet) {
        let mut ends = lock(&self.ends);
        if packet.pts() + OVERLAP >= ends.silence {
            ends.all = ends.all.max(packet.end());
            (self.on_packet)(ends.uniform(packet));
        }
    }

    /// Gives out silence up to this time, in whole runs.
    pub(super) fn fill(&self, silence: &Silence, to: gst::ClockTime) {
        let mut ends = lock(&self.ends);
        while ends.all + silence.lasts() <= to {
            let run = silence.at(ends.all);
            (self.on_packet)(ends.uniform(run));
            ends.all += silence.lasts();
            ends.silence = ends.all;
        }
    }
}
