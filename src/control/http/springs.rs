//! How long springs take, which follows from what pulls and brakes them.

use components::animation::Spring;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json as object;
use warp::{Filter, filters::BoxedFilter, http::StatusCode, reply::Response};

use super::{Context, Problem, Request, endpoint, json, openapi::Api};

/// What a spring is told by, with the least and the greatest number of each, and what it is.
const PARAMETERS: [(&str, f64, f64, &str); 5] = [
    ("stiffness", 0.01, 1e6, "How hard it pulls; 100 if neither it nor `duration` nor `bounce` is given"),
    ("damping", 0.001, 1e6, "How hard it brakes; 10 if absent"),
    ("mass", 0.001, 1e4, "What it pulls; 1 if absent"),
    (
        "duration",
        0.001,
        1000.0,
        "Seconds that it seems to take, instead of the three before; 0.5 if only `bounce` is given",
    ),
    ("bounce", -0.95, 0.95, "How much it swings over; 0 if absent"),
];

/// `GET …/spring?stiffness=…&damping=…&mass=…` or `…?duration=…&bounce=…`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("spring")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/spring", spring)
}

pub(super) fn describe(api: &mut Api) {
    api.family("Springs", "What follows from a spring, before anything is moved by it.");
    api.route("/api/stream/spring").on("get", "How long a spring takes", |get| {
        let get = PARAMETERS.into_iter().fold(get, |get, (name, least, greatest, about)| {
            get.query(name, &object!({ "type": "number", "minimum": least, "maximum": greatest }), about)
        });
        get.about("The spring is told as `spring` of an animation is: in one of the two ways.")
            .answers::<Measured>(200, "The spring, and how long it takes")
            .refuses(400, "A parameter is no number")
            .refuses(422, "There is no such spring, or it takes too long")
    });
}

/// What `GET …/spring` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SpringMeasured")]
struct Measured {
    /// The spring, as it was told.
    spring: Spring,
    /// Seconds until it rests, from a standstill.
    duration: f64,
}

async fn spring(_: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&PARAMETERS.map(|(name, ..)| name))?;
    let [stiffness, damping, mass, duration, bounce] = PARAMETERS.map(|(name, least, greatest, _)| {
        request.query.value(name, format_args!("a number from {least} to {greatest}"))
    });
    let spring = Spring { stiffness: stiffness?, damping: damping?, mass: mass?, duration: duration?, bounce: bounce? };
    let faults = spring.check("");
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    json(StatusCode::OK, &Measured { spring, duration: spring.duration() })
}
