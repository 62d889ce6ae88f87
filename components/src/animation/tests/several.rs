//! Several animations of one layer.

use super::*;

#[test]
fn of_several_animations_the_last_that_has_begun_decides() {
    let playing = playing(json!([
        { "property": "opacity", "from": 0.1, "to": 0.2, "delay": 1, "duration": 1 },
        { "property": "opacity", "from": 0.3, "to": 0.4, "delay": 5, "duration": 1 },
        { "property": "opacity", "from": 0.5, "to": 0.6, "delay": 3, "duration": 1 },
        { "property": "transform.position.x", "from": 7, "to": 8, "delay": 3, "duration": 1 },
        { "property": "transform.position", "from": { "x": 1, "y": 2 }, "to": { "x": 3, "y": 4 }, "delay": 1, "duration": 1 },
    ]));
    let at = |now| pose(&playing, now);
    let opacities = [0.0, 1.0, 2.5, 3.0, 4.5, 9.0].map(|now| at(now).opacity);
    assert_eq!(opacities, [0.1, 0.1, 0.2, 0.5, 0.6, 0.6]);
    let positions = [0.0, 1.0, 9.0].map(|now| (at(now).position.x, at(now).position.y));
    assert_eq!(positions, [(7.0, 2.0), (1.0, 2.0), (3.0, 4.0)]);
}

#[test]
fn a_pose_has_radians_and_says_when_it_is_reshaped() {
    let playing = playing(json!([{ "property": "transform.rotation", "to": 180, "delay": 1, "duration": 1 }]));
    assert_eq!(pose(&playing, 2.0).rotation, std::f64::consts::PI);
    let reshaping = [0.0, 0.9, 1.0, 1.9, 2.0, 3.0].map(|now| pose(&playing, now).reshaping);
    assert_eq!(reshaping, [false, false, true, true, false, false]);
}

#[test]
fn animations_that_stay_keep_their_start() {
    let list = |properties: &[&str]| {
        let animations = properties.iter().map(|p| animation(json!({ "property": p, "to": 0, "duration": 1 })));
        Animations(animations.collect())
    };
    let mut starts = AnimationStarts::default();
    starts.update(&list(&["a", "b"]), 1.0);
    starts.update(&list(&["b", "c", "a"]), 2.0);
    assert_eq!(starts.starts(), [1.0, 2.0, 1.0].map(Start::At));
    // Equal ones keep a start each, no more than there were.
    starts.update(&list(&["a", "a", "c"]), 3.0);
    assert_eq!(starts.starts(), [1.0, 3.0, 2.0].map(Start::At));
    starts.update(&list(&["a", "a"]), 4.0);
    assert_eq!(starts.starts(), [1.0, 3.0].map(Start::At));
    starts.update(&list(&[]), 5.0);
    starts.update(&list(&["a"]), 6.0);
    assert_eq!(starts.starts(), [6.0].map(Start::At));
}

#[test]
fn one_that_is_appended_waits_for_those_before_it_and_goes_on_from_there() {
    let playing = playing(json!([
        { "property": "opacity", "from": 0.2, "to": 0.4, "delay": 1, "duration": 1, "repeat": 2 },
        { "property": "opacity", "to": 0.8, "duration": 2, "queue": "append" },
        { "property": "opacity", "from": 1, "to": 0, "duration": 1, "delay": 0.5, "queue": "append" },
    ]));
    let opacities = [0.0, 2.5, 3.0, 4.0, 5.0, 5.25, 5.5, 6.0, 9.0].map(|now| pose(&playing, now).opacity);
    let expected = [0.2, 0.3, 0.4, 0.6, 0.8, 0.8, 1.0, 0.5, 0.0];
    for (found, expected) in opacities.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{opacities:?}");
    }
}

#[test]
fn a_queue_moves_up_until_it_has_begun() {
    let fade = |duration: f64| animation(json!({ "property": "opacity", "to": 0, "duration": duration }));
    let append = |to: f64| animation(json!({ "property": "opacity", "to": to, "duration": 1, "queue": "append" }));
    let other = animation(json!({ "property": "transform.rotation", "to": 1, "duration": 9 }));
    let mut starts = AnimationStarts::default();
    starts.update(&Animations(vec![fade(4.0), other.clone(), append(0.1)]), 1.0);
    assert_eq!(starts.starts(), [1.0, 1.0, 5.0].map(Start::At), "what animates something else is not waited for");
    starts.update(&Animations(vec![fade(2.0), append(0.1), append(0.2)]), 2.0);
    assert_eq!(starts.starts(), [2.0, 4.0, 5.0].map(Start::At));
    starts.update(&Animations(vec![append(0.1), append(0.2)]), 4.5);
    assert_eq!(starts.starts(), [4.0, 5.0].map(Start::At), "the first has begun");
    starts.update(&Animations(vec![append(0.2)]), 4.6);
    assert_eq!(starts.starts(), [4.6].map(Start::At), "nothing is before it any more");
    starts.update(&Animations(vec![append(0.2), other, append(0.1)]), 9.0);
    assert_eq!(starts.starts(), [4.6, 9.0, 9.0].map(Start::At));
}

