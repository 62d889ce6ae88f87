//! Encoders of pictures: how each is set up, and what of that changes while it runs.

mod choice;
mod known;

use gstreamer::{self as gst, prelude::*};

pub(super) use self::{choice::choose_encoder, known::software};
use super::{
    elements::{MissingElement, make},
    settings::{Codec, EncoderSettings, X264Preset},
};

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

#[cfg(test)]
mod tests {
    use gstreamer::glib;

    use super::{
        known::{VP8, VP9, X264},
        *,
    };

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
        for preset in X264Preset::ALL {
            let settings = EncoderSettings { preset, ..EncoderSettings::default() };
            let chosen = X264.build(&settings, 30).unwrap().property_value("speed-preset");
            assert_eq!(glib::EnumValue::from_value(&chosen).unwrap().1.nick(), preset.name());
            let cpu_used = |encoder: &VideoEncoder| encoder.build(&settings, 30).unwrap().property::<i32>("cpu-used");
            let speeds = (speed(Codec::Vp8, preset), speed(Codec::Vp9, preset));
            assert_eq!((cpu_used(&VP8), cpu_used(&VP9)), (speeds.0 as i32, speeds.1 as i32));
        }
        // In place of one in hardware, which counts by itself.
        let counting = VideoEncoder { properties: &[("key-int-max", "{gop}")], ..X264 };
        let element = counting.build(&settings, 30).unwrap();
        assert!(!counting.set_keyframe_interval(&element, 30), "x264 must be made anew for that");
    }
}
