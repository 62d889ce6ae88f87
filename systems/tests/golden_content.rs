//! Every content type, effect and mask, held to pictures that were looked at.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

mod support;

use std::{
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use components::{AssetDocument, LayerDocument};
use image::{Rgba, RgbaImage};
use serde_json::{Value, json};
use support::golden::Canvas;
use systems::{
    Quality,
    assets::Assets,
    rasterise::{
        content::{DrawContext, draw_layer, measure, text::Fonts},
        mask::draw_mask,
        pixmap::Raster,
    },
};

const WIDTH: u32 = 160;
const HEIGHT: u32 = 120;
const DEADLINE: Duration = Duration::from_secs(60);

/// Reading the names of all system fonts takes a while: once for all tests.
static FONTS: LazyLock<Mutex<Fonts>> = LazyLock::new(|| Mutex::new(Fonts::new()));
static ASSETS: LazyLock<Assets> = LazyLock::new(assets);

/// A picture to be laid into boxes: 80 x 40, colours that tell its corners, fine lines, a round hole.
fn test_picture() -> RgbaImage {
    RgbaImage::from_fn(80, 40, |x, y| {
        let (dx, dy) = (f64::from(x) - 39.5, f64::from(y) - 19.5);
        let distance = (dx * dx + dy * dy).sqrt();
        if distance < 10.0 {
            return Rgba([255, 255, 255, 0]);
        }
        if (x < 20 && y < 20 && x.is_multiple_of(2)) || (12.0..14.0).contains(&distance) {
            return Rgba([255, 255, 255, 255]);
        }
        Rgba([(x * 3) as u8, (y * 6) as u8, 160 - x as u8, if x > 60 && y > 20 { 128 } else { 255 }])
    })
}

fn assets() -> Assets {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("golden_content_assets");
    std::fs::create_dir_all(&folder).unwrap();
    test_picture().save(folder.join("picture.png")).unwrap();
    std::fs::write(folder.join("broken.png"), &std::fs::read(folder.join("picture.png")).unwrap()[..100]).unwrap();
    let documents: Vec<AssetDocument> = serde_json::from_value(json!([
        { "id": "picture", "type": "image", "path": "picture.png" },
        { "id": "broken", "type": "image", "path": "broken.png" },
        { "id": "missing", "type": "image", "path": "logo/missing.png" },
    ]))
    .unwrap();
    let mut assets = Assets::default();
    assets.load(&documents, &folder);
    assets.wait(Instant::now() + DEADLINE);
    assert_eq!(assets.loading(), 0, "the assets were not loaded in time");
    assets
}

fn with_context<T>(run: impl FnOnce(&mut DrawContext<'_>) -> T) -> T {
    let mut fonts = FONTS.lock().unwrap_or_else(PoisonError::into_inner);
    run(&mut DrawContext {
        assets: &ASSETS,
        fonts: &mut fonts,
        canvas: (f64::from(WIDTH), f64::from(HEIGHT)),
        quality: Quality::High,
        seconds: 0.0,
    })
}

fn layer(document: Value) -> LayerDocument {
    let mut document = document;
    document["id"] = json!("layer");
    serde_json::from_value(document).unwrap_or_else(|error| panic!("the test's layer is not valid: {error}"))
}

fn draw(document: Value, scale: (f64, f64)) -> Option<Raster> {
    let layer = layer(document);
    with_context(|ctx| draw_layer(&layer.content, &layer.effects, layer.mask.as_ref(), scale, ctx))
}

fn lay(canvas: &mut Canvas, raster: &Raster, (x, y): (i64, i64)) {
    let scale = raster.to_layer.as_coeffs();
    let (left, top) = (scale[4] / scale[0], scale[5] / scale[3]);
    assert!((left - left.round()).abs() < 1e-3 && (top - top.round()).abs() < 1e-3, "rasters lie on whole pixels");
    canvas.lay(&raster.pixels, raster.width, left.round() as i64 + x, top.round() as i64 + y);
}

/// Draws layers, each with the place of its box, and compares.
fn assert_golden(name: &str, layers: impl IntoIterator<Item = ((i64, i64), Value)>) {
    assert_golden_at(name, (1.0, 1.0), layers);
}

fn assert_golden_at(name: &str, scale: (f64, f64), layers: impl IntoIterator<Item = ((i64, i64), Value)>) {
    let mut canvas = Canvas::checkered(WIDTH, HEIGHT);
    for (place, document) in layers {
        let raster = draw(document, scale).expect("there is something to draw");
        lay(&mut canvas, &raster, place);
    }
    canvas.assert_golden(name);
}

fn text(words: &str, more: Value) -> Value {
    let mut content = json!({ "type": "text", "text": words, "font": { "size": 20 } });
    for (key, value) in more.as_object().unwrap() {
        content[key] = value.clone();
    }
    json!({ "content": content })
}

#[test]
fn colors() {
    assert_golden(
        "colors",
        [
            (
                (10, 10),
                json!({ "content": { "type": "color", "color": "#1e90ff", "size": { "width": 60, "height": "50%" } } }),
            ),
            (
                (50, 40),
                json!({ "content": { "type": "color", "color": "#ff7f5080", "size": { "width": 90, "height": 60 } } }),
            ),
            // Its edges lie on halves of pixels.
            (
                (100, 10),
                json!({ "content": { "type": "color", "color": "#ffffff", "size": { "width": 40.5, "height": 20.5 } } }),
            ),
        ],
    );
}

#[test]
fn gradients() {
    let stops = json!([{ "offset": 0, "color": "#ff4d4d" }, { "offset": 0.5, "color": "#ffd24d" }, { "offset": 1, "color": "#2f6bff" }]);
    let fading = json!([{ "offset": 0.2, "color": "#ffffff" }, { "offset": 1, "color": "#00000000" }]);
    let hard = json!([{ "offset": 0, "color": "#00b894" }, { "offset": 0.5, "color": "#00b894" }, { "offset": 0.5, "color": "#fdcb6e" }, { "offset": 1, "color": "#fdcb6e" }]);
    let size = json!({ "width": 70, "height": 50 });
    let gradient = |gradient: Value| json!({ "content": { "type": "gradient", "size": size, "gradient": gradient } });
    assert_golden(
        "gradients",
        [
            ((5, 5), gradient(json!({ "type": "linear", "angle": 90, "stops": stops }))),
            ((85, 5), gradient(json!({ "type": "linear", "angle": 45, "stops": hard }))),
            (
                (5, 65),
                gradient(json!({ "type": "radial", "center": { "x": 0.3, "y": 0.4 }, "radius": 1.2, "stops": fading })),
            ),
            ((85, 65), gradient(json!({ "type": "conic", "angle": 45, "stops": stops }))),
        ],
    );
}

#[test]
fn a_dark_gradient_is_dithered_and_a_flat_one_is_not() {
    let gradient = |to: &str| {
        draw(json!({ "content": { "type": "gradient", "size": { "width": 400, "height": 8 }, "gradient": { "type": "linear", "angle": 90,
            "stops": [{ "offset": 0, "color": "#101010" }, { "offset": 1, "color": to }] } } }), (1.0, 1.0)).unwrap()
    };
    let flat = gradient("#101010");
    assert!(flat.opaque && flat.pixels.chunks_exact(4).all(|pixel| pixel == [0x10, 0x10, 0x10, 255]));
    let dark = gradient("#141414");
    let mean = |x: usize| (0..8).map(|y| f64::from(dark.pixels[(y * 400 + x) * 4])).sum::<f64>() / 8.0;
    // Five levels over 400 pixels: between levels, a column holds two of them in the right proportion.
    for x in (8..392).step_by(8) {
        let got = (x..x + 8).map(mean).sum::<f64>() / 8.0;
        let want = 16.0 + 4.0 * (x as f64 + 4.0) / 400.0;
        assert!((got - want).abs() < 0.15, "at {x}: {got} for {want}");
    }
}

#[test]
fn shapes() {
    let shape =
        |geometry: Value, fill: &str| json!({ "content": { "type": "shape", "geometry": geometry, "fill": fill } });
    assert_golden(
        "shapes",
        [
            ((6, 6), shape(json!({ "type": "rect", "width": 40, "height": 28 }), "#ff6b6b")),
            ((58, 6), shape(json!({ "type": "roundedRect", "width": 44, "height": 28, "radius": 9 }), "#feca57")),
            ((110, 6), shape(json!({ "type": "ellipse", "width": 44, "height": 28 }), "#1dd1a1")),
            (
                (6, 44),
                shape(
                    json!({ "type": "polygon", "points": [{ "x": 20, "y": 0 }, { "x": 40, "y": 30 }, { "x": 0, "y": 30 }] }),
                    "#54a0ff",
                ),
            ),
            ((60, 40), shape(json!({ "type": "star", "points": 5, "outerRadius": 20, "innerRadius": 8 }), "#5f27cd")),
            (
                (112, 42),
                shape(json!({ "type": "path", "d": "M20 36 C-12 12 8 -8 20 8 C32 -8 52 12 20 36 Z" }), "#ff9ff3"),
            ),
            (
                (6, 84),
                json!({ "content": { "type": "shape", "geometry": { "type": "line", "from": { "x": 0, "y": 0 }, "to": { "x": 60, "y": 24 } },
                "stroke": { "paint": "#ffffff", "width": 3 } } }),
            ),
            (
                (100, 84),
                json!({ "content": { "type": "shape", "geometry": { "type": "roundedRect", "width": 50, "height": 28, "radius": 99 } } }),
            ),
        ],
    );
}

#[test]
fn strokes_and_fills() {
    let zigzag = json!({ "type": "path", "d": "M0 24 L14 0 L28 24 L42 0" });
    let stroke = |join: &str, cap: &str| {
        json!({ "content": { "type": "shape", "geometry": zigzag,
        "stroke": { "paint": "#ffd166", "width": 7, "join": join, "cap": cap } } })
    };
    let gradient = json!({ "type": "linear", "angle": 90, "stops": [{ "offset": 0, "color": "#06d6a0" }, { "offset": 1, "color": "#ef476f" }] });
    let pentagram = "M22 0 L35 40 L1 15 L43 15 L9 40 Z";
    assert_golden(
        "strokes_and_fills",
        [
            ((8, 10), stroke("miter", "butt")),
            ((60, 10), stroke("round", "round")),
            ((110, 10), stroke("bevel", "square")),
            (
                (8, 50),
                json!({ "content": { "type": "shape", "geometry": { "type": "rect", "width": 60, "height": 24 }, "fill": gradient,
                "stroke": { "paint": "#ffffff", "width": 2, "dash": [6, 4], "dashOffset": 3 } } }),
            ),
            (
                (80, 48),
                json!({ "content": { "type": "shape", "geometry": { "type": "ellipse", "width": 70, "height": 28 },
                "stroke": { "paint": gradient, "width": 5 } } }),
            ),
            (
                (10, 80),
                json!({ "content": { "type": "shape", "geometry": { "type": "path", "d": pentagram }, "fill": "#118ab2" } }),
            ),
            (
                (62, 80),
                json!({ "content": { "type": "shape", "geometry": { "type": "path", "d": pentagram }, "fill": "#118ab2", "fillRule": "evenOdd" } }),
            ),
            (
                (112, 84),
                json!({ "content": { "type": "shape", "geometry": { "type": "star", "points": 3, "outerRadius": 16, "innerRadius": 16 },
                "fill": "#ffffff40", "stroke": { "paint": "#ffffff", "width": 1 } } }),
            ),
        ],
    );
}

#[test]
fn shapes_are_drawn_anew_at_each_scale() {
    assert_golden_at(
        "shapes_scaled",
        (3.0, 2.0),
        [
            (
                (10, 10),
                json!({ "content": { "type": "shape", "geometry": { "type": "star", "points": 5, "outerRadius": 12, "innerRadius": 5 },
                "fill": "#ffd166", "stroke": { "paint": "#ffffff", "width": 1.5 } } }),
            ),
            ((90, 20), json!({ "content": { "type": "text", "text": "Ag", "font": { "size": 20, "weight": 700 } } })),
            (
                (85, 70),
                json!({ "content": { "type": "image", "asset": "picture", "size": { "width": 22, "height": 20 }, "fit": "cover" } }),
            ),
        ],
    );
}

#[test]
fn images_are_fitted() {
    let image = |fit: &str, focus: Value| {
        json!({ "content": { "type": "image", "asset": "picture", "fit": fit, "focus": focus,
        "size": { "width": 48, "height": 48 } } })
    };
    let back = json!({ "content": { "type": "color", "color": "#00000060", "size": { "width": 48, "height": 48 } } });
    let middle = json!({ "x": 0.5, "y": 0.5 });
    let places = [(4, 6), (56, 6), (108, 6), (4, 64), (56, 64), (108, 64)];
    let images = [
        image("contain", middle.clone()),
        image("cover", middle.clone()),
        image("cover", json!({ "x": 0, "y": 0 })),
        image("fill", middle.clone()),
        image("none", middle.clone()),
        image("scaleDown", json!({ "x": 0.5, "y": 1 })),
    ];
    let layers = places.into_iter().zip(images).flat_map(|(place, image)| [(place, back.clone()), (place, image)]);
    assert_golden("images_fitted", layers);
}

#[test]
fn an_image_at_its_own_size_is_copied() {
    let raster = draw(json!({ "content": { "type": "image", "asset": "picture" } }), (1.0, 1.0)).unwrap();
    assert_eq!((raster.width, raster.height), (80, 40));
    let picture = test_picture();
    assert_eq!(raster.pixels[..4], picture.get_pixel(0, 0).0);
    assert_eq!(raster.pixels[raster.pixels.len() - 1], 128);
    assert!(!raster.opaque);
}

#[test]
fn images_are_enlarged_smoothly() {
    assert_golden(
        "image_enlarged",
        [(
            (0, 20),
            json!({ "content": { "type": "image", "asset": "picture", "size": { "width": 160, "height": 80 } } }),
        )],
    );
}

#[test]
fn a_picture_that_cannot_be_shown_says_why() {
    let card = |asset: &str, width: u32, height: u32| {
        json!({ "content": { "type": "image", "asset": asset,
        "size": { "width": width, "height": height } } })
    };
    assert_golden(
        "error_cards",
        [
            ((4, 4), card("missing", 152, 70)),
            ((4, 78), card("unheard-of", 100, 38)),
            ((108, 78), card("broken", 48, 38)),
        ],
    );
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
        };
        systems::rasterise::content::draw(&layer.content, (1.0, 1.0), &mut ctx)
    };
    assert_eq!(draw("Nowhere Sans"), draw("Inter"));
    assert_eq!(fonts.missing().collect::<Vec<_>>(), ["Nowhere Sans"]);
}

