//! Whole scenes, held to pictures that were looked at.

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
    time::{Duration, Instant},
};

use components::{BlendMode, Edit, LayerId, SceneDocument, document::Limits};
use serde_json::{Value, json};
use support::golden::Canvas;
use systems::{Compositor, CompositorSettings};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const LIMITS: Limits = Limits { max_layers: 200 };
const DEADLINE: Duration = Duration::from_secs(60);

/// Plays a scene at a size of the stream and lays its pictures at these seconds side by side, `columns` in a row.
fn strip(scene: &Value, (width, height): (usize, usize), seconds: &[f64], columns: usize) -> Canvas {
    let rows = seconds.len().div_ceil(columns);
    let mut canvas = Canvas::checkered((width * columns) as u32, (height * rows) as u32);
    lay(&mut canvas, scene, (width, height), seconds, |index| (index % columns * width, index / columns * height));
    canvas
}

fn lay(
    canvas: &mut Canvas,
    scene: &Value,
    (width, height): (usize, usize),
    seconds: &[f64],
    place: impl Fn(usize) -> (usize, usize),
) {
    let mut scene = SceneDocument::parse(&scene.to_string(), &LIMITS)
        .unwrap_or_else(|fault| panic!("the test's scene is not valid: {fault:?}\n{scene:#}"));
    scene.folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut compositor = Compositor::new(CompositorSettings {
        width,
        height,
        max_layers: LIMITS.max_layers,
        pool_size: 2,
        threads: Some(1),
    });
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let report = compositor.tick(0, 0.0);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert!(compositor.finish_loading(Instant::now() + DEADLINE));
    for (index, seconds) in seconds.iter().enumerate() {
        compositor.tick(index as u64 + 1, *seconds);
        let (left, top) = place(index);
        canvas.lay(&compositor.picture().data, width, left as i64, top as i64);
    }
}

/// A scene of these layers on a canvas of the stream's size is the golden picture of this name.
#[track_caller]
fn check(name: &str, layers: Value) {
    let scene = json!({
        "canvas": { "width": WIDTH, "height": HEIGHT, "background": "#30343c" },
        "layers": numbered(layers, "layer"),
    });
    strip(&scene, (WIDTH, HEIGHT), &[0.0], 1).assert_golden(name);
}

/// Gives an id to every layer that has none.
fn numbered(layers: Value, prefix: &str) -> Value {
    let Value::Array(mut layers) = layers else { panic!("layers are a list") };
    for (index, layer) in layers.iter_mut().enumerate() {
        let id = format!("{prefix}-{index}");
        if let Some(children) = layer.get_mut("children") {
            *children = numbered(children.take(), &id);
        }
        if layer.get("id").is_none() {
            layer["id"] = json!(id);
        }
    }
    layers.into()
}

/// A layer with this content, and all that `more` says.
fn layer(content: Value, more: Value) -> Value {
    let mut layer = more;
    layer["content"] = content;
    layer
}

fn group(children: Value, more: Value) -> Value {
    let mut layer = layer(json!({ "type": "group" }), more);
    layer["children"] = children;
    layer
}

fn at(x: f64, y: f64) -> Value {
    json!({ "transform": { "position": { "x": x, "y": y } } })
}

fn shape(geometry: Value, fill: Value) -> Value {
    json!({ "type": "shape", "geometry": geometry, "fill": fill })
}

fn disc(diameter: f64, fill: &str) -> Value {
    shape(json!({ "type": "ellipse", "width": diameter, "height": diameter }), json!(fill))
}

fn block(width: f64, height: f64, color: &str) -> Value {
    json!({ "type": "color", "color": color, "size": { "width": width, "height": height } })
}

fn words(text: &str, size: f64, color: &str) -> Value {
    json!({ "type": "text", "text": text, "font": { "size": size, "weight": 500 }, "fill": color })
}

/// What shows which way is up and where left is.
fn arrow() -> Value {
    shape(
        json!({ "type": "path", "d": "M 0 0 H 30 L 40 12 L 30 24 H 0 Z M 5 5 V 11 H 11 V 5 Z" }),
        json!({ "type": "linear", "angle": 90, "stops": [
            { "offset": 0, "color": "#2f6fed" }, { "offset": 1, "color": "#ffd23f" }] }),
    )
}

