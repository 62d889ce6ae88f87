//! What an animation carries on that takes over without saying where it begins.

use std::sync::Arc;

use super::*;
use crate::animation::timeline::{ActiveCue, CueList, Playhead, TimelineDocument};

pub(super) fn plain() -> Layer {
    Layer::new(json!([]))
}

pub(super) fn turn(to: f64, rest: Value) -> Value {
    let mut animation = json!({ "property": "transform.rotation", "to": to });
    for (key, value) in rest.as_object().expect("an object") {
        animation[key] = value.clone();
    }
    animation
}

impl Layer {
    /// Lets timelines stand as these playheads say.
    pub(super) fn stand(&mut self, now: f64, timelines: &Value, playheads: &[Option<Playhead>]) {
        let documents: Vec<TimelineDocument> = serde_json::from_value(timelines.clone()).expect("timelines");
        let mut cues = Vec::new();
        for (list, playhead) in CueList::lay_out(&documents).iter().zip(playheads) {
            let Some(playhead) = playhead else { continue };
            cues.extend(list.cues().iter().map(|cue| ActiveCue::new(Arc::clone(cue), list, *playhead)));
        }
        self.edit(now, |layer| layer.cues = Cues(cues));
    }
}

pub(super) fn playing(since: f64, position: f64, rate: f64) -> Option<Playhead> {
    Some(Playhead { since, position, rate, running: true })
}

pub(super) fn timeline(steps: Value) -> Value {
    json!({ "id": "show", "autoplay": false, "steps": steps })
}

pub(super) fn step(to: f64, rest: Value) -> Value {
    json!({ "type": "animate", "layer": "a", "animation": turn(to, rest) })
}

#[test]
fn from_rest_it_is_the_way_from_there() {
    for easing in ["linear", "easeOut", "easeOutBack", "steps(4)"] {
        let mut layer = plain();
        layer.animate(0.0, json!([turn(90.0, json!({ "duration": 1 }))]));
        layer.animate(5.0, json!([turn(-30.0, json!({ "duration": 2, "speed": 2, "easing": easing }))]));
        let easing: Easing = easing.parse().expect("an easing");
        for tenth in 0..=15 {
            let t = f64::from(tenth) / 10.0;
            let expected = 90.0 - 120.0 * easing.ease(t.min(1.0));
            assert!(
                (layer.rotation(5.0 + t) - expected).abs() < 1e-6,
                "{easing:?} after {t}: {}",
                layer.rotation(5.0 + t)
            );
        }
        assert!((layer.rotation(6.0) - -30.0).abs() < 1e-9);
        assert!(layer.playing.is_quiet_between(6.1, f64::INFINITY));
    }
}

#[test]
fn a_spring_is_the_spring_from_there() {
    let spring = json!({ "spring": { "stiffness": 60, "damping": 5 }, "speed": 1.5 });
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, spring.clone())]));
    layer.animate(60.0, json!([turn(0.0, spring.clone())]));
    let mut other = plain();
    other.animate(0.0, json!([turn(-90.0, spring)]));
    for tenth in 0..60 {
        let t = f64::from(tenth) / 10.0;
        assert!((layer.rotation(60.0 + t) - (90.0 + other.rotation(t))).abs() < 0.02, "after {t}");
    }
}

#[test]
fn what_says_where_it_begins_begins_there() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 }))]));
    layer.animate(1.0, json!([turn(0.0, json!({ "from": 10, "duration": 1 }))]));
    assert!((layer.rotation(1.0) - 10.0).abs() < 1e-6);
    let frames = json!([{ "at": 0, "value": 70 }, { "at": 1, "value": 80 }]);
    layer.animate(1.5, json!([{ "property": "transform.rotation", "keyframes": frames }]));
    assert!((layer.rotation(1.5) - 70.0).abs() < 1e-6);
}

#[test]
fn an_angle_goes_on_the_shorter_way() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(350.0, json!({ "duration": 1 }))]));
    layer.animate(2.0, json!([turn(20.0, json!({ "duration": 1, "rotate": "shortest" }))]));
    let (begin, middle) = (layer.rotation(2.0), layer.rotation(2.5));
    assert!((begin.rem_euclid(360.0) - 350.0).abs() < 1e-6, "{begin}");
    assert!((middle - 5.0).abs() < 1e-6, "{middle}");
    assert!((layer.rotation(3.0) - 20.0).abs() < 1e-6);
}