#[test]
fn shapes_in_detail() {
    let corners = json!({ "topLeft": 16, "bottomRight": 8 });
    let corner = |limit: f64| {
        json!({ "content": { "type": "shape", "geometry": { "type": "path", "d": "M0 22 L10 0 L20 22" },
        "stroke": { "paint": "#ffd166", "width": 5, "miterLimit": limit } } })
    };
    let trimmed = |start: f64, end: f64, geometry: Value| {
        json!({ "content": { "type": "shape", "geometry": geometry,
        "stroke": { "paint": "#4dd2ff", "width": 4, "cap": "round", "trim": { "start": start, "end": end } } } })
    };
    let ring = json!({ "type": "ellipse", "width": 30, "height": 30 });
    let spark = json!({ "type": "path", "d": "M0 20 L12 4 L24 16 L40 0 M50 0 v20" });
    assert_golden(
        "shapes_in_detail",
        [
            (
                (6, 8),
                json!({ "content": { "type": "shape", "geometry": { "type": "roundedRect", "width": 60, "height": 36, "radius": corners },
                "fill": "#ef476f" } }),
            ),
            ((84, 14), corner(4.0)),
            ((126, 14), corner(1.5)),
            ((10, 66), trimmed(0.0, 0.25, ring.clone())),
            ((54, 66), trimmed(0.1, 0.9, ring)),
            ((98, 70), trimmed(0.2, 0.8, spark)),
        ],
    );
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
        };
        systems::rasterise::content::draw(&layer.content, (1.0, 1.0), &mut ctx)
    };
    assert_eq!(draw("漢"), draw("\u{fffd}"));
    assert!(draw("漢").is_some());
}

