//! Vector pictures: read, checked for how much work they are, and made ready to be drawn at any size.

use std::{
    collections::HashMap,
    io::Read as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::GzDecoder;
use image::ImageReader;
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{
        Fill, Group, ImageHrefResolver, ImageKind, Node as NodeOf, Options, Paint, Stroke, Tree,
        roxmltree::{Document, Node, NodeId, ParsingOptions},
    },
};

use super::{
    AssetError, AssetState,
    decode::{Context, Read, open},
    svg_fonts::SvgFonts,
    svg_work::work_of,
};
use crate::rasterise::content::text::faces::DEFAULT_FAMILY;

/// Bytes that the file may have, packed or not.
const MAX_BYTES: u64 = 8 << 20;
/// How a file begins that is packed by gzip.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Elements that the file may have.
const MAX_NODES: u32 = 200_000;
/// Elements within, or referring to, each other.
const MAX_DEPTH: usize = 100;
/// Elements that are drawn, counting those that are referred to each time, and what needs a picture of its own as fifty.
const MAX_COST: u64 = 100_000;
/// Pixels of all pictures within it, in millions.
const MAX_MEGAPIXELS: u64 = 16;
/// Characters of one text, and of all: to set one takes time by the square of its length.
const MAX_TEXT: usize = 5_000;
const MAX_ALL_TEXT: usize = 50_000;
/// Rules of style sheets times elements: each is held against each.
const MAX_MATCHES: usize = 5_000_000;
/// Patterns within each other. Each is drawn into tiles of whole pixels and laid down from these, so that of what is deep
/// within others little or nothing is left.
const MAX_PATTERNS: usize = 8;
/// Nanoseconds of work, as they are counted, that drawing it once at a million pixels may be.
const MAX_WORK: f64 = 1e9;
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
    let text = String::from_utf8(text).map_err(|_| not_svg("it is not text".to_owned()))?;
    if expands(&text) {
        return Err(complex("its entities expand to far more than it is"));
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|error| not_svg(error.to_string()))?;
    let cost = Cost::of(&document).map_err(complex)?;
    let Some(held) = ctx.budget.reserve(bytes * TREE_FACTOR + cost * 100) else {
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
                Some(kind(data))
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

/// Whether no tile of a pattern is larger than twice the picture, at whatever scale both are drawn: it is drawn whole,
/// however little of it is seen.
fn has_small_tiles(tree: &Tree) -> bool {
    let size = tree.size();
    tiles_fit(tree.root(), 1.0, 2.0 * size.width() * size.height())
}

/// `outer` is the scale of what the group is in, `limit` the area of a tile in pixels.
fn tiles_fit(group: &Group, outer: f32, limit: f32) -> bool {
    group.children().iter().all(|node| {
        let mut fit = match node {
            NodeOf::Group(group) => tiles_fit(group, outer, limit),
            NodeOf::Text(text) => tiles_fit(text.flattened(), outer, limit),
            NodeOf::Image(_) => true,
            NodeOf::Path(path) => {
                let paints = [path.fill().map(Fill::paint), path.stroke().map(Stroke::paint)];
                paints.into_iter().flatten().all(|paint| {
                    let Paint::Pattern(pattern) = paint else { return true };
                    let (sx, sy) = path.abs_transform().pre_concat(pattern.transform()).get_scale();
                    let rect = pattern.rect();
                    let area = rect.width() * sx * outer * rect.height() * sy * outer;
                    // Not so for what is no number either.
                    area <= limit && tiles_fit(pattern.root(), outer * sx.max(sy), limit)
                })
            }
        };
        if !matches!(node, NodeOf::Path(_)) {
            node.subroots(|root| fit &= tiles_fit(root, outer, limit));
        }
        fit
    })
}

/// Whether patterns do not lie deeper within each other than they may; the group lies within `depth` of them.
fn has_flat_patterns(group: &Group, depth: usize) -> bool {
    depth <= MAX_PATTERNS
        && group.children().iter().all(|node| {
            let mut is_flat = match node {
                NodeOf::Group(group) => has_flat_patterns(group, depth),
                NodeOf::Text(text) => has_flat_patterns(text.flattened(), depth),
                NodeOf::Image(_) => true,
                NodeOf::Path(path) => {
                    let paints = [path.fill().map(Fill::paint), path.stroke().map(Stroke::paint)];
                    paints.into_iter().flatten().all(|paint| match paint {
                        Paint::Pattern(pattern) => has_flat_patterns(pattern.root(), depth + 1),
                        _ => true,
                    })
                }
            };
            if !matches!(node, NodeOf::Path(_)) {
                node.subroots(|root| is_flat &= has_flat_patterns(root, depth));
            }
            is_flat
        })
}

/// Whether its entities might be used to blow it up. A few short ones, as drawing programs write them, are fine.
///
/// Looks at everything that might be a declaration, in comments too: what is none makes the guess too high at worst.
fn expands(text: &str) -> bool {
    let mut longest = 0;
    for declaration in text.split("<!ENTITY").skip(1) {
        let Some((_, value)) = declaration.trim_start().split_once(char::is_whitespace) else { return true };
        let value = value.trim_start();
        if value.starts_with("SYSTEM") || value.starts_with("PUBLIC") {
            continue;
        }
        let Some(quote) = value.chars().next().filter(|quote| ['"', '\''].contains(quote)) else { return true };
        let Some(length) = value[1..].find(quote) else { return true };
        if value[1..=length].contains('&') {
            return true;
        }
        longest = longest.max(length);
    }
    longest.saturating_mul(text.matches('&').count()) > 4 << 20
}

/// The kind and the pixels of a picture within an SVG file, by its header.
fn embedded(data: &Arc<Vec<u8>>) -> Option<(fn(Arc<Vec<u8>>) -> ImageKind, u64)> {
    let reader = ImageReader::new(std::io::Cursor::new(data.as_slice())).with_guessed_format().ok()?;
    let kind: fn(Arc<Vec<u8>>) -> ImageKind = match reader.format()? {
        image::ImageFormat::Png => ImageKind::PNG,
        image::ImageFormat::Jpeg => ImageKind::JPEG,
        image::ImageFormat::Gif => ImageKind::GIF,
        image::ImageFormat::WebP => ImageKind::WEBP,
        _ => return None,
    };
    let (width, height) = reader.into_dimensions().ok()?;
    Some((kind, u64::from(width) * u64::from(height)))
}

/// How much work a document is, found out before anything is built from it: elements that refer to each other can
/// stand for endlessly many.
struct Cost<'a, 'input> {
    by_id: HashMap<&'a str, Node<'a, 'input>>,
    known: HashMap<NodeId, u64>,
    /// What style sheets refer to may be drawn for each element.
    everywhere: u64,
}

impl<'a, 'input> Cost<'a, 'input> {
    fn of(document: &'a Document<'input>) -> Result<u64, &'static str> {
        check_sizes(document)?;
        let by_id = document.descendants().filter_map(|node| Some((node.attribute("id")?, node))).collect();
        let mut cost = Self { by_id, known: HashMap::new(), everywhere: 0 };
        let mut everywhere = 0_u64;
        for style in document.descendants().filter(|node| node.has_tag_name("style")) {
            for id in style.descendants().filter_map(|node| node.text()).flat_map(references) {
                if let Some(&node) = cost.by_id.get(id) {
                    everywhere = everywhere.saturating_add(cost.node(node, 0)?);
                }
            }
        }
        cost.known.clear();
        cost.everywhere = everywhere;
        let sum = cost.node(document.root_element(), 0)?;
        if sum > MAX_COST { Err("it draws too many elements") } else { Ok(sum) }
    }

    fn node(&mut self, node: Node<'a, 'input>, depth: usize) -> Result<u64, &'static str> {
        if depth > MAX_DEPTH {
            return Err("its elements are nested too deeply");
        }
        if let Some(&known) = self.known.get(&node.id()) {
            return Ok(known);
        }
        if !node.is_element() {
            return Ok(0);
        }
        // What refers to itself is left out by whoever draws it.
        self.known.insert(node.id(), 0);
        let mut sum = 1_u64.saturating_add(self.everywhere);
        if is_excessive(node) {
            return Err("a filter in it looks at too many pixels");
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let own_picture = |text: &str| ["opacity", "filter", "mask", "clip-path", "mix-blend-mode"].contains(&text);
            if own_picture(name) || (name == "style" && value.split([':', ';', ' ']).any(own_picture)) {
                sum = sum.saturating_add(50);
            }
            let direct = (name == "href").then(|| value.trim().strip_prefix('#')).flatten();
            let is_marker = name.starts_with("marker") || name == "style";
            // A marker stands at each point of a path.
            let points = node.attribute("d").or_else(|| node.attribute("points")).map_or(1, str::len) as u64 / 2 + 1;
            for id in references(value).chain(direct) {
                if let Some(&target) = self.by_id.get(id) {
                    let times = if is_marker { points } else { 1 };
                    sum = sum.saturating_add(self.node(target, depth + 1)?.saturating_mul(times));
                }
            }
        }
        if node.tag_name().name().starts_with("fe") {
            sum = sum.saturating_add(100);
        }
        for child in node.children() {
            sum = sum.saturating_add(self.node(child, depth + 1)?);
        }
        self.known.insert(node.id(), sum);
        Ok(sum)
    }
}

