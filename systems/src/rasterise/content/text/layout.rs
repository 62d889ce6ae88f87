//! Lines of text, laid out in layer pixels. Nothing here knows of the scale that they are drawn at, so that lines never
//! break elsewhere because a layer grows.

use components::content::{TextAlign, TextContent, VerticalAlign};
use cosmic_text::fontdb::{ID, Weight};
use kurbo::Rect;

use super::{
    fonts::Fonts,
    lines::{Breaking, Line},
    paragraphs::{paragraphs, styles},
};

/// Step from one font size to the next that automatic fitting tries, in pixels.
pub(super) const SIZE_STEP: f64 = 0.25;

/// A text with all its glyphs in place.
#[derive(Debug, Default)]
pub(super) struct TextLayout {
    /// The layer's box.
    pub(super) width: f64,
    /// The layer's box.
    pub(super) height: f64,
    /// Width of the widest line.
    pub(super) text_width: f64,
    pub(super) glyphs: Vec<Glyph>,
    /// Lines below and through the text; those that touch stand behind one another.
    pub(super) rules: Vec<Rule>,
    /// What the glyphs and rules paint.
    pub(super) ink: Rect,
    /// Letters (grapheme clusters) of what is shown.
    pub(super) letters: u32,
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
    /// 0 for what is not in a span, else the number of the span, from 1.
    pub(super) style: usize,
    /// The number of the last letter that it shows, from 1.
    pub(super) letter: u32,
}

/// A piece of an underline or of a line through the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) x0: f64,
    pub(super) x1: f64,
    /// The line's baseline in layer pixels.
    pub(super) baseline: f64,
    /// Its upper edge, downwards from the baseline.
    pub(super) top: f64,
    pub(super) thickness: f64,
    /// As of [`Glyph`].
    pub(super) style: usize,
    /// As of [`Glyph`].
    pub(super) letter: u32,
}

impl TextLayout {
    pub(super) fn new(content: &TextContent, fonts: &mut Fonts) -> Self {
        let empty =
            Self { width: content.width.unwrap_or(0.0), height: content.height.unwrap_or(0.0), ..Self::default() };
        if content.text.is_empty() && content.spans.iter().all(|span| span.text.is_empty()) {
            return empty;
        }
        let Some(styles) = styles(content, fonts) else { return empty };
        let paragraphs = paragraphs(content, &styles, fonts);
        let mut breaking = Breaking { content, styles: &styles, zoom: 1.0, breaks_words: true };
        if let Some(size) =
            fitting_size(content, |zoom| Breaking { zoom, breaks_words: false, ..breaking }.fits(&paragraphs, fonts))
        {
            breaking.zoom = size / content.font.size;
        }
        let lines = breaking.lines(&paragraphs, fonts);
        Self::of_lines(content, lines, fonts)
    }

    fn of_lines(content: &TextContent, lines: Vec<Line>, fonts: &mut Fonts) -> Self {
        let text_width = lines.iter().map(|line| line.width).fold(0.0, f64::max);
        let text_height: f64 = lines.iter().map(Line::height).sum();
        let width = content.width.unwrap_or_else(|| even(text_width));
        let height = content.height.unwrap_or_else(|| even(text_height));
        let mut top = match content.vertical_align {
            VerticalAlign::Top => 0.0,
            VerticalAlign::Middle => (height - text_height) / 2.0,
            VerticalAlign::Bottom => height - text_height,
        };
        let mut layout = Self { width, height, text_width, ..Self::default() };
        let mut ink: Option<Rect> = None;
        let mut reserve = |area: Rect| ink = Some(ink.map_or(area, |ink| ink.union(area)));
        for line in lines {
            let share = if content.ticker.is_some() { 0.0 } else { share_before(content.align, line.rtl) };
            let left = (width - line.width) * share;
            let baseline = top + line.above;
            top += line.height();
            for glyph in line.glyphs {
                layout.letters = layout.letters.max(glyph.letter);
                let glyph = Glyph { x: glyph.x + left, baseline, ..glyph };
                if let Some(area) = fonts.glyphs.bounds(&mut fonts.system, &glyph) {
                    reserve(area);
                    layout.glyphs.push(glyph);
                }
            }
            for rule in line.rules {
                let rule = Rule { x0: rule.x0 + left, x1: rule.x1 + left, baseline, ..rule };
                let top = baseline + rule.top;
                reserve(Rect::new(rule.x0, top, rule.x1, top + rule.thickness));
                layout.rules.push(rule);
            }
        }
        layout.ink = ink.unwrap_or(Rect::ZERO);
        layout
    }
}

/// The font size that automatic fitting chooses, if there is any; `fits` says whether the text does, at that multiple
/// of the authored size.
fn fitting_size(content: &TextContent, mut fits: impl FnMut(f64) -> bool) -> Option<f64> {
    let fit = content.auto_fit?;
    let steps = ((fit.max_size - fit.min_size) / SIZE_STEP).ceil().max(0.0) as u32;
    let size = |step: u32| (fit.min_size + f64::from(step) * SIZE_STEP).min(fit.max_size.max(fit.min_size));
    let mut fits = |step| fits(size(step) / content.font.size);
    if fits(steps) {
        return Some(size(steps));
    }
    // The largest is too large, and the smallest is taken whether it fits or not.
    let (mut good, mut bad) = (0, steps);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fits(middle) { good = middle } else { bad = middle }
    }
    Some(size(good))
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
        // The last line of a paragraph is not justified: it begins where others do.
        (TextAlign::Right, _) | (TextAlign::Start | TextAlign::Justify, true) | (TextAlign::End, false) => 1.0,
        (TextAlign::Left, _) | (TextAlign::Start | TextAlign::Justify, false) | (TextAlign::End, true) => 0.0,
    }
}
