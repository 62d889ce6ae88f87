use serde_json::json;

use super::{websocket::Client, *};
use crate::engine::Durable;

#[test]
fn status_tells_how_the_stream_is_doing_under_both_prefixes() {
    let service = Service::start();
    for path in ["/api/stream/status", "/stream/status"] {
        let status = service.get(path).expect(200).value();
        assert_eq!(status["isLive"], false);
        assert_eq!(status["state"], "stopped");
        assert_eq!(status["targetFPS"], 60);
        assert_eq!(status["layerCount"], 4);
        assert_eq!(status["connectedClients"], 0);
        assert_eq!(status["resolution"], json!({ "width": WIDTH, "height": HEIGHT }));
        assert_eq!(status["outputs"], json!([]));
        for field in ["level", "every"] {
            assert!(status["shedding"][field].is_number(), "{field} in {status}");
        }
        for field in ["fps", "frameCount", "droppedFrames", "averageRenderTime", "uptime", "tick"] {
            assert!(status[field].is_number(), "{field} in {status}");
        }
    }
    let first = service.get("/stream/status").value()["frameCount"].as_u64();
    wait_for("another frame", || service.get("/stream/status").value()["frameCount"].as_u64() > first);
}

#[test]
fn a_frame_knows_whether_it_was_drawn_for_the_stream() {
    let service = Service::start();
    let frames = service.engine.frames(1000);
    let waiting = frames.recv().unwrap();
    assert_eq!(waiting.start, None);
    service.post("/api/stream/start").expect(200);
    service.post("/api/stream/stop").expect(200);
    service.post("/api/stream/start").expect(200);
    let on_air = frames.iter().find(|frame| frame.start == Some(2)).unwrap();
    assert!(on_air.tick > waiting.tick);
}

#[test]
fn the_stream_starts_pauses_resumes_and_stops_and_refuses_what_does_not_fit() {
    let service = Service::start();
    let state = |answer: Answer| answer.expect(200).value()["state"].clone();
    let detail = service.post("/api/stream/pause").problem(409)["detail"].to_string();
    assert!(detail.contains("stopped"), "{detail}");
    assert_eq!(state(service.post("/api/stream/start")), "live");
    service.post("/stream/start").problem(409);
    assert_eq!(state(service.json("POST", "/stream/control", &json!({ "action": "pause" }))), "paused");
    assert_eq!(service.get("/stream/status").value()["isLive"], true, "a paused stream is on air");
    service.post("/api/stream/step").expect(200);
    assert_eq!(state(service.post("/stream/resume")), "live");
    service.post("/api/stream/step").problem(409);
    assert_eq!(state(service.post("/api/stream/stop")), "stopped");

    let errors = service.json("POST", "/stream/control", &json!({ "action": "pausee" })).problem(422);
    assert_eq!(errors["errors"][0]["pointer"], "/action");
    assert_eq!(errors["errors"][0]["nearest"], "\"pause\"");
}

/// Whoever has the answer to a step goes on from there after a restart too.
#[test]
fn a_step_is_answered_when_it_is_kept() {
    let service = Service::start();
    let spin = json!({ "animations": [{ "property": "transform.rotation", "from": 0, "to": 360, "duration": 1000 }] });
    service.json("PATCH", "/api/stream/layers/box", &spin).expect(200);
    let reader = service.engine.journal().unwrap();
    let kept = Arc::new(std::sync::Mutex::new(0.0_f64));
    let keeping = Arc::clone(&kept);
    let keeper = service.runtime.spawn(async move {
        loop {
            reader.appended().await;
            let taken = reader.take();
            if let Some(change) = taken.scene.back() {
                *keeping.lock().unwrap() = change.seconds;
            }
            reader.settle(Durable { position: taken.position, is_away: false });
        }
    });
    service.post("/api/stream/start").expect(200);
    service.post("/api/stream/pause").expect(200);
    let mut before = 0.0;
    for _ in 0..20 {
        let stepped = service.json("POST", "/api/stream/step", &json!({ "frames": 600 })).expect(200);
        assert_eq!(stepped.value(), json!({ "tick": stepped.tick(), "persisted": true }));
        let after = *kept.lock().unwrap();
        assert!(after - before >= 9.99, "the store goes on from {after} s, and stood at {before} s before");
        before = after;
    }
    keeper.abort();
}

#[test]
fn pausing_and_going_on_are_events_of_their_own() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect_with(service.address, "?topics=events").await;
        for first in ["transport", "scenes"] {
            assert_eq!(client.next_of("streamEvent").await["event"], first);
        }
        for (action, event) in [("start", None), ("pause", Some("paused")), ("resume", Some("resumed")), ("stop", None)]
        {
            let path = format!("/api/stream/{action}");
            client.say(json!({ "type": "request", "method": "POST", "path": path })).await;
            let transport = client.next_of("streamEvent").await;
            assert_eq!(transport["event"], "transport", "{transport}");
            if let Some(event) = event {
                let told = client.next_of("streamEvent").await;
                assert_eq!(told, json!({ "type": "streamEvent", "event": event }));
            }
        }
    });
}

#[test]
fn wrong_methods_and_routes_are_problems_that_tell_what_is_right() {
    let service = Service::start();
    for (method, path, allowed) in [
        ("DELETE", "/api/stream/status", "GET, HEAD"),
        ("GET", "/stream/start", "POST"),
        ("PATCH", "/api/stream/layers", "GET, HEAD, POST"),
        ("POST", "/stream/layers/box", "GET, HEAD, PUT, PATCH, DELETE"),
        ("GET", "/stream/layers/box/visibility", "POST"),
        ("POST", "/metrics", "GET, HEAD"),
        ("BREW", "/", "GET, HEAD"),
    ] {
        let answer = service.send(method, path, &[], None);
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        answer.problem(405);
    }
    for path in ["/api", "/api/stream", "/api/stream/layer", "/stream/layers/box/visible", "/nothing%00"] {
        service.get(path).problem(404);
    }
    service.get("/ws").problem(426);
}

#[test]
fn the_page_and_the_live_files_are_served() {
    let service = Service::start();
    let page = service.get("/").expect(200);
    assert!(page.text().contains("/admin/js/main.js"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(service.get("/admin/js/main.js").expect(200).header("content-type"), "text/javascript; charset=utf-8");
    service.get("/admin/js/../mod.rs").problem(404);
    service.get("/admin/").problem(404);

    let playlist = service.get("/live/stream.m3u8").expect(200);
    assert_eq!(playlist.text(), "#EXTM3U\n");
    assert_eq!(playlist.header("access-control-allow-origin"), "", "no page elsewhere is listed");
    assert_eq!(playlist.header("cache-control"), "no-cache");
    service.get("/live/other.ts").problem(404);
    service.get("/live/%2e%2e/secret").problem(404);
}
