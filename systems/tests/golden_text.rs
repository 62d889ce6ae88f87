//! Text, held to pictures that were looked at.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "golden_text/breaks.rs"]
mod breaks;
#[path = "golden_text/browser.rs"]
mod browser;
#[path = "golden_text/directions.rs"]
mod directions;
#[path = "support/drawing.rs"]
mod drawing;
mod support;
#[path = "golden_text/told.rs"]
mod told;

use std::sync::PoisonError;

use drawing::{ASSETS, FONTS, assert_golden, draw, layer, with_context};
use serde_json::{Value, json};
use systems::{
    Quality,
    rasterise::content::{DrawContext, measure, text::Fonts},
};

fn text(words: &str, more: Value) -> Value {
    let mut content = json!({ "type": "text", "text": words, "font": { "size": 20 } });
    for (key, value) in more.as_object().unwrap() {
        content[key] = value.clone();
    }
    json!({ "content": content })
}

#[test]
fn text_latin() {
    assert_golden(
        "text_latin",
        [
            ((6, 2), text("Office fjord", json!({ "font": { "size": 20 } }))),
            ((6, 28), text("Medium AVAT", json!({ "font": { "size": 18, "weight": 500 }, "fill": "#ffd166" }))),
            ((6, 52), text("Semi & Bold", json!({ "font": { "size": 18, "weight": 600 }, "fill": "#06d6a0" }))),
            ((6, 76), text("Bold italic", json!({ "font": { "size": 18, "weight": 700, "style": "italic" } }))),
            ((6, 100), text("small print, 11 px: 0123456789", json!({ "font": { "size": 11 } }))),
        ],
    );
}

#[test]
fn text_is_aligned_and_wrapped() {
    let back = json!({ "content": { "type": "color", "color": "#00000060", "size": { "width": 72, "height": 52 } } });
    let block = |align: &str, vertical: &str| {
        text(
            "the quick brown fox",
            json!({ "font": { "size": 14 }, "width": 72, "height": 52,
        "align": align, "verticalAlign": vertical }),
        )
    };
    let layers = [
        ((4, 4), block("start", "top")),
        ((84, 4), block("center", "middle")),
        ((4, 64), block("end", "bottom")),
        ((84, 64), block("justify", "middle")),
    ];
    assert_golden("text_aligned", layers.into_iter().flat_map(|(place, text)| [(place, back.clone()), (place, text)]));
}

#[test]
fn text_that_does_not_fit() {
    let back = json!({ "content": { "type": "color", "color": "#00000060", "size": { "width": 72, "height": 34 } } });
    let block = |overflow: &str, wrap: &str, words: &str| {
        text(
            words,
            json!({ "font": { "size": 13 }, "width": 72, "height": 34,
        "overflow": overflow, "wrap": wrap }),
        )
    };
    let long = "a sentence that is too long for this box";
    let layers = [
        ((4, 2), block("visible", "none", "unbroken line")),
        ((84, 2), block("clip", "word", long)),
        ((4, 42), block("ellipsis", "word", long)),
        ((84, 42), block("ellipsis", "none", long)),
        ((4, 82), block("ellipsis", "word", "one\ntwo\nthree")),
        ((84, 82), block("clip", "glyph", "glyphwrapping-everywhere")),
    ];
    assert_golden("text_overflow", layers.into_iter().flat_map(|(place, text)| [(place, back.clone()), (place, text)]));
}

#[test]
fn text_with_paint_and_spacing() {
    let gradient = json!({ "type": "linear", "angle": 90, "stops": [{ "offset": 0, "color": "#ff4d4d" }, { "offset": 1, "color": "#4dd2ff" }] });
    assert_golden(
        "text_painted",
        [
            ((6, 4), text("Gradient", json!({ "font": { "size": 34, "weight": 700 }, "fill": gradient }))),
            ((6, 52), text("SPACED", json!({ "font": { "size": 16 }, "letterSpacing": 6 }))),
            (
                (6, 76),
                text("lines far\napart", json!({ "font": { "size": 12 }, "lineHeight": 1.8, "fill": "#ffffff80" })),
            ),
        ],
    );
}

