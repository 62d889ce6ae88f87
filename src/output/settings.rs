//! What an encode is made with.

use std::{fmt, str::FromStr, time::Duration};

/// How pictures and sound are compressed. The same for all outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderSettings {
    /// The video format.
    pub codec: Codec,
    /// Speed against quality of the software encoder; those of VP8 and VP9 have speeds that come near to it.
    pub preset: X264Preset,
    /// Kilobits (1000) per second of video.
    pub bitrate_kbps: u32,
    /// Time from one key frame to the next. A viewer can only join at a key frame.
    pub keyframe_interval: Duration,
    /// Which encoder does the work.
    pub hwaccel: Hwaccel,
    /// Sound, or `None` for pictures alone. Most platforms refuse a stream without sound.
    pub audio: Option<AudioSettings>,
    /// How fast the bitrate follows a link that is too slow.
    pub pace: AdaptivePace,
}

/// How fast the bitrate follows a link that is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptivePace {
    /// A step down gets so long to help before the next one.
    pub settle: Duration,
    /// A queue must have been as good as empty for so long before a step up. When that goes wrong, the next one comes later,
    /// up to sixty times this.
    pub calm: Duration,
}

impl Default for AdaptivePace {
    /// Two and five seconds.
    fn default() -> Self {
        Self { settle: Duration::from_secs(2), calm: Duration::from_secs(5) }
    }
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self {
            codec: Codec::H264,
            preset: X264Preset::Veryfast,
            bitrate_kbps: 4000,
            keyframe_interval: Duration::from_secs(2),
            hwaccel: Hwaccel::Auto,
            audio: Some(AudioSettings::default()),
            pace: AdaptivePace::default(),
        }
    }
}

impl EncoderSettings {
    /// Frames from one key frame to the next; at least one.
    pub(super) fn keyframe_interval_frames(&self, fps: u32) -> u32 {
        let frames = self.keyframe_interval.as_millis() * u128::from(fps) / 1000;
        u32::try_from(frames).unwrap_or(u32::MAX).max(1)
    }
}

/// A video format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264, which every platform takes.
    H264,
    /// VP8, for WebM and Matroska.
    Vp8,
    /// VP9, for WebM and Matroska.
    Vp9,
}

/// How sound is compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioSettings {
    /// The audio format.
    pub codec: AudioCodec,
    /// Kilobits (1000) per second.
    pub bitrate_kbps: u32,
}

impl Default for AudioSettings {
    fn default() -> Self {
        Self { codec: AudioCodec::Aac, bitrate_kbps: 128 }
    }
}

/// An audio format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioCodec {
    /// AAC, low complexity.
    Aac,
    /// Opus.
    Opus,
}

/// Speed of `x264`, from the one that costs least to the one that looks best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of x264")]
pub enum X264Preset {
    Ultrafast,
    Superfast,
    Veryfast,
    Faster,
    Fast,
    Medium,
}

impl X264Preset {
    /// All of them, fastest first.
    pub const ALL: [Self; 6] =
        [Self::Ultrafast, Self::Superfast, Self::Veryfast, Self::Faster, Self::Fast, Self::Medium];

    /// The name that `x264` gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Superfast => "superfast",
            Self::Veryfast => "veryfast",
            Self::Faster => "faster",
            Self::Fast => "fast",
            Self::Medium => "medium",
        }
    }
}

/// A preset that `x264` does not have, or that is too slow for a live stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown preset `{0}`; use one of ultrafast, superfast, veryfast, faster, fast, medium")]
pub struct UnknownPreset(String);

impl FromStr for X264Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| UnknownPreset(name.to_owned()))
    }
}

/// Which encoder does the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hwaccel {
    /// The first hardware encoder that is there, else software.
    Auto,
    /// Software.
    None,
    /// A hardware encoder by its family (`nvenc`, `vaapi`, `qsv`, `v4l2`) or by the name of its GStreamer element.
    /// Software with a warning if it is not there.
    Named(String),
}

impl FromStr for Hwaccel {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "auto" => Self::Auto,
            "none" | "" => Self::None,
            name => Self::Named(name.to_owned()),
        })
    }
}

impl fmt::Display for Hwaccel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Named(name) => name,
        })
    }
}
