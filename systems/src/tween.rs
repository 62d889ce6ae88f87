//! Stage `tween`.
