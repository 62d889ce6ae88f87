//! The last ticks with what each spent, and the last requests, for a flame chart.

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use schemars::JsonSchema;
use serde::Serialize;
use systems::TickReport;

use super::metrics::RequestLabels;

/// Ticks that are kept: half a minute at 30 a second, in less than a megabyte.
const KEPT: usize = 900;
/// Stages of a tick that are kept.
const STAGES: usize = 24;
/// Requests that are kept.
const KEPT_REQUESTS: usize = 1000;
/// The thread that ticks are shown on. Requests are shown on those after it.
const TICKS: u32 = 1;

/// The last ticks and requests. Ticks come from the tick thread, which neither waits nor allocates for it: while somebody
/// reads, ticks are left out.
#[derive(Debug)]
pub(super) struct Trace {
    born: Instant,
    ticks: Mutex<VecDeque<Tick>>,
    requests: Mutex<VecDeque<Request>>,
}

#[derive(Clone, Debug)]
struct Request {
    /// From the trace's beginning to the request's.
    began: Duration,
    spent: Duration,
    labels: RequestLabels,
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
    /// Ticks, each before its stages, and then requests; both in order.
    #[serde(rename = "traceEvents")]
    pub trace_events: Vec<TraceEvent>,
}

/// A span of time in which something was done.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TraceEvent {
    /// What: `tick`, one of its stages, or the method and the route of a request.
    pub name: Cow<'static, str>,
    /// Its kind: `tick` or `request`.
    pub cat: &'static str,
    /// That it has a beginning and an end: `X`.
    pub ph: &'static str,
    /// When it began, in microseconds since the service started.
    pub ts: f64,
    /// How long it took, in microseconds; a request to the head of its answer.
    pub dur: f64,
    /// The process.
    pub pid: u32,
    /// The row that it is shown in: 1 for ticks, and as many after it as there were requests at a time.
    pub tid: u32,
    /// What else is known of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<TraceArguments>,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TraceArguments {
    /// The method in capitals, or `other`.
    pub method: &'static str,
    /// The pattern of the route that answered, such as `/api/stream/layers/:id`, or `none`.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u32,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self { born: Instant::now(), ticks: Mutex::new(VecDeque::with_capacity(KEPT)), requests: Mutex::default() }
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

    /// Keeps a request that has just been answered, after `spent`.
    pub(super) fn note_request(&self, labels: &RequestLabels, spent: Duration) {
        let began = self.born.elapsed().saturating_sub(spent);
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == KEPT_REQUESTS {
            requests.pop_front();
        }
        requests.push_back(Request { began, spent, labels: labels.clone() });
    }

    /// The ticks and requests that are kept. Stages follow one another from the beginning of their tick on.
    pub(super) fn document(&self) -> TraceDocument {
        let ticks: Vec<Tick> = self.ticks.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let mut trace_events = Vec::with_capacity(ticks.len() * (STAGES / 2));
        for tick in &ticks {
            trace_events.push(TraceEvent::of_tick("tick", tick.began, tick.spent));
            let mut from = tick.began;
            for (name, spent) in &tick.stages[..tick.count] {
                trace_events.push(TraceEvent::of_tick(name, from, *spent));
                from += *spent;
            }
        }
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        trace_events.extend(in_rows(requests.into()));
        TraceDocument { display_time_unit: "ms", trace_events }
    }
}

/// Requests in order, each in the first row that is free when it begins: viewers take what overlaps in one row for calls
/// within one another.
fn in_rows(mut requests: Vec<Request>) -> impl Iterator<Item = TraceEvent> {
    requests.sort_by_key(|request| request.began);
    // Until when each row is taken.
    let mut rows: Vec<Duration> = Vec::new();
    requests.into_iter().map(move |Request { began, spent, labels }| {
        let row = rows.iter().position(|until| *until <= began).unwrap_or_else(|| {
            rows.push(Duration::ZERO);
            rows.len() - 1
        });
        rows[row] = began + spent;
        let RequestLabels { method, route, status } = labels;
        TraceEvent {
            name: format!("{method} {route}").into(),
            cat: "request",
            tid: TICKS + 1 + u32::try_from(row).unwrap_or(u32::MAX - TICKS - 1),
            args: Some(TraceArguments { method, route, status }),
            ..TraceEvent::of_tick("", began, spent)
        }
    })
}

impl TraceEvent {
    fn of_tick(name: &'static str, from: Duration, spent: Duration) -> Self {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let (ts, dur) = (micros(from), micros(spent));
        Self { name: name.into(), cat: "tick", ph: "X", ts, dur, pid: 1, tid: TICKS, args: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_at_one_time_are_shown_in_rows_of_their_own() {
        let request = |began: u64, spent: u64, status| Request {
            began: Duration::from_millis(began),
            spent: Duration::from_millis(spent),
            labels: RequestLabels { method: "GET", route: "/a", status },
        };
        // As they were answered: the long one last.
        let requests = vec![request(10, 5, 200), request(20, 5, 404), request(16, 20, 500), request(0, 30, 201)];
        let events: Vec<_> = in_rows(requests).map(|event| (event.args.map(|args| args.status), event.tid)).collect();
        assert_eq!(events, [(Some(201), 2), (Some(200), 3), (Some(500), 3), (Some(404), 4)]);
    }

    #[test]
    fn the_oldest_requests_are_forgotten() {
        let trace = Trace::new();
        for status in 0..=KEPT_REQUESTS as u32 {
            trace.note_request(&RequestLabels { method: "GET", route: "/a", status }, Duration::ZERO);
        }
        let events = trace.document().trace_events;
        assert_eq!(events.len(), KEPT_REQUESTS);
        assert_eq!(events[0].args.as_ref().map(|args| args.status), Some(1));
    }
}
