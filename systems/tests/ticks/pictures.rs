//! The pictures of layers: how well they are drawn, how long they are kept, and what comes of those that fail.

use std::sync::atomic::{AtomicBool, Ordering};

use components::Edit;
use serde_json::json;
use systems::{CompositorSettings, Quality, RenderQuality};

use crate::stage::*;

#[test]
fn quality_says_where_moving_layers_stand_and_how_precisely_effects_are_drawn() {
    let moving = json!({
        "id": "bar", "content": { "type": "color", "color": "#ffffff", "size": { "width": 20, "height": 20 } },
        "animations": [{ "property": "transform.position.x", "from": 0, "to": 105, "duration": 10 }],
    });
    let mut blurred = block("soft", "#00ff00", (40, 62), (40, 28));
    blurred["effects"] = json!([{ "type": "blur", "radius": 8 }]);
    let greys = |stage: &Stage| {
        let row: Vec<_> = (0..WIDTH).map(|x| stage.pixel(x, 10)).collect();
        row.into_iter().filter(|pixel| pixel[0] != 0 && pixel[0] != 255).count()
    };
    let mut stage = Stage::with(json!([moving, blurred]));
    stage.tick();
    stage.tick();
    assert!(greys(&stage) > 0, "between pixels");
    let fine = stage.pixel(60, 76);
    stage.compositor.set_quality(RenderQuality::all(Quality::Low));
    let report = stage.tick();
    assert_eq!(report.rasterised, 0, "what was drawn better stays");
    assert_eq!(greys(&stage), 0, "on whole pixels");
    stage.edit(vec![patch("soft", json!({ "opacity": 0.999 }))]);
    let coarse = stage.edit(vec![patch("soft", json!({ "content": { "color": "#00ff01" } }))]);
    assert_eq!(coarse.rasterised, 1);
    let drawn = stage.pixel(60, 76);
    assert!(fine[1].abs_diff(drawn[1]) < 24, "{fine:?} is much the same as {drawn:?}");
    stage.compositor.set_quality(RenderQuality::all(Quality::High));
    assert_eq!(stage.tick().rasterised, 1, "drawn anew, precisely");
    assert!(stage.tick().damage.len() < report.damage.len(), "a change of quality draws everything once");
}

#[test]
fn pictures_that_are_not_seen_go_first_when_memory_is_full() {
    // Two of these boxes are more than the memory for pictures.
    let scene: Vec<_> = (0..3).map(|n| block(&format!("box-{n}"), "#ff0000", (0, 0), (100, 80))).collect();
    let mut stage = Stage::with(json!(scene));
    stage.compositor.set_raster_memory(40_000);
    let show = |stage: &mut Stage, seen: usize| {
        let edits = (0..3).map(|n| patch(&format!("box-{n}"), json!({ "visible": n == seen }))).collect();
        stage.edit(edits)
    };
    let mut last = None;
    for seen in [0, 1, 2, 0, 1, 1] {
        let report = show(&mut stage, seen);
        assert_eq!(stage.pixel(50, 40), RED, "what is seen is drawn");
        assert!(report.rasters.bytes <= 40_000, "{:?}", report.rasters);
        last = Some(report.rasters);
    }
    let rasters = last.unwrap();
    assert!(rasters.dropped >= 3 && rasters.misses >= 5, "{rasters:?}");
}

#[test]
fn what_nobody_sees_of_a_large_box_takes_no_memory() {
    let transform = |n: i32| json!({ "position": { "x": -300 + n, "y": -200 }, "anchor": { "x": 0, "y": 0 } });
    let size = json!({ "width": 900, "height": 700 });
    let rect = json!({ "type": "rect", "width": 900, "height": 700 });
    let stops = json!([{ "offset": 0, "color": "#ff0000" }, { "offset": 1, "color": "#0000ff" }]);
    let gradient = json!({ "type": "linear", "angle": 90, "stops": stops });
    let scene = json!([
        { "id": "color", "transform": transform(0), "content": { "type": "color", "color": "#00ff0080", "size": size } },
        { "id": "shape", "transform": transform(320), "content": { "type": "shape", "fill": "#ff0000", "geometry": rect } },
        { "id": "turned", "transform": { "position": { "x": 64, "y": 48 }, "rotation": 20 }, "opacity": 0.5,
            "content": { "type": "shape", "fill": "#0000ff", "geometry": rect } },
        { "id": "ramp", "opacity": 0.5, "transform": transform(-40), "content": { "type": "gradient", "gradient": gradient, "size": size } },
    ]);
    let mut stage = Stage::with(scene);
    let frame = (WIDTH * HEIGHT * 4) as u64;
    let report = stage.tick();
    assert!(report.rasters.bytes < 4 * frame, "{} bytes, {frame} are a frame", report.rasters.bytes);
    for id in ["turned", "ramp", "color"] {
        stage.edit(vec![patch(id, json!({ "visible": false }))]);
    }
    // Its edge lies between the columns 19 and 20, and is sharp.
    assert_eq!((stage.pixel(19, 50), stage.pixel(20, 50)), ([0, 0, 0, 255], RED));
    stage.edit(vec![patch("ramp", json!({ "visible": true, "opacity": 1 }))]);
    // It is whole up to its edges, and nothing comes after.
    let edge = json!({ "position": { "x": -4000 + 64, "y": -3000 + 48 } });
    let large = json!({ "size": { "width": 4001, "height": 3001 } });
    let hidden = json!({ "visible": false });
    stage.edit(vec![patch("shape", hidden), patch("ramp", json!({ "transform": edge, "content": large }))]);
    let inside = stage.pixel(30, 40);
    assert!(inside[2] > 250, "{inside:?}");
    for (x, y) in [(62, 40), (30, 46), (62, 46)] {
        let pixel = stage.pixel(x, y);
        assert!(pixel.iter().zip(inside).all(|(a, b)| a.abs_diff(b) <= 6), "{x},{y}: {pixel:?}, inside {inside:?}");
    }
    for (x, y) in [(68, 40), (30, 52)] {
        assert_eq!(stage.pixel(x, y), [0, 0, 0, 255], "{x},{y}");
    }
    stage.edit(vec![patch("ramp", json!({ "transform": transform(-40), "content": { "size": size } }))]);
    // From red to blue over 900 pixels, of which the first that is seen is the 341st.
    let [red, _, blue, _] = stage.pixel(0, 50);
    assert!(red.abs_diff(158) <= 2 && blue.abs_diff(97) <= 2, "{red}, {blue}");
}

