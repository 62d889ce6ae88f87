//! Stage `clock`.
