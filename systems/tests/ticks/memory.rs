//! Bytes that the pictures of layers take, however large the layers are: what can be seen bounds them.

use components::Edit;
use serde_json::{Value, json};
use systems::TickReport;

use crate::stage::*;

/// What the pictures of seen layers may take on these frames, the setting being lower.
const SEEN: u64 = 12 * (WIDTH * HEIGHT * 4) as u64;

/// The scene, drawn with hardly any memory for pictures that are not seen; and the report of a second tick, by which
/// nothing changes.
fn drawn(layers: Value) -> (Stage, TickReport) {
    let mut stage = Stage::new(SETTINGS);
    stage.compositor.set_raster_memory(1);
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(layers)) }]);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    let second = stage.tick();
    assert_still(&second);
    assert_eq!(second.rasters.bytes, report.rasters.bytes);
    (stage, report)
}

fn rounded(id: &str, (width, height): (u32, u32), fill: &str) -> Value {
    json!({ "id": id, "content": { "type": "shape", "fill": fill,
        "geometry": { "type": "roundedRect", "width": width, "height": height, "radius": 30 } } })
}

#[test]
fn masks_that_are_much_larger_than_the_frame_take_what_is_seen_of_them() {
    let mut layers = Vec::new();
    for n in 0..8 {
        let mut mask = block(&format!("mask-{n}"), "#ffffff", (20 + n, 10), (9000, 8000));
        mask["visible"] = json!(false);
        let mut masked = block(&format!("masked-{n}"), "#00ff00", (0, 0), (128, 96));
        masked["mask"] = json!({ "shape": { "type": "layer", "layer": format!("mask-{n}") } });
        layers.extend([mask, masked]);
    }
    let (stage, report) = drawn(json!(layers));
    assert!(report.rasters.bytes <= SEEN, "{} bytes", report.rasters.bytes);
    assert_eq!(
        (stage.pixel(10, 50), stage.pixel(19, 50), stage.pixel(20, 50)),
        ([0, 0, 0, 255], [0, 0, 0, 255], GREEN)
    );
}

#[test]
fn shapes_that_are_much_larger_than_the_frame_take_what_is_seen_of_them() {
    let place = |mut layer: Value, n: i32| {
        layer["transform"] = json!({ "position": { "x": -3000 + n, "y": -3000 }, "rotation": n % 3 });
        layer
    };
    let layers: Vec<_> = (0..12).map(|n| place(rounded(&format!("shape-{n}"), (9000, 8000), "#ff0000"), n)).collect();
    let (stage, report) = drawn(json!(layers));
    assert!(report.rasters.bytes <= SEEN, "{} bytes", report.rasters.bytes);
    assert_eq!((stage.pixel(2, 2), stage.pixel(127, 95)), (RED, RED));
}

/// More layers than there is memory for, each no larger than the frame, some of them in groups: softer, and told.
#[test]
fn where_all_that_is_seen_takes_too_much_it_is_drawn_smaller() {
    let scene = |count: usize| {
        let one = |n: usize| {
            let layer = rounded(&format!("shape-{n}"), (128, 96), "#ff000080");
            let effects = json!([{ "type": "dropShadow", "radius": 2 }]);
            let group = json!({ "id": format!("group-{n}"), "content": { "type": "group" }, "effects": effects, "children": [layer] });
            if n.is_multiple_of(4) { group } else { layer }
        };
        json!((0..count).map(one).collect::<Vec<_>>())
    };
    let (stage, few) = drawn(scene(6));
    assert_eq!(few.rasters.reduced, 0, "{:?}", few.rasters);
    let sharp = stage.pixel(64, 48);
    let (mut stage, many) = drawn(scene(30));
    assert!(many.rasters.reduced >= 30 && many.rasters.bytes <= SEEN, "{:?}", many.rasters);
    assert!(stage.pixel(64, 48)[0] >= sharp[0]);
    // With more memory they are as sharp as they can be.
    stage.compositor.set_raster_memory(100 << 20);
    stage.edit(vec![patch("shape-1", json!({ "opacity": 0.5 }))]);
    let report = stage.tick();
    assert_eq!(report.rasters.reduced, 0, "{:?}", report.rasters);
    assert!(report.rasters.bytes > SEEN);
}

