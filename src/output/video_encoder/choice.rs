//! Which encoder to take.

use super::{
    VideoEncoder,
    known::{HARDWARE, software},
};
use crate::output::settings::{Codec, Hwaccel};

/// The encoder to take, and what to tell people if it is not the one that they asked for.
pub(in crate::output) fn choose_encoder(
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
    use super::{
        super::known::{VP8, VP9},
        *,
    };

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
}
