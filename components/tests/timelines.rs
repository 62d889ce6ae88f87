//! What holds for every timeline: any moment follows from the playhead alone.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::sync::Arc;

use components::{
    LayerDocument, LayerId, Pose, SceneDocument,
    animation::{
        AnimationStarts, Playing,
        timeline::{ActiveCue, CueList, CueTarget, Cues, Playhead, SeekTarget, Step, TimelineDocument, TimelineId},
    },
    document::{Limits, arbitrary},
};
use proptest::prelude::*;
use serde_json::{Value, json};

const LAYERS: [&str; 3] = ["a", "b", "c"];

fn layer(id: &str) -> LayerDocument {
    let value = json!({ "id": id, "content": { "type": "color", "color": "#fff" } });
    LayerDocument::from_value(value, &Limits::default()).expect("a layer")
}

fn lists(timelines: Value) -> Vec<CueList> {
    let layers: Vec<_> = LAYERS.iter().map(|id| serde_json::to_value(layer(id)).unwrap()).collect();
    let scene = json!({ "layers": layers, "timelines": timelines });
    let scene = SceneDocument::from_value(scene, &Limits::default()).expect("a scene");
    CueList::lay_out(&scene.timelines)
}

fn from(position: f64, rate: f64, since: f64) -> Playhead {
    Playhead { since, position, rate, running: true }
}

fn playing(list: &CueList, playhead: Playhead, layer: &LayerDocument) -> Playing {
    let cues = list.cues().iter().filter(|cue| cue.target == CueTarget::Layer(layer.id.clone()));
    let cues = Cues(cues.map(|cue| ActiveCue::new(Arc::clone(cue), list, playhead)).collect());
    let starts = AnimationStarts::default();
    Playing::new(&starts, &cues, &layer.content, &layer.transform, &layer.opacity)
}

/// What a timeline makes of all layers. Whether they are moving is no matter of where they are.
fn poses(list: &CueList, playhead: Playhead, now: f64) -> Vec<Pose> {
    LAYERS
        .iter()
        .map(|id| {
            let layer = layer(id);
            let pose = Pose::new(&layer.transform, &layer.opacity, &playing(list, playhead, &layer), now);
            Pose { moving: false, reshaping: false, ..pose }
        })
        .collect()
}

fn opacities(list: &CueList, position: f64) -> Vec<f64> {
    poses(list, Playhead { running: false, ..from(position, 1.0, 0.0) }, 7.0).iter().map(|pose| pose.opacity).collect()
}

#[test]
fn steps_follow_one_another_run_together_and_one_after_the_other() {
    let to = |to: f64| json!({ "property": "opacity", "from": 0, "to": to, "duration": 1 });
    let animate = |layer: &str, value: f64| json!({ "type": "animate", "layer": layer, "animation": to(value) });
    let lists = lists(json!([{ "id": "t", "steps": [
        { "type": "wait", "seconds": 1 },
        { "type": "parallel", "steps": [
            animate("a", 1.0),
            { "type": "sequence", "steps": [{ "type": "wait", "seconds": 1 }, animate("b", 0.5)] },
        ] },
        { "type": "label", "name": "third" },
        { "type": "stagger", "layers": ["a", "b", "c"], "each": 0.5, "from": "end", "animation": to(0.8) },
    ] }]));
    let list = &lists[0];
    assert_eq!(list.end(), Some(5_000_000_000));
    assert_eq!(list.time_of(&SeekTarget::Label(list.labels()[0].0.clone())), Some(3_000_000_000));
    // Before it begins the first of each layer holds its first value.
    assert_eq!(opacities(list, 0.5), [0.0, 0.0, 0.0]);
    assert_eq!(opacities(list, 1.5), [0.5, 0.0, 0.0]);
    assert_eq!(opacities(list, 2.5), [1.0, 0.25, 0.0]);
    // The last layer begins, the others follow.
    assert_eq!(opacities(list, 3.5), [1.0, 0.0, 0.4]);
    assert_eq!(opacities(list, 4.5), [0.4, 0.8, 0.8]);
    assert_eq!(opacities(list, 100.0), [0.8, 0.8, 0.8]);
}

#[test]
fn a_stagger_goes_out_from_the_centre_or_in_from_the_edges() {
    for (origin, starts) in
        [("start", [0.0, 1.0, 2.0]), ("center", [1.0, 0.0, 1.0]), ("edges", [0.0, 1.0, 0.0]), ("end", [2.0, 1.0, 0.0])]
    {
        let lists = lists(json!([{ "id": "t", "steps": [
            { "type": "stagger", "layers": LAYERS, "each": 1, "from": origin,
              "animation": { "property": "opacity", "from": 0, "to": 1, "duration": 1, "easing": "stepStart" } },
        ] }]));
        for time in [0.0, 1.0, 2.0] {
            let begun = starts.map(|start| if time >= start { 1.0 } else { 0.0 });
            assert_eq!(opacities(&lists[0], time), begun, "{origin} at {time}");
        }
    }
}

