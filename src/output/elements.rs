//! The GStreamer elements that the outputs are made of: which are there, and which encoder to take.

use gstreamer::{self as gst, prelude::*};

use super::settings::{Codec, EncoderSettings, Hwaccel, X264Preset};

/// An element that outputs use, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementCheck {
    /// The element's name.
    pub element: &'static str,
    /// The Debian package that brings it.
    pub package: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether nothing can be sent without it.
    pub required: bool,
    /// Whether it is there.
    pub present: bool,
}

const BASE: &str = "gstreamer1.0-plugins-base";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";
const UGLY: &str = "gstreamer1.0-plugins-ugly";
const LIBAV: &str = "gstreamer1.0-libav";
const VAAPI: &str = "gstreamer1.0-vaapi";

/// Element, package, purpose, whether it is required.
const ELEMENTS: [(&str, &str, &str, bool); 34] = [
    ("appsrc", BASE, "taking frames", true),
    ("videoconvert", BASE, "hardware encoders", false),
    ("audioconvert", BASE, "sound", true),
    ("audiomixer", BASE, "mixing sound", true),
    ("audioresample", BASE, "sound files", true),
    ("decodebin", BASE, "sound files", true),
    ("aiffparse", BAD, "AIFF sound files", false),
    ("x264enc", UGLY, "H.264 in software", true),
    ("h264parse", BAD, "H.264", true),
    ("avenc_aac", LIBAV, "AAC sound", true),
    ("aacparse", GOOD, "AAC sound", true),
    ("vp8enc", GOOD, "VP8", false),
    ("vp9enc", GOOD, "VP9", false),
    ("opusenc", BASE, "Opus sound", false),
    ("opusparse", BAD, "Opus sound", false),
    ("webmmux", GOOD, ".webm files", false),
    ("flvmux", GOOD, "RTMP and .flv files", true),
    ("rtmp2sink", BAD, "RTMP", true),
    ("rtmp2src", BAD, "measuring the delay over RTMP", false),
    ("mpegtsmux", BAD, "SRT", false),
    ("srtsink", BAD, "SRT", false),
    ("mp4mux", GOOD, ".mp4 files", true),
    ("matroskamux", GOOD, ".mkv files", true),
    ("filesink", "libgstreamer1.0-0", "files", true),
    ("avdec_h264", LIBAV, "thumbnails", false),
    ("vp8dec", GOOD, "thumbnails of VP8", false),
    ("vp9dec", GOOD, "thumbnails of VP9", false),
    ("videoscale", BASE, "thumbnails and renditions", false),
    ("jpegenc", GOOD, "thumbnails", false),
    ("nvh264enc", BAD, "H.264 on NVIDIA", false),
    ("vah264enc", BAD, "H.264 on Intel and AMD", false),
    ("vaapih264enc", VAAPI, "H.264 on older Intel and AMD", false),
    ("qsvh264enc", BAD, "H.264 on Intel Quick Sync", false),
    ("v4l2h264enc", GOOD, "H.264 on boards such as the Raspberry Pi", false),
];

/// Looks for every element that outputs use. Without GStreamer itself, all are missing.
#[must_use]
pub fn doctor() -> Vec<ElementCheck> {
    let present = |name: &str| gst::init().is_ok() && exists(name);
    check(&present)
}

fn check(present: &dyn Fn(&str) -> bool) -> Vec<ElementCheck> {
    ELEMENTS
        .into_iter()
        .map(|(element, package, purpose, required)| ElementCheck {
            element,
            package,
            purpose,
            required,
            present: present(element),
        })
        .collect()
}

/// Whether the element is installed.
pub(super) fn exists(name: &str) -> bool {
    gst::ElementFactory::find(name).is_some()
}

/// An element could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the GStreamer element `{element}` is missing; install the package `{package}`")]
pub struct MissingElement {
    /// The element's name.
    pub element: &'static str,
    /// The Debian package that brings it.
    pub package: &'static str,
}

/// Makes an element.
pub(super) fn make(element: &'static str) -> Result<gst::Element, MissingElement> {
    gst::ElementFactory::make(element).build().map_err(|_| MissingElement { element, package: package_of(element) })
}

fn package_of(element: &str) -> &'static str {
    ELEMENTS.iter().find(|(name, ..)| *name == element).map_or(BASE, |(_, package, ..)| package)
}

/// The first required element that is missing.
pub(super) fn first_missing() -> Option<MissingElement> {
    check(&exists)
        .into_iter()
        .find(|check| check.required && !check.present)
        .map(|check| MissingElement { element: check.element, package: check.package })
}

