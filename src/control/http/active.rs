//! The layer that people are working on: one for all clients, who are told when it changes.
//!
//! It is no part of the scene: nothing of the picture depends on it. It is kept beside it. When there is no such layer
//! on air any more, nobody works on it.

use components::{LayerId, document::Fingerprint};
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
    Context, Problem, Request, at_tick, body, endpoint, json,
    openapi::Api,
    precondition::{self, Expected, tagged},
};

/// `…/layers/active`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("layers" / "active")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/layers/active", active)
}

pub(super) fn describe(api: &mut Api) {
    api.route("/api/stream/layers/active")
        .on("get", "The layer that people are working on", |get| {
            get.answers::<Active>(200, "The layer, or `null`").ticks().revalidates()
        })
        .on("put", "Choose the layer that people are working on", |put| {
            put.about(
                "Every WebSocket client is told by the event `activeLayer`. It holds after a restart too, until there \
                 is no such layer on air any more.",
            )
            .body::<Active>(&object!({ "id": "box" }))
            .answers::<Chosen>(200, "It is chosen")
            .ticks()
            .tagged()
            .conditional()
            .refuses(404, "There is no such layer")
        });
}

/// What is read and written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ActiveLayer", extend("required" = ["id"]))]
struct Active {
    /// The layer; `null` if it is none.
    id: Option<LayerId>,
}

/// What was chosen.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ActiveLayerChosen", extend("required" = ["tick", "id", "persisted"]))]
struct Chosen {
    /// The last tick before it was chosen; nothing of the picture depends on it.
    tick: u64,
    /// The layer; `null` if it is none.
    id: Option<LayerId>,
    /// Whether it is in the store, so that it is so after a restart too.
    persisted: bool,
}

async fn active(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    match request.method {
        Method::GET | Method::HEAD => {
            let active = Active { id: context.engine.active_layer() };
            precondition::answer(&request, &active, Some(context.engine.stats().tick))
        }
        Method::PUT => {
            let expected = Expected::of(&request)?;
            let active: Active = body::document(request).await?;
            // Nobody else comes in between the look and the choice.
            let _alone = context.choosing.lock().await;
            expected.check(Fingerprint::of(&Active { id: context.engine.active_layer() }))?;
            let persisted = context.engine.set_active_layer(active.id.clone()).await?;
            let tick = context.engine.stats().tick;
            let chosen = Chosen { tick, id: active.id.clone(), persisted };
            let response = at_tick(json(StatusCode::OK, &chosen)?, tick);
            Ok(tagged(response, Fingerprint::of(&active)))
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT")),
    }
}
