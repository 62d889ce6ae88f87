//! How the service tells of itself: numbers, log lines, and whether it is well.

mod health;
mod histogram;
mod metrics;
mod tracing;

pub use self::{
    health::{Health, Unready},
    metrics::{Metrics, RequestLabels},
    tracing::{LogFormat, LogLevelHandle, TracingError, init},
};
