//! What the encoder gives out.

use gstreamer as gst;

/// One of the two parts of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Track {
    Video,
    Audio,
}

/// An encoded frame, or an encoded run of sound.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) track: Track,
    /// The bytes, with times counted from the start of the session. Shared by all outputs.
    pub(super) buffer: gst::Buffer,
    /// The format, with the headers that a decoder needs first.
    pub(super) caps: gst::Caps,
    /// Whether a decoder can begin here. True of all sound.
    pub(super) is_key: bool,
}

impl Packet {
    /// The packet in `sample`, or `None` if there is none with a time.
    ///
    /// Encoders may shift their times so that none is negative (`x264enc` by a thousand hours) and say so in the
    /// segment. Muxers in other pipelines do not see that segment: it is worked in here.
    pub(super) fn from_sample(track: Track, sample: &gst::Sample) -> Option<Self> {
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        let caps = sample.caps_owned()?;
        let mut buffer = sample.buffer_owned()?;
        let pts = segment.to_running_time(buffer.pts()?)?;
        let dts = buffer.dts().and_then(|dts| segment.to_running_time(dts)).map_or(pts, |dts| dts.min(pts));
        let is_key = track == Track::Audio || !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let writable = buffer.make_mut();
        writable.set_pts(pts);
        writable.set_dts(dts);
        Some(Self { track, buffer, caps, is_key })
    }

    /// Whether a decoder that was set up for this packet can take `other`, which is of the same track.
    pub(super) fn is_of_one_format_with(&self, other: &Self) -> bool {
        self.caps == other.caps || decoder_setup(&self.caps) == decoder_setup(&other.caps)
    }

    /// When it is shown or heard.
    pub(super) fn pts(&self) -> gst::ClockTime {
        self.buffer.pts().unwrap_or(gst::ClockTime::ZERO)
    }

    /// When it has been shown or heard.
    pub(super) fn end(&self) -> gst::ClockTime {
        self.pts() + self.buffer.duration().unwrap_or(gst::ClockTime::ZERO)
    }

    /// The same packet on a timeline that begins at `beginning`. What was before is at the beginning.
    pub(super) fn counted_from(&self, beginning: gst::ClockTime) -> Self {
        let mut moved = self.clone();
        if beginning > gst::ClockTime::ZERO {
            // The bytes are shared all the same.
            let buffer = moved.buffer.make_mut();
            buffer.set_pts(buffer.pts().map(|time| time.saturating_sub(beginning)));
            buffer.set_dts(buffer.dts().map(|time| time.saturating_sub(beginning)));
        }
        moved
    }
}

/// What a decoder must know first: headers, or the size of frames where there are none.
fn decoder_setup(caps: &gst::CapsRef) -> (Option<gst::Buffer>, Option<i32>, Option<i32>) {
    let Some(caps) = caps.structure(0) else { return (None, None, None) };
    let side = |name| caps.get::<i32>(name).ok();
    (caps.get("codec_data").ok(), side("width"), side("height"))
}
