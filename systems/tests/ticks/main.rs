//! What a tick does, seen from outside: what is drawn and what is not, what is refused, and what clients are told.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

mod background;
mod costs;
mod crowd;
mod edits;
mod held;
mod memory;
mod pictures;
#[path = "../support/random.rs"]
mod random;
mod scaling;
mod stage;
mod stakes;
mod strokes;
mod workers;

use std::{path::PathBuf, sync::Arc, time::Instant};

use bevy_ecs::{
    schedule::{LogLevel, ScheduleBuildSettings},
    world::World,
};
use components::{Edit, SceneDocument};
use image::{Rgba, RgbaImage};
use serde_json::json;
use stage::*;
use systems::{CompositorSettings, schedule::tick_schedule};

#[test]
fn no_two_systems_of_a_tick_may_run_in_either_order() {
    let mut schedule = tick_schedule();
    schedule.set_build_settings(ScheduleBuildSettings {
        ambiguity_detection: LogLevel::Error,
        ..ScheduleBuildSettings::default()
    });
    schedule.initialize(&mut World::new()).unwrap();
}

#[test]
fn a_still_scene_is_drawn_once() {
    let mut stage = Stage::new(SETTINGS);
    let mut moving = block("moving", "#00f", (0, 0), (20, 20));
    moving["animations"] = json!([{ "property": "transform.position.x", "from": 0, "to": 50, "duration": 0.5 }]);
    let group = json!({
        "id": "group", "opacity": 0.5, "mask": { "shape": { "type": "ellipse", "width": 60, "height": 60 } },
        "content": { "type": "group" }, "children": [block("inside", "#f00", (0, 0), (40, 40))],
    });
    let text = json!({ "id": "text", "content": { "type": "text", "text": "still" }, "blend": "screen" });
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!([moving, group, text]))) }]);
    assert_eq!((report.damage.len(), report.layer_count, report.starved), (report.damage.capacity(), 4, false));
    assert_eq!(report.frame.map(|frame| frame.tick), Some(0));
    assert_eq!(report.diff.map(|diff| diff.seq), Some(1));
    // The last step of the movement, and the tick on which what has ended stands on whole pixels.
    for _ in 1..=6 {
        assert!(stage.tick().diff.is_none());
    }
    for _ in 0..3 {
        let report = stage.tick();
        assert_still(&report);
        assert!(report.diff.is_none());
    }
    // What is written anew as it was is no change either.
    let report = stage.edit(vec![patch("text", json!({ "opacity": 1 }))]);
    assert!(report.outcomes[0].1.is_ok() && report.diff.is_none());
    assert_still(&report);
}

#[test]
fn what_cannot_be_seen_is_not_rasterised_until_it_can() {
    let full = (WIDTH as u32, HEIGHT as u32);
    let mut hidden = block("hidden", "#0f0", (8, 8), (20, 20));
    hidden["visible"] = json!(false);
    hidden["zIndex"] = json!(2);
    let mut stage = Stage::new(SETTINGS);
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!([
        block("below", "#ff0", (0, 0), full),
        { "id": "group", "opacity": 0.9, "content": { "type": "group" }, "children": [block("member", "#ff0", (4, 4), (50, 50))] },
        block("cover", "#f00", (0, 0), full),
        block("outside", "#0f0", (500, 10), (20, 20)),
        hidden,
    ]))) }]);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert_eq!(
        (report.rasterised, stage.pixel(10, 10)),
        (1 + 1, RED),
        "only the cover, and the group, which has no mask"
    );

    let report = stage.edit(vec![patch("below", json!({ "content": { "color": "#0f0" } }))]);
    assert!(report.diff.is_some());
    assert_still(&report);

    let report = stage.edit(vec![patch("hidden", json!({ "visible": true }))]);
    assert_eq!((report.rasterised, report.damage.len(), stage.pixel(10, 10)), (1, 1, GREEN));
    let report = stage.edit(vec![patch("outside", json!({ "transform": { "position": { "x": 70 } } }))]);
    assert_eq!((report.rasterised, stage.pixel(80, 20)), (1, GREEN));

    // What was hidden changed in the meantime.
    let report = stage.edit(vec![patch("cover", json!({ "visible": false }))]);
    assert_eq!((report.damage.len(), stage.pixel(100, 90)), (report.damage.capacity(), GREEN));
    assert_eq!(report.rasterised, 2, "what was below, and the member of the group");
    // Pictures are kept while they are out of sight.
    for (layer, visible) in [("cover", true), ("cover", false), ("hidden", false), ("hidden", true)] {
        let report = stage.edit(vec![patch(layer, json!({ "visible": visible }))]);
        assert_eq!(report.rasterised, 0, "{layer}: {visible}");
    }
}

