//! How requests are written: what is encoded in them.

use super::*;

/// A part of a path is what it says, however it is written.
#[test]
fn a_part_of_a_path_may_be_percent_encoded() {
    let service = Service::start();
    service.get("/api/stream/layers/b%6Fx").expect(200);
    service.json("PATCH", "/stream/layers/%62ox", &json!({ "opacity": 0.25 })).expect(200);
    assert_eq!(service.get("/api/stream/layers/box").value()["opacity"], 0.25);
    service.post("/api/stream/events/fl%61sh").expect(200);
    let told = |path: &str| service.get(path).problem(404)["detail"].as_str().unwrap().to_owned();
    assert!(told("/api/stream/layers/my%20layer").contains("`my layer`"));
    assert!(told("/api/stream/scenes/my%20scene").contains("`my scene`"));
    // A slash in a part is no way into another one.
    for path in [
        "/api/stream/layers/box%2Fvisibility",
        "/api/stream/layers%2Fbox",
        "/api/stream/layers/%2e%2e%2Fscenes",
        "/api/stream/assets/..%2F..%2Fetc%2Fpasswd",
        "/api/stream/assets/%2e%2e",
        "/live/%2e%2e%2Fscene.json",
        "/live/..%2fscene.json",
        // No text.
        "/api/stream/layers/%ff",
        "/api/stream/layers/box%00",
    ] {
        service.get(path).problem(404);
    }
    let picture = service.send(
        "PUT",
        "/api/stream/assets/..%2F..%2Fclimbed",
        &[("content-type", "image/svg+xml")],
        Some(b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"),
    );
    assert!((400..500).contains(&picture.status), "{}", picture.text());
    assert!(!service.folder.path().parent().unwrap().join("climbed.svg").exists());
    assert!(!service.folder.path().join("uploads").exists());
}

/// Nothing here unpacks bodies: who sends one that is packed is told so, and not that it is no JSON.
#[test]
fn a_body_that_is_packed_is_refused_as_such() {
    let service = Service::start();
    let body = br#"{ "opacity": 0.25 }"#;
    let send = |method: &str, path: &str, media_type: &str, coding: &str| {
        service.send(method, path, &[("content-type", media_type), ("content-encoding", coding)], Some(body))
    };
    for (method, path, media_type) in [
        ("PATCH", "/api/stream/layers/box", "application/json"),
        ("POST", "/api/stream/layers/batch", "application/json"),
        ("PATCH", "/api/config", "application/json"),
        ("PUT", "/api/stream/assets/logo", "image/png"),
    ] {
        for coding in ["gzip", "identity, br", "rot13"] {
            let refused = send(method, path, media_type, coding);
            assert_eq!(refused.header("accept-encoding"), "identity", "{path}");
            let problem = refused.problem(415);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("Content-Encoding") && detail.contains(coding), "{detail}");
        }
    }
    assert_eq!(service.get("/api/stream/layers/box").value()["opacity"], 0.5);
    send("PATCH", "/api/stream/layers/box", "application/json", "Identity").expect(200);
    let key = [("idempotency-key", "k"), ("content-encoding", "gzip")];
    service.send("PATCH", "/api/stream/layers/box", &key, Some(body)).problem(415);
}
