//! One encode of pictures: frames in, packets out.
//!
//! Frames go in without a copy and come out as they were numbered: the time of a frame follows from its tick, so a
//! skipped tick leaves a gap and nothing drifts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use gstreamer_video as gst_video;
use systems::Frame;

use super::{
    elements::{MissingElement, make},
    fault::EncoderFault,
    flight::Flight,
    key_frames::{KeyFrameClock, KeyFrameRequest},
    leaving::Leaving,
    packet::{Packet, Track},
    settings::{Codec, EncoderSettings},
    video_encoder::VideoEncoder,
};
use crate::engine::StreamFormat;

/// Takes every packet, on the encoders' own threads. Video and sound come on different ones.
pub(super) type OnPacket = Arc<dyn Fn(Packet) + Send + Sync>;

/// The encoder stopped working.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncoderError {
    /// A part of it is not installed.
    #[error(transparent)]
    Missing(#[from] MissingElement),
    /// Its parts do not fit together, as happens with a device that is not there.
    #[error("the encoder `{0}` could not be started")]
    NotStarted(&'static str),
    /// It reported an error while it ran.
    #[error("the encoder failed: {0}")]
    Failed(String),
    /// It took too long.
    #[error("the encoder did nothing for {:.1} seconds", .0.as_secs_f64())]
    Stalled(Duration),
}

/// A running encode.
pub(super) struct Encoder {
    pipeline: gst::Pipeline,
    video: AppSrc,
    /// What makes packets of frames, and what is known of it.
    element: gst::Element,
    kind: &'static VideoEncoder,
    flight: Arc<Flight>,
    format: StreamFormat,
    /// The tick whose frame is shown at time zero.
    origin: u64,
    key_frames: KeyFrameClock,
    /// Frames that it was given.
    given: u64,
    /// Frames that have come out.
    made: Arc<AtomicU64>,
}

impl Encoder {
    /// Starts an encode. Times count from tick `origin`.
    /// If there is a `size`, pictures are scaled to that, whatever theirs is.
    pub(super) fn start(
        encoder: &'static VideoEncoder,
        format: StreamFormat,
        size: Option<(usize, usize)>,
        settings: &EncoderSettings,
        origin: u64,
        on_packet: &OnPacket,
    ) -> Result<Self, EncoderError> {
        let pipeline = gst::Pipeline::new();
        let flight = Arc::new(Flight::default());
        let not_started = |_: glib::BoolError| EncoderError::NotStarted(encoder.element);

        let video = AppSrc::builder().caps(&video_caps(format)).format(gst::Format::Time).max_bytes(0).build();
        let caps = match encoder.codec {
            Codec::H264 => {
                gst::Caps::builder("video/x-h264").field("stream-format", "avc").field("alignment", "au").build()
            }
            Codec::Vp8 => gst::Caps::new_empty_simple("video/x-vp8"),
            Codec::Vp9 => gst::Caps::new_empty_simple("video/x-vp9"),
        };
        let key_frames = KeyFrameClock::new(settings.keyframe_interval_frames(format.fps), format.fps);
        let made = Arc::new(AtomicU64::new(0));
        let packets = packet_sink(Track::Video, &caps, &key_frames.watching(&counting(&made, on_packet)));
        let mut chain = vec![video.clone().upcast::<gst::Element>()];
        if let Some((width, height)) = size {
            let scaler = make("videoscale")?;
            scaler.set_property_from_str("method", "lanczos");
            scaler.set_property("add-borders", true);
            let filter = make("capsfilter")?;
            filter.set_property("caps", video_caps(StreamFormat { width, height, ..format }));
            chain.extend([scaler, filter]);
        }
        if encoder.converts {
            chain.push(make("videoconvert")?);
        }
        let element = encoder.build(settings, format.fps)?;
        chain.push(element.clone());
        if encoder.codec == Codec::H264 {
            chain.push(make("h264parse")?);
        }
        chain.push(packets.upcast());
        pipeline.add_many(&chain).map_err(not_started)?;
        gst::Element::link_many(&chain).map_err(not_started)?;

        Flight::watch(&flight, &pipeline);
        // From here on the pipeline is taken down when this is dropped.
        let kind = encoder;
        let this = Self { pipeline, video, element, kind, flight, format, origin, key_frames, given: 0, made };
        this.pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| this.flight.failure().unwrap_or(EncoderError::NotStarted(encoder.element)))?;
        Ok(this)
    }

    /// Gives the frame of `tick` to the encoder. Waits while the encoder is behind, for at most `patience`.
    ///
    /// From a frame of another size on the encoder makes pictures of that size; the first is a key frame.
    pub(super) fn push(&mut self, tick: u64, picture: &Arc<Frame>, patience: Duration) -> Result<(), EncoderError> {
        let tick = tick.saturating_sub(self.origin);
        let size = (picture.width(), picture.height());
        if size != (self.format.width, self.format.height) {
            self.format = StreamFormat { width: size.0, height: size.1, ..self.format };
            self.video.set_caps(Some(&video_caps(self.format)));
        }
        let held = Flight::board(&self.flight, Arc::clone(picture), patience)?;
        let mut buffer = gst::Buffer::from_slice(held);
        let (from, to) = (self.format.presentation_time(tick), self.format.presentation_time(tick + 1));
        if self.key_frames.is_due(tick) {
            // In line with the frames, so that it means the next one. A time would not do: `x264enc` compares it with times
            // that it has shifted.
            self.video.send_event(gst_video::DownstreamForceKeyUnitEvent::builder().build());
        }
        let writable = buffer.make_mut();
        writable.set_pts(clock_time(from));
        writable.set_duration(clock_time(to.saturating_sub(from)));
        self.video.push_buffer(buffer).map_err(|_| self.flight.failure_or_ended())?;
        self.given += 1;
        Ok(())
    }

    /// Changes the bitrate from the next frame on. Returns whether this encoder can; if not, it must be started anew.
    pub(super) fn set_bitrate(&self, kbps: u32) -> bool {
        self.kind.set_bitrate(&self.element, kbps)
    }

    /// Changes the distance of key frames from the next one on. Returns whether this encoder can; if not, it must be
    /// started anew.
    pub(super) fn set_keyframe_interval(&mut self, frames: u32) -> bool {
        self.key_frames.set_interval(frames);
        self.kind.set_keyframe_interval(&self.element, frames)
    }

    /// Frames that wait in it.
    pub(super) fn held(&self) -> u64 {
        self.flight.frames()
    }

    /// Frames that it was given and nothing has come of yet.
    pub(super) fn owed(&self) -> u64 {
        self.given.saturating_sub(self.made())
    }

    /// Frames that have come out of it.
    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Breaks it, to test what comes of that.
    pub(super) fn break_down(&self, fault: EncoderFault) {
        fault.happen_to(&self.element);
    }

    /// A way to ask for key frames that may outlive the encoder.
    pub(super) fn key_frame_request(&self) -> KeyFrameRequest {
        self.key_frames.request()
    }

    /// A way to end all waiting for this encoder: nobody takes its packets any more.
    pub(super) fn abandon(&self) -> impl Fn() + Send + Sync + use<> {
        let flight = Arc::clone(&self.flight);
        move || flight.fail("its packets are not taken".to_owned())
    }

    /// Has everything encoded that was pushed, and ends. All packets have been given out when this returns. One that does not
    /// end in time is left.
    pub(super) fn finish(self, patience: Duration, leaving: &Leaving) -> Result<(), EncoderError> {
        // An error here has been reported on the bus as well.
        let _ = self.video.end_of_stream();
        let outcome = self.flight.wait_for_end(patience);
        if outcome.is_err() {
            leaving.leave(self);
        }
        outcome
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Nothing in this pipeline waits for a peer, so this blocks only where the encoder hangs. It cannot fail on the way down.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn video_caps(format: StreamFormat) -> gst::Caps {
    let side = |pixels: usize| i32::try_from(pixels).unwrap_or(i32::MAX);
    gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", side(format.width))
        .field("height", side(format.height))
        .field("framerate", gst::Fraction::new(i32::try_from(format.fps).unwrap_or(1), 1))
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .field("interlace-mode", "progressive")
        .field("colorimetry", "bt709")
        .field("chroma-site", "jpeg")
        .build()
}

/// Counts the frames among the packets on their way.
fn counting(made: &Arc<AtomicU64>, on_packet: &OnPacket) -> OnPacket {
    let (made, on_packet) = (Arc::clone(made), Arc::clone(on_packet));
    Arc::new(move |packet| {
        if packet.track == Track::Video {
            made.fetch_add(1, Ordering::Relaxed);
        }
        on_packet(packet);
    })
}

/// Where packets come out of an encoder.
pub(super) fn packet_sink(track: Track, caps: &gst::Caps, on_packet: &OnPacket) -> AppSink {
    let on_packet = Arc::clone(on_packet);
    let callbacks = AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            if let Some(packet) = Packet::from_sample(track, &sample) {
                on_packet(packet);
            }
            Ok(gst::FlowSuccess::Ok)
        })
        .build();
    // Neither waits for the clock, nor for the other sink to have something.
    AppSink::builder().caps(caps).sync(false).async_(false).callbacks(callbacks).build()
}

