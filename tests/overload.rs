//! A machine that does not keep up draws less carefully, tells so, and draws everything again when it can.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use client::Client;
use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service};

/// Layers that each cover all of the picture, turn, and let all others be seen through them.
fn scene() -> String {
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
    json!({
        "canvas": { "width": 1280, "height": 720, "background": "#000000" },
        "layers": [{
            "id": "veils", "content": { "type": "group" }, "children": (0..24).map(layer).collect::<Vec<_>>(),
        }],
    })
    .to_string()
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
