//! Implicit transitions, seen from outside: what is edited, and what the picture shows.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "smoothing/pairs.rs"]
mod pairs;
#[path = "support/playing.rs"]
mod playing;

use components::{
    Edit, LayerId, SceneDocument,
    animation::{
        timeline::{SeekTarget, TimelineControl, TimelineId},
        trigger::EventName,
    },
    document::Limits,
};
use playing::Stage;
use serde_json::{Value, json};
use systems::clock::Motion;

/// A white layer on black: how light the picture is tells its opacity.
fn scene(transition: Value) -> SceneDocument {
    let fade = json!({ "type": "animate", "layer": "a",
        "animation": { "property": "opacity", "from": 0.2, "to": 0.2, "duration": 1 } });
    let set = |opacity: f64| json!({ "type": "set", "layer": "a", "patch": { "opacity": opacity } });
    let scene = json!({
        "canvas": { "width": 16, "height": 16 },
        "layers": [{ "id": "a", "content": { "type": "color", "color": "#fff" }, "transitions": [transition] }],
        "timelines": [
            { "id": "hold", "autoplay": false, "steps": [fade] },
            { "id": "cues", "autoplay": false, "steps": [
                { "type": "wait", "seconds": 0.31 }, { "type": "label", "name": "first" },
                { "type": "wait", "seconds": 0.003 }, { "type": "label", "name": "second" },
                { "type": "wait", "seconds": 1 },
            ] },
        ],
        "triggers": [
            { "on": { "type": "label", "timeline": "cues", "label": "first" }, "do": [set(0.1)] },
            { "on": { "type": "label", "timeline": "cues", "label": "second" }, "do": [set(0.7)] },
        ],
    });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// One layer, and nothing else.
fn scene_of(layer: Value) -> SceneDocument {
    let scene = json!({ "canvas": { "width": 16, "height": 16 }, "layers": [layer] });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

impl Stage {
    fn new(transition: Value) -> Self {
        Self::of(scene(transition))
    }

    fn of(scene: SceneDocument) -> Self {
        Self::playing(16, scene)
    }

    fn set(&mut self, seconds: f64, opacity: f64) {
        self.edit(seconds, vec![Edit::PatchLayer { id: id(), patch: json!({ "opacity": opacity }) }]);
    }

    fn steer(&mut self, seconds: f64, timeline: &str, control: TimelineControl) {
        self.edit(seconds, vec![Edit::ControlTimeline { id: TimelineId::new(timeline).unwrap(), control }]);
    }

    /// How light it is in the left and in the right half.
    fn halves(&self) -> [u8; 2] {
        let picture = self.compositor.picture().data;
        [picture[4 * 2], picture[4 * 13]]
    }

    fn patch(&mut self, seconds: f64, patch: Value) {
        self.edit(seconds, vec![Edit::PatchLayer { id: id(), patch }]);
    }

    /// 0..=255.
    fn light(&self) -> u8 {
        self.compositor.picture().data[0]
    }

    fn light_at(&mut self, seconds: f64) -> u8 {
        self.at(seconds);
        self.light()
    }
}

fn id() -> LayerId {
    LayerId::new("a").unwrap()
}

fn linear() -> Value {
    json!({ "property": "opacity", "duration": 1, "easing": "linear" })
}

#[test]
fn what_is_changed_moves_there_and_the_document_says_where() {
    let mut stage = Stage::new(linear());
    assert_eq!(stage.light_at(1.0), 255);
    stage.set(2.0, 0.0);
    assert_eq!(stage.light(), 255);
    let written = stage.compositor.snapshot().scene.layers[0].opacity.0;
    assert_eq!(written, 0.0, "what is authored is what was asked for");
    assert!(stage.compositor.is_moving());
    let seen = [2.2, 2.6, 3.0].map(|at| stage.light_at(at));
    assert_eq!(seen, [204, 102, 0]);
    stage.at(3.1);
    assert!(!stage.compositor.is_moving());
    assert!(stage.compositor.motion().drifts.is_empty(), "nothing is kept of what is over");
    // Time alone decides: another moment can be looked at in any order.
    assert_eq!([2.6, 9.0, 2.2].map(|at| stage.light_at(at)), [102, 0, 204]);
}

#[test]
fn a_timeline_that_has_hold_of_the_property_decides() {
    let mut stage = Stage::new(linear());
    stage.steer(1.0, "hold", TimelineControl::Play);
    stage.set(1.5, 0.0);
    assert_eq!([1.6, 2.0].map(|at| stage.light_at(at)), [51, 51]);
    stage.steer(2.1, "hold", TimelineControl::Cancel);
    // Meanwhile the change has gone on below it; what is seen moves there from where the timeline has left it.
    let seen = [2.1, 2.6, 3.1].map(|at| stage.light_at(at));
    assert_eq!(seen[0], 51);
    assert!(seen[1] < 51 && seen[1] > 0, "{seen:?}");
    assert_eq!(seen[2], 0);
}

#[test]
fn triggers_change_things_at_exact_times_whichever_frames_are_drawn() {
    for transition in [linear(), json!({ "property": "opacity", "spring": { "stiffness": 60, "damping": 5 } })] {
        let light = |ticks: &[f64]| {
            let mut stage = Stage::new(transition.clone());
            stage.steer(1.0, "cues", TimelineControl::Play);
            ticks.iter().for_each(|at| stage.at(*at));
            let motion = stage.compositor.motion();
            (stage.light(), motion.drifts)
        };
        let seldom = light(&[1.6]);
        // Once a frame lies between the two triggers, once none does.
        let often = light(&[1.1, 1.2, 1.305, 1.312, 1.35, 1.5, 1.6]);
        assert_eq!(seldom, often);
        assert!(!seldom.1.is_empty());
    }
}

#[test]
fn a_change_in_flight_goes_on_in_another_run() {
    let mut stage = Stage::new(json!({ "property": "opacity", "spring": { "stiffness": 20, "damping": 2 } }));
    stage.set(1.0, 0.2);
    stage.set(1.3, 0.6);
    stage.at(1.4);
    let kept = serde_json::to_string(&stage.compositor.motion()).unwrap();
    let motion: Motion = serde_json::from_str(&kept).unwrap();
    let mut resumed = Stage::empty(16);
    resumed.compositor.resume(0, stage.compositor.snapshot().scene, motion);
    resumed.at(1.4);
    for at in [1.4, 1.5, 2.0, 3.0] {
        assert_eq!(resumed.light_at(at), stage.light_at(at), "at {at}");
    }
    for stage in [&mut resumed, &mut stage] {
        stage.set(3.1, 1.0);
    }
    assert_eq!(resumed.light_at(3.3), stage.light_at(3.3));
    let fired = Edit::FireEvent { name: EventName::new("nothing").unwrap() };
    stage.edit(3.4, vec![fired]);
}

#[test]
fn effects_and_masks_move_as_all_else_does() {
    let linear = |property: &str| json!({ "property": property, "duration": 1, "easing": "linear" });
    let fades = json!({ "property": "effects.0.brightness", "from": 0, "to": 1, "delay": 10, "duration": 1 });
    let mut stage = Stage::of(scene_of(json!({
        "id": "a",
        "content": { "type": "color", "color": "#fff" },
        "effects": [{ "type": "colorAdjust" }],
        "mask": { "shape": { "type": "rect", "width": 16, "height": 16 } },
        "transitions": [linear("effects.0.brightness"), linear("mask.shape.width")],
    })));
    stage.at(0.5);
    assert_eq!(stage.halves(), [255, 255]);
    stage.patch(1.0, json!({ "effects": [{ "type": "colorAdjust", "brightness": 0.2 }] }));
    stage.at(1.5);
    assert_eq!(stage.halves(), [153, 153]);
    stage.at(2.5);
    assert_eq!(stage.halves(), [51, 51]);
    stage.patch(3.0, json!({ "effects": [{ "type": "colorAdjust" }], "mask": { "shape": { "width": 0 } } }));
    stage.at(3.5);
    assert_eq!(stage.halves(), [153, 0], "half of it is seen, and half as bright again");
    stage.at(4.5);
    assert_eq!(stage.halves(), [0, 0]);
    // An animation goes over what is written, and the picture before and after it is that of its ends.
    stage.patch(5.0, json!({ "mask": null, "transitions": [linear("effects.0.brightness")], "animations": [fades] }));
    for (at, light) in [(7.0, 0), (15.6, 153), (16.5, 255), (15.6, 153)] {
        stage.at(at);
        assert_eq!(stage.halves(), [light, light], "at {at}");
    }
    let snapshot = serde_json::to_value(&stage.compositor.snapshot().scene.layers[0].effects).unwrap();
    assert_eq!(snapshot[0]["brightness"], 1.0, "what is authored stays");
}

/// A layer that two timelines show and hide.
fn shown_and_hidden(transitions: Value) -> SceneDocument {
    let scene = json!({
        "canvas": { "width": 16, "height": 16 },
        "layers": [{ "id": "a", "content": { "type": "color", "color": "#fff" }, "opacity": 0.5, "transitions": transitions }],
        "timelines": [fading("show", 1.0), fading("hide", 0.0)],
    });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn fading(id: &str, to: f64) -> Value {
    let animation = json!({ "property": "opacity", "to": to, "duration": 1, "easing": "easeInOutSine" });
    let step = json!({ "type": "animate", "layer": "a", "animation": animation });
    json!({ "id": id, "autoplay": false, "steps": [step] })
}

impl Stage {
    /// An edit that is not to be seen at its own moment.
    fn glides(&mut self, seconds: f64, edit: Edit) {
        self.glides_by(seconds, vec![edit]);
    }

    /// The same of several at once.
    fn glides_by(&mut self, seconds: f64, edits: Vec<Edit>) {
        let before = self.light_at(seconds);
        let told = format!("{edits:?}");
        self.edit(seconds, edits);
        assert!(self.light().abs_diff(before) <= 1, "{before} then {} by {told}", self.light());
    }
}

fn steering(timeline: &str, control: TimelineControl) -> Edit {
    Edit::ControlTimeline { id: TimelineId::new(timeline).unwrap(), control }
}

#[test]
fn a_timeline_that_is_still_running_beneath_another_takes_over_without_a_jump() {
    let mut stage = Stage::of(shown_and_hidden(json!([])));
    stage.steer(0.1, "show", TimelineControl::Play);
    stage.steer(0.43, "hide", TimelineControl::Play);
    stage.glides(0.77, steering("show", TimelineControl::Play));
    // Asked twice it goes on as it did.
    let undisturbed = [0.9, 1.0].map(|at| stage.light_at(at));
    stage.glides(0.8, steering("show", TimelineControl::Play));
    assert_eq!([0.9, 1.0].map(|at| stage.light_at(at)), undisturbed);
    stage.glides(1.0, steering("hide", TimelineControl::Reverse));
    stage.glides(1.05, steering("show", TimelineControl::Play));
    assert_eq!([3.0, 4.0].map(|at| stage.light_at(at)), [255, 255]);
}

#[test]
fn a_timeline_that_is_edited_while_it_runs_goes_on_from_what_is_shown() {
    let mut stage = Stage::of(shown_and_hidden(json!([])));
    let put = |to: f64| Edit::PutTimeline { timeline: Box::new(serde_json::from_value(fading("show", to)).unwrap()) };
    stage.steer(0.1, "show", TimelineControl::Play);
    stage.glides(0.6, put(0.1));
    stage.glides(0.8, put(0.9));
    let told = stage.compositor.timelines().into_iter().find(|timeline| timeline.id.as_str() == "show").unwrap();
    assert!((told.position - 0.7).abs() < 1e-6, "{}", told.position);
    assert_eq!(stage.light_at(2.0), 230);
}

/// Paused with the same batch it is no other case: it ran until then. Paused before, it is at once what it is at that time.
#[test]
fn a_timeline_that_is_edited_and_paused_at_once_goes_on_from_what_is_shown() {
    let by = |by: f64| {
        let mut timeline = fading("show", 0.0);
        timeline["steps"][0]["animation"] = json!({ "property": "opacity", "by": by, "duration": 1 });
        timeline
    };
    let put = |share: f64| Edit::PutTimeline { timeline: Box::new(serde_json::from_value(by(share)).unwrap()) };
    let pause = || steering("show", TimelineControl::Pause);
    for transitions in [json!([]), json!([linear()])] {
        for is_edited_first in [true, false] {
            let mut scene = serde_json::to_value(shown_and_hidden(transitions.clone())).unwrap();
            scene["timelines"] = json!([by(0.4)]);
            let mut stage = Stage::of(SceneDocument::from_value(scene, &Limits::default()).unwrap());
            stage.steer(0.1, "show", TimelineControl::Play);
            let both = if is_edited_first { vec![put(-0.4), pause()] } else { vec![pause(), put(-0.4)] };
            stage.glides_by(0.6, both);
            assert_eq!([2.0, 9.0].map(|at| stage.light_at(at)), [77, 77], "half of the way down from 0.5");
            stage.edit(10.0, vec![put(0.4)]);
            assert_eq!(stage.light(), 179);
        }
    }
}

/// A `seek` is a jump, also of a timeline that has no effect yet, and whether it is played with that or waits.
#[test]
fn what_is_sought_is_there_at_once() {
    let play = |timeline| steering(timeline, TimelineControl::Play);
    let seek = |timeline, to| steering(timeline, TimelineControl::Seek { to: SeekTarget::Seconds(to) });
    let mut late = fading("late", 1.0);
    late["steps"].as_array_mut().unwrap().insert(0, json!({ "type": "wait", "seconds": 1 }));
    for transitions in [json!([]), json!([linear()])] {
        for own in [json!([]), json!([{ "property": "opacity", "to": 0.9, "duration": 9 }])] {
            let mut scene = serde_json::to_value(shown_and_hidden(transitions.clone())).unwrap();
            scene["layers"][0]["animations"] = own.clone();
            scene["timelines"].as_array_mut().unwrap().push(late.clone());
            // It begins with what is beneath it: the animation of the layer has come to 0.52, and `hide` to 0.38.
            let over_own = if own == json!([]) { 191 } else { 194 };
            let mut batches = vec![
                (over_own, vec![], vec![seek("show", 0.5), play("show")]),
                (176, vec![play("hide")], vec![seek("show", 0.5), play("show")]),
                (176, vec![play("hide")], vec![play("show"), seek("show", 0.5)]),
            ];
            if own == json!([]) {
                batches.push((191, vec![play("late")], vec![seek("late", 1.5)]));
                batches.push((191, vec![seek("late", 0.5), play("late")], vec![seek("late", 1.5)]));
                batches.push((191, vec![], vec![play("show"), seek("show", 0.5)]));
            }
            for (light, before, batch) in batches {
                let told = format!("{before:?}, {batch:?} with {transitions} and {own}");
                let mut stage = Stage::of(SceneDocument::from_value(scene.clone(), &Limits::default()).unwrap());
                stage.edit(0.1, before);
                stage.at(0.4);
                stage.edit(0.43, batch);
                assert_eq!(stage.light(), light, "{told}");
                assert_eq!(stage.light_at(1.0), 255, "{told}");
            }
        }
    }
}

fn setting(opacity: f64) -> Edit {
    Edit::PatchLayer { id: id(), patch: json!({ "opacity": opacity }) }
}

#[test]
fn what_is_set_beneath_a_timeline_is_seen_when_that_lets_go() {
    for transitions in [json!([]), json!([linear()])] {
        let mut stage = Stage::of(shown_and_hidden(transitions.clone()));
        let mut undisturbed = Stage::of(shown_and_hidden(transitions.clone()));
        for stage in [&mut stage, &mut undisturbed] {
            stage.steer(0.1, "show", TimelineControl::Play);
        }
        stage.glides(0.4, setting(0.0));
        stage.glides(0.7, setting(0.2));
        stage.at(0.75);
        // It goes on as it did, in another run too, and however it is sought.
        let kept = serde_json::to_string(&stage.compositor.motion()).unwrap();
        let mut resumed = Stage::empty(16);
        let motion: Motion = serde_json::from_str(&kept).unwrap();
        resumed.compositor.resume(0, stage.compositor.snapshot().scene, motion);
        for at in [0.8, 1.0, 2.0] {
            let light = undisturbed.light_at(at);
            assert_eq!([stage.light_at(at), resumed.light_at(at)], [light; 2], "at {at}");
        }
        for stage in [&mut stage, &mut undisturbed] {
            let to = SeekTarget::Seconds(0.35);
            stage.edit(
                2.1,
                vec![steering("show", TimelineControl::Pause), steering("show", TimelineControl::Seek { to })],
            );
        }
        stage.glides(2.2, setting(0.3));
        assert_eq!(stage.light(), undisturbed.light_at(2.2));
        // Another one takes over with the same batch, and lets go of it.
        let before = stage.light();
        stage.edit(2.3, vec![setting(0.9), steering("hide", TimelineControl::Play)]);
        assert!(stage.light().abs_diff(before) <= 1, "{before} then {}", stage.light());
        assert_eq!(stage.light_at(4.0), 0);
        let both = ["show", "hide"].map(|timeline| steering(timeline, TimelineControl::Cancel));
        stage.edit(4.1, both.to_vec());
        let is_smooth = transitions != json!([]);
        assert_eq!(stage.light(), if is_smooth { 0 } else { 230 });
        assert_eq!(stage.light_at(6.0), 230);
    }
}

#[test]
fn a_timeline_that_is_turned_back_comes_to_what_was_set_meanwhile() {
    let mut stage = Stage::of(shown_and_hidden(json!([])));
    stage.steer(0.1, "show", TimelineControl::Play);
    stage.glides(0.4, setting(0.0));
    stage.glides(0.9, steering("show", TimelineControl::Reverse));
    stage.glides(1.2, setting(0.2));
    assert_eq!(stage.light_at(1.71), 51);
    // It has let go of it.
    stage.set(3.0, 0.6);
    assert_eq!(stage.light(), 153);
}

#[test]
fn a_trigger_sets_something_beneath_a_timeline_whichever_frames_are_drawn() {
    let scene = || {
        let mut scene = serde_json::to_value(shown_and_hidden(json!([]))).unwrap();
        let animation = json!({ "property": "opacity", "by": 0.4, "duration": 1, "easing": "easeInOutSine" });
        scene["timelines"][0]["steps"] = json!([{ "type": "parallel", "steps": [
            { "type": "animate", "layer": "a", "animation": animation },
            { "type": "sequence", "steps": [{ "type": "wait", "seconds": 0.333 }, { "type": "label", "name": "now" }] },
        ] }]);
        scene["triggers"] = json!([{ "on": { "type": "label", "timeline": "show", "label": "now" },
            "do": [{ "type": "set", "layer": "a", "patch": { "opacity": 0.1 } }] }]);
        SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
    };
    let light = |ticks: &[f64]| {
        let mut stage = Stage::of(scene());
        stage.steer(0.1, "show", TimelineControl::Play);
        ticks.iter().map(|at| stage.light_at(*at)).last()
    };
    assert_eq!(light(&[0.7]), light(&[0.2, 0.432, 0.434, 0.5, 0.6, 0.7]));
}
