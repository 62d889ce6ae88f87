//! Reading the documents that clients send.

use std::time::Duration;

use bytes::Bytes;
use components::{
    LayerDocument, SceneDocument,
    document::{self, Source, check_scene},
};
use futures_util::TryStreamExt as _;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::request::{Body, Request};
use crate::control::{Problem, batch::LIMITS};

/// The largest document: a layer with all its children.
const LIMIT: usize = 2 << 20;
/// A body must be there within this time.
const WITHIN: Duration = Duration::from_secs(30);
/// The largest file that can be uploaded.
const LARGEST_FILE: usize = 64 << 20;
/// A file must be there within this time.
const FILE_WITHIN: Duration = Duration::from_secs(300);

/// The media types of JSON documents.
const JSON: &[&str] = &["application/json"];
/// The media types of JSON Merge Patches (RFC 7396).
const PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// A layer's document.
pub(super) async fn layer(request: Request) -> Result<LayerDocument, Problem> {
    let text = text(request, JSON).await?;
    // Parsed once more in the rare case of a fault, to tell text that is no JSON from JSON that is no layer.
    LayerDocument::parse(&text, &LIMITS).map_err(|faults| match Source::from_text(&text) {
        Ok(_) => Problem::invalid(faults),
        Err(faults) => Problem::malformed(faults),
    })
}

/// A scene's document.
pub(super) async fn scene(request: Request) -> Result<SceneDocument, Problem> {
    let source = source(request).await?;
    let scene: SceneDocument = document::read(&source).map_err(Problem::invalid)?;
    let mut faults = check_scene(&scene, &LIMITS);
    for fault in &mut faults {
        fault.place = source.place(&fault.pointer);
    }
    if faults.is_empty() { Ok(scene) } else { Err(Problem::invalid(faults)) }
}

/// A document that may be left out; it is the default then.
pub(super) async fn optional<T: Default + JsonSchema + DeserializeOwned>(mut request: Request) -> Result<T, Problem> {
    check_type(&request.headers, JSON)?;
    let bytes = read(&mut request).await?;
    if bytes.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    let source = Source::from_text(&utf8(bytes)?).map_err(Problem::malformed)?;
    document::read(&source).map_err(Problem::invalid)
}

/// A document of any other shape.
pub(super) async fn document<T: JsonSchema + DeserializeOwned>(request: Request) -> Result<T, Problem> {
    document::read(&source(request).await?).map_err(Problem::invalid)
}

/// A document that is read by somebody else.
pub(super) async fn source(request: Request) -> Result<Source, Problem> {
    Source::from_text(&text(request, JSON).await?).map_err(Problem::malformed)
}

/// A JSON Merge Patch. What it makes of a document is checked when it is carried out.
pub(super) async fn patch(request: Request) -> Result<Value, Problem> {
    let text = text(request, PATCH).await?;
    let source = Source::from_text(&text).map_err(Problem::malformed)?;
    let mut faults = source.faults().to_vec();
    faults.extend(source.repeated_keys());
    if faults.is_empty() { Ok(source.value()) } else { Err(Problem::malformed(faults)) }
}

/// A document with a merge patch applied, checked.
pub(super) fn patched<T: JsonSchema + Serialize + DeserializeOwned>(present: &T, patch: &Value) -> Result<T, Problem> {
    let mut value = serde_json::to_value(present).map_err(|error| Problem::bad_request(error.to_string()))?;
    document::merge_patch(&mut value, patch);
    document::read(&Source::from_value(value)).map_err(Problem::invalid)
}

async fn text(mut request: Request, types: &'static [&'static str]) -> Result<String, Problem> {
    check_type(&request.headers, types)?;
    let bytes = read(&mut request).await?;
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::bad_request("the body is empty; send a JSON document"));
    }
    utf8(bytes)
}

fn utf8(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|error| Problem::bad_request(format!("the body is not UTF-8: {error}")))
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

/// A body that has been read already.
pub(super) fn of(bytes: Vec<u8>) -> Body {
    Box::pin(futures_util::stream::once(std::future::ready(Ok(Bytes::from(bytes)))))
}

/// A file that is an asset.
pub(super) async fn file(mut request: Request) -> Result<Vec<u8>, Problem> {
    let bytes = read_up_to(LARGEST_FILE, FILE_WITHIN, &mut request).await?;
    if bytes.is_empty() { Err(Problem::bad_request("the body is empty; send the file")) } else { Ok(bytes) }
}

/// The whole body of a document.
pub(super) async fn read(request: &mut Request) -> Result<Vec<u8>, Problem> {
    read_up_to(LIMIT, WITHIN, request).await
}

/// The whole body, if it is within the limit and in time, chunked ones included.
async fn read_up_to(limit: usize, within: Duration, request: &mut Request) -> Result<Vec<u8>, Problem> {
    let body = &mut request.body;
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(chunk) = body.try_next().await.transpose() {
            let chunk = chunk.map_err(|error| Problem::bad_request(format!("the body broke off: {error}")))?;
            if bytes.len() + chunk.len() > limit {
                let detail = format!("the body is larger than {} MiB", limit >> 20);
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(within, reading).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, format!("the body was not there within {within:?}")))
    })
}