#[test]
fn transforms() {
    let mut layers = Vec::new();
    let cases = [
        ("plain", json!({})),
        ("anchor", json!({ "anchor": { "x": 0.5, "y": 0.5 } })),
        ("rotation", json!({ "rotation": 30 })),
        ("about anchor", json!({ "rotation": 30, "anchor": { "x": 0.5, "y": 0.5 } })),
        ("scale", json!({ "scale": { "x": 0.6, "y": 1.6 } })),
        ("skew y", json!({ "skew": { "x": 0, "y": 20 } })),
        ("skew x", json!({ "skew": { "x": 30, "y": 0 } })),
        ("mirrored", json!({ "scale": { "x": -1, "y": 1 }, "anchor": { "x": 0.5, "y": 0.5 } })),
        (
            "all",
            json!({ "rotation": -20, "skew": { "x": 25, "y": 0 }, "scale": { "x": 1.2, "y": 0.7 },
                        "anchor": { "x": 0.5, "y": 0 } }),
        ),
        ("half a pixel", json!({ "half": true })),
    ];
    for (index, (name, mut transform)) in cases.into_iter().enumerate() {
        let (x, y) = ((index % 5 * 64) as f64, (index / 5 * 60) as f64);
        let half = transform.as_object_mut().and_then(|transform| transform.remove("half")).is_some();
        let offset = if half { 0.5 } else { 0.0 };
        transform["position"] = json!({ "x": x + 22.0 + offset, "y": y + 26.0 + offset });
        layers.push(layer(words(name, 8.0, "#9aa4b5"), at(x + 3.0, y + 1.0)));
        layers.push(layer(arrow(), json!({ "transform": transform })));
        layers.push(layer(block(7.0, 1.0, "#ff4d6d"), at(x + 19.0, y + 26.0)));
        layers.push(layer(block(1.0, 7.0, "#ff4d6d"), at(x + 22.0, y + 23.0)));
    }
    // Percentages refer to the canvas, and to that also in a group.
    let corner = json!({ "position": { "x": "100%", "y": "100%" }, "anchor": { "x": 1, "y": 1 } });
    layers.push(layer(arrow(), json!({ "transform": corner })));
    let middle = json!({ "position": { "x": "50%", "y": "80%" }, "anchor": { "x": 0.5, "y": 0.5 } });
    layers.push(layer(arrow(), json!({ "transform": middle })));
    let inside = layer(arrow(), json!({ "transform": { "position": { "x": "25%", "y": 10 } } }));
    layers.push(group(json!([inside]), at(-70.0, 130.0)));
    check("scene_transforms", layers.into());
}

#[test]
fn groups_compose_transforms_and_fade_as_one() {
    let two = |more: Value| {
        group(json!([layer(disc(50.0, "#ff5d5d"), at(0.0, 0.0)), layer(disc(50.0, "#5db4ff"), at(28.0, 0.0))]), more)
    };
    let placed = |x: f64, opacity: f64| json!({ "transform": { "position": { "x": x, "y": 14 } }, "opacity": opacity });
    let each = json!([
        layer(disc(50.0, "#ff5d5d"), json!({ "opacity": 0.5 })),
        layer(disc(50.0, "#5db4ff"), json!({ "opacity": 0.5, "transform": { "position": { "x": 28, "y": 0 } } })),
    ]);
    let bar = |y: f64| layer(block(300.0, 6.0, "#ffffff"), at(10.0, y));
    let arm = |inner: Value| {
        group(
            json!([layer(block(46.0, 10.0, "#ffd23f"), json!({})), inner]),
            json!({ "transform": { "position": { "x": 40, "y": 0 }, "rotation": 30, "scale": 0.8 } }),
        )
    };
    let arms = arm(arm(arm(arm(group(json!([]), json!({}))))));
    check(
        "scene_groups",
        json!([
            bar(22.0),
            bar(36.0),
            bar(50.0),
            two(placed(15.0, 1.0)),
            two(placed(120.0, 0.5)),
            group(each, placed(225.0, 1.0)),
            layer(words("opaque", 9.0, "#9aa4b5"), at(38.0, 70.0)),
            layer(words("group at 50 %", 9.0, "#9aa4b5"), at(130.0, 70.0)),
            layer(words("each at 50 %", 9.0, "#9aa4b5"), at(237.0, 70.0)),
            group(json!([arms]), at(20.0, 95.0)),
            group(
                json!([layer(words("Turned", 22.0, "#ffffff"), json!({ "transform": { "rotation": 15 } }))]),
                json!({ "transform": { "position": { "x": 200, "y": 130 }, "rotation": -15, "scale": { "x": 1.5, "y": 1 } } }),
            ),
        ]),
    );
}

