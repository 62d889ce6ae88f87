//! Many WebSocket clients of the real binary: how soon a change reaches all of them, what they cost while nothing
//! happens, and what previews cost.
//!
//! `cargo bench --bench clients`, or `… -- flood` for one of `pictures`, `idle`, `flood`, `latency` and `previews` alone

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench ends at what it did not expect, and prints what it measured"
)]

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};
use serde_json::{Value, json};
use systems::{
    Frame,
    resize::{FilterType, ResizeSource, resize_rgba},
    still::StillMaker,
};
use tokio::{net::TcpStream, runtime::Runtime, sync::mpsc};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

const LISTENERS: usize = 500;
const IDLERS: usize = 2000;
const EDITS: usize = 200;
const FLOODERS: usize = 200;
/// Requests of one of them that wait at any time: as many as may.
const ASKED: usize = 64;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Ends the service however this ends.
struct Service {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

impl Service {
    /// Plays the demo at 1080p30, which is what the figures are about: clients share the machine with a stream.
    fn start() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder for state");
        let child = Command::new(env!("CARGO_BIN_EXE_stream-manager"))
            .arg("serve")
            .env("SCENE", concat!(env!("CARGO_MANIFEST_DIR"), "/scenes/demo/scene.jsonc"))
            .env("PORT", port.to_string())
            .env("WS_PORT", free_port().to_string())
            .env("WS_MAX_CLIENTS", "3000")
            // All clients are of one address.
            .env("RATE_LIMIT", "unlimited")
            .env("METRICS_PORT", free_port().to_string())
            .env("HEALTH_PORT", free_port().to_string())
            .env("DATA_DIR", folder.path())
            .env("STREAM_RESOLUTION", "1920x1080")
            .env("TARGET_FPS", "30")
            .env_remove("STREAM_URL")
            .env_remove("API_TOKEN")
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .spawn()
            .expect("the service starts");
        let service = Self { child, port, _folder: folder };
        let began = Instant::now();
        while service.status().is_none_or(|status| status["frameCount"].as_u64() < Some(30)) {
            assert!(began.elapsed() < Duration::from_secs(30), "no frames after 30 s");
            std::thread::sleep(Duration::from_millis(10));
        }
        service
    }

    fn status(&self) -> Option<Value> {
        ureq::get(format!("http://127.0.0.1:{}/api/stream/status", self.port)).call().ok()?.body_mut().read_json().ok()
    }

    /// Memory in MiB that is in use now.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells the memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }

    /// Processor time so far.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the process runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().expect("a process has a name").split(' ').collect();
        // Fields 14 and 15 of proc(5), in ticks of which Linux has 100 a second.
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * 10)
    }

    async fn connect(&self, query: &str) -> Socket {
        connect_async(format!("ws://127.0.0.1:{}/ws{query}", self.port)).await.expect("a place").0
    }

    /// Share of one core over `seconds`.
    async fn load(&self, seconds: u64) -> f64 {
        let (before, began) = (self.cpu(), Instant::now());
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        (self.cpu() - before).as_secs_f64() / began.elapsed().as_secs_f64()
    }
}

async fn next(socket: &mut Socket) -> Option<Value> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            _ => continue,
        }
    }
}

/// From an edit to its diff at each of many clients.
async fn latency(service: &Service) {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    for _ in 0..LISTENERS {
        let mut socket = service.connect("?topics=scene").await;
        assert_eq!(next(&mut socket).await.expect("hello")["type"], "hello");
        assert_eq!(next(&mut socket).await.expect("a snapshot")["type"], "snapshot");
        let arrived = arrived.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                // The time first, then what it is.
                let now = Instant::now();
                if let Message::Text(text) = message
                    && arrived.send((now, text)).is_err()
                {
                    return;
                }
            }
        });
    }
    let mut editor = service.connect("?topics=").await;
    let (mut whole, mut spread) = (Vec::new(), Vec::new());
    for n in 0..EDITS {
        let opacity = (n % 100) as f64 / 100.0;
        let layer = json!({ "id": "bench", "opacity": opacity, "content": { "type": "group" } });
        let edit = if n == 0 {
            json!({ "op": "createLayer", "layer": layer })
        } else {
            json!({ "op": "patchLayer", "id": "bench", "patch": { "opacity": opacity } })
        };
        let sent = Instant::now();
        let message = json!({ "type": "edit", "edits": [edit] }).to_string();
        editor.send(Message::text(message)).await.expect("the service listens");
        let mut times = Vec::with_capacity(LISTENERS);
        while times.len() < LISTENERS {
            let (time, text) = arrivals.recv().await.expect("clients listen");
            assert!(text.contains("layerUpdate") && text.contains("bench"), "{text}");
            times.push(time);
        }
        let first = *times.iter().min().expect("some");
        whole.extend(times.iter().map(|time| time.duration_since(sent)));
        spread.extend(times.iter().map(|time| time.duration_since(first)));
    }
    println!("{LISTENERS} clients, {EDITS} edits one after the other, demo at 1080p30 encoded meanwhile");
    for (name, mut times) in [("edit sent to diff had", whole), ("first client to others", spread)] {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        println!("  {name:<23} median {:>6.1} ms   p99 {:>6.1} ms   (bar: 50 ms)", at(0.5), at(0.99));
    }
}

