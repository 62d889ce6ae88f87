//! Silence as it is encoded, for while no encoder makes any sound.
//!
//! It is put together by the syntax of the codec, byte for byte as the encoders make it of silence, and not encoded: there is some
//! also where no encoder works from the start on, or none is installed.

use gstreamer as gst;

use super::{
    audio::{CHANNELS, RATE},
    packet::{Packet, Track},
    settings::AudioCodec,
};

/// A value, and in how many bits it is written.
type Field = (u64, u32);

/// A `raw_data_block` of AAC without any coefficients: ISO/IEC 14496-3, 4.4.2.
const AAC: &[Field] = &[
    // A channel pair, its number, and that both channels have one window.
    (1, 3),
    (0, 4),
    (1, 1),
    // `ics_info`: reserved, one long window, of Kaiser and Bessel, no bands, no prediction.
    (0, 1),
    (0, 2),
    (1, 1),
    (0, 6),
    (0, 1),
    // No middle and side.
    (0, 2),
    // Of each channel the gain, of nothing; no pulses, no shaping of noise, no control of gain.
    (140, 8),
    (0, 1),
    (0, 1),
    (0, 1),
    (140, 8),
    (0, 1),
    (0, 1),
    (0, 1),
    // The end.
    (7, 3),
];

/// What decoders of AAC must know first, an `AudioSpecificConfig`: ISO/IEC 14496-3, 1.6.2.1.
const AAC_SETUP: &[Field] = &[
    // Low complexity, 48 kHz, two channels.
    (2, 5),
    (3, 4),
    (2, 4),
    // Blocks of 1024 samples, of no other coder, without an extension.
    (0, 3),
    // What follows tells of spectral band replication: there is none.
    (0x2b7, 11),
    (5, 5),
    (0, 1),
];

/// Samples of a block of AAC.
const AAC_BLOCK: u64 = 1024;

/// A packet of Opus: RFC 6716, 3.1 and 4.3. One frame of 20 ms of CELT in full band (31), in stereo, that begins with the flag of
/// silence, as the range coder has it.
const OPUS: [u8; 3] = [31 << 3 | 1 << 2, 0xff, 0xfe];

/// Samples of it.
const OPUS_BLOCK: u64 = 960;

/// Samples by which encoders look ahead, which players leave out at the beginning.
const OPUS_PRE_SKIP: u16 = 312;

/// A run of encoded silence that fits among those of the encoder.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    run: Packet,
    lasts: gst::ClockTime,
}

impl Silence {
    /// That of a codec, at the rate and with the channels that all sound has.
    pub(super) fn of(codec: AudioCodec) -> Self {
        let (run, samples) = match codec {
            AudioCodec::Aac => (bytes(AAC), AAC_BLOCK),
            AudioCodec::Opus => (OPUS.to_vec(), OPUS_BLOCK),
        };
        let lasts = gst::ClockTime::from_nseconds(samples * 1_000_000_000 / RATE);
        let mut buffer = gst::Buffer::from_slice(run);
        buffer.make_mut().set_duration(lasts);
        Self { run: Packet { track: Track::Audio, buffer, caps: caps(codec), is_key: true }, lasts }
    }

    /// That which begins at this time.
    pub(super) fn at(&self, time: gst::ClockTime) -> Packet {
        let mut run = self.run.clone();
        let writable = run.buffer.make_mut();
        writable.set_pts(time);
        writable.set_dts(time);
        run
    }

    /// How long a run of it lasts, which is more than nothing.
    pub(super) fn lasts(&self) -> gst::ClockTime {
        self.lasts
    }
}

/// The format, as the parsers behind the encoders tell it.
fn caps(codec: AudioCodec) -> gst::Caps {
    let rate = i32::try_from(RATE).unwrap_or(i32::MAX);
    let channels = i32::try_from(CHANNELS).unwrap_or(i32::MAX);
    match codec {
        AudioCodec::Aac => gst::Caps::builder("audio/mpeg")
            .field("mpegversion", 4)
            .field("stream-format", "raw")
            .field("framed", true)
            .field("rate", rate)
            .field("channels", channels)
            .field("channel-mask", gst::Bitmask::new(3))
            .field("profile", "lc")
            .field("base-profile", "lc")
            .field("level", "2")
            .field("codec_data", gst::Buffer::from_slice(bytes(AAC_SETUP)))
            .build(),
        AudioCodec::Opus => gst::Caps::builder("audio/x-opus")
            .field("rate", rate)
            .field("channels", channels)
            .field("channel-mapping-family", 0)
            .field("stream-count", 1)
            .field("coupled-count", 1)
            .field("streamheader", gst::Array::new(opus_headers().map(gst::Buffer::from_slice)))
            .build(),
    }
}

