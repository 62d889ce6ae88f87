//! Shapes, their strokes and gradients, and masks by shape, held to what resvg makes of the same thing written as SVG.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells how far it was off"
)]

#[path = "support/stage.rs"]
mod stage;
mod support;

use resvg::{tiny_skia::Pixmap, usvg};
use serde_json::{Value, json};
use stage::{HEIGHT, WIDTH, compositor, drawn};
use support::golden::TOLERANCE;

/// How far a pixel may be off where an edge runs through it: which part of it is covered is estimated. And how many may be
/// off by more than a few levels, of a thousand: those at edges of pictures that are turned, which are sampled.
const MOST_AT_EDGES: u8 = 50;
const FEW: u8 = 2 * TOLERANCE;
const MOST_OFF: usize = 6;
const MOST_OFF_TURNED: usize = 30;

fn by_resvg(body: &str) -> Pixmap {
    let svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">
        <rect width="{WIDTH}" height="{HEIGHT}" fill="#3d5a6c"/>{body}</svg>"##
    );
    let tree = usvg::Tree::from_str(&svg, &usvg::Options::default()).unwrap_or_else(|error| panic!("{error}: {svg}"));
    let mut pixmap = Pixmap::new(WIDTH as u32, HEIGHT as u32).unwrap();
    resvg::render(&tree, usvg::Transform::identity(), &mut pixmap.as_mut());
    pixmap
}

/// Draws a layer, and the SVG elements `body` in place of it, and tells how much they differ.
fn assert_alike(name: &str, layer: Value, body: &str) {
    assert_alike_but(MOST_OFF, name, layer, body);
}

/// The same where so many pixels of a thousand may be off.
fn assert_alike_but(most_off: usize, name: &str, mut layer: Value, body: &str) {
    layer["id"] = json!("layer");
    let compositor = compositor(json!([layer]));
    let (ours, theirs) = (compositor.picture(), by_resvg(body));
    let differences: Vec<u8> = ours
        .data
        .chunks_exact(4)
        .zip(theirs.data().chunks_exact(4))
        .map(|(ours, theirs)| ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0))
        .collect();
    let most = differences.iter().copied().max().unwrap_or(0);
    let off = differences.iter().filter(|difference| **difference > FEW).count();
    let mean = differences.iter().map(|difference| f64::from(*difference)).sum::<f64>() / differences.len() as f64;
    println!("{name}: at most {most} of 255, {mean:.3} in the mean, {off} pixels above {FEW}");
    let drawn = differences.len();
    assert!(most <= MOST_AT_EDGES && off * 1000 <= drawn * most_off, "{name}: at most {most}, {off} of {drawn} pixels");
    let background = [0x3d, 0x5a, 0x6c, 0xff];
    let painted = theirs.data().chunks_exact(4).filter(|pixel| **pixel != background).count();
    assert!(painted > 400, "{name}: there is hardly anything to be compared");
}

fn shape(geometry: &Value, style: &Value) -> Value {
    let mut content = json!({ "type": "shape", "geometry": geometry });
    style.as_object().unwrap().iter().for_each(|(key, value)| content[key] = value.clone());
    json!({ "transform": { "position": { "x": 40, "y": 20 } }, "content": content })
}

const PATH: &str = "M 10 70 C 40 -40 90 150 130 40 L 200 120 Q 120 150 60 110 Z M 60 50 L 90 50 L 75 80 Z";

