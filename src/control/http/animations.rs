//! The animations of single layers: added, removed and steered.
//!
//! Where an animation stands is no part of its layer's document, which stays as it is when one is steered. Answers to that are
//! `{ "tick": …, "persisted": …, "animation": … }`: the tick whose frame shows it first, and where the animation stands then.

use components::{
    Edit, LayerId,
    animation::{Animation, AnimationControl, AnimationStatus},
    document::nearest,
    edit::{DocumentName, EditApplied},
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
    layers::{Edited, carry_out, find, parse_id, unknown},
    openapi::Api,
    precondition::{self, Expected},
    request::{Segment, named},
};

const ONE: &str = "/api/stream/layers/:id/animations/:index";

/// What can be asked of an animation: how that is called, its route, and what it does.
const VERBS: [(&str, &str, &str); 7] = [
    (
        "play",
        "/api/stream/layers/:id/animations/:index/play",
        "Play an animation: on from where it stands, or from its beginning if it is at its end or was cancelled",
    ),
    ("pause", "/api/stream/layers/:id/animations/:index/pause", "Let an animation stand still"),
    ("reverse", "/api/stream/layers/:id/animations/:index/reverse", "Play an animation backwards"),
    ("restart", "/api/stream/layers/:id/animations/:index/restart", "Play an animation from its beginning"),
    ("seek", "/api/stream/layers/:id/animations/:index/seek", "Set an animation to another time"),
    (
        "rate",
        "/api/stream/layers/:id/animations/:index/rate",
        "Change how fast an animation plays, on top of its `speed`",
    ),
    (
        "cancel",
        "/api/stream/layers/:id/animations/:index/cancel",
        "Take an animation's effect back until it is played again; its document stays",
    ),
];

/// `…/layers/:id/animations`, `…/animations/:index`, `…/animations/:index/play` and so on.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("layers" / Segment / "animations")).map(named).boxed();
    let one = base.clone().and(warp::path!("layers" / Segment / "animations" / Segment));
    let one = one.map(|id, index| (named(id), named(index))).boxed();
    let below = base.clone().and(warp::path!("layers" / Segment / "animations" / Segment / Segment));
    let misspelt = below.map(|_, _, verb| named(verb)).boxed();
    let verbs = VERBS.map(|(verb, route, _)| {
        let path = base.clone().and(warp::path("layers")).and(warp::path::param());
        let path = path.and(warp::path("animations")).and(warp::path::param());
        let path = path.and(warp::path(verb)).and(warp::path::end());
        let path = path.map(move |id, index| (named(id), named(index), verb)).boxed();
        endpoint(context, path, route, steer)
    });
    first_of([
        endpoint(context, all, "/api/stream/layers/:id/animations", animations),
        endpoint(context, one, ONE, remove),
        first_of(verbs),
        endpoint(context, misspelt, "animations", unknown_verb),
    ])
}

pub(super) fn describe(api: &mut Api) {
    const MISSING: &str = "There is no such layer, or it has no such animation";
    const PLACE: &str = "Its place in the list of the layer's animations, from 0";
    let fade = object!({ "property": "opacity", "to": 0.25, "duration": 1.5, "easing": "easeOut" });
    api.route("/api/stream/layers/:id/animations")
        .parameter("id", "box", "The layer")
        .on("get", "Where each animation of a layer stands", |get| {
            get.about("Those that its presets stand for are left out.")
                .answers::<List<'_>>(200, "The animations in the order of the layer's document")
                .ticks()
                .refuses(404, "There is no such layer")
        })
        .on(
            "post",
            "Add an animation to those of a layer, at the end of their list. It begins then; the others go on",
            |post| {
                post.at()
                    .body::<Animation>(&fade)
                    .answers::<Edited>(201, "The layer as it is now")
                    .ticks()
                    .tagged()
                    .conditional()
                    .refuses(404, "There is no such layer")
            },
        );
    api.route(ONE).parameter("id", "box", "The layer").parameter("index", "0", PLACE).on(
        "delete",
        "Remove an animation from those of a layer. The others go on",
        |delete| {
            delete
                .at()
                .answers::<Edited>(200, "The layer as it is now")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, MISSING)
        },
    );
    for (verb, route, summary) in VERBS {
        let route = api.route(route).parameter("id", "box", "The layer").parameter("index", "0", PLACE);
        route.on("post", summary, |post| {
            let post = post.at();
            let post = match verb {
                "seek" => post.body::<Seek>(&object!({ "to": 0.5 })),
                "rate" => post.body::<Rate>(&object!({ "rate": 2 })),
                _ => post,
            };
            post.answers::<Steered>(200, "Where it stands").ticks().conditional().refuses(404, MISSING)
        });
    }
}

/// What `GET …/animations` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AnimationList")]
pub(super) struct List<'a> {
    /// The tick that it shows.
    pub(super) tick: u64,
    /// The animations.
    pub(super) animations: &'a [AnimationStatus],
}

