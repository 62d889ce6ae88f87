//! Pictures that move by themselves: all of their frames, composed and decoded.
//!
//! All frames are kept, rather than decoded ahead: any moment can then be drawn at once, whichever was drawn before, and
//! a tick never waits for a decoder. Frames that are equal to the one before share its pixels.

use std::{path::Path, sync::Arc};

use components::animation::Repeat;
use image::{
    AnimationDecoder, Delay, Frames, ImageDecoder, ImageFormat, ImageReader, ImageResult, Rgba,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::LoopCount,
};

use super::{
    AssetError, AssetState, PremultipliedImage,
    budget::Reservation,
    decode::{Context, Read, decoder_limits, format_name, open, premultiply},
};

/// Pixels that all frames of an animation may have together, in millions: 256 MB.
const MAX_MEGAPIXELS: u64 = 64;
/// Frames that an animation may have.
const MAX_FRAMES: usize = 10_000;
/// What browsers make of a delay of 10 ms or less: such files were made when no program could play them as fast.
const SHORTEST: u64 = 10_000;
const INSTEAD: u64 = 100_000;

/// A decoded picture that moves by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct AnimatedImage {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether every pixel of every frame is opaque.
    pub opaque: bool,
    /// The frames, each as it is seen; at least one.
    frames: Arc<Vec<PremultipliedImage>>,
    /// Microseconds from the beginning to the end of each frame; rising.
    ends: Arc<Vec<u64>>,
    /// How often the file says that it plays.
    repeat: Repeat,
}

impl AnimatedImage {
    /// How many frames it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether it has no frame, which never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// A frame; the last one where there are fewer.
    #[must_use]
    pub fn frame(&self, index: usize) -> Option<&PremultipliedImage> {
        self.frames.get(index).or_else(|| self.frames.last())
    }

    /// The frame that is seen `elapsed` seconds after the beginning, played so often, or as often as the file says.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
    pub fn frame_at(&self, elapsed: f64, repeat: Option<Repeat>) -> usize {
        let elapsed = (elapsed * 1e6).round() as u64;
        let cycle = self.ends.last().copied().unwrap_or(1).max(1);
        if let Repeat::Times(times) = repeat.unwrap_or(self.repeat)
            && elapsed / cycle >= u64::from(times)
        {
            return self.frames.len().saturating_sub(1);
        }
        self.ends.partition_point(|end| *end <= elapsed % cycle)
    }
}

pub(super) fn read(path: &Path, ctx: &Context<'_>) -> Result<Read, AssetError> {
    let (file, _) = open(path, ctx.folder)?;
    let damaged = |reason: String| AssetError::Damaged { path: path.to_owned(), reason };
    let reader = ImageReader::new(file).with_guessed_format().map_err(|error| damaged(error.to_string()))?;
    let format = reader.format();
    let reader = reader.into_inner();
    let failed = |error: image::ImageError| damaged(error.to_string());
    match format {
        Some(ImageFormat::Gif) => {
            let mut decoder = GifDecoder::new(reader).map_err(failed)?;
            decoder.set_limits(decoder_limits()).map_err(failed)?;
            compose(path, decoder, ctx)
        }
        Some(ImageFormat::Png) => {
            let decoder = PngDecoder::with_limits(reader, decoder_limits()).map_err(failed)?;
            if !decoder.is_apng().map_err(failed)? {
                return Err(AssetError::Still { path: path.to_owned() });
            }
            let size = decoder.dimensions();
            let decoder = decoder.apng().map_err(failed)?;
            let plays = decoder.loop_count();
            frames(path, size, plays, checked(path, size, || Ok(decoder.into_frames()))?, ctx)
        }
        Some(ImageFormat::WebP) => {
            let mut decoder = WebPDecoder::new(reader).map_err(failed)?;
            if !decoder.has_animation() {
                return Err(AssetError::Still { path: path.to_owned() });
            }
            // As in browsers, what the file says about its background does not count.
            decoder.set_background_color(Rgba([0; 4])).map_err(failed)?;
            compose(path, decoder, ctx)
        }
        other => Err(AssetError::NotAnAnimation { path: path.to_owned(), found: format_name(other) }),
    }
}

