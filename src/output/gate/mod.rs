//! The door between the encoder and one output. Nobody ever waits at it.
//!
//! An output begins at a key frame, and so it does again after it could not keep up: then everything is left out
//! until its queue has shrunk and a key frame comes. What it gets can always be decoded. Only sound that belongs to frames
//! which were let through is let through all the same: muxers wait for it, and the queue would never shrink.
//!
//! When the stream goes on in another format, such as another frame size, and the outlet cannot, that outlet is ended
//! and what follows is kept for the next one: a container holds one size, but no frame is lost between two of them.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

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
    /// What comes next belongs to a stream that begins at this time.
    fn begin(&mut self, _at: gst::ClockTime) {}
    /// Takes a packet, without waiting.
    fn push(&mut self, packet: &Packet);
    /// Frames that wait, but for those that only wait for the sound to them.
    fn queued(&self) -> u64 {
        0
    }
    /// Their bytes.
    fn queued_bytes(&self) -> u64 {
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
    /// When the last frame has been shown that this outlet got.
    shown: Option<gst::ClockTime>,
    /// What waits for the next outlet, since the last one could not go on; see [`Gate::is_renewing`].
    kept: Option<VecDeque<Packet>>,
    /// Whether anything was let through since the stream went on air. What came before is not missed.
    begun: bool,
    /// Whether the output is on air: a peer takes what comes through.
    pub(super) is_on_air: bool,
    /// Whether the outlet takes nothing at all.
    pub(super) is_stalled: bool,
    /// When something was known of the link last.
    pub(super) known_at: Option<Instant>,
    /// What waits behind the outlet.
    pub(super) strain: Strain,
    /// The kilobits per second that are meant to come through.
    pub(super) kbps: u32,
    /// How long what waits may last before frames are left out: the buffers of the system may take a minute of a stream, and on a
    /// slow link few frames last long; whoever watches would be as far behind. Anything may if it is zero.
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
        self.shown = None;
        self.awaits_key_frame = true;
        for packet in self.kept.take().unwrap_or_default() {
            self.offer(&packet);
        }
    }

    /// Keeps what comes for the outlet that is about to be opened.
    pub(super) fn await_outlet(&mut self) {
        if self.outlet.is_none() {
            self.kept.get_or_insert_default();
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

    /// Whether what comes is kept for another outlet, which should be opened: the stream goes on in a format that the one before
    /// could not take.
    pub(super) fn is_renewing(&self) -> bool {
        self.kept.is_some()
    }

    /// Whether packets are left out since the output cannot keep up, or a key frame is waited for.
    pub(super) fn is_waiting(&self) -> bool {
        self.awaits_key_frame
    }

    /// Whether a key frame is all that is waited for: there is room for what follows it.
    pub(super) fn lacks_key_frame(&self) -> bool {
        let has_room = self.outlet.as_ref().is_some_and(|outlet| outlet.has_room());
        self.awaits_key_frame && has_room && !self.is_behind(ROOM)
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

    /// How far behind is what comes next, when a frame lasts this long.
    pub(super) fn behind(&self, frame: Duration) -> Duration {
        if self.strain.takes.is_some() {
            return self.all_waiting().lasts(self.kbps);
        }
        let frames = u32::try_from(self.queued()).unwrap_or(u32::MAX);
        frame.saturating_mul(frames) + self.link_delay()
    }

    /// What waits in front of a link of which it is known what it takes; beyond the outlet only, if that is not known.
    fn all_waiting(&self) -> Strain {
        let queued =
            self.outlet.as_ref().filter(|_| self.strain.takes.is_some()).map_or(0, |outlet| outlet.queued_bytes());
        Strain { bytes: self.strain.bytes + queued, ..self.strain }
    }

    /// Whether what waits lasts longer than a part of what may.
    fn is_behind(&self, part: u32) -> bool {
        let waits = Strain { lag: Duration::ZERO, ..self.all_waiting() }.lasts(self.kbps);
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
                let sound: Vec<_> = self.sound.drain(..).filter(|sound| sound.end() > packet.pts()).collect();
                outlet.begin(sound.first().map_or(packet.pts(), |first| first.pts().min(packet.pts())));
                sound.iter().for_each(|sound| self.let_through(sound));
            } else if !self.is_owed(packet) {
                self.leave_out(packet);
                return;
            }
        }
        self.let_through(packet);
    }

    /// Whether this is sound that an outlet needs in order to get rid of the frames that it has: up to the first that begins
    /// after the last of them.
    fn is_owed(&self, packet: &Packet) -> bool {
        let begins_before = |shown| self.heard.back().is_none_or(|last| last.pts() <= shown);
        packet.track == Track::Audio && self.shown.is_some_and(begins_before)
    }

    fn let_through(&mut self, packet: &Packet) {
        let Some(outlet) = &mut self.outlet else { return };
        self.bytes += size(packet);
        outlet.push(packet);
        match packet.track {
            Track::Audio => remember(&mut self.heard, packet),
            Track::Video => self.shown = self.shown.max(Some(packet.end())),
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
mod tests;