#[test]
fn text_in_spans() {
    let gradient = json!({ "type": "linear", "angle": 90, "stops": [{ "offset": 0, "color": "#ff4d4d" }, { "offset": 1, "color": "#4dd2ff" }] });
    let spans = json!([
        { "text": "LIVE", "font": { "weight": 700, "size": 30 }, "fill": "#ff4d4d" },
        { "text": " now", "font": { "style": "italic" } },
        { "text": "\nwide", "letterSpacing": 6, "fill": gradient },
        { "text": " under", "underline": true, "fill": "#ffd166" },
        { "text": "\nno more", "strikethrough": true, "font": { "size": 14 } },
        { "text": " 0:59", "font": { "size": 14, "features": { "tnum": 1 } } },
    ]);
    assert_golden("text_spans", [((6, 4), text("On: ", json!({ "spans": spans, "font": { "size": 20 } })))]);
}

#[test]
fn text_with_stroke_and_shadow() {
    let gradient = json!({ "type": "linear", "stops": [{ "offset": 0, "color": "#fff3b0" }, { "offset": 1, "color": "#e09f3e" }] });
    let bold = json!({ "size": 34, "weight": 700 });
    assert_golden(
        "text_strokes",
        [
            (
                (8, 2),
                text(
                    "Outline",
                    json!({ "font": bold, "fill": gradient, "stroke": { "paint": "#1b1b3a", "width": 6, "join": "round" } }),
                ),
            ),
            (
                (8, 44),
                text(
                    "Shadow",
                    json!({ "font": bold, "stroke": { "paint": "#9e2a2b", "width": 3 },
                "shadow": { "offset": { "x": 3, "y": 4 }, "radius": 2, "color": "#000000c0" } }),
                ),
            ),
            (
                (8, 90),
                text(
                    "hollow",
                    json!({ "font": { "size": 20, "weight": 600 }, "fill": "#00000000", "stroke": { "paint": "#4dd2ff", "width": 1.5 } }),
                ),
            ),
            // The shadow too is cut off at the box.
            (
                (100, 88),
                text(
                    "cut off",
                    json!({ "font": { "size": 20 }, "width": 44, "height": 22, "overflow": "clip", "wrap": "none",
                "shadow": { "offset": { "x": 0, "y": 3 }, "radius": 3, "color": "#ffd166" } }),
                ),
            ),
        ],
    );
}

#[test]
fn text_fits_itself_into_a_box() {
    let back = json!({ "content": { "type": "color", "color": "#00000060", "size": { "width": 72, "height": 50 } } });
    let fitted = |words: &str, more: Value| {
        let mut content = json!({ "width": 72, "height": 50, "autoFit": { "minSize": 8, "maxSize": 60 }, "align": "center", "verticalAlign": "middle" });
        content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        text(words, content)
    };
    let layers = [
        ((4, 6), fitted("Go!", json!({}))),
        ((84, 6), fitted("unbreakable", json!({}))),
        ((4, 64), fitted("a few more words than before, on some lines", json!({}))),
        ((84, 64), fitted("never above two lines", json!({ "maxLines": 2 }))),
    ];
    assert_golden("text_fitted", layers.into_iter().flat_map(|(place, text)| [(place, back.clone()), (place, text)]));
}

#[test]
fn automatic_fitting_finds_the_largest_size() {
    let measured = |words: &str, more: Value| {
        let layer = layer(text(words, more));
        with_context(|ctx| measure(&layer.content, ctx))
    };
    let boxed =
        |words: &str, size: f64| measured(words, json!({ "width": 90, "height": 60, "font": { "size": size } }));
    // Boxes without a size are rounded up to even numbers, and 90 and 60 are even.
    let fits = |words: &str, size: f64| {
        let font = json!({ "size": size });
        measured(words, json!({ "width": 90, "font": font })).extent.height <= 60.0
            && words.split(' ').all(|word| measured(word, json!({ "font": font })).extent.width <= 90.0)
    };
    for words in ["one", "three words here", "some more words, so that there are several lines of them"] {
        let mut sizes = (0..=344).map(|step| 4.0 + f64::from(step) * 0.25);
        let largest = sizes.rfind(|size| fits(words, *size)).unwrap();
        let fit = json!({ "width": 90, "height": 60, "autoFit": { "minSize": 4, "maxSize": 90 } });
        assert_eq!(measured(words, fit), boxed(words, largest), "{words} fits at {largest}");
    }
}

