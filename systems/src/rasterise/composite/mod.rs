//! composite.
