//! The layers of the scene.
//!
//! A single layer's `GET` answers the layer's document itself, which `PUT` takes back unchanged. Answers to edits are
//! `{ "tick": …, "persisted": …, "layer": … }`: the tick whose frame shows the edit first, whether it is in the store
//! by now, and the layer as this edit left it, whatever others do to it on the same tick. Every answer
//! also names its tick in the header `Stream-Tick`.
//!
//! What an author should know about the layer, such as that an animation of it steps, stands in `warnings`.
//!
//! `batch`, `order` and `active` behind `…/layers/` are routes of their own: a layer with one of these names is reached by
//! batches only.

use components::{
    Edit, LayerDocument, LayerId, SceneSnapshot,
    document::{Fault, Fingerprint, Notice, nearest},
    edit::{DocumentName, EditApplied, EditRejected},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json as object;
use systems::edit::SceneAfter;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, Method, StatusCode, header},
    reply::Response,
};

use super::{
    Context, Problem, Request, animations,
    at::{at, when},
    at_tick, body, endpoint, first_of, json, json_of,
    openapi::Api,
    paging::{self, Next},
    precondition::{self, Expected, tagged},
    request::{Segment, named},
    written,
};
use crate::control::reserved;

/// `…/layers`, `…/layers/:id` and what is behind it.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("layers")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("layers" / Segment)).map(named).boxed();
    let visible = base.clone().and(warp::path!("layers" / Segment / "visibility")).map(named).boxed();
    first_of([
        animations::routes(context, base),
        endpoint(context, all, "/api/stream/layers", collection),
        endpoint(context, one, "/api/stream/layers/:id", layer),
        endpoint(context, visible, "/api/stream/layers/:id/visibility", visibility),
    ])
}

pub(super) fn describe(api: &mut Api) {
    let new = object!({ "id": "caption", "transform": { "position": { "x": 4, "y": 4 } },
        "content": { "type": "text", "text": "Hello" } });
    let index = object!({ "type": "integer", "minimum": 0 });
    api.family("Layers", "The layers of the scene. `batch`, `order` and `active` are routes, not layers: none can be added with such an id, and one \
         that a scene file has cannot be reached here.");
    api.route("/api/stream/layers")
        .on("get", "The outermost layers with all below them", |get| {
            get.answers::<List<'_>>(200, "The layers in document order, those farther away first").ticks().paged()
        })
        .on("post", "Add a layer", |post| {
            post.query("parent", &object!({ "type": "string" }), "The group that it goes into; the canvas if absent")
                .query("index", &index, "Its place among its siblings in document order; at the end if absent")
                .at()
                .body::<LayerDocument>(&new)
                .answers::<Edited>(201, "The layer as this edit left it")
                .ticks()
                .tagged()
                .locates()
                .refuses(404, "There is no such group")
                .refuses(409, "The id is taken, or the parent is no group")
                .refuses(422, "The document is not valid, or the id is that of a route: `active`, `batch`, `order`")
        });
    api.route("/api/stream/layers/:id")
        .parameter("id", "box", "The layer")
        .on("get", "A layer", |get| {
            get.answers::<LayerDocument>(200, "The layer's document, as `PUT` takes it")
                .ticks()
                .revalidates()
                .refuses(404, "There is no such layer")
        })
        .on("put", "Put another document in the place of a layer's", |put| {
            put.at()
                .body::<LayerDocument>(&object!({ "id": "box", "content": { "type": "color", "color": "#1e90ff" } }))
                .answers::<Edited>(200, "The layer as this edit left it")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, "There is no such layer")
                .refuses(409, "Timelines or triggers of the scene would not fit any more")
        })
        .on("patch", "Change parts of a layer", |patch| {
            patch
                .at()
                .patch(&object!({ "opacity": 0.5, "transform": { "rotation": 12 } }))
                .answers::<Edited>(200, "The layer as this edit left it")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, "There is no such layer")
                .refuses(409, "Timelines or triggers of the scene would not fit any more")
        })
        .on("delete", "Remove a layer and all below it", |delete| {
            delete
                .at()
                .answers::<EditApplied>(200, "It is gone")
                .ticks()
                .conditional()
                .refuses(404, "There is no such layer")
                .refuses(409, "Timelines or triggers of the scene need it")
        });
    api.route("/api/stream/layers/:id/visibility").parameter("id", "box", "The layer").on(
        "post",
        "Show or hide a layer",
        |post| {
            post.at()
                .body::<SetVisibility>(&object!({ "visible": false }))
                .answers::<Edited>(200, "The layer as this edit left it")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, "There is no such layer")
        },
    );
    animations::describe(api);
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
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LayerList")]
struct List<'a> {
    /// The tick that it shows.
    tick: u64,
    /// The last change of the scene that is part of it.
    seq: u64,
    /// The layers with their children.
    layers: &'a [LayerDocument],
    #[serde(flatten)]
    next: Next,
}

