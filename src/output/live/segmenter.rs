//! Packets in, segments out: each begins with a key frame.

use std::sync::Arc;

use gstreamer as gst;

use super::{
    fmp4::{AudioConfig, Run, Sample, VIDEO_TIMESCALE, VideoConfig, init_segment},
    store::LiveStore,
};
use crate::output::{
    gate::Outlet,
    packet::{Packet, Track},
};

/// Segments are no shorter than this, should key frames be closer together.
const SHORTEST: gst::ClockTime = gst::ClockTime::from_mseconds(900);
/// Packets of sound in a segment at most, should no key frame come: about 40 seconds. What follows is left out.
const MOST_SOUND: usize = 2000;
/// Frames in a segment at most, should no key frame come.
const MOST_FRAMES: usize = 2000;

/// Cuts a stream into segments and hands them to a store.
pub(in crate::output) struct Segmenter {
    store: Arc<LiveStore>,
    has_audio: bool,
    /// Where the stream that begins now goes on: where the one before ended.
    offset: gst::ClockTime,
    /// When that stream begins, which may be hours after the session has. Known from the first segment on.
    beginning: Option<gst::ClockTime>,
    video: Vec<Packet>,
    audio: Vec<Packet>,
}

impl Segmenter {
    pub(in crate::output) fn new(store: Arc<LiveStore>, has_audio: bool) -> Self {
        let offset = store.end();
        Self { store, has_audio, offset, beginning: None, video: Vec::new(), audio: Vec::new() }
    }

    /// Makes a segment of what has come, which ends at `end`.
    fn cut(&mut self, end: gst::ClockTime) {
        let (video, audio) = (std::mem::take(&mut self.video), std::mem::take(&mut self.audio));
        let Some(first) = video.first() else { return };
        let Some(video_config) = video_config(&first.caps) else {
            tracing::warn!("the encoder does not describe its stream; a segment is left out");
            return;
        };
        let audio_config = audio.first().and_then(|packet| audio_config(&packet.caps));
        if self.has_audio && audio_config.is_none() {
            // Without its sound the stream cannot be described. It comes within the first segment.
            tracing::warn!("no sound came with the pictures; a segment is left out");
            return;
        }
        let start = first.pts();
        self.beginning.get_or_insert(audio.first().map_or(start, |sound| sound.pts().min(start)));
        let video_run = self.run(&video, VIDEO_TIMESCALE, end);
        let audio_run = audio_config.as_ref().map_or_else(Run::default, |config| {
            let end = audio.last().map_or(end, Packet::end);
            self.run(&audio, config.rate, end)
        });
        let init = init_segment(&video_config, audio_config.as_ref());
        self.store.publish(init, &video_run, &audio_run, end.saturating_sub(start), self.moved(end));
    }

    /// A time of the session on the timeline of all that was published.
    fn moved(&self, time: gst::ClockTime) -> gst::ClockTime {
        time.saturating_sub(self.beginning.unwrap_or(gst::ClockTime::ZERO)) + self.offset
    }

    /// The packets as samples that follow one another without a gap, the last of which lasts until `end`.
    fn run(&self, packets: &[Packet], timescale: u32, end: gst::ClockTime) -> Run {
        let units = |time: gst::ClockTime| {
            let units = u128::from(self.moved(time).nseconds()) * u128::from(timescale);
            u64::try_from((units + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX)
        };
        let ends = packets.iter().skip(1).map(Packet::pts).chain([end]);
        let samples = packets.iter().zip(ends).map(|(packet, end)| Sample {
            duration: u32::try_from(units(end).saturating_sub(units(packet.pts()))).unwrap_or(u32::MAX),
            is_key: packet.is_key,
            bytes: packet.buffer.map_readable().map(|bytes| bytes.to_vec()).unwrap_or_default(),
        });
        Run { decode_time: packets.first().map_or(0, |packet| units(packet.pts())), samples: samples.collect() }
    }
}

impl Outlet for Segmenter {
    fn is_full(&self) -> bool {
        self.video.len() >= MOST_FRAMES
    }

    fn has_room(&self) -> bool {
        true
    }

    fn takes(&self, _: &Packet) -> bool {
        // Every segment is played with headers of its own.
        true
    }

    fn push(&mut self, packet: &Packet) {
        match packet.track {
            Track::Audio if self.audio.len() < MOST_SOUND => self.audio.push(packet.clone()),
            Track::Audio => {}
            Track::Video => {
                let is_due = self.video.first().is_some_and(|first| {
                    packet.pts().saturating_sub(first.pts()) >= SHORTEST || !first.is_of_one_format_with(packet)
                });
                if packet.is_key && is_due {
                    self.cut(packet.pts());
                }
                self.video.push(packet.clone());
            }
        }
    }

    fn end(&mut self) {
        if let Some(last) = self.video.last() {
            let end = last.end();
            self.cut(end);
        }
    }
}

fn video_config(caps: &gst::Caps) -> Option<VideoConfig> {
    let caps = caps.structure(0)?;
    Some(VideoConfig {
        width: u16::try_from(caps.get::<i32>("width").ok()?).ok()?,
        height: u16::try_from(caps.get::<i32>("height").ok()?).ok()?,
        avcc: codec_data(caps)?,
    })
}

fn audio_config(caps: &gst::Caps) -> Option<AudioConfig> {
    let caps = caps.structure(0)?;
    Some(AudioConfig {
        rate: u32::try_from(caps.get::<i32>("rate").ok()?).ok()?,
        channels: u16::try_from(caps.get::<i32>("channels").ok()?).ok()?,
        asc: codec_data(caps)?,
    })
}

fn codec_data(caps: &gst::StructureRef) -> Option<Vec<u8>> {
    let buffer = caps.get::<gst::Buffer>("codec_data").ok()?;
    let bytes = buffer.map_readable().ok()?;
    Some(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(millis: u64, is_key: bool) -> Packet {
        let mut buffer = gst::Buffer::with_size(10).unwrap();
        let writable = buffer.make_mut();
        writable.set_pts(gst::ClockTime::from_mseconds(millis));
        writable.set_duration(gst::ClockTime::from_mseconds(100));
        let caps = gst::Caps::builder("video/x-h264").field("width", 16_i32).field("height", 16_i32);
        let caps = caps.field("codec_data", gst::Buffer::from_slice([1, 66, 0, 10])).build();
        Packet { track: Track::Video, buffer, caps, is_key }
    }

    /// When the first frame of a segment is shown, in milliseconds (ISO 14496-12, `tfdt`, version 1).
    fn start(bytes: &[u8]) -> u64 {
        let at = bytes.windows(4).position(|name| name == b"tfdt").unwrap() + 8;
        u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap()) * 1000 / u64::from(VIDEO_TIMESCALE)
    }

    #[test]
    fn what_is_started_late_or_again_goes_on_where_it_ended() {
        gst::init().unwrap();
        let store = Arc::new(LiveStore::new());
        // Times count from the start of the session, whoever gets the frames.
        for begins in [7_000, 36_000_000, 0] {
            let mut segmenter = Segmenter::new(Arc::clone(&store), false);
            for number in 0..20 {
                segmenter.push(&frame(begins + number * 100, number % 10 == 0));
            }
            segmenter.end();
        }
        let (segments, _) = store.listing().unwrap();
        let starts: Vec<_> = segments.iter().map(|segment| start(&segment.bytes)).collect();
        assert_eq!(starts, [0, 1000, 2000, 3000, 4000, 5000]);
    }
}