/// What is cut out looks like the same part of the whole.
#[test]
fn a_part_looks_like_the_whole() {
    let effects = [
        json!([]),
        json!([{ "type": "dropShadow", "radius": 6, "offset": { "x": 4, "y": -5 } }]),
        json!([{ "type": "outline", "width": 3, "color": "#ffff00" }, { "type": "glow", "radius": 4 }]),
    ];
    let stroke = json!({ "paint": "#0000ff", "width": 5 });
    let hidden = |mut layer: Value| {
        layer["visible"] = json!(false);
        layer
    };
    let mut scenes: Vec<Box<dyn Fn((u32, u32)) -> Value>> = Vec::new();
    for effects in effects {
        for turned in [0, 20] {
            let (effects, stroke) = (effects.clone(), stroke.clone());
            scenes.push(Box::new(move |size| {
                let mut layer = rounded("layer", size, "#ff0000");
                layer["content"]["stroke"] = stroke.clone();
                layer["effects"] = effects.clone();
                layer["transform"] = json!({ "position": { "x": 40, "y": 30 }, "rotation": turned });
                json!([layer])
            }));
        }
    }
    scenes.push(Box::new(|size| {
        let group = json!({ "id": "group", "content": { "type": "group" }, "effects": [{ "type": "blur", "radius": 3 }],
            "transform": { "position": { "x": 40, "y": 30 } }, "children": [rounded("layer", size, "#ff0000")] });
        json!([group])
    }));
    scenes.push(Box::new(move |size| {
        let mut mask = hidden(rounded("mask", size, "#ffffff"));
        mask["transform"] = json!({ "position": { "x": 40, "y": 30 } });
        let mut layer = block("layer", "#ff0000", (0, 0), (128, 96));
        layer["mask"] = json!({ "shape": { "type": "layer", "layer": "mask" }, "feather": 20 });
        json!([mask, layer])
    }));
    for (number, scene) in scenes.iter().enumerate() {
        let small = Stage::with(scene((140, 120))).compositor.picture().data;
        let (large, report) = drawn(scene((9000, 8000)));
        assert!(report.rasters.bytes < SEEN);
        // The far edges of the small one are seen where it is turned.
        let seen = |at: usize| at % WIDTH < 100 && at / WIDTH < 80;
        let large = large.compositor.picture().data;
        let pairs = small.as_chunks::<4>().0.iter().zip(large.as_chunks::<4>().0).enumerate();
        let differences =
            pairs.filter(|(at, _)| seen(*at)).map(|(_, (a, b))| a[0].abs_diff(b[0]).max(a[2].abs_diff(b[2])));
        let worst = differences.max().unwrap();
        assert!(worst <= 2, "scene {number} differs by {worst}");
    }
}

/// Its picture goes further than what is seen: it is not drawn anew on each tick.
#[test]
fn a_large_layer_that_moves_is_drawn_from_time_to_time() {
    let mut layer = rounded("layer", (9000, 8000), "#ff0000");
    layer["animations"] = json!([{ "property": "transform.position.x", "from": -4000, "to": -4200, "duration": 20 }]);
    let mut stage = Stage::with(json!([layer]));
    let drawn: usize = (0..100).map(|_| stage.tick().rasterised).sum();
    assert!((1..=30).contains(&drawn), "{drawn} times");
    assert_eq!((stage.pixel(0, 50), stage.pixel(127, 50)), (RED, RED));
}

/// A box stands on the same pixels whether it is large or not.
#[test]
fn the_edges_of_a_box_do_not_depend_on_its_size() {
    let picture = |(width, height): (u32, u32), place: (f64, f64)| {
        let mut layer = block("box", "#ffffff", (0, 0), (width, height));
        layer["transform"]["position"] = json!({ "x": place.0, "y": place.1 });
        Stage::with(json!([layer])).compositor.picture().data
    };
    for place in [(30.5, 20.5), (30.4, 20.6), (30.0, 20.0)] {
        assert!(picture((120, 100), place) == picture((1200, 1000), place), "at {place:?}");
        assert!(picture((120, 100), place) == picture((20_000, 30_000), place), "at {place:?}");
    }
}
