use components::{SceneDiff, SceneSnapshot};
use futures_util::{SinkExt as _, StreamExt as _};
use proptest::{
    prelude::{Strategy as _, prop},
    prop_oneof,
    strategy::{Just, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use super::*;

/// A client, and what it knows of the scene.
pub(super) struct Client {
    pub(super) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(super) scene: Option<SceneSnapshot>,
    pub(super) epoch: String,
    pub(super) snapshots: usize,
    pub(super) updates: usize,
    /// Binary messages that have come.
    pub(super) pictures: Vec<Vec<u8>>,
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, "").await
    }

    pub(super) async fn connect_with(address: SocketAddr, query: &str) -> Self {
        let (socket, _) = connect_async(format!("ws://{address}/ws{query}")).await.unwrap();
        Self::on(socket)
    }

    /// Shows a token.
    pub(super) async fn connect_as(address: SocketAddr, token: &str) -> Self {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        Self::on(connect_async(request).await.unwrap().0)
    }

    /// How it is greeted at a place that it shows a token to.
    pub(super) async fn hello_of(url: &str, token: &str) -> Value {
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        Self::on(connect_async(request).await.unwrap().0).next_of("hello").await
    }

    fn on(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { socket, scene: None, epoch: String::new(), snapshots: 0, updates: 0, pictures: Vec::new() }
    }

    /// The next message in text; one of the scene has been applied.
    pub(super) async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.unwrap();
            let text = match message.unwrap().unwrap() {
                Message::Text(text) => text,
                Message::Binary(picture) => {
                    self.pictures.push(picture.to_vec());
                    continue;
                }
                _ => continue,
            };
            let message: Value = serde_json::from_str(&text).unwrap();
            let mut told = message.clone();
            let kind = told.as_object_mut().unwrap().remove("type").unwrap();
            if kind == "snapshot" {
                self.epoch = told["epoch"].as_str().unwrap().to_owned();
                self.scene = Some(serde_json::from_value(told).unwrap());
                self.snapshots += 1;
            } else if kind == "layerUpdate" {
                let diff: SceneDiff = serde_json::from_value(told).unwrap();
                let scene = self.scene.as_mut().unwrap();
                scene.apply(&diff).unwrap_or_else(|error| {
                    panic!("{error}\n{message}\n{}", serde_json::to_string(&scene.scene.layers).unwrap())
                });
                self.updates += 1;
            }
            return message;
        }
    }

    pub(super) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    pub(super) async fn say(&mut self, message: Value) {
        self.say_text(message.to_string()).await;
    }

    pub(super) async fn say_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Says something and takes messages until it is answered.
    pub(super) async fn ask(&mut self, mut message: Value) -> Value {
        let request = format!("{}-{}", message["type"].as_str().unwrap(), self.updates);
        message["requestId"] = json!(request);
        self.say(message).await;
        loop {
            let answer = self.next().await;
            if answer["requestId"] == *request {
                return answer;
            }
        }
    }

    /// Takes messages until the client has all changes up to `seq`, those that it does not see included.
    pub(super) async fn catch_up(&mut self, seq: u64) {
        while self.ask(json!({ "type": "ping" })).await["seq"].as_u64() < Some(seq) {}
    }

    /// The next picture.
    pub(super) async fn picture(&mut self) -> Vec<u8> {
        while self.pictures.is_empty() {
            let message = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.unwrap();
            if let Message::Binary(picture) = message.unwrap().unwrap() {
                self.pictures.push(picture.to_vec());
            }
        }
        self.pictures.remove(0)
    }

    pub(super) fn layers(&self) -> Value {
        serde_json::to_value(&self.scene.as_ref().unwrap().scene.layers).unwrap()
    }

    /// The code with which the service ends the conversation.
    pub(super) async fn goodbye(&mut self) -> Option<u16> {
        loop {
            match tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.unwrap() {
                Some(Ok(Message::Close(close))) => return close.map(|close| close.code.into()),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    }
}

#[test]
fn a_client_gets_hello_a_snapshot_and_then_what_happens() {
    let service = Service::start();
    let mut client = service.runtime.block_on(Client::connect(service.address));
    let next = |client: &mut Client| service.runtime.block_on(client.next());
    let other = |client: &mut Client| loop {
        let message = service.runtime.block_on(client.next());
        if message["type"] != "metrics" {
            return message;
        }
    };
    let hello = next(&mut client);
    assert_eq!((&hello["type"], &hello["protocol"]), (&json!("hello"), &json!(2)));
    assert_eq!(hello["scope"], "admin", "without tokens everybody may do everything");
    assert_eq!(hello["server"], concat!("stream-manager/", env!("CARGO_PKG_VERSION")));
    assert_eq!((&hello["fps"], &hello["resolution"]), (&json!(60), &json!({ "width": WIDTH, "height": HEIGHT })));
    let snapshot = next(&mut client);
    assert_eq!(snapshot["type"], "snapshot");
    assert_eq!(snapshot["epoch"], hello["epoch"]);
    assert_eq!(snapshot["scene"]["name"], "a test");
    assert_eq!(client.layers(), service.get("/stream/layers").value()["layers"]);
    assert_eq!(next(&mut client), json!({ "type": "streamEvent", "event": "transport", "state": "stopped" }));
    let scenes = next(&mut client);
    let active = &service.get("/stream/scenes").value()["active"];
    assert_eq!((&scenes["event"], &scenes["active"], &scenes["put"]), (&json!("scenes"), active, &json!([])));
    let metrics = next(&mut client);
    assert_eq!((&metrics["type"], &metrics["connectedClients"]), (&json!("metrics"), &json!(1)));
    let status = service.get("/stream/status").value();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    let more = names(&metrics).difference(&names(&status)).cloned().collect::<Vec<_>>();
    assert_eq!((names(&status).difference(&names(&metrics)).count(), more), (0, vec!["seq".into(), "type".into()]));

    let edited = service.json("PATCH", "/stream/layers/box", &json!({ "opacity": 0.125 })).expect(200);
    let update = other(&mut client);
    assert_eq!(update["type"], "layerUpdate");
    assert_eq!(update["tick"], edited.tick());
    assert_eq!(update["seq"], snapshot["seq"].as_u64().unwrap() + 1);
    assert_eq!(update.get("since"), None);
    assert_eq!(client.layers(), service.get("/stream/layers").value()["layers"]);

    service.post("/stream/start").expect(200);
    assert_eq!(other(&mut client), json!({ "type": "streamEvent", "event": "transport", "state": "live" }));
    service.engine.announce(crate::engine::StreamEvent::Error { message: "the camera is on fire".to_owned() });
    assert_eq!(other(&mut client), json!({ "type": "error", "detail": "the camera is on fire" }));
    let pong = service.runtime.block_on(client.ask(json!({ "type": "ping" })));
    assert_eq!((&pong["type"], &pong["seq"]), (&json!("pong"), &update["seq"]));

    service.runtime.block_on(client.socket.close(None)).unwrap();
    wait_for("the client to be gone", || service.engine.clients() == 0);
}

#[test]
fn what_happens_to_scenes_is_told() {
    let service = Service::start();
    let mut client = service.runtime.block_on(Client::connect(service.address));
    let event = |client: &mut Client| loop {
        let message = service.runtime.block_on(client.next());
        if message["event"] == "scenes" {
            return message;
        }
    };
    let told = |answer: &Answer, active: &str, put: &[&str], removed: &[&str]| {
        json!({ "type": "streamEvent", "event": "scenes", "tick": answer.tick(), "active": active,
            "put": put, "removed": removed })
    };
    assert_eq!(event(&mut client)["active"], "main", "who comes is told which is on air");
    let scene = service.get("/stream/scenes/main").expect(200).value();
    let put = service.json("PUT", "/stream/scenes/second", &scene).expect(201);
    assert_eq!(event(&mut client), told(&put, "main", &["second"], &[]));
    let activated = service.post("/stream/scenes/second/activate").expect(200);
    let mut cut = told(&activated, "second", &["main"], &[]);
    cut["transition"] = json!({ "type": "cut" });
    assert_eq!(event(&mut client), cut);
    let removed = service.send("DELETE", "/stream/scenes/main", &[], None).expect(200);
    assert_eq!(event(&mut client), told(&removed, "second", &[], &["main"]));
}

#[test]
fn what_is_not_understood_gets_an_answer_and_the_connection_lives() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        for (said, status, expected) in [
            ("hello?", 400, ""),
            ("[1, 2]", 400, "an object with a `type`"),
            ("{}", 400, "`subscribe`"),
            (r#"{"type":"subscibe"}"#, 400, "did you mean `subscribe`?"),
            (r#"{"type":"ping","requestId":[]}"#, 400, "requestId"),
            (r#"{"type":"ping","type":"ping"}"#, 400, "type"),
            (r#"{"type":"subscribe","topics":["scene","sene"]}"#, 422, "/topics/1"),
            (r#"{"type":"subscribe","rate":1000}"#, 422, "/rate"),
            (r#"{"type":"subscribe","layers":["a b"]}"#, 422, "/layers/0"),
            (r#"{"type":"resume","seq":3}"#, 422, "`epoch`"),
            (r#"{"type":"preview","width":5}"#, 422, "/width"),
            (r#"{"type":"preview","colour":5}"#, 422, "/colour"),
        ] {
            client.socket.send(Message::text(said)).await.unwrap();
            let error = client.next_of("error").await;
            assert_eq!(error["status"], status, "{said}: {error}");
            assert!(error.to_string().contains(expected), "{said}: {error}");
        }
        client.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
        assert!(client.next_of("error").await["detail"].as_str().unwrap().contains("binary"));
        client.say(json!({ "type": "dance", "requestId": 17 })).await;
        assert_eq!(client.next_of("error").await["requestId"], 17);
        assert_eq!(client.ask(json!({ "type": "ping" })).await["type"], "pong");
    });
    for (query, words) in [("?topic=scene", "did you mean `topics`?"), ("?rate=fast", "/rate"), ("?seq=1", "`epoch`")] {
        let headers = [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let answer = service.send("GET", &format!("/ws{query}"), &headers, None);
        let status = answer.status;
        assert!(matches!(status, 400 | 422), "{query}: {status}");
        assert!(answer.problem(status).to_string().contains(words), "{query}");
    }
    service.get("/ws").problem(426);
}

#[test]
fn who_breaks_the_rules_is_told_which_one_by_the_close_code() {
    let service = Service::start();
    service.runtime.block_on(async {
        let text = |bytes: &'static [u8]| Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true));
        for (said, times, code) in [
            (text(b"\"\xff\xfe\""), 1, 1007),
            (Message::text("x".repeat((2 << 20) + 1)), 1, 1009),
            (Message::text("rubbish"), 100, 1008),
            (Message::Frame(Frame::message(&b"?"[..], OpCode::Data(Data::Continue), true)), 1, 1002),
        ] {
            let mut client = Client::connect_with(service.address, "?topics=").await;
            for _ in 0..times {
                // It may hang up before all is said.
                let _ = client.socket.send(said.clone()).await;
            }
            let code_came = client.goodbye().await;
            // What is too large is not read to its end, and then the system may drop the goodbye.
            assert!(code_came == Some(code) || (code == 1009 && code_came.is_none()), "{code}: {code_came:?}");
        }
    });
    wait_for("all to be gone", || service.engine.clients() == 0);
}

#[test]
fn a_client_that_falls_behind_holds_nobody_up_and_is_brought_up_to_date_by_one_update() {
    let service = Service::start();
    let (mut slow, mut quick) = service
        .runtime
        .block_on(async { (Client::connect(service.address).await, Client::connect(service.address).await) });
    service.runtime.block_on(async {
        slow.next_of("streamEvent").await;
        quick.next_of("streamEvent").await;
    });
    // 40 MB: far more than the system buffers for the slow one, and what is left is more than it may be behind.
    let message = "x".repeat(64 << 10);
    for n in 0..640 {
        if n >= 600 {
            service.json("PATCH", "/stream/layers/box", &json!({ "opacity": f64::from(n) / 1000.0 })).expect(200);
            service.runtime.block_on(quick.next_of("layerUpdate"));
        }
        service.engine.announce(crate::engine::StreamEvent::Error { message: message.clone() });
        service.runtime.block_on(quick.next_of("error"));
    }
    let seq = service.get("/stream/layers").value()["seq"].as_u64().unwrap();
    let updates = quick.updates;
    service.runtime.block_on(async {
        assert!(slow.next_of("missed").await["count"].as_u64() > Some(100));
        assert_eq!(slow.next_of("streamEvent").await["event"], "transport", "the state follows");
        slow.catch_up(seq).await;
    });
    assert_eq!(slow.layers(), service.get("/stream/layers").value()["layers"]);
    assert!(slow.updates * 4 < updates, "{} updates, the quick one had {updates}", slow.updates);
    assert_eq!((slow.snapshots, quick.snapshots), (1, 1), "an update does, be it a large one");
}

#[test]
fn a_token_is_asked_of_clients_too_and_the_end_is_announced() {
    let token = ApiToken::new("a-token-of-sixteen-letters").unwrap();
    let mut service = Service::start_with(ControlSettings { tokens: vec![(token, Scope::Read)], ..settings() });
    let url = format!("ws://{}/ws", service.address);
    let mut client = service.runtime.block_on(async {
        assert!(connect_async(&url).await.is_err());
        let mut client = Client::connect_as(service.address, "a-token-of-sixteen-letters").await;
        client.next_of("snapshot").await;
        client
    });
    let reading = service.runtime.spawn(async move {
        loop {
            match client.socket.next().await {
                Some(Ok(Message::Close(Some(close)))) => return Some(u16::from(close.code)),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    });
    let _ = service.stop.take().unwrap().send(());
    assert_eq!(service.runtime.block_on(reading).unwrap(), Some(1001));
    service.end();
}

/// A random request that edits layers; some make no sense and are refused.
pub(super) fn edit() -> impl prop::strategy::Strategy<Value = (&'static str, String, Value)> {
    let id = || prop::sample::select(vec!["background", "box", "group", "child", "a", "b", "c"]);
    let color = prop::sample::select(vec!["#000000", "#ff0000", "#00ff0080"]);
    let layer = (id(), color, 0..3_i32, prop::bool::ANY).prop_map(|(id, color, z, group)| {
        let content = if group { json!({ "type": "group" }) } else { json!({ "type": "color", "color": color }) };
        json!({ "id": id, "zIndex": z, "content": content })
    });
    let place = prop_oneof![
        Just(String::new()),
        (0..4_usize).prop_map(|index| format!("?index={index}")),
        (id(), 0..2_usize).prop_map(|(id, index)| format!("?parent={id}&index={index}")),
    ];
    let patch = prop_oneof![
        (0..=4_u32).prop_map(|n| json!({ "opacity": f64::from(n) / 4.0 })),
        (-9..9_i32).prop_map(|x| json!({ "transform": { "position": { "x": x, "y": 1 } } })),
        Just(json!({ "transform": null, "name": "n" })),
        layer.clone().prop_map(|layer| json!({ "content": { "type": "group" }, "children": [layer] })),
        Just(json!({ "mask": { "shape": { "type": "ellipse" } } })),
    ];
    prop_oneof![
        3 => (place, layer.clone()).prop_map(|(place, layer)| ("POST", place, layer)),
        4 => (id(), patch).prop_map(|(id, patch)| ("PATCH", format!("/{id}"), patch)),
        2 => layer.prop_map(|layer| ("PUT", format!("/{}", layer["id"].as_str().unwrap_or_default()), layer)),
        1 => id().prop_map(|id| ("DELETE", format!("/{id}"), Value::Null)),
    ]
}

#[test]
fn a_snapshot_and_its_diffs_are_what_get_answers_after_random_edits() {
    let service = Service::start();
    let mut early = service.runtime.block_on(Client::connect(service.address));
    let mut runner = TestRunner::deterministic();
    let mut accepted = 0;
    let mut late = Vec::new();
    for round in 0..150 {
        let (method, path, body) = edit().new_tree(&mut runner).unwrap().current();
        let answer = service.json(method, &format!("/stream/layers{path}"), &body);
        assert!(answer.status < 500, "{method} {path} {body}: {}", answer.text());
        accepted += usize::from(answer.status < 300);
        if round % 30 == 29 {
            late.push(service.runtime.block_on(Client::connect(service.address)));
        }
    }
    assert!(accepted > 50, "{accepted} edits were accepted, too few to tell anything");
    let list = service.get("/stream/layers").expect(200).value();
    let seq = list["seq"].as_u64().unwrap();
    late.push(early);
    for client in &mut late {
        service.runtime.block_on(client.catch_up(seq));
        assert_eq!(client.layers(), list["layers"]);
        assert_eq!(client.snapshots, 1);
    }
    early = late.pop().unwrap();
    assert_eq!(early.scene.unwrap().seq, seq);
}
