//! Resampling of whole pictures by a maintained crate, for what is resampled once and not on every tick.
//!
//! The crate decides at run time what a pixel is, if asked to, and compiles its loops for each of thirteen kinds then, in
//! every crate that asks. Here they are compiled for the two that exist.

use fast_image_resize::{
    ImageBufferError, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8, U8x4},
};
use kurbo::Rect;

pub use fast_image_resize::FilterType;

/// From this factor on a picture is shrunk in two steps.
const STRONG: f64 = 8.0;

/// Pixels to either side that any of the filters looks at, and two more.
const REACH: f64 = 5.0;

/// A picture cannot be resampled.
#[derive(Debug, thiserror::Error)]
pub enum ResizeError {
    /// There are not as many bytes as the size says.
    #[error("the picture is not of the size that it says: {0}")]
    Size(#[from] ImageBufferError),
    /// What is to be resampled does not lie within the picture.
    #[error(transparent)]
    Resize(#[from] fast_image_resize::ResizeError),
}

/// Pixels in rows without gaps.
#[derive(Clone, Copy, Debug)]
pub struct ResizeSource<'a> {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The bytes of all pixels.
    pub data: &'a [u8],
    /// The part of it that is resampled, in pixels; all of it if `None`.
    pub crop: Option<Rect>,
}

/// Resamples a picture of four bytes a pixel, each channel by itself: colours that are to fade into transparent ones are
/// premultiplied.
///
/// # Errors
/// There are not as many bytes as the size says, or `crop` is not within it.
pub fn resize_rgba(source: ResizeSource<'_>, size: (u32, u32), filter: FilterType) -> Result<Vec<u8>, ResizeError> {
    let resizer = &mut Resizer::new();
    let Some(between) = box_size(source, size) else { return resize::<U8x4>(resizer, source, size, filter) };
    let data = resize::<U8x4>(resizer, source, between, FilterType::Box)?;
    let shrunk = ResizeSource { width: between.0, height: between.1, data: &data, crop: None };
    resize::<U8x4>(resizer, shrunk, size, filter)
}

/// The size to which a picture is brought first, by means of whole pixels, which cost the same each whatever the size:
/// four times what is wanted, so that the filter proper still decides what is seen. `None` if it is not shrunk by as much as
/// [`STRONG`], or more, in any direction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "above zero, and at most the source's size"
)]
fn box_size(source: ResizeSource<'_>, (width, height): (u32, u32)) -> Option<(u32, u32)> {
    let whole = (f64::from(source.width), f64::from(source.height));
    let (across, down) = source.crop.map_or(whole, |crop| (crop.width(), crop.height()));
    let is_strong = |from: f64, to: u32| from >= STRONG * f64::from(to);
    let between = |from: f64, to: u32| if is_strong(from, to) { to * 4 } else { from.ceil() as u32 };
    let is_shrunk = width > 0 && height > 0 && (is_strong(across, width) || is_strong(down, height));
    is_shrunk.then(|| (between(across, width), between(down, height)))
}

/// Resamples a plane of a byte a pixel. `resizer` keeps the memory that it takes for the next time.
///
/// # Errors
/// There are not as many bytes as the size says, or `crop` is not within it.
pub(crate) fn resize_plane(
    resizer: &mut Resizer,
    source: ResizeSource<'_>,
    size: (u32, u32),
    filter: FilterType,
) -> Result<Vec<u8>, ResizeError> {
    resize::<U8>(resizer, source, size, filter)
}

