//! How long a text will take, told by its letters before any of them is looked at.

use components::content::{AutoFit, TextContent};

use super::layout::SIZE_STEP;

/// Nanoseconds to set a letter of the Latin alphabet: to shape it and to break lines …
const SET: f64 = 3e3;
/// … and, if it was not met before, to choose its font and to measure it.
const MEET: f64 = 30e3;
/// Nanoseconds to open a font other than that of Latin letters.
const OPEN: f64 = 4e6;
/// Nanoseconds to draw a glyph of a Latin letter …
const DRAW: f64 = 10e3;
/// … for each raster pixel of its em …
const DRAW_PIXEL: f64 = 2.0;
/// … and to draw its outline, too.
const STROKE: f64 = 60e3;

fn pieces(content: &TextContent) -> impl Iterator<Item = (&str, f64)> {
    let size = content.font.size;
    let spans = content.spans.iter().map(move |span| (span.text.as_str(), span.font.size.unwrap_or(size)));
    std::iter::once((content.text.as_str(), size)).chain(spans)
}

/// How many Latin letters are about as much work as these. Others have more strokes, come from larger fonts, and there
/// are more of them, so that most were not met before; emoji are pictures.
fn letters(text: &str) -> f64 {
    let weight = |letter: char| match letter {
        '\0'..='\u{24f}' => 1.0,
        '\u{1f000}'..='\u{1faff}' => 20.0,
        _ => 4.0,
    };
    text.chars().map(weight).sum()
}

/// Nanoseconds that it takes to break a text into lines and measure it, roughly.
pub(crate) fn setting_work(content: &TextContent) -> f64 {
    let letters: f64 = pieces(content).map(|(text, _)| letters(text)).sum();
    // The size that fits is looked for by halves.
    let tries = content.auto_fit.map_or(0.0, |AutoFit { min_size, max_size }| {
        1.0 + libm::log2(((max_size - min_size) / SIZE_STEP).max(2.0)).ceil()
    });
    let is_foreign = pieces(content).any(|(text, _)| text.chars().any(|letter| letter > '\u{24f}'));
    letters * (SET * (1.0 + tries) + MEET) + if is_foreign { OPEN } else { 0.0 }
}

/// Nanoseconds that it takes to draw a text whose lines are known, at `scale` raster pixels per layer pixel, roughly.
pub(crate) fn drawing_work(content: &TextContent, scale: (f64, f64)) -> f64 {
    let stroke = if content.stroke.is_some() { STROKE } else { 0.0 };
    let glyphs = |(text, size): (&str, f64)| {
        let pixels = size * scale.0 * size * scale.1;
        letters(text) * (DRAW + DRAW_PIXEL * pixels + stroke)
    };
    pieces(content).map(glyphs).sum()
}
