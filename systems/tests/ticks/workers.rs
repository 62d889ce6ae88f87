//! What workers do first, and how many there are.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use components::Edit;
use serde_json::{Value, json};
use systems::{CompositorSettings, TickReport, rasterise::Patience};

use crate::stage::*;

/// What background workers meet before they draw a layer: those of this name wait there.
const PLUG: &str = "plug";

struct Gate {
    /// Plugs that may pass.
    open: usize,
    /// Plugs that have come.
    plugs: usize,
    /// The other layers, in the order in which they came.
    others: Vec<String>,
}

static GATE: Mutex<Gate> = Mutex::new(Gate { open: 0, plugs: 0, others: Vec::new() });
static CHANGED: Condvar = Condvar::new();

/// Changes the gate, and tells all who wait.
fn at_gate(change: impl FnOnce(&mut Gate)) {
    change(&mut GATE.lock().unwrap_or_else(PoisonError::into_inner));
    CHANGED.notify_all();
}

/// Waits until the gate is as it should be.
fn wait_at_gate(is_so: impl Fn(&Gate) -> bool) {
    let gate = GATE.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = CHANGED.wait_timeout_while(gate, DEADLINE, |gate| !is_so(gate));
    let (gate, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    drop(gate);
    assert!(!timeout.timed_out(), "the workers never came");
}

fn pass(layer: &str) -> bool {
    if !layer.starts_with(PLUG) {
        at_gate(|gate| gate.others.push(layer.to_owned()));
        return false;
    }
    let mut place = 0;
    at_gate(|gate| {
        gate.plugs += 1;
        place = gate.plugs;
    });
    let gate = GATE.lock().unwrap_or_else(PoisonError::into_inner);
    drop(CHANGED.wait_while(gate, |gate| gate.open < place));
    false
}

/// Lets all pass, also where the test fails: other tests have the same workers.
struct OpenAtLast;

impl Drop for OpenAtLast {
    fn drop(&mut self) {
        at_gate(|gate| gate.open = usize::MAX);
    }
}

fn fading(id: &str, delay: f64) -> Value {
    let mut layer = block(id, "#ff0000", (60, 0), (40, 40));
    layer["opacity"] = json!(0);
    layer["animations"] = json!([{ "property": "opacity", "from": 0, "to": 1, "delay": delay, "duration": 1 }]);
    layer
}

fn tick(stage: &mut Stage, seconds: f64) -> TickReport {
    stage.next += 1;
    stage.compositor.tick(stage.next - 1, seconds)
}

#[test]
fn what_is_seen_is_drawn_before_what_will_be() {
    let _open = OpenAtLast;
    let mut stage = Stage::with(json!([fading("later", 5.4), fading("soon", 5.0)]));
    stage.compositor.inject_faults(pass);
    // Everything is drawn in the background, and no tick waits for it.
    stage.compositor.set_patience(Patience::Within(Duration::ZERO));
    let workers = tick(&mut stage, 0.0).background_each.len();
    let plug = |number: usize| create(block(&format!("{PLUG}{number}"), "#0000ff", (0, 60), (10, 10)), None);
    stage.edit((0..workers).map(plug).collect());
    wait_at_gate(|gate| gate.plugs == workers);

    // Both appear within the second, and are queued in advance.
    let looked = (0..10).any(|_| tick(&mut stage, 4.5).background.queued == 2);
    assert!(looked, "what will move is not looked for");
    // This one is seen now.
    stage.compositor.submit(stage.next, vec![create(block("now", "#00ff00", (0, 0), (40, 40)), None)]);
    let report = tick(&mut stage, 4.5);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert_eq!(report.background.queued, 3);
    // This one is seen sooner than it was drawn.
    assert_eq!(tick(&mut stage, 5.2).background.queued, 3, "it is not queued twice");

    // A single worker does them all.
    at_gate(|gate| gate.open = 1);
    wait_at_gate(|gate| gate.others.len() == 3);
    let order = GATE.lock().unwrap_or_else(PoisonError::into_inner).others.clone();
    assert_eq!(order, ["soon", "now", "later"], "what is seen, in the order in which it was asked for; then the rest");
    at_gate(|gate| gate.open = usize::MAX);
    let until = Instant::now() + DEADLINE;
    while stage.pixel(20, 20) != GREEN || stage.pixel(80, 20)[0] == 0 {
        assert!(Instant::now() < until, "it is never seen");
        tick(&mut stage, 5.2);
    }
}

/// Threads that share the work of a tick, after so many ticks at the same time.
fn threads(stage: &mut Stage, ticks: u32, seconds: f64) -> u64 {
    (0..ticks).map(|_| tick(stage, seconds).render.threads).last().unwrap()
}

#[test]
fn all_threads_are_ready_before_something_begins_to_move() {
    let mut moving = block("box", "#ff0000", (0, 0), (40, 40));
    moving["animations"] =
        json!([{ "property": "transform.position.x", "from": 0, "to": 60, "delay": 5, "duration": 100 }]);
    let still = block("still", "#00ff00", (60, 60), (20, 20));
    let mut stage = Stage::new(CompositorSettings { threads: Some(4), ..SETTINGS });
    // No tick has work worth mentioning: by load alone there would be one thread at all times.
    stage.compositor.set_pace(Duration::from_secs(100_000));
    let scene = |layers| vec![Edit::LoadScene { scene: Box::new(document(layers)) }];
    stage.edit(scene(json!([moving, still])));
    assert_eq!(threads(&mut stage, 400, 0.0), 1);
    assert_eq!(threads(&mut stage, 20, 3.8), 1, "it is more than a second ahead");
    // What will move is looked for every ten ticks.
    assert_eq!(threads(&mut stage, 10, 4.5), 4, "it begins to move within the second");
    assert_eq!(threads(&mut stage, 400, 4.5), 4, "they stay until it does");
    assert_eq!(threads(&mut stage, 400, 6.0), 1, "what it takes is known then");
    stage.edit(scene(json!([still])));
    assert_eq!(threads(&mut stage, 20, 4.5), 1, "nothing will move");
}
