//! How long pictures take to whoever plays them, and how far sound and picture are apart there, as it was measured last.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::gauge::ConstGauge};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sheet::Sheet;

/// Outputs of which measurements are kept.
const MOST_LATENCIES: usize = 32;

/// What a measurement of an output has found; `stream-manager latency` makes and announces one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LatencyReport {
    /// Beats that arrived: one was sent each second.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub beats: u32,
    /// Median seconds from drawing a picture to its being decoded by a player.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub delay: f64,
    /// The longest of them.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub longest_delay: f64,
    /// Median seconds by which sound is later than its picture; negative if it is earlier.
    #[schemars(range(min = -3600.0, max = 3600.0))]
    pub av_offset: f64,
    /// The one of them that is furthest from 0.
    #[schemars(range(min = -3600.0, max = 3600.0))]
    pub furthest_av_offset: f64,
}

/// There are as many outputs of which measurements are kept as there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("measurements of {MOST_LATENCIES} outputs are kept already; delete one that nobody needs")]
pub struct TooManyLatencies;

/// The last measurement of each output, and when it came.
#[derive(Debug, Default)]
pub(super) struct Latencies(Mutex<BTreeMap<String, (Instant, LatencyReport)>>);

impl Latencies {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, (Instant, LatencyReport)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, output: &str) -> Option<LatencyReport> {
        self.all().get(output).map(|(_, report)| *report)
    }

    /// Takes it in if it `may` take the place of the one that is there.
    pub(super) fn set<E: From<TooManyLatencies>>(
        &self,
        output: &str,
        report: LatencyReport,
        may: impl FnOnce(Option<&LatencyReport>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut all = self.all();
        may(all.get(output).map(|(_, report)| report))?;
        if all.len() >= MOST_LATENCIES && !all.contains_key(output) {
            return Err(TooManyLatencies.into());
        }
        all.insert(output.to_owned(), (Instant::now(), report));
        Ok(())
    }

    pub(super) fn remove(&self, output: &str) -> Option<LatencyReport> {
        self.all().remove(output).map(|(_, report)| report)
    }
}

impl Collector for Latencies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let all: Vec<(String, Instant, LatencyReport)> =
            self.all().iter().map(|(output, (at, report))| (output.clone(), *at, *report)).collect();
        let mut out = Sheet(&mut encoder);
        let mut gauge = |name: &str, help: &str, value: &dyn Fn(&LatencyReport, &Instant) -> f64| {
            let values = all.iter().map(|(output, at, report)| (output.as_str(), ConstGauge::new(value(report, at))));
            out.family((name, help), "output", values.collect())
        };
        gauge("latency_beats", "Beats that arrived in the last measurement", &|report, _| report.beats.into())?;
        gauge(
            "latency_delay_seconds",
            "Median time from drawing a picture to its being decoded by a player",
            &|report, _| report.delay,
        )?;
        gauge("latency_longest_delay_seconds", "The longest such time", &|report, _| report.longest_delay)?;
        gauge("latency_av_offset_seconds", "Median time by which sound is later than its picture", &|report, _| {
            report.av_offset
        })?;
        gauge("latency_furthest_av_offset_seconds", "The one of these that is furthest from 0", &|report, _| {
            report.furthest_av_offset
        })?;
        gauge("latency_age_seconds", "Time since it was measured", &|_, at| at.elapsed().as_secs_f64())
    }
}
