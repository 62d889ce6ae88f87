//! What is on air, what `snapshot` draws and what `render` writes is the same picture, to the last bit.

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

use std::{
    collections::BTreeMap,
    io::{BufReader, Cursor},
    path::Path,
};

use image::{AnimationDecoder, DynamicImage, RgbImage, codecs::webp::WebPDecoder};
use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service, run};

const FPS: u32 = 10;
/// Frames that are compared, from the beginning of the scene on.
const FRAMES: u32 = 50;
const PICTURE: [(&str, &str); 3] = [("STREAM_RESOLUTION", "320x180"), ("TARGET_FPS", "10"), ("RENDER_QUALITY", "high")];

/// Frames in which the timeline plays, the springs pull, and one scene goes over to the other; and after that.
const PHASES: [std::ops::Range<u32>; 4] = [0..12, 12..20, 20..38, 38..FRAMES];

/// A timeline whose label has a trigger send a ball on a spring, and whose end brings the other scene on air.
fn first() -> Value {
    json!({
        "canvas": { "width": 320, "height": 180, "background": "#12172a" },
        "layers": [
            { "id": "star", "content": { "type": "shape", "fill": "#ffd23f",
                "geometry": { "type": "star", "points": 5, "outerRadius": 40, "innerRadius": 18 } },
              "transform": { "position": { "x": 60, "y": 60 }, "anchor": { "x": 0.5, "y": 0.5 } },
              "effects": [{ "type": "dropShadow", "radius": 4 }] },
            { "id": "ball", "content": { "type": "shape", "fill": "#ff6b6b", "geometry": { "type": "ellipse", "width": 40, "height": 40 } },
              "transform": { "position": { "x": 40, "y": 130 }, "anchor": { "x": 0.5, "y": 0.5 } },
              "transitions": [{ "property": "transform.position", "spring": { "duration": 0.7, "bounce": 0.4 } },
                { "property": "content.fill", "duration": 0.5 }] },
            { "id": "sky", "zIndex": -1, "content": { "type": "shape", "geometry": { "type": "rect", "width": 320, "height": 40 },
                "fill": { "type": "linear", "angle": 90, "stops": [{ "offset": 0, "color": "#205080" }, { "offset": 1, "color": "#12172a" }] } },
              "animations": [{ "property": "content.fill.angle", "to": 270, "duration": 2, "repeat": "forever" }] },
        ],
        "timelines": [{ "id": "show", "steps": [
            { "type": "parallel", "steps": [
                { "type": "animate", "layer": "star", "animation": { "property": "transform.rotation", "to": 180, "duration": 1.15, "easing": "easeOutBack" } },
                { "type": "animate", "layer": "star", "animation": { "property": "transform.position", "to": { "x": 250 }, "spring": { "stiffness": 60, "damping": 9 } } },
                { "type": "sequence", "steps": [
                    { "type": "wait", "seconds": 1.13 }, { "type": "label", "name": "go" }, { "type": "wait", "seconds": 0.85 }] },
            ] },
        ] }, { "id": "stay", "steps": [{ "type": "wait", "seconds": 1.97 }] }],
        "triggers": [
            { "on": { "type": "label", "timeline": "show", "label": "go" }, "do": [
                { "type": "set", "layer": "ball", "patch": { "transform": { "position": { "x": 270, "y": 120 } }, "content": { "fill": "#6bdc8b" } } }] },
            { "on": { "type": "timelineEnd", "timeline": "stay" }, "do": [
                { "type": "activate", "scene": "second", "transition": { "type": "wipe", "shape": "clock", "duration": 1.8, "easing": "easeInOutCubic", "softness": 0.1 } }] },
        ],
    })
}

fn second() -> Value {
    json!({
        "canvas": { "width": 320, "height": 180, "background": "#4fd1c5" },
        "layers": [{ "id": "card", "content": { "type": "color", "color": "#12172a", "size": { "width": 90, "height": 60 } },
            "transform": { "position": { "x": 160, "y": 90 }, "anchor": { "x": 0.5, "y": 0.5 } },
            "animations": [{ "property": "transform.rotation", "to": 360, "duration": 3, "repeat": "forever" }] }],
    })
}

