//! Outputs come and go while the stream runs: the others do not notice, and the next run has them too.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/service.rs"]
mod service;
#[path = "support/viewer.rs"]
mod viewer;

use std::os::unix::fs::PermissionsExt as _;

use process::{free_port, wait_for};
use rtmp_server::RtmpServer;
use scenes::card;
use serde_json::{Value, json};
use service::{PATIENCE, Service};
use viewer::{Watching, assert_plays, assert_without_a_gap};

const KEY: &str = "live_4711_sEcReTkEy";
const OTHER: &str = "live_0815_AnOtHeRkEy";
const SIZE: (u32, u32) = (640, 360);
const PATH: &str = "/api/stream/outputs";
const ALWAYS: [(&str, &str); 2] = [("SCENE", "card.jsonc"), ("STREAM_RESOLUTION", "640x360")];

#[track_caller]
fn assert_keys_are_kept(service: &Service) {
    let log = service.log();
    let answers = [PATH, "/api/stream/status", "/metrics", "/api/config"].map(|path| service.get(path).text());
    for text in answers.iter().chain([&log]) {
        assert!(!text.contains(KEY) && !text.contains(OTHER), "{text}");
    }
}

/// Adds an output and waits until it sends.
#[track_caller]
fn add(service: &Service, id: &str, url: &str) {
    let added = service.send("POST", PATH, &json!({ "id": id, "url": url })).expect(201).json();
    assert_eq!(added["persisted"], true, "{added}");
    service.wait_for_output(id, "started");
}

#[track_caller]
fn wait_until_gone(service: &Service, id: &str) {
    wait_for(&format!("`{id}` to be gone"), PATIENCE, || {
        let status = service.status();
        status["outputs"].as_array()?.iter().all(|output| output["id"] != id).then_some(())
    });
}

#[test]
fn outputs_come_and_go_and_the_others_lose_nothing() {
    let (server, second) = (RtmpServer::start(), RtmpServer::start());
    let url = server.url(KEY);
    let variables = [&ALWAYS[..], &[("STREAM_URL", url.as_str()), ("MUXER_OUTPUTS", "always.mkv")]].concat();
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    service.wait_for_output("stream", "started");
    let mut watching = Watching::start(&server, KEY);
    watching.wait_for_frames(30);

    add(&service, "second", &second.url(OTHER));
    add(&service, "recording", "show.mkv");
    assert_plays(&second, OTHER, SIZE);
    let mut also = Watching::start(&second, OTHER);
    also.wait_for_frames(30);
    also.end();
    // One that cannot be reached, and one that cannot be written.
    let nobody = format!("rtmp://127.0.0.1:{}/live/{OTHER}", free_port());
    service.send("POST", PATH, &json!({ "id": "absent", "url": nobody })).expect(201);
    service.send("POST", PATH, &json!({ "id": "nowhere", "url": "/dev/null/folder/show.mp4" })).expect(201);
    service.wait_for_output("absent", "reconnecting");
    service.wait_for_output("nowhere", "failed");

    // The recording is stopped, started again into another file, and removed; the platform is removed as well.
    service.send("POST", &format!("{PATH}/recording/stop"), &Value::Null).expect(200);
    service.wait_for_output("recording", "stopped");
    service.wait_for_frames(30);
    service.send("POST", &format!("{PATH}/recording/start"), &Value::Null).expect(200);
    let again = service.wait_for_output("recording", "started");
    assert_eq!(again["url"], "show-2.mkv");
    service.wait_for_frames(30);
    // The second goes elsewhere, under another key.
    let elsewhere = json!({ "id": "second", "url": second.url("another") });
    service.send("PUT", &format!("{PATH}/second"), &elsewhere).expect(200);
    assert_plays(&second, "another", SIZE);
    for id in ["second", "recording", "absent", "nowhere"] {
        service.send("DELETE", &format!("{PATH}/{id}"), &Value::Null).expect(200);
        wait_until_gone(&service, id);
    }
    service.wait_for_frames(30);

    for id in ["stream", "output-1"] {
        let output = service.output(id);
        let health = (&output["state"], &output["droppedFrames"], &output["reconnects"]);
        assert_eq!(health, (&json!("started"), &json!(0), &json!(0)), "{output}");
    }
    assert_keys_are_kept(&service);
    let skipped = service.skipped_frames();
    watching.end();
    assert_without_a_gap(&watching.file(), 300, skipped);
    assert_without_a_gap(&also.file(), 30, skipped);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    for (name, at_least) in [("always.mkv", 300), ("show.mkv", 30), ("show-2.mkv", 30)] {
        assert_without_a_gap(&service.folder.path().join(name), at_least, skipped);
    }
}