#[test]
fn until_it_begins_what_moved_comes_to_rest() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 }))]));
    layer.animate(1.0, json!([turn(0.0, json!({ "duration": 1, "delay": 1 }))]));
    assert!((layer.rotation(1.0) - 45.0).abs() < 1e-6);
    assert!((layer.speed(1.0, 1.0) - 45.0).abs() < 0.1);
    // A quarter of a second, in which the velocity falls by its square: a third of the way that it would have been.
    for at in [1.25, 1.6, 2.0] {
        assert!((layer.rotation(at) - (45.0 + 45.0 * 0.25 / 3.0)).abs() < 1e-6, "{at}: {}", layer.rotation(at));
    }
    assert!((layer.rotation(2.5) - (45.0 + 45.0 * 0.25 / 3.0) / 2.0).abs() < 1e-6);
    assert_eq!(layer.rotation(3.0), 0.0);
}

#[test]
fn one_that_begins_later_goes_on_from_those_before_it() {
    let mut layer = plain();
    let first = turn(90.0, json!({ "duration": 2 }));
    layer.animate(0.0, json!([first, turn(0.0, json!({ "duration": 2, "delay": 1 }))]));
    assert!((layer.rotation(1.0 - 1e-7) - layer.rotation(1.0)).abs() < 1e-4);
    assert!((layer.speed(1.0, 1.0) - 45.0).abs() < 0.2, "{}", layer.speed(1.0, 1.0));
    assert_eq!(layer.rotation(3.0), 0.0);
}

#[test]
fn a_timeline_takes_over_from_an_animation_and_carries_on_by_its_own_time() {
    let timelines =
        json!([timeline(json!([step(-40.0, json!({ "duration": 2 })), step(0.0, json!({ "duration": 2 }))]))]);
    let mut layer = plain();
    layer.animate(0.0, json!([turn(100.0, json!({ "duration": 4 }))]));
    layer.stand(2.0, &timelines, &[playing(2.0, 0.0, 2.0)]);
    assert!((layer.rotation(2.0) - 50.0).abs() < 1e-6);
    assert!((layer.speed(2.0, 1.0) - 25.0).abs() < 0.1, "{}", layer.speed(2.0, 1.0));
    assert!((layer.rotation(3.0) - -40.0).abs() < 1e-6);
    let by_position: Vec<f64> = (0..8).map(|eighth| layer.rotation(2.0 + f64::from(eighth) / 4.0)).collect();
    // Paused, sought and played again: where the timeline stands says everything.
    let paused = Playhead { since: 2.5, position: 1.0, rate: 2.0, running: false };
    layer.stand(2.5, &timelines, &[Some(paused)]);
    assert!((layer.rotation(9.0) - by_position[2]).abs() < 1e-6);
    layer.stand(10.0, &timelines, &[Some(Playhead { since: 10.0, position: 0.5, ..paused })]);
    assert!((layer.rotation(11.0) - by_position[1]).abs() < 1e-6);
    layer.stand(20.0, &timelines, &[playing(20.0, 0.5, -0.5)]);
    assert!((layer.rotation(21.0) - by_position[0]).abs() < 1e-6);
    // Played anew it begins with what is beneath it by then.
    layer.stand(30.0, &timelines, &[playing(30.0, 4.0, 1.0)]);
    layer.stand(31.0, &timelines, &[playing(31.0, 0.0, 1.0)]);
    assert!((layer.rotation(31.0) - 100.0).abs() < 1e-6, "{}", layer.rotation(31.0));
}

#[test]
fn a_timeline_that_comes_to_a_property_later_takes_over_then() {
    let wait = json!({ "type": "wait", "seconds": 1 });
    let timelines = json!([timeline(json!([wait, step(0.0, json!({ "duration": 1 }))]))]);
    let mut layer = plain();
    layer.animate(0.0, json!([turn(100.0, json!({ "duration": 4 }))]));
    layer.stand(1.0, &timelines, &[playing(1.0, 0.0, 1.0)]);
    assert!((layer.rotation(1.5) - 37.5).abs() < 1e-6, "it is not there yet: {}", layer.rotation(1.5));
    assert!((layer.rotation(2.0) - 50.0).abs() < 1e-6);
    assert!((layer.speed(2.0, 1.0) - 25.0).abs() < 0.2);
    assert!(layer.rotation(3.0).abs() < 1e-6);
}

