//! The routes, one file a family.
//!
//! To add a family: a file here with two functions, and one line in [`FAMILIES`].
//!
//! - `routes` makes the filters: one [`endpoint`] for each path, whose handler looks at the method itself, so that a wrong
//!   one gets an answer that names the right ones. A handler refuses query parameters that it does not know
//!   (`request.query.only`), reads its body by `body`, and returns a [`Problem`] for whatever is wrong.
//! - `describe` tells programs and people of the same paths (`openapi`): for each method a summary, what it takes with an
//!   example, what it answers by the very type that the handler writes, and the problems that are likely.
//!
//! Nothing else has to be done: `/api/openapi.json` and `/api/docs` have the routes then. Tests call each described method
//! with its examples (on the scene in `control/tests/openapi.rs`, where a preparation can be added), hold every answer
//! against the description, and fail for a route that is served but not described, or the other way round. Only pages and
//! their parts, which are no API, stay outside of it.
//!
//! What every route gets without asking: requests with an `Idempotency-Key` are carried out once (`idempotency`), sizes
//! and times of bodies are bounded (`body`), and the alias under `/stream/`. Documents that are read and written answer
//! by `precondition`, which gives them their `ETag`; lists by `paging`.

mod active;
mod admin;
mod animations;
mod assets;
mod at;
mod audio;
mod batch;
mod body;
mod canvas;
mod config;
mod docs;
mod frame;
mod idempotency;
mod latency;
mod layers;
mod listed;
mod live;
mod openapi;
mod operation;
mod order;
mod outputs;
mod paging;
mod part;
mod precondition;
mod request;
mod scenes;
mod sound_animations;
mod springs;
mod status;
mod timelines;
mod trace;
mod transport;
mod triggers;
mod upload;

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use serde::Serialize;
use tracing::Instrument as _;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderName, HeaderValue, StatusCode, header},
    reply::Response,
};

pub(super) use self::{idempotency::Answers, listed::Listed, openapi::Served, status::Status};
use self::{
    openapi::Api,
    request::{Request, request},
};
use super::{
    Context, Problem,
    limits::network,
    server::Route,
    websocket::{self, Clients},
};

/// Names the tick that an answer shows, or whose frame shows what was done first.
const STREAM_TICK: HeaderName = HeaderName::from_static("stream-tick");

/// What all routes of the stream begin with.
type Base = BoxedFilter<()>;
/// What a family makes: its routes.
type Routes = fn(&Context, &Base) -> BoxedFilter<(Response,)>;
/// What a family tells of them.
type Describe = fn(&mut Api);

/// The families in the order in which they are asked, which is also that of the description.
const FAMILIES: [(Routes, Describe); 21] = [
    (status::routes, status::describe),
    (transport::routes, transport::describe),
    (frame::routes, frame::describe),
    (trace::routes, trace::describe),
    (batch::routes, batch::describe),
    (order::routes, order::describe),
    (active::routes, active::describe),
    (layers::routes, layers::describe),
    (canvas::routes, canvas::describe),
    (timelines::routes, timelines::describe),
    (triggers::routes, triggers::describe),
    (springs::routes, springs::describe),
    (audio::routes, audio::describe),
    (outputs::routes, outputs::describe),
    (latency::routes, latency::describe),
    (assets::routes, assets::describe),
    (scenes::routes, scenes::describe),
    (|context, _| live::routes(context), live::describe),
    (|context, _| config::routes(context), config::describe),
    (|context, _| docs::routes(context), docs::describe),
    (|context, _| first_of([operation::health(context), operation::metrics(context)]), operation::describe),
];

/// The families: all that can be asked of the stream and the service.
pub(super) fn stream(context: &Context) -> BoxedFilter<(Response,)> {
    // Every route of the stream answers under both.
    let base = warp::path("api").and(warp::path("stream")).or(warp::path("stream")).unify().boxed();
    let families = FAMILIES.map(|(routes, _)| routes(context, &base));
    first_of(families)
}

