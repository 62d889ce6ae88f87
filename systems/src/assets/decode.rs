//! Reads one asset. Everything here runs on a worker and may take its time.

use std::{
    fs::{File, Metadata},
    io::{BufReader, ErrorKind, Read as _},
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use components::{AssetDocument, AssetKind};
use cosmic_text::fontdb;
use image::{ImageFormat, ImageReader, Limits};

use super::{
    AssetError, AssetState, PremultipliedImage, animation,
    budget::{Budget, Reservation},
    still::Still,
    svg,
};
use crate::rasterise::guarded;

/// Bytes that a file may have.
const MAX_BYTES: u64 = 256 << 20;
/// Bytes at the beginning of a sound file that tell what it is.
const SOUND_HEAD: usize = 12;
/// Pixels that a picture may have, in millions.
const MAX_MEGAPIXELS: u64 = 64;
/// Pixels that a side of a picture may have. What is resampled takes memory by its longer side.
const MAX_SIDE: u32 = 32_768;
/// Bytes that a decoder may use for a picture of the largest size: eight a pixel, and as much again for itself.
const MAX_DECODER_BYTES: u64 = MAX_MEGAPIXELS * 1_000_000 * 16;

/// What reading an asset needs besides its document.
pub(super) struct Context<'a> {
    pub(super) folder: &'a Path,
    pub(super) budget: &'a Arc<Budget>,
    /// Whether what does not fit is looked at to its end: what has to go for it should not go for nothing.
    pub(super) rehearses: bool,
    /// The font files of the scene.
    pub(super) fonts: &'a [Arc<Vec<u8>>],
    /// Counts the decoders that panicked.
    pub(super) panics: &'a AtomicU64,
}

/// Why a picture is not decoded.
#[derive(Debug)]
pub(super) enum Refusal {
    /// What is wrong with it.
    Damaged(String),
    /// A side has too many pixels.
    TooLong { width: u32, height: u32 },
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

impl Refusal {
    /// The same of the file at this path.
    pub(super) fn of(self, path: &Path) -> AssetError {
        let path = path.to_owned();
        match self {
            Self::Damaged(reason) => AssetError::Damaged { path, reason },
            Self::TooLong { width, height } => AssetError::SideTooLong { path, width, height, limit: MAX_SIDE },
        }
    }
}

/// Refuses a picture of which a side has too many pixels, or none.
pub(super) fn check_sides((width, height): (u32, u32)) -> Result<(), Refusal> {
    if width.min(height) == 0 {
        return Err(Refusal::Damaged(format!("it says that it has {width} x {height} pixels")));
    }
    if width.max(height) > MAX_SIDE { Err(Refusal::TooLong { width, height }) } else { Ok(()) }
}

/// What came of reading an asset that is not broken.
#[derive(Debug)]
pub(super) enum Read {
    /// It can be used, and holds this much memory.
    Done { state: AssetState, held: Reservation },
    /// It needs more bytes than are free.
    NoRoom { size: (f64, f64), bytes: u64 },
}

/// How a file looked when it was read: if it looks the same again, it need not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) target: PathBuf,
    length: u64,
    /// Seconds and nanoseconds; of the file's entry, so that another owner or other rights count as well.
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    fn new(target: PathBuf, metadata: &Metadata) -> Self {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Self { target, length: metadata.len(), changed, inode: metadata.ino() }
    }
}

/// How the file of an asset looks now; `None` if there is none that may be read.
pub(super) fn stamp(path: &Path, folder: &Path) -> Option<Stamp> {
    let target = resolve(path, folder).ok()?;
    let metadata = target.metadata().ok()?;
    Some(Stamp::new(target, &metadata))
}

