//! The timelines of the scene, and the events that triggers wait for.
//!
//! A single timeline's `GET` answers its document, which `PUT` takes back unchanged; the list tells where each of them
//! stands. Answers to edits are `{ "tick": …, "timeline": … }`: the tick whose frame shows the edit first, and where
//! the timeline stands then.

use components::{
    Edit,
    animation::{
        timeline::{SeekTarget, TimelineControl, TimelineDocument, TimelineId},
        trigger::EventName,
    },
    document::{Fault, Fingerprint, Notice, nearest},
    edit::{DocumentName, EditApplied, EditRejected},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json as object;
use systems::{clock::TimelineStatus, edit::SceneAfter};
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
use crate::control::warnings;

/// `…/timelines`, `…/timelines/:id`, `…/timelines/:id/play` and so on, `…/events/:name`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("timelines")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("timelines" / Segment)).map(named).boxed();
    let verb = |verb: &'static str| {
        let path = base.clone().and(warp::path("timelines")).and(warp::path::param());
        path.and(warp::path(verb)).and(warp::path::end()).map(move |id| (named(id), verb)).boxed()
    };
    let misspelt = base.clone().and(warp::path!("timelines" / Segment / Segment)).map(|_, verb| named(verb)).boxed();
    let event = base.clone().and(warp::path!("events" / Segment)).map(named).boxed();
    first_of([
        endpoint(context, all, "/api/stream/timelines", list),
        endpoint(context, one, "/api/stream/timelines/:id", timeline),
        endpoint(context, verb("play"), "/api/stream/timelines/:id/play", steer),
        endpoint(context, verb("pause"), "/api/stream/timelines/:id/pause", steer),
        endpoint(context, verb("reverse"), "/api/stream/timelines/:id/reverse", steer),
        endpoint(context, verb("cancel"), "/api/stream/timelines/:id/cancel", steer),
        endpoint(context, verb("seek"), "/api/stream/timelines/:id/seek", steer),
        endpoint(context, verb("rate"), "/api/stream/timelines/:id/rate", steer),
        endpoint(context, misspelt, "timelines", unknown_verb),
        endpoint(context, event, "/api/stream/events/:name", fire),
    ])
}

pub(super) fn describe(api: &mut Api) {
    api.family("Timelines", "The timelines of the scene: edited, and steered. Events that triggers wait for.");
    api.route("/api/stream/timelines").on("get", "Where each timeline stands", |get| {
        get.answers::<List<'_>>(200, "The timelines in the order of the scene").ticks().paged()
    });
    api.route("/api/stream/timelines/:id")
        .parameter("id", "intro", "The timeline")
        .on("get", "A timeline", |get| {
            get.answers::<TimelineDocument>(200, "The timeline's document, as `PUT` takes it")
                .ticks()
                .revalidates()
                .refuses(404, "There is no such timeline")
        })
        .on("put", "Add a timeline, or put another document in the place of its own", |put| {
            put.about("Where the timeline stands it stays.")
                .at()
                .body::<TimelineDocument>(&object!({ "id": "intro", "steps": [
                    { "type": "animate", "layer": "box",
                      "animation": { "property": "opacity", "from": 0, "to": 1, "duration": 2 } },
                    { "type": "label", "name": "shown" },
                    { "type": "wait", "seconds": 1 },
                ] }))
                .answers::<Edited>(200, "Where it stands")
                .ticks()
                .tagged()
                .conditional()
                .creates()
                .refuses(404, "`If-Match` was sent, and there is no such timeline")
                .refuses(409, "Other timelines or triggers of the scene would not fit any more")
        })
        .on("delete", "Remove a timeline", |delete| {
            delete
                .at()
                .answers::<EditApplied>(200, "It is gone")
                .ticks()
                .conditional()
                .refuses(404, "There is no such timeline")
                .refuses(409, "Other timelines or triggers of the scene need it")
        });
    let plain = [
        ("play", "Play a timeline"),
        ("pause", "Let a timeline stand still"),
        ("reverse", "Play a timeline backwards"),
        ("cancel", "Take all of a timeline's effect back"),
    ];
    for (verb, summary) in plain {
        let route = api.route(&format!("/api/stream/timelines/:id/{verb}")).parameter("id", "intro", "The timeline");
        route.on("post", summary, |post| {
            post.at()
                .answers::<Edited>(200, "Where it stands")
                .ticks()
                .conditional()
                .refuses(404, "There is no such timeline")
        });
    }
    api.route("/api/stream/timelines/:id/seek").parameter("id", "intro", "The timeline").on(
        "post",
        "Set a timeline to another time, or to a label",
        |post| {
            post.at()
                .body::<Seek>(&object!({ "to": "shown" }))
                .answers::<Edited>(200, "Where it stands")
                .ticks()
                .conditional()
                .refuses(404, "There is no such timeline")
        },
    );
    api.route("/api/stream/timelines/:id/rate").parameter("id", "intro", "The timeline").on(
        "post",
        "Change how fast a timeline plays",
        |post| {
            post.at()
                .body::<Rate>(&object!({ "rate": 2 }))
                .answers::<Edited>(200, "Where it stands")
                .ticks()
                .conditional()
                .refuses(404, "There is no such timeline")
        },
    );
    api.route("/api/stream/events/:name").parameter("name", "flash", "The event").on(
        "post",
        "Fire an event: triggers that wait for it act",
        |post| post.at().answers::<EditApplied>(200, "It is fired").ticks().refuses(400, "This can be no event's name"),
    );
}

