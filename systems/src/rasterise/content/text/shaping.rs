//! Shapes paragraphs: which glyphs show their letters, before it is known where lines break.

use cosmic_text::{Attrs, AttrsList, Family, FeatureTag, FontFeatures, Metrics, ShapeGlyph, ShapeLine, Shaping};
use unicode_linebreak::BreakOpportunity;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    breaking,
    faces::Face,
    fonts::Fonts,
    lines::Breaking,
    paragraphs::{Paragraph, Run, SOFT_HYPHEN, SoftHyphen, Style, is_line_end},
};

/// Spaces from one tab stop to the next.
const TAB_SIZE: f64 = 8.0;

/// What stands between words and is stretched: the word-separator characters of CSS Text 3, chapter 7.1.
const SEPARATORS: [&str; 7] = [" ", "\u{a0}", "\u{1361}", "\u{10100}", "\u{10101}", "\u{1039f}", "\u{1091f}"];

/// A letter (grapheme cluster), or several that a ligature shows: what stays together.
pub(super) struct Cluster {
    /// From the left to the right.
    pub(super) glyphs: Vec<ShapeGlyph>,
    /// Its first byte in the paragraph's text.
    pub(super) start: usize,
    /// Behind its last byte.
    pub(super) end: usize,
    /// In layer pixels, with the space that is added behind it; of a tabulator see [`advance_at`](Self::advance_at).
    pub(super) advance: f32,
    /// Where it leads, if it is a tabulator.
    pub(super) tab: Option<TabStops>,
    /// Space that is added behind it, in layer pixels.
    pub(super) spacing: f32,
    /// The number of its style.
    pub(super) style: usize,
    /// The embedding level of UAX 9: odd from the right to the left.
    pub(super) level: u8,
    /// Whether it is white space that hangs behind a line that ends there.
    pub(super) is_blank: bool,
    /// Whether it is stretched where lines are justified.
    pub(super) stretches: bool,
    /// Whether UAX 14 lets a line begin with it.
    pub(super) may_begin: bool,
    /// How wide the hyphen is in which the line before ends if a line begins with it.
    pub(super) hyphen: Option<f32>,
    /// Whether a line ends with it, and nothing of it is seen.
    pub(super) ends_line: bool,
}

impl Cluster {
    /// How wide it is, in layer pixels, so far from the beginning of its line.
    pub(super) fn advance_at(&self, at: f32) -> f32 {
        self.tab.map_or(self.advance, |stops| stops.advance(at))
    }
}

/// Where tabulators lead, in layer pixels from the beginning of the line.
#[derive(Clone, Copy)]
pub(super) struct TabStops {
    /// From one stop to the next; below 0 there are none.
    pub(super) every: f32,
    /// How wide a tabulator is at least.
    pub(super) least: f32,
}

impl TabStops {
    /// CSS Text 3, chapter 4.2: stops are those of the whole text, not of a span.
    fn new(breaking: Breaking<'_>) -> Self {
        let Style { size, letter_spacing, metrics, .. } = &breaking.styles[0];
        let em = size * breaking.zoom;
        let every = TAB_SIZE * (metrics.space * em + letter_spacing);
        Self { every: every as f32, least: (metrics.zero * em / 2.0) as f32 }
    }

    fn advance(self, at: f32) -> f32 {
        if self.every <= 0.0 {
            return 0.0;
        }
        let distance = self.every - at.rem_euclid(self.every);
        if distance < self.least { distance + self.every } else { distance }
    }
}

/// A paragraph with its glyphs.
#[derive(Default)]
pub(super) struct Shaped {
    /// Whether the paragraph runs from the right to the left.
    pub(super) rtl: bool,
    /// As they are written.
    pub(super) clusters: Vec<Cluster>,
}