pub(super) fn load(document: &AssetDocument, ctx: &Context<'_>) -> Result<Read, AssetError> {
    let path = &document.path;
    let read = || match document.kind {
        AssetKind::Image => image(path, ctx),
        AssetKind::AnimatedImage => animation::read(path, ctx),
        AssetKind::Svg => svg::read(path, ctx),
        AssetKind::Font => font(path, ctx),
        AssetKind::Audio => sound(path, ctx),
    };
    // What libraries have to say of a file does not name it.
    let _naming = tracing::error_span!("asset", id = %document.id, path = %path.display()).entered();
    contained(path, ctx.panics, read)
}

/// What a decoder found. One that panics on a damaged file must not leave the asset loading for ever.
fn contained(
    path: &Path,
    panics: &AtomicU64,
    read: impl FnOnce() -> Result<Read, AssetError>,
) -> Result<Read, AssetError> {
    guarded(read).unwrap_or_else(|words| {
        panics.fetch_add(1, Ordering::Relaxed);
        tracing::error!(path = %path.display(), "decoding panicked: {words}");
        Err(AssetError::Damaged { path: path.to_owned(), reason: "its decoder failed".to_owned() })
    })
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> AssetError + Copy {
    move |error| match error.kind() {
        ErrorKind::NotFound => AssetError::Missing { path: path.to_owned() },
        _ => AssetError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    }
}

/// The file that a path below `folder` leads to, if it stays below it.
fn resolve(path: &Path, folder: &Path) -> Result<PathBuf, AssetError> {
    let outside = || AssetError::Outside { path: path.to_owned() };
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(outside());
    }
    // With links followed: a link may not lead out of the folder either.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let root = folder.canonicalize().map_err(unreadable(path))?;
    let target = root.join(path).canonicalize().map_err(unreadable(path))?;
    if target.starts_with(&root) { Ok(target) } else { Err(outside()) }
}

/// Opens a file below `folder`, if it is one.
fn open_any(path: &Path, folder: &Path) -> Result<File, AssetError> {
    let target = resolve(path, folder)?;
    // Asked before opening: opening a pipe would wait for its writer.
    if !target.metadata().map_err(unreadable(path))?.is_file() {
        return Err(AssetError::NotAFile { path: path.to_owned() });
    }
    File::open(&target).map_err(unreadable(path))
}

/// Opens a file below `folder`, if it is one and not too large to be held in memory; its length in bytes with it.
pub(super) fn open(path: &Path, folder: &Path) -> Result<(BufReader<File>, u64), AssetError> {
    let file = open_any(path, folder)?;
    let bytes = file.metadata().map_err(unreadable(path))?.len();
    if bytes > MAX_BYTES {
        return Err(AssetError::FileTooLarge { path: path.to_owned(), bytes, limit: MAX_BYTES });
    }
    Ok((BufReader::new(file), bytes))
}

/// What every decoder may use.
pub(super) fn decoder_limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

/// A format as errors speak of it.
pub(super) fn format_name(format: Option<ImageFormat>) -> &'static str {
    match format {
        Some(ImageFormat::Avif) => "AVIF",
        Some(ImageFormat::Gif) => "a GIF",
        Some(ImageFormat::Png) => "a PNG",
        Some(ImageFormat::Jpeg) => "a JPEG",
        Some(ImageFormat::WebP) => "a WebP picture",
        Some(ImageFormat::Tiff) => "a TIFF",
        Some(ImageFormat::Bmp) => "a BMP",
        Some(_) => "another kind of picture",
        None => "no picture that is known",
    }
}

