//! What the tick thread tells of each tick.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::counter::ConstCounter};
use systems::{
    TickReport,
    assets::AssetStats,
    caches::CacheCounts,
    clock::SceneEvent,
    rasterise::{Cost, LayerCosts},
};

use super::{
    sheet::Sheet,
    workers::{PreviewWorkers, Workers},
};
use crate::telemetry::histogram::DurationHistogram;

/// A frame has 16.7 ms at 60 frames per second, 33.3 ms at 30; bounds are close where that is decided.
const TICK_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.02, 0.025, 0.033, 0.05, 0.1, 0.25];
const STAGE_SECONDS: &[f64] = &[0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.1];

/// Stages that a tick may have. More than this are left out of the metrics, never a reason to allocate on the tick
/// thread.
const STAGES: usize = 24;
/// Systems that a tick may have, likewise.
const SYSTEMS: usize = 64;

/// What the tick thread writes.
#[derive(Debug)]
pub(super) struct Ticks {
    born: Instant,
    /// Nanoseconds from `born` to the end of the last tick; 0 before the first.
    last: AtomicU64,
    seconds: DurationHistogram,
    /// Filled in the order in which stages are met first; only the tick thread adds to it.
    stages: [OnceLock<(&'static str, DurationHistogram)>; STAGES],
    /// Nanoseconds that each system took; filled likewise.
    systems: [OnceLock<(&'static str, AtomicU64)>; SYSTEMS],
    converting: DurationHistogram,
    layers: DrawCosts<{ LayerCosts::TYPES.len() }>,
    contents: DrawCosts<{ LayerCosts::CONTENTS.len() }>,
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
    stopped_triggers: AtomicU64,
    workers: Workers,
    rasters: Rasters,
    caches: Caches,
}

/// The cached pictures of layers.
#[derive(Debug, Default)]
struct Rasters {
    bytes: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    late: AtomicU64,
    dropped: AtomicU64,
    reduced: AtomicU64,
}

/// How often what is kept was asked for.
#[derive(Debug, Default)]
struct Caches([(AtomicU64, AtomicU64); Caches::NAMES.len()]);

impl Caches {
    /// Decoded assets; which font has a letter; the lines of texts; shapes and pixels of glyphs; the pictures of layers;
    /// of these, and of groups, those with effects.
    const NAMES: [&str; 6] = ["images", "fonts", "lines", "glyphs", "layers", "effects"];

    fn store(&self, report: &TickReport) {
        let (assets, rasters, text) = (&report.assets, &report.rasters, &report.text);
        let counts = [
            CacheCounts { hits: assets.hits, misses: assets.misses },
            text.fonts,
            text.lines,
            text.glyphs,
            CacheCounts { hits: rasters.hits, misses: rasters.misses },
            rasters.effects,
        ];
        for ((hits, misses), counts) in self.0.iter().zip(counts) {
            hits.store(counts.hits, Ordering::Relaxed);
            misses.store(counts.misses, Ordering::Relaxed);
        }
    }

    fn encode(&self, out: &mut Sheet<'_, '_>) -> Result<(), fmt::Error> {
        let count = |cell: fn(&(AtomicU64, AtomicU64)) -> &AtomicU64| {
            let counts = self.0.iter().map(|counts| ConstCounter::new(cell(counts).load(Ordering::Relaxed)));
            Self::NAMES.into_iter().zip(counts).collect()
        };
        out.family(("cache_hits", "Times that what was asked for was kept"), "cache", count(|(hits, _)| hits))?;
        out.family(("cache_misses", "Times that it had to be made"), "cache", count(|(_, misses)| misses))
    }
}

/// What drawing has taken, by kinds of layers.
#[derive(Debug)]
struct DrawCosts<const KINDS: usize> {
    names: [&'static str; KINDS],
    /// Pictures and nanoseconds.
    counts: [(AtomicU64, AtomicU64); KINDS],
}

type Counted = Vec<(&'static str, ConstCounter<u64>)>;
type Spent = Vec<(&'static str, ConstCounter<f64>)>;

impl<const KINDS: usize> DrawCosts<KINDS> {
    fn new(names: [&'static str; KINDS]) -> Self {
        Self { names, counts: std::array::from_fn(|_| Default::default()) }
    }

    fn store(&self, costs: &[Cost; KINDS]) {
        for ((pictures, spent), cost) in self.counts.iter().zip(costs) {
            pictures.store(cost.pictures, Ordering::Relaxed);
            spent.store(u64::try_from(cost.spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    fn families(&self) -> (Counted, Spent) {
        let each = || self.names.into_iter().zip(&self.counts);
        let pictures = each().map(|(name, (count, _))| (name, ConstCounter::new(count.load(Ordering::Relaxed))));
        (pictures.collect(), each().map(|(name, (_, spent))| (name, seconds(spent))).collect())
    }
}

/// Nanoseconds as people read them.
fn seconds(nanoseconds: &AtomicU64) -> ConstCounter<f64> {
    ConstCounter::new(Duration::from_nanos(nanoseconds.load(Ordering::Relaxed)).as_secs_f64())
}

impl Ticks {
    pub(super) fn new() -> Self {
        Self {
            born: Instant::now(),
            last: AtomicU64::new(0),
            seconds: DurationHistogram::new(TICK_SECONDS),
            stages: [const { OnceLock::new() }; STAGES],
            systems: [const { OnceLock::new() }; SYSTEMS],
            converting: DurationHistogram::new(STAGE_SECONDS),
            layers: DrawCosts::new(LayerCosts::TYPES),
            contents: DrawCosts::new(LayerCosts::CONTENTS),
            drawn_tiles: AtomicU64::new(0),
            all_tiles: AtomicU64::new(0),
            damage_ratio: AtomicU64::new(0),
            starved: AtomicU64::new(0),
            assets: AssetNumbers::default(),
            edits: AtomicU64::new(0),
            refused_edits: AtomicU64::new(0),
            trigger_errors: AtomicU64::new(0),
            stopped_triggers: AtomicU64::new(0),
            workers: Workers::default(),
            rasters: Rasters::default(),
            caches: Caches::default(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a frame has a few thousand tiles")]
    pub(super) fn observe(&self, report: &TickReport, spent: Duration) {
        self.seconds.observe(spent);
        for (name, spent) in &report.stages {
            if let Some(histogram) = self.stage(name) {
                histogram.observe(*spent);
            }
        }
        for (name, spent) in &report.systems {
            if let Some(total) = self.system(name) {
                total.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        }
        if !report.converting.is_zero() {
            self.converting.observe(report.converting);
        }
        self.layers.store(&report.costs.types);
        self.contents.store(&report.costs.contents);
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
        self.stopped_triggers.store(report.stopped_triggers as u64, Ordering::Relaxed);
        self.workers.observe(report);
        self.rasters.bytes.store(report.rasters.bytes, Ordering::Relaxed);
        self.rasters.hits.store(report.rasters.hits, Ordering::Relaxed);
        self.rasters.misses.store(report.rasters.misses, Ordering::Relaxed);
        self.rasters.late.store(report.rasters.late, Ordering::Relaxed);
        self.rasters.dropped.store(report.rasters.dropped, Ordering::Relaxed);
        self.rasters.reduced.store(report.rasters.reduced, Ordering::Relaxed);
        self.caches.store(report);
        let now = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last.store(now.max(1), Ordering::Release);
    }

    fn stage(&self, name: &'static str) -> Option<&DurationHistogram> {
        self.stages
            .iter()
            .map(|slot| slot.get_or_init(|| (name, DurationHistogram::new(STAGE_SECONDS))))
            .find_map(|(known, histogram)| (*known == name).then_some(histogram))
    }

    fn system(&self, name: &'static str) -> Option<&AtomicU64> {
        let slots = self.systems.iter().map(|slot| slot.get_or_init(|| (name, AtomicU64::new(0))));
        slots.into_iter().find_map(|(known, total)| (*known == name).then_some(total))
    }

    fn encode_costs(&self, out: &mut Sheet<'_, '_>) -> Result<(), fmt::Error> {
        let systems = self.systems.iter().filter_map(OnceLock::get);
        let systems = systems.map(|(name, total)| (*name, seconds(total)));
        out.family(("stream_system_seconds", "Time that a system of the tick took"), "system", systems.collect())?;
        let help = "Time that turning what a tick drew to I420 took, of all threads together";
        out.metric("stream_convert_seconds", help, &self.converting)?;
        let (pictures, spent) = self.layers.families();
        out.family(("layer_pictures", "Pictures of layers that were drawn, by the layers' type"), "type", pictures)?;
        out.family(("layer_draw_seconds", "Time that drawing them took"), "type", spent)?;
        let (pictures, spent) = self.contents.families();
        out.family(("content_pictures", "Pictures of layers that were drawn, by what they show"), "content", pictures)?;
        out.family(("content_draw_seconds", "Time that drawing them took"), "content", spent)
    }

    /// What those who make previews count.
    pub(super) fn preview_workers(&self) -> &Arc<PreviewWorkers> {
        self.workers.preview()
    }

    pub(super) fn since_last(&self) -> Option<Duration> {
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
        self.encode_costs(&mut out)?;
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
        let stopped = self.stopped_triggers.load(Ordering::Relaxed);
        let help = "Triggers of the scene that do not act any more, since they acted without end";
        out.gauge("stream_stopped_triggers", help, stopped)?;

        let rasters = &self.rasters;
        let bytes = rasters.bytes.load(Ordering::Relaxed);
        out.gauge("raster_cache_bytes", "Memory of the kept pictures of layers", bytes)?;
        out.counter("raster_cache_hits", "Times a tick needed a layer's picture and had it", &rasters.hits)?;
        out.counter("raster_cache_misses", "Times a layer's picture had to be drawn", &rasters.misses)?;
        out.counter("raster_cache_late", "Times a tick showed an older picture of a layer, or none", &rasters.late)?;
        out.counter("raster_cache_dropped", "Pictures let go of to stay within the memory", &rasters.dropped)?;
        let reduced = rasters.reduced.load(Ordering::Relaxed);
        let help = "Pictures that the last tick drew smaller than they are seen, since all take too much memory";
        out.gauge("raster_cache_reduced", help, reduced)?;
        self.caches.encode(&mut out)?;
        self.workers.encode(&mut out)
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
