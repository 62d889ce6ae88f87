//! Where the stream goes: outputs are added, changed, started, stopped and removed while it runs.
//!
//! A single output's `GET` answers its document, which `PUT` takes back unchanged: what is secret in its address is shown as
//! `***`, and sent back like that it stays what it is. Answers to edits are `{ "persisted": …, "output": …, "status": … }`:
//! whether the change is in the store by now, the output as it is then, and how it is doing. What becomes of its connection
//! comes later, as its status and as events.
//!
//! To add, change and remove outputs takes the scope `admin`: it makes this machine connect to others and write files. To
//! start and stop them takes `control`.

use components::document::Fault;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json as object;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, Method, StatusCode, header},
    reply::Response,
};

use super::{
    Context, Problem, Request, at_tick, body, endpoint, first_of, json,
    openapi::Api,
    precondition::{self, Expected, tagged},
    request::{Segment, named},
};
use crate::{
    config::{Changed, OutputChange, OutputDocument, OutputId, OutputRefused, Present},
    engine::OutputStatus,
};

/// `…/outputs`, `…/outputs/:id`, `…/outputs/:id/start`, `…/outputs/:id/stop`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("outputs")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("outputs" / Segment)).map(named).boxed();
    let start = base.clone().and(warp::path!("outputs" / Segment / "start")).map(named).boxed();
    let stop = base.clone().and(warp::path!("outputs" / Segment / "stop")).map(named).boxed();
    first_of([
        endpoint(context, all, "/api/stream/outputs", collection),
        endpoint(context, one, "/api/stream/outputs/:id", output),
        endpoint(context, start, "/api/stream/outputs/:id/start", |context, id, request| {
            steer(context, id, request, OutputChange::Start)
        }),
        endpoint(context, stop, "/api/stream/outputs/:id/stop", |context, id, request| {
            steer(context, id, request, OutputChange::Stop)
        }),
    ])
}

pub(super) fn describe(api: &mut Api) {
    let new = object!({ "id": "second", "url": "rtmp://live.example.com/app/STREAM-KEY" });
    api.family("Outputs", "Where the stream goes: platforms, files, viewers of this service.");
    api.route("/api/stream/outputs")
        .on("get", "All outputs, and how each is doing", |get| get.answers::<List>(200, "In the order of ids"))
        .on("post", "Add an output", |post| {
            post.about("It opens at once if the stream is on air; the others go on as before. Takes the scope `admin`.")
                .body::<OutputDocument>(&new)
                .answers::<Edited>(201, "The output as it is now")
                .ticks()
                .tagged()
                .locates()
                .refuses(409, "The id is taken, another output sends there already, or there are 32 of them")
                .refuses(503, "An output of this id, or too many, were removed and still finish what they have")
        });
    api.route("/api/stream/outputs/:id")
        .parameter("id", "archive", "The output")
        .on("get", "An output", |get| {
            get.answers::<OutputDocument>(200, "The output's document, as `PUT` takes it")
                .revalidates()
                .refuses(404, "There is no such output")
        })
        .on("put", "Add an output, or put another document in the place of its own", |put| {
            put.about(
                "An output that sends elsewhere from now on finishes first what it has. An address with `***`, as it is \
                 shown, is the present one. Takes the scope `admin`.",
            )
            .body::<OutputDocument>(&object!({ "id": "archive", "url": "recordings/archive.mkv", "enabled": false }))
            .answers::<Edited>(200, "The output as it is now")
            .ticks()
            .tagged()
            .conditional()
            .creates()
            .refuses(404, "`If-Match` was sent, and there is no such output")
            .refuses(409, "Another output sends there already, or there are 32 of them")
            .refuses(503, "An output of this id, or too many, were removed and still finish what they have")
        })
        .on("patch", "Change parts of an output", |patch| {
            patch
                .about("Takes the scope `admin`.")
                .patch(&object!({ "retry": { "attempts": 20 } }))
                .answers::<Edited>(200, "The output as it is now")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, "There is no such output")
                .refuses(409, "Another output sends there already")
        })
        .on("delete", "Remove an output", |delete| {
            delete
                .about(
                    "It finishes what it has: its status is told until that is done, and then `outputRemoved`. Takes the \
                     scope `admin`.",
                )
                .answers::<Removed>(200, "It sends nothing more")
                .ticks()
                .conditional()
                .refuses(404, "There is no such output")
        });
    let verbs = [
        ("start", "Let an output send", "One that has given up, or waits to try again, tries at once."),
        ("stop", "Have an output send nothing until it is started", "It finishes what it has."),
    ];
    for (verb, summary, about) in verbs {
        api.route(&format!("/api/stream/outputs/:id/{verb}")).parameter("id", "archive", "The output").on(
            "post",
            summary,
            |post| {
                post.about(about)
                    .answers::<Edited>(200, "The output as it is now")
                    .ticks()
                    .tagged()
                    .conditional()
                    .refuses(404, "There is no such output")
            },
        );
    }
}

/// What `GET …/outputs` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OutputList")]
struct List {
    outputs: Vec<Listed>,
}

/// An output, and how it is doing.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ListedOutput")]
struct Listed {
    #[serde(flatten)]
    document: OutputDocument,
    /// How it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<OutputStatus>,
}

