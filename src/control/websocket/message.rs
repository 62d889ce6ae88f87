//! Writing what the service says.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::said::RequestId;
use crate::{control::Problem, engine::StreamEvent};

/// A text on its way to a client. A large part of it can be in the texts of many clients, and is in memory once then.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// What it begins with, which it has for itself.
    pub(super) begin: Bytes,
    /// What follows.
    pub(super) middle: Bytes,
    /// What it ends with.
    pub(super) end: &'static str,
}

impl Text {
    /// Bytes of all of it.
    pub(super) fn len(&self) -> usize {
        self.begin.len() + self.middle.len() + self.end.len()
    }

    /// Its parts in their order. A small one is of one part.
    pub(super) fn parts(self, small: usize) -> [Bytes; 3] {
        let Self { begin, middle, end } = self;
        if begin.len() + middle.len() + end.len() <= small {
            let whole = if middle.is_empty() && end.is_empty() {
                begin
            } else {
                [&*begin, &middle, end.as_bytes()].concat().into()
            };
            return [whole, Bytes::new(), Bytes::new()];
        }
        [begin, middle, Bytes::from_static(end.as_bytes())]
    }
}

impl From<Utf8Bytes> for Text {
    fn from(text: Utf8Bytes) -> Self {
        Self { begin: text.into(), ..Self::default() }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { begin: text.into(), ..Self::default() }
    }
}

/// A message: a type beside the fields of what it tells.
#[derive(Serialize)]
struct Message<'a, T> {
    r#type: &'static str,
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    request: Option<&'a RequestId>,
    #[serde(flatten)]
    told: &'a T,
}

/// Writes a message.
pub(super) fn message(r#type: &'static str, told: &impl Serialize) -> String {
    answer(r#type, None, told)
}

/// Writes a message that answers one of the client's.
pub(super) fn answer(r#type: &'static str, request: Option<&RequestId>, told: &impl Serialize) -> String {
    // Everything that is told is made of strings, finite numbers and maps with string keys, which always serialise.
    serde_json::to_string(&Message { r#type, request, told }).unwrap_or_default()
}

/// Tells that something asked for was not done.
pub(super) fn refusal(request: Option<&RequestId>, problem: &Problem) -> Utf8Bytes {
    told_problem(request, serde_json::to_value(problem.document()).unwrap_or_default())
}

/// The same of a problem that is a document already.
pub(super) fn told_problem(request: Option<&RequestId>, mut told: Value) -> Utf8Bytes {
    if let Some(fields) = told.as_object_mut() {
        // A problem's type is another thing than a message's, and says nothing.
        fields.shift_remove("type");
    }
    answer("error", request, &told).into()
}

/// The message that tells an event.
pub(super) fn event(event: &StreamEvent) -> Utf8Bytes {
    #[derive(Serialize)]
    struct Failed<'a> {
        detail: &'a str,
    }
    match event {
        StreamEvent::Error { message: detail } => message("error", &Failed { detail }).into(),
        event => message("streamEvent", event).into(),
    }
}

/// Tells that events were left out.
pub(super) fn missed(count: u64) -> Utf8Bytes {
    #[derive(Serialize)]
    struct Missed {
        count: u64,
    }
    message("missed", &Missed { count }).into()
}
