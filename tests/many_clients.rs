//! Several people edit at once, over HTTP and WebSocket, while others watch: all of the scene or some of its layers,
//! often or seldom, some slowly, some with connections that break. In the end all know the same.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use client::Client;
use proptest::{
    prelude::{Strategy, prop},
    prop_oneof,
    strategy::{Just, ValueTree as _},
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use service::Service;

const SCENE: &str = r##"{
    "canvas": { "width": 160, "height": 90 },
    "layers": [
        { "id": "back", "content": { "type": "color", "color": "#0000ff" } },
        { "id": "group", "content": { "type": "group" }, "children": [
            { "id": "inner", "content": { "type": "group" }, "children": [
                { "id": "child", "content": { "type": "color", "color": "#ffffff80" } },
            ] },
        ] },
    ],
}"##;

/// What editors do, each by its own dice.
fn runner(seed: u8) -> TestRunner {
    TestRunner::new_with_rng(
        proptest::test_runner::Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]),
    )
}

fn id() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["back", "group", "inner", "child", "a", "b", "c", "d", "e"])
}

fn layer() -> impl Strategy<Value = Value> {
    let content = prop_oneof![
        Just(json!({ "type": "group" })),
        prop::sample::select(vec!["#000000", "#ff0000", "#00ff0080"])
            .prop_map(|color| json!({ "type": "color", "color": color })),
    ];
    (id(), content, -2..3_i32).prop_map(|(id, content, z)| json!({ "id": id, "content": content, "zIndex": z }))
}

/// An edit; some make no sense and are refused.
fn edit() -> impl Strategy<Value = Value> {
    let parent = prop_oneof![2 => Just(Value::Null), 1 => id().prop_map(Value::from)];
    let patch = prop_oneof![
        (0..=8_u32).prop_map(|n| json!({ "opacity": f64::from(n) / 8.0 })),
        (-9..9_i32).prop_map(|x| json!({ "transform": { "position": { "x": x, "y": "50%" } } })),
        Just(json!({ "name": "n", "mask": { "shape": { "type": "ellipse" } } })),
        Just(json!({ "mask": null, "effects": [{ "type": "blur", "radius": 2 }] })),
        layer().prop_map(|layer| json!({ "children": [layer] })),
    ];
    prop_oneof![
        6 => (layer(), parent.clone(), 0..3_usize).prop_map(|(layer, parent, index)| {
            let mut edit = json!({ "op": "createLayer", "layer": layer, "index": index });
            if !parent.is_null() {
                edit["parent"] = parent;
            }
            edit
        }),
        4 => (id(), patch).prop_map(|(id, patch)| json!({ "op": "patchLayer", "id": id, "patch": patch })),
        3 => (id(), parent, 0..3_usize)
            .prop_map(|(id, parent, index)| json!({ "op": "moveLayer", "id": id, "parent": parent, "index": index })),
        1 => layer().prop_map(|layer| json!({ "op": "replaceLayer", "id": layer["id"], "layer": layer })),
        1 => id().prop_map(|id| json!({ "op": "deleteLayer", "id": id })),
    ]
}

fn batch(runner: &mut TestRunner) -> Vec<Value> {
    prop::collection::vec(edit(), 1..3).new_tree(runner).unwrap().current()
}

/// Sends batches over WebSocket, several at a time, and is told what comes of them and of those of others. Returns how
/// many were carried out.
fn edit_over_websocket(port: u16, seed: u8) -> (Client, usize) {
    let mut client = Client::connect_with(port, "?topics=scene");
    let (mut runner, mut carried_out) = (runner(seed), 0);
    for round in 0..30 {
        for n in 0..8 {
            client.say(&json!({ "type": "edit", "requestId": round * 8 + n, "edits": batch(&mut runner) }));
        }
        for n in 0..8 {
            let answer = loop {
                let message = client.next();
                if message.get("requestId").is_some() {
                    break message;
                }
            };
            assert_eq!(answer["requestId"], round * 8 + n, "answers come in order: {answer}");
            assert!(answer["status"].as_u64().unwrap_or(0) < 500, "{answer}");
            carried_out += usize::from(answer["type"] == "edited");
        }
    }
    (client, carried_out)
}

