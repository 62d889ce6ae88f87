//! `stream-manager serve`

use std::{collections::BTreeMap, net::SocketAddr, path::Path, process::ExitCode, sync::Arc, time::Duration};

use components::document::Limits;
use systems::{Machine, WorkerThreads, afford_threads, start_workers};
use tokio::{sync::oneshot, task::JoinSet};

use super::{
    EXIT_USAGE, ServeArgs, fail, faults, outputs,
    reconfigure::Reconfigure,
    reload::{self, FollowedScene},
    remember::Memory,
    restart::{self, Restarts},
    scene_file::SceneFile,
    signals::{EndSignals, end_at_once},
    slate::{self, Slate},
    start_logging, stream,
};
use crate::{
    config::{self, LiveSettings, Output, OutputId, Restored, Settings, Sources},
    control::{
        self, ApiToken, ClientLimits, ConnectionLimits, Control, ControlSettings, EmptyTokenError, Listeners, LiveFile,
        LiveFiles, Owner, ReceivingLimits, Scope,
    },
    descriptors,
    engine::{self, Beginning, EngineHandle, EngineSettings, Transport},
    output::{self, live::LiveStore},
    state::Writer,
    telemetry::{LogLevelHandle, LogQueue, Metrics, Watchdog, log_panics},
};

/// Frames that a further encoder holds at most: three, one that waits for each of the others, and the last.
const FRAMES_OF_RENDITION: usize = 4 + output::RENDITION_FRAMES_WAITING;
/// Threads besides those that draw without which there is no stream: they tick, encode, serve and send.
const NEEDED: usize = 16;
/// How long outputs may take to finish their files and to say goodbye.
const FINISHING: Duration = Duration::from_secs(10);

/// Plays a scene, streams it and lets people steer it, until it is told to end.
#[must_use]
pub fn serve(args: &ServeArgs) -> ExitCode {
    restart::take_back_name();
    let sources = Sources::of_this_process(&args.settings);
    let loaded = match config::load(&sources) {
        Ok(loaded) => loaded,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let settings = loaded.settings;
    let log = match LogQueue::to_stderr() {
        Ok(log) => log,
        Err(error) => return fail(format!("log lines cannot be written: {error}"), 1),
    };
    let log_level = start_logging(&settings, Some(&log));
    log_panics(log.clone());
    let (lines, last) = (log.clone(), log.clone());
    output::log_libraries(move |line| lines.add(line), move || last.flush(LogQueue::LAST_LINES));
    output::allocate_code_memory();
    for warning in loaded.warnings {
        tracing::warn!("{warning}");
    }
    let end = play(settings, args.fresh, sources, log_level, &log);
    if let Err(message) = &end {
        log.add(format!("error: {message}\n").as_bytes());
    }
    log.flush(LogQueue::LAST_LINES);
    // All that is to be kept has been written. Pipelines whose peer is away may still be on their way down, and that of SRT takes
    // its sockets away under them at an ordinary end.
    end_at_once(i32::from(end.is_err()))
}

/// Serves until it is told to end.
fn play(
    settings: Settings,
    fresh: bool,
    sources: Sources,
    log_level: Option<LogLevelHandle>,
    log: &LogQueue,
) -> Result<(), String> {
    let (ask, asked) = oneshot::channel();
    let signals = EndSignals::new().and_then(|signals| signals.watch(ask, log.clone()));
    signals.map_err(|error| format!("signals cannot be received: {error}"))?;
    let scene_file = settings.scene.as_deref().map(|path| SceneFile::read(path, settings.max_layers));
    descriptors::allow_all();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| output::shortage(&error))?;
    let metrics = Arc::new(Metrics::new().with_log(log));
    match runtime.block_on(run(settings, scene_file, fresh, sources, log_level, metrics, asked))? {
        End::Asked => Ok(()),
        End::Lost { message, starts_anew: true } => Err(restart::start_again(&message, log)),
        End::Lost { message, starts_anew: false } => Err(message),
    }
}

/// How it ended, in good order.
enum End {
    /// Somebody asked for it.
    Asked,
    /// A part did not come back.
    Lost { message: String, starts_anew: bool },
}

