//! People and programs steer a running stream over HTTP, and watch it over WebSocket.

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
use proptest::{
    prelude::{Just, Strategy, prop},
    prop_oneof,
    strategy::ValueTree as _,
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use service::{PATIENCE, Service};

/// A red box on blue, in 320 by 180 pixels. Pixel (40, 40) is in the box.
const BOX: &str = r##"{
    "canvas": { "width": 320, "height": 180, "background": "#0000ff" },
    "layers": [
        { "id": "box", "content": { "type": "color", "color": "#ff0000", "size": { "width": 80, "height": 80 } } },
        { "id": "group", "content": { "type": "group" }, "children": [
            { "id": "child", "content": { "type": "color", "color": "#ffffff80" }, "opacity": 0.5 },
        ] },
    ],
}"##;

/// A white bar, 4 pixels wide, that moves to the right by 8 pixels a frame, from 0 to 304, over and over.
const BAR: &str = r##"{
    "canvas": { "width": 320, "height": 180, "background": "#000000" },
    "layers": [{
        "id": "bar",
        "content": { "type": "color", "color": "#ffffff", "size": { "width": 4, "height": 180 } },
        "animations": [{
            "property": "transform.position.x", "from": 0, "to": 304, "duration": 1.2666666666666666,
            "repeat": "forever",
        }],
    }],
}"##;

fn start(scene: &str) -> Service {
    Service::start(&[("SCENE", "scene.jsonc"), ("STREAM_RESOLUTION", "320x180")], &[("scene.jsonc", scene)])
}

/// A random request that edits layers; some make no sense and are refused.
fn edit() -> impl Strategy<Value = (&'static str, String, Value)> {
    let id = || prop::sample::select(vec!["box", "group", "child", "a", "b", "c", "d"]);
    let color = || prop::sample::select(vec!["#000000", "#ff0000", "#00ff0080"]);
    let flat = (id(), color(), -2..3_i32)
        .prop_map(|(id, color, z)| json!({ "id": id, "zIndex": z, "content": { "type": "color", "color": color } }));
    let layer = prop_oneof![
        3 => flat.clone(),
        2 => (id(), prop::collection::vec(flat, 0..3))
            .prop_map(|(id, children)| json!({ "id": id, "content": { "type": "group" }, "children": children })),
    ];
    let place = prop_oneof![
        Just(String::new()),
        (0..4_usize).prop_map(|index| format!("?index={index}")),
        (id(), 0..2_usize).prop_map(|(id, index)| format!("?parent={id}&index={index}")),
    ];
    let patch = prop_oneof![
        (0..=4_u32).prop_map(|n| json!({ "opacity": f64::from(n) / 4.0 })),
        (-9..9_i32).prop_map(|x| json!({ "transform": { "position": { "x": x, "y": "50%" } } })),
        color().prop_map(|color| json!({ "content": { "type": "color", "color": color } })),
        layer.clone().prop_map(|layer| json!({ "content": { "type": "group" }, "children": [layer] })),
        Just(json!({ "transform": null, "name": "n", "children": null })),
        Just(json!({ "animations": [{ "property": "opacity", "from": 0, "to": 1, "duration": 0.2 }] })),
        Just(json!({ "mask": { "shape": { "type": "ellipse" } }, "effects": [{ "type": "blur", "radius": 3 }] })),
        Just(json!({ "opacity": 7 })),
    ];
    prop_oneof![
        4 => (place, layer.clone()).prop_map(|(place, layer)| ("POST", place, layer)),
        4 => (id(), patch).prop_map(|(id, patch)| ("PATCH", format!("/{id}"), patch)),
        2 => layer.prop_map(|layer| ("PUT", format!("/{}", layer["id"].as_str().unwrap()), layer)),
        2 => id().prop_map(|id| ("DELETE", format!("/{id}"), Value::Null)),
        1 => (id(), prop::bool::ANY)
            .prop_map(|(id, visible)| ("POST", format!("/{id}/visibility"), json!({ "visible": visible }))),
    ]
}

