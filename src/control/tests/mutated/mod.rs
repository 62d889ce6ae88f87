//! Edits that nobody would write on purpose: documents that are valid, with values put, taken away, repeated and buried
//! where they do not belong. Whatever comes is answered as what it is: done, or refused with a reason.

mod edits;
mod odd;

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use self::{
    edits::edit,
    odd::{mutate, mutation, written},
};
use super::{websocket::Client, *};

/// Edits that are tried, unless `MUTATIONS` says otherwise.
const CASES: u32 = 300;
/// Bytes of what is sent; that more is not taken is tested elsewhere.
const LARGEST: usize = 1 << 20;

/// How edits are sent.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// As a batch over HTTP.
    Batch,
    /// As a batch that is only checked.
    DryRun,
    /// The first one alone, to the route for its kind.
    Route,
    /// As a message of a WebSocket.
    Message,
}

/// The request that does one edit.
fn route(edit: &Value) -> Option<(&'static str, String, Value)> {
    let id = edit["id"].as_str().unwrap_or("box");
    let layer =
        format!("/api/stream/layers/{}", url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>());
    Some(match edit["op"].as_str()? {
        "patchLayer" => ("PATCH", layer, edit["patch"].clone()),
        "replaceLayer" => ("PUT", layer, edit["layer"].clone()),
        "createLayer" => ("POST", "/api/stream/layers".into(), edit["layer"].clone()),
        "addAnimation" => ("POST", format!("{layer}/animations"), edit["animation"].clone()),
        "orderLayers" => ("POST", "/api/stream/layers/order".into(), json!({ "order": edit["order"] })),
        "setCanvas" => ("PATCH", "/api/stream/canvas".into(), edit["canvas"].clone()),
        "setAudio" => ("PUT", "/api/stream/audio".into(), edit["audio"].clone()),
        "putTimeline" => ("PUT", "/api/stream/timelines/one".into(), edit["timeline"].clone()),
        "addTrigger" => ("POST", "/api/stream/triggers".into(), edit["trigger"].clone()),
        "putScene" => ("PUT", "/api/stream/scenes/main".into(), edit["scene"].clone()),
        _ => return None,
    })
}

struct Tried {
    service: Service,
    client: Client,
    done: u32,
    refused: u32,
}

/// Bytes of a path: the head of a request has room for it.
const LONGEST_PATH: usize = 32 << 10;

impl Tried {
    /// Everything that edits can change, as it is stored.
    fn state(&self) -> (u64, Value) {
        let (snapshot, scenes) = self.service.runtime.block_on(self.service.engine.scenes()).unwrap();
        let others: Vec<_> = scenes.others.iter().map(|(id, scene)| (id.as_str(), &**scene)).collect();
        (snapshot.seq, json!({ "scene": snapshot.scene, "active": scenes.active, "others": others }))
    }

