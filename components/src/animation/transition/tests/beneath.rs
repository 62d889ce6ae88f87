//! What is authored beneath timelines that have hold of a property.

use super::{
    handover::{plain, playing, step, timeline},
    interruptions::{is_continuous_over, smooth, turned},
    *,
};
use crate::animation::timeline::Playhead;

fn paused(since: f64, position: f64) -> Option<Playhead> {
    Some(Playhead { since, position, rate: 1.0, running: false })
}

fn resumed(layer: &Layer, now: f64) -> Layer {
    let kept = serde_json::to_string(&layer.drifts.left(now).collect::<Vec<_>>()).expect("json");
    let mut resumed = layer.clone();
    resumed.playing = Playing::default();
    resumed.drifts = Drifts::resumed(serde_json::from_str(&kept).expect("what was written"));
    resumed
}

/// With and without a transition, which has no say while a timeline has hold of the property.
fn with_and_without_transition() -> [Layer; 3] {
    [plain(), eased("easeInOutSine"), sprung()]
}

#[test]
fn a_timeline_goes_on_as_if_nothing_had_been_edited() {
    let spring = json!({ "spring": { "stiffness": 40, "damping": 5 } });
    for rest in [smooth(), json!({ "duration": 1, "easing": "easeOutBack" }), spring] {
        for mut layer in with_and_without_transition() {
            let show = json!([turned("show", 90.0, rest.clone())]);
            layer.stand(0.1, &show, &[playing(0.1, 0.0, 1.0)]);
            let undisturbed = layer.clone();
            for (now, to) in [(0.3, -200.0), (0.5, 300.0), (0.7, 300.0)] {
                layer.turn(now, to);
                for at in [now, now + 0.1, 0.9, 1.1, 9.0] {
                    let (is, was) = (layer.rotation(at), undisturbed.rotation(at));
                    assert!((is - was).abs() < 1e-9, "{was} then {is} at {at}, {rest}");
                }
            }
            // Nor is anything to be seen of it when the timeline stands still, elsewhere, or is kept.
            let mut layers = [undisturbed, resumed(&layer, 0.8), layer];
            for layer in &mut layers {
                layer.edit(0.8, |layer| layer.opacity = Opacity(0.5));
                layer.stand(0.8, &show, &[paused(0.8, 0.7)]);
            }
            for layer in &mut layers[1..] {
                layer.turn(0.9, 12.0);
            }
            for (now, position) in [(1.0, 0.7), (1.1, 0.3)] {
                layers.iter_mut().for_each(|layer| layer.stand(now, &show, &[paused(now, position)]));
                let [undisturbed, resumed, layer] = [0, 1, 2].map(|which: usize| layers[which].rotation(now));
                assert!((layer - undisturbed).abs() < 1e-9, "{undisturbed} then {layer} at {position}");
                assert_eq!(layer, resumed);
            }
        }
    }
}

#[test]
fn the_property_goes_to_what_is_authored_when_the_timeline_lets_go() {
    let show = json!([turned("show", 90.0, smooth())]);
    for now in [0.4, 3.0] {
        let mut layer = plain();
        layer.stand(0.0, &show, &[playing(0.0, 0.0, 1.0)]);
        is_continuous_over(&mut layer, now, |layer| layer.turn(now, -30.0));
        layer.stand(now, &show, &[None]);
        assert!((layer.rotation(now) - -30.0).abs() < 1e-9, "{}", layer.rotation(now));
        for mut layer in [eased("easeInOutSine"), sprung()] {
            layer.stand(0.0, &show, &[playing(0.0, 0.0, 1.0)]);
            is_continuous_over(&mut layer, now, |layer| layer.turn(now, -30.0));
            is_continuous_over(&mut layer, now + 0.1, |layer| layer.stand(now + 0.1, &show, &[None]));
            assert!((layer.rotation(99.0) - -30.0).abs() < 1e-6, "{}", layer.rotation(99.0));
        }
    }
}

