use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shape::Stroke;
use crate::{
    animation::slots::{Segment, Slots, Visitor},
    effects::DropShadow,
    paint::Paint,
};

/// Text, shaped with ligatures, bidirectional order and font fall-back.
///
/// The layer's box is the text box: `width` by `height` where given, else as large as the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextContent {
    /// What it says; `\n` begins a new line.
    #[serde(default)]
    #[schemars(length(max = 5000))]
    pub text: String,
    /// Pieces with looks of their own, which follow on `text`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub spans: Vec<TextSpan>,
    /// What it is set in.
    #[serde(default)]
    pub font: Font,
    /// What the letters are filled with. Colour glyphs such as emoji keep their own colours.
    #[serde(default)]
    pub fill: Paint,
    /// A line along the outlines of the letters, behind their fill. Colour glyphs have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stroke: Option<Stroke>,
    /// A shadow of letters and stroke, behind both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<DropShadow>,
    /// Width of the text box in pixels, at which lines wrap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e5))]
    pub width: Option<f64>,
    /// Height of the text box in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e5))]
    pub height: Option<f64>,
    /// Where lines stand in the box. `start` and `end` follow the direction of the writing.
    #[serde(default)]
    pub align: TextAlign,
    /// Where the lines as a whole stand in the box.
    #[serde(default)]
    pub vertical_align: VerticalAlign,
    /// Where lines may break at `width`.
    #[serde(default)]
    pub wrap: Wrap,
    /// What happens to text that does not fit into `width` by `height`.
    #[serde(default)]
    pub overflow: Overflow,
    /// Lines that are shown at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_lines: Option<u32>,
    /// Chooses the font size by the box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_fit: Option<AutoFit>,
    /// Distance between lines as a multiple of the font size.
    #[serde(default = "line_height")]
    #[schemars(range(min = 0.1, max = 10.0))]
    pub line_height: f64,
    /// Extra distance between letters, in pixels.
    #[serde(default)]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    pub letter_spacing: f64,
    /// Which share of the letters is shown, from the first on, as if they were being typed: 0 none, 1 all. The others
    /// keep their places.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reveal: f64,
    /// How many letters are shown, instead of a share of them. What is seen as one letter counts as one: with its
    /// accents, and an emoji with its skin tone and companions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e5))]
    pub reveal_letters: Option<f64>,
    /// Lets the text run through the box in one line, again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticker: Option<Ticker>,
}

/// A piece of a text; what it does not say is as in the text around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextSpan {
    /// What it says.
    #[schemars(length(max = 5000))]
    pub text: String,
    /// What it is set in.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = {}))]
    pub font: SpanFont,
    /// What its letters are filled with. A gradient spans the text box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Paint>,
    /// Extra distance between letters, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    pub letter_spacing: Option<f64>,
    /// Whether there is a line below it.
    #[serde(default)]
    pub underline: bool,
    /// Whether there is a line through it.
    #[serde(default)]
    pub strikethrough: bool,
}

/// What a piece of a text is set in, where that differs from the text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpanFont {
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub family: Option<String>,
    /// Size of the em in pixels. With `autoFit` it grows and shrinks with the text's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 2000.0))]
    pub size: Option<f64>,
    /// 100 (thin) to 900 (black).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub weight: Option<u16>,
    /// Upright or slanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<FontStyle>,
    /// OpenType features, besides those of the text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<String, u32>,
}

/// A choice of the font size: the largest at which the text fits into `width` by `height`, words left whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutoFit {
    /// Smallest size of the em in pixels. If the text does not fit then either, `overflow` says what happens.
    #[serde(default = "smallest")]
    #[schemars(range(min = 1.0, max = 2000.0))]
    pub min_size: f64,
    /// Largest size of the em in pixels.
    #[schemars(range(min = 1.0, max = 2000.0))]
    pub max_size: f64,
}

