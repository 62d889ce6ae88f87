//! The scenes that are held, of which one is on air.
//!
//! A single scene's `GET` answers its document, which `PUT` takes back unchanged. A `PUT` of the scene on air changes just
//! what differs: layers that stay the same keep their animations. A scene that goes on air begins anew, by a transition if
//! one is asked for or the scene's document has one; the one before is kept with all edits that were made of it. Answers
//! to edits are `{ "tick": …, "persisted": …, "scenes": … }`: the tick whose frame shows the edit first, whether it is in
//! the store, and the list as it is then.

use components::{
    Edit, SceneDocument, SceneId, Transition,
    document::{Fingerprint, Notice},
    edit::{BatchRejected, DocumentName, EditApplied, EditRejected},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json as object;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{
    Context, Problem, Request,
    at::at,
    at_tick, body, endpoint, first_of, json,
    openapi::Api,
    paging::{self, Next},
    precondition::{self, Expected, tagged},
    request::{Segment, named, new_id},
};
use crate::control::reserved;

/// `…/scenes`, `…/scenes/:id`, `…/scenes/:id/activate`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("scenes")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("scenes" / Segment)).map(named).boxed();
    let active = base.clone().and(warp::path!("scenes" / Segment / "activate")).map(named).boxed();
    first_of([
        endpoint(context, all, "/api/stream/scenes", list),
        endpoint(context, one, "/api/stream/scenes/:id", scene),
        endpoint(context, active, "/api/stream/scenes/:id/activate", activate),
    ])
}

pub(super) fn describe(api: &mut Api) {
    let empty = || object!({ "name": "Back in five minutes", "layers": [] });
    api.family("Scenes", "The scenes that are held, of which one is on air.");
    api.route("/api/stream/scenes")
        .on("get", "All scenes", |get| get.answers::<List>(200, "In the order of ids").ticks().paged());
    api.route("/api/stream/scenes/:id")
        .parameter("id", "break", "The scene")
        .on("get", "A scene", |get| {
            get.answers::<SceneDocument>(200, "The scene's document, as `PUT` takes it")
                .ticks()
                .revalidates()
                .refuses(404, "There is no such scene")
        })
        .on("put", "Add a scene, or put another document in the place of its own", |put| {
            put.about(
                "Of the scene on air just what differs is changed: layers that stay the same keep their animations.",
            )
            .at()
            .body::<SceneDocument>(&empty())
            .answers::<Edited>(200, "All scenes")
            .ticks()
            .tagged()
            .conditional()
            .creates()
            .refuses(404, "`If-Match` was sent, and there is no such scene")
        })
        .on("delete", "Remove a scene", |delete| {
            delete
                .at()
                .answers::<Edited>(200, "All scenes")
                .ticks()
                .conditional()
                .refuses(404, "There is no such scene")
                .refuses(409, "The scene is on air")
        });
    api.route("/api/stream/scenes/:id/activate").parameter("id", "break", "The scene").on(
        "post",
        "Bring a scene on air",
        |post| {
            post.about(
                "It begins anew. The scene before is held with all edits that were made of it. Documents change at once; \
                 the picture follows by the transition that the request names, else by that of the scene's document. A \
                 scene that is activated meanwhile comes from what is on the screen then. One that is on air already \
                 plays on as it does, whatever the transition, which the answer tells by `\"activated\": false`; to see \
                 it begin anew, load it by `loadScene`.",
            )
                .at()
                .optional::<Activate>(&object!({ "transition": { "type": "fade", "duration": 1 } }))
                .answers::<Activated>(200, "All scenes, and whether another one came on air")
                .ticks()
                .conditional()
                .refuses(404, "There is no such scene")
        },
    );
}

/// What `GET …/scenes` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SceneList")]
struct List {
    tick: u64,
    /// The scene on air.
    active: SceneId,
    scenes: Vec<Listed>,
    #[serde(flatten)]
    next: Next,
}

/// A scene that is held.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "ListedScene")]
struct Listed {
    id: SceneId,
    /// Its name for people.
    name: String,
    /// Whether it is on air.
    active: bool,
    /// Its layers, groups and their children included.
    layers: usize,
}

async fn read_list(context: &Context) -> Result<List, Problem> {
    let (snapshot, held) = context.engine.scenes().await?;
    let listed = |id: &SceneId, scene: &SceneDocument, active| Listed {
        id: id.clone(),
        name: scene.name.clone(),
        active,
        layers: scene.walk().count(),
    };
    let mut scenes: Vec<Listed> = held.others.iter().map(|(id, scene)| listed(id, scene, false)).collect();
    scenes.push(listed(&held.active, &snapshot.scene, true));
    scenes.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(List { tick: snapshot.tick, active: held.active, scenes, next: Next::default() })
}