#[test]
fn blend_modes() {
    let stops = |colors: &[&str]| -> Value {
        let last = (colors.len() - 1) as f64;
        let stop = |(index, color): (usize, &&str)| json!({ "offset": index as f64 / last, "color": color });
        colors.iter().enumerate().map(stop).collect::<Vec<_>>().into()
    };
    let below = json!({ "type": "gradient", "size": { "width": 50, "height": 46 }, "gradient":
        { "type": "linear", "angle": 90, "stops": stops(&["#ff0000", "#ffff00", "#00ff00", "#00ffff", "#0000ff", "#ff00ff"]) } });
    let above = json!({ "type": "gradient", "size": { "width": 50, "height": 34 }, "gradient":
        { "type": "linear", "angle": 180, "stops": stops(&["#ffffff", "#c08040", "#204080", "#000000"]) } });
    let mut layers = Vec::new();
    for (index, mode) in BlendMode::ALL.iter().enumerate() {
        let (x, y) = ((index % 6 * 53 + 2) as f64, (index / 6 * 60 + 1) as f64);
        let mode = serde_json::to_value(mode).unwrap();
        layers.push(layer(words(mode.as_str().unwrap(), 8.0, "#dde3ee"), at(x, y)));
        layers.push(layer(below.clone(), at(x, y + 12.0)));
        let mut blended = at(x, y + 18.0);
        blended["blend"] = mode;
        layers.push(layer(above.clone(), blended));
    }
    check("scene_blend_modes", layers.into());
}

#[test]
fn blends_see_the_group_they_are_in_and_nothing_below() {
    let bar = |y: f64, color: &str| layer(block(310.0, 14.0, color), at(5.0, y));
    let members = || {
        let mut above = at(26.0, 0.0);
        above["blend"] = json!("multiply");
        json!([layer(disc(56.0, "#ffd23f"), json!({})), layer(disc(56.0, "#4fc3ff"), above)])
    };
    let mut loose = members();
    loose[0]["transform"] = json!({ "position": { "x": 8, "y": 22 } });
    loose[1]["transform"] = json!({ "position": { "x": 34, "y": 22 } });
    let placed = |x: f64, y: f64, more: Value| {
        let mut group = more;
        group["transform"] = json!({ "position": { "x": x, "y": y } });
        group
    };
    let [first, second] = [loose[0].take(), loose[1].take()];
    check(
        "scene_blends_in_groups",
        json!([
            bar(30.0, "#ffffff"),
            bar(58.0, "#e0566f"),
            bar(118.0, "#ffffff"),
            bar(146.0, "#e0566f"),
            first,
            second,
            layer(words("no group", 9.0, "#dde3ee"), at(8.0, 4.0)),
            group(members(), placed(114.0, 22.0, json!({}))),
            layer(words("in a group", 9.0, "#dde3ee"), at(114.0, 4.0)),
            group(members(), placed(220.0, 22.0, json!({ "opacity": 0.6 }))),
            layer(words("in a group at 60 %", 9.0, "#dde3ee"), at(220.0, 4.0)),
            group(members(), placed(8.0, 110.0, json!({ "blend": "multiply" }))),
            layer(words("the group multiplied", 9.0, "#dde3ee"), at(8.0, 92.0)),
            group(json!([group(members(), json!({}))]), placed(114.0, 110.0, json!({ "blend": "screen" }))),
            layer(words("a group screened", 9.0, "#dde3ee"), at(114.0, 92.0)),
            group(
                json!([group(members(), json!({ "opacity": 0.7 }))]),
                placed(220.0, 110.0, json!({ "opacity": 0.7 }))
            ),
            layer(words("70 % of 70 %", 9.0, "#dde3ee"), at(220.0, 92.0)),
        ]),
    );
}

