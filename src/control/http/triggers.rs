//! The triggers of the scene, and firing one by itself, whatever it waits for.
//!
//! A trigger is named by its `id`, or by its place in the scene's list from 0. Its `id` goes before a place that looks the
//! same.

use components::{
    Edit,
    animation::trigger::{TriggerDocument, TriggerId, TriggerRef},
    document::nearest,
    edit::{EditApplied, EditRejected},
};
use schemars::JsonSchema;
use serde::Serialize;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at::at, at_tick, endpoint, first_of, json, openapi::Api};

/// `…/triggers`, `…/triggers/:id/fire`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("triggers")).map(|| ()).boxed();
    let fired = base.clone().and(warp::path!("triggers" / String / "fire")).boxed();
    first_of([
        endpoint(context, all, "/api/stream/triggers", list),
        endpoint(context, fired, "/api/stream/triggers/:id/fire", fire),
    ])
}

pub(super) fn describe(api: &mut Api) {
    api.family("Triggers", "What makes things happen in the scene by themselves, and letting it happen now.");
    api.route("/api/stream/triggers").on("get", "The triggers of the scene", |get| {
        get.answers::<List<'_>>(200, "The triggers in the order of the scene").ticks()
    });
    api.route("/api/stream/triggers/:id/fire")
        .parameter("id", "flash", "The trigger: its `id`, or its place in the list from 0")
        .on("post", "Have a trigger do what it does, as if what it waits for had happened", |post| {
            post.at().answers::<EditApplied>(200, "It has done so").ticks().refuses(404, "There is no such trigger")
        });
}

/// What `GET …/triggers` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TriggerList")]
struct List<'a> {
    /// The tick that it shows.
    tick: u64,
    /// The triggers.
    triggers: &'a [TriggerDocument],
}

async fn list(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let snapshot = context.engine.snapshot().await?;
    let list = List { tick: snapshot.tick, triggers: &snapshot.scene.triggers };
    json(StatusCode::OK, &list).map(|response| at_tick(response, snapshot.tick))
}

async fn fire(context: Context, name: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let at = at(&context, &request)?;
    let snapshot = context.engine.snapshot().await?;
    let trigger = find(&snapshot.scene.triggers, &name)?;
    let applied = context.engine.edit(vec![Edit::FireTrigger { trigger }], at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// The trigger that a path names.
fn find(triggers: &[TriggerDocument], name: &str) -> Result<TriggerRef, Problem> {
    let ids = || triggers.iter().filter_map(|trigger| trigger.id.as_ref());
    if let Some(id) = ids().find(|id| id.as_str() == name) {
        return Ok(TriggerRef::Id(id.clone()));
    }
    let place = name.parse().ok().map(TriggerRef::Place).filter(|place| place.find(triggers).is_some());
    place.ok_or_else(|| {
        let nearest = nearest(name, ids().map(TriggerId::as_str)).map(str::to_owned);
        EditRejected::UnknownTrigger { id: name.chars().take(80).collect(), nearest }.into()
    })
}
