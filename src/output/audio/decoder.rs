//! One sound file, decoded.
//!
//! What `decodebin` finds out about a file it finds out on several threads, and now and then, with AIFF one time in twenty, they
//! wait for one another for ever. So AIFF goes to its parser at once, and a file of which nothing comes is opened anew.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_app::AppSink;

use super::mixer::caps;
use crate::output::{elements::make, threads};

/// Buffers that wait decoded. Full: the decoder waits.
const AHEAD: u32 = 16;
/// How often to look whether anybody still listens.
const LOOK: Duration = Duration::from_millis(100);
/// A file that gives nothing for so long after it was opened is opened anew, and then after twice as long as the time before.
const FIRST_PATIENCE: Duration = Duration::from_secs(1);
/// How often it is.
const OPENED_ANEW: u32 = 3;
/// A decoder that gives nothing for so long gives nothing any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to do about a file that is none.
const REPLACE: &str = "replace it, or convert it to WAV or FLAC";
const CONVERT: &str = "convert it to WAV or FLAC";

/// A file that is being decoded.
pub(super) struct Decoder {
    path: PathBuf,
    /// How often it was opened anew.
    opened: u32,
    /// Whether it has given anything.
    has_begun: bool,
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
        let source = element("filesrc")?;
        source.set_property("location", path);
        let parser = is_aiff(path).then(|| make("aiffparse").ok()).flatten();
        let has_parser = parser.is_some();
        let decode = match parser {
            Some(parser) => parser,
            None => element("decodebin")?,
        };
        let (convert, resample) = (element("audioconvert")?, element("audioresample")?);
        let sink = AppSink::builder().caps(&caps()).sync(false).max_buffers(AHEAD).build();
        let tail = [convert.clone(), resample, sink.clone().upcast()];
        pipeline.add_many([&source, &decode]).map_err(told)?;
        pipeline.add_many(&tail).map_err(told)?;
        source.link(&decode).map_err(told)?;
        gst::Element::link_many(&tail).map_err(told)?;
        let tracks = Arc::new(Mutex::new(Tracks::default()));
        if has_parser {
            decode.link(&convert).map_err(told)?;
            look_at_caps(&decode, &tracks);
        } else {
            link_what_is_found(&decode, &convert, &tracks)?;
        }
        let path = path.to_owned();
        let this = Self { path, opened: 0, has_begun: false, pipeline, sink, alive: Instant::now(), tracks };
        this.pipeline.set_state(gst::State::Playing).map_err(|_| this.failure().unwrap_or_default())?;
        Ok(this)
    }

    /// Opens it anew if nothing has come since it was opened, and that is long ago.
    fn reopen(&mut self) -> Result<(), String> {
        let is_due = !self.has_begun && self.alive.elapsed() > FIRST_PATIENCE * (1 << self.opened);
        if is_due && self.opened < OPENED_ANEW {
            let mut anew = Self::open(&self.path)?;
            anew.opened = self.opened + 1;
            *self = anew;
        }
        Ok(())
    }

    /// What comes next. Waits a moment for it.
    pub(super) fn next(&mut self) -> Result<Decoded, String> {
        let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::try_from(LOOK).ok()) else {
            return match self.failure() {
                Some(failure) => Err(failure),
                None if self.sink.is_eos() => Ok(Decoded::End),
                None if self.alive.elapsed() > PATIENCE => {
                    Err(shortage().unwrap_or_else(|| format!("no sound comes out of it; {REPLACE}")))
                }
                None => self.reopen().map(|()| Decoded::Nothing),
            };
        };
        self.has_begun = true;
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
        if let Some(shortage) = shortage() {
            return Some(shortage);
        }
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

/// What is said where there are no threads for a decoder. GStreamer itself says then that there is no decoder, or nothing.
fn shortage() -> Option<String> {
    threads::afford_decoder().err().map(|error| threads::shortage(&error))
}

