//! The one way on which encoded sound goes out: that of an encoder and of those that follow on it, and silence in between.
//!
//! Whatever comes, it has neither a hole nor anything twice, but for half a block where encoders and silence meet. What comes when
//! silence was given out in its place comes too late, and where something is left out before what comes there is silence first.

use std::sync::Mutex;

use gstreamer as gst;

use super::{encoder::OnPacket, link::lock, packet::Packet, silence::Silence};

/// By how much sound may overlap the silence before it: half a block, so that no more than that is missing between them.
const OVERLAP: gst::ClockTime = gst::ClockTime::from_mseconds(10);

/// See the module's documentation.
pub(super) struct SoundLine {
    on_packet: OnPacket,
    /// What is given out where there is no sound.
    run: Silence,
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
    /// Gives out silence for as long as a run of it ends by `to`.
    fn fill(&mut self, run: &Silence, to: gst::ClockTime, on_packet: &OnPacket) {
        while self.all + run.lasts() <= to {
            let packet = run.at(self.all);
            on_packet(self.uniform(packet));
            self.all += run.lasts();
            self.silence = self.all;
        }
    }

    /// The same in the format of all.
    fn uniform(&mut self, packet: Packet) -> Packet {
        let caps = self.caps.get_or_insert_with(|| packet.caps.clone()).clone();
        Packet { caps, ..packet }
    }
}

impl SoundLine {
    /// One that gives out nothing yet.
    pub(super) fn new(run: Silence, on_packet: OnPacket) -> Self {
        let ends = Ends { all: gst::ClockTime::ZERO, silence: gst::ClockTime::ZERO, caps: None };
        Self { on_packet, run, ends: Mutex::new(ends) }
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

    /// Gives out what an encoder has made, unless something else was given out in its place.
    pub(super) fn give(&self, packet: Packet) {
        let mut ends = lock(&self.ends);
        if packet.pts() + OVERLAP < ends.silence || packet.end() <= ends.all {
            return;
        }
        ends.fill(&self.run, packet.pts() + self.run.lasts() / 2, &self.on_packet);
        ends.all = packet.end();
        (self.on_packet)(ends.uniform(packet));
    }

    /// Gives out silence up to this time, in whole runs.
    pub(super) fn fill(&self, to: gst::ClockTime) {
        lock(&self.ends).fill(&self.run, to, &self.on_packet);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::output::settings::AudioCodec;

    #[test]
    fn whatever_comes_there_is_neither_a_hole_nor_anything_twice() {
        gst::init().unwrap();
        let given = Arc::new(Mutex::new(Vec::new()));
        let on_packet: OnPacket = {
            let given = Arc::clone(&given);
            Arc::new(move |packet: Packet| given.lock().unwrap().push((packet.pts(), packet.end())))
        };
        let run = Silence::of(AudioCodec::Aac);
        let line = SoundLine::new(run.clone(), on_packet);
        let at = gst::ClockTime::from_mseconds;
        line.begin(at(1000));
        // In time; the same again, as of an encoder that was replaced; after what was thrown away; and more of that.
        for time in [1000, 1021, 1000, 1021, 1043, 6000, 6021] {
            line.give(run.at(at(time)));
        }
        line.fill(at(7000));
        // Made too late, and just in time.
        for time in [6950, 6971, 6988, 7009] {
            line.give(run.at(at(time)));
        }
        line.fill(at(8000));
        let given = given.lock().unwrap();
        assert_eq!(given[0].0, at(1000));
        assert!(line.until() > at(7970));
        for pair in given.windows(2) {
            let (end, next) = (pair[0].1, pair[1].0);
            assert!(end.absdiff(next) <= run.lasts() / 2, "{end} is followed by {next}: {given:?}");
        }
    }
}