async fn animations(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => list(&context, &id, &request).await,
        Method::POST => add(&context, &id, request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, POST")),
    }
}

async fn list(context: &Context, id: &str, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let (tick, animations) = context.engine.animations(parse_id(id)?).await?;
    let Some(animations) = animations else {
        return Err(unknown(id, Some(&*context.engine.snapshot().await?)));
    };
    json(StatusCode::OK, &List { tick, animations: &animations }).map(|response| at_tick(response, tick))
}

async fn add(context: &Context, id: &str, request: Request) -> Result<Response, Problem> {
    let (id, at, expected) = (parse_id(id)?, at(context, &request)?, Expected::of(&request)?);
    let animation: Animation = body::document(request).await?;
    let edit = Edit::AddAnimation { id: id.clone(), animation: Box::new(animation) };
    carry_out(context, StatusCode::CREATED, &id, expected, edit, at).await
}

async fn remove(context: Context, (id, index): (String, String), request: Request) -> Result<Response, Problem> {
    if request.method != Method::DELETE {
        return Err(Problem::method_not_allowed("DELETE"));
    }
    let (id, at, expected) = (parse_id(&id)?, at(&context, &request)?, Expected::of(&request)?);
    let index = place(&context, &id, &index).await?;
    let edit = Edit::RemoveAnimation { id: id.clone(), index };
    carry_out(&context, StatusCode::OK, &id, expected, edit, at).await
}

/// The body of `POST …/:index/seek`.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SeekAnimation")]
#[serde(deny_unknown_fields)]
pub(super) struct Seek {
    /// Seconds since its start, `delay` included, over all repeats.
    #[schemars(range(min = 0.0, max = 1e9))]
    to: f64,
}

/// The body of `POST …/:index/rate`.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RateOfAnimation")]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    /// 1 for the times as they are written.
    #[schemars(range(min = 0.001, max = 1000.0))]
    rate: f64,
}

pub(super) async fn unknown_verb(_: Context, verb: String, _: Request) -> Result<Response, Problem> {
    let known = VERBS.map(|(verb, ..)| verb);
    let hint = match nearest(&verb, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    };
    let verb: String = verb.chars().take(80).collect();
    Err(Problem::not_found(format!("an animation has no route `{verb}`; {hint}")))
}

/// What steering an animation answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AnimationSteered")]
pub(super) struct Steered {
    #[serde(flatten)]
    pub(super) applied: EditApplied,
    /// Where it stands; absent if somebody else has removed it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) animation: Option<AnimationStatus>,
}

/// What a verb asks of an animation.
pub(super) async fn control(verb: &str, request: Request) -> Result<AnimationControl, Problem> {
    Ok(match verb {
        "play" => AnimationControl::Play,
        "pause" => AnimationControl::Pause,
        "reverse" => AnimationControl::Reverse,
        "restart" => AnimationControl::Restart,
        "cancel" => AnimationControl::Cancel,
        "seek" => {
            let Seek { to } = body::document(request).await?;
            AnimationControl::Seek { to }
        }
        _ => {
            let Rate { rate } = body::document(request).await?;
            AnimationControl::Rate { rate }
        }
    })
}

async fn steer(
    context: Context,
    (id, index, verb): (String, String, &'static str),
    request: Request,
) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (id, at, expected) = (parse_id(&id)?, at(&context, &request)?, Expected::of(&request)?);
    let index = place(&context, &id, &index).await?;
    let control = control(verb, request).await?;
    let (document, edit) =
        (DocumentName::Layer { id: id.clone() }, Edit::ControlAnimation { id: id.clone(), index, control });
    let applied = precondition::edit(&context, expected, document, edit, at).await?;
    let (_, animations) = context.engine.animations(id).await?;
    let animation = animations.and_then(|animations| animations.into_iter().nth(index));
    json(StatusCode::OK, &Steered { applied, animation }).map(|response| at_tick(response, applied.tick))
}

/// The place of an animation that a path names.
async fn place(context: &Context, id: &LayerId, index: &str) -> Result<usize, Problem> {
    let snapshot = context.engine.snapshot().await?;
    let layer = find(&snapshot, id.as_str()).ok_or_else(|| unknown(id.as_str(), Some(&snapshot)))?;
    let count = layer.animations.0.len();
    known(index, count, &format!("the layer `{id}`"))
}

/// The place that is written in a path, if whoever it is of has so many animations.
pub(super) fn known(index: &str, count: usize, whose: &str) -> Result<usize, Problem> {
    super::request::place(index).filter(|index| *index < count).ok_or_else(|| {
        let index: String = index.chars().take(80).collect();
        let detail = format!("{whose} has no animation `{index}`: it has {count}, counted from 0");
        Problem::new(StatusCode::NOT_FOUND, detail)
    })
}
