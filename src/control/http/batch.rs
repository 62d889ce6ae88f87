//! Several edits at once: all of them within one frame, or none.

use components::EditBatch;
use serde_json::json as object;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, body, endpoint, json, openapi::Api, precondition::Expected};
use crate::control::batch::{Answer, carry_out_read, read};

/// `…/layers/batch`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("layers" / "batch")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/layers/batch", batch)
}

pub(super) fn describe(api: &mut Api) {
    api.family("Edits", "Several edits at once: all of them within one frame, or none.");
    api.route("/api/stream/layers/batch").on("post", "Carry out several edits within one frame", |post| {
        post.about(
            "All of it is carried out on one tick, or nothing. What edits write is one change; events, triggers, timelines \
             and animations that the batch fires or steers act then, in its order, on what all of it has written. Where it \
             activates or loads a scene, what stands before that is written and acts in the scene that leaves, before it \
             does, and what stands behind it in the one that comes. Faults point into the batch: `/edits/3/patch/opacity`. \
             With `dryRun` it is only checked. An edit `expect` has the batch refused if a document has changed.",
        )
        .body::<EditBatch>(&object!({ "edits": [
            { "op": "patchLayer", "id": "box", "patch": { "opacity": 0.5 } },
            { "op": "createLayer", "layer": { "id": "sun", "content": { "type": "color", "color": "#ffd700" } } },
            { "op": "moveLayer", "id": "sun", "parent": "group", "index": 0 },
        ] }))
        .answers::<Answer>(200, "It was carried out, or found good")
        .ticks()
        .refuses(404, "A layer or timeline that an edit names is not there")
        .refuses(409, "An edit does not go with the scene")
        .refuses(412, "A document is not as an edit `expect` says")
    });
}

async fn batch(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    Expected::no_version(&request)?;
    request.query.only(&[])?;
    let (batch, source) = body::source(request, |source| Ok((read(&source)?, source))).await?;
    let answer = carry_out_read(&context.engine, &context.uploads, &source, batch).await?;
    json(StatusCode::OK, &answer).map(|response| at_tick(response, answer.applied.tick))
}
