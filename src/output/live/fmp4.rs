//! Fragmented MP4: the boxes of an initialisation segment and of media segments, after ISO/IEC 14496-12 and -15.
//!
//! Why not `mp4mux`: in fragmented mode the one of GStreamer 1.22 writes a `moof` for each track by its own clock, so
//! that segments would have to be put together from its bytes again, and `cmafmux` came later. A segment with both
//! tracks in one `moof` takes fewer lines than that.

/// Units of time of the video track: a second's.
pub(super) const VIDEO_TIMESCALE: u32 = 90_000;
const VIDEO_TRACK: u32 = 1;
const AUDIO_TRACK: u32 = 2;

/// What a decoder of the video must know first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VideoConfig {
    pub(super) width: u16,
    pub(super) height: u16,
    /// `AVCDecoderConfigurationRecord`.
    pub(super) avcc: Vec<u8>,
}

/// What a decoder of the sound must know first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AudioConfig {
    /// Samples a second; the units of time of the audio track too.
    pub(super) rate: u32,
    pub(super) channels: u16,
    /// `AudioSpecificConfig`.
    pub(super) asc: Vec<u8>,
}

/// One access unit.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// In the track's units of time.
    pub(super) duration: u32,
    pub(super) is_key: bool,
    pub(super) bytes: Vec<u8>,
}

/// The samples of one track in a segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// When the first is decoded, in the track's units of time.
    pub(super) decode_time: u64,
    pub(super) samples: Vec<Sample>,
}

/// The initialisation segment.
pub(super) fn init_segment(video: &VideoConfig, audio: Option<&AudioConfig>) -> Vec<u8> {
    let mut out = Vec::new();
    brand(&mut out, *b"ftyp");
    put(&mut out, *b"moov", |out| {
        full(out, *b"mvhd", 0, |out| {
            words(out, &[0, 0, 1000, 0, 0x0001_0000, 0x0100_0000, 0, 0]);
            matrix(out);
            words(out, &[0, 0, 0, 0, 0, 0, AUDIO_TRACK + 1]);
        });
        track(out, VIDEO_TRACK, VIDEO_TIMESCALE, Some(video), |out| {
            put(out, *b"avc1", |out| {
                out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
                words(out, &[0; 4]);
                out.extend(video.width.to_be_bytes());
                out.extend(video.height.to_be_bytes());
                words(out, &[0x0048_0000, 0x0048_0000, 0]);
                out.extend([0, 1]);
                out.extend([0; 32]);
                out.extend([0, 0x18, 0xff, 0xff]);
                put(out, *b"avcC", |out| out.extend(&video.avcc));
                // BT.709 primaries, transfer and matrix; limited range.
                put(out, *b"colr", |out| out.extend(b"nclx\0\x01\0\x01\0\x01\0"));
            });
        });
        if let Some(audio) = audio {
            track(out, AUDIO_TRACK, audio.rate, None, |out| {
                put(out, *b"mp4a", |out| {
                    out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
                    words(out, &[0, 0]);
                    out.extend(audio.channels.to_be_bytes());
                    out.extend([0, 16, 0, 0, 0, 0]);
                    words(out, &[audio.rate << 16]);
                    full(out, *b"esds", 0, |out| elementary_stream(out, audio));
                });
            });
        }
        put(out, *b"mvex", |out| {
            for track in [Some(VIDEO_TRACK), audio.map(|_| AUDIO_TRACK)].into_iter().flatten() {
                full(out, *b"trex", 0, |out| words(out, &[track, 1, 0, 0, 0]));
            }
        });
    });
    out
}

/// The media segment of this number. A run without samples is left out.
pub(super) fn media_segment(number: u32, video: &Run, audio: &Run) -> Vec<u8> {
    let runs = [(VIDEO_TRACK, video), (AUDIO_TRACK, audio)];
    let runs = runs.into_iter().filter(|(_, run)| !run.samples.is_empty());
    let mut out = Vec::new();
    brand(&mut out, *b"styp");
    let moof = out.len();
    // Where the offset of each run's bytes is written, once it is known.
    let mut offsets = Vec::new();
    put(&mut out, *b"moof", |out| {
        full(out, *b"mfhd", 0, |out| words(out, &[number]));
        for (track, run) in runs.clone() {
            put(out, *b"traf", |out| {
                // Offsets count from the start of this `moof`.
                full(out, *b"tfhd", 0x02_0000, |out| words(out, &[track]));
                full(out, *b"tfdt", 0x0100_0000, |out| out.extend(run.decode_time.to_be_bytes()));
                // Offset, and for each sample duration, size and flags.
                full(out, *b"trun", 0x0701, |out| {
                    words(out, &[length(run.samples.len())]);
                    offsets.push(out.len());
                    words(out, &[0]);
                    for sample in &run.samples {
                        // Depends on no other sample; or depends on others and is no place to begin.
                        let flags = if sample.is_key { 0x0200_0000 } else { 0x0101_0000 };
                        words(out, &[sample.duration, length(sample.bytes.len()), flags]);
                    }
                });
            });
        }
    });
    put(&mut out, *b"mdat", |out| {
        for ((_, run), at) in runs.zip(offsets) {
            let offset = length(out.len() - moof);
            out[at..at + 4].copy_from_slice(&offset.to_be_bytes());
            for sample in &run.samples {
                out.extend(&sample.bytes);
            }
        }
    });
    out
}