#[test]
fn what_a_websocket_tells_is_what_get_answers_after_random_edits() {
    let service = start(BOX);
    let mut clients = vec![Client::connect(service.port)];
    let mut runner = TestRunner::deterministic();
    let mut accepted = std::collections::BTreeMap::<_, u32>::new();
    for round in 1..=300 {
        let (method, path, body) = edit().new_tree(&mut runner).unwrap().current();
        let answer = service.send(method, &format!("/api/stream/layers{path}"), &body);
        assert!(answer.status < 500, "{method} {path} {body}: {}", answer.text());
        if answer.status < 300 {
            *accepted.entry(method).or_default() += 1;
        } else {
            assert_eq!(answer.media_type, "application/problem+json", "{method} {path} {body}");
            assert_eq!(answer.json()["status"], answer.status);
        }
        if round % 100 == 0 {
            clients.push(Client::connect(service.port));
        }
        if round % 25 == 0 {
            let list = service.json("/api/stream/layers");
            for client in &mut clients {
                client.catch_up(list["seq"].as_u64().unwrap());
                assert_eq!(client.layers, list["layers"]);
            }
        }
    }
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        assert!(accepted[method] > 15, "too few edits were accepted to tell anything: {accepted:?}");
    }
    assert!(clients.iter().all(|client| client.snapshots == 1), "who keeps up is sent no second snapshot");
    assert_eq!(service.status()["connectedClients"], clients.len());
}

#[test]
fn an_edit_is_on_the_very_frame_that_its_answer_names() {
    let service = start(BOX);
    let color_of = |n: u8| [n * 20, 255 - n * 20, 128];
    let patch = |n: u8| {
        let [r, g, b] = color_of(n);
        json!({ "content": { "color": format!("#{r:02x}{g:02x}{b:02x}") } })
    };
    service.send("DELETE", "/api/stream/layers/group", &Value::Null).expect(200);
    for n in 0..6 {
        let edited = service.send("PATCH", "/api/stream/layers/box", &patch(n)).expect(200);
        let (tick, picture) = service.picture();
        assert_eq!(edited.json()["tick"], edited.tick.unwrap());
        assert!(edited.tick.unwrap() <= tick, "the answer comes when it is done");
        assert_eq!(picture.get_pixel(40, 40).0, color_of(n));
        assert_eq!(picture.get_pixel(100, 40).0, [0, 0, 255]);
    }
    // Set for a later frame, it is on that and not before.
    let at = service.picture().0 + 15;
    let mut seen = (false, false);
    std::thread::scope(|scope| {
        let edit = scope.spawn(|| service.send("PATCH", &format!("/api/stream/layers/box?at={at}"), &patch(9)));
        wait_for("frames from before and after", PATIENCE, || {
            let (tick, picture) = service.picture();
            let expected = if tick < at { color_of(5) } else { color_of(9) };
            assert_eq!(picture.get_pixel(40, 40).0, expected, "frame {tick}, the edit was for {at}");
            if tick < at {
                seen.0 = true;
            } else {
                seen.1 = true;
            }
            seen.1.then_some(())
        });
        assert_eq!(edit.join().unwrap().expect(200).tick, Some(at));
    });
    assert!(seen.0, "no frame from before was seen");
}

/// Where the bar of [`BAR`] begins.
fn bar(picture: &image::RgbImage) -> u64 {
    let x = (0..320).find(|x| picture.get_pixel(*x, 90).0[0] > 127).expect("the bar is in the picture");
    u64::from(x)
}

#[test]
fn a_paused_picture_stands_still_while_frames_go_on_and_then_goes_on_from_there() {
    let service = start(BAR);
    service.wait_for_output("live", "started");
    let before = bar(&service.picture().1);
    wait_for("the bar to move", PATIENCE, || (bar(&service.picture().1) != before).then_some(()));

    assert_eq!(service.send("POST", "/api/stream/pause", &Value::Null).expect(200).json()["state"], "paused");
    service.wait_for_frames(2);
    let (_, held) = service.picture();
    service.wait_for_frames(20);
    let (before, picture) = service.picture();
    assert!(held == picture, "the picture moved while it was paused");
    assert_eq!(service.status()["isLive"], true, "a paused stream is on air");
    assert_eq!(service.output("live")["state"], "started");
    let refused = service.send("POST", "/api/stream/pause", &Value::Null).expect(409);
    assert!(refused.text().contains("paused"), "{}", refused.text());
    // It can be edited all the same.
    let pink = json!({ "content": { "color": "#ff00ff" } });
    service.send("PATCH", "/api/stream/layers/bar", &pink).expect(200);
    assert_ne!(service.picture().1, held);
    assert_eq!(bar(&service.picture().1), bar(&held));

    service.send("POST", "/api/stream/resume", &Value::Null).expect(200);
    let (after, picture) = wait_for("the bar to move", PATIENCE, || {
        let (tick, picture) = service.picture();
        (bar(&picture) != bar(&held)).then_some((tick, picture))
    });
    // 38 steps of 8 pixels, then from the beginning. Scene time has gone on by no more than the frames since.
    let steps = (bar(&picture) / 8 + 38 - bar(&held) / 8) % 38;
    assert!(steps <= after - before, "{steps} steps in {} frames", after - before);
}

