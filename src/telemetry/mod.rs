//! How the service tells of itself: numbers, log lines, and whether it is well.

mod health;
mod histogram;
mod metrics;
mod trace;
mod tracing;
mod watchdog;

pub use self::{
    health::{Health, Unready},
    metrics::{LatencyReport, Metrics, RequestLabels, TooManyLatencies},
    trace::{TraceArguments, TraceDocument, TraceEvent},
    tracing::{LogFormat, LogLevelHandle, TracingError, init},
    watchdog::Watchdog,
};
