//! What a tick of the demo scene costs, stage by stage, and what a tick costs when nothing moves.
//!
//! `cargo bench --bench stages`. The stages' own clocks give the parts, criterion the whole.

#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench ends at what it did not expect and prints what it measured; criterion's macros make undocumented items"
)]

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use components::{Edit, SceneDocument, document::Limits};
use criterion::{Criterion, criterion_group, criterion_main};
use systems::{Compositor, CompositorSettings};

const FPS: f64 = 30.0;
const LIMITS: Limits = Limits { max_layers: 1000 };

fn demo() -> SceneDocument {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/demo/scene.jsonc");
    let text = std::fs::read_to_string(&path).expect("the demo scene is part of the project");
    let mut scene = SceneDocument::parse(&text, &LIMITS).expect("the demo scene is valid");
    scene.folder = path.parent().expect("a file has a folder").to_owned();
    scene
}

/// The demo without its animations.
fn still() -> SceneDocument {
    fn stop(layer: &mut components::LayerDocument) {
        layer.animations.0.clear();
        layer.children.iter_mut().for_each(stop);
    }
    let mut scene = demo();
    scene.layers.iter_mut().for_each(stop);
    scene
}

fn playing(scene: SceneDocument, threads: usize) -> Compositor {
    let settings =
        CompositorSettings { width: 1920, height: 1080, max_layers: 1000, pool_size: 4, threads: Some(threads) };
    let mut compositor = Compositor::new(settings);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let first = compositor.tick(0, 0.0);
    assert!(first.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "the scene was refused: {:?}", first.outcomes);
    assert!(compositor.finish_loading(Instant::now() + Duration::from_secs(20)), "assets did not load");
    compositor
}

/// Runs ticks of the show after its entrances and prints the mean of each stage.
fn print_stages(name: &str, compositor: &mut Compositor) {
    const TICKS: u64 = 300;
    let mut spent: BTreeMap<usize, (&'static str, Duration)> = BTreeMap::new();
    let mut damaged = 0;
    for tick in 0..TICKS {
        let report = compositor.tick(tick + 1, 10.0 + tick as f64 / FPS);
        damaged += report.damage.len();
        for (index, (stage, time)) in report.stages.into_iter().enumerate() {
            spent.entry(index).or_insert((stage, Duration::ZERO)).1 += time;
        }
    }
    println!("{name}: mean of {TICKS} ticks, {:.1} % of all tiles damaged", {
        let all = systems::TileSet::all(1920, 1080).capacity() as u64 * TICKS;
        damaged as f64 * 100.0 / all as f64
    });
    for (stage, time) in spent.into_values() {
        println!("  {stage:<10} {:>9.1} µs", time.as_secs_f64() * 1e6 / TICKS as f64);
    }
}

fn ticks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tick");
    group.sample_size(20).measurement_time(Duration::from_secs(4));
    for threads in [1, 2] {
        let mut compositor = playing(demo(), threads);
        print_stages(&format!("demo, {threads} threads"), &mut compositor);
        let mut tick = 1000;
        group.bench_function(format!("demo, {threads} threads"), |bencher| {
            bencher.iter(|| {
                tick += 1;
                compositor.tick(tick, tick as f64 / FPS)
            });
        });
        group.bench_function(format!("demo, everything drawn, {threads} threads"), |bencher| {
            bencher.iter(|| {
                tick += 1;
                compositor.redraw();
                compositor.tick(tick, tick as f64 / FPS)
            });
        });
    }
    let mut compositor = playing(still(), 2);
    // The last of what loads is drawn, and then nothing.
    for tick in 1..10 {
        compositor.tick(tick, tick as f64 / FPS);
    }
    print_stages("demo without animations", &mut compositor);
    let mut tick = 1000;
    group.bench_function("demo without animations", |bencher| {
        bencher.iter(|| {
            tick += 1;
            let report = compositor.tick(tick, tick as f64 / FPS);
            assert!(report.damage.is_empty() && report.frame.is_none(), "a still scene was drawn");
        });
    });
    group.finish();
}

criterion_group!(benches, ticks);
criterion_main!(benches);