/// The same, with an answer to what none of them takes.
pub(super) fn or_unknown(stream: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    first_of([stream, unknown()])
}

/// Everything, as it is served on `PORT`: the families, which are `stream`, WebSockets, and the page.
pub(super) fn api(context: &Context, clients: &Clients, stream: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    first_of([stream, websocket::routes(clients, warp::path!("ws").boxed()), admin::routes(context), unknown()])
}

/// WebSockets at any path, as served on `WS_PORT`.
pub(super) fn websocket_only(clients: &Clients) -> BoxedFilter<(Response,)> {
    websocket::routes(clients, warp::any().boxed())
}

/// Metrics alone, as served on `METRICS_PORT`.
pub(super) fn metrics_only(context: &Context) -> BoxedFilter<(Response,)> {
    first_of([operation::metrics(context), unknown()])
}

/// Health alone, as served on `HEALTH_PORT`.
pub(super) fn health_only(context: &Context) -> BoxedFilter<(Response,)> {
    first_of([operation::health(context), unknown()])
}

/// The routes one after the other, until one takes the request. Boxed at each step: nested types of this depth take
/// minutes to compile.
fn first_of<const N: usize>(routes: [BoxedFilter<(Response,)>; N]) -> BoxedFilter<(Response,)> {
    routes.into_iter().reduce(|before, next| before.or(next).unify().boxed()).unwrap_or_else(unknown)
}

/// Answers what no route took.
fn unknown() -> BoxedFilter<(Response,)> {
    warp::path::full()
        .map(|path: warp::path::FullPath| {
            Problem::not_found(format!("there is no route `{}`", path.as_str())).into_response()
        })
        .boxed()
}

/// Like [`endpoint`], for a handler that takes files and so sees itself to requests with an `Idempotency-Key`: what a file
/// says is known when it is on the disk.
fn files_endpoint<P, H, F>(
    context: &Context,
    path: BoxedFilter<(P,)>,
    route: &'static str,
    handler: H,
) -> BoxedFilter<(Response,)>
where
    P: Send + 'static,
    H: Fn(Context, P, Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    context.served.add(route);
    let context = context.clone();
    path.and(request(context.documents.clone(), context.receiving.clone()))
        .then(move |parameter, request: Request| {
            let engine = context.engine.of_address(network(request.address));
            let span = tracing::debug_span!("route", route);
            let answer = handler(Context { engine, ..context.clone() }, parameter, request).instrument(span);
            async move {
                let mut response = answer.await.unwrap_or_else(Problem::into_response);
                response.extensions_mut().insert(Route(route));
                response
            }
        })
        .boxed()
}

/// One route: whatever matches `path` is answered by `handler`, whichever method it has, so that a wrong method gets
/// an answer that names the right ones.
fn endpoint<P, H, F>(
    context: &Context,
    path: BoxedFilter<(P,)>,
    route: &'static str,
    handler: H,
) -> BoxedFilter<(Response,)>
where
    P: Send + 'static,
    H: Fn(Context, P, Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    files_endpoint(context, path, route, move |context, parameter, request| {
        let handler = handler.clone();
        async move {
            let answers = Arc::clone(&context.answers);
            idempotency::once(&answers, request, move |request| handler(context, parameter, request)).await
        }
    })
}

/// An answer with a JSON document that must not be kept.
fn json(status: StatusCode, document: &impl Serialize) -> Result<Response, Problem> {
    written(document).map(|document| json_of(status, document))
}

/// A document as JSON.
fn written(document: &impl Serialize) -> Result<Bytes, Problem> {
    serde_json::to_vec(document).map(Bytes::from).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer could not be written: {error}"))
    })
}

/// The same of a document that is written already.
fn json_of(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The same answer with the tick that it speaks of.
fn at_tick(mut response: Response, tick: u64) -> Response {
    response.headers_mut().insert(STREAM_TICK, HeaderValue::from(tick));
    response
}
