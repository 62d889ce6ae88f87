//! The settings of the running service: what they are, where each came from, and changing those that may change.
//!
//! `GET` answers `values`, by the keys and tables of the TOML file, and `settings`, which says of each key where its value
//! came from and whether it is `live`. `PATCH` takes a JSON Merge Patch (RFC 7396) of `values`: all of it is carried out, or
//! nothing. `null` takes an earlier change back. Secrets are shown as `***`; that, like any present value, may be sent
//! back and changes nothing.
//!
//! Changes are stored, and hold after a restart too; `persisted` says whether they are by now.

use serde::Serialize;
use serde_json::{Map, Value};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, body, endpoint, json};
use crate::config::{Change, ConfigDocument};

/// `/api/config`
pub(super) fn routes(context: &Context) -> BoxedFilter<(Response,)> {
    let path = warp::path!("api" / "config").map(|| ()).boxed();
    endpoint(context, path, "/api/config", config)
}

async fn config(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    match request.method {
        Method::GET | Method::HEAD => json(StatusCode::OK, &context.config.document().await),
        Method::PATCH => {
            let patch = body::patch(request).await?;
            let change = context.config.change(&patch).await?;
            let Change { tick, persisted, values, document } = change;
            context.engine.settings_changed(tick, values.clone());
            json(StatusCode::OK, &Changed { tick, persisted, changed: values, now: document })
                .map(|response| at_tick(response, tick))
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PATCH")),
    }
}

/// What a change answers.
#[derive(Serialize)]
struct Changed {
    /// The tick whose frame shows it first.
    tick: u64,
    /// Whether the change is in the store.
    persisted: bool,
    /// The settings that have another value now.
    changed: Map<String, Value>,
    #[serde(flatten)]
    now: ConfigDocument,
}
