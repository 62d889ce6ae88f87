//! Triggers that act without end are stopped for good, at the same scene time whatever frames are drawn; however many act
//! at once that are no loop, all of them do.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

use std::collections::BTreeSet;

use components::{
    Edit, SceneDocument,
    animation::{
        timeline::{TimelineControl, TimelineId},
        trigger::{EventName, TriggerRef},
    },
    document::Limits,
};
use serde_json::{Value, json};
use systems::{
    Compositor, CompositorSettings, TickReport,
    clock::{SceneEvent, rehearse},
};

struct Stage {
    compositor: Compositor,
    tick: u64,
}

/// What was told on some ticks.
#[derive(Debug, Default)]
struct Told {
    fired: Vec<String>,
    failed: Vec<String>,
}

impl Told {
    fn of(mut self, report: TickReport) -> Self {
        for event in report.events {
            match event {
                SceneEvent::Fired { name } => self.fired.push(name.to_string()),
                SceneEvent::Failed { message } => self.failed.push(message),
            }
        }
        self
    }

    fn times(&self, name: &str) -> usize {
        self.fired.iter().filter(|fired| *fired == name).count()
    }
}

const LAYERS: usize = 50;

impl Stage {
    fn new(timelines: Value, triggers: Value) -> Self {
        let layer = |number: usize| {
            json!({ "id": format!("r{number}"), "transform": { "position": { "x": number, "y": 0 } },
                "content": { "type": "color", "color": "#fff", "size": { "width": 1, "height": 1 } } })
        };
        let layers: Vec<Value> = (0..LAYERS).map(layer).collect();
        let scene = json!({ "canvas": { "width": 50, "height": 16 }, "layers": layers, "timelines": timelines,
            "triggers": triggers });
        let scene = SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"));
        let settings = CompositorSettings { width: 50, height: 16, max_layers: 50, pool_size: 3, threads: Some(1) };
        let mut stage = Self { compositor: Compositor::new(settings), tick: 0 };
        let report = stage.edit(0.0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
        assert!(Told::default().of(report).failed.is_empty());
        stage
    }

    fn at(&mut self, seconds: f64) -> TickReport {
        self.tick += 1;
        self.compositor.tick(self.tick, seconds)
    }

    fn edit(&mut self, seconds: f64, edits: Vec<Edit>) -> TickReport {
        self.compositor.submit(1, edits);
        let report = self.at(seconds);
        report.outcomes[0].1.as_ref().unwrap();
        report
    }

    fn fire(&mut self, seconds: f64, names: &[&str]) -> Told {
        let fire = |name: &&str| Edit::FireEvent { name: EventName::new(*name).unwrap() };
        let report = self.edit(seconds, names.iter().map(fire).collect());
        Told::default().of(report)
    }
}

fn on(name: &str, actions: &[Value]) -> Value {
    json!({ "on": { "type": "event", "name": name }, "do": actions })
}

fn emit(event: &str) -> Value {
    json!({ "type": "emit", "event": event })
}

fn sets(count: usize) -> Vec<Value> {
    let set =
        |number: usize| json!({ "type": "set", "layer": format!("r{}", number % LAYERS), "patch": { "opacity": 0.5 } });
    (0..count).map(set).collect()
}

/// A timeline that comes to its label `x` every so often, for ever.
fn rounds(id: &str, seconds: f64) -> Value {
    json!({ "id": id, "repeat": "forever", "steps": [
        { "type": "label", "name": "x" }, { "type": "wait", "seconds": seconds }] })
}

fn at_label(timeline: &str, actions: &[Value]) -> Value {
    json!({ "on": { "type": "label", "timeline": timeline, "label": "x" }, "do": actions })
}

#[test]
fn a_trigger_that_acts_without_end_is_stopped_for_good_at_the_same_time_at_any_frame_rate() {
    let timelines = json!([{ "id": "t", "autoplay": false, "repeat": "forever", "steps": [
        { "type": "label", "name": "x" }, { "type": "wait", "seconds": 1e-6 }] }, rounds("slow", 0.5)]);
    let busy = [sets(LAYERS), vec![emit("busy")]].concat();
    let triggers = json!([at_label("t", &busy), at_label("slow", &[emit("slow")]),
        { "on": { "type": "label", "timeline": "slow", "label": "x" }, "do": [{ "type": "play", "timeline": "t" }] }]);
    let mut counts = Vec::new();
    for frames in [1_u32, 60, 500] {
        let mut stage = Stage::new(timelines.clone(), triggers.clone());
        let mut told = Told::default();
        for frame in 1..=frames {
            told = told.of(stage.at(f64::from(frame) * 10.2 / f64::from(frames)));
        }
        assert_eq!(told.failed.len(), 1, "{:?}", told.failed);
        assert!(told.failed[0].contains("/triggers/0") && told.failed[0].contains("is stopped until"), "{told:?}");
        assert_eq!(stage.compositor.stopped_triggers(), [0]);
        assert_eq!(stage.at(10.3).stopped_triggers, 1);
        counts.push((told.times("busy"), told.times("slow"), told.failed));
        // Somebody mends it.
        let mended = serde_json::from_value(rounds("t", 0.2)).unwrap();
        stage.edit(10.35, vec![Edit::PutTimeline { timeline: Box::new(mended) }]);
        assert_eq!(stage.compositor.stopped_triggers(), [0; 0]);
        let told = Told::default().of(stage.at(11.1));
        assert_eq!((told.times("busy"), told.failed.len()), (4, 0), "{told:?}");
    }
    assert!((1..10).contains(&counts[0].0), "{counts:?}");
    assert_eq!((counts[0].1, &counts[0], &counts[0]), (20, &counts[1], &counts[2]));
}

#[test]
fn scene_time_that_jumps_back_finds_triggers_as_they_were() {
    let mut stage = Stage::new(json!([rounds("t", 1e-6)]), json!([at_label("t", &[emit("e")])]));
    let first = Told::default().of(stage.at(0.5));
    assert_eq!((first.failed.len(), stage.compositor.stopped_triggers()), (1, vec![0]));
    let again = Told::default().of(stage.at(0.4));
    assert_eq!((&again.failed, again.fired.len()), (&first.failed, first.fired.len()));
    // Somebody has done something since, when it was stopped already.
    stage.fire(1.0, &["e"]);
    let told = Told::default().of(stage.at(0.8));
    assert_eq!((told.failed.len(), stage.compositor.stopped_triggers()), (0, vec![0]), "{told:?}");
}

/// Each moment by itself is not too much, nor is what any of them does.
#[test]
fn what_is_too_much_in_a_second_rests_until_that_is_over_or_somebody_mends_it() {
    let begin = || {
        let act = |number: usize| [sets(75), vec![emit(&format!("e{number}"))]].concat();
        let triggers: Vec<Value> = (0..5).map(|number| at_label("t", &act(number))).collect();
        Stage::new(json!([rounds("t", 0.11)]), Value::Array(triggers))
    };
    let counts = |told: &Told| ["e0", "e1", "e4"].map(|name| told.times(name));
    let mut stage = begin();
    let told = Told::default().of(stage.at(0.99));
    assert_eq!((told.failed.len(), counts(&told)), (1, [6, 6, 5]), "{told:?}");
    assert!(told.failed[0].contains("too much at 0.660 s") && told.failed[0].contains("/triggers/0"), "{told:?}");
    let told = Told::default().of(stage.at(1.5));
    assert_eq!((told.failed.len(), counts(&told)), (0, [0, 4, 4]), "{told:?}");
    let mut stage = begin();
    assert_eq!(Told::default().of(stage.at(0.7)).failed.len(), 1);
    let mended = serde_json::from_value(rounds("t", 0.055)).unwrap();
    stage.edit(0.8, vec![Edit::PutTimeline { timeline: Box::new(mended) }]);
    let told = Told::default().of(stage.at(0.995));
    assert_eq!((told.failed.len(), counts(&told)), (0, [4, 4, 4]), "{told:?}");
}

#[test]
fn a_label_that_leads_back_to_itself_is_stopped_and_its_trigger_can_be_fired() {
    let back = json!({ "type": "seek", "timeline": "t", "to": "x" });
    let triggers =
        json!([{ "id": "back", "on": { "type": "label", "timeline": "t", "label": "x" }, "do": [back, emit("e")] }]);
    let mut timeline = rounds("t", 10.0);
    timeline["autoplay"] = json!(false);
    let mut stage = Stage::new(json!([timeline]), triggers);
    let play = Edit::ControlTimeline { id: TimelineId::new("t").unwrap(), control: TimelineControl::Play };
    let told = Told::default().of(stage.edit(1.0, vec![play]));
    assert_eq!((told.failed.len(), stage.compositor.stopped_triggers()), (1, vec![0]), "{told:?}");
    let fire = Edit::FireTrigger { trigger: serde_json::from_value(json!("back")).unwrap() };
    let told = Told::default().of(stage.edit(2.0, vec![fire]));
    assert_eq!((told.times("e"), told.failed.len()), (1, 0), "{told:?}");
}

/// What is told of a scene before it plays, and what is stopped when it does.
fn told_and_stopped(timelines: &Value, triggers: &Value) -> (Vec<String>, BTreeSet<usize>) {
    let mut stage = Stage::new(timelines.clone(), triggers.clone());
    let scene = json!({ "layers": [], "timelines": timelines, "triggers": triggers });
    let scene = SceneDocument::from_value(scene, &Limits::default()).unwrap();
    let known = scene.notices();
    let told = rehearse(&scene, &known).iter().map(ToString::to_string).collect();
    // Whatever somebody can do is done: each trigger is fired while nothing plays, and while all timelines do.
    let control = |control: TimelineControl| {
        let ids = scene.timelines.iter().map(|timeline| timeline.id.clone());
        ids.map(|id| Edit::ControlTimeline { id, control: control.clone() }).collect::<Vec<_>>()
    };
    let (mut stopped, mut seconds) = (BTreeSet::new(), 0.0);
    stopped.extend(stage.compositor.stopped_triggers());
    for trigger in 0..scene.triggers.len() {
        for all in [TimelineControl::Cancel, TimelineControl::Play] {
            let mut edits = control(TimelineControl::Cancel);
            edits.extend(control(all));
            edits.push(Edit::FireTrigger { trigger: TriggerRef::Place(trigger) });
            seconds += 1.0;
            stage.edit(seconds, edits);
            stage.at(seconds + 0.3);
            stopped.extend(stage.compositor.stopped_triggers());
        }
    }
    (told, stopped)
}

#[test]
fn loops_of_timelines_are_told_before_they_happen() {
    let steer = |kind: &str, timeline: &str| json!({ "type": kind, "timeline": timeline });
    let seek = |timeline: &str, to: Value| json!({ "type": "seek", "timeline": timeline, "to": to });
    let when = |kind: &str, timeline: &str, actions: &[Value]| json!({ "on": { "type": kind, "timeline": timeline }, "do": actions });
    let waits = |id: &str, seconds: f64| {
        json!({ "id": id, "autoplay": false, "steps": [
        { "type": "label", "name": "x" }, { "type": "wait", "seconds": seconds }] })
    };
    let (a, b) = (waits("a", 2.0), waits("b", 3.0));
    let late = json!([{ "id": "a", "autoplay": false, "steps": [
        { "type": "wait", "seconds": 1.0 }, { "type": "label", "name": "x" }, { "type": "wait", "seconds": 1.0 }] }]);
    let loops = [
        // Its end plays it again, much too soon.
        (json!([waits("a", 1e-5)]), json!([when("timelineEnd", "a", &[steer("play", "a")])])),
        (json!([waits("a", 1e-5)]), json!([when("timelineEnd", "a", &[steer("reverse", "a")])])),
        // A start that begins it anew, itself or by way of another timeline or of an event.
        (json!([a]), json!([when("timelineStart", "a", &[steer("cancel", "a"), steer("play", "a")])])),
        (json!([a]), json!([when("timelineStart", "a", &[seek("a", json!(0)), steer("reverse", "a")])])),
        (
            json!([a, b]),
            json!([
                when("timelineStart", "a", &[steer("cancel", "b"), steer("play", "b")]),
                when("timelineStart", "b", &[steer("cancel", "a"), steer("play", "a")])
            ]),
        ),
        (
            json!([a]),
            json!([on("go", &[steer("cancel", "a"), steer("play", "a")]), when("timelineStart", "a", &[emit("go")])]),
        ),
        // A label that leads back to itself, or to another one and from there back.
        (json!([a]), json!([at_label("a", &[seek("a", json!("x"))])])),
        (
            json!([a, b]),
            json!([
                at_label("a", &[steer("cancel", "b"), steer("play", "b")]),
                at_label("b", &[seek("a", json!("x"))])
            ]),
        ),
        (json!([rounds("a", 1e-6)]), json!([at_label("a", &[emit("met")])])),
        // Only while it plays, since what is idle meets no label when it is sought.
        (late, json!([on("go", &[seek("a", json!("x"))]), at_label("a", &[emit("go")])])),
        // To the one end and to the other.
        (json!([a]), json!([when("timelineStart", "a", &[steer("play", "a"), steer("reverse", "a")])])),
    ];
    for (timelines, triggers) in &loops {
        let (told, stopped) = told_and_stopped(timelines, triggers);
        assert_eq!(told.len(), 1, "{told:?} {triggers}");
        let pointers: Vec<String> = stopped.iter().map(|place| format!("/triggers/{place}: ")).collect();
        assert!(pointers.iter().any(|pointer| told[0].starts_with(pointer)), "{told:?} {stopped:?}");
        assert!(told[0].contains("stopped until"), "{told:?}");
    }
    let ends = [
        (json!([waits("a", 0.5)]), json!([when("timelineEnd", "a", &[steer("play", "a")])])),
        (
            json!([a, b]),
            json!([
                when("timelineStart", "a", &[steer("play", "b")]),
                when("timelineStart", "b", &[steer("play", "a")])
            ]),
        ),
        (json!([a, b]), json!([when("timelineStart", "a", &[steer("cancel", "b"), steer("play", "b")])])),
        (json!([a]), json!([at_label("a", &[steer("pause", "a"), seek("a", json!("x"))])])),
        (json!([a]), json!([at_label("a", &[seek("a", json!(1.0)), steer("play", "a")])])),
    ];
    for (timelines, triggers) in &ends {
        let (told, stopped) = told_and_stopped(timelines, triggers);
        assert_eq!((told, stopped), (vec![], BTreeSet::new()), "{triggers}");
    }
}

#[test]
fn however_many_triggers_wait_for_the_same_all_of_them_act() {
    let mut triggers: Vec<Value> = (0..300).map(|number| on("go", &[emit(&format!("done-{number}"))])).collect();
    triggers.extend((0..300).map(|number| on(&format!("done-{number}"), &[emit("again")])));
    triggers.push(on("again", &[emit("and-again")]));
    let mut stage = Stage::new(json!([]), Value::Array(triggers));
    let told = stage.fire(1.0, &["go"]);
    assert_eq!((told.times("done-299"), told.times("and-again"), told.failed.len()), (1, 300, 0), "{:?}", told.failed);

    // By a clock on the wall, and at a label.
    let minute = 1_800_000_000_000;
    let cron = json!({ "type": "schedule", "cron": "* * * * *" });
    let mut triggers: Vec<Value> = (0..300).map(|_| json!({ "on": cron, "do": [emit("rung")] })).collect();
    triggers.extend((0..300).map(|_| at_label("t", &[emit("met")])));
    let mut stage = Stage::new(json!([rounds("t", 20.0)]), Value::Array(triggers));
    stage.compositor.set_wall_clock(minute - 1);
    let told = Told::default().of(stage.at(1.0));
    assert_eq!((told.times("rung"), told.times("met")), (0, 0));
    stage.compositor.set_wall_clock(minute + 1);
    let told = Told::default().of(stage.at(20.5));
    assert_eq!((told.times("rung"), told.times("met"), told.failed.len()), (300, 300, 0), "{:?}", told.failed);
}

#[test]
fn whatever_somebody_does_in_one_tick_is_done() {
    let triggers = json!([on("go", &[emit("done")]), on("last", &[emit("last-done")]), at_label("t", &[emit("met")])]);
    let mut stage = Stage::new(json!([rounds("t", 50.0)]), triggers);
    let told = stage.fire(1.0, &[vec!["go"; 300], vec!["last"]].concat());
    assert_eq!((told.times("done"), told.times("last-done"), told.failed.len()), (300, 1, 0), "{:?}", told.failed);
    let seek = Edit::ControlTimeline {
        id: TimelineId::new("t").unwrap(),
        control: TimelineControl::Seek { to: serde_json::from_value(json!("x")).unwrap() },
    };
    let told = Told::default().of(stage.edit(1.0, vec![seek; 300]));
    assert_eq!((told.times("met"), told.failed.len()), (300, 0), "{:?}", told.failed);
}

#[test]
fn what_a_tick_has_no_time_for_the_next_ones_do() {
    let many = [sets(99), vec![emit("done")]].concat();
    let mut stage = Stage::new(json!([]), json!([on("go", &many), on("last", &[emit("last-done")])]));
    let mut told = stage.fire(1.0, &[vec!["go"; 50], vec!["last"]].concat());
    assert!((1..50).contains(&told.times("done")), "{}", told.times("done"));
    for _ in 0..4 {
        told = told.of(stage.at(1.0));
    }
    assert_eq!((told.times("done"), told.times("last-done"), told.failed.len()), (50, 1, 0), "{:?}", told.failed);
    assert_eq!(told.fired.last().map(String::as_str), Some("last-done"), "in their order");
}

#[test]
fn events_that_multiply_are_stopped_and_others_are_not() {
    let triggers = json!([on("more", &vec![emit("more"); 100]), on("calm", &[emit("done")])]);
    let mut stage = Stage::new(json!([]), triggers);
    let told = stage.fire(1.0, &["more", "more", "calm"]).of(stage.at(1.0));
    assert_eq!((told.failed.len(), told.times("done")), (1, 1), "{:?}", told.failed);
    assert!(told.failed[0].contains("too much") && told.failed[0].contains("/triggers/0"), "{:?}", told.failed);
    assert_eq!(stage.compositor.stopped_triggers(), [0]);
    assert_eq!(stage.fire(2.0, &["more", "calm"]).times("more"), 1);
}
