//! Reading the documents that clients send.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use components::{
    LayerDocument, SceneDocument,
    document::{self, Source, Telling, check_scene},
    edit::{EditRejected, MAX_PATCHED_VALUES, count_values},
};
use futures_util::TryStreamExt as _;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::request::{Body, Request};
use crate::control::{
    Problem,
    batch::LIMITS,
    receiving::{Full, Share},
};

/// The largest document: a layer with all its children.
const LIMIT: usize = 2 << 20;
/// A document up to this size is parsed in less time than it takes to hand it to another thread.
const SMALL: usize = 16 << 10;
/// The media types of JSON documents.
const JSON: &[&str] = &["application/json"];
/// The media types of JSON Merge Patches (RFC 7396).
const PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// A layer's document.
pub(super) async fn layer(request: Request) -> Result<LayerDocument, Problem> {
    // Parsed once more in the rare case of a fault, to tell text that is no JSON from JSON that is no layer.
    let parse = |text: &str| {
        LayerDocument::parse(text, &LIMITS).map_err(|faults| match Source::from_text(text) {
            Ok(_) => Problem::invalid(faults),
            Err(faults) => Problem::malformed(faults),
        })
    };
    required(request, JSON, parse).await
}

/// A scene's document.
pub(super) async fn scene(request: Request) -> Result<SceneDocument, Problem> {
    let parse = |source: Source| {
        let scene: SceneDocument = document::read(&source).map_err(Problem::invalid)?;
        let mut faults = check_scene(&scene, &LIMITS);
        for fault in &mut faults {
            fault.place = source.place(&fault.pointer);
        }
        if faults.is_empty() { Ok(scene) } else { Err(Problem::invalid(faults)) }
    };
    source(request, parse).await
}

/// A document that may be left out; it is the default then.
pub(super) async fn optional<T>(request: Request) -> Result<T, Problem>
where
    T: Default + JsonSchema + DeserializeOwned + Send + 'static,
{
    let parse = |text: &str| {
        if text.trim_ascii().is_empty() {
            return Ok(T::default());
        }
        let source = Source::from_text(text).map_err(Problem::malformed)?;
        document::read(&source).map_err(Problem::invalid)
    };
    parsed(request, JSON, parse).await
}

/// A document that may have secrets in it: its faults do not repeat what was found.
pub(super) async fn document_of_secrets<T>(request: Request) -> Result<T, Problem>
where
    T: JsonSchema + DeserializeOwned + Send + 'static,
{
    let read = |text: &str| {
        let source = Source::told_as(Telling::Discreet, text).map_err(Problem::malformed)?;
        document::read(&source).map_err(Problem::invalid)
    };
    required(request, JSON, read).await
}

/// A document of any other shape.
pub(super) async fn document<T>(request: Request) -> Result<T, Problem>
where
    T: JsonSchema + DeserializeOwned + Send + 'static,
{
    source(request, |source| document::read(&source).map_err(Problem::invalid)).await
}

/// A document that `read` makes something of.
pub(super) async fn source<T: Send + 'static>(
    request: Request,
    read: impl FnOnce(Source) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    required(request, JSON, |text| read(Source::from_text(text).map_err(Problem::malformed)?)).await
}

/// A JSON Merge Patch. What it makes of a document is checked when it is carried out.
pub(super) async fn patch(request: Request) -> Result<Value, Problem> {
    patch_told_as(Telling::Open, request).await
}

/// A patch of what may have secrets in it: its faults do not repeat what was found.
pub(super) async fn patch_of_secrets(request: Request) -> Result<Value, Problem> {
    patch_told_as(Telling::Discreet, request).await
}

async fn patch_told_as(telling: Telling, request: Request) -> Result<Value, Problem> {
    let parse = move |text: &str| {
        let source = Source::told_as(telling, text).map_err(Problem::malformed)?;
        let mut faults = source.faults().to_vec();
        faults.extend(source.repeated_keys());
        if !faults.is_empty() {
            return Err(Problem::malformed(faults));
        }
        let patch = source.value();
        match count_values(&patch) {
            values if values > MAX_PATCHED_VALUES => Err(EditRejected::TooManyValues { values }.into()),
            _ => Ok(patch),
        }
    };
    required(request, PATCH, parse).await
}

/// A document that may have secrets in it with a merge patch applied, checked.
pub(super) fn patched_of_secrets<T: JsonSchema + Serialize + DeserializeOwned>(
    present: &T,
    patch: &Value,
) -> Result<T, Problem> {
    let read = |source: Source| document::read(&source.telling(Telling::Discreet));
    document::read_patched(present, patch, read).map_err(Problem::invalid)
}

/// What `parse` makes of a body that must be there.
async fn required<T: Send + 'static>(
    request: Request,
    types: &'static [&'static str],
    parse: impl FnOnce(&str) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let parse = |text: &str| {
        if text.trim_ascii().is_empty() {
            return Err(Problem::bad_request("the body is empty; send a JSON document"));
        }
        parse(text)
    };
    parsed(request, types, parse).await
}