#[test]
fn masks_of_groups() {
    let members = || {
        json!([
            layer(block(70.0, 70.0, "#2f6fed"), json!({})),
            layer(disc(60.0, "#ffd23f"), at(-16.0, -16.0)),
            layer(words("masked", 18.0, "#ffffff"), at(4.0, 40.0)),
        ])
    };
    let rect = |more: Value| {
        let mut mask = more;
        mask["shape"] = json!({ "type": "rect", "x": 4, "y": 4, "width": 62, "height": 62, "radius": 18 });
        mask
    };
    let ellipse = |more: Value| {
        let mut mask = more;
        mask["shape"] = json!({ "type": "ellipse", "x": 0, "y": 10, "width": 70, "height": 50 });
        mask
    };
    let masks = [
        (rect(json!({})), json!({})),
        (rect(json!({ "feather": 14 })), json!({})),
        (rect(json!({ "inverted": true })), json!({})),
        (ellipse(json!({ "inverted": true, "feather": 14 })), json!({})),
        (ellipse(json!({})), json!({ "rotation": 25 })),
        (rect(json!({})), json!({ "scale": { "x": 0.6, "y": 1.1 } })),
        (rect(json!({ "inverted": true })), json!({ "rotation": -20, "scale": 0.8 })),
        (json!({ "shape": { "type": "path", "d": "M 35 0 L 70 70 L 0 25 H 70 L 0 70 Z" } }), json!({})),
    ];
    let mut layers =
        vec![layer(block(320.0, 12.0, "#5b6475"), at(0.0, 45.0)), layer(block(320.0, 12.0, "#5b6475"), at(0.0, 131.0))];
    for (index, (mask, mut transform)) in masks.into_iter().enumerate() {
        transform["position"] = json!({ "x": index % 4 * 80 + 6, "y": index / 4 * 88 + 12 });
        layers.push(group(members(), json!({ "mask": mask, "transform": transform })));
    }
    check("scene_group_masks", layers.into());
}

#[test]
fn the_order_of_layers() {
    let card = |index: usize, z_index: i32, color: &str| {
        let mut card = at(20.0 + index as f64 * 26.0, 10.0 + index as f64 * 9.0);
        card["zIndex"] = json!(z_index);
        let mut label = at(6.0, 2.0);
        label["zIndex"] = json!(-5);
        // Within its group a layer stands by its own number, wherever that of others is.
        group(
            json!([
                layer(block(60.0, 40.0, color), json!({ "zIndex": -9 })),
                layer(words(&z_index.to_string(), 20.0, "#10131a"), label)
            ]),
            card,
        )
    };
    let row = |y: f64, numbers: [i32; 5]| {
        let colors = ["#ff6b6b", "#ffd23f", "#6bdc8b", "#5db4ff", "#c58bff"];
        let cards: Vec<Value> = numbers.iter().enumerate().map(|(at, number)| card(at, *number, colors[at])).collect();
        group(cards.into(), at(0.0, y))
    };
    let mut second = row(88.0, [2, 1, 0, -1, -2]);
    second["transform"]["position"]["x"] = json!(130);
    let mut mixed = row(88.0, [0, 3, 0, 3, 0]);
    mixed["transform"]["position"]["x"] = json!(-10);
    check("scene_order", json!([row(0.0, [0, 0, 0, 0, 0]), second, mixed]));
}

