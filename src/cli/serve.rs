//! `stream-manager serve`

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use components::{SceneDocument, document::Limits};
use systems::{WorkerThreads, start_workers};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    task::JoinSet,
};

use super::{
    EXIT_USAGE, ServeArgs,
    check::{parse_scene, tell_faults, unreadable},
    fail,
    reconfigure::Reconfigure,
    reload,
    remember::Memory,
    start_logging, stream,
};
use crate::{
    config::{self, LiveSettings, Settings, Sources},
    control::{
        self, ApiToken, ClientLimits, Control, ControlSettings, EmptyTokenError, Listeners, LiveFile, LiveFiles, Scope,
    },
    engine::{self, EngineHandle, EngineSettings, Transport},
    output::{self, OutputsHandle, ReconnectPolicy, live::LiveStore},
    state::Writer,
    telemetry::{LogLevelHandle, Metrics},
};

/// How long outputs may take to finish their files and to say goodbye.
const FINISHING: Duration = Duration::from_secs(10);

/// Plays a scene, streams it and lets people steer it, until it is told to end.
#[must_use]
pub fn serve(args: &ServeArgs) -> ExitCode {
    let sources = Sources::of_this_process(&args.settings);
    let loaded = match config::load(&sources) {
        Ok(loaded) => loaded,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let settings = loaded.settings;
    let log_level = start_logging(&settings);
    for warning in loaded.warnings {
        tracing::warn!("{warning}");
    }
    let scene = settings.scene.as_deref().map(|path| SceneFile::read(path, settings.max_layers));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format!("no threads could be started: {error}"), 1),
    };
    match runtime.block_on(run(settings, scene, args.fresh, sources, log_level)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(message, 1),
    }
}

/// A scene file as it was at start.
struct SceneFile {
    path: PathBuf,
    /// `None` if it could not be read.
    text: Option<String>,
    /// The scene, or what is wrong with it.
    scene: Result<SceneDocument, String>,
}

impl SceneFile {
    fn read(path: &Path, max_layers: usize) -> Self {
        let (text, scene) = match fs::read_to_string(path) {
            Ok(text) => {
                let scene = parse_scene(path, &text, &Limits { max_layers });
                (Some(text), scene.map_err(|faults| tell_faults(&faults)))
            }
            Err(error) => (None, Err(format!("{}: {}", path.display(), unreadable(&error)))),
        };
        Self { path: path.to_owned(), text, scene }
    }
}

async fn run(
    settings: Settings,
    scene: Option<SceneFile>,
    fresh: bool,
    mut sources: Sources,
    log_level: Option<LogLevelHandle>,
) -> Result<(), String> {
    let control_settings = control_settings(&settings)?;
    let mut signals = Signals::new().map_err(|error| format!("signals cannot be received: {error}"))?;
    let listeners = Listeners::bind(&control_settings).await.map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\nerror: ")
    })?;
    let address = listeners.http_address().map_err(|error| format!("the system does not tell the port: {error}"))?;
    let mut memory = Memory::open(&settings, fresh).await?;
    let settings = &memory.settings(&mut sources, settings);
    if let Some(Err(error)) = log_level.as_ref().map(|level| level.set(settings.log_level.as_str())) {
        tracing::warn!("{error}");
    }
    let (scene_file, scene) = match scene {
        Some(SceneFile { path, text, scene }) => (Some((path, text)), scene),
        None => (None, Ok(SceneDocument::default())),
    };
    let beginning = memory.beginning(scene_file.as_ref().map(|(path, _)| path.as_path()), scene)?;
    let transport = beginning.transport;

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    start_workers(WorkerThreads {
        render: settings.workers_render.unwrap_or(cores),
        decode: settings.workers_decode.unwrap_or(1),
    });
    let metrics = Arc::new(Metrics::new());
    let engine_settings = EngineSettings {
        format: stream::format(settings),
        max_layers: settings.max_layers,
        // Previews hold frames for a moment: one that waits to be looked at, the one that is, and for each thread one
        // that it scales and one that waits for it.
        pool_size: settings.pipeline_pool_size + 2 + 2 * settings.workers_preview.unwrap_or(1),
        raster_memory: settings.pipeline_raster_memory << 20,
        quality: stream::quality(settings),
        faults: faults(),
        asset_budget: settings.assets_memory << 20,
    };
    let observed = Arc::clone(&metrics);
    let (engine, mut ticking) =
        engine::spawn(engine_settings, beginning, move |report, spent| observed.tick(report, spent))
            .map_err(|error| error.to_string())?;
    let observed = Arc::clone(&metrics);
    let Memory { store, remembered } = memory;
    let writer = Writer::start(engine.clone(), store, remembered, move |spent| observed.commit(spent));

    let outputs = start_outputs(settings, &engine)?;
    let reconfigure = Reconfigure { engine: engine.clone(), bitrate: outputs.running.bitrate(), log_level };
    let settings_file = sources.file.clone();
    let config = Arc::new(LiveSettings::new(sources, settings.clone(), Box::new(reconfigure)));
    // Ends with this function.
    let mut following = JoinSet::new();
    if let Some((path, text)) = settings_file {
        let (config, engine) = (Arc::clone(&config), engine.clone());
        following.spawn(async move { reload::follow_settings(&path, text, config, engine).await });
    }
    if let Some((path, text)) = scene_file {
        let (config, engine) = (Arc::clone(&config), engine.clone());
        following.spawn(async move { reload::follow_scene(&path, text, config, engine).await });
    }
    let control = Control { engine: engine.clone(), metrics, config, live: outputs.live };
    if transport != Transport::Live {
        tracing::info!("the stream is {}, as it was when the last run ended", transport.as_str());
    }
    announce(settings, address);

    let (goodbye, told) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let ending = async {
            // Sent or dropped, it is the end.
            let _ = told.await;
        };
        control::run(listeners, &control_settings, control, ending).await;
    });
    let has_crashed = tokio::select! {
        () = signals.next() => false,
        () = ticking.ended() => true,
    };
    tracing::info!("ending; a second signal ends at once");
    // Clients take their leave while files are finished.
    drop(goodbye);
    let (done, finished) = oneshot::channel();
    std::thread::spawn(move || {
        outputs.running.shutdown(FINISHING);
        engine.shutdown();
        ticking.join();
        // Nobody waits any more after a second signal.
        let _ = done.send(());
    });
    let end = async {
        let _ = tokio::join!(finished, serving);
        if let Some(writer) = writer {
            writer.finish().await;
        }
    };
    tokio::select! {
        () = end => {}
        () = signals.next() => return Err("ended at once by a second signal; files may be incomplete".to_owned()),
    }
    if has_crashed { Err("the engine has failed; the log says why".to_owned()) } else { Ok(()) }
}

