//! What the last ticks spent their time on, and the last requests, for a flame chart.

use warp::{Filter, filters::BoxedFilter, http::StatusCode, reply::Response};

use super::{Context, Problem, Request, endpoint, json_of, openapi::Api, written};
use crate::telemetry::TraceDocument;

/// `GET …/trace`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("trace")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/trace", trace)
}

pub(super) fn describe(api: &mut Api) {
    api.route("/api/stream/trace").on("get", "What the last ticks and requests spent their time on", |get| {
        get.about(
            "The last 900 ticks, each with its stages, and the last 1000 requests, each with its route and status, in the Trace \
             Event Format: save the answer to a file, and open that in Perfetto (ui.perfetto.dev), speedscope or \
             chrome://tracing.",
        )
        .answers::<TraceDocument>(200, "The ticks, oldest first, and then the requests")
    });
}

async fn trace(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    // Megabytes: written beside the threads that serve everybody, with the large documents and by their turns.
    let turn = context.documents.take(request.address).await?;
    let writing = tokio::task::spawn_blocking(move || {
        let document = written(&context.metrics.trace());
        drop(turn);
        document
    });
    let document = writing.await.unwrap_or_else(|error| {
        let detail = format!("the trace could not be written: {error}");
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail))
    });
    Ok(json_of(StatusCode::OK, document?))
}
