//! Groups with effects, and layers as masks of others: held to pictures that were looked at, to what resvg makes of the
//! same thing written as SVG, and to the promise that what stays the same is not drawn again.

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

use components::{Edit, LayerId, edit::EditRejected};
use resvg::{tiny_skia::Pixmap, usvg};
use serde_json::{Value, json};
use stage::{HEIGHT, WIDTH, compositor, drawn};

fn check(name: &str, layers: Value) {
    drawn(&compositor(layers)).assert_golden(name);
}

fn id(text: &str) -> LayerId {
    LayerId::new(text).unwrap()
}

/// A layer of this content with more about it.
fn layer(name: &str, content: Value, more: Value) -> Value {
    let mut layer = json!({ "id": name, "content": content });
    for (key, value) in more.as_object().unwrap() {
        layer[key] = value.clone();
    }
    layer
}

fn at(x: f64, y: f64) -> Value {
    json!({ "position": { "x": x, "y": y } })
}

fn ellipse(width: f64, height: f64, fill: &str) -> Value {
    json!({ "type": "shape", "fill": fill, "geometry": { "type": "ellipse", "width": width, "height": height } })
}

fn words(text: &str, size: f64, fill: &str) -> Value {
    json!({ "type": "text", "text": text, "fill": fill, "font": { "size": size, "weight": 800 } })
}

fn plate(width: f64, height: f64, color: &str) -> Value {
    json!({ "type": "color", "color": color, "size": { "width": width, "height": height } })
}

fn ramp(width: f64, height: f64, from: &str, to: &str) -> Value {
    json!({ "type": "gradient", "size": { "width": width, "height": height }, "gradient": { "type": "linear", "angle": 90,
        "stops": [{ "offset": 0, "color": from }, { "offset": 1, "color": to }] } })
}

/// Two overlapping plates and a word, as a group with effects.
fn badge(name: &str, effects: Value, transform: Value, more: Value) -> Value {
    let member = |part: &str| format!("{name}-{part}");
    let members = json!([
        layer(&member("back"), plate(56.0, 36.0, "#ef476f"), json!({ "transform": at(0.0, 0.0) })),
        layer(&member("front"), ellipse(40.0, 40.0, "#ffd166"), json!({ "transform": at(24.0, 12.0) })),
        layer(&member("word"), words("Ag", 20.0, "#1d3557"), json!({ "transform": at(30.0, 18.0) })),
    ]);
    let mut group = layer(name, json!({ "type": "group" }), more);
    group["children"] = members;
    group["effects"] = effects;
    group["transform"] = transform;
    group
}

#[test]
fn effects_on_groups_are_those_of_their_picture() {
    let shadow = json!({ "type": "dropShadow", "offset": { "x": 4, "y": 4 }, "radius": 3 });
    let turned = json!({ "position": { "x": 250, "y": 20 }, "rotation": 20, "scale": 1.1 });
    let inner = badge("inner", json!([{ "type": "outline", "width": 2, "color": "#ffffff" }]), at(0.0, 0.0), json!({}));
    let outer = json!({ "id": "outer", "content": { "type": "group" }, "transform": at(170.0, 110.0), "children": [inner],
        "effects": [{ "type": "glow", "color": "#4dd2ff", "radius": 4, "strength": 4 }] });
    check(
        "group_effects",
        json!([
            badge("shadow", json!([shadow]), at(12.0, 14.0), json!({})),
            badge(
                "outline",
                json!([{ "type": "outline", "width": 3, "color": "#ffffff" }, shadow]),
                at(92.0, 14.0),
                json!({ "opacity": 0.7 })
            ),
            badge("blur", json!([{ "type": "blur", "radius": 3 }]), at(170.0, 14.0), json!({})),
            badge("turned", json!([shadow, { "type": "grayscale" }]), turned, json!({})),
            badge("corners", json!([{ "type": "roundedCorners", "radius": 14 }, shadow]), at(12.0, 110.0), json!({})),
            badge(
                "masked",
                json!([{ "type": "vignette" }]),
                at(92.0, 110.0),
                json!({ "mask": { "shape": { "type": "ellipse", "width": 60, "height": 50 }, "feather": 6 } })
            ),
            outer,
            badge("mosaic", json!([{ "type": "pixelate", "size": 6 }]), at(250.0, 110.0), json!({ "blend": "screen" })),
        ]),
    );
}

