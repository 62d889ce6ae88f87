//! Every content type but text, effects and masks, held to pictures that were looked at.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "support/drawing.rs"]
mod drawing;
mod support;

use drawing::{assert_golden, assert_golden_at, draw, test_picture};
use serde_json::{Value, json};
use systems::rasterise::mask::draw_mask;

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
    let group = draw_mask(&mask, (2.0, 1.5), None).unwrap();
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
