//! Outputs over the API.

use serde_json::json;

use super::*;
use crate::engine::{OutputState, OutputStatus, StreamEvent};

const PATH: &str = "/api/stream/outputs";
const KEY: &str = "live_0815_sEcReT";

fn platform() -> Value {
    json!({ "id": "platform", "url": format!("rtmp://someone:{KEY}1@live.example:1936/app/{KEY}?auth={KEY}2") })
}

#[test]
fn outputs_are_made_read_changed_and_removed() {
    let service = Service::start();
    let mut events = service.engine.events();
    assert_eq!(service.get(PATH).expect(200).value(), json!({ "outputs": [] }));
    let made = service.json("POST", PATH, &platform()).expect(201);
    assert_eq!(made.header("location"), "/api/stream/outputs/platform");
    let shown = json!({ "id": "platform", "url": "rtmp://live.example:1936/app/***", "enabled": true,
        "retry": { "attempts": null, "delay": 1.0 } });
    let edited = made.value();
    assert_eq!(edited["tick"], made.tick());
    assert_eq!((&edited["output"], &edited["persisted"]), (&shown, &json!(false)));
    assert_eq!((&edited["status"]["state"], &edited["status"]["url"]), (&json!("started"), &shown["url"]));
    service.json("POST", PATH, &platform()).problem(409);

    let one = service.get("/stream/outputs/platform").expect(200);
    assert_eq!((one.value(), one.header("etag")), (shown.clone(), made.header("etag")));
    service.send("GET", &format!("{PATH}/platform"), &[("if-none-match", made.header("etag"))], None).expect(304);
    assert_eq!(service.get(PATH).value()["outputs"][0]["status"]["state"], "started");

    let patch = json!({ "retry": { "attempts": 3, "delay": 0.5 } });
    let patched = service.json("PATCH", &format!("{PATH}/platform"), &patch).expect(200).value();
    assert_eq!((&patched["output"]["retry"], &patched["output"]["url"]), (&patch["retry"], &shown["url"]));
    // What is taken away is as the settings have it again.
    let patched = service.json("PATCH", &format!("{PATH}/platform"), &json!({ "retry": null })).expect(200).value();
    assert_eq!(patched["output"]["retry"], shown["retry"]);
    for (verb, enabled, state) in [("stop", false, "stopped"), ("start", true, "started"), ("start", true, "started")] {
        let before = service.engine.stats().tick;
        let steered = service.post(&format!("{PATH}/platform/{verb}")).expect(200);
        assert!(steered.tick() > before, "{verb}: {} after {before}", steered.tick());
        let steered = steered.value();
        assert_eq!((&steered["output"]["enabled"], &steered["status"]["state"]), (&json!(enabled), &json!(state)));
    }
    let removed = service.send("DELETE", &format!("{PATH}/platform"), &[], None).expect(200);
    assert_eq!(removed.value(), json!({ "tick": removed.tick(), "persisted": false }));
    let near = service.json("PUT", &format!("{PATH}/platforms"), &json!({ "id": "platforms", "url": "show.mp4" }));
    near.expect(201);
    let problem = service.get(&format!("{PATH}/platform")).problem(404);
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `platforms`"), "{problem}");

    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(serde_json::to_value(&event).unwrap());
        if let StreamEvent::OutputRemoved { id } = &event {
            assert_eq!(id, "platform");
        }
    }
    let said: Vec<&str> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(said, ["output", "output", "output", "outputRemoved", "output"], "{told:?}");
    assert!(!format!("{told:?}").contains(KEY));
}

#[test]
fn that_an_output_has_its_peer_back_is_told_once_after_its_state() {
    let service = Service::start();
    let mut events = service.engine.events();
    let states = [(OutputState::Started, 0), (OutputState::Reconnecting, 0), (OutputState::Started, 1)];
    for (state, reconnects) in states.into_iter().chain([(OutputState::Started, 1)]) {
        let status = OutputStatus { state, reconnects, ..OutputStatus::new("platform", "rtmp://live.example/app/***") };
        service.engine.publish_output(status);
    }
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(serde_json::to_value(&event).unwrap());
    }
    let said: Vec<&str> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(said, ["output", "output", "output", "reconnected"], "{told:?}");
    assert_eq!(told[3]["id"], "platform");
}