#[test]
fn all_outputs_can_be_stopped_and_the_stream_goes_on_when_one_is_started() {
    let mut service = Service::start(&ALWAYS, &[("card.jsonc", &card())]);
    service.wait_for_output("live", "started");
    service.send("POST", &format!("{PATH}/live/stop"), &Value::Null).expect(200);
    service.wait_for_output("live", "stopped");
    service.wait_for_frames(30);
    assert_eq!(service.status()["isLive"], true);
    add(&service, "show", "show.mkv");
    service.wait_for_frames(60);
    service.send("POST", &format!("{PATH}/live/start"), &Value::Null).expect(200);
    service.wait_for_output("live", "started");
    let skipped = service.skipped_frames();
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    assert_without_a_gap(&service.folder.path().join("show.mkv"), 60, skipped);
}

#[test]
fn the_next_run_has_them_too() {
    let server = RtmpServer::start();
    let variables = [&ALWAYS[..], &[("MUXER_OUTPUTS", "one.mkv,two.mkv"), ("MUXER_RETRY_DELAY", "200ms")]].concat();
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    add(&service, "platform", &server.url(KEY));
    let patch = json!({ "retry": { "attempts": 7 } });
    service.send("PATCH", &format!("{PATH}/platform"), &patch).expect(200);
    service.send("POST", &format!("{PATH}/output-1/stop"), &Value::Null).expect(200);
    service.send("DELETE", &format!("{PATH}/output-2"), &Value::Null).expect(200);
    let before = service.json(PATH);
    let documents = |list: &Value| -> Vec<Value> {
        let of = |output: &Value| {
            let mut output = output.clone();
            output.as_object_mut().unwrap().remove("status");
            output
        };
        list["outputs"].as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(documents(&before).len(), 3, "{before}");

    service.kill_and_restart(&variables, &[]);
    assert_eq!(documents(&service.json(PATH)), documents(&before));
    service.wait_for_output("platform", "started");
    assert_plays(&server, KEY, SIZE);
    assert_eq!(service.output("output-1")["state"], "stopped");
    assert!(service.log().contains("`output-2` of the settings was removed over the API"), "{}", service.log());
    assert_keys_are_kept(&service);
    let store = std::fs::metadata(service.folder.path().join("data/state.redb")).unwrap();
    assert_eq!(store.permissions().mode() & 0o777, 0o600, "stream keys are in it");

    // As it is set again, nothing is left to remember; what is set anew holds.
    service.send("POST", &format!("{PATH}/output-1/start"), &Value::Null).expect(200);
    service.send("DELETE", &format!("{PATH}/platform"), &Value::Null).expect(200);
    let variables = [&ALWAYS[..], &[("MUXER_OUTPUTS", "other.mkv")]].concat();
    service.kill_and_restart(&variables, &[]);
    let ids_and_urls = |service: &Service| -> Vec<(Value, Value)> {
        documents(&service.json(PATH)).iter().map(|output| (output["id"].clone(), output["url"].clone())).collect()
    };
    let pair = |id: &str, url: &str| (json!(id), json!(url));
    assert_eq!(ids_and_urls(&service), [pair("live", "/live/index.m3u8"), pair("output-1", "other.mkv")]);
    let variables = [&ALWAYS[..], &[("MUXER_OUTPUTS", "other.mkv,two.mkv")]].concat();
    service.kill_and_restart(&variables, &["--fresh"]);
    assert_eq!(ids_and_urls(&service).len(), 3, "nothing is remembered");
}

/// An output may go to where another went before that was removed, or went elsewhere itself.
#[test]
fn the_next_run_has_those_that_took_the_places_of_others() {
    let variables = [&ALWAYS[..], &[("MUXER_OUTPUTS", "one.mkv,two.mkv,three.mkv,four.mkv")]].concat();
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    service.wait_for_output("output-4", "started");
    let go = |id: &str, to: &str| service.send("PATCH", &format!("{PATH}/{id}"), &json!({ "url": to })).expect(200);
    service.send("DELETE", &format!("{PATH}/output-1"), &Value::Null).expect(200);
    go("output-2", "one.mkv");
    // Two go to each other's places.
    go("output-3", "between.mkv");
    go("output-4", "three.mkv");
    go("output-3", "four.mkv");
    service.send("DELETE", &format!("{PATH}/live"), &Value::Null).expect(200);

    service.kill_and_restart(&variables, &[]);
    let outputs = service.json(PATH)["outputs"].clone();
    let pairs: Vec<_> = outputs.as_array().unwrap().iter().map(|output| (&output["id"], &output["url"])).collect();
    let expected = [("output-2", "one.mkv"), ("output-3", "four.mkv"), ("output-4", "three.mkv")];
    assert_eq!(pairs.len(), expected.len(), "{outputs}");
    for ((id, url), (expected_id, expected_url)) in pairs.into_iter().zip(expected) {
        assert_eq!((id, url), (&json!(expected_id), &json!(expected_url)), "{outputs}");
        service.wait_for_output(expected_id, "started");
    }
}

/// What was changed of an output belongs to where that went, whatever takes its name or its place later.
#[test]
fn a_change_does_not_go_over_to_another_destination() {
    let (server, second) = (RtmpServer::start(), RtmpServer::start());
    let (url, other) = (server.url(KEY), second.url(OTHER));
    let of = |url: &str, files: &str| -> Vec<(String, String)> {
        let more = [("STREAM_URL", url), ("MUXER_OUTPUTS", files)];
        ALWAYS.iter().chain(&more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
    let first = of(&url, "one.mkv,two.mkv");
    let mut service = Service::start(&borrowed(&first), &[("card.jsonc", &card())]);
    for id in ["stream", "output-1"] {
        service.send("POST", &format!("{PATH}/{id}/stop"), &Value::Null).expect(200);
    }

    service.kill_and_restart(&borrowed(&of(&other, "two.mkv,one.mkv")), &[]);
    service.wait_for_output("stream", "started");
    service.wait_for_output("output-1", "started");
    assert_eq!(service.output("output-2")["state"], "stopped", "`one.mkv` is the second by now");
    let log = service.log();
    let shown = |url: &str| url.rsplit_once('/').unwrap().0.to_owned() + "/***";
    assert!(log.contains(&format!("was changed when the settings sent it to `{}`", shown(&url))), "{log}");
    assert!(log.contains(&format!("streaming to two.mkv, {}; the API", shown(&other))), "{log}");
    assert_keys_are_kept(&service);

    // As it was set first, it is as it was changed then; and what sends nothing is not announced.
    service.send("DELETE", &format!("{PATH}/output-1"), &Value::Null).expect(200);
    service.kill_and_restart(&borrowed(&first), &[]);
    assert_eq!(
        (&service.output("stream")["state"], &service.output("output-1")["state"]),
        (&json!("stopped"), &json!("stopped"))
    );
    assert!(service.log().contains("no output is to send anything; the API"), "{}", service.log());
}

/// What was removed and still finishes counts, so that no loop of adding and removing takes threads without end.
#[test]
fn outputs_that_were_removed_count_until_they_are_gone() {
    let variables = [&ALWAYS[..], &[("LOG_LEVEL", "debug")]].concat();
    let service = Service::start(&variables, &[("card.jsonc", &card())]);
    service.wait_for_output("live", "started");
    // Whoever confuses fields finds no key in the log.
    service.get(&format!("{PATH}/{KEY}")).expect(404);
    service.wait_for_log("/api/stream/outputs/:id");
    let log = service.log();
    let is_told = |line: &str| line.contains("request{id=") && line.contains("answered") && line.contains("status=404");
    assert!(log.lines().any(is_told), "{log}");
    // Takes connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtmp://{}/live/{KEY}", silent.local_addr().unwrap());
    let add = |id: &str, url: &str| service.send("POST", PATH, &json!({ "id": id, "url": url }));
    let ids: Vec<String> = (0..31).map(|number| format!("n{number}")).collect();
    let of_each = |work: &(dyn Fn(&str) + Sync)| {
        std::thread::scope(|scope| ids.iter().for_each(|id| drop(scope.spawn(move || work(id)))));
    };
    of_each(&|id| {
        // Each has a key of its own: two do not send to one place.
        add(id, &format!("{url}-{id}")).expect(201);
        service.wait_for_output(id, "starting");
    });
    add("more", "more.mkv").expect(409);
    of_each(&|id| drop(service.send("DELETE", &format!("{PATH}/{id}"), &Value::Null).expect(200)));
    // What has sent nothing has nothing to finish: it is gone at once, or in a moment.
    let told = add("more", "more.mkv");
    if told.status != 201 {
        let told = told.expect(503).json();
        assert!(told["detail"].as_str().unwrap().contains("still finish"), "{told}");
    }
    // Only those that are there at the end of it count against who adds too many.
    wait_for("room", PATIENCE, || (add("room", "room.mkv").status == 201).then_some(()));
    assert_keys_are_kept(&service);
}