#[test]
fn what_has_no_beginning_goes_on_from_the_step_before() {
    let to = |to: f64| json!({ "type": "animate", "layer": "a", "animation": { "property": "opacity", "to": to, "duration": 1 } });
    let lists = lists(json!([{ "id": "t", "steps": [to(0.0), to(0.5), to(0.25)] }]));
    let values: Vec<f64> = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0].map(|time| opacities(&lists[0], time)[0]).to_vec();
    assert_eq!(values, [1.0, 0.5, 0.0, 0.25, 0.5, 0.375, 0.25]);
}

#[test]
fn what_has_no_beginning_goes_on_from_a_timeline_within() {
    let to = |from: Value, to: f64| {
        json!({ "type": "animate", "layer": "a",
        "animation": { "property": "opacity", "from": from, "to": to, "duration": 1 } })
    };
    let within = |inner: Value, length: f64, after: Value| {
        let mut inner = inner;
        inner["id"] = json!("inner");
        inner["autoplay"] = json!(false);
        let nested = json!({ "type": "timeline", "id": "inner" });
        let lists = lists(json!([{ "id": "t", "steps": [nested, after] }, inner,
            { "id": "goes-on", "autoplay": false, "speed": 2, "steps": [to(Value::Null, 0.0)] }]));
        [0.0, 0.5, 1.0].map(|time| opacities(&lists[0], length + time)[0])
    };
    let rise = || json!([to(json!(0.25), 0.5)]);
    let back = || to(Value::Null, 0.0);
    assert_eq!(within(json!({ "steps": rise() }), 1.0, back()), [0.5, 0.25, 0.0]);
    assert_eq!(within(json!({ "steps": rise(), "repeat": 2, "speed": 4 }), 0.5, back()), [0.5, 0.25, 0.0]);
    assert_eq!(within(json!({ "steps": rise(), "repeat": 2, "pingPong": true }), 2.0, back()), [0.25, 0.125, 0.0]);
    // From one timeline within to the next, which is twice as fast.
    let next = json!({ "type": "timeline", "id": "goes-on" });
    assert_eq!(within(json!({ "steps": rise() }), 1.0, next), [0.5, 0.0, 0.0]);
    // What is under way is gone on from where it is.
    let parallel = json!({ "type": "sequence", "steps": [{ "type": "wait", "seconds": 0.5 }, back()] });
    let both = json!([{ "type": "parallel", "steps": [{ "type": "timeline", "id": "inner" }, parallel] }]);
    let lists = lists(json!([{ "id": "t", "steps": both }, { "id": "inner", "steps": rise() }]));
    assert_eq!([0.5, 1.0, 1.5].map(|time| opacities(&lists[0], time)[0]), [0.375, 0.1875, 0.0]);
}

#[test]
fn a_timeline_within_another_keeps_its_repeats_and_its_speed() {
    let rise = json!({ "type": "animate", "layer": "a",
        "animation": { "property": "opacity", "from": 0, "to": 1, "duration": 1 } });
    let lists = lists(json!([
        { "id": "inner", "repeat": 2, "pingPong": true, "speed": 2, "steps": [rise] },
        { "id": "outer", "repeat": 2, "steps": [{ "type": "wait", "seconds": 1 }, { "type": "timeline", "id": "inner" }] },
    ]));
    let outer = &lists[1];
    assert_eq!(outer.end(), Some(4_000_000_000));
    let values = [0.5, 1.0, 1.25, 1.5, 1.75, 2.5, 3.25, 3.5, 3.75, 4.0].map(|time| opacities(outer, time)[0]);
    assert_eq!(values, [0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 1.0, 0.5, 0.0]);
}