#[test]
fn a_stopped_stream_can_be_started_again() {
    let service = start(BAR);
    let mut client = Client::connect(service.port);
    service.wait_for_output("live", "started");
    let stopped = service.send("POST", "/api/stream/stop", &Value::Null).expect(200).json();
    assert_eq!((&stopped["state"], &stopped["isLive"]), (&json!("stopped"), &json!(false)));
    service.wait_for_output("live", "stopped");
    // Composing goes on, so that what comes next can be prepared and looked at.
    let before = bar(&service.picture().1);
    wait_for("the picture to move", PATIENCE, || (bar(&service.picture().1) != before).then_some(()));
    for path in ["stop", "pause", "resume"] {
        let refused = service.send("POST", &format!("/api/stream/{path}"), &Value::Null).expect(409);
        assert_eq!(refused.json()["title"], "Conflict");
    }
    let mut started = service.send("POST", "/stream/control", &json!({ "action": "start" })).expect(200).json();
    assert!(started.as_object_mut().unwrap().remove("tick").is_some_and(|tick| tick.is_u64()), "{started}");
    assert_eq!(started, json!({ "state": "live", "isLive": true, "persisted": true }));
    let live = service.wait_for_output("live", "started");
    assert_eq!(live.get("lastError"), None);
    let mut states = Vec::new();
    while states.last() != Some(&json!("live")) || !states.contains(&json!("stopped")) {
        let event = client.next_of("streamEvent");
        if event["event"] == "transport" {
            states.push(event["state"].clone());
        }
    }
    assert_eq!(states, ["live", "stopped", "live"], "the state at first, and each change of it");
}

