//! The assets of the scene: what has become of each, loading one before it is needed, and letting go of its memory.

use serde::Serialize;
use systems::assets::{AssetAction, AssetRefused, AssetStatus};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, endpoint, first_of, json};

/// `…/assets`, `…/assets/:id`, `…/assets/:id/load`, `…/assets/:id/unload`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("assets")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("assets" / String)).boxed();
    let load = base.clone().and(warp::path!("assets" / String / "load")).map(|id| (id, AssetAction::Load)).boxed();
    let unload =
        base.clone().and(warp::path!("assets" / String / "unload")).map(|id| (id, AssetAction::Unload)).boxed();
    first_of([
        endpoint(context, all, "/api/stream/assets", list),
        endpoint(context, one, "/api/stream/assets/:id", show),
        endpoint(context, load, "/api/stream/assets/:id/load", steer),
        endpoint(context, unload, "/api/stream/assets/:id/unload", steer),
    ])
}

/// What `GET …/assets` answers.
#[derive(Serialize)]
struct List {
    tick: u64,
    assets: Vec<AssetStatus>,
}

async fn list(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let (tick, assets) = context.engine.assets().await?;
    json(StatusCode::OK, &List { tick, assets }).map(|response| at_tick(response, tick))
}

async fn show(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    answer(&context, StatusCode::OK, &id).await
}

/// Loading goes on after the answer, which tells what is known of the asset then.
async fn steer(context: Context, (id, action): (String, AssetAction), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    request.query.only(&[])?;
    context.engine.steer_asset(id.clone(), action).await??;
    let status = if action == AssetAction::Load { StatusCode::ACCEPTED } else { StatusCode::OK };
    answer(&context, status, &id).await
}

async fn answer(context: &Context, status: StatusCode, id: &str) -> Result<Response, Problem> {
    let (tick, assets) = context.engine.assets().await?;
    let known = || assets.iter().map(|asset| asset.id.as_str());
    let Some(asset) = assets.iter().find(|asset| asset.id.as_str() == id) else {
        let nearest = components::document::nearest(id, known()).map(str::to_owned);
        return Err(AssetRefused::Unknown { id: id.to_owned(), nearest }.into());
    };
    json(status, asset).map(|response| at_tick(response, tick))
}
