//! The scene and its changes, the state of the stream, and previews of the picture, pushed to clients; edits taken.
//!
#![doc = include_str!("../../../docs/websocket.md")]

mod allowance;
mod edits;
mod feed;
mod history;
mod intake;
mod message;
mod previews;
mod requests;
mod said;
mod session;
mod upgrade;
mod view;

use std::{net::IpAddr, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use warp::{
    Filter, Rejection,
    filters::BoxedFilter,
    http::{HeaderMap, Method},
    hyper::upgrade::OnUpgrade,
    reply::Response,
};

use self::{
    feed::Feed,
    said::{Known, Subscribe, hear_query},
    upgrade::{Socket, upgrade},
};
use super::{
    ClientLimits, Context, Problem, Scope,
    limits::{Counted, Counts},
    preview::Studio,
    receiving::Receiving,
    routes::Routes,
    server::Route,
    turns::Turns,
    uploads::Uploads,
};
use crate::engine::EngineHandle;

/// All who are connected, and what they are sent.
#[derive(Clone)]
pub(super) struct Clients {
    engine: EngineHandle,
    feed: Feed,
    studio: Studio,
    uploads: Arc<Uploads>,
    documents: Turns,
    receiving: Receiving,
    routes: Routes,
    places: Arc<Semaphore>,
    counts: Counts,
    limits: ClientLimits,
    ending: watch::Receiver<bool>,
}

/// What a client wants from the beginning, and what it may do.
struct Wish {
    subscribe: Subscribe,
    known: Option<Known>,
    scope: Scope,
    address: IpAddr,
}

/// Who asks for a WebSocket. Whoever comes here has passed the doorkeeper, who says what it may do.
#[derive(Clone, Copy)]
struct Visitor {
    scope: Scope,
    address: IpAddr,
}

/// A client's places, until it is gone: in all, and of its address.
type Place = (OwnedSemaphorePermit, Counted);

impl Clients {
    /// Starts to listen to the engine, until the service ends.
    pub(super) fn start(context: &Context, studio: Studio, routes: Routes, limits: ClientLimits) -> Self {
        let Context { engine, uploads, documents, receiving, ending, .. } = context.clone();
        let feed = Feed::start(&engine, &ending);
        let places = Arc::new(Semaphore::new(limits.max));
        let counts = Counts::default();
        Self { engine, feed, studio, uploads, documents, receiving, routes, places, counts, limits, ending }
    }

    /// Waits until the last client is gone, and lets no more in.
    pub(super) async fn all_gone(&self) {
        let all = u32::try_from(self.limits.max).unwrap_or(u32::MAX);
        // Only a closed semaphore refuses, and this one is never closed.
        let _ = self.places.acquire_many(all).await;
    }

    /// Opens a WebSocket, if there is room for one more client.
    fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
        query: &str,
        visitor: Visitor,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Response, Problem> {
        let (subscribe, known) = hear_query(query)?;
        let place = self.place(visitor.address)?;
        let (clients, wish) = (self.clone(), Wish { subscribe, known, scope: visitor.scope, address: visitor.address });
        let from = (self.receiving.clone(), visitor.address);
        upgrade((method, headers), on_upgrade, from, move |socket| serve(socket, clients, place, wish))
    }

    /// Room for one more client. One address gets three quarters of it: places stay for others.
    fn place(&self, address: IpAddr) -> Result<Place, Problem> {
        let max = self.limits.max;
        let refused = |count: usize, whose: &str| {
            let detail = format!("{count} WebSocket clients{whose} are connected; `WS_MAX_CLIENTS` allows no more");
            Problem::unavailable(detail)
        };
        let of_one = max - max / 4;
        let counted = self.counts.add(address, of_one).ok_or_else(|| refused(of_one, " of one address"))?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| refused(max, ""))?;
        Ok((place, counted))
    }
}

/// WebSockets at `path`.
pub(super) fn routes(clients: &Clients, path: BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let clients = clients.clone();
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    path.and(warp::method())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(visitor())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |method: Method, headers: HeaderMap, query: String, visitor: Visitor, on_upgrade| {
            let answer = clients.admit(&method, &headers, &query, visitor, on_upgrade);
            let mut response = answer.unwrap_or_else(Problem::into_response);
            response.extensions_mut().insert(Route("/ws"));
            response
        })
        .boxed()
}

/// Both are there: every request comes by the front. One that did not is not let in.
fn visitor() -> impl Filter<Extract = (Visitor,), Error = Rejection> + Clone {
    let (scope, address) = (warp::ext::get::<Scope>(), warp::ext::get::<IpAddr>());
    scope.and(address).map(|scope: Scope, address: IpAddr| Visitor { scope, address })
}

async fn serve(socket: Socket, clients: Clients, place: Place, wish: Wish) {
    let counted = clients.engine.client_connected();
    session::run(socket, &clients, wish).await;
    drop((counted, place));
}