/// Resamples in one direction after the other. Asked for both at once, the crate (6.1.0) takes the first column that it
/// needs from the first pixel alone, though zero weights may have been taken off there that others have not: it then reads
/// far outside of the picture.
fn resize<P: PixelTrait + Default>(
    resizer: &mut Resizer,
    source: ResizeSource<'_>,
    (width, height): (u32, u32),
    filter: FilterType,
) -> Result<Vec<u8>, ResizeError> {
    let whole = Rect::new(0.0, 0.0, f64::from(source.width), f64::from(source.height));
    let crop = source.crop.unwrap_or(whole);
    let is_kept = |from: f64, length: f64, to: u32| from == from.round() && length == f64::from(to);
    if crop.intersect(whole) != crop || is_kept(crop.x0, crop.width(), width) || is_kept(crop.y0, crop.height(), height)
    {
        return resize_at_once::<P>(resizer, source, (width, height), filter);
    }
    // The columns that count, and a few more.
    let reach = REACH * (crop.width() / f64::from(width.max(1))).max(1.0);
    let (left, right) = ((crop.x0 - reach).floor().max(0.0), (crop.x1 + reach).ceil().min(whole.x1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the picture")]
    let columns = (right - left) as u32;
    let rows = ResizeSource { crop: Some(Rect::new(left, crop.y0, right, crop.y1)), ..source };
    let data = resize_at_once::<P>(resizer, rows, (columns, height), filter)?;
    let across = Rect::new(crop.x0 - left, 0.0, crop.x1 - left, f64::from(height));
    let across = ResizeSource { width: columns, height, data: &data, crop: Some(across) };
    resize_at_once::<P>(resizer, across, (width, height), filter)
}

/// Resamples in one direction.
fn resize_at_once<P: PixelTrait + Default>(
    resizer: &mut Resizer,
    source: ResizeSource<'_>,
    (width, height): (u32, u32),
    filter: FilterType,
) -> Result<Vec<u8>, ResizeError> {
    let from = TypedImageRef::<P>::from_buffer(source.width, source.height, source.data)?;
    let mut pixels = vec![0; width as usize * height as usize * P::size()];
    let mut to = TypedImage::<P>::from_buffer(width, height, &mut pixels)?;
    let mut options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    if let Some(crop) = source.crop {
        options = options.crop(crop.x0, crop.y0, crop.width(), crop.height());
    }
    resizer.resize_typed(&from, &mut to, &options)?;
    drop(to);
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waves that are some pixels long once they are shrunk, so that the filter shows.
    fn waves(width: u32, height: u32) -> Vec<u8> {
        let value =
            |x: u32, y: u32| (127.5 + 120.0 * (f64::from(x) / 31.0).sin() * (f64::from(y) / 57.0).cos()).round();
        (0..height).flat_map(|y| (0..width).flat_map(move |x| [value(x, y) as u8; 4])).collect()
    }

    #[test]
    fn shrinking_in_two_steps_looks_like_shrinking_in_one() {
        let (width, height) = (1013, 777);
        let data = waves(width, height);
        for (size, crop, is_in_two) in [
            ((100, 77), None, true),
            ((33, 25), None, true),
            ((50, 600), Some(Rect::new(10.5, 3.0, 900.25, 700.0)), true),
            ((127, 98), None, false),
        ] {
            let source = ResizeSource { width, height, data: &data, crop };
            assert_eq!(box_size(source, size).is_some(), is_in_two, "{size:?}");
            let fast = resize_rgba(source, size, FilterType::Lanczos3).unwrap();
            let exact = resize::<U8x4>(&mut Resizer::new(), source, size, FilterType::Lanczos3).unwrap();
            let apart = fast.iter().zip(&exact).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(apart <= 6, "{size:?}: {apart} levels apart");
        }
    }

    /// Where the first pixel of a row lies on one of the source, its neighbours weigh nothing; those of the next one do.
    #[test]
    fn pixels_that_weigh_nothing_for_the_first_count_for_the_others() {
        let (width, height) = (64, 16);
        let data = waves(width, height);
        for filter in [FilterType::CatmullRom, FilterType::Lanczos3, FilterType::Bilinear] {
            for quarter in 0..40 {
                let crop = Rect::new(f64::from(quarter) * 0.25, 0.3, f64::from(quarter) * 0.25 + 20.0, 7.3);
                let source = ResizeSource { width, height, data: &data, crop: Some(crop) };
                let twice = resize_rgba(source, (40, 8), filter).unwrap();
                // Next to that place nothing special happens, and it looks the same.
                let beside = ResizeSource { crop: Some(crop + kurbo::Vec2::new(1e-4, 0.0)), ..source };
                let other = resize_at_once::<U8x4>(&mut Resizer::new(), beside, (40, 8), filter).unwrap();
                let apart = twice.iter().zip(&other).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(apart <= 2, "{filter:?} from {crop:?}: {apart} levels apart");
            }
        }
    }

    #[test]
    fn the_first_step_leaves_little_work_for_the_second() {
        let source = ResizeSource { width: 32_768, height: 1000, data: &[], crop: None };
        assert_eq!(box_size(source, (300, 200)), Some((1200, 1000)));
        assert_eq!(box_size(source, (300, 20)), Some((1200, 80)));
        assert_eq!(box_size(source, (5000, 900)), None);
    }
}