#[test]
fn effects() {
    let star = json!({ "type": "shape", "geometry": { "type": "star", "points": 5, "outerRadius": 18, "innerRadius": 8 }, "fill": "#ffd166" });
    let with = |effects: Value| json!({ "content": star, "effects": effects });
    assert_golden(
        "effects",
        [
            ((12, 12), with(json!([{ "type": "blur", "radius": 1.2 }]))),
            ((64, 12), with(json!([{ "type": "blur", "radius": 5 }]))),
            ((114, 12), with(json!([{ "type": "dropShadow" }]))),
            (
                (12, 66),
                with(json!([{ "type": "dropShadow", "offset": { "x": 6, "y": 6 }, "radius": 0, "color": "#ef476f" }])),
            ),
            (
                (64, 66),
                with(
                    json!([{ "type": "dropShadow", "offset": { "x": 0, "y": 0 }, "radius": 6, "color": "#4dd2ff" }, { "type": "blur", "radius": 1 }]),
                ),
            ),
            (
                (108, 80),
                json!({ "content": { "type": "text", "text": "Aa", "font": { "size": 32, "weight": 700 } },
                "effects": [{ "type": "dropShadow", "offset": { "x": 0, "y": 2 }, "radius": 3, "color": "#000000cc" }] }),
            ),
        ],
    );
}

