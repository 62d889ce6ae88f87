//! A text as paragraphs of pieces, each in its style and font: what is known of it before lines are broken.

use std::ops::Range;

use components::content::{SpanFont, TextContent, TextSpan};
use swash::text::{Codepoint, Script};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    faces::Face,
    fallback::{Han, is_joining},
    fonts::Fonts,
};

/// What a piece of a text looks like. The first of a text's styles is that of `text`, the others those of its spans.
#[derive(Debug)]
pub(super) struct Style {
    pub(super) face: Face,
    /// Size of the em in layer pixels.
    pub(super) size: f64,
    /// In layer pixels.
    pub(super) letter_spacing: f64,
    /// OpenType features by tag.
    pub(super) features: Vec<([u8; 4], u32)>,
    pub(super) underline: bool,
    pub(super) strikethrough: bool,
    pub(super) metrics: FaceMetrics,
}

/// Measures of a face, in ems. Upwards is positive.
#[derive(Clone, Copy, Debug)]
pub(super) struct FaceMetrics {
    pub(super) ascent: f64,
    /// Below the baseline, positive.
    pub(super) descent: f64,
    /// Where the top of an underline lies.
    pub(super) underline: f64,
    /// Where the top of a line through the text lies.
    pub(super) strikeout: f64,
    /// How thick both are.
    pub(super) thickness: f64,
    /// How wide a space is.
    pub(super) space: f64,
    /// How wide the figure 0 is.
    pub(super) zero: f64,
}

/// A paragraph, cut into runs of one font each.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) text: String,
    pub(super) runs: Vec<Run>,
    /// Where letters (grapheme clusters) begin.
    letters: Vec<usize>,
    /// Letters of the paragraphs before.
    before: usize,
    /// Where soft hyphens were taken out, in order.
    pub(super) hyphens: Vec<SoftHyphen>,
}

/// A place in a paragraph where a line may end in a hyphen.
#[derive(Clone, Copy, Debug)]
pub(super) struct SoftHyphen {
    /// The first byte behind it.
    pub(super) at: usize,
    /// Number of the style that it looks like.
    pub(super) style: usize,
}

/// A part of a paragraph in one font.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) range: Range<usize>,
    /// Whether its letters join each other, as Arabic ones do.
    pub(super) is_joined: bool,
    pub(super) face: Face,
    /// Number of the style.
    pub(super) style: usize,
}

impl Paragraph {
    /// The number of the letter, from 1 and counted through all paragraphs, that the byte before `end` belongs to.
    pub(super) fn letter(&self, end: usize) -> usize {
        self.before + self.letters.partition_point(|begin| *begin < end)
    }

    /// A mark among its words, as a paragraph of its own.
    pub(super) fn mark(&self, mark: &str, style: usize, styles: &[Style], fonts: &mut Fonts) -> Self {
        let mut paragraph = Self::default();
        paragraph.push(mark, style, styles, Han::of(&self.text), fonts);
        paragraph
    }

    /// The soft hyphen behind which a letter begins.
    pub(super) fn hyphen_before(&self, start: usize) -> Option<SoftHyphen> {
        self.hyphens.binary_search_by_key(&start, |hyphen| hyphen.at).ok().map(|found| self.hyphens[found])
    }

    fn push(&mut self, text: &str, style: usize, styles: &[Style], han: Han, fonts: &mut Fonts) {
        let (mut text, hyphens) = self.without_hyphens(text);
        let base = self.text.len();
        let runs = fonts.fallback.itemise(fonts.system.db(), &mut text, &styles[style].face, han);
        for (range, face) in runs {
            for (part, is_joined) in by_joining(&text[range.clone()]) {
                let start = base + range.start + part.start;
                let range = start..start + part.len();
                self.runs.push(Run { range, is_joined, face: face.clone(), style });
            }
        }
        // Letters may have been replaced by longer ones since, but each by one.
        let mut ends = text.char_indices().map(|(at, letter)| base + at + letter.len_utf8()).enumerate();
        let places = hyphens.iter().filter_map(|count| match count.checked_sub(1) {
            Some(last) => ends.find(|(number, _)| *number == last).map(|(_, end)| end),
            None => Some(base),
        });
        self.hyphens.extend(places.map(|at| SoftHyphen { at, style }));
        self.text.push_str(&text);
    }

    /// A piece that is to follow, without its soft hyphens, and how many letters stand before each of them. To shape a
    /// text as if there were none keeps letters joined and in their places; only ligatures are given up, which no line
    /// could be broken in.
    fn without_hyphens(&self, piece: &str) -> (String, Vec<usize>) {
        let (mut text, mut count, mut hyphens) = (String::with_capacity(piece.len()), 0, Vec::new());
        for letter in piece.chars() {
            if letter != SOFT_HYPHEN {
                text.push(letter);
                count += 1;
                continue;
            }
            let mut before = text.chars().rev().chain(self.text.chars().rev()).peekable();
            // A hyphen follows a letter, and one is enough.
            let is_letter = before.peek().is_some_and(|before| !before.is_whitespace());
            let is_known =
                hyphens.last() == Some(&count) || count == 0 && self.hyphen_before(self.text.len()).is_some();
            if !is_letter || is_known {
                continue;
            }
            let base = before.find(|letter| !is_joining(*letter) && letter.script() != Script::Inherited);
            if base.is_some_and(|base| ALPHABETS.contains(&base.script())) {
                text.push(NON_JOINER);
                count += 1;
            }
            hyphens.push(count);
        }
        (text, hyphens)
    }
}

