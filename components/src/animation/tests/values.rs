//! The values between the first and the last.

use super::*;
use crate::color::Color;

#[test]
fn a_layer_goes_from_plane_to_plane_in_whole_steps() {
    let at = |animations: serde_json::Value, seconds: [f64; 5]| {
        let animations: Animations = serde_json::from_value(animations).expect("animations");
        let mut starts = AnimationStarts::default();
        starts.update(&animations, 0.0);
        let group = group();
        let parts = Parts { z_index: 2, ..Parts::from(&group) };
        assert!(animations.0.iter().all(|animation| check(animation, parts).is_empty()));
        let playing = Playing::new(&starts, &Cues::default(), parts, &Transform::default(), &Opacity::default());
        seconds.map(|now| pose(&playing, now).z_index)
    };
    let quarters = [0.0, 0.25, 0.5, 0.75, 1.0];
    let up = json!({ "property": "zIndex", "to": 6, "duration": 1 });
    assert_eq!(at(json!([up]), quarters), [2, 3, 4, 5, 6].map(Some));
    let nearest = json!({ "property": "zIndex", "from": 0, "to": -2, "duration": 1 });
    assert_eq!(at(json!([nearest]), quarters), [0, -1, -1, -2, -2].map(Some), "the nearest one");
    let on_top = json!({ "property": "zIndex", "to": 4, "duration": 1, "queue": "add" });
    assert_eq!(at(json!([on_top, on_top]), quarters), [2, 4, 6, 8, 10].map(Some), "on top of what is authored");
    assert_eq!(at(json!([]), quarters), [None; 5], "as it is authored");
    let far = check(&animation(json!({ "property": "zIndex", "to": 1e7, "duration": 1 })), &group());
    assert_eq!(far[0].to_string(), "/to: found the number 10000000, expected a number from -1000000 to 1000000");
}

#[test]
fn pixels_turn_into_percentages() {
    let track = track(json!({ "property": "transform.position", "from": { "x": 100, "y": "10%" },
        "to": { "x": "50%", "y": 300 }, "duration": 1 }));
    let half = track.sample(0.5);
    assert_eq!([half.x(), half.x_percent(), half.y(), half.y_percent()], [50.0, 25.0, 150.0, 5.0]);
}

#[test]
fn colours_fade_without_turning_dark() {
    let color = content(json!({ "type": "color", "color": "#000000" }));
    let at_half = |space: &str, from: &str, to: &str| {
        let track = track_on(
            &color,
            json!({ "property": "content.color", "from": from, "to": to, "duration": 1, "colorSpace": space }),
        );
        let ends = [0.0, 1.0].map(|at| track.sample(at).to_color());
        assert_eq!(
            ends,
            [from, to].map(|end| if end == "#00000000" { Color::TRANSPARENT } else { end.parse().unwrap() })
        );
        track.sample(0.5).to_color().to_string()
    };
    assert_eq!(at_half("srgb", "#ff0000", "#00000000"), "#ff000080");
    assert_eq!(at_half("srgb", "#ff0000", "#0000ff"), "#800080");
    assert_eq!(at_half("srgb", "#ff000080", "#0000ff"), "#5500aac0");
    // What browsers make of `color-mix(in oklab, …)`.
    assert_eq!(at_half("oklab", "#ff0000", "#0000ff"), "#8c53a2");
    assert_eq!(at_half("oklab", "#ff0000", "#00000000"), "#ff000080");
    assert_eq!(at_half("oklab", "#ffffff", "#000000"), "#636363");
}

#[test]
fn what_is_relative_goes_on_from_where_it_begins() {
    let turned = Transform { rotation: 30.0, ..Transform::default() };
    let by = animation(json!({ "property": "transform.rotation", "by": -90, "duration": 1, "repeat": 2 }));
    let track = by.compile(&group(), &turned, &Opacity::default()).expect("valid");
    assert_eq!([0.0, 0.5, 1.0, 1.5, 2.0].map(|at| number(&track, at)), [30.0, -15.0, 30.0, -15.0, -60.0]);
    let from = track_on(
        &group(),
        json!({ "property": "transform.position", "from": { "x": 10, "y": "5%" }, "by": { "x": "20%", "y": 4 }, "duration": 1 }),
    );
    let end = from.sample(1.0);
    assert_eq!([end.x(), end.x_percent(), end.y(), end.y_percent()], [10.0, 20.0, 4.0, 5.0]);
    // However far, it stays within the property.
    assert_eq!(number(&self::track(json!({ "property": "opacity", "from": 0.5, "by": 0.9, "duration": 1 })), 1.0), 1.0);
}

