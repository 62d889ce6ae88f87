//! What it costs to sample ten thousand animated properties a tick on one core, and that it allocates nothing.
//!
//! And what it costs to steer timelines of fifty thousand steps.
//!
//! `cargo bench -p systems --bench motion` measures. `cargo test` runs each case once: that nothing is allocated, and that
//! what has ended or is paused is not written, holds there too.

#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unsafe_code,
    reason = "a bench ends at what it did not expect; an allocator cannot be written otherwise; criterion's macros make undocumented items"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bevy_ecs::{
    query::Changed,
    schedule::{IntoScheduleConfigs, Schedule, SingleThreadedExecutor},
    world::World,
};
use components::{
    Edit, LayerDocument, LayerMask, Pose, SceneDocument,
    animation::timeline::{ActiveCue, CueList, Cues, Playhead, TimelineControl, TimelineDocument, TimelineId},
    document::Limits,
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use systems::{
    Compositor, CompositorSettings,
    clock::{SceneTime, start_animations},
    tween,
    workers::Workers,
};

/// The system's allocator, which counts.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: all is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Fewer layers than are shared out among threads.
const LAYERS: usize = 910;
const NUMBERS: [&str; 10] = [
    "opacity",
    "transform.position.x",
    "transform.position.y",
    "transform.anchor.x",
    "transform.anchor.y",
    "transform.scale.x",
    "transform.scale.y",
    "transform.rotation",
    "transform.skew.x",
    "transform.skew.y",
];
const PROPERTIES: usize = LAYERS * (NUMBERS.len() + 1);

/// What animates one property: all that `manner` says.
fn animation(property: &str, manner: &Value) -> Value {
    let mut animation = manner.clone();
    animation["property"] = json!(property);
    let is_color = property == "content.color";
    animation["from"] = if is_color { json!("#ff8000") } else { json!(0) };
    animation["to"] = if is_color { json!("#0040ff80") } else { json!(1) };
    animation
}

/// A layer on which everything is animated: ten numbers and a colour.
fn animations(manner: &Value) -> Vec<Value> {
    NUMBERS.iter().chain(&["content.color"]).map(|name| animation(name, manner)).collect()
}

fn layer(content: &Value, animations: &Value) -> LayerDocument {
    let layer = json!({ "id": "a", "content": content, "animations": animations });
    LayerDocument::from_value(layer, &Limits::default()).expect("a layer")
}

/// What a timeline does to the layer that stands so at scene time 0.
fn cues(animations: Vec<Value>, playhead: Playhead) -> Cues {
    let steps = animations.into_iter();
    let steps: Vec<Value> =
        steps.map(|animation| json!({ "type": "animate", "layer": "a", "animation": animation })).collect();
    let timeline: TimelineDocument =
        serde_json::from_value(json!({ "id": "t", "steps": [{ "type": "parallel", "steps": steps }] }))
            .expect("a timeline");
    let lists = CueList::lay_out(&[timeline]);
    Cues(lists[0].cues().iter().map(|cue| ActiveCue::new(Arc::clone(cue), &lists[0], playhead)).collect())
}

/// The stage `tween` alone.
struct Stage {
    world: World,
    schedule: Schedule,
    tick: u32,
}

impl Stage {
    /// After a second.
    fn new(animations: &Value, cues: &Cues) -> Self {
        Self::of(&json!({ "type": "color", "color": "#000" }), animations, cues)
    }

    /// The same with other content.
    fn of(content: &Value, animations: &Value, cues: &Cues) -> Self {
        let mut world = World::new();
        world.insert_resource(SceneTime::default());
        world.insert_resource(Workers::new(Some(1)));
        for _ in 0..LAYERS {
            let LayerDocument { opacity, transform, content, animations, transitions, effects, mask, .. } =
                layer(content, animations);
            let authored = (opacity, transform, content, animations, transitions, effects, LayerMask(mask));
            world.spawn((authored, cues.clone()));
        }
        let mut schedule = Schedule::default();
        schedule.set_executor(SingleThreadedExecutor::new());
        schedule.add_systems(
            (
                start_animations,
                tween::compile_animations,
                tween::write_poses,
                tween::write_animated_content,
                tween::write_effects_and_masks,
            )
                .chain(),
        );
        let mut stage = Self { world, schedule, tick: 0 };
        for _ in 0..60 {
            stage.tick();
        }
        stage
    }

    fn tick(&mut self) {
        self.world.clear_trackers();
        self.tick += 1;
        self.world.resource_mut::<SceneTime>().seconds = f64::from(self.tick) / 60.0;
        self.schedule.run(&mut self.world);
    }

    /// Layers whose pose the last tick wrote.
    fn posed(&mut self) -> usize {
        let mut posed = self.world.query_filtered::<(), Changed<Pose>>();
        posed.iter(&self.world).count()
    }
}

/// Asserts that `stage` allocates nothing and that on each tick so many poses change, and measures it.
fn measure(criterion: &mut Criterion, name: &str, stage: Stage, moving: usize) {
    measure_of(criterion, PROPERTIES, name, stage, moving);
}

/// The same for so many properties.
fn measure_of(criterion: &mut Criterion, properties: usize, name: &str, mut stage: Stage, moving: usize) {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..100 {
        stage.tick();
    }
    let allocated = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert_eq!(allocated, 0, "{name}: allocations in 100 ticks of {properties} properties");
    assert_eq!(stage.posed(), moving, "{name}: layers that move");
    criterion.bench_function(&format!("tween/{properties} properties, {name}"), |bencher| {
        bencher.iter(|| stage.tick());
    });
}

fn moving(criterion: &mut Criterion) {
    let manners = [
        ("linear", json!({ "duration": 1.7 })),
        ("ease", json!({ "duration": 1.7, "easing": "ease" })),
        ("cubic-bezier", json!({ "duration": 1.7, "easing": "cubic-bezier(0.3, -0.2, 0.1, 1.4)" })),
        ("easeOutElastic", json!({ "duration": 1.7, "easing": "easeOutElastic" })),
        ("spring", json!({ "spring": { "stiffness": 100, "damping": 8 } })),
    ];
    for (name, mut manner) in manners {
        (manner["repeat"], manner["pingPong"]) = (json!("forever"), json!(true));
        for (name, animations) in alike_and_not(name, &manner) {
            measure(criterion, &name, Stage::new(&animations.into(), &Cues::default()), LAYERS);
        }
    }
}

/// What moves alike is found out once for a layer: of the second ones nothing does.
fn alike_and_not(name: &str, manner: &Value) -> [(String, Vec<Value>); 2] {
    let alike = animations(manner);
    let mut unalike = alike.clone();
    for (index, animation) in unalike.iter_mut().enumerate() {
        animation["speed"] = json!(1.0 + index as f64 / 100.0);
    }
    [(name.to_owned(), alike), (format!("{name}, none alike"), unalike)]
}

fn at_rest(criterion: &mut Criterion) {
    let ended = animations(&json!({ "duration": 0.5 }));
    measure(criterion, "all ended", Stage::new(&ended.clone().into(), &Cues::default()), 0);
    let still = Playhead { since: 0.0, position: 0.5, rate: 1.0, running: false };
    let paused = cues(animations(&json!({ "duration": 1.7 })), still);
    measure(criterion, "all paused", Stage::new(&json!([]), &paused), 0);
    // What has ended on a layer on which something else moves.
    let mut mixed = ended;
    mixed[7] = animation(NUMBERS[7], &json!({ "duration": 1.7, "repeat": "forever", "pingPong": true }));
    measure(criterion, "ten of eleven ended", Stage::new(&mixed.into(), &Cues::default()), LAYERS);
}

/// The same properties, moved by a timeline.
fn by_timelines(criterion: &mut Criterion) {
    let playing = Playhead { since: 0.0, position: 0.0, rate: 0.5, running: true };
    for easing in ["linear", "ease"] {
        let manner = json!({ "duration": 1.7, "easing": easing, "repeat": "forever", "pingPong": true });
        for (name, animations) in alike_and_not(&format!("{easing}, by a timeline"), &manner) {
            measure(criterion, &name, Stage::new(&json!([]), &cues(animations, playing)), LAYERS);
        }
    }
}

/// What contents are made of: ten properties of each layer that are colours or numbers, or one that is path data.
fn contents(criterion: &mut Criterion) {
    let rect = json!({ "type": "rect", "width": 10, "height": 10 });
    let stops: Vec<Value> = (0..5).map(|stop| json!({ "offset": 0.1, "color": format!("#{stop}08000") })).collect();
    let of_stops =
        |key: &str| -> Vec<String> { (0..5).map(|stop| format!("content.gradient.stops.{stop}.{key}")).collect() };
    let gradient = json!({ "type": "gradient", "gradient": { "type": "linear", "angle": 0, "stops": stops } });
    let colored =
        json!({ "type": "shape", "geometry": rect, "fill": "#f00", "stroke": { "paint": "#00f", "width": 1 } });
    let path = |bend: u32| format!("M 0 0 C {bend} 0 {bend} 10 20 20 L 30 {bend} Q 5 {bend} 0 40 Z");
    let outline = json!({ "type": "shape", "geometry": { "type": "path", "d": path(10) }, "fill": "#f00" });
    let text = json!({ "type": "text", "text": "a line of words that appears" });
    let cases: [(&str, Value, Vec<String>, Value, Value); 5] = [
        ("colours", colored, vec!["content.fill".into(), "content.stroke.paint".into()], json!("#f80"), json!("#04f8")),
        ("colours of gradients", gradient.clone(), of_stops("color"), json!("#f80"), json!("#04f8")),
        ("offsets of gradients", gradient, of_stops("offset"), json!(0.1), json!(0.9)),
        ("paths", outline, vec!["content.geometry.d".into()], json!(path(10)), json!(path(25))),
        ("progress of texts", text, vec!["content.reveal".into()], json!(0), json!(1)),
    ];
    for (name, content, properties, from, to) in cases {
        let animation = |property: &String| json!({ "property": property, "from": from, "to": to, "duration": 0.25, "repeat": "forever", "pingPong": true });
        let animations: Vec<Value> = properties.iter().map(animation).collect();
        let stage = Stage::of(&content, &animations.into(), &Cues::default());
        measure_of(criterion, LAYERS * properties.len(), name, stage, 0);
    }
}

/// Timelines, and steps of each: as many as a scene may have.
const TIMELINES: usize = 100;
const STEPS: usize = 500;

/// A scene of so many layers whose timelines turn, fade and move them by turns, one after the other, and say nothing of where
/// they begin.
fn crowded(layers: usize) -> Compositor {
    let settings = CompositorSettings { width: 16, height: 16, max_layers: 50, pool_size: 2, threads: Some(1) };
    let content = json!({ "type": "color", "color": "#fff", "size": { "width": 1, "height": 1 } });
    let ids: Vec<String> = (0..layers).map(|at| format!("layer-{at}")).collect();
    let layers: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "content": content })).collect();
    let step = |at: usize| {
        let property = ["opacity", "transform.rotation", "transform.position.x"][at % 3];
        let animation = json!({ "property": property, "to": (at % 7) as f64 / 7.0, "duration": 0.5, "easing": "ease" });
        json!({ "type": "animate", "layer": ids[at % ids.len()], "animation": animation })
    };
    let steps: Vec<Value> = (0..STEPS).map(step).collect();
    let timeline = |at: usize| json!({ "id": format!("timeline-{at}"), "autoplay": false, "steps": steps });
    let timelines: Vec<Value> = (0..TIMELINES).map(timeline).collect();
    let scene = json!({ "canvas": { "width": 16, "height": 16 }, "layers": layers, "timelines": timelines });
    let scene = SceneDocument::from_value(scene, &Limits::default()).expect("a scene");
    let mut compositor = Compositor::new(settings);
    carry_out(&mut compositor, 0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    compositor
}

