//! Stage `diff`.
