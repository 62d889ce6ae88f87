//! Writing metrics that lie in no registry.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// A count under a name of its own, to which nothing is added. Of no kind, since to a counter's name `_total` belongs.
pub(super) struct Count(pub(super) u64);

impl EncodeMetric for Count {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.encode_gauge(&self.0)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Unknown
    }
}

/// Writes metrics one by one.
pub(super) struct Sheet<'a, 'b>(pub(super) &'a mut DescriptorEncoder<'b>);

impl Sheet<'_, '_> {
    pub(super) fn metric(&mut self, name: &str, help: &str, metric: &impl EncodeMetric) -> Result<(), fmt::Error> {
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    pub(super) fn gauge<N>(&mut self, name: &str, help: &str, value: N) -> Result<(), fmt::Error>
    where
        N: prometheus_client::encoding::EncodeGaugeValue,
    {
        self.metric(name, help, &ConstGauge::new(value))
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, value: &AtomicU64) -> Result<(), fmt::Error> {
        self.metric(name, help, &ConstCounter::new(value.load(Ordering::Relaxed)))
    }

    /// One metric for each value of a label; nothing at all when there is none.
    pub(super) fn family<M>(
        &mut self,
        (name, help): (&str, &str),
        label: &str,
        metrics: Vec<(&str, M)>,
    ) -> Result<(), fmt::Error>
    where
        M: EncodeMetric,
    {
        let Some((_, first)) = metrics.first() else { return Ok(()) };
        let kind: MetricType = first.metric_type();
        let mut descriptor = self.0.encode_descriptor(name, help, None, kind)?;
        for (value, metric) in &metrics {
            metric.encode(descriptor.encode_family(&[(label, *value)])?)?;
        }
        Ok(())
    }
}
