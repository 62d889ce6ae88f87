//! The live picture as files.

use std::sync::Arc;

use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, StatusCode, header},
    path::Tail,
    reply::Response,
};

use super::{Context, Problem, Request, endpoint, openapi::Api};
use crate::control::LiveFile;

/// `GET /live/…`.
pub(super) fn routes(context: &Context) -> BoxedFilter<(Response,)> {
    endpoint(context, warp::path("live").and(warp::path::tail()).boxed(), "/live/:file", file)
}

pub(super) fn describe(api: &mut Api) {
    api.family("Live picture", "The stream as files for players, where it goes nowhere else.");
    api.route("/live/:file").parameter("file", "stream.m3u8", "The playlist `stream.m3u8`, or what it names").on(
        "get",
        "The live picture as an HLS playlist and its segments",
        |get| {
            get.media(
                200,
                &["application/vnd.apple.mpegurl", "video/mp4", "video/iso.segment", "text/html", "text/javascript"],
                "The file",
            )
            .refuses(404, "There is no such file, or the stream goes elsewhere")
        },
    );
}

async fn file(context: Context, path: Tail, request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    let path = path.as_str().to_owned();
    let Some(live) = context.live else {
        return Err(Problem::not_found("no live picture is served here: the stream goes elsewhere"));
    };
    if path.split('/').any(|part| part == "..") || path.contains(['\\', '%', '\0']) {
        return Err(Problem::not_found(format!("there is no file `{path}`")));
    }
    let asked = path.clone();
    let found = tokio::task::spawn_blocking(move || Arc::clone(&live).get(&asked)).await.unwrap_or_default();
    let Some(LiveFile { bytes, content_type }) = found else {
        return Err(Problem::not_found(format!(
            "there is no file `{path}`; a stream that just started, or only goes elsewhere, has none"
        )));
    };
    let mut response = Response::new(bytes.into());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Playlists change all the time and segments are gone in a minute.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if content_type.starts_with("text/html") {
        let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; media-src 'self' blob:; \
                      frame-ancestors 'none'";
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    Ok(response)
}
