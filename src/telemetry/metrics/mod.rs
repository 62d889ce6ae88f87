//! The numbers that Prometheus scrapes.
//!
//! Two kinds come together in [`Metrics::encode`]: what is counted as it happens (ticks, requests) lies here; what
//! somebody else knows already (the engine's counters, the outputs' states) is asked for at each scrape.

mod engine;
mod latency;
mod process;
mod sheet;
mod ticks;
mod workers;

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    encoding::{
        EncodeLabelSet,
        text::{encode_eof, encode_registry},
    },
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use systems::TickReport;

pub use self::latency::{LatencyReport, TooManyLatencies};
use self::{
    engine::EngineCollector, latency::Latencies, process::ProcessCollector, ticks::Ticks, workers::PreviewWorkers,
};
use super::{
    LogQueue,
    trace::{Trace, TraceDocument},
};
use crate::engine::{EngineHandle, Part};

const COMMIT_SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
const REQUEST_SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

/// One kind of request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The method in capitals, or `other`.
    pub method: &'static str,
    /// The route's pattern, such as `/api/stream/layers/:id`; never the path itself, of which there are endlessly many.
    pub route: &'static str,
    /// The answer's status code.
    pub status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabel {
    part: &'static str,
}

type RequestSeconds = Family<RouteLabel, Histogram, fn() -> Histogram>;

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    ticks: Arc<Ticks>,
    latencies: Arc<Latencies>,
    trace: Trace,
    requests: Family<RequestLabels, Counter>,
    request_seconds: RequestSeconds,
    commit_seconds: Histogram,
    preview_seconds: Histogram,
    receiving: Gauge,
    stalls: Family<PartLabel, Counter>,
    restarts: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let ticks = Arc::new(Ticks::new());
        let requests = Family::<RequestLabels, Counter>::default();
        let request_seconds: RequestSeconds =
            Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS.iter().copied()));
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&ticks)));
        let latencies = Arc::new(Latencies::default());
        registry.register_collector(Box::new(Arc::clone(&latencies)));
        registry.register_collector(Box::new(ProcessCollector));
        registry.register("http_requests", "HTTP requests that were answered", requests.clone());
        registry.register("http_request_seconds", "Time to the head of an answer", request_seconds.clone());
        let commit_seconds = Histogram::new(COMMIT_SECONDS);
        registry.register(
            "store_commit_seconds",
            "Time that the store took to keep a group of changes",
            commit_seconds.clone(),
        );
        let preview_seconds = Histogram::new(REQUEST_SECONDS);
        registry.register("preview_seconds", "Time to make a picture for previews", preview_seconds.clone());
        let receiving = Gauge::default();
        registry.register(
            "control_receiving_bytes",
            "Bytes of large bodies and WebSocket messages that come in or wait to be read",
            receiving.clone(),
        );
        let stalls = Family::<PartLabel, Counter>::default();
        for part in [Part::Engine, Part::Encoder, Part::Output] {
            drop(stalls.get_or_create_owned(&PartLabel { part: part.as_str() }));
        }
        registry.register("watchdog_stalls", "Times a part did nothing although it should", stalls.clone());
        let restarts = Counter::default();
        registry.register(
            "watchdog_restarts",
            "Times the service started itself anew of late, since a part did not come back",
            restarts.clone(),
        );
        Self {
            registry,
            ticks,
            latencies,
            trace: Trace::new(),
            requests,
            request_seconds,
            commit_seconds,
            preview_seconds,
            receiving,
            stalls,
            restarts,
        }
    }

    /// With what `log` counts.
    #[must_use]
    pub fn with_log(mut self, log: &LogQueue) -> Self {
        let help = "Log lines that were left out, since nobody took them or they could not be written";
        self.registry.register("log_dropped_lines", help, log.dropped());
        self
    }

    /// Counts a tick that took `spent` in all. Waits for no lock and does not allocate: it is called on the tick thread.
    pub fn tick(&self, report: &TickReport, spent: Duration) {
        self.ticks.observe(report, spent);
        self.trace.note(report, spent);
    }

    /// The last ticks with what each spent, and the last requests.
    #[must_use]
    pub fn trace(&self) -> TraceDocument {
        self.trace.document()
    }

    /// How long ago the last tick ended; `None` before the first.
    #[must_use]
    pub fn since_last_tick(&self) -> Option<Duration> {
        self.ticks.since_last()
    }

    /// Counts an answered request.
    pub fn request(&self, labels: &RequestLabels, spent: Duration) {
        // Owned: two guards of one family at a time can deadlock.
        self.requests.get_or_create_owned(labels).inc();
        self.request_seconds.get_or_create_owned(&RouteLabel { route: labels.route }).observe(spent.as_secs_f64());
        self.trace.note_request(labels, spent);
    }

    /// Counts a group of changes that the store has kept.
    pub fn commit(&self, spent: Duration) {
        self.commit_seconds.observe(spent.as_secs_f64());
    }

    /// Counts a picture that was made for previews.
    pub fn preview(&self, spent: Duration) {
        self.preview_seconds.observe(spent.as_secs_f64());
    }

    /// What those who make previews count.
    #[must_use]
    pub fn preview_workers(&self) -> Arc<PreviewWorkers> {
        Arc::clone(self.ticks.preview_workers())
    }

    /// Shows how many bytes of what clients send are held.
    pub fn receiving(&self) -> Gauge {
        self.receiving.clone()
    }

    /// What was measured last of an output; `None` if nothing was announced under this name.
    #[must_use]
    pub fn latency(&self, output: &str) -> Option<LatencyReport> {
        self.latencies.get(output)
    }

    /// Takes in what was measured of an output, if it `may` take the place of what is there.
    ///
    /// # Errors
    /// It may not, or there are too many names.
    pub fn set_latency<E: From<TooManyLatencies>>(
        &self,
        output: &str,
        report: LatencyReport,
        may: impl FnOnce(Option<&LatencyReport>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.latencies.set(output, report, may)
    }

    /// Forgets what was measured of an output, and returns it.
    #[must_use]
    pub fn forget_latency(&self, output: &str) -> Option<LatencyReport> {
        self.latencies.remove(output)
    }

    /// Counts how often the service started itself anew before.
    pub fn restarted(&self, times: u64) {
        self.restarts.inc_by(times);
    }

    /// Counts that a part was found to do nothing although it should.
    pub fn stall(&self, part: Part) {
        self.stalls.get_or_create_owned(&PartLabel { part: part.as_str() }).inc();
    }

    /// All numbers as they are now, in the OpenMetrics text format.
    ///
    /// # Errors
    /// Never in practice: text is written to memory.
    pub fn encode(&self, engine: &EngineHandle) -> Result<String, fmt::Error> {
        let mut asked = Registry::default();
        asked.register_collector(Box::new(EngineCollector(engine.clone())));
        let mut text = String::with_capacity(8 << 10);
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &asked)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}