async fn run(
    settings: Settings,
    scene_file: Option<SceneFile>,
    fresh: bool,
    mut sources: Sources,
    log_level: Option<LogLevelHandle>,
    metrics: Arc<Metrics>,
    asked: oneshot::Receiver<()>,
) -> Result<End, String> {
    let control_settings = control_settings(&settings)?;
    // Begun now: at the end there may be no thread for it.
    let finish = standing_by().map_err(|error| output::shortage(&error))?;
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
    let slate = Slate::open(settings)?;
    let (mut beginning, built_on) = memory.beginning(scene_file.as_ref(), slate.as_ref().map(Slate::scene))?;
    let replaced = slate.as_ref().map(Slate::scene).filter(|slate| *slate == beginning.scene);
    let replaced = replaced.zip(scene_file.as_ref().map(|file| file.path.display().to_string()));
    beginning.variants = stream::variants(settings);
    settle(&mut beginning)?;
    let transport = beginning.transport;

    start_threads(settings)?;
    metrics.restarted(Restarts::of_this_process().count() as u64);
    let engine_settings = EngineSettings {
        format: stream::format(settings),
        max_layers: settings.max_layers,
        // Previews hold frames for a moment: one that waits to be looked at, the one that is, and for each thread one
        // that it scales and one that waits for it. The encoder's thread holds the last, should no other come.
        // Each further size has an encoder of its own that holds some.
        pool_size: settings.pipeline_pool_size
            + 3
            + 2 * settings.workers_preview.unwrap_or(1)
            + FRAMES_OF_RENDITION * settings.stream_renditions.len(),
        raster_memory: settings.pipeline_raster_memory << 20,
        quality: stream::quality(settings),
        faults: faults::layers(),
        asset_budget: settings.assets_memory << 20,
    };
    let observed = Arc::clone(&metrics);
    let (engine, mut ticking) = engine::spawn(engine_settings, beginning, move |report, spent| {
        observed.tick(report, spent);
        faults::stall();
    })
    .map_err(|error| error.to_string())?;
    let observed = Arc::clone(&metrics);
    let given = outputs::given(settings)?;
    let Restored { outputs: present, kept, warnings } = config::restore_outputs(
        &given,
        outputs::retry(settings),
        settings.codecs(),
        &outputs::renditions(settings),
        memory.remembered.documents(outputs::KIND),
    );
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let announced = announcement(&present, address);
    let Memory { store, mut remembered, .. } = memory;
    remembered.replace(outputs::KIND, kept);
    let writer = Writer::start(engine.clone(), store, remembered, move |spent| observed.commit(spent));
    let mut followed = scene_file.map(|file| FollowedScene::new(file, built_on, engine.clone()));
    if let Some(followed) = &mut followed {
        // Before anything is sent out.
        followed.catch_up(&Limits { max_layers: settings.max_layers }).await;
    }

    let sending = outputs::start(settings, &engine, given, present, slate.as_ref().map(Slate::frames))?;
    let reconfigure = Reconfigure { engine: engine.clone(), encoder: sending.running.encoder(), log_level };
    let settings_file = sources.file.clone();
    let config = Arc::new(LiveSettings::new(sources, settings.clone(), Box::new(reconfigure)));
    // Ends with this function.
    let mut following = JoinSet::new();
    if let Some((slate, file)) = replaced {
        following.spawn(slate::tell_while_shown(slate, file, engine.clone()));
    }
    if let Some((path, text)) = settings_file {
        let (config, engine) = (Arc::clone(&config), engine.clone());
        following.spawn(async move { reload::follow_settings(&path, text, config, engine).await });
    }
    if let Some(followed) = followed {
        let config = Arc::clone(&config);
        following.spawn(async move { followed.follow(config).await });
    }
    let watched = Arc::clone(&metrics);
    let control = Control {
        engine: engine.clone(),
        metrics,
        config,
        outputs: Arc::new(sending.outputs),
        live: Some(Arc::new(Live { engine: engine.clone(), store: sending.live })),
    };
    let lost = settings.watchdog_restart.map(|seconds| Duration::from_secs(seconds.into()));
    let watchdog = Watchdog::new(engine.clone(), watched, lost);
    if transport != Transport::Live {
        tracing::info!("the stream is {}, as it was when the last run ended", transport.as_str());
    }
    tracing::info!("{announced}");

    let (goodbye, told) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let ending = async {
            // Sent or dropped, it is the end.
            let _ = told.await;
        };
        control::run(listeners, &control_settings, control, ending).await;
    });
    let failure = tokio::select! {
        _ = asked => None,
        () = ticking.ended() => Some("the engine has failed; the log says why".to_owned()),
        lost = watchdog.run() => Some(lost),
    };
    tracing::info!("ending; a second signal ends at once");
    // Clients take their leave while files are finished.
    drop(goodbye);
    let (done, finished) = oneshot::channel();
    let is_lost = failure.is_some();
    let standing = engine.clone();
    let finishing = Box::new(move || {
        sending.running.shutdown(FINISHING);
        if !is_lost {
            engine.shutdown();
            ticking.join();
        }
        // Who waits for it does so to the end.
        let _ = done.send(());
    });
    // It waits for nothing else.
    let _ = finish.send(finishing);
    let _ = tokio::join!(finished, serving);
    if let Some(writer) = writer {
        writer.finish().await;
    }
    // Known now that the writer has ended.
    if failure.is_none() && standing.store().is_some_and(|store| !store.connected) {
        return Err("the last changes could not be written and are lost; the log says why".to_owned());
    }
    let lost = |message| End::Lost { message, starts_anew: lost.is_some() };
    Ok(failure.map_or(End::Asked, lost))
}

