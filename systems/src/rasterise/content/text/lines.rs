//! Breaks paragraphs into lines of glyphs.

use std::ops::Range;

use components::content::{Overflow, TextAlign, TextContent, Wrap};
use cosmic_text::CacheKeyFlags;

use super::{
    breaking::{self, Ends, SLACK},
    fonts::Fonts,
    layout::{Glyph, Rule},
    paragraphs::{Paragraph, SoftHyphen, Style},
    shaping::{Cluster, Shaped, size},
};

/// How far a line may stick out of the box's height and still count as fitting, as a share of the common line height.
const LINE_SLACK: f64 = 0.01;
/// What text that does not fit ends in.
const ELLIPSIS: &str = "…";

/// A line whose glyphs count from its own left end and its own baseline.
pub(super) struct Line {
    /// Number of the paragraph.
    paragraph: usize,
    /// The first cluster of the paragraph that it shows.
    begin: usize,
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
        let ends_in_mark = content.overflow == Overflow::Ellipsis && content.ticker.is_none();
        let sources: Vec<Source<'_>> = paragraphs.iter().map(|paragraph| self.source(paragraph, fonts)).collect();
        let mut lines = Vec::new();
        for (number, source) in sources.iter().enumerate() {
            let begin = lines.len();
            lines.extend(self.lines_of(source, number));
            let is_cut = ends_in_mark && self.wrap() == Wrap::None;
            for line in lines[begin..].iter_mut().filter(|line| is_cut && line.width as f32 > self.width() + SLACK) {
                *line = self.cut(source, number, line.begin, fonts);
            }
        }
        let room = self.room(&lines);
        if room >= lines.len() {
            return lines;
        }
        let last = &lines[room - 1];
        let (number, begin) = (last.paragraph, last.begin);
        lines.truncate(room);
        // The last line that there is room for shows as much as it can of what is left. The mark is added even where
        // its paragraph ends there, since others follow.
        if ends_in_mark {
            lines[room - 1] = self.cut(&sources[number], number, begin, fonts);
        }
        lines
    }

    /// Whether all of a text fits into its box.
    pub(super) fn fits(self, paragraphs: &[Paragraph], fonts: &mut Fonts) -> bool {
        let lines = paragraphs.iter().enumerate();
        let lines: Vec<Line> =
            lines.flat_map(|(number, paragraph)| self.lines_of(&self.source(paragraph, fonts), number)).collect();
        let wide = |width: f64| self.content.ticker.is_none() && lines.iter().any(|line| line.width > width + 0.01);
        let height: f64 = lines.iter().map(Line::height).sum();
        !self.content.width.is_some_and(wide)
            && self.content.height.is_none_or(|room| height <= room + 0.01)
            && self.content.max_lines.is_none_or(|most| lines.len() <= most as usize)
    }

    fn source<'a>(self, paragraph: &'a Paragraph, fonts: &mut Fonts) -> Source<'a> {
        let mut shaped = Shaped::new(paragraph, self, fonts);
        let mut hyphens = Marks::new(self.styles.len());
        for cluster in shaped.clusters.iter_mut().filter(|cluster| cluster.may_begin) {
            if let Some(SoftHyphen { style, .. }) = paragraph.hyphen_before(cluster.start) {
                let mark = || self.mark(paragraph, fonts.hyphen(&self.styles[style].face), style, fonts);
                cluster.hyphen = Some(hyphens.get_or_insert_with(style, mark).width());
            }
        }
        Source { paragraph, shaped, hyphens }
    }

    /// A mark among the words of a paragraph.
    fn mark(self, paragraph: &Paragraph, mark: &str, style: usize, fonts: &mut Fonts) -> Shaped {
        Shaped::new(&paragraph.mark(mark, style, self.styles, fonts), self, fonts)
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

    /// The width that lines are broken at, in layer pixels.
    fn width(self) -> f32 {
        let width = if self.content.ticker.is_some() { None } else { self.content.width };
        width.map_or(f32::INFINITY, |width| width as f32)
    }

    /// The lines of a paragraph.
    fn lines_of(self, source: &Source<'_>, number: usize) -> Vec<Line> {
        let clusters = &source.shaped.clusters;
        let (ends, room) = match self.wrap() {
            Wrap::Word if self.breaks_words => (Ends::LongWords, self.width()),
            Wrap::Word => (Ends::Words, self.width()),
            Wrap::Glyph => (Ends::Letters, self.width()),
            Wrap::None => (Ends::Words, f32::INFINITY),
        };
        let line = |line: Range<usize>| {
            let justified = self.content.align == TextAlign::Justify && !breaking::ends_by_itself(clusters, &line);
            let Range { start: begin, end } = line;
            let shown = breaking::shown(clusters, line, room);
            let mut pieces: Vec<Piece<'_>> = clusters[shown].iter().map(|cluster| source.piece(cluster)).collect();
            if let Some(Piece { level, letter, .. }) = pieces.last().copied() {
                let hyphen = source.hyphen_before(end).map_or(&[][..], |hyphen| &hyphen.clusters);
                pieces.extend(hyphen.iter().map(|cluster| Piece { cluster, style: cluster.style, level, letter }));
            }
            self.line(&pieces, source, (number, begin), justified)
        };
        breaking::lines(clusters, room, ends).into_iter().map(line).collect()
    }

    /// A line of as much as fits from a cluster on, up to where it is written to end, and the mark that tells that
    /// something is left out.
    fn cut(self, source: &Source<'_>, number: usize, begin: usize, fonts: &mut Fonts) -> Line {
        let rest = &source.shaped.clusters[begin..];
        let rest = &rest[..rest.iter().position(|cluster| cluster.ends_line).unwrap_or(rest.len())];
        let mut marks = Marks::new(self.styles.len());
        // The mark looks like what it follows.
        let mut mark = |style: usize| {
            marks.get_or_insert_with(style, || self.mark(source.paragraph, ELLIPSIS, style, fonts)).width()
        };
        let first = rest.first().map_or(0, |cluster| cluster.style);
        let (mut end, mut style, mut used) = (0, first, 0.0);
        mark(first);
        for (index, cluster) in rest.iter().enumerate() {
            used += cluster.advance_at(used);
            if used > self.width() + SLACK {
                break;
            }
            // Of a blank before the mark it would depend on the directions where it is seen.
            let is_blank = cluster.is_blank || cluster.stretches;
            if !is_blank && used + mark(cluster.style) <= self.width() + SLACK {
                (end, style) = (index + 1, cluster.style);
            }
        }
        let mut pieces: Vec<Piece<'_>> = rest[..end].iter().map(|cluster| source.piece(cluster)).collect();
        let hidden =
            source.shaped.clusters.get(begin + end).map_or(source.paragraph.text.len(), |cluster| cluster.start);
        let (letter, level) = (source.letter(hidden + 1), u8::from(source.shaped.rtl));
        if let Some(mark) = marks.get(style) {
            pieces.extend(mark.clusters.iter().map(|cluster| Piece { cluster, style, level, letter }));
        }
        self.line(&pieces, source, (number, begin), false)
    }

    /// A line of these pieces, as they are written. `place` is the number of the paragraph and the line's first cluster
    /// in it.
    fn line(self, pieces: &[Piece<'_>], source: &Source<'_>, place: (usize, usize), justified: bool) -> Line {
        let mut line = Line {
            paragraph: place.0,
            begin: place.1,
            rtl: source.shaped.rtl,
            width: 0.0,
            above: 0.0,
            below: 0.0,
            glyphs: Vec::with_capacity(pieces.len()),
            rules: Vec::new(),
        };
        // Every line is at least as high as one of the common font alone, as in CSS. Fonts that only stand in for
        // missing letters do not count.
        self.reserve(0, &mut line);
        let mut width = 0.0;
        let advance = |piece: &Piece<'_>| {
            let advance = piece.cluster.advance_at(width);
            width += advance;
            advance
        };
        let advances: Vec<f32> = pieces.iter().map(advance).collect();
        // What stands at a tab stop is to stay there.
        let loose = pieces.iter().rposition(|piece| piece.cluster.tab.is_some()).map_or(0, |tab| tab + 1);
        let separators = pieces[loose..].iter().filter(|piece| piece.cluster.stretches).count();
        let stretches = justified && separators > 0 && self.width().is_finite() && width < self.width();
        let stretch = if stretches { (self.width() - width) / separators as f32 } else { 0.0 };
        let levels: Vec<u8> = pieces.iter().map(|piece| piece.level).collect();
        let mut x = 0.0;
        for index in breaking::seen(&levels) {
            let Piece { cluster, style: number, letter, .. } = pieces[index];
            let style = &self.styles[number];
            self.reserve(number, &mut line);
            let begin = x;
            for glyph in &cluster.glyphs {
                let size = size(glyph);
                line.glyphs.push(Glyph {
                    font: glyph.font_id,
                    weight: glyph.font_weight,
                    id: glyph.glyph_id,
                    size,
                    slanted: glyph.cache_key_flags.contains(CacheKeyFlags::FAKE_ITALIC),
                    x: f64::from(x + size * glyph.x_offset),
                    baseline: 0.0,
                    shift: f64::from(-size * glyph.y_offset),
                    style: number,
                    letter,
                });
                x += glyph.width(size);
            }
            x += if cluster.tab.is_some() { advances[index] } else { cluster.spacing };
            if index >= loose && cluster.stretches {
                x += stretch;
            }
            let em = style.size * self.zoom;
            let lines = [(style.underline, style.metrics.underline), (style.strikethrough, style.metrics.strikeout)];
            line.rules.extend(lines.into_iter().filter(|(drawn, _)| *drawn).map(|(_, top)| Rule {
                x0: f64::from(begin),
                x1: f64::from(x),
                baseline: 0.0,
                top: -top * em,
                thickness: (style.metrics.thickness * em).max(0.5),
                style: number,
                letter,
            }));
        }
        line.width = f64::from(x);
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
}

/// What lines are made of.
struct Source<'a> {
    paragraph: &'a Paragraph,
    shaped: Shaped,
    /// What lines end in that are broken at soft hyphens.
    hyphens: Marks,
}

