//! From settings to what the engine and the encoder are made with.

use components::VariantId;
use systems::Quality;

use crate::{
    config::{self, Settings},
    engine::{QualityGoal, StreamFormat},
    output::{self, EncoderSettings, Rendition},
};

/// Size and rate of the frames.
pub(super) fn format(settings: &Settings) -> StreamFormat {
    StreamFormat {
        width: settings.stream_resolution.width as usize,
        height: settings.stream_resolution.height as usize,
        fps: settings.target_fps,
    }
}

/// The variants of which pictures are drawn besides the stream's own, in order.
pub(super) fn variants(settings: &Settings) -> Vec<VariantId> {
    let mut variants: Vec<VariantId> = Vec::new();
    for variant in settings.stream_renditions.iter().filter_map(|rendition| rendition.variant.as_ref()) {
        if *variant != VariantId::main() && !variants.contains(variant) {
            variants.push(variant.clone());
        }
    }
    variants
}

/// The further sizes in which it is encoded.
pub(super) fn renditions(settings: &Settings) -> Vec<Rendition> {
    let variants = variants(settings);
    let place = |variant: &VariantId| variants.iter().position(|known| known == variant);
    let rendition = |setting: &config::RenditionSetting| Rendition {
        name: setting.name.clone(),
        width: setting.resolution.width as usize,
        height: setting.resolution.height as usize,
        bitrate_kbps: setting.bitrate,
        variant: setting.variant.as_ref().and_then(place),
    };
    settings.stream_renditions.iter().map(rendition).collect()
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
    let audio_codec = match settings.audio_codec {
        config::AudioCodec::Aac => output::AudioCodec::Aac,
        config::AudioCodec::Opus => output::AudioCodec::Opus,
    };
    EncoderSettings {
        codec: match settings.stream_codec {
            config::VideoCodec::H264 => output::Codec::H264,
            config::VideoCodec::Vp8 => output::Codec::Vp8,
            config::VideoCodec::Vp9 => output::Codec::Vp9,
        },
        preset: match settings.ffmpeg_preset {
            config::Preset::Ultrafast => output::X264Preset::Ultrafast,
            config::Preset::Superfast => output::X264Preset::Superfast,
            config::Preset::Veryfast => output::X264Preset::Veryfast,
            config::Preset::Faster => output::X264Preset::Faster,
            config::Preset::Fast => output::X264Preset::Fast,
            config::Preset::Medium => output::X264Preset::Medium,
        },
        bitrate_kbps: settings.stream_bitrate,
        keyframe_interval: settings.stream_keyframe_interval,
        hwaccel: match settings.ffmpeg_hwaccel {
            config::HardwareAcceleration::None => output::Hwaccel::None,
            config::HardwareAcceleration::Auto => output::Hwaccel::Auto,
            named => output::Hwaccel::Named(named.as_str().to_owned()),
        },
        audio: settings
            .audio_enabled
            .then_some(output::AudioSettings { codec: audio_codec, bitrate_kbps: settings.audio_bitrate }),
        pace: output::AdaptivePace::default(),
    }
}
