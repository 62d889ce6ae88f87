//! The GStreamer elements that the outputs are made of: which are there, and which encoder to take.

use gstreamer::{self as gst, prelude::*};

use super::settings::{EncoderSettings, Hwaccel};

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
const ELEMENTS: [(&str, &str, &str, bool); 20] = [
    ("appsrc", BASE, "taking frames", true),
    ("videoconvert", BASE, "hardware encoders", false),
    ("audioconvert", BASE, "sound", true),
    ("audiomixer", BASE, "mixing sound", true),
    ("audioresample", BASE, "sound files", true),
    ("decodebin", BASE, "sound files", true),
    ("x264enc", UGLY, "H.264 in software", true),
    ("h264parse", BAD, "H.264", true),
    ("avenc_aac", LIBAV, "AAC sound", true),
    ("aacparse", GOOD, "AAC sound", true),
    ("flvmux", GOOD, "RTMP and .flv files", true),
    ("rtmp2sink", BAD, "RTMP", true),
    ("mp4mux", GOOD, ".mp4 files", true),
    ("matroskamux", GOOD, ".mkv files", true),
    ("filesink", "libgstreamer1.0-0", "files", true),
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

/// An H.264 encoder that is known here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VideoEncoder {
    /// The element's name.
    pub(super) element: &'static str,
    /// What people call its family.
    family: &'static str,
    /// Whether frames have to be brought from I420 into a format of its own.
    pub(super) converts: bool,
    /// Properties and their values, where `{bitrate}` (kbit/s), `{bits}` (bit/s) and `{gop}` (frames) stand for the
    /// settings. One that a version of the element does not have is left out.
    properties: &'static [(&'static str, &'static str)],
}

/// The encoder in software.
pub(super) static SOFTWARE: VideoEncoder = VideoEncoder {
    element: "x264enc",
    family: "software",
    converts: false,
    properties: &[
        ("tune", "zerolatency"),
        ("speed-preset", "{preset}"),
        ("pass", "cbr"),
        ("bitrate", "{bitrate}"),
        // One second's worth of bits: enough for a key frame to look good, little enough for a steady rate.
        ("vbv-buf-capacity", "1000"),
        ("key-int-max", "{gop}"),
        ("bframes", "0"),
        // With two slices a frame is encoded on two cores without a frame of delay.
        ("threads", "2"),
        // Key frames come at even distances, as platforms and segments want them, not at cuts.
        ("option-string", "scenecut=0"),
    ],
};

/// Hardware encoders, the one to prefer first.
static HARDWARE: [VideoEncoder; 5] = [
    VideoEncoder {
        element: "nvh264enc",
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
        family: "vaapi",
        converts: true,
        properties: &[("bitrate", "{bitrate}"), ("key-int-max", "{gop}"), ("b-frames", "0"), ("rate-control", "cbr")],
    },
    VideoEncoder {
        element: "vaapih264enc",
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
                    .replace("{gop}", &settings.keyframe_interval_frames(fps).to_string());
                element.set_property_from_str(name, &value);
            }
        }
        Ok(element)
    }

    /// Changes the bitrate of an element that was made by [`build`](Self::build) and is running. Returns whether it can;
    /// one that cannot must be made anew.
    pub(super) fn set_bitrate(&self, element: &gst::Element, kbps: u32) -> bool {
        let live = |name: &str| {
            let flags = element.find_property(name).map(|property| property.flags());
            flags.is_some_and(|flags| flags.contains(gst::PARAM_FLAG_MUTABLE_PLAYING))
        };
        match self.properties.iter().find(|(_, value)| *value == "{bitrate}") {
            Some((name, _)) if live(name) => {
                element.set_property_from_str(name, &kbps.to_string());
                true
            }
            _ => false,
        }
    }

    /// Whether it is the one that needs no device.
    pub(super) fn is_software(&self) -> bool {
        self.element == SOFTWARE.element
    }
}

/// The encoder to take, and what to tell people if it is not the one that they asked for.
pub(super) fn choose_encoder(
    hwaccel: &Hwaccel,
    present: &dyn Fn(&str) -> bool,
) -> (&'static VideoEncoder, Option<String>) {
    let first = |wanted: &dyn Fn(&VideoEncoder) -> bool| {
        HARDWARE.iter().find(|encoder| wanted(encoder) && present(encoder.element))
    };
    match hwaccel {
        Hwaccel::None => (&SOFTWARE, None),
        Hwaccel::Auto => (first(&|_| true).unwrap_or(&SOFTWARE), None),
        Hwaccel::Named(name) if name == SOFTWARE.element || name == SOFTWARE.family => (&SOFTWARE, None),
        Hwaccel::Named(name) => match first(&|encoder| encoder.element == name || encoder.family == name) {
            Some(encoder) => (encoder, None),
            None => {
                let known: Vec<_> = HARDWARE.iter().map(|encoder| encoder.element).collect();
                let warning = format!(
                    "the hardware encoder `{name}` is not there, so x264 encodes in software; known are {}",
                    known.join(", ")
                );
                (&SOFTWARE, Some(warning))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(hwaccel: &str, there: &[&str]) -> (&'static str, bool) {
        let hwaccel = hwaccel.parse().unwrap();
        let (encoder, warning) = choose_encoder(&hwaccel, &|name| there.contains(&name));
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
    fn every_property_of_the_software_encoder_is_one_it_has() {
        gst::init().unwrap();
        let element = SOFTWARE.build(&EncoderSettings::default(), 30).unwrap();
        for (name, _) in SOFTWARE.properties {
            assert!(element.has_property(name), "{name}");
        }
        assert_eq!(element.property::<u32>("key-int-max"), 60);
        assert_eq!(element.property::<u32>("bitrate"), 4000);
        assert!(SOFTWARE.set_bitrate(&element, 900));
        assert_eq!(element.property::<u32>("bitrate"), 900);
    }
}