#[test]
fn a_cover_that_is_not_opaque_everywhere_hides_nothing() {
    let full = (WIDTH as u32, HEIGHT as u32);
    let mut stage = Stage::with(json!([block("below", "#0f0", (0, 0), full), block("cover", "#f00", (0, 0), full)]));
    for change in [
        json!({ "opacity": 0.5 }),
        json!({ "opacity": 1, "blend": "screen" }),
        json!({ "blend": "normal", "mask": { "shape": { "type": "ellipse", "width": 90, "height": 90 } } }),
        json!({ "mask": null, "transform": { "position": { "x": 0.5 } } }),
        json!({ "transform": { "position": { "x": 0 }, "rotation": 3 } }),
        json!({ "transform": { "rotation": 0 }, "effects": [{ "type": "blur", "radius": 2 }] }),
        json!({ "effects": [], "content": { "color": "#f00c" } }),
    ] {
        stage.edit(vec![patch("cover", change.clone())]);
        let [_, green, ..] = stage.pixel(0, 0);
        assert!(green > 0 || change["transform"]["position"]["x"] == 0.5, "{change}: {:?}", stage.pixel(0, 0));
    }
    stage.edit(vec![patch("cover", json!({ "content": { "color": "#f00" } }))]);
    assert_eq!(stage.pixel(0, 0), RED);
}

#[test]
fn a_frame_that_no_buffer_was_free_for_comes_later() {
    let mut stage = Stage::new(CompositorSettings { pool_size: 1, ..SETTINGS });
    let scene = document(json!([block("box", "#f00", (0, 0), (30, 30))]));
    let held = stage.edit(vec![Edit::LoadScene { scene: Box::new(scene) }]).frame;
    assert!(held.is_some());
    let report = stage.edit(vec![patch("box", json!({ "transform": { "position": { "x": 70, "y": 60 } } }))]);
    assert!(report.starved && report.frame.is_none() && !report.damage.is_empty());
    assert_eq!((stage.pixel(0, 0), stage.pixel(71, 61)), ([0, 0, 0, 255], RED), "the canvas itself is up to date");
    // Still held, and more changes.
    let report = stage.edit(vec![patch("box", json!({ "transform": { "position": { "x": 90 } } }))]);
    assert!(report.starved && report.frame.is_none());
    let report = stage.tick();
    assert!(report.starved && report.damage.is_empty());

    drop(held);
    let report = stage.tick();
    assert!(!report.starved && report.damage.is_empty());
    let late = report.frame.expect("a buffer is free again");
    assert_eq!(late.damage.len(), 3, "the tiles of all that was missed");
    let data = late.data().to_vec();
    drop(late);
    stage.compositor.redraw();
    let full = stage.tick().frame.expect("a full redraw makes a frame");
    assert!(full.data() == data, "the late frame is not the whole picture");
    drop(full);
    assert_still(&stage.tick());
}

#[test]
fn threads_of_an_encoder_may_hold_frames_of_the_past() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (30, 30))]));
    let mut held = Vec::new();
    for x in [40, 80] {
        let report = stage.edit(vec![patch("box", json!({ "transform": { "position": { "x": x } } }))]);
        let frame = report.frame.expect("the box moved");
        held.push((Arc::clone(&frame), frame.data().to_vec()));
    }
    stage.edit(vec![patch("box", json!({ "opacity": 0 }))]);
    for (frame, data) in held {
        assert!(frame.data() == data, "frame {} was written while it was held", frame.tick);
    }
}

#[test]
fn pictures_are_drawn_once_they_are_there() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ticks_assets");
    std::fs::create_dir_all(&folder).unwrap();
    RgbaImage::from_pixel(30, 20, Rgba(GREEN)).save(folder.join("green.png")).unwrap();
    let scene = SceneDocument {
        folder,
        ..serde_json::from_value(json!({
            "canvas": { "width": WIDTH, "height": HEIGHT },
            "assets": [
                { "id": "green", "type": "image", "path": "green.png" },
                { "id": "missing", "type": "image", "path": "missing.png" },
            ],
            "layers": [
                { "id": "green", "content": { "type": "image", "asset": "green" },
                  "transform": { "position": { "x": 10, "y": 10 } } },
                { "id": "missing", "content": { "type": "image", "asset": "missing", "size": { "width": 60, "height": 30 } },
                  "transform": { "position": { "x": 64, "y": 64 } } },
            ],
        }))
        .unwrap()
    };
    let mut stage = Stage::new(SETTINGS);
    stage.edit(vec![Edit::LoadScene { scene: Box::new(scene.clone()) }]);
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage.tick();
    assert_eq!((stage.pixel(9, 10), stage.pixel(10, 10), stage.pixel(39, 29)), ([0, 0, 0, 255], GREEN, GREEN));
    assert_ne!(stage.pixel(90, 80), [0, 0, 0, 255], "a card tells of the picture that is missing");
    assert_still(&stage.tick());
    // The same assets in another scene are not loaded again, and there at once.
    stage.edit(vec![Edit::LoadScene { scene: Box::new(scene) }]);
    assert_eq!(stage.pixel(10, 10), GREEN);
}
