//! A frame as a small JPEG file, for those who look in.
//!
//! JPEG stores YCbCr with chroma of half the size, and so are frames: nothing goes through RGB. Each plane is scaled by
//! itself; what is left is another range and another matrix, on the few pixels that there are then. JFIF wants BT.601,
//! full range; frames are BT.709, limited range. With `y = (Y - 16) / 219`, `pb = (Cb - 128) / 224` and `pr` alike, from
//! ITU-R BT.709-6 and BT.601-7:
//!
//! ```text
//! y'  = y + 0.101579 pb + 0.196076 pr
//! pb' =     0.989854 pb - 0.110653 pr
//! pr' =    -0.072453 pb + 0.983398 pr
//! ```
//!
//! Both have chroma sited in the centre of its four pixels.

use fast_image_resize::Resizer;
use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor};
use kurbo::Rect;

use crate::{
    frame::Frame,
    resize::{FilterType, ResizeError, ResizeSource, resize_plane},
};

/// The coefficients in 2^-16, for full range: those of luma times 255/219 and 255/224, those of chroma times 255/224.
mod coefficient {
    pub(super) const LUMA: i32 = 76_309;
    pub(super) const LUMA_OF_CB: i32 = 7_578;
    pub(super) const LUMA_OF_CR: i32 = 14_628;
    pub(super) const CB_OF_CB: i32 = 73_849;
    pub(super) const CB_OF_CR: i32 = -8_255;
    pub(super) const CR_OF_CB: i32 = -5_405;
    pub(super) const CR_OF_CR: i32 = 73_367;
}

/// A picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// The planes cannot be scaled.
    #[error("the frame cannot be scaled: {0}")]
    Scale(#[from] ResizeError),
    /// The file cannot be written.
    #[error("the picture cannot be encoded: {0}")]
    Encode(#[from] EncodingError),
}

/// A picture in the colours of JFIF: planes of Y, Cb and Cr, BT.601, full range, chroma of half the width and height,
/// rows without gaps. Width and height are even.
#[derive(Clone, Debug)]
pub struct Still {
    width: usize,
    height: usize,
    planes: [Vec<u8>; 3],
    /// The tick that drew it.
    pub tick: u64,
}

/// Scales frames, one after the other; keeps what it needs for that.
#[derive(Debug, Default)]
pub struct StillMaker {
    resizer: Resizer,
}

/// The size at which a frame of this size is shown when `width` pixels are asked for: its proportions kept, never larger
/// than it is, both sides even.
#[must_use]
pub fn still_size(frame: (usize, usize), width: usize) -> (usize, usize) {
    let even = |side: usize| (side & !1).max(2);
    let width = even(width.min(frame.0));
    (width, even((frame.1 * width + frame.0 / 2) / frame.0).min(frame.1))
}

impl StillMaker {
    /// Scales a frame to `width` pixels, or less if it is smaller. The frame is not needed any more then.
    ///
    /// # Errors
    /// Never in practice: the planes of a frame have the sizes that they say.
    pub fn shrink(&mut self, frame: &Frame, width: usize) -> Result<Still, StillError> {
        let (width, height) = still_size((frame.width(), frame.height()), width);
        let (y, u, v) = frame.planes();
        let luma = (frame.width(), frame.height(), frame.y_stride());
        let chroma = (frame.width() / 2, frame.height() / 2, frame.uv_stride());
        let planes = [
            self.scale(y, luma, (width, height))?,
            self.scale(u, chroma, (width / 2, height / 2))?,
            self.scale(v, chroma, (width / 2, height / 2))?,
        ];
        let mut still = Still { width, height, planes, tick: frame.tick };
        still.convert();
        Ok(still)
    }

    /// Scales a plane of `(width, height, stride)`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a frame's sides are in thousands"
    )]
    fn scale(
        &mut self,
        plane: &[u8],
        (width, height, stride): (usize, usize, usize),
        (to_width, to_height): (usize, usize),
    ) -> Result<Vec<u8>, StillError> {
        if (width, height) == (to_width, to_height) {
            return Ok(plane.chunks_exact(stride).flat_map(|row| &row[..width]).copied().collect());
        }
        let crop = Some(Rect::new(0.0, 0.0, width as f64, height as f64));
        let source = ResizeSource { width: stride as u32, height: height as u32, data: plane, crop };
        let size = (to_width as u32, to_height as u32);
        Ok(resize_plane(&mut self.resizer, source, size, FilterType::Bilinear)?)
    }
}

impl Still {
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

    /// From BT.709, limited range, to BT.601, full range.
    fn convert(&mut self) {
        let [luma, cb, cr] = &mut self.planes;
        let half = self.width / 2;
        // What chroma adds to each pixel of two rows, and rounding.
        let mut added = vec![0_i32; self.width];
        let rows = luma.chunks_exact_mut(2 * self.width);
        for (rows, (cb, cr)) in rows.zip(cb.chunks_exact_mut(half).zip(cr.chunks_exact_mut(half))) {
            convert_chroma(cb, cr, &mut added);
            for row in rows.chunks_exact_mut(self.width) {
                convert_luma(row, &added);
            }
        }
    }