/// The bytes of these fields, from the highest bit on, filled up with zeros to a whole one.
fn bytes(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut length = 0;
    for (value, bits) in fields {
        for bit in (0..*bits).rev() {
            if length % 8 == 0 {
                bytes.push(0);
            }
            if let Some(last) = bytes.last_mut() {
                *last |= u8::from(value >> bit & 1 == 1) << (7 - length % 8);
            }
            length += 1;
        }
    }
    bytes
}

/// The headers of Opus: RFC 7845, 5.1 and 5.2.
fn opus_headers() -> [Vec<u8>; 2] {
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend(OPUS_PRE_SKIP.to_le_bytes());
    head.extend(48_000_u32.to_le_bytes());
    // No gain, and one stream of two channels.
    head.extend([0, 0, 0]);
    let mut tags = b"OpusTags".to_vec();
    let vendor = b"stream-manager";
    tags.extend(u32::try_from(vendor.len()).unwrap_or(0).to_le_bytes());
    tags.extend(vendor);
    tags.extend(0_u32.to_le_bytes());
    [head, tags]
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use super::*;
    use crate::output::{encoder::OnPacket, leaving::Leaving, settings::AudioSettings, sound_encoder::SoundEncoder};

    /// What the encoder makes of this much silence.
    fn encoded(codec: AudioCodec, millis: u64) -> Vec<Packet> {
        let made = Arc::new(Mutex::new(Vec::new()));
        let on_packet: OnPacket = {
            let made = Arc::clone(&made);
            Arc::new(move |packet| made.lock().unwrap().push(packet))
        };
        let encoder = SoundEncoder::start(&AudioSettings { codec, bitrate_kbps: 96 }, &on_packet).unwrap();
        let size = millis * RATE / 1000 * CHANNELS * size_of::<f32>() as u64;
        let mut buffer = gst::Buffer::from_slice(vec![0_u8; usize::try_from(size).unwrap()]);
        buffer.make_mut().set_pts(gst::ClockTime::ZERO);
        buffer.make_mut().set_duration(gst::ClockTime::from_mseconds(millis));
        // Else it is dithered on its way into whole numbers.
        buffer.make_mut().set_flags(gst::BufferFlags::GAP);
        encoder.push_last(vec![buffer], Duration::from_secs(60), &Leaving::default()).unwrap();
        let made = made.lock().unwrap();
        made.clone()
    }

    /// A decoder that was set up for the one can take the other, and muxers do not see where one goes on as the other.
    #[test]
    fn silence_is_what_the_encoders_make_of_it() {
        gst::init().unwrap();
        for codec in [AudioCodec::Aac, AudioCodec::Opus] {
            let (made, silence) = (encoded(codec, 500), Silence::of(codec));
            // What encoders begin with may tell their names.
            let made = &made[made.len() / 2];
            let run = silence.at(made.pts());
            let bytes = |packet: &Packet| packet.buffer.map_readable().unwrap().to_vec();
            assert_eq!(bytes(&run), bytes(made), "{codec:?}");
            assert!(made.end().absdiff(run.end()) <= gst::ClockTime::from_nseconds(1), "{codec:?}: {made:?}");
            // The tags of Opus name who wrote them.
            let format = |packet: &Packet| {
                let mut caps = packet.caps.clone();
                let structure = caps.make_mut().structure_mut(0).unwrap();
                let head = structure.get::<gst::Array>("streamheader").ok().map(|headers| {
                    let head: gst::Buffer = headers[0].get().unwrap();
                    head.map_readable().unwrap().to_vec()
                });
                structure.remove_field("streamheader");
                (caps, head)
            };
            assert_eq!(format(&run), format(made), "{codec:?}");
        }
    }
}
