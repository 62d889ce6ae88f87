//! Runs over all pixels of a picture with straight colours, and colour matrices.

use components::Color;
use tiny_skia::Pixmap;

/// The luminance of red, green and blue, as Filter Effects' matrices for saturation, hue and grey have it.
pub(super) const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Three rows for red, green and blue, each their shares and an offset; on straight colours of 0..=1.
pub(super) type Matrix = [[f32; 4]; 3];

/// Changes the straight colour (0..=1) and the alpha factor (0..=1) of every pixel that is seen at all. Results are
/// clamped to 0..=1 and premultiplied with the alpha that is left.
pub(super) fn recolor(picture: &mut Pixmap, mut change: impl FnMut([f32; 3]) -> ([f32; 3], f32)) {
    // Neighbours are often equal.
    let (mut before, mut after) = ([0; 4], [0; 4]);
    for pixel in picture.data_mut().as_chunks_mut::<4>().0 {
        if *pixel != before {
            before = *pixel;
            after = match pixel[3] {
                0 => [0; 4],
                alpha => {
                    let straight = [0, 1, 2].map(|channel| f32::from(pixel[channel]) / f32::from(alpha));
                    let (color, kept) = change(straight);
                    premultiply(color, f32::from(alpha) * kept.clamp(0.0, 1.0))
                }
            };
        }
        *pixel = after;
    }
}

/// A straight colour of 0..=1 (what is beyond is clamped) with an alpha of 0..=255.
pub(super) fn premultiply(color: [f32; 3], alpha: f32) -> [u8; 4] {
    let alpha = byte(alpha);
    let [r, g, b] = color.map(|value| byte(value.clamp(0.0, 1.0) * f32::from(alpha)));
    [r, g, b, alpha]
}

/// The nearest byte of what is not negative. `round` would be a call into the mathematical library for each.
pub(super) fn byte(value: f32) -> u8 {
    (value + 0.5) as u8
}

/// The colour times the matrix, clamped to 0..=1.
pub(super) fn multiplied(matrix: &Matrix, color: [f32; 3]) -> [f32; 3] {
    matrix.map(|[r, g, b, offset]| (r * color[0] + g * color[1] + b * color[2] + offset).clamp(0.0, 1.0))
}

/// Red, green and blue as 0..=1.
pub(super) fn straight(color: Color) -> [f32; 3] {
    [color.r, color.g, color.b].map(|value| f32::from(value) / 255.0)
}
