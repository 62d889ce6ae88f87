//! Whatever interrupts what moves: no jump, with transitions as without them.

use super::{
    handover::{plain, playing, step, timeline, turn},
    *,
};
use crate::animation::timeline::Playhead;

fn is_continuous(layer: &Layer, at: f64) {
    let (before, after) = (layer.rotation(at - 1e-6), layer.rotation(at + 1e-6));
    assert!((before - after).abs() < 1e-2, "{before} then {after} at {at}");
    let (before, after) = (layer.speed(at - 1e-6, -1.0), layer.speed(at + 1e-6, 1.0));
    assert!((before - after).abs() < 1.0, "{before} then {after} at {at}");
}

/// Whether an edit changes nothing of what is shown at its moment, nor how fast that goes.
pub(super) fn is_continuous_over(layer: &mut Layer, now: f64, edit: impl FnOnce(&mut Layer)) {
    let (value, speed) = (layer.rotation(now), layer.speed(now, -1.0));
    edit(layer);
    let (is, goes) = (layer.rotation(now), layer.speed(now, 1.0));
    assert!((is - value).abs() < 1e-6, "{value} then {is} at {now}");
    assert!((goes - speed).abs() < 1.0, "{speed} then {goes} at {now}");
}

/// A transition smooths the moment of an edit, not what begins later.
#[test]
fn an_animation_that_begins_later_goes_on_from_those_before_it_with_a_transition_too() {
    let first = turn(90.0, json!({ "duration": 1, "easing": "easeInOutSine" }));
    let later = |delay: f64| turn(-30.0, json!({ "duration": 1, "delay": delay, "easing": "easeInOutSine" }));
    for transition in [eased("easeInOutSine"), sprung()] {
        for delay in [0.5, 1.5] {
            let mut layer = transition.clone();
            layer.animate(0.0, json!([first, later(delay)]));
            is_continuous(&layer, delay);
            // So it stays when something else is edited, before and after.
            for now in [0.2, delay + 0.3] {
                let undisturbed = layer.clone();
                layer.edit(now, |layer| layer.opacity = Opacity(0.5 * layer.opacity.0));
                assert_eq!(layer.rotation(delay + 0.4), undisturbed.rotation(delay + 0.4), "at {now}");
            }
            // The property itself is edited in flight.
            is_continuous_over(&mut layer, delay + 0.5, |layer| layer.turn(delay + 0.5, 40.0));
            assert!((layer.rotation(99.0) - -30.0).abs() < 1e-6);
            // One is added while the first is in flight, and what is authored changes while it waits.
            let mut layer = transition.clone();
            layer.animate(0.0, json!([first]));
            is_continuous_over(&mut layer, 0.3, |layer| layer.animate(0.3, json!([first, later(delay)])));
            is_continuous(&layer, 0.3 + delay);
            is_continuous_over(&mut layer, 0.4, |layer| layer.turn(0.4, 200.0));
            is_continuous(&layer, 0.3 + delay);
            // The first is gone meanwhile: the transition brings it to where the second begins.
            is_continuous_over(&mut layer, 0.6, |layer| layer.animate(0.6, json!([later(delay)])));
            is_continuous(&layer, 0.3 + delay);
            assert!((layer.rotation(99.0) - -30.0).abs() < 1e-6);
        }
    }
}

pub(super) fn turned(id: &str, to: f64, rest: Value) -> Value {
    let mut timeline = timeline(json!([step(to, rest)]));
    timeline["id"] = json!(id);
    timeline
}

pub(super) fn smooth() -> Value {
    json!({ "duration": 1, "easing": "easeInOutSine" })
}

/// One that shows, and one that hides over it from 0.33 s on.
fn shown_and_hidden() -> (Layer, Value, Value) {
    let (show, hide) = (turned("show", 90.0, smooth()), turned("hide", -90.0, smooth()));
    let mut layer = plain();
    layer.stand(0.0, &json!([show]), &[playing(0.0, 0.0, 1.0)]);
    layer.stand(0.33, &json!([show, hide]), &[playing(0.0, 0.0, 1.0), playing(0.33, 0.0, 1.0)]);
    (layer, show, hide)
}

