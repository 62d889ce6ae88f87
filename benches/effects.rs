//! What each effect and each blend mode costs, and a layer that changes its size all the time.
//!
//! `cargo bench --bench effects`. Every measured tick draws the layer of 960x540 anew, as an animation would; what is
//! still is kept and costs nothing, which the first tick after each run asserts.

#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench ends at what it did not expect; criterion's macros make undocumented items"
)]

use std::time::Duration;

use components::{BlendMode, Edit, LayerId, SceneDocument};
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, TickReport};

const FPS: f64 = 30.0;

/// A full frame and before it one layer of 960x540, which has these properties besides.
fn stage(more: Value) -> Compositor {
    let stops = |from: &str, to: &str| json!([{ "offset": 0, "color": from }, { "offset": 1, "color": to }]);
    let gradient =
        |angle: u32, from: &str, to: &str| json!({ "type": "linear", "angle": angle, "stops": stops(from, to) });
    let back =
        json!({ "id": "back", "content": { "type": "gradient", "gradient": gradient(30, "#204060", "#e0a040") } });
    let mut layer = json!({ "id": "layer", "transform": { "position": { "x": 960, "y": 540 } }, "content":
        { "type": "shape", "geometry": { "type": "roundedRect", "width": 960, "height": 540, "radius": 60 },
          "fill": gradient(120, "#e5484d", "#30a46c80") } });
    for (key, value) in more.as_object().into_iter().flatten() {
        layer[key] = value.clone();
    }
    let scene = json!({ "canvas": { "width": 1920, "height": 1080 }, "layers": [back, layer] });
    let scene: SceneDocument = serde_json::from_value(scene).expect("the scene is one");
    let settings = CompositorSettings { width: 1920, height: 1080, max_layers: 1000, pool_size: 4, threads: Some(2) };
    let mut compositor = Compositor::new(settings);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let first = compositor.tick(0, 0.0);
    assert!(first.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "refused: {:?}", first.outcomes);
    compositor
}

fn next(compositor: &mut Compositor, tick: &mut u64) -> TickReport {
    *tick += 1;
    compositor.tick(*tick, *tick as f64 / FPS)
}

/// Times ticks of which each begins with this edit of the layer.
fn ticks(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    mut compositor: Compositor,
    change: impl Fn(u64) -> Value,
    is_redrawn: bool,
) {
    let id = LayerId::new("layer").expect("an id");
    let mut tick = 0;
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            // What the scene begins with would be no change.
            compositor.submit(tick, vec![Edit::PatchLayer { id: id.clone(), patch: change(tick + 1) }]);
            let report = next(&mut compositor, &mut tick);
            assert!(!report.damage.is_empty() && (report.rasterised > 0) == is_redrawn, "{report:?}");
        });
    });
    next(&mut compositor, &mut tick);
    let still = next(&mut compositor, &mut tick);
    assert!(still.damage.is_empty() && still.frame.is_none(), "a still scene was drawn");
}

fn effects(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("effect on 960x540");
    group.sample_size(20).measurement_time(Duration::from_secs(2));
    for (name, effect) in [
        ("none", None),
        ("blur 8", Some(json!({ "type": "blur", "radius": 8 }))),
        ("blur 40", Some(json!({ "type": "blur", "radius": 40 }))),
        ("dropShadow", Some(json!({ "type": "dropShadow", "radius": 16, "offset": { "x": 8, "y": 8 } }))),
        ("glow", Some(json!({ "type": "glow", "radius": 16 }))),
        ("outline", Some(json!({ "type": "outline", "width": 6 }))),
        ("colorAdjust", Some(json!({ "type": "colorAdjust", "brightness": 1.2, "saturation": 0.5, "hue": 40 }))),
        ("tint", Some(json!({ "type": "tint" }))),
        ("grayscale", Some(json!({ "type": "grayscale" }))),
        ("chromaKey", Some(json!({ "type": "chromaKey", "color": "#00ff00" }))),
        ("pixelate", Some(json!({ "type": "pixelate", "size": 12 }))),
        ("vignette", Some(json!({ "type": "vignette" }))),
        ("roundedCorners", Some(json!({ "type": "roundedCorners", "radius": 40 }))),
    ] {
        let compositor = stage(json!({ "effects": effect.into_iter().collect::<Vec<_>>() }));
        // One corner differs from tick to tick.
        ticks(
            &mut group,
            name,
            compositor,
            |tick| json!({ "content": { "geometry": { "radius": 60 + tick % 2 } } }),
            true,
        );
    }
    let shadow = json!([{ "type": "dropShadow", "radius": 16, "offset": { "x": 8, "y": 8 } }]);
    let member = |n: i32| {
        json!({ "id": format!("member{n}"), "transform": { "position": { "x": 40 * n, "y": 20 * n } },
        "content": { "type": "color", "color": "#30a46cc0", "size": { "width": 1400, "height": 800 } } })
    };
    let members: Vec<Value> = (0..6).map(member).collect();
    let group_of = json!({ "content": { "type": "group" }, "effects": shadow, "children": members });
    let compositor = stage(group_of);
    let change =
        |tick: u64| json!({ "effects": [{ "type": "dropShadow", "radius": 16, "offset": { "x": 8, "y": tick % 2 } }] });
    ticks(&mut group, "dropShadow on a group of 1600x900", compositor, change, true);
    group.finish();
}

fn blending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("blend 960x540");
    group.sample_size(20).measurement_time(Duration::from_secs(1));
    for mode in BlendMode::ALL {
        let name = serde_json::to_value(mode).expect("a mode has a name");
        let compositor = stage(json!({ "blend": name }));
        let change = |tick: u64| json!({ "transform": { "position": { "x": 960 + tick % 2 } } });
        ticks(&mut group, name.as_str().unwrap_or("?"), compositor, change, false);
    }
    group.finish();
}

/// Drawn anew at each half of its size, and sampled between.
fn shrinking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scale");
    group.sample_size(20).measurement_time(Duration::from_secs(2));
    let animation = json!({ "property": "transform.scale", "from": { "x": 1, "y": 1 }, "to": { "x": 0.1, "y": 0.1 },
        "duration": 3, "pingPong": true, "repeat": "forever", "easing": "linear" });
    for (name, more) in [
        ("a layer between its size and a tenth of it", json!({ "animations": [animation] })),
        (
            "the same, standing still at a tenth",
            json!({ "transform": { "scale": 0.1, "position": { "x": 960, "y": 540 } } }),
        ),
    ] {
        let mut compositor = stage(more);
        let mut tick = 0;
        group.bench_function(name, |bencher| bencher.iter(|| next(&mut compositor, &mut tick)));
    }
    group.finish();
}

criterion_group!(benches, effects, blending, shrinking);
criterion_main!(benches);