#[test]
fn a_panic_costs_one_layer_and_only_as_long_as_it_lasts() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    for threads in [1, 4] {
        BROKEN.store(true, Ordering::Relaxed);
        let mut stage = Stage::new(CompositorSettings { threads: Some(threads), ..SETTINGS });
        stage.compositor.inject_faults(|layer| layer == "bad" && BROKEN.load(Ordering::Relaxed));
        let words = json!({ "id": "words", "content": { "type": "text", "text": "Hi", "font": { "size": 20 } } });
        let scene = [block("bad", "#00ff00", (64, 0), (40, 40)), block("good", "#ff0000", (0, 50), (40, 40)), words];
        stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!(scene))) }]);
        assert_eq!(stage.pixel(20, 70), RED, "other layers are drawn");
        let card = stage.pixel(84, 37);
        assert_ne!(card, GREEN);
        assert_ne!(card, [0, 0, 0, 255], "a card stands in its place");
        let mut panics = vec![];
        for _ in 0..120 {
            panics.push(stage.tick().render.panics);
        }
        assert_eq!(panics[0], 1, "counted, and not tried again at once");
        assert_eq!(panics[119], 4, "tried again after 15, 30, 60 ticks");
        BROKEN.store(false, Ordering::Relaxed);
        for _ in 0..120 {
            assert_eq!(stage.tick().render.panics, 4);
        }
        assert_eq!(stage.pixel(84, 37), GREEN, "it is back");
        assert_eq!(stage.pixel(20, 70), RED);
    }
}

/// The text shows why, all else goes on, and it is counted.
#[test]
fn a_font_that_cannot_be_read_costs_the_texts_that_ask_for_it() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("unreadable-font");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("brand.ttf"), "this is no font").unwrap();
    let words = |id: &str, y: i32, family: &str| {
        json!({ "id": id, "transform": { "position": { "x": 0, "y": y }, "anchor": { "x": 0, "y": 0 } }, "content": { "type": "text",
            "text": "WWWW", "width": 128, "height": 40, "fill": "#00ff00", "font": { "family": family, "size": 30 } } })
    };
    let mut scene = document(json!([words("brand", 0, "Brand"), words("plain", 50, "Inter")]));
    scene.folder = folder;
    scene.assets = serde_json::from_value(json!([{ "id": "brand", "type": "font", "path": "brand.ttf" }])).unwrap();
    let mut stage = Stage::new(SETTINGS);
    stage.edit(vec![Edit::LoadScene { scene: Box::new(scene) }]);
    assert!(stage.compositor.finish_loading(std::time::Instant::now() + DEADLINE));
    let report = stage.tick();
    assert_eq!((report.assets.failed, report.assets.errors), (1, 1));
    let greens = |stage: &Stage, rows: std::ops::Range<usize>| {
        rows.flat_map(|y| (0..WIDTH).map(move |x| (x, y))).filter(|(x, y)| stage.pixel(*x, *y) == GREEN).count()
    };
    assert_eq!(greens(&stage, 0..40), 0, "a card stands in its place");
    assert_ne!(stage.pixel(64, 38), [0, 0, 0, 255]);
    assert!(greens(&stage, 50..90) > 20, "others are set as they are");
    stage.edit(vec![patch("brand", json!({ "content": { "font": { "family": "Inter" } } }))]);
    assert!(greens(&stage, 0..40) > 20, "another font mends it");
}
