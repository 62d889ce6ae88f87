//! The triggers of the scene: edited, and fired by themselves, whatever they wait for.
//!
//! A trigger is named by its `id`, or by its place in the scene's list from 0. Its `id` goes before a place that looks the
//! same. A place is that on the tick which carries the edit out: who means the trigger that is there now says so by
//! `If-Match`.

use std::borrow::Cow;

use components::{
    Edit,
    animation::trigger::{TriggerDocument, TriggerId, TriggerRef},
    document::{Fingerprint, nearest},
    edit::{DocumentName, EditApplied, EditRejected},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json as object};
use systems::edit::SceneAfter;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, Method, StatusCode, header},
    reply::Response,
};

use super::{
    Context, Problem, Request,
    at::at,
    at_tick, body, endpoint, first_of, json,
    openapi::Api,
    paging::{self, Next},
    precondition::{self, Expected, tagged},
    request::{Segment, named},
};

/// `…/triggers`, `…/triggers/:id`, `…/triggers/:id/fire`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("triggers")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("triggers" / Segment)).map(named).boxed();
    let fired = base.clone().and(warp::path!("triggers" / Segment / "fire")).map(named).boxed();
    first_of([
        endpoint(context, all, "/api/stream/triggers", collection),
        endpoint(context, one, "/api/stream/triggers/:id", trigger),
        endpoint(context, fired, "/api/stream/triggers/:id/fire", fire),
    ])
}

pub(super) fn describe(api: &mut Api) {
    const NAMED: &str = "The trigger: its `id`, or its place in the list from 0";
    let dim = |id: &str| {
        object!({ "id": id, "on": { "type": "event", "name": "flash" },
            "do": [{ "type": "set", "layer": "box", "patch": { "opacity": 0.5 } }] })
    };
    api.family("Triggers", "What makes things happen in the scene by themselves: edited, and fired now.");
    api.route("/api/stream/triggers")
        .on("get", "The triggers of the scene", |get| {
            get.answers::<List<'_>>(200, "The triggers in the order of the scene").ticks().paged()
        })
        .on("post", "Add a trigger at the end of the list", |post| {
            post.at()
                .body::<TriggerDocument>(&dim("dim"))
                .answers::<Edited>(201, "The trigger; `Location` is where it can be changed")
                .ticks()
                .tagged()
        });
    api.route("/api/stream/triggers/:id")
        .parameter("id", "flash", NAMED)
        .on("get", "A trigger", |get| {
            get.answers::<TriggerDocument>(200, "The trigger's document, as `PUT` takes it")
                .ticks()
                .revalidates()
                .refuses(404, "There is no such trigger")
        })
        .on("put", "Put another document in the place of a trigger, or add one with this id", |put| {
            put.at()
                .body::<TriggerDocument>(&dim("flash"))
                .answers::<Edited>(200, "The trigger")
                .ticks()
                .tagged()
                .conditional()
                .creates()
                .refuses(404, "There is no trigger at this place, or `If-Match` was sent and there is none of this id")
        })
        .on("patch", "Change parts of a trigger", |patch| {
            patch
                .at()
                .patch(&object!({ "on": { "name": "flash" } }))
                .answers::<Edited>(200, "The trigger")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, "There is no such trigger")
        })
        .on("delete", "Remove a trigger", |delete| {
            delete
                .at()
                .answers::<EditApplied>(200, "It is gone")
                .ticks()
                .conditional()
                .refuses(404, "There is no such trigger")
        });
    api.route("/api/stream/triggers/:id/fire").parameter("id", "flash", NAMED).on(
        "post",
        "Have a trigger do what it does, as if what it waits for had happened",
        |post| {
            post.at()
                .answers::<EditApplied>(200, "It has done so")
                .ticks()
                .conditional()
                .refuses(404, "There is no such trigger")
        },
    );
}

/// What `GET …/triggers` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TriggerList")]
struct List<'a> {
    /// The tick that it shows.
    tick: u64,
    /// The place of the first of `triggers` in the whole list, from 0.
    first: usize,
    /// The triggers.
    triggers: &'a [TriggerDocument],
    /// Places in the list, from 0, of those that do not act any more, since they acted without end: until triggers or
    /// timelines are edited or the scene is loaded anew.
    stopped: Vec<usize>,
    #[serde(flatten)]
    next: Next,
}

/// What an edit of a trigger answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TriggerEdited")]
struct Edited {
    #[serde(flatten)]
    applied: EditApplied,
    /// The trigger as this edit left it; the `ETag` is that of this.
    trigger: TriggerDocument,
}

impl Edited {
    fn answer(self, status: StatusCode) -> Result<Response, Problem> {
        let response = at_tick(json(status, &self)?, self.applied.tick);
        Ok(tagged(response, Fingerprint::of(&self.trigger)))
    }
}

async fn collection(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => list(&context, &request).await,
        Method::POST => add(&context, request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, POST")),
    }
}

