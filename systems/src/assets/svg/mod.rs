//! Vector pictures: read, checked for how much work they are, and made ready to be drawn at any size.

mod document;
mod embedded;
mod fonts;
mod memory;
mod patterns;
mod work;

use std::{
    io::Read as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::GzDecoder;
use kurbo::{Affine, Rect};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{
        ImageHrefResolver, Options, Tree,
        roxmltree::{Document, ParsingOptions},
    },
};

use self::{
    document::{Cost, expands},
    embedded::{embedded, without_asides},
    fonts::SvgFonts,
    patterns::{MAX_PATTERNS, has_flat_patterns, has_small_tiles},
    work::{affordable_scale, work_of},
};
use super::{
    AssetError, AssetState,
    decode::{Context, Read, open},
};
use crate::rasterise::content::text::faces::DEFAULT_FAMILY;

/// Bytes that the file may have, packed or not.
const MAX_BYTES: u64 = 8 << 20;
/// How a file begins that is packed by gzip.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Elements that the file may have.
const MAX_NODES: u32 = 200_000;
/// Pixels of all pictures within it, in millions.
const MAX_MEGAPIXELS: u64 = 16;
/// Nanoseconds of work, as they are counted, that drawing it once at a million pixels may be.
const MAX_WORK: f64 = 1e9;
/// Nanoseconds of work, counted likewise, that drawing it at once may be. It is drawn by a worker, which does nothing else
/// meanwhile.
const MAX_WORK_AT_ONCE: f64 = 1e9;
/// Bytes that drawing it may take besides the picture itself …
const MAX_MEMORY_AT_ONCE: f64 = 64.0 * 1_048_576.0;
/// … or as many such pictures, if that is more.
const MAX_PICTURES_AT_ONCE: f64 = 3.0;
/// Bytes that a tree is taken to need for each byte of its file: more than those that were looked at, icons and drawings
/// of some kilobytes, did.
const TREE_FACTOR: u64 = 12;

/// A vector picture that is ready to be drawn.
#[derive(Clone, Debug)]
pub struct VectorImage {
    /// What it draws, all texts being outlines.
    pub tree: Arc<Tree>,
    /// Whether it has text, so that it depends on fonts.
    pub(super) has_text: bool,
}

impl VectorImage {
    /// The scale at which `area` of a layer is drawn: the one that is asked for, or less if that would be too much work or
    /// take too much memory at once. `to_layer` is from the picture to the layer.
    pub(crate) fn affordable_scale(&self, to_layer: Affine, area: Rect, scale: (f64, f64)) -> (f64, f64) {
        let picture = area.area() * scale.0 * scale.1 * size_of::<[u8; 4]>() as f64;
        let most = (MAX_WORK_AT_ONCE, MAX_MEMORY_AT_ONCE.max(MAX_PICTURES_AT_ONCE * picture));
        affordable_scale(&self.tree, to_layer, area, scale, most)
    }
}

pub(super) fn read(path: &Path, ctx: &Context<'_>) -> Result<Read, AssetError> {
    let (mut file, bytes) = open(path, ctx.folder)?;
    if bytes > MAX_BYTES {
        return Err(AssetError::FileTooLarge { path: path.to_owned(), bytes, limit: MAX_BYTES });
    }
    let not_svg = |reason: String| AssetError::NotSvg { path: path.to_owned(), reason };
    let complex = |what: &str| AssetError::SvgTooComplex { path: path.to_owned(), what: what.to_owned() };
    let mut packed = Vec::new();
    file.read_to_end(&mut packed)
        .map_err(|error| AssetError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let text = if packed.starts_with(GZIP) {
        let mut text = Vec::new();
        let read = GzDecoder::new(packed.as_slice()).take(MAX_BYTES + 1).read_to_end(&mut text);
        read.map_err(|error| not_svg(format!("it is packed by gzip, and damaged: {error}")))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(complex("unpacked it has more than 8 MiB"));
        }
        text
    } else {
        packed
    };
    let bytes = text.len() as u64;
    let text = decoded(text).ok_or_else(|| not_svg("it is not text".to_owned()))?;
    if expands(&text) {
        return Err(complex("its entities expand to far more than it is"));
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|error| not_svg(error.to_string()))?;
    let cost = Cost::of(&document).map_err(complex)?;
    let Some(held) = ctx.budget.reserve(bytes * TREE_FACTOR + cost * 100, 0) else {
        return Ok(Read::NoRoom { size: (0.0, 0.0), bytes: bytes * TREE_FACTOR + cost * 100 });
    };

    let pixels = AtomicU64::new(0);
    let refused: Mutex<Option<AssetError>> = Mutex::new(None);
    let refuse = |error: AssetError| {
        refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        None
    };
    let fonts = SvgFonts::new(ctx.fonts);
    let options = Options {
        font_family: DEFAULT_FAMILY.to_owned(),
        fontdb: Arc::clone(&fonts.database),
        font_resolver: fonts.resolver(),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, _| {
                let Some((kind, size)) = embedded(&data) else {
                    return refuse(complex("a picture within it is none of PNG, JPEG, GIF and WebP"));
                };
                let sum = pixels.fetch_add(size, Ordering::Relaxed).saturating_add(size);
                if sum > MAX_MEGAPIXELS * 1_000_000 {
                    return refuse(complex("the pictures within it have more than 16 megapixels"));
                }
                Some(kind(without_asides(data)))
            }),
            resolve_string: Box::new(|reference, _| {
                let reference = reference.chars().take(80).collect();
                refuse(AssetError::SvgReference { path: path.to_owned(), reference })
            }),
        },
        ..Options::default()
    };
    let tree = Tree::from_xmltree(&document, &options).map_err(|error| not_svg(error.to_string()))?;
    drop(options);
    if let Some(error) = refused.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    if !has_small_tiles(&tree) {
        return Err(complex("a pattern in it has tiles that are larger than the picture"));
    }
    if !has_flat_patterns(tree.root(), 0) {
        return Err(complex(&format!("patterns in it are made of patterns more than {MAX_PATTERNS} deep")));
    }
    let work = work_of(&tree, 100.0 * MAX_WORK);
    if work.is_nan() || work > MAX_WORK {
        let what =
            format!("drawing it at a million pixels is the work of more than a second, about {:.1} s", work / 1e9);
        return Err(complex(&what));
    }
    draw_once(&tree);
    let image = VectorImage { has_text: tree.has_text_nodes(), tree: Arc::new(tree) };
    Ok(Read::Done { state: AssetState::Svg(image), held })
}

/// The text of a file in UTF-8, or in UTF-16 if it begins with a byte order mark.
fn decoded(file: Vec<u8>) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().copied().map(unit);
        rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok()).flatten()
    };
    match file.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(file).ok(),
    }
}

/// Draws it small: what panics is to do so now, and not when it is shown.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1024 pixels a side")]
fn draw_once(tree: &Tree) {
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = (128.0 * 128.0 / (width * height)).sqrt();
    let side = |length: f32| (length * scale).ceil().clamp(1.0, 1024.0) as u32;
    if let Some(mut pixmap) = Pixmap::new(side(width), side(height)) {
        resvg::render(tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    }
}
