//! A stream that plays in a browser.

/// Segments in memory.
#[derive(Debug, Default)]
pub struct LiveStore {}
