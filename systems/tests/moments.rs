//! When a timeline begins to play, and when it comes to its labels and to the end that it plays to, as triggers see it.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/playing.rs"]
mod playing;

use components::{
    Edit, SceneDocument,
    animation::timeline::{SeekTarget, TimelineControl as Control, TimelineId},
    document::Limits,
};
use playing::Stage;
use serde_json::{Value, json};
use systems::clock::SceneEvent;

const START: &str = "start";
const END: &str = "end";

/// A timeline of two seconds, with triggers that tell of its start and its end.
fn stage() -> Stage {
    let tell = |on: &str, event: &str| json!({ "on": { "type": on, "timeline": "t" }, "do": [{ "type": "emit", "event": event }] });
    let fade = json!({ "property": "opacity", "from": 0, "to": 1, "duration": 2 });
    let scene = json!({
        "layers": [{ "id": "a", "content": { "type": "color", "color": "#fff" } }],
        "timelines": [{ "id": "t", "autoplay": false, "steps": [{ "type": "animate", "layer": "a", "animation": fade }] }],
        "triggers": [tell("timelineStart", START), tell("timelineEnd", END)],
    });
    Stage::playing(
        16,
        SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}")),
    )
}

fn seek(seconds: f64) -> Control {
    Control::Seek { to: SeekTarget::Seconds(seconds) }
}

impl Stage {
    /// What triggers tell of on the tick of this scene time, on which the timeline is steered so.
    fn told(&mut self, seconds: f64, controls: &[Control]) -> Vec<String> {
        let edit =
            |control: &Control| Edit::ControlTimeline { id: TimelineId::new("t").unwrap(), control: control.clone() };
        self.compositor.submit(self.tick, controls.iter().map(edit).collect());
        self.tick += 1;
        let report = self.compositor.tick(self.tick, seconds);
        assert!(report.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{:?}", report.outcomes);
        let name = |event| match event {
            SceneEvent::Fired { name } => name.to_string(),
            SceneEvent::Failed { message } => panic!("{message}"),
        };
        report.events.into_iter().map(name).collect()
    }
}

#[test]
fn it_starts_at_the_end_that_it_leaves_and_ends_at_the_one_that_it_comes_to() {
    let mut stage = stage();
    let steps: [(f64, &[Control], &[&str]); 14] = [
        (0.0, &[Control::Play], &[START]),
        (1.0, &[Control::Play], &[]),
        (3.0, &[], &[END]),
        // Backwards from its end, and through to its beginning.
        (4.0, &[Control::Reverse], &[START]),
        (7.0, &[], &[END]),
        // From the beginning to which it has come, and back from midway.
        (8.0, &[Control::Play], &[START]),
        (9.0, &[Control::Reverse], &[]),
        (9.5, &[Control::Play], &[]),
        (9.6, &[Control::Reverse], &[]),
        (12.0, &[], &[END]),
        // Paused and played on it does not start again.
        (13.0, &[Control::Play], &[START]),
        (14.0, &[Control::Pause], &[]),
        (15.0, &[Control::Play], &[]),
        (17.0, &[], &[END]),
    ];
    for (seconds, controls, told) in steps {
        assert_eq!(stage.told(seconds, controls), told, "at {seconds}: {controls:?}");
    }
}

#[test]
fn what_is_sought_to_its_beginning_starts_when_it_plays_from_there() {
    let mut stage = stage();
    let steps: [(f64, &[Control], &[&str]); 12] = [
        // Before it is ever played.
        (0.0, &[seek(0.0)], &[]),
        (1.0, &[Control::Play, Control::Play], &[START]),
        // While it plays: once, whether it is played again or not.
        (2.0, &[seek(0.0), Control::Play], &[START]),
        (3.0, &[seek(0.0)], &[START]),
        (4.0, &[seek(1.0), Control::Play], &[]),
        // To the end that it plays to, and from there on.
        (4.5, &[seek(2.0)], &[END]),
        (5.0, &[Control::Play], &[START]),
        (6.0, &[Control::Pause, seek(2.0)], &[]),
        (7.0, &[Control::Play], &[START]),
        // What has ended plays on from where it is sought to.
        (10.0, &[], &[END]),
        (11.0, &[seek(1.0)], &[]),
        (13.0, &[], &[END]),
    ];
    for (seconds, controls, told) in steps {
        assert_eq!(stage.told(seconds, controls), told, "at {seconds}: {controls:?}");
    }
}

#[test]
fn the_rate_stays_after_the_end_and_after_it_was_cancelled() {
    let mut stage = stage();
    assert_eq!(stage.told(0.0, &[Control::Rate { rate: 4.0 }, Control::Play]), [START]);
    assert_eq!(stage.told(0.6, &[]), [END]);
    stage.told(1.0, &[Control::Cancel]);
    assert_eq!(stage.compositor.timelines()[0].rate, 4.0);
    assert_eq!(stage.told(2.0, &[Control::Play]), [START]);
    assert_eq!(stage.told(2.6, &[]), [END]);
}

/// Steps of a fade of a second each, with a label `x` of which a trigger tells, where it is `None`.
fn labelled(steps: &[Option<&str>]) -> Value {
    let fade = json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1 });
    let step = |layer: &Option<&str>| match layer {
        Some(layer) => json!({ "type": "animate", "layer": layer, "animation": fade }),
        None => json!({ "type": "label", "name": "x" }),
    };
    json!({ "id": "t", "autoplay": false, "steps": steps.iter().map(step).collect::<Vec<_>>() })
}

