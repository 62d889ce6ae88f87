//! The last ticks with what each spent, for a flame chart.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use schemars::JsonSchema;
use serde::Serialize;
use systems::TickReport;

/// Ticks that are kept: half a minute at 30 a second, in less than a megabyte.
const KEPT: usize = 900;
/// Stages of a tick that are kept.
const STAGES: usize = 24;

/// The last ticks. Fed by the tick thread, which neither waits nor allocates for it: while somebody reads, ticks are left
/// out.
#[derive(Debug)]
pub(super) struct Trace {
    born: Instant,
    ticks: Mutex<VecDeque<Tick>>,
}

#[derive(Clone, Copy, Debug)]
struct Tick {
    /// From the trace's beginning to the tick's.
    began: Duration,
    spent: Duration,
    stages: [(&'static str, Duration); STAGES],
    count: usize,
}

/// Events in the Trace Event Format, as Perfetto, speedscope and the tracing page of Chromium read them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Trace")]
pub struct TraceDocument {
    /// The unit in which viewers show times.
    #[serde(rename = "displayTimeUnit")]
    pub display_time_unit: &'static str,
    /// What happened, in order.
    #[serde(rename = "traceEvents")]
    pub trace_events: Vec<TraceEvent>,
}

/// A span of time in which something was done.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TraceEvent {
    /// What: `tick`, or one of its stages.
    pub name: &'static str,
    /// That it has a beginning and an end: `X`.
    pub ph: &'static str,
    /// When it began, in microseconds since the service started.
    pub ts: f64,
    /// How long it took, in microseconds.
    pub dur: f64,
    /// The process.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self { born: Instant::now(), ticks: Mutex::new(VecDeque::with_capacity(KEPT)) }
    }

    /// Keeps a tick that has just ended and took `spent` in all.
    pub(super) fn note(&self, report: &TickReport, spent: Duration) {
        let began = self.born.elapsed().saturating_sub(spent);
        let mut tick = Tick { began, spent, stages: [("", Duration::ZERO); STAGES], count: 0 };
        for (slot, stage) in tick.stages.iter_mut().zip(&report.stages) {
            *slot = *stage;
            tick.count += 1;
        }
        let Ok(mut ticks) = self.ticks.try_lock() else { return };
        if ticks.len() == KEPT {
            ticks.pop_front();
        }
        ticks.push_back(tick);
    }

    /// The ticks that are kept. Stages follow one another from the beginning of their tick on.
    pub(super) fn document(&self) -> TraceDocument {
        let ticks: Vec<Tick> = self.ticks.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let event = |name, from: Duration, spent: Duration| TraceEvent {
            name,
            ph: "X",
            ts: micros(from),
            dur: micros(spent),
            pid: 1,
            tid: 1,
        };
        let mut trace_events = Vec::with_capacity(ticks.len() * (STAGES / 2));
        for tick in &ticks {
            trace_events.push(event("tick", tick.began, tick.spent));
            let mut from = tick.began;
            for (name, spent) in &tick.stages[..tick.count] {
                trace_events.push(event(name, from, *spent));
                from += *spent;
            }
        }
        TraceDocument { display_time_unit: "ms", trace_events }
    }
}
