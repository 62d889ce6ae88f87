//! Sources: W3C Filter Effects Module Level 1, <https://www.w3.org/TR/filter-effects-1/>, chapter 10.1, "Filter primitive
//! representation" of `brightness()`, `contrast()`, `saturate()` and `hue-rotate()`, and the matrices of
//! `feColorMatrix` that they name. They work on straight sRGB colours, each clamped before the next.

use components::effects::ColorAdjust;
use fearless_simd::{Level, prelude::*};
use kurbo::Rect;

use super::{
    Apply,
    pixels::{Matrix, Recolor, multiplied, recolor},
};
use crate::rasterise::{
    content::surface::Surface,
    octet::{Channel, Colors, splat},
};

/// Matrices, one after the other.
struct Steps(Vec<Matrix>);

impl Recolor for Steps {
    #[inline(always)]
    fn recolored<S: Simd>(&self, mut colors: Colors<S>) -> (Colors<S>, Channel<S>) {
        for step in &self.0 {
            colors = multiplied(step, colors);
        }
        (colors, splat(colors[0], 1.0))
    }
}

impl Apply for ColorAdjust {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    /// Up to four matrices.
    fn work(&self, _: f64) -> f64 {
        8.0
    }

    fn apply(&self, level: Level, mut picture: Surface, _: Rect) -> Surface {
        let mut steps: Vec<Matrix> = Vec::with_capacity(4);
        if self.brightness != 1.0 {
            steps.push(scaled(self.brightness as f32, 0.0));
        }
        if self.contrast != 1.0 {
            steps.push(scaled(self.contrast as f32, 0.5 - 0.5 * self.contrast as f32));
        }
        if self.saturation != 1.0 {
            steps.push(saturate(self.saturation as f32));
        }
        if self.hue != 0.0 {
            steps.push(hue_rotate(self.hue.to_radians()));
        }
        if !steps.is_empty() {
            recolor(level, &mut picture.pixmap, &Steps(steps));
        }
        picture
    }
}

fn scaled(slope: f32, offset: f32) -> Matrix {
    [[slope, 0.0, 0.0, offset], [0.0, slope, 0.0, offset], [0.0, 0.0, slope, offset]]
}

fn saturate(s: f32) -> Matrix {
    [
        [0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s, 0.0],
        [0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s, 0.0],
        [0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s, 0.0],
    ]
}

fn hue_rotate(radians: f64) -> Matrix {
    let (sin, cos) = (libm::sin(radians) as f32, libm::cos(radians) as f32);
    [
        [0.213 + cos * 0.787 - sin * 0.213, 0.715 - cos * 0.715 - sin * 0.715, 0.072 - cos * 0.072 + sin * 0.928, 0.0],
        [0.213 - cos * 0.213 + sin * 0.143, 0.715 + cos * 0.285 + sin * 0.140, 0.072 - cos * 0.072 - sin * 0.283, 0.0],
        [0.213 - cos * 0.213 - sin * 0.787, 0.715 - cos * 0.715 + sin * 0.715, 0.072 + cos * 0.928 + sin * 0.072, 0.0],
    ]
}
