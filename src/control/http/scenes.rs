//! The scenes that are held, of which one is on air.
//!
//! A single scene's `GET` answers its document, which `PUT` takes back unchanged. A `PUT` of the scene on air changes just
//! what differs: layers that stay the same keep their animations. A scene that goes on air begins anew; the one before
//! is kept with all edits that were made of it. Answers to edits are `{ "tick": …, "persisted": …, "scenes": … }`: the tick
//! whose frame shows the edit first, whether it is in the store, and the list as it is then.

use components::{Edit, SceneDocument, held::SceneId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at::at, at_tick, body, endpoint, first_of, json};

/// `…/scenes`, `…/scenes/:id`, `…/scenes/:id/activate`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("scenes")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("scenes" / String)).boxed();
    let active = base.clone().and(warp::path!("scenes" / String / "activate")).boxed();
    first_of([
        endpoint(context, all, "/api/stream/scenes", list),
        endpoint(context, one, "/api/stream/scenes/:id", scene),
        endpoint(context, active, "/api/stream/scenes/:id/activate", activate),
    ])
}

/// What `GET …/scenes` answers.
#[derive(Serialize, JsonSchema)]
struct List {
    tick: u64,
    /// The scene on air.
    active: SceneId,
    scenes: Vec<Listed>,
}

/// A scene that is held.
#[derive(Serialize, JsonSchema)]
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
    Ok(List { tick: snapshot.tick, active: held.active, scenes })
}

async fn list(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let list = read_list(&context).await?;
    json(StatusCode::OK, &list).map(|response| at_tick(response, list.tick))
}

async fn scene(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => show(&context, &id, &request).await,
        Method::PUT => {
            let (id, at) = (parse_id(&id)?, at(&context, &request)?);
            let scene = body::scene(request).await?;
            carry_out(&context, Edit::PutScene { id, scene: Box::new(scene) }, at).await
        }
        Method::DELETE => {
            let (id, at) = (parse_id(&id)?, at(&context, &request)?);
            carry_out(&context, Edit::DeleteScene { id }, at).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, DELETE")),
    }
}

async fn show(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let (snapshot, held) = context.engine.scenes().await?;
    let response = if held.active.as_str() == id {
        json(StatusCode::OK, &snapshot.scene)
    } else {
        let scene = held.others.get(id).ok_or_else(|| Problem::from(held.unknown(id)))?;
        json(StatusCode::OK, scene.as_ref())
    };
    response.map(|response| at_tick(response, snapshot.tick))
}

/// The body of `POST …/:id/activate`.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Activate {
    /// How the scene comes on air.
    transition: Transition,
}

/// How one scene gives way to another.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
enum Transition {
    /// From one frame to the next.
    #[default]
    Cut,
}

async fn activate(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at) = (parse_id(&id)?, at(&context, &request)?);
    let Activate { transition: Transition::Cut } = body::optional(request).await?;
    carry_out(&context, Edit::ActivateScene { id }, at).await
}

/// What an edit of the scenes answers.
#[derive(Serialize, JsonSchema)]
struct Edited {
    tick: u64,
    /// Whether the edit is in the store.
    persisted: bool,
    active: SceneId,
    scenes: Vec<Listed>,
}

async fn carry_out(context: &Context, edit: Edit, at: Option<u64>) -> Result<Response, Problem> {
    let applied = context.engine.edit(vec![edit], at).await?;
    let List { active, scenes, .. } = read_list(context).await?;
    json(StatusCode::OK, &Edited { tick: applied.tick, persisted: applied.persisted, active, scenes })
        .map(|response| at_tick(response, applied.tick))
}

fn parse_id(id: &str) -> Result<SceneId, Problem> {
    SceneId::new(id).map_err(|error| {
        let found: String = id.chars().take(80).collect();
        Problem::not_found(format!("there is no scene `{found}`: {error}"))
    })
}
