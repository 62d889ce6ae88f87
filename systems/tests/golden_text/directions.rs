//! Words from the left and from the right in one text, held to pictures and to texts whose order is plain.

use serde_json::{Value, json};
use systems::rasterise::pixmap::Raster;

use crate::{
    drawing::{assert_golden, draw},
    installed, text,
};

/// Whether the fonts are installed that have the letters of these tests.
fn has_fonts(test: &str) -> bool {
    ["DejaVu Sans", "Noto Sans Hebrew", "Noto Sans Arabic"].iter().all(|font| installed(font, test))
}

/// The same letters in the order in which they are seen, from left to right. No letter is mirrored there.
fn seen(letters: &str) -> String {
    format!("\u{202d}{letters}\u{202c}")
}

fn drawn(words: &str, more: &Value) -> Raster {
    draw(text(words, more.clone()), (1.0, 1.0)).expect("there is something to draw")
}

/// The built-in font has the marks, but not the letters.
#[test]
fn marks_of_another_font_stand_where_they_are_written() {
    if !has_fonts("marks_of_another_font_stand_where_they_are_written") {
        return;
    }
    let wide = json!({ "width": 150 });
    for (words, order) in
        [("עולם!", "!םלוע"), ("(עולם)", "(םלוע)"), ("ABC דה, אב!", "ABC בא ,הד!"), ("\u{200f}xyz (אב)", "(בא) xyz")]
    {
        let side = if words.starts_with('A') { "left" } else { "right" };
        let mut more = wide.clone();
        more["align"] = json!(side);
        assert!(drawn(words, &more) == drawn(&seen(order), &more), "`{words}` is not seen as `{order}`");
    }
}

/// A word stays one word where its looks change.
#[test]
fn spans_within_a_word_from_the_right_stand_from_right_to_left() {
    if !has_fonts("spans_within_a_word_from_the_right_stand_from_right_to_left") {
        return;
    }
    let spans = |first: &str, second: &str, (one, two): (i32, i32)| {
        let font = |weight: i32| json!({ "family": "DejaVu Sans", "size": 24, "weight": weight });
        let more = json!({ "width": 150, "align": "right", "font": font(one),
            "spans": [{ "text": second, "font": { "weight": two } }] });
        drawn(first, &more)
    };
    assert!(
        spans("של", "ום", (400, 700)) == spans(&seen("םו"), &seen("לש"), (700, 400)),
        "the bold half is the left one"
    );
}

#[test]
fn text_directions() {
    if !has_fonts("text_directions") {
        return;
    }
    let line = |words: &str, more: Value| {
        let mut content = json!({ "width": 152, "font": { "size": 18 } });
        for (key, value) in more.as_object().unwrap() {
            content[key] = value.clone();
        }
        text(words, content)
    };
    let bold = |first: &str, second: &str, family: &str| {
        let more = json!({ "font": { "family": family, "size": 20 }, "width": 70,
            "spans": [{ "text": second, "font": { "weight": 800 }, "fill": "#ffd166" }] });
        line(first, more)
    };
    assert_golden(
        "text_directions",
        [
            ((4, 2), line("עולם! (אב), \"דה\"?", json!({}))),
            ((4, 26), line("مرحبا. (عالم)؟", json!({}))),
            ((4, 50), line("AB אב (1.2-3) ג, \"דה\" x!", json!({ "font": { "size": 13 } }))),
            ((4, 72), bold("של", "ום!", "DejaVu Sans")),
            ((84, 72), bold("שלו", "ם!", "Inter")),
            ((4, 96), bold("مرح", "با.", "DejaVu Sans")),
            ((84, 96), bold("مر", "حبا.", "Inter")),
        ],
    );
}
