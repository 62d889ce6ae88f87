//! The routes, one file a family.
//!
//! To add a family: a file here with a function `routes`, and one line in [`api`].

mod admin;
mod assets;
mod at;
mod audio;
mod batch;
mod body;
mod canvas;
mod config;
mod frame;
mod layers;
mod live;
mod operation;
mod part;
mod request;
mod scenes;
mod status;
mod timelines;
mod transport;
mod upload;

use std::future::Future;

use serde::Serialize;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderName, HeaderValue, StatusCode, header},
    reply::Response,
};

use self::request::{Request, request};
pub(super) use self::status::Status;
use super::{Context, Problem, server::Route, websocket};

/// Names the tick that an answer shows, or whose frame shows what was done first.
const STREAM_TICK: HeaderName = HeaderName::from_static("stream-tick");

/// Everything, as it is served on `PORT`.
pub(super) fn api(context: &Context) -> BoxedFilter<(Response,)> {
    // Every route of the stream answers under both.
    let base = warp::path("api").and(warp::path("stream")).or(warp::path("stream")).unify().boxed();
    first_of([
        status::routes(context, &base),
        frame::routes(context, &base),
        transport::routes(context, &base),
        batch::routes(context, &base),
        layers::routes(context, &base),
        canvas::routes(context, &base),
        timelines::routes(context, &base),
        audio::routes(context, &base),
        assets::routes(context, &base),
        scenes::routes(context, &base),
        live::routes(context),
        config::routes(context),
        operation::health(context),
        operation::metrics(context),
        websocket::routes(context, warp::path!("ws").boxed()),
        admin::routes(context),
        unknown(),
    ])
}

/// WebSockets at any path, as served on `WS_PORT`.
pub(super) fn websocket_only(context: &Context) -> BoxedFilter<(Response,)> {
    websocket::routes(context, warp::any().boxed())
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
    let context = context.clone();
    path.and(request())
        .then(move |parameter, request| {
            let answer = handler(context.clone(), parameter, request);
            async move {
                let mut response = answer.await.unwrap_or_else(Problem::into_response);
                response.extensions_mut().insert(Route(route));
                response
            }
        })
        .boxed()
}

/// An answer with a JSON document that must not be kept.
fn json(status: StatusCode, document: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(document).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer could not be written: {error}"))
    })?;
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The same answer with the tick that it speaks of.
fn at_tick(mut response: Response, tick: u64) -> Response {
    response.headers_mut().insert(STREAM_TICK, HeaderValue::from(tick));
    response
}
