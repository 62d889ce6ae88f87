//! The service under what happens to one that runs for weeks, in a hurry: a destination that comes and goes, edits, scene
//! switches, pauses, and a machine that has too much to do, while a recording runs. Prints a row a minute: memory,
//! descriptors, threads, drops, and how far sound and picture are apart at viewers of the destination, measured by a beat
//! in the scene; and at the end the same of the recording, and how far that has drifted from the clock.
//!
//! `make soak MINUTES=30`, or `cargo bench --bench soak` with `SOAK_MINUTES`, which is one minute unless it is set.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench ends at what it did not expect, and prints what it measured"
)]

#[path = "../tests/support/beats.rs"]
mod beats;
#[path = "../tests/support/ffprobe.rs"]
mod ffprobe;
#[path = "../tests/support/process.rs"]
mod process;
#[path = "../tests/support/rtmp_server.rs"]
mod rtmp_server;
#[path = "../tests/support/service.rs"]
mod service;
#[path = "../tests/support/sound.rs"]
mod sound;
#[path = "support/together.rs"]
mod together;
#[path = "../tests/support/viewer.rs"]
mod viewer;

use std::{
    fs,
    hint::black_box,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ffprobe::probe;
use rtmp_server::RtmpServer;
use serde_json::{Value, json};
use service::{Service, project_file};
use together::{Together, offsets_in};

/// How long the destination is there, and how long it is gone, by turns.
const UP: Duration = Duration::from_secs(8);
const DOWN: Duration = Duration::from_secs(2);
/// From one edit to the next, and from one scene switch to the next.
const EDIT: Duration = Duration::from_millis(200);
const SWITCH: Duration = Duration::from_secs(15);
/// After a switch the beats of two scenes are seen for a moment.
const SWITCHING: Duration = Duration::from_secs(1);
/// From one pause to the next, and how long each is.
const PAUSE: Duration = Duration::from_secs(25);
const PAUSED: Duration = Duration::from_secs(2);
/// From one time to the next at which others want all of the machine, and how long they do.
const LOAD: Duration = Duration::from_secs(55);
const LOADED: Duration = Duration::from_secs(4);
/// From one viewer to the next by whom it is measured how far sound and picture are apart.
const VIEWER: Duration = Duration::from_secs(20);
/// Milliseconds that they may be apart.
const APART: f64 = 40.0;

/// What a process takes: MiB of memory, descriptors, threads.
fn cost(pid: u32) -> (u64, usize, usize) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells the memory");
    let kib: u64 = memory.trim().trim_end_matches(" kB").parse().expect("a number");
    let entries = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).expect("the process runs").count();
    (kib / 1024, entries("fd"), entries("task"))
}

/// Others who want all of the machine, until this is dropped.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start() -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        for _ in 0..2 * std::thread::available_parallelism().map_or(2, usize::from) {
            let goes_on = Arc::clone(&goes_on);
            std::thread::spawn(move || {
                let mut number = 1_u64;
                while goes_on.load(Ordering::Relaxed) {
                    number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                }
            });
        }
        Self(goes_on)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// When the last packet of a track ends, in seconds.
fn end_of(file: &Path, track: &str) -> f64 {
    // Only what is near the end has to be read.
    let arguments = ["-select_streams", track, "-show_entries", "packet=pts_time,duration_time"];
    let probed = probe(file.to_str().unwrap(), &arguments).expect("the recording plays");
    let packets = probed["packets"].as_array().expect("packets").iter();
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    packets
        .filter_map(|packet| Some(number(&packet["pts_time"])? + number(&packet["duration_time"]).unwrap_or(0.0)))
        .fold(0.0, f64::max)
}

