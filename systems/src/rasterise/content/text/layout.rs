//! Lines of text, laid out in layer pixels. Nothing here knows of the scale that they are drawn at, so that lines never
//! break elsewhere because a layer grows.

use components::content::{Overflow, TextAlign, TextContent, VerticalAlign, Wrap};
use cosmic_text::{
    Align, Attrs, Buffer, CacheKeyFlags, Ellipsize, EllipsizeHeightLimit, Family, FeatureTag, FontFeatures, Metrics,
    Shaping,
    fontdb::{ID, Weight},
};
use kurbo::Rect;

use super::fonts::{Face, Fonts};

/// How far a line may stick out of the box's height and still count as fitting, as a share of its height.
const LINE_SLACK: f64 = 0.01;
/// What text that does not fit ends in.
const ELLIPSIS: char = '…';

/// A text with all its glyphs in place.
#[derive(Debug)]
pub(super) struct TextLayout {
    /// The layer's box.
    pub(super) width: f64,
    /// The layer's box.
    pub(super) height: f64,
    pub(super) glyphs: Vec<Glyph>,
    /// What the glyphs paint.
    pub(super) ink: Rect,
}

/// A glyph in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glyph {
    pub(super) font: ID,
    pub(super) weight: Weight,
    pub(super) id: u16,
    /// Size of the em in layer pixels.
    pub(super) size: f32,
    /// Whether an upright glyph is to be slanted.
    pub(super) slanted: bool,
    /// Its origin, in layer pixels.
    pub(super) x: f64,
    /// The line's baseline in layer pixels.
    pub(super) baseline: f64,
    /// How far it is moved down from the baseline, in layer pixels.
    pub(super) shift: f64,
}

/// A line whose glyphs count from its own left end.
struct Line {
    /// The first byte of the paragraph's text that it shows.
    start: usize,
    rtl: bool,
    width: f64,
    glyphs: Vec<Glyph>,
}

impl TextLayout {
    pub(super) fn new(content: &TextContent, fonts: &mut Fonts) -> Self {
        let empty = Self {
            width: content.width.unwrap_or(0.0),
            height: content.height.unwrap_or(0.0),
            glyphs: Vec::new(),
            ink: Rect::ZERO,
        };
        let Some(face) = fonts.face(&content.font.family, content.font.weight, content.font.style) else {
            return empty;
        };
        if content.text.is_empty() {
            return empty;
        }
        let lines = break_lines(content, &face, fonts);

        let line_height = content.font.size * content.line_height;
        let text_width = lines.iter().map(|line| line.width).fold(0.0, f64::max);
        let text_height = line_height * lines.len() as f64;
        let width = content.width.unwrap_or_else(|| even(text_width));
        let height = content.height.unwrap_or_else(|| even(text_height));
        let top = match content.vertical_align {
            VerticalAlign::Top => 0.0,
            VerticalAlign::Middle => (height - text_height) / 2.0,
            VerticalAlign::Bottom => height - text_height,
        };
        // All lines have the baseline of the font that was asked for, whatever other fonts stand in a line.
        let (ascent, descent) = extents(&face, fonts, content.font.size);
        let first = top + (line_height - (ascent + descent)) / 2.0 + ascent;

        let mut glyphs = Vec::new();
        let mut ink: Option<Rect> = None;
        for (index, line) in lines.into_iter().enumerate() {
            let left = (width - line.width) * share_before(content.align, line.rtl);
            let baseline = first + line_height * index as f64;
            for glyph in line.glyphs {
                let glyph = Glyph { x: glyph.x + left, baseline, ..glyph };
                if let Some(area) = fonts.glyphs.bounds(&mut fonts.system, &glyph) {
                    ink = Some(ink.map_or(area, |ink| ink.union(area)));
                    glyphs.push(glyph);
                }
            }
        }
        Self { width, height, glyphs, ink: ink.unwrap_or(Rect::ZERO) }
    }
}

/// The next even number: a box that is as large as its text then has its middle on a whole pixel, and stays sharp when
/// that is its anchor.
fn even(length: f64) -> f64 {
    (length / 2.0 - 1e-3).ceil() * 2.0
}

/// Which share of the room that a line leaves lies before it, on the left.
fn share_before(align: TextAlign, rtl: bool) -> f64 {
    match (align, rtl) {
        (TextAlign::Center, _) => 0.5,
        (TextAlign::Right, _) | (TextAlign::Start, true) | (TextAlign::End, false) => 1.0,
        (TextAlign::Left | TextAlign::Justify, _) | (TextAlign::Start, false) | (TextAlign::End, true) => 0.0,
    }
}