    /// The picture as a JFIF file with subsampled chroma; `quality` from 1 to 100.
    ///
    /// # Errors
    /// Never in practice: the file is written to memory, and its sides are within what JPEG allows.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, StillError> {
        let mut file = Vec::with_capacity(self.width * self.height / 8);
        let mut encoder = Encoder::new(&mut file, quality.clamp(1, 100));
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode_image(self)?;
        Ok(file)
    }
}

#[expect(clippy::cast_sign_loss, reason = "clamped to a byte")]
fn convert_chroma(cb: &mut [u8], cr: &mut [u8], added: &mut [i32]) {
    use coefficient::{CB_OF_CB, CB_OF_CR, CR_OF_CB, CR_OF_CR, LUMA_OF_CB, LUMA_OF_CR};
    const HALF: i32 = 1 << 15;
    for ((cb, cr), added) in cb.iter_mut().zip(cr).zip(added.chunks_exact_mut(2)) {
        let (pb, pr) = (i32::from(*cb) - 128, i32::from(*cr) - 128);
        added.fill(LUMA_OF_CB * pb + LUMA_OF_CR * pr + HALF);
        *cb = (((CB_OF_CB * pb + CB_OF_CR * pr + HALF) >> 16) + 128).clamp(0, 255) as u8;
        *cr = (((CR_OF_CB * pb + CR_OF_CR * pr + HALF) >> 16) + 128).clamp(0, 255) as u8;
    }
}

#[expect(clippy::cast_sign_loss, reason = "clamped to a byte")]
fn convert_luma(row: &mut [u8], added: &[i32]) {
    for (luma, added) in row.iter_mut().zip(added) {
        *luma = ((coefficient::LUMA * (i32::from(*luma) - 16) + added) >> 16).clamp(0, 255) as u8;
    }
}

impl ImageBuffer for &Still {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    #[expect(clippy::cast_possible_truncation, reason = "no canvas is wider than 3840")]
    fn width(&self) -> u16 {
        self.width as u16
    }

    #[expect(clippy::cast_possible_truncation, reason = "no canvas is higher than 2160")]
    fn height(&self) -> u16 {
        self.height as u16
    }

    /// The encoder takes rows in full and leaves every other sample of chroma out.
    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (y, half) = (usize::from(y), self.width / 2);
        let [luma, cb, cr] = &self.planes;
        buffers[0].extend_from_slice(&luma[y * self.width..][..self.width]);
        for (buffer, plane) in buffers[1..].iter_mut().zip([cb, cr]) {
            buffer.extend(plane[y / 2 * half..][..half].iter().flat_map(|sample| [*sample; 2]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame that is all of one colour, by the definitions of BT.709.
    fn frame_of(rgb: [f64; 3], (width, height): (usize, usize)) -> Frame {
        let [r, g, b] = rgb.map(|c| c / 255.0);
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let planes = [16.0 + 219.0 * y, 128.0 + 224.0 * (b - y) / 1.8556, 128.0 + 224.0 * (r - y) / 1.5748];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range")]
        let [y, cb, cr] = planes.map(|sample| sample.round() as u8);
        let mut frame = Frame::new(width, height);
        let (luma, u, v) = frame.planes_mut();
        luma.fill(y);
        u.fill(cb);
        v.fill(cr);
        frame
    }

    #[test]
    fn colours_come_out_as_they_went_in() {
        for rgb in [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 30, 40], [12, 180, 99]] {
            let frame = frame_of(rgb.map(f64::from), (70, 38));
            for width in [70, 34] {
                let still = StillMaker::default().shrink(&frame, width).unwrap();
                let jpeg = still.to_jpeg(95).unwrap();
                let picture = image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).unwrap().to_rgb8();
                let (w, h) = still_size((70, 38), width);
                assert_eq!((picture.width() as usize, picture.height() as usize), (w, h));
                for pixel in picture.pixels() {
                    let off = pixel.0.iter().zip(rgb).map(|(is, was)| i32::from(*is).abs_diff(was)).max();
                    assert!(off <= Some(4), "{rgb:?} came out as {:?}", pixel.0);
                }
            }
        }
    }

    #[test]
    fn sizes_keep_the_proportions_and_are_even() {
        assert_eq!(still_size((1920, 1080), 640), (640, 360));
        assert_eq!(still_size((1920, 1080), 641), (640, 360));
        assert_eq!(still_size((1920, 1080), 5000), (1920, 1080));
        assert_eq!(still_size((1080, 1920), 100), (100, 178));
        assert_eq!(still_size((3840, 16), 16), (16, 2));
    }
}
