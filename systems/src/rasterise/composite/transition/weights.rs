//! How much of the picture that comes is seen in each pixel: 0..=255.
//!
//! All of it is `f32` arithmetic from the pixel's absolute place, by operations that IEEE 754 defines exactly; so bytes are
//! the same on every machine and in every vector width.

use components::{Point, transition::WipeShape};

/// The weights of all pixels at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Weights {
    /// The same everywhere.
    Even(u8),
    /// `a + x * dx + y * dy`, in 1/255.
    Linear(Plane),
    /// `a + k * distance` from a point, in 1/255.
    Radial { center: (f32, f32), a: f32, k: f32 },
    /// Of two of them the lower or, with `wide`, the higher one.
    Clock { planes: [Plane; 2], wide: bool },
    /// By noise in squares of so many pixels: `a - k * noise`, in 1/255, noise being 0..1.
    Noise { grain: u32, seed: u32, a: f32, k: f32 },
}

/// A linear function of a pixel's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plane {
    a: f32,
    dx: f32,
    dy: f32,
}

/// A value as a byte, rounded; a number outside of 0..=255 becomes the nearest of these.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within a byte")]
fn byte(value: f32) -> u8 {
    // Through a signed number: processors have an instruction for that.
    (value.clamp(0.0, 255.0) + 0.5) as i32 as u8
}

/// Sine and cosine of degrees, rounded so that right angles are exact.
fn sin_cos(degrees: f64) -> (f64, f64) {
    let (sin, cos) = libm::sincos(degrees.to_radians());
    ((sin * 1e9).round() / 1e9, (cos * 1e9).round() / 1e9)
}

impl Plane {
    /// `factor` times the distance from a line through `point` with this normal, plus `a`. Pixels are asked at their
    /// centres.
    #[expect(clippy::cast_possible_truncation, reason = "weights have 256 steps")]
    fn new(point: (f64, f64), normal: (f64, f64), factor: f64, a: f64) -> Self {
        let from = (0.5 - point.0) * normal.0 + (0.5 - point.1) * normal.1;
        Self { a: (a + from * factor) as f32, dx: (normal.0 * factor) as f32, dy: (normal.1 * factor) as f32 }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "frames have at most 3840 pixels a side, and weights 256 steps"
)]
impl Weights {
    pub(super) fn even(progress: f64) -> Self {
        Self::Even(byte((progress * 255.0) as f32))
    }

    /// Of a wipe over a frame of this size.
    pub(super) fn wipe(
        shape: WipeShape,
        angle: f64,
        center: Point,
        reverse: bool,
        softness: f64,
        (width, height): (usize, usize),
        progress: f64,
    ) -> Self {
        let (width, height) = (width as f64, height as f64);
        let center = (center.x * width, center.y * height);
        match shape {
            WipeShape::Linear => {
                let (sin, cos) = sin_cos(if reverse { angle + 180.0 } else { angle });
                let reach = (cos.abs() * width + sin.abs() * height) / 2.0;
                let soft = (softness * 2.0 * reach).max(1.0);
                let edge = -reach + (2.0 * reach + soft) * progress;
                let factor = 255.0 / soft;
                Self::Linear(Plane::new((width / 2.0, height / 2.0), (cos, sin), -factor, edge * factor))
            }
            WipeShape::Radial => {
                let far = |at: f64, length: f64| at.abs().max((length - at).abs());
                let (x, y) = (far(center.0, width), far(center.1, height));
                let reach = (x * x + y * y).sqrt();
                let soft = (softness * reach).max(1.0);
                let factor = 255.0 / soft;
                let (a, k) = if reverse {
                    ((-reach + (reach + soft) * progress) * factor, factor)
                } else {
                    ((reach + soft) * progress * factor, -factor)
                };
                let center = ((center.0 - 0.5) as f32, (center.1 - 0.5) as f32);
                Self::Radial { center, a: a as f32, k: k as f32 }
            }
            WipeShape::Clock => {
                let turn = if reverse { -1.0 } else { 1.0 };
                let soft = (softness * width.max(height)).max(1.0);
                let factor = 255.0 / soft;
                // Behind the line at which it starts, and before the hand: both at once up to half a turn, either after.
                let plane = |angle: f64, side: f64| {
                    let (sin, cos) = sin_cos(angle);
                    Plane::new(center, (cos * side, sin * side), factor, 255.0 * progress)
                };
                let planes = [plane(angle, turn), plane(angle + turn * 360.0 * progress, -turn)];
                Self::Clock { planes, wide: progress > 0.5 }
            }
        }
    }

    pub(super) fn dissolve(grain: u32, softness: f64, seed: u32, progress: f64) -> Self {
        // Noise has 2^24 steps.
        let soft = softness.max(1e-7);
        let factor = 255.0 / soft;
        Self::Noise { grain: grain.max(1), seed, a: ((1.0 + soft) * progress * factor) as f32, k: factor as f32 }
    }

    /// Fills a part of row `y`, from column `x0` on.
    #[inline(always)]
    pub(super) fn fill(&self, out: &mut [u8], x0: i32, y: i32) {
        let columns = (x0..).zip(&mut *out);
        match self {
            Self::Even(weight) => out.fill(*weight),
            Self::Linear(plane) => {
                let row = plane.a + y as f32 * plane.dy;
                for (x, out) in columns {
                    *out = byte(row + x as f32 * plane.dx);
                }
            }
            Self::Radial { center, a, k } => {
                let dy = y as f32 - center.1;
                for (x, out) in columns {
                    let dx = x as f32 - center.0;
                    *out = byte(a + k * (dx * dx + dy * dy).sqrt());
                }
            }
            Self::Clock { planes: [one, other], wide } => {
                let (row, other_row) = (one.a + y as f32 * one.dy, other.a + y as f32 * other.dy);
                for (x, out) in columns {
                    let (one, other) = (row + x as f32 * one.dx, other_row + x as f32 * other.dx);
                    *out = byte(if *wide { one.max(other) } else { one.min(other) });
                }
            }
            Self::Noise { grain: 1, seed, a, k } => {
                for (x, out) in columns {
                    *out = byte(a - k * noise(x as u32, y as u32, *seed));
                }
            }
            Self::Noise { grain, seed, a, k } => {
                let row = y as u32 / grain;
                for (x, out) in columns {
                    *out = byte(a - k * noise(x as u32 / grain, row, *seed));
                }
            }
        }
    }
}

/// 0..1, another number at each place. The finalizer is `lowbias32`: <https://nullprogram.com/blog/2018/07/31/>.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "24 bits are exact")]
fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let place = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    let mut hash = place ^ place >> 16;
    hash = hash.wrapping_mul(0x7feb_352d);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x846c_a68b);
    hash ^= hash >> 16;
    (hash >> 8) as i32 as f32 * (1.0 / 16_777_216.0)
}