#[test]
fn a_key_is_shown_nowhere_and_kept_where_it_is_sent_back_hidden() {
    let service = Service::start();
    let made = service.json("POST", PATH, &platform()).expect(201);
    let path = format!("{PATH}/platform");
    let shown = service.get(&path).value();
    let back = service.json("PUT", &path, &shown).expect(200);
    assert_eq!(back.header("etag"), made.header("etag"), "nothing has changed, the key neither");
    // Another key looks the same, but is another version.
    let mut other = platform();
    other["url"] = json!("rtmp://live.example:1936/app/another-key");
    let changed = service.json("PUT", &path, &other).expect(200);
    assert_eq!(changed.value()["output"]["url"], shown["url"]);
    assert_ne!(changed.header("etag"), made.header("etag"));
    let headers = [("content-type", "application/json"), ("if-match", made.header("etag"))];
    let late = service.send("PUT", &path, &headers, Some(shown.to_string().as_bytes()));
    let present = late.header("etag").to_owned();
    late.problem(412);
    assert_eq!(present, changed.header("etag"));
    // Hidden, it belongs to no other address.
    for wrong in ["rtmp://other.example/app/***", "rtmp://live.example:1936/other/***"] {
        let problem = service.json("PATCH", &path, &json!({ "url": wrong })).problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/url");
        assert!(problem["detail"].as_str().unwrap().contains("stream key"), "{problem}");
    }
    let answers = [PATH, &path, "/api/stream/status", "/metrics", "/api/config"].map(|path| service.get(path).text());
    for text in answers.iter().chain([&made.text(), &changed.text()]) {
        assert!(!text.contains(KEY) && !text.contains("another-key") && !text.contains("someone"), "{text}");
    }
}

