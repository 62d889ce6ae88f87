//! Several edits at once: all of them within one frame, or none.

use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, body, endpoint, json};
use crate::control::batch::carry_out;

/// `…/layers/batch`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("layers" / "batch")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/layers/batch", batch)
}

async fn batch(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    request.query.only(&[])?;
    let source = body::source(request).await?;
    let answer = carry_out(&context.engine, &source).await?;
    json(StatusCode::OK, &answer).map(|response| at_tick(response, answer.applied.tick))
}