    fn send(&mut self, way: Way, edits: &[Value]) -> (u16, Value) {
        let batch = |way| json!({ "edits": edits, "dryRun": matches!(way, Way::DryRun) });
        let (method, path, body) = match (way, route(&edits[0])) {
            // Clients make no longer addresses.
            (Way::Route, Some(request)) if request.1.len() < LONGEST_PATH => request,
            (Way::Message, _) => {
                let message = json!({ "type": "edit", "edits": edits });
                let Self { service, client, .. } = self;
                return service.runtime.block_on(async {
                    client.say_text(written(&message)).await;
                    loop {
                        // Faults of what cannot be read at all name no request.
                        let answer = client.next().await;
                        match (answer["type"].as_str(), answer["status"].as_u64()) {
                            (Some("edited"), _) => return (200, answer),
                            (Some("error"), Some(status)) => return (u16::try_from(status).unwrap(), answer),
                            _ => {}
                        }
                    }
                });
            }
            (way, _) => ("POST", "/api/stream/layers/batch".into(), batch(way)),
        };
        let json = [("content-type", "application/json")];
        let answer = self.service.send(method, &path, &json, Some(written(&body).as_bytes()));
        let value = serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.text()));
        (answer.status, value)
    }

    fn attempt(&mut self, way: Way, edits: &[Value]) {
        let before = self.state();
        let (status, answer) = self.send(way, edits);
        assert!(status < 500, "{status}: {answer}");
        if status >= 400 || matches!(way, Way::DryRun) {
            assert_eq!(self.state(), before, "what was refused, or was only to be checked, changes nothing: {answer}");
            assert!(status < 400 || answer["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{answer}");
            self.refused += u32::from(status >= 400);
            return;
        }
        self.done += 1;
        self.read_back();
        self.begin_anew();
    }

    fn begin_anew(&self) {
        let edits = json!({ "edits": [{ "op": "loadScene", "scene": scene() }] });
        self.service.json("POST", "/api/stream/layers/batch", &edits).expect(200);
    }

    /// What was taken is told, stored and taken again as it is.
    fn read_back(&self) {
        let saved = self.state().1;
        let path = format!("/api/stream/scenes/{}", saved["active"].as_str().unwrap());
        let text = self.service.get(&path).expect(200).text();
        let limits = Limits { max_layers: MAX_LAYERS };
        let loaded = SceneDocument::parse(&text, &limits).unwrap_or_else(|faults| panic!("{faults:?} in {text}"));
        assert_eq!(serde_json::to_string(&loaded).unwrap(), text, "told as it is read");
        if loaded.triggers.is_empty() {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), saved["scene"], "told as it is stored");
            let json = [("content-type", "application/json")];
            self.service.send("PUT", &path, &json, Some(text.as_bytes())).expect(200);
            assert_eq!(self.service.get(&path).text(), text, "taken as it was told");
        }
    }
}

#[test]
fn whatever_is_sent_is_done_or_refused_and_nothing_in_between() {
    let cases = std::env::var("MUTATIONS").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let service = Service::start();
    let client = service.runtime.block_on(Client::connect_with(service.address, "?topics="));
    let tried = std::cell::RefCell::new(Tried { service, client, done: 0, refused: 0 });
    let ways = select(vec![Way::Batch, Way::Batch, Way::DryRun, Way::Route, Way::Route, Way::Message]);
    let input = (ways, vec(edit(), 1..3), vec(mutation(), 0..3));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&input, |(way, edits, mutations)| {
        let mut document = Value::Array(edits);
        for (place, change) in mutations {
            mutate(&mut document, place, change);
        }
        let edits = match document {
            Value::Array(edits) if !edits.is_empty() => edits,
            other => vec![other],
        };
        if written(&json!(edits)).len() > LARGEST {
            return Ok(());
        }
        let attempt = std::panic::AssertUnwindSafe(|| tried.borrow_mut().attempt(way, &edits));
        std::panic::catch_unwind(attempt).map_err(|fault| {
            tried.borrow().begin_anew();
            let words = fault.downcast_ref::<String>().cloned().unwrap_or_default();
            TestCaseError::fail(format!(
                "{words}\n{way:?} {}",
                written(&json!(edits)).chars().take(4000).collect::<String>()
            ))
        })
    });
    outcome.unwrap_or_else(|fault| panic!("{fault}"));
    let tried = tried.into_inner();
    let metrics = tried.service.get("/metrics").text();
    for class in ["render", "decode"] {
        let line = format!("worker_panics_total{{class=\"{class}\"}}");
        let count = metrics.lines().find_map(|one| one.strip_prefix(&line)).unwrap_or(" 0");
        assert_eq!(count.trim(), "0", "{line}");
    }
    // The documents are not so odd that all are refused, nor so plain that all are taken.
    assert!(tried.done * 10 > cases && tried.refused * 10 > cases, "{} done, {} refused", tried.done, tried.refused);
}