#[test]
fn what_cannot_be_sent_to_is_refused_without_repeating_secrets() {
    let service = Service::start();
    service.json("POST", PATH, &platform()).expect(201);
    service.json("POST", PATH, &json!({ "id": "file", "url": "show.mkv" })).expect(201);
    for (url, found) in [
        (format!("rtmp://live.example/{KEY}"), "an `rtmp` address of N characters"),
        (format!("rtmp://{KEY}/app"), "an `rtmp` address of N characters"),
        (format!("https://live.example/app/{KEY}"), "an `https` address of N characters"),
        (KEY.to_owned(), "what is neither an address nor the name of a file"),
        (format!("{KEY}.avi"), "the name of a file that ends in `.avi`"),
        (format!("srt://live.example:9000?streamid=a&passphrase={KEY}&mod=caller"), "an `srt` address of N characters"),
        (format!("srt://live.example?passphrase={KEY}"), "an `srt` address of N characters"),
        ("srt://:9000?mode=listener".to_owned(), "an `srt` address of N characters"),
        ("show.webm".to_owned(), "a file that ends in `.webm`"),
        (" ".to_owned(), "nothing"),
        ("x\0y.mp4".to_owned(), "text with control characters"),
        (format!("rtmp://live.example/app/\n{KEY}"), "text with control characters"),
        (format!("rtmp:/live.example/app/{KEY}"), "what is neither an address nor the name of a file"),
        (format!("rtmp:/live.example/app/{KEY}.mp4"), "the name of a file that ends in `.mp4`"),
        (format!("key={KEY}://x"), "an address of a kind that is not known"),
        (format!("{KEY} rtmp://live.example/app/{KEY}"), "an address of a kind that is not known"),
        (format!("srt://passphrase={KEY}:9000"), "an `srt` address of N characters"),
        ("rtmp://live.example/app/***".to_owned(), "an address with `***`"),
    ] {
        let found = found.replace('N', &url.chars().count().to_string());
        let problem = service.json("POST", PATH, &json!({ "id": "new", "url": url })).problem(422);
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["found"]), (&json!("/url"), &json!(found)));
        assert!(!problem.to_string().contains(KEY), "{problem}");
    }
    for (pointer, document) in [
        ("/retry/delay", json!({ "id": "new", "url": "a.mp4", "retry": { "delay": 0 } })),
        ("/retry/attempts", json!({ "id": "new", "url": "a.mp4", "retry": { "attempts": -1 } })),
        ("/id", json!({ "id": "no spaces", "url": "a.mp4" })),
        ("", json!({ "id": "new", "url": "a.mp4", "enabeld": true })),
        ("", json!({ "id": "new" })),
    ] {
        let problem = service.json("POST", PATH, &document).problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for (pointer, document) in [
        ("/split", json!({ "id": "new", "url": "rtmp://live.example/app/key", "split": { "seconds": 60 } })),
        ("/split", json!({ "id": "new", "url": "show.jpg", "split": { "megabytes": 60 } })),
        ("/thumbnails", json!({ "id": "new", "url": "take.mkv", "thumbnails": {} })),
        ("/adaptive", json!({ "id": "new", "url": "take.mkv", "adaptive": { "minBitrate": 500 } })),
        ("/split/seconds", json!({ "id": "new", "url": "take.mkv", "split": { "seconds": 0 } })),
        ("/thumbnails/width", json!({ "id": "new", "url": "show.jpg", "thumbnails": { "width": 5 } })),
    ] {
        let problem = service.json("POST", PATH, &document).problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let same = json!({ "id": "same", "url": platform()["url"] });
    let problem = service.json("POST", PATH, &same).problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("`platform` sends there already"), "{problem}");
    // However a file or folder is called, two outputs do not write there.
    service.json("POST", PATH, &json!({ "id": "hls", "url": "somewhere/index.m3u8" })).expect(201);
    for (url, taken) in [
        ("./x/../show.mkv", "file"),
        ("somewhere/./index.m3u8", "hls"),
        ("a/../somewhere//index.m3u8", "hls"),
        ("somewhere/init-0.mp4", "hls"),
    ] {
        let problem = service.json("POST", PATH, &json!({ "id": "same", "url": url })).problem(409);
        assert!(problem["detail"].as_str().unwrap().contains(&format!("`{taken}` sends there already")), "{problem}");
    }
    let live = service.json("POST", PATH, &json!({ "id": "same", "url": "/live//index.m3u8" })).expect(201).value();
    assert_eq!(live["output"]["url"], "/live/index.m3u8");
    let path = format!("{PATH}/same");
    assert_eq!(
        service.json("PUT", &path, &json!({ "id": "other", "url": "a.mp4" })).problem(422)["errors"][0]["pointer"],
        "/id"
    );
    service.json("PATCH", &path, &json!({ "id": "other" })).problem(422);
    service.send("DELETE", &format!("{PATH}/nobody"), &[("if-match", "*")], None).problem(404);
    for number in 4..32 {
        let url = format!("a{number}.mp4");
        service.json("POST", PATH, &json!({ "id": format!("o{number}"), "url": url })).expect(201);
    }
    let problem = service.json("POST", PATH, &json!({ "id": "one-more", "url": "a.mp4" })).problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("32 outputs"), "{problem}");
}

