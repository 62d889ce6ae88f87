//! Stage `edit`.
