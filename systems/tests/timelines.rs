//! Timelines and triggers, seen from outside: what is asked of them, and what the picture shows.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

use components::{
    Edit, LayerId, SceneDocument, SceneId,
    animation::{
        AnimationControl, AnimationStatus,
        timeline::{PlayState, SeekTarget, TimelineControl, TimelineId},
        trigger::EventName,
    },
    document::Limits,
    edit::EditRejected,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use systems::{
    Compositor, CompositorSettings, TickReport,
    clock::{SceneEvent, TimelineStatus},
};

/// A scene on black whose layers `a`, `b` and `c` are white, each in a column of its own: how light it is tells its
/// opacity.
struct Stage {
    compositor: Compositor,
    tick: u64,
}

const COLUMN: usize = 16;

fn fade(layer: &str, from: f64, to: f64, duration: f64) -> Value {
    json!({ "type": "animate", "layer": layer,
        "animation": { "property": "opacity", "from": from, "to": to, "duration": duration } })
}

fn scene(timelines: Value, triggers: Value) -> SceneDocument {
    let layers: Vec<Value> = ["a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(index, id)| {
            json!({ "id": id, "content": { "type": "color", "color": "#fff", "size": { "width": COLUMN, "height": 16 } },
                "transform": { "position": { "x": index * COLUMN, "y": 0 } } })
        })
        .collect();
    let scene = json!({ "canvas": { "width": 48, "height": 16 }, "layers": layers, "timelines": timelines,
        "triggers": triggers });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

impl Stage {
    fn new(timelines: Value, triggers: Value) -> Self {
        let settings = CompositorSettings { width: 48, height: 16, max_layers: 50, pool_size: 3, threads: Some(1) };
        let mut stage = Self { compositor: Compositor::new(settings), tick: 0 };
        stage.edit(0.0, vec![Edit::LoadScene { scene: Box::new(scene(timelines, triggers)) }]).0.unwrap();
        stage
    }

    fn at(&mut self, seconds: f64) -> TickReport {
        self.tick += 1;
        self.compositor.tick(self.tick, seconds)
    }

    fn edit(&mut self, seconds: f64, edits: Vec<Edit>) -> (Result<(), EditRejected>, TickReport) {
        self.compositor.submit(1, edits);
        let mut report = self.at(seconds);
        (report.outcomes.remove(0).1.map(drop).map_err(|rejected| rejected.reason), report)
    }

    fn control(&mut self, seconds: f64, id: &str, control: TimelineControl) {
        self.edit(seconds, vec![Edit::ControlTimeline { id: TimelineId::new(id).unwrap(), control }]).0.unwrap();
    }

    fn fire(&mut self, seconds: f64, name: &str) -> TickReport {
        self.edit(seconds, vec![Edit::FireEvent { name: EventName::new(name).unwrap() }]).1
    }

    /// The opacities of the layers, in percent.
    fn light(&self) -> [u32; 3] {
        let picture = self.compositor.picture();
        [0, 1, 2].map(|index| {
            let at = (8 * 48 + index * COLUMN + COLUMN / 2) * 4;
            (f64::from(picture.data[at]) / 2.55).round() as u32
        })
    }

    fn timeline(&self, id: &str) -> TimelineStatus {
        self.compositor.timelines().into_iter().find(|timeline| timeline.id.as_str() == id).expect("a timeline")
    }
}

fn failures(report: &TickReport) -> Vec<&str> {
    let failed = report.events.iter().filter_map(|event| match event {
        SceneEvent::Failed { message } => Some(message.as_str()),
        SceneEvent::Fired { .. } => None,
    });
    failed.collect()
}

#[test]
fn a_single_animation_is_steered_and_nothing_of_it_is_written() {
    let mut stage = Stage::new(json!([]), json!([]));
    let id = || LayerId::new("a").unwrap();
    let fade = json!({ "property": "opacity", "from": 0, "to": 1, "duration": 2 });
    let add = || Edit::AddAnimation { id: id(), animation: Box::new(serde_json::from_value(fade.clone()).unwrap()) };
    let steer = |index, control| Edit::ControlAnimation { id: id(), index, control };
    // Added and steered at once.
    stage.edit(1.0, vec![add(), steer(0, AnimationControl::Seek { to: 0.5 })]).0.unwrap();
    assert_eq!(stage.light()[0], 25);
    let document = stage.compositor.snapshot().scene;
    let report = stage.edit(2.0, vec![steer(0, AnimationControl::Pause)]).1;
    assert_eq!(stage.light()[0], 75);
    assert!(report.diff.is_none() && stage.compositor.snapshot().scene == document);
    assert!(!stage.compositor.is_moving());
    stage.at(7.0);
    assert_eq!(stage.light()[0], 75);
    stage.edit(8.0, vec![steer(0, AnimationControl::Rate { rate: 0.5 }), steer(0, AnimationControl::Play)]).0.unwrap();
    stage.at(8.2);
    assert_eq!(stage.light()[0], 80);
    let [AnimationStatus { state, rate, .. }] = &*stage.compositor.animations(&id()).unwrap() else { panic!() };
    assert_eq!((*state, *rate), (PlayState::Playing, 0.5));
    // Steered, then another before it is removed in the same batch: it is still the one that is meant.
    let other = json!({ "property": "opacity", "from": 0.3, "to": 0.3, "duration": 1 });
    let put = json!({ "animations": [other, fade] });
    stage.edit(8.2, vec![Edit::PatchLayer { id: id(), patch: put }]).0.unwrap();
    let edits = vec![steer(1, AnimationControl::Seek { to: 0.2 }), Edit::RemoveAnimation { id: id(), index: 0 }];
    stage.edit(8.2, edits).0.unwrap();
    assert_eq!(stage.light()[0], 10);
    stage.edit(9.0, vec![steer(0, AnimationControl::Cancel)]).0.unwrap();
    assert_eq!(stage.light()[0], 100);
    let (refused, _) = stage.edit(9.0, vec![steer(1, AnimationControl::Play)]);
    assert!(refused.unwrap_err().to_string().contains("fault"));
}

/// A stream that runs for weeks gets one after the other: what is over and not seen any more makes room.
#[test]
fn whoever_adds_animations_all_day_long_is_never_refused_and_the_picture_stays_right() {
    let mut stage = Stage::new(json!([]), json!([]));
    let id = || LayerId::new("a").unwrap();
    let add = |animation: Value| Edit::AddAnimation { id: id(), animation: serde_json::from_value(animation).unwrap() };
    // With the scene, and on top of all.
    let own = json!([{ "property": "opacity", "from": 0, "to": 1, "duration": 0.5 }]);
    stage.edit(0.0, vec![Edit::PatchLayer { id: id(), patch: json!({ "animations": own }) }]).0.unwrap();
    let half = json!({ "property": "opacity", "queue": "multiply", "from": 0.5, "to": 0.5, "duration": 0.5 });
    stage.edit(0.5, vec![add(half.clone())]).0.unwrap();
    let kept = |stage: &Stage| stage.compositor.snapshot().scene.layers[0].animations.clone();
    let begun = serde_json::to_value(kept(&stage)).unwrap();
    let (mut before, mut most) = (100.0, 0);
    for number in 1..=1000_u32 {
        let now = f64::from(number);
        let next = f64::from(number % 5) * 25.0;
        let fade = json!({ "property": "opacity", "to": next / 100.0, "duration": 0.5 });
        stage.edit(now, vec![add(fade)]).0.unwrap();
        for (seconds, whole) in [(now + 0.25, f64::midpoint(before, next)), (now + 0.75, next)] {
            stage.at(seconds);
            let light = f64::from(stage.light()[0]);
            assert!((light - whole / 2.0).abs() <= 1.0, "{light} at {seconds}, and not half of {whole}");
        }
        before = next;
        most = most.max(kept(&stage).0.len());
    }
    assert_eq!(most, 64, "room is made where there is none left");
    let written = serde_json::to_value(kept(&stage)).unwrap();
    assert_eq!(written.as_array().unwrap()[..2], begun.as_array().unwrap()[..], "these are still seen, or begin anew");
    // What never ends is not replaced: there is no room then.
    let spins = json!({ "property": "transform.rotation", "to": 360, "duration": 1, "repeat": "forever" });
    let refused = (0..64).find_map(|_| stage.edit(2000.0, vec![add(spins.clone())]).0.err());
    assert!(refused.expect("too many").to_string().contains("fault"));
}

#[test]
fn a_timeline_is_played_paused_sought_reversed_and_cancelled() {
    let mut stage = Stage::new(
        json!([{ "id": "t", "autoplay": false, "steps": [
            fade("a", 0.0, 1.0, 2.0), { "type": "label", "name": "second" }, fade("b", 0.0, 1.0, 2.0) ] }]),
        json!([]),
    );
    stage.at(1.0);
    assert_eq!((stage.light(), stage.timeline("t").state), ([100, 100, 100], PlayState::Idle), "as it is written");
    stage.control(2.0, "t", TimelineControl::Play);
    assert_eq!(stage.light(), [0, 0, 100]);
    stage.at(3.0);
    assert_eq!((stage.light(), stage.timeline("t").position), ([50, 0, 100], 1.0));
    stage.control(3.0, "t", TimelineControl::Pause);
    let report = stage.at(10.0);
    assert_eq!((stage.light(), stage.timeline("t").state), ([50, 0, 100], PlayState::Paused));
    assert_eq!(report.damage.len(), 0, "what stands still is not drawn");
    let label = SeekTarget::Label(serde_json::from_value(json!("second")).unwrap());
    stage.control(11.0, "t", TimelineControl::Seek { to: label });
    assert_eq!((stage.light(), stage.timeline("t").position), ([100, 0, 100], 2.0));
    stage.control(12.0, "t", TimelineControl::Rate { rate: 2.0 });
    stage.control(12.0, "t", TimelineControl::Play);
    stage.at(12.5);
    assert_eq!(stage.light(), [100, 50, 100]);
    stage.control(12.5, "t", TimelineControl::Reverse);
    stage.at(13.5);
    assert_eq!((stage.light(), stage.timeline("t").rate), ([50, 0, 100], -2.0));
    stage.at(20.0);
    assert_eq!((stage.light(), stage.timeline("t").state), ([0, 0, 100], PlayState::Finished));
    stage.control(21.0, "t", TimelineControl::Cancel);
    assert_eq!((stage.light(), stage.timeline("t").state), ([100, 100, 100], PlayState::Idle));
    stage.control(22.0, "t", TimelineControl::Reverse);
    stage.at(22.25);
    assert_eq!((stage.light(), stage.timeline("t").position), ([100, 75, 100], 3.5), "from the end, twice as fast");
}

#[test]
fn the_timeline_that_was_played_last_decides() {
    let mut stage = Stage::new(
        json!([
            { "id": "in", "autoplay": false, "steps": [fade("a", 0.0, 0.6, 1.0)] },
            { "id": "out", "autoplay": false, "steps": [fade("a", 0.6, 0.0, 1.0)] },
        ]),
        json!([]),
    );
    stage.control(1.0, "in", TimelineControl::Play);
    stage.at(3.0);
    assert_eq!(stage.light()[0], 60);
    stage.control(3.0, "out", TimelineControl::Play);
    stage.at(3.5);
    assert_eq!(stage.light()[0], 30);
    stage.at(5.0);
    assert_eq!(stage.light()[0], 0);
    stage.control(5.0, "in", TimelineControl::Play);
    stage.at(5.5);
    assert_eq!(stage.light()[0], 30);
    stage.at(6.5);
    assert_eq!(stage.light()[0], 60);
}

/// `a` fades in; at its end `b` does; half way through that, `c` is set and an event is told.
fn chain() -> (Value, Value) {
    (
        json!([
            { "id": "first", "steps": [fade("a", 0.0, 1.0, 0.7)] },
            { "id": "second", "autoplay": false, "steps": [
                { "type": "parallel", "steps": [
                    fade("b", 0.0, 1.0, 1.0),
                    { "type": "sequence", "steps": [{ "type": "wait", "seconds": 0.5 }, { "type": "label", "name": "half" }] },
                ] },
            ] },
        ]),
        json!([
            { "on": { "type": "timelineEnd", "timeline": "first" }, "do": [{ "type": "play", "timeline": "second" }] },
            { "on": { "type": "label", "timeline": "second", "label": "half" },
              "do": [{ "type": "emit", "event": "half-way" }] },
            { "on": { "type": "event", "name": "half-way" }, "do": [{ "type": "set", "layer": "c", "patch": {
                "animations": [{ "property": "opacity", "from": 0, "to": 1, "duration": 2 }] } }] },
        ]),
    )
}

#[test]
fn triggers_act_at_exact_times_whichever_frames_are_drawn() {
    // 0.7 s: the second begins; 1.2 s: `c` begins. Neither is a frame of any of these.
    for step in [1.0 / 60.0, 1.0 / 24.0, 0.13, 0.9, 1.7] {
        let (timelines, triggers) = chain();
        let mut stage = Stage::new(timelines, triggers);
        let mut told = Vec::new();
        let mut time = step;
        while time < 1.7 {
            told.extend(stage.at(time).events);
            time += step;
        }
        told.extend(stage.at(1.7).events);
        assert_eq!(stage.light(), [100, 100, 25], "in steps of {step}");
        assert_eq!(told, [SceneEvent::Fired { name: EventName::new("half-way").unwrap() }], "in steps of {step}");
        assert_eq!(stage.timeline("second").position, 1.0);
    }
}

#[test]
fn a_loop_of_triggers_is_stopped_and_nothing_else_suffers() {
    let mut stage = Stage::new(
        json!([{ "id": "t", "steps": [fade("a", 0.0, 1.0, 2.0)] }]),
        json!([
            { "on": { "type": "event", "name": "ping" }, "do": [{ "type": "emit", "event": "pong" }] },
            { "on": { "type": "event", "name": "pong" }, "do": [{ "type": "emit", "event": "ping" }] },
            { "on": { "type": "event", "name": "calm" }, "do": [{ "type": "set", "layer": "b", "patch": { "opacity": 0.5 } }] },
        ]),
    );
    let report = stage.fire(1.0, "ping");
    assert_eq!(failures(&report).len(), 1, "{:?}", report.events);
    assert!(failures(&report)[0].contains("without end"));
    assert_eq!(stage.light(), [50, 100, 100]);
    assert!(failures(&stage.fire(1.02, "calm")).is_empty(), "what somebody does afterwards is done");
    assert_eq!(stage.light(), [51, 50, 100]);
}

#[test]
fn rounds_of_a_nanosecond_do_not_hold_up_the_tick() {
    let mut stage = Stage::new(
        json!([
            { "id": "short", "repeat": "forever", "steps": [
                { "type": "label", "name": "x" }, { "type": "wait", "seconds": 1e-9 }] },
            { "id": "fade", "steps": [fade("a", 0.0, 1.0, 4.0)] }]),
        json!([{ "on": { "type": "label", "timeline": "short", "label": "x" },
            "do": [{ "type": "emit", "event": "e" }] }]),
    );
    let report = stage.at(2.0);
    assert_eq!(failures(&report).len(), 1, "told once: {:?}", failures(&report));
    assert_eq!(stage.light()[0], 50, "the other timeline plays on");
    assert_eq!(failures(&stage.at(9.0)).len(), 0);
    assert_eq!(failures(&stage.at(31.0)).len(), 0, "it is stopped for good");
}

/// A stage on whose air `first` is, while `second` waits as `other`; and what happened when `first` came on air.
fn with_two(first: SceneDocument, second: SceneDocument) -> (Stage, TickReport) {
    let mut stage = Stage::new(json!([]), json!([]));
    let id = SceneId::new("other").unwrap();
    stage.edit(0.0, vec![Edit::PutScene { id, scene: Box::new(second) }]).0.unwrap();
    let (outcome, report) = stage.edit(0.0, vec![Edit::LoadScene { scene: Box::new(first) }]);
    outcome.unwrap();
    (stage, report)
}

fn on_air(stage: &Stage) -> String {
    stage.compositor.scenes().active.to_string()
}

#[test]
fn a_trigger_brings_another_scene_on_air_at_its_exact_time() {
    let activate = |scene: &str| json!({ "type": "activate", "scene": scene });
    let wait = json!([{ "id": "wait", "steps": [{ "type": "wait", "seconds": 1.01 }] }]);
    let next = json!([{ "on": { "type": "timelineEnd", "timeline": "wait" },
        "do": [activate("other"), { "type": "set", "layer": "c", "patch": { "opacity": 0 } }] }]);
    let fades = json!([{ "id": "fade", "steps": [fade("a", 0.0, 1.0, 1.0)] }]);
    let begin =
        json!([{ "on": { "type": "start" }, "do": [{ "type": "set", "layer": "b", "patch": { "opacity": 0.5 } }] }]);
    // Frames at very different times see the same.
    for frames in [vec![2.0_f64], vec![1.0, 1.02, 1.5, 2.0], (1..=40).map(|frame| f64::from(frame) * 0.05).collect()] {
        let (mut stage, _) = with_two(scene(wait.clone(), next.clone()), scene(fades.clone(), begin.clone()));
        for seconds in &frames {
            let report = stage.at(*seconds);
            assert_eq!(failures(&report), Vec::<&str>::new());
        }
        assert_eq!((on_air(&stage).as_str(), stage.light()), ("other", [99, 50, 100]), "{} frames", frames.len());
        assert!((stage.timeline("fade").position - 0.99).abs() < 1e-6);
    }
    let mut stage =
        Stage::new(json!([]), json!([{ "on": { "type": "event", "name": "go" }, "do": [activate("nowhere")] }]));
    let report = stage.fire(1.0, "go");
    let told = failures(&report);
    assert!(
        told.len() == 1 && told[0].starts_with("/triggers/0 could not bring the scene `nowhere` on air: there is no"),
        "{told:?}"
    );
}

#[test]
fn triggers_act_by_the_clock_on_the_wall_if_there_is_one() {
    /// Milliseconds since 1970 at which it is Friday, eight in the evening, in Berlin.
    const FRIDAY: i64 = 1_795_806_000_000;
    let on = json!({ "type": "schedule", "cron": "0 20 * * FRI", "timeZone": "Europe/Berlin" });
    let dim = |layer: &str| json!([{ "type": "set", "layer": layer, "patch": { "opacity": 0.5 } }]);
    let mut stage = Stage::new(json!([]), json!([{ "on": on, "do": dim("a") }, { "on": on, "do": dim("b") }]));
    stage.at(1.0);
    assert_eq!(stage.light(), [100, 100, 100], "there is no such clock");
    stage.compositor.set_wall_clock(FRIDAY - 1);
    stage.at(2.0);
    assert_eq!(stage.light(), [100, 100, 100]);
    // A little late, while scene time stands still.
    stage.compositor.set_wall_clock(FRIDAY + 40);
    stage.at(2.0);
    assert_eq!(stage.light(), [50, 50, 100]);
    let undo = json!({ "opacity": 1 });
    let id = LayerId::new("a").unwrap();
    stage.edit(3.0, vec![Edit::PatchLayer { id, patch: undo }]).0.unwrap();
    stage.compositor.set_wall_clock(FRIDAY + 6 * 86_400_000);
    stage.at(4.0);
    assert_eq!(stage.light(), [100, 50, 100], "once each Friday");
    stage.compositor.set_wall_clock(FRIDAY + 7 * 86_400_000);
    stage.at(5.0);
    assert_eq!(stage.light(), [50, 50, 100]);
}

#[test]
fn scenes_that_bring_one_another_on_air_are_stopped() {
    let on_start = |scene: &str| json!([{ "on": { "type": "start" }, "do": [{ "type": "activate", "scene": scene }] }]);
    let on_event =
        json!([{ "on": { "type": "event", "name": "go" }, "do": [{ "type": "activate", "scene": "other" }] }]);
    let (mut stage, _) = with_two(scene(json!([]), on_event), scene(json!([]), on_start("main")));
    let report = stage.fire(1.0, "go");
    assert_eq!((failures(&report), on_air(&stage).as_str()), (Vec::new(), "main"), "there and back");
    let (mut stage, report) = with_two(scene(json!([]), on_start("other")), scene(json!([]), on_start("main")));
    let told = failures(&report);
    assert!(told.len() == 1 && told[0].contains("triggers set one another off without end"), "{told:?}");
    // Everything else goes on.
    let report = stage.at(1.5);
    assert_eq!((failures(&report), stage.light()), (Vec::new(), [100, 100, 100]));
}

#[test]
fn a_trigger_that_cannot_act_says_so() {
    let mut stage = Stage::new(
        json!([]),
        json!([{ "on": { "type": "event", "name": "go" }, "do": [
            { "type": "set", "layer": "b", "patch": { "content": { "color": "#808080" } } },
            { "type": "set", "layer": "a", "patch": { "opacity": 0.25 } } ] }]),
    );
    assert!(failures(&stage.fire(1.0, "go")).is_empty());
    assert_eq!(stage.light(), [25, 50, 100]);
    let layer = json!({ "id": "b", "content": { "type": "group" } });
    let replace =
        Edit::ReplaceLayer { id: LayerId::new("b").unwrap(), layer: Box::new(serde_json::from_value(layer).unwrap()) };
    stage.edit(2.0, vec![replace]).0.unwrap();
    let report = stage.fire(3.0, "go");
    assert_eq!(failures(&report).len(), 1, "{:?}", report.events);
    let told = "/triggers/0 could not set the layer `b`: /content/color: found the unknown key `color`";
    assert!(failures(&report)[0].starts_with(told), "{:?}", failures(&report));
    assert_eq!(stage.light()[0], 25, "the next action is done all the same");
    let counts = [4.0, 12.9, 13.5].map(|seconds| failures(&stage.fire(seconds, "go")).len());
    assert_eq!(counts, [0, 0, 1], "told again after ten seconds only");
}

/// A scene file may have a layer of a reserved id, which its triggers may keep where it is; gone, it is not brought back.
#[test]
fn a_trigger_does_not_bring_back_a_layer_that_no_path_leads_to() {
    let group = |children: Value| json!({ "id": "group", "content": { "type": "group" }, "children": children });
    let inside = |id: &str| json!({ "id": id, "content": { "type": "group" } });
    let patch = json!({ "opacity": 0.5, "children": [inside("batch")] });
    let mut first = serde_json::to_value(scene(json!([]), json!([]))).unwrap();
    first["layers"].as_array_mut().unwrap().push(group(json!([inside("batch"), inside("other")])));
    first["triggers"] = json!([{ "on": { "type": "event", "name": "go" }, "do": [
        { "type": "set", "layer": "group", "patch": patch }] }]);
    let mut stage = Stage::new(json!([]), json!([]));
    let first = SceneDocument::from_value(first, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    stage.edit(0.0, vec![Edit::LoadScene { scene: Box::new(first) }]).0.unwrap();
    let children = |stage: &Stage| -> Vec<String> {
        let scene = stage.compositor.snapshot().scene;
        scene.layers[3].children.iter().map(|child| child.id.to_string()).collect()
    };
    assert!(failures(&stage.fire(1.0, "go")).is_empty());
    assert_eq!(children(&stage), ["batch"], "it stays, and the other one is gone");
    stage.edit(2.0, vec![Edit::DeleteLayer { id: LayerId::new("batch").unwrap() }]).0.unwrap();
    let report = stage.fire(3.0, "go");
    let told = "/triggers/0 could not set the layer `group`: /children/0/id: found `batch`, expected another id";
    assert!(failures(&report)[0].starts_with(told), "{:?}", failures(&report));
    assert_eq!(children(&stage), Vec::<String>::new());
}

#[test]
fn an_edit_leaves_timelines_and_triggers_valid_or_is_refused() {
    let timeline = |steps: Value| json!({ "id": "t", "steps": steps });
    let mut stage = Stage::new(
        json!([timeline(json!([fade("a", 0.0, 1.0, 2.0)]))]),
        json!([{ "on": { "type": "timelineEnd", "timeline": "t" }, "do": [{ "type": "pause", "timeline": "t" }] }]),
    );
    let delete = Edit::DeleteLayer { id: LayerId::new("a").unwrap() };
    let Err(EditRejected::InUse { faults }) = stage.edit(0.1, vec![delete.clone()]).0 else { panic!("it is in use") };
    assert_eq!(faults[0].pointer, "/timelines/0/steps/0/layer");
    let id = TimelineId::new("t").unwrap();
    let gone = stage.edit(0.2, vec![Edit::DeleteTimeline { id: id.clone() }]).0;
    assert!(matches!(gone, Err(EditRejected::InUse { .. })), "a trigger waits for it: {gone:?}");
    let put = |steps: Value| Edit::PutTimeline { timeline: Box::new(serde_json::from_value(timeline(steps)).unwrap()) };
    let Err(EditRejected::Invalid { faults }) = stage.edit(0.3, vec![put(json!([fade("z", 0.0, 1.0, 2.0)]))]).0 else {
        panic!("there is no such layer")
    };
    assert_eq!(faults[0].pointer, "/steps/0/layer");
    let unknown = Edit::ControlTimeline { id: TimelineId::new("tt").unwrap(), control: TimelineControl::Play };
    let refused = stage.edit(0.4, vec![put(json!([fade("b", 0.0, 1.0, 2.0)])), unknown]).0;
    assert!(matches!(refused, Err(EditRejected::UnknownTimeline { .. })), "{refused:?}");
    assert_eq!(stage.light()[1], 100, "nothing of the batch was done");
    // Together they fit; what stood somewhere stays there.
    stage.edit(1.0, vec![delete, put(json!([fade("b", 0.0, 1.0, 2.0)]))]).0.unwrap();
    assert_eq!(stage.light(), [0, 50, 100]);
}

#[test]
fn an_edit_leaves_a_timeline_where_it_stands() {
    let timeline = |share: f64| {
        json!({ "id": "t", "autoplay": false, "steps": [fade("a", 0.0, share, 8.0 * share),
        { "type": "label", "name": "x" }, { "type": "wait", "seconds": 1e-3 }] })
    };
    let put = |share: f64| Edit::PutTimeline { timeline: Box::new(serde_json::from_value(timeline(share)).unwrap()) };
    let mut stage = Stage::new(
        json!([timeline(0.25)]),
        json!([{ "on": { "type": "label", "timeline": "t", "label": "x" }, "do": [{ "type": "emit", "event": "e" }] }]),
    );
    stage.control(0.0, "t", TimelineControl::Play);
    assert_eq!(stage.at(3.0).events.len(), 1);
    // Longer: what had finished stays, until somebody plays it.
    stage.edit(12.0, vec![put(1.0)]).0.unwrap();
    stage.at(14.0);
    assert_eq!((stage.light()[0], stage.timeline("t").state), (25, PlayState::Paused));
    stage.control(20.0, "t", TimelineControl::Play);
    assert!(stage.at(24.8).events.is_empty());
    assert_eq!((stage.light()[0], stage.timeline("t").state), (85, PlayState::Playing));
    assert_eq!(stage.at(27.0).events.len(), 1, "labels on the way are come to");
    // Shorter: what plays backwards plays on from the end.
    stage.control(30.0, "t", TimelineControl::Reverse);
    stage.edit(31.0, vec![put(0.5)]).0.unwrap();
    assert_eq!(stage.light()[0], 50);
    stage.at(33.0);
    assert_eq!((stage.light()[0], stage.timeline("t").state), (25, PlayState::Playing));
    stage.edit(33.0, vec![put(1.0)]).0.unwrap();
    stage.at(34.0);
    assert_eq!((stage.light()[0], stage.timeline("t").state), (13, PlayState::Playing));
    stage.at(40.0);
    stage.edit(41.0, vec![put(0.5)]).0.unwrap();
    assert_eq!((stage.light()[0], stage.timeline("t").state), (0, PlayState::Finished));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// A timeline that is turned round, and turned round again, is where it was and goes on as it did, at any rate: one of
    /// rounds there and back, one that plays others within it, or one of springs.
    #[test]
    fn the_reverse_of_the_reverse_is_the_way_it_was(
        kind in 0..3_usize,
        forwards in 0.1..3.0_f64,
        share in 0.0..0.99_f64,
        on in 0.0..3.0_f64,
        rate in 0.2..4.0_f64,
    ) {
        let stagger = json!({ "type": "stagger", "layers": ["b", "c"], "each": 0.1,
            "animation": { "property": "opacity", "from": 0.2, "to": 1, "duration": 0.9, "easing": "easeOutBounce" } });
        let rounds = |id: &str, steps: Value| json!({ "id": id, "autoplay": false, "repeat": 3, "pingPong": true, "steps": steps });
        let nested = json!([{ "type": "wait", "seconds": 0.25 }, { "type": "timeline", "id": "u" }, fade("c", 0.9, 0.1, 0.5)]);
        let spring = |layer: &str, bounce: f64| {
            let animation = json!({ "property": "opacity", "from": 0.3, "to": 0.6, "spring": { "duration": 0.6, "bounce": bounce } });
            json!({ "type": "animate", "layer": layer, "animation": animation })
        };
        let springs = json!([spring("a", 0.5), { "type": "parallel", "steps": [spring("b", 0.0), spring("c", -0.4)] }, stagger]);
        let inner = rounds("u", json!([fade("a", 0.0, 1.0, 0.7), stagger]));
        let timeline = match kind {
            0 => json!([rounds("t", json!([fade("a", 0.0, 1.0, 0.7), stagger]))]),
            1 => json!([{ "id": "t", "autoplay": false, "speed": 1.5, "steps": nested }, inner]),
            _ => json!([{ "id": "t", "autoplay": false, "steps": springs }]),
        };
        let back = forwards * share;
        let mut turned = Stage::new(timeline.clone(), json!([]));
        turned.control(0.0, "t", TimelineControl::Rate { rate });
        turned.control(0.0, "t", TimelineControl::Play);
        turned.control(forwards, "t", TimelineControl::Reverse);
        turned.control(forwards + back, "t", TimelineControl::Play);
        turned.at(forwards + 2.0 * back + on);
        let mut straight = Stage::new(timeline, json!([]));
        straight.control(0.0, "t", TimelineControl::Rate { rate });
        straight.control(0.0, "t", TimelineControl::Play);
        straight.at(forwards + on);
        // Where the end is come to on the way it is not passed: there it stays.
        let end = straight.timeline("t").length.unwrap();
        prop_assume!(forwards * rate < end);
        let (a, b) = (turned.timeline("t"), straight.timeline("t"));
        prop_assert!((a.position - b.position).abs() < 1e-6, "{} and {}", a.position, b.position);
        prop_assert_eq!(a.state, b.state);
        for (a, b) in turned.light().into_iter().zip(straight.light()) {
            prop_assert!(a.abs_diff(b) <= 1, "{a} and {b} percent");
        }
    }

    /// Played at any rate, forwards or backwards, and however many frames are drawn on the way, a moment of the timeline is
    /// the same picture, to the byte. Rates and times are such as floating point knows exactly, and no animation begins or
    /// ends at one: what stands still lies on whole pixels.
    #[test]
    fn at_any_rate_a_moment_is_the_same_picture(
        rate in prop::sample::select(vec![0.25, 0.5, 1.0, 2.0, 4.0]),
        backwards: bool,
        moment in 0..96_u32,
        frames in 1..9_u32,
    ) {
        let across = json!({ "property": "transform.position", "path": "M 0 0 C 40 0 0 8 30 6", "duration": 1.5, "easing": "easeInOut" });
        let turn = json!({ "property": "transform.rotation", "by": 200, "spring": { "duration": 0.5, "bounce": 0.4 } });
        let tint = json!({ "property": "content.color", "to": "#ff8800", "duration": 2, "easing": "easeOutBounce" });
        let blend = json!({ "property": "blend", "keyframes": [{ "at": 0, "value": "normal" }, { "at": 1.25, "value": "difference" }] });
        let animate = |layer: &str, animation: &Value| json!({ "type": "animate", "layer": layer, "animation": animation });
        let steps = json!([{ "type": "parallel", "steps": [animate("a", &across), animate("b", &turn), animate("b", &tint),
            animate("c", &blend), fade("c", 0.2, 1.0, 1.0)] }, { "type": "wait", "seconds": 1 }]);
        let timeline = json!([{ "id": "t", "autoplay": false, "steps": steps }]);
        let position = f64::from(moment * 2 + 1) / 64.0;
        let mut direct = Stage::new(timeline.clone(), json!([]));
        direct.control(0.0, "t", TimelineControl::Play);
        direct.at(position);
        let mut played = Stage::new(timeline, json!([]));
        let begin = if backwards { 3.0 } else { 0.0 };
        played.control(0.0, "t", TimelineControl::Rate { rate });
        played.control(0.0, "t", TimelineControl::Seek { to: SeekTarget::Seconds(begin) });
        played.control(0.0, "t", if backwards { TimelineControl::Reverse } else { TimelineControl::Play });
        let takes = (position - begin).abs() / rate;
        for frame in 1..frames {
            played.at(takes * f64::from(frame) / f64::from(frames));
        }
        played.at(takes);
        prop_assert_eq!(played.timeline("t").position, direct.timeline("t").position);
        prop_assert!(played.compositor.picture().data == direct.compositor.picture().data, "at {} s", position);
    }
}
