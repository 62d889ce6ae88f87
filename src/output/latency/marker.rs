//! Pictures that tell their number, however small and blurred they arrive.
//!
//! The upper half is white in the frames of a beat, and black between two. Below are sixteen columns: eight bits of the
//! beat's number, most significant first, and the same bits inverted, so that a damaged picture is not read as another.

use std::sync::Arc;

use systems::Frame;

/// Bits of a number.
const BITS: usize = 8;
/// Luma of black and white, of their middle: BT.709, limited range.
const BLACK: u8 = 16;
const WHITE: u8 = 235;
/// The size to which pictures are scaled to be read: luma alone.
pub(super) const READ_SIZE: (usize, usize) = (64, 36);

/// The picture of a beat, or of the time between two.
pub(super) fn draw(width: usize, height: usize, beat: Option<u8>) -> Arc<Frame> {
    let mut frame = Frame::new(width, height);
    let stride = frame.y_stride();
    let (luma, u, v) = frame.planes_mut();
    luma.fill(BLACK);
    u.fill(128);
    v.fill(128);
    if let Some(number) = beat {
        for (row, pixels) in luma.chunks_mut(stride).take(height).enumerate() {
            for (x, pixel) in pixels.iter_mut().take(width).enumerate() {
                if row < height / 2 || is_lit(number, x * 2 * BITS / width) {
                    *pixel = WHITE;
                }
            }
        }
    }
    Arc::new(frame)
}

fn is_lit(number: u8, column: usize) -> bool {
    let bit = number >> (BITS - 1 - column % BITS) & 1 == 1;
    bit != (column >= BITS)
}

/// The number of the beat in a picture of [`READ_SIZE`], each row `stride` bytes; `None` between two beats, and if it
/// cannot be read.
pub(super) fn read(luma: &[u8], stride: usize) -> Option<u8> {
    let (width, height) = READ_SIZE;
    let is_white = |x: usize, y: usize| luma.get(y * stride + x).is_some_and(|luma| *luma > 128);
    if !(0..4).all(|part| is_white(width / 8 + part * width / 4, height / 4)) {
        return None;
    }
    let column = |column: usize| is_white((2 * column + 1) * width / (4 * BITS), height * 3 / 4);
    let mut bits = (0..BITS).map(|bit| (column(bit) != column(bit + BITS)).then_some(column(bit)));
    bits.try_fold(0, |number: u8, bit| Some(number << 1 | u8::from(bit?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every so many-th pixel, as a scaler would take them.
    fn scaled(frame: &Frame) -> Vec<u8> {
        let (width, height) = READ_SIZE;
        let at = |x: usize, y: usize| y * frame.height() / height * frame.y_stride() + x * frame.width() / width;
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| frame.planes().0[at(x, y)]).collect()
    }

    #[test]
    fn every_number_is_read_again_and_nothing_else_is() {
        for (width, height) in [(64, 36), (426, 240), (1920, 1080)] {
            for number in 0..=u8::MAX {
                let mut luma = scaled(&draw(width, height, Some(number)));
                assert_eq!(read(&luma, READ_SIZE.0), Some(number));
                luma[27 * READ_SIZE.0 + 2] ^= 0xff;
                assert_eq!(read(&luma, READ_SIZE.0), None, "one column is damaged");
            }
            assert_eq!(read(&scaled(&draw(width, height, None)), READ_SIZE.0), None);
        }
        assert_eq!(read(&[], READ_SIZE.0), None);
    }
}
