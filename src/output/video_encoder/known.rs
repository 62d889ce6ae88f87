//! The encoders that are known here.

use super::VideoEncoder;
use crate::output::settings::Codec;

/// Frames from one key frame to the next for an encoder that makes none by itself: all are asked for (see `key_frames`), so
/// that their distance changes while it runs. It is what x264 calls infinite, and libvpx can count as far.
const NEVER: &str = "1073741824";

/// The encoder in software for H.264.
pub(super) static X264: VideoEncoder = VideoEncoder {
    element: "x264enc",
    codec: Codec::H264,
    live: &[],
    family: "software",
    converts: false,
    properties: &[
        ("tune", "zerolatency"),
        ("speed-preset", "{preset}"),
        ("pass", "cbr"),
        ("bitrate", "{bitrate}"),
        // One second's worth of bits: enough for a key frame to look good, little enough for a steady rate.
        ("vbv-buf-capacity", "1000"),
        ("key-int-max", NEVER),
        ("bframes", "0"),
        // With two slices a frame is encoded on two cores without a frame of delay.
        ("threads", "2"),
        // Key frames come when they are asked for, at even distances as platforms and segments want them, not at cuts.
        ("option-string", "scenecut=0"),
    ],
};

/// One of libvpx: as in a video conference, with no frame of delay.
const VPX: VideoEncoder = VideoEncoder {
    element: "vp8enc",
    codec: Codec::Vp8,
    family: "software",
    converts: false,
    properties: &[
        ("deadline", "1"),
        ("cpu-used", "{speed}"),
        ("end-usage", "cbr"),
        ("target-bitrate", "{bits}"),
        // Milliseconds of what a decoder may hold: as with x264, a second.
        ("buffer-size", "1000"),
        ("buffer-initial-size", "500"),
        ("buffer-optimal-size", "600"),
        ("lag-in-frames", "0"),
        ("keyframe-mode", "disabled"),
        ("keyframe-max-dist", NEVER),
        ("threads", "2"),
        ("row-mt", "true"),
    ],
    // libvpx is told of it between two frames.
    live: &["target-bitrate"],
};

pub(super) static VP8: VideoEncoder = VPX;
pub(super) static VP9: VideoEncoder = VideoEncoder { element: "vp9enc", codec: Codec::Vp9, ..VPX };

/// The encoder in software.
pub(in crate::output) fn software(codec: Codec) -> &'static VideoEncoder {
    match codec {
        Codec::H264 => &X264,
        Codec::Vp8 => &VP8,
        Codec::Vp9 => &VP9,
    }
}

/// Hardware encoders, the one to prefer first.
pub(super) static HARDWARE: [VideoEncoder; 5] = [
    VideoEncoder {
        element: "nvh264enc",
        codec: Codec::H264,
        live: &[],
        family: "nvenc",
        converts: true,
        properties: &[
            ("bitrate", "{bitrate}"),
            ("gop-size", "{gop}"),
            ("bframes", "0"),
            ("zerolatency", "true"),
            ("rc-mode", "cbr"),
        ],
    },
    VideoEncoder {
        element: "vah264enc",
        codec: Codec::H264,
        live: &[],
        family: "vaapi",
        converts: true,
        properties: &[("bitrate", "{bitrate}"), ("key-int-max", "{gop}"), ("b-frames", "0"), ("rate-control", "cbr")],
    },
    VideoEncoder {
        element: "vaapih264enc",
        codec: Codec::H264,
        live: &[],
        family: "vaapi",
        converts: true,
        properties: &[
            ("bitrate", "{bitrate}"),
            ("keyframe-period", "{gop}"),
            ("max-bframes", "0"),
            ("rate-control", "cbr"),
        ],
    },
    VideoEncoder {
        element: "qsvh264enc",
        codec: Codec::H264,
        live: &[],
        family: "qsv",
        converts: true,
        properties: &[
            ("bitrate", "{bitrate}"),
            ("gop-size", "{gop}"),
            ("b-frames", "0"),
            ("low-latency", "true"),
            ("rate-control", "cbr"),
        ],
    },
    VideoEncoder {
        element: "v4l2h264enc",
        codec: Codec::H264,
        live: &[],
        family: "v4l2",
        converts: true,
        properties: &[(
            "extra-controls",
            "controls,video_bitrate={bits},video_gop_size={gop},repeat_sequence_header=1",
        )],
    },
];
