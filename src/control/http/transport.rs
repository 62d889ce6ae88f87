//! On air, off air, standing still, and on by one frame while standing still.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, body, endpoint, first_of, json};
use crate::engine::{Command, Transport};

/// `POST …/start`, `…/stop`, `…/pause`, `…/resume`, `…/step`, and `POST …/control` with the same as `action`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let direct = |name, route, command| {
        let path = base.clone().and(warp::path(name)).and(warp::path::end()).map(move || command).boxed();
        endpoint(context, path, route, run)
    };
    let control = base.clone().and(warp::path!("control")).map(|| ()).boxed();
    first_of([
        direct("start", "/api/stream/start", Command::Start),
        direct("stop", "/api/stream/stop", Command::Stop),
        direct("pause", "/api/stream/pause", Command::Pause),
        direct("resume", "/api/stream/resume", Command::Resume),
        direct("step", "/api/stream/step", Command::Step),
        endpoint(context, control, "/stream/control", act),
    ])
}

/// The body of `POST …/control`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    action: Action,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Action {
    Start,
    Stop,
    Pause,
    Resume,
    Step,
}

impl From<Action> for Command {
    fn from(action: Action) -> Self {
        match action {
            Action::Start => Self::Start,
            Action::Stop => Self::Stop,
            Action::Pause => Self::Pause,
            Action::Resume => Self::Resume,
            Action::Step => Self::Step,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Carried {
    state: Transport,
    is_live: bool,
    /// Whether it is in the store, so that it is so after a restart too.
    persisted: bool,
}

async fn run(context: Context, command: Command, request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    carry_out(&context, command).await
}

async fn act(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let order: Order = body::document(request).await?;
    carry_out(&context, order.action.into()).await
}

async fn carry_out(context: &Context, command: Command) -> Result<Response, Problem> {
    let state = context.engine.command(command)?;
    let persisted = context.engine.persisted().await;
    json(StatusCode::OK, &Carried { state, is_live: state != Transport::Stopped, persisted })
}
