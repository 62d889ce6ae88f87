//! A player of an output that is sent at the same time: it notes when each beat is seen and heard.

use std::{
    fs::File,
    io::Read,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc, AppStreamType};

use super::marker;
use crate::output::{
    elements::{MissingElement, make},
    link::lock,
    running::Running,
};

/// Samples a second at which the sound is looked at.
const RATE: i32 = 48_000;
/// The click counts as heard from where it is half as loud as it becomes, on its way there, which takes this long …
const RISE: gst::ClockTime = gst::ClockTime::from_mseconds(20);
/// … and it is half of this loud then.
pub(super) const LOUD: f32 = 0.5;
/// A click is a new one after this much silence.
const SILENCE: gst::ClockTime = gst::ClockTime::from_mseconds(100);
/// How often a lost stream is tried again, and how often a file is looked at for more.
const RETRY: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(2);

/// What is played.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A stream on an RTMP server; the address holds its key.
    Rtmp(String),
    /// A file that is being written.
    File(PathBuf),
}

/// A beat that was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// Its number.
    pub(super) number: u8,
    /// When it is shown, on the timeline of the stream.
    pub(super) time: gst::ClockTime,
    /// When it was there.
    pub(super) at: Instant,
    /// Which connection it came by. Each has a timeline of its own.
    pub(super) connection: u32,
}

/// A click that was heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Click {
    /// When it is heard, on the timeline of the stream.
    pub(super) time: gst::ClockTime,
    /// Which connection it came by.
    pub(super) connection: u32,
}

/// What was seen and heard so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    pub(super) sights: Vec<Sight>,
    pub(super) clicks: Vec<Click>,
}

/// Plays until it is dropped; a stream that is lost is played again when it is back.
pub(super) struct Player {
    stop: Arc<AtomicBool>,
    noted: Arc<Mutex<Noted>>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    pub(super) fn start(source: Source) -> Result<Self, MissingElement> {
        for element in ["decodebin", "videoconvert", "videoscale", "audioconvert", "audioresample"] {
            make(element)?;
        }
        if matches!(source, Source::Rtmp(_)) {
            make("rtmp2src")?;
        }
        let (stop, noted) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Noted::default())));
        let thread = {
            let (stop, noted) = (Arc::clone(&stop), Arc::clone(&noted));
            std::thread::spawn(move || {
                let mut connection = 0;
                while !stop.load(Ordering::Relaxed) {
                    if let Err(why) = play(&source, connection, &stop, &noted) {
                        tracing::debug!("the player: {why}");
                    }
                    connection += 1;
                    std::thread::sleep(RETRY);
                }
            })
        };
        Ok(Self { stop, noted, thread: Some(thread) })
    }

    /// What was seen and heard so far.
    pub(super) fn noted(&self) -> Noted {
        lock(&self.noted).clone()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

/// One connection, to its end.
fn play(source: &Source, connection: u32, stop: &Arc<AtomicBool>, noted: &Arc<Mutex<Noted>>) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let pipeline = Running(gst::Pipeline::new());
    let decode = make("decodebin").map_err(|error| told(&error))?;
    let mut feeder = None;
    let input = match source {
        Source::Rtmp(url) => {
            let input = make("rtmp2src").map_err(|error| told(&error))?;
            input.set_property("location", url);
            input
        }
        Source::File(path) => {
            let input = AppSrc::builder().stream_type(AppStreamType::Stream).format(gst::Format::Bytes).build();
            let file = File::open(path).map_err(|error| told(&error))?;
            feeder = Some((input.clone(), file));
            input.upcast()
        }
    };
    pipeline.0.add_many([&input, &decode]).map_err(|error| told(&error))?;
    input.link(&decode).map_err(|error| told(&error))?;
    // A decoder that works on several frames at once holds each back.
    decode.connect("deep-element-added", false, |values| {
        let element = values.get(2)?.get::<gst::Element>().ok()?;
        if element.has_property("max-threads") {
            element.set_property_from_str("max-threads", "1");
        }
        None
    });
    let weak = pipeline.0.downgrade();
    let to = Arc::clone(noted);
    decode.connect_pad_added(move |_, pad| {
        if let Some(pipeline) = weak.upgrade()
            && let Err(error) = show(&pipeline, pad, connection, &to)
        {
            tracing::debug!("the player: {error}");
        }
    });
    pipeline.0.set_state(gst::State::Playing).map_err(|error| told(&error))?;
    let feeding = feeder.map(|(input, file)| {
        let stop = Arc::clone(stop);
        std::thread::spawn(move || follow(&input, file, &stop))
    });
    let bus = pipeline.0.bus().ok_or("it has no bus")?;
    let mut ended = Ok(());
    while !stop.load(Ordering::Relaxed) {
        let wait = gst::ClockTime::from_mseconds(50);
        match bus.timed_pop_filtered(wait, &[gst::MessageType::Error, gst::MessageType::Eos]) {
            None => {}
            Some(message) => {
                // What it says may hold the stream's key.
                if message.type_() == gst::MessageType::Error {
                    ended = Err("the stream was lost".to_owned());
                }
                break;
            }
        }
    }
    drop(pipeline);
    if let Some(feeding) = feeding {
        // One that panicked has nothing left to feed.
        let _ = feeding.join();
    }
    ended
}

