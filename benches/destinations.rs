//! One encode for many: `stream-manager serve` plays the demo at 1080p30 with `veryfast`, sends it to three RTMP servers
//! and records it, and is watched from outside. Then how long a picture and an edit take to a player of an RTMP server, and how
//! soon one that was restarted, or whose host did not answer, has the stream again.
//!
//! `cargo bench --bench destinations`; `BENCH_SECONDS` sets another length than a minute.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    unreachable_pub,
    reason = "a bench ends at what it did not expect, and prints what it measured"
)]

#[path = "support/cost.rs"]
mod cost;
#[path = "../tests/support/ffprobe.rs"]
mod ffprobe;
#[path = "../tests/support/process.rs"]
mod process;
#[path = "../tests/support/rtmp_server.rs"]
mod rtmp_server;
#[path = "../tests/support/screen.rs"]
mod screen;
#[path = "../tests/support/service.rs"]
mod service;
#[path = "../tests/support/vanishing.rs"]
mod vanishing;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use cost::cost;
use ffprobe::probe;
use rtmp_server::RtmpServer;
use screen::Screen;
use serde_json::json;
use service::{Service, project_file, run};
use vanishing::Vanished;

/// How many frames a recording lacks between its first and its last one, at 30 a second.
fn missing(file: &Path) -> u64 {
    let arguments = ["-select_streams", "v", "-show_entries", "packet=pts_time"];
    let probed = probe(file.to_str().unwrap(), &arguments).expect("the recording plays");
    let packets = probed["packets"].as_array().expect("packets").iter();
    let mut times: Vec<f64> = packets.filter_map(|packet| packet["pts_time"].as_str()?.parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    times.windows(2).map(|pair| ((pair[1] - pair[0]) * 30.0).round() as u64 - 1).sum()
}

/// Edits that are timed.
const EDITS: usize = 15;

/// Changes the colour of a layer over HTTP while the demo plays, and prints how long it takes until ffmpeg, which plays the stream
/// from an RTMP server, has decoded the first frame with the new one.
fn edit_over_and_over(server: &RtmpServer) {
    let url = server.url("edited");
    let scene = project_file("scenes/demo/scene.jsonc");
    let variables = [
        ("SCENE", scene.to_str().unwrap()),
        ("STREAM_RESOLUTION", "1920x1080"),
        ("FFMPEG_PRESET", "veryfast"),
        ("STREAM_URL", url.as_str()),
    ];
    let service = Service::start(&variables, &[]);
    service.wait_for_output("stream", "started");
    let colors = [("#c01060", [192, 16, 96]), ("#20c0a0", [32, 192, 160])];
    let size = json!({ "width": 64, "height": 64 });
    let sign =
        json!({ "id": "sign", "zIndex": 1000, "content": { "type": "color", "color": colors[0].0, "size": size } });
    service.send("POST", "/api/stream/layers", &sign).expect(201);
    let screen = Screen::start(&url, (16, 16), 32);
    screen.wait_for(colors[0].1, service::PATIENCE);
    let mut delays: Vec<Duration> = Vec::new();
    for edit in 1..=EDITS {
        // Elsewhere between two frames and two key frames each time.
        std::thread::sleep(Duration::from_millis(400 + 37 * edit as u64));
        let (name, shown) = colors[edit % 2];
        let sent = Instant::now();
        service.send("PATCH", "/api/stream/layers/sign", &json!({ "content": { "color": name } })).expect(200);
        delays.push(screen.wait_for(shown, service::PATIENCE) - sent);
    }
    delays.sort();
    println!(
        "a PATCH of a layer's colour sent to the frame with it decoded by ffmpeg from an RTMP server, {EDITS} times (bar: 1 s):"
    );
    println!("  median            {:>8.0} ms", delays[EDITS / 2].as_secs_f64() * 1e3);
    println!("  longest           {:>8.0} ms", delays[EDITS - 1].as_secs_f64() * 1e3);
}

/// For how long a server is away, in milliseconds: from one that is started anew at once to one that others have given up.
const OUTAGES: [u64; 10] = [50, 100, 200, 300, 500, 800, 1200, 2000, 4000, 8000];

/// Kills a server and starts it again, over and over, and prints how long the stream takes back to it each time.
fn restart_over_and_over(server: &mut RtmpServer) {
    let url = server.url("restarted");
    let service = Service::start(&[("STREAM_URL", url.as_str()), ("STREAM_RESOLUTION", "640x360")], &[]);
    println!(
        "a server that is killed and started again, from its being reachable to the stream's being on air (bar: 1 s):"
    );
    for outage in OUTAGES.map(Duration::from_millis) {
        service.wait_for_output("stream", "started");
        // One that is lost sooner counts as one that breaks down.
        std::thread::sleep(Duration::from_secs(6));
        let before = service.output("stream")["reconnects"].as_u64();
        server.kill();
        std::thread::sleep(outage);
        server.restart();
        let reachable = Instant::now();
        process::wait_for("the stream to be back", service::PATIENCE, || {
            (service.output("stream")["reconnects"].as_u64() > before).then_some(())
        });
        println!("  away for {:>5.2} s          {:>8.2} s", outage.as_secs_f64(), reachable.elapsed().as_secs_f64());
    }
}

/// For how long a host does not answer, in milliseconds: until just before and just after the system asks it again, which it does
/// after one second, three and seven.
const SILENCES: [u64; 6] = [900, 1100, 2000, 3100, 4500, 6500];

/// Has a host not answer while it is connected to, and prints how long the stream takes to it once it does.
fn connect_to_silent_hosts(server: &RtmpServer) {
    println!(
        "a host that does not answer while it is connected to, from its answering to the stream's being on air (bar: 1 s):"
    );
    for silence in SILENCES.map(Duration::from_millis) {
        let host = Vanished::new();
        let url = format!("rtmp://127.0.0.1:{}/live/silent", host.port);
        let service = Service::start(&[("STREAM_URL", url.as_str()), ("STREAM_RESOLUTION", "640x360")], &[]);
        service.wait_for_output("stream", "starting");
        std::thread::sleep(silence);
        let reachable = Instant::now();
        host.come_back(server.port);
        service.wait_for_output("stream", "started");
        println!("  silent for {:>5.2} s        {:>8.2} s", silence.as_secs_f64(), reachable.elapsed().as_secs_f64());
    }
}

fn main() {
    // `cargo test --benches` runs this without the flag: nothing to measure then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let seconds: u64 = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let mut servers: [RtmpServer; 3] = std::array::from_fn(|_| RtmpServer::start());
    let (first, second, third) = (servers[0].url("one"), servers[1].url("two"), servers[2].url("three"));
    let scene = project_file("scenes/demo/scene.jsonc");
    let outputs = format!("{second},{third},show.mkv");
    let variables = [
        ("SCENE", scene.to_str().unwrap()),
        ("STREAM_RESOLUTION", "1920x1080"),
        ("FFMPEG_PRESET", "veryfast"),
        ("STREAM_URL", first.as_str()),
        ("MUXER_OUTPUTS", outputs.as_str()),
    ];
    let mut service = Service::start(&variables, &[]);
    let ids = ["stream", "output-1", "output-2", "output-3"];
    for id in ids {
        service.wait_for_output(id, "started");
    }
    let (cpu_before, _) = cost(service.id());
    let before = service.status();
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(seconds));
    let elapsed = began.elapsed();
    let (cpu_after, peak) = cost(service.id());
    let after = service.status();
    let left_out: u64 = ids.iter().map(|id| service.output(id)["droppedFrames"].as_u64().unwrap_or(0)).sum();
    service.signal("TERM");
    assert!(service.wait().success());

    let count = |name: &str| after[name].as_u64().unwrap_or(0) - before[name].as_u64().unwrap_or(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (cpu_after - cpu_before).as_secs_f64() / elapsed.as_secs_f64() / cores as f64;
    println!("demo at 1080p30, x264 veryfast, three RTMP servers and a recording, {seconds} s on {cores} cores");
    println!("  frames                      {:>8}", count("frameCount"));
    println!("  dropped frames              {:>8}   (bar: 0)", count("droppedFrames"));
    println!("  left out by outputs         {left_out:>8}   (bar: 0)");
    let recorded = missing(&service.folder.path().join("show.mkv"));
    let all = after["droppedFrames"].as_u64().unwrap_or(0);
    println!("  missing in the recording    {recorded:>8}   (dropped since the service was started: {all})");
    println!("  share of the machine        {:>8.1} % (bar: 60 %)", share * 100.0);
    println!("  peak memory                 {peak:>8} MiB (bar: 350 MiB)");

    let target = servers[0].url("marker");
    let arguments = ["latency", "--to", &target, "--duration", "15s", "--stream-resolution", "1920x1080"];
    let told = run(service.folder.path(), &arguments, &[]);
    println!("a picture to a player of an RTMP server (bar: 1 s):");
    println!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));

    edit_over_and_over(&servers[1]);
    restart_over_and_over(&mut servers[0]);
    connect_to_silent_hosts(&servers[0]);
}
