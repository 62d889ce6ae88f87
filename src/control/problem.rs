//! The one place that turns errors into HTTP statuses and RFC 9457 problem documents.

use components::{
    document::Fault,
    edit::{BatchRejected, EditRejected},
};
use schemars::JsonSchema;
use serde::Serialize;
use systems::assets::AssetRefused;
use warp::{
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use crate::{
    config::{ChangeRefused, OutputRefused},
    engine::{CommandRefused, EngineClosed, StepRefused, Unanswered},
    telemetry::TooManyLatencies,
};

/// Bytes of what is told in words.
const LONGEST: usize = 4000;

/// Why a request was not carried out, as the client gets to know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<Fault>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

/// The document that a problem becomes. Its type is `about:blank`: the status says what kind of problem it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Document<'a> {
    /// `about:blank`.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong and what to do about it, in words for people.
    detail: &'a str,
    /// Each fault of what was sent.
    #[serde(default, skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    /// A problem with a status and words for people, which should say what to do about it.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: shortened(detail.into()), errors: Vec::new(), headers: Vec::new() }
    }

    /// The request itself is wrong: its syntax or its query.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// What is asked for is not there.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The route exists but does not take this method; `allowed` are those that it takes.
    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("this route takes {allowed}"))
            .with_header(header::ALLOW, HeaderValue::from_static(allowed))
    }

    /// The document cannot be read at all.
    pub(super) fn malformed(faults: Vec<Fault>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "").with_faults(faults)
    }

    /// The document can be read but is not valid.
    pub(super) fn invalid(faults: Vec<Fault>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "").with_faults(faults)
    }

    /// The same problem with these faults in the place of its own.
    #[must_use]
    pub(super) fn with_errors(mut self, errors: Vec<Fault>) -> Self {
        if let ([before], [fault]) = (self.errors.as_slice(), errors.as_slice())
            && self.detail == before.to_string()
        {
            self.detail = fault.to_string();
        }
        self.errors = errors;
        self
    }

    fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.detail = match faults.as_slice() {
            [fault] => shortened(fault.to_string()),
            faults => format!("the document has {} faults", faults.len()),
        };
        self.errors = faults;
        self
    }

    /// The same problem of a part of the document, which is at `pointer` in it: what the client sent was the part.
    #[must_use]
    pub(super) fn within(mut self, pointer: &str) -> Self {
        for fault in &mut self.errors {
            let inside = fault.pointer.strip_prefix(pointer).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            if let Some(inside) = inside {
                fault.pointer = inside.to_owned();
            }
        }
        if let [fault] = self.errors.as_slice() {
            self.detail = fault.to_string();
        }
        self
    }

    /// It would work in a moment.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// The same problem with one more header on its answer.
    #[must_use]
    pub(super) fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What the client is told.
    pub(super) fn document(&self) -> Document<'_> {
        Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Problem"),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
        }
    }

    /// The answer to the request.
    #[must_use]
    pub fn into_response(self) -> Response {
        // Strings and numbers always serialise; were they not to, the status would still tell.
        let body = serde_json::to_string(&self.document()).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

/// Words for people, cut off where they repeat more of what was sent than anybody reads.
fn shortened(mut detail: String) -> String {
    if detail.len() > LONGEST {
        let mut end = LONGEST;
        while !detail.is_char_boundary(end) {
            end -= 1;
        }
        detail.truncate(end);
        detail.push('…');
    }
    detail
}

impl From<EditRejected> for Problem {
    fn from(rejected: EditRejected) -> Self {
        let detail = rejected.to_string();
        match rejected {
            EditRejected::UnknownLayer { .. }
            | EditRejected::UnknownTimeline { .. }
            | EditRejected::UnknownTrigger { .. }
            | EditRejected::UnknownTrack { .. }
            | EditRejected::UnknownScene { .. }
            | EditRejected::UnknownAsset { .. } => Self::not_found(detail),
            EditRejected::OtherVersion { present } | EditRejected::Exists { present } => {
                let problem = Self::new(StatusCode::PRECONDITION_FAILED, detail);
                match present.and_then(|present| HeaderValue::from_str(&format!("\"{present}\"")).ok()) {
                    Some(tag) => problem.with_header(header::ETAG, tag),
                    None => problem,
                }
            }
            EditRejected::InUse { faults } | EditRejected::AssetInUse { faults } => {
                Self { errors: faults, ..Self::new(StatusCode::CONFLICT, detail) }
            }
            EditRejected::DuplicateLayer { .. }
            | EditRejected::NotAGroup { .. }
            | EditRejected::IntoItself { .. }
            | EditRejected::OnAir { .. } => Self::new(StatusCode::CONFLICT, detail),
            EditRejected::TooManyLayers { .. } | EditRejected::TooManyScenes { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            EditRejected::TooManyValues { .. } | EditRejected::TooMuchWork { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
            }
            EditRejected::Invalid { faults } => Self::invalid(faults),
            EditRejected::Busy | EditRejected::TooManyWait { .. } | EditRejected::TooMuchDue { .. } => {
                Self::unavailable(detail)
            }
            EditRejected::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, detail),
        }
    }
}

impl From<BatchRejected> for Problem {
    /// As if the edit that is to blame had come alone: faults count from its own document.
    fn from(rejected: BatchRejected) -> Self {
        rejected.reason.into()
    }
}

impl From<ChangeRefused> for Problem {
    fn from(refused: ChangeRefused) -> Self {
        match refused {
            ChangeRefused::Invalid(faults) => Self::invalid(faults),
            ChangeRefused::Unavailable(reason) => Self::unavailable(reason),
        }
    }
}

impl From<OutputRefused> for Problem {
    fn from(refused: OutputRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            OutputRefused::Unknown { .. } => Self::not_found(detail),
            OutputRefused::Invalid(faults) => Self::invalid(faults),
            OutputRefused::SamePlace(_) | OutputRefused::TooMany => Self::new(StatusCode::CONFLICT, detail),
            OutputRefused::Unavailable(_) => Self::unavailable(detail),
        }
    }
}

