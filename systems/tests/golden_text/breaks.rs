//! Where lines end, and what is seen of the letters that end them.

use serde_json::{Value, json};
use systems::rasterise::{content::measure, pixmap::Raster};

use crate::{
    drawing::{assert_golden, draw, layer, with_context},
    installed, text,
};

fn drawn(words: &str, more: &Value) -> Raster {
    draw(text(words, more.clone()), (1.0, 1.0)).expect("there is something to draw")
}

fn with(more: &Value, key: &str, value: Value) -> Value {
    let mut more = more.clone();
    more[key] = value;
    more
}

/// Hyphens at the end of a line stand as far from the letter before as if there were none.
fn unkerned() -> Value {
    json!({ "size": 20, "features": { "kern": 0, "calt": 0 } })
}

/// Of a text in these parts, with a hyphen where a line is broken at a soft hyphen, one is drawn like it.
#[test]
fn soft_hyphens_are_seen_where_lines_are_broken_alone() {
    let parts = ["Aus\u{ad}", "gaben ", "ver\u{ad}", "öffent\u{ad}", "licht"];
    let broken = |breaks: u32| {
        let part = |(number, part): (usize, &&str)| match part.strip_suffix('\u{ad}') {
            Some(part) if breaks & (1 << number) != 0 => format!("{part}\u{2010}\n"),
            None if breaks & (1 << number) != 0 => format!("{}\n", part.trim_end()),
            part => part.unwrap_or(parts[number]).to_owned(),
        };
        parts.iter().enumerate().map(part).collect::<String>()
    };
    let mut seen = 0;
    for width in (85..260).step_by(7) {
        for align in ["start", "center", "end"] {
            let more = json!({ "width": width, "align": align, "font": unkerned() });
            let whole = drawn(&parts.concat(), &more);
            let unbroken = with(&more, "wrap", json!("none"));
            let found = (0..16).map(broken).find(|lines| drawn(lines, &unbroken) == whole);
            let lines = found.unwrap_or_else(|| panic!("lines end at hyphens in {width} at {align}"));
            let widest =
                with_context(|ctx| measure(&layer(text(&lines, json!({ "font": unkerned() }))).content, ctx)).ink.x1;
            assert!(widest <= f64::from(width), "{lines} in {width}");
            seen += lines.matches('\u{2010}').count();
        }
    }
    assert!(seen > 30, "{seen} hyphens");
}

/// With and without them the very same is drawn: no letter moves.
#[test]
fn soft_hyphens_are_not_seen_elsewhere() {
    let mut texts = vec![("AVATA|R To|ky|o", "Inter"), ("|na|ï|ve écl|air| |", "Inter"), ("x|y|-|z |||a", "Inter")];
    if installed("Noto Sans Arabic", "soft_hyphens_are_not_seen_elsewhere") {
        texts.extend([("السل|ام عليكم", "Inter"), ("بالع|الم، ab|cd שלו|ם", "DejaVu Sans")]);
    }
    if installed("Noto Sans Devanagari", "soft_hyphens_are_not_seen_elsewhere") {
        texts.push(("हि|न्|दी क्|ष", "Noto Sans Devanagari"));
    }
    for (words, family) in texts {
        let (hyphened, plain) = (words.replace('|', "\u{ad}"), words.replace('|', ""));
        for more in [json!({}), json!({ "letterSpacing": 3 }), json!({ "width": 150, "ticker": { "speed": 10 } })] {
            let more = with(&more, "font", json!({ "family": family, "size": 22 }));
            assert!(drawn(&hyphened, &more) == drawn(&plain, &more), "{words} with {more}");
            // Nor are they letters of what is typed.
            let typed = with(&more, "revealLetters", json!(4));
            assert!(drawn(&hyphened, &typed) == drawn(&plain, &typed), "four letters of {words} with {more}");
        }
    }
}

#[test]
fn a_hyphen_is_typed_with_the_letter_before_it_and_looks_like_it() {
    let span = |words: &str| json!({ "text": words, "font": { "weight": 700 }, "fill": "#ff6b6b", "underline": true });
    let more = json!({ "width": 110, "spans": [span("Aus\u{ad}gaben")] });
    let plain = json!({ "width": 110, "spans": [span("Aus\u{2010}\ngaben")] });
    let typed = |more: &Value, letters: u32| drawn("Alle ", &with(more, "revealLetters", json!(letters)));
    for letters in 0..8 {
        assert!(typed(&more, letters) == typed(&plain, letters), "{letters} letters");
    }
    assert!(typed(&more, 8) == typed(&plain, 9), "the hyphen comes with its letter");
    assert!(typed(&more, 10) == typed(&plain, 11));
    // One between two spans looks like that which it belongs to.
    let more = json!({ "width": 110, "spans": [span("Aus\u{ad}"), { "text": "gaben" }] });
    let plain = json!({ "width": 110, "spans": [span("Aus\u{2010}"), { "text": "\ngaben" }] });
    assert!(drawn("Alle ", &more) == drawn("Alle ", &plain));
    let more = json!({ "width": 110, "spans": [span("Aus"), { "text": "\u{ad}gaben" }] });
    let plain = json!({ "width": 110, "spans": [span("Aus"), { "text": "\u{2010}\ngaben" }] });
    assert!(drawn("Alle ", &more) == drawn("Alle ", &plain));
}