#[test]
fn a_layer_follows_a_path_at_one_speed_and_turns_with_it() {
    let json =
        json!({ "property": "transform.position", "path": "M 100 0 H 200 V 300", "orient": "auto", "duration": 4 });
    let follow = animation(json);
    assert_eq!(check(&follow, &group()), []);
    let turned = Transform { rotation: 5.0, ..Transform::default() };
    let animations = Animations(vec![follow]);
    let mut starts = AnimationStarts::default();
    starts.update(&animations, 10.0);
    let playing = Playing::new(&starts, &Cues::default(), &group(), &turned, &Opacity::default());
    let seen = |now: f64| {
        let Pose { position, rotation, .. } = Pose::new(&turned, &Opacity::default(), &playing, now);
        (position.x, position.y, rotation.to_degrees().round())
    };
    let expected = [(100.0, 0.0, 5.0), (150.0, 0.0, 5.0), (200.0, 100.0, 95.0), (200.0, 300.0, 95.0)];
    assert_eq!([9.0, 10.5, 12.0, 20.0].map(seen), expected);
    // A spring goes beyond its end, and comes back.
    let sprung = track(json!({ "property": "transform.position", "path": "M 0 0 H 100", "spring": { "bounce": 0.6 } }));
    let farthest = (0..200).map(|at| number(&sprung, f64::from(at) / 100.0)).fold(0.0, f64::max);
    assert!(farthest > 110.0 && number(&sprung, 100.0) == 100.0, "{farthest}");
}

#[test]
fn an_angle_turns_the_shorter_way_where_it_is_asked_to() {
    let values = |keyframes: [f64; 4]| {
        let frames: Vec<_> = keyframes.iter().zip(0..).map(|(value, at)| json!({ "at": at, "value": value })).collect();
        let turn = track(json!({ "property": "transform.rotation", "rotate": "shortest", "keyframes": frames }));
        [0.0, 1.0, 2.0, 3.0].map(|at| number(&turn, at))
    };
    assert_eq!(values([350.0, 10.0, -20.0, 170.0]), [350.0, 370.0, 340.0, 170.0]);
    assert_eq!(values([0.0, 180.0, 0.0, -720.0]), [0.0, 180.0, 360.0, 360.0]);
}

#[test]
fn what_overshoots_stays_within_the_property() {
    let rect = content(json!({ "type": "shape", "geometry": { "type": "rect", "width": 10, "height": 10 } }));
    let opacity = track(json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1, "easing": "easeInOutBack" }));
    let width = track_on(
        &rect,
        json!({ "property": "content.geometry.width", "to": 0, "duration": 1, "easing": "easeOutBack" }),
    );
    let rotation = track(json!({ "property": "transform.rotation", "to": 90, "duration": 1, "easing": "easeOutBack" }));
    assert_eq!((number(&opacity, 0.2), number(&opacity, 0.8)), (0.0, 1.0));
    assert_eq!(number(&width, 0.6), 0.0);
    assert!(number(&rotation, 0.6) > 95.0);
}

#[test]
fn a_spring_decides_how_long_it_takes_and_ends_where_it_is_to() {
    let json = json!({ "property": "transform.rotation", "from": 0, "to": 90, "delay": 1,
        "spring": { "stiffness": 200, "damping": 12 } });
    let spring = animation(json.clone()).spring.expect("it has one");
    let turn = track(json);
    assert_eq!(turn.begin(), 1.0);
    assert!((turn.end() - 1.0 - spring.duration()).abs() < 1e-8);
    assert_eq!((number(&turn, 1.0), number(&turn, turn.end()), number(&turn, 1e6)), (0.0, 90.0, 90.0));
    let highest = (0..200).map(|at| number(&turn, 1.0 + f64::from(at) / 100.0)).fold(0.0, f64::max);
    assert!((110.0..180.0).contains(&highest), "it swings over, to {highest}");
    assert!((number(&turn, turn.end() - 1e-6) - 90.0).abs() < 0.01, "it rests without a jump");
    // What a property cannot be it is not, however the spring swings.
    let fade = track(json!({ "property": "opacity", "from": 0, "to": 1, "spring": { "bounce": 0.8 } }));
    assert!((0..300).all(|at| (0.0..=1.0).contains(&number(&fade, f64::from(at) / 100.0))));
}

#[test]
fn the_half_of_a_pair_that_is_not_told_stays_what_it_is() {
    let place = |animations: serde_json::Value, now| {
        let shown = pose(&playing(animations), now);
        (shown.position.x, shown.position.y, shown.position_percent.x)
    };
    let below = json!({ "property": "transform.position", "from": { "x": 10, "y": 20 }, "to": { "x": 30, "y": 40 }, "duration": 2 });
    let half = |value| json!({ "property": "transform.position", "to": value, "duration": 2 });
    assert_eq!(place(json!([below, half(json!({ "x": 100 }))]), 1.0), (50.0, 30.0, 0.0));
    assert_eq!(place(json!([below, half(json!({ "y": 100 }))]), 2.0), (30.0, 100.0, 0.0));
    let frames = json!({ "property": "transform.position", "keyframes": [
        { "at": 0, "value": { "x": "0%" } }, { "at": 2, "value": { "x": "50%" } }] });
    assert_eq!(place(json!([below, frames]), 1.0), (0.0, 30.0, 25.0));
    let grows = json!([{ "property": "transform.scale", "queue": "multiply", "to": { "y": 3 }, "duration": 1 }]);
    let scale = pose(&playing(grows), 1.0).scale;
    assert_eq!((scale.x, scale.y), (1.0, 3.0));
    // It is written as it was.
    let written = half(json!({ "x": 100.5 }));
    let read: Animation = serde_json::from_value(written.clone()).expect("an animation");
    assert_eq!(serde_json::to_value(&read).expect("json")["to"], written["to"]);
}