#[test]
fn outlines() {
    let fill = json!({ "fill": "#ffd166" });
    let at = |element: &str| format!(r##"<g transform="translate(40 20)" fill="#ffd166">{element}</g>"##);
    let cases = [
        ("rect", json!({ "type": "rect", "width": 120.5, "height": 80.25 }), r#"<rect width="120.5" height="80.25"/>"#),
        (
            "roundedRect",
            json!({ "type": "roundedRect", "width": 160, "height": 90, "radius": 28 }),
            r#"<rect width="160" height="90" rx="28"/>"#,
        ),
        (
            "roundedRect, each corner",
            json!({ "type": "roundedRect", "width": 160, "height": 90, "radius": { "topLeft": 40, "bottomRight": 20 } }),
            r#"<path d="M40 0 H160 V70 A20 20 0 0 1 140 90 H0 V40 A40 40 0 0 1 40 0 Z"/>"#,
        ),
        (
            "ellipse",
            json!({ "type": "ellipse", "width": 190, "height": 101 }),
            r#"<ellipse cx="95" cy="50.5" rx="95" ry="50.5"/>"#,
        ),
        (
            "polygon",
            json!({ "type": "polygon", "points": [{ "x": 0, "y": 0 }, { "x": 150, "y": 30 }, { "x": 90, "y": 130 }, { "x": 33, "y": 88 }] }),
            r#"<polygon points="0,0 150,30 90,130 33,88"/>"#,
        ),
        ("path", json!({ "type": "path", "d": PATH }), &format!(r#"<path d="{PATH}"/>"#)),
    ];
    for (name, geometry, element) in cases {
        assert_alike(name, shape(&geometry, &fill), &at(element));
    }
    let even_odd = shape(&json!({ "type": "path", "d": PATH }), &json!({ "fill": "#ffd166", "fillRule": "evenOdd" }));
    assert_alike("path by the even-odd rule", even_odd, &at(&format!(r#"<path fill-rule="evenodd" d="{PATH}"/>"#)));
}

#[test]
fn stars_are_polygons() {
    let star = shape(
        &json!({ "type": "star", "points": 5, "outerRadius": 70, "innerRadius": 30 }),
        &json!({ "fill": "#ffd166" }),
    );
    let corners: Vec<(f64, f64)> = (0..10)
        .map(|corner| {
            let (radius, angle) = (if corner % 2 == 0 { 70.0 } else { 30.0 }, f64::from(corner) * 36_f64.to_radians());
            (radius * angle.sin(), -radius * angle.cos())
        })
        .collect();
    // The box is the circle's.
    let points: Vec<String> = corners.iter().map(|(x, y)| format!("{},{}", x + 70.0 + 40.0, y + 70.0 + 20.0)).collect();
    assert_alike("star", star, &format!(r##"<polygon fill="#ffd166" points="{}"/>"##, points.join(" ")));
}

#[test]
fn strokes() {
    let zigzag = json!({ "type": "path", "d": "M 10 100 L 60 10 L 110 110 L 150 20 L 220 90" });
    let element = |style: &str| {
        format!(
            r##"<path transform="translate(40 20)" d="M 10 100 L 60 10 L 110 110 L 150 20 L 220 90" fill="none" stroke="#ef476f" {style}/>"##
        )
    };
    let cases = [
        ("mitre", json!({ "width": 9 }), r#"stroke-width="9""#),
        (
            "mitre that is cut off",
            json!({ "width": 14, "miterLimit": 1.5 }),
            r#"stroke-width="14" stroke-miterlimit="1.5""#,
        ),
        (
            "round",
            json!({ "width": 16, "join": "round", "cap": "round" }),
            r#"stroke-width="16" stroke-linejoin="round" stroke-linecap="round""#,
        ),
        (
            "bevel, square",
            json!({ "width": 12, "join": "bevel", "cap": "square" }),
            r#"stroke-width="12" stroke-linejoin="bevel" stroke-linecap="square""#,
        ),
        (
            "dashes",
            json!({ "width": 6, "dash": [18, 7, 3, 7], "dashOffset": 5 }),
            r#"stroke-width="6" stroke-dasharray="18 7 3 7" stroke-dashoffset="5""#,
        ),
    ];
    for (name, mut stroke, style) in cases {
        stroke["paint"] = json!("#ef476f");
        assert_alike(name, shape(&zigzag, &json!({ "stroke": stroke })), &element(style));
    }
}

#[test]
fn gradients() {
    let stops = json!([{ "offset": 0, "color": "#ff8000" }, { "offset": 0.4, "color": "#0080ff" }, { "offset": 1, "color": "#10ff80" }]);
    let defs = r##"<stop offset="0" stop-color="#ff8000"/><stop offset="0.4" stop-color="#0080ff"/><stop offset="1" stop-color="#10ff80"/>"##;
    let rect = json!({ "type": "rect", "width": 200, "height": 120 });
    let linear = shape(&rect, &json!({ "fill": { "type": "linear", "angle": 90, "stops": stops } }));
    let element = format!(
        r##"<linearGradient id="g">{defs}</linearGradient><rect x="40" y="20" width="200" height="120" fill="url(#g)"/>"##
    );
    assert_alike("linear", linear, &element);
}

#[test]
fn masks_by_shape() {
    let layer = |mask: Value| {
        json!({ "transform": { "position": { "x": 40, "y": 20 } }, "mask": { "shape": mask },
            "content": { "type": "color", "color": "#ffd166", "size": { "width": 200, "height": 130 } } })
    };
    let element = |clip: &str| {
        format!(
            r##"<clipPath id="c">{clip}</clipPath><g transform="translate(40 20)"><rect width="200" height="130" fill="#ffd166" clip-path="url(#c)"/></g>"##
        )
    };
    let cases = [
        (
            "mask by a rectangle",
            json!({ "type": "rect", "x": 20, "y": 15, "width": 120, "height": 80, "radius": 24 }),
            r#"<rect x="20" y="15" width="120" height="80" rx="24"/>"#.to_owned(),
        ),
        (
            "mask by an ellipse",
            json!({ "type": "ellipse", "x": 10, "y": 5, "width": 170, "height": 111 }),
            r#"<ellipse cx="95" cy="60.5" rx="85" ry="55.5"/>"#.to_owned(),
        ),
        ("mask by a path", json!({ "type": "path", "d": PATH }), format!(r#"<path d="{PATH}"/>"#)),
    ];
    for (name, mask, clip) in cases {
        assert_alike(name, layer(mask), &element(&clip));
    }
}

#[test]
fn turned_and_scaled() {
    let mut star = shape(
        &json!({ "type": "path", "d": PATH }),
        &json!({ "fill": "#ffd166", "stroke": { "paint": "#ef476f", "width": 5 } }),
    );
    star["transform"] = json!({ "position": { "x": 70, "y": 10 }, "rotation": 20, "scale": { "x": 0.9, "y": 0.8 } });
    let element = format!(
        r##"<path transform="translate(70 10) rotate(20) scale(0.9 0.8)" d="{PATH}" fill="#ffd166" stroke="#ef476f" stroke-width="5"/>"##
    );
    assert_alike_but(MOST_OFF_TURNED, "turned", star.clone(), &element);
    star["id"] = json!("star");
    drawn(&compositor(json!([star]))).assert_golden("shape_turned");
}
