//! Whole gradients go on from what is shown.

use super::*;
use crate::paint::{Gradient, Paint};

pub(super) fn ramp(from: &str, to: &str) -> Value {
    json!({ "type": "linear", "angle": 90.0, "stops": [{ "offset": 0.0, "color": from }, { "offset": 1.0, "color": to }] })
}

fn ring() -> Value {
    json!({ "type": "radial", "stops": [{ "offset": 0, "color": "#000000" }, { "offset": 1, "color": "#ffffff" }] })
}

fn layer(transitions: Value) -> Layer {
    Layer::new(transitions)
}

fn smooth() -> Layer {
    layer(json!([{ "property": "content.fill", "duration": 2, "easing": "linear" }]))
}

impl Layer {
    fn paint(&mut self, now: f64, fill: &Value) {
        self.edit(now, |layer| {
            let Content::Shape(shape) = &mut layer.content else { panic!("a shape") };
            shape.fill = Some(serde_json::from_value(fill.clone()).expect("a paint"));
        });
    }

    fn fill(&self, now: f64) -> Paint {
        let mut content = self.content.clone();
        self.playing.apply_to(Part::Content, &mut content, now);
        let again = self.playing.apply_to(Part::Content, &mut content.clone(), now);
        let Content::Shape(shape) = content else { panic!("a shape") };
        assert!(!again || !self.playing.is_quiet_between(now - 1e-3, now + 1e-3), "still it changes at {now}");
        shape.fill.expect("a fill")
    }

    /// The greys at both ends.
    pub(super) fn greys(&self, now: f64) -> [u8; 2] {
        match self.fill(now) {
            Paint::Solid(color) => [color.r; 2],
            Paint::Gradient(gradient) => {
                let [first, .., last] = gradient.stops() else { panic!("two stops") };
                [first.color.r, last.color.r]
            }
        }
    }

    /// That there is nothing to be seen of something at this time.
    fn assert_smooth(&self, before: [u8; 2], now: f64) {
        let after = self.greys(now + 1e-6);
        for end in 0..2 {
            assert!(before[end].abs_diff(after[end]) <= 1, "from {before:?} to {after:?} at {now}");
        }
    }
}

#[test]
fn a_changed_gradient_moves_from_what_is_shown() {
    let mut layer = smooth();
    layer.paint(1.0, &ramp("#000000", "#ffffff"));
    assert_eq!(layer.greys(1.0), [0, 0]);
    let half = layer.greys(2.0);
    assert!(half[0] == 0 && (90..110).contains(&half[1]), "{half:?}");
    // Midway to yet another one, and back to a colour.
    layer.paint(2.0, &ramp("#ffffff", "#000000"));
    layer.assert_smooth(half, 2.0);
    let midway = layer.greys(3.0);
    layer.paint(3.0, &json!("#808080"));
    layer.assert_smooth(midway, 3.0);
    assert_eq!(layer.fill(5.0), Paint::Solid("#808080".parse().expect("a colour")));
    assert_eq!(layer.drifts.left(5.1).count(), 0);
    // From there as colours do, and a colour that moves becomes a gradient.
    layer.paint(6.0, &json!("#000000"));
    let moving = layer.greys(7.0);
    assert!((30..80).contains(&moving[0]), "{moving:?}");
    layer.paint(7.0, &ramp("#000000", "#ffffff"));
    layer.assert_smooth(moving, 7.0);
    assert_eq!(layer.greys(9.0), [0, 255]);
    // And on, while the gradient still comes, to a colour and the next.
    layer.paint(10.0, &json!("#ffffff"));
    let going = layer.greys(11.0);
    layer.paint(11.0, &json!("#000000"));
    layer.assert_smooth(going, 11.0);
    assert_eq!(layer.greys(13.0), [0, 0]);
}

#[test]
fn what_cannot_turn_into_another_steps_half_way_and_springs_come_to_rest() {
    let mut layer = smooth();
    layer.paint(1.0, &ramp("#000000", "#ffffff"));
    layer.paint(4.0, &ring());
    assert!(matches!(layer.fill(4.9), Paint::Gradient(Gradient::Linear { .. })));
    assert!(matches!(layer.fill(5.1), Paint::Gradient(Gradient::Radial { .. })));
    let mut sprung = self::layer(json!([{ "property": "content.fill", "spring": { "stiffness": 80, "damping": 6 } }]));
    sprung.paint(1.0, &ramp("#202020", "#e0e0e0"));
    let highest = (0..100).map(|step| sprung.greys(1.0 + f64::from(step) / 50.0)[1]).max();
    assert!(highest > Some(0xe0), "{highest:?}");
    assert_eq!(sprung.fill(60.0), serde_json::from_value(ramp("#202020", "#e0e0e0")).expect("a paint"));
    assert!(sprung.playing.is_quiet_between(60.0, f64::INFINITY));
}

#[test]
fn an_animation_goes_on_from_what_it_takes_over() {
    let to = |fill: Value| json!([{ "property": "content.fill", "to": fill, "duration": 2 }]);
    let mut layer = layer(json!([]));
    layer.animate(1.0, to(ramp("#000000", "#ffffff")));
    let half = layer.greys(2.0);
    assert!(half[1] > 80, "{half:?}");
    layer.animate(2.0, to(ramp("#ffffff", "#000000")));
    layer.assert_smooth(half, 2.0);
    assert_eq!(layer.greys(4.0), [255, 0]);
    // Also one that waits for its turn, and one of colours alone.
    let waits = json!([
        { "property": "content.fill", "to": ramp("#000000", "#ffffff"), "duration": 2 },
        { "property": "content.fill", "to": "#808080", "duration": 1, "delay": 1 },
    ]);
    layer.animate(5.0, waits);
    layer.assert_smooth(layer.greys(6.0 - 1e-6), 6.0);
    assert_eq!(layer.greys(7.0), [128, 128]);
    // What was under way goes on after a restart as it was.
    let mut restarted = layer.clone();
    let stored = serde_json::to_value(layer.drifts.left(6.5).collect::<Vec<_>>()).expect("json");
    restarted.drifts = Drifts::resumed(serde_json::from_value(stored).expect("drifts"));
    restarted.playing = Playing::default();
    restarted.edit(6.5, |_| {});
    assert_eq!(restarted.fill(6.7), layer.fill(6.7));
}

#[test]
fn a_transition_smooths_what_animations_do_to_it() {
    let mut layer = smooth();
    layer.animate(1.0, json!([{ "property": "content.fill", "to": ramp("#000000", "#ffffff"), "duration": 1 }]));
    let shown = layer.greys(4.0);
    layer.animate(4.0, json!([]));
    layer.assert_smooth(shown, 4.0);
    assert_eq!(layer.fill(6.0), Paint::Solid("#000000".parse().expect("a colour")));
}
