//! The description of the API against the API: every route with its examples, and with what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use components::{Edit, SceneDocument, SceneId};
use serde_json::json;

use super::*;
use crate::engine::Command;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What the examples of the description speak of.
fn example_scene() -> SceneDocument {
    serde_json::from_value(json!({
        "canvas": { "width": WIDTH, "height": HEIGHT },
        "assets": [{ "id": "logo", "type": "image", "path": "logo.png" }],
        "audio": { "tracks": [{ "id": "music", "source": { "type": "tone" } }] },
        "layers": [
            { "id": "background", "content": { "type": "color", "color": "#c81e28" } },
            { "id": "box", "content": { "type": "color", "color": "#00ff00", "size": { "width": 10, "height": 10 } } },
            { "id": "group", "content": { "type": "group" } },
        ],
        "triggers": [{ "id": "flash", "on": { "type": "event", "name": "flash" },
            "do": [{ "type": "emit", "event": "flashed" }] }],
        "timelines": [{ "id": "intro", "autoplay": false, "steps": [
            { "type": "wait", "seconds": 1 }, { "type": "label", "name": "shown" }, { "type": "wait", "seconds": 1 } ] }],
    }))
    .unwrap()
}

/// Brings the service to where the example of a route can be carried out.
pub(super) fn prepare(service: &Service, path: &str) {
    let scene = Box::new(example_scene());
    let waiting = SceneId::new("break").unwrap();
    let mut edits = vec![Edit::PutScene { id: waiting.clone(), scene: Box::default() }, Edit::LoadScene { scene }];
    let (_, held) = service.runtime.block_on(service.engine.scenes()).unwrap();
    if held.active == waiting {
        edits.insert(0, Edit::ActivateScene { id: SceneId::main(), transition: None });
    }
    service.runtime.block_on(service.engine.edit(edits, None)).unwrap();
    for (method, id) in [("DELETE", "second"), ("PUT", "archive")] {
        let document = json!({ "id": id, "url": "archive.mkv" });
        service.json(method, &format!("/api/stream/outputs/{id}"), &document);
    }
    let _ = service.engine.command(Command::Stop);
    if path != "/api/stream/start" {
        service.engine.command(Command::Start).unwrap();
    }
    let found = json!({ "beats": 3, "delay": 0.5, "longestDelay": 0.6, "avOffset": 0.01, "furthestAvOffset": -0.02 });
    service.json("PUT", "/api/stream/latency/program", &found);
    if path.contains("/animations/{index}") {
        let animations = json!([{ "property": "opacity", "to": 0.5, "duration": 1 }]);
        service.json("PATCH", "/api/stream/layers/box", &json!({ "animations": animations })).expect(200);
        let fades = json!([{ "property": "volume", "to": 0.5, "duration": 1 }]);
        for sound in ["/api/stream/audio", "/api/stream/audio/tracks/music"] {
            service.json("PATCH", sound, &json!({ "animations": fades })).expect(200);
        }
    }
    if matches!(path, "/api/stream/resume" | "/api/stream/step") {
        service.engine.command(Command::Pause).unwrap();
    }
}

/// A file of this type; `None` for types of which a file takes more than a line to make.
fn example_file(media: &str) -> Option<Vec<u8>> {
    match media {
        "image/png" => {
            let mut file = std::io::Cursor::new(Vec::new());
            image::RgbaImage::new(2, 2).write_to(&mut file, image::ImageFormat::Png).unwrap();
            Some(file.into_inner())
        }
        "image/svg+xml" => Some(br#"<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>"#.to_vec()),
        _ => None,
    }
}

/// The document, and what each of its operations is.
pub(super) struct Described {
    document: Value,
}

pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'static str,
    described: &'a Value,
    parameters: &'a Value,
}

impl Described {
    pub(super) fn of(service: &Service) -> Self {
        Self { document: service.get("/api/openapi.json").expect(200).value() }
    }

    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.document["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let described = item.get(method)?;
                Some(Operation { path, method, described, parameters: &item["parameters"] })
            })
        });
        all.collect()
    }

    /// Holds an answer against what is said of it.
    #[track_caller]
    pub(super) fn check(&self, operation: &Operation<'_>, answer: &Answer, what: &str) {
        let Operation { path, method, described, .. } = operation;
        let what = format!("{method} {path} with {what}");
        assert_ne!(answer.status, 500, "{what}: {}", answer.text());
        let responses = &described["responses"];
        let response = match &responses[answer.status.to_string()] {
            Value::Null => &self.document["components"]["responses"]["Problem"],
            response => response,
        };
        for (name, _) in response["headers"].as_object().into_iter().flatten() {
            assert!(!answer.header(name).is_empty(), "{what}: {} without `{name}`", answer.status);
        }
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "{what}: {} with a body", answer.status);
            return;
        };
        let media = answer.header("content-type").split(';').next().unwrap().trim().to_owned();
        let Some(content) = content.get(&media) else {
            panic!("{what}: {} with `{media}`, described are {:?}", answer.status, content.keys())
        };
        if !content["schema"].is_null() {
            let faults = self.faults(&content["schema"], &answer.value());
            assert!(faults.is_empty(), "{what}: {} {}\n{}", answer.status, answer.text(), faults.join("\n"));
        }
    }

    /// What is wrong with a value by a schema of the document.
    fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        let validator = jsonschema::validator_for(&whole).unwrap();
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