#[test]
fn a_canvas_on_a_stream_of_another_size() {
    let scene = |fit: &str, width: u32, height: u32| {
        let (w, h) = (f64::from(width), f64::from(height));
        json!({
            "canvas": { "width": width, "height": height, "background": "#2f6fed", "fit": fit },
            "layers": numbered(json!([
                layer(disc(h * 0.8, "#ffd23f"), json!({ "transform": {
                    "position": { "x": "50%", "y": "50%" }, "anchor": { "x": 0.5, "y": 0.5 } } })),
                layer(block(w * 0.1, h * 0.1, "#ffffff"), json!({})),
                layer(block(w * 0.1, h * 0.1, "#10131a"), at(w * 0.9, h * 0.9)),
                // What sticks out of the canvas is not seen on the bars.
                layer(block(60.0, 20.0, "#ff4d6d"), at(-30.0, h / 2.0)),
                layer(words(fit, h * 0.18, "#10131a"), json!({ "transform": {
                    "position": { "x": "50%", "y": "50%" }, "anchor": { "x": 0.5, "y": 0.5 } } })),
            ]), "layer"),
        })
    };
    let mut canvas = Canvas::checkered(480, 180);
    for (index, fit) in ["contain", "cover", "fill"].into_iter().enumerate() {
        lay(&mut canvas, &scene(fit, 200, 200), (160, 90), &[0.0], |_| (index * 160, 0));
    }
    for (index, (fit, width, height)) in
        [("contain", 400, 100), ("none", 300, 300), ("scaleDown", 90, 60)].into_iter().enumerate()
    {
        lay(&mut canvas, &scene(fit, width, height), (160, 90), &[0.0], |_| (index * 160, 90));
    }
    canvas.assert_golden("scene_fit");
}

#[test]
fn animations() {
    let ticks: Vec<f64> = (0..12).map(|index| f64::from(index) * 0.25).collect();
    let turning = |content: Value, x: f64, animations: Value| {
        layer(
            content,
            json!({ "animations": animations, "transform": {
            "position": { "x": x, "y": 24 }, "anchor": { "x": 0.5, "y": 0.5 } } }),
        )
    };
    let scene = json!({
        "canvas": { "width": 160, "height": 60, "background": "#30343c" },
        "layers": numbered(json!([
            layer(block(160.0, 1.0, "#5b6475"), at(0.0, 59.0)),
            turning(arrow(), 24.0, json!([
                { "property": "transform.rotation", "from": 0, "to": 360, "duration": 3, "repeat": "forever" }])),
            turning(disc(30.0, "#ff6b6b"), 68.0, json!([
                { "property": "transform.scale", "from": 0, "to": 1, "duration": 1, "easing": "easeOutBack" },
                { "property": "content.fill", "to": "#5db4ff", "delay": 1, "duration": 1 }])),
            turning(words("fade", 16.0, "#ffffff"), 116.0, json!([
                { "property": "opacity", "from": 0, "to": 1, "duration": 0.75, "repeat": 4, "pingPong": true }])),
            layer(disc(8.0, "#ffd23f"), json!({ "transform": { "position": { "x": 2, "y": 49 } }, "animations": [
                { "property": "transform.position.x", "to": "94%", "duration": 2.5, "easing": "easeInOut" }] })),
        ]), "layer"),
    });
    strip(&scene, (160, 60), &ticks, 3).assert_golden("scene_animations");
}