/// Where a line may end in a hyphen; else it is not seen.
pub(super) const SOFT_HYPHEN: char = '\u{ad}';
/// Keeps letters from becoming a ligature …
const NON_JOINER: char = '\u{200c}';
/// … in scripts where it changes nothing else.
const ALPHABETS: [Script; 4] = [Script::Latin, Script::Greek, Script::Cyrillic, Script::Armenian];
/// Tatweel lengthens the join of any joining script's letters.
const TATWEEL: char = '\u{640}';

/// The parts of a text whose letters join each other, and those between.
fn by_joining(text: &str) -> Vec<(Range<usize>, bool)> {
    let mut parts: Vec<(Range<usize>, bool)> = Vec::new();
    for (start, letter) in text.char_indices() {
        let end = start + letter.len_utf8();
        let joins = match letter.script() {
            // Marks and joiners belong to the letter that they follow.
            _ if is_joining(letter) => None,
            Script::Inherited => None,
            script => Some(letter == TATWEEL || script.is_joined()),
        };
        match parts.last_mut() {
            Some((range, before)) if joins.is_none_or(|joins| joins == *before) => range.end = end,
            _ => parts.push((start..end, joins.unwrap_or_default())),
        }
    }
    parts
}

/// The styles of a text. `None` if there is no font at all.
pub(super) fn styles(content: &TextContent, fonts: &mut Fonts) -> Option<Vec<Style>> {
    let plain = TextSpan::default();
    std::iter::once(&plain).chain(&content.spans).map(|span| style(content, span, fonts)).collect()
}

fn style(content: &TextContent, span: &TextSpan, fonts: &mut Fonts) -> Option<Style> {
    let SpanFont { family, size, weight, style, features } = &span.font;
    let font = &content.font;
    let family = family.as_ref().unwrap_or(&font.family);
    let face = fonts.face(family, weight.unwrap_or(font.weight), style.unwrap_or(font.style))?;
    let features = font.features.iter().filter(|(tag, _)| !features.contains_key(*tag)).chain(features);
    let features = features.filter_map(|(tag, value)| Some((<[u8; 4]>::try_from(tag.as_bytes()).ok()?, *value)));
    Some(Style {
        size: size.unwrap_or(font.size),
        letter_spacing: span.letter_spacing.unwrap_or(content.letter_spacing),
        features: features.collect(),
        underline: span.underline,
        strikethrough: span.strikethrough,
        metrics: fonts.metrics(&face),
        face,
    })
}

/// What ends a paragraph: letters of the class B of UAX 9. To CR LF only the second counts.
const ENDS: [char; 7] = ['\n', '\r', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2029}'];
/// What ends a line, but no paragraph: the other letters behind which UAX 14 ends a line.
const LINE_ENDS: [char; 3] = ['\u{b}', '\u{c}', '\u{2028}'];

/// Whether a letter ends a line.
pub(super) fn is_line_end(letter: &str) -> bool {
    letter.chars().all(|letter| LINE_ENDS.contains(&letter)) && !letter.is_empty()
}

/// The paragraphs of a text: what stands between paragraph ends. A ticker has one.
pub(super) fn paragraphs(content: &TextContent, styles: &[Style], fonts: &mut Fonts) -> Vec<Paragraph> {
    let pieces = std::iter::once(&content.text).chain(content.spans.iter().map(|span| &span.text));
    let mut raw: Vec<Vec<(String, usize)>> = vec![Vec::new()];
    let mut is_behind_cr = false;
    for (style, piece) in pieces.enumerate() {
        // CR LF may be in two spans.
        let rest = if is_behind_cr { piece.strip_prefix('\n').unwrap_or(piece) } else { piece };
        if !piece.is_empty() {
            is_behind_cr = piece.ends_with('\r');
        }
        let piece = rest.replace("\r\n", "\n");
        if content.ticker.is_some() {
            raw[0].push((piece.replace(ENDS, " ").replace(LINE_ENDS, " "), style));
            continue;
        }
        for (line, text) in piece.split(ENDS).enumerate() {
            if line > 0 {
                raw.push(Vec::new());
            }
            if let Some(paragraph) = raw.last_mut() {
                paragraph.push((text.to_owned(), style));
            }
        }
    }
    let mut before = 0;
    let mut paragraphs = Vec::with_capacity(raw.len());
    for pieces in raw {
        let han = Han::of(&pieces.iter().map(|(text, _)| text.as_str()).collect::<String>());
        let mut paragraph = Paragraph { before, ..Paragraph::default() };
        for (text, style) in pieces {
            paragraph.push(&text, style, styles, han, fonts);
        }
        let letters = paragraph.text.grapheme_indices(true).filter(|(_, letter)| !is_line_end(letter));
        paragraph.letters = letters.map(|(at, _)| at).collect();
        before += paragraph.letters.len();
        paragraphs.push(paragraph);
    }
    paragraphs
}
