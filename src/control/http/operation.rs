//! For those who run the service: health and metrics.

use serde::Serialize;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Context, Problem, Request, endpoint, first_of, json};
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

#[derive(Serialize)]
struct Report {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Unready>,
}

/// That it answers is the answer.
async fn alive(_: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    json(StatusCode::OK, &Report { status: "alive", reasons: Vec::new() })
}

async fn ready(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
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
    let text = context.metrics.encode(&context.engine).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the metrics could not be written: {error}"))
    })?;
    let mut response = Response::new(text.into());
    let media_type = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}