fn compose<'a, D>(path: &Path, decoder: D, ctx: &Context<'_>) -> Result<Read, AssetError>
where
    D: ImageDecoder + AnimationDecoder<'a>,
{
    let (size, plays) = (decoder.dimensions(), decoder.loop_count());
    frames(path, size, plays, checked(path, size, || Ok(decoder.into_frames()))?, ctx)
}

/// Begins to decode if one frame is not too large already.
fn checked<'a>(
    path: &Path,
    (width, height): (u32, u32),
    begin: impl FnOnce() -> ImageResult<Frames<'a>>,
) -> Result<Frames<'a>, AssetError> {
    if u64::from(width) * u64::from(height) > MAX_MEGAPIXELS * 1_000_000 {
        let (path, limit) = (path.to_owned(), MAX_MEGAPIXELS);
        return Err(AssetError::TooManyPixels { path, width, height, limit });
    }
    begin().map_err(|error| AssetError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

fn frames(
    path: &Path,
    (width, height): (u32, u32),
    plays: LoopCount,
    decoded: Frames<'_>,
    ctx: &Context<'_>,
) -> Result<Read, AssetError> {
    let pixels = u64::from(width) * u64::from(height);
    let mut held: Option<Reservation> = ctx.budget.reserve(0);
    let mut missing = false;
    let (mut frames, mut ends): (Vec<PremultipliedImage>, Vec<u64>) = (Vec::new(), Vec::new());
    let (mut count, mut end) = (0_u64, 0_u64);
    for frame in decoded {
        let frame = match frame {
            Ok(frame) => frame,
            // As browsers do, what there is of a file that was cut off is shown.
            Err(_) if count > 0 => break,
            Err(error) => return Err(AssetError::Damaged { path: path.to_owned(), reason: error.to_string() }),
        };
        count += 1;
        if ends.len() >= MAX_FRAMES || count * pixels > MAX_MEGAPIXELS * 1_000_000 {
            let (path, limit) = (path.to_owned(), MAX_MEGAPIXELS);
            return Err(AssetError::AnimationTooLarge { path, width, height, limit, max_frames: MAX_FRAMES });
        }
        if missing {
            // Only counted, so that it is known how much room is missing.
            continue;
        }
        end += microseconds(frame.delay());
        let buffer = frame.into_buffer();
        if buffer.dimensions() != (width, height) {
            return Err(AssetError::Damaged { path: path.to_owned(), reason: "its frames differ in size".to_owned() });
        }
        let mut bytes = buffer.into_raw();
        let opaque = premultiply(&mut bytes);
        if let Some(last) = frames.last()
            && *last.pixels == bytes
        {
            let same = last.clone();
            frames.push(same);
        } else if held.as_mut().is_some_and(|held| held.grow(pixels * 4)) {
            frames.push(PremultipliedImage { width, height, pixels: Arc::new(bytes), opaque });
        } else {
            missing = true;
            held = None;
            frames.clear();
        }
        ends.push(end);
    }
    let size = (f64::from(width), f64::from(height));
    if missing {
        return Ok(Read::NoRoom { size, bytes: count * pixels * 4 });
    }
    let Some(held) = held.filter(|_| !frames.is_empty()) else {
        return Err(AssetError::Damaged { path: path.to_owned(), reason: "it has no picture".to_owned() });
    };
    let repeat = match plays {
        LoopCount::Infinite => Repeat::Forever,
        LoopCount::Finite(times) => Repeat::Times(times.get()),
    };
    let opaque = frames.iter().all(|frame| frame.opaque);
    let animation = AnimatedImage { width, height, opaque, frames: Arc::new(frames), ends: Arc::new(ends), repeat };
    Ok(Read::Done { state: AssetState::Animation(animation), held })
}

fn microseconds(delay: Delay) -> u64 {
    let (numerator, denominator) = delay.numer_denom_ms();
    let delay = u64::from(numerator) * 1000 / u64::from(denominator.max(1));
    if delay <= SHORTEST { INSTEAD } else { delay }
}
