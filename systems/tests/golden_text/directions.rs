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

/// Whether `words` look like the same words with line breaks at some of the spaces. `mark` gives each line the direction
/// of the paragraph.
fn lines_of(words: &str, mark: &str, more: &Value) -> Option<Vec<String>> {
    let whole = drawn(words, more);
    let mut unbroken = more.clone();
    unbroken["wrap"] = json!("none");
    let parts: Vec<&str> = words.split(' ').collect();
    (0..1_u32 << (parts.len() - 1)).find_map(|breaks| {
        let mut lines = vec![format!("{mark}{}", parts[0])];
        for (number, part) in parts.iter().enumerate().skip(1) {
            if breaks & (1 << (number - 1)) != 0 {
                lines.push(format!("{mark}{part}"));
            } else if let Some(line) = lines.last_mut() {
                line.push(' ');
                line.push_str(part);
            }
        }
        (drawn(&lines.join("\n"), &unbroken) == whole).then_some(lines)
    })
}

#[test]
fn lines_break_between_words_alone_where_directions_change() {
    if !has_fonts("lines_break_between_words_alone_where_directions_change") {
        return;
    }
    let more = |width: i32| json!({ "width": width, "font": { "size": 20, "family": "DejaVu Sans" } });
    let lines = lines_of("שלום xyz! עולם", "\u{200f}", &more(85)).expect("lines end with words");
    assert_eq!(lines, ["\u{200f}שלום", "\u{200f}xyz!", "\u{200f}עולם"]);
    // The comma and the bracket belong to the words that they touch.
    for width in 60..150 {
        for (words, mark) in [("abc שלום, de (עולם) f", "\u{200e}"), ("אבג (xyz), דה 12.5!", "\u{200f}")] {
            assert!(lines_of(words, mark, &more(width)).is_some(), "{words} in {width}");
        }
    }
}

#[test]
fn spaces_at_the_ends_of_lines_take_no_room() {
    if !has_fonts("spaces_at_the_ends_of_lines_take_no_room") {
        return;
    }
    for align in ["start", "center", "end", "left", "right"] {
        for (words, mark, size, width) in [
            ("מאוד שלום טוב 12.5 עולם", "\u{200f}", 24, 180),
            ("12.5 ABC بالعالم טוב מאוד", "\u{200e}", 24, 200),
            ("מאוד אבג ABC אבג xyz שלום", "\u{200f}", 18, 110),
            ("Latin words in three lines", "\u{200e}", 20, 110),
        ] {
            let more = json!({ "width": width, "align": align, "font": { "size": size } });
            assert!(lines_of(words, mark, &more).is_some_and(|lines| lines.len() > 1), "{words} at {align}");
        }
    }
}

/// The first and the last column of ink in rows of a picture of text.
fn ink(raster: &Raster, rows: std::ops::Range<f64>) -> (f64, f64) {
    let [across, _, _, down, left, top] = raster.to_layer.as_coeffs();
    let columns = raster.pixels.chunks_exact(4).enumerate().filter(|(index, pixel)| {
        let row = (index / raster.width) as f64 * down + top;
        rows.contains(&row) && pixel[3] > 60
    });
    let columns = columns.map(|(index, _)| (index % raster.width) as f64 * across + left);
    columns.fold((f64::INFINITY, f64::NEG_INFINITY), |(first, last), x| (first.min(x), last.max(x)))
}

#[test]
fn justified_lines_from_the_right_reach_both_edges() {
    if !has_fonts("justified_lines_from_the_right_reach_both_edges") {
        return;
    }
    let font = json!({ "family": "DejaVu Sans", "size": 16 });
    for words in ["מאוד אבג ABC אבג xyz שלום", "one אבג two שלום four five"] {
        let more = json!({ "width": 110, "align": "justify", "lineHeight": 1.25, "font": font });
        let raster = drawn(words, &more);
        let (first, last) = ink(&raster, 0.0..19.0);
        assert!(first < 3.5 && last > 105.5, "{words}: {first} to {last}");
    }
}

/// What is left out is what was written last, and the mark stands at the end of the line.
#[test]
fn the_ellipsis_stands_at_the_end_of_the_line() {
    if !has_fonts("the_ellipsis_stands_at_the_end_of_the_line") {
        return;
    }
    for (words, mark) in [
        ("RTL cut שלום עולם ארוך", "\u{200e}"),
        ("עולם cut in the middle of it", "\u{200f}"),
        ("שלום עולם ארוך מאוד מאוד", "\u{200f}"),
        ("words from the left alone", "\u{200e}"),
    ] {
        for width in (90..160).step_by(10) {
            let more = json!({ "width": width, "maxLines": 1, "overflow": "ellipsis" });
            let cut = drawn(words, &more);
            let mut ends = words.char_indices().map(|(end, _)| end);
            let found = ends.find(|end| drawn(&format!("{mark}{}{mark}…", &words[..*end]), &more) == cut);
            let found = found.unwrap_or_else(|| panic!("{words} in {width}"));
            assert!(found > words.len() / 6, "{words} in {width} up to {found}");
            assert!(!words[..found].ends_with(' '), "{words} in {width}: no blank stands before the mark");
        }
    }
}

/// Each paragraph has a direction of its own, whichever letter ends the one before.
#[test]
fn whatever_ends_a_paragraph_begins_a_line() {
    if !has_fonts("whatever_ends_a_paragraph_begins_a_line") {
        return;
    }
    let more = json!({ "width": 150 });
    let plain = drawn("ab\nאב\ncd", &more);
    for end in ["\r", "\r\n", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2029}"] {
        assert!(drawn(&format!("ab{end}אב{end}cd"), &more) == plain, "{end:?}");
        let spans: Vec<Value> = ["\nאב\r", "", "\ncd"].iter().map(|words| json!({ "text": words })).collect();
        assert!(drawn("ab\r", &json!({ "width": 150, "spans": spans })) == plain, "CR LF in two spans");
        let ticker = json!({ "width": 150, "ticker": { "speed": 10 } });
        assert!(drawn(&format!("ab{end}אב"), &ticker) == drawn("ab אב", &ticker), "{end:?} in a ticker");
    }
}

/// The order is that of the whole paragraph, which begins from the right: the mark of exclamation stands among words
/// from the left.
#[test]
fn whatever_ends_a_line_begins_another_of_the_same_paragraph() {
    if !has_fonts("whatever_ends_a_line_begins_another_of_the_same_paragraph") {
        return;
    }
    for width in [150, 70] {
        let more = json!({ "width": width, "font": { "size": 20 } });
        let plain = drawn("אב (1)\n\u{200f}cd, ef!\u{200e}\n\n\u{200f}gh", &more);
        for end in ["\u{b}", "\u{c}", "\u{2028}"] {
            let words = format!("אב (1){end}cd, ef!{end}{end}gh");
            assert!(drawn(&words, &more) == plain, "{end:?} in {width}");
            let ticker = json!({ "width": 150, "ticker": { "speed": 10 } });
            assert!(drawn(&format!("ab{end}אב"), &ticker) == drawn("ab אב", &ticker), "{end:?} in a ticker");
        }
    }
}