fn clock_time(duration: Duration) -> gst::ClockTime {
    gst::ClockTime::try_from(duration).unwrap_or(gst::ClockTime::ZERO)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::output::video_encoder::software;

    #[test]
    fn frames_lie_in_memory_as_gstreamer_has_them() {
        gst::init().unwrap();
        for (width, height) in [(2, 2), (6, 2), (640, 360), (854, 480), (1366, 768), (1918, 1078), (1920, 1080)] {
            let frame = Frame::new(width, height);
            let format = StreamFormat { width, height, fps: 30 };
            let info = gst_video::VideoInfo::from_caps(&video_caps(format)).unwrap();
            assert_eq!(info.size(), frame.data().len(), "{width}x{height}");
            let strides: Vec<_> = info.stride().iter().map(|stride| usize::try_from(*stride).unwrap()).collect();
            assert_eq!(strides, [frame.y_stride(), frame.uv_stride(), frame.uv_stride()], "{width}x{height}");
            let (y, u, _) = frame.planes();
            assert_eq!(info.offset(), [0, y.len(), y.len() + u.len()], "{width}x{height}");
        }
    }

    /// What is noted of the packets that come out, and who notes it.
    fn noting<T: Send + 'static>(
        of: impl Fn(&Packet) -> Option<T> + Send + Sync + 'static,
    ) -> (Arc<Mutex<Vec<T>>>, OnPacket) {
        let noted = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&noted);
        (noted, Arc::new(move |packet: Packet| notes.lock().unwrap().extend(of(&packet))))
    }

    /// The tick of a key frame, at 30 frames a second.
    fn key_tick(packet: &Packet) -> Option<u64> {
        packet.is_key.then(|| (packet.pts().nseconds() as f64 * 30.0 / 1e9).round() as u64)
    }

    #[test]
    fn key_frames_are_where_they_should_be_to_the_frame_when_their_distance_changes() {
        gst::init().unwrap();
        let format = StreamFormat { width: 320, height: 180, fps: 30 };
        for codec in [Codec::H264, Codec::Vp8, Codec::Vp9] {
            let settings =
                EncoderSettings { codec, keyframe_interval: Duration::from_secs(1), ..EncoderSettings::default() };
            let (keys, on_packet) = noting(key_tick);
            let mut encoder = Encoder::start(software(codec), format, None, &settings, 0, &on_packet).unwrap();
            // Cuts to wholly other pictures, which make no key frames.
            let pictures = [16, 235].map(|luma| {
                let mut frame = Frame::new(format.width, format.height);
                frame.planes_mut().0.fill(luma);
                Arc::new(frame)
            });
            for tick in 0..700 {
                match tick {
                    100 => assert!(encoder.set_keyframe_interval(12)),
                    130 => assert!(encoder.set_keyframe_interval(400)),
                    _ => {}
                }
                let picture = &pictures[usize::from(tick % 50 > 20)];
                encoder.push(tick, picture, Duration::from_secs(60)).unwrap();
            }
            encoder.finish(Duration::from_secs(60), &Leaving::default()).unwrap();
            assert_eq!(*keys.lock().unwrap(), [0, 30, 60, 90, 102, 114, 126, 526], "{codec:?}");
        }
    }

    #[test]
    fn a_frame_is_shown_at_its_time_to_the_nanosecond_after_a_day() {
        gst::init().unwrap();
        for (codec, fps) in [(Codec::H264, 30), (Codec::H264, 60), (Codec::Vp8, 24), (Codec::Vp9, 7)] {
            let format = StreamFormat { width: 64, height: 36, fps };
            let (times, on_packet) = noting(|packet| Some(Duration::from(packet.pts())));
            let settings = EncoderSettings { codec, ..EncoderSettings::default() };
            let mut encoder = Encoder::start(software(codec), format, None, &settings, 500, &on_packet).unwrap();
            let picture = Arc::new(Frame::new(format.width, format.height));
            // What was encoded before makes no difference: each time follows from the number of its tick alone.
            let day = 24 * 3600 * u64::from(fps);
            let ticks: Vec<u64> = (0..40).chain(day..day + 40).collect();
            for tick in &ticks {
                encoder.push(500 + tick, &picture, Duration::from_secs(60)).unwrap();
            }
            encoder.finish(Duration::from_secs(60), &Leaving::default()).unwrap();
            let due: Vec<Duration> = ticks.iter().map(|tick| format.presentation_time(*tick)).collect();
            assert_eq!(*times.lock().unwrap(), due, "{codec:?} at {fps} a second");
        }
    }

    #[test]
    fn key_frames_come_in_time_however_many_frames_are_skipped() {
        gst::init().unwrap();
        let format = StreamFormat { width: 320, height: 180, fps: 30 };
        for codec in [Codec::H264, Codec::Vp8] {
            let settings =
                EncoderSettings { codec, keyframe_interval: Duration::from_secs(1), ..EncoderSettings::default() };
            let (keys, on_packet) = noting(key_tick);
            let mut encoder = Encoder::start(software(codec), format, None, &settings, 1000, &on_packet).unwrap();
            let picture = Arc::new(Frame::new(format.width, format.height));
            let patience = Duration::from_secs(60);
            // A third of the frames, none for ten seconds, and all of them.
            for tick in (0..100).step_by(3).chain(400..440) {
                encoder.push(1000 + tick, &picture, patience).unwrap();
            }
            encoder.finish(patience, &Leaving::default()).unwrap();
            assert_eq!(*keys.lock().unwrap(), [0, 30, 60, 90, 400, 430], "{codec:?}");
        }
    }
}
