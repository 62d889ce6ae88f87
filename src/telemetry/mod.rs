//! How the service tells of itself: numbers, log lines, and whether it is well.

mod health;
mod histogram;
mod log_queue;
mod metrics;
mod trace;
mod tracing;
mod watchdog;

pub use self::{
    health::{Health, Unready},
    log_queue::LogQueue,
    metrics::{LatencyReport, Metrics, RequestLabels, TooManyLatencies},
    trace::{TraceArguments, TraceDocument, TraceEvent},
    tracing::{LogFormat, LogLevelHandle, TracingError, init, log_panics},
    watchdog::Watchdog,
};
