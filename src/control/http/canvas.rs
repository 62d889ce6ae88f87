//! The canvas of the scene: its size, background and how it is laid onto the stream. It can change while the stream
//! runs; the stream's own size stays, and is a setting (`/api/config`).

use components::{CanvasDocument, Edit};
use serde::Serialize;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, body, endpoint, json, layers::when};

/// `…/canvas`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("canvas")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/canvas", canvas)
}

async fn canvas(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            request.query.only(&[])?;
            let snapshot = context.engine.snapshot().await?;
            json(StatusCode::OK, &snapshot.scene.canvas).map(|response| at_tick(response, snapshot.tick))
        }
        Method::PUT => {
            let at = at(&context, &request)?;
            let canvas = body::document(request).await?;
            carry_out(&context, canvas, at).await
        }
        Method::PATCH => {
            let at = at(&context, &request)?;
            let patch = body::patch(request).await?;
            let present = context.engine.snapshot().await?.scene.canvas;
            carry_out(&context, body::patched(&present, &patch)?, at).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH")),
    }
}

fn at(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    request.query.only(&["at"])?;
    when(context, request)
}

/// What an edit of the canvas answers.
#[derive(Serialize)]
struct Edited {
    tick: u64,
    canvas: CanvasDocument,
}

async fn carry_out(context: &Context, canvas: CanvasDocument, at: Option<u64>) -> Result<Response, Problem> {
    let applied = context.engine.edit(vec![Edit::SetCanvas(canvas)], at).await?;
    let edited = Edited { tick: applied.tick, canvas };
    json(StatusCode::OK, &edited).map(|response| at_tick(response, applied.tick))
}
