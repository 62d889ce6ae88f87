//! The picture that all tiles are drawn on.

use bevy_ecs::resource::Resource;

use super::Pixel;
use crate::{
    frame::Picture,
    tiles::{TILE, TileSet},
};

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

    /// The same, for good.
    pub(crate) fn into_pixels(self) -> Vec<[u8; 4]> {
        self.pixels
    }

    /// Makes these tiles those of another canvas of the same size.
    pub(crate) fn copy_tiles(&mut self, from: &Self, tiles: &TileSet) {
        debug_assert_eq!((self.width, self.height), (from.width, from.height));
        for row in 0..tiles.rows() {
            for column in tiles.in_row(row) {
                let columns = column * TILE..((column + 1) * TILE).min(self.width);
                for y in row * TILE..((row + 1) * TILE).min(self.height) {
                    let pixels = y * self.width + columns.start..y * self.width + columns.end;
                    self.pixels[pixels.clone()].copy_from_slice(&from.pixels[pixels]);
                }
            }
        }
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
