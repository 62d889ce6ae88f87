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
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::*;

/// A client, and what it knows of the scene.
struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    scene: Option<SceneSnapshot>,
    snapshots: usize,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let (socket, _) = connect_async(format!("ws://{address}/ws")).await.unwrap();
        Self { socket, scene: None, snapshots: 0 }
    }

    /// The next message; one of the scene has been applied.
    async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.unwrap();
            let Message::Text(text) = message.unwrap().unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            let mut told = message.clone();
            let kind = told.as_object_mut().unwrap().remove("type").unwrap();
            if kind == "snapshot" {
                self.scene = Some(serde_json::from_value(told).unwrap());
                self.snapshots += 1;
            } else if kind == "layerUpdate" {
                let diff: SceneDiff = serde_json::from_value(told).unwrap();
                let scene = self.scene.as_mut().unwrap();
                scene.apply(&diff).unwrap_or_else(|error| {
                    panic!("{error}\n{message}\n{}", serde_json::to_string(&scene.scene.layers).unwrap())
                });
            }
            return message;
        }
    }

    async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Takes messages until the scene is at diff `seq`.
    async fn catch_up(&mut self, seq: u64) {
        while self.scene.as_ref().is_none_or(|scene| scene.seq < seq) {
            self.next().await;
        }
    }

    fn layers(&self) -> Value {
        serde_json::to_value(&self.scene.as_ref().unwrap().scene.layers).unwrap()
    }
}

#[test]
fn a_client_gets_hello_a_snapshot_and_then_what_happens() {
    let service = Service::start();
    let mut client = service.runtime.block_on(Client::connect(service.address));
    let next = |client: &mut Client| service.runtime.block_on(client.next());
    let hello = next(&mut client);
    assert_eq!((&hello["type"], &hello["protocol"]), (&json!("hello"), &json!(1)));
    assert_eq!(hello["server"], concat!("stream-manager/", env!("CARGO_PKG_VERSION")));
    let snapshot = next(&mut client);
    assert_eq!(snapshot["type"], "snapshot");
    assert_eq!(snapshot["scene"]["name"], "a test");
    assert_eq!(client.layers(), service.get("/stream/layers").value()["layers"]);
    assert_eq!(next(&mut client), json!({ "type": "streamEvent", "event": "transport", "state": "stopped" }));
    assert_eq!(service.get("/stream/status").value()["connectedClients"], 1);

    let edited = service.json("PATCH", "/stream/layers/box", &json!({ "opacity": 0.125 })).expect(200);
    let update = next(&mut client);
    assert_eq!(update["type"], "layerUpdate");
    assert_eq!(update["tick"], edited.tick());
    assert_eq!(update["seq"], snapshot["seq"].as_u64().unwrap() + 1);
    assert_eq!(client.layers(), service.get("/stream/layers").value()["layers"]);

    service.post("/stream/start").expect(200);
    assert_eq!(next(&mut client), json!({ "type": "streamEvent", "event": "transport", "state": "live" }));
    service.engine.announce(crate::engine::StreamEvent::Error { message: "the camera is on fire".to_owned() });
    assert_eq!(next(&mut client), json!({ "type": "error", "message": "the camera is on fire" }));

    service.runtime.block_on(client.socket.close(None)).unwrap();
    wait_for("the client to be gone", || service.engine.clients() == 0);
}

#[test]
fn what_is_not_understood_gets_an_answer_and_the_connection_lives() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        for (said, expected) in [
            (Message::text("hello?"), "not understood"),
            (Message::text("[1, 2]"), "not understood"),
            (Message::text(r#"{"type":"dance"}"#), "no type `dance`"),
            (Message::text(r#"{"type":"edit","id":"req-1","edits":[]}"#), "over HTTP"),
            (Message::binary(vec![1, 2, 3]), "binary"),
        ] {
            client.socket.send(said.clone()).await.unwrap();
            let error = client.next_of("error").await;
            assert!(error["message"].as_str().unwrap().contains(expected), "{said:?}: {error}");
        }
        client.socket.send(Message::text("x".repeat(65 << 10))).await.unwrap();
        loop {
            match client.socket.next().await {
                Some(Ok(Message::Close(Some(close)))) => break assert_eq!(u16::from(close.code), 1002),
                Some(Ok(_)) => {}
                other => break assert!(matches!(other, None | Some(Err(_))), "{other:?}"),
            }
        }
    });
}

#[test]
fn a_listener_that_falls_behind_holds_nobody_up_and_gets_a_new_snapshot() {
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
        if n == 600 {
            service.json("PATCH", "/stream/layers/box", &json!({ "opacity": 0.0 })).expect(200);
            service.runtime.block_on(quick.next_of("layerUpdate"));
        }
        service.engine.announce(crate::engine::StreamEvent::Error { message: message.clone() });
        service.runtime.block_on(quick.next_of("error"));
    }
    assert_eq!(quick.snapshots, 1, "who keeps up needs no second one");
    while slow.snapshots < 2 {
        service.runtime.block_on(slow.next());
    }
    assert_eq!(slow.layers(), service.get("/stream/layers").value()["layers"]);
    assert_eq!(slow.layers()[1]["opacity"], 0.0);
}

#[test]
fn a_token_is_asked_of_clients_too_and_the_end_is_announced() {
    let token = crate::control::ApiToken::new("a-token-of-sixteen-letters").unwrap();
    let mut service =
        Service::start_with(ControlSettings { tokens: vec![(token, crate::control::Scope::Read)], ..settings() });
    let url = format!("ws://{}/ws", service.address);
    let mut client = service.runtime.block_on(async {
        assert!(connect_async(&url).await.is_err());
        let mut request = url.as_str().into_client_request().unwrap();
        let token = "Bearer a-token-of-sixteen-letters".parse().unwrap();
        request.headers_mut().insert("authorization", token);
        let (socket, _) = connect_async(request).await.unwrap();
        let mut client = Client { socket, scene: None, snapshots: 0 };
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
fn edit() -> impl prop::strategy::Strategy<Value = (&'static str, String, Value)> {
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