/// Where it began there is what is authored now.
#[test]
fn a_timeline_that_goes_back_comes_to_what_is_authored_by_then() {
    let show = json!([turned("show", 90.0, smooth())]);
    for mut layer in with_and_without_transition() {
        layer.stand(0.0, &show, &[playing(0.0, 0.0, 1.0)]);
        is_continuous_over(&mut layer, 0.4, |layer| layer.turn(0.4, -100.0));
        let value = layer.rotation(0.8);
        layer.stand(0.8, &show, &[playing(0.8, 0.8, -1.0)]);
        assert!((layer.rotation(0.8) - value).abs() < 1e-6, "{value} then {}", layer.rotation(0.8));
        assert!((layer.rotation(1.6) - -100.0).abs() < 1e-6, "{}", layer.rotation(1.6));
        // It is edited on the way back, and turned once more.
        is_continuous_over(&mut layer, 1.2, |layer| layer.turn(1.2, 200.0));
        let value = layer.rotation(1.3);
        layer.stand(1.3, &show, &[playing(1.3, 0.3, 1.0)]);
        assert!((layer.rotation(1.3) - value).abs() < 1e-6, "{value} then {}", layer.rotation(1.3));
        assert!((layer.rotation(99.0) - 90.0).abs() < 1e-6);
        layer.stand(99.0, &show, &[playing(99.0, 1.0, -1.0)]);
        assert!((layer.rotation(101.0) - 200.0).abs() < 1e-6, "{}", layer.rotation(101.0));
    }
}

#[test]
fn another_timeline_takes_over_in_the_same_batch_or_later_from_what_is_shown() {
    let (show, hide) = (turned("show", 90.0, smooth()), turned("hide", -90.0, smooth()));
    let mut late = turned("late", 10.0, smooth());
    late["steps"].as_array_mut().expect("steps").insert(0, json!({ "type": "wait", "seconds": 0.2 }));
    for mut layer in with_and_without_transition() {
        layer.stand(0.0, &json!([show]), &[playing(0.0, 0.0, 1.0)]);
        is_continuous_over(&mut layer, 0.37, |layer| {
            layer.transform.rotation = 300.0;
            layer.stand(0.37, &json!([show, hide]), &[playing(0.0, 0.0, 1.0), playing(0.37, 0.0, 1.0)]);
        });
        is_continuous_over(&mut layer, 0.5, |layer| layer.turn(0.5, -40.0));
        // One that takes over a little later, where the others have come by then.
        let playheads = [playing(0.0, 0.0, 1.0), playing(0.37, 0.0, 1.0), playing(0.6, 0.0, 1.0)];
        layer.stand(0.6, &json!([show, hide, late]), &playheads);
        is_continuous_over(&mut layer, 0.7, |layer| layer.turn(0.7, 200.0));
        assert!((layer.rotation(0.8 - 1e-6) - layer.rotation(0.8 + 1e-6)).abs() < 1e-2, "{}", layer.rotation(0.8));
        // The one beneath it goes on.
        is_continuous_over(&mut layer, 0.9, |layer| {
            layer.transform.rotation = 0.0;
            let playheads = [playing(0.37, 0.0, 1.0), playing(0.6, 0.0, 1.0), playing(0.9, 0.9, 1.0)];
            layer.stand(0.9, &json!([hide, late, show]), &playheads);
        });
        assert!((layer.rotation(99.0) - 90.0).abs() < 1e-6, "{}", layer.rotation(99.0));
        assert!(layer.playing.is_quiet_between(99.0, f64::INFINITY));
    }
    // It is cancelled and another one is played, at once: the transition moves, and nothing else.
    for mut layer in [eased("easeInOutSine"), sprung()] {
        layer.stand(0.0, &json!([show, hide]), &[playing(0.0, 0.0, 1.0), None]);
        is_continuous_over(&mut layer, 0.5, |layer| {
            layer.transform.rotation = 300.0;
            layer.stand(0.5, &json!([show, hide]), &[None, playing(0.5, 0.0, 1.0)]);
        });
        let furthest = (50..500).map(|step| layer.rotation(f64::from(step) / 100.0)).fold(f64::MIN, f64::max);
        assert!(furthest < 120.0, "{furthest}");
        assert!((layer.rotation(99.0) - -90.0).abs() < 1e-6);
    }
}