async fn list(context: &Context, request: &Request) -> Result<Response, Problem> {
    request.query.only(&paging::PARAMETERS)?;
    let snapshot = context.engine.snapshot().await?;
    let (layers, next) = paging::part(&snapshot.scene.layers, &request.query, |layer| layer.id.as_str())?;
    let is_whole = layers.len() == snapshot.scene.layers.len();
    let list = List { tick: snapshot.tick, seq: snapshot.seq, layers, next };
    let list = if is_whole { context.listed.of(&snapshot, || written(&list)) } else { written(&list) };
    Ok(at_tick(json_of(StatusCode::OK, list?), snapshot.tick))
}

async fn show(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let snapshot = context.engine.snapshot().await?;
    let layer = find(&snapshot, id).ok_or_else(|| unknown(id, Some(&snapshot)))?;
    precondition::answer(request, layer, Some(snapshot.tick))
}

async fn create(context: &Context, request: Request) -> Result<Response, Problem> {
    Expected::no_version(&request)?;
    request.query.only(&["parent", "index", "at"])?;
    let parent = request.query.value("parent", "the id of a group")?.map(|id: String| parse_id(&id)).transpose()?;
    let index = request.query.value("index", "a place among the layer's siblings, from 0")?;
    let at = when(context, &request)?;
    let layer = body::layer(request).await?;
    let id = layer.id.clone();
    let edit = Edit::CreateLayer { layer: Box::new(layer), parent, index };
    let mut response = carry_out(context, StatusCode::CREATED, &id, Expected::Anything, edit, at).await?;
    if let Ok(location) = HeaderValue::from_str(&format!("/api/stream/layers/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn replace(context: &Context, id: &str, request: Request) -> Result<Response, Problem> {
    let (id, at, expected) = (parse_id(id)?, at(context, &request)?, Expected::of(&request)?);
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
    carry_out(context, StatusCode::OK, &id, expected, edit, at).await
}

async fn patch(context: &Context, id: &str, request: Request) -> Result<Response, Problem> {
    let (id, at, expected) = (parse_id(id)?, at(context, &request)?, Expected::of(&request)?);
    let patch = body::patch(request).await?;
    let edit = Edit::PatchLayer { id: id.clone(), patch };
    carry_out(context, StatusCode::OK, &id, expected, edit, at).await
}

async fn delete(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    let (id, at, expected) = (parse_id(id)?, at(context, request)?, Expected::of(request)?);
    let document = DocumentName::Layer { id: id.clone() };
    let applied = precondition::edit(context, expected, document, Edit::DeleteLayer { id }, at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// The body of `POST …/:id/visibility`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetVisibility {
    /// Whether the layer is drawn.
    visible: bool,
}

async fn visibility(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at, expected) = (parse_id(&id)?, at(&context, &request)?, Expected::of(&request)?);
    let SetVisibility { visible } = body::document(request).await?;
    let edit = Edit::PatchLayer { id: id.clone(), patch: object!({ "visible": visible }) };
    carry_out(&context, StatusCode::OK, &id, expected, edit, at).await
}

/// What an edit of a layer answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LayerEdited")]
pub(super) struct Edited {
    #[serde(flatten)]
    applied: EditApplied,
    /// The layer as this edit left it; the `ETag` is that of this.
    layer: LayerDocument,
    /// What its author should know about it, with pointers from the layer on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Notice>,
}

pub(super) async fn carry_out(
    context: &Context,
    status: StatusCode,
    id: &LayerId,
    expected: Expected,
    edit: Edit,
    at: Option<u64>,
) -> Result<Response, Problem> {
    reserved::check(&context.engine, &edit).await?;
    let document = DocumentName::Layer { id: id.clone() };
    let own = id.clone();
    let look = move |after: &SceneAfter<'_>| after.layer(&own).ok_or(own);
    let (applied, layer) = precondition::edit_and_look(context, expected, document, edit, at, look).await?;
    let layer = layer.map_err(|id| unknown(id.as_str(), None))?;
    let present = Fingerprint::of(&layer);
    let warnings = layer.notices("");
    let response = at_tick(json(status, &Edited { applied, layer, warnings })?, applied.tick);
    Ok(tagged(response, present))
}

pub(super) fn find<'a>(snapshot: &'a SceneSnapshot, id: &str) -> Option<&'a LayerDocument> {
    snapshot.scene.walk().find(|layer| layer.id.as_str() == id)
}

/// No layer can have an id that is none.
pub(super) fn parse_id(id: &str) -> Result<LayerId, Problem> {
    LayerId::new(id).map_err(|_| unknown(id, None))
}

pub(super) fn unknown(id: &str, snapshot: Option<&SceneSnapshot>) -> Problem {
    let known = snapshot.into_iter().flat_map(|snapshot| snapshot.scene.walk()).map(|layer| layer.id.as_str());
    let nearest = nearest(id, known).map(str::to_owned);
    EditRejected::UnknownLayer { id: id.to_owned(), nearest }.into()
}
