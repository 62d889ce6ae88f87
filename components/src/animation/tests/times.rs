//! When animations play.

use super::*;

#[test]
fn it_goes_from_one_value_to_the_other_and_stays() {
    let fade = track(json!({ "property": "opacity", "from": 0.2, "to": 0.8, "duration": 2, "delay": 1 }));
    for (elapsed, value) in [(-5.0, 0.2), (0.0, 0.2), (1.0, 0.2), (2.0, 0.5), (3.0, 0.8), (1e9, 0.8)] {
        assert_eq!(number(&fade, elapsed), value, "at {elapsed}");
    }
}

#[test]
fn without_a_beginning_it_goes_from_the_authored_value() {
    let animation = animation(json!({ "property": "transform.rotation", "to": 90, "duration": 1 }));
    let turned = Transform { rotation: 30.0, ..Transform::default() };
    let track = animation.compile(&group(), &turned, &Opacity::default()).expect("valid");
    assert_eq!((number(&track, 0.0), number(&track, 0.5), number(&track, 1.0)), (30.0, 60.0, 90.0));
}

#[test]
fn keyframes_are_met_at_their_times_each_with_its_easing() {
    let track = track(json!({ "property": "transform.rotation", "easing": "stepEnd", "duration": 4, "keyframes": [
        { "at": 0.5, "value": 10 },
        { "at": 1, "value": 20, "easing": "linear" },
        { "at": 2, "value": 40, "easing": "easeInQuad" },
        { "at": 3, "value": 80 },
    ] }));
    let values =
        [(0.0, 10.0), (0.5, 10.0), (0.9, 10.0), (1.0, 20.0), (1.5, 30.0), (2.0, 40.0), (2.5, 50.0), (3.0, 80.0)];
    for (elapsed, value) in values.into_iter().chain([(3.7, 80.0), (100.0, 80.0)]) {
        assert_eq!(number(&track, elapsed), value, "at {elapsed}");
    }
}

#[test]
fn repeats_meet_at_exact_moments() {
    let track = track(json!({ "property": "transform.rotation", "from": 0, "to": 100, "duration": 0.1, "repeat": 3 }));
    // 0.3 seconds are not three times 0.1 in floating point; here they are.
    for (elapsed, value) in [(0.1, 0.0), (0.2, 0.0), (0.25, 50.0), (0.3, 100.0), (0.4, 100.0)] {
        assert_eq!(number(&track, elapsed), value, "at {elapsed}");
    }
}

#[test]
fn ping_pong_comes_back_and_stays_where_it_ends() {
    let swing = |repeat: u32| {
        track(json!({ "property": "transform.rotation", "from": 0, "to": 100, "duration": 1,
            "repeat": repeat, "pingPong": true }))
    };
    let twice = swing(2);
    for (elapsed, value) in [(0.25, 25.0), (1.0, 100.0), (1.25, 75.0), (2.0, 0.0), (9.0, 0.0)] {
        assert_eq!(number(&twice, elapsed), value, "at {elapsed}");
    }
    assert_eq!(number(&swing(3), 9.0), 100.0);
    // Back at its beginning a step has not happened yet.
    let stepped = track(json!({ "property": "transform.rotation", "from": 0, "to": 100, "duration": 1, "repeat": 2,
        "pingPong": true, "easing": "steps(2, start)" }));
    let values = [0.0, 0.3, 0.6, 1.3, 1.6, 2.0].map(|elapsed| number(&stepped, elapsed));
    assert_eq!(values, [50.0, 50.0, 100.0, 100.0, 50.0, 0.0]);
}

#[test]
fn speed_shortens_the_animation_and_not_the_delay() {
    let fast = track(json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1, "delay": 1, "speed": 2 }));
    assert_eq!([1.0, 1.25, 1.5].map(|elapsed| number(&fast, elapsed)), [0.0, 0.5, 1.0]);
    assert_eq!((fast.begin(), fast.end()), (1.0, 1.5));
}

#[test]
fn it_keeps_time_for_months() {
    let track =
        track(json!({ "property": "transform.rotation", "from": 0, "to": 360, "duration": 1, "repeat": "forever" }));
    let quarter_year = 90.0 * 86_400.0;
    for elapsed in [0.0, 0.25, 0.5] {
        assert!((number(&track, quarter_year + elapsed) - number(&track, elapsed)).abs() < 1e-5);
    }
    assert_eq!(track.end(), f64::INFINITY);
}
