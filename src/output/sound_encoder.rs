//! The encode of the sound: samples in, packets out.
//!
//! It is a pipeline of its own, since each start of a sound encoder costs time: it begins with samples that belong to
//! nothing, and ends with silence that fills up its last block. One that lasts from the start of the stream to its stop
//! pays once, however often the pictures need another encoder.

use std::{sync::Arc, time::Duration};

use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_app::AppSrc;

use super::{
    audio,
    elements::make,
    encoder::{EncoderError, OnPacket, packet_sink},
    fault::EncoderFault,
    flight::Flight,
    leaving::Leaving,
    packet::Track,
    settings::{AudioCodec, AudioSettings},
};

/// What the thread is named that encodes.
const NAME: &str = "encode-sound";

/// A running encode of sound.
pub(super) struct SoundEncoder {
    pipeline: gst::Pipeline,
    source: AppSrc,
    /// What makes packets of samples.
    element: gst::Element,
    flight: Arc<Flight>,
}

/// The encoder and the parser of a codec.
fn elements_of(codec: AudioCodec) -> (&'static str, &'static str) {
    match codec {
        AudioCodec::Aac => ("avenc_aac", "aacparse"),
        AudioCodec::Opus => ("opusenc", "opusparse"),
    }
}

impl SoundEncoder {
    /// Starts an encode.
    pub(super) fn start(settings: &AudioSettings, on_packet: &OnPacket) -> Result<Self, EncoderError> {
        let (encoder, parser) = elements_of(settings.codec);
        let not_started = |_: glib::BoolError| EncoderError::NotStarted(encoder);
        let caps = match settings.codec {
            AudioCodec::Aac => {
                gst::Caps::builder("audio/mpeg").field("mpegversion", 4).field("stream-format", "raw").build()
            }
            AudioCodec::Opus => gst::Caps::new_empty_simple("audio/x-opus"),
        };
        let source = AppSrc::builder().name(NAME).caps(&audio::caps()).format(gst::Format::Time).max_bytes(0).build();
        let element = make(encoder)?;
        element.set_property_from_str("bitrate", &(u64::from(settings.bitrate_kbps) * 1000).to_string());
        let sink = packet_sink(Track::Audio, &caps, on_packet);
        let chain = [source.clone().upcast(), make("audioconvert")?, element.clone(), make(parser)?, sink.upcast()];
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain).map_err(not_started)?;
        gst::Element::link_many(&chain).map_err(not_started)?;
        let flight = Arc::new(Flight::default());
        Flight::watch(&flight, &pipeline);
        // From here on the pipeline is taken down when this is dropped.
        let this = Self { pipeline, source, element, flight };
        this.pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| this.flight.failure().unwrap_or(EncoderError::NotStarted(encoder)))?;
        Ok(this)
    }

    /// Gives sound to the encoder, unless it is known to have failed. Never waits.
    pub(super) fn push(&self, sound: Vec<gst::Buffer>) -> Result<(), EncoderError> {
        self.flight.failure().map_or(Ok(()), Err)?;
        for buffer in sound {
            self.source.push_buffer(buffer).map_err(|_| self.flight.failure_or_ended())?;
        }
        self.flight.failure().map_or(Ok(()), Err)
    }

    /// Has it pass by sound that nobody will hear by then, however much of that it has been given: what ends by this time.
    pub(super) fn pass_by(&self, until: impl Fn() -> gst::ClockTime + Send + Sync + 'static) {
        let Some(out) = self.source.static_pad("src") else { return };
        out.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let Some(gst::PadProbeData::Buffer(sound)) = &info.data else { return gst::PadProbeReturn::Ok };
            let end = sound.pts().zip(sound.duration()).map(|(begin, lasts)| begin + lasts);
            if end.is_some_and(|end| end <= until()) { gst::PadProbeReturn::Drop } else { gst::PadProbeReturn::Ok }
        });
    }

    /// Whether it has not even begun with some of what it was given.
    pub(super) fn is_behind(&self) -> bool {
        self.source.current_level_bytes() > 0
    }

    /// Breaks it, to test what comes of that.
    pub(super) fn break_down(&self, fault: EncoderFault) {
        fault.happen_to(&self.element);
    }

    /// A way to end all waiting for this encoder: nobody takes its packets any more.
    pub(super) fn abandon(&self) -> impl Fn() + Send + Sync + use<> {
        let flight = Arc::clone(&self.flight);
        move || flight.fail("its packets are not taken".to_owned())
    }

    /// Has everything encoded that was pushed, and this, and ends. All packets have been given out when this returns. One that
    /// does not end in time is left.
    pub(super) fn push_last(
        self,
        sound: Vec<gst::Buffer>,
        patience: Duration,
        leaving: &Leaving,
    ) -> Result<(), EncoderError> {
        let outcome = self.push(sound).and_then(|()| {
            // An error here has been reported on the bus as well.
            let _ = self.source.end_of_stream();
            self.flight.wait_for_end(patience)
        });
        if outcome.is_err() {
            leaving.leave(self);
        }
        outcome
    }
}

