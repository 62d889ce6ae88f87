//! The sum of all tracks, by GStreamer's `audiomixer`.
//!
//! Every input, and a floor of silence, gets exactly the same number of samples before anything is taken out, so that
//! the mixer never waits for one of them and each sample is added to those of its own time.

use std::time::{Duration, Instant};

use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_app::{AppSink, AppSrc};

use super::{
    clock::{CHANNELS, RATE, time_of},
    decoder::samples,
};
use crate::output::elements::{MissingElement, make};

/// Samples of a block that the mixer gives out: 10 ms. What is left of the last comes with the next, or at the end.
pub(super) const BLOCK: u64 = RATE / 100;
/// How long the mixer may take for what is a matter of microseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The mixer stopped working.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::output) enum MixError {
    #[error(transparent)]
    Missing(#[from] MissingElement),
    #[error("the sound mixer failed: {0}")]
    Failed(String),
}

impl From<glib::BoolError> for MixError {
    fn from(error: glib::BoolError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A running mix.
pub(super) struct Mixer {
    pipeline: gst::Pipeline,
    mixer: gst::Element,
    floor: AppSrc,
    /// Inputs that nobody has at present, silent ones. They are kept for whoever comes next: an element of GStreamer 1.22 that
    /// loses an input while it mixes may look at it once more.
    spare: Vec<Input>,
    sink: AppSink,
    /// Samples that were put in.
    filled: u64,
    /// Samples that were taken out.
    taken: u64,
}

/// One who is mixed.
#[derive(Debug)]
pub(super) struct Input(AppSrc);

/// Stereo, as floating point numbers: a sum above full scale is no loss.
pub(in crate::output) fn caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "F32LE")
        .field("layout", "interleaved")
        .field("rate", i32::try_from(RATE).unwrap_or(0))
        .field("channels", i32::try_from(CHANNELS).unwrap_or(0))
        .field("channel-mask", gst::Bitmask::new(3))
        .build()
}

fn source() -> AppSrc {
    AppSrc::builder().caps(&caps()).format(gst::Format::Time).max_bytes(0).build()
}

impl Mixer {
    pub(super) fn new() -> Result<Self, MixError> {
        let pipeline = gst::Pipeline::new();
        let mixer = make("audiomixer")?;
        mixer.set_property("output-buffer-duration", 10 * gst::ClockTime::MSECOND.nseconds());
        let sink = AppSink::builder().caps(&caps()).sync(false).async_(false).build();
        pipeline.add_many([&mixer, sink.upcast_ref()])?;
        mixer.link(&sink)?;
        let floor = source();
        pipeline.add(&floor)?;
        floor.link(&mixer)?;
        let this = Self { pipeline, mixer, floor, spare: Vec::new(), sink, filled: 0, taken: 0 };
        this.pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| MixError::Failed("it could not be started".to_owned()))?;
        Ok(this)
    }

    /// A new input, silent up to now.
    pub(super) fn add(&mut self) -> Result<Input, MixError> {
        if let Some(input) = self.spare.pop() {
            return Ok(input);
        }
        let source = source();
        self.pipeline.add(&source)?;
        let no_pad = || MixError::Failed("it takes no more inputs".to_owned());
        let pad = self.mixer.request_pad_simple("sink_%u").ok_or_else(no_pad)?;
        let out = source.static_pad("src").ok_or_else(no_pad)?;
        out.link(&pad).map_err(|error| MixError::Failed(error.to_string()))?;
        source.sync_state_with_parent()?;
        Ok(Input(source))
    }

    /// Ends an input. What it has in the mixer should be silence.
    pub(super) fn remove(&mut self, input: Input) {
        self.spare.push(input);
    }

    /// Mixes the next `count` samples; each of `tracks` has so many. Returns the mix, in whole blocks.
    pub(super) fn mix<'a>(
        &mut self,
        count: usize,
        tracks: impl Iterator<Item = (&'a Input, &'a [f32])>,
    ) -> Result<Vec<f32>, MixError> {
        let (from, to) = (time_of(self.filled), time_of(self.filled + count as u64));
        let buffer = |samples: Vec<u8>| {
            let mut buffer = gst::Buffer::from_slice(samples);
            let writable = buffer.make_mut();
            writable.set_pts(from);
            writable.set_duration(to - from);
            buffer
        };
        for (input, samples) in tracks {
            input.0.push_buffer(buffer(bytes(samples))).map_err(|error| self.failure(&error.to_string()))?;
        }
        let silence = buffer(vec![0; count * CHANNELS as usize * size_of::<f32>()]);
        for source in self.spare.iter().map(|input| &input.0).chain([&self.floor]) {
            source.push_buffer(silence.clone()).map_err(|error| self.failure(&error.to_string()))?;
        }
        self.filled += count as u64;
        self.take(self.filled / BLOCK * BLOCK)
    }

    /// Takes out what is left.
    pub(super) fn finish<'a>(&mut self, inputs: impl Iterator<Item = &'a Input>) -> Result<Vec<f32>, MixError> {
        let spare = self.spare.iter().map(|input| &input.0);
        for source in inputs.map(|input| &input.0).chain(spare).chain([&self.floor]) {
            source.end_of_stream().map_err(|error| self.failure(&error.to_string()))?;
        }
        self.take(self.filled)
    }

    /// Takes out what there is up to this sample.
    fn take(&mut self, until: u64) -> Result<Vec<f32>, MixError> {
        let mut mix = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while self.taken < until {
            let left = deadline.saturating_duration_since(Instant::now());
            let sample = self.sink.try_pull_sample(gst::ClockTime::try_from(left).ok());
            let sample = sample.ok_or_else(|| self.failure("it gives nothing"))?;
            let buffer = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
            let block = samples(&buffer.ok_or_else(|| self.failure("its sound cannot be read"))?);
            self.taken += block.len() as u64 / CHANNELS;
            mix.extend(block);
        }
        Ok(mix)
    }

    /// What went wrong, in the pipeline's words if it has some.
    fn failure(&self, otherwise: &str) -> MixError {
        let message = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        let told = message.and_then(|message| match message.view() {
            gst::MessageView::Error(error) => Some(error.error().to_string()),
            _ => None,
        });
        MixError::Failed(told.unwrap_or_else(|| otherwise.to_owned()))
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        // Nothing in this pipeline waits for a peer. It cannot fail on the way down.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Samples as they lie in memory.
pub(super) fn bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}