/// A key that somebody has written into the wrong field, or as the name of one, comes back in no answer.
#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    let service = Service::start();
    service.json("POST", PATH, &json!({ "id": "file", "url": "show.mkv" })).expect(201);
    let key = format!("{KEY} abc");
    let host = format!("rtmp://{KEY}/app/x");
    let documents = [
        json!({ "id": key, "url": "a.mp4" }),
        json!({ "id": [key], "url": "a.mp4" }),
        json!({ "id": "new", "url": "a.mp4", KEY: true }),
        json!({ "id": "new", "url": "a.mp4", "retry": { KEY: { "x": 1 } } }),
        json!({ "id": "new", "url": "a.mp4", "retry": KEY }),
        json!({ "id": "new", "url": "a.mp4", "enabled": KEY }),
        json!({ "id": "new", "url": "a.mp4", "rendition": KEY }),
        json!({ "id": "new", "url": "a.mp4", "split": { "seconds": 47_110_815_000_u64 } }),
        json!({ "id": "new", "url": host, "split": { "seconds": 60 } }),
        json!({ "id": "new", "url": host, "thumbnails": {} }),
        json!({ "id": KEY, "url": "show.mkv", "split": {}, KEY: { KEY: KEY } }),
        json!(KEY),
        json!({ KEY: KEY }),
    ];
    let mut told = Vec::new();
    for document in &documents {
        told.push(service.json("POST", PATH, document).problem(422));
        told.push(service.json("PUT", &format!("{PATH}/new"), document).problem(422));
        if document.is_object() && document["url"] != "a.mp4" {
            told.push(service.json("PATCH", &format!("{PATH}/file"), document).problem(422));
        }
    }
    let json = [("content-type", "application/json")];
    for broken in [
        format!(r#"{{ {KEY}: 1 }}"#),
        format!(r#"{{ "id": "new", "url": {KEY} }}"#),
        format!(r#"{{ "{KEY}": "new", "{KEY}": {{ 'x': 1 }} }}"#),
        format!(r#"{{ "{KEY}": {{ 'x': 0x12 }} }}"#),
        format!(r#"{{ "{KEY}": {} }}"#, "[".repeat(70) + &"]".repeat(70)),
        format!(r#"{{ "id": "{KEY}"#),
        KEY.to_owned(),
    ] {
        for (method, path) in
            [("POST", PATH.to_owned()), ("PATCH", format!("{PATH}/file")), ("PATCH", "/api/config".to_owned())]
        {
            let answer = service.send(method, &path, &json, Some(broken.as_bytes()));
            assert!([400, 422].contains(&answer.status), "{}", answer.text());
            told.push(answer.value());
        }
    }
    for document in [
        json!({ KEY: 1 }),
        json!({ "muxer": { KEY: 1 } }),
        json!({ format!("muxer.{KEY}"): 1 }),
        json!({ "stream_resolution": KEY }),
        json!({ "log_level": key }),
        json!({ "port": KEY }),
    ] {
        told.push(service.json("PATCH", "/api/config", &document).problem(422));
    }
    for (method, path, status) in [
        ("GET", format!("{PATH}/{KEY}"), 404),
        ("PUT", format!("{PATH}/{KEY}%20"), 400),
        ("POST", format!("{PATH}/{KEY}/start"), 404),
    ] {
        told.push(service.json(method, &path, &json!({ "id": "x", "url": "a.mp4" })).problem(status));
    }
    for problem in told {
        assert!(!problem.to_string().contains(KEY), "{problem}");
    }
    let misspelt = service.json("POST", PATH, &json!({ "id": "new", "url": "a.mp4", "enabeld": true })).problem(422);
    let fault = &misspelt["errors"][0];
    assert_eq!((&fault["found"], &fault["nearest"]), (&json!("an unknown key of 7 characters"), &json!("enabled")));
    assert_eq!((&fault["line"], &fault["column"]), (&json!(1), &json!(27)), "where it is says which it is");
}

#[test]
fn to_steer_is_not_to_decide_where_the_stream_goes() {
    let tokens = [("steer-steer-steer-steer", Scope::Control), ("admin-admin-admin-admin", Scope::Admin)];
    let tokens = tokens.map(|(token, scope)| (ApiToken::new(token).unwrap(), scope)).to_vec();
    let service = Service::start_with(ControlSettings { tokens, ..settings() });
    let send = |token: &str, method: &str, path: &str, body: &[u8]| {
        let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        service.send(method, path, &headers, Some(body))
    };
    let (steer, admin) = ("steer-steer-steer-steer", "admin-admin-admin-admin");
    let document = platform().to_string();
    send(steer, "POST", PATH, document.as_bytes()).problem(403);
    send(admin, "POST", PATH, document.as_bytes()).expect(201);
    for base in ["/api/stream/outputs", "/stream/outputs"] {
        for (method, body) in [("PUT", document.as_bytes()), ("PATCH", b"{}"), ("DELETE", b"")] {
            send(steer, method, &format!("{base}/platform"), body).problem(403);
        }
        send(steer, "POST", &format!("{base}/platform/stop"), b"").expect(200);
        send(steer, "POST", &format!("{base}/platform/start"), b"").expect(200);
    }
}
