//! The GStreamer elements that the outputs are made of, and which of them are there.

use gstreamer as gst;

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
    ("avenc_aac", LIBAV, "AAC sound, silence without it", false),
    ("aacparse", GOOD, "AAC sound, silence without it", false),
    ("vp8enc", GOOD, "VP8", false),
    ("vp9enc", GOOD, "VP9", false),
    ("opusenc", BASE, "Opus sound, silence without it", false),
    ("opusparse", BAD, "Opus sound, silence without it", false),
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