fn main() {
    // `cargo test --benches` runs this without the flag: nothing to measure then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let minutes: u64 = std::env::var("SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut server = RtmpServer::start();
    let (url, scene) = (server.url("soak"), project_file("scenes/demo/scene.jsonc"));
    let variables = [
        ("SCENE", scene.to_str().unwrap()),
        ("STREAM_RESOLUTION", "1280x720"),
        ("STREAM_BITRATE", "1500"),
        ("STREAM_URL", url.as_str()),
        ("MUXER_RETRY_DELAY", "200ms"),
        ("MUXER_OUTPUTS", "soak.mkv,soak.jpg"),
        ("LOG_LEVEL", "info"),
    ];
    let mut service = Service::start(&variables, &[]);
    for output in ["stream", "output-1", "output-2"] {
        service.wait_for_output(output, "started");
    }
    let thumbnails = json!({ "thumbnails": { "seconds": 2, "keep": 10 } });
    service.send("PATCH", "/api/stream/outputs/output-2", &thumbnails).expect(200);
    let first = service.json("/api/stream/scenes")["active"].as_str().unwrap_or("scene").to_owned();
    let layers = service.json("/api/stream/layers");
    let layer = layers["layers"][0]["id"].as_str().expect("the demo has layers").to_owned();
    let content = json!({ "type": "text", "text": "Back in a moment", "font": { "size": 80 }, "fill": "#ffffff" });
    let pause = json!({ "canvas": { "width": 1920, "height": 1080, "background": "#203040" },
        "layers": [{ "id": "words", "content": content }] });
    let pause: Value = serde_json::from_str(&beats::with_beats(&pause.to_string())).unwrap();
    service.send("PUT", "/api/stream/scenes/pause", &pause).expect(201);
    // Within one tick, so that what is seen and what is heard begin together.
    let mut batch = beats::layers(1920, 1080).map(|layer| json!({ "op": "createLayer", "layer": layer })).to_vec();
    batch.push(json!({ "op": "putTrack", "track": beats::track() }));
    service.send("POST", "/api/stream/layers/batch", &json!({ "edits": batch })).expect(200);

    println!(
        "soak, {minutes} min: 1280x720 at 30, RTMP up {UP:?} and down {DOWN:?}, an edit each {EDIT:?}, a switch each \
         {SWITCH:?}, paused for {PAUSED:?} each {PAUSE:?}, overload for {LOADED:?} each {LOAD:?}"
    );
    println!(
        "  minute  memory MiB  descriptors  threads   frames  dropped  reconnects  restarts     edits  \
         sound behind picture, ms: least, most, last; beats, unheard"
    );
    let began = Instant::now();
    let (mut flap, mut edit, mut switch) = (began + UP, began, began + SWITCH);
    let (mut is_up, mut is_first, mut edits) = (true, true, 0_u64);
    let (mut pausing, mut paused, mut loading, mut load) = (began + PAUSE, None, began + LOAD, None);
    let (mut viewer, mut switched, mut together) = (began, began, Together::new());
    let start = service.status();
    for minute in 1..=minutes {
        while began.elapsed() < Duration::from_secs(60) * u32::try_from(minute).unwrap() {
            let now = Instant::now();
            together.follow(&service);
            let is_watched = together.is_watching();
            // While somebody watches the destination stays, and so does the scene.
            let may_watch = now >= viewer && is_up && !is_watched && now - switched > SWITCHING;
            if may_watch && service.output("stream")["state"] == "started" {
                together.watch(&url, &service);
                viewer = now + VIEWER;
            }
            if now >= pausing {
                let order = if paused.is_none() { "pause" } else { "resume" };
                service.send("POST", &format!("/api/stream/{order}"), &Value::Null).expect(200);
                paused = if paused.is_none() { Some(now) } else { None };
                pausing = now + if paused.is_some() { PAUSED } else { PAUSE };
            }
            if now >= loading {
                load = if load.is_none() { Some(Load::start()) } else { None };
                loading = now + if load.is_some() { LOADED } else { LOAD };
            }
            if now >= flap && !is_watched {
                if is_up {
                    server.kill();
                } else {
                    server.restart();
                }
                is_up = !is_up;
                flap = now + if is_up { UP } else { DOWN };
            }
            if now >= edit {
                edits += 1;
                let opacity = 0.5 + 0.5 * ((edits % 100) as f64 / 100.0);
                let path = format!("/api/stream/layers/{}", if is_first { &layer } else { "words" });
                service.send("PATCH", &path, &json!({ "opacity": opacity })).expect(200);
                edit = now + EDIT;
            }
            if now >= switch && !is_watched {
                let to = if is_first { "pause" } else { first.as_str() };
                let fade = json!({ "transition": { "type": "fade", "duration": 0.5 } });
                service.send("POST", &format!("/api/stream/scenes/{to}/activate"), &fade).expect(200);
                is_first = !is_first;
                (switch, switched) = (now + SWITCH, now);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let (memory, descriptors, threads) = cost(service.id());
        let status = service.status();
        let count = |name: &str| status[name].as_u64().unwrap_or(0) - start[name].as_u64().unwrap_or(0);
        let reconnects = service.output("stream")["reconnects"].as_u64().unwrap_or(0);
        println!(
            "  {minute:>6}  {memory:>10}  {descriptors:>11}  {threads:>7}  {:>7}  {:>7}  {reconnects:>10}  {:>8}  {edits:>8}  {}",
            count("frameCount"),
            count("droppedFrames"),
            status["encoder"]["restarts"],
            together.offsets(),
        );
    }
    let told = service.output("output-1");
    assert_eq!((&told["droppedFrames"], &told["errors"]), (&json!(0), &json!(0)), "{told}");
    let uptime = service.status()["uptime"].as_f64().expect("a number");
    service.signal("TERM");
    assert!(service.wait().success());
    let file = service.folder.path().join("soak.mkv");
    let (picture, sound) = (end_of(&file, "v"), end_of(&file, "a"));
    println!("  sound behind picture at the end of the recording   {:>+8.1} ms", (sound - picture) * 1e3);
    println!("  recording behind the clock, the start included      {:>+8.1} ms", (uptime - picture) * 1e3);
    let (live, recorded) = (together.offsets(), offsets_in(&file, &together.watched));
    println!("  sound behind picture, ms: least, most, last; beats, unheard");
    println!("  at viewers of the destination   {live}");
    println!("  in the recording, just then     {recorded}");
    let furthest = live.furthest().max(recorded.furthest());
    assert!(furthest < APART, "sound and picture are {furthest:.1} ms apart");
}
