//! Stage `place`.
