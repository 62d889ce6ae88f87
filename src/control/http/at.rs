//! Edits for a tick in the future.

use components::edit::At;

use super::{Context, Problem, Request};
use crate::control::batch::tick_of;

/// The tick that an edit is for, if the query names one; it names nothing else.
pub(super) fn at(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    request.query.only(&["at"])?;
    when(context, request)
}

/// The tick that an edit is for, if the query names one.
pub(super) fn when(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    let Some(at) = request.query.value::<At>("at", At::EXPECTED)? else { return Ok(None) };
    tick_of(&context.engine, at)
        .map(Some)
        .map_err(|expected| Problem::bad_request(format!("query parameter `at`: found `{at}`, expected {expected}")))
}
