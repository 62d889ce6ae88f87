//! Reads one asset. Everything here runs on a worker and may take its time.

use std::{
    fs::File,
    io::{BufReader, ErrorKind, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Component, Path},
    sync::Arc,
};

use components::{AssetDocument, AssetKind};
use cosmic_text::fontdb;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{AssetError, AssetState, PremultipliedImage};

/// Bytes that a file may have.
const MAX_BYTES: u64 = 256 << 20;
/// Bytes at the beginning of a sound file that tell what it is.
const SOUND_HEAD: usize = 12;
/// Pixels that a picture may have, in millions.
const MAX_MEGAPIXELS: u64 = 64;
/// Bytes that a decoder may use for a picture of the largest size: eight a pixel, and as much again for itself.
const MAX_DECODER_BYTES: u64 = MAX_MEGAPIXELS * 1_000_000 * 16;

pub(super) fn load(document: &AssetDocument, folder: &Path) -> AssetState {
    let read = || match document.kind {
        AssetKind::Image => image(&document.path, folder).map(AssetState::Image),
        AssetKind::Font => font(&document.path, folder).map(AssetState::Font),
        AssetKind::Audio => sound(&document.path, folder).map(|()| AssetState::Sound),
    };
    // A decoder that panics on a damaged file must not leave the asset loading for ever.
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| {
            Err(AssetError::Damaged { path: document.path.clone(), reason: "its decoder failed".to_owned() })
        })
        .unwrap_or_else(AssetState::Failed)
}

/// Opens a file below `folder`, if it is one and not too large to be held in memory.
fn open(path: &Path, folder: &Path) -> Result<(File, u64), AssetError> {
    let file = open_any(path, folder)?;
    let bytes = file
        .metadata()
        .map_err(|error| AssetError::Unreadable { path: path.to_owned(), reason: error.to_string() })?
        .len();
    if bytes > MAX_BYTES {
        return Err(AssetError::FileTooLarge { path: path.to_owned(), bytes, limit: MAX_BYTES });
    }
    Ok((file, bytes))
}

/// Opens a file below `folder`, if it is one.
fn open_any(path: &Path, folder: &Path) -> Result<File, AssetError> {
    let outside = || AssetError::Outside { path: path.to_owned() };
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => AssetError::Missing { path: path.to_owned() },
        _ => AssetError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    };
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(outside());
    }
    // With links followed: a link may not lead out of the folder either.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let root = folder.canonicalize().map_err(unreadable)?;
    let target = root.join(path).canonicalize().map_err(unreadable)?;
    if !target.starts_with(&root) {
        return Err(outside());
    }
    // Asked before opening: opening a pipe would wait for its writer.
    if !target.metadata().map_err(unreadable)?.is_file() {
        return Err(AssetError::NotAFile { path: path.to_owned() });
    }
    File::open(&target).map_err(unreadable)
}

fn image(path: &Path, folder: &Path) -> Result<PremultipliedImage, AssetError> {
    let (file, _) = open(path, folder)?;
    let damaged = |reason: String| AssetError::Damaged { path: path.to_owned(), reason };
    let mut reader =
        ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(|error| damaged(error.to_string()))?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
        return Err(AssetError::NotAPicture { path: path.to_owned() });
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| damaged(error.to_string()))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_MEGAPIXELS * 1_000_000 {
        return Err(AssetError::TooManyPixels { path: path.to_owned(), width, height, limit: MAX_MEGAPIXELS });
    }
    // Cameras write pictures as the sensor lies and note how to turn them.
    let orientation = decoder.orientation().ok();
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(|error| damaged(error.to_string()))?;
    if let Some(orientation) = orientation {
        decoded.apply_orientation(orientation);
    }
    let straight = decoded.into_rgba8();
    let (width, height) = straight.dimensions();
    let mut pixels = straight.into_raw();
    let opaque = premultiply(&mut pixels);
    Ok(PremultipliedImage { width, height, pixels: Arc::new(pixels), opaque })
}

/// Multiplies the colours of RGBA8 pixels by their alpha; returns whether all are opaque.
fn premultiply(pixels: &mut [u8]) -> bool {
    let mut opaque = true;
    for pixel in pixels.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        if alpha == 255 {
            continue;
        }
        opaque = false;
        for color in &mut pixel[..3] {
            let product = u32::from(*color) * alpha + 128;
            *color = ((product + (product >> 8)) >> 8) as u8;
        }
    }
    opaque
}

fn font(path: &Path, folder: &Path) -> Result<Arc<Vec<u8>>, AssetError> {
    let (mut file, length) = open(path, folder)?;
    let mut bytes = Vec::with_capacity(length as usize);
    file.read_to_end(&mut bytes)
        .map_err(|error| AssetError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let bytes = Arc::new(bytes);
    let mut database = fontdb::Database::new();
    let faces = database.load_font_source(fontdb::Source::Binary(Arc::clone(&bytes) as _));
    if faces.is_empty() { Err(AssetError::NotAFont { path: path.to_owned() }) } else { Ok(bytes) }
}

/// Looks whether a file begins as sound files do. It is played from the file itself, and so may be of any length.
fn sound(path: &Path, folder: &Path) -> Result<(), AssetError> {
    let mut file = open_any(path, folder)?;
    let mut start = Vec::with_capacity(SOUND_HEAD);
    file.by_ref()
        .take(SOUND_HEAD as u64)
        .read_to_end(&mut start)
        .map_err(|error| AssetError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let has = |at: usize, mark: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(mark));
    let is_sound = (has(0, b"RIFF") || has(0, b"RF64")) && has(8, b"WAVE")
        || has(0, b"FORM") && has(8, b"AIF")
        || has(0, b"fLaC")
        || has(0, b"OggS")
        || has(0, b"ID3")
        // The first byte and three bits of each frame of MP3 and of AAC.
        || matches!(start.as_slice(), [0xff, second, ..] if second & 0xe0 == 0xe0)
        || has(4, b"ftyp");
    if is_sound { Ok(()) } else { Err(AssetError::NotASound { path: path.to_owned() }) }
}
