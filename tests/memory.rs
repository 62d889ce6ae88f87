//! The service ends, also without a word, and goes on from where it was.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/redis_server.rs"]
mod redis_server;
#[path = "support/service.rs"]
mod service;

use std::fs;

use process::wait_for;
use redis_server::{PASSWORD, RedisServer};
use serde_json::{Value, json};
use service::{PATIENCE, Service, run};

const SMALL: (&str, &str) = ("STREAM_RESOLUTION", "320x180");

/// Pixels that the bar of [`scene`] moves in a second.
const SPEED: u64 = 8;

/// A bar that moves to the right for 35 seconds, a box that a timeline lets rise, a picture from a file, and triggers:
/// one that acts at the start, and one on an event.
fn scene() -> String {
    let color = |color: &str, width, height| json!({ "type": "color", "color": color, "size": { "width": width, "height": height } });
    json!({
        "canvas": { "width": 320, "height": 180, "background": "#000000" },
        "assets": [{ "id": "logo", "type": "image", "path": "pictures/logo.png" }],
        "layers": [
            {
                "id": "bar", "content": color("#ffffff", 4, 40),
                "animations": [{ "property": "transform.position.x", "from": 0, "to": 280, "duration": 35 }],
            },
            { "id": "box", "content": color("#00ff00", 20, 20), "transform": { "position": { "x": 10, "y": 150 } } },
            { "id": "logo", "content": { "type": "image", "asset": "logo" }, "transform": { "position": { "x": 200, "y": 100 } } },
            { "id": "started", "visible": false, "content": color("#ff00ff", 10, 10), "transform": { "position": { "x": 60, "y": 60 } } },
            { "id": "flashed", "visible": false, "content": color("#00ffff", 10, 10), "transform": { "position": { "x": 90, "y": 60 } } },
        ],
        "timelines": [{ "id": "rise", "steps": [
            { "type": "animate", "layer": "box", "animation":
                { "property": "transform.position.y", "from": 150, "to": 50, "duration": 25 } },
        ] }],
        "triggers": [
            { "on": { "type": "start" }, "do": [{ "type": "set", "layer": "started", "patch": { "visible": true } }] },
            { "on": { "type": "event", "name": "flash" }, "do": [{ "type": "set", "layer": "flashed", "patch": { "visible": true } }] },
        ],
    })
    .to_string()
}

