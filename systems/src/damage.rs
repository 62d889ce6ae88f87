//! Stage `damage`.