/// Sends batches over HTTP. Returns how many were carried out.
fn edit_over_http(service: &Service, seed: u8) -> usize {
    let (mut runner, mut carried_out) = (runner(seed), 0);
    for _ in 0..100 {
        let batch = json!({ "edits": batch(&mut runner) });
        let answer = service.send("POST", "/api/stream/layers/batch", &batch);
        assert!(answer.status < 500, "{batch}: {}", answer.text());
        carried_out += usize::from(answer.status < 300);
    }
    carried_out
}

/// What is seen by who has chosen some layers: these, what is in them, and the groups around them.
fn only(layers: &Value, chosen: &[&str]) -> Value {
    let seen = layers.as_array().unwrap().iter().filter_map(|layer| {
        if chosen.contains(&layer["id"].as_str().unwrap()) {
            return Some(layer.clone());
        }
        let children = only(layer.get("children")?, chosen);
        let is_seen = children.as_array().is_some_and(|children| !children.is_empty());
        is_seen.then(|| {
            let mut group = layer.clone();
            group["children"] = children;
            group
        })
    });
    seen.collect()
}

/// Tells others that it is over, however that comes.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// One who watches until the editors are done.
struct Watcher {
    query: &'static str,
    chosen: Option<&'static [&'static str]>,
    /// Whether its connection breaks again and again.
    breaks: bool,
    /// Whether it takes nothing until the editors are done.
    is_slow: bool,
}

impl Watcher {
    /// Watches; what it knows in the end is in the client.
    fn watch(&self, service: &Service, done: &AtomicBool) -> Client {
        let mut client = Client::connect_with(service.port, &format!("?topics=scene{}", self.query));
        client.next_of("snapshot");
        let mut rounds = 0;
        while !done.load(Ordering::Acquire) {
            if self.is_slow {
                std::thread::yield_now();
                continue;
            }
            client.ask(json!({ "type": "ping" }));
            rounds += 1;
            if self.breaks && rounds % 7 == 0 {
                client.come_back(service.port, self.query);
                let resumed = client.next_of("resumed");
                assert_eq!(resumed["isComplete"], true, "{resumed}");
            }
        }
        knows_all(&mut client, service, self.chosen);
        client
    }
}

/// Takes messages until the client has all changes, and looks whether it knows then what the service knows.
#[track_caller]
fn knows_all(client: &mut Client, service: &Service, chosen: Option<&[&str]>) {
    let there = service.json("/api/stream/layers");
    while client.ask(json!({ "type": "ping" }))["seq"].as_u64() < there["seq"].as_u64() {}
    let expected = chosen.map_or_else(|| there["layers"].clone(), |chosen| only(&there["layers"], chosen));
    assert_eq!(client.layers, expected, "of {chosen:?}");
}

#[test]
fn all_know_the_same_in_the_end() {
    let variables = [("SCENE", "scene.jsonc"), ("STREAM_RESOLUTION", "160x90"), ("TARGET_FPS", "60")];
    let service = Service::start(&variables, &[("scene.jsonc", SCENE)]);
    let all = Watcher { query: "", chosen: None, breaks: false, is_slow: false };
    let some: &[&str] = &["child", "a", "nothing"];
    let watchers = [
        Watcher { is_slow: true, ..all },
        Watcher { breaks: true, ..all },
        Watcher { query: "&rate=5", ..all },
        Watcher { query: "&layers=child,a,nothing", chosen: Some(some), ..all },
        Watcher { query: "&layers=child,a,nothing&rate=20", chosen: Some(some), breaks: true, ..all },
        Watcher { query: "&layers=group,b", chosen: Some(&["group", "b"]), breaks: true, ..all },
        all,
    ];
    let (service, done) = (&service, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        let ending = Ending(done);
        let watching: Vec<_> = watchers.iter().map(|watcher| scope.spawn(|| watcher.watch(service, done))).collect();
        let editing = [1, 2].map(|seed| scope.spawn(move || edit_over_websocket(service.port, seed)));
        let carried_out = edit_over_http(service, 3);
        let editors = editing.map(|editor| editor.join().unwrap());
        let over_websocket: usize = editors.iter().map(|(_, carried_out)| carried_out).sum();
        drop(ending);
        for (mut editor, _) in editors {
            knows_all(&mut editor, service, None);
            assert_eq!(editor.snapshots, 1);
        }
        assert!(carried_out > 20 && over_websocket > 80, "{carried_out} and {over_websocket}: too few to tell");
        for (watcher, watching) in watchers.iter().zip(watching) {
            let client = watching.join().unwrap();
            assert_eq!(client.snapshots, 1, "{}: an update did each time", watcher.query);
            assert!(client.updates > 0, "{}", watcher.query);
        }
    });
    assert!(!service.log().contains("panicked"));
}