/// A button that shows, and one that hides: each goes on from what the other has left, however often they are pressed.
#[test]
fn timelines_take_over_from_one_another_again_and_again() {
    let show =
        |id: &str, to: f64| json!({ "id": id, "autoplay": false, "steps": [step(to, json!({ "duration": 1 }))] });
    let (show, hide) = (show("show", 90.0), show("hide", 0.0));
    let mut layer = plain();
    let mut first = None;
    for round in 0..4 {
        let now = 10.0 * f64::from(round);
        let before = layer.rotation(now);
        // The one that is played goes over the other.
        layer.stand(now, &json!([hide, show]), &[first, playing(now, 0.0, 1.0)]);
        assert!((layer.rotation(now) - before).abs() < 1e-6, "{round}: {}", layer.rotation(now));
        assert!((layer.rotation(now + 0.5) - 45.0).abs() < 1e-6, "{round}: {}", layer.rotation(now + 0.5));
        let later = now + 5.0;
        layer.stand(later, &json!([show, hide]), &[playing(now, 0.0, 1.0), playing(later, 0.0, 1.0)]);
        assert!((layer.rotation(later) - 90.0).abs() < 1e-6, "{round}: {}", layer.rotation(later));
        assert!((layer.rotation(later + 0.5) - 45.0).abs() < 1e-6, "{round}: {}", layer.rotation(later + 0.5));
        first = playing(later, 0.0, 1.0);
    }
    // In flight, too.
    layer.stand(40.0, &json!([hide, show]), &[first, playing(40.0, 0.0, 1.0)]);
    layer.stand(40.5, &json!([show, hide]), &[playing(40.0, 0.0, 1.0), playing(40.5, 0.0, 1.0)]);
    assert!((layer.rotation(40.5) - 45.0).abs() < 1e-6);
    assert!((layer.speed(40.5, 1.0) - 90.0).abs() < 1.0, "{}", layer.speed(40.5, 1.0));
}

/// However long it takes, what was under way comes to rest soon.
#[test]
fn what_flew_goes_no_further_than_it_would_in_half_a_second() {
    for easing in ["linear", "easeInOutSine", "easeOutCirc"] {
        let mut layer = plain();
        layer.animate(0.0, json!([turn(1000.0, json!({ "duration": 1 }))]));
        layer.animate(0.5, json!([turn(500.0, json!({ "duration": 600, "easing": easing }))]));
        assert!((layer.rotation(0.5) - 500.0).abs() < 1e-6);
        assert!((layer.speed(0.5, 1.0) - 1000.0).abs() < 20.0, "{easing}: {}", layer.speed(0.5, 1.0));
        let furthest = (0..1000).map(|step| layer.rotation(0.5 + f64::from(step) / 100.0)).fold(0.0, f64::max);
        assert!((500.0..640.0).contains(&furthest), "{easing}: {furthest}");
        assert!((layer.rotation(600.5) - 500.0).abs() < 1e-6);
    }
    let mut layer = eased("linear");
    layer.transitions.0[0].duration = Some(600.0);
    layer.animate(0.0, json!([turn(1000.0, json!({ "from": 0, "duration": 1 }))]));
    layer.animate(0.5, json!([]));
    let furthest = (0..1000).map(|step| layer.rotation(0.5 + f64::from(step) / 100.0)).fold(0.0, f64::max);
    assert!(furthest < 700.0, "{furthest}");
}

