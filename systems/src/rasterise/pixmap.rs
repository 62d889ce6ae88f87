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
}

impl Raster {
    /// The rectangle that it covers in the layer's pixels.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "rasters are far smaller than 2^52 pixels")]
    pub fn bounds(&self) -> Rect {
        self.to_layer.transform_rect_bbox(Rect::new(0.0, 0.0, self.width as f64, self.height as f64))
    }
}