impl Shaped {
    pub(super) fn new(paragraph: &Paragraph, breaking: Breaking<'_>, fonts: &mut Fonts) -> Self {
        let text = paragraph.text.as_str();
        let mut attributes = AttrsList::new(&breaking.common_attributes());
        for run in &paragraph.runs {
            attributes.add_span(run.range.clone(), &breaking.attributes_of(run));
        }
        let shape = ShapeLine::new(&mut fonts.system, text, &attributes, Shaping::Advanced, 1);
        let letters: Vec<usize> = text.grapheme_indices(true).map(|(start, _)| start).collect();
        let letter = |glyph: &ShapeGlyph| letters.partition_point(|start| *start <= glyph.start);
        // cosmic-text ends a word also where directions change.
        let breaks = breaks(paragraph);
        let stops = TabStops::new(breaking);
        let mut shaped = Self { rtl: shape.rtl, clusters: Vec::with_capacity(letters.len()) };
        for span in shape.spans {
            let (rtl, mut words) = (span.level.is_rtl(), span.words);
            // They come in the order of the line, each with its glyphs in that order too.
            if rtl != shape.rtl {
                words.reverse();
            }
            for word in words {
                let mut glyphs = word.glyphs;
                if shape.rtl {
                    glyphs.reverse();
                }
                // The fonts of a word come as they are written, but the glyphs of each from left to right.
                if rtl {
                    glyphs.sort_by_key(|glyph| std::cmp::Reverse(glyph.start));
                }
                let mut clusters: Vec<&[ShapeGlyph]> = glyphs.chunk_by(|a, b| letter(a) == letter(b)).collect();
                if rtl {
                    clusters.reverse();
                }
                for (index, glyphs) in clusters.into_iter().enumerate() {
                    let Some(first) = glyphs.iter().min_by_key(|glyph| glyph.start) else { continue };
                    let style = first.metadata.min(breaking.styles.len() - 1);
                    let spacing = spacing(paragraph, breaking, first.start, style);
                    let advance: f32 = glyphs.iter().map(|glyph| glyph.width(size(glyph))).sum();
                    let end = glyphs.iter().map(|glyph| glyph.end).max().unwrap_or(first.end);
                    let mut cluster = Cluster {
                        start: first.start,
                        end,
                        advance: advance + spacing,
                        tab: (&text[first.start..end] == "\t").then_some(stops),
                        spacing,
                        style,
                        level: span.level.number(),
                        is_blank: is_blank(&text[first.start..end]),
                        stretches: SEPARATORS.contains(&&text[first.start..end]),
                        may_begin: (index == 0 || paragraph.hyphen_before(first.start).is_some())
                            && breaks.binary_search(&first.start).is_ok(),
                        hyphen: None,
                        ends_line: is_line_end(&text[first.start..end]),
                        glyphs: glyphs.to_vec(),
                    };
                    if cluster.ends_line || cluster.tab.is_some() {
                        // Fonts do not have them, and would show boxes.
                        cluster.glyphs.clear();
                        (cluster.advance, cluster.spacing) = (0.0, 0.0);
                    }
                    shaped.clusters.push(cluster);
                }
            }
        }
        shaped
    }

    /// In layer pixels, in a line of its own.
    pub(super) fn width(&self) -> f32 {
        breaking::width(&self.clusters)
    }
}

impl Breaking<'_> {
    /// Of what is in no run.
    fn common_attributes(&self) -> Attrs<'_> {
        self.attributes(&self.styles[0].face, 0, self.styles[0].letter_spacing)
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

/// The size of a glyph's em, in layer pixels: all have one of their own.
pub(super) fn size(glyph: &ShapeGlyph) -> f32 {
    glyph.metrics_opt.map_or(0.0, |metrics| metrics.font_size)
}

/// Where UAX 14 lets lines begin. It is to see the soft hyphens.
fn breaks(paragraph: &Paragraph) -> Vec<usize> {
    let (mut text, mut from) = (String::with_capacity(paragraph.text.len()), 0);
    for hyphen in &paragraph.hyphens {
        text.push_str(&paragraph.text[from..hyphen.at]);
        text.push(SOFT_HYPHEN);
        from = hyphen.at;
    }
    text.push_str(&paragraph.text[from..]);
    let mut passed = 0;
    let place = |(end, _): (usize, BreakOpportunity)| {
        let hyphens = &paragraph.hyphens[passed..];
        let is_passed =
            |(number, hyphen): &(usize, &SoftHyphen)| hyphen.at + (passed + number + 1) * SOFT_HYPHEN.len_utf8() <= end;
        passed += hyphens.iter().enumerate().take_while(is_passed).count();
        end - passed * SOFT_HYPHEN.len_utf8()
    };
    unicode_linebreak::linebreaks(&text).map(place).collect()
}

/// Whether a letter is white space as CSS Text 3, chapter 4.1.3, has it. A no-break space is none.
fn is_blank(letter: &str) -> bool {
    !letter.is_empty() && letter.chars().all(|letter| letter.is_whitespace() && letter != '\u{a0}')
}

/// The space behind a letter. Where letters join each other there is none: CSS Text 4, chapter 8.2, knows no space
/// between those of cursive scripts, and to tear them apart makes other letters of them.
fn spacing(paragraph: &Paragraph, breaking: Breaking<'_>, start: usize, style: usize) -> f32 {
    let run = paragraph.runs.partition_point(|run| run.range.start <= start);
    let is_joined = run.checked_sub(1).is_some_and(|run| paragraph.runs[run].is_joined);
    if is_joined { 0.0 } else { breaking.styles[style].letter_spacing as f32 }
}