/// Where all of the way is told by what is authored, it goes there without a jump.
#[test]
fn what_goes_so_much_further_than_what_is_authored_glides() {
    let by = json!({ "property": "transform.rotation", "by": 60, "duration": 1, "easing": "easeInOutSine" });
    let mut show = timeline(json!([{ "type": "animate", "layer": "a", "animation": by }]));
    for repeat in [1, 2] {
        show["repeat"] = json!(repeat);
        for (now, end) in [(0.4, 1.0_f64), (3.0, 3.5)] {
            let mut layer = plain();
            layer.stand(0.0, &json!([show]), &[playing(0.0, 0.0, 1.0)]);
            is_continuous_over(&mut layer, now, |layer| layer.turn(now, 100.0));
            assert!((layer.rotation(end.max(f64::from(repeat))) - 160.0).abs() < 1e-6, "{}", layer.rotation(end));
        }
    }
    // Later rounds begin with what is authored by then, and so does the way back of one that goes there and back.
    let mut show = turned("show", 90.0, smooth());
    (show["repeat"], show["pingPong"]) = (json!(4), json!(true));
    let mut layer = plain();
    layer.stand(0.0, &json!([show]), &[playing(0.0, 0.0, 1.0)]);
    for (now, to, at) in [(0.4, 50.0, 2.0), (1.5, -70.0, 2.0), (2.2, 20.0, 4.0), (3.9, 30.0, 9.0)] {
        is_continuous_over(&mut layer, now, |layer| layer.turn(now, to));
        assert!((layer.rotation(at) - to).abs() < 1e-6, "{} instead of {to} at {at}", layer.rotation(at));
    }
}

#[test]
fn what_does_not_hold_the_property_leaves_it_to_edits() {
    let wait = json!({ "type": "wait", "seconds": 1 });
    let show = json!([timeline(json!([wait, step(90.0, smooth())]))]);
    for playhead in [playing(0.0, 0.0, 1.0), paused(0.0, 0.5), paused(0.0, 1.0)] {
        let mut layer = plain();
        layer.stand(0.0, &show, &[playhead]);
        layer.turn(0.5, 30.0);
        assert!((layer.rotation(0.5) - 30.0).abs() < 1e-9, "{}", layer.rotation(0.5));
    }
}

/// A paused one is looked at: it shows at once what it is at that time by what it does now.
#[test]
fn a_paused_timeline_that_is_edited_shows_at_once_where_it_stands() {
    for mut layer in with_and_without_transition() {
        layer.stand(0.0, &json!([turned("show", 90.0, smooth())]), &[paused(0.0, 0.5)]);
        layer.stand(0.3, &json!([turned("show", -50.0, smooth())]), &[paused(0.3, 0.5)]);
        assert!((layer.rotation(0.3) - -25.0).abs() < 1e-9, "{}", layer.rotation(0.3));
    }
}

/// Keyframes, and a `from`, tell where it begins; where it stands midway it goes on from what is shown.
#[test]
fn what_says_where_it_begins_takes_over_midway_without_a_jump() {
    let frames = json!([{ "at": 0, "value": 70 }, { "at": 0.5, "value": -80 }, { "at": 1, "value": 20 }]);
    let with = |rest: Value| {
        let mut animation = json!({ "property": "transform.rotation" });
        for (key, value) in rest.as_object().expect("an object") {
            animation[key] = value.clone();
        }
        let mut show = timeline(json!([{ "type": "animate", "layer": "a", "animation": animation }]));
        show["id"] = json!("show");
        show
    };
    let shows = [
        with(json!({ "keyframes": frames, "easing": "easeInOutSine" })),
        with(json!({ "from": 50, "to": -20, "duration": 1, "easing": "easeInOutSine" })),
    ];
    let hide = turned("hide", -90.0, smooth());
    for show in shows {
        for mut layer in with_and_without_transition() {
            layer.stand(0.0, &json!([show]), &[playing(0.0, 0.0, 1.0)]);
            let end = layer.rotation(9.0);
            assert!((layer.rotation(0.0) - end).abs() > 40.0, "it begins where it is written to");
            is_continuous_over(&mut layer, 0.2, |layer| {
                layer.stand(0.2, &json!([show, hide]), &[playing(0.0, 0.0, 1.0), playing(0.2, 0.0, 1.0)]);
            });
            is_continuous_over(&mut layer, 0.6, |layer| {
                layer.stand(0.6, &json!([hide, show]), &[playing(0.2, 0.0, 1.0), playing(0.6, 0.6, 1.0)]);
            });
            assert!((layer.rotation(2.0) - end).abs() < 1e-6, "{} instead of {end}", layer.rotation(2.0));
        }
    }
}
