//! Requests of one client: whatever HTTP takes, asked for by a message.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use components::document::{Fault, Place};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use warp::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header, uri::PathAndQuery};

use super::{
    message::{Text, answer, refusal, told_problem},
    said::{RequestId, read},
};
use crate::{
    control::{Problem, routes::Answered},
    redact::found,
};

/// A path may be so long, with its query.
const LONGEST_PATH: usize = 2048;

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Asked {
    method: Verb,
    #[schemars(length(max = 2048))]
    path: String,
    if_match: Option<String>,
    if_none_match: Option<String>,
    /// A document.
    #[expect(dead_code, reason = "it is taken before the rest is read, and only has to be known here")]
    body: Option<Value>,
    /// A file, instead of a body in JSON.
    base64: Option<String>,
    content_type: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What is answered.
#[derive(Serialize)]
struct Told<'a> {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    tick: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
}

/// A request, and the field of the message that its body was in.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) request: Request<Bytes>,
    pub(super) part: Part,
}

/// Where the body of a request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In `body`, as JSON.
    Body,
    /// In `base64`, as a file.
    File,
}

/// Reads the fields of a message.
pub(super) fn hear(mut fields: Map<String, Value>) -> Result<Asking, Problem> {
    // What is in it is for the route to read; that there may be one is for the message.
    let body = fields.get_mut("body").map(Value::take);
    let Asked { method, path, if_match, if_none_match, body: _, base64, content_type } = read(fields)?;
    let fault = |pointer: &str, found: &str, expected: &str| {
        let (pointer, found, expected) = (pointer.to_owned(), found.to_owned(), expected.to_owned());
        Problem::invalid(vec![Fault { place: None, pointer, found, expected, nearest: None }])
    };
    let method = match method {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Put => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    };
    let is_path = path.len() <= LONGEST_PATH && path.starts_with('/');
    let expected = "a path such as `/api/stream/start`, percent-encoded where it has to be";
    let Some(uri) = is_path.then(|| path.parse::<PathAndQuery>().ok()).flatten() else {
        return Err(fault("/path", &found(&path), expected));
    };
    let part = if base64.is_some() { Part::File } else { Part::Body };
    let (kind, bytes) = match (body, base64) {
        (Some(_), Some(_)) => {
            return Err(fault("/base64", "a file beside a `body`", "one of them"));
        }
        (Some(body), None) => (content_type.or_else(|| Some("application/json".to_owned())), body.to_string().into()),
        (None, Some(file)) => {
            let Ok(bytes) = BASE64_STANDARD.decode(file) else {
                return Err(fault("/base64", "something else", "base64 (RFC 4648) with padding"));
            };
            (content_type, bytes.into())
        }
        (None, None) => (content_type, Bytes::new()),
    };
    let mut request = Request::new(bytes);
    *request.method_mut() = method;
    *request.uri_mut() = uri.into();
    let headers = [
        (header::CONTENT_TYPE, "/contentType", kind),
        (header::IF_MATCH, "/ifMatch", if_match),
        (header::IF_NONE_MATCH, "/ifNoneMatch", if_none_match),
    ];
    for (name, pointer, value) in headers {
        let Some(value) = value else { continue };
        let Ok(value) = HeaderValue::from_str(&value) else {
            return Err(fault(pointer, "a line break or control character", "a text without them"));
        };
        request.headers_mut().insert(name, value);
    }
    Ok(Asking { request, part })
}

/// Writes what was answered to a request with its body in this part; what is no JSON is for HTTP.
pub(super) fn response(request: Option<&RequestId>, part: Part, answered: &Answered) -> Text {
    let Answered { status, headers, body } = answered;
    if status.is_client_error() || status.is_server_error() {
        return told_problem(request, within(part, serde_json::from_slice(body).unwrap_or_default())).into();
    }
    let is_json = text(headers, &header::CONTENT_TYPE).is_some_and(|kind| kind.contains("json"));
    let document = std::str::from_utf8(body).ok().filter(|_| is_json);
    if document.is_none() && !body.is_empty() {
        let detail = "the answer is no JSON document; ask for it over HTTP";
        return refusal(request, &Problem::new(StatusCode::NOT_ACCEPTABLE, detail)).into();
    }
    let told = Told {
        status: status.as_u16(),
        tick: text(headers, &HeaderName::from_static("stream-tick")).and_then(|tick| tick.parse().ok()),
        etag: text(headers, &header::ETAG),
        location: text(headers, &header::LOCATION),
    };
    let mut message = answer("response", request, &told);
    // Put in as it is: to read large documents would take its time, and to copy them their room for each client.
    if document.is_some_and(|document| !document.is_empty()) && message.pop() == Some('}') {
        message.push_str(",\"body\":");
        return Text { begin: message.into(), middle: body.clone(), end: "}" };
    }
    message.into()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A problem's faults, which are in the body of the request, as those of the message. Lines and columns, which are not those
/// of what the client sent, are left out.
fn within(part: Part, mut problem: Value) -> Value {
    let Some(Value::Array(faults)) = problem.get_mut("errors") else { return problem };
    let mut told = None;
    for fault in faults.iter_mut() {
        let before = printed(fault);
        if let Some(fault) = fault.as_object_mut() {
            fault.shift_remove("line");
            fault.shift_remove("column");
        }
        if let Some(Value::String(pointer)) = fault.get_mut("pointer") {
            *pointer = match part {
                Part::Body => format!("/body{pointer}"),
                // No pointer goes on into a file.
                Part::File => "/base64".to_owned(),
            };
        }
        told = before.zip(printed(fault));
    }
    // The one fault there is is told in words too.
    if let (1, Some((before, after))) = (faults.len(), told)
        && problem["detail"] == before
    {
        problem["detail"] = Value::String(after);
    }
    problem
}

/// A fault in words for people.
fn printed(fault: &Value) -> Option<String> {
    let text = |name: &str| fault.get(name)?.as_str().map(str::to_owned);
    let number = |name: &str| usize::try_from(fault.get(name)?.as_u64()?).ok();
    let place = number("line").zip(number("column")).map(|(line, column)| Place { line, column });
    let (pointer, found, expected) = (text("pointer")?, text("found")?, text("expected")?);
    Some(Fault { place, pointer, found, expected, nearest: text("nearest") }.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &Bytes) -> Answered {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Answered { status: StatusCode::OK, headers, body: body.clone() }
    }

    #[test]
    fn what_many_are_told_is_in_memory_once() {
        let body = Bytes::from(format!("[\"{}\"]", "x".repeat(1 << 20)));
        let told = [(); 3].map(|()| response(None, Part::Body, &answered(&body)));
        for text in &told {
            assert_eq!(text.middle.as_ptr(), body.as_ptr());
            assert!(text.begin.len() < 100);
        }
        let [text, ..] = told;
        let whole: Value = serde_json::from_slice(&text.clone().parts(0).concat()).unwrap();
        assert_eq!((&whole["status"], whole["body"][0].as_str().map(str::len)), (&200.into(), Some(1 << 20)));
        let length = text.len();
        assert_eq!(text.parts(length)[0].len(), length);
    }
}
