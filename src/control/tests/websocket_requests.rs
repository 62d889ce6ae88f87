//! What HTTP takes, asked for over WebSocket.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{
    openapi::{Described, prepare},
    websocket::Client,
    *,
};
use crate::control::{ApiToken, Scope};

fn request(method: &str, path: &str) -> Value {
    json!({ "type": "request", "method": method, "path": path })
}

fn with(mut message: Value, name: &str, value: Value) -> Value {
    message[name] = value;
    message
}

#[test]
fn every_edit_that_http_takes_is_taken() {
    let service = Service::start();
    let described = Described::of(&service);
    let mut client = service.runtime.block_on(Client::connect(service.address));
    let mut asked = 0;
    for operation in described.operations().iter().filter(|operation| operation.method != "get") {
        for (media, body) in operation.examples(&described) {
            prepare(&service, operation.path);
            let mut message = request(&operation.method.to_uppercase(), &operation.example_path(false));
            if media.ends_with("json") {
                message["body"] = serde_json::from_slice(&body).unwrap();
            } else if !body.is_empty() {
                message["base64"] = json!(BASE64_STANDARD.encode(&body));
            }
            if !media.is_empty() {
                message["contentType"] = json!(media);
            }
            let told = service.runtime.block_on(client.ask(message.clone()));
            assert_eq!(told["type"], "response", "{message}: {told}");
            let mut answer = Answer {
                status: u16::try_from(told["status"].as_u64().unwrap()).unwrap(),
                headers: ureq::http::HeaderMap::new(),
                body: told.get("body").map(|body| body.to_string().into_bytes()).unwrap_or_default(),
            };
            let headers = [("tick", "stream-tick"), ("etag", "etag"), ("location", "location")];
            for (field, header) in headers {
                let value = told.get(field).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
                if let Some(value) = value {
                    answer.headers.insert(header, value.parse().unwrap());
                }
            }
            answer.headers.insert("content-type", "application/json".parse().unwrap());
            described.check(operation, &answer, "its example over WebSocket");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
}

#[test]
fn answers_tell_what_those_over_http_do() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        let read = client.ask(request("GET", "/api/stream/layers/box")).await;
        assert_eq!((&read["status"], &read["body"]["id"]), (&json!(200), &json!("box")), "{read}");
        let patch = with(request("PATCH", "/stream/layers/box"), "body", json!({ "opacity": 0.125 }));
        let done = client.ask(with(patch.clone(), "ifMatch", read["etag"].clone())).await;
        assert_eq!(done["body"]["layer"]["opacity"], 0.125, "{done}");
        assert_eq!(done["tick"], done["body"]["tick"]);
        let late = client.ask(with(patch, "ifMatch", read["etag"].clone())).await;
        assert_eq!((&late["type"], &late["status"]), (&json!("error"), &json!(412)), "{late}");
        let created = json!({ "id": "new", "content": { "type": "group" } });
        let created = client.ask(with(request("POST", "/api/stream/layers"), "body", created)).await;
        assert_eq!((&created["status"], &created["location"]), (&json!(201), &json!("/api/stream/layers/new")));
        // One that waits for its tick holds up no other.
        let at = service.engine.stats().tick + 60;
        let later = with(request("POST", &format!("/api/stream/layers/box/visibility?at={at}")), "requestId", json!(7));
        client.say(with(later, "body", json!({ "visible": false }))).await;
        let now = client.ask(request("GET", "/api/stream/status")).await;
        assert_eq!(now["status"], 200, "{now}");
        let later = client.next_of("response").await;
        assert_eq!((&later["requestId"], &later["tick"]), (&json!(7), &json!(at)));
    });
}

