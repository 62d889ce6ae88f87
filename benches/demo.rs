//! The whole process with a real encode: `stream-manager serve` plays the demo at 1080p30 with `veryfast` for two
//! minutes and is watched from outside. Prints what it cost and whether it kept time.
//!
//! `cargo bench --bench demo`; `BENCH_SECONDS` sets another length.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a bench ends at what it did not expect, and prints what it measured"
)]

#[path = "support/cost.rs"]
mod cost;

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use cost::cost;
use serde_json::Value;

/// Ends the service however this ends.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn status(port: u16) -> Option<Value> {
    ureq::get(format!("http://127.0.0.1:{port}/api/stream/status")).call().ok()?.body_mut().read_json().ok()
}

fn main() {
    // `cargo test --benches` runs this without the flag: nothing to measure then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let seconds: u64 = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let port = free_port();
    let folder = tempfile::tempdir().expect("a folder for state");
    let launched = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_stream-manager"))
        .arg("serve")
        .env("SCENE", concat!(env!("CARGO_MANIFEST_DIR"), "/scenes/demo/scene.jsonc"))
        .env("PORT", port.to_string())
        .env("WS_PORT", free_port().to_string())
        .env("METRICS_PORT", free_port().to_string())
        .env("HEALTH_PORT", free_port().to_string())
        .env("DATA_DIR", folder.path())
        .env("STREAM_RESOLUTION", "1920x1080")
        .env("TARGET_FPS", "30")
        .env("FFMPEG_PRESET", "veryfast")
        .env_remove("STREAM_URL")
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("the service starts");
    let service = Service(child);
    let pid = service.0.id();
    let ready = loop {
        match status(port) {
            Some(status) if status["frameCount"].as_u64() > Some(0) => break launched.elapsed(),
            _ if launched.elapsed() > Duration::from_secs(30) => panic!("no frame after 30 s"),
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let (cpu_before, _) = cost(pid);
    let before = status(port).expect("the service answers");
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(seconds));
    let elapsed = began.elapsed();
    let after = status(port).expect("the service still answers");
    let (cpu_after, peak) = cost(pid);

    let count = |name: &str| after[name].as_u64().unwrap_or(0) - before[name].as_u64().unwrap_or(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (cpu_after - cpu_before).as_secs_f64() / elapsed.as_secs_f64() / cores as f64;
    println!("demo at 1080p30, x264 veryfast, HLS, {:.0} s on {cores} cores", elapsed.as_secs_f64());
    println!("  first frame      {:>8.0} ms after launch", ready.as_secs_f64() * 1e3);
    println!("  frames           {:>8}", count("frameCount"));
    println!("  dropped frames   {:>8}   (bar: 0)", count("droppedFrames"));
    println!("  share of machine {:>8.1} % (bar: 50 %)", share * 100.0);
    println!("  peak memory      {peak:>8} MiB (bar: 300 MiB)");
    println!("  mean tick        {:>8.2} ms", after["averageRenderTime"].as_f64().unwrap_or(f64::NAN));
}
