//! What a scene is asked for before another comes on air is done before it leaves.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

mod refused;

use components::{
    Edit, LayerId, SceneDocument, SceneId,
    animation::{
        timeline::{TimelineControl, TimelineId},
        trigger::EventName,
    },
    document::{Fingerprint, Limits},
    edit::{BatchRejected, DocumentName},
};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, TickReport, clock::SceneEvent};

const SIDE: usize = 16;

/// One white layer on black, and what moves it.
fn scene(layer: &Value, timelines: &Value, triggers: &Value) -> SceneDocument {
    let mut square = json!({ "id": "a", "content": { "type": "color", "color": "#fff",
        "size": { "width": SIDE, "height": SIDE } } });
    square.as_object_mut().unwrap().extend(layer.as_object().unwrap().clone());
    let scene = json!({ "canvas": { "width": SIDE, "height": SIDE }, "layers": [square], "timelines": timelines,
        "triggers": triggers });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// A scene called `main` on air, and one called `dark` in which nothing is to be seen.
struct Stage {
    compositor: Compositor,
    tick: u64,
}

impl Stage {
    fn new(main: SceneDocument, dark_triggers: &Value) -> Self {
        let (width, height) = (SIDE, SIDE);
        let settings = CompositorSettings { width, height, max_layers: 50, pool_size: 3, threads: Some(1) };
        let mut stage = Self { compositor: Compositor::new(settings), tick: 0 };
        let dark = scene(&json!({ "visible": false }), &json!([]), dark_triggers);
        let put = Edit::PutScene { id: SceneId::new("dark").unwrap(), scene: Box::new(dark) };
        stage.edit(0.0, vec![vec![Edit::LoadScene { scene: Box::new(main) }, put]]);
        stage
    }

    fn at(&mut self, seconds: f64) -> TickReport {
        self.tick += 1;
        self.compositor.tick(self.tick, seconds)
    }

    fn try_edit(&mut self, seconds: f64, batches: Vec<Vec<Edit>>) -> (Result<(), BatchRejected>, TickReport) {
        for (ticket, batch) in batches.into_iter().enumerate() {
            self.compositor.submit(ticket as u64, batch);
        }
        let mut report = self.at(seconds);
        let outcomes = std::mem::take(&mut report.outcomes);
        (outcomes.into_iter().try_for_each(|(_, outcome)| outcome.map(drop)), report)
    }

    fn edit(&mut self, seconds: f64, batches: Vec<Vec<Edit>>) -> TickReport {
        let (outcome, report) = self.try_edit(seconds, batches);
        outcome.unwrap();
        report
    }

    /// The opacity of the layer in a scene that is held.
    fn held_opacity(&self, id: &str) -> f64 {
        let scene = &self.compositor.scenes().others[&SceneId::new(id).unwrap()];
        serde_json::to_value(&scene.layers[0]).unwrap()["opacity"].as_f64().unwrap_or(1.0)
    }

    /// How light the picture is, in percent.
    fn light(&self) -> f64 {
        (f64::from(self.compositor.picture().data[0]) / 2.55).round()
    }
}

fn fire(name: &str) -> Edit {
    Edit::FireEvent { name: EventName::new(name).unwrap() }
}

fn activate(id: &str, transition: &Value) -> Edit {
    Edit::ActivateScene {
        id: SceneId::new(id).unwrap(),
        transition: serde_json::from_value(transition.clone()).unwrap(),
    }
}

fn on(name: &str, actions: &Value) -> Value {
    json!({ "on": { "type": "event", "name": name }, "do": actions })
}

fn set(opacity: f64) -> Value {
    json!({ "type": "set", "layer": "a", "patch": { "opacity": opacity } })
}

fn emit(event: &str) -> Value {
    json!({ "type": "emit", "event": event })
}

fn fired(report: &TickReport) -> Vec<&str> {
    let fired = report.events.iter().filter_map(|event| match event {
        SceneEvent::Fired { name } => Some(name.as_str()),
        SceneEvent::Failed { .. } => None,
    });
    fired.collect()
}

/// A fade that is in proportion to time.
fn fade(seconds: f64) -> Value {
    json!({ "type": "fade", "duration": seconds, "easing": "linear" })
}

#[test]
fn what_is_asked_for_before_a_scene_leaves_is_done_in_it() {
    let triggers = json!([on("go", &json!([set(0.25), emit("gone")]))]);
    let dark = json!([on("go", &json!([emit("dark")]))]);
    let batches: [&[&[Edit]]; 2] = [
        &[&[fire("go"), activate("dark", &json!(null)), fire("go")]],
        &[&[fire("go")], &[activate("dark", &json!(null))], &[fire("go")]],
    ];
    for batches in batches {
        let mut stage = Stage::new(scene(&json!({}), &json!([]), &triggers), &dark);
        let report = stage.edit(1.0, batches.iter().map(|batch| batch.to_vec()).collect());
        assert_eq!(fired(&report), ["go", "gone", "go", "dark"]);
        assert_eq!(stage.held_opacity("main"), 0.25);
        stage.edit(2.0, vec![vec![activate("main", &json!(null))]]);
        assert_eq!(stage.light(), 25.0);
    }
}

#[test]
fn what_happens_up_to_the_tick_on_which_a_scene_leaves_happens_in_it() {
    let timelines = json!([{ "id": "t", "steps": [{ "type": "wait", "seconds": 0.9 }] }]);
    let triggers = json!([{ "on": { "type": "timelineEnd", "timeline": "t" }, "do": [set(0.5)] }]);
    let mut stage = Stage::new(scene(&json!({}), &timelines, &triggers), &json!([]));
    stage.edit(1.0, vec![vec![activate("dark", &json!(null))]]);
    assert_eq!(stage.held_opacity("main"), 0.5);
}

#[test]
fn a_timeline_that_is_steered_before_its_scene_leaves_is_seen_there_while_it_does() {
    let animation = json!({ "property": "opacity", "from": 0, "to": 1, "duration": 10 });
    let timelines = json!([{ "id": "t", "autoplay": false, "steps": [{ "type": "animate", "layer": "a", "animation": animation }] }]);
    let mut stage = Stage::new(scene(&json!({}), &timelines, &json!([])), &json!([]));
    let control = |control| Edit::ControlTimeline { id: TimelineId::new("t").unwrap(), control };
    let seek = TimelineControl::Seek { to: serde_json::from_value(json!(4)).unwrap() };
    stage.edit(1.0, vec![vec![control(seek), control(TimelineControl::Play), activate("dark", &fade(4.0))]]);
    stage.at(3.0);
    // 0.4 as it left, 0.6 now, of which a half is left.
    assert_eq!(stage.light(), 30.0);
}

#[test]
fn what_is_edited_before_its_scene_leaves_moves_there_while_it_does() {
    let smooth = json!({ "opacity": 0, "transitions": [{ "property": "opacity", "duration": 4, "easing": "linear" }] });
    let id = LayerId::new("a").unwrap();
    let patch = Edit::PatchLayer { id, patch: json!({ "opacity": 1 }) };
    for batches in [
        vec![vec![patch.clone(), activate("dark", &fade(4.0))]],
        vec![vec![patch.clone()], vec![activate("dark", &fade(4.0))]],
    ] {
        let mut stage = Stage::new(scene(&smooth, &json!([]), &json!([])), &json!([]));
        stage.edit(1.0, batches);
        assert_eq!(stage.held_opacity("main"), 1.0);
        stage.at(3.0);
        assert_eq!(stage.light(), 25.0);
    }
}

#[test]
fn edits_of_a_batch_are_one_change_on_which_it_acts_then() {
    let triggers = json!([on("go", &json!([set(0.25)])), on("back", &json!([set(0.5)]))]);
    let mut stage = Stage::new(scene(&json!({}), &json!([]), &triggers), &json!([on("go", &json!([set(0.75)]))]));
    let patch = |opacity: f64| Edit::PatchLayer {
        id: LayerId::new("a").unwrap(),
        patch: json!({ "opacity": opacity, "visible": true }),
    };
    stage.edit(1.0, vec![vec![fire("back"), fire("go"), patch(0.9)]]);
    assert_eq!(stage.light(), 25.0);
    // What is patched after a change of scenes is of the scene that comes.
    let batch = vec![fire("go"), patch(0.9), fire("back"), activate("dark", &json!(null)), fire("go"), patch(0.1)];
    stage.edit(2.0, vec![batch]);
    assert_eq!((stage.held_opacity("main"), stage.light()), (0.5, 75.0));
}

#[test]
fn a_batch_that_cannot_be_finished_after_what_triggers_did_leaves_nothing_behind() {
    let triggers = json!([on("go", &json!([set(0.25), emit("gone")]))]);
    let mut stage = Stage::new(scene(&json!({}), &json!([]), &triggers), &json!([]));
    let main = SceneId::new("main").unwrap();
    let etags = Some(vec![Fingerprint::of(&stage.compositor.snapshot().scene)]);
    let expect = Edit::Expect { document: DocumentName::Scene { id: main.clone() }, etags };
    let batch = vec![fire("go"), activate("dark", &json!(null)), expect];
    stage.compositor.check(batch.clone()).unwrap();
    let before = stage.compositor.snapshot().scene;
    let (outcome, report) = stage.try_edit(1.0, vec![batch]);
    let refused = outcome.unwrap_err();
    assert_eq!(refused.place.as_deref(), Some("/edits/2/document"));
    assert!(!refused.to_string().contains("ETag"), "{refused}");
    assert!(fired(&report).is_empty() && report.scenes.is_empty());
    assert_eq!((&stage.compositor.scenes().active, stage.light()), (&main, 100.0));
    assert_eq!(stage.compositor.snapshot().scene, before);
    // It works on.
    let report = stage.edit(2.0, vec![vec![fire("go")]]);
    assert_eq!((fired(&report), stage.light()), (vec!["go", "gone"], 25.0));
}

fn go_dark(transition: &Value) -> Value {
    json!({ "type": "activate", "scene": "dark", "transition": transition })
}

#[test]
fn what_a_trigger_lets_go_before_another_scene_moves_by_its_transition_in_the_one_that_leaves() {
    let hold = json!({ "property": "opacity", "from": 0, "to": 0, "duration": 10 });
    let timelines = json!([{ "id": "t", "steps": [{ "type": "animate", "layer": "a", "animation": hold }] },
        { "id": "clock", "steps": [{ "type": "wait", "seconds": 1.01 }] }]);
    let smooth = json!({ "transitions": [{ "property": "opacity", "duration": 4, "easing": "linear" }] });
    let actions = json!([{ "type": "cancel", "timeline": "t" }, go_dark(&fade(4.0))]);
    let due = json!([{ "on": { "type": "timelineEnd", "timeline": "clock" }, "do": actions }]);
    // Within a tick, and just on it.
    for (seconds, triggers) in [(None, due), (Some(1.01), json!([on("go", &actions)]))] {
        let mut stage = Stage::new(scene(&smooth, &timelines, &triggers), &json!([]));
        match seconds {
            Some(seconds) => drop(stage.edit(seconds, vec![vec![fire("go")]])),
            None => drop(stage.at(1.05)),
        }
        stage.at(2.01);
        // A quarter of the way to white, of which a quarter is gone.
        assert_eq!(stage.light(), 19.0);
        stage.at(3.01);
        assert_eq!(stage.light(), 25.0);
    }
}

#[test]
fn a_scene_reacts_to_what_a_trigger_fires_before_it_brings_another_on_air() {
    let triggers = json!([
        on("go", &json!([emit("e"), go_dark(&json!(null)), emit("never")])),
        on("go", &json!([emit("f"), { "type": "activate", "scene": "main" }])),
        on("e", &json!([set(0.5), emit("g")])),
        on("g", &json!([emit("done")])),
    ]);
    let mut stage = Stage::new(scene(&json!({}), &json!([]), &triggers), &json!([on("e", &json!([emit("dark")]))]));
    let report = stage.edit(1.0, vec![vec![fire("go")]]);
    assert_eq!(fired(&report), ["go", "e", "f", "g", "done"]);
    assert_eq!((stage.compositor.scenes().active.as_str(), stage.held_opacity("main")), ("dark", 0.5));
}

#[test]
fn what_check_tells_of_loops_is_what_is_stopped() {
    let cases: [(&[(&str, Value)], usize); 7] = [
        (&[("go", json!([emit("go")]))], 1),
        (&[("go", json!([emit("b")])), ("b", json!([set(0.5), emit("c")])), ("c", json!([emit("b")]))], 1),
        (&[("go", json!([emit("b"), emit("c")])), ("b", json!([emit("c")])), ("c", json!([set(0.5)]))], 0),
        (&[("go", json!([emit("b"), emit("d")])), ("b", json!([emit("b")])), ("d", json!([emit("d")]))], 2),
        // It leaves, but not before it has reacted.
        (&[("go", json!([emit("go"), go_dark(&json!(null))]))], 1),
        (&[("go", json!([emit("b"), go_dark(&json!(null))])), ("b", json!([emit("go")]))], 1),
        // What is behind that is not done.
        (&[("go", json!([go_dark(&json!(null)), emit("go")]))], 0),
    ];
    for (triggers, loops) in cases {
        let triggers: Vec<Value> = triggers.iter().map(|(name, actions)| on(name, actions)).collect();
        let scene = scene(&json!({}), &json!([]), &Value::Array(triggers));
        let told: Vec<String> = scene.notices().iter().map(ToString::to_string).collect();
        let mut stage = Stage::new(scene.clone(), &json!([]));
        let report = stage.edit(1.0, vec![vec![fire("go")]]);
        let stopped = report.events.iter().filter_map(|event| match event {
            SceneEvent::Failed { message } => Some(message.as_str()),
            SceneEvent::Fired { .. } => None,
        });
        let stopped: Vec<&str> = stopped.collect();
        assert_eq!((told.len(), stopped.len()), (loops, loops), "{told:?} {stopped:?}");
        for message in told.iter().map(String::as_str).chain(stopped) {
            let for_good = "is stopped until triggers or timelines are edited or the scene is loaded anew";
            assert!(message.contains("without end") && message.contains(for_good), "{message}");
        }
    }
}
