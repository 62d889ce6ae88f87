//! A pair and its halves take over from each other.

use super::{handover::plain, *};

impl Layer {
    fn place(&self, now: f64) -> [f64; 2] {
        let position = Pose::new(&self.transform, &self.opacity, &self.playing, now).position;
        [position.x, position.y]
    }

    fn pixels_a_second(&self, now: f64, side: f64) -> [f64; 2] {
        const NEAR: f64 = 1e-4;
        let [here, near, far] = [0.0, NEAR, 2.0 * NEAR].map(|away| self.place(now + side * away));
        std::array::from_fn(|axis| (4.0 * near[axis] - far[axis] - 3.0 * here[axis]) / (2.0 * NEAR) * side)
    }
}

pub(super) fn to(property: &str, to: Value, duration: f64) -> Value {
    json!({ "property": property, "to": to, "duration": duration, "easing": "easeInOutSine" })
}

fn near(found: [f64; 2], expected: [f64; 2], by: f64) -> bool {
    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < by)
}

#[test]
fn a_half_takes_over_from_its_pair() {
    let pair = to("transform.position", json!({ "x": 200, "y": 100 }), 2.0);
    for is_kept in [true, false] {
        let mut layer = plain();
        layer.animate(0.0, json!([pair]));
        let (before, velocity) = (layer.place(1.0), layer.pixels_a_second(1.0, -1.0));
        let half = to("transform.position.x", json!(0), 1.0);
        layer.animate(1.0, if is_kept { json!([pair, half]) } else { json!([half]) });
        let (after, then) = (layer.place(1.0), layer.pixels_a_second(1.0, 1.0));
        assert!((after[0] - before[0]).abs() < 1e-6, "{after:?} after {before:?}");
        assert!((then[0] - velocity[0]).abs() < 1.0, "{then:?} after {velocity:?}");
        assert!(!is_kept || near(after, before, 1e-6) && near(then, velocity, 1.0));
        assert!(layer.place(2.0)[0].abs() < 1e-6);
        assert_eq!(layer.place(9.0), [0.0, if is_kept { 100.0 } else { 0.0 }]);
    }
}

#[test]
fn a_pair_takes_over_from_its_halves() {
    let halves = [to("transform.position.x", json!(200), 2.0), to("transform.position.y", json!(-80), 4.0)];
    for count in [1, 2] {
        let mut layer = plain();
        layer.animate(0.0, json!(halves[..count]));
        let (before, velocity) = (layer.place(1.0), layer.pixels_a_second(1.0, -1.0));
        layer.animate(1.0, json!([halves[0], to("transform.position", json!({ "x": 10, "y": 30 }), 1.0)]));
        assert!(near(layer.place(1.0), before, 1e-6), "{:?} after {before:?}", layer.place(1.0));
        let then = layer.pixels_a_second(1.0, 1.0);
        assert!(near(then, velocity, 1.0), "{then:?} after {velocity:?}");
        assert_eq!(layer.place(2.0), [10.0, 30.0]);
    }
}

#[test]
fn one_that_begins_later_takes_over_from_the_other_kind() {
    let mut later = to("transform.scale.y", json!(1), 1.0);
    later["delay"] = json!(1);
    let mut layer = plain();
    layer.animate(0.0, json!([to("transform.scale", json!({ "x": 3, "y": 5 }), 2.0), later]));
    let scale = |now: f64| Pose::new(&layer.transform, &layer.opacity, &layer.playing, now).scale.y;
    assert!((scale(1.0 - 1e-6) - scale(1.0 + 1e-6)).abs() < 1e-3, "{} then {}", scale(1.0 - 1e-6), scale(1.0 + 1e-6));
    assert!((scale(1.0) - 3.0).abs() < 1e-6);
    let speed = |side: f64| (scale(1.0 + side * 1e-4) - scale(1.0)) / 1e-4 * side;
    assert!((speed(1.0) - speed(-1.0)).abs() < 0.05, "{} then {}", speed(-1.0), speed(1.0));
    assert_eq!(scale(3.0), 1.0);
}

