//! Requests that ask for something to hold before they are carried out.

use super::*;

fn put(service: &Service, path: &str, header: (&str, &str), body: &Value) -> Answer {
    service.send("PUT", path, &[("content-type", "application/json"), header], Some(body.to_string().as_bytes()))
}

/// Who makes a document may ask that it takes no other's place.
#[test]
fn what_is_to_be_made_is_refused_where_it_is_there() {
    let service = Service::start();
    let timeline = json!({ "id": "t", "steps": [{ "type": "wait", "seconds": 1 }] });
    let none = ("if-none-match", "*");
    for (path, body) in [
        ("/api/stream/timelines/t", timeline),
        ("/api/stream/scenes/other", json!({ "layers": [] })),
        ("/api/stream/audio/tracks/music", json!({ "id": "music", "source": { "type": "tone" } })),
        ("/api/stream/outputs/archive", json!({ "id": "archive", "url": "archive.mkv", "enabled": false })),
    ] {
        put(&service, path, none, &body).expect(201);
        let tag = service.get(path).expect(200).header("etag").to_owned();
        let refused = put(&service, path, none, &body);
        assert_eq!(refused.header("etag"), tag, "{path}");
        let detail = refused.problem(412)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("already"), "{path}: {detail}");
        put(&service, path, ("if-none-match", &tag), &body).problem(400);
        put(&service, path, ("if-match", &tag), &body).expect(200);
    }
    for (path, body) in [
        ("/api/stream/layers/box", json!({ "id": "box", "content": { "type": "group" } })),
        ("/api/stream/canvas", json!({})),
        ("/api/stream/layers/active", json!({ "id": null })),
    ] {
        put(&service, path, none, &body).problem(412);
    }
    let both = [("if-match", "*"), none];
    service.send("DELETE", "/api/stream/layers/box", &both, None).problem(400);
    service.get("/api/stream/layers/box").expect(200);
}

#[test]
fn the_active_layer_and_the_scene_on_air_change_only_from_what_is_known() {
    let service = Service::start();
    let active = "/api/stream/layers/active";
    let tag = service.get(active).header("etag").to_owned();
    let chosen = put(&service, active, ("if-match", &tag), &json!({ "id": "box" })).expect(200);
    assert_eq!(chosen.value(), json!({ "tick": chosen.tick(), "id": "box", "persisted": false }));
    put(&service, active, ("if-match", &tag), &json!({ "id": "child" })).problem(412);
    assert_eq!(service.get(active).value(), json!({ "id": "box" }));
    put(&service, active, ("if-match", chosen.header("etag")), &json!({ "id": "child" })).expect(200);

    let scene = "/api/stream/scenes/other";
    service.json("PUT", scene, &json!({ "layers": [] })).expect(201);
    let tag = service.get(scene).header("etag").to_owned();
    let activate = |tag: &str| service.send("POST", &format!("{scene}/activate"), &[("if-match", tag)], Some(b""));
    activate("\"0\"").problem(412);
    assert_eq!(service.get("/api/stream/scenes").value()["active"], "main");
    activate(&tag).expect(200);
}

#[test]
fn parameters_that_come_twice_are_refused() {
    let service = Service::start();
    for path in ["/api/stream/events/flash?at=1&at=2", "/api/stream/timelines/t/play?at=1&at=1"] {
        let problem = service.post(path).problem(400);
        assert!(problem["detail"].as_str().unwrap().contains("`at`"), "{problem}");
    }
    service.get("/api/stream/layers?limit=1&limit=2").problem(400);
}

#[test]
fn commands_name_the_tick_whose_frame_shows_them() {
    let service = Service::start();
    for command in ["start", "pause", "resume", "stop"] {
        let before = service.engine.stats().tick;
        let answer = service.post(&format!("/api/stream/{command}")).expect(200);
        assert!(answer.tick() > before, "{command}");
        assert_eq!(answer.value()["tick"], answer.tick(), "{command}");
    }
    let answer = service.json("POST", "/stream/control", &json!({ "action": "start" })).expect(200);
    assert_eq!(answer.value()["tick"], answer.tick());
}