fn track(
    out: &mut Vec<u8>,
    number: u32,
    timescale: u32,
    video: Option<&VideoConfig>,
    sample_entry: impl FnOnce(&mut Vec<u8>),
) {
    put(out, *b"trak", |out| {
        // Enabled, in the presentation.
        full(out, *b"tkhd", 3, |out| {
            words(out, &[0, 0, number, 0, 0, 0, 0, 0]);
            words(out, &[if video.is_some() { 0 } else { 0x0100_0000 }]);
            matrix(out);
            let (width, height) = video.map_or((0, 0), |video| (video.width, video.height));
            words(out, &[u32::from(width) << 16, u32::from(height) << 16]);
        });
        put(out, *b"mdia", |out| {
            // The language is not determined.
            full(out, *b"mdhd", 0, |out| words(out, &[0, 0, timescale, 0, 0x55c4_0000]));
            full(out, *b"hdlr", 0, |out| {
                words(out, &[0]);
                out.extend(if video.is_some() { b"vide" } else { b"soun" });
                words(out, &[0, 0, 0]);
                out.push(0);
            });
            put(out, *b"minf", |out| {
                match video {
                    Some(_) => full(out, *b"vmhd", 1, |out| words(out, &[0, 0])),
                    None => full(out, *b"smhd", 0, |out| words(out, &[0])),
                }
                put(out, *b"dinf", |out| {
                    full(out, *b"dref", 0, |out| {
                        words(out, &[1]);
                        // The media is in the file itself.
                        full(out, *b"url ", 1, |_| {});
                    });
                });
                put(out, *b"stbl", |out| {
                    full(out, *b"stsd", 0, |out| {
                        words(out, &[1]);
                        sample_entry(out);
                    });
                    full(out, *b"stts", 0, |out| words(out, &[0]));
                    full(out, *b"stsc", 0, |out| words(out, &[0]));
                    full(out, *b"stsz", 0, |out| words(out, &[0, 0]));
                    full(out, *b"stco", 0, |out| words(out, &[0]));
                });
            });
        });
    });
}

/// The descriptors of ISO/IEC 14496-1 for AAC.
fn elementary_stream(out: &mut Vec<u8>, audio: &AudioConfig) {
    let asc = &audio.asc;
    // Each of a length of one byte: an `AudioSpecificConfig` has two to five bytes.
    let size = u8::try_from(asc.len().min(64)).unwrap_or(0);
    out.extend([0x03, 3 + (2 + 13 + 2 + size) + 3, 0, 0, 0]);
    // MPEG-4 audio, an audio stream; buffer size and rates are not told.
    out.extend([0x04, 13 + 2 + size, 0x40, 0x15, 0, 0, 0]);
    words(out, &[0, 0]);
    out.extend([0x05, size]);
    out.extend(&asc[..usize::from(size)]);
    out.extend([0x06, 1, 2]);
}

fn brand(out: &mut Vec<u8>, kind: [u8; 4]) {
    put(out, kind, |out| out.extend(b"iso6\0\0\0\0iso6mp41"));
}

fn matrix(out: &mut Vec<u8>) {
    words(out, &[0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000]);
}

fn put(out: &mut Vec<u8>, kind: [u8; 4], body: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    words(out, &[0]);
    out.extend(kind);
    body(out);
    let size = length(out.len() - at);
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

/// A box that begins with a byte of version and three of flags.
fn full(out: &mut Vec<u8>, kind: [u8; 4], version_and_flags: u32, body: impl FnOnce(&mut Vec<u8>)) {
    put(out, kind, |out| {
        words(out, &[version_and_flags]);
        body(out);
    });
}

fn words(out: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        out.extend(word.to_be_bytes());
    }
}

/// A length in 32 bits. A segment is some seconds long, far below 4 GiB.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
