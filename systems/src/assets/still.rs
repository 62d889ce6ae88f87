//! Decodes a picture that stands still into one buffer, that of the finished picture: what decoders need besides is told
//! beforehand, so that it can be reserved.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbaImage, metadata::Orientation};
use png::{Reader, Transformations};

use super::{
    decode::{Refusal, check_sides, decoder_limits},
    jpeg_file::{self, JpegScans},
    png_file::open_png,
};

/// Scratch memory up to this is not counted: rows of pixels, tables, windows of a compression. Each of the few decoding
/// threads may have so much.
const SMALL: u64 = 1 << 20;

/// Bytes for each column of a JPEG that is decoded from the top down: up to 16 rows of coefficients of each channel, and the
/// same enlarged.
const JPEG_ROWS: u64 = 200;

/// A picture of which the header was read.
pub(super) struct Still {
    /// Width and height as they are stored.
    pub(super) size: (u32, u32),
    /// How it is to be turned.
    orientation: Option<Orientation>,
    source: Source,
}

enum Source {
    Png(Box<Reader<BufReader<File>>>),
    /// `jpeg` if it is one.
    Other {
        decoder: Box<dyn ImageDecoder>,
        jpeg: Option<JpegScans>,
        length: u64,
    },
}

impl Still {
    /// Reads the header of a PNG, JPEG or WebP file of this length in bytes.
    pub(super) fn open(mut file: BufReader<File>, format: Option<ImageFormat>, length: u64) -> Result<Self, Refusal> {
        if format == Some(ImageFormat::Png) {
            return Self::open_png(file);
        }
        let is_jpeg = format == Some(ImageFormat::Jpeg);
        let is_whole = if is_jpeg { jpeg_file::is_whole(&mut file) } else { is_whole_riff(&mut file, length) };
        if !is_whole.map_err(|error| error.to_string())? {
            return Err(Refusal::Damaged("it ends too early".to_owned()));
        }
        let jpeg = is_jpeg.then(|| JpegScans::read(&mut file)).transpose().map_err(|error| error.to_string())?;
        let mut reader = ImageReader::new(file).with_guessed_format().map_err(|error| error.to_string())?;
        reader.limits(decoder_limits());
        let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
        let (size, orientation) = (decoder.dimensions(), decoder.orientation().ok());
        check_sides(size)?;
        let source = Source::Other { decoder: Box::new(decoder), jpeg, length };
        Ok(Self { size, orientation, source })
    }

    fn open_png(file: BufReader<File>) -> Result<Self, Refusal> {
        // Of 16 bits the lower ones go while a row is decoded, rather than when all of them are.
        let reader = open_png(file, Transformations::normalize_to_color8(), |_, _| 1)?;
        let info = reader.info();
        let orientation = info.exif_metadata.as_deref().and_then(Orientation::from_exif_chunk);
        Ok(Self { size: (info.width, info.height), orientation, source: Source::Png(Box::new(reader)) })
    }

    fn pixels(&self) -> u64 {
        u64::from(self.size.0) * u64::from(self.size.1)
    }

    /// Bytes that decoding takes besides the finished picture, at the most.
    pub(super) fn scratch(&self) -> u64 {
        let decoder = match &self.source {
            Source::Png(_) => 0,
            // The file, and the rows that are being put together.
            Source::Other { jpeg: Some(JpegScans::One), length, .. } => length + JPEG_ROWS * u64::from(self.size.0),
            // The file, and all coefficients: 16 bits for each of three channels.
            Source::Other { jpeg: Some(JpegScans::Several), length, .. } => length + 6 * self.pixels(),
            // Planes of luma and chroma, or the colours before they are put in order, and alpha.
            Source::Other { jpeg: None, length, .. } => length + 5 * self.pixels(),
        };
        let turned = if self.turns() { 4 * self.pixels() } else { 0 };
        uncounted_if_small(decoder.max(turned))
    }

    /// Whether width and height change places.
    fn turns(&self) -> bool {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        matches!(self.orientation, Some(Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH))
    }

    /// Width and height once it is upright.
    pub(super) fn upright_size(&self) -> (u32, u32) {
        let (width, height) = self.size;
        if self.turns() { (height, width) } else { (width, height) }
    }

    /// Decodes it without keeping anything, as far as that is possible. Says why it is damaged if it is found to be.
    pub(super) fn rehearse(self) -> Result<(), String> {
        let Source::Png(mut reader) = self.source else { return Ok(()) };
        while reader.next_row().map_err(|error| error.to_string())?.is_some() {}
        Ok(())
    }

    /// The picture, upright: straight RGBA8. Says why it is damaged if it is.
    pub(super) fn decode(self) -> Result<RgbaImage, String> {
        const UNKNOWN: &str = "its colours are of an unknown kind";
        let Self { size: (width, height), orientation, source } = self;
        let pixels = width as usize * height as usize;
        let mut bytes = vec![0; pixels * 4];
        let channels = match source {
            Source::Png(mut reader) => {
                let length = reader.output_buffer_size().filter(|length| *length <= bytes.len()).ok_or(UNKNOWN)?;
                reader.next_frame(&mut bytes[..length]).map_err(|error| error.to_string())?;
                reader.output_color_type().0.samples()
            }
            Source::Other { decoder, .. } => {
                let channels = usize::from(decoder.color_type().bytes_per_pixel());
                if channels > 4 || channels != usize::from(decoder.color_type().channel_count()) {
                    return Err(UNKNOWN.to_owned());
                }
                decoder.read_image_boxed(&mut bytes[..pixels * channels]).map_err(|error| error.to_string())?;
                channels
            }
        };
        spread(&mut bytes, pixels, channels);
        let image = RgbaImage::from_raw(width, height, bytes).ok_or(UNKNOWN)?;
        let Some(orientation) = orientation else { return Ok(image) };
        let mut image = DynamicImage::ImageRgba8(image);
        image.apply_orientation(orientation);
        Ok(image.into_rgba8())
    }
}

/// What is counted of so much scratch memory.
pub(super) fn uncounted_if_small(bytes: u64) -> u64 {
    if bytes > SMALL { bytes } else { 0 }
}

/// Makes RGBA of the pixels at the beginning of `bytes`, which have fewer channels: grey, grey and alpha, or RGB. From
/// the last on, so that none is written over before it was read.
pub(super) fn spread(bytes: &mut [u8], pixels: usize, channels: usize) {
    for pixel in (0..pixels).rev() {
        let at = pixel * channels;
        let rgba = match bytes[at..at + channels] {
            [gray] => [gray, gray, gray, 255],
            [gray, alpha] => [gray, gray, gray, alpha],
            [r, g, b] => [r, g, b, 255],
            _ => return,
        };
        bytes[pixel * 4..pixel * 4 + 4].copy_from_slice(&rgba);
    }
}

/// Whether a WebP file is as long as it says.
pub(super) fn is_whole_riff(file: &mut (impl Read + Seek), length: u64) -> std::io::Result<bool> {
    let mut head = [0; 8];
    file.seek(SeekFrom::Start(0))?;
    let is_read = file.read_exact(&mut head).is_ok();
    file.rewind()?;
    let [.., a, b, c, d] = head;
    Ok(is_read && u64::from(u32::from_le_bytes([a, b, c, d])) + 8 <= length)
}