/// What `GET …/timelines` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TimelineList")]
struct List<'a> {
    /// The tick that it shows.
    tick: u64,
    /// The timelines.
    timelines: &'a [TimelineStatus],
    #[serde(flatten)]
    next: Next,
}

async fn list(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&paging::PARAMETERS)?;
    let (tick, timelines) = context.engine.timelines().await?;
    let (timelines, next) = paging::part(&timelines, &request.query, |timeline| timeline.id.as_str())?;
    json(StatusCode::OK, &List { tick, timelines, next }).map(|response| at_tick(response, tick))
}

async fn timeline(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => show(&context, &id, &request).await,
        Method::PUT => put(&context, &id, request).await,
        Method::DELETE => delete(&context, &id, &request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, DELETE")),
    }
}

async fn show(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let snapshot = context.engine.snapshot().await?;
    let known = &snapshot.scene.timelines;
    let timeline = known.iter().find(|timeline| timeline.id.as_str() == id).ok_or_else(|| {
        let nearest = nearest(id, known.iter().map(|timeline| timeline.id.as_str())).map(str::to_owned);
        EditRejected::UnknownTimeline { id: id.to_owned(), nearest }
    })?;
    precondition::answer(request, timeline, Some(snapshot.tick))
}

async fn put(context: &Context, id: &str, request: Request) -> Result<Response, Problem> {
    let (id, at, expected) =
        (new_id(id, "timeline", TimelineId::new)?, at(context, &request)?, Expected::of(&request)?);
    let timeline: TimelineDocument = body::document(request).await?;
    if timeline.id != id {
        return Err(Problem::invalid(vec![Fault {
            place: None,
            pointer: "/id".to_owned(),
            found: format!("`{}`", timeline.id),
            expected: format!("`{id}`, the id in the path: a timeline's id stays"),
            nearest: None,
        }]));
    }
    let present = Fingerprint::of(&timeline);
    let edit = Edit::PutTimeline { timeline: Box::new(timeline) };
    carry_out(context, id, expected, edit, at).await.map(|response| tagged(response, present))
}

async fn delete(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    let (id, at, expected) = (parse_id(id)?, at(context, request)?, Expected::of(request)?);
    let document = DocumentName::Timeline { id: id.clone() };
    let applied = precondition::edit(context, expected, document, Edit::DeleteTimeline { id }, at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// The body of `POST …/:id/seek`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Seek {
    /// Seconds from its beginning, or a label.
    to: SeekTarget,
}

/// The body of `POST …/:id/rate`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rate {
    /// 1 for the times as they are written.
    #[schemars(range(min = 0.001, max = 1000.0))]
    rate: f64,
}

/// What can be asked of a timeline, as routes are called.
const VERBS: [&str; 6] = ["play", "pause", "seek", "reverse", "rate", "cancel"];

async fn unknown_verb(_: Context, verb: String, _: Request) -> Result<Response, Problem> {
    let hint = match nearest(&verb, VERBS) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("there are `{}`", VERBS.join("`, `")),
    };
    let verb: String = verb.chars().take(80).collect();
    Err(Problem::not_found(format!("a timeline has no route `{verb}`; {hint}")))
}

async fn steer(context: Context, (id, verb): (String, &'static str), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at, expected) = (parse_id(&id)?, at(&context, &request)?, Expected::of(&request)?);
    let control = match verb {
        "play" => TimelineControl::Play,
        "pause" => TimelineControl::Pause,
        "reverse" => TimelineControl::Reverse,
        "cancel" => TimelineControl::Cancel,
        "seek" => {
            let Seek { to } = body::document(request).await?;
            TimelineControl::Seek { to }
        }
        _ => {
            let Rate { rate } = body::document(request).await?;
            TimelineControl::Rate { rate }
        }
    };
    carry_out(&context, id.clone(), expected, Edit::ControlTimeline { id, control }, at).await
}

async fn fire(context: Context, name: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    Expected::no_version(&request)?;
    let at = at(&context, &request)?;
    let name = EventName::new(&name).map_err(|error| {
        let found = name.chars().take(80).collect::<String>();
        Problem::bad_request(format!("found the event `{found}`, {error}"))
    })?;
    let applied = context.engine.edit(vec![Edit::FireEvent { name }], at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// What an edit of a timeline answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TimelineEdited")]
struct Edited {
    #[serde(flatten)]
    applied: EditApplied,
    /// Where it stands; absent if somebody else has removed it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<TimelineStatus>,
    /// What its author should know about the document that was put, with pointers into that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Notice>,
}

async fn carry_out(
    context: &Context,
    id: TimelineId,
    expected: Expected,
    edit: Edit,
    at: Option<u64>,
) -> Result<Response, Problem> {
    let document = DocumentName::Timeline { id: id.clone() };
    let put = match &edit {
        Edit::PutTimeline { timeline } => Some(timeline.clone()),
        _ => None,
    };
    let look = move |after: &SceneAfter<'_>| put.map(|put| warnings::of_timeline(&put, "", after)).unwrap_or_default();
    let (applied, warnings) = precondition::edit_and_look(context, expected, document, edit, at, look).await?;
    let (_, timelines) = context.engine.timelines().await?;
    let timeline = timelines.into_iter().find(|timeline| timeline.id == id);
    let status = precondition::status(&applied);
    json(status, &Edited { applied, timeline, warnings }).map(|response| at_tick(response, applied.tick))
}

/// No timeline can have an id that is none.
fn parse_id(id: &str) -> Result<TimelineId, Problem> {
    TimelineId::new(id).map_err(|_| EditRejected::UnknownTimeline { id: id.to_owned(), nearest: None }.into())
}
