//! The service is killed without a word while edits come in, over and over: what it has answered is there afterwards,
//! and nothing of it is half there.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/redis_server.rs"]
mod redis_server;
#[path = "support/service.rs"]
mod service;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use process::wait_for;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use redis_server::{PASSWORD, RedisServer};
use serde_json::{Value, json};
use service::{PATIENCE, Service};

/// Clients that edit at once, each a pair of layers of its own.
const CLIENTS: usize = 6;

/// How often the service is killed: `KILLS`, or few times, so that the tests take no longer than they must.
fn kills() -> u64 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}

fn scene() -> String {
    let layer = |name: &str, client: usize| {
        let content = json!({ "type": "color", "color": "#000000", "size": { "width": 8, "height": 8 } });
        json!({ "id": format!("{name}-{client}"), "name": "0", "content": content })
    };
    let layers: Vec<Value> = (0..CLIENTS).flat_map(|client| [layer("left", client), layer("right", client)]).collect();
    json!({ "canvas": { "width": 64, "height": 36 }, "layers": layers }).to_string()
}

/// What edit number `number` makes of a layer: everything says which one it was.
fn patch(number: u64) -> Value {
    json!({
        "name": number.to_string(),
        "transform": { "position": { "x": number, "y": -i64::try_from(number).unwrap() } },
        "content": { "color": format!("#{:06x}", number % 0xff_ffff) },
    })
}

/// The number of the edit that the layer is as it is, which every part of it must agree on.
#[track_caller]
fn number_of(layer: &Value) -> u64 {
    let number: u64 = layer["name"].as_str().unwrap_or("0").parse().unwrap();
    if number > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand edits")]
        let (x, y) = (number as f64, -(number as f64));
        assert_eq!(layer["transform"]["position"], json!({ "x": x, "y": y }), "half an edit: {layer}");
        assert_eq!(layer["content"]["color"], patch(number)["content"]["color"], "half an edit: {layer}");
    }
    number
}

/// What a client has sent last, and what was answered to it last as kept.
#[derive(Default)]
struct Progress {
    sent: AtomicU64,
    answered: AtomicU64,
}

/// Edits both layers of a client, each time as one batch, until the service is gone.
fn edit(port: u16, client: usize, progress: &Progress) {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).build();
    let agent = ureq::Agent::new_with_config(config);
    loop {
        let number = progress.sent.fetch_add(1, Ordering::SeqCst) + 1;
        let patches = ["left", "right"]
            .map(|name| json!({ "op": "patchLayer", "id": format!("{name}-{client}"), "patch": patch(number) }));
        let url = format!("http://127.0.0.1:{port}/api/stream/layers/batch");
        let Ok(mut answer) = agent.post(url).send_json(json!({ "edits": patches })) else { return };
        // The head may have come, and the end.
        let Ok(answer) = answer.body_mut().read_json::<Value>() else { return };
        assert_eq!(answer["persisted"], true, "{answer}");
        progress.answered.store(number, Ordering::SeqCst);
    }
}

fn kill_over_and_over(variables: &[(&str, &str)]) {
    let variables: Vec<_> = [("SCENE", "scene.json"), ("STREAM_RESOLUTION", "64x36"), ("TARGET_FPS", "60")]
        .into_iter()
        .chain(variables.iter().copied())
        .collect();
    let mut service = Service::start(&variables, &[("scene.json", &scene())]);
    let progress: [Progress; CLIENTS] = Default::default();
    let mut runner = TestRunner::deterministic();
    let (mut answered_in_all, mut between) = (0, 0);
    for kill in 1..=kills() {
        let port = service.port;
        let moment = Duration::from_millis((20_u64..400).new_tree(&mut runner).unwrap().current());
        thread::scope(|scope| {
            for (client, progress) in progress.iter().enumerate() {
                scope.spawn(move || edit(port, client, progress));
            }
            // Not waiting for anything: the moment itself is what is tried.
            thread::sleep(moment);
            service.kill();
        });
        service.kill_and_restart(&variables, &[]);
        let layers = service.json("/api/stream/layers")["layers"].clone();
        for (client, progress) in progress.iter().enumerate() {
            let [left, right] = ["left", "right"].map(|name| {
                let id = format!("{name}-{client}");
                number_of(layers.as_array().unwrap().iter().find(|layer| layer["id"] == id.as_str()).unwrap())
            });
            assert_eq!(left, right, "kill {kill}: half a batch of client {client}");
            let (sent, answered) = (progress.sent.load(Ordering::SeqCst), progress.answered.load(Ordering::SeqCst));
            assert!(left >= answered, "kill {kill}: edit {answered} of client {client} was answered, {left} is there");
            assert!(left <= sent, "kill {kill}: {left} is there, {sent} was sent");
            between += u64::from(left > answered);
            answered_in_all += answered;
        }
    }
    assert!(answered_in_all > kills(), "too few edits to tell anything");
    // Kept, and killed before the answer: the kills did hit. Of few kills none may have.
    assert!(between > 0 || kills() < 50, "no kill came between an edit and its answer");
}

