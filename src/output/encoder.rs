//! One encode: frames in, packets of video and sound out.
//!
//! Frames go in without a copy and come out as they were numbered: the time of a frame follows from its tick, so a
//! skipped tick leaves a gap and nothing drifts.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use gstreamer_video as gst_video;
use systems::Frame;

use super::{
    audio,
    elements::{MissingElement, VideoEncoder, make},
    fault::EncoderFault,
    packet::{Packet, Track},
    settings::{AudioCodec, Codec, EncoderSettings},
};
use crate::engine::StreamFormat;

/// Frames that the encoder may hold. Full: [`Encoder::push`] waits. Few, since a frame that is held here is one that
/// the engine cannot draw into.
const IN_FLIGHT: usize = 3;

/// Takes every packet, on the encoder's own threads. Video and sound come on different ones.
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
    packets: AppSink,
    audio: Option<AppSrc>,
    flight: Arc<Flight>,
    format: StreamFormat,
    /// The tick whose frame is shown at time zero.
    origin: u64,
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
        let packets = packet_sink(Track::Video, &caps, on_packet);
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
        chain.push(packets.clone().upcast());
        pipeline.add_many(&chain).map_err(not_started)?;
        gst::Element::link_many(&chain).map_err(not_started)?;

        let audio = match &settings.audio {
            None => None,
            Some(audio) => {
                let source = AppSrc::builder().caps(&audio::caps()).format(gst::Format::Time).max_bytes(0).build();
                let (encoder, parser, caps) = match audio.codec {
                    AudioCodec::Aac => {
                        let caps = gst::Caps::builder("audio/mpeg").field("mpegversion", 4);
                        (make("avenc_aac")?, make("aacparse")?, caps.field("stream-format", "raw").build())
                    }
                    AudioCodec::Opus => {
                        (make("opusenc")?, make("opusparse")?, gst::Caps::new_empty_simple("audio/x-opus"))
                    }
                };
                encoder.set_property_from_str("bitrate", &(u64::from(audio.bitrate_kbps) * 1000).to_string());
                let sink = packet_sink(Track::Audio, &caps, on_packet);
                let chain = [source.clone().upcast(), make("audioconvert")?, encoder, parser, sink.upcast()];
                pipeline.add_many(&chain).map_err(not_started)?;
                gst::Element::link_many(&chain).map_err(not_started)?;
                Some(source)
            }
        };

        let bus = pipeline.bus();
        if let Some(bus) = bus {
            let flight = Arc::clone(&flight);
            bus.set_sync_handler(move |_, message| {
                match message.view() {
                    gst::MessageView::Error(error) => flight.fail(error.error().to_string()),
                    gst::MessageView::Eos(_) => flight.end(),
                    _ => {}
                }
                gst::BusSyncReply::Drop
            });
        }
        // From here on the pipeline is taken down when this is dropped.
        let kind = encoder;
        let this = Self { pipeline, video, element, kind, packets, audio, flight, format, origin };
        this.pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| this.flight.failure().unwrap_or(EncoderError::NotStarted(encoder.element)))?;
        Ok(this)
    }

    /// Gives the frame of `tick` to the encoder, and the sound that goes with it. Waits while the encoder is behind,
    /// for at most `patience`.
    ///
    /// From a frame of another size on the encoder makes pictures of that size; the first is a key frame. Sound goes on
    /// as if nothing had happened.
    pub(super) fn push(
        &mut self,
        tick: u64,
        picture: &Arc<Frame>,
        sound: Vec<gst::Buffer>,
        patience: Duration,
    ) -> Result<(), EncoderError> {
        let tick = tick.saturating_sub(self.origin);
        let size = (picture.width(), picture.height());
        if size != (self.format.width, self.format.height) {
            self.format = StreamFormat { width: size.0, height: size.1, ..self.format };
            self.video.set_caps(Some(&video_caps(self.format)));
        }
        let held = Flight::board(&self.flight, Arc::clone(picture), patience)?;
        // Sound first: muxers wait for it before they let the frame out.
        self.push_sound(sound)?;
        let mut buffer = gst::Buffer::from_slice(held);
        let (from, to) = (self.format.presentation_time(tick), self.format.presentation_time(tick + 1));
        let writable = buffer.make_mut();
        writable.set_pts(clock_time(from));
        writable.set_duration(clock_time(to.saturating_sub(from)));
        self.video.push_buffer(buffer).map(|_| ()).map_err(|_| self.flight.failure_or_ended())
    }

    /// Changes the bitrate from the next frame on. Returns whether this encoder can; if not, it must be started anew.
    pub(super) fn set_bitrate(&self, kbps: u32) -> bool {
        self.kind.set_bitrate(&self.element, kbps)
    }

    /// Changes the distance of key frames from the next one on. Returns whether this encoder can; if not, it must be
    /// started anew.
    pub(super) fn set_keyframe_interval(&self, frames: u32) -> bool {
        self.kind.set_keyframe_interval(&self.element, frames)
    }

    /// Gives sound to the encoder.
    pub(super) fn push_sound(&self, sound: Vec<gst::Buffer>) -> Result<(), EncoderError> {
        let Some(source) = &self.audio else { return Ok(()) };
        for buffer in sound {
            source.push_buffer(buffer).map_err(|_| self.flight.failure_or_ended())?;
        }
        Ok(())
    }

    /// Frames that it holds.
    pub(super) fn held(&self) -> u64 {
        self.flight.state.lock().unwrap_or_else(PoisonError::into_inner).frames as u64
    }

    /// Breaks it, to test what comes of that.
    pub(super) fn break_down(&self, fault: EncoderFault) {
        fault.happen_to(&self.element);
    }

    /// A way to ask for key frames that may outlive the encoder.
    pub(super) fn key_frame_request(&self) -> KeyFrameRequest {
        KeyFrameRequest(self.packets.downgrade())
    }

    /// A way to end all waiting for this encoder: nobody takes its packets any more.
    pub(super) fn abandon(&self) -> impl Fn() + Send + Sync + use<> {
        let flight = Arc::clone(&self.flight);
        move || flight.fail("its packets are not taken".to_owned())
    }

    /// Has everything encoded that was pushed, and ends. All packets have been given out when this returns.
    pub(super) fn finish(self, patience: Duration) -> Result<(), EncoderError> {
        // An error here has been reported on the bus as well.
        let _ = self.video.end_of_stream();
        if let Some(source) = &self.audio {
            let _ = source.end_of_stream();
        }
        self.flight.wait_for_end(patience)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Nothing in this pipeline waits for a peer, so this does not block. It cannot fail on the way down.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Asks an encoder for a key frame.
#[derive(Clone, Debug)]
pub(super) struct KeyFrameRequest(glib::WeakRef<AppSink>);

impl KeyFrameRequest {
    /// Has the next frame encoded as a key frame, if the encoder is still there.
    pub(super) fn send(&self) {
        if let Some(sink) = self.0.upgrade() {
            sink.send_event(gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build());
        }
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

fn packet_sink(track: Track, caps: &gst::Caps, on_packet: &OnPacket) -> AppSink {
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

/// The frames that the encoder holds, and how it is doing.
#[derive(Default)]
struct Flight {
    state: Mutex<FlightState>,
    changed: Condvar,
}

#[derive(Default)]
struct FlightState {
    frames: usize,
    failure: Option<String>,
    ended: bool,
}

impl Flight {
    /// Waits until there is room for one more frame.
    fn board(flight: &Arc<Self>, frame: Arc<Frame>, patience: Duration) -> Result<HeldFrame, EncoderError> {
        let state = flight.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut state, _) = flight
            .changed
            .wait_timeout_while(state, patience, |state| state.frames >= IN_FLIGHT && state.failure.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = &state.failure {
            return Err(EncoderError::Failed(failure.clone()));
        }
        if state.frames >= IN_FLIGHT {
            return Err(EncoderError::Stalled(patience));
        }
        state.frames += 1;
        drop(state);
        Ok(HeldFrame { frame, flight: Arc::clone(flight) })
    }

    fn update(&self, change: impl FnOnce(&mut FlightState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn fail(&self, message: String) {
        self.update(|state| {
            state.failure.get_or_insert(message);
        });
    }

    fn end(&self) {
        self.update(|state| state.ended = true);
    }

    fn failure(&self) -> Option<EncoderError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failure.clone().map(EncoderError::Failed)
    }

    fn failure_or_ended(&self) -> EncoderError {
        self.failure().unwrap_or_else(|| EncoderError::Failed("it takes no more frames".to_owned()))
    }

    fn wait_for_end(&self, patience: Duration) -> Result<(), EncoderError> {
        let deadline = Instant::now() + patience;
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = self
            .changed
            .wait_timeout_while(state, deadline.saturating_duration_since(Instant::now()), |state| {
                !state.ended && state.failure.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        match (&state.failure, state.ended) {
            (Some(failure), _) => Err(EncoderError::Failed(failure.clone())),
            (None, true) => Ok(()),
            (None, false) => Err(EncoderError::Stalled(patience)),
        }
    }
}

/// A frame in the encoder's hands. The buffer is the frame itself; it is given back when the encoder lets go of it.
struct HeldFrame {
    frame: Arc<Frame>,
    flight: Arc<Flight>,
}

impl AsRef<[u8]> for HeldFrame {
    fn as_ref(&self) -> &[u8] {
        self.frame.data()
    }
}

impl Drop for HeldFrame {
    fn drop(&mut self) {
        self.flight.update(|state| state.frames = state.frames.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
