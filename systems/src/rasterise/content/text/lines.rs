//! Breaks paragraphs into lines of glyphs.

use components::content::{Overflow, TextAlign, TextContent, Wrap};
use cosmic_text::{
    Align, Attrs, Buffer, CacheKeyFlags, Ellipsize, EllipsizeHeightLimit, Family, FeatureTag, FontFeatures, Metrics,
    Shaping,
};

use super::{
    fonts::{Face, Fonts},
    layout::{Glyph, Rule},
    paragraphs::{Paragraph, Style},
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

        let spans = source
            .shown
            .runs
            .iter()
            .map(|run| (&source.shown.text[run.range.clone()], self.attributes(&run.face, run.style)));
        // Lines are moved to their side later, when the width of all is known.
        let align = if self.content.align == TextAlign::Justify { Align::Justified } else { Align::Left };
        let common = self.attributes(&self.styles[0].face, 0);
        buffer.set_rich_text(spans, &common, Shaping::Advanced, Some(align));
        buffer.shape_until_scroll(&mut fonts.system, false);
        buffer.layout_runs().map(|run| self.line(&run, source)).collect()
    }

    fn line(self, run: &cosmic_text::LayoutRun<'_>, source: &Source<'_>) -> Line {
        let mut line = Line {
            paragraph: source.number,
            start: source.left_out + run.glyphs.iter().map(|glyph| glyph.start).min().unwrap_or(0),
            rtl: run.rtl,
            width: f64::from(run.line_w),
            above: 0.0,
            below: 0.0,
            glyphs: Vec::with_capacity(run.glyphs.len()),
            rules: Vec::new(),
        };
        // Every line is at least as high as one of the common font alone, as in CSS. Fonts that only stand in for
        // missing letters do not count.
        self.reserve(0, &mut line);
        for glyph in run.glyphs {
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

    fn attributes<'a>(&self, face: &'a Face, number: usize) -> Attrs<'a> {
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
        if style.letter_spacing != 0.0 {
            // Letters that are drawn apart are not drawn as one: CSS too has no ligatures then.
            features.disable(FeatureTag::STANDARD_LIGATURES).disable(FeatureTag::CONTEXTUAL_LIGATURES);
        }
        for (tag, value) in &style.features {
            features.set(FeatureTag::new(tag), *value);
        }
        let attributes = attributes.font_features(features);
        if style.letter_spacing == 0.0 {
            attributes
        } else {
            attributes.letter_spacing(style.letter_spacing as f32 / size)
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