impl From<CommandRefused> for Problem {
    fn from(refused: CommandRefused) -> Self {
        Self::new(StatusCode::CONFLICT, refused.to_string())
    }
}

impl From<StepRefused> for Problem {
    fn from(refused: StepRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            StepRefused::NotPaused(_) => Self::new(StatusCode::CONFLICT, detail),
            StepRefused::Busy => Self::unavailable(detail),
            StepRefused::Closed(closed) => closed.into(),
        }
    }
}

impl From<AssetRefused> for Problem {
    fn from(refused: AssetRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            AssetRefused::Unknown { .. } => Self::not_found(detail),
            AssetRefused::InUse { .. } => Self::new(StatusCode::CONFLICT, detail),
        }
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Busy => Self::unavailable(unanswered.to_string()),
            Unanswered::Closed(closed) => closed.into(),
        }
    }
}

impl From<TooManyLatencies> for Problem {
    fn from(full: TooManyLatencies) -> Self {
        Self::new(StatusCode::CONFLICT, full.to_string())
    }
}

impl From<EngineClosed> for Problem {
    fn from(closed: EngineClosed) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, closed.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is told to wait does so; who is told that it is over does not.
    #[test]
    fn who_meets_a_full_mailbox_is_told_to_try_again_and_of_an_engine_that_has_ended_nobody_is() {
        let busy = Problem::from(Unanswered::Busy).into_response();
        assert_eq!((busy.status().as_u16(), busy.headers().contains_key(header::RETRY_AFTER)), (503, true));
        let closed = Problem::from(Unanswered::Closed(EngineClosed)).into_response();
        assert_eq!((closed.status().as_u16(), closed.headers().contains_key(header::RETRY_AFTER)), (503, false));
    }
}