/// Whether a file begins as AIFF does (Audio Interchange File Format AIFF-C, `FORM` chunk).
fn is_aiff(path: &Path) -> bool {
    let mut head = [0; 12];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head.starts_with(b"FORM") && matches!(&head[8..], b"AIFF" | b"AIFC")
}

/// Takes note of the sound that comes out of `parser`.
fn look_at_caps(parser: &gst::Element, tracks: &Arc<Mutex<Tracks>>) {
    let Some(pad) = parser.static_pad("src") else { return };
    let found = Arc::clone(tracks);
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::EventView::Caps(event)) = info.event().map(|event| event.view()) {
            note(&found, event.caps().structure(0));
        }
        gst::PadProbeReturn::Ok
    });
}

/// Has `decode` give the first sound that it finds to `convert`.
fn link_what_is_found(
    decode: &gst::Element,
    convert: &gst::Element,
    tracks: &Arc<Mutex<Tracks>>,
) -> Result<(), String> {
    // Pictures on the sleeve are not decoded.
    decode.set_property("caps", gst::Caps::new_empty_simple("audio/x-raw"));
    decode.set_property("expose-all-streams", false);
    let into = convert.static_pad("sink").ok_or("`audioconvert` has no pad")?.downgrade();
    let found = Arc::clone(tracks);
    decode.connect("unknown-type", false, move |values| {
        let caps = values.get(2)?.get::<gst::Caps>().ok()?;
        let name = caps.structure(0)?.name().to_string();
        found.lock().unwrap_or_else(PoisonError::into_inner).unknown.push(name);
        None
    });
    let found = Arc::clone(tracks);
    decode.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps();
        let has_places = note(&found, caps.as_ref().and_then(|caps| caps.structure(0)));
        if let Some(into) = into.upgrade().filter(|into| has_places && !into.is_linked()) {
            // What cannot be linked makes the decoder report an error.
            let _ = pad.link(&into);
        }
    });
    Ok(())
}

/// Takes note of sound of this format. Returns whether it is known where its channels belong.
fn note(tracks: &Mutex<Tracks>, format: Option<&gst::StructureRef>) -> bool {
    let channels = format.and_then(|format| format.get::<i32>("channels").ok()).unwrap_or(1);
    let mask = format.and_then(|format| format.get::<gst::Bitmask>("channel-mask").ok());
    let has_places = channels <= 2 || mask.is_some_and(|mask| mask.0 != 0);
    let mut tracks = tracks.lock().unwrap_or_else(PoisonError::into_inner);
    (tracks.sound, tracks.is_placeless) = (Some(channels), !has_places);
    has_places
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a second of silence as AIFF: mono, 16 bits, 48 kHz.
    fn aiff() -> Vec<u8> {
        let sound = [0; 48_000];
        let chunk = |name: &[u8], body: &[u8]| [name, &u32::try_from(body.len()).unwrap().to_be_bytes(), body].concat();
        // Channels, samples, bits, and the rate as an 80-bit float.
        let common = [&[0, 1][..], &24_000_u32.to_be_bytes(), &[0, 16], &[0x40, 0x0e, 0xbb, 0x80, 0, 0, 0, 0, 0, 0]];
        let data = [&[0; 8][..], &sound].concat();
        chunk(b"FORM", &[b"AIFF", &chunk(b"COMM", &common.concat())[..], &chunk(b"SSND", &data)].concat())
    }

    #[test]
    fn aiff_is_decoded_each_time_and_need_not_be_opened_anew() {
        gst::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.aiff");
        std::fs::write(&path, aiff()).unwrap();
        for round in 0..60 {
            let mut decoder = Decoder::open(&path).unwrap();
            let mut count = 0;
            loop {
                match decoder.next().unwrap() {
                    Decoded::Samples(samples) => count += samples.len(),
                    Decoded::Nothing => {}
                    Decoded::End => break,
                }
            }
            assert_eq!((count, decoder.opened), (48_000, 0), "in round {round}");
        }
    }
}