#[test]
fn what_cannot_be_done_is_refused_with_its_place_and_breaks_nothing() {
    let service = start(BOX);
    let before = service.json("/api/stream/layers");
    let json = Some("application/json");
    let deep =
        format!(r#"{{"id":"x","content":{{"type":"color","color":{}1{}}}}}"#, "[".repeat(2000), "]".repeat(2000));
    for (method, path, media_type, body, status, words) in [
        ("POST", "", json, "{", 400, "line"),
        ("POST", "", json, "", 400, "the body is empty"),
        ("POST", "", json, "[]", 422, "found"),
        ("POST", "", json, r#"{"id":"x"}"#, 422, "content"),
        ("POST", "", json, r#"{"id":"x y","content":{"type":"group"}}"#, 422, "/id"),
        ("POST", "", json, r##"{"id":"x","content":{"type":"color","colour":"#fff"}}"##, 422, "/content/colour"),
        ("POST", "", json, r##"{"id":"x","content":{"type":"colour","color":"#fff"}}"##, 422, "/content/type"),
        ("POST", "", json, r##"{"id":"box","content":{"type":"color","color":"#ffffff"}}"##, 409, "`box`"),
        ("POST", "?parent=box", json, r#"{"id":"x","content":{"type":"group"}}"#, 409, "`box` is not a group"),
        ("POST", "?parent=nix", json, r#"{"id":"x","content":{"type":"group"}}"#, 404, "`nix`"),
        ("POST", "?paren=group", json, r#"{"id":"x","content":{"type":"group"}}"#, 400, "did you mean `parent`?"),
        ("POST", "", Some("text/plain"), r#"{"id":"x","content":{"type":"group"}}"#, 415, "application/json"),
        ("POST", "", json, deep.as_str(), 400, ""),
        ("PATCH", "/box", json, r#"{"opacity":2}"#, 422, "/opacity"),
        ("PATCH", "/box", json, r#"{"opacity":1e999}"#, 400, "/opacity"),
        ("PATCH", "/box", json, r#"{"id":"other"}"#, 422, "/id"),
        ("PATCH", "/box", json, r#"{"transform":{"position":{"x":"wide"}}}"#, 422, "/transform/position/x"),
        ("PATCH", "/bix", json, r#"{"opacity":1}"#, 404, "did you mean `box`?"),
        ("PATCH", "/box?at=99999999999", json, r#"{"opacity":1}"#, 400, "within the next hour"),
        ("PUT", "/box", json, r#"{"id":"group","content":{"type":"group"}}"#, 422, "/id"),
        ("DELETE", "/nothing", None, "", 404, "`nothing`"),
        ("POST", "/box/visibility", json, r#"{"visible":"no"}"#, 422, "/visible"),
        ("POST", "/box/transform", json, "{}", 404, "there is no route"),
        ("TRACE", "/box", None, "", 405, "GET"),
    ] {
        let sent = media_type.map(|media_type| (media_type, body));
        let answer = service.request(method, &format!("/api/stream/layers{path}"), sent);
        let text = answer.text();
        let case = format!("{method} {path} {}: {text}", &body[..body.len().min(100)]);
        assert_eq!(answer.status, status, "{case}");
        assert_eq!(answer.media_type, "application/problem+json", "{case}");
        assert!(text.contains(words), "no `{words}`: {case}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{case}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{case}");
    }
    for path in ["/api/stream/frame?width=0", "/api/stream/frame?format=bmp", "/api/stream/frame?size=3"] {
        service.get(path).expect(400);
    }
    let after = service.json("/api/stream/layers");
    assert_eq!((&after["layers"], &after["seq"]), (&before["layers"], &before["seq"]));
    service.wait_for_frames(5);
    assert!(!service.log().contains("panicked"));
}

#[test]
fn assets_are_listed_loaded_and_unloaded() {
    let image = |asset: &str, visible: bool| json!({ "id": format!("{asset}-layer"), "visible": visible, "content": { "type": "image", "asset": asset } });
    let asset = |id: &str, path: &str| json!({ "id": id, "type": "image", "path": path });
    let scene = json!({
        "assets": [asset("seen", "seen.png"), asset("spare", "spare.png"), asset("gone", "gone.png")],
        "layers": [image("seen", true), image("spare", false)],
    });
    let variables = [("SCENE", "scene.json"), ("STREAM_RESOLUTION", "320x180")];
    let mut service = Service::start(&variables, &[("scene.json", &scene.to_string())]);
    let save = |name: &str, side: u32| {
        let picture = image::RgbaImage::from_pixel(side, side, image::Rgba([200, 30, 40, 255]));
        picture.save(service.folder.path().join(name)).unwrap();
    };
    // They come while the stream runs.
    save("seen.png", 16);
    save("spare.png", 20);
    let of = |service: &Service, id: &str| service.json(&format!("/api/stream/assets/{id}"));
    let wait = |service: &Service, id: &str, state: &str| {
        wait_for(&format!("`{id}` to be {state}"), PATIENCE, || (of(service, id)["state"] == state).then_some(()));
    };
    wait(&service, "seen", "ready");
    wait(&service, "spare", "ready");
    wait_for("`seen` to be seen", PATIENCE, || (of(&service, "seen")["seen"] == true).then_some(()));
    let spare = of(&service, "spare");
    assert_eq!((&spare["bytes"], &spare["size"], &spare["seen"]), (&json!(1600), &json!([20.0, 20.0]), &json!(false)));
    let list = service.json("/api/stream/assets");
    let states: Vec<_> = list["assets"].as_array().unwrap().iter().map(|asset| &asset["state"]).collect();
    assert_eq!(states, ["failed", "ready", "ready"], "{list:#}");
    assert!(list["assets"][0]["error"].as_str().unwrap().contains("there is no file `gone.png`"), "{list:#}");

    let unloaded = service.send("POST", "/api/stream/assets/spare/unload", &Value::Null).expect(200).json();
    assert_eq!((&unloaded["state"], &unloaded["bytes"]), (&json!("unloaded"), &json!(0)));
    service.send("POST", "/api/stream/assets/spare/load", &Value::Null).expect(202);
    wait(&service, "spare", "ready");
    let problem = service.send("POST", "/api/stream/assets/seen/unload", &Value::Null).expect(409).json();
    assert!(problem["detail"].as_str().unwrap().contains("a layer that is seen draws from it"), "{problem}");
    let problem = service.send("POST", "/api/stream/assets/spar/load", &Value::Null).expect(404).json();
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `spare`?"), "{problem}");
    let metrics = service.get("/metrics").expect(200).text();
    assert!(metrics.contains("worker_tasks_total{class=\"decode\"}"), "{metrics}");
    service.signal("TERM");
    assert!(service.wait().success());
}