impl Operation<'_> {
    /// The path of the example, under the prefix `/api/stream` or its alias.
    pub(super) fn example_path(&self, alias: bool) -> String {
        let mut path = self.path.to_owned();
        for parameter in self.parameters.as_array().into_iter().flatten() {
            path = path.replace(
                &format!("{{{}}}", parameter["name"].as_str().unwrap()),
                parameter["example"].as_str().unwrap(),
            );
        }
        if alias { path.replacen("/api/stream/", "/stream/", 1) } else { path }
    }

    fn content(&self) -> Option<&serde_json::Map<String, Value>> {
        self.described["requestBody"]["content"].as_object()
    }

    /// What it can be sent, with the media type; nothing, if it takes nothing.
    pub(super) fn examples(&self, described: &Described) -> Vec<(&str, Vec<u8>)> {
        let Some(content) = self.content() else { return vec![("", Vec::new())] };
        let examples = content.iter().filter_map(|(media, content)| {
            if content["schema"]["contentMediaType"].is_string() {
                return example_file(media).map(|file| (media.as_str(), file));
            }
            let faults = described.faults(&content["schema"], &content["example"]);
            assert!(faults.is_empty(), "the example of {} {}: {faults:?}", self.method, self.path);
            Some((media.as_str(), content["example"].to_string().into_bytes()))
        });
        examples.collect()
    }

    fn send(&self, service: &Service, path: &str, media: &str, body: Option<&[u8]>) -> Answer {
        let method = self.method.to_uppercase();
        let headers = [("content-type", media)];
        let headers: &[(&str, &str)] = if body.is_some() && !media.is_empty() { &headers } else { &[] };
        let body = body.or(if self.method == "get" || self.method == "delete" { None } else { Some(b"") });
        service.send(&method, path, headers, body)
    }
}

#[test]
fn the_description_is_whole() {
    let service = Service::start();
    let described = Described::of(&service);
    let document = &described.document;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document.get("x-undescribed"), None, "routes without a description: see `src/control/http/mod.rs`");

    let mut ids = BTreeSet::new();
    let mut used = BTreeSet::new();
    for operation in described.operations() {
        let id = operation.described["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} twice");
        used.insert(operation.described["tags"][0].as_str().unwrap());
        assert!(!operation.described["summary"].as_str().unwrap().is_empty(), "{id}");
    }
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(tags, used);

    // All references lead somewhere, and every schema is one.
    let mut values = vec![document];
    let mut references = 0;
    while let Some(value) = values.pop() {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    references += 1;
                    assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
                }
                values.extend(members.values());
            }
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
    assert!(references > 100);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name} has no description");
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
    // Whoever has it need not read it again.
    let tag = service.get("/api/openapi.json").header("etag").to_owned();
    service.send("GET", "/api/openapi.json", &[("if-none-match", &tag)], None).expect(304);
}

#[test]
fn every_route_answers_its_example_as_described_under_both_prefixes() {
    let service = Service::start();
    let described = Described::of(&service);
    for operation in described.operations() {
        for alias in [false, true] {
            if alias && !operation.path.starts_with("/api/stream/") {
                continue;
            }
            prepare(&service, operation.path);
            let path = operation.example_path(alias);
            for (media, body) in operation.examples(&described) {
                let body = Some(body.as_slice()).filter(|body| !body.is_empty());
                let answer = operation.send(&service, &path, media, body);
                let succeeded = answer.status < 300 || path == "/ws";
                assert!(succeeded, "{} {path}: {} {}", operation.method, answer.status, answer.text());
                let is_told = !operation.described["responses"][answer.status.to_string()].is_null();
                assert!(is_told, "{} {path}: {} is not described", operation.method, answer.status);
                described.check(&operation, &answer, "its example");
            }
        }
    }
}

#[test]
fn every_route_takes_the_methods_that_are_described_and_no_other() {
    let service = Service::start();
    let described = Described::of(&service);
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in described.operations() {
        let told = methods.entry(operation.example_path(false)).or_default();
        told.insert(operation.method.to_uppercase());
        if operation.method == "get" {
            told.insert("HEAD".to_owned());
        }
    }
    methods.remove("/ws");
    prepare(&service, "");
    for (path, told) in methods {
        let answer = service.send("PROBE", &path, &[], None);
        let allowed: BTreeSet<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
        answer.problem(405);
        assert_eq!(allowed, told, "{path}");
        if told.contains("HEAD") {
            let head = service.send("HEAD", &path, &[], None);
            assert!(head.status < 400 && head.body.is_empty(), "HEAD {path}: {}", head.status);
        }
    }
}

