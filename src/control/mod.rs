//! How people and programs steer the service: HTTP and WebSocket.
//!
//! Ports are taken first ([`Listeners::bind`]), so that a taken one is told before anything starts; [`run`] then
//! serves them until its shutdown future ends. Routes hold an [`EngineHandle`] and nothing else of the service:
//! edits go in by it, snapshots, diffs, pictures and events come out.
//!
//! A request passes the doorkeeper (rate, host name, origin, token), then a route in `http` (one file a family), and every
//! error on the way becomes a [`Problem`].

mod admission;
mod batch;
mod claims;
mod connections;
mod http;
mod incoming;
mod limits;
mod listeners;
mod preview;
mod problem;
mod receiving;
mod reserved;
mod routes;
mod server;
mod settings;
mod turns;
mod unread;
mod uploads;
mod warnings;
mod websocket;

#[cfg(test)]
mod tests;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::{Mutex, watch};

use self::{
    admission::{Doorkeeper, Port},
    preview::Studio,
    receiving::Receiving,
    routes::Routes,
    server::{Front, serve},
    turns::Turns,
    uploads::Uploads,
    websocket::Clients,
};
pub use self::{
    claims::Owner,
    listeners::{BindError, Listeners},
    problem::Problem,
    receiving::ReceivingLimits,
    settings::{ApiToken, ClientLimits, ConnectionLimits, ControlSettings, EmptyTokenError, Scope},
};
use crate::{
    config::{LiveOutputs, LiveSettings},
    engine::EngineHandle,
    telemetry::{Health, Metrics},
};

/// Pictures that are encoded for clients at once. More wait: encoding must not take the cores from the compositor.
const ENCODES: usize = 2;
/// Those who may wait for theirs; more are told to come back.
const WAITING_FOR_ENCODES: usize = 64;
/// Large documents that may wait for being parsed, each of up to 2 MiB; of one address half as many.
const WAITING_DOCUMENTS: usize = 128;
/// WebSocket clients get this long to take their goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// Files of the live picture, served under `/live/`.
pub trait LiveFiles: Send + Sync {
    /// The file at `path` (relative, `/` between its parts, empty for the folder itself), or `None` if there is none.
    /// May block on a disk.
    fn get(&self, path: &str) -> Option<LiveFile>;
}

/// One file of the live picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveFile {
    /// All of it.
    pub bytes: Bytes,
    /// Its media type.
    pub content_type: &'static str,
}

/// What control deals with.
#[derive(Clone)]
pub struct Control {
    /// The engine that it steers.
    pub engine: EngineHandle,
    /// Where requests are counted, and what `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// The settings that it shows and changes.
    pub config: Arc<LiveSettings>,
    /// The outputs that it shows and changes.
    pub outputs: Arc<LiveOutputs>,
    /// The files of `/live/`; without them the route answers that there are none.
    pub live: Option<Arc<dyn LiveFiles>>,
}

/// What routes hold.
#[derive(Clone)]
struct Context {
    engine: EngineHandle,
    metrics: Arc<Metrics>,
    config: Arc<LiveSettings>,
    outputs: Arc<LiveOutputs>,
    health: Health,
    live: Option<Arc<dyn LiveFiles>>,
    /// Pictures that are encoded.
    encodes: Turns,
    /// Large documents that are parsed.
    documents: Turns,
    /// Large documents and messages that come in.
    receiving: Receiving,
    uploads: Arc<Uploads>,
    /// The right to choose the layer that people work on.
    choosing: Arc<Mutex<()>>,
    /// The routes that are served.
    served: Arc<http::Served>,
    /// The list of layers that was answered last.
    listed: Arc<http::Listed>,
    /// The answers to requests that may be sent again.
    answers: Arc<http::Answers>,
    ending: watch::Receiver<bool>,
}

/// Serves `listeners` until `shutdown` is over, then says goodbye to WebSocket clients and lets running requests end.
pub async fn run(
    listeners: Listeners,
    settings: &ControlSettings,
    control: Control,
    shutdown: impl Future<Output = ()>,
) {
    let (end, ending) = watch::channel(false);
    let studio = Studio::new(control.engine.clone(), Arc::clone(&control.metrics), settings.preview_workers);
    let uploads = Arc::new(Uploads::new(settings.owner.clone()));
    uploads::sweep(&control.engine).await;
    // What a kill left behind. It waits until the state is kept, which nobody else has to.
    let (engine, orphans) = (control.engine.clone(), Arc::clone(&uploads));
    let tidying = tokio::spawn(async move { orphans.tidy_orphans(&engine).await });
    let context = Context {
        health: Health::new(control.engine.clone(), Arc::clone(&control.metrics)),
        encodes: Turns::new("pictures", ENCODES, WAITING_FOR_ENCODES),
        documents: Turns::new("large documents", 1, WAITING_DOCUMENTS),
        receiving: Receiving::new(settings.receiving, control.metrics.receiving()),
        uploads,
        choosing: Arc::default(),
        served: Arc::default(),
        listed: Arc::default(),
        answers: Arc::default(),
        engine: control.engine,
        metrics: Arc::clone(&control.metrics),
        config: control.config,
        outputs: control.outputs,
        live: control.live,
        ending: ending.clone(),
    };
    let doorkeeper = Arc::new(Doorkeeper::new(settings, listeners.pages_and_websockets()));
    let front = Arc::new(Front::new(settings, Arc::clone(&doorkeeper), Arc::clone(&control.metrics)));
    let stream = http::stream(&context);
    let routes = Routes::new(http::or_unknown(stream.clone()), doorkeeper, control.metrics);
    let clients = Clients::start(&context, studio, routes, settings.clients);
    let mut ports = tokio::task::JoinSet::new();
    let mut serve_on = |listener, port, routes| {
        ports.spawn(serve(listener, port, routes, Arc::clone(&front), ending.clone()));
    };
    serve_on(listeners.http, Port::Http, http::api(&context, &clients, stream));
    if let Some(listener) = listeners.websocket {
        serve_on(listener, Port::WebSocket, http::websocket_only(&clients));
    }
    if let Some(listener) = listeners.metrics {
        serve_on(listener, Port::Metrics, http::metrics_only(&context));
    }
    if let Some(listener) = listeners.health {
        serve_on(listener, Port::Health, http::health_only(&context));
    }
    drop(context);
    shutdown.await;
    // All who listen hold a receiver; if none is left, none has to be told.
    let _ = end.send(true);
    while ports.join_next().await.is_some() {}
    tidying.abort();
    if tokio::time::timeout(GOODBYE, clients.all_gone()).await.is_err() {
        tracing::warn!("WebSocket clients did not take their goodbye within {GOODBYE:?}");
    }
}

/// Waits until the service ends.
async fn ended(ending: &mut watch::Receiver<bool>) {
    // An error means that whoever would tell is gone, which is the end too.
    let _ = ending.wait_for(|ending| *ending).await;
}
