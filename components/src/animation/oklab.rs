//! Colours on their way from one to another: in OKLab, where equal steps look equal and what is between two bright
//! colours is not dark.
//!
//! Source: Björn Ottosson, <https://bottosson.github.io/posts/oklab/>; premultiplied by alpha as in CSS Color Module
//! Level 4, <https://www.w3.org/TR/css-color-4/#interpolation>.

use super::value::Sample;

/// A premultiplied sRGB colour as a premultiplied OKLab one: lightness, a, b, alpha.
pub(super) fn from_srgb(color: Sample) -> Sample {
    let [r, g, b, alpha] = color.lanes();
    if alpha <= 0.0 {
        return Sample::default();
    }
    let [r, g, b] = [r, g, b].map(|channel| decoded(channel / alpha));
    let l = libm::cbrt(0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b);
    let m = libm::cbrt(0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b);
    let s = libm::cbrt(0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b);
    let lab = [
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    ];
    let [lightness, a, b] = lab.map(|number| number * alpha);
    Sample::of_lanes([lightness, a, b, alpha])
}

/// The way back; what sRGB does not have is taken to the nearest channel values.
pub(super) fn to_srgb(color: Sample) -> Sample {
    let [lightness, a, b, alpha] = color.lanes();
    let alpha = alpha.clamp(0.0, 1.0);
    if alpha <= 0.0 {
        return Sample::default();
    }
    let [lightness, a, b] = [lightness, a, b].map(|number| number / alpha);
    let cube = |number: f64| number * number * number;
    let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    let rgb = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ];
    let [r, g, b] = rgb.map(|channel| encoded(channel) * alpha);
    Sample::of_lanes([r, g, b, alpha])
}

/// From sRGB's encoding to light.
fn decoded(channel: f64) -> f64 {
    if channel <= 0.04045 { channel / 12.92 } else { libm::pow((channel + 0.055) / 1.055, 2.4) }
}

/// From light to sRGB's encoding.
fn encoded(light: f64) -> f64 {
    let light = light.clamp(0.0, 1.0);
    if light <= 0.003_130_8 {
        return light * 12.92;
    }
    // The power 5/12 by roots, which take half as long.
    let fourth = light.sqrt().sqrt();
    1.055 * fourth * libm::cbrt(fourth * fourth) - 0.055
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::Color;

    #[test]
    fn a_colour_comes_back_as_it_went() {
        for number in (0..1 << 24).step_by(977) {
            let [_, r, g, b] = u32::to_be_bytes(number);
            for a in [255, 130, 1] {
                let color = Color { r, g, b, a };
                assert_eq!(to_srgb(from_srgb(Sample::color(color))).to_color(), color);
            }
        }
    }

    #[test]
    fn colours_are_where_oklab_has_them() {
        // From the table of the CSS specification's examples: `oklab(0.62796 0.22486 0.12585)` is pure red.
        let cases = [
            ("#ff0000", [0.62796, 0.22486, 0.12585]),
            ("#0000ff", [0.45201, -0.03246, -0.31153]),
            ("#ffffff", [1.0, 0.0, 0.0]),
        ];
        for (color, expected) in cases {
            let lanes = from_srgb(Sample::color(color.parse().expect("a colour"))).lanes();
            for (found, expected) in lanes.into_iter().zip(expected) {
                assert!((found - expected).abs() < 2e-5, "{color}: {lanes:?}");
            }
        }
    }
}
