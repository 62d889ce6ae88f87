//! On air, off air, standing still, one frame after the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json as object;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, body, endpoint, first_of, json, openapi::Api, precondition::Expected};
use crate::engine::{Command, MAX_STEP, Transport};

/// `POST …/start`, `…/stop`, `…/pause`, `…/resume`, `POST …/control` with the same as `action`, and `POST …/step`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let direct = |name, route, command| {
        let path = base.clone().and(warp::path(name)).and(warp::path::end()).map(move || command).boxed();
        endpoint(context, path, route, run)
    };
    let control = base.clone().and(warp::path!("control")).map(|| ()).boxed();
    let steps = base.clone().and(warp::path!("step")).map(|| ()).boxed();
    first_of([
        direct("start", "/api/stream/start", Command::Start),
        direct("stop", "/api/stream/stop", Command::Stop),
        direct("pause", "/api/stream/pause", Command::Pause),
        direct("resume", "/api/stream/resume", Command::Resume),
        endpoint(context, control, "/stream/control", act),
        endpoint(context, steps, "/api/stream/step", step),
    ])
}

pub(super) fn describe(api: &mut Api) {
    let commands = [
        ("start", "Go on air: open the outputs", "It is on air already"),
        ("stop", "Go off air: close the outputs", "It is off air already"),
        ("pause", "Let the picture stand still; outputs stay connected", "It is not on air, or stands still already"),
        ("resume", "Let the picture go on from where it stands", "It is not paused"),
    ];
    for (name, summary, conflict) in commands {
        api.route(&format!("/api/stream/{name}")).on("post", summary, |post| {
            post.answers::<Carried>(200, "What the stream does now").ticks().refuses(409, conflict)
        });
    }
    api.route("/api/stream/control").on("post", "Start, stop, pause or resume", |post| {
        post.body::<Order>(&object!({ "action": "pause" }))
            .answers::<Carried>(200, "What the stream does now")
            .ticks()
            .refuses(409, "The action does not go with what the stream does")
    });
    api.route("/api/stream/step").on("post", "Move the picture of a paused stream on by some frames", |post| {
        post.about(
            "All of them within one tick: what happens in between happens, but is not seen. The sound stands still.",
        )
        .optional::<Step>(&object!({ "frames": 1 }))
        .answers::<Stepped>(200, "It is moved on")
        .ticks()
        .refuses(409, "The stream is not paused")
    });
}

/// The body of `POST …/step`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Step {
    /// How many frames.
    #[schemars(range(min = 1, max = MAX_STEP))]
    frames: u32,
}

impl Default for Step {
    fn default() -> Self {
        Self { frames: 1 }
    }
}

/// What it answers.
#[derive(Serialize, JsonSchema)]
struct Stepped {
    /// The tick whose frame shows the picture.
    tick: u64,
    /// Whether where everything stands then is in the store, so that the stream goes on from there after a restart too.
    persisted: bool,
}

async fn step(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    Expected::no_version(&request)?;
    request.query.only(&[])?;
    let Step { frames } = body::optional(request).await?;
    let tick = context.engine.step(frames).await?;
    let persisted = context.engine.persisted().await;
    json(StatusCode::OK, &Stepped { tick, persisted }).map(|response| at_tick(response, tick))
}

/// The body of `POST …/control`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Control")]
struct Order {
    /// What the stream is to do.
    action: Action,
}

/// What a stream can be asked to do.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Action {
    /// Go on air.
    Start,
    /// Go off air.
    Stop,
    /// Stand still.
    Pause,
    /// Go on.
    Resume,
}

impl From<Action> for Command {
    fn from(action: Action) -> Self {
        match action {
            Action::Start => Self::Start,
            Action::Stop => Self::Stop,
            Action::Pause => Self::Pause,
            Action::Resume => Self::Resume,
        }
    }
}

/// What the stream does.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StreamState")]
struct Carried {
    /// The tick whose frame shows it.
    tick: u64,
    /// What it does.
    state: Transport,
    /// Whether it is on air; a paused stream is.
    is_live: bool,
    /// Whether it is in the store, so that it is so after a restart too.
    persisted: bool,
}

async fn run(context: Context, command: Command, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    Expected::no_version(&request)?;
    request.query.only(&[])?;
    carry_out(&context, command).await
}

async fn act(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    Expected::no_version(&request)?;
    request.query.only(&[])?;
    let order: Order = body::document(request).await?;
    carry_out(&context, order.action.into()).await
}

async fn carry_out(context: &Context, command: Command) -> Result<Response, Problem> {
    let state = context.engine.command(command)?;
    // The command has been carried out even if nobody can tell when.
    let tick = context.engine.next_tick().await;
    let persisted = context.engine.persisted().await;
    json(StatusCode::OK, &Carried { tick, state, is_live: state != Transport::Stopped, persisted })
        .map(|response| at_tick(response, tick))
}
