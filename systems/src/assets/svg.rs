//! Vector pictures: read, checked for how much work they are, and made ready to be drawn at any size.

use std::{
    collections::HashMap,
    io::Read as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use image::ImageReader;
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{
        ImageHrefResolver, ImageKind, Options, Tree,
        roxmltree::{Document, Node, NodeId, ParsingOptions},
    },
};

use super::{
    AssetError, AssetState,
    decode::{Context, Read, open},
    svg_fonts::SvgFonts,
};
use crate::rasterise::content::text::fonts::DEFAULT_FAMILY;

/// Bytes that the file may have.
const MAX_BYTES: u64 = 8 << 20;
/// Elements that the file may have.
const MAX_NODES: u32 = 200_000;
/// Elements within, or referring to, each other.
const MAX_DEPTH: usize = 100;
/// Elements that are drawn, counting those that are referred to each time, and what needs a picture of its own as fifty.
const MAX_COST: u64 = 100_000;
/// Pixels of all pictures within it, in millions.
const MAX_MEGAPIXELS: u64 = 16;
/// Time that drawing it once, at a million pixels at most, may take.
const MAX_DRAWING: Duration = Duration::from_secs(1);
/// Bytes that a tree takes for each byte of its file, roughly: measured 5 to 12 with icons and drawings.
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
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|_| not_svg("it is not text, or packed".to_owned()))?;
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
    let began = Instant::now();
    draw_once(&tree);
    if began.elapsed() > MAX_DRAWING {
        return Err(complex("drawing it takes more than a second"));
    }
    let image = VectorImage { has_text: tree.has_text_nodes(), tree: Arc::new(tree) };
    Ok(Read::Done { state: AssetState::Svg(image), held })
}

/// Draws it away, so that what would hold ticks up, or panics, is found out here.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1000 pixels a side")]
fn draw_once(tree: &Tree) {
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = (1000.0 / width.max(height)).min(1.0);
    let side = |length: f32| (length * scale).ceil().clamp(1.0, 1000.0) as u32;
    if let Some(mut pixmap) = Pixmap::new(side(width), side(height)) {
        resvg::render(tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    }
}

/// Whether its entities might be used to blow it up. A few short ones, as drawing programs write them, are fine.
fn expands(text: &str) -> bool {
    let Some(begin) = text.find("<!ENTITY") else { return false };
    let end = text[begin..].find("]>").map_or(text.len(), |end| begin + end);
    let declared = &text[begin..end];
    let uses = text[end..].matches('&').count();
    declared.contains('&') || declared.len().saturating_mul(uses) > 4 << 20
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
            let own_picture = |text: &str| {
                ["opacity", "filter", "mask", "clip-path", "mix-blend-mode"].iter().any(|part| text == *part)
            };
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