async fn list(context: &Context, request: &Request) -> Result<Response, Problem> {
    request.query.only(&paging::PARAMETERS)?;
    let (snapshot, stopped) = context.engine.stopped_triggers().await?;
    let (triggers, first, next) = paging::part_by(&snapshot.scene.triggers, &request.query, cursor)?;
    let list = List { tick: snapshot.tick, first, triggers, stopped, next };
    json(StatusCode::OK, &list).map(|response| at_tick(response, snapshot.tick))
}

/// What stands for a trigger in the way to the next part: one without an id has its place.
fn cursor(place: usize, trigger: &TriggerDocument) -> Cow<'_, str> {
    match &trigger.id {
        Some(id) => id.as_str().into(),
        // No id begins like this.
        None => format!("~{place}").into(),
    }
}

async fn add(context: &Context, request: Request) -> Result<Response, Problem> {
    Expected::no_version(&request)?;
    let at = at(context, &request)?;
    let trigger: TriggerDocument = body::document(request).await?;
    let edit = Edit::AddTrigger { trigger: Box::new(trigger.clone()) };
    // It is the last one then.
    let look = |after: &SceneAfter<'_>| after.header().triggers.len().saturating_sub(1);
    let (applied, place) = context.engine.edit_and_look(vec![edit], at, look).await?;
    let name = trigger.id.as_ref().map_or_else(|| place.to_string(), ToString::to_string);
    let location = HeaderValue::from_str(&format!("/api/stream/triggers/{name}")).ok();
    let mut response = Edited { applied, trigger }.answer(StatusCode::CREATED)?;
    response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    Ok(response)
}

async fn trigger(context: Context, name: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => show(&context, &name, &request).await,
        Method::PUT => put(&context, &name, request).await,
        Method::PATCH => patch(&context, &name, request).await,
        Method::DELETE => delete(&context, &name, &request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

async fn show(context: &Context, name: &str, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let snapshot = context.engine.snapshot().await?;
    let trigger = find(&snapshot.scene.triggers, name)?;
    precondition::answer(request, trigger, Some(snapshot.tick))
}

async fn put(context: &Context, name: &str, request: Request) -> Result<Response, Problem> {
    let (id, at, expected) = (reference(name)?, at(context, &request)?, Expected::of(&request)?);
    let trigger: TriggerDocument = body::document(request).await?;
    let edit = Edit::PutTrigger { id: id.clone(), trigger: Box::new(trigger) };
    change(context, id, (expected, at), edit).await
}

async fn patch(context: &Context, name: &str, request: Request) -> Result<Response, Problem> {
    let (id, at, expected) = (reference(name)?, at(context, &request)?, Expected::of(&request)?);
    let patch: Value = body::patch(request).await?;
    let edit = Edit::PatchTrigger { id: id.clone(), patch };
    change(context, id, (expected, at), edit).await
}

/// Carries out an edit that leaves a trigger where this one is.
async fn change(
    context: &Context,
    id: TriggerRef,
    (expected, at): (Expected, Option<u64>),
    edit: Edit,
) -> Result<Response, Problem> {
    let document = DocumentName::Trigger { id: id.clone() };
    let own = id.clone();
    let look = move |after: &SceneAfter<'_>| {
        let triggers = &after.header().triggers;
        own.find(triggers).map(|place| triggers[place].clone())
    };
    let (applied, trigger) = precondition::edit_and_look(context, expected, document, edit, at, look).await?;
    let trigger = trigger.ok_or_else(|| unknown(&[], &id.to_string()))?;
    Edited { applied, trigger }.answer(precondition::status(&applied))
}

async fn delete(context: &Context, name: &str, request: &Request) -> Result<Response, Problem> {
    let (id, at, expected) = (reference(name)?, at(context, request)?, Expected::of(request)?);
    let document = DocumentName::Trigger { id: id.clone() };
    let applied = precondition::edit(context, expected, document, Edit::DeleteTrigger { id }, at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

async fn fire(context: Context, name: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at, expected) = (reference(&name)?, at(&context, &request)?, Expected::of(&request)?);
    let document = DocumentName::Trigger { id: id.clone() };
    let applied = precondition::edit(&context, expected, document, Edit::FireTrigger { trigger: id }, at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// The trigger that a path names: by its id or its place, which is decided on the tick that carries the edit out. No
/// trigger can have an id that is none.
fn reference(name: &str) -> Result<TriggerRef, Problem> {
    TriggerId::new(name).map(TriggerRef::Id).map_err(|_| unknown(&[], name))
}

/// The trigger that a path names, as it is.
fn find<'a>(triggers: &'a [TriggerDocument], name: &str) -> Result<&'a TriggerDocument, Problem> {
    let place = reference(name)?.find(triggers).ok_or_else(|| unknown(triggers, name))?;
    Ok(&triggers[place])
}

fn unknown(triggers: &[TriggerDocument], name: &str) -> Problem {
    let known = triggers.iter().filter_map(|trigger| trigger.id.as_ref()).map(TriggerId::as_str);
    let nearest = nearest(name, known).map(str::to_owned);
    EditRejected::UnknownTrigger { id: name.chars().take(80).collect(), nearest }.into()
}
