//! Edits that are kept: 1000 a second for a minute over HTTP, on each store. Every one must be answered as kept, and be
//! there after the service has been killed without a word. Prints how long the answers took.
//!
//! `cargo bench --bench durable`; `BENCH_SECONDS` sets another length.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench ends at what it did not expect, and prints what it measured"
)]

#[path = "../tests/support/process.rs"]
mod process;
#[path = "../tests/support/redis_server.rs"]
mod redis_server;
#[path = "../tests/support/service.rs"]
mod service;

use std::time::{Duration, Instant};

use redis_server::{PASSWORD, RedisServer};
use serde_json::{Value, json};
use service::Service;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Runtime,
    time,
};

/// Clients, each with a layer of its own. An answer takes a frame and a commit: this many keep up the rate with ease.
const CLIENTS: u64 = 100;
/// Edits a second, of all clients together.
const RATE: u64 = 1000;

fn scene() -> String {
    let content = json!({ "type": "color", "color": "#203040", "size": { "width": 8, "height": 8 } });
    let layer = |client: u64| json!({ "id": format!("layer-{client}"), "name": "0", "content": content });
    let layers: Vec<Value> = (0..CLIENTS).map(layer).collect();
    json!({ "canvas": { "width": 320, "height": 180 }, "layers": layers }).to_string()
}

/// Sends edits at their times, each when the one before has been answered. Returns how long each answer took, counted
/// from when its edit was due.
async fn edit(port: u16, client: u64, edits: u64) -> Vec<Duration> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let period = Duration::from_secs(1) * u32::try_from(CLIENTS).unwrap() / u32::try_from(RATE).unwrap();
    let began = Instant::now() + period * u32::try_from(client).unwrap() / u32::try_from(CLIENTS).unwrap();
    let mut spent = Vec::new();
    let mut answer = vec![0; 8192];
    for number in 1..=edits {
        let due = began + period * u32::try_from(number).unwrap();
        time::sleep_until(due.into()).await;
        let body = format!(r#"{{"name":"{number}"}}"#);
        let head = format!(
            "PATCH /api/stream/layers/layer-{client} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\
             content-type: application/merge-patch+json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut length = 0;
        let text = loop {
            let read = stream.read(&mut answer[length..]).await.unwrap();
            assert!(read > 0, "the service has closed a connection");
            length += read;
            let text = std::str::from_utf8(&answer[..length]).unwrap();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let head = head.to_lowercase();
                let (_, rest) = head.split_once("content-length: ").expect("an answer has a length");
                let expected: usize = rest.lines().next().unwrap().trim().parse().unwrap();
                if body.len() == expected {
                    break text;
                }
            }
        };
        assert!(text.starts_with("HTTP/1.1 200") && text.contains(r#""persisted":true"#), "{text}");
        spent.push(due.elapsed());
    }
    spent
}

fn measure(store: &str, seconds: u64, variables: &[(&str, &str)]) {
    let variables: Vec<_> =
        [("SCENE", "scene.json"), ("STREAM_RESOLUTION", "320x180"), ("MAX_LAYERS", "200"), ("RATE_LIMIT", "unlimited")]
            .into_iter()
            .chain(variables.iter().copied())
            .collect();
    let mut service = Service::start(&variables, &[("scene.json", &scene())]);
    let (port, each) = (service.port, RATE * seconds / CLIENTS);
    let began = Instant::now();
    let runtime = Runtime::new().unwrap();
    let mut spent: Vec<Duration> = runtime.block_on(async {
        let clients: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(edit(port, client, each))).collect();
        let mut spent = Vec::new();
        for client in clients {
            spent.extend(client.await.unwrap());
        }
        spent
    });
    let took = began.elapsed().as_secs_f64();
    let status = service.status();
    service.kill_and_restart(&variables, &[]);
    let layers = service.json("/api/stream/layers")["layers"].clone();
    let lost = layers.as_array().unwrap().iter().filter(|layer| layer["name"] != each.to_string().as_str()).count();
    assert_eq!(lost, 0, "layers whose last edit is lost");
    spent.sort_unstable();
    let at = |share: f64| spent[((spent.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{} edits on the {store} store in {took:.1} s, killed after the last answer", spent.len());
    println!("  answered as kept  {:>8}   (bar: all)", spent.len());
    println!("  lost              {lost:>8}   (bar: 0)");
    println!("  commits           {:>8}", status["store"]["commits"]);
    println!("  dropped frames    {:>8}", status["droppedFrames"]);
    println!("  answer, median    {:>8.1} ms", at(0.5));
    println!("  answer, p99       {:>8.1} ms", at(0.99));
    println!("  answer, slowest   {:>8.1} ms", at(1.0));
}

fn main() {
    // `cargo test --benches` runs this without the flag: nothing to measure then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let seconds: u64 = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    measure("embedded", seconds, &[]);
    let server = RedisServer::start();
    measure("Redis", seconds, &[("REDIS_URL", &server.url()), ("REDIS_PASSWORD", PASSWORD)]);
}