/// A video encoder that is known here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VideoEncoder {
    /// The element's name.
    pub(super) element: &'static str,
    /// What it makes.
    pub(super) codec: Codec,
    /// What people call its family.
    family: &'static str,
    /// Whether frames have to be brought from I420 into a format of its own.
    pub(super) converts: bool,
    /// Properties and their values, where `{bitrate}` (kbit/s), `{bits}` (bit/s), `{gop}` (frames), `{preset}` and
    /// `{speed}` (its number for libvpx) stand for the settings. One that a version of the element does not have is left out.
    properties: &'static [(&'static str, &'static str)],
    /// Properties that take another value while the element runs without saying so themselves.
    live: &'static [&'static str],
}

/// Frames from one key frame to the next for an encoder that makes none by itself: all are asked for (see `key_frames`), so
/// that their distance changes while it runs. It is what x264 calls infinite, and libvpx can count as far.
const NEVER: &str = "1073741824";

/// The encoder in software for H.264.
static X264: VideoEncoder = VideoEncoder {
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

static VP8: VideoEncoder = VPX;
static VP9: VideoEncoder = VideoEncoder { element: "vp9enc", codec: Codec::Vp9, ..VPX };

/// The encoder in software.
pub(super) fn software(codec: Codec) -> &'static VideoEncoder {
    match codec {
        Codec::H264 => &X264,
        Codec::Vp8 => &VP8,
        Codec::Vp9 => &VP9,
    }
}

/// libvpx's number for a preset, from what costs least to what looks best. VP9 knows no more than 9.
fn speed(codec: Codec, preset: X264Preset) -> u32 {
    let fastest = if codec == Codec::Vp9 { 9 } else { 16 };
    let speed = match preset {
        X264Preset::Ultrafast => 16,
        X264Preset::Superfast => 10,
        X264Preset::Veryfast => 8,
        X264Preset::Faster => 7,
        X264Preset::Fast => 6,
        X264Preset::Medium => 5,
    };
    speed.min(fastest)
}

