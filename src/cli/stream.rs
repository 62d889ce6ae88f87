//! From settings to what the engine and the encoder are made with.

use systems::Quality;

use crate::{
    config::{self, Settings},
    engine::{QualityGoal, StreamFormat},
    output::{self, EncoderSettings},
};

/// Time from one key frame to the next. Platforms ask for two seconds.
const KEYFRAME_INTERVAL: std::time::Duration = std::time::Duration::from_secs(2);

/// Size and rate of the frames.
pub(super) fn format(settings: &Settings) -> StreamFormat {
    StreamFormat {
        width: settings.stream_resolution.width as usize,
        height: settings.stream_resolution.height as usize,
        fps: settings.target_fps,
    }
}

/// How carefully scenes are drawn.
pub(super) fn quality(settings: &Settings) -> QualityGoal {
    match settings.render_quality {
        config::Quality::Low => QualityGoal::Fixed(Quality::Low),
        config::Quality::Medium => QualityGoal::Fixed(Quality::Medium),
        config::Quality::High => QualityGoal::Fixed(Quality::High),
        config::Quality::Auto => QualityGoal::Auto,
    }
}

/// How frames are encoded.
pub(super) fn encoder(settings: &Settings) -> EncoderSettings {
    let config::VideoCodec::H264 = settings.stream_codec;
    let config::AudioCodec::Aac = settings.audio_codec;
    EncoderSettings {
        codec: output::Codec::H264,
        preset: match settings.ffmpeg_preset {
            config::Preset::Ultrafast => output::X264Preset::Ultrafast,
            config::Preset::Superfast => output::X264Preset::Superfast,
            config::Preset::Veryfast => output::X264Preset::Veryfast,
            config::Preset::Faster => output::X264Preset::Faster,
            config::Preset::Fast => output::X264Preset::Fast,
            config::Preset::Medium => output::X264Preset::Medium,
        },
        bitrate_kbps: settings.stream_bitrate,
        keyframe_interval: KEYFRAME_INTERVAL,
        hwaccel: match settings.ffmpeg_hwaccel {
            config::HardwareAcceleration::None => output::Hwaccel::None,
            config::HardwareAcceleration::Auto => output::Hwaccel::Auto,
            named => output::Hwaccel::Named(named.as_str().to_owned()),
        },
        audio: settings
            .audio_enabled
            .then_some(output::AudioSettings { codec: output::AudioCodec::Aac, bitrate_kbps: settings.audio_bitrate }),
    }
}
