//! Where lines end, and what is seen of the letters that end them.

use serde_json::{Value, json};
use systems::rasterise::{content::measure, pixmap::Raster};

use crate::{
    drawing::{draw, layer, with_context},
    text,
};

fn drawn(words: &str, more: &Value) -> Raster {
    draw(text(words, more.clone()), (1.0, 1.0)).expect("there is something to draw")
}

fn with(more: &Value, key: &str, value: Value) -> Value {
    let mut more = more.clone();
    more[key] = value;
    more
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