#[test]
fn a_text_that_is_cut_at_a_soft_hyphen_has_no_hyphen() {
    let words = "Donau\u{ad}dampf\u{ad}schiff\u{ad}fahrt";
    for width in (60..200).step_by(7) {
        let more = json!({ "width": width, "maxLines": 1, "overflow": "ellipsis" });
        assert!(drawn(words, &more) == drawn(&words.replace('\u{ad}', ""), &more), "{width}");
    }
    // The lines before have theirs.
    let more = json!({ "width": 135, "maxLines": 2, "overflow": "ellipsis", "font": unkerned() });
    let cut = drawn("Donau\u{ad}dampf\u{ad}schiff\u{ad}fahrts\u{ad}gesellschaft", &more);
    assert!(cut == drawn("Donaudampf\u{2010}\nschifffahrtsgesellschaft", &more));
}

#[test]
fn no_break_spaces_are_stretched_and_keep_their_room() {
    let ink = |words: &str, more: Value| with_context(|ctx| measure(&layer(text(words, more)).content, ctx)).ink;
    let more = |align: &str| json!({ "width": 150, "align": align });
    let (no_break, plain) = ("ab\u{a0}cd ef\u{a0}gh ijklmnopqrst", "ab cd ef gh ijklmnopqrst");
    assert!(drawn(no_break, &more("justify")) == drawn(plain, &more("justify")));
    // Spaces hang behind the line, no-break spaces do not.
    let end = |words: &str| drawn(words, &more("end"));
    assert!(end("abcd  ijklmnopqrst") == end("abcd\nijklmnopqrst"));
    assert!(end("abcd\u{a0} ijklmnopqrst") == end("abcd\u{a0}\nijklmnopqrst"));
    let room = ink("abcd", more("end")).x1 - ink("abcd\u{a0}", more("end")).x1;
    assert!((4.0..8.0).contains(&room), "{room}");
}

#[test]
fn tabulators_lead_to_the_stops_of_their_line() {
    let more = |width: i32| json!({ "width": width, "font": { "family": "DejaVu Sans", "size": 12 } });
    // Each line as if it were the first, whether it is broken or written so.
    for (words, lines, width) in
        [("abcdefgh ij\tk", "abcdefgh\nij\tk", 65), ("abc\tabc\u{2028}ab\tc", "abc\tabc\nab\tc", 150)]
    {
        assert!(drawn(words, &more(width)) == drawn(lines, &more(width)), "{words} in {width}");
    }
    let justified = with(&more(90), "align", json!("justify"));
    assert!(
        drawn("a b\tcd efghijklm", &justified) == drawn("a b\tcd\nefghijklm", &more(90)),
        "what stands at a stop stays"
    );
}

#[test]
fn text_breaks() {
    let back = |width: i32| json!({ "content": { "type": "color", "color": "#00000060", "size": { "width": width, "height": 34 } } });
    let boxed = |words: &str, width: i32, more: Value| {
        text(words, with(&with(&more, "width", json!(width)), "font", json!({ "size": 12 })))
    };
    let spans = json!([{ "text": "ge\u{ad}dich\u{ad}te", "fill": "#ffd166", "underline": true }]);
    let layers = [
        ((4, 2), 62, boxed("Donau\u{ad}dampf\u{ad}er", 62, json!({}))),
        ((84, 2), 62, boxed("Lieder, ", 62, json!({ "spans": spans, "align": "end" }))),
        ((4, 42), 72, boxed("a\tb cdefgh i\tj", 72, json!({}))),
        ((84, 42), 72, boxed("one\u{2028}two\u{b}", 72, json!({ "align": "center" }))),
        ((4, 82), 152, boxed("10\u{a0}000 views and\u{a0}more at the end", 152, json!({ "align": "justify" }))),
    ];
    let layers = layers.into_iter().flat_map(|(place, width, text)| [(place, back(width)), (place, text)]);
    assert_golden("text_breaks", layers);
}

/// What no letter of a text is drawn as: a path without an inside, of which tiny-skia would warn.
#[test]
fn nothing_that_is_empty_is_filled() {
    let span = |words: &str| json!({ "text": words, "underline": true, "strikethrough": true });
    let stroke = json!({ "paint": "#fff", "width": 2 });
    for (words, more) in [
        ("a", json!({ "spans": [span("\u{200b}"), { "text": "b" }] })),
        ("a", json!({ "spans": [span("\u{200b}")], "stroke": stroke })),
        ("a\n", json!({ "spans": [span("\u{2028}\t")], "stroke": stroke, "letterSpacing": -30 })),
    ] {
        let (_, told) = crate::told::while_running(|| drawn(words, &more));
        assert_eq!(told, [""; 0], "{words:?} with {more}");
    }
}