#[test]
fn layers_as_masks() {
    let mask = |layer: &str, channel: &str, more: Value| {
        let mut mask = json!({ "shape": { "type": "layer", "layer": layer, "channel": channel } });
        for (key, value) in more.as_object().unwrap() {
            mask[key] = value.clone();
        }
        mask
    };
    let hidden = |name: &str, content: Value, transform: Value| {
        layer(name, content, json!({ "transform": transform, "visible": false }))
    };
    let sky = |name: &str, x: f64, y: f64, mask: Value| {
        layer(name, ramp(68.0, 60.0, "#ff8800", "#00e0c0"), json!({ "transform": at(x, y), "mask": mask }))
    };
    let turned = json!({ "position": { "x": 286, "y": 44 }, "anchor": { "x": 0.5, "y": 0.5 }, "rotation": -25 });
    let pair = json!({ "id": "pair", "content": { "type": "group" }, "visible": false, "transform": at(10.0, 105.0),
        "children": [
            layer("left", ellipse(34.0, 34.0, "#ffffff"), json!({})),
            layer("right", ellipse(34.0, 34.0, "#ffffff80"), json!({ "transform": at(24.0, 20.0) })),
        ] });
    check(
        "layer_masks",
        json!([
            hidden("word", words("Ag", 48.0, "#ffffff"), at(8.0, 10.0)),
            sky("by-alpha", 8.0, 14.0, mask("word", "alpha", json!({}))),
            hidden("shades", ramp(68.0, 60.0, "#000000", "#ffffff"), at(88.0, 14.0)),
            sky("by-luminance", 88.0, 14.0, mask("shades", "luminance", json!({}))),
            hidden("hole", ellipse(44.0, 44.0, "#000000"), at(180.0, 20.0)),
            sky("inverted", 168.0, 14.0, mask("hole", "alpha", json!({ "inverted": true, "feather": 8 }))),
            hidden("turned", words("Ag", 44.0, "#ffffff"), turned),
            sky("by-turned", 248.0, 14.0, mask("turned", "alpha", json!({}))),
            pair,
            sky("by-group", 8.0, 100.0, mask("pair", "alpha", json!({}))),
            hidden("spot", ellipse(50.0, 50.0, "#ffffff"), at(96.0, 104.0)),
            badge(
                "group",
                json!([]),
                at(88.0, 104.0),
                json!({ "mask": mask("spot", "luminance", json!({ "feather": 4 })) })
            ),
            badge(
                "styled",
                json!([{ "type": "outline", "color": "#ffffff" }]),
                at(170.0, 104.0),
                json!({ "mask": mask("bar", "alpha", json!({})) })
            ),
            hidden("bar", plate(30.0, 60.0, "#000000"), at(180.0, 100.0)),
            // A mask that is masked itself, and seen.
            layer(
                "lens",
                ellipse(56.0, 56.0, "#ffffff40"),
                json!({ "transform": at(252.0, 102.0), "mask": mask("shutter", "alpha", json!({})) })
            ),
            hidden("shutter", plate(30.0, 70.0, "#000000"), at(265.0, 100.0)),
            sky("by-masked", 248.0, 100.0, mask("lens", "alpha", json!({}))),
        ]),
    );
}

/// The greatest difference of a channel that two ways of rounding may come to.
const SVG_TOLERANCE: u8 = 3;

#[test]
fn layers_as_masks_are_those_of_svg() {
    let scene = |channel: &str, inverted: bool| {
        json!([
            layer(
                "mask",
                ramp(200.0, 120.0, "#102080", "#f0e060"),
                json!({ "transform": at(80.0, 20.0), "opacity": 0.9, "visible": false })
            ),
            layer(
                "masked",
                plate(240.0, 140.0, "#ff8040c0"),
                json!({ "transform": at(20.0, 30.0),
                "mask": { "shape": { "type": "layer", "layer": "mask", "channel": channel }, "inverted": inverted } })
            ),
        ])
    };
    for channel in ["alpha", "luminance"] {
        let svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">
            <linearGradient id="ramp"><stop stop-color="#102080"/><stop offset="1" stop-color="#f0e060"/></linearGradient>
            <mask id="mask" mask-type="{channel}" maskUnits="userSpaceOnUse" x="0" y="0" width="{WIDTH}" height="{HEIGHT}">
            <rect x="80" y="20" width="200" height="120" fill="url(#ramp)" opacity="0.9"/></mask>
            <rect width="{WIDTH}" height="{HEIGHT}" fill="#3d5a6c"/>
            <rect x="20" y="30" width="240" height="140" fill="#ff8040" fill-opacity="0.75294" mask="url(#mask)"/></svg>"##
        );
        let tree = usvg::Tree::from_str(&svg, &usvg::Options::default()).unwrap();
        let mut theirs = Pixmap::new(WIDTH as u32, HEIGHT as u32).unwrap();
        resvg::render(&tree, usvg::Transform::identity(), &mut theirs.as_mut());
        let ours = compositor(scene(channel, false)).picture();
        let off = ours.data.iter().zip(theirs.data()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        println!("{off} (of {SVG_TOLERANCE}) a mask by {channel}");
        assert!(off <= SVG_TOLERANCE, "a mask by {channel} differs by {off}");
        // What one mask shows, its inversion hides.
        let inverted = compositor(scene(channel, true)).picture();
        assert_ne!(ours.data, inverted.data);
    }
}