#[test]
fn what_is_wrong_gets_a_described_problem_on_every_route() {
    let service = Service::start();
    let described = Described::of(&service);
    let bodies: [(&str, &[u8]); 10] = [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"null"),
        ("application/json", b"[1e999]"),
        ("application/json", b"\"text\""),
        ("application/json", br#"{ "a": { "b": [ 1, -0.5, null ] } }"#),
        (
            "application/json",
            br#"{ "id": 5, "id": 6, "edits": {}, "order": [], "frames": -1, "visible": 2, "to": {} }"#,
        ),
        ("text/plain", b"{}"),
        ("application/merge-patch+json", br#"{ "id": "other", "content": { "type": "nothing" }, "tracks": 5 }"#),
    ];
    for operation in described.operations() {
        prepare(&service, operation.path);
        let path = operation.example_path(false);
        let answer = operation.send(&service, &format!("{path}?nonsense=1"), "", None);
        let takes_any = ["/ws", "/live/"].iter().any(|free| path.starts_with(free));
        assert!(takes_any || answer.status == 400, "{} {path}: {}", operation.method, answer.text());
        described.check(&operation, &answer, "an unknown parameter");
        if operation.content().is_some() {
            let is_required = operation.described["requestBody"]["required"] == true;
            for (media, body) in bodies.into_iter().filter(|(_, body)| is_required || !body.is_empty()) {
                let answer = operation.send(&service, &path, media, Some(body));
                let what = format!("{media} {}", String::from_utf8_lossy(body));
                assert!(answer.status >= 400, "{} {path} with {what}: {}", operation.method, answer.text());
                described.check(&operation, &answer, &what);
            }
        }
        for parameter in operation.described["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            for value in ["", "-1", "x%00", "99999999999999999999999", "%FF"] {
                if parameter["in"] == "query" {
                    let answer = operation.send(&service, &format!("{path}?{name}={value}"), "", None);
                    described.check(&operation, &answer, &format!("{name}={value}"));
                }
            }
            if parameter["in"] == "header" {
                let method = operation.method.to_uppercase();
                let body: Option<&[u8]> = if operation.method == "get" { None } else { Some(b"{}") };
                let answer = service.send(&method, &path, &[(name, "\"a\" b")], body);
                described.check(&operation, &answer, &format!("{name}: \"a\" b"));
            }
        }
        for parameter in operation.parameters.as_array().into_iter().flatten() {
            let example = parameter["example"].as_str().unwrap();
            for other in ["nobody", "%00", "%2e%2e%2f", "a%20b", &"x".repeat(300)] {
                let path = path.replacen(&format!("/{example}"), &format!("/{other}"), 1);
                let body = operation.content().map(|_| b"{}".as_slice());
                let answer = operation.send(&service, &path, "", body);
                described.check(&operation, &answer, &path);
            }
        }
    }
}

#[test]
fn the_page_for_people_needs_nothing_from_elsewhere() {
    let service = Service::start();
    let page = service.get("/api/docs").expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let text = page.text();
    for operation in Described::of(&service).operations() {
        let id = operation.described["operationId"].as_str().unwrap();
        assert!(text.contains(&format!("<article id=\"{id}\">")), "{id} is not on the page");
    }
    for outside in ["src=", "@import", "url(", "<script", "href=\"http"] {
        assert!(!text.contains(outside), "the page has `{outside}`");
    }
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn what_every_document_answers_it_takes_back_unchanged() {
    let service = Service::start();
    let described = Described::of(&service);
    prepare(&service, "");
    let seq = || service.get("/api/stream/layers").value()["seq"].clone();
    let before = seq();
    let mut documents = 0;
    for operation in described.operations().iter().filter(|operation| operation.method == "put") {
        // Files are taken, but what is shown is what has become of them.
        if operation.content().is_none_or(|content| !content.contains_key("application/json")) {
            continue;
        }
        let path = operation.example_path(false);
        let shown = service.get(&path).expect(200);
        let tag = shown.header("etag").to_owned();
        assert!(!tag.is_empty(), "{path} has no ETag");
        service.send("PUT", &path, &[("content-type", "application/json")], Some(&shown.body)).expect(200);
        let again = service.get(&path).expect(200);
        assert_eq!((again.text(), again.header("etag")), (shown.text(), tag.as_str()), "{path}");
        documents += 1;
    }
    // What is set at start is changed by patches of what is shown.
    let config = service.get("/api/config").expect(200).value();
    let patched = service.json("PATCH", "/api/config", &config["values"]).expect(200).value();
    assert_eq!((&patched["changed"], &patched["values"]), (&json!({}), &config["values"]));
    assert!(documents >= 7, "scene, layer, active layer, canvas, sound, track, timeline");
    assert_eq!(seq(), before, "nothing has changed");
}