#[test]
fn a_step_of_a_timeline_goes_on_from_where_a_step_of_the_other_kind_has_brought_it() {
    use crate::animation::timeline::Playhead;
    let step = |animation: Value| json!({ "type": "animate", "layer": "a", "animation": animation });
    let show = json!([{ "id": "show", "steps": [
        step(to("transform.position", json!({ "x": 100, "y": 50 }), 1.0)),
        step(to("transform.position.x", json!(0), 1.0)),
        step(to("transform.position", json!({ "x": 20, "y": 0 }), 1.0)),
    ] }]);
    let mut layer = plain();
    layer.stand(0.0, &show, &[Some(Playhead { since: 0.0, position: 0.0, rate: 1.0, running: true })]);
    for (at, expected) in [(1.0, [100.0, 50.0]), (1.5, [50.0, 50.0]), (2.0, [0.0, 50.0]), (2.5, [10.0, 25.0])] {
        assert!(near(layer.place(at), expected, 1e-6), "{:?} at {at}", layer.place(at));
    }
}

pub(super) fn line() -> Layer {
    let mut layer = plain();
    let content = json!({ "type": "shape", "geometry": { "type": "line", "from": { "x": 0, "y": 0 },
        "to": { "x": 9, "y": 7 } }, "stroke": { "paint": "#ffffff", "width": 1 } });
    layer.content = serde_json::from_value(content).expect("a content");
    layer.edit(0.0, |_| {});
    layer
}

impl Layer {
    /// Where the line ends, and whether anything differs when it is written again.
    pub(super) fn end(&self, now: f64) -> [f64; 2] {
        let mut shown = self.content.clone();
        self.playing.apply_to(Part::Content, &mut shown, now);
        assert!(!self.playing.apply_to(Part::Content, &mut shown, now), "it is written once");
        let shown = serde_json::to_value(&shown).expect("json");
        ["x", "y"].map(|axis| shown["geometry"]["to"][axis].as_f64().expect("a number"))
    }

    fn end_speed(&self, now: f64, side: f64) -> [f64; 2] {
        const NEAR: f64 = 1e-4;
        let [here, near, far] = [0.0, NEAR, 2.0 * NEAR].map(|away| self.end(now + side * away));
        std::array::from_fn(|axis| (4.0 * near[axis] - far[axis] - 3.0 * here[axis]) / (2.0 * NEAR) * side)
    }
}

#[test]
fn a_half_within_a_content_takes_over_from_its_pair_and_back() {
    let pair = |x: f64, y: f64, duration: f64| to("content.geometry.to", json!({ "x": x, "y": y }), duration);
    let mut layer = line();
    layer.animate(0.0, json!([pair(200.0, 100.0, 2.0)]));
    let (before, velocity) = (layer.end(1.0), layer.end_speed(1.0, -1.0));
    let half = to("content.geometry.to.x", json!(0), 1.0);
    layer.animate(1.0, json!([pair(200.0, 100.0, 2.0), half]));
    assert!(near(layer.end(1.0), before, 1e-6), "{:?} after {before:?}", layer.end(1.0));
    let then = layer.end_speed(1.0, 1.0);
    assert!(near(then, velocity, 1.0), "{then:?} after {velocity:?}");
    let (before, velocity) = (layer.end(1.5), layer.end_speed(1.5, -1.0));
    layer.animate(1.5, json!([pair(200.0, 100.0, 2.0), half, pair(10.0, 30.0, 1.0)]));
    assert!(near(layer.end(1.5), before, 1e-6), "{:?} after {before:?}", layer.end(1.5));
    let then = layer.end_speed(1.5, 1.0);
    assert!(near(then, velocity, 1.0), "{then:?} after {velocity:?}");
    assert_eq!(layer.end(2.5), [10.0, 30.0]);
}

