use serde::{Deserialize, Serialize};

use crate::{
    color::Color,
    geometry::{Length, LengthPoint},
};

/// A value as it is calculated with: four numbers, whatever the kind, so that all kinds are blended alike.
///
/// A length is the sum of its pixels and its percentages, as in CSS `calc()`. A colour is premultiplied by its alpha,
/// so that on the way to nothing it does not turn dark or take on the hue of what cannot be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sample(pub(super) [f64; 4]);

impl Sample {
    /// A number.
    #[must_use]
    pub const fn number(number: f64) -> Self {
        Self([number, 0.0, 0.0, 0.0])
    }

    /// A length.
    #[must_use]
    pub const fn length(length: Length) -> Self {
        match length {
            Length::Px(pixels) => Self([pixels, 0.0, 0.0, 0.0]),
            Length::Percent(percent) => Self([0.0, percent, 0.0, 0.0]),
        }
    }

    /// Two numbers.
    #[must_use]
    pub const fn pair(x: f64, y: f64) -> Self {
        Self([x, 0.0, y, 0.0])
    }

    /// Two lengths.
    #[must_use]
    pub const fn position(point: LengthPoint) -> Self {
        let (Self([x_px, x_percent, ..]), Self([y_px, y_percent, ..])) = (Self::length(point.x), Self::length(point.y));
        Self([x_px, x_percent, y_px, y_percent])
    }

    /// A colour.
    #[must_use]
    pub fn color(color: Color) -> Self {
        let alpha = f64::from(color.a) / 255.0;
        let channel = |byte: u8| f64::from(byte) / 255.0 * alpha;
        Self([channel(color.r), channel(color.g), channel(color.b), alpha])
    }

    /// The number, or the pixels of the length, or the first number of the pair.
    #[must_use]
    pub const fn x(self) -> f64 {
        self.0[0]
    }

    /// The percentage of the length, or of the first of two.
    #[must_use]
    pub const fn x_percent(self) -> f64 {
        self.0[1]
    }

    /// The second number of the pair, or the pixels of the second length.
    #[must_use]
    pub const fn y(self) -> f64 {
        self.0[2]
    }

    /// The percentage of the second of two lengths.
    #[must_use]
    pub const fn y_percent(self) -> f64 {
        self.0[3]
    }

    /// The length, if its pixels or its percentages are zero; the percentages alone otherwise.
    #[must_use]
    pub fn to_length(self) -> Length {
        if self.0[1] == 0.0 { Length::Px(self.0[0]) } else { Length::Percent(self.0[1]) }
    }

    /// The colour, rounded to nearest; numbers out of range are taken into it.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
    pub fn to_color(self) -> Color {
        let Self([r, g, b, a]) = self;
        let alpha = a.clamp(0.0, 1.0);
        if alpha == 0.0 {
            return Color::TRANSPARENT;
        }
        let byte = |premultiplied: f64| (premultiplied / alpha * 255.0).round() as u8;
        Color { r: byte(r), g: byte(g), b: byte(b), a: (alpha * 255.0).round() as u8 }
    }

    /// The four numbers.
    pub(crate) const fn lanes(self) -> [f64; 4] {
        self.0
    }

    /// A sample of these four numbers.
    pub(crate) const fn of_lanes(lanes: [f64; 4]) -> Self {
        Self(lanes)
    }

    /// One of two, from 0.
    pub(crate) const fn half(self, place: usize) -> Self {
        let Self([x, x_percent, y, y_percent]) = self;
        if place == 0 { Self([x, x_percent, 0.0, 0.0]) } else { Self([y, y_percent, 0.0, 0.0]) }
    }

    /// The same with another one of two.
    pub(crate) const fn with_half(self, place: usize, half: Self) -> Self {
        let (Self([x, x_percent, y, y_percent]), Self([one, percent, ..])) = (self, half);
        if place == 0 { Self([one, percent, y, y_percent]) } else { Self([x, x_percent, one, percent]) }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }

    /// All numbers by one.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self(self.0.map(|number| number * factor))
    }

    /// A number or a length by a number, or each of two by one of a pair. The pixels and the percentage of a length are
    /// multiplied alike.
    pub(crate) fn times(self, Self([first, _, second, _]): Self) -> Self {
        let Self([x, x_percent, y, y_percent]) = self;
        Self([x * first, x_percent * first, y * second, y_percent * second])
    }

    /// Whether two lengths are both in pixels or both in percent; zero is both.
    pub(crate) fn is_of_unit_of(self, other: Self) -> bool {
        (self.0[1] == 0.0 && other.0[1] == 0.0) || (self.0[0] == 0.0 && other.0[0] == 0.0)
    }

    /// The point on the line from `a` (at 0) to `b` (at 1), or beyond.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the end is met exactly, whatever the rounding")]
    pub fn between(Self(a): Self, Self(b): Self, t: f64) -> Self {
        if t == 1.0 {
            return Self(b);
        }
        Self(std::array::from_fn(|lane| a[lane] + (b[lane] - a[lane]) * t))
    }
}
