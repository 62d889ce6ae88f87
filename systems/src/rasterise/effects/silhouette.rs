//! The alpha of a picture as a plane of bytes, and planes laid behind pictures in a colour.

use components::Color;
use tiny_skia::Pixmap;

/// The alpha of each pixel, row by row.
pub(super) fn alpha(picture: &Pixmap) -> Vec<u8> {
    picture.data().iter().skip(3).step_by(4).copied().collect()
}

/// Lays a colour behind the picture, as much of it as `coverage` says for each pixel: destination-over.
pub(super) fn lay_behind(picture: &mut Pixmap, coverage: &[u8], color: Color) {
    let color = color.premultiplied().map(u32::from);
    for (pixel, coverage) in picture.data_mut().chunks_exact_mut(4).zip(coverage) {
        let behind = 255 - u32::from(pixel[3]);
        for (byte, color) in pixel.iter_mut().zip(color) {
            let shade = divide_by_255(color * u32::from(*coverage));
            *byte = (u32::from(*byte) + divide_by_255(shade * behind)).min(255) as u8;
        }
    }
}

/// A product of two bytes divided by 255, rounded to nearest.
fn divide_by_255(product: u32) -> u32 {
    (product + 128 + ((product + 128) >> 8)) >> 8
}
