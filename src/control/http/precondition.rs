//! Optimistic concurrency: which version of a document a client has read, and whether it is still that one.
//!
//! Documents that are read and written have a strong `ETag`, made from what they say. A read with `If-None-Match` of the
//! present one answers 304 without the document. An edit with `If-Match` is carried out only if the document is still one
//! of those, and one with `If-None-Match: *` only if there is none; this is checked on the tick that carries the edit out,
//! so that no other edit can come in between.

use components::{
    Edit,
    document::Fingerprint,
    edit::{DocumentName, EditApplied},
};
use serde::Serialize;
use systems::edit::SceneAfter;
use warp::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, json};

/// Tags that a header may name.
const MOST: usize = 100;

/// What `If-Match` or `If-None-Match` of an edit asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    /// Nothing.
    Anything,
    /// That the document is there.
    Present,
    /// That it is one of these.
    OneOf(Vec<Fingerprint>),
    /// That it is not there: the edit makes it.
    Absent,
}

impl Expected {
    /// What an edit asks for.
    pub(super) fn of(request: &Request) -> Result<Self, Problem> {
        let expected = tags(&request.headers, &header::IF_MATCH)?;
        match (tags(&request.headers, &header::IF_NONE_MATCH)?, &expected) {
            (Self::Anything, _) => Ok(expected),
            (Self::Present, Self::Anything) => Ok(Self::Absent),
            (Self::Present, _) => Err(Problem::bad_request("`If-Match` and `If-None-Match` cannot both be met")),
            _ => Err(Problem::bad_request(
                "header `If-None-Match`: an edit takes `*`, which has it refused if the document is there already; \
                 `If-Match` has it refused if that has changed",
            )),
        }
    }

    /// What is asked for where there is no version to compare: a tag names none, and the request is refused.
    pub(super) fn no_version(request: &Request) -> Result<(), Problem> {
        match tags(&request.headers, &header::IF_MATCH)? {
            Self::OneOf(_) => Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "this route has no version that `If-Match` could name; in a batch the edit `expect` has it refused if a \
                 document has changed",
            )),
            _ => Ok(()),
        }
    }

    /// Whether a document that is there is as it is expected to be.
    pub(super) fn check(&self, present: Fingerprint) -> Result<(), Problem> {
        match self {
            Self::OneOf(tags) if !tags.contains(&present) => {
                Err(components::edit::EditRejected::OtherVersion { present: Some(present) }.into())
            }
            Self::Absent => Err(components::edit::EditRejected::Exists { present: Some(present) }.into()),
            _ => Ok(()),
        }
    }

    /// Whether `document` is as it is expected to be, on the next tick.
    pub(super) async fn met(self, context: &Context, document: DocumentName) -> Result<(), Problem> {
        match self.edit(document) {
            Some(expect) => Ok(context.engine.check(vec![expect]).await.map(drop)?),
            None => Ok(()),
        }
    }

    /// The edit that has a batch refused if `document` is not as expected, if anything is expected of it.
    pub(super) fn edit(self, document: DocumentName) -> Option<Edit> {
        match self {
            Self::Anything => None,
            Self::Present => Some(Edit::Expect { document, etags: None }),
            Self::OneOf(tags) => Some(Edit::Expect { document, etags: Some(tags) }),
            Self::Absent => Some(Edit::ExpectAbsent { document }),
        }
    }
}

/// Carries out an edit of a document if that is as expected.
pub(super) async fn edit(
    context: &Context,
    expected: Expected,
    document: DocumentName,
    edit: Edit,
    at: Option<u64>,
) -> Result<EditApplied, Problem> {
    let edits = expected.edit(document).into_iter().chain([edit]).collect();
    Ok(context.engine.edit(edits, at).await?)
}

/// The same, with what `look` makes of the scene as the edit leaves it: what comes after it, be it on the same tick, is not
/// in there, so that the tag of such a document stands for what its author knows.
pub(super) async fn edit_and_look<T: Send + 'static>(
    context: &Context,
    expected: Expected,
    document: DocumentName,
    edit: Edit,
    at: Option<u64>,
    look: impl FnOnce(&SceneAfter<'_>) -> T + Send + Sync + 'static,
) -> Result<(EditApplied, T), Problem> {
    let edits = expected.edit(document).into_iter().chain([edit]).collect();
    Ok(context.engine.edit_and_look(edits, at, look).await?)
}

