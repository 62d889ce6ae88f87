//! A layer that cannot be drawn costs itself only: the stream plays on, the layer says what is wrong, and it is counted.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use image::RgbImage;
use process::wait_for;
use serde_json::json;
use service::{PATIENCE, Service};

const SMALL: (&str, &str) = ("STREAM_RESOLUTION", "640x360");

/// Four layers in the corners of which three cannot be drawn as they should, one at the top that is too large, and a bar
/// that moves between them.
fn scene() -> String {
    let box_at = |x: i32, y: i32| json!({ "position": { "x": x, "y": y } });
    let size = json!({ "width": 200, "height": 120 });
    json!({
        "canvas": { "width": 640, "height": 360, "background": "#000000" },
        "assets": [
            { "id": "broken", "type": "image", "path": "broken.png" },
            { "id": "missing", "type": "image", "path": "missing.png" },
            { "id": "huge", "type": "animatedImage", "path": "huge.gif" },
            { "id": "letters", "type": "font", "path": "letters.ttf" },
            { "id": "cut", "type": "font", "path": "cut.otf" },
            { "id": "folder", "type": "font", "path": "folder.ttf" },
        ],
        "layers": [
            { "id": "broken", "content": { "type": "image", "asset": "broken", "size": size } },
            { "id": "missing", "transform": box_at(440, 0), "content": { "type": "image", "asset": "missing", "size": size } },
            { "id": "huge", "transform": box_at(220, 0), "content": { "type": "animatedImage", "asset": "huge", "size": size } },
            {
                "id": "words", "transform": box_at(0, 240),
                "content": { "type": "text", "text": "Still readable", "font": { "family": "Letters", "size": 28 } },
            },
            { "id": "poisoned", "transform": box_at(440, 240), "content": { "type": "color", "color": "#00ff00", "size": size } },
            {
                "id": "bar", "transform": box_at(0, 170),
                "content": { "type": "color", "color": "#ffffff", "size": { "width": 20, "height": 20 } },
                "animations": [{
                    "property": "transform.position.x", "from": 0, "to": 600, "duration": 3, "repeat": "forever",
                }],
            },
        ],
    })
    .to_string()
}

const BROKEN: &str = "\u{89}PNG\r\n\u{1a}\n this is no picture";

/// A GIF of 65535 x 65535 pixels: 17 GB if anybody decoded it.
const HUGE: &[u8] = b"GIF89a\xff\xff\xff\xff\0\0\0\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x01\x04\0\x3b";

/// A font that is one.
const FONT: &[u8] = include_bytes!("../systems/assets/fonts/Inter-Bold.otf");

/// How many pixels are not black in a box of this size.
fn painted(picture: &RgbImage, (left, top): (u32, u32), (width, height): (u32, u32)) -> usize {
    let columns = left..left + width;
    columns.flat_map(|x| (top..top + height).map(move |y| (x, y))).filter(|at| picture[*at].0 != [0, 0, 0]).count()
}

fn start(variables: &[(&str, &str)]) -> Service {
    let variables: Vec<_> = [SMALL, ("SCENE", "scene.json")].iter().chain(variables).copied().collect();
    let folder = tempfile::tempdir().unwrap();
    let scene = scene();
    let files: [(&str, &[u8]); 5] = [
        ("scene.json", scene.as_bytes()),
        ("broken.png", BROKEN.as_bytes()),
        ("huge.gif", HUGE),
        ("letters.ttf", b"no font"),
        ("cut.otf", &FONT[..FONT.len() / 50]),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    // What is a folder cannot be read at all.
    std::fs::create_dir(folder.path().join("folder.ttf")).unwrap();
    let mut service = Service::launch_in(folder.into(), &variables, &[]);
    service.wait_until_ready();
    service
}

fn metric(service: &Service, name: &str) -> f64 {
    let text = service.get("/metrics").expect(200).text();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn broken_and_missing_assets_are_told_and_the_rest_plays_on() {
    let service = start(&[]);
    for file in ["broken.png", "missing.png", "huge.gif", "letters.ttf", "cut.otf", "folder.ttf"] {
        service.wait_for_log(file);
    }
    wait_for("the cards and the words", PATIENCE, || {
        let (_, picture) = service.picture();
        let cards = [(0, 0), (220, 0), (440, 0)].iter().all(|at| painted(&picture, *at, (200, 120)) == 200 * 120);
        (cards && painted(&picture, (0, 240), (300, 60)) > 500).then_some(())
    });
    let (_, picture) = service.picture();
    assert_eq!(picture.get_pixel(540, 300).0, [0, 255, 0], "what is whole is drawn");
    service.wait_for_frames(30);
    service.wait_for_output("live", "started");
    assert!(metric(&service, "worker_panics_total{class=\"render\"}") < 1.0);
    assert!(metric(&service, "raster_cache_bytes") > 0.0);
    assert!(metric(&service, "worker_tasks_total{class=\"render\"}") > 0.0);
}

/// Needs the feature `fault-injection`: `make test` runs it with that.
#[cfg(feature = "fault-injection")]
#[test]
fn a_layer_whose_drawing_panics_shows_a_card_and_is_tried_again() {
    let service = start(&[("FAULT_INJECTION", "poisoned")]);
    service.wait_for_log("drawing panicked");
    let (_, picture) = service.picture();
    assert_ne!(picture.get_pixel(540, 300).0, [0, 255, 0]);
    assert_eq!(painted(&picture, (440, 240), (200, 120)), 200 * 120, "a card fills its box");
    let panics = "worker_panics_total{class=\"render\"}";
    wait_for("further tries", PATIENCE, || (metric(&service, panics) >= 3.0).then_some(()));
    service.wait_for_frames(30);
    service.wait_for_output("live", "started");
    let before = service.picture().1;
    let moves = || service.picture().1 != before;
    wait_for("the bar to move", PATIENCE, || moves().then_some(()));
    service.send("PATCH", "/api/stream/layers/broken", &json!({ "opacity": 0.5 })).expect(200);
}

/// Needs the feature `fault-injection`: `make test` runs it with that.
#[cfg(feature = "fault-injection")]
#[test]
fn a_service_that_stands_still_starts_anew_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let door = folder.path().join("door");
    let variables =
        [SMALL, ("WATCHDOG_RESTART", "5"), ("FAULT_STALL", door.to_str().unwrap()), ("MUXER_OUTPUTS", "show.mp4")];
    let mut service = Service::launch_in(tempfile::tempdir().unwrap().into(), &variables, &["--fresh"]);
    service.wait_until_ready();
    let layer = json!({ "id": "kept", "content": { "type": "color", "color": "#00ff00" } });
    service.send("POST", "/api/stream/layers", &layer).expect(201);
    service.wait_for_output("output-1", "started");
    service.wait_for_frames(30);
    let name = |service: &Service| std::fs::read_to_string(format!("/proc/{}/comm", service.id())).unwrap();
    let named = name(&service);
    std::fs::write(&door, "").unwrap();
    service.wait_for_log("no frame was drawn for");
    service.wait_for_log("the service starts anew");
    std::fs::remove_file(&door).unwrap();
    service.wait_until_ready_again(2);
    // By that it is found among others.
    assert_eq!(name(&service), named);
    // Though its flags say that it begins afresh: that was done.
    service.get("/api/stream/layers/kept").expect(200);
    assert!((metric(&service, "watchdog_restarts_total") - 1.0).abs() < 0.1);
    service.wait_for_output("output-1", "started");
    service.wait_for_frames(30);
}