/// What is done with a document takes `If-Match` as changing it does; where nothing is compared no version is met.
#[test]
fn what_is_done_with_a_document_is_refused_where_that_has_changed() {
    let service = Service::start();
    let dim = json!({ "id": "dim", "on": { "type": "event", "name": "dusk" },
        "do": [{ "type": "set", "layer": "box", "patch": { "opacity": 0.25 } }] });
    service.json("POST", "/api/stream/triggers", &dim).expect(201);
    let post = |path: &str, tag: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        service.send("POST", path, &headers, Some(body.to_string().as_bytes()))
    };
    let opacity = || service.get("/api/stream/layers/box").value()["opacity"].clone();
    let tag = |path: &str| service.get(path).expect(200).header("etag").to_owned();
    for name in ["dim", "1"] {
        let fire = format!("/api/stream/triggers/{name}/fire");
        let refused = post(&fire, "\"0\"", &json!({}));
        assert_eq!(refused.header("etag"), tag("/api/stream/triggers/dim"));
        refused.problem(412);
        assert_eq!(opacity(), 0.5, "{name}");
    }
    post("/api/stream/triggers/1/fire", &tag("/api/stream/triggers/dim"), &json!({})).expect(200);
    assert_eq!(opacity(), 0.25);

    let layer = json!({ "id": "new", "content": { "type": "group" } });
    let batch = json!({ "edits": [{ "op": "deleteLayer", "id": "box" }] });
    for (path, body) in [
        ("/api/stream/layers", &layer),
        ("/api/stream/layers/batch", &batch),
        ("/api/stream/layers/order", &json!({ "order": ["box", "background"] })),
        ("/api/stream/triggers", &json!({ "on": dim["on"], "do": dim["do"] })),
        ("/api/stream/events/dusk", &json!({})),
        ("/api/stream/control", &json!({ "action": "pause" })),
        ("/api/stream/pause", &json!({})),
        ("/api/stream/outputs", &json!({ "id": "archive", "url": "archive.mkv" })),
    ] {
        let problem = post(path, "\"0\"", body).problem(412);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("no version"), "{path}: {detail}");
    }
    assert_eq!(service.get("/api/stream/layers").value()["layers"].as_array().unwrap().len(), 3);
    // There is something, whichever.
    post("/api/stream/layers", "*", &layer).expect(201);
}

/// Whoever puts a document learns whether it is a new one.
#[test]
fn what_is_put_for_the_first_time_is_answered_as_made() {
    let service = Service::start();
    let trigger = |id: &str| json!({ "id": id, "on": { "type": "event", "name": "dusk" }, "do": [{ "type": "emit", "event": "dawn" }] });
    for (path, body) in [
        ("/api/stream/timelines/t", json!({ "id": "t", "steps": [{ "type": "wait", "seconds": 1 }] })),
        ("/api/stream/scenes/other", json!({ "layers": [] })),
        ("/api/stream/audio/tracks/music", json!({ "id": "music", "source": { "type": "tone" } })),
        ("/api/stream/triggers/dusk", trigger("dusk")),
        // It could be a place.
        ("/api/stream/triggers/7", trigger("7")),
        ("/api/stream/outputs/archive", json!({ "id": "archive", "url": "archive.mkv", "enabled": false })),
    ] {
        let made = service.json("PUT", path, &body).expect(201);
        assert!(made.value().get("created").is_none(), "{}", made.text());
        service.json("PUT", path, &body).expect(200);
        service.send("DELETE", path, &[], None).expect(200);
        service.json("PUT", path, &body).expect(201);
    }
    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut picture, image::ImageFormat::Png).unwrap();
    let picture = picture.into_inner();
    let upload = || service.send("PUT", "/api/stream/assets/logo", &[("content-type", "image/png")], Some(&picture));
    upload().expect(201);
    upload().expect(200);
    let same = service.get("/api/stream/layers/box").value();
    service.json("PUT", "/api/stream/layers/box", &same).expect(200);
    service.json("PUT", "/api/stream/triggers/0", &json!({ "on": trigger("x")["on"], "do": [] })).problem(422);
    service
        .json("PUT", "/api/stream/triggers/0", &json!({ "on": trigger("x")["on"], "do": trigger("x")["do"] }))
        .expect(200);
}
