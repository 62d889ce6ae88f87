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
    ] {
        put(&service, path, none, &body).expect(200);
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
    put(&service, active, ("if-match", &tag), &json!({ "id": "child" })).problem(412);
    assert_eq!(service.get(active).value(), json!({ "id": "box" }));
    put(&service, active, ("if-match", chosen.header("etag")), &json!({ "id": "child" })).expect(200);

    let scene = "/api/stream/scenes/other";
    service.json("PUT", scene, &json!({ "layers": [] })).expect(200);
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