fn start(variables: &[(&str, &str)]) -> (Service, Vec<(String, String)>) {
    let owned: Vec<(String, String)> = [SMALL, ("SCENE", "scene.json")]
        .iter()
        .chain(variables)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pictures")).unwrap();
    let logo = image::RgbaImage::from_fn(30, 30, |x, y| image::Rgba([200, (x * 8) as u8, (y * 8) as u8, 255]));
    logo.save(folder.path().join("pictures/logo.png")).unwrap();
    fs::write(folder.path().join("scene.json"), scene()).unwrap();
    let mut service = Service::launch_in(folder.into(), &borrowed(&owned), &[]);
    service.wait_until_ready();
    (service, owned)
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Where the bar begins.
fn bar(picture: &image::RgbImage) -> u64 {
    let white = |x: &u32| picture.get_pixel(*x, 20).0 == [255; 3];
    u64::from((0..320).find(white).expect("the bar is in the picture"))
}

#[track_caller]
fn patch(service: &Service, layer: &str, patch: &Value) -> bool {
    let answer = service.send("PATCH", &format!("/api/stream/layers/{layer}"), patch).expect(200);
    answer.json()["persisted"].as_bool().expect("every answer says so")
}

/// Without a scene file uploads lie where the service was started, and are found again from elsewhere.
#[test]
fn uploads_are_found_again_when_the_service_is_started_from_another_folder() {
    let data = tempfile::tempdir().unwrap();
    let variables = [SMALL, ("DATA_DIR", data.path().to_str().unwrap())];
    let first = Service::start(&variables, &[]);
    let file = r##"<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180"><path fill="#f00" d="M0 0h320v180H0z"/></svg>"##;
    let asset = format!("http://127.0.0.1:{}/api/stream/assets/red", first.port);
    ureq::put(&asset).header("content-type", "image/svg+xml").send(file).unwrap();
    let layer = json!({ "id": "picture", "content": { "type": "svg", "asset": "red" } });
    first.send("POST", "/api/stream/layers", &layer).expect(201);
    let is_red = |service: &Service| service.picture().1.get_pixel(20, 10).0[0] > 200;
    wait_for("the picture", PATIENCE, || is_red(&first).then_some(()));
    // Where it was started stays as it is; only the service ends.
    let folder = std::sync::Arc::clone(&first.folder);
    drop(first);
    let second = Service::start(&variables, &[]);
    assert_ne!(second.folder.path(), folder.path());
    wait_for("the picture again", PATIENCE, || is_red(&second).then_some(()));
    drop(second);
}

/// Everything that was edited, animations and timelines in flight, and the picture itself.
fn goes_on_where_it_stood(variables: &[(&str, &str)]) {
    let (mut service, variables) = start(variables);
    let variables = borrowed(&variables);
    let again: &[&str] = &[];
    assert!(patch(&service, "box", &json!({ "name": "edited" })));
    assert!(patch(&service, "started", &json!({ "visible": false })));
    let played = service.send("POST", "/api/stream/timelines/rise/play", &Value::Null).expect(200).json();
    assert_eq!(played["persisted"], true, "{played}");
    let fired = service.send("POST", "/api/stream/events/flash", &Value::Null).expect(200).json();
    assert_eq!(fired["persisted"], true, "{fired}");
    let active = "/api/stream/layers/active";
    let chosen = service.send("PUT", active, &json!({ "id": "box" })).expect(200).json();
    assert_eq!((&chosen["id"], &chosen["persisted"]), (&json!("box"), &json!(true)), "{chosen}");
    wait_for("the bar to move", PATIENCE, || (bar(&service.picture().1) > SPEED).then_some(()));

    // Killed while it moves: it goes on from the last note of the scene time, a second earlier at most.
    let before = bar(&service.picture().1);
    service.kill_and_restart(&variables, again);
    let (tick, picture) = service.picture();
    let after = bar(&picture);
    assert!(after + 2 * SPEED > before, "the bar was at {before} and has gone back to {after}");
    assert!(
        after <= before + 1 + (tick + 30) * SPEED / 30,
        "the bar was at {before} and is at {after} on frame {tick}"
    );
    assert!(service.log().contains("goes on from where it stood"), "{}", service.log());
    assert_eq!(service.json(active), json!({ "id": "box" }));
    service.send("PUT", active, &json!({ "id": null })).expect(200);

    // Killed while it stands still: the picture is the very same.
    let paused = service.send("POST", "/api/stream/pause", &Value::Null).expect(200).json();
    assert_eq!(paused["persisted"], true);
    service.wait_for_frames(3);
    wait_for("everything to be kept", PATIENCE, || (service.status()["store"]["pending"] == 0).then_some(()));
    let (_, held) = service.picture();
    let timelines = service.json("/api/stream/timelines")["timelines"].clone();
    assert_eq!(held.get_pixel(65, 65).0, [0, 0, 0], "an edit goes before what the start did");
    assert_eq!(held.get_pixel(95, 65).0, [0, 255, 255], "what the event did is kept");
    assert_ne!(held.get_pixel(215, 115).0, [0, 0, 0], "the picture of the file");
    service.kill_and_restart(&variables, again);
    assert_eq!(service.status()["state"], "paused");
    service.wait_for_frames(3);
    assert!(service.picture().1 == held, "the picture is another one after the restart");
    assert_eq!(service.json("/api/stream/timelines")["timelines"], timelines);
    assert_eq!(service.json("/api/stream/layers/box")["name"], "edited");
    assert_eq!(service.json(active), json!({ "id": null }));

    service.send("POST", "/api/stream/resume", &Value::Null).expect(200);
    wait_for("the bar to go on", PATIENCE, || (bar(&service.picture().1) > bar(&held)).then_some(()));
    // An orderly end is no other.
    service.send("POST", "/api/stream/stop", &Value::Null).expect(200);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    service.kill_and_restart(&variables, again);
    assert_eq!(service.status()["isLive"], false, "it was stopped, and is");
}

#[test]
fn the_scene_goes_on_where_it_stood() {
    goes_on_where_it_stood(&[]);
}

#[test]
fn a_scene_that_has_more_layers_than_are_allowed_by_now_is_played() {
    let (mut service, variables) = start(&[("MAX_LAYERS", "9")]);
    let add = |service: &Service, id: String| {
        service.send("POST", "/api/stream/layers", &json!({ "id": id, "content": { "type": "group" } }))
    };
    for number in 0..4 {
        add(&service, format!("more-{number}")).expect(201);
    }
    let mut variables = borrowed(&variables);
    variables.push(("MAX_LAYERS", "6"));
    service.kill_and_restart(&variables, &[]);
    assert!(service.log().contains("the scene has 9 layers, and MAX_LAYERS allows 6"), "{}", service.log());
    patch(&service, "more-3", &json!({ "name": "still here" }));
    let refused = add(&service, "one-more".to_owned()).expect(422).json();
    assert!(refused["detail"].as_str().unwrap().contains("10 layers"), "{refused}");
}

#[test]
fn the_scene_goes_on_where_it_stood_with_redis() {
    let server = RedisServer::start();
    goes_on_where_it_stood(&[("REDIS_URL", &server.url()), ("REDIS_PASSWORD", PASSWORD)]);
}

/// What is written into the scene file while the service is down is as if it had been saved while it ran.
fn changes_of_the_file_while_it_is_down_are_carried_over(variables: &[(&str, &str)]) {
    let (mut service, variables) = start(variables);
    let variables = borrowed(&variables);
    let file = service.folder.path().join("scene.json");
    let layer = |service: &Service, id: &str| service.json(&format!("/api/stream/layers/{id}"));
    assert!(patch(&service, "box", &json!({ "name": "edited", "opacity": 0.5 })));
    assert!(patch(&service, "flashed", &json!({ "name": "edited too" })));
    service.kill_and_restart(&variables, &[]);
    assert!(!service.log().contains("changes are carried over"), "the file is the same: {}", service.log());

    let mut changed: Value = serde_json::from_str(&scene()).unwrap();
    changed["layers"][1]["content"]["color"] = json!("#0000ff");
    changed["layers"][1]["opacity"] = json!(0.75);
    changed["layers"].as_array_mut().unwrap().remove(4);
    let added = json!({ "id": "added", "content": { "type": "group" } });
    changed["layers"].as_array_mut().unwrap().push(added);
    changed["triggers"].as_array_mut().unwrap().pop();
    service.kill();
    fs::write(&file, changed.to_string()).unwrap();
    service.kill_and_restart(&variables, &[]);
    for words in [
        "changes are carried over",
        "goes on from where it stood",
        "`opacity` of the layer `box`",
        "the layer `flashed`",
    ] {
        assert!(service.log().contains(words), "no `{words}`: {}", service.log());
    }
    let (edited, bar) = (layer(&service, "box"), bar(&service.picture().1));
    assert_eq!(
        (&edited["name"], &edited["opacity"], &edited["content"]["color"]),
        (&json!("edited"), &json!(0.75), &json!("#0000ff"))
    );
    service.get("/api/stream/layers/added").expect(200);
    service.get("/api/stream/layers/flashed").expect(404);
    assert!(bar > 0, "what has not changed goes on");

    // That is what it is built on now; a faulty file, and one that is gone, change nothing, and what it says later does.
    assert!(patch(&service, "box", &json!({ "opacity": 0.25 })));
    service.kill_and_restart(&variables, &[]);
    assert!(!service.log().contains("changes are carried over"), "{}", service.log());
    for (broken, words) in [(Some("{"), "the scene `scene` stays as it is"), (None, "there is no such file")] {
        service.kill();
        match broken {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        service.kill_and_restart(&variables, &[]);
        service.wait_for_log(words);
        assert_eq!(layer(&service, "box")["opacity"], 0.25);
    }
    changed["layers"][1]["content"]["color"] = json!("#ff0000");
    fs::write(&file, changed.to_string()).unwrap();
    wait_for("the mended file", PATIENCE, || (layer(&service, "box")["content"]["color"] == "#ff0000").then_some(()));
    assert_eq!(layer(&service, "box")["opacity"], 0.25);
}

#[test]
fn changes_of_the_scene_file_while_it_is_down_are_carried_over() {
    changes_of_the_file_while_it_is_down_are_carried_over(&[]);
}

#[test]
fn changes_of_the_scene_file_while_it_is_down_are_carried_over_with_redis() {
    let server = RedisServer::start();
    changes_of_the_file_while_it_is_down_are_carried_over(&[
        ("REDIS_URL", &server.url()),
        ("REDIS_PASSWORD", PASSWORD),
    ]);
}

/// A scene that waits while another is on air takes over its file's changes too.
#[test]
fn a_scene_that_waits_takes_over_what_its_file_says() {
    let (mut service, variables) = start(&[]);
    let variables = borrowed(&variables);
    service.send("PUT", "/api/stream/scenes/other", &json!({ "layers": [] })).expect(201);
    service.send("PUT", "/api/stream/scenes/spare", &json!({ "layers": [] })).expect(201);
    assert!(patch(&service, "box", &json!({ "name": "edited" })));
    let activated = service.send("POST", "/api/stream/scenes/other/activate", &json!({})).expect(200).json();
    assert_eq!(activated["persisted"], true, "{activated}");
    service.kill();
    fs::write(service.folder.path().join("scene.json"), scene().replace("#00ff00", "#0000ff")).unwrap();
    service.kill_and_restart(&variables, &[]);
    assert_eq!(service.json("/api/stream/scenes")["active"], "other");
    let kept = service.json("/api/stream/scenes/scene");
    let edited = &kept["layers"][1];
    assert_eq!((&edited["name"], &edited["content"]["color"]), (&json!("edited"), &json!("#0000ff")));
}

#[test]
fn a_fresh_start_and_another_scene_file_begin_anew() {
    let (mut service, variables) = start(&[]);
    let variables = borrowed(&variables);
    let name = |service: &Service| service.json("/api/stream/layers/box")["name"].clone();
    assert!(patch(&service, "box", &json!({ "name": "edited" })));
    // The file is not needed any more, not even a good one.
    fs::write(service.folder.path().join("scene.json"), "{").unwrap();
    service.kill_and_restart(&variables, &[]);
    assert_eq!(name(&service), "edited");
    fs::write(service.folder.path().join("scene.json"), scene()).unwrap();
    service.kill_and_restart(&variables, &["--fresh"]);
    assert_eq!(name(&service), Value::Null);
    service.kill_and_restart(&variables, &[]);
    assert_eq!(name(&service), Value::Null, "what was forgotten stays so");

    let other = scene().replace("\"box\"", "\"other\"");
    fs::write(service.folder.path().join("other.json"), other).unwrap();
    service.kill_and_restart(&[SMALL, ("SCENE", "other.json")], &[]);
    service.get("/api/stream/layers/other").expect(200);
    service.wait_for_log("other.json` takes its place");
    // Without a file the last scene goes on, whichever that was.
    service.kill_and_restart(&[SMALL], &[]);
    service.get("/api/stream/layers/other").expect(200);
}

#[test]
fn scenes_that_wait_are_held_again() {
    let (mut service, variables) = start(&[]);
    let variables = borrowed(&variables);
    let listed = |service: &Service| {
        let list = service.json("/api/stream/scenes");
        let ids = list["scenes"].as_array().unwrap().iter().map(|scene| scene["id"].as_str().unwrap().to_owned());
        (list["active"].as_str().unwrap().to_owned(), ids.collect::<Vec<_>>())
    };
    let of = |service: &Service, id: &str| service.json(&format!("/api/stream/scenes/{id}"));
    assert_eq!(listed(&service), ("scene".to_owned(), vec!["scene".to_owned()]));
    let blue = json!({
        "layers": [{ "id": "sky", "content": { "type": "color", "color": "#0000ff", "size": { "width": 320, "height": 180 } } }],
    });
    for id in ["blue", "gone", "spare"] {
        let put = service.send("PUT", &format!("/api/stream/scenes/{id}"), &blue).expect(201).json();
        assert_eq!(put["persisted"], true, "{put}");
    }
    assert!(patch(&service, "box", &json!({ "name": "edited" })));
    service.send("DELETE", "/api/stream/scenes/gone", &Value::Null).expect(200);
    let activated = service.send("POST", "/api/stream/scenes/blue/activate", &json!({})).expect(200).json();
    assert_eq!(activated["persisted"], true, "{activated}");
    let (all, kept) = (listed(&service), of(&service, "scene"));
    assert_eq!(all, ("blue".to_owned(), ["blue", "scene", "spare"].map(str::to_owned).to_vec()));

    service.kill_and_restart(&variables, &[]);
    assert_eq!(listed(&service), all);
    assert_eq!(of(&service, "scene"), kept);
    assert_eq!(service.picture().1.get_pixel(20, 20).0, [0, 0, 255]);
    // The one that waited finds its file, wherever the service is started.
    service.send("POST", "/api/stream/scenes/scene/activate", &json!({})).expect(200);
    assert_eq!(service.json("/api/stream/layers/box")["name"], "edited");
    wait_for("the picture of the file", PATIENCE, || {
        (service.picture().1.get_pixel(215, 115).0 != [0, 0, 0]).then_some(())
    });

    // Where another file takes its place, the scene on air waits.
    fs::write(service.folder.path().join("other.json"), blue.to_string()).unwrap();
    service.kill_and_restart(&[SMALL, ("SCENE", "other.json")], &[]);
    assert_eq!(listed(&service), ("other".to_owned(), ["blue", "other", "scene", "spare"].map(str::to_owned).to_vec()));
    assert_eq!(of(&service, "scene")["layers"][1]["name"], "edited");
    service.kill_and_restart(&[SMALL, ("SCENE", "other.json")], &["--fresh"]);
    assert_eq!(listed(&service), ("other".to_owned(), vec!["other".to_owned()]));
}

#[test]
fn settings_that_were_changed_hold_and_can_be_taken_back() {
    let (mut service, variables) = start(&[("STREAM_BITRATE", "3000")]);
    let variables = borrowed(&variables);
    let of = |service: &Service, key: &str| {
        let config = service.json("/api/config");
        let origin = config["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap();
        (config["values"][key].clone(), origin["origin"]["from"].clone())
    };
    let change = json!({ "stream_bitrate": 2500, "max_layers": 60, "stream_resolution": "160x90" });
    let changed = service.send("PATCH", "/api/config", &change).expect(200).json();
    assert_eq!(changed["persisted"], true, "{changed}");
    service.kill_and_restart(&variables, &[]);
    assert_eq!(of(&service, "stream_bitrate"), (json!(2500), json!("runtime")));
    assert_eq!(of(&service, "max_layers"), (json!(60), json!("runtime")));
    assert_eq!(service.picture().1.dimensions(), (160, 90));

    let back = json!({ "stream_bitrate": null, "stream_resolution": null });
    service.send("PATCH", "/api/config", &back).expect(200);
    service.kill_and_restart(&variables, &[]);
    assert_eq!(of(&service, "stream_bitrate"), (json!(3000), json!("environment")));
    assert_eq!(of(&service, "max_layers"), (json!(60), json!("runtime")));
    assert_eq!(service.picture().1.dimensions(), (320, 180));
}

#[test]
fn the_picture_and_the_answers_go_on_without_redis_and_everything_is_written_when_it_is_back() {
    let mut server = RedisServer::start();
    let url = server.url();
    let (mut service, variables) = start(&[("REDIS_URL", &url), ("REDIS_PASSWORD", PASSWORD)]);
    let variables = borrowed(&variables);
    assert!(patch(&service, "box", &json!({ "name": "with" })));
    assert_eq!(service.json("/health/ready")["status"], "ready");
    server.stop();
    let frames = service.frame_count();
    for number in 0..20 {
        assert!(!patch(&service, "box", &json!({ "name": format!("without-{number}") })), "edit {number}");
    }
    // Layers come, go and move about, and a setting changes.
    for number in 0..5 {
        let layer = json!({ "id": format!("new-{number}"), "content": { "type": "group" } });
        let answer = service.send("POST", "/api/stream/layers?index=0", &layer).expect(201).json();
        assert_eq!(answer["persisted"], false);
    }
    service.send("DELETE", "/api/stream/layers/new-2", &Value::Null).expect(200);
    service.send("DELETE", "/api/stream/layers/bar", &Value::Null).expect(200);
    let changed = service.send("PATCH", "/api/config", &json!({ "stream_bitrate": 2222 })).expect(200).json();
    assert_eq!(changed["persisted"], false);
    assert!(service.frame_count() > frames, "frames go on");
    let store = service.status()["store"].clone();
    assert_eq!((&store["kind"], &store["connected"]), (&json!("redis"), &json!(false)));
    assert!(store["pending"].as_u64() > Some(20), "{store}");
    let ready = service.get("/health/ready").expect(200).json();
    assert_eq!(ready["status"], "degraded", "{ready}");
    assert_eq!(ready["reasons"][0]["part"], "store", "{ready}");
    let metrics = service.get("/metrics").text();
    assert!(metrics.contains("\nstore_connected 0\n"), "{metrics}");

    server.run();
    wait_for("everything to be written", PATIENCE, || (service.status()["store"]["pending"] == 0).then_some(()));
    assert_eq!(service.json("/health/ready")["status"], "ready");
    assert!(patch(&service, "logo", &json!({ "name": "again" })));
    let before = service.json("/api/stream/layers")["layers"].clone();
    service.kill_and_restart(&variables, &[]);
    assert_eq!(service.json("/api/stream/layers")["layers"], before);
    assert_eq!(service.json("/api/config")["values"]["stream_bitrate"], 2222);
    for text in [service.log(), service.get("/metrics").text(), service.get("/api/config").text()] {
        assert!(!text.contains(PASSWORD), "the password is told: {text}");
    }
}

#[test]
fn a_store_that_cannot_be_used_is_told_at_start_and_by_the_doctor() {
    let server = RedisServer::start();
    let (service, _) = start(&[]);
    let ports = ["PORT", "WS_PORT", "METRICS_PORT", "HEALTH_PORT"].map(|port| (port, "0"));
    let serve = |more: &[(&str, &str)]| {
        let variables: Vec<_> = ports.iter().chain(more).copied().collect();
        let output = run(service.folder.path(), &["serve"], &variables);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let doctor = |more: &[(&str, &str)]| {
        let variables: Vec<_> = ports.iter().chain(more).copied().collect();
        let output = run(service.folder.path(), &["doctor"], &variables);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // The service that runs has it.
    let (status, told) = serve(&[]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("state.redb") && told.contains("in use by another instance"), "{told}");
    assert!(doctor(&[]).contains("if that is the service that runs here, all is well"));

    let damaged = service.folder.path().join("damaged");
    fs::create_dir(&damaged).unwrap();
    fs::write(damaged.join("state.redb"), "this is no database, but somebody's letter".repeat(500)).unwrap();
    let folder = ("DATA_DIR", damaged.to_str().unwrap());
    let (status, told) = serve(&[folder]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("damaged") && told.contains("move it away"), "{told}");
    assert!(doctor(&[folder]).contains("move it away"));

    let url = server.url();
    let wrong = [("REDIS_URL", url.as_str()), ("REDIS_PASSWORD", "not-the-password")];
    let (status, told) = serve(&wrong);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("REDIS_PASSWORD") && !told.contains("not-the-password"), "{told}");
    assert!(doctor(&wrong).contains("REDIS_PASSWORD"));
    let right = [("REDIS_URL", url.as_str()), ("REDIS_PASSWORD", PASSWORD)];
    assert!(doctor(&right).contains("can be used and remembers no scene"), "{}", doctor(&right));
    server.ask(&["HSET", "stream-manager:meta", "schema", "7"]);
    let (status, told) = serve(&right);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("newer version (schema 7") && told.contains("REDIS_PREFIX"), "{told}");
}

#[test]
fn redis_is_spoken_to_over_tls_if_it_can_be_trusted() {
    let server = RedisServer::start_with_tls();
    let (url, authority) = (server.url(), server.authority());
    let known = [("REDIS_URL", url.as_str()), ("REDIS_PASSWORD", PASSWORD), ("SSL_CERT_FILE", authority.as_str())];
    let (mut service, variables) = start(&known);
    assert!(patch(&service, "box", &json!({ "name": "in private" })));
    service.kill_and_restart(&borrowed(&variables), &[]);
    assert_eq!(service.json("/api/stream/layers/box")["name"], "in private");

    let stranger = run(service.folder.path(), &["doctor"], &known[..2]);
    let told = String::from_utf8_lossy(&stranger.stdout).into_owned();
    assert!(told.contains("missing  store: ") && told.contains("certificate"), "{told}");
}

/// Two instances never write over each other: the second is told who has the state, and the first goes on.
#[test]
fn a_second_instance_with_the_same_keys_does_not_start() {
    let server = RedisServer::start();
    let url = server.url();
    let (mut service, variables) = start(&[("REDIS_URL", url.as_str()), ("REDIS_PASSWORD", PASSWORD)]);
    let ports = ["PORT", "WS_PORT", "METRICS_PORT", "HEALTH_PORT"].map(|port| (port, "0"));
    let second = run(service.folder.path(), &["serve"], &[&ports[..], &borrowed(&variables)].concat());
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains("in use by another instance (process ") && told.contains("REDIS_PREFIX"), "{told}");
    assert!(patch(&service, "box", &json!({ "name": "still here" })));
    // Killed, it is known to be gone; ended, it leaves nothing behind.
    service.kill_and_restart(&borrowed(&variables), &[]);
    assert_eq!(service.json("/api/stream/layers/box")["name"], "still here");
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    assert_eq!(server.ask(&["EXISTS", "stream-manager:lease"]), "0");
}
