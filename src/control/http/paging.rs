//! Long lists in parts.
//!
//! `limit` says how many entries a part has at most; `next` in the answer is the `cursor` that gets the part after it,
//! and is absent in the last one. Without `limit` the whole list is answered: no list has more than 1000 entries.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Problem, request::Query};

/// The query parameters by which a part is asked for.
pub(super) const PARAMETERS: [&str; 2] = ["limit", "cursor"];
/// Entries that a list has at most.
pub(super) const MOST: usize = 1000;

/// The way to the next part.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Next {
    /// The `cursor` of the next part; absent in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// The part of `list` that a query asks for.
pub(super) fn part<'a, T>(list: &'a [T], query: &Query, id: impl Fn(&T) -> &str) -> Result<(&'a [T], Next), Problem> {
    let (part, _, next) = part_by(list, query, |_, entry| id(entry).into())?;
    Ok((part, next))
}

/// The same of entries that are told apart by `name`, which knows their places, with the place of the first of them.
pub(super) fn part_by<'a, T>(
    list: &'a [T],
    query: &Query,
    name: impl for<'t> Fn(usize, &'t T) -> Cow<'t, str>,
) -> Result<(&'a [T], usize, Next), Problem> {
    let limit: Option<usize> = query.value("limit", format_args!("a number from 1 to {MOST}"))?;
    if limit.is_some_and(|limit| !(1..=MOST).contains(&limit)) {
        return Err(Problem::bad_request(format!("query parameter `limit`: expected a number from 1 to {MOST}")));
    }
    let begin = match query.text("cursor") {
        None => 0,
        Some(cursor) => {
            let is_named = |(at, entry): (usize, &T)| (name(at, entry) == cursor).then_some(at + 1);
            list.iter().enumerate().find_map(is_named).ok_or_else(|| {
                Problem::bad_request("query parameter `cursor`: the list has changed; begin again without a cursor")
            })?
        }
    };
    let rest = &list[begin..];
    let part = &rest[..limit.unwrap_or(rest.len()).min(rest.len())];
    let last = begin + part.len();
    let next = part.last().filter(|_| part.len() < rest.len()).map(|entry| name(last - 1, entry).into_owned());
    Ok((part, begin, Next { next }))
}