/// Whether nothing in it takes time out of all proportion to its size.
fn check_sizes(document: &Document<'_>) -> Result<(), &'static str> {
    let (mut elements, mut rules, mut text) = (0, 0, 0);
    for node in document.descendants().filter(Node::is_element) {
        elements += 1;
        let words = || node.descendants().filter_map(|node| node.text());
        match node.tag_name().name() {
            "style" => rules += words().map(|text| text.matches('{').count()).sum::<usize>(),
            "text" => {
                let length = words().map(str::len).sum::<usize>();
                text += length;
                if length > MAX_TEXT || text > MAX_ALL_TEXT {
                    return Err("it has too much text");
                }
            }
            _ => {}
        }
        let measured = node.attributes().filter(|attribute| MEASURES.contains(&attribute.name()));
        if measured.into_iter().any(|attribute| has_giant(attribute.value())) {
            return Err("its coordinates are beyond all measure");
        }
    }
    if rules * elements > MAX_MATCHES { Err("it has too many rules of style for its elements") } else { Ok(()) }
}

/// Attributes that say where and how large something is.
const MEASURES: [&str; 14] = [
    "d",
    "points",
    "transform",
    "patternTransform",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "width",
    "height",
    "font-size",
    "textLength",
];

/// Whether a list of numbers has one of ten million or more. Programs that go along a path a step at a time would not
/// come to its end.
fn has_giant(numbers: &str) -> bool {
    let bytes = numbers.as_bytes();
    let (mut digits, mut fraction) = (0, false);
    bytes.iter().enumerate().any(|(index, byte)| {
        match byte {
            b'0'..=b'9' if !fraction => digits += usize::from(digits > 0 || *byte != b'0'),
            b'0'..=b'9' => {}
            b'.' => fraction = true,
            _ => (digits, fraction) = (0, false),
        }
        let is_exponent = matches!(byte, b'e' | b'E') && index > 0 && matches!(bytes[index - 1], b'0'..=b'9' | b'.');
        let exponent = || {
            let rest = numbers[index + 1..].trim_start_matches('+');
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<u32>().unwrap_or(if end > 0 { u32::MAX } else { 0 })
        };
        digits > 7 || (is_exponent && exponent() > 3)
    })
}

/// The ids in `url(#id)`.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("url(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches([' ', '\'', '"']).strip_prefix('#')?;
        rest.split([')', '\'', '"', ' ']).next()
    })
}

/// Whether a filter's work for each pixel has no reasonable bound.
fn is_excessive(node: Node<'_, '_>) -> bool {
    let numbers = |name: &str| -> f64 {
        let value = node.attribute(name).unwrap_or("0");
        value.split([' ', ',']).filter_map(|number| number.parse::<f64>().ok()).fold(0.0, f64::max)
    };
    match node.tag_name().name() {
        "feMorphology" => numbers("radius") > 50.0,
        "feConvolveMatrix" => numbers("order") > 20.0,
        "feTurbulence" => numbers("numOctaves") > 10.0,
        _ => false,
    }
}