#[test]
fn what_goes_on_top_adds_multiplies_or_blends_wherever_it_stands() {
    let layer = json!([
        { "property": "transform.position.x", "from": 10, "to": 10, "duration": 1, "queue": "add" },
        { "property": "transform.position.x", "from": "50%", "to": 100, "duration": 1 },
        { "property": "transform.position", "from": { "x": 5, "y": 7 }, "to": { "x": 5, "y": 9 }, "duration": 1, "queue": "add" },
        { "property": "transform.scale", "from": 3, "to": 3, "duration": 1, "queue": "multiply" },
        { "property": "transform.scale.y", "to": 0.5, "duration": 1, "queue": "multiply" },
        { "property": "opacity", "from": 0, "to": 0, "duration": 1, "queue": "blend", "weight": 0.25 },
        { "property": "transform.rotation", "from": 90, "to": 90, "duration": 1, "queue": "blend" },
    ]);
    let playing = playing(layer);
    let Pose { position, position_percent, scale, opacity, rotation, .. } = pose(&playing, 0.5);
    assert_eq!((position.x, position_percent.x, position.y), (65.0, 25.0, 8.0));
    assert_eq!((scale.x, scale.y), (3.0, 2.25), "a factor is 1 where it begins");
    assert_eq!((opacity, rotation.to_degrees()), (0.75, 45.0));
    // What turns a layer along its path does so by as much as it is moved there.
    let along = |weight: f64| {
        self::playing(
            json!([{ "property": "transform.position", "path": "M 0 0 V 100", "orient": "auto", "duration": 1,
            "queue": "blend", "weight": weight }]),
        )
    };
    let turned = |weight: f64| pose(&along(weight), 0.5).rotation.to_degrees();
    assert_eq!([0.0, 0.5, 1.0].map(turned), [0.0, 45.0, 90.0]);
    // Values stay within what the property can be.
    let much = self::playing(json!([{ "property": "opacity", "to": 5, "duration": 1, "queue": "multiply" }]));
    assert_eq!(pose(&much, 1.0).opacity, 1.0);
}

#[test]
fn numbers_and_colours_of_contents_are_mixed_too() {
    let mixed = |animations: serde_json::Value, at: f64| {
        let mut content =
            content(json!({ "type": "shape", "geometry": { "type": "ellipse", "width": 40, "height": 40 },
            "fill": "#ff0000" }));
        let mut starts = AnimationStarts::default();
        starts.update(&serde_json::from_value(animations).expect("animations"), 0.0);
        let playing = Playing::new(&starts, &Cues::default(), &content, &Transform::default(), &Opacity::default());
        playing.apply_to(Part::Content, &mut content, at);
        // Once more, as on the next tick: what was written is not what is mixed with.
        assert!(!playing.apply_to(Part::Content, &mut content, at));
        let json = serde_json::to_value(content).expect("json");
        (json["geometry"]["width"].as_f64().expect("a number"), json["fill"].as_str().expect("a colour").to_owned())
    };
    let half = json!({ "property": "content.geometry.width", "from": 1, "to": 0, "duration": 1, "values": "factor" });
    assert_eq!(mixed(json!([half]), 0.25).0, 30.0);
    let width =
        |queue: &str, to: f64| json!({ "property": "content.geometry.width", "to": to, "duration": 1, "queue": queue });
    let fill =
        json!({ "property": "content.fill", "from": "#0000ff", "to": "#0000ff", "duration": 1, "queue": "blend" });
    assert_eq!(mixed(json!([width("add", 20.0), fill.clone()]), 0.5), (50.0, "#8c53a2".to_owned()));
    let replaced = json!({ "property": "content.geometry.width", "from": 10, "to": 10, "duration": 1 });
    assert_eq!(mixed(json!([width("multiply", 3.0), fill, replaced]), 1.0).0, 30.0);
}

#[test]
fn offsets_and_factors_count_from_the_authored_value() {
    let turned = Transform { rotation: 30.0, ..Transform::default() };
    let values = |value: serde_json::Value| {
        let animation = animation(value);
        assert_eq!(check(&animation, &group()), []);
        let track = animation.compile(&group(), &turned, &Opacity(0.5)).expect("valid");
        [0.0, 0.5, 1.0].map(|at| number(&track, at))
    };
    let turn = |more: serde_json::Value| {
        let mut turn = json!({ "property": "transform.rotation", "duration": 1 });
        turn.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        values(turn)
    };
    assert_eq!(turn(json!({ "from": -90, "to": 0, "values": "offset" })), [-60.0, -15.0, 30.0]);
    assert_eq!(turn(json!({ "to": 90, "values": "offset" })), [30.0, 75.0, 120.0]);
    assert_eq!(turn(json!({ "from": 0, "to": 1, "values": "factor" })), [0.0, 15.0, 30.0]);
    let keys = json!([{ "at": 0, "value": 1 }, { "at": 0.5, "value": 3 }, { "at": 1, "value": 1 }]);
    assert_eq!(values(json!({ "property": "opacity", "keyframes": keys, "values": "factor" })), [0.5, 1.0, 0.5]);
}

