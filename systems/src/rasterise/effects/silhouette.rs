//! The alpha of a picture as a plane of bytes, and planes laid behind pictures in a colour.

use components::Color;
use fearless_simd::Level;
use tiny_skia::Pixmap;

use crate::rasterise::composite;

/// The alpha of each pixel, row by row.
pub(super) fn alpha(picture: &Pixmap) -> Vec<u8> {
    picture.data().as_chunks().0.iter().map(|[_, _, _, alpha]| *alpha).collect()
}

/// Lays a colour behind the picture, as much of it as `coverage` says for each pixel: destination-over.
pub(super) fn lay_behind(level: Level, picture: &mut Pixmap, coverage: &[u8], color: Color) {
    composite::lay_behind(level, picture.data_mut().as_chunks_mut().0, coverage, color.premultiplied());
}
