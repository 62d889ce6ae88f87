//! Silence as an encoder makes it, for while that makes nothing.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use gstreamer as gst;

use super::{
    audio::{CHANNELS, RATE},
    encoder::{EncoderError, OnPacket},
    link::lock,
    packet::Packet,
    settings::AudioSettings,
    sound_encoder::SoundEncoder,
};

/// Samples of silence that are encoded: half a second, so that the middle of it has nothing of its beginning or its end.
const SAMPLES: u64 = RATE / 2;
/// How long that may take: some milliseconds as a rule.
const PATIENCE: Duration = Duration::from_secs(2);

/// A run of encoded silence that fits among those of any encoder that was made with the same settings.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    run: Packet,
    /// More than nothing.
    lasts: gst::ClockTime,
}

impl Silence {
    /// Encodes it, which is done before it is needed.
    pub(super) fn encode(settings: &AudioSettings) -> Result<Self, EncoderError> {
        let made = Arc::new(Mutex::new(Vec::new()));
        let on_packet: OnPacket = {
            let made = Arc::clone(&made);
            Arc::new(move |packet| lock(&made).push(packet))
        };
        let encoder = SoundEncoder::start(settings, &on_packet)?;
        let bytes = SAMPLES * CHANNELS * size_of::<f32>() as u64;
        let mut buffer = gst::Buffer::from_slice(vec![0_u8; usize::try_from(bytes).unwrap_or(0)]);
        let writable = buffer.make_mut();
        writable.set_pts(gst::ClockTime::ZERO);
        writable.set_duration(gst::ClockTime::from_nseconds(SAMPLES * 1_000_000_000 / RATE));
        encoder.push_last(vec![buffer], PATIENCE)?;
        let made = lock(&made);
        let run = made.get(made.len() / 2).filter(|run| run.end() > run.pts());
        let run = run.ok_or_else(|| EncoderError::Failed("nothing comes of silence".to_owned()))?.clone();
        Ok(Self { lasts: run.end() - run.pts(), run })
    }

    /// That which begins at this time.
    pub(super) fn at(&self, time: gst::ClockTime) -> Packet {
        let mut run = self.run.clone();
        let writable = run.buffer.make_mut();
        writable.set_pts(time);
        writable.set_dts(time);
        run
    }

    /// How long a run of it lasts.
    pub(super) fn lasts(&self) -> gst::ClockTime {
        self.lasts
    }
}
