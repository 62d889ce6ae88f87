//! The description of the API: for programs at `/api/openapi.json`, for people at `/api/docs`.

mod page;

use std::sync::{Arc, OnceLock};

use components::document::Fingerprint;
use serde_json::Value;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, header},
    reply::Response,
};

use super::{Context, FAMILIES, Problem, Request, endpoint, first_of, openapi::Api, precondition};

/// Nothing from elsewhere, no script.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

/// The description, made when it is first asked for: by then all routes are there.
type Written = Arc<OnceLock<(Value, String)>>;

/// `GET /api/openapi.json`, `GET /api/docs`.
pub(super) fn routes(context: &Context) -> BoxedFilter<(Response,)> {
    let written = Written::default();
    let with = |written: &Written| {
        let written = Arc::clone(written);
        move || Arc::clone(&written)
    };
    let document = warp::path!("api" / "openapi.json").map(with(&written)).boxed();
    let page = warp::path!("api" / "docs").map(with(&written)).boxed();
    first_of([
        endpoint(context, document, "/api/openapi.json", document_for_programs),
        endpoint(context, page, "/api/docs", page_for_people),
    ])
}

pub(super) fn describe(api: &mut Api) {
    api.family("Description", "What this is.");
    api.route("/api/openapi.json").on("get", "This description, for programs", |get| {
        get.answers::<Document>(200, "An OpenAPI 3.1 document").revalidates()
    });
    api.route("/api/docs").on("get", "This description, for people", |get| {
        get.media(200, &["text/html"], "A page that needs nothing from elsewhere")
    });
}

/// Any JSON object.
#[derive(schemars::JsonSchema)]
#[schemars(inline)]
struct Document {}

fn write<'a>(context: &Context, written: &'a Written) -> &'a (Value, String) {
    written.get_or_init(|| {
        let mut api = Api::new();
        for (_, describe) in FAMILIES {
            describe(&mut api);
        }
        let document = api.finish(&context.served);
        let page = page::render(&document);
        (document, page)
    })
}

async fn document_for_programs(context: Context, written: Written, request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    precondition::answer(&request, &write(&context, &written).0, None)
}

async fn page_for_people(context: Context, written: Written, request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let (_, page) = write(&context, &written);
    let mut response = precondition::tagged(Response::new(page.clone().into()), Fingerprint::of(page));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}