#[test]
fn effects_in_a_scene() {
    let shadow = |x: f64, y: f64, radius: f64, color: &str| json!({ "type": "dropShadow", "offset": { "x": x, "y": y }, "radius": radius, "color": color });
    let card = shape(json!({ "type": "roundedRect", "width": 76, "height": 44, "radius": 10 }), json!("#f3f5fa"));
    let styled = |content: Value, x: f64, y: f64, effects: Value, transform: Value| {
        let mut transform = transform;
        transform["position"] = json!({ "x": x, "y": y });
        layer(content, json!({ "transform": transform, "effects": effects }))
    };
    check(
        "scene_effects",
        json!([
            layer(block(320.0, 180.0, "#7d8aa5"), json!({})),
            styled(card.clone(), 14.0, 14.0, json!([shadow(0.0, 5.0, 5.0, "#000000a0")]), json!({})),
            styled(card.clone(), 130.0, 8.0, json!([shadow(6.0, 0.0, 0.0, "#ff4d6d")]), json!({ "rotation": 12 })),
            styled(card.clone(), 226.0, 14.0, json!([{ "type": "blur", "radius": 4 }]), json!({})),
            styled(words("Shadow", 30.0, "#ffffff"), 12.0, 72.0, json!([shadow(2.0, 2.0, 1.5, "#000000")]), json!({})),
            styled(
                words("Glow", 30.0, "#10131a"),
                140.0,
                72.0,
                json!([shadow(0.0, 0.0, 4.0, "#ffe9a8")]),
                json!({ "scale": 1.2 })
            ),
            styled(
                arrow(),
                250.0,
                78.0,
                json!([shadow(3.0, 3.0, 2.0, "#00000080"), { "type": "blur", "radius": 1 }]),
                json!({ "scale": { "x": 1.4, "y": 1 } })
            ),
            group(
                json!([
                    styled(card.clone(), 0.0, 0.0, json!([shadow(0.0, 5.0, 5.0, "#000000a0")]), json!({})),
                    styled(card, 40.0, 14.0, json!([shadow(0.0, 5.0, 5.0, "#000000a0")]), json!({})),
                ]),
                json!({ "opacity": 0.6, "transform": { "position": { "x": 14, "y": 116 } } }),
            ),
            layer(
                shape(json!({ "type": "star", "points": 5, "outerRadius": 28, "innerRadius": 12 }), json!("#ffd23f")),
                json!({ "transform": { "position": { "x": 190, "y": 118 } },
                        "effects": [shadow(4.0, 4.0, 3.0, "#000000c0")],
                        "mask": { "shape": { "type": "rect", "x": 0, "y": 0, "width": 80, "height": 38 }, "feather": 6 } }),
            ),
        ]),
    );
}

#[test]
fn a_card_stands_for_a_picture_that_is_missing() {
    let image = |x: f64, y: f64, asset: &str, transform: Value| {
        let mut transform = transform;
        transform["position"] = json!({ "x": x, "y": y });
        layer(
            json!({ "type": "image", "asset": asset, "size": { "width": 150, "height": 84 } }),
            json!({ "transform": transform }),
        )
    };
    let scene = json!({
        "canvas": { "width": WIDTH, "height": HEIGHT, "background": "#30343c" },
        "assets": [
            { "id": "logo", "type": "image", "path": "pictures/logo.png" },
            { "id": "test", "type": "image", "path": "golden_scenes.rs" },
            { "id": "shapes", "type": "image", "path": "golden/shapes.png" },
        ],
        "layers": numbered(json!([
            image(5.0, 4.0, "logo", json!({})),
            image(165.0, 4.0, "shapes", json!({})),
            image(5.0, 92.0, "test", json!({})),
            image(180.0, 104.0, "logo", json!({ "rotation": -6, "scale": 0.8 })),
        ]), "layer"),
    });
    strip(&scene, (WIDTH, HEIGHT), &[0.0], 1).assert_golden("scene_missing_pictures");
}

/// Above: whatever would be done to a picture is not done to its card. Below: layers whose mask cannot be made are not
/// seen, whatever the mask would show; the mask's card is.
#[test]
fn cards_are_read_whatever_the_layer_looks_like() {
    let card = json!({ "type": "image", "asset": "gone", "size": { "width": 74, "height": 70 }, "fit": "fill" });
    let placed = |index: usize, y: f64, content: &Value, more: Value| {
        let mut layer = at(4.0 + 79.0 * index as f64, y);
        layer["content"] = content.clone();
        for (key, value) in more.as_object().unwrap() {
            layer[key] = value.clone();
        }
        layer
    };
    let looks = [
        json!({ "effects": [{ "type": "blur", "radius": 8 }, { "type": "dropShadow", "radius": 4 }] }),
        json!({ "effects": [{ "type": "chromaKey", "color": "#2b1216" }] }),
        json!({ "mask": { "shape": { "type": "ellipse", "x": 20, "y": 20, "width": 30, "height": 30 } } }),
        json!({ "blend": "multiply" }),
    ];
    let mut layers: Vec<Value> =
        looks.into_iter().enumerate().map(|(index, more)| placed(index, 8.0, &card, more)).collect();
    let block = json!({ "type": "color", "color": "#46a758", "size": { "width": 74, "height": 86 } });
    for (index, (channel, inverted)) in
        [("alpha", false), ("luminance", false), ("alpha", true), ("luminance", true)].into_iter().enumerate()
    {
        layers.push(placed(index, 96.0, &card, json!({ "id": format!("mask{index}"), "visible": false })));
        let shape = json!({ "type": "layer", "layer": format!("mask{index}"), "channel": channel });
        let mask = json!({ "shape": shape, "inverted": inverted });
        layers.push(placed(index, 88.0, &block, json!({ "mask": mask })));
    }
    let scene = json!({
        "canvas": { "width": WIDTH, "height": HEIGHT, "background": "#181c24" },
        "assets": [{ "id": "gone", "type": "image", "path": "assets/gone.png" }],
        "layers": numbered(layers.into(), "layer"),
    });
    strip(&scene, (WIDTH, HEIGHT), &[0.0], 1).assert_golden("scene_cards");
}