impl Source<'_> {
    /// The number of the letter that the byte before `end` belongs to.
    fn letter(&self, end: usize) -> u32 {
        u32::try_from(self.paragraph.letter(end)).unwrap_or(u32::MAX)
    }

    /// The hyphen in which a line ends if a cluster begins the next.
    fn hyphen_before(&self, next: usize) -> Option<&Shaped> {
        let next = self.shaped.clusters.get(next).filter(|next| next.hyphen.is_some())?;
        self.hyphens.get(self.paragraph.hyphen_before(next.start)?.style)
    }

    fn piece<'a>(&self, cluster: &'a Cluster) -> Piece<'a> {
        let letter = self.letter(cluster.end.max(cluster.start + 1));
        Piece { cluster, style: cluster.style, level: cluster.level, letter }
    }
}

/// A mark in each of the styles that need it.
struct Marks(Vec<Option<Shaped>>);

impl Marks {
    fn new(styles: usize) -> Self {
        Self(std::iter::repeat_with(|| None).take(styles).collect())
    }

    fn get(&self, style: usize) -> Option<&Shaped> {
        self.0.get(style)?.as_ref()
    }

    fn get_or_insert_with(&mut self, style: usize, mark: impl FnOnce() -> Shaped) -> &Shaped {
        self.0[style].get_or_insert_with(mark)
    }
}

/// A cluster of a line.
#[derive(Clone, Copy)]
struct Piece<'a> {
    cluster: &'a Cluster,
    /// The number of the style that it looks like.
    style: usize,
    level: u8,
    /// The number of its last letter, from 1.
    letter: u32,
}