/// A line without end. It stands at the box's left edge when its scene begins, which it does when it comes on air or is
/// loaded, and is cut off at the box's sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ticker {
    /// Pixels per second to the left, or to the right if it is below 0.
    #[schemars(range(min = -1e5, max = 1e5))]
    pub speed: f64,
    /// Pixels from the end of the text to its next beginning.
    #[serde(default = "gap")]
    #[schemars(range(min = 0.0, max = 1e5))]
    pub gap: f64,
    /// How many pixels further to the left it stands than `speed` alone would make it.
    #[serde(default)]
    #[schemars(range(min = -1e6, max = 1e6))]
    pub offset: f64,
}

/// What text is set in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Font {
    /// Family name: of a font asset of the scene, of the system, or `Inter`, which is built in.
    #[schemars(length(min = 1, max = 200))]
    pub family: String,
    /// Size of the em in pixels.
    #[schemars(range(min = 1.0, max = 2000.0))]
    pub size: f64,
    /// 100 (thin) to 900 (black); 400 is regular, 700 bold.
    #[schemars(range(min = 1, max = 1000))]
    pub weight: u16,
    /// Upright or slanted.
    pub style: FontStyle,
    /// OpenType features by their tags, on (1), off (0) or by number: `{ "liga": 0 }` is without ligatures,
    /// `{ "tnum": 1 }` has figures of equal width.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("default" = {}))]
    pub features: BTreeMap<String, u32>,
}

impl Default for Font {
    fn default() -> Self {
        let features = BTreeMap::new();
        Self { family: "Inter".to_owned(), size: 32.0, weight: 400, style: FontStyle::Normal, features }
    }
}

impl Default for TextContent {
    fn default() -> Self {
        Self {
            text: String::new(),
            spans: Vec::new(),
            font: Font::default(),
            fill: Paint::default(),
            stroke: None,
            shadow: None,
            width: None,
            height: None,
            align: TextAlign::default(),
            vertical_align: VerticalAlign::default(),
            wrap: Wrap::default(),
            overflow: Overflow::default(),
            max_lines: None,
            auto_fit: None,
            line_height: line_height(),
            letter_spacing: 0.0,
            reveal: 1.0,
            reveal_letters: None,
            ticker: None,
        }
    }
}

/// Whether a text is the tag of an OpenType feature: four printable ASCII characters.
#[must_use]
pub fn is_feature_tag(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

/// Upright or slanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "CSS's names")]
pub enum FontStyle {
    #[default]
    Normal,
    Italic,
    Oblique,
}

/// Where lines stand in the text box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "CSS's names")]
pub enum TextAlign {
    #[default]
    Start,
    Center,
    End,
    Left,
    Right,
    Justify,
}

/// Where the lines as a whole stand in the text box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "they say themselves")]
pub enum VerticalAlign {
    #[default]
    Top,
    Middle,
    Bottom,
}

/// Where lines may break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Wrap {
    /// Between words, and within a word that is too long for a line.
    #[default]
    Word,
    /// Anywhere.
    Glyph,
    /// Only at `\n`.
    None,
}

/// What happens to text that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Overflow {
    /// It is drawn past the box.
    #[default]
    Visible,
    /// It is cut off at the box.
    Clip,
    /// It ends in `…` where it would leave the box.
    Ellipsis,
}

fn line_height() -> f64 {
    1.25
}

fn all() -> f64 {
    1.0
}

fn smallest() -> f64 {
    8.0
}

