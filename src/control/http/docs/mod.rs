//! The description of the API: for programs at `/api/openapi.json`, for people at `/api/docs`.

mod page;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use components::document::Fingerprint;
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
type Written = Arc<OnceLock<Description>>;

/// The description, as it is sent: all who are sent it at once share one copy.
struct Description {
    document: Text,
    page: Text,
}

struct Text {
    bytes: Bytes,
    tag: Fingerprint,
}

impl Text {
    fn new(text: String) -> Self {
        Self { tag: Fingerprint::of(&text), bytes: text.into() }
    }

    fn response(&self, media_type: &'static str) -> Response {
        let mut response = Response::new(self.bytes.clone().into());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        response
    }
}

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

fn write<'a>(context: &Context, written: &'a Written) -> &'a Description {
    written.get_or_init(|| {
        let mut api = Api::new();
        for (_, describe) in FAMILIES {
            describe(&mut api);
        }
        let document = api.finish(&context.served);
        Description { page: Text::new(page::render(&document)), document: Text::new(document.to_string()) }
    })
}

async fn document_for_programs(context: Context, written: Written, request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let Description { document, .. } = write(&context, &written);
    precondition::answer_unless_known(&request, document.tag, || Ok(document.response("application/json")))
}

async fn page_for_people(context: Context, written: Written, request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let Description { page, .. } = write(&context, &written);
    let mut response = precondition::tagged(page.response("text/html; charset=utf-8"), page.tag);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}
