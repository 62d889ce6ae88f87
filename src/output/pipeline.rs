//! The pipeline of one output: packets in, a muxer, and whatever takes the bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSrc;

pub use super::error::OutputError;
use super::{
    connecting::{Connecting, Socket},
    inlet::Inlet,
    split::Split,
    threads::Errand,
    unsent,
};

/// Packets that may wait where the encoder can wait too. More than the sound of the frames that the encoder holds, so
/// that one track never waits for the other.
const OFFLINE_PACKETS: u64 = 64;
/// How long a sink may take to notice that its connection was ended.
const NOTICE: Duration = Duration::from_secs(5);

/// Whether the encoder may be held up by an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Never: what does not fit is left out. So many frames may wait.
    Live { frames: u64 },
    /// As long as it takes: nothing is left out.
    Offline,
}

/// A muxer and a sink that belong together.
pub(super) struct MuxAndSink {
    pub(super) mux: gst::Element,
    /// Names of the muxer's pads for video and for sound.
    pub(super) pads: (&'static str, &'static str),
    /// What brings frames into the form that the muxer takes, if that is another one than the encoder's.
    pub(super) video_parser: Option<gst::Element>,
    pub(super) sink: gst::Element,
    /// Whether the sink has work with headers. One that waits for its peer keeps them until the first packet comes.
    pub(super) takes_headers: bool,
    /// Whether the sink connects before the first packet comes, and has sent bytes by its `stats` only when its peer has
    /// taken the stream.
    pub(super) tells_when_taken: bool,
    /// How often the peer has answered to what it got, if the sink knows that.
    pub(super) answers: Option<fn(&gst::Element) -> Option<u64>>,
    /// Whether all that goes in must be of one format, as in most containers.
    pub(super) holds_one_format: bool,
    /// When all that went in is enough.
    pub(super) split: Split,
}

/// What came over the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PipelineEvent {
    /// The peer or the disk gave up. Words of GStreamer, details after them; may hold secrets.
    Error(String),
    /// All bytes are where they belong.
    End,
}

/// The pipeline of one output.
pub(super) struct OutputPipeline {
    pipeline: gst::Pipeline,
    bus: gst::Bus,
    inlet: Inlet,
    sink: gst::Element,
    /// Whether the sink's statistics are there only when its peer has taken the stream.
    tells_when_taken: bool,
    answers: Option<fn(&gst::Element) -> Option<u64>>,
    passed: Arc<AtomicU64>,
    /// How its sink connects, where to stop it meanwhile would lose the connection.
    connecting: Option<Connecting>,
    has_failed: AtomicBool,
}

