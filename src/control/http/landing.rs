//! The page at `/`.

use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, header},
    reply::Response,
};

use super::{Context, Problem, Request, endpoint, first_of};

const PAGE: &str = include_str!("../landing/index.html");
const SCRIPT: &str = include_str!("../landing/landing.js");

const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// `GET /` and its script.
pub(super) fn routes(context: &Context) -> BoxedFilter<(Response,)> {
    let page = warp::path::end().map(|| (PAGE, "text/html; charset=utf-8")).boxed();
    let script = warp::path!("landing.js").map(|| (SCRIPT, "text/javascript; charset=utf-8")).boxed();
    first_of([endpoint(context, page, "/", serve), endpoint(context, script, "/landing.js", serve)])
}

async fn serve(
    _: Context,
    (text, media_type): (&'static str, &'static str),
    request: Request,
) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}
