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