/// Hands over a file as it grows.
fn follow(input: &AppSrc, mut file: File, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let mut bytes = vec![0; 64 << 10];
        match file.read(&mut bytes) {
            Ok(0) => std::thread::sleep(LOOK),
            Ok(count) => {
                bytes.truncate(count);
                if input.push_buffer(gst::Buffer::from_slice(bytes)).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

/// Links what reads a track to the decoder's pad.
fn show(pipeline: &gst::Pipeline, pad: &gst::Pad, connection: u32, noted: &Arc<Mutex<Noted>>) -> Result<(), String> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let kind = caps.structure(0).map(|format| format.name().to_string()).unwrap_or_default();
    let noted = Arc::clone(noted);
    let (converters, caps, callbacks) = if kind.starts_with("video/") {
        let (width, height) = marker::READ_SIZE;
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "GRAY8")
            .field("width", i32::try_from(width).unwrap_or(0))
            .field("height", i32::try_from(height).unwrap_or(0))
            .build();
        let mut was_seen = false;
        let callback = move |sink: &AppSink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let at = Instant::now();
            let number = number_in(&sample);
            if let (Some(number), false, Some(time)) = (number, was_seen, time_of(&sample)) {
                lock(&noted).sights.push(Sight { number, time, at, connection });
            }
            was_seen = number.is_some();
            Ok(gst::FlowSuccess::Ok)
        };
        (["videoscale", "videoconvert"], caps, AppSinkCallbacks::builder().new_sample(callback).build())
    } else {
        let caps = gst::Caps::builder("audio/x-raw")
            .field("format", "F32LE")
            .field("layout", "interleaved")
            .field("rate", RATE)
            .field("channels", 1)
            .build();
        let mut ear = Ear::default();
        let callback = move |sink: &AppSink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            for time in ear.hear(&sample) {
                lock(&noted).clicks.push(Click { time, connection });
            }
            Ok(gst::FlowSuccess::Ok)
        };
        (["audioconvert", "audioresample"], caps, AppSinkCallbacks::builder().new_sample(callback).build())
    };
    let sink = AppSink::builder().caps(&caps).sync(false).async_(false).callbacks(callbacks).build();
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let mut chain = Vec::new();
    for name in converters {
        chain.push(make(name).map_err(|error| words(&error))?);
    }
    chain.push(sink.upcast());
    pipeline.add_many(&chain).map_err(|error| words(&error))?;
    gst::Element::link_many(&chain).map_err(|error| words(&error))?;
    for element in chain.iter().rev() {
        element.sync_state_with_parent().map_err(|error| words(&error))?;
    }
    let first = chain.first().and_then(|first| first.static_pad("sink")).ok_or("no pad")?;
    pad.link(&first).map(|_| ()).map_err(|error| words(&error))
}

fn time_of(sample: &gst::Sample) -> Option<gst::ClockTime> {
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    segment.to_running_time(sample.buffer()?.pts()?)
}

fn number_in(sample: &gst::Sample) -> Option<u8> {
    let luma = sample.buffer()?.map_readable().ok()?;
    let stride = luma.len() / marker::READ_SIZE.1;
    marker::read(&luma, stride)
}

/// Finds where clicks begin.
#[derive(Debug, Default)]
struct Ear {
    /// When it was last loud.
    loud: Option<gst::ClockTime>,
}

impl Ear {
    fn hear(&mut self, sample: &gst::Sample) -> Vec<gst::ClockTime> {
        let Some(begin) = time_of(sample) else { return Vec::new() };
        let bytes = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
        let values = bytes.iter().flat_map(|bytes| bytes.chunks_exact(4)).map(|four| {
            let four = <[u8; 4]>::try_from(four).unwrap_or_default();
            f32::from_le_bytes(four).abs()
        });
        self.listen(begin, values)
    }

    fn listen(&mut self, begin: gst::ClockTime, values: impl Iterator<Item = f32>) -> Vec<gst::ClockTime> {
        let mut clicks = Vec::new();
        for (at, _) in (0_u64..).zip(values).filter(|(_, value)| *value > LOUD / 2.0) {
            let time = begin + gst::ClockTime::from_nseconds(at * 1_000_000_000 / 48_000);
            if self.loud.is_none_or(|loud| time.saturating_sub(loud) > SILENCE) {
                clicks.push(time.saturating_sub(RISE / 2));
            }
            self.loud = Some(time);
        }
        clicks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_are_heard_where_they_begin() {
        gst::init().unwrap();
        // Two clicks of 50 ms, a second apart, in blocks that do not begin with them.
        let value = |at: u64| {
            let into = at % 48_000;
            let rise = ((into as f32 - 4800.0) / 960.0).clamp(0.0, 1.0);
            let tone = (into as f32 * std::f32::consts::TAU / 48.0).sin();
            if into < 4800 + 2400 { LOUD * rise * tone } else { 0.0 }
        };
        let mut ear = Ear::default();
        let mut clicks = Vec::new();
        for block in 0..94_u64 {
            let begin = gst::ClockTime::from_nseconds(block * 1024 * 1_000_000_000 / 48_000);
            clicks.extend(ear.listen(begin, (0..1024).map(|at| value(block * 1024 + at).abs())));
        }
        assert_eq!(clicks.len(), 2);
        for (click, expected) in clicks.iter().zip([100, 1100]) {
            let expected = gst::ClockTime::from_mseconds(expected);
            assert!(click.nseconds().abs_diff(expected.nseconds()) < 2_000_000, "{click} instead of {expected}");
        }
    }
}