/// Ascent and descent of a face in pixels, both counted away from the baseline.
fn extents(face: &Face, fonts: &mut Fonts, size: f64) -> (f64, f64) {
    match fonts.system.get_font(face.id, face.weight) {
        Some(font) => {
            let metrics = font.metrics();
            let em = f64::from(metrics.units_per_em.max(1));
            (f64::from(metrics.ascent) / em * size, -f64::from(metrics.descent) / em * size)
        }
        None => (size, 0.0),
    }
}

fn break_lines(content: &TextContent, face: &Face, fonts: &mut Fonts) -> Vec<Line> {
    let mut paragraphs = content.text.split('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).to_owned());
    if content.overflow != Overflow::Ellipsis {
        return paragraphs
            .flat_map(|mut text| lines_of(&mut text, content.wrap, Ellipsize::None, content, face, fonts))
            .collect();
    }

    let line_height = content.font.size * content.line_height;
    let room = content.height.map_or(usize::MAX, |height| (height / line_height + LINE_SLACK) as usize).max(1);
    let in_one_line = Ellipsize::End(EllipsizeHeightLimit::Lines(1));
    let ellipsize = if content.wrap == Wrap::None { in_one_line } else { Ellipsize::None };
    let mut lines = Vec::new();
    while let Some(mut text) = paragraphs.next() {
        let left = room - lines.len();
        let mut of_paragraph = lines_of(&mut text, content.wrap, ellipsize, content, face, fonts);
        let fits = of_paragraph.len() < left || (of_paragraph.len() == left && paragraphs.clone().next().is_none());
        if fits {
            lines.extend(of_paragraph);
            continue;
        }
        // The last line that there is room for shows as much as it can of what is left. The mark is added even where
        // this paragraph ends there, since others follow.
        let rest = text.get(of_paragraph[left - 1].start..).unwrap_or_default().trim_start();
        let mut rest = format!("{rest}{ELLIPSIS}");
        of_paragraph.truncate(left - 1);
        lines.extend(of_paragraph);
        lines.extend(lines_of(&mut rest, Wrap::None, in_one_line, content, face, fonts).into_iter().take(1));
        break;
    }
    lines
}

/// The lines of one paragraph. Letters that no font has are replaced in `text`.
fn lines_of(
    text: &mut String,
    wrap: Wrap,
    ellipsize: Ellipsize,
    content: &TextContent,
    face: &Face,
    fonts: &mut Fonts,
) -> Vec<Line> {
    let size = content.font.size as f32;
    let mut buffer = Buffer::new_empty(Metrics::new(size, size * content.line_height as f32));
    buffer.set_wrap(match wrap {
        Wrap::Word => cosmic_text::Wrap::WordOrGlyph,
        Wrap::Glyph => cosmic_text::Wrap::Glyph,
        Wrap::None => cosmic_text::Wrap::None,
    });
    buffer.set_ellipsize(ellipsize);
    buffer.set_size(content.width.map(|width| width as f32), None);

    let runs = fonts.fallback.itemise(fonts.system.db(), text, face);
    let attributes = |face| attributes(face, content);
    let spans = runs.iter().map(|(range, face)| (&text[range.clone()], attributes(face)));
    // Lines are moved to their side later, when the width of all is known.
    let align = if content.align == TextAlign::Justify { Align::Justified } else { Align::Left };
    buffer.set_rich_text(spans, &attributes(face), Shaping::Advanced, Some(align));
    buffer.shape_until_scroll(&mut fonts.system, false);

    buffer
        .layout_runs()
        .map(|run| Line {
            start: run.glyphs.iter().map(|glyph| glyph.start).min().unwrap_or(0),
            rtl: run.rtl,
            width: f64::from(run.line_w),
            glyphs: run
                .glyphs
                .iter()
                .map(|glyph| Glyph {
                    font: glyph.font_id,
                    weight: glyph.font_weight,
                    id: glyph.glyph_id,
                    size: glyph.font_size,
                    slanted: glyph.cache_key_flags.contains(CacheKeyFlags::FAKE_ITALIC),
                    x: f64::from(glyph.x + glyph.font_size * glyph.x_offset),
                    baseline: 0.0,
                    shift: f64::from(glyph.y - glyph.font_size * glyph.y_offset),
                })
                .collect(),
        })
        .collect()
}

fn attributes<'a>(face: &'a Face, content: &TextContent) -> Attrs<'a> {
    let attributes =
        Attrs::new().family(Family::Name(&face.family)).weight(face.weight).style(face.style).stretch(face.stretch);
    if content.letter_spacing == 0.0 {
        return attributes;
    }
    // Letters that are drawn apart are not drawn as one: CSS too has no ligatures then.
    let mut features = FontFeatures::new();
    features.disable(FeatureTag::STANDARD_LIGATURES).disable(FeatureTag::CONTEXTUAL_LIGATURES);
    attributes.letter_spacing((content.letter_spacing / content.font.size) as f32).font_features(features)
}
