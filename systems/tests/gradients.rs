//! Whole gradients that move, from a scene to the pixels: by animations and timelines, and set by a trigger.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/playing.rs"]
mod playing;

use components::{
    Edit, SceneDocument,
    animation::{
        timeline::{TimelineControl, TimelineId},
        trigger::EventName,
    },
    document::Limits,
};
use playing::Stage;
use serde_json::{Value, json};

const SIZE: usize = 64;

impl Stage {
    fn new(layer: Value) -> Self {
        let set = |fill: Value| json!({ "type": "set", "layer": "a", "patch": { "content": { "fill": fill } } });
        let turn = json!({ "property": "content.fill", "to": across("#ffffff", "#000000"), "duration": 2,
            "colorSpace": "srgb" });
        let scene = json!({
            "canvas": { "width": SIZE, "height": SIZE, "background": "#000000" },
            "layers": [layer],
            "timelines": [{ "id": "turn", "autoplay": false, "steps": [
                { "type": "animate", "layer": "a", "animation": turn }] }],
            "triggers": [{ "on": { "type": "event", "name": "light" }, "do": [set(across("#ffffff", "#ffffff"))] }],
        });
        let scene = SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"));
        Self::playing(SIZE, scene)
    }

    /// How light the picture is at the left edge, in the middle and at the right edge.
    fn seen(&mut self, seconds: f64) -> [u8; 3] {
        self.at(seconds);
        let picture = self.compositor.picture().data;
        [1, SIZE / 2, SIZE - 2].map(|x| picture[(SIZE / 2 * SIZE + x) * 4 + 1])
    }
}

fn across(from: &str, to: &str) -> Value {
    json!({ "type": "linear", "angle": 90.0, "stops": [{ "offset": 0.0, "color": from }, { "offset": 1.0, "color": to }] })
}

fn layer(fill: &Value) -> Value {
    json!({ "id": "a", "content": { "type": "shape", "fill": fill,
        "geometry": { "type": "rect", "width": SIZE, "height": SIZE } } })
}

fn assert_near(seen: [u8; 3], expected: [u8; 3]) {
    // A pixel and a half beside the edge is not at the very end of the gradient, which rises by up to 8 in each.
    assert!(seen.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 14), "{seen:?}, expected about {expected:?}");
}

#[test]
fn a_fill_turns_from_a_gradient_into_another_and_from_a_colour() {
    let mut turning = layer(&across("#000000", "#ffffff"));
    turning["animations"] = json!([{ "property": "content.fill", "duration": 2, "colorSpace": "srgb",
        "to": { "type": "linear", "angle": 90.0, "stops": [{ "offset": 0.0, "color": "#ffffff" },
            { "offset": 0.5, "color": "#000000" }, { "offset": 1.0, "color": "#ffffff" }] } }]);
    let mut stage = Stage::new(turning);
    assert_near(stage.seen(0.0), [0, 128, 255]);
    assert_near(stage.seen(1.0), [128, 64, 255]);
    assert_near(stage.seen(2.0), [255, 0, 255]);
    assert_near(stage.seen(9.0), [255, 0, 255]);
    // The same picture, wherever scene time comes from.
    assert_near(stage.seen(1.0), [128, 64, 255]);

    let mut rising = layer(&json!("#000000"));
    rising["animations"] = json!([{ "property": "content.fill", "to": across("#000000", "#ffffff"), "duration": 2, "colorSpace": "srgb" }]);
    let mut stage = Stage::new(rising);
    assert_near(stage.seen(0.0), [0, 0, 0]);
    assert_near(stage.seen(1.0), [0, 64, 128]);
    assert_near(stage.seen(2.0), [0, 128, 255]);
}

#[test]
fn a_timeline_turns_it_and_what_a_trigger_sets_is_smoothed() {
    let mut smooth = layer(&across("#000000", "#ffffff"));
    smooth["transitions"] = json!([{ "property": "content.fill", "duration": 2, "easing": "linear" }]);
    let mut stage = Stage::new(smooth);
    let id = TimelineId::new("turn").unwrap();
    stage.edit(1.0, vec![Edit::ControlTimeline { id: id.clone(), control: TimelineControl::Play }]);
    assert_near(stage.seen(2.0), [128, 128, 128]);
    assert_near(stage.seen(3.0), [255, 128, 0]);
    stage.edit(4.0, vec![Edit::ControlTimeline { id, control: TimelineControl::Cancel }]);
    assert_near(stage.seen(4.0), [255, 128, 0]);
    assert_near(stage.seen(6.0), [0, 128, 255]);
    stage.edit(7.0, vec![Edit::FireEvent { name: EventName::new("light").unwrap() }]);
    assert_near(stage.seen(7.0), [0, 128, 255]);
    let [left, middle, right] = stage.seen(8.0);
    assert!((60..180).contains(&left) && (150..230).contains(&middle) && right > 245, "{left} {middle} {right}");
    assert_near(stage.seen(9.0), [255, 255, 255]);
}