fn image(path: &Path, ctx: &Context<'_>) -> Result<Read, AssetError> {
    let (file, length) = open(path, ctx.folder)?;
    let damaged = |reason: String| AssetError::Damaged { path: path.to_owned(), reason };
    let reader = ImageReader::new(file).with_guessed_format().map_err(|error| damaged(error.to_string()))?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
        return Err(AssetError::NotAPicture { path: path.to_owned(), found: format_name(reader.format()) });
    }
    let format = reader.format();
    let still = Still::open(reader.into_inner(), format, length).map_err(|refusal| refusal.of(path))?;
    let (width, height) = still.size;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_MEGAPIXELS * 1_000_000 {
        return Err(AssetError::TooManyPixels { path: path.to_owned(), width, height, limit: MAX_MEGAPIXELS });
    }
    let scratch = still.scratch();
    let Some(mut held) = ctx.budget.reserve(pixels * 4, scratch) else {
        let (width, height) = still.upright_size();
        if ctx.rehearses {
            still.rehearse().map_err(damaged)?;
        }
        return Ok(Read::NoRoom { size: (f64::from(width), f64::from(height)), bytes: pixels * 4 + scratch });
    };
    let straight = still.decode().map_err(damaged)?;
    held.keep();
    let (width, height) = straight.dimensions();
    let mut pixels = straight.into_raw();
    let opaque = premultiply(&mut pixels);
    let image = PremultipliedImage { width, height, pixels: Arc::new(pixels), opaque };
    Ok(Read::Done { state: AssetState::Image(image), held })
}

/// Multiplies the colours of RGBA8 pixels by their alpha; returns whether all are opaque.
pub(super) fn premultiply(pixels: &mut [u8]) -> bool {
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

fn font(path: &Path, ctx: &Context<'_>) -> Result<Read, AssetError> {
    let (mut file, length) = open(path, ctx.folder)?;
    let Some(held) = ctx.budget.reserve(length, 0) else { return Ok(Read::NoRoom { size: (0.0, 0.0), bytes: length }) };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|error| AssetError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let bytes = Arc::new(bytes);
    let mut database = fontdb::Database::new();
    let faces = database.load_font_source(fontdb::Source::Binary(Arc::clone(&bytes) as _));
    if faces.is_empty() {
        return Err(AssetError::NotAFont { path: path.to_owned() });
    }
    if !has_all_tables(&bytes) {
        return Err(AssetError::CutFont { path: path.to_owned() });
    }
    Ok(Read::Done { state: AssetState::Font(bytes), held })
}

/// Whether all tables that the fonts of a file name lie within it; see "Organization of an OpenType Font" in the OpenType
/// specification.
fn has_all_tables(bytes: &[u8]) -> bool {
    let number = |at: usize, size: usize| {
        let bytes = bytes.get(at..at.checked_add(size)?)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    let Some(file) = swash::FontDataRef::new(bytes) else { return false };
    file.fonts().all(|font| {
        let directory = font.offset as usize;
        let count = number(directory + 4, 2).unwrap_or(0);
        (0..count).all(|table| {
            let record = directory + 12 + table * 16;
            let end = number(record + 8, 4).zip(number(record + 12, 4)).map(|(offset, length)| offset + length);
            end.is_some_and(|end| end <= bytes.len())
        })
    })
}

/// Looks whether a file begins as sound files do. It is played from the file itself, and so may be of any length.
fn sound(path: &Path, ctx: &Context<'_>) -> Result<Read, AssetError> {
    let mut file = open_any(path, ctx.folder)?;
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
        || has(4, b"ftyp")
        // Matroska, and so WebM: the EBML header (RFC 8794).
        || has(0, &[0x1a, 0x45, 0xdf, 0xa3])
        || has(0, b".snd")
        // The sync word of AC-3 (ATSC A/52), and the header object of ASF.
        || has(0, &[0x0b, 0x77])
        || has(0, &[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]);
    if is_sound {
        Ok(Read::Done { state: AssetState::Sound, held: Reservation::of_nothing(ctx.budget) })
    } else {
        Err(AssetError::NotASound { path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_counted_and_its_file_is_damaged() {
        let panics = AtomicU64::new(0);
        let error = contained(Path::new("a.png"), &panics, || panic!("out of range")).unwrap_err();
        assert_eq!(error.to_string(), "`a.png` is damaged: its decoder failed; export the picture again");
        assert_eq!(panics.load(Ordering::Relaxed), 1);
    }
}
