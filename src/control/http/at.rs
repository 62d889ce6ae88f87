//! Edits for a tick in the future.

use super::{Context, Problem, Request};
use crate::control::batch::check_tick;

/// The tick that an edit is for, if the query names one; it names nothing else.
pub(super) fn at(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    request.query.only(&["at"])?;
    when(context, request)
}

/// The tick that an edit is for, if the query names one.
pub(super) fn when(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    let Some(at) = request.query.value("at", "the number of a tick")? else { return Ok(None) };
    check_tick(&context.engine, at)
        .map_err(|expected| Problem::bad_request(format!("query parameter `at`: found `{at}`, expected {expected}")))?;
    Ok(Some(at))
}
