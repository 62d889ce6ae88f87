//! The numbers that Prometheus scrapes.
//!
//! Two kinds come together in [`Metrics::encode`]: what is counted as it happens (ticks, requests) lies here; what
//! somebody else knows already (the engine's counters, the outputs' states) is asked for at each scrape.

use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeLabelSet, EncodeMetric,
        text::{encode_eof, encode_registry},
    },
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::Histogram,
    },
    registry::Registry,
};
use systems::{TickReport, WorkerLoad, WorkerTotals, assets::AssetStats, clock::SceneEvent};

use super::histogram::DurationHistogram;
use crate::engine::{EngineHandle, OutputState, Transport};

/// A frame has 16.7 ms at 60 frames per second, 33.3 ms at 30; bounds are close where that is decided.
const TICK_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.02, 0.025, 0.033, 0.05, 0.1, 0.25];
const STAGE_SECONDS: &[f64] = &[0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.1];
const COMMIT_SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
const REQUEST_SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

/// Stages that a tick may have. More than this are left out of the metrics, never a reason to allocate on the tick
/// thread.
const STAGES: usize = 24;

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

type RequestSeconds = Family<RouteLabel, Histogram, fn() -> Histogram>;

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    ticks: Arc<Ticks>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: RequestSeconds,
    commit_seconds: Histogram,
    preview_seconds: Histogram,
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
        Self { registry, ticks, requests, request_seconds, commit_seconds, preview_seconds }
    }

    /// Counts a tick that took `spent` in all. Takes no lock and does not allocate: it is called on the tick thread.
    pub fn tick(&self, report: &TickReport, spent: Duration) {
        self.ticks.observe(report, spent);
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
    }

    /// Counts a group of changes that the store has kept.
    pub fn commit(&self, spent: Duration) {
        self.commit_seconds.observe(spent.as_secs_f64());
    }

    /// Counts a picture that was made for previews.
    pub fn preview(&self, spent: Duration) {
        self.preview_seconds.observe(spent.as_secs_f64());
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

/// What the tick thread writes.
#[derive(Debug)]
struct Ticks {
    born: Instant,
    /// Nanoseconds from `born` to the end of the last tick; 0 before the first.
    last: AtomicU64,
    seconds: DurationHistogram,
    /// Filled in the order in which stages are met first; only the tick thread adds to it.
    stages: [OnceLock<(&'static str, DurationHistogram)>; STAGES],
    /// Tiles drawn and tiles there were, in all ticks.
    drawn_tiles: AtomicU64,
    all_tiles: AtomicU64,
    /// Share of the tiles that the last tick drew, as bits of an `f64`.
    damage_ratio: AtomicU64,
    starved: AtomicU64,
    assets: AssetNumbers,
    edits: AtomicU64,
    refused_edits: AtomicU64,
    trigger_errors: AtomicU64,
    render: WorkerClass,
    render_each: Mutex<Arc<[WorkerLoad]>>,
    background: WorkerClass,
    decode: WorkerClass,
    rasters: Rasters,
}

/// What a class of workers has done.
#[derive(Debug, Default)]
struct WorkerClass {
    tasks: AtomicU64,
    /// Nanoseconds.
    busy: AtomicU64,
    panics: AtomicU64,
    queued: AtomicU64,
    threads: AtomicU64,
}

impl WorkerClass {
    fn store(&self, totals: &WorkerTotals) {
        let busy = u64::try_from(totals.busy.as_nanos()).unwrap_or(u64::MAX);
        for (cell, value) in [
            (&self.tasks, totals.tasks),
            (&self.busy, busy),
            (&self.panics, totals.panics),
            (&self.queued, totals.queued),
            (&self.threads, totals.threads),
        ] {
            cell.store(value, Ordering::Relaxed);
        }
    }
}

/// The cached pictures of layers.
#[derive(Debug, Default)]
struct Rasters {
    bytes: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    late: AtomicU64,
    dropped: AtomicU64,
}

impl Ticks {
    fn new() -> Self {
        Self {
            born: Instant::now(),
            last: AtomicU64::new(0),
            seconds: DurationHistogram::new(TICK_SECONDS),
            stages: [const { OnceLock::new() }; STAGES],
            drawn_tiles: AtomicU64::new(0),
            all_tiles: AtomicU64::new(0),
            damage_ratio: AtomicU64::new(0),
            starved: AtomicU64::new(0),
            assets: AssetNumbers::default(),
            edits: AtomicU64::new(0),
            refused_edits: AtomicU64::new(0),
            trigger_errors: AtomicU64::new(0),
            render: WorkerClass::default(),
            render_each: Mutex::new(Arc::default()),
            background: WorkerClass::default(),
            decode: WorkerClass::default(),
            rasters: Rasters::default(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a frame has a few thousand tiles")]
    fn observe(&self, report: &TickReport, spent: Duration) {
        self.seconds.observe(spent);
        for (name, spent) in &report.stages {
            if let Some(histogram) = self.stage(name) {
                histogram.observe(*spent);
            }
        }
        let (drawn, all) = (report.damage.len(), report.damage.capacity());
        self.drawn_tiles.fetch_add(drawn as u64, Ordering::Relaxed);
        self.all_tiles.fetch_add(all as u64, Ordering::Relaxed);
        let ratio = if all == 0 { 0.0 } else { drawn as f64 / all as f64 };
        self.damage_ratio.store(ratio.to_bits(), Ordering::Relaxed);
        self.starved.fetch_add(u64::from(report.starved), Ordering::Relaxed);
        self.assets.observe(&report.assets);
        let refused = report.outcomes.iter().filter(|(_, outcome)| outcome.is_err()).count();
        self.refused_edits.fetch_add(refused as u64, Ordering::Relaxed);
        self.edits.fetch_add((report.outcomes.len() - refused) as u64, Ordering::Relaxed);
        let failed = report.events.iter().filter(|event| matches!(event, SceneEvent::Failed { .. })).count();
        self.trigger_errors.fetch_add(failed as u64, Ordering::Relaxed);
        self.render.store(&report.render);
        *self.render_each.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&report.render_each);
        self.background.store(&report.background);
        self.decode.store(&report.decode);
        self.rasters.bytes.store(report.rasters.bytes, Ordering::Relaxed);
        self.rasters.hits.store(report.rasters.hits, Ordering::Relaxed);
        self.rasters.misses.store(report.rasters.misses, Ordering::Relaxed);
        self.rasters.late.store(report.rasters.late, Ordering::Relaxed);
        self.rasters.dropped.store(report.rasters.dropped, Ordering::Relaxed);
        let now = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last.store(now.max(1), Ordering::Release);
    }

    fn stage(&self, name: &'static str) -> Option<&DurationHistogram> {
        self.stages
            .iter()
            .map(|slot| slot.get_or_init(|| (name, DurationHistogram::new(STAGE_SECONDS))))
            .find_map(|(known, histogram)| (*known == name).then_some(histogram))
    }

    fn encode_workers(&self, out: &mut Sheet<'_, '_>) -> Result<(), fmt::Error> {
        let classes = [("render", &self.render), ("background", &self.background), ("decode", &self.decode)];
        let count = |cell: fn(&WorkerClass) -> &AtomicU64| {
            classes
                .iter()
                .map(|(name, class)| (*name, ConstCounter::new(cell(class).load(Ordering::Relaxed))))
                .collect()
        };
        let level = |cell: fn(&WorkerClass) -> &AtomicU64| {
            classes.iter().map(|(name, class)| (*name, ConstGauge::new(cell(class).load(Ordering::Relaxed)))).collect()
        };
        let busy = classes.iter().map(|(name, class)| {
            (*name, ConstCounter::new(Duration::from_nanos(class.busy.load(Ordering::Relaxed)).as_secs_f64()))
        });
        let label = "class";
        out.family(("worker_tasks", "Pieces of work that workers did"), label, count(|class| &class.tasks))?;
        out.family(("worker_busy_seconds", "Time that workers took for them"), label, busy.collect())?;
        out.family(("worker_panics", "Pieces of work that ended by a panic"), label, count(|class| &class.panics))?;
        out.family(("worker_queue", "Pieces of work that wait"), label, level(|class| &class.queued))?;
        out.family(("worker_threads", "Threads that share the work"), label, level(|class| &class.threads))?;
        let each = Arc::clone(&self.render_each.lock().unwrap_or_else(PoisonError::into_inner));
        let names: Vec<String> = (0..each.len()).map(|worker| worker.to_string()).collect();
        let named = || names.iter().map(String::as_str).zip(each.iter());
        let (label, class) = ("worker", "of the class `render`");
        let tasks = named().map(|(name, load)| (name, ConstCounter::new(load.tasks()))).collect();
        out.family(("render_worker_tasks", &format!("Pieces of work that each worker {class} did")), label, tasks)?;
        let busy = named().map(|(name, load)| (name, ConstCounter::new(load.busy().as_secs_f64()))).collect();
        out.family(("render_worker_busy_seconds", &format!("Time that each worker {class} took for them")), label, busy)
    }

    fn since_last(&self) -> Option<Duration> {
        let last = self.last.load(Ordering::Acquire);
        (last != 0).then(|| self.born.elapsed().saturating_sub(Duration::from_nanos(last)))
    }
}

impl Collector for Ticks {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut out = Sheet(&mut encoder);
        out.metric("stream_tick_seconds", "Time that a tick took, all stages", &self.seconds)?;
        let stages: Vec<_> = self.stages.iter().filter_map(OnceLock::get).map(|(name, h)| (*name, h)).collect();
        out.family(("stream_stage_seconds", "Time that a stage of a tick took"), "stage", stages)?;
        let ratio = f64::from_bits(self.damage_ratio.load(Ordering::Relaxed));
        out.gauge("stream_damage_ratio", "Share of the tiles that the last tick drew", ratio)?;
        out.counter("stream_drawn_tiles", "Tiles that ticks drew", &self.drawn_tiles)?;
        out.counter("stream_tiles", "Tiles that ticks would have drawn without damage tracking", &self.all_tiles)?;
        out.counter("stream_starved_frames", "Pictures that waited for a free frame of the pool", &self.starved)?;
        self.assets.encode(&mut out)?;
        out.counter("stream_edits", "Batches of edits that were carried out", &self.edits)?;
        out.counter("stream_refused_edits", "Batches of edits that were refused", &self.refused_edits)?;
        out.counter(
            "stream_trigger_errors",
            "Triggers that failed, and loops of them that were stopped",
            &self.trigger_errors,
        )?;

        let rasters = &self.rasters;
        let bytes = rasters.bytes.load(Ordering::Relaxed);
        out.gauge("raster_cache_bytes", "Memory of the kept pictures of layers", bytes)?;
        out.counter("raster_cache_hits", "Times a tick needed a layer's picture and had it", &rasters.hits)?;
        out.counter("raster_cache_misses", "Times a layer's picture had to be drawn", &rasters.misses)?;
        out.counter("raster_cache_late", "Times a tick showed an older picture of a layer, or none", &rasters.late)?;
        out.counter("raster_cache_dropped", "Pictures let go of to stay within the memory", &rasters.dropped)?;
        self.encode_workers(&mut out)
    }
}

/// What the scene's assets take and how they do, as of the last tick.
#[derive(Debug, Default)]
struct AssetNumbers {
    bytes: AtomicU64,
    limit: AtomicU64,
    failed: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
    errors: AtomicU64,
}

impl AssetNumbers {
    fn observe(&self, stats: &AssetStats) {
        let AssetStats { bytes, limit, failed, hits, misses, evictions, errors } = *stats;
        self.bytes.store(bytes, Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
        self.failed.store(failed, Ordering::Relaxed);
        self.hits.store(hits, Ordering::Relaxed);
        self.misses.store(misses, Ordering::Relaxed);
        self.evictions.store(evictions, Ordering::Relaxed);
        self.errors.store(errors, Ordering::Relaxed);
    }

    fn encode(&self, out: &mut Sheet<'_, '_>) -> Result<(), fmt::Error> {
        let now = |number: &AtomicU64| number.load(Ordering::Relaxed);
        out.gauge("asset_bytes", "Memory that decoded assets take", now(&self.bytes))?;
        out.gauge("asset_limit_bytes", "Memory that decoded assets may take", now(&self.limit))?;
        out.gauge("asset_failed", "Assets of the scene that cannot be used", now(&self.failed))?;
        out.counter("asset_hits", "Times a layer came to be seen whose asset was in memory", &self.hits)?;
        out.counter("asset_misses", "Times a layer came to be seen whose asset was not", &self.misses)?;
        out.counter("asset_evictions", "Assets that went from memory to make room", &self.evictions)?;
        out.counter("asset_errors", "Times that reading an asset failed", &self.errors)
    }
}

/// Asks the engine at each scrape.
struct EngineCollector(EngineHandle);

impl fmt::Debug for EngineCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineCollector")
    }
}

impl Collector for EngineCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (stats, outputs) = (self.0.stats(), self.0.outputs());
        let live = *self.0.transport().borrow() != Transport::Stopped;
        let mut out = Sheet(&mut encoder);
        out.gauge("stream_live", "1 on air, paused included, 0 off air", u64::from(live))?;
        out.gauge("stream_fps", "Ticks per second over the last second", stats.fps)?;
        out.gauge("stream_target_fps", "Frames per second as configured", u64::from(self.0.format().fps))?;
        out.gauge("stream_layers", "Layers of the scene, groups included", stats.layer_count)?;
        out.gauge("stream_uptime_seconds", "Time since the engine started", stats.uptime.as_secs_f64())?;
        out.gauge("websocket_clients", "Connected WebSocket clients", self.0.clients())?;
        out.metric("stream_frames", "Ticks that ran", &ConstCounter::new(stats.frames))?;
        let dropped = ConstCounter::new(stats.dropped_frames);
        out.metric("stream_dropped_frames", "Ticks that were due and left out", &dropped)?;

        out.gauge(
            "stream_shedding_level",
            "Steps by which the load is reduced, 0 for none",
            stats.shedding.level as u64,
        )?;
        let changes = ConstCounter::new(stats.shedding_changes);
        out.metric("stream_shedding_changes", "Times a step was taken down or up", &changes)?;
        let shed = ConstCounter::new(stats.shed_frames);
        out.metric("stream_shed_frames", "Frames left out to draw the others in time", &shed)?;

        if let Some(store) = self.0.store() {
            out.gauge("store_connected", "1 while the store takes changes", u64::from(store.connected))?;
            out.gauge("store_pending", "Changes that are not in the store yet", store.pending)?;
            let commits = ConstCounter::new(store.commits);
            out.metric("store_commits", "Groups of changes that were written", &commits)?;
            out.metric("store_errors", "Times that writing failed", &ConstCounter::new(store.errors))?;
        }

        let started = outputs.iter().filter(|output| output.state == OutputState::Started).count();
        out.gauge("muxer_active_outputs", "Outputs to which pictures go out", started as u64)?;
        let each = |value: fn(&crate::engine::OutputStatus) -> u64| {
            outputs.iter().map(move |output| (output.id.as_str(), ConstCounter::new(value(output)))).collect::<Vec<_>>()
        };
        let label = "output";
        out.family(("output_bytes", "Encoded bytes handed to an output"), label, each(|o| o.bytes))?;
        out.family(("output_dropped_frames", "Frames an output left out"), label, each(|o| o.dropped_frames))?;
        out.family(("output_reconnects", "Times an output got its peer back"), label, each(|o| o.reconnects))?;
        let up = outputs
            .iter()
            .map(|output| (output.id.as_str(), ConstGauge::new(u64::from(output.state == OutputState::Started))));
        out.family(("output_up", "1 while pictures go out to an output"), label, up.collect())
    }
}

/// Writes metrics one by one.
struct Sheet<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Sheet<'_, '_> {
    fn metric(&mut self, name: &str, help: &str, metric: &impl EncodeMetric) -> Result<(), fmt::Error> {
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    fn gauge<N>(&mut self, name: &str, help: &str, value: N) -> Result<(), fmt::Error>
    where
        N: prometheus_client::encoding::EncodeGaugeValue,
    {
        self.metric(name, help, &ConstGauge::new(value))
    }

    fn counter(&mut self, name: &str, help: &str, value: &AtomicU64) -> Result<(), fmt::Error> {
        self.metric(name, help, &ConstCounter::new(value.load(Ordering::Relaxed)))
    }

    /// One metric for each value of a label; nothing at all when there is none.
    fn family<M>(&mut self, (name, help): (&str, &str), label: &str, metrics: Vec<(&str, M)>) -> Result<(), fmt::Error>
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
