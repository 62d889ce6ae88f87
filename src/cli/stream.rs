//! From settings to what the engine and the encoder are made with.

use crate::{
    config::{self, Settings},
    engine::StreamFormat,
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
