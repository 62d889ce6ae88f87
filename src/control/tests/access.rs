use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::{websocket::Client, *};
use crate::control::{ApiToken, Scope};

const TOKEN: &str = "a-token-of-sixteen-letters";

#[test]
fn with_a_token_everything_but_health_asks_for_it() {
    let token = ApiToken::new(TOKEN).unwrap();
    assert!(!format!("{token:?}").contains(TOKEN));
    let service = Service::start_with(ControlSettings { tokens: vec![(token, Scope::Admin)], ..settings() });
    // The page asks for the token by itself; nothing of the stream is in it.
    service.get("/").expect(200);
    for path in ["/stream/status", "/api/config", "/metrics", "/live/stream.m3u8", "/ws", "/nowhere", "/health/other"] {
        let answer = service.get(path);
        // For players, browsers ask their user.
        let scheme = if path.starts_with("/live/") { "Basic" } else { "Bearer" };
        assert!(answer.header("www-authenticate").starts_with(scheme), "{path}");
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

    let password = format!("Basic {}", BASE64_STANDARD.encode(format!("anyone:{TOKEN}")));
    let with_password = |path: &str| service.send("GET", path, &[("authorization", &password)], None);
    with_password("/live/stream.m3u8").expect(200);
    with_password("/stream/status").problem(401);
}

#[test]
fn a_token_allows_what_its_scope_says() {
    let (read, control) = ("a-token-that-only-reads", "a-token-that-steers-too");
    let token = |text: &str| ApiToken::new(text).unwrap();
    let tokens = vec![(token(TOKEN), Scope::Admin), (token(control), Scope::Control), (token(read), Scope::Read)];
    let service = Service::start_with(ControlSettings { tokens, ..settings() });
    let send = |method: &str, path: &str, token: &str, body: Option<&[u8]>| {
        service.send(method, path, &[("authorization", &format!("Bearer {token}"))], body)
    };
    for token in [read, control, TOKEN] {
        send("GET", "/stream/layers", token, None).expect(200);
        send("GET", "/api/config", token, None).expect(200);
    }
    let problem = send("POST", "/stream/start", read, Some(b"")).problem(403);
    assert!(problem["detail"].as_str().unwrap().contains("`control`"), "{problem}");
    send("POST", "/stream/start", control, Some(b"")).expect(200);
    let limit: &[u8] = b"{\"max_layers\": 60}";
    for token in [read, control] {
        let problem = send("PATCH", "/api/config", token, Some(limit)).problem(403);
        assert!(problem["detail"].as_str().unwrap().contains("`admin`"), "{problem}");
    }
    send("PATCH", "/api/config", TOKEN, Some(limit)).expect(200);
}

#[test]
fn browsers_show_the_token_among_the_protocols_of_a_websocket() {
    let tokens = vec![(ApiToken::new(TOKEN).unwrap(), Scope::Read)];
    let service = Service::start_with(ControlSettings { tokens, ..settings() });
    let open = |protocols: &str| {
        let headers = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", protocols),
        ];
        service.send("GET", "/ws", &headers, None)
    };
    let token = |text: &str| format!("stream-manager, token.{}", BASE64_URL_SAFE_NO_PAD.encode(text));
    let opened = open(&token(TOKEN)).expect(101);
    assert_eq!(opened.header("sec-websocket-protocol"), "stream-manager");
    open(&token("another-token-than-that")).problem(401);
    open("stream-manager, token.!").problem(401);
    open("stream-manager").problem(401);
}

#[test]
fn ports_of_their_own_ask_for_the_token_too() {
    let (read, control) = ("a-token-that-only-reads", "a-token-that-steers-too");
    let token = |text: &str| ApiToken::new(text).unwrap();
    let tokens = vec![(token(TOKEN), Scope::Admin), (token(control), Scope::Control), (token(read), Scope::Read)];
    let free = Some(([127, 0, 0, 1], 0).into());
    let service =
        Service::start_with(ControlSettings { tokens, websocket: free, metrics: free, health: free, ..settings() });
    let [websocket, metrics, health] = [service.websocket, service.metrics, service.health].map(Option::unwrap);
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    // Every path of this port is the WebSocket, those of pages too.
    for path in
        ["/", "/ws", "/?topics=scene", "/health/live", "/health/ready", "/api/docs", "/api/openapi.json", "/admin/x"]
    {
        send_to(websocket, "GET", path, &upgrade, None).problem(401);
        let wrong = [&upgrade[..], &[("authorization", "Bearer another-token-than-that")]].concat();
        send_to(websocket, "GET", path, &wrong, None).problem(401);
        for (shown, scope) in [(read, "read"), (control, "control"), (TOKEN, "admin")] {
            let hello = service.runtime.block_on(Client::hello_of(&format!("ws://{websocket}{path}"), shown));
            assert_eq!(hello["scope"], scope, "{path}: {hello}");
        }
    }
    send_to(metrics, "GET", "/metrics", &[], None).problem(401);
    send_to(metrics, "GET", "/", &[], None).problem(401);
    send_to(health, "GET", "/health/live", &[], None).expect(200);
    send_to(health, "GET", "/admin/x", &[], None).problem(401);
    let right = format!("Bearer {read}");
    send_to(metrics, "GET", "/metrics", &[("authorization", &right)], None).expect(200);
}

