//! For those who run the service: health and metrics.

use schemars::JsonSchema;
use serde::Serialize;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Context, Problem, Request, endpoint, first_of, json, openapi::Api};
use crate::telemetry::Unready;

/// `GET /health/live` and `GET /health/ready`.
pub(super) fn health(context: &Context) -> BoxedFilter<(Response,)> {
    let alive_path = warp::path!("health" / "live").map(|| ()).boxed();
    let ready_path = warp::path!("health" / "ready").map(|| ()).boxed();
    first_of([
        endpoint(context, alive_path, "/health/live", alive),
        endpoint(context, ready_path, "/health/ready", ready),
    ])
}

/// `GET /metrics`.
pub(super) fn metrics(context: &Context) -> BoxedFilter<(Response,)> {
    endpoint(context, warp::path!("metrics").map(|| ()).boxed(), "/metrics", scrape)
}

pub(super) fn describe(api: &mut Api) {
    api.family("Operation", "For those who run the service, and for clients that want to be told instead of asking.");
    api.route("/health/live").on("get", "Whether the service answers", |get| {
        get.about("Also on `HEALTH_PORT`.").answers::<Report>(200, "It does")
    });
    api.route("/health/ready").on("get", "Whether the service does its work", |get| {
        get.about("Also on `HEALTH_PORT`.")
            .answers::<Report>(200, "It does")
            .answers::<Report>(503, "It does not, for these reasons")
    });
    api.route("/metrics").on("get", "Metrics for Prometheus", |get| {
        get.about("Also on `METRICS_PORT`.").media(200, &["application/openmetrics-text"], "The metrics")
    });
    api.route("/ws").on(
        "get",
        "The WebSocket: the scene and its changes, events, metrics, previews; edits taken",
        |get| {
            get.about(
                "Also on `WS_PORT`. Messages are JSON, told apart by `type`; the first is `hello`. The page \
                 `docs/websocket.md` of the project has all of the protocol.",
            )
            .empty(101, "From here on the protocol is WebSocket")
            .refuses(426, "The request does not ask for an upgrade")
        },
    );
}

/// How the service is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Health")]
struct Report {
    /// In a word.
    status: &'static str,
    /// Why, where it is not well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Unready>,
}

/// That it answers is the answer.
async fn alive(_: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    json(StatusCode::OK, &Report { status: "alive", reasons: Vec::new() })
}

async fn ready(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let mut reasons = context.health.unready();
    if *context.ending.borrow() {
        reasons.push(Unready { part: "service", reason: "the service is ending".to_owned() });
    }
    if reasons.is_empty() {
        // The picture and edits go on without a store: nobody must go elsewhere for it.
        let reasons = context.health.degraded();
        let status = if reasons.is_empty() { "ready" } else { "degraded" };
        json(StatusCode::OK, &Report { status, reasons })
    } else {
        json(StatusCode::SERVICE_UNAVAILABLE, &Report { status: "unready", reasons })
    }
}

async fn scrape(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let text = context.metrics.encode(&context.engine).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the metrics could not be written: {error}"))
    })?;
    let mut response = Response::new(text.into());
    let media_type = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}