#[test]
fn masks() {
    let gradient = json!({ "type": "gradient", "size": { "width": 46, "height": 46 }, "gradient": { "type": "linear", "angle": 135,
        "stops": [{ "offset": 0, "color": "#ff4d4d" }, { "offset": 1, "color": "#2f6bff" }] } });
    let masked = |mask: Value| json!({ "content": gradient, "mask": mask });
    assert_golden(
        "masks",
        [
            (
                (5, 8),
                masked(json!({ "shape": { "type": "rect", "x": 4, "y": 8, "width": 38, "height": 30, "radius": 10 } })),
            ),
            ((57, 8), masked(json!({ "shape": { "type": "ellipse", "width": 46, "height": 46 } }))),
            ((109, 8), masked(json!({ "shape": { "type": "path", "d": "M23 2 L44 44 L2 44 Z" } }))),
            (
                (5, 66),
                masked(
                    json!({ "shape": { "type": "ellipse", "x": 8, "y": 8, "width": 30, "height": 30 }, "inverted": true }),
                ),
            ),
            (
                (57, 66),
                masked(
                    json!({ "shape": { "type": "ellipse", "x": 8, "y": 8, "width": 30, "height": 30 }, "feather": 12 }),
                ),
            ),
            (
                (109, 66),
                masked(
                    json!({ "shape": { "type": "rect", "x": 0, "y": 0, "width": 23, "height": 46 }, "feather": 10, "inverted": true }),
                ),
            ),
        ],
    );
}

