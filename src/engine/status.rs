//! How the parts of the service are doing, and what happens to them, as clients are told.

use std::time::{Duration, Instant};

use components::{SceneId, Transition, animation::trigger::EventName, layer::LayerId};
use schemars::JsonSchema;
use serde::Serialize;

use super::{EncodeTimes, Shedding, Transport};

/// What an output is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OutputState {
    /// It does nothing.
    Stopped,
    /// It opens its file or connects for the first time.
    Starting,
    /// Pictures go out.
    Started,
    /// It finishes what it has.
    Stopping,
    /// It lost its peer and waits to try again.
    Reconnecting,
    /// It gave up.
    Failed,
}

/// What kind of thing went wrong with an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OutputErrorKind {
    /// Its peer cannot be reached, or was lost: it is tried again for as long as the output may.
    Network,
    /// Its peer says that it does not want the stream: the key or the address is wrong. It is tried a few times only.
    Refused,
    /// Its peer is there, and closes the connection without a word as soon as the stream is to begin: that is what a wrong key
    /// looks like with many servers, and how some break down. It is tried seldom after a few times, and not for ever.
    TurnedAway,
    /// A file or folder cannot be written.
    Storage,
    /// Something in the service itself.
    Internal,
}

/// An output as people see it. Never contains a stream key.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputStatus {
    /// Its name: `rtmp`, `hls`, `file`.
    pub id: String,
    /// Where it sends to, secrets replaced.
    pub url: String,
    /// What it is doing.
    pub state: OutputState,
    /// Encoded bytes that were handed to it.
    pub bytes: u64,
    /// Frames that it had to leave out since its peer took the stream for the first time.
    pub dropped_frames: u64,
    /// How often it got its peer back.
    pub reconnects: u64,
    /// Encoded frames that wait for it.
    pub queued_frames: u64,
    /// Seconds of the stream that wait beyond that: in the system that sends, or on a way that is too slow.
    pub link_delay: f64,
    /// Kilobits (1000) per second of video and sound that were handed to it, over about the last second.
    pub bitrate: f64,
    /// How often something went wrong.
    pub errors: u64,
    /// Whether it takes nothing at present, although something waits for it.
    #[serde(rename = "stalled")]
    pub is_stalled: bool,
    /// What went wrong last, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What kind of thing that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_kind: Option<OutputErrorKind>,
    /// Since when it has been trying to get on air; `None` if it is there, or is not to be.
    #[serde(skip)]
    pub tries_since: Option<Instant>,
}

impl OutputStatus {
    /// One that has done nothing yet. `url` holds no secret.
    #[must_use]
    pub fn new(id: &str, url: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            url: url.into(),
            state: OutputState::Stopped,
            bytes: 0,
            dropped_frames: 0,
            reconnects: 0,
            queued_frames: 0,
            link_delay: 0.0,
            bitrate: 0.0,
            errors: 0,
            is_stalled: false,
            last_error: None,
            last_error_kind: None,
            tries_since: None,
        }
    }
}

impl OutputStatus {
    /// Whether this is why it is off air.
    #[must_use]
    pub fn is_held_off_by(&self, kind: OutputErrorKind) -> bool {
        matches!(self.state, OutputState::Reconnecting | OutputState::Failed) && self.last_error_kind == Some(kind)
    }
}

/// What an encoder is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EncoderState {
    /// There is nothing to encode for.
    Idle,
    /// Frames are encoded.
    Running,
    /// It failed, and is started again in a moment.
    Restarting,
}

/// What encodes the pictures, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncoderStatus {
    /// The size that it encodes, by its name; absent for the stream's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendition: Option<String>,
    /// The name of its GStreamer element, such as `x264enc`.
    pub element: &'static str,
    /// What it is doing.
    pub state: EncoderState,
    /// Frames that came out over the last second, per second.
    pub fps: f64,
    /// Kilobits (1000) per second of video that came out over the last second.
    pub bitrate: f64,
    /// Kilobits (1000) per second that it is to make at present.
    pub target_bitrate: u32,
    /// Kilobits (1000) per second that it is to make when no link is too slow for that.
    pub full_bitrate: u32,
    /// Frames that it holds.
    pub queued_frames: u64,
    /// Frames that came out.
    pub frames: u64,
    /// Frames that were lost in it, since it failed; of a further size, those too that it did not take in time, which are
    /// among the stream's own `droppedFrames` otherwise.
    pub dropped_frames: u64,
    /// Frames that repeat the last picture, since no new one was drawn in time.
    pub repeated_frames: u64,
    /// Whether it gets the slate for want of new frames.
    #[serde(skip)]
    pub has_slate: bool,
    /// What encodes the sound of all sizes; with the stream's own size only, and absent if the stream has no sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<SoundEncoderStatus>,
    /// How often it was started again after it had failed; for the stream's own size, the encoder of the sound too.
    pub restarts: u64,
    /// What went wrong last, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How long frames took from being given to it to coming out.
    #[serde(skip)]
    pub times: EncodeTimes,
    /// When it was last heard of.
    #[serde(skip)]
    pub beat: Instant,
}

impl EncoderStatus {
    /// One that has done nothing yet.
    #[must_use]
    pub fn new(element: &'static str) -> Self {
        Self {
            rendition: None,
            element,
            state: EncoderState::Idle,
            fps: 0.0,
            bitrate: 0.0,
            target_bitrate: 0,
            full_bitrate: 0,
            queued_frames: 0,
            frames: 0,
            dropped_frames: 0,
            repeated_frames: 0,
            has_slate: false,
            sound: None,
            restarts: 0,
            last_error: None,
            times: EncodeTimes::default(),
            beat: Instant::now(),
        }
    }
}