#[test]
fn text_that_does_not_fit_ends_in_an_ellipsis_in_either_direction() {
    if installed("Noto Sans Arabic", "text_ellipsis") {
        let back =
            json!({ "content": { "type": "color", "color": "#00000060", "size": { "width": 148, "height": 20 } } });
        let line = |words: &str, more: Value| {
            let mut content = json!({ "width": 148, "font": { "size": 14 }, "overflow": "ellipsis", "maxLines": 1 });
            content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            text(words, content)
        };
        let spans = json!([{ "text": "in red, and more of it", "fill": "#ff6b6b" }]);
        let layers = [
            ((6, 2), line("Latin words that go on and on", json!({}))),
            ((6, 26), line("هذا نص عربي طويل لا يتسع له السطر", json!({}))),
            ((6, 50), line("نص مع English ثم عربي مرة أخرى", json!({ "wrap": "none" }))),
            ((6, 74), line("A span ", json!({ "spans": spans }))),
            ((6, 98), line("short enough", json!({}))),
        ];
        assert_golden(
            "text_ellipsis",
            layers.into_iter().flat_map(|(place, text)| [(place, back.clone()), (place, text)]),
        );
    }
}

#[test]
fn text_is_revealed_letter_by_letter() {
    if installed("Noto Color Emoji", "text_reveal") && installed("Noto Sans Arabic", "text_reveal") {
        // Seven letters: the family is one, and so is the accented e, which is written as two.
        let words = "Ae\u{301}👩‍👩‍👧‍👦b👍🏽c!";
        let shown = |reveal: f64| text(words, json!({ "reveal": reveal, "font": { "size": 18 } }));
        let rtl =
            |letters: u32| text("مرحبا", json!({ "revealLetters": letters, "width": 60, "font": { "size": 18 } }));
        assert_golden(
            "text_reveal",
            [
                ((4, 2), shown(1.0)),
                ((4, 26), shown(0.5)),
                ((4, 50), shown(3.0 / 7.0)),
                ((4, 74), shown(2.9 / 7.0)),
                ((4, 98), shown(0.0)),
                ((95, 2), rtl(5)),
                ((95, 30), rtl(3)),
                (
                    (95, 60),
                    text("office", json!({ "revealLetters": 3.7, "spans": [{ "text": " under", "underline": true }], "font": { "size": 12 } })),
                ),
                (
                    (95, 80),
                    text("it", json!({ "reveal": 0.7, "spans": [{ "text": " under", "underline": true }], "font": { "size": 14 } })),
                ),
            ]
            .into_iter()
            .filter(|(place, _)| *place != (4, 98)),
        );
        assert_eq!(draw(shown(0.0), (1.0, 1.0)).unwrap().pixels.iter().max(), Some(&0));
        // Nothing moves while letters come.
        let size = |reveal: f64| {
            let layer = layer(shown(reveal));
            with_context(|ctx| measure(&layer.content, ctx))
        };
        assert_eq!(size(0.0), size(1.0));
    }
}