async fn list(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&paging::PARAMETERS)?;
    let mut list = read_list(&context).await?;
    let (scenes, next) = paging::part(&list.scenes, &request.query, |scene| scene.id.as_str())?;
    (list.scenes, list.next) = (scenes.to_vec(), next);
    json(StatusCode::OK, &list).map(|response| at_tick(response, list.tick))
}

async fn scene(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => show(&context, &id, &request).await,
        Method::PUT => {
            let id = new_id(&id, "scene", SceneId::new)?;
            let (at, expected) = (at(&context, &request)?, Expected::of(&request)?);
            let scene = Box::new(body::scene(request).await?);
            let (present, warnings) = (Fingerprint::of(&*scene), scene.notices());
            let edit = Edit::PutScene { id: id.clone(), scene };
            reserved::check(&context.engine, &edit).await?;
            carry_out(&context, expected, id, edit, at, warnings).await.map(|response| tagged(response, present))
        }
        Method::DELETE => {
            let (id, at, expected) = (parse_id(&id)?, at(&context, &request)?, Expected::of(&request)?);
            carry_out(&context, expected, id.clone(), Edit::DeleteScene { id }, at, Vec::new()).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, DELETE")),
    }
}

async fn show(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let (snapshot, held) = context.engine.scenes().await?;
    let scene = if held.active.as_str() == id { Some(&snapshot.scene) } else { held.others.get(id).map(AsRef::as_ref) };
    let scene = scene.ok_or_else(|| Problem::from(held.unknown(id)))?;
    precondition::answer(request, scene, Some(snapshot.tick))
}

/// The body of `POST …/:id/activate`.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Activate {
    /// How the picture goes over to it; as the scene's own document says if absent.
    transition: Option<Transition>,
}

async fn activate(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at, expected) = (parse_id(&id)?, at(&context, &request)?, Expected::of(&request)?);
    let Activate { transition } = body::optional(request).await?;
    let edit = Edit::ActivateScene { id: id.clone(), transition };
    let edits: Vec<Edit> = expected.edit(DocumentName::Scene { id }).into_iter().chain([edit]).collect();
    // Faults of the transition stand in the body where they do in the edit; the scene is named by the path.
    let place = format!("/edits/{}", edits.len() - 1);
    let rejected = |rejected: BatchRejected| {
        let is_invalid = matches!(rejected.reason, EditRejected::Invalid { .. });
        let faults = if is_invalid { rejected.faults() } else { Vec::new() };
        Problem::from(rejected).with_errors(faults).within(&place)
    };
    let applied = context.engine.edit(edits, at).await.map_err(rejected)?;
    let scenes = edited(&context, applied, Vec::new()).await?;
    json(StatusCode::OK, &Activated { activated: applied.done.activated, scenes })
        .map(|response| at_tick(response, applied.tick))
}

/// What an edit of the scenes answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScenesEdited")]
struct Edited {
    #[serde(flatten)]
    applied: EditApplied,
    active: SceneId,
    scenes: Vec<Listed>,
    /// What its author should know about the document that was put, with pointers into that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Notice>,
}

/// What `POST …/:id/activate` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SceneActivated")]
struct Activated {
    /// Whether the scene came on air; false if it was there already, and plays on as if nothing had been asked.
    activated: bool,
    #[serde(flatten)]
    scenes: Edited,
}

async fn carry_out(
    context: &Context,
    expected: Expected,
    id: SceneId,
    edit: Edit,
    at: Option<u64>,
    warnings: Vec<Notice>,
) -> Result<Response, Problem> {
    let applied = precondition::edit(context, expected, DocumentName::Scene { id }, edit, at).await?;
    // The scene before may have had files that nobody uses any more.
    context.uploads.tidy_orphans(&context.engine).await;
    let status = precondition::status(&applied);
    json(status, &edited(context, applied, warnings).await?).map(|response| at_tick(response, applied.tick))
}

async fn edited(context: &Context, applied: EditApplied, warnings: Vec<Notice>) -> Result<Edited, Problem> {
    let List { active, scenes, .. } = read_list(context).await?;
    Ok(Edited { applied, active, scenes, warnings })
}

fn parse_id(id: &str) -> Result<SceneId, Problem> {
    SceneId::new(id).map_err(|error| {
        let found: String = id.chars().take(80).collect();
        Problem::not_found(format!("there is no scene `{found}`: {error}"))
    })
}
