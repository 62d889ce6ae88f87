//! A machine that does not keep up draws less carefully, tells so, and draws everything again when it can; sound and picture
//! are together all the while.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/client.rs"]
mod client;
#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;

use std::path::Path;

use client::Client;
use ffprobe::{decode, probe};
use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service};
use sound::{RATE, listen};

/// Seconds by which sound and picture may be apart.
const APART: f64 = 0.04;

/// Layers that each cover all of the picture, turn, and let all others be seen through them.
fn veils() -> Value {
    let layer = |n: usize| {
        json!({
            "id": format!("veil-{n}"), "opacity": 0.5,
            "content": { "type": "color", "color": "#80a0c0", "size": { "width": 1600, "height": 1600 } },
            "transform": { "position": { "x": 640, "y": 360 }, "anchor": { "x": 0.5, "y": 0.5 } },
            "animations": [{
                "property": "transform.rotation", "from": 0, "to": 360, "duration": 7, "repeat": "forever",
            }],
        })
    };
    json!({ "id": "veils", "content": { "type": "group" }, "children": (0..24).map(layer).collect::<Vec<_>>() })
}

fn scene() -> String {
    let canvas = json!({ "width": 1280, "height": 720, "background": "#000000" });
    json!({ "canvas": canvas, "layers": [veils()] }).to_string()
}

/// The same with a lamp on top that is lit for the second half of each second, while a tone is heard.
fn beating_scene() -> String {
    let beat = |property: &str, most: f64| {
        let steps = json!([{ "at": 0, "value": 0, "easing": "step-end" }, { "at": 0.5, "value": most, "easing": "step-end" },
            { "at": 1, "value": 0 }]);
        json!([{ "property": property, "keyframes": steps, "repeat": "forever" }])
    };
    let tone = json!({ "type": "tone", "frequency": 1000 });
    json!({
        "canvas": { "width": 1280, "height": 720, "background": "#000000" },
        "audio": { "tracks": [{ "id": "beep", "source": tone, "volume": 0, "animations": beat("volume", 0.8) }] },
        "layers": [
            veils(),
            { "id": "dark", "content": { "type": "color", "color": "#000000", "size": { "width": 160, "height": 90 } } },
            {
                "id": "lamp", "opacity": 0, "animations": beat("opacity", 1.0),
                "content": { "type": "color", "color": "#ffffff", "size": { "width": 160, "height": 90 } },
            },
        ],
    })
    .to_string()
}

/// A moment at which the lamp is lit: when it is seen dark last, when it is seen lit, and when the tone begins.
#[derive(Debug)]
struct Beat {
    dark: f64,
    lit: f64,
    heard: f64,
}

/// The beats of a recording that were both seen and heard.
fn beats(file: &Path) -> Vec<Beat> {
    let name = file.to_str().unwrap();
    let probed = probe(name, &["-show_entries", "packet=pts_time,codec_type"]).unwrap();
    let times = |kind: &str| -> Vec<f64> {
        let packets = probed["packets"].as_array().unwrap().iter().filter(|packet| packet["codec_type"] == kind);
        packets.map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap()).collect()
    };
    let (shown, begins) = (times("video"), times("audio")[0]);
    let lamp = decode(name, "gray", &["-vf", "crop=64:32:32:32,scale=2:2:flags=area"]);
    assert_eq!(lamp.len(), shown.len() * 4, "a picture for each time");
    let is_lit: Vec<bool> = lamp.chunks_exact(4).map(|picture| picture[0] > 128).collect();
    let mut loud = None;
    let mut heard = Vec::new();
    for (at, _) in listen(file).iter().enumerate().filter(|(_, sample)| sample.abs() > 0.1) {
        let time = begins + at as f64 / RATE;
        if loud.is_none_or(|loud| time - loud > 0.2) {
            heard.push(time);
        }
        loud = Some(time);
    }
    let lit = (1..is_lit.len()).filter(|at| is_lit[*at] && !is_lit[*at - 1]);
    let beat = |at: usize| {
        let (dark, lit) = (shown[at - 1], shown[at]);
        let nearest = heard.iter().copied().min_by(|a, b| (a - lit).abs().total_cmp(&(b - lit).abs()))?;
        ((nearest - lit).abs() < 0.45).then_some(Beat { dark, lit, heard: nearest })
    };
    lit.filter_map(beat).collect()
}