impl Drop for SoundEncoder {
    fn drop(&mut self) {
        // Nothing in this pipeline waits for a peer, so this blocks only where the encoder hangs. It cannot fail on the way down.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        engine::{Soundtrack, StreamFormat},
        output::{
            audio::{Haste, RATE, Sound},
            packet::Packet,
        },
    };

    /// Blocks that an encoder may make of what it keeps back, before it gives out what it got.
    const BLOCKS: u64 = 3;

    /// What an encoder rounds in each block adds up: a nanosecond in each of the 28 000 of ten minutes is more than a sample, and
    /// 4 ms after a day.
    #[test]
    fn blocks_of_sound_follow_one_another_to_the_sample_after_a_day() {
        gst::init().unwrap();
        let format = StreamFormat { width: 64, height: 36, fps: 30 };
        for (codec, block, minutes) in [(AudioCodec::Aac, 1024, 10), (AudioCodec::Opus, 960, 2)] {
            let times = Arc::new(Mutex::new(Vec::new()));
            let on_packet: OnPacket = {
                let times = Arc::clone(&times);
                Arc::new(move |packet: Packet| times.lock().unwrap().push(Duration::from(packet.pts())))
            };
            let settings = AudioSettings { codec, bitrate_kbps: 96 };
            let encoder = SoundEncoder::start(&settings, &on_packet).unwrap();
            let day = 24 * 3600 * u64::from(format.fps);
            let mut sound = Sound::start(format.fps, day, Haste::Offline, Arc::new(|_| {})).unwrap();
            let mix = components::audio::Mix::default();
            sound.follow(&Arc::new(Soundtrack::default()), &mix).unwrap();
            let ticks = minutes * 60 * u64::from(format.fps);
            for tick in day..day + ticks {
                encoder.push(sound.up_to(tick, false).unwrap()).unwrap();
            }
            encoder.push_last(sound.finish().unwrap(), Duration::from_secs(60), &Leaving::default()).unwrap();

            let times = times.lock().unwrap();
            let sample = Duration::from_nanos(1_000_000_000_u64.div_ceil(RATE));
            // The first block of Opus is as much shorter as the encoder looks ahead.
            let (first, begins) = (times[1], format.presentation_time(day));
            let kept = Duration::from_nanos(BLOCKS * block * 1_000_000_000 / RATE);
            assert!(first.abs_diff(begins) <= kept, "{codec:?}: {first:?} instead of {begins:?}");
            for (number, time) in (0_u64..).zip(times.iter().skip(1)) {
                let due = first + Duration::from_nanos(number * block * 1_000_000_000 / RATE);
                assert!(time.abs_diff(due) <= sample, "{codec:?}: block {number} at {time:?} instead of {due:?}");
            }
            let enough = ticks * RATE / u64::from(format.fps) / block;
            assert!((enough..enough + BLOCKS).contains(&(times.len() as u64)), "{codec:?}: {} blocks", times.len());
        }
    }
}
