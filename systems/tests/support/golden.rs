//! Compares pictures with those that were looked at and found good.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes them anew: look at each before it is committed.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};

/// How far a channel of a pixel may be from the golden picture's, 0..255: what resampling and square roots differ by
/// between processors.
pub(crate) const TOLERANCE: u8 = 2;
/// Edge of the squares that lie behind transparent pixels.
const SQUARE: u32 = 8;

/// Opaque pixels on which rasters can be laid.
pub(crate) struct Canvas(RgbImage);

impl Canvas {
    /// Grey squares, so that what is transparent can be told.
    pub(crate) fn checkered(width: u32, height: u32) -> Self {
        Self(RgbImage::from_fn(width, height, |x, y| {
            let light = (x / SQUARE + y / SQUARE).is_multiple_of(2);
            Rgb(if light { [0x78; 3] } else { [0x60; 3] })
        }))
    }

    /// Lays premultiplied RGBA8 pixels down, source-over, the first at (`left`, `top`). A whole opaque picture covers
    /// all squares.
    pub(crate) fn lay(&mut self, pixels: &[u8], width: usize, left: i64, top: i64) {
        for (index, source) in pixels.chunks_exact(4).enumerate() {
            let (x, y) = (left + (index % width) as i64, top + (index / width) as i64);
            let inside = (0..i64::from(self.0.width())).contains(&x) && (0..i64::from(self.0.height())).contains(&y);
            if inside {
                let target = self.0.get_pixel_mut(x as u32, y as u32);
                let behind = 255 - u32::from(source[3]);
                for (byte, color) in target.0.iter_mut().zip(source) {
                    *byte = (u32::from(*color) + (u32::from(*byte) * behind + 127) / 255).min(255) as u8;
                }
            }
        }
    }

    /// Panics if the picture is not the golden one of this name, and says where expected, actual and difference lie.
    pub(crate) fn assert_golden(&self, name: &str) {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.png"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            self.0.save(&golden).expect("golden pictures can be written");
            return;
        }
        let expected = match image::open(&golden) {
            Ok(picture) => picture.into_rgb8(),
            Err(error) => panic!(
                "the golden picture {} cannot be read ({error}); to make it: UPDATE_GOLDEN=1 cargo test",
                golden.display()
            ),
        };
        let worst = worst_difference(&expected, &self.0);
        if worst.is_some_and(|worst| worst <= TOLERANCE) {
            return;
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("golden");
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        let file = |kind: &str| folder.join(format!("{name}-{kind}.png"));
        let save = |picture: &RgbImage, kind: &str| picture.save(file(kind)).expect("the target folder can be written");
        save(&expected, "expected");
        save(&self.0, "actual");
        save(&difference(&expected, &self.0), "difference");
        panic!(
            "{name} differs from its golden picture ({}); see {}, {} and {}",
            worst.map_or("another size".to_owned(), |worst| format!("by up to {worst}, {TOLERANCE} is allowed")),
            file("expected").display(),
            file("difference").display(),
            file("actual").display()
        );
    }
}

/// The largest difference of a channel; `None` if the sizes are not the same.
fn worst_difference(a: &RgbImage, b: &RgbImage) -> Option<u8> {
    (a.dimensions() == b.dimensions())
        .then(|| a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0))
}

/// Black where the pictures are equal, brighter where they differ more; a difference of 32 and more is full.
fn difference(a: &RgbImage, b: &RgbImage) -> RgbImage {
    let (width, height) = (a.width().max(b.width()), a.height().max(b.height()));
    let pixel = |picture: &RgbImage, x, y| picture.get_pixel_checked(x, y).copied().unwrap_or(Rgb([255, 0, 255]));
    RgbImage::from_fn(width, height, |x, y| {
        let (a, b) = (pixel(a, x, y), pixel(b, x, y));
        Rgb(std::array::from_fn(|channel| a.0[channel].abs_diff(b.0[channel]).saturating_mul(8)))
    })
}