#[test]
fn what_is_wrong_with_a_request_is_told_where_it_is() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        let patch = request("PATCH", "/api/stream/layers/box");
        let cases = [
            (with(patch.clone(), "body", json!({ "opacity": 7 })), 422, "/body/opacity"),
            (with(request("PUT", "/api/stream/layers/box"), "body", json!([])), 422, "/body"),
            (request("OPTIONS", "/"), 422, "/method"),
            (request("GET", "api/stream/status"), 422, "/path"),
            (request("GET", "/a path"), 422, "/path"),
            (with(patch.clone(), "ifmatch", json!("1")), 422, "/ifmatch"),
            (with(patch.clone(), "ifMatch", json!("a\nb")), 422, "/ifMatch"),
            (with(patch.clone(), "base64", json!("?")), 422, "/base64"),
            (with(with(patch.clone(), "base64", json!("")), "body", json!({})), 422, "/base64"),
        ];
        for (message, status, pointer) in cases {
            let answer = client.ask(message.clone()).await;
            assert_eq!((&answer["type"], &answer["status"]), (&json!("error"), &json!(status)), "{message}: {answer}");
            assert_eq!(answer["errors"][0]["pointer"], pointer, "{message}: {answer}");
            // Places are those in the message, or not told.
            let detail = answer["detail"].as_str().unwrap();
            assert!(detail.starts_with(&format!("{pointer}: found ")), "{message}: {answer}");
            assert_eq!((&answer["errors"][0]["line"], &answer["errors"][0]["column"]), (&Value::Null, &Value::Null));
        }
        let unknown = client.ask(with(patch.clone(), "bdy", json!({ "opacity": 1 }))).await;
        assert!(unknown["errors"][0]["expected"].as_str().unwrap().contains("`body`"), "{unknown}");
        assert_eq!(unknown["errors"][0]["nearest"], "body", "{unknown}");
        let misspelt = client.ask(with(patch.clone(), "body", json!({ "opactiy": 1 }))).await;
        let fault = &misspelt["errors"][0];
        assert_eq!((&fault["pointer"], &fault["nearest"]), (&json!("/body/opactiy"), &json!("opacity")), "{misspelt}");
        let file = with(patch.clone(), "base64", json!(BASE64_STANDARD.encode(r#"{ "opacity": 7 }"#)));
        let file = client.ask(with(file, "contentType", json!("application/json"))).await;
        assert_eq!((&file["status"], &file["errors"][0]["pointer"]), (&json!(422), &json!("/base64")), "{file}");
        // A key that was written into the wrong field is not repeated.
        let output = |document: Value| with(request("POST", "/api/stream/outputs"), "body", document);
        for message in [
            output(json!({ "id": "x", "url": "a.mp4", "live_4711_sEcReT": 1 })),
            output(json!({ "id": "live_4711_sEcReT x", "url": "rtmp://live_4711_sEcReT/app" })),
            with(output(json!({})), "path", json!("live_4711_sEcReT")),
        ] {
            let answer = client.ask(message).await;
            assert_eq!(answer["status"], 422, "{answer}");
            assert!(!answer.to_string().contains("sEcReT"), "{answer}");
        }
        for (path, status) in [("/api/stream/nothing", 404), ("/ws", 404), ("/api/stream/frame", 406), ("/", 404)] {
            let answer = client.ask(request("GET", path)).await;
            assert_eq!((&answer["type"], &answer["status"]), (&json!("error"), &json!(status)), "{path}: {answer}");
        }
        // There is an end to how many may wait.
        let far = service.engine.stats().tick + 60 * 600;
        for n in 0..65 {
            let hide = with(request("POST", &format!("/stream/layers/box/visibility?at={far}")), "requestId", json!(n));
            client.say(with(hide, "body", json!({ "visible": false }))).await;
        }
        let refused = client.next_of("error").await;
        assert_eq!((&refused["requestId"], &refused["status"]), (&json!(64), &json!(503)));
    });
}

#[test]
fn requests_take_the_token_that_http_takes() {
    let scopes = [("read", Scope::Read), ("control", Scope::Control), ("admin", Scope::Admin)];
    let token = |name: &str| format!("a-token-that-allows-{name}");
    let tokens = scopes.map(|(name, scope)| (ApiToken::new(token(name)).unwrap(), scope)).into();
    let service = Service::start_with(ControlSettings { tokens, ..settings() });
    service.runtime.block_on(async {
        for (name, scope) in scopes {
            let mut client = Client::connect_as(service.address, &token(name)).await;
            let requests = [
                (Scope::Read, request("GET", "/api/config")),
                (
                    Scope::Control,
                    with(request("POST", "/api/stream/layers/box/visibility"), "body", json!({ "visible": true })),
                ),
                (Scope::Admin, with(request("PATCH", "/api/config"), "body", json!({}))),
            ];
            for (needed, message) in requests {
                let answer = client.ask(message.clone()).await;
                let status = if scope >= needed { 200 } else { 403 };
                assert_eq!(answer["status"], status, "{name}: {message}: {answer}");
            }
        }
    });
}

/// Who asks behind its own edits is told of them, answered or not.
#[test]
fn what_is_read_behind_an_edit_has_it() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        for n in 1..20_u32 {
            let opacity = f64::from(n) / 20.0;
            if n % 2 == 0 {
                let patch = json!({ "op": "patchLayer", "id": "box", "patch": { "opacity": opacity } });
                client.say(json!({ "type": "edit", "requestId": "edit", "edits": [patch] })).await;
            } else {
                let patch = with(request("PATCH", "/api/stream/layers/box"), "body", json!({ "opacity": opacity }));
                client.say(with(patch, "requestId", json!("edit"))).await;
            }
            client.say(with(request("GET", "/api/stream/layers/box"), "requestId", json!(n))).await;
            let read = loop {
                let message = client.next().await;
                if message["requestId"] == json!(n) {
                    break message;
                }
            };
            assert_eq!(read["body"]["opacity"], opacity, "{read}");
        }
        // One for a later tick is waited for by nobody.
        let at = service.engine.stats().tick + 600;
        let patch = json!({ "op": "patchLayer", "id": "box", "patch": { "opacity": 0 } });
        client.say(json!({ "type": "edit", "edits": [patch], "at": at })).await;
        let read = client.ask(request("GET", "/api/stream/layers/box")).await;
        assert_eq!(read["body"]["opacity"], 19.0 / 20.0, "{read}");
        assert!(service.engine.stats().tick < at);
    });
}
