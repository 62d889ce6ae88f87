//! The admin page: everything on it is used as a person would use it, and is seen in the program's picture.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "../support/page.rs"]
mod page;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/service.rs"]
mod service;

mod access;
mod layers;
mod looks;
mod outputs;
mod properties;
mod show;
mod shown;

use page::Page;
use process::wait_for;
use serde_json::Value;
use service::{PATIENCE, Service};

/// Two boxes, the blue one over a corner of the red one; text; a group; a timeline, two triggers and a tone.
const STAGE: &str = r##"{
    "name": "Stage",
    "canvas": { "width": 640, "height": 360, "background": "#000000" },
    "audio": { "tracks": [{ "id": "tone", "source": { "type": "tone", "frequency": 440 } }] },
    "layers": [
        {
            "id": "red", "transform": { "position": { "x": 40, "y": 40 } },
            "content": { "type": "color", "color": "#ff0000", "size": { "width": 160, "height": 160 } }
        },
        {
            "id": "blue", "transform": { "position": { "x": 120, "y": 120 } },
            "content": { "type": "color", "color": "#0000ff", "size": { "width": 160, "height": 160 } }
        },
        {
            "id": "words", "name": "Words", "transform": { "position": { "x": 360, "y": 40 } },
            "content": { "type": "text", "text": "Hello", "font": { "size": 40 }, "fill": "#ffffff" }
        },
        {
            "id": "box", "name": "Box", "content": { "type": "group" },
            "children": [{
                "id": "green", "transform": { "position": { "x": 440, "y": 200 } },
                "content": { "type": "color", "color": "#00ff00", "size": { "width": 80, "height": 80 } }
            }]
        }
    ],
    "timelines": [{
        "id": "sweep", "autoplay": false,
        "steps": [{ "type": "animate", "layer": "green",
            "animation": { "property": "transform.position.x", "from": 440, "to": 540, "duration": 30 } }]
    }],
    "triggers": [{
        "on": { "type": "event", "name": "whiten" },
        "do": [{ "type": "set", "layer": "green", "patch": { "content": { "color": "#ffffff" } } }]
    }, {
        "id": "blacken", "on": { "type": "schedule", "cron": "0 0 1 1 *" },
        "do": [{ "type": "set", "layer": "green", "patch": { "content": { "color": "#000000" } } }]
    }]
}"##;

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const BLACK: [u8; 3] = [0, 0, 0];
const WHITE: [u8; 3] = [255, 255, 255];

/// Where only red is, where red and blue overlap, where only blue is, where green is.
const ON_RED: (u32, u32) = (60, 60);
const ON_BOTH: (u32, u32) = (160, 160);
const ON_BLUE: (u32, u32) = (260, 260);
const ON_GREEN: (u32, u32) = (480, 240);

fn start(variables: &[(&str, &str)]) -> Service {
    let all = [&[("SCENE", "stage.jsonc"), ("STREAM_RESOLUTION", "640x360"), ("TARGET_FPS", "15")], variables].concat();
    Service::start(&all, &[("stage.jsonc", STAGE)])
}

fn open(service: &Service) -> Page {
    let page = Page::open(&service.url("/"));
    page.wait("document.body.dataset.connection === 'open'");
    page
}

/// Waits until the program's picture has this colour at a place.
#[track_caller]
fn seen(service: &Service, (x, y): (u32, u32), color: [u8; 3]) {
    wait_for(&format!("{color:?} at {x}, {y}"), PATIENCE, || {
        let (_, picture) = service.picture();
        let found = picture.get_pixel(x, y).0;
        (0..3).all(|channel| found[channel].abs_diff(color[channel]) < 12).then_some(())
    });
}

/// Waits until what the API tells of a layer has this value.
#[track_caller]
fn told(service: &Service, layer: &str, pointer: &str, value: &Value) {
    wait_for(&format!("{layer}{pointer} to be {value}"), PATIENCE, || {
        let layer = service.get(&format!("/api/stream/layers/{layer}"));
        (layer.status == 200 && layer.json().pointer(pointer) == Some(value)).then_some(())
    });
}

/// The ids of the layers in document order.
fn order(service: &Service) -> Vec<String> {
    let layers = service.json("/api/stream/layers");
    let ids = layers["layers"].as_array().unwrap().iter().map(|layer| layer["id"].as_str().unwrap().to_owned());
    ids.collect()
}

fn row(id: &str) -> String {
    format!(".row[data-key=\"{id}\"]")
}

/// The pixel of the preview at a place of the canvas.
fn previewed(page: &Page, (x, y): (u32, u32)) -> Value {
    page.run(&format!(
        "const preview = document.getElementById('preview'); const scale = preview.width / 640;\
         return [...preview.getContext('2d').getImageData({x} * scale, {y} * scale, 1, 1).data].slice(0, 3);"
    ))
}

#[track_caller]
fn shown(page: &Page, place: (u32, u32), color: [u8; 3]) {
    wait_for(&format!("{color:?} at {place:?} in the preview"), PATIENCE, || {
        let found = previewed(page, place);
        (0..3).all(|channel| (found[channel].as_i64().unwrap() - i64::from(color[channel])).abs() < 24).then_some(())
    });
}