#[test]
fn sound_and_picture_are_together_while_ticks_are_left_out_and_after() {
    let variables = [
        ("STREAM_RESOLUTION", "1280x720"),
        ("TARGET_FPS", "60"),
        ("FFMPEG_PRESET", "ultrafast"),
        ("MAX_LAYERS", "100"),
        ("WORKERS_RENDER", "1"),
        ("SCENE", "scene.json"),
        ("STREAM_URL", "out.mkv"),
    ];
    let mut service = Service::start(&variables, &[("scene.json", &beating_scene())]);
    service.wait_for_output("stream", "started");
    let dropped = || service.status()["droppedFrames"].as_u64().unwrap();
    let uptime = || service.status()["uptime"].as_f64().unwrap();
    // Half of what is due, and more, in some seconds.
    let (before, begun) = (dropped(), uptime());
    wait_for("ticks to be left out", PATIENCE, || (dropped() > before + 60 && uptime() > begun + 6.0).then_some(()));
    service.send("DELETE", "/api/stream/layers/veils", &Value::Null).expect(200);
    service.wait_for_frames(240);
    service.send("POST", "/api/stream/pause", &Value::Null).expect(200);
    service.wait_for_frames(90);
    service.send("POST", "/api/stream/resume", &Value::Null).expect(200);
    service.wait_for_frames(240);
    let file = service.folder.path().join(service.output("stream")["url"].as_str().unwrap());
    service.signal("TERM");
    assert!(service.wait().success());

    let beats = beats(&file);
    println!("{beats:.3?}");
    assert!(beats.len() >= 9, "{beats:.3?}");
    let is_whole = |beat: &&Beat| beat.lit - beat.dark < 1.5 / 60.0;
    assert!(beats.iter().filter(|beat| !is_whole(beat)).count() >= 2, "ticks were left out: {beats:.3?}");
    assert!(beats[5..].iter().filter(is_whole).count() >= 2, "and drawn again: {beats:.3?}");
    for beat in &beats {
        assert!((beat.heard - beat.lit).abs() < APART, "{beat:.3?} of {beats:.3?}");
    }
}

/// Waits until the clients are told of a change of what is shed that is like this.
fn told(client: &mut Client, is_wanted: impl Fn(&Value) -> bool) {
    loop {
        let event = client.next_of("streamEvent");
        if event["event"] == "shedding" && is_wanted(&event["shedding"]) {
            return;
        }
    }
}

#[test]
fn load_is_shed_told_and_taken_up_again() {
    let variables = [
        ("STREAM_RESOLUTION", "1280x720"),
        ("TARGET_FPS", "60"),
        ("RENDER_QUALITY", "auto"),
        ("MAX_LAYERS", "100"),
        ("WORKERS_RENDER", "1"),
        ("SCENE", "scene.json"),
    ];
    let service = Service::start(&variables, &[("scene.json", &scene())]);
    service.wait_for_log("load is shed");
    let mut client = Client::connect(service.port);
    wait_for("the status to tell it", PATIENCE, || {
        let shedding = &service.status()["shedding"];
        (shedding["level"].as_u64() >= Some(1) && shedding["effects"] != "high").then_some(())
    });
    let metrics = service.get("/metrics").expect(200).text();
    assert!(metrics.contains("stream_shedding_changes_total"), "{metrics}");

    service.send("DELETE", "/api/stream/layers/veils", &Value::Null).expect(200);
    told(&mut client, |shedding| shedding["level"] == 0 && shedding["effects"] == "high" && shedding["every"] == 1);
    let status = service.status();
    assert_eq!(status["shedding"]["level"], 0, "{status}");
}