#[test]
fn tickers() {
    let ticker = |words: &str, more: Value| {
        let mut content = words_on(words, 18.0, json!({ "width": 140, "ticker": { "speed": 40, "gap": 30 } }));
        content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        content
    };
    let masked = json!({ "transform": { "position": { "x": 10, "y": 70 } },
        "mask": { "shape": { "type": "rect", "width": 140, "height": 24 }, "feather": 24 } });
    let scene = json!({
        "canvas": { "width": 160, "height": 150, "background": "#30343c" },
        "layers": numbered(json!([
            layer(block(140.0, 24.0, "#00000060"), at(10.0, 8.0)),
            layer(ticker("Breaking: the text is longer than its box", json!({})), at(10.0, 8.0)),
            layer(block(140.0, 24.0, "#00000060"), at(10.0, 38.0)),
            // Short, to the right, at half pixels.
            layer(ticker("short", json!({ "ticker": { "speed": -25, "gap": 12 } })), at(10.0, 38.0)),
            layer(ticker("soft edges, which stand still", json!({ "fill": "#ffd166" })), masked),
            layer(
                ticker("turned, with a shadow", json!({ "shadow": { "offset": { "x": 2, "y": 2 }, "radius": 1 } })),
                json!({ "transform": { "position": { "x": 16, "y": 100 }, "rotation": 9 } }),
            ),
        ]), "layer"),
    });
    strip(&scene, (160, 150), &[0.0, 1.3, 5.0, 9.0], 2).assert_golden("scene_tickers");
}

fn words_on(text: &str, size: f64, more: Value) -> Value {
    let mut content = words(text, size, "#ffffff");
    content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    content
}

#[test]
fn a_ticker_is_drawn_once_and_goes_around_without_a_jump() {
    let scene = json!({ "canvas": { "width": 200, "height": 60 }, "layers": [
        { "id": "news", "content": words_on("round and round", 20.0, json!({ "width": 200, "ticker": { "speed": 64, "gap": 24 } })) }] });
    let scene = SceneDocument::parse(&scene.to_string(), &LIMITS).unwrap();
    let settings = CompositorSettings { width: 200, height: 60, max_layers: 10, pool_size: 2, threads: Some(1) };
    let mut compositor = Compositor::new(settings);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let mut drawn = 0;
    let mut before: Option<Vec<u8>> = None;
    for tick in 0..400_u32 {
        // Two pixels on each tick: each picture is the last one, moved.
        drawn += compositor.tick(u64::from(tick), f64::from(tick) / 32.0).rasterised;
        let picture = compositor.picture().data;
        if let Some(before) = before {
            for (row, (now, before)) in picture.chunks(800).zip(before.chunks(800)).enumerate() {
                assert_eq!(now[..792], before[8..], "row {row} at tick {tick}");
            }
        }
        before = Some(picture);
    }
    assert_eq!(drawn, 1);

    // It is one of the things for which it matters what time it is in the scene.
    assert!(compositor.is_moving());
    let news = LayerId::new("news").unwrap();
    compositor
        .submit(1, vec![Edit::PatchLayer { id: news, patch: json!({ "content": { "ticker": { "speed": 0 } } }) }]);
    compositor.tick(400, 12.5);
    assert!(!compositor.is_moving(), "it stands still");
}
