//! Breaks paragraphs into lines of glyphs.

use std::cmp::Reverse;

use components::content::{Overflow, TextAlign, TextContent, Wrap};
use cosmic_text::{
    Align, Attrs, Buffer, CacheKeyFlags, Ellipsize, EllipsizeHeightLimit, Family, FeatureTag, FontFeatures, LayoutLine,
    Metrics, ShapeBuffer, ShapeGlyph, ShapeLine, Shaping,
};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    faces::Face,
    fonts::Fonts,
    layout::{Glyph, Rule},
    paragraphs::{Paragraph, Run, Style},
};

/// How far a line may stick out of the box's height and still count as fitting, as a share of the common line height.
const LINE_SLACK: f64 = 0.01;
/// What text that does not fit ends in.
const ELLIPSIS: &str = "…";

/// A line whose glyphs count from its own left end and its own baseline.
pub(super) struct Line {
    /// Number of the paragraph.
    paragraph: usize,
    /// The first byte of the paragraph's text that it shows.
    start: usize,
    pub(super) rtl: bool,
    pub(super) width: f64,
    /// From its top to the baseline.
    pub(super) above: f64,
    /// From the baseline to its bottom.
    pub(super) below: f64,
    pub(super) glyphs: Vec<Glyph>,
    pub(super) rules: Vec<Rule>,
}

impl Line {
    pub(super) fn height(&self) -> f64 {
        self.above + self.below
    }
}

/// How lines are broken.
#[derive(Clone, Copy)]
pub(super) struct Breaking<'a> {
    pub(super) content: &'a TextContent,
    pub(super) styles: &'a [Style],
    /// What sizes are multiplied by.
    pub(super) zoom: f64,
    /// Whether words that are too long for a line are broken.
    pub(super) breaks_words: bool,
}