/// The frames of a moving picture, as many as there are ticks.
fn rendered(folder: &Path) -> Vec<RgbImage> {
    let duration = format!("{FRAMES}");
    let arguments =
        ["render", "first.json", "--also", "second.json", "--out", "show.webp", "--lossless", "--frames", &duration];
    let output = run(folder, &arguments, &PICTURE);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = std::fs::read(folder.join("show.webp")).unwrap();
    let decoder = WebPDecoder::new(BufReader::new(Cursor::new(file))).unwrap();
    let mut all = Vec::new();
    for frame in decoder.into_frames() {
        let frame = frame.unwrap();
        let (milliseconds, of) = frame.delay().numer_denom_ms();
        let picture = DynamicImage::ImageRgba8(frame.into_buffer()).into_rgb8();
        all.extend(std::iter::repeat_n(picture, (milliseconds / of / (1000 / FPS)) as usize));
    }
    assert_eq!(all.len(), FRAMES as usize);
    all
}

fn snapshot(folder: &Path, frame: u32) -> RgbImage {
    let at = format!("{}ms", frame * 1000 / FPS);
    let arguments = ["snapshot", "first.json", "--also", "second.json", "--out", "shot.png", "--at", &at];
    let output = run(folder, &arguments, &PICTURE);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    image::open(folder.join("shot.png")).unwrap().into_rgb8()
}

/// The frame on air, with its tick.
fn on_air(service: &Service) -> (u64, RgbImage) {
    let answer = service.get("/api/stream/frame?format=png").expect(200);
    let picture = image::load_from_memory(&answer.body).unwrap().into_rgb8();
    (answer.tick.expect("the tick of the frame"), picture)
}

#[test]
fn what_is_on_air_is_what_snapshots_and_renderings_show() {
    let files = [("first.json", first().to_string()), ("second.json", second().to_string())];
    let idle = json!({ "canvas": { "width": 320, "height": 180 }, "layers": [] }).to_string();
    let files = [("idle.json", idle.as_str()), ("first.json", &*files[0].1), ("second.json", &*files[1].1)];
    let service = Service::start(&[PICTURE.as_slice(), &[("SCENE", "idle.json")]].concat(), &files);
    let folder = service.folder.path();
    for (id, scene) in [("first", first()), ("second", second())] {
        service.send("PUT", &format!("/api/stream/scenes/{id}"), &scene).expect(201);
    }
    // It begins on the tick that the answer names.
    let begun = service
        .send("POST", "/api/stream/scenes/first/activate", &json!({ "transition": { "type": "cut" } }))
        .expect(200);
    let begin = begun.tick.expect("the tick on which it is on air");
    let mut shown: BTreeMap<u32, RgbImage> = BTreeMap::new();
    wait_for("the last frame", PATIENCE, || {
        let (tick, picture) = on_air(&service);
        let frame = u32::try_from(tick.checked_sub(begin)?).unwrap();
        shown.insert(frame, picture);
        (frame >= FRAMES - 1).then_some(())
    });
    shown.retain(|frame, _| *frame < FRAMES);
    let rendered = rendered(folder);
    for (frame, picture) in &shown {
        assert!(*picture == rendered[*frame as usize], "frame {frame} on air is not the one of `render`");
    }
    for phase in PHASES {
        let frames: Vec<u32> = shown.keys().copied().filter(|frame| phase.contains(frame)).collect();
        let middle =
            *frames.get(frames.len() / 2).unwrap_or_else(|| panic!("nobody saw {phase:?}: {:?}", shown.keys()));
        assert!(snapshot(folder, middle) == shown[&middle], "frame {middle} on air is not the one of `snapshot`");
        assert!(frames.windows(2).any(|pair| shown[&pair[0]] != shown[&pair[1]]), "nothing moves in {phase:?}");
    }
}
