//! Control over a real engine, spoken to over real sockets.

mod access;
mod concurrency;
mod conditions;
mod config;
mod connections;
mod frames;
mod layers;
mod levels;
mod mutated;
mod openapi;
mod operation;
mod outputs;
mod own_version;
mod previews;
mod receiving;
mod requests;
mod scenes;
mod stream;
mod timelines;
mod triggers;
mod uploads;
mod websocket;
mod websocket_edits;
mod websocket_hostile;
mod websocket_requests;
mod websocket_views;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use components::{SceneDocument, document::Limits};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};

use super::{
    ApiToken, ClientLimits, ConnectionLimits, Control, ControlSettings, Listeners, LiveFile, LiveFiles,
    ReceivingLimits, Scope, run,
};
use crate::{
    config::{
        Apply, Carry, LiveOutputs, LiveSettings, NotApplied, Output, OutputId, RetryDocument, Settings, Sources, load,
    },
    engine::{
        Engine, EngineHandle, EngineSettings, OutputState, OutputStatus, QualityGoal, Reconfiguration, StreamFormat,
        spawn,
    },
    telemetry::Metrics,
};

const WIDTH: usize = 64;
const HEIGHT: usize = 36;
const MAX_LAYERS: usize = 12;
/// A secret among the settings; control itself asks for no token.
const TOKEN: &str = "a-token-that-nobody-sees";

/// A service of its own for one test: engine and control on free ports of the loopback.
struct Service {
    runtime: Runtime,
    address: SocketAddr,
    /// Where WebSockets have a port of their own, if they do; likewise metrics and health.
    websocket: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    health: Option<SocketAddr>,
    engine: EngineHandle,
    /// Where the scene's files are.
    folder: tempfile::TempDir,
    thread: Option<Engine>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
}

fn scene() -> SceneDocument {
    let text = json!({
        "name": "a test",
        "canvas": { "width": WIDTH, "height": HEIGHT },
        "layers": [
            { "id": "background", "content": { "type": "color", "color": "#c81e28" } },
            { "id": "box", "opacity": 0.5, "content": { "type": "color", "color": "#00ff00",
                "size": { "width": 10, "height": 10 } } },
            { "id": "group", "content": { "type": "group" }, "children": [
                { "id": "child", "visible": false, "content": { "type": "color", "color": "#0000ff" } }
            ] },
        ],
        "triggers": [{ "on": { "type": "event", "name": "flash" },
            "do": [{ "type": "set", "layer": "box", "patch": { "opacity": 0.75 } }] }],
    });
    SceneDocument::from_value(text, &Limits::default()).unwrap()
}

/// Settings for free ports of the loopback and no token.
fn settings() -> ControlSettings {
    ControlSettings {
        http: ([127, 0, 0, 1], 0).into(),
        websocket: None,
        metrics: None,
        health: None,
        tokens: Vec::new(),
        allowed_origins: Vec::new(),
        requests_per_second: None,
        clients: ClientLimits::default(),
        preview_workers: 1,
        owner: super::Owner::new("tests"),
        connections: ConnectionLimits::default(),
        receiving: ReceivingLimits::default(),
    }
}

struct Folder;

impl LiveFiles for Folder {
    fn get(&self, path: &str) -> Option<LiveFile> {
        (path == "stream.m3u8")
            .then(|| LiveFile { bytes: "#EXTM3U\n".into(), content_type: "application/vnd.apple.mpegurl" })
    }
}

/// Settings that change nothing but the engine.
fn live_settings(engine: &EngineHandle) -> Arc<LiveSettings> {
    struct ToEngine(EngineHandle);

    impl Apply for ToEngine {
        fn apply<'a>(&'a self, _: &'a Settings, after: &'a Settings) -> BoxFuture<'a, Result<u64, NotApplied>> {
            let size = (after.stream_resolution.width as usize, after.stream_resolution.height as usize);
            let change = Reconfiguration { size: Some(size), max_layers: None };
            Box::pin(async move {
                self.0.reconfigure(change).await.map_err(|error| NotApplied::Unavailable(error.to_string()))
            })
        }

        fn keep<'a>(&'a self, _: BTreeMap<&'static str, &'a str>) -> BoxFuture<'a, bool> {
            Box::pin(async { false })
        }
    }

    let sources = Sources {
        environment: vec![("API_TOKEN".into(), TOKEN.into()), ("STREAM_RESOLUTION".into(), "64x36".into())],
        ..Sources::default()
    };
    let settings = load(&sources).unwrap().settings;
    Arc::new(LiveSettings::new(sources, settings, Box::new(ToEngine(engine.clone()))))
}

