//! What was measured of the way to viewers: announced by `stream-manager latency`, and exported among the metrics.

use components::{
    document::{Fault, Fingerprint},
    id::check_id,
};
use serde_json::json as object;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{
    Context, Problem, Request, body, endpoint, json,
    openapi::Api,
    precondition::{self, Expected, tagged},
    request::{Segment, named},
};
use crate::telemetry::LatencyReport;

/// `…/latency/:output`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("latency" / Segment)).map(named).boxed();
    endpoint(context, path, "/api/stream/latency/:output", latency)
}

pub(super) fn describe(api: &mut Api) {
    let found = object!({
        "beats": 10, "delay": 0.42, "longestDelay": 0.51, "avOffset": 0.004, "furthestAvOffset": -0.011,
    });
    api.family("Latency", "How long pictures take to viewers, and how far sound and picture are apart there.");
    api.route("/api/stream/latency/:output")
        .parameter("output", "program", "The name of what was measured: the label `output` of the metrics")
        .on("get", "What was measured last", |get| {
            get.answers::<LatencyReport>(200, "The last measurement since the service started")
                .revalidates()
                .refuses(404, "Nothing was announced under this name")
        })
        .on("put", "Announce a measurement", |put| {
            put.about(
                "`stream-manager latency --announce` does this. The metrics `latency_…` have it from then on, until the \
                 service ends.",
            )
            .body::<LatencyReport>(&found)
            .answers::<LatencyReport>(200, "It is exported")
            .tagged()
            .conditional()
            .creates()
            .refuses(404, "`If-Match` was sent, and nothing was announced under this name")
            .refuses(409, "There are too many names")
        })
        .on("delete", "Forget what was measured", |delete| {
            delete
                .conditional()
                .answers::<LatencyReport>(200, "It is not exported any more; this is what it was")
                .refuses(404, "Nothing was announced under this name")
        });
}

/// What cannot be in one measurement.
fn faults(report: &LatencyReport) -> Vec<Fault> {
    let LatencyReport { delay, longest_delay, av_offset, furthest_av_offset, .. } = *report;
    let fault = |pointer: &str, found: f64, expected: String| Fault {
        place: None,
        pointer: pointer.to_owned(),
        found: found.to_string(),
        expected,
        nearest: None,
    };
    let mut faults = Vec::new();
    if longest_delay < delay {
        let expected = format!("at least the median in `delay`, {delay}");
        faults.push(fault("/longestDelay", longest_delay, expected));
    }
    if furthest_av_offset.abs() < av_offset.abs() {
        let expected = format!("at least as far from 0 as the median in `avOffset`, {av_offset}");
        faults.push(fault("/furthestAvOffset", furthest_av_offset, expected));
    }
    faults
}

async fn latency(context: Context, output: String, request: Request) -> Result<Response, Problem> {
    let unknown = || Problem::not_found(format!("nothing was measured under the name `{output}`"));
    if check_id(&output).is_err() {
        return Err(Problem::not_found("the name of a measurement is 1 to 64 letters, digits, `_`, `-` or `.`"));
    }
    request.query.only(&[])?;
    match request.method {
        Method::PUT => {
            let expected = Expected::of(&request)?;
            let report: LatencyReport = body::document(request).await?;
            let faults = faults(&report);
            if !faults.is_empty() {
                return Err(Problem::invalid(faults));
            }
            let mut status = StatusCode::OK;
            context.metrics.set_latency(&output, report, |present| match present {
                Some(present) => expected.check(Fingerprint::of(present)),
                None if matches!(expected, Expected::Anything | Expected::Absent) => {
                    status = StatusCode::CREATED;
                    Ok(())
                }
                None => Err(unknown()),
            })?;
            Ok(tagged(json(status, &report)?, Fingerprint::of(&report)))
        }
        Method::DELETE => {
            let expected = Expected::of(&request)?;
            let present = context.metrics.latency(&output).ok_or_else(unknown)?;
            expected.check(Fingerprint::of(&present))?;
            json(StatusCode::OK, &context.metrics.forget_latency(&output).ok_or_else(unknown)?)
        }
        _ if request.reads() => {
            precondition::answer(&request, &context.metrics.latency(&output).ok_or_else(unknown)?, None)
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, DELETE")),
    }
}