/// What is taken over from may change until then.
#[test]
fn what_waits_takes_over_from_what_is_shown_when_it_begins() {
    let wait = json!({ "type": "wait", "seconds": 1 });
    let timelines = json!([timeline(json!([wait, step(0.0, json!({ "duration": 1 }))]))]);
    let mut layer = plain();
    let continuous = |layer: &Layer, at: f64| {
        assert!((layer.rotation(at - 1e-6) - layer.rotation(at + 1e-6)).abs() < 1e-3, "{}", layer.rotation(at));
        assert!((layer.speed(at + 1e-6, 1.0) - layer.speed(at - 1e-6, -1.0)).abs() < 0.5);
    };
    layer.animate(0.0, json!([turn(100.0, json!({ "duration": 4 }))]));
    layer.stand(1.0, &timelines, &[playing(1.0, 0.0, 1.0)]);
    // Paused for a second, then played on at another rate.
    layer.stand(1.5, &timelines, &[Some(Playhead { since: 1.5, position: 0.5, rate: 1.0, running: false })]);
    layer.stand(2.5, &timelines, &[playing(2.5, 0.5, 2.0)]);
    continuous(&layer, 2.75);
    assert!((layer.rotation(2.75) - 68.75).abs() < 1e-6);
    // The animation below goes elsewhere meanwhile.
    let mut layer = plain();
    layer.animate(0.0, json!([turn(100.0, json!({ "duration": 4 }))]));
    layer.stand(1.0, &timelines, &[playing(1.0, 0.0, 1.0)]);
    layer.animate(1.5, json!([turn(-100.0, json!({ "duration": 1 }))]));
    continuous(&layer, 2.0);
    // So it is with two animations of the layer itself, of which the first is another one before the second begins.
    let second = turn(0.0, json!({ "duration": 1, "delay": 1 }));
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 })), second]));
    layer.animate(0.5, json!([turn(-90.0, json!({ "duration": 2 })), second]));
    continuous(&layer, 1.0);
    let before = layer.rotation(0.7);
    layer.animate(0.7, json!([second]));
    assert!((layer.rotation(0.7) - before).abs() < 1e-6);
    // It has come to rest by then.
    assert!((layer.rotation(1.0 - 1e-6) - layer.rotation(1.0 + 1e-6)).abs() < 1e-3);
}

#[test]
fn a_second_edit_at_the_same_moment_takes_over_as_the_first_did() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 }))]));
    layer.animate(1.0, json!([turn(0.0, json!({ "duration": 1 }))]));
    layer.edit(1.0, |layer| layer.opacity = Opacity(0.5));
    layer.animate(1.0, json!([turn(200.0, json!({ "duration": 1, "easing": "easeInOutSine" }))]));
    assert!((layer.rotation(1.0) - 45.0).abs() < 1e-6, "{}", layer.rotation(1.0));
    assert!((layer.speed(1.0, 1.0) - 45.0).abs() < 0.5, "{}", layer.speed(1.0, 1.0));
    assert_eq!(layer.rotation(2.0), 200.0);
}

#[test]
fn rounds_of_a_timeline_begin_where_the_first_did() {
    let mut show = timeline(json!([step(-40.0, json!({ "duration": 1 }))]));
    show["repeat"] = json!(3);
    let mut layer = plain();
    layer.animate(0.0, json!([turn(100.0, json!({ "duration": 4 }))]));
    layer.stand(2.0, &json!([show]), &[playing(2.0, 0.0, 1.0)]);
    assert!((layer.rotation(2.0) - 50.0).abs() < 1e-6);
    for round in [3.0, 4.0] {
        assert!((layer.rotation(round) - 50.0).abs() < 1e-6, "{}", layer.rotation(round));
        assert!((layer.rotation(round + 0.5) - 5.0).abs() < 1e-6, "{}", layer.rotation(round + 0.5));
    }
    // With nothing beneath it they begin with what is authored.
    let mut layer = plain();
    layer.stand(2.0, &json!([show]), &[playing(2.0, 0.0, 1.0)]);
    layer.turn(2.5, 30.0);
    assert!((layer.rotation(3.0) - 30.0).abs() < 1e-6, "{}", layer.rotation(3.0));
}

#[test]
fn a_property_that_a_timeline_lets_go_moves_by_its_transition() {
    let timelines = json!([timeline(json!([step(80.0, json!({ "duration": 1 }))]))]);
    let mut layer = eased("linear");
    layer.stand(1.0, &timelines, &[playing(1.0, 0.0, 1.0)]);
    layer.stand(5.0, &timelines, &[None]);
    assert!((layer.rotation(5.0) - 80.0).abs() < 1e-6);
    assert!((layer.rotation(6.0) - 40.0).abs() < 1e-6);
    assert_eq!(layer.rotation(7.0), 0.0);
}