/// The layers that the variable `FAULT_INJECTION` names, each a word.
#[cfg(feature = "fault-injection")]
fn faults() -> Option<fn(&str) -> bool> {
    static CHOSEN: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| std::env::var("FAULT_INJECTION").unwrap_or_default());
    Some(|layer| CHOSEN.split_whitespace().any(|chosen| chosen == layer))
}

#[cfg(not(feature = "fault-injection"))]
fn faults() -> Option<fn(&str) -> bool> {
    None
}

/// Outputs that run, and what `/live/` shows of them.
struct Sending {
    running: OutputsHandle,
    live: Option<Arc<dyn LiveFiles>>,
}

/// Starts the outputs: to the platform, else for viewers of this service, and to all other destinations.
fn start_outputs(settings: &Settings, engine: &EngineHandle) -> Result<Sending, String> {
    let mut destinations = Vec::new();
    let mut live: Option<Arc<dyn LiveFiles>> = None;
    match &settings.stream_url {
        Some(url) => destinations.push(("stream".to_owned(), read_destination(url)?)),
        None => {
            let store = Arc::new(LiveStore::new());
            live = Some(Arc::new(Live(Arc::clone(&store))));
            destinations.push(("live".to_owned(), output::Destination::Live { store }));
        }
    }
    for (index, destination) in settings.muxer_outputs.iter().enumerate() {
        destinations.push((format!("output-{}", index + 1), read_destination(destination)?));
    }
    let policy = ReconnectPolicy {
        first: settings.muxer_retry_delay,
        longest: ReconnectPolicy::default().longest.max(settings.muxer_retry_delay),
        attempts: settings.muxer_retry_attempts,
        queue_frames: settings.muxer_max_queue_size as u64,
        ..ReconnectPolicy::default()
    };
    let encoder = stream::encoder(settings);
    let running = output::run(engine, encoder, destinations, policy, settings.pipeline_max_queue_size)
        .map_err(|error| error.to_string())?;
    Ok(Sending { running, live })
}

fn read_destination(destination: &config::Destination) -> Result<output::Destination, String> {
    destination.expose().parse().map_err(|error: output::DestinationError| error.to_string())
}

/// The live stream's files, as control serves them.
struct Live(Arc<LiveStore>);

impl LiveFiles for Live {
    fn get(&self, path: &str) -> Option<LiveFile> {
        let output::live::LiveFile { bytes, content_type, .. } = self.0.get(path)?;
        Some(LiveFile { bytes, content_type })
    }
}

fn control_settings(settings: &Settings) -> Result<ControlSettings, String> {
    let at = |port: u16| SocketAddr::new(settings.listen, port);
    let tokens = [
        (&settings.api_token, Scope::Admin),
        (&settings.api_control_token, Scope::Control),
        (&settings.api_read_token, Scope::Read),
    ];
    let tokens = tokens.into_iter().filter_map(|(token, scope)| Some((token.as_ref()?, scope)));
    let tokens = tokens.map(|(token, scope)| Ok((ApiToken::new(token.expose())?, scope)));
    Ok(ControlSettings {
        http: at(settings.port),
        websocket: Some(at(settings.ws_port)),
        metrics: Some(at(settings.metrics_port)),
        health: Some(at(settings.health_port)),
        tokens: tokens.collect::<Result<_, EmptyTokenError>>().map_err(|error| error.to_string())?,
        allowed_origins: settings.allowed_origins.clone(),
        requests_per_second: settings.rate_limit,
        clients: ClientLimits { max: settings.ws_max_clients, ..ClientLimits::default() },
        preview_workers: settings.workers_preview.unwrap_or(1),
    })
}

/// Tells people where to look.
fn announce(settings: &Settings, address: SocketAddr) {
    match &settings.stream_url {
        Some(url) => tracing::info!("streaming to {url}; the API listens on http://{address}/"),
        None => tracing::info!("watch it at http://{address}/live/; the API listens on http://{address}/"),
    }
}

/// The signals that ask the service to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
