//! Timelines and triggers, seen from outside: what is asked of them, and what the picture shows.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

use components::{
    Edit, SceneDocument,
    animation::{
        timeline::{PlayState, SeekTarget, TimelineControl, TimelineId},
        trigger::EventName,
    },
    document::Limits,
    edit::EditRejected,
};
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
    assert_eq!(failures(&stage.at(31.0)).len(), 3, "and every ten seconds again");
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
    let replace = Edit::ReplaceLayer {
        id: components::LayerId::new("b").unwrap(),
        layer: Box::new(serde_json::from_value(layer).unwrap()),
    };
    stage.edit(2.0, vec![replace]).0.unwrap();
    let report = stage.fire(3.0, "go");
    assert_eq!(failures(&report).len(), 1, "{:?}", report.events);
    assert!(failures(&report)[0].starts_with("/triggers/0 could not set the layer `b`"));
    assert_eq!(stage.light()[0], 25, "the next action is done all the same");
    let counts = [4.0, 12.9, 13.5].map(|seconds| failures(&stage.fire(seconds, "go")).len());
    assert_eq!(counts, [0, 0, 1], "told again after ten seconds only");
}

#[test]
fn an_edit_leaves_timelines_and_triggers_valid_or_is_refused() {
    let timeline = |steps: Value| json!({ "id": "t", "steps": steps });
    let mut stage = Stage::new(
        json!([timeline(json!([fade("a", 0.0, 1.0, 2.0)]))]),
        json!([{ "on": { "type": "timelineEnd", "timeline": "t" }, "do": [{ "type": "pause", "timeline": "t" }] }]),
    );
    let delete = Edit::DeleteLayer { id: components::LayerId::new("a").unwrap() };
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