#[test]
fn what_was_answered_outlives_kills_in_the_embedded_store() {
    kill_over_and_over(&[]);
}

#[test]
fn what_was_answered_outlives_kills_in_redis() {
    let server = RedisServer::start();
    kill_over_and_over(&[("REDIS_URL", &server.url()), ("REDIS_PASSWORD", PASSWORD)]);
}

/// A client that has sent half of a file, and waits with the rest.
fn send_half(service: &Service, id: &str, file: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", service.port)).unwrap();
    let length = file.len();
    write!(
        stream,
        "PUT /api/stream/assets/{id} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: image/png\r\n\
         content-length: {length}\r\n\r\n"
    )
    .unwrap();
    stream.write_all(&file[..length / 2]).unwrap();
    stream
}

/// The names of the files in a folder, in their order.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().display().to_string()).collect();
    names.sort();
    names
}

#[test]
fn half_a_file_is_gone_after_a_kill_and_one_that_comes_in_elsewhere_is_not() {
    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut picture, image::ImageFormat::Png).unwrap();
    let picture = picture.into_inner();
    // Two instances that have the same folder.
    let variables = [("SCENE", "scene.json"), ("STREAM_RESOLUTION", "64x36"), ("DATA_DIR", "first")];
    let mut service = Service::start(&variables, &[("scene.json", &scene())]);
    let folder = service.folder.path().join("uploads");
    let others = [variables[0], variables[1], ("DATA_DIR", "second")];
    let mut other = Service::launch_in(Arc::clone(&service.folder), &others, &[]);
    other.wait_until_ready();
    let come_in = |count: usize| {
        wait_for("half of the file to be on the disk", PATIENCE, || {
            let names = names(&folder);
            let is_there = |name: &&String| {
                name.ends_with(".part") && std::fs::metadata(folder.join(name)).is_ok_and(|about| about.len() > 0)
            };
            (names.iter().filter(is_there).count() == count).then_some(names)
        })
    };
    let mut slow = send_half(&other, "slow", &picture);
    let of_other = come_in(1);
    std::fs::write(folder.join(".incoming-notes.part"), "").unwrap();
    let _cut_off = send_half(&service, "logo", &picture);
    assert_eq!(come_in(2).len(), 5);
    service.kill();
    assert_eq!(names(&folder).len(), 5, "nobody has removed it");
    service.kill_and_restart(&variables, &[]);
    let mut left = of_other.clone();
    left.push(".incoming-notes.part".to_owned());
    left.sort();
    wait_for("half of a file to be gone", PATIENCE, || (names(&folder) == left).then_some(()));
    slow.write_all(&picture[picture.len() / 2..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(names(&folder).iter().any(|name| name.starts_with("slow-")));
}

/// Whoever looks after the service learns that what was said before its end is not all there afterwards.
#[test]
fn an_end_that_loses_changes_is_told_by_the_exit_status() {
    let mut server = RedisServer::start();
    let scene = scene();
    let start = |server: &RedisServer| {
        let url = server.url();
        let variables = [("REDIS_URL", url.as_str()), ("REDIS_PASSWORD", PASSWORD), ("SCENE", "scene.json")];
        Service::start(&variables, &[("scene.json", &scene)])
    };
    let edit = |service: &Service| {
        let edited = service.send("PATCH", "/api/stream/layers/left-0", &patch(1)).expect(200).json();
        edited["persisted"].as_bool().unwrap()
    };
    let mut service = start(&server);
    assert!(edit(&service));
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0), "{}", service.log());
    let mut service = start(&server);
    server.stop();
    assert!(!edit(&service));
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(1));
    assert!(service.log().contains("error: the last changes could not be written"), "{}", service.log());
}