#[test]
fn of_a_pair_and_its_half_within_a_content_the_last_that_has_begun_decides() {
    let mut late = to("content.geometry.to", json!({ "x": 20, "y": 20 }), 1.0);
    late["delay"] = json!(2);
    late["from"] = json!({ "x": 10, "y": 10 });
    let half = json!({ "property": "content.geometry.to.x", "from": 0, "to": 100, "duration": 1 });
    let mixed = json!({ "property": "content.geometry.to.y", "from": 4, "to": 4, "duration": 1, "queue": "blend",
        "weight": 0.5 });
    let mut layer = line();
    layer.animate(0.0, json!([late, half]));
    assert_eq!((layer.end(0.5), layer.end(2.5)), ([50.0, 10.0], [100.0, 15.0]));
    layer.animate(0.0, json!([half, late]));
    assert_eq!((layer.end(0.5), layer.end(2.5)), ([50.0, 10.0], [15.0, 15.0]));
    layer.animate(0.0, json!([half, late, mixed]));
    assert_eq!((layer.end(0.5), layer.end(2.5)), ([50.0, 7.0], [15.0, 9.5]));
}

/// One that goes on from a step of the other kind in the same timeline.
#[test]
fn timelines_of_the_other_kind_take_over_from_one_another() {
    use crate::animation::timeline::Playhead;
    let step = |animation: Value| json!({ "type": "animate", "layer": "a", "animation": animation });
    let playing = |since: f64, position: f64| Some(Playhead { since, position, rate: 1.0, running: true });
    let pair = json!({ "id": "pair", "steps": [
        step(to("transform.position", json!({ "x": 100, "y": 50 }), 2.0)),
        step(to("transform.position", json!({ "x": 20, "y": 80 }), 1.0)),
    ] });
    let half = json!({ "id": "half", "steps": [
        step(to("transform.position.x", json!(-60), 1.0)),
        step(to("transform.position", json!({ "x": 0, "y": 0 }), 1.0)),
    ] });
    for transitions in [json!([]), json!([{ "property": "transform.position", "duration": 1 }])] {
        let mut layer = Layer::new(transitions);
        layer.stand(0.0, &json!([pair]), &[playing(0.0, 0.0)]);
        let mut over = |now: f64, timelines: Value, playheads: [Option<Playhead>; 2]| {
            let before = layer.place(now);
            layer.stand(now, &timelines, &playheads);
            assert!(near(layer.place(now), before, 1e-6), "{before:?} then {:?} at {now}", layer.place(now));
            layer.clone()
        };
        over(0.5, json!([pair, half]), [playing(0.0, 0.0), playing(0.5, 0.0)]);
        // The pair is played again where it stands, and the half again over that.
        over(0.9, json!([half, pair]), [playing(0.5, 0.0), playing(0.9, 0.9)]);
        over(1.2, json!([pair, half]), [playing(0.9, 0.9), playing(1.2, 0.7)]);
        over(1.4, json!([half, pair]), [playing(1.2, 0.7), playing(1.4, 1.4)]);
        let layer = over(1.7, json!([pair, half]), [playing(1.4, 1.4), playing(1.7, 1.2)]);
        assert!(near(layer.place(9.0), [0.0, 0.0], 1e-6), "{:?}", layer.place(9.0));
    }
    // A step that overlaps the one before it goes on with what that carries on.
    let long = json!({ "property": "transform.position", "to": { "x": 100, "y": 50 }, "duration": 2,
        "easing": "easeInOutSine" });
    let late = |property: &str, to: Value| {
        json!({ "type": "sequence", "steps": [{ "type": "wait", "seconds": 1 }, step(json!({ "property": property, "to": to,
            "duration": 1 }))] })
    };
    for (first, late) in [
        (long.clone(), late("transform.position.x", json!(0))),
        (
            json!({ "property": "transform.position.x", "to": 70, "duration": 2 }),
            late("transform.position", json!({ "x": 9, "y": 9 })),
        ),
    ] {
        let below =
            json!({ "id": "below", "steps": [step(to("transform.position", json!({ "x": 900, "y": 500 }), 1.0))] });
        let show = json!({ "id": "show", "steps": [{ "type": "parallel", "steps": [step(first), late] }] });
        let mut layer = plain();
        layer.stand(0.0, &json!([below]), &[playing(0.0, 0.0)]);
        layer.stand(2.0, &json!([below, show]), &[playing(0.0, 0.0), playing(2.0, 0.0)]);
        let (before, after) = (layer.place(3.0 - 1e-6), layer.place(3.0 + 1e-6));
        assert!(near(after, before, 1e-2), "{before:?} then {after:?}");
    }
}
