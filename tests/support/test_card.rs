//! Frames with a picture that shows wrong colours, ranges, strides and order.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::sync::Arc;

use systems::Frame;

/// The flat patches at the top of the card, in sRGB, from left to right.
pub const PATCHES: [[u8; 3]; 8] =
    [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [128, 128, 128], [64, 160, 224]];

/// BT.709 in limited range, straight from the standard.
pub fn yuv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = [r, g, b].map(|value| f64::from(value) / 255.0);
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let (u, v) = ((b - y) / 1.8556, (r - y) / 1.5748);
    [(16.0 + 219.0 * y).round() as u8, (128.0 + 224.0 * u).round() as u8, (128.0 + 224.0 * v).round() as u8]
}

/// Patches in the upper half, and below a ramp with a bar whose place tells the number of the frame.
pub fn test_card(width: usize, height: usize, number: u64) -> Arc<Frame> {
    let mut frame = Frame::new(width, height);
    let (y_stride, uv_stride) = (frame.y_stride(), frame.uv_stride());
    let bar = (number as usize * 8) % width;
    let color = |x: usize, row: usize| {
        if row < height / 2 {
            yuv(PATCHES[x * PATCHES.len() / width])
        } else if (bar..bar + 16).contains(&x) {
            [235, 128, 128]
        } else {
            [(40 + x * 150 / width) as u8, (100 + row * 56 / height) as u8, 140]
        }
    };
    let (luma, u, v) = frame.planes_mut();
    for row in 0..height {
        for x in 0..width {
            luma[row * y_stride + x] = color(x, row)[0];
        }
    }
    for row in 0..height / 2 {
        for x in 0..width / 2 {
            let [_, cb, cr] = color(x * 2, row * 2);
            u[row * uv_stride + x] = cb;
            v[row * uv_stride + x] = cr;
        }
    }
    Arc::new(frame)
}

/// A picture that cannot be compressed.
pub fn noise(width: usize, height: usize, seed: u64) -> Arc<Frame> {
    let mut frame = Frame::new(width, height);
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in frame.planes_mut().0 {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = (state % 200) as u8 + 20;
    }
    Arc::new(frame)
}

/// The planes behind one another without gaps, as `ffmpeg -pix_fmt yuv420p` writes them.
pub fn packed(frame: &Frame) -> Vec<u8> {
    let (width, height) = (frame.width(), frame.height());
    let (y, u, v) = frame.planes();
    let mut all = Vec::with_capacity(width * height * 3 / 2);
    for (plane, stride, width, height) in [
        (y, frame.y_stride(), width, height),
        (u, frame.uv_stride(), width / 2, height / 2),
        (v, frame.uv_stride(), width / 2, height / 2),
    ] {
        for row in 0..height {
            all.extend_from_slice(&plane[row * stride..][..width]);
        }
    }
    all
}