#[test]
fn the_mask_of_a_group_is_that_of_a_layer() {
    // Its soft edge reaches from 0 to 40 and from 0 to 30.
    let shape = json!({ "shape": { "type": "ellipse", "x": 6, "y": 6, "width": 28, "height": 18 }, "feather": 6 });
    let layer = draw(json!({ "content": { "type": "color", "color": "#ffffff", "size": { "width": 40, "height": 30 } }, "mask": shape }), (2.0, 1.5)).unwrap();
    let mask = serde_json::from_value(shape).unwrap();
    let group = draw_mask(&mask, (2.0, 1.5)).unwrap();
    assert_eq!(layer, group);
}

#[test]
fn nothing_is_drawn_where_there_is_nothing() {
    for content in [
        json!({ "type": "text", "text": "" }),
        json!({ "type": "text", "text": "  \n " }),
        json!({ "type": "color", "color": "#ffffff", "size": { "width": 0, "height": 10 } }),
        json!({ "type": "shape", "geometry": { "type": "rect", "width": 10, "height": 0 } }),
        json!({ "type": "shape", "geometry": { "type": "line", "from": { "x": 0, "y": 0 }, "to": { "x": 9, "y": 9 } } }),
        json!({ "type": "group" }),
    ] {
        assert_eq!(draw(json!({ "content": content }), (1.0, 1.0)), None, "{content}");
    }
    assert_eq!(draw(json!({ "content": { "type": "color", "color": "#ffffff" } }), (0.0, 1.0)), None);
}

#[test]
fn what_is_too_large_is_drawn_coarser() {
    let raster = draw(
        json!({ "content": { "type": "color", "color": "#ffffff", "size": { "width": 100_000, "height": 50_000 } } }),
        (1.0, 1.0),
    )
    .unwrap();
    let bounds = raster.bounds();
    assert!((bounds.width() - 100_000.0).abs() < 20.0 && (bounds.height() - 50_000.0).abs() < 20.0, "{bounds:?}");
    assert!(raster.pixels.len() < 200_000_000);
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
