//! The picture that all tiles are drawn on.

use bevy_ecs::resource::Resource;

use super::Pixel;
use crate::frame::Picture;

/// The whole frame as opaque RGBA8 pixels (`r, g, b, 255`), rows without gaps. It lives on from tick to tick, and
/// only dirty tiles of it are drawn anew.
#[derive(Resource, Clone, Debug, PartialEq, Eq)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Pixel>,
}

impl Canvas {
    /// A black canvas.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0, 0, 0, 255]; width * height] }
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row after row.
    #[must_use]
    pub fn pixels(&self) -> &[[u8; 4]] {
        &self.pixels
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [Pixel] {
        &mut self.pixels
    }

    /// A copy of it, as the picture of `tick`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "frames have at most 3840 pixels a side")]
    pub fn picture(&self, tick: u64) -> Picture {
        Picture {
            width: self.width as u32,
            height: self.height as u32,
            data: self.pixels.as_flattened().to_vec(),
            tick,
        }
    }
}