#[test]
fn labels_are_met_once_a_round_in_either_direction() {
    let steps =
        json!([{ "type": "wait", "seconds": 1 }, { "type": "label", "name": "x" }, { "type": "wait", "seconds": 2 }]);
    let lists = lists(json!([
        { "id": "a", "repeat": 3, "steps": steps },
        { "id": "b", "repeat": 3, "pingPong": true, "steps": steps },
    ]));
    for (list, expected) in lists.iter().zip([[1, 4, 7], [1, 5, 7]]) {
        let meet = |mut at: u64, forwards: bool| {
            let mut times = Vec::new();
            while let Some(next) = list.next_at(1_000_000_000, at, forwards, false) {
                times.push(next / 1_000_000_000);
                at = next;
            }
            times
        };
        assert_eq!(meet(0, true), expected);
        assert_eq!(meet(9_000_000_000, false), expected.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(list.next_at(1_000_000_000, 1_000_000_000, true, true), Some(1_000_000_000));
    }
}

#[test]
fn all_timelines_together_have_so_many_steps_and_no_more() {
    let inner = json!({ "id": "inner", "steps": vec![json!({ "type": "wait", "seconds": 1 }); 1000] });
    let nested = vec![json!({ "type": "timeline", "id": "inner" }); 9];
    let outer = |number: usize| json!({ "id": format!("outer-{number}"), "steps": nested });
    let scene = |count: usize| {
        let timelines: Vec<Value> = std::iter::once(inner.clone()).chain((0..count).map(outer)).collect();
        SceneDocument::from_value(json!({ "timelines": timelines }), &Limits::default())
    };
    scene(5).expect("46045 steps");
    // That is told once, however many there are beyond that.
    for count in [6, 9] {
        let faults = scene(count).expect_err("too many");
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["/timelines/6: found 55054 steps in all timelines up to this one, those of timelines within them \
            included, expected at most 50000 in a scene: remove some, or hold what is not played together in several scenes"]
        );
    }
}

fn ids() -> Vec<LayerId> {
    LAYERS.map(|id| LayerId::new(id).unwrap()).to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Playing to a moment, at any rate, forwards or backwards, shows what seeking to it shows.
    #[test]
    fn a_moment_looks_the_same_however_one_came_to_it(
        (timelines, _) in arbitrary::motion(ids()),
        position in 0.0..20.0_f64,
        rate in 0.1..4.0_f64,
        since in 0.0..100.0_f64,
    ) {
        for list in CueList::lay_out(&timelines) {
            let sought = from(position, 1.0, since);
            let there = poses(&list, Playhead { running: false, ..sought }, 3.0);
            prop_assert_eq!(&poses(&list, sought, since), &there);
            let played = from(0.0, rate, since);
            prop_assert_eq!(&poses(&list, played, since + position / rate), &there, "played forwards");
            let ahead = position + 5.0;
            if list.end().is_none_or(|end| ahead <= end as f64 / 1e9) {
                let back = from(ahead, -rate, since);
                prop_assert_eq!(&poses(&list, back, since + 5.0 / rate), &there, "played backwards");
            }
        }
    }

    /// While a layer is said to be quiet, nothing of it changes.
    #[test]
    fn nothing_changes_while_it_is_quiet(
        (timelines, _) in arbitrary::motion(ids()),
        position in 0.0..20.0_f64,
        rate in prop_oneof![0.1..4.0_f64, -4.0..-0.1_f64],
        running in any::<bool>(),
        (a, b) in (0.0..60.0_f64, 0.0..60.0_f64),
    ) {
        for list in CueList::lay_out(&timelines) {
            let playhead = Playhead { running, ..from(position, rate, 10.0) };
            for layer in LAYERS.map(layer) {
                let playing = playing(&list, playhead, &layer);
                if playing.is_quiet_between(a, b) {
                    let pose = |now| Pose::new(&layer.transform, &layer.opacity, &playing, now);
                    prop_assert_eq!(pose(a), pose(b));
                }
            }
        }
    }

    /// Taking steps together in a sequence, or putting them into a timeline of their own, changes nothing.
    #[test]
    fn splitting_a_timeline_changes_nothing((timelines, _) in arbitrary::motion(ids()), position in 0.0..20.0_f64) {
        for timeline in &timelines {
            let steps = &timeline.steps;
            for cut in 1..steps.len() {
                let (first, rest) = steps.split_at(cut);
                let mut split = timelines.clone();
                let together = Step::Sequence { steps: first.to_vec() };
                split.retain(|known| known.id != timeline.id);
                split.push(TimelineDocument {
                    steps: std::iter::once(together).chain(rest.iter().cloned()).collect(),
                    ..timeline.clone()
                });
                let before = CueList::lay_out(&timelines);
                let before = before.iter().find(|list| list.id == timeline.id).unwrap();
                let after = CueList::lay_out(&split);
                let after = after.last().unwrap();
                prop_assert_eq!(before, after);
                    let inner = TimelineDocument {
                        id: TimelineId::new("inner").unwrap(),
                        repeat: Default::default(),
                        ping_pong: false,
                        speed: 1.0,
                        steps: first.to_vec(),
                        ..timeline.clone()
                    };
                    let outer = TimelineDocument {
                        steps: std::iter::once(Step::Timeline { id: inner.id.clone() }).chain(rest.iter().cloned()).collect(),
                        ..timeline.clone()
                    };
                    split.pop();
                    split.extend([inner, outer]);
                    let nested = CueList::lay_out(&split);
                    let nested = nested.last().unwrap();
                    let at = from(position, 1.0, 0.0);
                    prop_assert_eq!(poses(before, at, 0.0), poses(nested, at, 0.0));
                    prop_assert_eq!(before.end(), nested.end());
            }
        }
    }
}
