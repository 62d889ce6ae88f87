//! Stage `schedule`.