/// Outputs that send nothing, but are told of.
fn live_outputs(engine: &EngineHandle) -> Arc<LiveOutputs> {
    struct ToStatus(EngineHandle);

    impl Carry for ToStatus {
        fn carry(&self, id: &OutputId, _: Option<&Output>, after: Option<&Output>) -> Result<(), String> {
            match after {
                Some(output) => self.0.publish_output(OutputStatus {
                    state: if output.enabled { OutputState::Started } else { OutputState::Stopped },
                    ..OutputStatus::new(id.as_str(), output.destination.to_string())
                }),
                None => self.0.forget_output(id.as_str()),
            }
            Ok(())
        }

        fn try_again(&self, _: &OutputId) -> Result<(), String> {
            Ok(())
        }

        fn keep(&self, _: &OutputId, _: Option<Value>) -> BoxFuture<'_, bool> {
            Box::pin(async { false })
        }
    }

    let (given, present) = (BTreeMap::new(), BTreeMap::new());
    let codecs = load(&Sources::default()).unwrap().settings.codecs();
    Arc::new(LiveOutputs::new(
        given,
        present,
        RetryDocument::default(),
        codecs,
        Vec::new(),
        Box::new(ToStatus(engine.clone())),
    ))
}

impl Service {
    fn start() -> Self {
        Self::start_with(settings())
    }

    fn start_with(settings: ControlSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listeners = runtime.block_on(Listeners::bind(&settings)).unwrap();
        let address = listeners.http_address().unwrap();
        let at = |listener: &Option<TcpListener>| listener.as_ref().map(|listener| listener.local_addr().unwrap());
        let [websocket, own_metrics, health] = [&listeners.websocket, &listeners.metrics, &listeners.health].map(at);
        let format = StreamFormat { width: WIDTH, height: HEIGHT, fps: 60 };
        let metrics = Arc::new(Metrics::new());
        let observer = Arc::clone(&metrics);
        let folder = tempfile::tempdir().unwrap();
        let (engine, thread) = spawn(
            EngineSettings {
                format,
                max_layers: MAX_LAYERS,
                pool_size: 4,
                raster_memory: 16 << 20,
                asset_budget: 16 << 20,
                quality: QualityGoal::Auto,
                faults: None,
            },
            SceneDocument { folder: folder.path().to_owned(), ..scene() },
            move |report, spent| {
                observer.tick(report, spent);
            },
        )
        .unwrap();
        let (stop, stopped) = oneshot::channel();
        let live_settings = live_settings(&engine);
        let control = Control {
            engine: engine.clone(),
            metrics,
            config: live_settings,
            outputs: live_outputs(&engine),
            live: Some(Arc::new(Folder)),
        };
        let served = runtime.spawn(async move {
            run(listeners, &settings, control, async { drop(stopped.await) }).await;
        });
        let service = Self {
            runtime,
            address,
            websocket,
            metrics: own_metrics,
            health,
            engine,
            folder,
            thread: Some(thread),
            stop: Some(stop),
            served: Some(served),
        };
        wait_for("the first tick", || service.engine.stats().frames > 0);
        service
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// Sends a JSON document.
    fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], Some(body.to_string().as_bytes()))
    }

    fn post(&self, path: &str) -> Answer {
        self.send("POST", path, &[], Some(b""))
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        send_to(self.address, method, path, headers, body)
    }

    /// Ends the service and waits for it, as at shutdown.
    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(served) = self.served.take() {
            self.runtime.block_on(served).unwrap();
        }
        self.engine.shutdown();
        if let Some(thread) = self.thread.take() {
            thread.join();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends a request to one of the ports.
fn send_to(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = match body {
        Some(body) => agent.run(request.body(body).unwrap()).unwrap(),
        None => agent.run(request.body(()).unwrap()).unwrap(),
    };
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap(),
    }
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// Expects a problem document with this status.
    #[track_caller]
    fn problem(self, status: u16) -> Value {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.value();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem
    }

    #[track_caller]
    fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The tick that the answer speaks of.
    #[track_caller]
    fn tick(&self) -> u64 {
        self.header("stream-tick").parse().unwrap()
    }
}

#[track_caller]
fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come");
        std::thread::yield_now();
    }
}