/// It may be about to end: what it carries on then goes on beyond that.
#[test]
fn a_timeline_that_ran_beneath_another_takes_over_where_it_stands() {
    for now in [0.4, 0.67, 0.98] {
        let (mut layer, show, hide) = shown_and_hidden();
        let hidden = playing(0.33, 0.0, 1.0);
        is_continuous_over(&mut layer, now, |layer| {
            layer.stand(now, &json!([hide, show]), &[hidden, playing(now, now, 1.0)]);
        });
        let furthest = (0..100).map(|step| layer.rotation(now + f64::from(step) / 50.0)).fold(0.0, f64::max);
        assert!(furthest < 100.0, "{furthest}");
        assert!((layer.rotation(1.7) - 90.0).abs() < 1e-6, "{}", layer.rotation(1.7));
        assert!(layer.playing.is_quiet_between(1.8, f64::INFINITY));
        // So does the other one again, in flight, and after it was kept.
        let later = now + 0.1;
        is_continuous_over(&mut layer, later, |layer| {
            layer.stand(later, &json!([show, hide]), &[playing(now, now, 1.0), playing(later, later - 0.33, 1.0)]);
        });
        let kept = serde_json::to_string(&layer.drifts.left(later).collect::<Vec<_>>()).expect("json");
        let mut resumed = layer.clone();
        resumed.playing = Playing::default();
        resumed.drifts = Drifts::resumed(serde_json::from_str(&kept).expect("what was written"));
        resumed.edit(later + 0.1, |layer| layer.opacity = Opacity(0.5));
        assert_eq!(resumed.rotation(later + 0.2), layer.rotation(later + 0.2));
        // Paused it comes to where it stands.
        let paused = Playhead { since: later, position: later - 0.33, rate: 1.0, running: false };
        layer.stand(later, &json!([show, hide]), &[playing(now, now, 1.0), Some(paused)]);
        let easing: Easing = "easeInOutSine".parse().expect("an easing");
        let eased = |time: f64| easing.ease(time);
        let began = 90.0 * eased(0.33);
        let expected = began + (-90.0 - began) * eased(later - 0.33);
        assert!((layer.rotation(99.0) - expected).abs() < 1e-6, "{} instead of {expected}", layer.rotation(99.0));
    }
}

#[test]
fn one_that_takes_over_in_its_second_step_goes_on_from_there() {
    let steps = json!([step(90.0, smooth()), step(20.0, smooth())]);
    let (show, hide) = (timeline(steps), turned("hide", -90.0, smooth()));
    let mut layer = plain();
    layer.stand(0.0, &json!([show]), &[playing(0.0, 0.0, 1.0)]);
    layer.stand(1.2, &json!([show, hide]), &[playing(0.0, 0.0, 1.0), playing(1.2, 0.0, 1.0)]);
    is_continuous_over(&mut layer, 1.5, |layer| {
        layer.stand(1.5, &json!([hide, show]), &[playing(1.2, 0.0, 1.0), playing(1.5, 1.5, 1.0)]);
    });
    assert!((layer.rotation(2.1) - 20.0).abs() < 1e-6, "{}", layer.rotation(2.1));
}

#[test]
fn a_timeline_that_is_reversed_beneath_another_takes_over_where_it_stands() {
    for now in [0.4, 0.6, 0.98] {
        let (mut layer, show, hide) = shown_and_hidden();
        is_continuous_over(&mut layer, now, |layer| {
            layer.stand(now, &json!([hide, show]), &[playing(0.33, 0.0, 1.0), playing(now, now, -1.0)]);
        });
        assert!(layer.rotation(2.0 * now + 0.5).abs() < 1e-6, "{}", layer.rotation(2.0 * now + 0.5));
        // Another one takes over from what goes backwards.
        let later = now + 0.2;
        let turn = turned("turn", 45.0, smooth());
        is_continuous_over(&mut layer, later, |layer| {
            let playheads = [playing(0.33, 0.0, 1.0), playing(now, now, -1.0), playing(later, 0.0, 1.0)];
            layer.stand(later, &json!([hide, show, turn]), &playheads);
        });
        assert!((layer.rotation(9.0) - 45.0).abs() < 1e-6);
    }
}

#[test]
fn a_timeline_that_is_edited_while_it_runs_goes_elsewhere_from_there() {
    for transitions in [json!([]), json!([{ "property": "transform.rotation", "duration": 2 }])] {
        let mut layer = Layer::new(transitions);
        layer.stand(0.0, &json!([turned("show", 90.0, smooth())]), &[playing(0.0, 0.0, 1.0)]);
        is_continuous_over(&mut layer, 0.4, |layer| {
            layer.stand(0.4, &json!([turned("show", -50.0, smooth())]), &[playing(0.4, 0.4, 1.0)]);
        });
        // Again, in flight; and once it has come to its end.
        for (now, to) in [(0.6, 70.0), (0.97, 20.0), (5.0, -60.0)] {
            is_continuous_over(&mut layer, now, |layer| {
                layer.stand(now, &json!([turned("show", to, smooth())]), &[playing(now, now.min(1.0), 1.0)]);
            });
            assert!((layer.rotation(now + 1.1) - to).abs() < 1e-6, "{}", layer.rotation(now + 1.1));
        }
        // What stays as it is goes on as it did, whatever is asked of it.
        let undisturbed = layer.clone();
        layer.stand(5.2, &json!([turned("show", -60.0, smooth())]), &[playing(5.2, 1.0, 1.0)]);
        assert_eq!(layer.rotation(5.3), undisturbed.rotation(5.3));
    }
}
