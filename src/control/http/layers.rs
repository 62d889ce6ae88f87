//! The layers of the scene.
//!
//! A single layer's `GET` answers the layer's document itself, which `PUT` takes back unchanged. Answers to edits are
//! `{ "tick": …, "persisted": …, "layer": … }`: the tick whose frame shows the edit first, whether it is in the store
//! by now, and the layer as it is then. Every answer
//! also names its tick in the header `Stream-Tick`.

use components::{
    Edit, LayerDocument, LayerId, SceneSnapshot,
    document::{Fault, nearest},
    edit::EditRejected,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json as object;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, Method, StatusCode, header},
    reply::Response,
};

use super::{
    Context, Problem, Request,
    at::{at, when},
    at_tick, body, endpoint, first_of, json,
};

/// `…/layers`, `…/layers/:id`, `…/layers/:id/visibility`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("layers")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("layers" / String)).boxed();
    let visible = base.clone().and(warp::path!("layers" / String / "visibility")).boxed();
    first_of([
        endpoint(context, all, "/api/stream/layers", collection),
        endpoint(context, one, "/api/stream/layers/:id", layer),
        endpoint(context, visible, "/api/stream/layers/:id/visibility", visibility),
    ])
}

async fn collection(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => list(&context, &request).await,
        Method::POST => create(&context, request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, POST")),
    }
}

async fn layer(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => show(&context, &id, &request).await,
        Method::PUT => replace(&context, &id, request).await,
        Method::PATCH => patch(&context, &id, request).await,
        Method::DELETE => delete(&context, &id, &request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

/// What `GET …/layers` answers.
#[derive(Serialize)]
struct List<'a> {
    tick: u64,
    seq: u64,
    layers: &'a [LayerDocument],
}

async fn list(context: &Context, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let snapshot = context.engine.snapshot().await?;
    let list = List { tick: snapshot.tick, seq: snapshot.seq, layers: &snapshot.scene.layers };
    json(StatusCode::OK, &list).map(|response| at_tick(response, snapshot.tick))
}

async fn show(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let snapshot = context.engine.snapshot().await?;
    let layer = find(&snapshot, id).ok_or_else(|| unknown(id, Some(&snapshot)))?;
    json(StatusCode::OK, layer).map(|response| at_tick(response, snapshot.tick))
}

async fn create(context: &Context, request: Request) -> Result<Response, Problem> {
    request.query.only(&["parent", "index", "at"])?;
    let parent = request.query.value("parent", "the id of a group")?.map(|id: String| parse_id(&id)).transpose()?;
    let index = request.query.value("index", "a place among the layer's siblings, from 0")?;
    let at = when(context, &request)?;
    let layer = body::layer(request).await?;
    let id = layer.id.clone();
    let mut response =
        carry_out(context, StatusCode::CREATED, &id, Edit::CreateLayer { layer: Box::new(layer), parent, index }, at)
            .await?;
    if let Ok(location) = HeaderValue::from_str(&format!("/api/stream/layers/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn replace(context: &Context, id: &str, request: Request) -> Result<Response, Problem> {
    let (id, at) = (parse_id(id)?, at(context, &request)?);
    let layer = body::layer(request).await?;
    if layer.id != id {
        return Err(Problem::invalid(vec![Fault {
            place: None,
            pointer: "/id".to_owned(),
            found: format!("`{}`", layer.id),
            expected: format!("`{id}`, the id in the path: a layer's id stays"),
            nearest: None,
        }]));
    }
    let edit = Edit::ReplaceLayer { id: id.clone(), layer: Box::new(layer) };
    carry_out(context, StatusCode::OK, &id, edit, at).await
}

async fn patch(context: &Context, id: &str, request: Request) -> Result<Response, Problem> {
    let (id, at) = (parse_id(id)?, at(context, &request)?);
    let patch = body::patch(request).await?;
    let edit = Edit::PatchLayer { id: id.clone(), patch };
    carry_out(context, StatusCode::OK, &id, edit, at).await
}

async fn delete(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    let (id, at) = (parse_id(id)?, at(context, request)?);
    let applied = context.engine.edit(vec![Edit::DeleteLayer { id }], at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// The body of `POST …/:id/visibility`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetVisibility {
    visible: bool,
}

async fn visibility(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at) = (parse_id(&id)?, at(&context, &request)?);
    let SetVisibility { visible } = body::document(request).await?;
    let edit = Edit::PatchLayer { id: id.clone(), patch: object!({ "visible": visible }) };
    carry_out(&context, StatusCode::OK, &id, edit, at).await
}

/// What an edit of a layer answers.
#[derive(Serialize)]
struct Edited<'a> {
    tick: u64,
    /// Whether it is in the store.
    persisted: bool,
    /// Absent if somebody else has removed it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'a LayerDocument>,
}

async fn carry_out(
    context: &Context,
    status: StatusCode,
    id: &LayerId,
    edit: Edit,
    at: Option<u64>,
) -> Result<Response, Problem> {
    let applied = context.engine.edit(vec![edit], at).await?;
    let snapshot = context.engine.snapshot().await?;
    let edited = Edited { tick: applied.tick, persisted: applied.persisted, layer: find(&snapshot, id.as_str()) };
    json(status, &edited).map(|response| at_tick(response, applied.tick))
}

fn find<'a>(snapshot: &'a SceneSnapshot, id: &str) -> Option<&'a LayerDocument> {
    snapshot.scene.walk().find(|layer| layer.id.as_str() == id)
}

/// No layer can have an id that is none.
fn parse_id(id: &str) -> Result<LayerId, Problem> {
    LayerId::new(id).map_err(|_| unknown(id, None))
}

fn unknown(id: &str, snapshot: Option<&SceneSnapshot>) -> Problem {
    let known = snapshot.into_iter().flat_map(|snapshot| snapshot.scene.walk()).map(|layer| layer.id.as_str());
    let nearest = nearest(id, known).map(str::to_owned);
    EditRejected::UnknownLayer { id: id.to_owned(), nearest }.into()
}
