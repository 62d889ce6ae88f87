//! A request as routes see it.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    str::{FromStr, Utf8Error},
};

use bytes::Bytes;
use components::document::nearest;
use futures_util::{Stream, TryStreamExt as _};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use warp::{
    Filter, Rejection,
    http::{HeaderMap, Method},
    path::FullPath,
};

use crate::control::{
    Problem,
    receiving::{Receiving, Share},
    turns::Turns,
};

/// The body, as it comes in.
pub(super) type Body = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send + Sync>>;

/// A request whose path has been read.
pub(super) struct Request {
    pub(super) method: Method,
    /// As it was sent.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) query: Query,
    /// Who sent it.
    pub(super) address: IpAddr,
    pub(super) body: Body,
    /// Large documents that are parsed.
    pub(super) documents: Turns,
    /// Large documents that come in.
    pub(super) receiving: Receiving,
    /// What the body has of their bytes, if it has been read already.
    pub(super) share: Option<Share>,
}

/// Reads all of a request but its path.
pub(super) fn request(
    documents: Turns,
    receiving: Receiving,
) -> impl Filter<Extract = (Request,), Error = Rejection> + Clone + Send + Sync + 'static {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    // It is there: every request comes by the front.
    let address = warp::ext::optional().map(|address: Option<IpAddr>| address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
    let head = warp::method().and(warp::path::full()).and(warp::header::headers_cloned());
    head.and(query).and(address).and(warp::body::stream()).map(
        move |method, path: FullPath, headers, query: String, address, body| {
            let query = Query(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect());
            let (path, body, share) = (path.as_str().to_owned(), bytes(body), None);
            let (documents, receiving) = (documents.clone(), receiving.clone());
            Request { method, path, headers, query, address, body, documents, receiving, share }
        },
    )
}

fn bytes<S, B>(body: S) -> Body
where
    S: Stream<Item = Result<B, warp::Error>> + Send + Sync + 'static,
    B: warp::Buf,
{
    Box::pin(body.map_ok(|mut chunk| chunk.copy_to_bytes(chunk.remaining())))
}

/// A place in a list, from 0, as a path names it: one place has one name.
pub(super) fn place(text: &str) -> Option<usize> {
    let place: usize = text.parse().ok()?;
    (place.to_string() == text).then_some(place)
}

/// What stands between two slashes of a path, decoded. A part that is no text is part of no route.
pub(super) struct Segment(String);

impl FromStr for Segment {
    type Err = Utf8Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        percent_decode_str(text).decode_utf8().map(|decoded| Self(decoded.into_owned()))
    }
}

/// The part of a path that a handler wants.
pub(super) fn named(Segment(name): Segment) -> String {
    name
}

/// The id in a path of what may be made there. One that can be none is a mistake, not something that is not there.
pub(super) fn new_id<Id, E: fmt::Display>(
    id: &str,
    kind: &str,
    read: impl FnOnce(String) -> Result<Id, E>,
) -> Result<Id, Problem> {
    read(id.to_owned()).map_err(|error| {
        let found: String = id.chars().take(80).collect();
        Problem::bad_request(format!("found the {kind} `{found}`, {error}"))
    })
}

impl Request {
    /// Whether the request only reads.
    pub(super) fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// What stands behind the `?`.
#[derive(Debug, Serialize)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Refuses names that are not among `known`, and those that come twice: a misspelt one, and all but one of several,
    /// would otherwise have no effect without a word.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if known.contains(&name.as_str()) && self.0[..index].iter().any(|(before, _)| before == name) {
                let detail = format!("the query parameter `{name}` comes more than once; leave only one");
                return Err(Problem::bad_request(detail));
            }
        }
        let Some((name, _)) = self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) else { return Ok(()) };
        let hint = match (nearest(name, known.iter().copied()), known) {
            (Some(nearest), _) => format!("did you mean `{nearest}`?"),
            (None, []) => "this route takes none".to_owned(),
            (None, known) => format!("this route takes `{}`", known.join("`, `")),
        };
        Err(Problem::bad_request(format!("there is no query parameter `{name}`; {hint}")))
    }

    /// The value of a parameter, if it is there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter as something else; `expected` says what it must be.
    pub(super) fn value<T>(&self, name: &str, expected: impl fmt::Display) -> Result<Option<T>, Problem>
    where
        T: FromStr,
    {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = |_| Problem::bad_request(format!("query parameter `{name}`: found `{text}`, expected {expected}"));
        text.parse().map(Some).map_err(wrong)
    }
}