fn stage_of(timeline: &Value) -> Stage {
    let scene = json!({
        "layers": [{ "id": "a", "content": { "type": "color", "color": "#fff" } }],
        "timelines": [timeline],
        "triggers": [{ "on": { "type": "label", "timeline": "t", "label": "x" }, "do": [{ "type": "emit", "event": "x" }] }],
    });
    Stage::playing(
        16,
        SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}")),
    )
}

#[test]
fn labels_are_come_to_where_it_begins_and_once_each_time_that_it_passes_them() {
    let a = Some("a");
    let mut first = stage_of(&labelled(&[None, a, a]));
    let mut last = stage_of(&labelled(&[a, a, None]));
    let mut middle = stage_of(&labelled(&[a, None, a]));
    type Steps<'a> = (f64, &'a [Control], [usize; 3]);
    let steps: [Steps<'_>; 9] = [
        (0.0, &[Control::Play], [1, 0, 0]),
        (1.5, &[], [0, 0, 1]),
        // To and fro on one side of it, and over it.
        (1.75, &[Control::Reverse], [0, 0, 0]),
        (2.0, &[Control::Play], [0, 0, 0]),
        (2.25, &[Control::Reverse], [0, 0, 0]),
        (3.0, &[], [0, 0, 1]),
        (3.25, &[Control::Play], [0, 0, 0]),
        (6.0, &[], [0, 1, 1]),
        (7.0, &[Control::Reverse], [0, 1, 0]),
    ];
    for (seconds, controls, told) in steps {
        let found = [&mut first, &mut last, &mut middle].map(|stage| stage.told(seconds, controls).len());
        assert_eq!(found, told, "at {seconds}: {controls:?}");
    }
}

#[test]
fn what_was_passed_does_not_come_again_where_an_edit_puts_it() {
    let a = Some("a");
    let mut stage = stage_of(&labelled(&[a, a, None, a]));
    assert!(stage.told(0.0, &[Control::Play]).is_empty());
    stage.told(1.5, &[]);
    // It is twice as fast, and has passed a label that is new there.
    let mut timeline = labelled(&[a, None, a, a]);
    timeline["speed"] = json!(2);
    let edit = Edit::PutTimeline { timeline: Box::new(serde_json::from_value(timeline).unwrap()) };
    stage.compositor.submit(stage.tick, vec![edit]);
    assert!(stage.told(1.5, &[]).is_empty());
    let status = stage.compositor.timelines();
    assert_eq!((status[0].position, status[0].rate), (1.5, 2.0));
    assert!(stage.told(1.75, &[]).is_empty());
    stage.told(1.75, &[Control::Reverse]);
    assert_eq!(stage.told(2.5, &[]), ["x"]);
}

#[test]
fn a_rate_changes_how_fast_it_plays_and_not_which_way() {
    let mut stage = stage();
    stage.told(0.0, &[Control::Reverse]);
    stage.told(0.5, &[Control::Rate { rate: 2.0 }]);
    let status = stage.compositor.timelines();
    assert_eq!((status[0].rate, status[0].position), (-2.0, 1.5));
    assert_eq!(stage.told(1.5, &[]), [END]);
}

/// Two timelines of four seconds; triggers tell of both ends.
fn two() -> Stage {
    let wait = |id: &str| json!({ "id": id, "autoplay": false, "steps": [{ "type": "wait", "seconds": 4 }] });
    let tell =
        |id: &str| json!({ "on": { "type": "timelineEnd", "timeline": id }, "do": [{ "type": "emit", "event": id }] });
    let scene = json!({
        "timelines": [wait("t"), wait("u")],
        "triggers": [tell("u"), tell("t")],
    });
    Stage::playing(
        16,
        SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}")),
    )
}

impl Stage {
    fn steer(&mut self, seconds: f64, id: &str, control: Control) {
        self.edit(seconds, vec![Edit::ControlTimeline { id: TimelineId::new(id).unwrap(), control }]);
    }
}

#[test]
fn what_happens_at_one_time_happens_in_the_order_of_the_timelines() {
    let mut stage = two();
    stage.steer(0.0, "u", Control::Play);
    stage.steer(0.0, "t", Control::Play);
    assert_eq!(stage.told(5.0, &[]), ["t", "u"]);
}