#[test]
fn a_factor_of_a_length_keeps_its_unit() {
    let turned: Transform =
        serde_json::from_value(json!({ "position": { "x": "40%", "y": 60 } })).expect("a transform");
    let pose = |animations: serde_json::Value| {
        let animations: Animations = serde_json::from_value(animations).expect("animations");
        assert!(animations.0.iter().all(|animation| check(animation, &group()).is_empty()));
        let mut starts = AnimationStarts::default();
        starts.update(&animations, 0.0);
        let playing = Playing::new(&starts, &Cues::default(), &group(), &turned, &Opacity::default());
        let Pose { position, position_percent, .. } = Pose::new(&turned, &Opacity::default(), &playing, 0.5);
        [position.x, position_percent.x, position.y, position_percent.y]
    };
    let of = |property: &str, more: serde_json::Value| {
        let mut animation = json!({ "property": property, "duration": 1 });
        animation.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        animation
    };
    let doubled = json!({ "to": 3, "queue": "multiply" });
    assert_eq!(pose(json!([of("transform.position.x", doubled.clone())])), [0.0, 80.0, 60.0, 0.0]);
    assert_eq!(pose(json!([of("transform.position", doubled.clone())])), [0.0, 80.0, 120.0, 0.0]);
    let both = json!({ "from": 0, "to": { "x": 1, "y": 4 }, "values": "factor" });
    assert_eq!(pose(json!([of("transform.position", both)])), [0.0, 20.0, 120.0, 0.0]);
    let half_of_it = json!({ "to": { "y": 2 }, "queue": "multiply" });
    assert_eq!(pose(json!([of("transform.position", half_of_it)])), [0.0, 40.0, 90.0, 0.0]);
    // What is under it may be a sum of both units.
    let moved = of("transform.position.x", json!({ "from": "40%", "to": 100 }));
    assert_eq!(pose(json!([moved, of("transform.position.x", doubled)])), [100.0, 40.0, 60.0, 0.0]);
}

#[test]
fn what_is_over_and_not_seen_any_more_is_told() {
    /// The places of those that are replaced after a minute, where they start a second after their scene.
    fn replaced(animations: serde_json::Value, control: Option<(usize, AnimationControl)>) -> Vec<usize> {
        let animations: Animations = serde_json::from_value(animations).expect("animations");
        let mut starts = AnimationStarts::default();
        starts.update(&animations, 1.0);
        if let Some((index, control)) = control {
            starts.control(index, control, 1.5);
        }
        assert_eq!(starts.replaced(&animations, 1.0, 60.0), [0; 0], "what began with its scene stays");
        starts.replaced(&animations, 0.0, 60.0)
    }
    let of = |property: &str, more: serde_json::Value| {
        let to = if property.ends_with("position") { json!({ "x": 1, "y": 1 }) } else { json!(1) };
        let mut animation = json!({ "property": property, "to": to, "duration": 1 });
        animation.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        animation
    };
    let fade = || of("opacity", json!({}));
    assert_eq!(replaced(json!([fade(), fade(), fade()]), None), [1, 0]);
    assert_eq!(replaced(json!([fade(), of("opacity", json!({ "queue": "add" })), fade()]), None), [0]);
    assert_eq!(replaced(json!([fade(), of("opacity", json!({ "repeat": "forever" }))]), None), [0; 0]);
    assert_eq!(replaced(json!([fade(), of("opacity", json!({ "delay": 90 }))]), None), [0; 0]);
    assert_eq!(replaced(json!([fade(), fade()]), Some((0, AnimationControl::Pause))), [0; 0]);
    assert_eq!(replaced(json!([fade(), fade()]), Some((1, AnimationControl::Cancel))), [0; 0]);
    let on = json!({ "property": "opacity", "by": 0.1, "duration": 1, "queue": "append" });
    assert_eq!(replaced(json!([fade(), on]), None), [0; 0], "it goes on from there");
    let (whole, x) = (of("transform.position", json!({})), of("transform.position.x", json!({})));
    assert_eq!(replaced(json!([x, whole]), None), [0]);
    assert_eq!(replaced(json!([whole, x]), None), [0; 0]);
    assert_eq!(replaced(json!([x, of("transform.position", json!({ "to": { "x": 5 } }))]), None), [0]);
    let way = json!({ "property": "transform.position", "path": "M 0 0 H 9", "orient": "auto", "duration": 1 });
    assert_eq!(replaced(json!([way, whole]), None), [0; 0], "the layer stays turned");
}