/// What encodes the sound, as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SoundEncoderStatus {
    /// What it is doing.
    pub state: EncoderState,
    /// Whether silence is sent in its place, since it does not work, or in place of some of it, since the machine is too slow.
    pub is_silent: bool,
    /// What went wrong last, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl Default for SoundEncoderStatus {
    /// One that has done nothing yet.
    fn default() -> Self {
        Self { state: EncoderState::Idle, is_silent: false, last_error: None }
    }
}

/// A part of the service that can stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// What draws.
    Engine,
    /// What encodes.
    Encoder,
    /// An output.
    Output,
}

impl Part {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Encoder => "encoder",
            Self::Output => "output",
        }
    }
}

/// What keeps the state, as people see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreStatus {
    /// What it is: `embedded` or `redis`.
    pub kind: &'static str,
    /// Whether it takes changes. If it does not, they are kept in memory until it does.
    pub connected: bool,
    /// Changes that are not in it yet.
    pub pending: u64,
    /// Groups of changes that were written.
    pub commits: u64,
    /// Times that writing failed.
    pub errors: u64,
    /// Milliseconds that the last write took.
    pub latency: f64,
    /// What is wrong with it, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// A file whose last text is not, or not wholly, in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileFault {
    /// The file, as it was named.
    pub file: String,
    /// Why, and what to do, in words for people.
    pub fault: String,
}

/// Counters of the tick thread, as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineStats {
    /// Ticks that ran.
    pub frames: u64,
    /// Frames that were due and did not go out: ticks that were skipped, since the one before took too long, and frames
    /// that the encoder of the stream's own size did not take in time.
    pub dropped_frames: u64,
    /// Of these, the frames that were drawn and that the encoder did not take in time.
    pub missed_frames: u64,
    /// Ticks of the last second that ran, per second.
    pub fps: f64,
    /// Mean time that a tick took, over the last second.
    pub average_render_time: Duration,
    /// Layers of the scene.
    pub layer_count: u64,
    /// The number of the tick that ran last.
    pub tick: u64,
    /// Time since the engine started.
    pub uptime: Duration,
    /// What is drawn less carefully, or not at all, since the machine does not keep up.
    pub shedding: Shedding,
    /// How often that has changed.
    pub shedding_changes: u64,
    /// Frames that were left out to draw the others in time.
    pub shed_frames: u64,
}

/// Something that clients want to be told of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum StreamEvent {
    /// The stream went on or off air, or stands still.
    Transport {
        /// The new state.
        state: Transport,
    },
    /// The picture stands still from now on. The new state was told just before.
    Paused,
    /// The picture goes on. The new state was told just before.
    Resumed,
    /// An output changed its state, or something else is wrong with it.
    Output {
        /// Its new state and all else about it.
        output: OutputStatus,
    },
    /// An output has its peer back. Its new state was told just before.
    Reconnected {
        /// Its name.
        id: String,
    },
    /// An output was removed, and has finished what it had.
    OutputRemoved {
        /// Its name.
        id: String,
    },
    /// Settings were changed.
    Configuration {
        /// The tick whose frame shows it first.
        tick: u64,
        /// What was changed, by the keys of the TOML file; `null` stands for a value that is not set.
        values: serde_json::Map<String, serde_json::Value>,
    },
    /// Scenes were put or removed, or another one came on air.
    Scenes {
        /// The tick that did it.
        tick: u64,
        /// The scene on air now.
        active: SceneId,
        /// Scenes that are new, or other ones than before; the scene that went off air among them.
        put: Vec<SceneId>,
        /// Scenes that are gone.
        removed: Vec<SceneId>,
        /// How the picture goes over to the scene on air, if that came on air just now.
        #[serde(skip_serializing_if = "Option::is_none")]
        transition: Option<Transition>,
    },
    /// People work on another layer, or on none.
    ActiveLayer {
        /// The layer.
        id: Option<LayerId>,
    },
    /// An event was fired in the scene, over the API or by a trigger.
    Fired {
        /// Its name.
        name: EventName,
    },
    /// What is drawn less carefully, or not at all, since the machine does not keep up.
    Shedding {
        /// What is shed now; level 0 is nothing.
        shedding: Shedding,
    },
    /// The store went away or came back.
    Store {
        /// How it is now.
        store: StoreStatus,
    },
    /// The bitrate of the video follows a link that is too slow, or no longer is.
    Bitrate {
        /// Kilobits (1000) per second from now on.
        kbps: u32,
        /// What they are when no link is too slow.
        full: u32,
        /// The output that it follows.
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    /// A part does nothing although it should, or goes on after that.
    Stall {
        /// Which.
        part: Part,
        /// The name of the output or of the rendition, if it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Whether it stands still now.
        #[serde(rename = "stalled")]
        is_stalled: bool,
        /// What, in words for people.
        message: String,
    },
    /// What was saved in a file that the service follows is not in force, or is again.
    File {
        /// The file, as it was named.
        file: String,
        /// Why it is not, in words for people; `null` if it is.
        fault: Option<String>,
    },
    /// Something that draws or sends went wrong; the picture goes on.
    Error {
        /// What, in words for people.
        message: String,
    },
}