/// What `parse` makes of a body. A large one takes its time: it is parsed beside the threads that serve everybody, one at a
/// time, and addresses take turns. A small one never waits for it.
async fn parsed<T: Send + 'static>(
    mut request: Request,
    types: &'static [&'static str],
    parse: impl FnOnce(&str) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    check_type(&request.headers, types)?;
    let (bytes, share) = read(&mut request).await?;
    let is_small = bytes.len() <= SMALL;
    let parse = move || {
        let parsed = parse(&utf8(bytes)?);
        drop(share);
        parsed
    };
    if is_small {
        return parse();
    }
    let turn = request.documents.take(request.address).await?;
    let parsing = tokio::task::spawn_blocking(move || {
        let parsed = parse();
        drop(turn);
        parsed
    });
    parsing.await.unwrap_or_else(|error| {
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the document could not be read: {error}")))
    })
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

/// Nothing here unpacks: what is packed is told as such, before it is found to make no sense.
fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    for sent in headers.get_all(header::CONTENT_ENCODING) {
        let sent = sent.to_str().unwrap_or_default();
        if !sent.split(',').all(|coding| coding.trim().eq_ignore_ascii_case("identity")) {
            let detail = format!("found a body with `Content-Encoding: {sent}`; send it as it is, without that header");
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
            return Err(problem.with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
        }
    }
    Ok(())
}

/// The same request with its body, which has been read.
pub(super) fn put_back(request: Request, (bytes, share): (Vec<u8>, Share)) -> Request {
    let body: Body = Box::pin(futures_util::stream::once(std::future::ready(Ok(Bytes::from(bytes)))));
    Request { body, share: Some(share), ..request }
}

/// The whole body of a document, and what it has of the bytes that all may send.
pub(super) async fn read(request: &mut Request) -> Result<(Vec<u8>, Share), Problem> {
    let within = request.receiving.limits().within;
    let is_there = request.share.is_some();
    let mut share = request.share.take().unwrap_or_else(|| request.receiving.begin(request.address));
    let mut parts = Parts::of(request, LIMIT)?;
    in_time(within, async move {
        let mut bytes = Vec::new();
        loop {
            let part = tokio::select! {
                part = parts.next() => part?,
                () = share.lost() => return Err(Full.into()),
            };
            let Some(part) = part else { break };
            if !is_there {
                share.add(part.len())?;
            }
            bytes.extend_from_slice(&part);
        }
        share.complete();
        Ok((bytes, share))
    })
    .await
}

/// A body as it comes in, chunked or not, as long as it is within a limit.
pub(super) struct Parts<'a> {
    body: &'a mut Body,
    limit: usize,
    taken: usize,
}

impl<'a> Parts<'a> {
    /// The parts of a body of up to `limit` bytes.
    ///
    /// # Errors
    /// It is packed, or announced as a larger one: nothing of it has to come for that to be told.
    pub(super) fn of(request: &'a mut Request, limit: usize) -> Result<Self, Problem> {
        check_coding(&request.headers)?;
        let announced = request.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        match announced.and_then(|length| length.parse::<u64>().ok()) {
            Some(length) if length > limit as u64 => Err(too_large(limit)),
            _ => Ok(Self { body: &mut request.body, limit, taken: 0 }),
        }
    }

    /// The next part; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let broke_off = |error| Problem::bad_request(format!("the body broke off: {error}"));
        let Some(part) = self.body.try_next().await.map_err(broke_off)? else { return Ok(None) };
        self.taken += part.len();
        if self.taken > self.limit {
            return Err(too_large(self.limit));
        }
        Ok(Some(part))
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {} MiB", limit >> 20))
}

/// What `reading` of a body comes to, if that is in time.
pub(super) async fn in_time<T>(
    within: Duration,
    reading: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    tokio::time::timeout(within, reading).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, format!("the body was not there within {within:?}")))
    })
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, pin::pin};

    use futures_util::poll;

    use super::*;
    use crate::control::{
        http::request::request,
        receiving::{Receiving, ReceivingLimits},
        turns::Turns,
    };

    fn receiving() -> Receiving {
        Receiving::new(ReceivingLimits::default(), prometheus_client::metrics::gauge::Gauge::default())
    }

    /// A large document waits for its turn; a small one of the same client does not.
    #[tokio::test]
    async fn a_small_document_waits_for_no_large_one() {
        let turns = Turns::new("large documents", 1, 8);
        let sent = async |body: String| {
            let request = request(turns.clone(), receiving());
            warp::test::request().method("PATCH").path("/").body(body).filter(&request).await.unwrap()
        };
        let large = sent(format!(r#"{{ "name": "{}" }}"#, "x".repeat(SMALL))).await;
        let running = turns.take(Ipv4Addr::UNSPECIFIED.into()).await.unwrap();
        let mut waits = pin!(patch(large));
        for _ in 0..20 {
            assert!(poll!(&mut waits).is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(patch(sent(r#"{ "opacity": 1 }"#.to_owned()).await).await, Ok(serde_json::json!({ "opacity": 1 })));
        assert!(poll!(&mut waits).is_pending());
        drop(running);
        assert_eq!(waits.await.unwrap()["name"].as_str().map(str::len), Some(SMALL));
        // It gave its turn back.
        turns.take(Ipv4Addr::UNSPECIFIED.into()).await.unwrap();
    }

    #[tokio::test]
    async fn a_patch_of_too_many_values_is_refused_before_it_goes_anywhere() {
        let body = format!(r#"{{ "x": [0{}] }}"#, ",0".repeat(MAX_PATCHED_VALUES));
        let request = request(Turns::new("large documents", 1, 8), receiving());
        let sent = warp::test::request().method("PATCH").path("/").body(body).filter(&request).await.unwrap();
        let status = patch(sent).await.unwrap_err().into_response().status();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