#[test]
fn a_picture_that_stays_the_same_is_not_drawn_again() {
    let animation = json!([{ "property": "transform.position.x", "from": 0, "to": 100, "duration": 10 }]);
    let mut moving = badge("moving", json!([{ "type": "blur", "radius": 4 }]), at(0.0, 20.0), json!({}));
    moving["animations"] = animation;
    let mask = json!({ "shape": { "type": "layer", "layer": "moving" } });
    let layers = json!([
        moving,
        layer("seen", plate(200.0, 60.0, "#ffffff"), json!({ "transform": at(0.0, 100.0) })),
        layer("masked", plate(300.0, 80.0, "#00e0c0"), json!({ "mask": mask, "transform": at(0.0, 10.0) }))
    ]);
    let mut compositor = compositor(layers);
    compositor.tick(1, 0.5);
    for tick in 2..10 {
        let report = compositor.tick(tick, tick as f64 / 2.0);
        assert!(report.frame.is_some(), "the group moves");
        assert_eq!(report.rasterised, 0, "only where it is laid down has changed");
    }
    // Its member changes: the member, the group's picture, and the mask that is made of it.
    let patch = json!({ "content": { "color": "#00ff00" } });
    compositor.submit(1, vec![Edit::PatchLayer { id: id("moving-back"), patch }]);
    let report = compositor.tick(10, 5.0);
    assert!(report.outcomes[0].1.is_ok());
    assert_eq!(report.rasterised, 3);
    compositor.submit(2, vec![Edit::PatchLayer { id: id("seen"), patch: json!({ "opacity": 0.5 }) }]);
    let report = compositor.tick(11, 5.0);
    assert!(report.frame.is_some());
    assert_eq!(report.rasterised, 0);
}

#[test]
fn a_group_whose_drawing_panics_shows_a_card() {
    let mut group = badge("group", json!([{ "type": "dropShadow" }]), at(40.0, 20.0), json!({}));
    group["transform"]["scale"] = json!({ "x": 3, "y": 3 });
    let mut compositor = compositor(json!([group]));
    compositor.inject_faults(|layer| layer == "group");
    let patch = json!({ "content": { "color": "#00ff00" } });
    compositor.submit(1, vec![Edit::PatchLayer { id: id("group-back"), patch }]);
    let report = compositor.tick(1, 0.1);
    assert_eq!(report.render.panics, 1);
    drawn(&compositor).assert_golden("group_card");
    compositor.inject_faults(|_| false);
    let shown = |compositor: &systems::Compositor| compositor.picture().data;
    let card = shown(&compositor);
    for tick in 2..30 {
        compositor.tick(tick, 0.1);
    }
    assert_ne!(shown(&compositor), card, "it is tried again");
}

#[test]
fn edits_cannot_take_a_mask_away_from_a_layer_or_make_it_need_itself() {
    let mask = |of: &str| json!({ "shape": { "type": "layer", "layer": of } });
    let mut compositor = compositor(json!([
        layer("stencil", plate(20.0, 20.0, "#ffffff"), json!({})),
        layer("picture", plate(40.0, 40.0, "#ff0000"), json!({ "mask": mask("stencil") })),
    ]));
    let mut tick = 0;
    let mut submit = |edits: Vec<Edit>| {
        tick += 1;
        compositor.submit(tick, edits);
        compositor.tick(tick, 0.0).outcomes.remove(0).1.map_err(|rejected| rejected.reason)
    };
    let mut faults = |edits: Vec<Edit>| match submit(edits) {
        Err(EditRejected::Invalid { faults }) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        other => panic!("{other:?}"),
    };
    let patch = |name: &str, mask: Value| Edit::PatchLayer { id: id(name), patch: json!({ "mask": mask }) };
    assert_eq!(
        faults(vec![Edit::DeleteLayer { id: id("stencil") }]),
        "/layers/0/mask/shape/layer: found `\"stencil\"`, expected the id of another layer of the scene"
    );
    assert_eq!(
        faults(vec![patch("picture", mask("stencl"))]),
        "/mask/shape/layer: found `\"stencl\"`, expected the id of another layer of the scene; did you mean `\"stencil\"`?"
    );
    let told = faults(vec![patch("stencil", mask("picture"))]);
    assert!(told.contains("/mask/shape/layer: found `\"picture\"`, whose picture needs that of this layer"), "{told}");
    assert!(submit(vec![patch("picture", Value::Null), Edit::DeleteLayer { id: id("stencil") }]).is_ok());
}
