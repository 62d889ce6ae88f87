use serde_json::json;

use super::*;
use crate::control::ApiToken;

const TOKEN: &str = "a-token-of-sixteen-letters";

#[test]
fn with_a_token_everything_but_health_asks_for_it() {
    let token = ApiToken::new(TOKEN).unwrap();
    assert!(!format!("{token:?}").contains(TOKEN));
    let service = Service::start_with(ControlSettings { api_token: Some(token), ..settings() });
    for path in ["/", "/stream/status", "/metrics", "/live/stream.m3u8", "/ws", "/nowhere", "/health/other"] {
        let answer = service.get(path);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path}");
        answer.problem(401);
    }
    service.get("/health/live").expect(200);
    for wrong in [
        "Bearer a-token-of-sixteen-letterz".to_owned(),
        format!("Bearer {TOKEN}{TOKEN}"),
        format!("Bearer {}", &TOKEN[..5]),
        "Bearer ".to_owned(),
        format!("Basic {TOKEN}"),
        TOKEN.to_owned(),
    ] {
        let problem = service.send("GET", "/stream/status", &[("authorization", &wrong)], None).problem(401);
        assert!(!problem.to_string().contains(TOKEN));
    }
    let right = format!("bearer {TOKEN}");
    service.send("GET", "/stream/status", &[("authorization", &right)], None).expect(200);
    service.send("POST", "/stream/start", &[("authorization", &right)], Some(b"")).expect(200);
    assert!(ApiToken::new("").is_err());
}

#[test]
fn foreign_pages_can_neither_steer_nor_read() {
    let settings = ControlSettings { allowed_origins: vec!["https://studio.example".to_owned()], ..settings() };
    let service = Service::start_with(settings);
    let own = format!("http://{}", service.address);
    let start = |origin: &str| service.send("POST", "/stream/start", &[("origin", origin)], Some(b""));
    start("https://evil.example").problem(403);
    start("null").problem(403);
    start(&own).expect(200);
    let listed = service.send("POST", "/stream/stop", &[("origin", "https://studio.example")], Some(b"")).expect(200);
    assert_eq!(listed.header("access-control-allow-origin"), "https://studio.example");

    let read = service.send("GET", "/stream/status", &[("origin", "https://evil.example")], None).expect(200);
    assert_eq!(read.header("access-control-allow-origin"), "", "without it a browser does not let the page read");
    let ask = |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "PATCH")];
        service.send("OPTIONS", "/stream/layers/box", &headers, None)
    };
    ask("https://evil.example").problem(403);
    let allowed = ask("https://studio.example").expect(204);
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(allowed.header("access-control-allow-origin"), "https://studio.example");
    let upgrade = [("origin", "https://evil.example"), ("connection", "upgrade"), ("upgrade", "websocket")];
    service.send("GET", "/ws", &upgrade, None).problem(403);
}

#[test]
fn a_foreign_name_that_points_here_gets_nothing() {
    let service = Service::start();
    service.send("GET", "/stream/status", &[("host", "rebound.example")], None).problem(403);
    for own in ["localhost:4200", "127.0.0.1", "[::1]:4200"] {
        service.send("GET", "/stream/status", &[("host", own)], None).expect(200);
    }
}

#[test]
fn answers_carry_the_headers_that_protect_them() {
    let service = Service::start();
    for path in ["/stream/status", "/nowhere", "/"] {
        let answer = service.get(path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(!answer.header("content-security-policy").is_empty(), "{path}");
    }
    let body = json!({ "id": "<script>" });
    let problem = service.json("POST", "/stream/layers", &body).problem(422);
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert!(pointers.contains(&&json!("/id")), "{problem}");
}