/// The status of an answer to an edit: whether it made what it is about.
pub(super) fn status(applied: &EditApplied) -> StatusCode {
    if applied.done.created { StatusCode::CREATED } else { StatusCode::OK }
}

/// Answers a read of a document with the document, or with 304 if the client has it.
pub(super) fn answer(request: &Request, document: &impl Serialize, tick: Option<u64>) -> Result<Response, Problem> {
    answer_version(request, document, Fingerprint::of(document), tick)
}

/// The same for a document of which not all is shown; `present` stands for all of it.
pub(super) fn answer_version(
    request: &Request,
    document: &impl Serialize,
    present: Fingerprint,
    tick: Option<u64>,
) -> Result<Response, Problem> {
    let response = answer_unless_known(request, present, || json(StatusCode::OK, document))?;
    Ok(match tick {
        Some(tick) => at_tick(response, tick),
        None => response,
    })
}

/// The answer that is made, or 304 if the client has what `present` stands for.
pub(super) fn answer_unless_known(
    request: &Request,
    present: Fingerprint,
    make: impl FnOnce() -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let is_known = match tags(&request.headers, &header::IF_NONE_MATCH)? {
        Expected::Anything | Expected::Absent => false,
        Expected::Present => true,
        Expected::OneOf(tags) => tags.contains(&present),
    };
    let response = if is_known {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        make()?
    };
    Ok(tagged(response, present))
}

/// The same answer with the tag of the document that it speaks of. It may be kept, but only used after asking again.
pub(super) fn tagged(mut response: Response, present: Fingerprint) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{present}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

/// The tags in a header (RFC 9110). Those that cannot be ours match nothing; nor do weak ones, as ours are strong.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Expected, Problem> {
    let mut expected = Expected::Anything;
    for value in headers.get_all(name) {
        let wrong = || {
            Problem::bad_request(format!("header `{name}`: expected `*`, or up to {MOST} tags such as `\"0123abcd\"`"))
        };
        let text = value.to_str().map_err(|_| wrong())?.trim();
        if text == "*" {
            return Ok(Expected::Present);
        }
        let mut found = match expected {
            Expected::OneOf(found) => found,
            _ => Vec::new(),
        };
        for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            let quoted = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
            if found.len() == MOST {
                return Err(wrong());
            }
            // A cache compares weakly, which is all that `If-None-Match` asks for.
            let is_comparable = quoted.len() == tag.len() || *name == header::IF_NONE_MATCH;
            found.extend(inner.parse::<Fingerprint>().ok().filter(|_| is_comparable));
        }
        expected = Expected::OneOf(found);
    }
    Ok(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: HeaderName, values: &[&'static str]) -> Result<Expected, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        tags(&headers, &name)
    }

    #[test]
    fn tags_are_read_as_the_specification_has_them() {
        const A: &str = "\"00000000000000000000000000000001\"";
        let of =
            |numbers: &[&str]| Expected::OneOf(numbers.iter().map(|n| n.trim_matches('"').parse().unwrap()).collect());
        let if_match = |values: &[&'static str]| read(header::IF_MATCH, values);
        assert_eq!(if_match(&[]), Ok(Expected::Anything));
        assert_eq!(if_match(&["*"]), Ok(Expected::Present));
        assert_eq!(if_match(&[A]), Ok(of(&[A])));
        assert_eq!(if_match(&["\"foreign\"", " \"00000000000000000000000000000001\" , W/\"x\""]), Ok(of(&[A])));
        assert_eq!(if_match(&["W/\"00000000000000000000000000000001\""]), Ok(of(&[])), "ours are strong");
        assert_eq!(read(header::IF_NONE_MATCH, &["W/\"00000000000000000000000000000001\""]), Ok(of(&[A])));
        for wrong in ["abc", "\"a", "W/abc"] {
            assert!(if_match(&[wrong]).is_err(), "{wrong}");
        }
    }
}