#[test]
fn who_floods_or_guesses_is_told_to_wait() {
    let tokens = vec![(ApiToken::new(TOKEN).unwrap(), Scope::Admin)];
    let service = Service::start_with(ControlSettings { tokens, ..settings() });
    let right = format!("Bearer {TOKEN}");
    let wrong: Vec<u16> = (0..40)
        .map(|guess| {
            let guess = format!("Bearer a-guess-of-a-token-{guess}");
            service.send("GET", "/stream/status", &[("authorization", &guess)], None).status
        })
        .collect();
    assert!(wrong.starts_with(&[401; 20]) && wrong.ends_with(&[429]), "{wrong:?}");
    let answer = service.send("GET", "/stream/status", &[("authorization", &right)], None);
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(429);

    let service = Service::start_with(ControlSettings { requests_per_second: Some(5), ..settings() });
    let told: Vec<u16> = (0..40).map(|_| service.get("/stream/status").status).collect();
    assert!(told.starts_with(&[200; 10]) && told.contains(&429), "{told:?}");
    service.get("/health/live").expect(200);
}

#[test]
fn requests_over_websocket_count_as_those_over_http() {
    let service = Service::start_with(ControlSettings { requests_per_second: Some(1), ..settings() });
    let mut client = service.runtime.block_on(Client::connect_with(service.address, "?topics="));
    let ask = json!({ "type": "request", "method": "GET", "path": "/api/stream/status" });
    let told: Vec<_> = (0..20).map(|_| service.runtime.block_on(client.ask(ask.clone()))).collect();
    assert_eq!(told[0]["status"], 200, "the first one beside the connection itself: {}", told[0]);
    let refused = told.iter().find(|told| told["type"] == "error").unwrap();
    assert_eq!(refused["status"], 429, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("try again in"), "{refused}");
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
    for header in ["etag", "location", "retry-after", "stream-tick"] {
        let exposed = listed.header("access-control-expose-headers");
        assert!(exposed.split(", ").any(|name| name == header), "{header} is not in {exposed}");
    }
    for (origin, allowed) in [("https://studio.example", "https://studio.example"), ("https://evil.example", "")] {
        let playlist = service.send("GET", "/live/stream.m3u8", &[("origin", origin)], None).expect(200);
        assert_eq!(playlist.header("access-control-allow-origin"), allowed);
    }

    let read = service.send("GET", "/stream/status", &[("origin", "https://evil.example")], None).expect(200);
    assert_eq!(read.header("access-control-allow-origin"), "", "without it a browser does not let the page read");
    let ask = |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "PATCH")];
        service.send("OPTIONS", "/stream/layers/box", &headers, None)
    };
    ask("https://evil.example").problem(403);
    let allowed = ask("https://studio.example").expect(204);
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
    for header in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"] {
        let taken = allowed.header("access-control-allow-headers");
        assert!(taken.split(", ").any(|name| name == header), "{header} is not in {taken}");
    }
    assert_eq!(allowed.header("access-control-allow-origin"), "https://studio.example");
    let upgrade = [("origin", "https://evil.example"), ("connection", "upgrade"), ("upgrade", "websocket")];
    service.send("GET", "/ws", &upgrade, None).problem(403);
}

/// The page is served by one port, and may open the WebSocket of the other.
#[test]
fn a_page_of_the_service_may_open_the_websocket_on_its_own_port() {
    let free = Some(([127, 0, 0, 1], 0).into());
    let service = Service::start_with(ControlSettings { websocket: free, metrics: free, ..settings() });
    let [websocket, metrics] = [service.websocket, service.metrics].map(Option::unwrap);
    let open = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        send_to(websocket, "GET", "/", &headers, None)
    };
    open(&format!("http://{}", service.address)).expect(101);
    open(&format!("http://{websocket}")).expect(101);
    // Another program may have any other port, and another host the same.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for foreign in [
        format!("http://{other}"),
        format!("http://{metrics}"),
        format!("http://localhost:{}", service.address.port()),
        format!("http://evil.example:{}", service.address.port()),
        "http://127.0.0.1".to_owned(),
        "null".to_owned(),
    ] {
        assert_eq!(open(&foreign).status, 403, "{foreign}");
    }
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
