//! The canvas of the scene: its size, background and how it is laid onto the stream. It can change while the stream
//! runs; the stream's own size is a setting (`/api/config`).

use components::CanvasDocument;
use serde_json::json as object;
use warp::{Filter, filters::BoxedFilter, reply::Response};

use super::{
    Context, endpoint,
    openapi::Api,
    part::{self, part},
};

/// `…/canvas`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("canvas")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/canvas", part::<CanvasDocument>)
}

pub(super) fn describe(api: &mut Api) {
    api.family("Canvas", "The canvas of the scene: its size, background and how it is laid onto the stream.");
    let example = object!({ "width": 640, "height": 360, "background": "#102030" });
    part::describe::<CanvasDocument>(api, "/api/stream/canvas", "canvas", &example);
}