/// From an edit to its diff while many ask for all layers, each with as many requests at a time as it may have.
async fn flood(service: &Service) {
    let answers = Arc::new(AtomicU64::new(0));
    let mut flooding = Vec::with_capacity(FLOODERS);
    for _ in 0..FLOODERS {
        let mut socket = service.connect("?topics=").await;
        assert_eq!(next(&mut socket).await.expect("hello")["type"], "hello");
        let answers = Arc::clone(&answers);
        flooding.push(tokio::spawn(async move {
            let ask = || Message::text(r#"{"type":"request","method":"GET","path":"/api/stream/layers"}"#);
            for _ in 0..ASKED {
                socket.send(ask()).await.expect("the service listens");
            }
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() {
                    answers.fetch_add(1, Ordering::Relaxed);
                    socket.send(ask()).await.expect("the service listens");
                }
            }
        }));
    }
    let mut listener = service.connect("?topics=scene").await;
    while next(&mut listener).await.expect("it speaks")["type"] != "snapshot" {}
    let mut editor = service.connect("?topics=").await;
    let (mut times, before, began) = (Vec::new(), answers.load(Ordering::Relaxed), Instant::now());
    for n in 0..EDITS {
        let opacity = (n % 100) as f64 / 100.0;
        let edit = match n {
            0 => json!({ "op": "createLayer", "layer": { "id": "flooded", "content": { "type": "group" } } }),
            _ => json!({ "op": "patchLayer", "id": "flooded", "patch": { "opacity": opacity } }),
        };
        let message = json!({ "type": "edit", "edits": [edit] }).to_string();
        let sent = Instant::now();
        editor.send(Message::text(message)).await.expect("the service listens");
        while next(&mut listener).await.expect("it speaks")["type"] != "layerUpdate" {}
        times.push(sent.elapsed());
    }
    let rate = (answers.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{FLOODERS} clients with {ASKED} requests for all layers at a time each, {rate:.0} answers a second");
    println!("  edit sent to diff had   median {:>6.1} ms   p99 {:>6.1} ms   (bar: 67 ms)", at(0.5), at(0.99));
    println!("  frames dropped so far   {:>6}", service.status().expect("it answers")["droppedFrames"]);
    for client in flooding {
        client.abort();
    }
}

async fn idle(service: &Service) {
    let (before, load_before) = (service.memory(), service.load(5).await);
    let mut clients = Vec::with_capacity(IDLERS);
    for _ in 0..IDLERS {
        let mut socket = service.connect("").await;
        while next(&mut socket).await.expect("it speaks")["type"] != "metrics" {}
        clients.push(socket);
    }
    // They read what comes, as idle clients do.
    let reading: Vec<_> = clients
        .into_iter()
        .map(|mut socket| tokio::spawn(async move { while next(&mut socket).await.is_some() {} }))
        .collect();
    let (load, memory) = (service.load(5).await, service.memory());
    println!("{IDLERS} idle clients with all topics");
    println!("  memory                  {:>6.0} MiB more   (bar: 200 MiB)", memory - before);
    println!("  processor               {:>6.1} % of a core more", (load - load_before) * 100.0);
    assert_eq!(service.status().expect("it answers")["connectedClients"], IDLERS);
    for client in reading {
        client.abort();
    }
}

async fn previews(service: &Service) {
    println!("previews of the demo at 1080p30");
    let none = service.load(5).await;
    for (width, fps, viewers) in [(640, 10, 1), (640, 10, 20), (1280, 30, 1)] {
        let mut watching = Vec::new();
        for _ in 0..viewers {
            let mut socket = service.connect("?topics=").await;
            let ask = json!({ "type": "preview", "width": width, "fps": fps }).to_string();
            socket.send(Message::text(ask)).await.expect("the service listens");
            watching.push(tokio::spawn(async move {
                let (mut pictures, mut bytes) = (0_u32, 0);
                let until = tokio::time::Instant::now() + Duration::from_secs(6);
                while let Ok(Some(Ok(message))) = tokio::time::timeout_at(until, socket.next()).await {
                    if let Message::Binary(picture) = message {
                        pictures += 1;
                        bytes += picture.len();
                    }
                }
                (pictures, bytes)
            }));
        }
        let load = service.load(5).await - none;
        let (mut pictures, mut bytes) = (0, 0);
        for viewer in watching {
            let (some, size) = viewer.await.expect("it watches");
            pictures += some;
            bytes += size;
        }
        println!(
            "  {viewers:>2} x {width} at {fps:>2}/s        {:>6.1} % of a core   {:>5.1} pictures/s each, {:.0} kB each",
            load * 100.0,
            f64::from(pictures) / 6.0 / f64::from(viewers),
            bytes as f64 / 1e3 / f64::from(pictures.max(1)),
        );
    }
    println!("  frames dropped so far   {:>6}", service.status().expect("it answers")["droppedFrames"]);
}

/// One picture, straight from I420 and as `GET …/frame` makes it: from a copy of the canvas in RGBA, by way of RGB.
fn one_picture() {
    const TIMES: u32 = 50;
    let mut frame = Frame::new(1920, 1080);
    let stride = frame.y_stride();
    let (luma, u, v) = frame.planes_mut();
    let wave = |n: usize, period: usize| 40 + u8::try_from((n % period) * 160 / period).expect("small");
    luma.iter_mut().enumerate().for_each(|(n, y)| *y = wave(n % stride + n / stride, 97));
    u.iter_mut().enumerate().for_each(|(n, u)| *u = wave(n, 301));
    v.iter_mut().enumerate().for_each(|(n, v)| *v = wave(n, 211));
    let time = |work: &mut dyn FnMut() -> usize| {
        let began = Instant::now();
        let bytes = (0..TIMES).map(|_| work()).sum::<usize>();
        assert!(bytes > 0);
        (began.elapsed() / TIMES).as_secs_f64() * 1e3
    };
    println!("one JPEG from a 1080p frame");
    let canvas = rgba(&frame);
    for width in [640, 1280, 1920] {
        let mut maker = StillMaker::default();
        let straight = time(&mut || maker.shrink(&frame, width).expect("it fits").to_jpeg(70).expect("it fits").len());
        let by_rgb = time(&mut || {
            let (w, h) = systems::still::still_size((1920, 1080), width);
            let (w, h) = (u32::try_from(w).expect("small"), u32::try_from(h).expect("small"));
            let source = ResizeSource { width: 1920, height: 1080, data: &canvas, crop: None };
            let scaled = resize_rgba(source, (w, h), FilterType::Bilinear).expect("it fits");
            let rgb: Vec<u8> = scaled.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
            let mut file = Vec::new();
            JpegEncoder::new_with_quality(&mut file, 70)
                .write_image(&rgb, w, h, ExtendedColorType::Rgb8)
                .expect("memory takes it");
            file.len()
        });
        println!(
            "  {width:>4} wide   {straight:>6.2} ms; from RGBA by RGB and `image` {by_rgb:>6.2} ms, {:.1} times as long",
            by_rgb / straight
        );
    }
}

/// The frame in RGBA, BT.709.
fn rgba(frame: &Frame) -> Vec<u8> {
    let (luma, u, v) = frame.planes();
    let (width, height) = (frame.width(), frame.height());
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let chroma = y / 2 * frame.uv_stride() + x / 2;
            let l = 76_309 * (i32::from(luma[y * frame.y_stride() + x]) - 16) + (1 << 15);
            let (cb, cr) = (i32::from(u[chroma]) - 128, i32::from(v[chroma]) - 128);
            let byte = |value: i32| u8::try_from((value >> 16).clamp(0, 255)).unwrap_or(0);
            pixels.extend([byte(l + 117_489 * cr), byte(l - 13_975 * cb - 34_925 * cr), byte(l + 138_438 * cb), 255]);
        }
    }
    pixels
}

fn main() {
    // `cargo test --benches` runs this without the flag: nothing to measure then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wants = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wants("pictures") {
        one_picture();
    }
    let runtime = Runtime::new().expect("threads");
    if wants("idle") {
        runtime.block_on(idle(&Service::start()));
    }
    if wants("flood") {
        runtime.block_on(flood(&Service::start()));
    }
    if wants("latency") || wants("previews") {
        let service = Service::start();
        runtime.block_on(async {
            if wants("latency") {
                latency(&service).await;
            }
            if wants("previews") {
                previews(&service).await;
            }
        });
    }
}