/// Animations that take over from one another, so many seconds after what was before.
fn any_takers() -> impl Strategy<Value = Vec<(f64, Value)>> {
    let easing = proptest::sample::select(vec![
        "linear",
        "easeInOut",
        "easeOutBack",
        "easeInOutSine",
        "easeOutCirc",
        "easeOutExpo",
        "cubic-bezier(0,1,0,1)",
    ]);
    let eased = (0.2..3.0, easing).prop_map(|(duration, easing)| json!({ "duration": duration, "easing": easing }));
    let sprung = (20.0..400.0, 2.0..60.0)
        .prop_map(|(stiffness, damping)| json!({ "spring": { "stiffness": stiffness, "damping": damping } }));
    let taker = (prop_oneof![eased, sprung], -500.0..500.0, 0.5..2.0, prop_oneof![Just(0.0), 0.05..1.0]).prop_map(
        |(mut rest, to, speed, delay)| {
            rest["speed"] = json!(speed);
            rest["delay"] = json!(delay);
            turn(to, rest)
        },
    );
    proptest::collection::vec((0.03..1.5, taker), 2..8)
}

proptest! {
    /// Value and velocity are the same on both sides, whatever takes over and whenever; and in the end it is where the
    /// last one goes.
    #[test]
    fn taking_over_is_continuous_in_value_and_velocity(takers in any_takers()) {
        let mut layer = plain();
        let mut now = 0.0;
        for (pause, taker) in takers {
            now += pause;
            let (value, velocity, by_itself) = (layer.rotation(now), layer.speed(now, -1.0), layer.speed(now, 1.0));
            layer.animate(now, json!([taker]));
            prop_assert!((layer.rotation(now) - value).abs() < 1e-6, "at {}: {} after {}", now, layer.rotation(now), value);
            let is_smooth = (by_itself - velocity).abs() < 0.5 + 1e-3 * velocity.abs();
            if velocity.abs() > 1e-3 && is_smooth {
                let after = layer.speed(now, 1.0);
                // Speeds are measured over a moment, in which what is quick changes its own.
                let number = |name: &str| taker[name].as_f64();
                let pace = number("duration").map_or_else(
                    || taker["spring"]["stiffness"].as_f64().map_or(1.0, libm::sqrt),
                    |duration| 1.0 / duration,
                ) * number("speed").unwrap_or(1.0);
                let way = (number("to").unwrap_or(0.0) - value).abs();
                // Where an easing starts upright, so does what is taken back of it.
                let is_upright = ["easeOutCirc", "cubic-bezier(0,1,0,1)"].iter().any(|upright| taker["easing"] == *upright);
                let quick = if is_upright { 5e-2 } else { 5e-4 };
                let allowed = 1.0 + 0.1 * velocity.abs() + quick * way * pace;
                prop_assert!((after - velocity).abs() < allowed, "at {}: {} after {}", now, after, velocity);
            }
            let to = taker["to"].as_f64().expect("a number");
            prop_assert!((layer.rotation(now + 1e4) - to).abs() < 1e-3 * (1.0 + to.abs()));
        }
    }

    /// What is carried is all that has to be kept to go on with it.
    #[test]
    fn what_is_carried_goes_on_after_it_was_kept(takers in any_takers(), later in 0.0..3.0) {
        let mut layer = plain();
        let mut now = 0.0;
        for (pause, taker) in takers {
            now += pause;
            layer.animate(now, json!([taker]));
        }
        let kept = serde_json::to_string(&layer.drifts.left(now).collect::<Vec<_>>()).expect("json");
        let mut resumed = layer.clone();
        resumed.playing = Playing::default();
        resumed.drifts = Drifts::resumed(serde_json::from_str(&kept).expect("what was written"));
        resumed.edit(now + later / 2.0, |layer| layer.opacity = Opacity(0.5));
        prop_assert_eq!(resumed.rotation(now + later), layer.rotation(now + later));
    }
}