/// Hardware encoders, the one to prefer first.
static HARDWARE: [VideoEncoder; 5] = [
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

impl VideoEncoder {
    /// Makes the element, set up.
    pub(super) fn build(&self, settings: &EncoderSettings, fps: u32) -> Result<gst::Element, MissingElement> {
        let element = make(self.element)?;
        let bits = u64::from(settings.bitrate_kbps) * 1000;
        for (name, value) in self.properties {
            if element.has_property(name) {
                let value = value
                    .replace("{preset}", settings.preset.name())
                    .replace("{bitrate}", &settings.bitrate_kbps.to_string())
                    .replace("{bits}", &bits.to_string())
                    .replace("{speed}", &speed(self.codec, settings.preset).to_string())
                    .replace("{gop}", &settings.keyframe_interval_frames(fps).to_string());
                element.set_property_from_str(name, &value);
            }
        }
        Ok(element)
    }

    /// Changes the bitrate of an element that was made by [`build`](Self::build) and is running. Returns whether it can;
    /// one that cannot must be made anew.
    pub(super) fn set_bitrate(&self, element: &gst::Element, kbps: u32) -> bool {
        let bits = u64::from(kbps) * 1000;
        self.set_live(element, "{bitrate}", u64::from(kbps)) || self.set_live(element, "{bits}", bits)
    }

    /// Changes the frames from one key frame to the next in the same way. One that makes key frames only when it is asked
    /// to need not know.
    pub(super) fn set_keyframe_interval(&self, element: &gst::Element, frames: u32) -> bool {
        let counts = self.properties.iter().any(|(_, value)| value.contains("{gop}"));
        !counts || self.set_live(element, "{gop}", u64::from(frames))
    }

    /// Gives another value to the property that stands for a setting, if the running element takes it.
    fn set_live(&self, element: &gst::Element, setting: &str, value: u64) -> bool {
        let is_live = |name: &str| {
            let flags = element.find_property(name).map(|property| property.flags());
            self.live.contains(&name) || flags.is_some_and(|flags| flags.contains(gst::PARAM_FLAG_MUTABLE_PLAYING))
        };
        match self.properties.iter().find(|(_, value)| *value == setting) {
            Some((name, _)) if is_live(name) => {
                element.set_property_from_str(name, &value.to_string());
                true
            }
            _ => false,
        }
    }

    /// Whether it is the one that needs no device.
    pub(super) fn is_software(&self) -> bool {
        self.element == software(self.codec).element
    }
}

/// The encoder to take, and what to tell people if it is not the one that they asked for.
pub(super) fn choose_encoder(
    codec: Codec,
    hwaccel: &Hwaccel,
    present: &dyn Fn(&str) -> bool,
) -> (&'static VideoEncoder, Option<String>) {
    let first = |wanted: &dyn Fn(&VideoEncoder) -> bool| {
        HARDWARE.iter().find(|encoder| wanted(encoder) && present(encoder.element))
    };
    let software = software(codec);
    match hwaccel {
        Hwaccel::None => (software, None),
        Hwaccel::Named(name) if name == software.element || name == software.family => (software, None),
        Hwaccel::Auto if codec != Codec::H264 => (software, None),
        Hwaccel::Named(name) if codec != Codec::H264 => {
            let own = software.element;
            (software, Some(format!("hardware encoders make h264 only here, so `{own}` encodes instead of `{name}`")))
        }
        Hwaccel::Auto => (first(&|_| true).unwrap_or(software), None),
        Hwaccel::Named(name) => match first(&|encoder| encoder.element == name || encoder.family == name) {
            Some(encoder) => (encoder, None),
            None => {
                let known: Vec<_> = HARDWARE.iter().map(|encoder| encoder.element).collect();
                let warning = format!(
                    "the hardware encoder `{name}` is not there, so x264 encodes in software; known are {}",
                    known.join(", ")
                );
                (software, Some(warning))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(hwaccel: &str, there: &[&str]) -> (&'static str, bool) {
        let hwaccel = hwaccel.parse().unwrap();
        let (encoder, warning) = choose_encoder(Codec::H264, &hwaccel, &|name| there.contains(&name));
        (encoder.element, warning.is_some())
    }

    #[test]
    fn the_best_encoder_that_is_there_is_taken() {
        assert_eq!(chosen("auto", &["x264enc"]), ("x264enc", false));
        assert_eq!(chosen("auto", &["x264enc", "v4l2h264enc", "vah264enc"]), ("vah264enc", false));
        assert_eq!(chosen("none", &["x264enc", "nvh264enc"]), ("x264enc", false));
    }

    #[test]
    fn an_encoder_is_asked_for_by_element_or_family() {
        let there = ["x264enc", "nvh264enc", "vaapih264enc"];
        assert_eq!(chosen("vaapi", &there), ("vaapih264enc", false));
        assert_eq!(chosen("vaapih264enc", &there), ("vaapih264enc", false));
        assert_eq!(chosen("software", &there), ("x264enc", false));
    }

    #[test]
    fn an_encoder_that_is_not_there_falls_back_with_a_warning() {
        assert_eq!(chosen("qsv", &["x264enc", "nvh264enc"]), ("x264enc", true));
        assert_eq!(chosen("cudda", &["x264enc", "nvh264enc"]), ("x264enc", true));
    }

    #[test]
    fn other_codecs_are_made_in_software() {
        let there = |_: &str| true;
        let chosen = |codec, hwaccel: &str| choose_encoder(codec, &hwaccel.parse().unwrap(), &there);
        assert_eq!(chosen(Codec::Vp9, "auto"), (&VP9, None));
        let (encoder, warning) = chosen(Codec::Vp8, "nvenc");
        assert_eq!(encoder, &VP8);
        assert!(warning.is_some_and(|warning| warning.contains("h264 only")));
    }

    #[test]
    fn every_property_of_the_software_encoders_is_one_they_have() {
        gst::init().unwrap();
        let settings = EncoderSettings::default();
        let element = X264.build(&settings, 30).unwrap();
        for (name, _) in X264.properties {
            assert!(element.has_property(name), "{name}");
        }
        assert_eq!(element.property::<u32>("key-int-max"), 1 << 30, "they are asked for");
        assert_eq!(element.property::<u32>("bitrate"), 4000);
        assert!(X264.set_bitrate(&element, 900));
        assert_eq!(element.property::<u32>("bitrate"), 900);
        assert!(X264.set_keyframe_interval(&element, 30));
        for encoder in [&VP8, &VP9] {
            let element = encoder.build(&settings, 30).unwrap();
            for (name, _) in encoder.properties.iter().filter(|(name, _)| *name != "row-mt") {
                assert!(element.has_property(name), "{name}");
            }
            assert_eq!(element.property::<i32>("target-bitrate"), 4_000_000);
            assert!(encoder.set_bitrate(&element, 900));
            assert_eq!(element.property::<i32>("target-bitrate"), 900_000);
            assert!(encoder.set_keyframe_interval(&element, 30));
        }
        // In place of one in hardware, which counts by itself.
        let counting = VideoEncoder { properties: &[("key-int-max", "{gop}")], ..X264 };
        let element = counting.build(&settings, 30).unwrap();
        assert!(!counting.set_keyframe_interval(&element, 30), "x264 must be made anew for that");
    }
}
