//! What a scene must look like, by the definition: pixel by pixel, in `f64`. Who draws something else is not timed.

use image::RgbaImage;

use crate::scenes::{Laid, Scene};

/// Greatest mean difference of a channel, 0..=255. Antialiased edges and rounding differ between renderers.
const MEAN: f64 = 1.5;
/// Greatest mean difference of luma to peers that blend in YUV, some of them with the coefficients of BT.601.
const MEAN_LUMA: f64 = 6.0;

/// Premultiplied RGBA8 pixels of a picture.
pub fn premultiplied(picture: &RgbaImage) -> Vec<u8> {
    let scaled = |c: u8, a: u8| ((u32::from(c) * u32::from(a) * 2 + 255) / 510) as u8;
    picture.pixels().flat_map(|p| [scaled(p[0], p[3]), scaled(p[1], p[3]), scaled(p[2], p[3]), p[3]]).collect()
}

/// RGB of every pixel, 0..=255.
pub fn draw(scene: &Scene, laid: &[Laid]) -> Vec<[f64; 3]> {
    let (width, height) = (scene.size.0 as usize, scene.size.1 as usize);
    let mut canvas = vec![[0.0; 3]; width * height];
    let pictures: Vec<Vec<u8>> = scene.pictures.0.iter().map(|(_, picture)| premultiplied(picture)).collect();
    for item in laid {
        let picture = &scene.pictures.0[item.picture].1;
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let pixels = &pictures[item.picture];
        let inverse = item.affine.inverse();
        let [a, b, c, d, ..] = inverse.as_coeffs();
        let pitch = (a.hypot(c), b.hypot(d));
        for y in 0..height {
            for x in 0..width {
                let at = inverse * vello_cpu::kurbo::Point::new(x as f64 + 0.5, y as f64 + 0.5);
                let covered = |position: f64, size: f64, pitch: f64| {
                    ((position / pitch + 0.5).clamp(0.0, 1.0) + ((size - position) / pitch + 0.5).clamp(0.0, 1.0) - 1.0)
                        .max(0.0)
                };
                let coverage = covered(at.x, w as f64, pitch.0) * covered(at.y, h as f64, pitch.1) * item.opacity;
                if coverage == 0.0 {
                    continue;
                }
                let (u, v) = (at.x - 0.5, at.y - 0.5);
                let (fu, fv) = (u - u.floor(), v - v.floor());
                let texel = |dx: i64, dy: i64, channel: usize| {
                    let column = (u.floor() as i64 + dx).clamp(0, w as i64 - 1) as usize;
                    let row = (v.floor() as i64 + dy).clamp(0, h as i64 - 1) as usize;
                    f64::from(pixels[(row * w + column) * 4 + channel])
                };
                let sample = |channel| {
                    let upper = texel(0, 0, channel) * (1.0 - fu) + texel(1, 0, channel) * fu;
                    let lower = texel(0, 1, channel) * (1.0 - fu) + texel(1, 1, channel) * fu;
                    (upper * (1.0 - fv) + lower * fv) * coverage
                };
                let behind = 1.0 - sample(3) / 255.0;
                let below = &mut canvas[y * width + x];
                for channel in 0..3 {
                    below[channel] = sample(channel) + below[channel] * behind;
                }
            }
        }
    }
    canvas
}

/// Ends the bench if an RGBA picture is not the expected one.
pub fn assert_rgba(who: &str, pixels: &[u8], expected: &[[f64; 3]]) {
    assert_eq!(pixels.len(), expected.len() * 4, "{who}: the size");
    let sum: f64 = pixels
        .chunks_exact(4)
        .zip(expected)
        .map(|(pixel, expected)| (0..3).map(|c| (f64::from(pixel[c]) - expected[c]).abs()).sum::<f64>())
        .sum();
    let mean = sum / (expected.len() * 3) as f64;
    assert!(mean <= MEAN, "{who} drew another picture: channels differ by {mean:.2} in the mean");
}

/// Ends the bench if the luma of an I420 frame is not the expected one.
pub fn assert_luma(who: &str, frame: &[u8], expected: &[[f64; 3]]) {
    assert!(frame.len() >= expected.len() * 3 / 2, "{who}: a frame of {} bytes is too short", frame.len());
    let luma = |[r, g, b]: [f64; 3]| 16.0 + (0.2126 * r + 0.7152 * g + 0.0722 * b) * 219.0 / 255.0;
    let sum: f64 = frame.iter().zip(expected).map(|(byte, expected)| (f64::from(*byte) - luma(*expected)).abs()).sum();
    let mean = sum / expected.len() as f64;
    assert!(mean <= MEAN_LUMA, "{who} drew another picture: luma differs by {mean:.2} in the mean");
}