impl OutputPipeline {
    /// Builds and starts it. It then opens its file or connects in its own time.
    pub(super) fn start(parts: &MuxAndSink, has_audio: bool, pace: Pace) -> Result<Self, OutputError> {
        let pipeline = gst::Pipeline::new();
        let source = || {
            let builder = AppSrc::builder().format(gst::Format::Time).max_bytes(0);
            match pace {
                Pace::Live { .. } => builder.build(),
                Pace::Offline => builder.max_buffers(OFFLINE_PACKETS).block(true).build(),
            }
        };
        let video = source();
        let audio = has_audio.then(source);
        let broken = |_| OutputError::Unlinkable;
        pipeline.add_many([&parts.mux, &parts.sink]).map_err(broken)?;
        parts.mux.link(&parts.sink).map_err(broken)?;
        let tracks = [(Some(&video), parts.video_parser.as_ref(), parts.pads.0), (audio.as_ref(), None, parts.pads.1)];
        for (source, parser, pad) in tracks {
            if let Some(source) = source {
                pipeline.add(source).map_err(broken)?;
                let to = parts.mux.request_pad_simple(pad).ok_or(OutputError::Unlinkable)?;
                if let Some(parser) = parser {
                    pipeline.add(parser).map_err(broken)?;
                    source.link(parser).map_err(broken)?;
                }
                let last = parser.unwrap_or_else(|| source.upcast_ref());
                let from = last.static_pad("src").ok_or(OutputError::Unlinkable)?;
                from.link(&to).map_err(|_| OutputError::Unlinkable)?;
            }
        }
        let passed = Arc::new(AtomicU64::new(0));
        if let Some(pad) = parts.sink.static_pad("sink") {
            let passed = Arc::clone(&passed);
            let takes_headers = parts.takes_headers;
            pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, info| {
                let is_header = info.buffer().is_some_and(|buffer| buffer.flags().contains(gst::BufferFlags::HEADER));
                if takes_headers || !is_header {
                    passed.fetch_add(1, Ordering::Relaxed);
                }
                gst::PadProbeReturn::Ok
            });
        }
        let bus = pipeline.bus().ok_or(OutputError::Unlinkable)?;
        let full = match pace {
            Pace::Live { frames } => frames,
            Pace::Offline => u64::MAX,
        };
        let inlet = Inlet::new(video, audio, full, parts.holds_one_format, parts.split);
        let (sink, tells_when_taken, answers) = (parts.sink.clone(), parts.tells_when_taken, parts.answers);
        let play = || pipeline.set_state(gst::State::Playing);
        let (connecting, played) = if tells_when_taken {
            let (host, port) = (sink.property::<Option<String>>("host"), sink.property::<i32>("port"));
            let (connecting, played) =
                Connecting::watch(host.unwrap_or_default(), u32::try_from(port).unwrap_or_default(), &bus, play);
            (Some(connecting), played)
        } else {
            (None, play())
        };
        let has_failed = AtomicBool::new(false);
        let this = Self { pipeline, bus, inlet, sink, tells_when_taken, answers, passed, connecting, has_failed };
        if played.is_err() {
            let event = this.event(Duration::ZERO);
            drop(this.take_down());
            return Err(match event {
                Some(PipelineEvent::Error(text)) => OutputError::Failed(text),
                // Its parts start whatever they are given to send, unless they lack what to run on.
                _ => OutputError::NotStarted,
            });
        }
        Ok(this)
    }

    /// Where packets go in.
    pub(super) fn inlet(&self) -> Inlet {
        self.inlet.clone()
    }

    /// The next thing that happened, waiting for it at most this long.
    pub(super) fn event(&self, patience: Duration) -> Option<PipelineEvent> {
        let patience = gst::ClockTime::try_from(patience).unwrap_or(gst::ClockTime::ZERO);
        let message = self.bus.timed_pop_filtered(patience, &[gst::MessageType::Error, gst::MessageType::Eos])?;
        Some(match message.view() {
            gst::MessageView::Error(error) => {
                self.has_failed.store(true, Ordering::Relaxed);
                let details = error.debug().map_or_else(String::new, |text| format!("\n{text}"));
                PipelineEvent::Error(format!("{}{details}", error.error()))
            }
            _ => PipelineEvent::End,
        })
    }

    /// Calls `tell` as soon as anything fails, on the thread on which it does. [`event`](Self::event) says what.
    pub(super) fn on_failure(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.bus.set_sync_handler(move |_, message| {
            if message.type_() == gst::MessageType::Error {
                tell();
            }
            gst::BusSyncReply::Pass
        });
    }

    /// Buffers that reached the sink. The sink takes one when it is done with the one before.
    pub(super) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Whether [`is_taken`](Self::is_taken) says anything.
    pub(super) fn tells_when_taken(&self) -> bool {
        self.tells_when_taken
    }

    /// Whether the peer has taken the stream, of which it may have got nothing yet.
    pub(super) fn is_taken(&self) -> bool {
        let sent = || self.sink.property::<Option<gst::Structure>>("stats")?.get::<u64>("out-bytes-total").ok();
        self.tells_when_taken && sent().is_some_and(|bytes| bytes > 0)
    }

    /// The socket that it sends by, if that is known.
    pub(super) fn socket(&self) -> Option<Socket> {
        self.connecting.as_ref().and_then(Connecting::socket)
    }

    /// Whether the host of the peer has answered, which has then to take the stream still.
    pub(super) fn is_answered(&self) -> bool {
        self.socket().is_some_and(Socket::is_connected)
    }

    /// Bytes that the peer has said since it was connected to; `None` if that is not known.
    pub(super) fn heard(&self) -> Option<u64> {
        self.socket().and_then(unsent::heard)
    }

    /// Ends the connection from below: a sink that is kept busy by what its peer says does not end it by itself.
    pub(super) fn cut_off(&self) {
        if let Some(connecting) = &self.connecting {
            connecting.give_up();
        }
    }

    /// How often the peer has answered to what it got; `None` if that is not known.
    pub(super) fn answers(&self) -> Option<u64> {
        self.answers.and_then(|answers| answers(&self.sink))
    }

    /// What the sink has counted, if it counts anything.
    pub(super) fn stats(&self) -> Option<gst::Structure> {
        self.sink.has_property("stats").then(|| self.sink.property("stats")).flatten()
    }

    /// Ends the pipeline. A sink can hold this up, for example while it connects, so it happens on a thread of its
    /// own.
    pub(super) fn take_down(self) -> Errand {
        self.take_down_and(|| ())
    }

    /// The same, and does something as soon as it is down.
    pub(super) fn take_down_and(self, then: impl FnOnce() + Send + 'static) -> Errand {
        Errand::begin("end-output", move || {
            self.end_connection();
            // It cannot fail on the way down.
            let _ = self.pipeline.set_state(gst::State::Null);
            then();
        })
    }

    /// Ends a connection by which nothing is sent yet, and waits until the sink knows. One that has failed has known it since.
    fn end_connection(&self) {
        let Some(connecting) = self.connecting.as_ref().filter(|_| !self.is_taken()) else { return };
        let is_open = || !self.has_failed.load(Ordering::Relaxed) && !self.is_taken();
        if connecting.give_up() {
            let until = Instant::now() + NOTICE;
            while is_open() && Instant::now() < until {
                self.event(NOTICE / 50);
            }
        }
    }
}
