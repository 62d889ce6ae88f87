//! Pictures that move by themselves: all of their frames, composed and decoded.
//!
//! All frames are kept, rather than decoded ahead: any moment can then be drawn at once, whichever was drawn before, and
//! a tick never waits for a decoder. Frames that are equal to the one before share its pixels.

use std::{
    io::{Read, Seek},
    path::Path,
    sync::Arc,
};

use components::animation::Repeat;
use image::{AnimationDecoder, Frames, ImageDecoder, ImageFormat, ImageReader, codecs::gif::GifDecoder};

use super::{
    AssetError, AssetState, PremultipliedImage,
    apng::Apng,
    decode::{Context, Read as Found, check_sides, decoder_limits, format_name, open, premultiply},
    still::{is_whole_riff, uncounted_if_small},
    webp::WebP,
};

/// Pixels that all frames of an animation may have together, in millions: 256 MB.
const MAX_MEGAPIXELS: u64 = 64;
/// Frames that an animation may have.
const MAX_FRAMES: usize = 10_000;
/// Bytes for each pixel that are needed besides the frames that are kept: the canvas and what was there before, the frame
/// as it is stored and as it is handed out, the one before it.
const SCRATCH: u64 = 24;
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

/// What decoders give one after the other: a frame as it is seen, straight RGBA8, with its microseconds.
type Decoded<'a> = Box<dyn Iterator<Item = Result<(Vec<u8>, u64), String>> + 'a>;

pub(super) fn read(path: &Path, ctx: &Context<'_>) -> Result<Found, AssetError> {
    let (file, length) = open(path, ctx.folder)?;
    let damaged = |reason: String| AssetError::Damaged { path: path.to_owned(), reason };
    let reader = ImageReader::new(file).with_guessed_format().map_err(|error| damaged(error.to_string()))?;
    let format = reader.format();
    let mut reader = reader.into_inner();
    let failed = |error: image::ImageError| damaged(error.to_string());
    let still = || AssetError::Still { path: path.to_owned() };
    // Bytes of what a decoder holds of the file itself.
    let mut stored = 0;
    let (size, repeat, decoded): (_, _, Decoded<'_>) = match format {
        Some(ImageFormat::Gif) => {
            let repeat = gif_repeat(&mut reader).map_err(|error| damaged(error.to_string()))?;
            let mut decoder = GifDecoder::new(reader).map_err(failed)?;
            decoder.set_limits(decoder_limits()).map_err(failed)?;
            (decoder.dimensions(), repeat, whole(decoder.into_frames()))
        }
        Some(ImageFormat::Png) => {
            let apng = Apng::new(reader).map_err(|refusal| refusal.of(path))?.ok_or_else(still)?;
            (apng.size, apng.repeat, Box::new(apng))
        }
        Some(ImageFormat::WebP) => {
            if !is_whole_riff(&mut reader, length).map_err(|error| damaged(error.to_string()))? {
                return Err(damaged("it ends too early".to_owned()));
            }
            let found = WebP::new(reader, length).map_err(|error| damaged(error.to_string()))?;
            let webp = found.ok_or_else(still)?;
            stored = webp.largest;
            (webp.size, webp.repeat, Box::new(webp))
        }
        other => return Err(AssetError::NotAnAnimation { path: path.to_owned(), found: format_name(other) }),
    };
    check_sides(size).map_err(|refusal| refusal.of(path))?;
    let (width, height) = size;
    if u64::from(width) * u64::from(height) > MAX_MEGAPIXELS * 1_000_000 {
        let (path, limit) = (path.to_owned(), MAX_MEGAPIXELS);
        return Err(AssetError::TooManyPixels { path, width, height, limit });
    }
    let scratch = uncounted_if_small(2 * stored + SCRATCH * u64::from(width) * u64::from(height));
    frames(path, size, repeat, decoded, scratch, ctx)
}

/// How many frames of this size in pixels an animation may have.
pub(super) fn max_frames(width: u32, height: u32) -> u64 {
    let pixels = (u64::from(width) * u64::from(height)).max(1);
    (MAX_MEGAPIXELS * 1_000_000 / pixels).min(MAX_FRAMES as u64)
}

