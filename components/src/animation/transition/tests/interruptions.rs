//! Whatever interrupts what moves: no jump, with transitions as without them.

use super::{handover::turn, *};

fn is_continuous(layer: &Layer, at: f64) {
    let (before, after) = (layer.rotation(at - 1e-6), layer.rotation(at + 1e-6));
    assert!((before - after).abs() < 1e-2, "{before} then {after} at {at}");
    let (before, after) = (layer.speed(at - 1e-6, -1.0), layer.speed(at + 1e-6, 1.0));
    assert!((before - after).abs() < 1.0, "{before} then {after} at {at}");
}

/// Whether an edit changes nothing of what is shown at its moment, nor how fast that goes.
fn is_continuous_over(layer: &mut Layer, now: f64, edit: impl FnOnce(&mut Layer)) {
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
