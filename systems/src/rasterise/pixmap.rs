//! The pixels of a layer, as the compositor takes them.

use std::sync::Arc;

use kurbo::{Affine, Rect};

/// Premultiplied RGBA8 pixels of one layer (`r, g, b, a` bytes, rows without gaps), drawn once and laid onto many
/// frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 4` bytes, premultiplied.
    pub pixels: Arc<Vec<u8>>,
    /// Where raster pixels lie in the layer's box: from raster pixels to layer pixels. Only scale and translation.
    pub to_layer: Affine,
    /// Whether every pixel is opaque.
    pub opaque: bool,
    /// For each row the columns, from the first up to, not including, the second, outside of which all pixels are wholly
    /// transparent. May be a few pixels too wide.
    pub rows: Arc<[(u32, u32)]>,
}

/// Pixels of a row that are looked at together.
const TOGETHER: usize = 8;

/// Where in a row there is anything.
#[expect(clippy::cast_possible_truncation, reason = "rows have less than 2^31 pixels")]
fn seen(row: &[[u8; 4]]) -> (u32, u32) {
    let is_empty = |pixels: &[[u8; 4]]| pixels.iter().fold(0, |any, pixel| any | u32::from_le_bytes(*pixel)) == 0;
    let Some(first) = row.chunks(TOGETHER).position(|pixels| !is_empty(pixels)) else { return (0, 0) };
    let last = row.rchunks(TOGETHER).position(|pixels| !is_empty(pixels)).unwrap_or_default();
    ((first * TOGETHER) as u32, (row.len() - last * TOGETHER) as u32)
}

impl Raster {
    /// Looks once at all pixels, which are `width * height`.
    #[must_use]
    pub fn new(width: usize, height: usize, pixels: Vec<u8>, to_layer: Affine) -> Self {
        debug_assert_eq!(pixels.len(), width * height * 4);
        let rows = pixels.as_chunks().0.chunks(width.max(1)).map(seen).collect();
        let opaque = pixels.chunks_exact(4).all(|pixel| pixel[3] == 255);
        Self { width, height, pixels: Arc::new(pixels), to_layer, opaque, rows }
    }

    /// The rectangle that it covers in the layer's pixels.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "rasters are far smaller than 2^52 pixels")]
    pub fn bounds(&self) -> Rect {
        self.to_layer.transform_rect_bbox(Rect::new(0.0, 0.0, self.width as f64, self.height as f64))
    }
}