/// Frames that were composed already.
fn whole(frames: Frames<'_>) -> Decoded<'_> {
    Box::new(frames.map(|frame| {
        let frame = frame.map_err(|error| error.to_string())?;
        let (numerator, denominator) = frame.delay().numer_denom_ms();
        Ok((frame.into_buffer().into_raw(), u64::from(numerator) * 1000 / u64::from(denominator.max(1))))
    }))
}

/// How often a GIF plays: once if it does not say, and once more than it says, as browsers have it.
fn gif_repeat(reader: &mut (impl Read + Seek)) -> std::io::Result<Repeat> {
    const NAME: &[u8] = b"NETSCAPE2.0\x03\x01";
    // It stands before the first frame, behind a palette of less than 1 KB.
    let mut head = Vec::new();
    reader.by_ref().take(4096).read_to_end(&mut head)?;
    reader.rewind()?;
    let at = head.windows(NAME.len() + 2).find(|bytes| bytes.starts_with(NAME));
    Ok(match at.map(|bytes| u16::from_le_bytes([bytes[NAME.len()], bytes[NAME.len() + 1]])) {
        Some(0) => Repeat::Forever,
        Some(more) => Repeat::Times(u32::from(more) + 1),
        None => Repeat::Times(1),
    })
}

fn frames(
    path: &Path,
    (width, height): (u32, u32),
    repeat: Repeat,
    decoded: Decoded<'_>,
    scratch: u64,
    ctx: &Context<'_>,
) -> Result<Found, AssetError> {
    let pixels = u64::from(width) * u64::from(height);
    let no_room = |bytes| Ok(Found::NoRoom { size: (f64::from(width), f64::from(height)), bytes });
    let Some(mut held) = ctx.budget.reserve(0, scratch) else { return no_room(scratch + pixels * 4) };
    let mut needed = scratch;
    // The frame before, once there is no room for more.
    let mut last_lost: Option<Vec<u8>> = None;
    let (mut frames, mut ends): (Vec<PremultipliedImage>, Vec<u64>) = (Vec::new(), Vec::new());
    let (mut count, mut end) = (0_u64, 0_u64);
    for frame in decoded {
        let (mut bytes, delay) = match frame {
            Ok(frame) => frame,
            // What there is of a file that was cut off is not shown: it may just be being written.
            Err(reason) => return Err(AssetError::Damaged { path: path.to_owned(), reason }),
        };
        count += 1;
        if count > max_frames(width, height) {
            let (path, limit) = (path.to_owned(), MAX_MEGAPIXELS);
            return Err(AssetError::AnimationTooLarge { path, width, height, limit, max_frames: MAX_FRAMES });
        }
        end += if delay <= SHORTEST { INSTEAD } else { delay };
        if bytes.len() as u64 != pixels * 4 {
            return Err(AssetError::Damaged { path: path.to_owned(), reason: "its frames differ in size".to_owned() });
        }
        let opaque = premultiply(&mut bytes);
        let is_same = match (&last_lost, frames.last()) {
            (Some(last), _) => *last == bytes,
            (None, Some(last)) => *last.pixels == bytes,
            (None, None) => false,
        };
        if !is_same {
            needed += pixels * 4;
        }
        if is_same && last_lost.is_none() {
            frames.extend(frames.last().cloned());
        } else if last_lost.is_none() && held.grow(pixels * 4) {
            frames.push(PremultipliedImage { width, height, pixels: Arc::new(bytes), opaque });
        } else {
            // The rest is only looked at: what has to go for the picture should not go for nothing, and how much that is is
            // to be known.
            frames = Vec::new();
            held.keep_scratch();
            last_lost = Some(bytes);
        }
        ends.push(end);
    }
    if last_lost.is_some() {
        return no_room(needed);
    }
    if frames.is_empty() {
        return Err(AssetError::Damaged { path: path.to_owned(), reason: "it has no picture".to_owned() });
    }
    held.keep();
    let opaque = frames.iter().all(|frame| frame.opaque);
    let animation = AnimatedImage { width, height, opaque, frames: Arc::new(frames), ends: Arc::new(ends), repeat };
    Ok(Found::Done { state: AssetState::Animation(animation), held })
}
