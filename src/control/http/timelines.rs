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
    document::{Fault, nearest},
    edit::EditRejected,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use systems::clock::TimelineStatus;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at::at, at_tick, body, endpoint, first_of, json};

/// `…/timelines`, `…/timelines/:id`, `…/timelines/:id/play` and so on, `…/events/:name`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("timelines")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("timelines" / String)).boxed();
    let steered = base.clone().and(warp::path!("timelines" / String / String)).map(|id, verb| (id, verb)).boxed();
    let event = base.clone().and(warp::path!("events" / String)).boxed();
    first_of([
        endpoint(context, all, "/api/stream/timelines", list),
        endpoint(context, one, "/api/stream/timelines/:id", timeline),
        endpoint(context, steered, "/api/stream/timelines/:id/:verb", steer),
        endpoint(context, event, "/api/stream/events/:name", fire),
    ])
}

/// What `GET …/timelines` answers.
#[derive(Serialize)]
struct List {
    tick: u64,
    timelines: Vec<TimelineStatus>,
}

async fn list(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let (tick, timelines) = context.engine.timelines().await?;
    json(StatusCode::OK, &List { tick, timelines }).map(|response| at_tick(response, tick))
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
    json(StatusCode::OK, timeline).map(|response| at_tick(response, snapshot.tick))
}

async fn put(context: &Context, id: &str, request: Request) -> Result<Response, Problem> {
    let (id, at) = (parse_id(id)?, at(context, &request)?);
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
    carry_out(context, id, Edit::PutTimeline { timeline: Box::new(timeline) }, at).await
}

async fn delete(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    let (id, at) = (parse_id(id)?, at(context, request)?);
    let applied = context.engine.edit(vec![Edit::DeleteTimeline { id }], at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// The body of `POST …/:id/seek`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Seek {
    to: SeekTarget,
}

/// The body of `POST …/:id/rate`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rate {
    #[schemars(range(min = 0.001, max = 1000.0))]
    rate: f64,
}

/// What can be asked of a timeline, as routes are called.
const VERBS: [&str; 6] = ["play", "pause", "seek", "reverse", "rate", "cancel"];

async fn steer(context: Context, (id, verb): (String, String), request: Request) -> Result<Response, Problem> {
    if !VERBS.contains(&verb.as_str()) {
        let hint = match nearest(&verb, VERBS) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("there are `{}`", VERBS.join("`, `")),
        };
        return Err(Problem::not_found(format!("a timeline has no route `{verb}`; {hint}")));
    }
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at) = (parse_id(&id)?, at(&context, &request)?);
    let control = match verb.as_str() {
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
    carry_out(&context, id.clone(), Edit::ControlTimeline { id, control }, at).await
}

async fn fire(context: Context, name: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let at = at(&context, &request)?;
    let name = EventName::new(&name).map_err(|error| {
        let found = name.chars().take(80).collect::<String>();
        Problem::bad_request(format!("found the event `{found}`, {error}"))
    })?;
    let applied = context.engine.edit(vec![Edit::FireEvent { name }], at).await?;
    json(StatusCode::OK, &applied).map(|response| at_tick(response, applied.tick))
}

/// What an edit of a timeline answers.
#[derive(Serialize)]
struct Edited {
    tick: u64,
    /// Whether it is in the store.
    persisted: bool,
    /// Absent if somebody else has removed it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<TimelineStatus>,
}

async fn carry_out(context: &Context, id: TimelineId, edit: Edit, at: Option<u64>) -> Result<Response, Problem> {
    let applied = context.engine.edit(vec![edit], at).await?;
    let (_, timelines) = context.engine.timelines().await?;
    let timeline = timelines.into_iter().find(|timeline| timeline.id == id);
    json(StatusCode::OK, &Edited { tick: applied.tick, persisted: applied.persisted, timeline })
        .map(|response| at_tick(response, applied.tick))
}

/// No timeline can have an id that is none.
fn parse_id(id: &str) -> Result<TimelineId, Problem> {
    TimelineId::new(id).map_err(|_| EditRejected::UnknownTimeline { id: id.to_owned(), nearest: None }.into())
}
