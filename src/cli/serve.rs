//! `stream-manager serve`

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use components::{SceneDocument, document::Limits};
use systems::{WorkerThreads, start_workers};
use tokio::signal::unix::{SignalKind, signal};

use super::{EXIT_USAGE, ServeArgs, check::read_scene, fail, settings, start_logging, stream};
use crate::{
    config::Settings,
    control::{self, ApiToken, Control, ControlSettings, Listeners},
    engine::{self, Command, EngineHandle, EngineSettings},
    output,
    telemetry::Metrics,
};

/// How long outputs may take to finish their files and to say goodbye.
const FINISHING: Duration = Duration::from_secs(10);

/// Plays a scene, streams it and lets people steer it, until it is told to end.
#[must_use]
pub fn serve(args: &ServeArgs) -> ExitCode {
    let loaded = match settings(&args.settings) {
        Ok(loaded) => loaded,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let settings = loaded.settings;
    start_logging(&settings);
    for warning in loaded.warnings {
        tracing::warn!("{warning}");
    }
    let scene = match &settings.scene {
        Some(file) => read_scene(file, &Limits { max_layers: settings.max_layers }),
        None => Ok(SceneDocument::default()),
    };
    let scene = match scene {
        Ok(scene) => scene,
        Err(faults) => return fail(faults.join("\n"), 1),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format!("no threads could be started: {error}"), 1),
    };
    match runtime.block_on(run(&settings, scene)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(message, 1),
    }
}

async fn run(settings: &Settings, scene: SceneDocument) -> Result<(), String> {
    let control_settings = control_settings(settings)?;
    let mut signals = Signals::new().map_err(|error| format!("signals cannot be received: {error}"))?;
    let listeners = Listeners::bind(&control_settings).await.map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\nerror: ")
    })?;
    let address = listeners.http_address().map_err(|error| format!("the system does not tell the port: {error}"))?;

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    start_workers(WorkerThreads {
        render: settings.workers_render.unwrap_or(cores),
        decode: settings.workers_decode.unwrap_or(1),
    });
    let metrics = Arc::new(Metrics::new());
    let engine_settings = EngineSettings {
        format: stream::format(settings),
        max_layers: settings.max_layers,
        pool_size: settings.pipeline_pool_size,
    };
    let observed = Arc::clone(&metrics);
    let (engine, ticking) = engine::spawn(engine_settings, scene, move |report, spent| observed.tick(report, spent))
        .map_err(|error| error.to_string())?;

    let outputs = start_outputs(settings, &engine)?;
    let control = Control { engine: engine.clone(), metrics, live: outputs.live };
    // Refused only if it runs already, which it cannot.
    let _ = engine.command(Command::Start);
    announce(settings, address);

    let ending = signals.first();
    control::run(listeners, &control_settings, control, ending).await;
    tracing::info!("ending; a second signal ends at once");
    let finished = tokio::task::spawn_blocking(move || {
        outputs.running.shutdown(Instant::now() + FINISHING);
        engine.shutdown();
        ticking.join();
    });
    tokio::select! {
        _ = finished => Ok(()),
        () = signals.next() => Err("ended at once by a second signal; files may be incomplete".to_owned()),
    }
}