/// What an edit of an output answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OutputEdited")]
struct Edited {
    /// The first tick after it: outputs get its frame by what they are now.
    tick: u64,
    /// Whether it is in the store, so that it is so after a restart too.
    persisted: bool,
    /// The output as it is now.
    output: OutputDocument,
    /// How it is doing. What the edit leads to comes later.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<OutputStatus>,
}

/// What the removal of an output answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OutputRemoved")]
struct Removed {
    /// The first tick after it.
    tick: u64,
    /// Whether it is in the store, so that it is so after a restart too.
    persisted: bool,
}

fn status_of(context: &Context, id: &OutputId) -> Option<OutputStatus> {
    context.engine.outputs().into_iter().find(|status| status.id == id.as_str())
}

async fn collection(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    match request.method {
        Method::GET | Method::HEAD => {
            let listed = |document: OutputDocument| Listed { status: status_of(&context, &document.id), document };
            let outputs = context.outputs.list().await.into_iter().map(listed).collect();
            json(StatusCode::OK, &List { outputs })
        }
        Method::POST => create(&context, request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, POST")),
    }
}

async fn create(context: &Context, request: Request) -> Result<Response, Problem> {
    Expected::no_version(&request)?;
    let document: OutputDocument = body::document_of_secrets(request).await?;
    let id = document.id.clone();
    let made = context.outputs.change(&id, |present| match present {
        Some(_) => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("there is an output `{id}` already; choose another id, or change it by PUT or PATCH"),
        )),
        None => Ok(OutputChange::Put(document)),
    });
    let mut response = answer(context, &id, StatusCode::CREATED, made.await??).await?;
    if let Ok(location) = HeaderValue::from_str(&format!("/api/stream/outputs/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn output(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    if request.reads() {
        let Present { document, fingerprint } = context.outputs.get(&id).await?;
        return precondition::answer_version(&request, &document, fingerprint, None);
    }
    let method = request.method.clone();
    if ![Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
        return Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH, DELETE"));
    }
    let id = match method {
        // The id may be a key that was meant for another place.
        Method::PUT => OutputId::new(&id)
            .map_err(|error| Problem::bad_request(format!("found something else than an output's id, {error}")))?,
        _ => parse_id(&id)?,
    };
    let expected = Expected::of(&request)?;
    match method {
        Method::PUT => {
            let document: OutputDocument = body::document_of_secrets(request).await?;
            change(&context, &id, &expected, |_| {
                same_id(&id, &document)?;
                Ok(OutputChange::Put(document))
            })
            .await
        }
        Method::PATCH => {
            let patch = body::patch_of_secrets(request).await?;
            change(&context, &id, &expected, |present| {
                let Some(present) = present else { return Err(unknown()) };
                let document: OutputDocument = body::patched_of_secrets(&present.document, &patch)?;
                same_id(&id, &document)?;
                Ok(OutputChange::Put(document))
            })
            .await
        }
        _ => change(&context, &id, &expected, |_| Ok(OutputChange::Remove)).await,
    }
}

async fn steer(context: Context, id: String, request: Request, verb: OutputChange) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    request.query.only(&[])?;
    let (id, expected) = (parse_id(&id)?, Expected::of(&request)?);
    change(&context, &id, &expected, |_| Ok(verb)).await
}

/// Changes an output if it is as expected.
async fn change(
    context: &Context,
    id: &OutputId,
    expected: &Expected,
    decide: impl FnOnce(Option<&Present>) -> Result<OutputChange, Problem>,
) -> Result<Response, Problem> {
    let mut status = StatusCode::OK;
    let changed = context.outputs.change(id, |present| {
        match present {
            Some(present) => expected.check(present.fingerprint)?,
            None if matches!(expected, Expected::Anything | Expected::Absent) => status = StatusCode::CREATED,
            None => return Err(unknown()),
        }
        decide(present)
    });
    let changed = changed.await??;
    answer(context, id, status, changed).await
}

async fn answer(context: &Context, id: &OutputId, status: StatusCode, changed: Changed) -> Result<Response, Problem> {
    let Changed { present, persisted } = changed;
    let tick = context.engine.next_tick().await;
    let Some(Present { document, fingerprint }) = present else {
        return json(status, &Removed { tick, persisted }).map(|response| at_tick(response, tick));
    };
    let edited = Edited { tick, persisted, output: document, status: status_of(context, id) };
    json(status, &edited).map(|response| tagged(at_tick(response, tick), fingerprint))
}

/// No output can have an id that is none.
fn parse_id(id: &str) -> Result<OutputId, Problem> {
    OutputId::new(id).map_err(|_| unknown())
}

fn unknown() -> Problem {
    OutputRefused::Unknown { nearest: None }.into()
}

fn same_id(id: &OutputId, document: &OutputDocument) -> Result<(), Problem> {
    if document.id == *id {
        return Ok(());
    }
    Err(Problem::invalid(vec![Fault {
        place: None,
        pointer: "/id".to_owned(),
        found: "another id".to_owned(),
        expected: format!("`{id}`, the id in the path: an output's id stays"),
        nearest: None,
    }]))
}