fn gap() -> f64 {
    64.0
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a text may be, and the name of a font family.
const TEXT: (usize, usize) = (0, 5000);
const FAMILY: (usize, usize) = (1, 200);

impl Slots for TextContent {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers within their bounds")]
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.text("text", &mut self.text, TEXT);
        self.fill.visit_as("fill", visitor);
        visitor.within(Segment::Name("font"), |visitor| {
            visitor.text("family", &mut self.font.family, FAMILY);
            visitor.number("size", &mut self.font.size, 1.0, 2000.0);
            visitor.whole("weight", &mut self.font.weight, (1.0, 1000.0), |weight| weight as u16);
            visitor.step("style", &mut self.font.style);
        });
        visitor.step("align", &mut self.align);
        visitor.step("verticalAlign", &mut self.vertical_align);
        visitor.step("wrap", &mut self.wrap);
        visitor.step("overflow", &mut self.overflow);
        match &mut self.max_lines {
            Some(lines) => visitor.whole("maxLines", lines, (1.0, 1000.0), |lines| lines as u32),
            None => visitor.absent("maxLines", "a number in `maxLines`"),
        }
        for (name, missing, length) in
            [("width", "a number in `width`", &mut self.width), ("height", "a number in `height`", &mut self.height)]
        {
            match length {
                Some(length) => visitor.number(name, length, 0.0, 1e5),
                None => visitor.absent(name, missing),
            }
        }
        visitor.number("lineHeight", &mut self.line_height, 0.1, 10.0);
        visitor.number("letterSpacing", &mut self.letter_spacing, -1000.0, 1000.0);
        visitor.number("reveal", &mut self.reveal, 0.0, 1.0);
        match &mut self.reveal_letters {
            Some(letters) => visitor.number("revealLetters", letters, 0.0, 1e5),
            None => visitor.absent("revealLetters", "a number in `revealLetters`"),
        }
        Stroke::visit_optional(&mut self.stroke, visitor);
        visitor.within(Segment::Name("shadow"), |visitor| match &mut self.shadow {
            Some(shadow) => {
                visitor.point(Segment::Name("offset"), &mut shadow.offset);
                visitor.number("radius", &mut shadow.radius, 0.0, 200.0);
                visitor.color("color", &mut shadow.color);
            }
            None => ["offset", "radius", "color"].into_iter().for_each(|name| visitor.absent(name, "a `shadow`")),
        });
        visitor.within(Segment::Name("autoFit"), |visitor| match &mut self.auto_fit {
            Some(fit) => {
                visitor.number("minSize", &mut fit.min_size, 1.0, 2000.0);
                visitor.number("maxSize", &mut fit.max_size, 1.0, 2000.0);
            }
            None => ["minSize", "maxSize"].into_iter().for_each(|name| visitor.absent(name, "an `autoFit`")),
        });
        visitor.within(Segment::Name("ticker"), |visitor| match &mut self.ticker {
            Some(ticker) => visitor.number("offset", &mut ticker.offset, -1e6, 1e6),
            None => visitor.absent("offset", "a `ticker`"),
        });
        visitor.within(Segment::Name("spans"), |visitor| {
            for (index, span) in self.spans.iter_mut().enumerate() {
                visitor.within(Segment::Index(index), |visitor| span.visit(visitor));
            }
        });
    }
}

impl Slots for TextSpan {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers within their bounds")]
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.text("text", &mut self.text, TEXT);
        visitor.step("underline", &mut self.underline);
        visitor.step("strikethrough", &mut self.strikethrough);
        match &mut self.fill {
            Some(fill) => fill.visit_as("fill", visitor),
            None => visitor.absent("fill", "a `fill` of the span"),
        }
        visitor.within(Segment::Name("font"), |visitor| {
            match &mut self.font.family {
                Some(family) => visitor.text("family", family, FAMILY),
                None => visitor.absent("family", "a `family` of the span"),
            }
            match &mut self.font.size {
                Some(size) => visitor.number("size", size, 1.0, 2000.0),
                None => visitor.absent("size", "a `size` of the span"),
            }
            match &mut self.font.weight {
                Some(weight) => visitor.whole("weight", weight, (1.0, 1000.0), |weight| weight as u16),
                None => visitor.absent("weight", "a `weight` of the span"),
            }
            match &mut self.font.style {
                Some(style) => visitor.step("style", style),
                None => visitor.absent("style", "a `style` of the span"),
            }
        });
        match &mut self.letter_spacing {
            Some(spacing) => visitor.number("letterSpacing", spacing, -1000.0, 1000.0),
            None => visitor.absent("letterSpacing", "a `letterSpacing` of the span"),
        }
    }
}