/// Starts the threads that draw, if there are enough for a stream.
fn start_threads(settings: &Settings) -> Result<(), String> {
    let threads = WorkerThreads::of(&Machine::here());
    let threads = WorkerThreads {
        render: settings.workers_render.unwrap_or(threads.render),
        background: settings.workers_background.unwrap_or(threads.background),
        decode: settings.workers_decode.unwrap_or(threads.decode),
    };
    // Those that render are there twice: the queries of a tick have their own.
    let needed = 2 * threads.render + threads.background + threads.decode + NEEDED;
    let told = |error| format!("a stream takes {needed} threads and more: {}", output::shortage(&error));
    afford_threads(needed).map_err(told)?;
    start_workers(threads);
    Ok(())
}

type Work = Box<dyn FnOnce() + Send>;

/// A thread that does what it is given, once.
fn standing_by() -> std::io::Result<std::sync::mpsc::Sender<Work>> {
    let (work, given) = std::sync::mpsc::channel::<Work>();
    let wait = move || given.into_iter().take(1).for_each(|work| work());
    std::thread::Builder::new().name("finish".to_owned()).spawn(wait).map(|_| work)
}

/// Makes the folders of the scenes absolute: what is uploaded into one is found again when the service is started from
/// another folder next time.
fn settle(beginning: &mut Beginning) -> Result<(), String> {
    let settled = |folder: &Path| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        std::path::absolute(folder).map_err(|error| format!("the working directory cannot be told: {error}"))
    };
    beginning.scene.folder = settled(&beginning.scene.folder)?;
    for scene in beginning.scenes.others.values_mut().filter(|scene| !scene.folder.is_absolute()) {
        let folder = settled(&scene.folder)?;
        Arc::make_mut(scene).folder = folder;
    }
    Ok(())
}

/// The live stream's files, as control serves them while an output sends there.
struct Live {
    engine: EngineHandle,
    store: Arc<LiveStore>,
}

impl LiveFiles for Live {
    fn get(&self, path: &str) -> Option<LiveFile> {
        let is_fed = self.engine.outputs().iter().any(|output| output.url == config::Destination::LIVE);
        let output::live::LiveFile { bytes, content_type, .. } = self.store.get(path).filter(|_| is_fed)?;
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
        owner: owner(settings),
        connections: ConnectionLimits::default(),
        receiving: ReceivingLimits::default(),
    })
}

/// Who keeps what clients send: whoever keeps the same state.
fn owner(settings: &Settings) -> Owner {
    match &settings.redis_url {
        Some(url) => Owner::new(&format!("{} {}", url.expose(), settings.redis_prefix)),
        None => {
            let folder = &settings.data_dir;
            let folder = folder.canonicalize().or_else(|_| std::path::absolute(folder));
            Owner::new(&folder.unwrap_or_else(|_| settings.data_dir.clone()).to_string_lossy())
        }
    }
}

/// Tells people where to look, and where the stream goes as the outputs are now.
fn announcement(outputs: &BTreeMap<OutputId, Output>, address: SocketAddr) -> String {
    let live = config::Destination::live();
    let enabled = outputs.values().filter(|output| output.enabled).map(|output| &output.destination);
    let (own, others): (Vec<_>, Vec<_>) = enabled.partition(|destination| **destination == live);
    let others: Vec<String> = others.into_iter().map(ToString::to_string).collect();
    let to = match (others.as_slice(), own.as_slice()) {
        ([], []) => "no output is to send anything".to_owned(),
        ([], _) => format!("watch it at http://{address}/live/"),
        (others, []) => format!("streaming to {}", others.join(", ")),
        (others, _) => format!("streaming to {}; watch it at http://{address}/live/", others.join(", ")),
    };
    format!("{to}; the API listens on http://{address}/")
}
