//! The order of layers that stand beside each other.

use components::{Edit, LayerId, edit::EditApplied};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json as object;
use systems::edit::SceneAfter;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at::at, at_tick, body, endpoint, json, openapi::Api, precondition::Expected};

/// `…/layers/order`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("layers" / "order")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/layers/order", order)
}

pub(super) fn describe(api: &mut Api) {
    api.route("/api/stream/layers/order").on(
        "post",
        "Put layers of a group, or of the canvas, into another order",
        |post| {
            post.about(
            "The named layers are handed out anew the places that they have among their siblings, with the `zIndex` of \
             each place, so that the picture follows. Siblings that are not named stay where they are.",
        )
        .at()
        .body::<Order>(&object!({ "order": ["box", "background"] }))
        .answers::<Ordered>(200, "They are in this order")
        .ticks()
        .refuses(404, "There is no such group")
        .refuses(409, "The parent is no group")
        },
    );
}

/// The body of `POST …/layers/order`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LayerOrder")]
struct Order {
    /// The group whose children these are; the canvas if absent or `null`.
    #[serde(default)]
    parent: Option<LayerId>,
    /// Layers in their new order, those that are farther away first.
    #[schemars(length(min = 1, max = 1000))]
    order: Vec<LayerId>,
}

/// What it answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LayersOrdered")]
struct Ordered {
    #[serde(flatten)]
    applied: EditApplied,
    /// All children of the group, or all outermost layers, in document order, as this edit left them.
    order: Vec<LayerId>,
}

async fn order(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    Expected::no_version(&request)?;
    let at = at(&context, &request)?;
    let Order { parent, order } = body::document(request).await?;
    let edit = Edit::OrderLayers { parent: parent.clone(), order };
    // Faults point into the list, which stands at `/order` in the body as in the edit.
    let rejected = |rejected: components::edit::BatchRejected| {
        let faults = rejected.faults();
        Problem::from(rejected).with_errors(faults).within("/edits/0")
    };
    let look = move |after: &SceneAfter<'_>| after.children(parent.as_ref());
    let (applied, order) = context.engine.edit_and_look(vec![edit], at, look).await.map_err(rejected)?;
    json(StatusCode::OK, &Ordered { applied, order }).map(|response| at_tick(response, applied.tick))
}
