use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Segment, Slots, Visitor},
    paint::Paint,
};

/// Text, shaped with ligatures, bidirectional order and font fall-back.
///
/// The layer's box is the text box: `width` by `height` where given, else as large as the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextContent {
    /// What it says; `\n` begins a new line.
    #[schemars(length(max = 20000))]
    pub text: String,
    /// What it is set in.
    #[serde(default)]
    pub font: Font,
    /// What the letters are filled with. Colour glyphs such as emoji keep their own colours.
    #[serde(default)]
    pub fill: Paint,
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
    /// Distance between lines as a multiple of the font size.
    #[serde(default = "line_height")]
    #[schemars(range(min = 0.1, max = 10.0))]
    pub line_height: f64,
    /// Extra distance between letters, in pixels.
    #[serde(default)]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    pub letter_spacing: f64,
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
}

impl Default for Font {
    fn default() -> Self {
        Self { family: "Inter".to_owned(), size: 32.0, weight: 400, style: FontStyle::Normal }
    }
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

impl Slots for TextContent {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.fill.visit_as("fill", visitor);
        visitor.within(Segment::Name("font"), |visitor| visitor.number("size", &mut self.font.size, 1.0, 2000.0));
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
    }
}