/// Opens a WebSocket and sends bytes that are none of its frames, or no message of this service.
fn talk_rubbish(port: u16, bytes: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    // The service may have hung up before all is said.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
}

/// A text in one frame, as clients send it: masked, here with zeros.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0xff];
    frame.extend(u64::try_from(text.len()).unwrap().to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

#[test]
fn those_who_mean_no_good_hurt_only_themselves() {
    const STALLED: usize = 16;
    const EDITS: usize = 100;
    const TEXTS: usize = 12;
    /// As many as may be, of four bytes each.
    const LETTERS: usize = 5000;
    const BYTES: usize = TEXTS * 4 * LETTERS;
    let variables = [("SCENE", "scene.jsonc"), ("STREAM_RESOLUTION", "160x90"), ("TARGET_FPS", "60")];
    let service = Service::start(&variables, &[("scene.jsonc", SCENE)]);
    let ids: Vec<String> = (0..TEXTS).map(|number| format!("text-{number}")).collect();
    for id in &ids {
        let hidden = json!({ "id": id, "visible": false, "content": { "type": "text", "text": "" } });
        service.send("POST", "/api/stream/layers", &hidden).expect(201);
    }
    let mut watcher = Client::connect_with(service.port, "?topics=scene");
    watcher.next_of("snapshot");
    let mut stalled: Vec<_> = (0..STALLED).map(|_| Client::connect_with(service.port, "?topics=scene")).collect();
    let write = |n: usize| {
        let letter = ["\u{1d11e}", "\u{1d122}"][n % 2];
        let patch = json!({ "content": { "text": letter.repeat(LETTERS) } });
        let edits: Vec<_> = ids.iter().map(|id| json!({ "op": "patchLayer", "id": id, "patch": patch })).collect();
        service.send("POST", "/api/stream/layers/batch", &json!({ "edits": edits })).expect(200);
    };
    let done = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ending = Ending(done);
        let nothing = json!({ "op": "patchLayer", "id": "text-0", "patch": {} });
        let messages =
            [json!({ "type": "subscribe", "topics": [] }), json!({ "type": "edit", "edits": vec![nothing; 100] })];
        let floods = [(true, 0), (false, 0), (true, 1), (false, 1)].map(|(takes_answers, message)| {
            let (port, message) = (service.port, messages[message].clone());
            scope.spawn(move || {
                let mut client = Client::connect_with(port, "?topics=");
                while !done.load(Ordering::Acquire) {
                    if takes_answers {
                        client.ask(message.clone());
                    } else if client.try_say(&message, Duration::from_millis(50)) == Some(false) {
                        // Let go of, for it takes nothing.
                        break;
                    }
                }
            })
        });
        let rubbish = scope.spawn(|| {
            let mut runner = runner(7);
            let bytes = prop::collection::vec(proptest::num::u8::ANY, 1..2000);
            for _ in 0..60 {
                talk_rubbish(service.port, &bytes.new_tree(&mut runner).unwrap().current());
            }
            for text in ["[".repeat(1 << 20), format!("{{\"type\":{}", "{\"a\":".repeat(200_000)), "\u{0}".repeat(9)] {
                talk_rubbish(service.port, &frame(&text));
            }
        });
        // What is kept for who comes back is full after some; from then on memory must stay.
        for n in 0..EDITS {
            write(n);
            watcher.next_of("layerUpdate");
        }
        let before = service.memory();
        for n in 0..EDITS {
            write(n);
            watcher.next_of("layerUpdate");
        }
        let more = service.memory().saturating_sub(before);
        let said = u64::try_from(EDITS * BYTES).unwrap();
        assert!(more < said / 2, "{more} bytes more for {STALLED} who were each not told {said} bytes");
        rubbish.join().unwrap();
        drop(ending);
        floods.into_iter().for_each(|flood| flood.join().unwrap());
    });
    assert_eq!((watcher.updates, watcher.snapshots), (2 * EDITS, 1));
    stalled.push(watcher);
    for client in &mut stalled {
        knows_all(client, &service, None);
        assert!(client.snapshots <= 2, "{}", client.snapshots);
    }
    assert!(!service.log().contains("panicked"), "{}", service.log());
}
