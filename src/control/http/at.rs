//! Edits for a tick in the future.

use std::time::Duration;

use super::{Context, Problem, Request};

/// Edits can be set for ticks up to so far ahead: those that wait take memory.
const FARTHEST: Duration = Duration::from_secs(3600);

/// The tick that an edit is for, if the query names one; it names nothing else.
pub(super) fn at(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    request.query.only(&["at"])?;
    when(context, request)
}

/// The tick that an edit is for, if the query names one.
pub(super) fn when(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    let Some(at) = request.query.value("at", "the number of a tick")? else { return Ok(None) };
    let format = context.engine.format();
    let last = context.engine.stats().tick + FARTHEST.as_secs() * u64::from(format.fps);
    if at > last {
        let detail =
            format!("query parameter `at`: found `{at}`, expected a tick within the next hour, up to `{last}`");
        return Err(Problem::bad_request(detail));
    }
    Ok(Some(at))
}
