//! The settings of the running service: what they are, where each came from, and changing those that may change.
//!
//! `GET` answers `values`, by the keys and tables of the TOML file, and `settings`, which says of each key where its value
//! came from and whether it is `live`. `PATCH` takes a JSON Merge Patch (RFC 7396) of `values`: all of it is carried out, or
//! nothing. `null` takes an earlier change back. Secrets are shown as `***`; that, like any present value, may be sent
//! back and changes nothing.
//!
//! Changes are stored, and hold after a restart too; `persisted` says whether they are by now.

use components::document::Fingerprint;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json as object};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{
    Context, Problem, Request, at_tick, body, endpoint, json,
    openapi::Api,
    precondition::{self, Expected, tagged},
};
use crate::config::{Change, ConfigDocument};

/// `/api/config`
pub(super) fn routes(context: &Context) -> BoxedFilter<(Response,)> {
    let path = warp::path!("api" / "config").map(|| ()).boxed();
    endpoint(context, path, "/api/config", config)
}

pub(super) fn describe(api: &mut Api) {
    api.family("Configuration", "The settings of the running service.");
    api.route("/api/config")
        .on("get", "All settings, where each came from, and whether it can be changed", |get| {
            get.answers::<ConfigDocument>(200, "The settings; secrets are `***`").revalidates()
        })
        .on("patch", "Change settings while the service runs", |patch| {
            patch
                .about("A patch of `values`; sending back a present value changes nothing. `null` takes a change back.")
                .patch(&object!({ "stream_bitrate": 2500 }))
                .answers::<Changed>(200, "What was changed, and all settings as they are now")
                .ticks()
                .tagged()
                .conditional()
        });
}

async fn config(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    match request.method {
        Method::GET | Method::HEAD => precondition::answer(&request, &context.config.document().await, None),
        Method::PATCH => {
            let expected = Expected::of(&request)?;
            let patch = body::patch_of_secrets(request).await?;
            let check = move |present: &ConfigDocument| expected.check(Fingerprint::of(present));
            let change = context.config.change_if(patch, check).await??;
            let Change { tick, persisted, values, document } = change;
            context.engine.settings_changed(tick, values.clone());
            let present = Fingerprint::of(&document);
            json(StatusCode::OK, &Changed { tick, persisted, changed: values, now: document })
                .map(|response| tagged(at_tick(response, tick), present))
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PATCH")),
    }
}

/// What a change answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ConfigChanged")]
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