/// What the tick takes that carries out these edits.
fn carry_out(compositor: &mut Compositor, tick: u32, edits: Vec<Edit>) -> Duration {
    compositor.submit(1, edits);
    let began = Instant::now();
    let report = compositor.tick(u64::from(tick), f64::from(tick) / 60.0);
    let took = began.elapsed();
    assert!(report.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{:?}", report.outcomes);
    took
}

fn steer(timelines: std::ops::Range<usize>, control: &TimelineControl) -> Vec<Edit> {
    let edit = |at: usize| {
        let id = TimelineId::new(format!("timeline-{at}")).expect("an id");
        Edit::ControlTimeline { id, control: control.clone() }
    };
    timelines.map(edit).collect()
}

/// The tick on which timelines are played, or a layer is edited, where all of them do something to each of the layers.
fn steering(criterion: &mut Criterion) {
    for layers in [1, 50] {
        let mut compositor = crowded(layers);
        let mut tick = 0;
        let mut next = |edits: Vec<Edit>| {
            tick += 1;
            carry_out(&mut compositor, tick, edits)
        };
        let name = |what: &str| format!("steering/{TIMELINES} timelines of {STEPS} steps on {layers} layers, {what}");
        criterion.bench_function(&name("play all"), |bencher| {
            bencher.iter_custom(|times| {
                let mut took = Duration::ZERO;
                for _ in 0..times {
                    next(steer(0..TIMELINES, &TimelineControl::Cancel));
                    took += next(steer(0..TIMELINES, &TimelineControl::Play));
                }
                took
            });
        });
        let one = || 40..41;
        let control = |rate: f64| TimelineControl::Rate { rate };
        criterion.bench_function(&name("change the rate of one while all play"), |bencher| {
            bencher.iter_custom(|times| {
                (0..times).map(|time| next(steer(one(), &control([1.0, 2.0][time as usize % 2])))).sum()
            });
        });
        let patch = |opacity: f64| Edit::PatchLayer {
            id: components::LayerId::new("layer-0").expect("an id"),
            patch: json!({ "opacity": opacity }),
        };
        criterion.bench_function(&name("edit a layer while all play"), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|time| next(vec![patch([0.5, 1.0][time as usize % 2])])).sum());
        });
        criterion.bench_function(&name("a tick while all play"), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| next(Vec::new())).sum());
        });
    }
}

criterion_group!(benches, moving, by_timelines, contents, at_rest, steering);
criterion_main!(benches);