impl Breaking<'_> {
    /// The lines that are shown.
    pub(super) fn lines(self, paragraphs: &[Paragraph], fonts: &mut Fonts) -> Vec<Line> {
        let content = self.content;
        let in_one_line = Ellipsize::End(EllipsizeHeightLimit::Lines(1));
        let ends_in_mark = content.overflow == Overflow::Ellipsis && content.ticker.is_none();
        let ellipsize = if ends_in_mark && self.wrap() == Wrap::None { in_one_line } else { Ellipsize::None };
        let mut lines = self.all_lines(paragraphs, ellipsize, fonts);
        let room = self.room(&lines);
        if room >= lines.len() {
            return lines;
        }
        let last = &lines[room - 1];
        let (number, start) = (last.paragraph, last.start);
        if !ends_in_mark {
            lines.truncate(room);
            return lines;
        }
        // The last line that there is room for shows as much as it can of what is left. The mark is added even where
        // its paragraph ends there, since others follow.
        lines.truncate(room - 1);
        let paragraph = &paragraphs[number];
        let (rest, left_out) = paragraph.rest(start, ELLIPSIS, self.styles, fonts);
        let rest = Source { shown: &rest, counted: paragraph, left_out, number };
        lines.extend(self.lines_of(&rest, Wrap::None, in_one_line, fonts).into_iter().take(1));
        lines
    }

    /// Whether all of a text fits into its box.
    pub(super) fn fits(self, paragraphs: &[Paragraph], fonts: &mut Fonts) -> bool {
        let lines = self.all_lines(paragraphs, Ellipsize::None, fonts);
        let wide = |width: f64| self.content.ticker.is_none() && lines.iter().any(|line| line.width > width + 0.01);
        let height: f64 = lines.iter().map(Line::height).sum();
        !self.content.width.is_some_and(wide)
            && self.content.height.is_none_or(|room| height <= room + 0.01)
            && self.content.max_lines.is_none_or(|most| lines.len() <= most as usize)
    }

    fn all_lines(self, paragraphs: &[Paragraph], ellipsize: Ellipsize, fonts: &mut Fonts) -> Vec<Line> {
        let source = |(number, paragraph)| Source { shown: paragraph, counted: paragraph, left_out: 0, number };
        let sources = paragraphs.iter().enumerate().map(source);
        sources.flat_map(|source| self.lines_of(&source, self.wrap(), ellipsize, fonts)).collect()
    }

    fn wrap(self) -> Wrap {
        if self.content.ticker.is_some() { Wrap::None } else { self.content.wrap }
    }

    fn line_height(self) -> f64 {
        self.content.font.size * self.zoom * self.content.line_height
    }

    /// How many of the lines may be shown; one at least. Only an ellipsis leaves out what is too high for the box.
    fn room(self, lines: &[Line]) -> usize {
        let most = self.content.max_lines.map_or(usize::MAX, |most| most as usize);
        let height = match (self.content.overflow, self.content.height) {
            (Overflow::Ellipsis, Some(height)) => height + LINE_SLACK * self.line_height(),
            _ => f64::INFINITY,
        };
        let mut bottom = 0.0;
        let within = lines.iter().take_while(|line| {
            bottom += line.height();
            bottom <= height
        });
        within.count().min(most).max(1)
    }

    fn lines_of(self, source: &Source<'_>, wrap: Wrap, ellipsize: Ellipsize, fonts: &mut Fonts) -> Vec<Line> {
        let size = (self.content.font.size * self.zoom) as f32;
        let mut buffer = Buffer::new_empty(Metrics::new(size, size * self.content.line_height as f32));
        buffer.set_wrap(match wrap {
            Wrap::Word if self.breaks_words => cosmic_text::Wrap::WordOrGlyph,
            Wrap::Word => cosmic_text::Wrap::Word,
            Wrap::Glyph => cosmic_text::Wrap::Glyph,
            Wrap::None => cosmic_text::Wrap::None,
        });
        buffer.set_ellipsize(ellipsize);
        let width = if self.content.ticker.is_some() { None } else { self.content.width };
        buffer.set_size(width.map(|width| width as f32), None);

        let spans =
            source.shown.runs.iter().map(|run| (&source.shown.text[run.range.clone()], self.attributes_of(run)));
        // Lines are moved to their side later, when the width of all is known.
        let align = if self.content.align == TextAlign::Justify { Align::Justified } else { Align::Left };
        let common = self.attributes(&self.styles[0].face, 0, self.styles[0].letter_spacing);
        buffer.set_rich_text(spans, &common, Shaping::Advanced, Some(align));
        let mut lines = Vec::new();
        for text in &buffer.lines {
            let attributes = text.attrs_list();
            let mut shape =
                ShapeLine::new(&mut fonts.system, text.text(), attributes, Shaping::Advanced, buffer.tab_width());
            order_words(&mut shape);
            self.space_letters(&mut shape, text.text(), source.shown);
            let mut laid = Vec::new();
            shape.layout_to_buffer(
                &mut ShapeBuffer::default(),
                size,
                buffer.size().0,
                buffer.wrap(),
                ellipsize,
                text.align(),
                &mut laid,
                None,
                buffer.hinting(),
            );
            lines.extend(laid.iter().map(|line| self.line(line, shape.rtl, source)));
        }
        lines
    }

    /// Adds the space between letters: behind each grapheme cluster, so that marks stay on the letters that they are put
    /// on. Where letters join each other there is none: CSS Text 4, chapter 8.2, knows no space between those of cursive
    /// scripts, and to tear them apart makes other letters of them.
    fn space_letters(self, shape: &mut ShapeLine, text: &str, paragraph: &Paragraph) {
        if self.styles.iter().all(|style| style.letter_spacing == 0.0) {
            return;
        }
        let starts: Vec<usize> = text.grapheme_indices(true).map(|(start, _)| start).collect();
        let letter = |glyph: &ShapeGlyph| starts.partition_point(|start| *start <= glyph.start);
        let spacing = |glyph: &ShapeGlyph| {
            let run = paragraph.runs.partition_point(|run| run.range.start <= glyph.start);
            let is_joined = run.checked_sub(1).is_some_and(|run| paragraph.runs[run].is_joined);
            let style = &self.styles[glyph.metadata.min(self.styles.len() - 1)];
            if is_joined { 0.0 } else { (style.letter_spacing / (style.size * self.zoom)) as f32 }
        };
        // A line from the right lists its glyphs from there, and moves to the left by each one's advance before it is put
        // down: what is added to the first of a letter moves all of it.
        let (rtl, words) = (shape.rtl, shape.spans.iter_mut().flat_map(|span| &mut span.words));
        for glyphs in words.map(|word| &mut word.glyphs) {
            let letters: Vec<usize> = glyphs.iter().map(letter).collect();
            for (index, glyph) in glyphs.iter_mut().enumerate() {
                let beside = if rtl { index.checked_sub(1) } else { Some(index + 1) };
                let is_at_edge = beside.and_then(|beside| letters.get(beside)) != Some(&letters[index]);
                if is_at_edge {
                    glyph.x_advance += spacing(glyph);
                }
            }
        }
    }

    fn line(self, run: &LayoutLine, rtl: bool, source: &Source<'_>) -> Line {
        let mut line = Line {
            paragraph: source.number,
            start: source.left_out + run.glyphs.iter().map(|glyph| glyph.start).min().unwrap_or(0),
            rtl,
            width: f64::from(run.w),
            above: 0.0,
            below: 0.0,
            glyphs: Vec::with_capacity(run.glyphs.len()),
            rules: Vec::new(),
        };
        // Every line is at least as high as one of the common font alone, as in CSS. Fonts that only stand in for
        // missing letters do not count.
        self.reserve(0, &mut line);
        for glyph in &run.glyphs {
            // An ellipsis stands for no letters of its own. It looks like what it follows.
            let before = || source.shown.runs.iter().rfind(|run| run.range.start < glyph.start).map(|run| run.style);
            let followed = if glyph.start == glyph.end { before() } else { None };
            let number = followed.unwrap_or(glyph.metadata).min(self.styles.len() - 1);
            let style = &self.styles[number];
            self.reserve(number, &mut line);
            let letter = source.counted.letter(source.left_out + glyph.end.max(glyph.start + 1));
            let letter = u32::try_from(letter).unwrap_or(u32::MAX);
            let em = style.size * self.zoom;
            let lines = [(style.underline, style.metrics.underline), (style.strikethrough, style.metrics.strikeout)];
            line.rules.extend(lines.into_iter().filter(|(drawn, _)| *drawn).map(|(_, top)| Rule {
                x0: f64::from(glyph.x),
                x1: f64::from(glyph.x + glyph.w),
                baseline: 0.0,
                top: -top * em,
                thickness: (style.metrics.thickness * em).max(0.5),
                style: number,
                letter,
            }));
            line.glyphs.push(Glyph {
                font: glyph.font_id,
                weight: glyph.font_weight,
                id: glyph.glyph_id,
                size: glyph.font_size,
                slanted: glyph.cache_key_flags.contains(CacheKeyFlags::FAKE_ITALIC),
                x: f64::from(glyph.x + glyph.font_size * glyph.x_offset),
                baseline: 0.0,
                shift: f64::from(glyph.y - glyph.font_size * glyph.y_offset),
                style: number,
                letter,
            });
        }
        line
    }

    /// Makes a line high enough for a style.
    fn reserve(self, style: usize, line: &mut Line) {
        let Style { size, metrics, .. } = &self.styles[style];
        let em = size * self.zoom;
        let leading = (em * self.content.line_height - (metrics.ascent + metrics.descent) * em) / 2.0;
        line.above = line.above.max(leading + metrics.ascent * em);
        line.below = line.below.max(leading + metrics.descent * em);
    }

    fn attributes_of<'a>(&self, run: &'a Run) -> Attrs<'a> {
        let spacing = if run.is_joined { 0.0 } else { self.styles[run.style].letter_spacing };
        self.attributes(&run.face, run.style, spacing)
    }

    fn attributes<'a>(&self, face: &'a Face, number: usize, letter_spacing: f64) -> Attrs<'a> {
        let style = &self.styles[number];
        let size = (style.size * self.zoom) as f32;
        let attributes = Attrs::new()
            .family(Family::Name(&face.family))
            .weight(face.weight)
            .style(face.style)
            .stretch(face.stretch)
            .metadata(number)
            .metrics(Metrics::new(size, size * self.content.line_height as f32));
        let mut features = FontFeatures::new();
        if letter_spacing != 0.0 {
            // Letters that are drawn apart are not drawn as one: CSS too has no ligatures then.
            features.disable(FeatureTag::STANDARD_LIGATURES).disable(FeatureTag::CONTEXTUAL_LIGATURES);
        }
        for (tag, value) in &style.features {
            features.set(FeatureTag::new(tag), *value);
        }
        attributes.font_features(features)
    }
}

/// Puts the glyphs of words from the right in order. cosmic-text lists the fonts of a word as they are written, but the
/// glyphs of each from left to right, and turns the list round in a line from the right.
fn order_words(shape: &mut ShapeLine) {
    let from_right = shape.spans.iter_mut().filter(|span| span.level.is_rtl());
    for word in from_right.flat_map(|span| &mut span.words) {
        if shape.rtl {
            word.glyphs.sort_by_key(|glyph| glyph.start);
        } else {
            word.glyphs.sort_by_key(|glyph| Reverse(glyph.start));
        }
    }
}

/// What lines are made of.
struct Source<'a> {
    /// The paragraph, or the rest of one.
    shown: &'a Paragraph,
    /// The whole paragraph.
    counted: &'a Paragraph,
    /// Bytes of the whole paragraph before those that are shown.
    left_out: usize,
    number: usize,
}
