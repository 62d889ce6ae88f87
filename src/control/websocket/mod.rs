//! The scene and its changes, pushed to clients.
//!
//! Protocol 1, JSON text messages, from the service to the client:
//!
//! | `type` | when | what |
//! | --- | --- | --- |
//! | `hello` | first | `protocol`, `server` |
//! | `snapshot` | second, and whenever the client fell behind | `tick`, `seq`, `scene`: replaces all the client knows |
//! | `layerUpdate` | after each tick that changed the scene | `tick`, `seq`, `changes`, `scene` if its head changed |
//! | `streamEvent` | after each snapshot and on change | `event`: `transport` with `state`, or `output` with `output` |
//! | `error` | when something fails, or a message of the client's is not understood | `message` |
//!
//! `seq` rises by one from update to update. A client that is slow is never waited for: updates that it missed are
//! left out and a new snapshot takes their place.

mod feed;
mod session;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, StatusCode, header},
    reply::{Reply as _, Response},
};

use self::feed::Feed;
use super::{Context, Problem, server::Route};
use crate::engine::EngineHandle;

/// Clients that are served at once; more are refused.
const CLIENTS: usize = 256;
/// The largest message that a client may send, in bytes.
const LARGEST_MESSAGE: usize = 64 << 10;
/// Bytes that may wait for a client's connection besides what the system buffers; must hold one snapshot.
const WRITE_BUFFER: usize = 64 << 20;

/// All who are connected, and what they are sent.
#[derive(Clone)]
pub(super) struct Clients {
    engine: EngineHandle,
    feed: Feed,
    places: Arc<Semaphore>,
    ending: watch::Receiver<bool>,
}

impl Clients {
    /// Starts to listen to the engine, until `ending` turns true.
    pub(super) fn start(engine: EngineHandle, ending: watch::Receiver<bool>) -> Self {
        let feed = Feed::start(&engine, ending.clone());
        Self { engine, feed, places: Arc::new(Semaphore::new(CLIENTS)), ending }
    }

    /// Waits until the last client is gone, and lets no more in.
    pub(super) async fn all_gone(&self) {
        let all = u32::try_from(CLIENTS).unwrap_or(u32::MAX);
        // Only a closed semaphore refuses, and this one is never closed.
        let _ = self.places.acquire_many(all).await;
    }
}

/// WebSockets at `path`.
pub(super) fn routes(context: &Context, path: BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let clients = context.clients.clone();
    let upgrade = path.clone().and(warp::ws()).map(move |socket: warp::ws::Ws| {
        let Ok(place) = Arc::clone(&clients.places).try_acquire_owned() else {
            let detail = format!("{CLIENTS} WebSocket clients are connected, which is as many as may be");
            return Problem::unavailable(detail).into_response();
        };
        let clients = clients.clone();
        socket
            .max_message_size(LARGEST_MESSAGE)
            .max_frame_size(LARGEST_MESSAGE)
            .max_write_buffer_size(WRITE_BUFFER)
            .on_upgrade(move |socket| serve(socket, clients, place))
            .into_response()
    });
    let plain = path.map(|| {
        Problem::new(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket; ask for an upgrade with GET")
            .with_header(header::UPGRADE, HeaderValue::from_static("websocket"))
            .with_header(header::CONNECTION, HeaderValue::from_static("upgrade"))
            .into_response()
    });
    upgrade
        .or(plain)
        .unify()
        .map(|mut response: Response| {
            response.extensions_mut().insert(Route("/ws"));
            response
        })
        .boxed()
}

async fn serve(socket: warp::ws::WebSocket, clients: Clients, place: OwnedSemaphorePermit) {
    let counted = clients.engine.client_connected();
    session::run(socket, &clients).await;
    drop((counted, place));
}
