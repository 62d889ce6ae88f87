//! One sound file, decoded.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_app::AppSink;

use super::mixer::caps;
use crate::output::elements::make;

/// Buffers that wait decoded. Full: the decoder waits.
const AHEAD: u32 = 16;
/// How often to look whether anybody still listens.
const LOOK: Duration = Duration::from_millis(100);
/// A decoder that gives nothing for so long gives nothing any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to do about a file that is none.
const REPLACE: &str = "replace it, or convert it to WAV or FLAC";
const CONVERT: &str = "convert it to WAV or FLAC";

/// A file that is being decoded.
pub(super) struct Decoder {
    pipeline: gst::Pipeline,
    sink: AppSink,
    alive: Instant,
    tracks: Arc<Mutex<Tracks>>,
}

/// What was found in the file.
#[derive(Default)]
struct Tracks {
    /// Types that nothing here decodes.
    unknown: Vec<String>,
    /// Channels of the sound.
    sound: Option<i32>,
    /// Whether it is not known where its channels belong.
    is_placeless: bool,
}

/// What a decoder gives.
pub(super) enum Decoded {
    /// Stereo samples.
    Samples(Vec<f32>),
    /// Nothing yet: look whether anybody still listens, and ask again.
    Nothing,
    /// The file is at its end.
    End,
}

impl Decoder {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let told = |error: glib::BoolError| error.to_string();
        let pipeline = gst::Pipeline::new();
        let element = |name| make(name).map_err(|error| error.to_string());
        let (source, decode) = (element("filesrc")?, element("decodebin")?);
        source.set_property("location", path);
        // Pictures on the sleeve are not decoded.
        decode.set_property("caps", gst::Caps::new_empty_simple("audio/x-raw"));
        decode.set_property("expose-all-streams", false);
        let (convert, resample) = (element("audioconvert")?, element("audioresample")?);
        let sink = AppSink::builder().caps(&caps()).sync(false).max_buffers(AHEAD).build();
        let tail = [convert.clone(), resample, sink.clone().upcast()];
        pipeline.add_many([&source, &decode]).map_err(told)?;
        pipeline.add_many(&tail).map_err(told)?;
        source.link(&decode).map_err(told)?;
        gst::Element::link_many(&tail).map_err(told)?;
        let into = convert.static_pad("sink").ok_or("`audioconvert` has no pad")?.downgrade();
        let tracks = Arc::new(Mutex::new(Tracks::default()));
        let found = Arc::clone(&tracks);
        decode.connect("unknown-type", false, move |values| {
            let caps = values.get(2)?.get::<gst::Caps>().ok()?;
            let name = caps.structure(0)?.name().to_string();
            found.lock().unwrap_or_else(PoisonError::into_inner).unknown.push(name);
            None
        });
        let found = Arc::clone(&tracks);
        decode.connect_pad_added(move |_, pad| {
            let caps = pad.current_caps();
            let structure = caps.as_ref().and_then(|caps| caps.structure(0));
            let channels = structure.and_then(|structure| structure.get::<i32>("channels").ok()).unwrap_or(1);
            let mask = structure.and_then(|structure| structure.get::<gst::Bitmask>("channel-mask").ok());
            let has_places = channels <= 2 || mask.is_some_and(|mask| mask.0 != 0);
            {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                (found.sound, found.is_placeless) = (Some(channels), !has_places);
            }
            if let Some(into) = into.upgrade().filter(|into| has_places && !into.is_linked()) {
                // What cannot be linked makes the decoder report an error.
                let _ = pad.link(&into);
            }
        });
        let this = Self { pipeline, sink, alive: Instant::now(), tracks };
        this.pipeline.set_state(gst::State::Playing).map_err(|_| this.failure().unwrap_or_default())?;
        Ok(this)
    }

    /// What comes next. Waits a moment for it.
    pub(super) fn next(&mut self) -> Result<Decoded, String> {
        let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::try_from(LOOK).ok()) else {
            return match self.failure() {
                Some(failure) => Err(failure),
                None if self.sink.is_eos() => Ok(Decoded::End),
                None if self.alive.elapsed() > PATIENCE => Err(format!("no sound comes out of it; {REPLACE}")),
                None => Ok(Decoded::Nothing),
            };
        };
        self.alive = Instant::now();
        let buffer = sample.buffer().and_then(|buffer| buffer.map_readable().ok()).ok_or("it cannot be read")?;
        Ok(Decoded::Samples(samples(&buffer)))
    }

    fn failure(&self) -> Option<String> {
        let tracks = self.tracks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channels) = tracks.sound.filter(|_| tracks.is_placeless) {
            return Some(format!(
                "its {channels} channels cannot be told apart into left and right; mix them down to stereo"
            ));
        }
        let message = self.pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        let gst::MessageView::Error(error) = message.view() else { return None };
        let error = error.error();
        Some(if error.matches(gst::StreamError::TypeNotFound) || error.matches(gst::StreamError::WrongType) {
            format!("it is no sound of a known kind; {REPLACE}")
        } else if let Some(codec) = tracks.unknown.iter().find(|name| name.starts_with("audio/")) {
            format!(
                "there is no decoder for `{codec}` on this machine; install a GStreamer plug-in for it, or {CONVERT}"
            )
        } else if tracks.sound.is_none() && error.matches(gst::CoreError::MissingPlugin) {
            format!("there is no sound in it; {REPLACE}")
        } else {
            format!("it is damaged ({}); {REPLACE}", error.message().trim_end_matches('.'))
        })
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // It cannot fail on the way down.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Samples as they lie in memory.
pub(super) fn samples(bytes: &[u8]) -> Vec<f32> {
    let (samples, _) = bytes.as_chunks::<4>();
    samples.iter().map(|sample| f32::from_le_bytes(*sample)).collect()
}