#[test]
fn a_long_ticker_stays_sharp() {
    let words = "news and more news, ".repeat(100);
    let raster = draw(text(&words, json!({ "width": 300, "ticker": { "speed": 50 } })), (1.0, 1.0)).unwrap();
    assert!(raster.width > 16384, "{}", raster.width);
    assert_eq!(raster.to_layer.as_coeffs()[..4], [1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn font_features_switch_ligatures() {
    let width = |features: Value| {
        let layer = layer(text("-> 111 <=", json!({ "font": { "size": 40, "features": features } })));
        with_context(|ctx| measure(&layer.content, ctx)).ink.width()
    };
    // Inter draws `->` as an arrow by contextual alternates, and has figures of equal width.
    let plain = width(json!({}));
    assert!((width(json!({ "calt": 0 })) - plain).abs() > 0.1);
    assert!((width(json!({ "tnum": 1 })) - plain).abs() > 0.1);
    assert!((width(json!({ "liga": 1 })) - plain).abs() < 1e-9);
}

#[test]
fn a_font_that_is_missing_is_the_default_font_and_is_told() {
    let mut fonts = Fonts::built_in();
    let mut draw = |family: &str| {
        let layer = layer(text("Text", json!({ "font": { "family": family } })));
        let mut ctx = DrawContext {
            assets: &ASSETS,
            fonts: &mut fonts,
            canvas: (160.0, 120.0),
            quality: Quality::High,
            seconds: 0.0,
            part: None,
        };
        systems::rasterise::content::draw(&layer.content, (1.0, 1.0), &mut ctx)
    };
    assert_eq!(draw("Nowhere Sans"), draw("Inter"));
    assert_eq!(fonts.missing().collect::<Vec<_>>(), ["Nowhere Sans"]);
}

/// Whether a font is installed that a golden picture was made with; says so if not.
fn installed(family: &str, test: &str) -> bool {
    let installed = FONTS.lock().unwrap_or_else(PoisonError::into_inner).has_family(family);
    if !installed {
        println!("{test} is left out: it needs the font {family}, which is not installed");
    }
    installed
}

#[test]
fn text_arabic() {
    if installed("Noto Sans Arabic", "text_arabic") {
        let back =
            json!({ "content": { "type": "color", "color": "#00000060", "size": { "width": 150, "height": 30 } } });
        assert_golden(
            "text_arabic",
            [
                ((5, 5), back.clone()),
                ((5, 5), text("السلام عليكم", json!({ "width": 150 }))),
                ((5, 42), back),
                ((5, 42), text("Live مباشر 24", json!({ "width": 150, "font": { "size": 20, "weight": 600 } }))),
                ((5, 82), text("لا إله بِسْمِ", json!({ "font": { "size": 22 }, "fill": "#ffd166" }))),
            ],
        );
    }
}

/// As CSS Text has it: with space between them, the letters of cursive scripts would not join any more.
#[test]
fn letter_spacing_leaves_joined_letters_together() {
    if !installed("Noto Sans Arabic", "letter_spacing_leaves_joined_letters_together") {
        return;
    }
    let spaced = json!({ "letterSpacing": 8 });
    // Letters that join, with marks, and with a lengthened join.
    for words in ["مباشر", "بِسْمِ", "ســلام"] {
        let (apart, plain) = (text(words, spaced.clone()), text(words, json!({})));
        assert_eq!(draw(apart, (1.0, 1.0)), draw(plain, (1.0, 1.0)), "{words}");
    }
    let width = |more: Value| with_context(|ctx| measure(&layer(text("ab مباشر", more)).content, ctx).extent.width);
    let more = width(spaced) - width(json!({}));
    assert!((22.0..=26.0).contains(&more), "two letters and a space are set apart, by {more}");
}

/// Letters with marks above, below and around them, from the left and from the right.
const MARKED: [(&str, &[&str]); 4] = [
    ("Noto Sans", &["x\u{302}", "q\u{308}", "a\u{323}\u{30a}"]),
    ("Noto Sans Thai", &["ที่", "ก้ำ", "ปู่"]),
    ("Noto Sans Hebrew", &["שָׁ", "לּ", "בְּ"]),
    ("Noto Sans Devanagari", &["हि", "न्दी", "क्षे"]),
];

/// Marks stay on their letters: space comes behind both. So a single letter looks the same with it.
#[test]
fn letter_spacing_leaves_marks_on_their_letters() {
    for (font, letters) in MARKED {
        if !installed(font, "letter_spacing_leaves_marks_on_their_letters") {
            continue;
        }
        let drawn = |words: &str, spacing: i32| {
            let more = json!({ "letterSpacing": spacing, "font": { "size": 30 } });
            draw(text(words, more), (1.0, 1.0)).unwrap()
        };
        for letter in letters {
            for spacing in [20, -5] {
                let (apart, plain) = (drawn(letter, spacing), drawn(letter, 0));
                assert_eq!((apart.width, apart.height), (plain.width, plain.height), "{letter} by {spacing}");
                assert!(apart.pixels == plain.pixels, "{letter} by {spacing}");
            }
        }
        // Two of them are apart by the spacing, once.
        let words = letters.concat();
        let more = drawn(&words, 20).width as i64 - drawn(&words, 0).width as i64;
        let gaps = 20 * (letters.len() as i64 - 1);
        assert!((gaps - 2..=gaps + 2).contains(&more), "{words}: {more} pixels for {gaps}");
    }
}

#[test]
fn text_marks() {
    if MARKED.iter().all(|(font, _)| installed(font, "text_marks")) {
        let spaced = |words: &str| text(words, json!({ "letterSpacing": 8, "font": { "size": 20 } }));
        assert_golden(
            "text_marks",
            [
                ((6, 2), spaced("x\u{302}q\u{308}g\u{301}a\u{323}")),
                ((6, 30), spaced("สวัสดี กำลัง")),
                ((6, 60), spaced("שָׁלוֹם")),
                ((6, 90), spaced("नमस्ते हिन्दी")),
            ],
        );
    }
}

#[test]
fn text_cjk() {
    if installed("Noto Sans CJK SC", "text_cjk") && installed("Noto Sans CJK JP", "text_cjk") {
        assert_golden(
            "text_cjk",
            [
                ((6, 4), text("直播,中文 ok", json!({}))),
                // The same letter, in its Japanese form after kana; semi-bold takes the nearest weight.
                ((6, 34), text("直す、日本語", json!({ "font": { "size": 20, "weight": 600 } }))),
                ((6, 64), text("안녕하세요", json!({}))),
                (
                    (6, 94),
                    text("自動換行沒有空格的文字", json!({ "font": { "size": 11 }, "width": 80, "lineHeight": 1.1 })),
                ),
            ],
        );
    }
}

#[test]
fn text_emoji() {
    if installed("Noto Color Emoji", "text_emoji") {
        let gradient = json!({ "type": "linear", "angle": 90, "stops": [{ "offset": 0, "color": "#ff4d4d" }, { "offset": 1, "color": "#4dd2ff" }] });
        assert_golden(
            "text_emoji",
            [
                ((6, 4), text("Hi 😀👍🏽!", json!({ "font": { "size": 26, "weight": 700 }, "fill": gradient }))),
                ((6, 42), text("👩‍👩‍👧 🇩🇪 ❤️ 1️⃣ 2", json!({ "font": { "size": 20 } }))),
                ((6, 76), text("tiny 🎉 emoji", json!({ "font": { "size": 12 } }))),
                ((100, 64), text("🚀", json!({ "font": { "size": 40 } }))),
            ],
        );
    }
}

/// What is a sign first and a picture second is in the colour of the text, unless it is asked for in colours.
#[test]
fn signs_are_in_one_color_and_emoji_in_many() {
    let test = "signs_are_in_one_color_and_emoji_in_many";
    if !["DejaVu Sans", "Noto Sans Symbols2", "Noto Color Emoji"].iter().all(|font| installed(font, test)) {
        return;
    }
    let is_colored = |words: &str, family: &str| {
        let raster = draw(text(words, json!({ "font": { "family": family, "size": 30 } })), (1.0, 1.0)).unwrap();
        assert!(raster.pixels.iter().any(|byte| *byte > 128), "{words} in {family}");
        raster.pixels.chunks_exact(4).any(|pixel| pixel[0] != pixel[1] || pixel[1] != pixel[2])
    };
    for family in ["Inter", "DejaVu Sans"] {
        for sign in ["☺", "☺\u{fe0e}", "✈\u{fe0e}", "⌚\u{fe0e}", "❤", "→"] {
            assert!(!is_colored(sign, family), "{sign} in {family}");
        }
        for picture in ["☺\u{fe0f}", "✈\u{fe0f}", "⌚\u{fe0f}", "😀", "👩\u{200d}❤\u{200d}👩"] {
            assert!(is_colored(picture, family), "{picture} in {family}");
        }
    }
    // Shown as a picture where nothing is said; and a sign stays one beside pictures.
    assert!(is_colored("⌚", "Inter"));
    let wide = |words: &str| draw(text(words, json!({ "font": { "size": 30 } })), (1.0, 1.0)).unwrap();
    let (both, one) = (wide("😀☺"), wide("😀"));
    let right = both.pixels.chunks_exact(4).enumerate().filter(|(index, _)| index % both.width > one.width + 2);
    assert!(right.map(|(_, pixel)| pixel).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn a_letter_that_no_font_has_is_replaced() {
    let mut fonts = Fonts::built_in();
    let mut draw = |words: &str| {
        let layer = layer(text(words, json!({})));
        let mut ctx = DrawContext {
            assets: &ASSETS,
            fonts: &mut fonts,
            canvas: (160.0, 120.0),
            quality: Quality::High,
            seconds: 0.0,
            part: None,
        };
        systems::rasterise::content::draw(&layer.content, (1.0, 1.0), &mut ctx)
    };
    assert_eq!(draw("漢"), draw("\u{fffd}"));
    assert!(draw("漢").is_some());
}

#[test]
fn text_is_measured_independently_of_where_it_is_drawn() {
    let layer = layer(text("Lower third, two\nlines", json!({ "font": { "size": 21.5 }, "align": "center" })));
    let measure = with_context(|ctx| measure(&layer.content, ctx));
    // An even box, so that its middle is a whole pixel.
    assert_eq!((measure.extent.width % 2.0, measure.extent.height % 2.0), (0.0, 0.0));
    for scale in [0.5, 1.0, 1.7, 3.0] {
        let raster =
            with_context(|ctx| systems::rasterise::content::draw(&layer.content, (scale, scale), ctx)).unwrap();
        let (bounds, slack) = (raster.bounds(), 2.0 / scale);
        assert!(measure.ink.inflate(slack, slack).contains_rect(bounds), "{bounds:?} in {:?} at {scale}", measure.ink);
        assert!(
            bounds.inflate(1e-6, 1e-6).contains_rect(measure.ink),
            "{bounds:?} around {:?} at {scale}",
            measure.ink
        );
    }
}
