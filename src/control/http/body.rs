//! Reading the documents that clients send.

use std::time::Duration;

use components::{LayerDocument, document::Fault};
use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::request::Request;
use crate::control::Problem;

/// The largest document: a layer with all its children.
const LIMIT: usize = 2 << 20;
/// A body must be there within this time.
const WITHIN: Duration = Duration::from_secs(30);

/// The media types of JSON documents.
const JSON: &[&str] = &["application/json"];
/// The media types of JSON Merge Patches (RFC 7396).
const PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// A layer's document.
pub(super) async fn layer(request: Request) -> Result<LayerDocument, Problem> {
    document(request).await
}

/// A JSON document of any other shape.
pub(super) async fn document<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let value = json(request, JSON).await?;
    serde_json::from_value(value).map_err(|error| {
        Problem::invalid(vec![Fault {
            place: None,
            pointer: String::new(),
            found: "a document that does not fit".to_owned(),
            expected: error.to_string(),
            nearest: None,
        }])
    })
}

/// A JSON Merge Patch.
pub(super) async fn patch(request: Request) -> Result<Value, Problem> {
    json(request, PATCH).await
}

async fn json(request: Request, types: &'static [&'static str]) -> Result<Value, Problem> {
    check_type(&request.headers, types)?;
    let bytes = read(request).await?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))
}

/// A missing type passes: what is not JSON is found out at once.
fn check_type(headers: &HeaderMap, types: &'static [&'static str]) -> Result<(), Problem> {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let sent = sent.to_str().unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if types.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    let detail = format!("found a body of type `{sent}`, expected `{}`", types.join("` or `"));
    let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
    Err(match HeaderValue::from_str(&types.join(", ")) {
        Ok(accepted) => problem.with_header(header::ACCEPT, accepted),
        Err(_) => problem,
    })
}

/// The whole body, if it is within the limit and in time, chunked ones included.
async fn read(request: Request) -> Result<Vec<u8>, Problem> {
    let mut body = request.body;
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(chunk) = body.try_next().await.transpose() {
            let chunk = chunk.map_err(|error| Problem::bad_request(format!("the body broke off: {error}")))?;
            if bytes.len() + chunk.len() > LIMIT {
                let detail = format!("the body is larger than {} MiB", LIMIT >> 20);
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(WITHIN, reading).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, format!("the body was not there within {WITHIN:?}")))
    })
}
